"""The nearest of codes and of pictures, against scikit-learn's search through everything."""

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from ae_core.baselines import PCA
from ae_core.datasets import dataset
from ae_core.pictures.pictures import Pictures
from ae_core.space import nearest as module
from ae_core.space.nearest import Index, lengths, nearest


@pytest.fixture(scope="module")
def digits():
    return dataset("digits").load()


def pictures(kind, digits):
    random = torch.Generator().manual_seed(0)
    clean = digits.test.images[:60]
    return {
        "test pictures": clean,
        "between two": (clean + clean.flip(0)) / 2,
        "noise": torch.rand(60, 1, 8, 8, generator=random),
        "far away": 20 * torch.randn(60, 1, 8, 8, generator=random),
        "known ones": digits.train.images[-60:],
        "the mean": digits.train.images[:].mean(0, keepdim=True),
    }[kind]


@pytest.mark.parametrize("kept", [2, 20, 64])
@pytest.mark.parametrize("kind", ["test pictures", "between two", "noise", "far away", "known ones", "the mean"])
def test_it_finds_what_a_search_through_everything_finds(digits, monkeypatch, kind, kept):
    monkeypatch.setattr(module, "KEPT", kept)
    known, asked = digits.train.images, pictures(kind, digits)
    index, errors = Index.among(known, PCA.fit(known)).find(asked, known)
    search = NearestNeighbors(n_neighbors=1, algorithm="brute").fit(known[:].flatten(1).double().numpy())
    wanted = search.kneighbors(asked.flatten(1).double().numpy())[0][:, 0] ** 2
    found = (asked.double() - known[index].double()).square().sum(dim=(1, 2, 3))  # of two as near either will do
    assert found.numpy() == pytest.approx(wanted, rel=1e-6, abs=1e-9)
    assert errors.numpy() == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_few_known_pictures_and_components_of_others(digits):
    known = Pictures(digits.train.images[:9])
    index, errors = Index.among(known, PCA.fit(digits.test.images)).find(known[[7, 2]] + 0.01, known)
    assert index.tolist() == [7, 2]
    assert errors.tolist() == pytest.approx([64 * 1e-4] * 2, rel=1e-2)


def test_pictures_like_the_known_ones_are_found_without_comparing_them_all(digits, monkeypatch):
    more, left = Index._among_more, []
    monkeypatch.setattr(Index, "_among_all", None)  # must not be needed
    monkeypatch.setattr(Index, "_among_more", lambda self, *asked: left.append(len(asked[0])) or more(self, *asked))
    monkeypatch.setattr(module, "KEPT", 20)
    known = digits.train.images
    Index.among(known, PCA.fit(known)).find(pictures("test pictures", digits), known)
    assert sum(left) <= 6


def test_few_doubtful_ones_are_compared_one_by_one_and_many_all_at_once(digits, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)  # bounds so low that all are in doubt
    known, asked = digits.train.images, pictures("between two", digits)
    search = Index.among(known, PCA.fit(known))
    monkeypatch.setattr(module, "MORE", 0)
    at_once = search.find(asked, known)
    monkeypatch.setattr(module, "MORE", 10**9)
    one_by_one = search.find(asked, known)
    assert torch.allclose(at_once[1], one_by_one[1]) and len(asked) == 60


# --- the search through everything ------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0.0, 300.0])
@pytest.mark.parametrize("largest", [1, 5000, 2**24])
def test_the_k_nearest_others_are_those_of_scikit_learn(monkeypatch, offset, largest):
    monkeypatch.setattr(module, "LARGEST", largest)
    codes = offset + torch.randn(300, 5, generator=torch.Generator().manual_seed(0))
    index, distance = nearest(codes, codes, 7, besides=torch.arange(300))
    wanted = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(codes.double().numpy()).kneighbors()
    assert (index.numpy() == wanted[1]).all()
    assert distance.numpy() == pytest.approx(wanted[0], rel=1e-5)


def test_what_is_known_lies_at_no_distance_at_all_from_itself(digits):
    known = digits.train.images[:].flatten(1)
    index, distance = nearest(known[[30, 7]], known, 2)
    assert index[:, 0].tolist() == [30, 7] and distance[:, 0].tolist() == [0, 0]
    with_sizes = nearest(known[[30, 7]], known, 2, sizes=known.square().sum(1))
    assert with_sizes.which.equal(index) and with_sizes.distance[:, 0].tolist() == [0, 0]


def test_kept_pictures_are_compared_in_portions_with_the_same_answer(digits, monkeypatch):
    monkeypatch.setattr(module, "PORTION", 100)
    kept, asked = digits.train.images, digits.test.images[:40].flatten(1)
    found = nearest(asked, kept, 5, sizes=lengths(kept))
    wanted = nearest(asked, kept[:].flatten(1), 5)
    assert found.which.equal(wanted.which) and torch.allclose(found.distance, wanted.distance)


def test_of_equals_the_earlier_comes_first_and_no_more_are_found_than_there_are():
    codes = torch.tensor([[1.0], [0.0], [1.0], [5.0]])
    assert nearest(torch.tensor([[1.0]]), codes, 9).which.tolist() == [[0, 2, 1, 3]]
    assert nearest(codes[[2]], codes, 9, besides=torch.tensor([2])).which.tolist() == [[0, 1, 3]]
