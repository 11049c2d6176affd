"""Generate: pictures that nobody drew, decoded from codes that no picture had."""

import streamlit as st

from ae_core.datasets import DatasetError
from ae_core.generation import DEAD
from ae_core.models.base import GenerativeAutoencoder
from ae_core.runs import Run, RunError
from ui import cached, charts, export, family, generation, latent, live, ways
from ui.absent import say_if_absent
from ui.computing import when_ready
from ui.frame import heading, note, notice
from ui.marks import marked_pad
from ui.pick import number, pick, pick_run, pick_two, turn
from ui.pictures import Row, Sheet, data_uri, grey, mosaic, sheets
from ui.provenance import provenance, source_words

COUNT = 10
TEMPERATURES = {f"{k / 10:g}": f"{k / 10:.1f}" for k in range(21)}
IN_HOLES = "<p><strong>What happens in the holes:</strong> places inside the range of the codes, as far as possible from every one.</p>"
SECTIONS = {
    "samples": "Samples", "manifold": "Manifold", "numbers": "One number at a time", "between": "Between two",
    "arithmetic": "Arithmetic", "prior": "Codes and prior",
}  # fmt: skip

heading(
    "Generate",
    "A decoder makes a picture of any code. Where should codes come from, so that the pictures look real? Choose a way and see.",
)
run = pick_run(*(run.id for run in family.planes()[:1]))


