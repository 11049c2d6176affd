r"""A structured VAE: it also says which pixels it will get wrong together, so its samples are pictures and not snow.

    posterior       q(z \mid x) = Normal(mean(x), variance(x))
    prior           p(z) = Normal(0, I)
    picture         p(x \mid z) = Normal(y(z), (L L^T)^{-1})
    its mean        y = sigmoid(decoder(z))
    its factor      L = L(z)  lower triangular, 0 but for these two:
    its diagonal    L_{i i} = 1 / s_i, \quad s_i \ge floor
    its neighbours  L_{j i} = c_{i j} / s_i  for the later neighbours $j$ of pixel $i$
    reconstruction  reconstruction = -\log p(x \mid z) = \sum_i \log s_i + \frac{1}{2} w_i^2 + \frac{1}{2} \log 2 \pi
    its errors      w_i = \frac{1}{s_i} \left( x_i - y_i + \sum_{j \, later} c_{i j} (x_j - y_j) \right)
    kl              kl = KL(q \| p)
    loss            L = reconstruction + kl = -ELBO,  in nats, averaged over images

Trained in two parts. First the mean, as an ordinary VAE with one learned deviation $s$ for all pixels and $c = 0$; then
encoder and $y$ stay as they are, and a second network learns $\log s_i$ and $c_{i j}$. Had both to be learned at once,
an error could be called a correlation instead of being put right.

Of a neighbourhood of $f \times f$ pixels $(f^2 - 1) / 2$ come later in raster order: that many numbers $c$ a pixel, so
memory grows with the pixels and not with their square; `structured_gaussian.py` says how density and samples come from
them. With 1×1 there are none: a deviation for each pixel, and no correlations. A pixel that is black in every picture
would be given the deviation 0 and an infinite density; so no $s_i$ is below `floor`, in units in which white is 1. All
numbers of nats depend on it: compare only models with the same floor.

Source: Dorta, Vicente, Agapito, Campbell and Simpson (2018), Structured uncertainty prediction networks,
arXiv:1802.07079, sections 3 and 4.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ae_core.knobs import Knob, checks_knobs
from ae_core.models.base import Gaussian, GenerativeAutoencoder, Shape
from ae_core.models.blocks import ACTIVATIONS, ActivationKnob, HiddenKnob, LatentKnob, dense_mirror, glorot
from ae_core.models.convolutional import SIDE, filters, halvings, widening
from ae_core.models.likelihoods import PACE
from ae_core.models.structured_gaussian import StructuredGaussian, neighbours

START = 0.1  # deviation of a pixel before anything is learned
AT_ONCE = 2**23  # numbers that describe the errors of the pictures looked at together: 32 MB


class StructuredVAE(GenerativeAutoencoder):
    """Dense encoder and mean as in the VAE; a small convolutional network for the errors of 5x5 neighbourhoods."""

    title = "Structured VAE"
    unit = "nats"
    ends_in_logits = True

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: LatentKnob = 20,
        hidden: HiddenKnob = (400,),
        activation: ActivationKnob = "relu",
        neighbourhood: Annotated[
            str,
            Knob("Pixels whose errors belong together; 1x1 is each by itself", choices=("1x1", "3x3", "5x5", "7x7")),
        ] = "5x5",
        channels: Annotated[int, Knob("Channels of the network for the errors", 1, 128, log=2)] = 32,
        mean_share: Annotated[
            float, Knob("Share of the training for the mean; the rest is for the errors", 0, 1)
        ] = 0.5,
        floor: Annotated[float, Knob("Least deviation of a pixel from what is expected", 0.001, 1, log=10)] = 0.02,
    ) -> None:
        super().__init__(shape, latent)
        self.encoder, self.decoder = dense_mirror(self.shape, latent, hidden, activation, codes=2)
        self.deviation_change = nn.Parameter(torch.zeros(()))
        self.size = int(neighbourhood[0])
        self.errors = error_network(self.shape, latent, channels, 1 + len(neighbours(self.size)), activation)
        self.mean_share, self.floor = mean_share, floor

    def posterior(self, x: Tensor) -> Gaussian:
        return Gaussian(*self.encoder(x).to(x.dtype).chunk(2, dim=1))

    def decode(self, code: Tensor) -> Tensor:
        return self.decoder(code).to(code.dtype).sigmoid()

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        with torch.set_grad_enabled(self._mean_is_learned() and torch.is_grad_enabled()):
            q = self.posterior(x)
            z = q.at(torch.randn_like(q.mean))
            y = self.decode(z)
        return {"reconstruction": -self._log_likelihood(z, y, x).mean(), "kl": q.kl().sum(1).mean()}

    def distribution(self, code: Tensor) -> StructuredGaussian:
        """p(x | code) of codes (n, latent), pictures (n, c, h, w)."""
        return self._around(self.decode(code), code)

    def log_likelihood(self, code: Tensor, x: Tensor) -> Tensor:
        return self._log_likelihood(code, self.decode(code), x)

    def sample_images(self, code: Tensor) -> Tensor:
        p = self.distribution(code)
        return p.sample(torch.randn_like(p.mean))

    def observed(self, x: Tensor) -> Tensor:
        return x

    def _mean_is_learned(self) -> bool:
        """Whether the network for the errors has not been trained yet: it has nothing to say before."""
        return self.progress < self.mean_share or self.mean_share == 1

    def _log_deviation(self, change: Tensor | float = 0.0) -> Tensor:
        """log s: one number (), or of each pixel where `change` (n, c, h, w) is given; never below log floor."""
        start = math.log(math.expm1(math.log(max(START / self.floor, 1.1))))  # softplus of it is log(START / floor)
        return math.log(self.floor) + F.softplus(start + PACE * self.deviation_change + change)

    def _around(self, y: Tensor, code: Tensor) -> StructuredGaussian:
        """The Gaussian with mean y (n, c, h, w) and the errors that are expected for the codes (n, latent)."""
        if self._mean_is_learned():
            return StructuredGaussian.isotropic(y, 2 * self._log_deviation())
        answers = self.errors(code).to(code.dtype).unflatten(1, (self.shape[0], -1))  # (n, c, 1 + k, h, w)
        log_diagonal = -self._log_deviation(answers[:, :, 0])
        return StructuredGaussian(y, log_diagonal, log_diagonal.exp().unsqueeze(2) * answers[:, :, 1:])

    def _log_likelihood(self, code: Tensor, y: Tensor, x: Tensor) -> Tensor:
        """log p(x | code) (n,) with the mean y = decode(code), so many pictures at a time that memory stays small."""
        portion = max(1, AT_ONCE // (x[0].numel() * self.size**2))
        parts = zip(code.split(portion), y.split(portion), x.split(portion), strict=True)
        return torch.cat([self._around(mean, z).log_prob(pictures) for z, mean, pictures in parts])


def error_network(shape: Shape, latent: int, channels: int, answers: int, activation: str) -> nn.Module:
    """Codes (n, latent) -> (n, c * answers, h, w), from a 4x4 map upwards; its weights do not grow with the picture."""
    widths, bend = [shape[0], max(1, channels // 2), channels], ACTIVATIONS[activation]
    sizes = halvings((shape[1], shape[2]), len(widths) - 1)
    network = nn.Sequential(
        glorot(nn.Linear(latent, channels * SIDE**2)),
        bend(),
        nn.Unflatten(1, (channels, SIDE, SIDE)),
        *widening(widths, sizes, bend),
        filters(widths[1], shape[0] * answers),
    )
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
