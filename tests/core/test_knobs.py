"""Knobs: one declaration gives the check, the reader and the sentence."""

from __future__ import annotations

import math
from typing import Annotated

import pytest

from ae_core.knobs import Declared, Knob, KnobError, When, checked, checks_knobs, declared, in_effect
from ae_core.models import MODELS, VAE
from ae_core.training.loop import Plan


def bake(
    flour: str,
    *,
    warmth: Annotated[int, Knob("Degrees in the oven", 1, 250)] = 180,
    rise: Annotated[float, Knob("Growth of the dough", 0, 2)] = 1.0,
    fan: Annotated[bool, Knob("Whether air moves")] = False,
    bread: Annotated[str, Knob("Kind of bread", choices=("rye", "wheat"))] = "rye",
    layers: Annotated[tuple[int, ...], Knob("Layers of dough", 1, 9, most=3)] = (2, 3),
    steam: Annotated[int, Knob("Cups of water", 0, 9, only_when=When("fan", (False,)))] = 1,
    note: str = "",
) -> None:
    """Something with a knob of every kind, and two arguments that are none."""


KNOBS = declared(bake)


def test_only_arguments_with_a_knob_are_declared_in_the_order_written():
    assert list(KNOBS) == ["warmth", "rise", "fan", "bread", "layers", "steam"]


def test_a_declaration_has_name_kind_default_and_knob():
    assert KNOBS["warmth"] == Declared("warmth", int, 180, Knob("Degrees in the oven", 1, 250))
    assert [knob.kind for knob in KNOBS.values()] == [int, float, bool, str, tuple, int]


LEGAL = [
    ("warmth", 1, 1), ("warmth", 250, 250), ("warmth", 20.0, 20), ("rise", 0, 0.0), ("rise", 2, 2.0),
    ("fan", True, True), ("bread", "wheat", "wheat"), ("layers", [1, 9], (1, 9)), ("layers", (), ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "result"), LEGAL)
def test_a_legal_value_comes_back_in_the_type_of_its_knob(name, value, result):
    accepted = KNOBS[name].check(value)
    assert accepted == result and type(accepted) is KNOBS[name].kind


ILLEGAL = [
    *(("warmth", value) for value in (0, 251, 1.5, math.nan, math.inf, -math.inf, True, "20", None, [20], 1e300)),
    *(("rise", value) for value in (-0.001, 2.001, math.nan, math.inf, False, "1", None, 1 + 0j)),
    *(("fan", value) for value in (0, 1, "true", None)),
    *(("bread", value) for value in ("Rye", "", "rye ", 0, None, ["rye"])),
    *(("layers", value) for value in ([0], [10], [1, 2, 3, 4], [1.5], [True], ["2"], "23", 2, None, {1: 2}, [[1]])),
]


@pytest.mark.parametrize(("name", "value"), ILLEGAL)
def test_an_illegal_value_is_refused_with_value_rule_and_remedy(name, value):
    with pytest.raises(KnobError) as caught:
        KNOBS[name].check(value)
    sentence = str(caught.value)
    default = "2,3" if name == "layers" else str(KNOBS[name].default)
    assert sentence == f"{name} = {value!r}: must be {KNOBS[name].rule}; the default is {default}."


@pytest.mark.parametrize("name", ["warmth", "rise", "layers"])
@pytest.mark.parametrize("value", [10**400, -(10**400)], ids=["positive", "negative"])
def test_a_number_too_large_for_a_float_is_refused(name, value):
    with pytest.raises(KnobError, match=f"^{name} = "):
        KNOBS[name].check([value] if name == "layers" else value)


def test_a_very_long_value_is_shortened_in_the_sentence():
    with pytest.raises(KnobError) as caught:
        KNOBS["bread"].check("x" * 10_000)
    assert len(str(caught.value)) < 200


RULES = [
    ("warmth", "a whole number from 1 to 250"), ("rise", "a number from 0 to 2"), ("fan", "true or false"),
    ("bread", "one of rye, wheat"), ("layers", "up to 3 whole numbers from 1 to 9, separated by commas"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "words"), RULES)
def test_the_rule_of_a_knob_in_words(name, words):
    assert KNOBS[name].rule == words


TEXTS = [
    ("warmth", "20", 20), ("warmth", " 20 ", 20), ("rise", "0.25", 0.25), ("rise", "1e-3", 0.001), ("fan", "true", True), ("fan", "False", False),
    ("fan", "false", False), ("bread", "wheat", "wheat"), ("layers", "4,5", (4, 5)), ("layers", "7", (7,)),
    ("layers", "", ()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "result"), TEXTS)
def test_a_text_is_read_as_the_kind_of_its_knob(name, text, result):
    assert KNOBS[name].parse(text) == result