def samples(run: Run, own: bool) -> None:
    """Pictures of codes from a sampler, the training pictures nearest to them, and what the holes hold."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = pick("Codes come from", generation.samplers(run), "from", width=330)
        temperature = turn("Temperature", TEMPERATURES, "temperature", "1", width=220)
        draw = number("Random draw", 1, 50, "draw")

    def drawn(temperature: float, draw: int) -> list[Sheet]:
        found = generation.samples(run, name, 2 * COUNT, temperature, draw)
        shown = [over_nearest(found, slice(k * COUNT, (k + 1) * COUNT), "Sample") for k in (0, 1)]
        return [*shown, over_nearest(generation.from_holes(run, COUNT, draw), slice(0, COUNT), "From a hole")]

    shown = live.show("samples", drawn, over_holes, temperature=float, draw=int)
    give(run, shown, f"{generation.SAMPLERS[name]}, temperature {temperature}, draw {draw}")
    notice(
        ("The prior is what this model was trained to fill, so most samples look like something. The decoder gives the "
         "**mean** of all pictures that belong to a code, so it is smooth; a picture *drawn* around it shows what the "
         "model really takes for one: its pixels vary each for itself. " if own else
         "This model has **no prior**: nothing in its loss says where codes should lie, so a distribution was fitted to "
         "the codes of real pictures afterwards. A mixture follows the islands of the classes; one normal distribution "
         "also covers the water between them. ")
        + "A sample that equals its nearest training picture would be a copy; the number under it is how far apart they "
        "are. A temperature below 1 stays near the middle: safer pictures, less variety."
    )  # fmt: skip


def over_holes(shown: list[Sheet]) -> str:
    """HTML of the samples, and of what is in the holes between the codes."""
    *drawn, holes = shown
    return f"{sheets(drawn)}{IN_HOLES}{sheets([holes])}"


def give(run: Run, sheets: list[Sheet], words: str) -> None:
    """Where the pictures are from, and the pictures as a file."""
    provenance(run, cached.model(run)[1])
    lines = [words, source_words(run, cached.model(run)[1])]
    export.offer(lambda: [export.pictures(f"{run.id}-generated", sheets, lines)], key="generate")


def over_nearest(drawn: generation.Drawn, part: slice, label: str) -> Sheet:
    """Pictures, and below them the training pictures nearest to them."""
    made = grey(drawn.pictures[part].numpy())
    rows = [Row(label, made, f"{label}: pictures decoded from drawn codes", "the decoder's mean")]
    if drawn.drawn is not None:
        around = grey(drawn.drawn[part].numpy())
        rows.append(Row("Drawn", around, "One picture drawn around each of them", "from p(x | code)"))
    if drawn.nearest is None:
        return Sheet(rows)
    near, under = grey(drawn.nearest.pictures[part].numpy()), [f"{e:.1f}" for e in drawn.nearest.errors[part].tolist()]
    rows.append(Row("Nearest", near, "The nearest training picture of each", "training picture"))
    return Sheet(rows, under, "squared error")


def manifold(run: Run, own: bool) -> None:
    """A map made of pictures, each place equally probable."""
    ranked = latent.order(run)
    across, up = pick_two(ranked) if len(ranked) > 2 else (0, len(ranked) - 1)
    pictures = generation.manifold(run, cached.version(run), across, up)
    source = "the standard normal prior" if own else "a normal distribution fitted to each of the two numbers"
    picture = mosaic(grey(pictures), generation.SIDE)
    st.html(
        f'<img class="ae-mosaic" src="{data_uri(picture)}" '
        f'alt="{generation.SIDE} by {generation.SIDE} decoded pictures; z{across + 1} grows to the right, z{up + 1} upwards">'
    )
    words = f"z{across + 1} grows to the right, z{up + 1} upwards, in steps of equal probability under {source}."
    note(words)
    provenance(run, cached.model(run)[1])
    export.offer(lambda: [export.mosaic(run, picture, words)], key="generate")
    notice(
        "The pictures change little from one to the next, and classes border on each other like countries. Steps are wide "
        "at the rim and narrow in the middle, since most codes lie there. "
        + ("" if own else "Nothing asked this model to keep its codes in one piece: look for mist in between.")
    )


def numbers(run: Run, own: bool) -> None:
    """A slider for each number of the code, the picture decoded in the browser."""
    marked_pad(latent.sliders(run), f"{run.id}:numbers", len(latent.codes(run).labels))
    by = "their KL: how much each says about the picture" if own else "their variance over the test pictures"
    size, shown = latent.network(run).latent, min(24, latent.network(run).latent)
    note(f"{'All' if shown == size else f'The {shown} most telling of'} {size} numbers, ordered by {by}.")
    provenance(run, cached.model(run)[1])
    notice(
        "Move the first sliders: each changes something one can name, such as slant, width or a loop, though rarely one "
        "thing alone. The last ones may change nothing: those numbers are *dead*, the model learned to do without them."
    )


def prior(run: Run, own: bool) -> None:
    """How much each number of the code says, and how its values are spread against a normal distribution."""
    weight, ranked = latent.weight(run), latent.order(run)
    spread = generation.spread_codes(run, cached.version(run))
    names, dead = [f"z{d + 1}" for d in ranked[:64]], int((weight < DEAD).sum())
    title = "KL in nats, mean over pictures" if own else "variance over pictures"
    left, right = st.columns(2, gap="large")
    with left:
        charts.show(charts.weight_of_numbers(weight[ranked[:64]], names, title, DEAD), key="weights", height=300, alt=f"{title} of each number of the code; {dead} of {len(weight)} are dead")  # fmt: skip
    with right:
        shown = int(pick("Number of the code", {str(d + 1): f"z{d + 1}" for d in ranked}, "number", width=160)) - 1
        values = spread[:, shown]
        mean, deviation = (0.0, 1.0) if own else (float(values.mean()), max(float(values.std()), 1e-6))
        texts = ("aggregate posterior", "prior") if own else ("codes", "fitted normal")
        charts.show(charts.against_normal(values, mean, deviation, texts), key="spread", height=250, alt=f"z{shown + 1}: mean {values.mean():.2f}, standard deviation {values.std():.2f} over {len(values)} pictures")  # fmt: skip
    note(
        f"{dead} of {len(weight)} numbers are dead (below {DEAD:g}). z{shown + 1}: mean {values.mean():.2f}, standard deviation "
        f"{values.std():.2f} over {len(values):,} test pictures" + (", one code drawn for each." if own else ".")
    )
    provenance(run, cached.model(run)[1])
    notice(
        "If the bars fill the curve, codes drawn from the prior are like codes of pictures, and samples look real; where the "
        "curve has mass and the bars have none, samples come from places the decoder never saw. A dead number costs no KL "
        "and carries nothing: its bars follow the prior exactly."
        if own else
        "Nothing asks these codes to be normal, or near zero: the curve was fitted afterwards, for drawing samples. Where it "
        "has mass and the bars have none, samples come from places the decoder never saw."
    )  # fmt: skip


DRAW = {
    "samples": samples,
    "manifold": manifold,
    "numbers": numbers,
    "between": ways.between,
    "arithmetic": ways.arithmetic,
    "prior": prior,
}


def section(run: Run) -> None:
    """The chosen way to make pictures; only this part is drawn again when a control moves."""
    name = pick("Way", SECTIONS, "section", widget=st.segmented_control, required=True, label_visibility="collapsed")
    try:
        DRAW[name](run, isinstance(latent.network(run), GenerativeAutoencoder))
    except DatasetError as error:
        st.info(str(error))


try:
    latent.codes(run)
    say_if_absent(run)
except (RunError, DatasetError) as error:
    st.error(str(error))
    st.page_link("pages/train.py", label="Train a model", icon=":material/play_arrow:")
    st.stop()
st.fragment(when_ready)(section, run)
