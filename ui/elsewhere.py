"""Three more looks at a run: pictures of another data set, the size of the code, and the way through the layers."""

from __future__ import annotations

import html
import math
from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from ae_core.datasets import Dataset, dataset, datasets
from ae_core.datasets.framing import resized
from ae_core.exploration import one_of_each
from ae_core.layers import answers
from ae_core.metrics import reconstructions, squared_errors
from ae_core.models import Autoencoder, model_class
from ae_core.runs import Run
from ui import cached, charts, live
from ui.frame import note, notice, small, table, wide
from ui.pick import number, pick
from ui.pictures import Row, data_uri, grey, png, sheet, signed
from ui.provenance import provenance, source_words
from ui.remembered import remembered
from ui.sources import NUMBERED, Source, of_test

COUNT, MEASURED = 8, 500
ARRIVE_S = 0.45
_PLAYED = "_path_played"  # session key: how often the way through the layers was asked for again


def foreign(run: Run, data: Dataset) -> None:
    """Pictures of another data set, brought to the network's shape: what does it make of them?"""
    others = {name: other.title for name, other in datasets().items() if name != data.name and other.present()}
    name = pick("Other pictures", others, "other", width=260)
    model, checkpoint = cached.model(run)
    images, labels = _as_foreign(name, data, data.name)
    outputs = _rebuilt_foreign(cached.version(run), name, model, images)
    chosen = one_of_each(labels, COUNT)
    x, y = images[chosen], outputs[chosen]
    scale = max(0.25, float((y - x).abs().max()))
    classes = [dataset(name).classes[label] for label in labels[chosen].tolist()]
    seen = ", ".join(classes)
    errors = squared_errors(images, outputs).numpy()
    rows = [
        Row("Input", grey(x.numpy()), f"Pictures of {others[name]}, classes {seen}", others[name]),
        Row("Output", grey(y.numpy()), f"Rebuilt by a network that knows only {data.title}", f"by {data.title}"),
        Row(
            "Error",
            signed((y - x).numpy(), scale),
            "Signed error",
            f"blue: too dark, red: too bright, ±{scale:.2f}",
            band=True,
        ),
    ]
    words = [f"{name} · {errors[i]:.1f}" for name, i in zip(classes, chosen.tolist(), strict=True)]
    st.html(sheet(rows, words, "class · squared error"))
    height, width = data.shape[1:]
    provenance(run, checkpoint, f"fed with test pictures of {others[name]}, resized to {height}×{width}")
    own = cached.test_errors(run)
    pixels = math.prod(data.shape)
    left, right = st.columns([1, 2.2], gap="large")
    left.metric(
        f"{others[name]}, error per pixel", f"{errors.mean() / pixels:.4f}", help=f"Mean over {len(errors)} pictures"
    )
    left.metric(f"{data.title}, error per pixel", f"{own.mean() / pixels:.4f}", help="Mean over all test pictures")
    with right:
        charts.show(
            charts.error_distribution(own, errors, (data.title, others[name])), key="foreign", height=280,
            alt=f"Distribution of the squared error: {data.title}, mean {own.mean():.2f}; {others[name]}, mean {errors.mean():.2f}",
        )  # fmt: skip
        provenance(run, checkpoint)
    notice(
        "The decoder can only draw what its code can say, so strange pictures come out bent toward familiar ones. The error "
        "of a picture therefore tells how unusual it is: this is how autoencoders find what does not belong. But the more "
        "numbers the code has, the better it rebuilds anything at all, also what it never saw."
    )


@remembered(16)
def _as_foreign(name: str, _data: Dataset, own: str) -> tuple[Tensor, Tensor]:
    """The first test pictures of the data set `name`, in the shape of the data set `own`, and their labels."""
    test = dataset(name).load().test
    channels, height, width = _data.shape
    first = test.images[:MEASURED].mean(1)
    return torch.stack([resized(x, height, width).expand(channels, -1, -1) for x in first]), test.labels[:MEASURED]


@remembered(32)
def _rebuilt_foreign(version: str, name: str, _model: Autoencoder, _images: Tensor) -> Tensor:
    return reconstructions(_model, _images)


