r"""The variational autoencoder: a picture becomes not one code but a small cloud of codes, and clouds must overlap.

    posterior       q(z \mid x) = Normal(mean(x), variance(x))
    prior           p(z) = Normal(0, I)
    code            z = mean + \sqrt{variance} \, e, \quad e \sim Normal(0, I)  (reparameterisation)
    reconstruction  reconstruction = -\log p(x \mid z)
    bernoulli       -\log p(x \mid z) = \sum_{pixels} -x \log y - (1 - x) \log(1 - y)
    kl              kl = \beta \sum_{latents} KL(q \| p), \quad KL = \frac{1}{2} (mean^2 + variance - 1 - \log variance)
    loss            L = reconstruction + kl,  in nats, averaged over images; with $\beta = 1$ it is -ELBO

Of a grey picture bernoulli gives no probability, since a coin is black or white: there $L$ is a loss and nothing more.

Because the clouds fill the space around zero without gaps, a code drawn from the prior decodes to something that looks
like a picture.

    free_bits  \max(KL, free_bits)  in place of KL: below so many nats a latent (mean of the batch) costs no less
    samples    bound = -\log \frac{1}{k} \sum_{codes} \frac{p(x \mid z) \, p(z)}{q(z \mid x)}  of $k > 1$ codes
    its loss   L = bound,  which is tighter, and one term that does not split into two
    binarise   a picture is drawn anew as black or white, its grey levels the probabilities, whenever it is looked at

Source: Kingma and Welling (2014), Auto-Encoding Variational Bayes, arXiv:1312.6114, eq. 10 and appendix B; Rezende,
Mohamed and Wierstra (2014), arXiv:1401.4082; beta: Higgins et al. (2017), ICLR; free bits: Kingma et al. (2016),
arXiv:1606.04934, appendix C.8; k codes: Burda, Grosse and Salakhutdinov (2016), arXiv:1509.00519, eq. 8.
"""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor, nn

from ae_core.knobs import Knob, When, checks_knobs
from ae_core.models.base import Gaussian, GenerativeAutoencoder, Shape
from ae_core.models.blocks import HiddenActivationKnob, HiddenKnob, LatentKnob, ToShape, dense, dense_mirror
from ae_core.models.likelihoods import DeviationKnob, LikelihoodKnob, likelihood_of

HAS_KL = When("samples", (1,))  # the bound of several codes has no kl of its own
ARE_COINS = When("likelihood", ("bernoulli",))  # black or white pixels are coins
AT_ONCE = 2**22  # pixels that are decoded together where many codes are drawn: 16 MB


class VAE(GenerativeAutoencoder):
    """Gaussian posterior, Bernoulli likelihood; 784-400-20-400-784 with its defaults on 28x28 pictures."""

    title = "Variational (VAE)"
    unit = "nats"
    ends_in_logits = True

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: LatentKnob = 20,
        hidden: HiddenKnob = (400,),
        activation: HiddenActivationKnob = "relu",
        likelihood: LikelihoodKnob = "bernoulli",
        deviation: DeviationKnob = 0.1,
        samples: Annotated[int, Knob("Codes drawn for each picture; more give a tighter bound", 1, 100, log=10)] = 1,
        beta: Annotated[float, Knob("Price of the code: how much a nat of kl counts", 0, 100, only_when=HAS_KL)] = 1.0,
        free_bits: Annotated[
            float, Knob("Nats that each number of the code may hold at no price", 0, 10, only_when=HAS_KL)
        ] = 0.0,
        binarise: Annotated[
            bool, Knob("Draw each picture anew as black or white, from its grey levels", only_when=ARE_COINS)
        ] = False,
    ) -> None:
        super().__init__(shape, latent)
        self.encoder, self.decoder = dense_mirror(self.shape, latent, hidden, activation, codes=2)
        outward = [latent, *reversed(hidden)]
        self.likelihood = likelihood_of(
            likelihood,
            deviation,
            lambda: nn.Sequential(
                *dense(outward, activation), *dense([outward[-1], math.prod(self.shape)], "linear"), ToShape(self.shape)
            ),
        )
        self.beta, self.free_bits, self.samples, self.binarise = beta, free_bits, samples, binarise

    def posterior(self, x: Tensor) -> Gaussian:
        return Gaussian(*self.encoder(x).to(x.dtype).chunk(2, dim=1))  # bfloat16 would be too coarse for kl

    def decode(self, code: Tensor) -> Tensor:
        return self.decoder(code).sigmoid()

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        x = self.observed(x)
        q = self.posterior(x)
        if self.samples > 1:
            return {"bound": self._bound(q, x)}
        z = q.at(torch.randn_like(q.mean))
        reconstruction = self.likelihood.surprise(self.decoder(z), z, x).sum() / len(x)
        return {"reconstruction": reconstruction, "kl": self.beta * price(q, self.free_bits)}

    def log_likelihood(self, code: Tensor, x: Tensor) -> Tensor:
        return -self.likelihood.surprise(self.decoder(code), code, x).flatten(1).sum(1)

    def sample_images(self, code: Tensor) -> Tensor:
        return self.likelihood.draw(self.decoder(code), code)

    def observed(self, x: Tensor) -> Tensor:
        return torch.bernoulli(x) if self.binarise else x

    def _bound(self, q: Gaussian, x: Tensor) -> Tensor:
        """-log of the mean of `samples` importance weights, mean over images; Burda et al., eq. 8."""
        noise = torch.randn(self.samples, *q.mean.shape, dtype=x.dtype, device=x.device)
        weights = [self.log_weights(q, x, part) for part in noise.split(max(1, AT_ONCE // x.numel()))]
        return math.log(self.samples) - torch.cat(weights).logsumexp(0).mean()


def price(q: Gaussian, free_bits: float = 0.0) -> Tensor:
    """KL(q || Normal(0, I)), summed over latents, mean over images, in nats; no latent counts less than `free_bits`."""
    if free_bits:
        return q.kl().mean(0).clamp(min=free_bits).sum()
    return q.kl().sum(1).mean()
