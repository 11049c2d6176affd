"""Knobs of a model as parameters of a scikit-learn estimator: `knobs__beta` in `set_params`, a pipeline or a search.

scikit-learn writes a parameter within a parameter with two underscores, and asks the outer one, an estimator, to set
it. Here the outer one is a mapping of knobs, which stays as it was given: a search sets the same one many times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from ae_core.knobs import KnobError, declared, did_you_mean
from ae_core.models import MODELS, model_class

PREFIX = "knobs__"


class KnobParameters:
    """For an estimator with the parameters `model`, `latent` and `knobs`; stands before scikit-learn's own classes."""

    model: str
    latent: int | None
    knobs: Mapping[str, Any] | None

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; with `deep` every further knob of the model too, as `knobs__name`."""
        found: dict[str, Any] = super().get_params(deep=False)  # type: ignore[misc]
        return found | {PREFIX + name: value for name, value in self._further().items() if deep}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name, knobs as `knobs__name`; the mapping that was given as `knobs` is left as it was.

        Raises
            KnobError: where there is no such model, or it has no such knob. A bad value is told at `fit`, as
            scikit-learn wants it.
        """
        nested = {name.removeprefix(PREFIX): params.pop(name) for name in list(params) if name.startswith(PREFIX)}
        super().set_params(**params)  # type: ignore[misc]
        if nested:
            known = self._further()
            for name in nested.keys() - known.keys():
                model_class(self.model)  # else it is the model that there is not
                raise KnobError(f"{PREFIX}{name}: {self._remedy(name, known)}")
            changed = {name: value for name, value in nested.items() if value is not known[name]}
            self.knobs = {**(self.knobs or {}), **changed} if changed else self.knobs
        return self

    def all_knobs(self) -> dict[str, Any]:
        """The given knobs and the size of the code, not checked yet.

        Raises
            KnobError: where `knobs` is no mapping, or holds another size of the code.
        """
        given: Any = {} if self.knobs is None else self.knobs
        if not isinstance(given, Mapping):
            raise KnobError(
                f"knobs = {str(given)[:60]!r}: must be a mapping from names of knobs to values, or None; give a dict."
            )
        if self.latent is not None and given.get("latent", self.latent) != self.latent:
            raise KnobError(
                f"knobs hold latent = {given['latent']!r}, but the parameter latent is {self.latent!r}: the size of the"
                " code must be given once; leave it out of knobs."
            )
        return dict(given) if self.latent is None else {**given, "latent": self.latent}

    def _further(self) -> dict[str, Any]:
        """The knobs but `latent`: those that are given, and the defaults of the others where there is such a model."""
        given = self.knobs if isinstance(self.knobs, Mapping) else {}
        known = isinstance(self.model, str) and self.model in MODELS
        defaults = {name: knob.default for name, knob in declared(model_class(self.model)).items()} if known else {}
        return {name: value for name, value in {**defaults, **given}.items() if name != "latent"}

    def _remedy(self, name: str, known: Mapping[str, Any]) -> str:
        if name == "latent":
            return "the size of the code is a parameter of its own; set latent."
        return f"not a knob of {self.model}; {did_you_mean(name, known, 'its knobs are')}"
