"""The script: one PyTorch program that trains a run again, made of the source that trained it.

The definitions are those of the models, data sets and schedules themselves (`reachable.py`), so they cannot drift from
what was trained; the loop is that of `training/loop.py` without what only a page needs.
"""

from __future__ import annotations

import ast
import sys
import textwrap
import threading
from copy import deepcopy

from ae_core.export.base import ExportError
from ae_core.export.reachable import read_module, standing_alone
from ae_core.knobs import declared
from ae_core.models import model_class
from ae_core.models.base import DataStarted
from ae_core.runs.recipe import Recipe
from ae_core.training.optimisers import SCHEDULES
from ae_core.waits import about_to_wait, patient

# ast.parse of Python 3.11 counts its depth for all threads together: of two at once one may end in a SystemError.
_one_at_a_time = threading.Lock()
PACKAGES = {"sklearn": "scikit-learn"}  # where it is not called as it is imported

MAIN = """\
EPOCHS, BATCH_SIZE, LEARNING_RATE, SEED = {epochs}, {batch_size}, {learning_rate!r}, {seed}
torch.set_num_threads(1)  # sums of another order round differently
torch.set_flush_denormal(True)  # numbers next to zero are slow

# Pictures (n, channels, height, width) in [0, 1].
{data}

torch.manual_seed(SEED)  # the first weights
{model}
optimiser = {optimiser}

# The order of an epoch depends on (seed, epoch), the noise on (seed, step).
step, steps = 0, EPOCHS * -(-len(train) // BATCH_SIZE)
for epoch in range(EPOCHS):
    order = torch.randperm(len(train), generator=torch.Generator().manual_seed(SEED * 1_000_003 + epoch))
    for rows in order.split(BATCH_SIZE):
        model.progress = step / steps
        step += 1
        torch.manual_seed(SEED * 1_000_003 + step)
{step}
        optimiser.zero_grad()
        loss = torch.stack(list(losses.values())).sum()
        {objective}.backward()
        optimiser.step()
    print(f"epoch {{epoch + 1}} of {{EPOCHS}}: loss of the last batch {{loss.item():.4f}}")

model.progress = 1.0
model.eval()
torch.manual_seed(0)  # the same noise whenever a model is judged
with torch.inference_mode():
    sums = [sum(term.item() for term in model.losses(x).values()) * len(x) for x in test.split(1000)]
print(f"final test loss {{sum(sums) / len(test):.9g}} ({unit}, summed over pixels, mean over pictures)")
"""
SCHEDULED = """\
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * {schedule}(model.progress)
"""
FLOAT32 = """\
        losses = model.losses(train[rows])"""
AUTOCAST = """\
        with autocast({precision}, train.device):
            losses = model.losses(train[rows])"""

LOADED = """\
split = {name}()
train, test = split.train.images[:], split.test.images[:]"""


def training_script(recipe: Recipe) -> str:
    """A stand-alone PyTorch program that trains the recipe again on the processor and prints its final test loss.

    First weights, order of the pictures, noise, optimiser and precision are the same, so a run that was trained on the
    processor of the same machine comes out with the same loss.

    Raises
        ExportError: where the source of the project is not installed, or a data set is not read by a function.
    """
    about_to_wait()
    with patient(_one_at_a_time):
        return _written(recipe)


def _written(recipe: Recipe) -> str:
    kind = model_class(recipe.model)
    data, origins = _data(recipe)
    optimiser, rule = _optimiser(recipe)
    origins |= {"torch": "ae_core.training.loop", kind.__name__: kind.__module__, rule: "ae_core.training.optimisers"}
    step = FLOAT32
    if recipe.plan["precision"] != "float32":
        step = AUTOCAST.format(precision=_shown(recipe.plan["precision"]))
        origins["autocast"] = "ae_core.training.device"
    if (schedule := recipe.plan["schedule"]) != "constant":
        function = SCHEDULES[schedule]
        step = SCHEDULED.format(schedule=function.__name__) + step
        origins[function.__name__] = function.__module__
    plan = {name: recipe.plan[name] for name in ("epochs", "batch_size", "learning_rate", "seed")}
    objective = "(loss / train[0].numel())" if recipe.plan["minimised"] == "mean" else "loss"
    main = MAIN.format(
        **plan, data=data, model=_model(recipe), optimiser=optimiser, step=step, objective=objective, unit=recipe.unit
    )
    program = standing_alone(main, origins, [word for knob in declared(kind).values() for word in knob.knob.choices])
    return (
        f'"""{recipe.title}: a training of Autoencoder Explorer in one file.\n\nNeeds'
        f' {_needs(program)}.\n"""\n\n{program}'
    )


def _model(recipe: Recipe) -> str:
    """The lines that make `model` with its first weights."""
    kind = model_class(recipe.model)
    knobs = ", ".join([str(recipe.data.shape), *(f"{name}={_shown(value)}" for name, value in recipe.knobs.items())])
    line = f"model = {kind.__name__}({knobs})"
    if len(line) > 120:
        inside = textwrap.fill(knobs, 116, break_long_words=False, break_on_hyphens=False)
        line = f"model = {kind.__name__}(\n{textwrap.indent(inside, '    ')}\n)"
    return line + "\nmodel.start_from(train)" if issubclass(kind, DataStarted) else line


def _shown(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _optimiser(recipe: Recipe) -> tuple[str, str]:
    """The expression that makes the optimiser, and the name of its class: the entry in `OPTIMISERS`, filled in."""
    statement = read_module("ae_core.training.optimisers").statements["OPTIMISERS"]
    assert isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Dict)
    entries = {ast.unparse(k): v for k, v in zip(statement.value.keys, statement.value.values, strict=True) if k}
    making = deepcopy(entries[repr(recipe.plan["optimiser"])])
    assert isinstance(making, ast.Lambda) and isinstance(making.body, ast.Call)
    given = ("model.parameters()", "LEARNING_RATE", repr(recipe.plan["weight_decay"]))
    values = dict(zip((arg.arg for arg in making.args.args), given, strict=True))
    for node in ast.walk(making.body):
        if isinstance(node, ast.Name) and node.id in values:
            node.id = values[node.id]
    return ast.unparse(making.body), ast.unparse(making.body.func)


def _data(recipe: Recipe) -> tuple[str, dict[str, str]]:
    """The lines that make `train` and `test`, and where what they use is defined."""
    if recipe.data.program:
        return recipe.data.program.lines, dict(recipe.data.program.origins)
    load = recipe.data.load
    name, module = getattr(load, "__name__", ""), getattr(load, "__module__", "")
    if name not in read_module(module).statements:
        raise ExportError(
            f"The data set {recipe.dataset} is not read by a function of its own: no program can read it; train it "
            "through ae_core."
        )
    return LOADED.format(name=name), {name: module}


def _needs(program: str) -> str:
    """The packages that a program imports, as people install them."""
    found = set()
    for node in ast.walk(ast.parse(program)):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    packages = sorted(PACKAGES.get(name, name) for name in found - sys.stdlib_module_names)
    return ", ".join(packages[:-1]) + " and " + packages[-1] if len(packages) > 1 else packages[0]
