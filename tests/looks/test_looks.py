"""The mechanism of looks: what a result is kept by, that nobody can change it, and how one look finds another."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
import toy_looks
from safetensors.torch import load, save
from small_runs import small_recipe

from ae_core.datasets import DATASETS, Images, Split
from ae_core.looks import keys, memory, packing
from ae_core.looks.look import Stopped, found_by, heard_by, report
from ae_core.runs import checkpoints
from ae_core.runs.execution import execute
from ae_core.runs.opened import opened
from ae_core.runs.recipe import recipe
from ae_core.runs.run import RunError

DIGITS = DATASETS["digits"]


@pytest.fixture(autouse=True)
def forgotten():
    memory.forget()
    toy_looks.asked.clear()
    yield
    memory.forget()


@pytest.fixture
def run(store):
    made = store.create(small_recipe(epochs=1), origin="test")
    assert execute(made).state == "done"
    return made


def other_weights(run):
    """Give a run another newest checkpoint, at the same step and with the same id."""
    (entry,) = checkpoints.manifest(run.folder)
    tensors = load((run.folder / entry.file).read_bytes())
    changed = {name: value + 0.25 if value.is_floating_point() else value for name, value in tensors.items()}
    checkpoints.save(run.folder, changed, entry.step, entry.epoch, entry.loss)


# --- what a result is kept by -----------------------------------------------------------------------------------------


def test_a_result_is_computed_once_and_is_the_same_for_everybody(run):
    assert toy_looks.quick(opened(run)) is toy_looks.quick(opened(run), shift=0.0)
    assert toy_looks.asked == [0.0]
    assert toy_looks.quick(opened(run), 1.0) == toy_looks.quick(opened(run)) + 1.0


def test_another_checkpoint_under_the_same_id_gives_another_result(run):
    before = opened(run)
    first = toy_looks.quick(before)
    other_weights(run)
    assert opened(run).id == before.id and opened(run).checkpoint.step == before.checkpoint.step
    assert toy_looks.quick(opened(run)) == pytest.approx(first + 0.25)
    assert toy_looks.quick(before) == first  # what was opened stays what it was


def test_other_pictures_under_the_same_name_give_another_result():
    first = toy_looks.beside.of(DIGITS, 2).key
    split = DIGITS.load()
    changed = split.train.images[:].clone()
    changed[0, 0, 0, 0] += 0.5
    other = replace(DIGITS, load=lambda: Split(Images(changed, split.train.labels), split.test))
    assert toy_looks.beside.of(other, 2).key != first == toy_looks.beside.of(DIGITS, steps=2).key
    relabelled = Split(split.train, Images(split.test.images, split.test.labels.flip(0)))
    assert toy_looks.beside.of(replace(DIGITS, load=lambda: relabelled), 2).key != first


def test_another_version_of_the_package_computes_anew(monkeypatch):
    first = toy_looks.beside.of(DIGITS, 2).key
    monkeypatch.setattr(keys, "source", lambda: "another")
    assert toy_looks.beside.of(DIGITS, 2).key != first


class Pair(NamedTuple):
    a: object
    b: object


@dataclass(frozen=True)
class Record:
    a: object
    b: object


def test_a_key_tells_every_question_from_every_other_and_is_a_plain_file_name():
    x = torch.arange(6.0)
    asked = [
        None, True, 1, 1.0, -0.0, 0.0, "1", b"1", "None", (1, 2), (1, (2,)), ((1, 2),), ("12",), ("1", "2"), Pair(1, 2),
        Record(1, 2), Record(2, 1), {"a": 1}, {"b": 1}, {"a": "1"}, x, x.double(), x.reshape(2, 3), x.numpy(), x + 1e-6,
        DIGITS, DATASETS["shapes"], float("nan"), float("inf"), recipe("vanilla", "digits", {}, {}),
        recipe("vanilla", "digits", {}, {"seed": 1}), recipe("vanilla", "shapes", {}, {}),
    ]  # fmt: skip
    made = [keys.key("module.name", {"asked": value}) for value in asked]
    assert len(set(made)) == len(asked)
    assert made == [keys.key("module.name", {"asked": value}) for value in asked]
    assert all(name.replace("-", "").replace("_", "").isalnum() and len(name) < 60 for name in made)
    assert keys.key("module.other", {"asked": 1}) != keys.key("module.name", {"asked": 1})
    assert keys.key("m.n", {"a": 1, "b": 2}) == keys.key("m.n", {"b": 2, "a": 1})


@dataclass
class Changeable:
    a: int


@pytest.mark.parametrize("value", [Changeable(1), object(), print, {1, 2}])
def test_what_has_no_plain_value_is_refused_and_not_taken_for_equal(value):
    with pytest.raises(TypeError, match="cannot be asked of a look"):
        keys.key("module.name", {"asked": value})


# --- nobody can change it ---------------------------------------------------------------------------------------------


def test_who_writes_to_what_is_kept_is_stopped_with_an_error():
    found = toy_looks.beside(DIGITS, 5)
    with pytest.raises(RuntimeError, match="inference"):
        found.of[0] = 1.0
    array = memory.frozen(np.zeros(3))
    mixed = memory.frozen({"a": [np.zeros(2), torch.zeros(2)], "b": Record(torch.zeros(1), 2)})
    for inside in (array, mixed["a"][0]):
        with pytest.raises(ValueError, match="read-only"):
            inside[0] = 1
    for inside in (mixed["a"][1], mixed["b"].a):
        with pytest.raises(RuntimeError, match="inference"):
            inside.add_(1)


def test_a_kept_result_is_no_view_of_what_it_was_made_of():
    source = torch.zeros(3)
    kept = memory.frozen((source,))[0]
    source += 1
    assert kept.tolist() == [0, 0, 0]


def test_memory_is_bounded_in_bytes_and_the_one_not_asked_for_longest_goes():
    made = []

    def take(name, megabytes):
        return memory.kept(name, lambda: made.append(name) or np.zeros(megabytes << 17))

    whole = memory.MOST_BYTES >> 20
    for name in ("a", "b", "a", "c", "a", "b"):
        take(name, whole * 2 // 5)
    assert made == ["a", "b", "c", "b"]
    assert take("too much", whole + 1).nbytes > memory.MOST_BYTES  # given, and not kept
    assert not memory.known("too much") and memory.known("a")


def test_whoever_comes_together_waits_for_one_result_and_an_error_is_not_kept():
    begun, go_on, made, got = threading.Event(), threading.Event(), [], []

    def make():
        made.append(1)
        first = len(made) == 1
        begun.set()
        assert go_on.wait(10)
        if first:
            raise ValueError("not yet")
        return object()

    def visit():
        try:
            got.append(memory.kept("x", make))
        except ValueError as error:
            got.append(error)

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    assert begun.wait(10)
    go_on.set()
    for visitor in visitors:
        visitor.join(10)
    assert len(made) == 2 and len(got) == 4 and len(set(map(id, got))) == 2


# --- one look finds another -------------------------------------------------------------------------------------------


def test_a_look_inside_of_a_look_is_found_where_that_one_was_asked_for():
    heard = []

    def way(asked):
        heard.append(asked.look.name)
        return asked.compute()

    with found_by(way):
        assert toy_looks.nested(DIGITS) == 33.0
    assert heard == ["toy_looks.nested", "toy_looks.beside"]
    toy_looks.nested(DIGITS)
    assert len(heard) == 2, "the way is that of the thread, for as long as it was asked"


def test_reports_are_heard_and_can_stop_it():
    heard = []
    with heard_by(lambda share, so_far=None: heard.append((share, so_far.total))):
        toy_looks.beside(DIGITS, 4)
    assert heard == [(0.0, 0.0), (0.25, 10.0), (0.5, 21.0), (0.75, 33.0)]

    def stop(share, so_far=None):
        raise Stopped

    with heard_by(stop), pytest.raises(Stopped):
        toy_looks.lasting(DIGITS, 4)
    report(0.5)  # nobody listens


# --- how it travels, and lies on a disk -------------------------------------------------------------------------------


def test_what_is_asked_travels_as_names_and_plain_values(run):
    for asked in (toy_looks.quick.of(opened(run), 2.0), toy_looks.beside.of(DIGITS, 3)):
        sent = pickle.dumps(asked)
        assert len(sent) < 2000 and b"Linear" not in sent
        again = pickle.loads(sent).arrived()
        assert again.look is asked.look and again.key == asked.key


def test_a_run_that_was_trained_further_meanwhile_is_refused(run):
    sent = pickle.loads(pickle.dumps(toy_looks.quick.of(opened(run))))
    other_weights(run)
    with pytest.raises(RunError, match="trained further meanwhile"):
        sent.arrived()


class Everything(NamedTuple):
    tensor: torch.Tensor
    array: np.ndarray
    number: float
    nothing: torch.Tensor | None
    records: tuple[toy_looks.Sum, ...]
    by_level: dict[float, float]
    named: dict[str, torch.Tensor]
    text: str


def test_a_result_of_any_shape_comes_back_from_the_disk_as_it_was():
    made = Everything(
        torch.randn(2, 3).half(), np.arange(4, dtype=np.uint8), float("inf"), None,
        (toy_looks.Sum(1.5, torch.ones(1)),), {0.1: float("nan")}, {"w": torch.eye(2)}, "words",
    )  # fmt: skip
    back = packing.unpacked(Everything, load(save(packing.packed(made))))
    assert torch.equal(back.tensor, made.tensor) and back.tensor.dtype == torch.half
    assert back.array.tolist() == [0, 1, 2, 3] and back.array.dtype == np.uint8
    assert (back.number, back.nothing, back.text) == (float("inf"), None, "words")
    assert isinstance(back.records[0], toy_looks.Sum) and back.records[0].of.tolist() == [1.0]
    assert np.isnan(back.by_level[0.1]) and torch.equal(back.named["w"], torch.eye(2))


@pytest.mark.parametrize("tensors", [{}, {"record": torch.zeros(3, dtype=torch.uint8)}, packing.packed({"other": 1})])
def test_tensors_that_are_no_such_result_are_refused(tensors):
    with pytest.raises(ValueError):
        packing.unpacked(toy_looks.Sum, tensors)
