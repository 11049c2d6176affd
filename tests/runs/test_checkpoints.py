"""Weights on disk: which are kept, and what is refused."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as save_tensors
from small_runs import bit_equal, small_recipe
from torch import Tensor

from ae_core.durable import Damaged
from ae_core.models import Vanilla
from ae_core.runs import checkpoints
from ae_core.runs.checkpoints import load_model, load_optimiser, manifest, newest, read_tensors, save, training_state
from ae_core.runs.run import Run, RunError
from ae_core.runs.store import Store
from ae_core.training.loop import Plan, new_optimiser


def tensors(step: int) -> dict[str, Tensor]:
    return {"model.w": torch.full((100,), float(step))}


def saved(folder: Path, *losses: float) -> None:
    for step, loss in enumerate(losses, start=1):
        save(folder, tensors(step), step, step, loss)


def weights(folder: Path, step: int) -> Path:
    return folder / f"weights-{step:06d}.safetensors"


def swap(folder: Path, step: int, data: bytes) -> None:
    """Put other bytes in place of a checkpoint, and their own checksum into the manifest."""
    weights(folder, step).write_bytes(data)
    record = json.loads((folder / checkpoints.MANIFEST).read_text())
    for entry in record["checkpoints"]:
        if entry["step"] == step:
            entry |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (folder / checkpoints.MANIFEST).write_text(json.dumps(record))


KEPT = [
    ([5, 1, 3, 4, 2], [2, 4, 5]),
    ([5, 4, 3, 2, 1], [4, 5]),
    ([1, 2, 3], [1, 2, 3]),
    ([1], [1]),
    ([2, 2, 2, 2], [1, 3, 4]),
]


@pytest.mark.parametrize(("losses", "kept"), KEPT, ids=str)
def test_the_two_newest_and_the_best_are_kept(losses, kept, tmp_path):
    saved(tmp_path, *losses)
    assert [entry.step for entry in manifest(tmp_path)] == kept
    assert sorted(tmp_path.glob("weights-*")) == [weights(tmp_path, step) for step in kept]
    assert newest(tmp_path)[0].step == len(losses)


def test_saving_a_step_again_replaces_it(tmp_path):
    saved(tmp_path, 3, 2)
    save(tmp_path, tensors(9), 2, 2, 2.5)
    entry, found = newest(tmp_path)
    assert (entry.step, entry.loss) == (2, 2.5) and bit_equal(found, tensors(9))
    assert len(manifest(tmp_path)) == 2


@pytest.mark.parametrize("where", [0, 3, 9, 40, 200, -1])
@pytest.mark.parametrize("bit", [1, 128])
def test_one_flipped_bit_falls_back_to_the_checkpoint_before(where, bit, tmp_path):
    saved(tmp_path, 3, 2)
    data = bytearray(weights(tmp_path, 2).read_bytes())
    data[where] ^= bit
    weights(tmp_path, 2).write_bytes(data)
    entry, found = newest(tmp_path)
    assert entry.step == 1 and bit_equal(found, tensors(1))


@pytest.mark.parametrize("length", [0, 1, 7, 8, 100, -1])
def test_a_cut_file_falls_back_to_the_checkpoint_before(length, tmp_path):
    saved(tmp_path, 3, 2)
    weights(tmp_path, 2).write_bytes(weights(tmp_path, 2).read_bytes()[:length])
    assert newest(tmp_path)[0].step == 1


def test_a_lost_file_falls_back_to_the_checkpoint_before(tmp_path):
    saved(tmp_path, 3, 2)
    weights(tmp_path, 2).unlink()
    assert newest(tmp_path)[0].step == 1


def test_the_checkpoint_saved_after_a_fallback_is_the_one_read_next(tmp_path):
    saved(tmp_path, 1, 2, 3, 4)  # kept: 1, the best, and 3 and 4
    for step in (3, 4):
        weights(tmp_path, step).write_bytes(b"damaged")
    assert newest(tmp_path)[0].step == 1
    save(tmp_path, tensors(2), 2, 2, 2.0)  # training went on from step 1
    assert newest(tmp_path)[0].step == 2


class Canary:
    """When unpickled, makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("kind", ["pickle", "torch.save"])
def test_a_renamed_pickle_is_refused_and_not_executed(kind, tmp_path):
    saved(tmp_path, 2, 1)
    canary = tmp_path / "canary"
    if kind == "pickle":
        data = pickle.dumps({"model.w": Canary(canary)})
    else:
        torch.save({"model.w": Canary(canary)}, tmp_path / "x")
        data = (tmp_path / "x").read_bytes()
    swap(tmp_path, 2, data)
    with pytest.raises(Damaged):
        read_tensors(weights(tmp_path, 2), manifest(tmp_path)[-1])
    assert newest(tmp_path)[0].step == 1 and not canary.exists()


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_not_finite_are_refused(value, tmp_path):
    saved(tmp_path, 2, 1)
    bad = tensors(2)
    bad["model.w"][7] = value
    swap(tmp_path, 2, save_tensors(bad))
    with pytest.raises(Damaged, match=r"not finite, in model\.w; train again"):
        read_tensors(weights(tmp_path, 2))
    assert newest(tmp_path)[0].step == 1


