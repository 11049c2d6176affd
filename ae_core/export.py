"""Take a run elsewhere: encoder and decoder as ONNX files, or the whole training as a short PyTorch program."""

from __future__ import annotations

import copy
import importlib.util
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from ae_core.models import Autoencoder
from ae_core.models.convolutional import Shrink
from ae_core.recipe import Recipe
from ae_core.runs import Run
from ae_core.vae_program import PARAMETERS, vae_losses

NEEDED = ("onnx", "onnxscript")  # what torch.onnx.export uses; requirements-export.txt pins them
SCRIPTED = ("vanilla", "multilayer", "vae")  # models whose training can be written as a program
TORCHVISION = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}


class ExportError(ValueError):
    """Something that cannot be exported, or not here; the text says what to do."""


class _Part(nn.Module):
    """One method of a model as a module, which is what the exporter takes."""

    def __init__(self, model: Autoencoder, method: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.model, self.method = model, method

    def forward(self, x: Tensor) -> Tensor:
        return self.method(x)


class _Windows(nn.Module):
    """What adaptive max-pooling to (height, width) gives, one window after the other: ONNX has no word for it."""

    def __init__(self, after: tuple[int, int]) -> None:
        super().__init__()
        self.after = after

    def forward(self, x: Tensor) -> Tensor:
        for dim, size in zip((2, 3), self.after, strict=True):
            edges = [(i * x.shape[dim] // size, -(-(i + 1) * x.shape[dim] // size)) for i in range(size)]
            x = torch.cat([x.narrow(dim, a, b - a).amax(dim, keepdim=True) for a, b in edges], dim)
        return x


def _exportable(model: Autoencoder) -> Autoencoder:
    """A copy for the exporter, on the processor and without gradients; it computes the same."""
    model = copy.deepcopy(model).cpu().float().eval().requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, Shrink) and not module.by_two:
            model.set_submodule(name, _Windows(module.after))
    return model


def onnx_parts(run_or_model: Run | Autoencoder, folder: Path) -> tuple[Path, Path]:
    """Write encoder.onnx and decoder.onnx into `folder`, which is made where it is missing; returns both paths.

    The encoder takes `picture` (n, channels, height, width), float32 in [0, 1], and gives `code` (n, latent), what
    `encode` gives; the decoder takes `code` and gives `picture`. Any n; the weights are inside the files. Files of
    these names that were there before are replaced.

    Raises
        ExportError: where the packages of requirements-export.txt are missing.
        RunError: where the run has no weights or cannot be opened.
    """
    if missing := [name for name in NEEDED if importlib.util.find_spec(name) is None]:
        raise ExportError(
            f"ONNX needs {' and '.join(missing)}, which is not installed here: run pip install -r "
            "requirements-export.txt and try again."
        )
    model = _exportable(run_or_model.load()[0] if isinstance(run_or_model, Run) else run_or_model)
    folder.mkdir(parents=True, exist_ok=True)
    encoder, decoder = folder / "encoder.onnx", folder / "decoder.onnx"
    _write(_Part(model, model.encode), torch.zeros(2, *model.shape), ("picture", "code"), encoder)
    _write(_Part(model, model.decode), torch.zeros(2, model.latent), ("code", "picture"), decoder)
    return encoder, decoder


def _write(part: nn.Module, example: Tensor, names: tuple[str, str], path: Path) -> None:
    any_number = ({0: torch.export.Dim("n", min=1)},)
    torch.onnx.export(
        part.eval(), (example,), path, input_names=names[:1], output_names=names[1:],
        dynamic_shapes=any_number, external_data=False, dynamo=True, verbose=False,
    )  # fmt: skip


# --- a program --------------------------------------------------------------------------------------------------------

PROGRAM = '''\
"""{title}: the training of Autoencoder Explorer in one file. Needs torch and {needs}."""

import torch
import torch.nn.functional as F
from torch import nn

EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED = {epochs}, {batch_size}, {learning_rate!r}, {seed}
torch.set_num_threads(1)  # sums of another order round differently
torch.set_flush_denormal(True)

# Pictures (n, channels, height, width) in [0, 1].
{data}


def layer(inputs, outputs):
    """A dense layer with Glorot-uniform weights and zero biases."""
    made = nn.Linear(inputs, outputs)
    nn.init.xavier_uniform_(made.weight)
    nn.init.zeros_(made.bias)
    return made


torch.manual_seed(SEED)  # the first weights
encoder = {encoder}
decoder = {decoder}


{losses}


# The order of an epoch depends on (seed, epoch), the noise on (seed, step).
optimiser = torch.optim.Adam([*encoder.parameters(), *decoder.parameters(){parameters}], lr=LEARNING_RATE, fused=True)
step = 0
for epoch in range(EPOCHS):
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(SEED * 1_000_003 + epoch))
    for rows in order.split(BATCH_SIZE):
        step += 1
        torch.manual_seed(SEED * 1_000_003 + step)
        optimiser.zero_grad()
        loss = sum(losses(train[rows]))
        loss.backward()
        optimiser.step()
    print(f"epoch {{epoch + 1}} of {{EPOCHS}}: loss of the last batch {{loss.item():.4f}}")

torch.manual_seed(0)  # the same noise whenever a model is judged
with torch.no_grad():
    sums = [[term.item() * len(x) for term in losses(x)] for x in test.split(1000)]
terms = [sum(column) / len(test) for column in zip(*sums)]
print(f"final test loss {{sum(terms):.9g}} ({unit}, summed over pixels, mean over pictures)")
'''

DIGITS = """\
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

digits = load_digits()
chosen = train_test_split(range(len(digits.target)), test_size=360, stratify=digits.target, random_state=0)
images = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16
train, test = images[chosen[0]], images[chosen[1]]"""

DOWNLOADED = """\
import sys

try:
    from torchvision import datasets
except RuntimeError:  # its CUDA wheel beside a CPU-only torch: name the operators it misses, none of which is used here
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    for operator in ("nms", "qnms"):
        torch.library.define(f"torchvision::{operator}", "(Tensor a, Tensor b, float c) -> Tensor")
    from torchvision import datasets

parts = [datasets.KIND("data", train=train, download=True) for train in (True, False)]
train, test = (part.data.unsqueeze(1).float() / 255 for part in parts)"""

RECONSTRUCTION = {
    "mse": 'F.mse_loss(logits.sigmoid(), x, reduction="sum")',
    "bce": 'F.binary_cross_entropy_with_logits(logits, x, reduction="sum")',
}

ONE_TERM = '''\
def losses(x):
    """The reconstruction loss, summed over pixels, mean over pictures; the picture rebuilt is logits.sigmoid()."""
    logits = decoder(encoder(x))
    return [{reconstruction} / len(x)]'''

BENDS = {"relu": ["nn.ReLU()"], "silu": ["nn.SiLU()"], "tanh": ["nn.Tanh()"], "sigmoid": ["nn.Sigmoid()"], "linear": []}


def training_script(recipe: Recipe) -> str:
    """A stand-alone PyTorch program that trains the recipe again on the processor and prints its final test loss.

    First weights, order of the pictures, noise and optimiser are the same, so a run that was trained on the processor
    of the same machine comes out with the same loss.

    Raises
        ExportError: for the data set shapes, for the models outside of `SCRIPTED`, and for multilayer with normalise.
    """
    what = recipe.model + (" with normalise" if recipe.knobs.get("normalise") else "")
    if what not in SCRIPTED:
        raise ExportError(
            f"A program for the model {what} is not written yet: choose a run of {', '.join(SCRIPTED)}, or "
            "train this one through ae_core."
        )
    encoder, decoder = _networks(recipe)
    knobs = recipe.knobs
    if recipe.model == "vae":
        losses, parameters = vae_losses(knobs, decoder), PARAMETERS.get(knobs["likelihood"], "")
    else:
        losses, parameters = ONE_TERM.format(reconstruction=RECONSTRUCTION[knobs["reconstruction"]]), ""
    return PROGRAM.format(
        title=recipe.title,
        needs="scikit-learn" if recipe.dataset == "digits" else "torchvision",
        **recipe.plan,
        data=_data(recipe.dataset),
        encoder=f"nn.Sequential({', '.join(encoder)})",
        decoder=f"nn.Sequential({', '.join(decoder)})",
        losses=losses,
        parameters=parameters,
        unit=recipe.unit,
    )


def _data(name: str) -> str:
    """Lines that make `train` and `test`."""
    if name == "digits":
        return DIGITS
    if name in TORCHVISION:
        return DOWNLOADED.replace("KIND", TORCHVISION[name])
    raise ExportError(
        f"A program for the data set {name} is not written yet: choose a run on digits, {', '.join(TORCHVISION)}, or "
        "train this one through ae_core."
    )


def _networks(recipe: Recipe) -> tuple[list[str], list[str]]:
    """The layers of encoder and decoder as Python expressions, in the order in which they draw their weights."""
    knobs, shape, pixels = recipe.knobs, recipe.data.shape, math.prod(recipe.data.shape)
    hidden, bend = tuple(knobs.get("hidden", ())), BENDS[knobs["activation"]]
    end = {"vanilla": bend, "multilayer": BENDS[knobs.get("code_activation", "linear")], "vae": []}[recipe.model]
    answers = 2 * knobs["latent"] if recipe.model == "vae" else knobs["latent"]
    inward, outward = (pixels, *hidden), (knobs["latent"], *reversed(hidden))
    encoder = ["nn.Flatten()", *_dense(inward, bend), *_dense((inward[-1], answers), end)]
    decoder = [*_dense(outward, bend), *_dense((outward[-1], pixels), []), f"nn.Unflatten(1, {shape})"]
    return encoder, decoder


def _dense(widths: tuple[int, ...], bend: list[str]) -> list[str]:
    return [part for inputs, outputs in pairwise(widths) for part in [f"layer({inputs}, {outputs})", *bend]]
