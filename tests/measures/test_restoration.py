"""Methods side by side: the curves are what they say, and a hundred times is a hundred times."""

import pytest
import torch

from ae_core.baselines import FILTERS, PCA, median
from ae_core.corruption import CORRUPTIONS, repeatable
from ae_core.datasets import DATASETS
from ae_core.datasets.choosing import one_of_each
from ae_core.measures.restoration import (
    LEVELS,
    Method,
    by_filter,
    by_model,
    by_pca,
    damaged_psnr,
    quality,
    sweep,
)

DIGITS = DATASETS["digits"]
CLEAN = DIGITS.load().test.images[one_of_each(DIGITS.load().test.labels, 40)]
NOTHING = Method("nothing", "Nothing", lambda x, _: x)


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_the_damaged_pictures_own_curve_is_that_of_doing_nothing(kind):
    assert sweep(NOTHING, DIGITS, kind).psnr == damaged_psnr(DIGITS, kind)
    expected = -10 * torch.log10((repeatable(CLEAN, kind, 0.5) - CLEAN).square().mean())
    assert damaged_psnr(DIGITS, kind)[0.5] == pytest.approx(float(expected), abs=1e-3)


def test_a_filter_is_tuned_on_training_pictures_and_judged_on_test_pictures():
    curve = sweep(by_filter("median", "Median", FILTERS["median"]), DIGITS, "gaussian")
    train = DIGITS.load().train
    tuning = train.images[one_of_each(train.labels[:1000], 10)]
    damaged = repeatable(tuning, "gaussian", 0.3)
    errors = {side: (median(damaged, side) - tuning).square().mean() for side in FILTERS["median"].strengths}
    best = min(errors, key=errors.get)
    assert curve.strength[0.3] == best == FILTERS["median"].tuned(tuning, damaged)
    judged = median(repeatable(CLEAN, "gaussian", 0.3), best)
    assert curve.psnr[0.3] == pytest.approx(quality(CLEAN, judged), abs=1e-4)


def test_pca_keeps_fewer_components_the_more_noise_there_is():
    curve = sweep(by_pca(PCA.fit(DIGITS.load().train.images)), DIGITS, "gaussian")
    assert curve.strength[1.0] < curve.strength[0.1] <= 64
    assert all(curve.psnr[level] >= damaged_psnr(DIGITS, "gaussian")[level] for level in LEVELS[3:])


def test_the_share_done_is_reported_level_by_level():
    heard = []
    sweep(NOTHING, DIGITS, "masking", heard.append)
    assert heard == [pytest.approx(k / len(LEVELS)) for k in range(1, len(LEVELS) + 1)]


def test_a_model_is_applied_as_it_is():
    from ae_core.runs.store import Store

    model, _ = Store.default().find("vanilla-digits").load()
    assert by_model("x", "X", model).apply(CLEAN, 0.0).equal(model.reconstruct(CLEAN))


def test_repeatable_damage_depends_on_the_seed_only_and_leaves_chance_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    one, two = (repeatable(CLEAN, "gaussian", 0.5, seed=3) for _ in range(2))
    assert torch.rand(3).equal(expected)
    assert one.equal(two) and not one.equal(repeatable(CLEAN, "gaussian", 0.5, seed=4))
