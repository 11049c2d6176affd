r"""A sparse autoencoder: the code may be large, but for each picture only few of its units may speak.

    code  h = f(W x + b)
    loss  L = reconstruction + sparsity
    l1    sparsity = weight \sum_{units} |h|
    kl    sparsity = weight \sum_{units} KL(rate \| r),  $r$ being the mean of the unit over the images
    kl    KL(rate \| r) = rate \log \frac{rate}{r} + (1 - rate) \log \frac{1 - rate}{1 - r};  $f$ is the sigmoid
    topk  no penalty: the `active` largest units of each picture stay, all others become 0

Few active units make each of them mean something: a stroke, an edge. Both penalties are per image (l1 is averaged over
images, kl is taken of averages), so doubling the batch does not double them. For l1 and topk every image counts by
itself, and the size of the batch does not matter at all. The rates of kl belong to all training images; a step only
has the mean of its batch of $B$ images, which scatters around $r$ with variance $v / B$, $v$ being the unit's variance
over images. KL bends upwards, so on average a batch overstates the penalty, for each unit by about

    excess  weight \left( \frac{rate}{r^2} + \frac{1 - rate}{(1 - r)^2} \right) \frac{v}{2 B}

which is little from 100 images on, and much for a few.

Source: Ng (2011), Sparse autoencoder, CS294A notes (kl); Makhzani and Frey (2014), k-Sparse autoencoders,
arXiv:1312.5663 (topk).
"""

from __future__ import annotations

from typing import Annotated

import torch
from torch import Tensor

from ae_core.knobs import Knob, KnobError, When, checks_knobs
from ae_core.models.base import DeterministicAutoencoder, Shape, checked_shape
from ae_core.models.blocks import LatentKnob, dense_mirror
from ae_core.models.reconstruction import RECONSTRUCTION_LOSSES, ReconstructionKnob

BENDS = {"l1": "relu", "kl": "sigmoid", "topk": "relu"}
EDGE = 1e-6  # keeps the logarithms of the kl penalty finite where a unit is always on or always off


class Sparse(DeterministicAutoencoder):
    """One dense layer in and out, and a price on active units; 784-64-784 with its defaults on 28x28 pictures."""

    title = "Sparse"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: LatentKnob = 64,
        penalty: Annotated[str, Knob("How few active units are asked for", choices=tuple(BENDS))] = "l1",
        weight: Annotated[float, Knob("Price of activity", 0, 100, only_when=When("penalty", ("l1", "kl")))] = 0.1,
        rate: Annotated[
            float, Knob("Wanted mean activity of a unit", 0.001, 0.999, only_when=When("penalty", ("kl",)))
        ] = 0.05,
        active: Annotated[
            int, Knob("Units that stay in each picture", 1, 1024, log=2, only_when=When("penalty", ("topk",)))
        ] = 8,
        reconstruction: ReconstructionKnob = "mse",
    ) -> None:
        shape = checked_shape(shape)
        if penalty == "topk" and active > latent:
            raise KnobError(
                f"active = {active}: must be at most the size of the code, latent = {latent}; take {latent}."
            )
        encoder, decoder = dense_mirror(shape, latent, (), "linear", BENDS[penalty])
        if penalty == "topk":
            encoder.append(TopK(active))
        super().__init__(shape, latent, (encoder, decoder), RECONSTRUCTION_LOSSES[reconstruction])
        self.penalty, self.weight, self.rate = penalty, weight, rate

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        code = self.encode(x)
        terms = {"reconstruction": self.reconstruction(code, x)}
        if self.penalty == "l1":
            terms["sparsity"] = self.weight * code.abs().sum(1).mean()
        elif self.penalty == "kl":
            terms["sparsity"] = self.weight * kl_of_rates(self.rate, code.mean(0)).sum()
        return terms


class TopK(torch.nn.Module):
    """Keep the k largest numbers of each row (n, latent), set the others to 0."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(self, code: Tensor) -> Tensor:
        values, places = code.topk(self.k, dim=1)
        return torch.zeros_like(code).scatter(1, places, values)


def kl_of_rates(rate: float, mean_activity: Tensor) -> Tensor:
    """KL between coins that fall on heads with `rate` and with each mean activity (latent,); nats, (latent,)."""
    r = mean_activity.clamp(EDGE, 1 - EDGE)
    wanted = torch.tensor(rate, dtype=r.dtype, device=r.device)
    return wanted * (wanted / r).log() + (1 - wanted) * ((1 - wanted) / (1 - r)).log()
