# The one place that defines the project's commands; CI calls them too.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: demo test check benchmark lock format clean

demo: $(VENV)/.installed  ## draw the sample, train four networks on it, write the report
	$(BIN)/bakeoff demo

test: $(VENV)/.installed  ## run the tests
	$(BIN)/pytest

check: $(VENV)/.installed  ## lint, types, architecture, dependencies, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/codespell
	$(BIN)/deno lint --quiet
	$(BIN)/deno check --quiet --no-lock src/bakeoff/report/templates/script.js

benchmark: $(VENV)/.installed  ## index, selection and build beside other tools; writes benchmarks/results/
	$(BIN)/python benchmarks/index.py
	$(BIN)/python benchmarks/build.py $(if $(PHOTOS),--photos $(PHOTOS))
	@cat benchmarks/results/index.md benchmarks/results/build.md

format: $(VENV)/.installed  ## format and apply safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## write requirements.lock anew from the ranges in pyproject.toml
	./lock.sh

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) bakeoff-demo .bakeoff-cache
