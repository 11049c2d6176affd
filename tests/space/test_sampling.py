"""Ways through the space of codes, against SciPy, geometry and counting."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch.distributions import Normal, kl_divergence

from ae_core.models import VAE
from ae_core.space.planes import box, of_dimensions, principal, through
from ae_core.space.sampling import (
    Mixture,
    Prior,
    aggregate_posterior,
    drawn_images,
    in_holes,
    kl_by_dimension,
    neighbours_near,
    normal_quantiles,
    spherical,
    straight,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def correlated(n=4000):
    root = torch.tensor([[2.0, 0.0], [1.2, 0.5]])
    return torch.randn(n, 2, generator=generator()) @ root.T + torch.tensor([3.0, -1.0]), root @ root.T


def test_one_component_has_the_mean_and_the_covariance_of_the_codes():
    codes, covariance = correlated()
    drawn = Mixture.fit(codes, components=1).draw(20_000, 1.0, generator(1))
    assert torch.allclose(drawn.mean(0), torch.tensor([3.0, -1.0]), atol=0.15)
    assert torch.allclose(torch.cov(drawn.T), covariance, atol=0.4)


def test_a_mixture_finds_two_islands_and_leaves_the_water_between_them_empty():
    codes = torch.cat([torch.randn(500, 2, generator=generator(k)) * 0.2 + 5 * (2 * k - 1) for k in (0, 1)])
    drawn = Mixture.fit(codes, components=2).draw(1000, 1.0, generator())
    assert (drawn[:, 0].abs() < 3).sum() == 0
    assert 400 < (drawn[:, 0] > 0).sum() < 600


def test_temperature_scales_the_distance_from_the_middle_and_the_seed_decides():
    hot, cold = (Prior(3).draw(50, t, generator(4)) for t in (2.0, 0.5))
    assert torch.allclose(hot, 4 * cold)
    mixture = Mixture.fit(correlated()[0], components=1)
    assert torch.allclose(mixture.draw(5, 0.0, generator()), mixture.means.expand(5, 2))
    assert torch.equal(mixture.draw(5, 1.0, generator(2)), mixture.draw(5, 1.0, generator(2)))


def test_a_code_with_a_constant_number_can_be_fitted():
    codes = torch.cat([torch.randn(200, 3, generator=generator()), torch.zeros(200, 1)], dim=1)
    assert Mixture.fit(codes).draw(10, 1.0, generator()).isfinite().all()


def test_the_spherical_way_keeps_length_and_turns_evenly_where_the_straight_one_cuts_through():
    start, end = torch.tensor([3.0, 0.0, 0.0]), torch.tensor([0.0, 0.0, 3.0])
    way = spherical(start, end, 7)
    assert torch.allclose(way.norm(dim=1), torch.full((7,), 3.0), atol=1e-5)
    angles = torch.arccos((way @ start / 9).clamp(-1, 1))
    assert torch.allclose(angles, torch.linspace(0, torch.pi / 2, 7), atol=2e-3)
    assert straight(start, end, 7).norm(dim=1).min() == pytest.approx(3 / np.sqrt(2), abs=1e-5)
    for path in (way, straight(start, end, 7)):
        assert torch.allclose(path[0], start, atol=1e-6) and torch.allclose(path[-1], end, atol=1e-6)


@pytest.mark.parametrize("end", [[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0]], ids=["along", "opposite", "zero"])
def test_the_spherical_way_is_straight_where_no_angle_helps(end):
    start, end = torch.tensor([1.0, 0.0]), torch.tensor(end)
    assert torch.allclose(spherical(start, end, 5), straight(start, end, 5))


def test_neighbours_along_a_path_are_counted():
    codes = torch.cat([torch.randn(300, 2, generator=generator()), torch.randn(300, 2, generator=generator(1)) + 20])
    counts, radius = neighbours_near(straight(torch.zeros(2), torch.full((2,), 20.0), 5), codes)
    assert counts[0] > 0 and counts[-1] > 0 and counts[2] == 0
    assert counts[0] == sum(np.linalg.norm(code) <= radius for code in codes.numpy())


def test_quantiles_are_those_of_scipy():
    assert normal_quantiles(15).numpy() == pytest.approx(norm.ppf((np.arange(15) + 0.5) / 15), abs=1e-6)


def test_kl_by_dimension_is_that_of_torch_and_the_aggregate_has_the_right_moments():
    torch.manual_seed(0)
    model = VAE((1, 8, 8), latent=3, hidden=(16,))
    images = torch.rand(500, 1, 8, 8)
    q = model.posterior(images)
    wanted = kl_divergence(Normal(q.mean, (0.5 * q.log_variance).exp()), Normal(0.0, 1.0)).mean(0)
    assert torch.allclose(kl_by_dimension(model, images), wanted, atol=1e-5)
    drawn = aggregate_posterior(model, images, generator())
    assert torch.allclose(drawn.mean(0), q.mean.mean(0), atol=0.2)


def test_a_drawn_picture_has_the_decoded_one_as_its_mean_and_leaves_the_random_state_alone():
    torch.manual_seed(0)
    model = VAE((1, 8, 8), latent=2, hidden=(16,))
    code = torch.randn(1, 2).expand(4000, 2)
    before = torch.get_rng_state()
    drawn = drawn_images(model, code, seed=3)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.allclose(drawn.mean(0), model.decode(code[:1])[0], atol=0.05)
    assert torch.equal(drawn, drawn_images(model, code, seed=3))


def test_a_plane_of_two_numbers_shows_just_those_and_keeps_the_rest():
    codes = torch.randn(200, 5, generator=generator())
    plane = of_dimensions(codes, 3, 1, order=[4, 0, 3, 2, 1])
    assert torch.equal(plane.coordinates(codes), codes[:, [3, 1]])
    made = plane.codes(torch.tensor([[0.5, -2.0]]))[0]
    assert (made[3], made[1]) == (0.5, -2.0)
    assert torch.allclose(made[[0, 2, 4]], codes.mean(0)[[0, 2, 4]], atol=1e-6)
    assert [direction.name for direction in plane.further] == ["z5", "z1", "z3"]


def test_the_principal_plane_is_that_of_scikit_learn():
    from sklearn.decomposition import PCA

    codes = torch.randn(300, 6, generator=generator()) * torch.tensor([5.0, 3.0, 1.0, 0.5, 0.2, 0.1])
    ours, theirs = principal(codes).coordinates(codes).numpy(), PCA(2).fit_transform(codes.numpy())
    assert np.abs(ours) == pytest.approx(np.abs(theirs), abs=1e-3)


def test_a_plane_through_three_codes_holds_all_three_and_three_on_a_line_are_refused():
    three = torch.randn(3, 7, generator=generator())
    plane = through(three)
    assert torch.allclose(plane.codes(plane.coordinates(three)), three, atol=1e-5)
    assert torch.allclose(plane.axes @ plane.axes.T, torch.eye(2), atol=1e-5)
    with pytest.raises(ValueError, match="choose three that differ"):
        through(torch.stack([three[0], three[1], 2 * three[1] - three[0]]))
    with pytest.raises(ValueError, match="choose three that differ"):
        through(three[[0, 0, 1]])


def test_a_box_has_one_scale_for_both_axes_and_holds_almost_all_points():
    points = torch.randn(2000, 2, generator=generator()) * torch.tensor([4.0, 1.0])
    left, right, bottom, top = box(points)
    assert right - left == pytest.approx(top - bottom)
    inside = (points[:, 0] > left) & (points[:, 0] < right) & (points[:, 1] > bottom) & (points[:, 1] < top)
    assert inside.float().mean() > 0.98


def test_holes_are_farther_from_every_code_than_most_places():
    codes = torch.cat([torch.randn(300, 2, generator=generator(k)) * 0.3 + 4 * k for k in (0, 1)])
    found = in_holes(codes, 8, generator())
    even = codes.min(0).values + (codes.max(0).values - codes.min(0).values) * torch.rand(
        500, 2, generator=generator(5)
    )
    assert len(found) == 8
    assert torch.cdist(found, codes).min(1).values.min() > torch.cdist(even, codes).min(1).values.median()
