"""Generate without a browser: every section, and what the samples, the manifold and the sliders are."""

from __future__ import annotations

import pytest
import torch
from app_page import header, open_page, words
from scipy.stats import norm

from ae_core.datasets import DATASETS
from ae_core.looks import samples
from ae_core.runs.opened import opened
from ae_core.space.sampling import normal_quantiles
from ui.sections.generate import draws

SECTIONS = ("samples", "manifold", "numbers", "between", "arithmetic", "prior")
PLANE, WIDE = {"model": "vae", "epochs": 2, "latent": 2}, {"model": "multilayer"}
TEST = DATASETS["digits"].load().test


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("asked", [PLANE, WIDE], ids=["plane", "wide"])
def test_every_section_of_generate_has_a_result_a_source_and_something_to_notice(run_of, asked, section):
    run = run_of(**asked)
    app = open_page("generate", run=run.id, section=section)
    assert not app.error
    assert "What to notice" in words(app) and run.id in words(app)
    assert "<img" in words(app) or app.get("bidi_component") or app.get("plotly_chart")


def test_manifold_pictures_grow_to_the_right_and_upwards(run_of):
    run = run_of(**PLANE)
    model, q = run.load()[0], normal_quantiles(samples.SIDE)
    shown = samples.manifold(opened(run), 0, 1).reshape(samples.SIDE, samples.SIDE, -1)
    for row, column in ((0, 0), (0, samples.SIDE - 1), (4, 11)):
        with torch.inference_mode():
            wanted = model.decode(torch.stack([q[column], q[samples.SIDE - 1 - row]])[None]).flatten()
        assert shown[row, column] == pytest.approx(wanted.numpy(), abs=1e-5)


def test_a_plain_autoencoder_says_that_its_distribution_was_fitted(run_of):
    assert "no prior" in words(open_page("generate", run=run_of(**WIDE).id))
    assert "no prior" not in words(open_page("generate", run=run_of(**PLANE).id))


def test_samples_follow_the_seed_and_the_temperature(run_of):
    run = run_of(**PLANE)
    shown = {words(open_page("generate", run=run.id, **more)) for more in ({}, {"draw": "2"}, {"temperature": "0.5"})}
    assert len(shown) == 3
    assert words(open_page("generate", run=run.id)) in shown


def test_the_sliders_are_ordered_by_kl_or_else_by_variance(run_of):
    for name in ("vae", "multilayer"):
        run = run_of(name)
        model = run.load()[0]
        if name == "vae":
            q = model.posterior(TEST.images[:])
            normal = torch.distributions.Normal(q.mean, (0.5 * q.log_variance).exp())
            weight = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0)).mean(0)
        else:
            weight = model.encode(TEST.images[:]).var(0)
        wanted = [f"z{k + 1}" for k in weight.argsort(descending=True, stable=True)[:24].tolist()]
        (panel,) = header(open_page("generate", run=run.id, section="numbers"))["panels"]
        assert [one["name"] for one in panel["further"]] == wanted


def test_samples_their_neighbours_the_holes_and_the_manifold_are_what_they_are_called(run_of):
    run = run_of(**PLANE)
    model, known = run.load()[0], DATASETS["digits"].load().train.images[:]
    one, same, other = (samples.drawn(opened(run), 0, 20, 1.0, seed) for seed in (1, 1, 2))
    assert one.pictures.equal(same.pictures) and not one.pictures.equal(other.pictures)
    cold = samples.drawn(opened(run), 0, 4, 0.0, 1).pictures
    assert (cold - model.decode(torch.zeros(4, 2))).abs().max() < 1e-5
    distances = torch.cdist(one.pictures.flatten(1), known.flatten(1))
    near = draws.nearest(opened(run), one.pictures)
    assert near.pictures.equal(known[distances.argmin(1)])
    assert near.errors.tolist() == pytest.approx(distances.amin(1).square().tolist(), rel=1e-3)
    z = model.encode(TEST.images[:])
    holes = samples.from_holes(opened(run), 10, 1).pictures
    grid = torch.cartesian_prod(*(torch.linspace(float(z[:, d].min()), float(z[:, d].max()), 80) for d in (0, 1)))
    places = grid[torch.cdist(holes.flatten(1), model.decode(grid).flatten(1)).argmin(1)]
    near = torch.cdist(z, z).fill_diagonal_(torch.inf).amin(1)
    assert torch.cdist(places, z).amin(1).median() > 2 * near.median()
    q = float(norm.ppf(0.5 / 15))
    mosaic = samples.manifold(opened(run), 0, 1)
    for index, code in {0: (q, -q), 14: (-q, -q), 210: (q, q), 224: (-q, q), 112: (0, 0)}.items():
        assert (mosaic[index] - model.decode(torch.tensor([code], dtype=torch.float32))[0]).abs().max() < 1e-4
