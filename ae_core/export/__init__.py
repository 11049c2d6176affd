"""Take a run elsewhere: encoder and decoder as ONNX files, or the whole training as one PyTorch program."""

from __future__ import annotations

from ae_core.export.base import ExportError
from ae_core.export.onnx import NEEDED, onnx_parts
from ae_core.export.script import training_script

__all__ = ["NEEDED", "ExportError", "onnx_parts", "training_script"]