def sizes(run: Run, data: Dataset) -> None:
    """The error against the size of the code, over all finished runs of this model on these pictures."""
    made = run.recipe()
    kind = model_class(made.model).title
    found, seeds = [], {}
    for other in cached.runs_of(data.name):
        status = other.status()
        if other.recipe().model == made.model and status.state == "done" and status.test:
            found.append((int(other.recipe().knobs["latent"]), float(status.test["mse"]), other.id))
            seeds[other.id] = f"{other.recipe().plan['seed']}"
    found.sort()
    if not found:
        st.info(
            "No run of this kind is finished yet; the size of the code can be compared once one is.",
            icon=":material/info:",
        )
    else:
        spoken = "; ".join(f"{size} numbers: {error:.4f}" for size, error, _ in found)
        charts.show(
            charts.size_curve(found, cached.pca_by_size(data.name)), key="sizes", height=340,
            alt=f"Squared error per pixel against the size of the code. {spoken}",
        )  # fmt: skip
        lines = [
            (name, seeds[name], f"{size}", f"{error:.4f}")
            for size, error, name in sorted(found, key=lambda one: one[2] != run.id)
        ]
        st.html(wide("Error by run", table(("run", "seed", "numbers in the code", "squared error per pixel"), lines)))
    note(
        f"{kind} on {data.title}: {len(found)} finished runs, error on all test pictures. PCA: the same data, first "
        f"{cached.BY_SIZE:,} test pictures at most, for every number of components."
    )
    latent = max(1, int(made.knobs["latent"]) // 2)
    st.page_link(
        "pages/train.py", label=f"Train one with a code of {latent}", icon=":material/play_arrow:",
        query_params={"model": made.model, "dataset": data.name, "latent": str(latent)},
    )  # fmt: skip
    notice(
        "The first numbers of a code say most; each further one adds less. The line is the best that any code of that size "
        "can do without bending. A network gets below it only where it has layers that bend, and has learned for long enough; "
        "a point above the line is a network that PCA beats without any training."
    )


class Passed(NamedTuple):
    """A picture on its way: where it is from, and what each layer answers, by name, input and output included."""

    source: Source
    layers: list[tuple[str, Tensor]]  # of one picture: (1, width) or (1, channels, height, width)


def path(run: Run, data: Dataset) -> None:
    """One picture on its way through every layer, from input to output."""
    model, checkpoint = cached.model(run)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number("Test picture", 1, NUMBERED, "picture")
        if st.button("Play again", icon=":material/replay:"):
            st.session_state[_PLAYED] = st.session_state.get(_PLAYED, 0) + 1
    again = bool(st.session_state.get(_PLAYED, 0) % 2)

    def passed(picture: int) -> Passed:
        source = of_test(data, picture)
        x = source.x
        return Passed(source, [("input", x), *answers(model, x), ("output", reconstructions(model, x))])

    def written(found: Passed) -> str:
        grey_words = (
            "Grey: from 0 to the largest value. Where a layer also has negative numbers: blue below 0, red above."
        )
        return _stages(found, again) + small(grey_words, source_words(run, checkpoint, found.source.words))

    live.show("path", passed, written, picture=int)
    notice(
        "Each box is one layer, each little square one number in it. With every layer the numbers look less like the picture; "
        "what they mean only the next layer knows. The code is all that the second half gets to see: whatever is not in it "
        "has to come from what the decoder has learned about such pictures."
    )


def _stages(shown: Passed, again: bool) -> str:
    """HTML of the layers, which arrive one after the other; `again` where they shall arrive once more."""
    figures = "".join(_stage(layer, values[0], i) for i, (layer, values) in enumerate(shown.layers))
    return f'<div class="ae-path{" ae-again" if again else ""}">{figures}</div>'


def _stage(name: str, values: Tensor, i: int) -> str:
    picture = data_uri(png(_drawn(values)))
    alt = f"{name}: values from {float(values.min()):.2f} to {float(values.max()):.2f}"
    return (
        f'<figure style="animation-delay: {i * ARRIVE_S:.2f}s"><img src="{picture}" alt="{html.escape(alt, quote=True)}">'
        f"<figcaption>{html.escape(name)}</figcaption></figure>"
    )


def _drawn(values: Tensor) -> np.ndarray:
    """The numbers of a layer as a picture uint8 (height, width, 1 or 3): units in a near-square grid, maps as tiles."""
    if values.dim() == 3 and len(values) in (1, 3):
        grid = values
    elif values.dim() == 3:
        grid = _tiled(values)[None]
    else:
        width = math.ceil(math.sqrt(len(values)))
        height = math.ceil(len(values) / width)
        grid = torch.nn.functional.pad(values, (0, height * width - len(values))).reshape(1, height, width)
    top = max(float(grid.abs().max()), 1e-9)
    if float(grid.min()) < -1e-6:
        return signed((grid / top)[None].numpy(), 1.0)[0]
    return grey((grid / top)[None].numpy())[0]


def _tiled(maps: Tensor) -> Tensor:
    """Maps (n, height, width) side by side in a near-square sheet, one pixel apart."""
    n, height, width = maps.shape
    across = math.ceil(math.sqrt(n))
    down = math.ceil(n / across)
    sheet_of = torch.zeros(down * (height + 1) - 1, across * (width + 1) - 1)
    for k in range(n):
        y, x = k // across * (height + 1), k % across * (width + 1)
        sheet_of[y : y + height, x : x + width] = maps[k]
    return sheet_of
