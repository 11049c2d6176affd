"""What is shipped, held against what is there: requirements, Makefile, Dockerfile, continuous integration, texts."""

import ast
import json
import os
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = {"app.py", "pages", "ui", "ae_core", "pretrained", ".streamlit", "requirements.txt"}
DEVELOPMENT = {"tests", "benchmarks", "docs", "scripts", ".ci", ".github"}  # folders that the app runs without
PACKAGE = {
    "openTSNE": "opentsne",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "PIL": "pillow",
}  # where the import is not called like the package
COMES_WITH = {
    "starlette": "streamlit",
    "websockets": "streamlit",
    "uvicorn": "streamlit",
    "dask": "distributed",
    "scipy": "scikit-learn",
    "markupsafe": "jinja2",
}
NOT_IMPORTED = {"uvloop", "httptools"}  # uvicorn uses them where they are installed

PEERS = {"keras", "pythae"}  # measured beside ours where somebody has installed them


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def project_files() -> list[str]:
    """Every file that is in the repository or about to be; the switch is for a checkout of another user's."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [name for name in listed if name and (ROOT / name).is_file()]


def targets() -> dict[str, list[str]]:
    """Target of the Makefile -> the commands of its recipe."""
    found: dict[str, list[str]] = {}
    for line in text("Makefile").splitlines():
        if match := re.match(r"([\w./-]+):(?!=)", line):
            found[name := match[1]] = []
        elif line.startswith("\t"):
            found[name].append(line.strip().lstrip("@").replace("$(BIN)/", "").replace(" $(ARGS)", ""))
    found.pop(".PHONY")
    return found


def docker() -> list[tuple[str, str]]:
    """The steps of the Dockerfile: (instruction, the rest), continued lines joined."""
    joined = text("Dockerfile").replace("\\\n", " ")
    lines = [line.strip() for line in joined.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], " ".join(line.split()[1:])) for line in lines]


def docker_step(instruction: str) -> tuple[int, str]:
    """Place and text of the only step of that kind."""
    ((place, step),) = [(i, rest) for i, (kind, rest) in enumerate(docker()) if kind == instruction]
    return place, step


def pins(name: str) -> dict[str, str]:
    """Package -> exact version, from a requirements file."""
    lines = [line for line in text(name).splitlines() if line and not line.startswith(("#", "-r "))]
    matches = [(line, re.fullmatch(r"([a-z0-9_.-]+)==([0-9][0-9a-z.]*)(; .+)?", line)) for line in lines]
    assert not [line for line, match in matches if not match], "not an exact pin"
    return {match[1]: match[2] for _, match in matches if match}


def imported(*places: str) -> set[str]:
    """The packages from outside that Python files in these places import."""
    own = {"ae_core", "ui", "pages", "app", "tests", "benchmarks", "scripts", "conftest", "__future__"}
    own |= {Path(name).stem for name in project_files() if name.startswith(("tests/", "benchmarks/", "scripts/"))}
    found = set()
    for name in project_files():
        if name.endswith(".py") and name.split("/")[0] in places:
            for node in ast.walk(ast.parse(text(name))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    found.add(node.module.split(".")[0])
    return {PACKAGE.get(name, name) for name in found - own - sys.stdlib_module_names}


def test_requirements_are_exact_and_the_two_torch_packages_are_a_pair():
    run = pins("requirements.txt")
    assert text("requirements-dev.txt").startswith("-r requirements.txt\n")
    assert not run.keys() & pins("requirements-dev.txt").keys()
    assert int(run["torchvision"].split(".")[1]) == int(run["torch"].split(".")[1]) + 15


def test_node_brings_nothing_but_an_exact_tool_of_development():
    package = json.loads(text("package.json"))
    assert package.keys() == {"private", "type", "devDependencies"}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in package["devDependencies"].values())
    assert not [name for name in project_files() if name.startswith("node_modules")]


def test_what_the_app_imports_is_a_direct_requirement():
    app = imported("app.py", "pages", "ui", "ae_core")
    assert app - COMES_WITH.keys() <= pins("requirements.txt").keys()


def test_what_is_required_is_imported():
    everywhere = imported("app.py", "pages", "ui", "ae_core", "tests", "benchmarks", "scripts")
    assert pins("requirements.txt").keys() - NOT_IMPORTED <= everywhere


def test_what_tests_and_benchmarks_import_is_required():
    wanted = imported("tests", "benchmarks", "scripts") - COMES_WITH.keys() - PEERS
    assert wanted <= pins("requirements.txt").keys() | pins("requirements-dev.txt").keys()


@pytest.mark.parametrize(("package", "parent"), COMES_WITH.items())
def test_what_is_said_to_come_with_a_requirement_does(package, parent):
    assert parent in pins("requirements.txt")
    assert any(re.match(rf"{package}\b(?!.*extra ==)", line, re.IGNORECASE) for line in requires(parent) or [])


def test_docker_copies_what_the_app_needs_and_nothing_else():
    copied = {source for kind, rest in docker() if kind == "COPY" for source in rest.split()[:-1]}
    assert copied == RUNTIME
    assert {source for source in copied if not (ROOT / source).exists()} == set()
    folders = {name.split("/")[0] for name in project_files() if "/" in name}
    assert folders - DEVELOPMENT <= copied, "a new folder: does the app run without it?"


def test_docker_is_sent_only_what_it_copies():
    lines = [line for line in text(".dockerignore").splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == RUNTIME


def test_docker_installs_and_starts_as_make_run_does():
    made = targets()
    assert made[".venv/.run"][0] == "python -m pip install -r requirements.txt"
    assert any(kind == "RUN" and re.search(r"pip install .*-r requirements\.txt$", rest) for kind, rest in docker())
    command = ast.literal_eval(docker_step("CMD")[1])
    assert command == [*made["run"][0].split(), "--server.address=0.0.0.0"]


def test_docker_runs_as_a_user_who_owns_the_volumes():
    place, user = docker_step("USER")
    installs = [i for i, (kind, rest) in enumerate(docker()) if kind == "RUN"]
    assert max(installs) < place < docker_step("CMD")[0]
    assert user not in ("root", "0")
    volumes = ast.literal_eval(docker_step("VOLUME")[1])
    variables = dict(pair.split("=", 1) for kind, rest in docker() if kind == "ENV" for pair in rest.split())
    assert {variables["AE_RUNS"], variables["AE_DATA"]} == set(volumes)
    owned = next(rest for kind, rest in docker() if kind == "RUN" and "install -d" in rest)
    assert f"-o {user}" in owned and set(volumes) <= set(owned.split())


def test_docker_asks_the_server_for_its_health():
    check = docker_step("HEALTHCHECK")[1]
    assert f":{docker_step('EXPOSE')[1]}/_stcore/health" in check
    program = ast.literal_eval(check[check.index("[") :])
    assert program[:2] == ["python", "-c"]
    ast.parse(program[2])


def test_make_does_what_its_names_say():
    made = targets()
    assert made["run"] == ["streamlit run app.py"]
    assert made["test"] == ["python -m pytest -n 2 --dist loadfile --no-loadscope-reorder"]
    assert made["soak"] == ['python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "slow or not slow"']
    *python, scripts, without = made["lint"]
    assert python == ["ruff check .", "ruff format --check .", "mypy"]
    assert scripts.endswith('test ! -x "$(BIOME)" || $(BIOME) ci --error-on-warnings')
    assert 'test -x "$(BIOME)" || echo' in without
    assert made["bench"] == [f"python benchmarks/{name}.py" for name in ("training", "server", "interaction", "memory")]
    assert made["screenshots"] == ["python scripts/take_screenshots.py"]
    named = set(re.findall(r"[\w/-]+\.(?:py|txt)", " ".join(command for recipe in made.values() for command in recipe)))
    assert {name for name in named if not (ROOT / name).is_file()} == set()


def test_make_asks_for_the_python_that_the_project_asks_for():
    wanted = re.search(r'requires-python = ">=(\d+)\.(\d+)"', text("pyproject.toml"))
    assert wanted and f"sys.version_info < ({wanted[1]}, {wanted[2]})" in text("Makefile")


@pytest.mark.parametrize("name", [".ci/run", ".github/workflows/test.yml"])
def test_continuous_integration_runs_lint_and_tests(name):
    assert re.findall(r"\bmake (\w+)", text(name)) == ["lint", "test"]
    assert "chromium" in text(name)


def test_ci_run_is_a_program():
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert text(".ci/run").startswith("#!/usr/bin/env bash\n")
    subprocess.run(["bash", "-n", ROOT / ".ci/run"], check=True)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_commands_in_the_texts_exist(name):
    for command in re.findall(r"(?:^ *|`)make ([a-z]+)", text(name), re.MULTILINE):
        assert command in targets(), f"{name} names make {command}"


def test_no_file_names_a_path_of_one_machine():
    paths = re.compile("|".join(rf"(?<![\w.])/{folder}/" for folder in ("work", "root", "farm")))
    texts = {name: (ROOT / name).read_bytes().decode(errors="ignore") for name in project_files()}
    assert [name for name, content in texts.items() if paths.search(content)] == []
