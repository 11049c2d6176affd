"""The command line: `python -m ae_core list | train | evaluate | recipe | download | import-pictures |
delete-pictures`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Collection, Iterator
from typing import Any, NoReturn

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one thread per run, and the same weights as in the app
os.environ.setdefault("MKL_NUM_THREADS", "1")

from tqdm import tqdm

from ae_core.datasets import DATASETS, DatasetError, dataset, datasets
from ae_core.durable import json_line
from ae_core.knobs import Declared, declared
from ae_core.measures.metrics import NO_CROSS_ENTROPY
from ae_core.measures.report import as_text, full_report, remarks
from ae_core.measures.table import measure
from ae_core.models import MODELS, idea, model_class
from ae_core.pictures.set_import import Turning, import_set
from ae_core.pictures.upload import read_file
from ae_core.published import PUBLISHED, Result, published, result
from ae_core.runs.claim import Busy
from ae_core.runs.execution import execute
from ae_core.runs.recipe import follow_the_pictures, starting_recipe
from ae_core.runs.run import Run
from ae_core.runs.store import Store
from ae_core.training.device import prepare_process
from ae_core.training.loop import Plan, Step


class Parser(argparse.ArgumentParser):
    """argparse, but a mistake is one sentence and exit status 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{message[0].upper()}{message[1:].rstrip('.')}; {self.prog} --help shows what there is.\n")


def option(name: str) -> str:
    return "--" + name.replace("_", "-")


def add_knobs(parser: argparse.ArgumentParser, knobs: dict[str, Declared], follow: Collection[str] = ()) -> None:
    for name, knob in knobs.items():
        shown = ",".join(map(str, knob.default)) if knob.kind is tuple else knob.default
        shown = "what the data set needs" if name in follow else shown
        names = dict.fromkeys([option(name), "--" + name])
        parser.add_argument(
            *names, dest=name, metavar="V", help=f"{knob.explanation} (default {shown})".replace("%", "%%")
        )


def given(arguments: argparse.Namespace, knobs: dict[str, Declared]) -> dict[str, Any]:
    """The knobs that were set on the command line, read and checked."""
    texts = {name: getattr(arguments, name) for name in knobs if getattr(arguments, name) is not None}
    return {name: knobs[name].parse(text) for name, text in texts.items()}


def command_list(arguments: argparse.Namespace) -> None:
    print("Models")
    for name, kind in MODELS.items():
        print(f"  {name:14} {idea(name)}")
        print(f"  {'':14} knobs: {', '.join(declared(kind))}")
    print("Data sets")
    for name, entry in datasets().items():
        print(f"  {name:14} {entry.about}" + ("" if entry.present() else " Not here yet: download it first."))
    print("Published recipes")
    for name, anchor in PUBLISHED.items():
        print(f"  {name:18} {anchor.title}; {anchor.source}")
    print("Runs")
    for run in Store.default().listing():
        print(f"  {run.id:40} {run.status().state}")


def command_train(arguments: argparse.Namespace) -> None:
    knobs = given(arguments, declared(model_class(arguments.model)))
    made = starting_recipe(arguments.model, arguments.dataset, knobs, given(arguments, declared(Plan)))
    made.data.load()
    prepare_process()
    plan = made.training_plan()
    run = Store.default().create(made, origin="command line")
    with progress(run.id, plan.epochs * plan.steps_per_epoch(len(made.data.load().train))) as watch:
        status = execute(run, watch)
    if status.error:
        raise ValueError(status.error)
    report(run, arguments.json)


@contextlib.contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Callable[[Step], None]]:
    """A bar on the standard error, moved by what is called with every step."""
    with tqdm(total=total, desc=title, unit="step", file=sys.stderr, mininterval=0.2) as bar:

        def watch(step: Step) -> None:
            bar.update()
            if step.step % 20 == 0:
                bar.set_postfix(epoch=step.epoch, loss=f"{sum(step.losses.values()):.4g}", refresh=False)

        yield watch


def command_recipe(arguments: argparse.Namespace) -> None:
    prepare_process()
    entry, store = published(arguments.recipe), Store.default()
    for name in dict.fromkeys(row.dataset for row in entry.rows):
        dataset(name).load()
    results = []
    for row in entry.rows:
        with progress(row.label) as watch:
            results.append(result(store, entry, row, arguments.seeds, watch))
    if arguments.json:
        rows = [{**vars(r), "mean": r.mean, "spread": r.spread, "verdict": r.verdict} for r in results]
        print(json_line({"recipe": arguments.recipe, "quantity": entry.quantity, "rows": rows}))
        return
    print(f"{entry.title}: {entry.quantity}\n{entry.source}\n{entry.protocol}")
    for found in results:
        print(f"  {found.label}: {in_words(found, entry.digits)}")


def in_words(row: Result, digits: int) -> str:
    """A result beside what was published."""
    ours = f"{row.mean:.{digits}f}" + ("" if row.spread is None else f" ± {row.spread:.{digits}f}")
    theirs = "" if row.published is None else f", published {row.published:.{digits}f}"
    limit = "" if row.at_most is None else f", at most {row.at_most:.{digits}f} asked: {row.verdict}"
    return f"{ours}{theirs}{limit}; {row.seconds:.0f} s of training"


