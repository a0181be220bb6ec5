# One task runner: `make demo` shows the main job, `make test` runs every check that CI runs.
# Needs Python 3.11 or newer with venv, make and git; everything else is installed into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.PHONY: help setup demo test check lint types imports unit crash bench golden requirements lock clean
help: ## this list
	@grep -hE '^[a-z]+:.*## ' Makefile | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv with the locked requirements and .venv/bin/reconcile
$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "reconcile needs Python 3.11 or newer; say which with: make PYTHON=python3.11 ...")'
	@echo "Setting up $(VENV) (once; a minute or two) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup ## the main job, step by step, on the example estate
	@$(BIN)/reconcile demo

test: setup lint types imports unit ## every check that CI runs

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports --no-cache

unit: setup
	$(BIN)/pytest -n 2 -m "not slow"

crash: setup ## every crash point of apply, import, export and a cycle; a year of slots
	$(BIN)/pytest -n 2 -m slow --timeout=3600

bench: setup ## speed as ratios to a yardstick in the same run
	$(BIN)/python -m benchmarks

golden: setup ## rewrite the golden files after a change that was meant
	RECONCILE_GOLDEN=write $(BIN)/pytest -n 2 -m "not slow"

requirements: setup ## every numbered rule with the tests that carry it
	@$(BIN)/python -m tests.requirements_table

lock: setup ## resolve the requirements anew; commits hashes, names no index
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet pyproject.toml -o requirements/base.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --extra dev pyproject.toml -o requirements/dev.txt

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache
