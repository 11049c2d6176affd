"""Pictures that a visitor brought along, turned to one shape for a data set of their own."""

from __future__ import annotations

from torch import Tensor

from ae_core.looks.look import look, report
from ae_core.pictures import set_import
from ae_core.pictures.set_import import Turning
from ae_core.pictures.upload import Upload


@look("Turning the pictures", private=True)
def turned(upload: Upload, turning: Turning) -> Tensor:
    """All pictures of an upload as uint8 (n, channels, side, side)."""
    return set_import.turned(upload, turning, report)
