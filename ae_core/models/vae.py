"""The variational autoencoder: a picture becomes not one code but a small cloud of codes, and clouds must overlap.

    posterior  q(z | x) = Normal(mean(x), variance(x)),   prior  p(z) = Normal(0, I)
    code       z = mean + sqrt(variance) * e,   e ~ Normal(0, I)            (reparameterisation)
    reconstruction = -log p(x | z) = sum over pixels of -x log y - (1 - x) log(1 - y)
    kl         = KL(q || p) = 1/2 sum over latents of mean^2 + variance - 1 - log variance
    loss       L = reconstruction + kl = -ELBO,   in nats, averaged over images

Because the clouds fill the space around zero without gaps, a code drawn from the prior decodes to something that looks
like a picture.

Source: Kingma and Welling (2014), Auto-Encoding Variational Bayes, arXiv:1312.6114, eq. 10 and appendix B; Rezende,
Mohamed and Wierstra (2014), arXiv:1401.4082.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ae_core.knobs import checks_knobs
from ae_core.models.base import Gaussian, GenerativeAutoencoder, Shape
from ae_core.models.blocks import ActivationKnob, HiddenKnob, LatentKnob, dense_mirror
from ae_core.models.reconstruction import cross_entropy


class VAE(GenerativeAutoencoder):
    """Gaussian posterior, Bernoulli likelihood; 784-400-20-400-784 with its defaults on 28x28 pictures."""

    title = "Variational (VAE)"
    unit = "nats"

    @checks_knobs
    def __init__(
        self,
        shape: Shape,
        *,
        latent: LatentKnob = 20,
        hidden: HiddenKnob = (400,),
        activation: ActivationKnob = "relu",
    ) -> None:
        super().__init__(shape, latent)
        self.encoder, self.decoder = dense_mirror(self.shape, latent, hidden, activation, codes=2)

    def posterior(self, x: Tensor) -> Gaussian:
        return Gaussian(*self.encoder(x).chunk(2, dim=1))

    def encode(self, x: Tensor) -> Tensor:
        return self.posterior(x).mean

    def decode(self, code: Tensor) -> Tensor:
        return self.decoder(code).sigmoid()

    def losses(self, x: Tensor) -> dict[str, Tensor]:
        q = self.posterior(x)
        z = q.mean + (0.5 * q.log_variance).exp() * torch.randn_like(q.mean)
        return {"reconstruction": cross_entropy(self.decoder(z), x), "kl": kl_to_standard_normal(q).mean()}

    def sample_codes(self, n: int) -> Tensor:
        return torch.randn(n, self.latent, device=next(self.parameters()).device)


def kl_to_standard_normal(q: Gaussian) -> Tensor:
    """KL(q || Normal(0, I)) of each image (n,), summed over latents, in nats; Kingma and Welling, appendix B."""
    return 0.5 * (q.mean.square() + q.log_variance.exp() - 1 - q.log_variance).sum(dim=1)
