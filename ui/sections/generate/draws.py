"""Where the codes of Generate's samples come from, and the training pictures nearest to what is made of them."""

from __future__ import annotations

from torch import Tensor

from ae_core.datasets import DatasetError
from ae_core.looks.neighbours import Found, of_training
from ae_core.looks.samples import Drawn, drawn
from ae_core.models.base import GenerativeAutoencoder
from ae_core.runs.opened import Opened
from ae_core.space.sampling import COMPONENTS
from ui.results.asking import ask

SAMPLERS = {
    "prior": "The prior of the model",
    "mixture": "A mixture fitted to the codes",
    "normal": "A normal distribution fitted to the codes",
}
_COMPONENTS = {"prior": 0, "mixture": COMPONENTS, "normal": 1}


def samplers(run: Opened) -> dict[str, str]:
    """Where codes for this model can come from: name -> text on screen, the model's own prior first."""
    own = isinstance(run.model, GenerativeAutoencoder)
    return SAMPLERS if own else {name: text for name, text in SAMPLERS.items() if name != "prior"}


def samples(run: Opened, name: str, n: int, temperature: float, seed: int) -> Drawn:
    """Pictures of codes drawn from one of `samplers`."""
    return ask(drawn, run, _COMPONENTS[name], n, temperature, seed)


def nearest(run: Opened, pictures: Tensor) -> Found | None:
    """The training picture nearest to each; None where they are not on this computer."""
    try:
        return ask(of_training, run.data, pictures)
    except DatasetError:
        return None