BAD_TEXTS = [
    ("warmth", "warm"), ("warmth", "1.5"), ("warmth", "0"), ("warmth", ""), ("warmth", "9" * 400), ("warmth", "9" * 5000),
    ("rise", "nan"), ("rise", "inf"), ("rise", "1e400"), ("fan", "yes"), ("bread", "toast"), ("layers", "1,x"),
    ("layers", "1,2,3,4"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), BAD_TEXTS)
def test_a_text_that_breaks_the_rule_is_refused_like_a_value(name, text):
    with pytest.raises(KnobError, match=f"^{name} = .*: must be .*; the default is "):
        KNOBS[name].parse(text)


def test_checked_fills_in_the_defaults():
    assert checked(bake, {"warmth": 99}) == {
        "warmth": 99, "rise": 1.0, "fan": False, "bread": "rye", "layers": (2, 3), "steam": 1,
    }  # fmt: skip


def test_an_unknown_knob_is_refused_with_the_nearest_name():
    with pytest.raises(KnobError, match=r"^warmht: not a knob of bake; did you mean warmth"):
        checked(bake, {"warmht": 1})


def test_an_unknown_knob_that_is_like_no_other_is_refused_with_the_list():
    with pytest.raises(KnobError, match="its knobs are warmth, rise, fan, bread, layers, steam"):
        checked(bake, {"zzz": 1})


def test_an_argument_without_a_knob_is_not_a_knob():
    with pytest.raises(KnobError, match=r"^note: not a knob"):
        checked(bake, {"note": "x"})


IDLE = r"^steam = 3: must stay 1, because it matters only when fan is False; leave it out, or change fan\.$"


def test_a_knob_that_has_no_effect_with_the_others_must_stay_at_its_default():
    assert checked(bake, {"fan": False, "steam": 3})["steam"] == 3
    assert checked(bake, {"fan": True, "steam": 1})["steam"] == 1
    with pytest.raises(KnobError, match=IDLE):
        checked(bake, {"fan": True, "steam": 3})
    with pytest.raises(KnobError, match=IDLE):
        checks_knobs(bake)("wheat", fan=True, steam=3)


def test_what_has_no_effect_is_told_apart_from_what_has():
    assert in_effect(bake, {"fan": True, "steam": 3, "other": 4}) == {"fan": True, "other": 4}
    assert in_effect(bake, {"steam": 3}) == {"steam": 3}  # the fan is off unless somebody says otherwise


@pytest.mark.parametrize(
    ("when", "holds", "fails", "words"),
    [
        (When("x", ("a",)), ["a"], ["b", ""], "x is a"), (When("x", ("a", "b", "c")), ["a", "c"], ["d"], "x is a, b or c"),
        (When("x", above=0), [0.1, 5], [0, 0.0, -1], "x is above 0"), (When("x", filled=True), [(1,), [2]], [(), []], "x is not empty"),
    ],
)  # fmt: skip
def test_a_condition_and_its_words(when, holds, fails, words):
    assert all(when.holds({"x": value}) for value in holds) and not any(when.holds({"x": value}) for value in fails)
    assert when.words == words


CONDITIONS = [(o, k) for o in (*MODELS.values(), Plan) for k in declared(o).values() if k.knob.only_when]


@pytest.mark.parametrize(("owner", "knob"), CONDITIONS, ids=lambda x: getattr(x, "name", getattr(x, "__name__", "")))
def test_a_condition_names_an_earlier_knob_and_its_values(owner, knob):
    when, names = knob.knob.only_when, list(declared(owner))
    assert names.index(when.name) < names.index(knob.name), "a form draws the one before the other"
    other = declared(owner)[when.name]
    assert all(other.check(value) == value for value in when.one_of)
    assert (other.kind is tuple) == when.filled and when.words in knob.explanation


@pytest.mark.parametrize("value", [0, 1025, 2.5, math.nan, "2", None])
def test_a_constructor_checks_its_knobs_before_it_builds(value):
    with pytest.raises(KnobError, match=r"^latent = .*the default is 20"):
        VAE((1, 8, 8), latent=value)


def test_a_plan_checks_its_knobs():
    with pytest.raises(KnobError, match=r"^epochs = 0: must be a whole number from 1 to 10000; the default is 20"):
        Plan(epochs=0)
    assert Plan(batch_size=7.0).batch_size == 7


@pytest.mark.parametrize("owner", [*MODELS.values(), Plan])
def test_every_default_is_legal_and_survives_the_way_through_text(owner):
    for knob in declared(owner).values():
        text = ",".join(map(str, knob.default)) if knob.kind is tuple else str(knob.default)
        assert knob.check(knob.default) == knob.default == knob.parse(text)
