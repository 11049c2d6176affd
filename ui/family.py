"""The family on cards: for each model its bottleneck to scale, and what a shipped run of it makes of test pictures."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Iterator

from ae_core.datasets import DATASETS, Dataset, DatasetError
from ae_core.exploration import one_of_each, starting_latent
from ae_core.metrics import reconstructions
from ae_core.models import MODELS, idea
from ae_core.models.base import DeterministicAutoencoder
from ae_core.runs import Run, RunError
from ui import cached
from ui.colours import OURS
from ui.components.squeeze import payload
from ui.frame import small
from ui.pictures import data_uri, grey, strip
from ui.provenance import source_words
from ui.remembered import remembered

SHOWN = 6
SHOWCASES = ("mnist", "digits")


def showcase() -> Dataset:
    """The data set that first pages show: handwriting in 28x28 where it is on this computer, else in 8x8."""
    return next(DATASETS[name] for name in SHOWCASES if DATASETS[name].present())


def planes() -> list[Run]:
    """A shipped VAE and a shipped plain autoencoder with codes of two numbers, of the showcase, else any run on 8x8 digits."""
    return shipped("vae-{}-2d", "multilayer-{}-2d") or shipped("vanilla-{}") or cached.runs_of("digits")[:1]


def shipped(*names: str) -> list[Run]:
    """Those of the named runs that are there, with the name of the showcase in the place of {}."""
    found = []
    for name in names:
        try:
            found.append(cached.store().find(name.format(showcase().name)))
        except RunError:
            continue
    return found


def shipped_of(model: str) -> Run | None:
    """The shipped run of a model: of the showcase where there is one, else on any pictures that are on this computer."""
    return next(iter(shipped(f"{model}-{{}}")), None) or next(iter(_others(model)), None)


def _others(model: str) -> Iterator[Run]:
    for run in cached.store().listing():
        try:
            if run.pretrained and run.recipe().model == model and run.recipe().data.present() and run.has_weights():
                yield run
        except RunError:
            continue


def cards() -> str:
    """HTML of a card for each model; one element of the page, since each costs the server and the browser as much as it holds."""
    return f'<div class="ae-cards">{"".join(map(_card, MODELS))}</div>'


def _card(model: str) -> str:
    """What a model is: its idea, its bottleneck and, where there is an example, what that makes of test pictures."""
    kind, example = MODELS[model], shipped_of(model)
    made = example.recipe() if example else None
    entry = made.data if made else DATASETS["digits"]
    size = made.knobs["latent"] if made else starting_latent(kind, entry)
    parts = [
        f"<strong>{html.escape(kind.title)}</strong>",
        small(idea(model)),
        bottleneck(math.prod(entry.shape), size),
    ]
    links = [_link(f"train?model={model}", "Train it yourself", kind.title)]
    if example:
        parts += [pictures(example), small(source_words(example))]
        links.insert(0, _link(f"latent?run={example.id}", "Open", kind.title))
    return f'<article class="ae-card">{"".join(parts)}<footer>{"".join(links)}</footer></article>'


def _link(address: str, label: str, title: str) -> str:
    """A link that stays within the visit (`components/visit_links.js`)."""
    named = html.escape(f"{label}: {title}", quote=True)
    return f'<a data-visit href="{html.escape(address, quote=True)}" aria-label="{named}">{html.escape(label)}</a>'


def bottleneck(pixels: int, latent: int) -> str:
    """HTML of a funnel from `pixels` values to `latent` and back, heights to scale, with the numbers under it."""
    full = 56.0
    waist = max(1.0, full * latent / max(pixels, latent))
    outer = full * pixels / max(pixels, latent)
    o, w = (60 - outer) / 2, (60 - waist) / 2
    left = f"0,{o:.1f} 92,{w:.1f} 92,{60 - w:.1f} 0,{60 - o:.1f}"
    right = f"200,{o:.1f} 108,{w:.1f} 108,{60 - w:.1f} 200,{60 - o:.1f}"
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 60" preserveAspectRatio="none">'
        f'<g fill="{OURS}"><g opacity="0.3"><polygon points="{left}"/><polygon points="{right}"/></g>'
        f'<rect x="92" y="{w:.1f}" width="16" height="{waist:.1f}"/></g></svg>'
    )
    picture = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    words = f"<span>{pixels} pixels</span><span>{latent} number{'s' if latent != 1 else ''}</span><span>{pixels} pixels</span>"
    return f'<div class="ae-neck"><img src="{picture}" alt="Bottleneck, heights to scale"><div>{words}</div></div>'


def pictures(run: Run) -> str:
    """HTML of a few test pictures over what the run rebuilds of them; empty where the pictures are not here."""
    try:
        return _pictures(run, cached.version(run))
    except (RunError, DatasetError):
        return ""


@remembered(64)
def _pictures(_run: Run, version: str) -> str:
    network, made = cached.model(_run)[0], _run.recipe()
    test = made.data.load().test
    x = test.images[one_of_each(test.labels, SHOWN)]
    rows = ((x, "test pictures"), (reconstructions(network, x), f"the same, rebuilt by {network.title}"))
    images = "".join(
        f'<img src="{data_uri(strip(grey(part.numpy())))}" alt="{SHOWN} {html.escape(what, quote=True)}">'
        for part, what in rows
    )
    return f'<div class="ae-strip">{images}</div>'


@remembered(4)
def at_work(_run: Run, version: str) -> bytes:
    """The network and one test picture of each class, as the browser takes them."""
    (model, _), data = cached.model(_run), _run.recipe().data
    if not isinstance(model, DeterministicAutoencoder):
        raise TypeError(f"{_run.id} must be a dense autoencoder: its network runs in the browser.")
    test = data.load().test
    chosen = one_of_each(test.labels, len(data.classes))
    return payload(model, test.images[chosen], [data.classes[i] for i in test.labels[chosen].tolist()])
