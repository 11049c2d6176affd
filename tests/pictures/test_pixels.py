"""Pictures that are not what models take: told at every door of the package, with a line that mends them."""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
import re
import time

import numpy
import numpy as np
import pytest
import torch
from torch import Tensor

import ae_core
from ae_core import baselines
from ae_core.baselines import PCA, Wiener
from ae_core.corruption import repeatable
from ae_core.datasets.base import Images, Split
from ae_core.export.dense import dense_encoder
from ae_core.measures import likelihood, metrics, representation, residuals, table
from ae_core.measures.report import full_report
from ae_core.models import MODELS, VAE, StructuredVAE, build
from ae_core.pictures.pixels import TOLERANCE, PixelError, checked_pictures
from ae_core.space import layers, sampling
from ae_core.training import loop
from ae_core.training.loop import Diverged, Plan, new_optimiser, train

SHAPE = (1, 8, 8)
GOOD = torch.rand(12, *SHAPE, generator=torch.Generator().manual_seed(0))
COLOUR = torch.rand(12, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def with_nan() -> Tensor:
    bad = GOOD.clone()
    bad[3, 0, 2, 5] = math.nan
    return bad


BYTES = (GOOD * 255).round().to(torch.uint8)
BAD = {  # what is given, what the sentence says of it, and how it may be mended
    "0..255": (lambda: GOOD * 255, r"float32 \(12, 1, 8, 8\) from 0\.\d+ to 25\d\.\d+", "divide by 255"),
    "-1..1": (lambda: GOOD * 2 - 1, r"from -0\.9\d+ to 0\.9\d+", r"\(images \+ 1\) / 2"),
    "0..16": ((GOOD * 16).round, "from 0 to 16", "divide by 16"),
    "standardised": (lambda: (GOOD - 0.5) / 0.29, r"from -1\.\d+ to 1\.\d+", r"bring them to \[0, 1\]"),
    "sharpened": (lambda: GOOD * 1.2 - 0.1, r"from -0\.\d+ to 1\.09\d+", r"images\.clamp\(0, 1\)"),
    "one NaN": (with_nan, r"one value that is not finite, nan at \[3, 0, 2, 5\]", "leave such pictures out"),
    "infinite": (lambda: GOOD.clone().index_fill_(0, torch.tensor([1]), math.inf), r"64 values that are not finite, the first inf at \[1, 0, 0, 0\]", "leave such"),
    "uint8": (lambda: BYTES, r"uint8 \(12, 1, 8, 8\) from 0 to 25\d", r"images\.float\(\) / 255"),
    "uint8 mask": (lambda: (GOOD > 0.5).to(torch.uint8), "uint8 .* from 0 to 1", r"make them float32: images\.float\(\)"),
    "bool": (lambda: GOOD > 0.5, "bool", r"images\.float\(\)"),
    "float64": (GOOD.double, "float64", r"images\.float\(\)"),
    "float16": (GOOD.half, "float16", r"images\.float\(\)"),
    "bfloat16": (GOOD.bfloat16, "bfloat16", r"images\.float\(\)"),
    "channels last": (lambda: GOOD.permute(0, 2, 3, 1), r"\(12, 8, 8, 1\)", r"images\.permute\(0, 3, 1, 2\)"),
    "no channel axis": (lambda: GOOD[:, 0], r"\(12, 8, 8\)", r"axis for the channel: images\[:, None\]"),
    "one picture": (lambda: GOOD[0], r"\(1, 8, 8\)", r"axis for the pictures: images\[None\]"),
    "a matrix": (lambda: GOOD[0, 0], r"\(8, 8\)", r"images\[None, None\]"),
    "rows": (lambda: GOOD.flatten(1), r"\(12, 64\)", r"images\.reshape\(-1, 1, 8, 8\)"),
    "colour": (lambda: COLOUR, r"\(12, 3, 8, 8\)", r"images\.mean\(1, keepdim=True\)"),
    "another size": (lambda: torch.rand(4, 1, 28, 28), r"\(4, 1, 28, 28\)", r"interpolate\(images, \(8, 8\)\)"),
    "a gradient": (lambda: GOOD.clone().requires_grad_(), "with a gradient of its own", r"images\.detach\(\)"),
    "sparse": (GOOD.to_sparse, "sparse_coo", r"images\.to_dense\(\)"),
    "NumPy": (GOOD.numpy, r"a NumPy array of float32 \(12, 1, 8, 8\)", r"torch\.from_numpy\(images\)"),
    "NumPy as from a file": (
        lambda: BYTES.permute(0, 2, 3, 1).numpy(),
        r"a NumPy array of uint8 \(12, 8, 8, 1\) from 0 to 25\d",
        r"torch\.from_numpy\(images\)\.permute\(0, 3, 1, 2\)\.float\(\) / 255",
    ),
    "NumPy, 16 bits": (lambda: (GOOD * 60_000).numpy().astype(np.uint16), "uint16", "divide by 65535"),
    "NumPy, turned": (lambda: GOOD.numpy()[::-1], "NumPy", "make a tensor"),
    "NumPy, other bytes": (lambda: GOOD.numpy().astype(">f4"), ">f4", "make a tensor"),
    "RGBA of another size": (lambda: np.uint8(255) * (np.random.default_rng(0).random((5, 20, 16, 4)) > 0.5), "uint8", "resize them"),
    "a list of tensors": (lambda: list(GOOD), r"a list of float32 \(12, 1, 8, 8\)", r"torch\.stack\(images\)"),
    "lists": (GOOD.tolist, "a list of float64", r"numpy\.array\(images\)"),
}  # fmt: skip
LOST = {
    "empty": (lambda: GOOD[:0], r"\(0, 1, 8, 8\), which holds no pictures", "give at least one picture"),
    "nothing": (lambda: None, r"nothing \(None\)", "make tensors"),
    "a part of a data set": (
        lambda: Images(GOOD, torch.zeros(len(GOOD), dtype=torch.long)),
        "an object of the type Images",
        "give its .images",
    ),
    "a path": (lambda: "digits.npy", "an object of the type str", "make tensors"),
    "objects": (lambda: np.array([None, 1]), "an object of the type ndarray", "make tensors"),
    "of many sizes": (lambda: [GOOD[0], COLOUR[0]], "an object of the type list", "make tensors"),
    "a number": (lambda: torch.tensor(3.0), r"float32 \(\)", "bring them into this form"),
    "five axes": (lambda: GOOD[None], r"\(1, 12, 1, 8, 8\)", "bring them into this form"),
    "complex": (lambda: GOOD + 0j, "complex64", "bring them into this form"),
    "elsewhere": (lambda: GOOD.to("meta"), "on the device meta, which holds no values", "bring them"),
    "all NaN": (lambda: GOOD * math.nan, "768 values that are not finite", "bring them into this form"),
}
everything = pytest.mark.parametrize("case", [*BAD, *LOST])


def model(name: str = "vanilla", shape: tuple[int, int, int] = SHAPE):
    torch.manual_seed(0)
    return build(name, shape, {"latent": 16 if name == "convolutional" else 4})


@everything
def test_the_sentence_says_what_was_given_the_rule_and_the_remedy(case):
    make, given, remedy = {**BAD, **LOST}[case]
    with pytest.raises(PixelError) as told:
        checked_pictures(make(), model())
    said = str(told.value)
    rule = re.escape("must be a float32 tensor (n, 1, 8, 8) of values from 0 to 1; ")
    assert re.fullmatch(rf"images: [^\n]*{given}[^\n]*: {rule}[^\n]*{remedy}[^\n]*\.", said), said


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("name", ["images", "x"])
def test_the_line_that_is_given_mends_it(case, name):
    given = BAD[case][0]()
    with pytest.raises(PixelError) as told:
        checked_pictures(given, model(), name=name)
    line = str(told.value).rpartition("; ")[2].partition(": ")[2].removesuffix(".")
    mended = eval(line, {"torch": torch, "numpy": numpy, name: given})
    assert checked_pictures(mended, model()) is mended


def test_without_a_model_any_shape_and_both_floats_are_taken():
    for taken in (GOOD, GOOD.double(), COLOUR, torch.rand(2, 3, 40, 64), GOOD.permute(0, 1, 3, 2)):
        assert checked_pictures(taken) is taken
    for case in ("0..255", "one NaN", "uint8", "channels last", "no channel axis", "NumPy", "a gradient"):
        with pytest.raises(
            PixelError, match=r"must be a float32 tensor \(n, channels, height, width\) of values from 0 to 1"
        ):
            checked_pictures(BAD[case][0]())


def test_the_floats_are_those_of_the_weights():
    assert checked_pictures(GOOD.double(), model().double()).dtype == torch.float64
    with pytest.raises(PixelError, match=r"must be a float64 tensor .* images\.double\(\)\."):
        checked_pictures(GOOD, model().double())


def test_pictures_on_another_device_are_told_where_they_must_be():
    with pytest.raises(PixelError, match=r'from 0 to 1 on meta; move them: images\.to\("meta"\)\.'):
        checked_pictures(GOOD, model(), device="meta")


def test_rounding_is_cut_and_nothing_else():
    near = GOOD.clone()
    near[0, 0, 0, :4] = torch.tensor([1.0000001, -1e-7, 1 + TOLERANCE / 2, -0.0])
    before = near.clone()
    taken = checked_pictures(near)
    assert torch.equal(near, before) and torch.equal(taken, before.clamp(0, 1)) and taken is not near
    zero = torch.zeros(1, *SHAPE)
    assert checked_pictures(-zero) is not None and checked_pictures(zero) is zero
    assert metrics.entropy_floor(near) == pytest.approx(metrics.entropy_floor(taken))
    for value in (1 + 2 * TOLERANCE, -2 * TOLERANCE):
        near[0, 0, 0, 0] = value
        with pytest.raises(PixelError):
            checked_pictures(near)


@pytest.mark.parametrize(
    "value",
    [0.0, -0.0, 1.0, 1e-45, 0.5, math.nextafter(1, 2), -1e-45, 1.001, -1.0, 3e38, math.inf, -math.inf, math.nan],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_value_among_all_decides_as_plain_comparison_does(value, dtype):
    x = GOOD.to(dtype).clone()
    x[-1, -1, -1, -1] = value
    plain = -TOLERANCE <= x[-1, -1, -1, -1].item() <= 1 + TOLERANCE
    try:
        assert checked_pictures(x).isfinite().all() and plain
    except PixelError:
        assert not plain


def test_resizing_as_people_do_it_is_taken_or_told():
    white = torch.ones(3, 1, 19, 23)
    for mode in ("bilinear", "area", "nearest"):
        made = torch.nn.functional.interpolate(white, (8, 8), mode=mode)
        assert checked_pictures(made).max() <= 1
    sharp = torch.nn.functional.interpolate((torch.rand(9, 1, 9, 9) > 0.5).float(), (28, 28), mode="bicubic")
    with pytest.raises(PixelError, match=r"images\.clamp\(0, 1\)"):
        checked_pictures(sharp)


def test_sixty_thousand_pictures_take_one_pass_over_their_values():
    few, many = torch.rand(600, 1, 28, 28), torch.rand(60_000, 1, 28, 28)

    def quickest(function, x):
        times = []
        for _ in range(5):
            began = time.perf_counter()
            function(x)
            times.append(time.perf_counter() - began)
        return min(times)

    assert quickest(checked_pictures, many) < 3 * quickest(torch.sum, many) + 0.005
    assert quickest(checked_pictures, few) < 0.005


# --- every door of the package ----------------------------------------------------------------------------------------


def step(net, x, **more):
    plan = Plan(epochs=1, **more)
    return list(train(net, new_optimiser(net, plan), x, plan))


VANILLA, PRIOR, PCA_OF = model(), model("vae"), PCA.fit(GOOD)
STRUCTURED = StructuredVAE(SHAPE, latent=2)
DOORS = {
    "training.loop.train": lambda x: step(model(), x),
    "training.loop.begin": lambda x: loop.begin(VANILLA, x, Plan()),
    "measures.metrics.reconstructions": lambda x: metrics.reconstructions(VANILLA, x),
    "measures.metrics.codes": lambda x: metrics.codes(VANILLA, x),
    "measures.metrics.loss_terms": lambda x: metrics.loss_terms(VANILLA, x),
    "measures.metrics.cross_entropy_of_logits": lambda x: metrics.cross_entropy_of_logits(VANILLA, x),
    "measures.table.evaluate": lambda x: table.evaluate(VANILLA, x),
    "measures.likelihood.log_likelihoods": lambda x: list(likelihood.log_likelihoods(PRIOR, x, 2)),
    "measures.likelihood.log_likelihood": lambda x: likelihood.log_likelihood(PRIOR, x, 2),
    "measures.likelihood.elbo": lambda x: likelihood.elbo(PRIOR, x),
    "measures.likelihood.kl_per_dimension": lambda x: likelihood.kl_per_dimension(PRIOR, x),
    "measures.likelihood.active_units": lambda x: likelihood.active_units(PRIOR, x),
    "measures.likelihood.remark": lambda x: likelihood.remark(PRIOR, x),
    "space.sampling.kl_by_dimension": lambda x: sampling.kl_by_dimension(PRIOR, x),
    "space.sampling.aggregate_posterior": lambda x: sampling.aggregate_posterior(PRIOR, x, torch.Generator()),
    "measures.representation.jacobians": lambda x: representation.jacobians(VANILLA, x),
    "measures.representation.jacobian_norms": lambda x: representation.jacobian_norms(VANILLA, x),
    "measures.representation.singular_values": lambda x: representation.singular_values(VANILLA, x),
    "measures.residuals.explained_errors": lambda x: residuals.explained_errors(STRUCTURED, GOOD, x),
    "space.layers.answers": lambda x: layers.answers(VANILLA, x),
    "space.layers.representation": lambda x: layers.representation(VANILLA, x, "code (4)"),
    # without a model
    "export.dense.dense_encoder": lambda x: dense_encoder(VANILLA, x),
    "measures.metrics.squared_errors": lambda x: metrics.squared_errors(x, GOOD),
    "measures.metrics.cross_entropy": lambda x: metrics.cross_entropy(x, GOOD),
    "measures.metrics.ssims": lambda x: metrics.ssims(x, GOOD),
    "measures.metrics.entropy_floor": metrics.entropy_floor,
    "measures.table.compared": lambda x: table.compared(x, GOOD),
    "baselines.mean_image": baselines.mean_image,
    "baselines.PCA.fit": PCA.fit,
    "baselines.PCA.codes": lambda x: PCA_OF.codes(x, 2),
    "baselines.PCA.rows": PCA_OF.rows,
    "baselines.PCA.projection": lambda x: PCA_OF.projection(x, 2),
    "baselines.PCA.errors_by_size": lambda x: PCA_OF.errors_by_size(x, [1, 2]),
    "baselines.PCA.reconstruct": lambda x: PCA_OF.reconstruct(x, 2),
    "baselines.Wiener.fit": lambda x: Wiener.fit(PCA_OF, GOOD, x),
    "baselines.Wiener.denoise": lambda x: Wiener.fit(PCA_OF, GOOD, GOOD).denoise(x),
    "baselines.median": lambda x: baselines.median(x, 3),
    "baselines.gaussian_blur": lambda x: baselines.gaussian_blur(x, 1),
    "baselines.non_local_means": lambda x: baselines.non_local_means(x, 0.1),
    "corruption.repeatable": lambda x: repeatable(x, "gaussian", 0.1),
    "datasets.base.Images": lambda x: Images(x, torch.zeros(len(x), dtype=torch.long)),
}
ALIKE = (
    "0..255",
    "-1..1",
    "one NaN",
    "uint8",
    "channels last",
    "no channel axis",
    "NumPy",
    "a gradient",
    "empty",
    "float16",
)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_takes_good_pictures_and_tells_what_is_wrong_with_others(door):
    DOORS[door](GOOD)
    with_model = list(DOORS).index(door) < list(DOORS).index("measures.metrics.squared_errors")
    for case in (*BAD, *LOST) if with_model else ALIKE:
        if "Wiener" in door and case in ("0..255", "-1..1"):
            continue  # damaged pictures: noise that was not cut leaves [0, 1]
        with pytest.raises(PixelError, match="must be a float32 tensor"):
            DOORS[door]({**BAD, **LOST}[case][0]())
            pytest.fail(case)


INSIDE = {  # take pictures, but what they are called with was checked before, or is no picture in [0, 1]
    "models.", "pictures.", "looks.", "datasets.own.keep", "datasets.framing.", "training.soundness.", "space.nearest.", "corruption.",
    "measures.restoration.quality", "measures.representation.trustworthiness", "measures.report.", "measures.subject.",
    "baselines.Filter.tuned",
}  # fmt: skip
NAMES = {"images", "pictures", "clean", "damaged", "known", "x"}


def test_no_door_is_left_open():
    found = set()
    for module in (
        importlib.import_module(m.name)
        for m in pkgutil.walk_packages(ae_core.__path__, "ae_core.")
        if m.name != "ae_core.__main__"
    ):
        for name, thing in vars(module).items():
            if getattr(thing, "__module__", "") != module.__name__ or name.startswith("_"):
                continue
            parts = (
                {f"{name}.{n}": getattr(thing, n) for n in vars(thing) if n[0] != "_"}
                if inspect.isclass(thing)
                else {name: thing}
            )
            for path, function in parts.items():
                if inspect.isfunction(function) or inspect.ismethod(function):
                    taken = {
                        p.name for p in inspect.signature(function).parameters.values() if p.annotation == "Tensor"
                    }
                    if taken & NAMES:
                        found.add(f"{module.__name__.removeprefix('ae_core.')}.{path}")
    assert {door for door in found if not any(door.startswith(inside) for inside in INSIDE)} <= DOORS.keys()


@pytest.mark.parametrize("name", MODELS)
def test_every_model_refuses_to_learn_from_other_pictures_before_anything_is_changed(name):
    net = model(name)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    for case in ("0..255", "-1..1", "one NaN", "uint8", "NumPy as from a file", "another size"):
        with pytest.raises(PixelError):
            step(net, BAD[case][0]())
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    assert all(math.isfinite(sum(one.losses.values())) for one in step(net, GOOD))


def test_a_report_says_which_pictures_are_meant():
    labels = torch.arange(12) % 3
    good, bad = Images(GOOD, labels), Images(COLOUR, labels)
    with pytest.raises(PixelError, match=r"^test images: float32 \(12, 3, 8, 8\)"):
        full_report(VANILLA, Split(good, bad))
    with pytest.raises(PixelError, match=r"^train images: "):
        full_report(VANILLA, Split(bad, good))


def test_outputs_that_are_not_those_of_the_images_are_not_compared():
    for outputs in (GOOD[:1], GOOD[:, 0], GOOD[:5], COLOUR):
        for measure in (metrics.squared_errors, metrics.ssims, table.compared):
            with pytest.raises(PixelError, match="both must have one shape"):
                measure(GOOD, outputs)


def test_components_of_other_pictures_say_so():
    with pytest.raises(PixelError, match=r"have 784 pixels, but these components were fitted to pictures of 64"):
        PCA_OF.reconstruct(torch.rand(2, 1, 28, 28), 2)


def test_it_costs_nothing_while_it_trains(monkeypatch):
    calls = []
    monkeypatch.setattr(loop, "checked_pictures", lambda *a, **k: (calls.append(1), checked_pictures(*a, **k))[1])
    net = model()
    plan = Plan(epochs=5, batch_size=2)
    assert len(list(train(net, new_optimiser(net, plan), GOOD, plan))) == 30 and calls == [1]


# --- where a training really diverges ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [VAE, StructuredVAE])
def test_the_first_step_blames_the_weights_and_a_later_one_the_rate(kind):
    net = kind(SHAPE, latent=2)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.01).mul_(1e30)
    with pytest.raises(Diverged) as told:
        step(net, GOOD)
    assert re.fullmatch(
        r"Training stopped in step 1 \(epoch 1\): reconstruction is (nan|inf) before anything was learned, which"
        r" cannot be "
        r"learned from; begin with a new model\.",
        str(told.value),
    )
    with pytest.raises(
        Diverged,
        match=(
            r"^Training stopped in step \d+ \(epoch 1\): \w+ became (nan|inf), which cannot be learned from; try a"
            r" learning rate below 10\.$"
        ),
    ):
        step(kind(SHAPE, latent=2), GOOD, learning_rate=10.0, batch_size=1)
