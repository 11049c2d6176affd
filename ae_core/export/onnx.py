"""Encoder and decoder of a model as ONNX files, which other programs and languages can run."""

from __future__ import annotations

import copy
import importlib.util
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from ae_core.export.base import ExportError
from ae_core.models import Autoencoder
from ae_core.models.convolutional import Shrink
from ae_core.runs.run import Run

NEEDED = ("onnx", "onnxscript")  # what torch.onnx.export uses; requirements-export.txt pins them


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
        part.eval(),
        (example,),
        path,
        input_names=names[:1],
        output_names=names[1:],
        dynamic_shapes=any_number,
        external_data=False,
        dynamo=True,
        verbose=False,
    )
