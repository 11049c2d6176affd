"""The family on cards: for each model its bottleneck to scale, and what a shipped run of it makes of test pictures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from markupsafe import Markup

from ae_core.datasets import DATASETS, Dataset, DatasetError
from ae_core.datasets.choosing import one_of_each
from ae_core.looks.look import look
from ae_core.measures.metrics import reconstructions
from ae_core.models import MODELS, idea
from ae_core.runs import reading
from ae_core.runs.opened import Opened, opened
from ae_core.runs.recipe import starting_latent
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store
from ui.colours import OURS
from ui.figures.pictures import data_uri, grey, image, strip
from ui.figures.provenance import source_words
from ui.markup import box, render
from ui.results.asking import ask
from ui.results.failed_runs import failed

SHOWN = 6
SHOWCASES = ("handwriting", "digits")


class Card(NamedTuple):
    """What a model is: its idea, its bottleneck and, where there is an example, what that makes of test pictures."""

    title: str
    idea: str
    pixels: int
    latent: int
    funnel: str  # the address of a picture
    pictures: Markup
    source: str  # of the pictures
    links: Mapping[str, str]  # label -> address; they stay within the visit (`components/shared/visit_links.js`)


def showcase() -> Dataset:
    """The data set that first pages show."""
    return next(DATASETS[name] for name in SHOWCASES if DATASETS[name].present())


def planes() -> list[Run]:
    """A shipped VAE and a shipped plain autoencoder with codes of two numbers, of the showcase, else any run on 8x8
    digits.
    """
    return shipped("vae-{}-2d", "multilayer-{}-2d") or shipped("vanilla-{}") or _others_of_digits()[:1]


def _others_of_digits() -> list[Run]:
    return [run for run in reading.runs_of(Store.default(), "digits") if not failed(run)]


def shipped(*names: str) -> list[Run]:
    """Those of the named runs that are there, with the name of the showcase in the place of {}."""
    found = []
    for name in names:
        try:
            found.append(Store.default().find(name.format(showcase().name)))
        except RunError:
            continue
    return found


def shipped_of(model: str) -> Run | None:
    """The shipped run of a model: of the showcase where there is one, else on any pictures that are on this
    computer.
    """
    return next(iter(shipped(f"{model}-{{}}")), None) or next(iter(_others(model)), None)


def _others(model: str) -> Iterator[Run]:
    for run in Store.default().listing():
        try:
            if run.pretrained and run.recipe().model == model and run.recipe().data.present() and run.has_weights():
                yield run
        except RunError:
            continue


def cards() -> Markup:
    """HTML of a card for each model; one element of the page, since each costs the server and the browser as much as it
    holds.
    """
    return render("cards.html", cards=list(map(_card, MODELS)))


def _card(model: str) -> Card:
    kind, example = MODELS[model], shipped_of(model)
    recipe = example.recipe() if example else None
    entry = recipe.data if recipe else DATASETS["digits"]
    pixels, latent = math.prod(entry.shape), recipe.knobs["latent"] if recipe else starting_latent(kind, entry)
    shown, source = (pictures(example), source_words(example)) if example else (Markup(), "")
    links = {"Open": f"latent?run={example.id}"} if example else {}
    links["Train it yourself"] = f"train?model={model}"
    return Card(kind.title, idea(model), pixels, latent, funnel(pixels, latent), shown, source, links)


def funnel(pixels: int, latent: int) -> str:
    """The address of a picture of a funnel from `pixels` values to `latent` and back, heights to scale."""
    full = 56.0
    waist = max(1.0, full * latent / max(pixels, latent))
    outer = full * pixels / max(pixels, latent)
    o, w = (60 - outer) / 2, (60 - waist) / 2
    svg = render(
        "funnel.svg",
        colour=OURS,
        left=f"0,{o:.1f} 92,{w:.1f} 92,{60 - w:.1f} 0,{60 - o:.1f}",
        right=f"200,{o:.1f} 108,{w:.1f} 108,{60 - w:.1f} 200,{60 - o:.1f}",
        top=f"{w:.1f}",
        waist=f"{waist:.1f}",
    )
    return data_uri(svg.encode(), "svg+xml")


def pictures(run: Run) -> Markup:
    """HTML of a few test pictures over what the run rebuilds of them; empty where the pictures are not here."""
    try:
        return ask(_pictures, opened(run))
    except (RunError, DatasetError):
        return Markup()


@look()
def _pictures(run: Opened) -> Markup:
    network, test = run.model, run.data.load().test
    x = test.images[one_of_each(test.labels, SHOWN)]
    rows = ((x, "test pictures"), (reconstructions(network, x), f"the same, rebuilt by {network.title}"))
    return box("ae-strip", *(image(strip(grey(part.numpy())), f"{SHOWN} {what}") for part, what in rows))
