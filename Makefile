# Everything a developer does here; `make` alone lists it. Needs Python 3.11 or newer and make, nothing else.
# More arguments go into ARGS:  make run ARGS="--server.port=8502"   make test ARGS="-k knobs"
PYTHON ?= python3
BIN := .venv/bin
# Only the checks of the scripts need Node: without it they are left out.
BIOME := $(if $(shell command -v npm),node_modules/.bin/biome)

.DEFAULT_GOAL := help
.PHONY: help run test soak lint format bench pretrained results screenshots clean

help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: .venv/.run  ## start the app
	$(BIN)/streamlit run app.py $(ARGS)

test: .venv/.dev  ## run the tests, without the slow ones
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

soak: .venv/.dev  ## run all tests, the slow ones too
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "slow or not slow" $(ARGS)

lint: .venv/.dev $(BIOME)  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@test ! -x "$(BIOME)" || $(BIOME) ci --error-on-warnings
	@test -x "$(BIOME)" || echo "JavaScript is not checked: that needs Node, with npm, and once the internet."

format: .venv/.dev $(BIOME)  ## put the code into its standard form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(if $(BIOME),$(BIOME) check --write)

bench: .venv/.run  ## measure what is claimed about speed
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/server.py
	$(BIN)/python benchmarks/interaction.py
	$(BIN)/python benchmarks/memory.py

pretrained: .venv/.run  ## train again what is missing in pretrained/ (needs MNIST; half an hour to an hour)
	$(BIN)/python scripts/make_pretrained.py $(ARGS)

results: .venv/.run  ## train every published recipe and write docs/results.md (needs MNIST; hours)
	$(BIN)/python scripts/make_results.py $(ARGS)

screenshots: .venv/.dev  ## take the pictures of README and docs again (needs Chromium)
	$(BIN)/python scripts/take_screenshots.py

clean:  ## remove the virtual environment and all caches; runs and data stay
	rm -rf .venv node_modules .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: installed once, and again when the requirements change.
.venv/.run: requirements.txt | .venv/bin/pip
	$(BIN)/python -m pip install -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.run
	$(BIN)/python -m pip install -q -r requirements-dev.txt
	@touch $@

node_modules/.bin/biome: package.json
	-npm install --no-package-lock --no-audit --no-fund
	@if [ -x $@ ]; then touch $@; fi

.venv/bin/pip:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here: install Python 3.11 or newer, or name yours with PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), and 3.11 or newer is needed: name another one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv .venv
