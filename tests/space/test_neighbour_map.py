"""Maps of neighbours: repeatable, better at neighbours than a flat plane, and fixed when a new picture comes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from ae_core.datasets import dataset
from ae_core.space import neighbour_map as maps
from ae_core.space.planes import principal

QUIET = [].append


@pytest.fixture(scope="module")
def rows():
    return dataset("digits").load().test.images[:].flatten(1)


@pytest.fixture(scope="module")
def points(rows):
    return maps.neighbour_map(rows, 1.0, QUIET)


def test_neighbours_stay_neighbours_better_than_on_the_best_flat_plane(rows, points):
    flat = principal(rows).coordinates(rows)
    ours, theirs = (trustworthiness(rows.numpy(), p.numpy(), n_neighbors=5) for p in (points, flat))
    assert points.shape == (len(rows), 2) and points.isfinite().all()
    assert ours > 0.97 and theirs < 0.9


def test_the_same_codes_give_the_same_map_and_progress_runs_from_nothing_to_all(rows, points):
    heard: list[float] = []
    assert torch.equal(maps.neighbour_map(rows, 1.0, heard.append), points)
    assert heard == sorted(heard) and heard[0] == 0.0 and heard[-1] == 1.0 and len(heard) > 50


def test_more_attraction_packs_the_classes_more_tightly(rows, points):
    labels = dataset("digits").load().test.labels
    tight = maps.neighbour_map(rows, maps.METHODS["umap"], QUIET)

    def compactness(p):  # of the middle of each class: a few stray points would outweigh all others in a deviation
        classes = [p[labels == c] for c in range(10)]
        within = torch.stack([(own - own.median(0).values).norm(dim=1).median() for own in classes]).mean()
        return (within / p.std(0).norm()).item()

    assert compactness(tight) < 0.9 * compactness(points)


def test_neighbours_are_exact(rows, monkeypatch):
    monkeypatch.setattr(maps, "PORTION", 100)
    index, distances = maps._neighbours(rows, 7, QUIET)
    wanted = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(rows.numpy()).kneighbors()
    assert np.allclose(distances.numpy(), wanted[0], atol=2e-3)
    assert (index.numpy() == wanted[1]).mean() > 0.99  # ties


def test_a_new_picture_moves_nothing_and_stands_amid_its_neighbours(rows, points):
    before = points.clone()
    new = rows[:3] + 1e-7
    assert torch.allclose(maps.place(new, rows, points), points[:3], atol=0.05)
    between = (rows[4] + rows[9])[None] / 2
    near = (rows - between).norm(dim=1).argsort()[: maps.NEIGHBOURS]
    low, high = points[near].min(0).values, points[near].max(0).values
    stands = maps.place(between, rows, points)[0]
    assert (stands >= low - 1e-4).all() and (stands <= high + 1e-4).all()
    assert torch.equal(points, before)


@pytest.mark.parametrize("n, width", [(5, 3), (12, 1)])
def test_few_codes_and_codes_of_one_number_have_a_map_too(n, width):
    codes = torch.randn(n, width, generator=torch.Generator().manual_seed(0))
    assert maps.neighbour_map(codes, 1.0, QUIET).isfinite().all()
