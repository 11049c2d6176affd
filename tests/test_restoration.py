"""Methods side by side: the curves are what they say, whoever computes them, and in whatever slices."""

import threading

import pytest
import torch

from ae_core.baselines import FILTERS, PCA, median
from ae_core.corruption import CORRUPTIONS, repeatable
from ae_core.datasets import DATASETS
from ae_core.exploration import one_of_each
from ae_core.restoration import LEVELS, TIMES, Again, Method, Sweep, by_filter, by_model, by_pca, damaged_psnr, quality

DIGITS = DATASETS["digits"]
CLEAN = DIGITS.load().test.images[one_of_each(DIGITS.load().test.labels, 40)]
NOTHING = Method("nothing", "Nothing", lambda x, _: x)


def finished(method, kind="gaussian"):
    sweep = Sweep(method, DIGITS, kind)
    while not sweep.done:
        sweep.advance(0.05)
    return sweep


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_the_damaged_pictures_own_curve_is_that_of_doing_nothing(kind):
    assert finished(NOTHING, kind).psnr == damaged_psnr(DIGITS, kind)
    expected = -10 * torch.log10((repeatable(CLEAN, kind, 0.5) - CLEAN).square().mean())
    assert damaged_psnr(DIGITS, kind)[0.5] == pytest.approx(float(expected), abs=1e-3)


def test_a_filter_is_tuned_on_training_pictures_and_judged_on_test_pictures():
    sweep = finished(by_filter("median", "Median", FILTERS["median"]))
    train = DIGITS.load().train
    tuning = train.images[one_of_each(train.labels[:1000], 10)]
    damaged = repeatable(tuning, "gaussian", 0.3)
    errors = {side: (median(damaged, side) - tuning).square().mean() for side in FILTERS["median"].strengths}
    best = min(errors, key=errors.get)
    assert sweep.strength(0.3) == best == FILTERS["median"].tuned(tuning, damaged)
    judged = median(repeatable(CLEAN, "gaussian", 0.3), best)
    assert sweep.psnr[0.3] == pytest.approx(quality(CLEAN, judged), abs=1e-4)


def test_pca_keeps_fewer_components_the_more_noise_there_is():
    sweep = finished(by_pca(PCA.fit(DIGITS.load().train.images)))
    assert sweep.strength(1.0) < sweep.strength(0.1) <= 64
    assert all(sweep.psnr[level] >= damaged_psnr(DIGITS, "gaussian")[level] for level in LEVELS[3:])


def test_what_somebody_looks_at_comes_first_and_a_slice_is_a_slice():
    sweep = Sweep(NOTHING, DIGITS, "masking")
    sweep.wanted = 0.7
    sweep.advance(0.0)
    assert list(sweep.psnr) == [0.7]
    sweep.wanted = 0.2
    sweep.advance(0.0)
    assert list(sweep.psnr) == [0.7, 0.2]


def test_while_one_visitor_computes_another_does_not_wait():
    inside, go_on = threading.Event(), threading.Event()

    def slow(x, _):
        inside.set()
        assert go_on.wait(30)
        return x

    sweep = Sweep(Method("slow", "Slow", slow), DIGITS, "gaussian")
    first = threading.Thread(target=sweep.advance, args=(0.0,))
    first.start()
    assert inside.wait(30)
    sweep.advance(60.0)  # back at once
    assert sweep.psnr == {}
    go_on.set()
    first.join()
    assert len(sweep.psnr) == 1


def test_a_hundred_times_is_a_hundred_times():
    half = Method("half", "Half", lambda x, _: x * 0.9)
    again = Again(half, 0.0, torch.ones(1, 1, 8, 8))
    while not again.done:
        again.advance(0.0)
    assert tuple(again.outputs) == TIMES
    for times, output in again.outputs.items():
        assert torch.allclose(output, torch.full((1, 1, 8, 8), 0.9**times), rtol=1e-4)
    assert again.change == pytest.approx(0.9**99 - 0.9**100, rel=1e-3)


def test_a_model_is_applied_as_it_is():
    from ae_core.store import Store

    model, _ = Store.default().find("vanilla-digits").load()
    assert by_model("x", "X", model).apply(CLEAN, 0.0).equal(model.reconstruct(CLEAN))


def test_repeatable_damage_depends_on_the_seed_only_and_leaves_chance_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, two = (repeatable(CLEAN, "gaussian", 0.5, seed=3) for _ in range(2))
    assert torch.rand(3).equal(expected)
    assert one.equal(two) and not one.equal(repeatable(CLEAN, "gaussian", 0.5, seed=4))
