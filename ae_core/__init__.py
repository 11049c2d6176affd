"""Autoencoders to build, train, keep and look at; ordinary PyTorch, with no web in it.

>>> from ae_core.models import VAE
>>> from ae_core.datasets import DATASETS
>>> images = DATASETS["digits"].load().test.images[:]  # (360, 1, 8, 8), float32 in [0, 1]
>>> VAE((1, 8, 8), latent=2).reconstruct(images).shape
torch.Size([360, 1, 8, 8])
"""

__version__ = "0.1.0"
