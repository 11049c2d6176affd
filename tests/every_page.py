"""Every page, every way to look at one, and every name that an address may have."""

from __future__ import annotations

from ae_core.runs.store import ROOT, Store
from ui.controls.sketching import written

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
RUNS = [run.id for run in Store.default().listing() if run.pretrained and "-digits" in run.id]
LOOKS = [
    *(("reconstruct", {"section": section}) for section in ("test", "drawing", "upload", "foreign", "sizes", "path")),
    ("reconstruct", {"show": "worst"}),
    ("denoise", {}),
    ("denoise", {"applied": "hundred", "source": "drawing"}),
    ("latent", {}),
    ("latent", {"map": "dims"}),
    ("latent", {"map": "three"}),
    ("latent", {"layer": "hidden-1"}),
    *(("generate", {"section": s}) for s in ("samples", "manifold", "numbers", "between", "arithmetic", "prior")),
    ("compare", {}),
    ("train", {}),
]
DRAWN = written(Store.default().find("vanilla-digits").recipe().data.load().test.images[7, 0].numpy())
KEYS = (
    "run", "before", "runs", "with", "model", "dataset", "recipe", "latent", "epochs", "seed", "hidden", "batch_size", "learning_rate",
    "optimiser", "tied", "beta", "show", "class", "set", "draw", "page", "at", "pins", "sliders", "code", "network", "map", "layer",
    "right", "up", "a", "b", "c", "from", "temperature", "first", "second", "plus", "minus", "base", "number", "curves",
    "kind", "level", "applied", "source", "picture", "other", "drawn", "place", "fit", "invert", "nobody",
)  # fmt: skip
