"""Generate: pictures that nobody drew, decoded from codes that no picture had."""

import streamlit as st

from ae_core.looks import codes
from ae_core.looks.neighbours import Found
from ae_core.looks.samples import SIDE, Drawn, from_holes
from ae_core.looks.samples import manifold as look_at_manifold
from ae_core.models.base import GenerativeAutoencoder
from ae_core.runs.opened import Opened, opened
from ae_core.space.sampling import DEAD
from ui.controls import live
from ui.controls.pick import number, pick, pick_two, turn
from ui.controls.pick_run import pick_run
from ui.figures import charts, export, noticing
from ui.figures.frame import heading, note, notice
from ui.figures.pictures import Row, Sheet, grey, image, mosaic, sheets
from ui.figures.provenance import provenance, source_words
from ui.results.absent_pictures import guarded, say_if_absent
from ui.results.asking import ask, when_ready
from ui.sections.generate import arithmetic, between, draws
from ui.sections.latent import maps
from ui.sections.latent.marks import marked_pad
from ui.sections.start import family

COUNT = 10
TEMPERATURES = {f"{k / 10:g}": f"{k / 10:.1f}" for k in range(21)}
IN_HOLES = (
    "<p><strong>What happens in the holes:</strong> places inside the range of the codes, as far as possible from every"
    " one.</p>"
)
SECTIONS = {
    "samples": "Samples",
    "manifold": "Manifold",
    "numbers": "One number at a time",
    "between": "Between two",
    "arithmetic": "Arithmetic",
    "prior": "Codes and prior",
}

heading(
    "Generate",
    "A decoder makes a picture of any code. Where should codes come from, so that the pictures look real? Choose a way "
    "and see.",
)
chosen = pick_run(*(run.id for run in family.planes()[:1]))


