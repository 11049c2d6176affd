"""The same nets in other people's libraries, where those are installed; they are no dependencies of this project.

Every function takes the name of a row and a number of epochs and returns seconds of each epoch. MNIST as the peer likes
it best: one array in memory. Batch 128, Adam at 1e-3, the peer's own default number of threads.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
import time
from itertools import pairwise
from typing import Any

BATCH, RATE = 128, 1e-3
DENSE = {"vanilla": (64,), "multilayer": (128, 64)}  # widths from the picture to the code


def installed(*packages: str) -> bool:
    """Whether all of them can be imported."""
    return all(importlib.util.find_spec(package) for package in packages)


def _train_images() -> Any:
    from ae_core.datasets import dataset

    return dataset("mnist").load().train.images[:]


def keras(name: str, epochs: int) -> list[float]:
    """Keras 3 `.fit` on its TensorFlow backend."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras as k

    clock: list[float] = []

    class Watch(k.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            clock.append(time.perf_counter() - self.began)

    layers = k.layers
    if name == "convolutional":  # the small net of the Keras blog

        def conv(filters: int, **how: Any) -> Any:
            return layers.Conv2D(filters, 3, activation="relu", padding=how.get("padding", "same"))

        net = k.Sequential([
            k.Input((28, 28, 1)), conv(16), layers.MaxPooling2D(2, padding="same"), conv(8), layers.MaxPooling2D(2, padding="same"),
            conv(8), layers.MaxPooling2D(2, padding="same"), conv(8), layers.UpSampling2D(2), conv(8), layers.UpSampling2D(2),
            conv(16, padding="valid"), layers.UpSampling2D(2), layers.Conv2D(1, 3, activation="sigmoid", padding="same"),
        ])  # fmt: skip
        images, loss = _train_images().permute(0, 2, 3, 1).numpy(), "binary_crossentropy"
    else:
        widths = DENSE[name]
        dense = [layers.Dense(w, activation="relu") for w in (*widths, *reversed(widths[:-1]))]
        net = k.Sequential([k.Input((784,)), *dense, layers.Dense(784, activation="sigmoid")])
        images, loss = _train_images().flatten(1).numpy(), "mse"
    net.compile(optimizer=k.optimizers.Adam(RATE), loss=loss)
    net.fit(images, images, batch_size=BATCH, epochs=epochs, verbose=0, callbacks=[Watch()])
    return clock


def pythae(name: str, epochs: int) -> list[float]:
    """pythae's base trainer with encoder and decoder of our widths."""
    from pythae.data.datasets import BaseDataset
    from pythae.models import AE, VAE, AEConfig, VAEConfig
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    images = _train_images()
    if name != "vanilla":
        config = VAEConfig(input_dim=(1, 28, 28), latent_dim=20, reconstruction_loss="bce")
        model = VAE(config, encoder=_pythae_encoder(400, 20), decoder=_pythae_decoder(20, 400))
    else:
        model = AE(
            AEConfig(input_dim=(1, 28, 28), latent_dim=64),
            encoder=_pythae_encoder(None, 64),
            decoder=_pythae_decoder(64, None),
        )
    with tempfile.TemporaryDirectory() as folder:
        settings = BaseTrainerConfig(
            output_dir=folder, num_epochs=epochs, per_device_train_batch_size=BATCH, learning_rate=RATE, optimizer_cls="Adam",
            no_cuda=True,
        )  # fmt: skip
        trainer = BaseTrainer(
            model=model, train_dataset=BaseDataset(images, images.new_zeros(len(images))), training_config=settings
        )
        trainer.prepare_training()
        seconds = []
        for epoch in range(1, epochs + 1):
            began = time.perf_counter()
            trainer.train_step(epoch)
            seconds.append(time.perf_counter() - began)
    return seconds


def _pythae_encoder(hidden: int | None, latent: int) -> Any:
    import torch
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseEncoder

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.latent_dim = latent
            self.body = torch.nn.Linear(784, hidden or latent)
            self.heads = torch.nn.ModuleList([torch.nn.Linear(hidden, latent) for _ in range(2)] if hidden else [])

        def forward(self, x: torch.Tensor) -> ModelOutput:
            h = self.body(x.flatten(1)).relu()
            if not self.heads:
                return ModelOutput(embedding=h)
            return ModelOutput(embedding=self.heads[0](h), log_covariance=self.heads[1](h))

    return Encoder()


def _pythae_decoder(latent: int, hidden: int | None) -> Any:
    import torch
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            widths = [latent, *([hidden] if hidden else []), 784]
            layers = [torch.nn.Linear(a, b) for a, b in pairwise(widths)]
            bends = [torch.nn.ReLU() for _ in layers[1:]] + [torch.nn.Sigmoid()]
            self.layers = torch.nn.Sequential(*[part for pair in zip(layers, bends, strict=True) for part in pair])

        def forward(self, z: torch.Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.layers(z).reshape(-1, 1, 28, 28))

    return Decoder()
