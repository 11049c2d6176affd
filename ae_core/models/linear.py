r"""The linear autoencoder: without any bend, the best a network can learn is PCA, and it does learn it.

    code    h = W x + c
    output  y = V h + b  (tied: $V = W^T$)
    loss    L = \sum_{pixels} (x - y)^2,  averaged over images

Among all flat subspaces of as many dimensions as the code has numbers none loses less than the one of the first
principal components, and $L$ has no other minimum: whatever the first weights, training ends there. Start `pca` puts
$W$ = components, $c = -W mean$, $V = W^T$, $b = mean$ before the first step, and nothing is left to learn.

The weights find the subspace, not its axes: with any invertible $G$, the pair $G W$, $V G^{-1}$ has the same loss. The
order comes back with the codes: the outputs $V h + b$ have the covariance $V C V^T$, $C$ being that of the codes, and
the singular vectors of $V C^{1/2}$ are its eigenvectors, the principal components, sorted by variance (`components`).

The loss takes $y$ as it is, so that the link to PCA is exact; a picture on screen (`decode`) is $y$ cut to $[0, 1]$,
which can only bring it nearer to $x$.

Source: Baldi and Hornik (1989), Neural networks and principal component analysis, Neural Networks 2; Bourlard and Kamp
(1988), Auto-association by multilayer perceptrons and singular value decomposition, Biological Cybernetics 59; Plaut
(2018), From principal subspaces to principal components with linear autoencoders, arXiv:1804.10253.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from ae_core.baselines import PCA
from ae_core.knobs import Knob, checks_knobs
from ae_core.models.base import DataStarted, Shape
from ae_core.models.blocks import LatentKnob, Tied, TiedKnob, ToShape, glorot
from ae_core.pictures.pictures import Pictures


class Linear(DataStarted):
    """One linear layer in, one linear layer out; 784-64-784 with its defaults on 28x28 pictures."""

    title = "Linear (PCA)"
    unit = "squared error"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: LatentKnob = 64,
        tied: TiedKnob = False,
        start: Annotated[
            str, Knob("First weights: at random, or those of PCA on the training pictures", choices=("random", "pca"))
        ] = "random",
    ) -> None:
        super().__init__(shape, latent)
        pixels = math.prod(self.shape)
        inward = glorot(nn.Linear(pixels, latent))
        outward = Tied(inward) if tied else glorot(nn.Linear(latent, pixels))
        self.encoder = nn.Sequential(nn.Flatten(), inward)
        self.decoder = nn.Sequential(outward, ToShape(self.shape))
        self._ends = inward, outward  # in a tuple, so that they are counted and saved once
        self.start = start

    def encode(self, x: Tensor) -> Tensor:
        return self.encoder(x)

    def decode(self, code: Tensor) -> Tensor:
        return self.decoder(code).clamp(0, 1)

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        return {"reconstruction": (self.decoder(self.encode(x)) - x).square().sum() / len(x)}

    @torch.no_grad()
    def start_from(self, images: Tensor | Pictures) -> None:
        if self.start == "random":
            return
        pca = PCA.fit(images[:].cpu())
        directions = pca.components[: self.latent]
        inward, outward = self._ends
        inward.weight.zero_()  # units beyond the rank of the pictures have nothing to add
        inward.weight[: len(directions)] = directions.to(inward.weight)
        inward.bias.copy_(-inward.weight @ pca.mean.to(inward.weight))
        outward.weight.copy_(inward.weight.T)
        outward.bias.copy_(pca.mean)

    @torch.no_grad()
    def components(self, images: Tensor) -> Tensor:
        """Principal components from the weights: orthonormal rows (min(latent, pixels), pixels), largest variance
        first.

        Images (n, channels, height, width) say how the codes vary; those of the training give the components of PCA,
        as far as training went. The largest entry of each row is positive, since a component has no sign.
        """
        scale, axes = torch.linalg.eigh(self.encode(images).double().T.cov().reshape(self.latent, self.latent))
        spread = axes * scale.clamp(min=0).sqrt()  # spread @ spread.T is the covariance of the codes
        rows = torch.linalg.svd(self._ends[1].weight.double() @ spread, full_matrices=False).U.T
        signs = rows.gather(1, rows.abs().argmax(1, keepdim=True)).sign()
        return (rows * signs).to(self._ends[1].weight.dtype)