def command_evaluate(arguments: argparse.Namespace) -> None:
    prepare_process()
    run = Store.default().find(arguments.run)
    model, _ = run.load()
    split = run.recipe().data.load()
    if not arguments.full:
        report(run, arguments.json, measure(model, split))
        return
    found = full_report(model, split)
    said = remarks(model, split, found["reconstruction"])
    if arguments.json:
        named = {"run": run.id, "model": run.recipe().model, "dataset": run.recipe().dataset}
        print(json_line({**named, "report": found, "remarks": said}))
    else:
        print("\n".join([f"{run.id}, on the test pictures", as_text(found, model), *said]))


def report(run: Run, as_json: bool, numbers: tuple[dict[str, float], dict[str, float]] | None = None) -> None:
    """Print a run's numbers: those of its status, or `numbers` measured anew."""
    recipe, status = run.recipe(), run.status()
    train, test = numbers or (status.train, status.test)
    record = {
        "run": run.id,
        "model": recipe.model,
        "dataset": recipe.dataset,
        "epochs": status.epoch,
        "seconds": status.seconds,
        "seconds_per_epoch": round(status.seconds / max(1, status.epoch), 4),
        "train": train,
        "test": test,
    }
    if as_json:
        print(json_line(record))
        return
    print(f"{run.id}: {status.epoch} epochs in {status.seconds:.1f} s")
    for name, value in test.items():
        print(f"  test {name:15} {value:.5f}")
    if "bce" not in test:
        print(f"  {NO_CROSS_ENTROPY}")


def command_download(arguments: argparse.Namespace) -> None:
    entry = dataset(arguments.dataset)
    if entry.fetch is None or entry.present():
        print(f"{entry.name} is already here.")
        return
    with tqdm(desc=entry.name, unit="B", unit_scale=True, file=sys.stderr) as bar:
        for received, expected in entry.fetch():
            bar.total, bar.n = expected, received
            bar.refresh()
    print(f"{entry.name} is here now.")


def command_import(arguments: argparse.Namespace) -> None:
    made = import_set(read_file(arguments.file), Turning(**given(arguments, declared(Turning))))
    print(json_line(made.record) if arguments.json else f"{made.data.name}: {made.sentence}")


def command_delete(arguments: argparse.Namespace) -> None:
    entry = dataset(arguments.dataset)
    if entry.remove is None or not entry.present():
        raise DatasetError(f"{entry.name} cannot be deleted: only own pictures that are here can; see list.")
    entry.remove()
    print(f"{entry.name} is deleted.")


def parser() -> Parser:
    main = Parser(prog="python -m ae_core", description="Train and measure autoencoders.")
    commands = main.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="models, data sets and runs").set_defaults(action=command_list)
    training = commands.add_parser("train", help="train a model")
    training.set_defaults(action=command_train)
    models = training.add_subparsers(dest="model", required=True, metavar="MODEL")
    for name, kind in MODELS.items():
        model = models.add_parser(name, help=idea(name))
        model.add_argument(
            "--dataset", default=next(iter(DATASETS)), help=f"one of {', '.join(DATASETS)}, or own pictures"
        )
        add_knobs(model, declared(Plan) | declared(kind), follow_the_pictures(name))
        model.add_argument("--json", action="store_true", help="print one JSON line at the end")
    evaluation = commands.add_parser("evaluate", help="measure a run again")
    evaluation.set_defaults(action=command_evaluate)
    evaluation.add_argument("run", metavar="RUN", help="id of a run, see list")
    evaluation.add_argument("--full", action="store_true", help="everything: baselines, denoising, the code")
    evaluation.add_argument("--json", action="store_true", help="print one JSON line")
    reproduction = commands.add_parser("recipe", help="train what somebody published and compare")
    reproduction.set_defaults(action=command_recipe)
    reproduction.add_argument("recipe", metavar="NAME", help="one of " + ", ".join(PUBLISHED))
    reproduction.add_argument(
        "--seeds", type=int, choices=range(1, 21), default=1, metavar="N", help="how many seeds, 1 to 20"
    )
    reproduction.add_argument("--json", action="store_true", help="print one JSON line")
    download = commands.add_parser("download", help="fetch a data set from the internet")
    download.set_defaults(action=command_download)
    download.add_argument("dataset", metavar="DATASET", help="one of " + ", ".join(DATASETS))
    importing = commands.add_parser("import-pictures", help="keep pictures as a data set")
    importing.set_defaults(action=command_import)
    importing.add_argument(
        "file", metavar="FILE", help="a zip or a folder of PNG, JPEG, WebP, BMP or GIF files, or a CSV of pixels; 20 MB"
    )
    add_knobs(importing, declared(Turning))
    importing.add_argument("--json", action="store_true", help="print one JSON line")
    deleting = commands.add_parser("delete-pictures", help="delete own pictures for good")
    deleting.set_defaults(action=command_delete)
    deleting.add_argument("dataset", metavar="DATASET", help="name of own pictures, see list")
    return main


def main() -> None:
    arguments = parser().parse_args()
    try:
        arguments.action(arguments)
    except (ValueError, Busy) as error:
        sys.exit(_sentence(str(error)))
    except KeyboardInterrupt:
        sys.exit(130)


def _sentence(text: str) -> int:
    print(text, file=sys.stderr)
    return 2


if __name__ == "__main__":
    main()
