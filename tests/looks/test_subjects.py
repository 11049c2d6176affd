"""The looks themselves, against what they stand for: computed otherwise, by the functions of the core or by hand."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest
import torch
from small_runs import small_recipe

from ae_core import looks
from ae_core.baselines import FILTERS, PCA
from ae_core.datasets import dataset
from ae_core.looks import baseline, cleaning, codes, errors, maps, memory, neighbours, samples
from ae_core.looks.look import Look, Stopped, heard_by
from ae_core.looks.maps import View
from ae_core.measures.metrics import codes as encode
from ae_core.measures.metrics import reconstructions, ssims
from ae_core.measures.restoration import TIMES, by_filter, by_model, by_pca, sweep
from ae_core.runs.execution import execute
from ae_core.runs.opened import opened
from ae_core.space.planes import principal
from ae_core.space.tiles import SIDE

DIGITS = dataset("digits")
TRAIN, TEST = DIGITS.load().train, DIGITS.load().test


@pytest.fixture
def run(store):
    made = store.create(small_recipe(epochs=1), origin="test")
    assert execute(made).state == "done"
    memory.forget()
    return opened(made)


def every_look():
    for found in pkgutil.iter_modules(looks.__path__, "ae_core.looks."):
        for value in vars(importlib.import_module(found.name)).values():
            if isinstance(value, Look) and value.__module__ == found.name:
                yield value


def test_every_look_has_a_docstring_a_type_of_result_and_words_where_somebody_waits():
    found = list(every_look())
    assert len(found) > 30 and all(one.__doc__ for one in found)
    for one in found:
        assert one.result is not None, one.name
        assert one.words or not (one.lasting or one.private), one.name
        assert not one.words or (one.words[0].isupper() and one.words[-1].isalpha()), one.words


def test_principal_components_are_those_of_the_training_pictures():
    found, wanted = baseline.pca(DIGITS), PCA.fit(TRAIN.images)
    assert torch.equal(found.components, wanted.components) and torch.equal(found.mean, wanted.mean)


def test_codes_and_errors_of_a_run_are_those_of_its_model(run):
    heard = []
    with heard_by(lambda share, so_far=None: heard.append(share)):
        found = codes.encoded(run)
    assert torch.equal(found.codes, encode(run.model, TEST.images)) and found.labels.tolist() == TEST.labels.tolist()
    assert heard == sorted(heard) and heard[-1] == 1.0
    assert errors.measured_errors(run) == pytest.approx(run.run.errors()[1].numpy())
    assert errors.test_errors(run).tolist() == run.run.errors()[1].tolist()
    wanted = ssims(TEST.images, reconstructions(run.model, TEST.images)).mean()
    assert errors.likeness(run) == pytest.approx(float(wanted))


def test_errors_that_were_kept_at_another_step_are_not_taken(run, monkeypatch):
    monkeypatch.setattr(type(run.run), "errors", lambda self: (run.checkpoint.step - 1, torch.zeros(len(TEST))))
    assert errors.test_errors(run).min() > 0


def test_a_tile_is_the_picture_of_its_coordinates_and_no_axis_runs_backwards(run):
    flat, corners = principal(run.model.encode(TEST.images[:])), (-3.0, 1.0, -0.25, 2.5)
    found = maps.tiles(run, flat, corners)
    left, right, bottom, top = corners
    for row, column in ((0, 0), (0, SIDE - 1), (SIDE - 1, 0), (5, 17)):
        u = left + column / (SIDE - 1) * (right - left)
        v = bottom + row / (SIDE - 1) * (top - bottom)
        wanted = run.model.decode(flat.codes(torch.tensor([[u, v]])))[0]
        assert (found.pixels[row, column].float() / 255 - wanted).abs().max() < 1 / 255
    assert 0 < found.error < 0.1


@pytest.mark.parametrize("who", ["median", "pca", "model"])
def test_the_curve_of_a_method_is_that_of_the_sweep(run, who):
    made = {
        "median": by_filter("m", "M", FILTERS["median"]),
        "pca": by_pca(PCA.fit(TRAIN.images)),
        "model": by_model("m", "M", run.model),
    }
    assert cleaning.curve(DIGITS, "block", run if who == "model" else who) == sweep(made[who], DIGITS, "block")


def test_a_method_is_applied_to_its_own_output_again_and_again(run):
    x, now = TEST.images[:1], TEST.images[:1]
    found = cleaning.again(DIGITS, run, 0.0, x)
    assert sorted(found.outputs) == list(TIMES)
    for times in range(1, 101):
        before, now = now, reconstructions(run.model, now)
        if times in TIMES:
            assert torch.equal(found.outputs[times], now), times
    assert found.change == pytest.approx(float((now - before).square().mean().sqrt()))


LONG = {
    "codes": codes.encoded,
    "errors": errors.measured_errors,
    "neighbours": lambda run: maps.neighbour_points(run, "", 1.0),
    "again": lambda run: cleaning.again(DIGITS, "median", 3, TEST.images[:1]),
    "curve": lambda run: cleaning.curve(DIGITS, "block", "median"),
}


@pytest.mark.parametrize("what", LONG)
def test_a_report_can_stop_what_takes_long(run, what):
    def stop(share, so_far=None):
        raise Stopped

    with heard_by(stop), pytest.raises(Stopped):
        LONG[what](run)


def test_neighbours_are_those_of_all_distances_written_out(run):
    z, chosen = encode(run.model, TEST.images), (3, 50, 7)
    found = neighbours.other_test_pictures(run, View("pca"), chosen)
    for one, near in zip(chosen, found.ours.tolist(), strict=True):
        apart = [(float((z[one] - other).norm()), k) for k, other in enumerate(z) if k != one]
        assert near == min(apart)[1]
    inside = neighbours.test_pictures(run, View("pca"), TEST.images[[9]], 4, skip=1)
    assert 9 not in inside.ours.tolist() and len(inside.ours) == len(inside.theirs) == 4
    assert neighbours.test_pictures(run, View("pca"), TEST.images[[9]], 4).theirs[0] == 9
    assert neighbours.by_pixels(DIGITS, TRAIN.images[[11]], 5)[0] == 11
    assert neighbours.by_code(run, TRAIN.images[[11]], 5)[0] == 11
    near = neighbours.of_training(DIGITS, TEST.images[:6])
    wanted = torch.cdist(TEST.images[:6].flatten(1), TRAIN.images[:].flatten(1)).square().min(dim=1).values
    assert near.errors.numpy() == pytest.approx(wanted.numpy(), rel=1e-3)


def test_ways_begin_and_end_at_their_pictures_and_sums_of_codes_are_written_out(run):
    z = encode(run.model, TEST.images)
    for kind in samples.WAYS:
        found = samples.way(run, kind, 4, 9, 11)
        ends = run.model.decode(z[[4, 9]]).clamp(0, 1)
        assert torch.allclose(found.pictures[[0, -1]], ends, atol=1e-4) and len(found.near) == 11
    made = samples.moved(run, 2, (0, 1), (5, 6, 7), (0.0, 0.5))
    direction = z[[5, 6, 7]].mean(0) - z[[0, 1]].mean(0)
    assert torch.allclose(made, run.model.decode(torch.stack([z[2], z[2] + 0.5 * direction])).clamp(0, 1), atol=1e-5)
    faded = samples.faded(run, 4, 9, 3)
    assert torch.allclose(faded[1], (TEST.images[4] + TEST.images[9]) / 2)


def test_the_order_of_the_numbers_is_that_of_their_weight(run):
    weight, ranked = codes.weight(run), codes.order(run)
    assert sorted(ranked) == list(range(run.model.latent)) and (np.diff(weight[ranked]) <= 0).all()
    assert weight == pytest.approx(encode(run.model, TEST.images).var(dim=0).numpy(), rel=1e-4)