def test_a_file_too_large_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    saved(tmp_path, 1)
    monkeypatch.setattr(checkpoints, "LARGEST", 100)
    with pytest.raises(Damaged):
        read_tensors(weights(tmp_path, 1))


MANIFESTS = [
    b"", b"{}", b"[]", b'{"checkpoints": 3}', b'{"checkpoints": [3]}', b'{"checkpoints": [{}]}', b"\xff",
    b'{"checkpoints": [{"step": Infinity, "epoch": 1, "loss": 1, "sha256": "", "bytes": 1}]}',
    b'{"checkpoints": [{"step": "../../x", "epoch": 1, "loss": 1, "sha256": "", "bytes": 1}]}',
    b'{"checkpoints": [{"step": null, "epoch": 1, "loss": 1, "sha256": "", "bytes": 1}]}',
]  # fmt: skip


@pytest.mark.parametrize("content", MANIFESTS)
def test_a_damaged_manifest_means_no_weights_and_no_exception(content, tmp_path):
    saved(tmp_path, 1)
    (tmp_path / checkpoints.MANIFEST).write_bytes(content)
    assert manifest(tmp_path) == []
    with pytest.raises(Damaged, match=r"/manifest\.json is (damaged, |not a JSON record).*; restore it or"):
        newest(tmp_path)


@pytest.fixture
def run(store: Store) -> Run:
    """A run with two checkpoints of untrained weights."""
    made = store.create(small_recipe(), origin="test")
    model = made.recipe().new_model()
    for step in (1, 2):
        save(made.folder, training_state(model, new_optimiser(model, Plan())), step, step, 1.0)
    return made


def test_a_run_opens_with_its_newest_weights_for_looking_only(run):
    model, entry = run.load()
    assert entry.step == 2 and not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert bit_equal(model.state_dict(), run.recipe().new_model().state_dict())


def test_a_run_whose_checkpoints_are_all_damaged_says_so(run):
    for step in (1, 2):
        weights(run.folder, step).write_bytes(b"nothing")
    with pytest.raises(RunError, match=f"^{run.id} cannot be opened: .*differs from its checksum.*train again"):
        run.load()


def test_a_run_without_weights_says_so(store):
    run = store.create(small_recipe(), origin="test")
    assert not run.has_weights()
    with pytest.raises(RunError, match="no weights have been written yet; wait or train it again"):
        run.load()


@pytest.mark.parametrize("kind", [torch.float64, torch.float16, torch.int64, torch.bool, torch.bfloat16])
def test_weights_of_another_dtype_are_refused_and_the_model_stays_as_it_is(kind, run):
    state = {f"model.{name}": value for name, value in run.recipe().new_model().state_dict().items()}
    name = sorted(state)[-1]
    for step in (1, 2):
        swap(run.folder, step, save_tensors({**state, name: state[name].to(kind)}))
    with pytest.raises(RunError, match=str(kind).removeprefix("torch.")) as error:
        run.load()
    assert name.removeprefix("model.") in str(error.value) and str(error.value).endswith(
        ("train it again.", "train again.")
    )
    assert "they must be float32" in str(error.value) or "no part of a run does" in str(error.value)


def test_moments_of_another_dtype_are_refused(run):
    model = run.recipe().new_model()
    optimiser = new_optimiser(model, Plan())
    kept = {
        f"optimiser.{name}.{moment}": torch.zeros_like(parameter, dtype=torch.float64)
        for name, parameter in model.named_parameters()
        for moment in ("exp_avg", "exp_avg_sq")
    }
    with pytest.raises(Damaged, match=r"are float64 in exp_avg of .*: they must be float32; train it again"):
        load_optimiser(model, optimiser, kept, 3, "a test")
    assert not optimiser.state


def test_matrices_of_shipped_runs_may_be_in_half_precision_and_those_of_no_other(run):
    state = {f"model.{name}": value for name, value in run.recipe().new_model().state_dict().items()}
    for step in (1, 2):
        swap(run.folder, step, save_tensors({n: v.half() if v.ndim > 1 else v for n, v in state.items()}))
    with pytest.raises(RunError, match="are float16 in "):
        run.load()
    record = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps({**record, "origin": "pretrained"}))
    model, _ = run.load()
    assert {value.dtype for value in model.state_dict().values()} == {torch.float32}


def other_weights(change: str) -> dict[str, Tensor]:
    state = {f"model.{name}": value for name, value in Vanilla((1, 8, 8), latent=8).state_dict().items()}
    name = sorted(state)[-1]
    if change == "missing":
        del state[name]
    elif change == "more":
        state["model.extra"] = torch.zeros(1)
    else:
        state[name] = torch.zeros(3, 3) if change == "shape" else state[name].reshape(1, *state[name].shape)
    return state


@pytest.mark.parametrize("change", ["missing", "more", "shape", "rank"])
def test_weights_that_do_not_fit_are_refused_and_the_model_stays_as_it_is(change, run):
    model = run.recipe().new_model()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(Damaged, match=r"The weights of a test do not fit its recipe, in .*; train it again"):
        load_model(model, other_weights(change), "a test")
    assert bit_equal(model.state_dict(), before)
    for step in (1, 2):
        swap(run.folder, step, save_tensors(other_weights(change)))
    with pytest.raises(RunError, match=f"The weights of {run.id} do not fit its recipe"):
        run.load()