def samples(run: Opened, own: bool) -> None:
    """Pictures of codes from a sampler, the training pictures nearest to them, and what the holes hold."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = pick("Codes come from", draws.samplers(run), "from", width=330)
        temperature = turn("Temperature", TEMPERATURES, "temperature", "1", width=220)
        draw = number("Random draw", 1, 50, "draw")

    def drawn(temperature: float, draw: int) -> list[Sheet]:
        found = draws.samples(run, name, 2 * COUNT, temperature, draw)
        near = draws.nearest(run, found.pictures)
        shown = [over_nearest(found, near, slice(k * COUNT, (k + 1) * COUNT), "Sample") for k in (0, 1)]
        holes = ask(from_holes, run, COUNT, draw)
        return [*shown, over_nearest(holes, draws.nearest(run, holes.pictures), slice(0, COUNT), "From a hole")]

    shown = live.show("samples", drawn, over_holes, temperature=float, draw=int)
    give(run, shown, f"{draws.SAMPLERS[name]}, temperature {temperature}, draw {draw}")
    dead = noticing.of_dead_code(ask(codes.weight, run))
    notice(
        dead
        + (
            (
                "The prior is what this model was trained to fill. "
                if dead
                else "The prior is what this model was trained to fill, so most samples look like something. "
            )
            + "The decoder gives the **mean** of all pictures that belong to a code, so it is smooth; a picture *drawn*"
            " around it shows what the model really takes for one: its pixels vary each for itself. "
            if own
            else (
                "This model has **no prior**: nothing in its loss says where codes should lie, so a distribution was "
                "fitted to the codes of real pictures afterwards. A mixture follows the islands of the classes; one "
                "normal distribution also covers the water between them. "
            )
        )
        + "A sample that equals its nearest training picture would be a copy; the number under it is how far apart"
        " they "
        "are. A temperature below 1 stays near the middle: safer pictures, less variety."
    )


def over_holes(shown: list[Sheet]) -> str:
    """HTML of the samples, and of what is in the holes between the codes."""
    *drawn, holes = shown
    return f"{sheets(drawn)}{IN_HOLES}{sheets([holes])}"


def give(run: Opened, sheets: list[Sheet], words: str) -> None:
    """Where the pictures are from, and the pictures as a file."""
    provenance(run.run, run.checkpoint)
    lines = [words, source_words(run.run, run.checkpoint)]
    export.offer(lambda: [export.pictures(f"{run.id}-generated", sheets, lines)], key="generate")


def over_nearest(drawn: Drawn, found: Found | None, part: slice, label: str) -> Sheet:
    """Pictures, and below them the training pictures nearest to them."""
    made = grey(drawn.pictures[part].numpy())
    rows = [Row(label, made, f"{label}: pictures decoded from drawn codes", "the decoder's mean")]
    if drawn.drawn is not None:
        around = grey(drawn.drawn[part].numpy())
        rows.append(Row("Drawn", around, "One picture drawn around each of them", "from p(x | code)"))
    if found is None:
        return Sheet(rows)
    near, under = grey(found.pictures[part].numpy()), [f"{e:.1f}" for e in found.errors[part].tolist()]
    rows.append(Row("Nearest", near, "The nearest training picture of each", "training picture"))
    return Sheet(rows, under, "squared error")


def manifold(run: Opened, own: bool) -> None:
    """A map made of pictures, each place equally probable."""
    ranked = ask(codes.order, run)
    across, up = pick_two(ranked) if len(ranked) > 2 else (0, len(ranked) - 1)
    pictures = ask(look_at_manifold, run, across, up)
    source = "the standard normal prior" if own else "a normal distribution fitted to each of the two numbers"
    picture = mosaic(grey(pictures.numpy()), SIDE)
    alt = f"{SIDE} by {SIDE} decoded pictures; z{across + 1} grows to the right, z{up + 1} upwards"
    st.html(image(picture, alt, "ae-mosaic"))
    words = f"z{across + 1} grows to the right, z{up + 1} upwards, in steps of equal probability under {source}."
    note(words)
    provenance(run.run, run.checkpoint)
    export.offer(lambda: [export.mosaic(run, picture, words)], key="generate")
    dead = noticing.of_dead_code(ask(codes.weight, run))
    notice(
        (dead or "The pictures change little from one to the next, and classes border on each other like countries. ")
        + "Steps are wide at the rim and narrow in the middle, since most codes lie there. "
        + ("" if own else "Nothing asked this model to keep its codes in one piece: look for mist in between.")
    )


def numbers(run: Opened, own: bool) -> None:
    """A slider for each number of the code, the picture decoded in the browser."""
    marked_pad(ask(maps.sliders, run), f"{run.id}:numbers", len(ask(codes.codes, run).labels))
    by = "their KL: how much each says about the picture" if own else "their variance over the test pictures"
    size, shown = run.model.latent, min(24, run.model.latent)
    note(f"{'All' if shown == size else f'The {shown} most telling of'} {size} numbers, ordered by {by}.")
    provenance(run.run, run.checkpoint)
    notice(
        noticing.of_dead_code(ask(codes.weight, run))
        or "Move the first sliders: each changes something one can name, such as slant, width or a loop, though rarely "
        "one thing alone. The last ones may change nothing: those numbers are *dead*, the model learned to do "
        "without them."
    )


def prior(run: Opened, own: bool) -> None:
    """How much each number of the code says, and how its values are spread against a normal distribution."""
    weight, ranked = ask(codes.weight, run), ask(codes.order, run)
    spread = ask(codes.spread_codes, run)
    names, dead = [f"z{d + 1}" for d in ranked[:64]], int((weight < DEAD).sum())
    title = "KL in nats, mean over pictures" if own else "variance over pictures"
    left, right = st.columns(2, gap="large")
    with left:
        charts.show(
            charts.weight_of_numbers(weight[ranked[:64]], names, title, DEAD),
            key="weights",
            height=300,
            alt=f"{title} of each number of the code; {dead} of {len(weight)} are dead",
        )
    with right:
        shown = int(pick("Number of the code", {str(d + 1): f"z{d + 1}" for d in ranked}, "number", width=160)) - 1
        values = spread[:, shown]
        mean, deviation = (0.0, 1.0) if own else (float(values.mean()), max(float(values.std()), 1e-6))
        texts = ("aggregate posterior", "prior") if own else ("codes", "fitted normal")
        charts.show(
            charts.against_normal(values, mean, deviation, texts),
            key="spread",
            height=250,
            alt=(
                f"z{shown + 1}: mean {values.mean():.2f}, standard deviation {values.std():.2f} over {len(values)} "
                "pictures"
            ),
        )
    note(
        f"{dead} of {len(weight)} numbers are dead (below {DEAD:g}). z{shown + 1}: mean {values.mean():.2f}, standard "
        f"deviation {values.std():.2f} over {len(values):,} test pictures"
        + (", one code drawn for each." if own else ".")
    )
    provenance(run.run, run.checkpoint)
    notice(
        noticing.of_dead_code(weight)
        + ("The curve and the bars are one, since nothing is said: samples all look alike." if own else "")
        if not (weight >= DEAD).any()
        else (
            "If the bars fill the curve, codes drawn from the prior are like codes of pictures, and samples look real; "
            "where the curve has mass and the bars have none, samples come from places the decoder never saw. A dead "
            "number costs no KL and carries nothing: its bars follow the prior exactly."
            if own
            else (
                "Nothing asks these codes to be normal, or near zero: the curve was fitted afterwards, for drawing "
                "samples. Where it has mass and the bars have none, samples come from places the decoder never saw."
            )
        )
    )


DRAW = {
    "samples": samples,
    "manifold": manifold,
    "numbers": numbers,
    "between": between.between,
    "arithmetic": arithmetic.arithmetic,
    "prior": prior,
}


def section(run: Opened) -> None:
    """The chosen way to make pictures; only this part is drawn again when a control moves."""
    name = pick("Way", SECTIONS, "section", widget=st.segmented_control, required=True, label_visibility="collapsed")
    DRAW[name](run, isinstance(run.model, GenerativeAutoencoder))


run = opened(chosen)
ask(codes.codes, run)
say_if_absent(chosen)
st.fragment(when_ready)(guarded(section), run)
