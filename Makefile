# The one place that defines the project's commands; CI calls them too.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
TORCH ?= 2.13.0
# How many tests run at once, each with one thread of its own.
JOBS ?= auto
PYTEST := OMP_NUM_THREADS=1 POLARS_MAX_THREADS=1 $(BIN)/pytest --numprocesses $(JOBS) --dist worksteal
MKDOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

.PHONY: demo test test-all check docs release benchmark notebooks lock format clean

demo: $(VENV)/.installed  ## draw the sample, train five networks on it, write the report
	$(BIN)/bakeoff demo

test: $(VENV)/.installed  ## run the tests, but for the slow ones
	$(PYTEST) -m "not slow"

test-all: $(VENV)/.installed  ## run all tests, and fail where they cover too little
	$(PYTEST) --cov --cov-report=term:skip-covered

check: $(VENV)/.installed  ## lint, types, architecture, dependencies, spelling, the documentation and its links
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/codespell
	$(BIN)/deno lint --quiet
	$(BIN)/deno check --quiet --no-lock src/bakeoff/report/templates/script.js src/bakeoff/workflow/web/*.js
	$(BIN)/python .ci/supply_chain.py licences
	$(MKDOCS) --site-dir $(VENV)/site

docs: $(VENV)/.installed  ## the documentation site in site/, with the reports of its gallery
	$(BIN)/bakeoff demo --out .gallery/demo
	set -e; for file in docs/gallery/*.toml; do \
	    $(BIN)/bakeoff run $$file --out .gallery/$$(basename $$file .toml); done
	$(MKDOCS)

release: $(VENV)/.installed  ## the wheel, the source archive and the bill of materials (CycloneDX) in dist/
	rm -rf dist
	$(BIN)/hatchling build --directory dist
	$(BIN)/python .ci/supply_chain.py sbom > dist/bakeoff.cdx.json

benchmark: $(VENV)/.installed  ## index, selection and build beside other tools; writes benchmarks/results/
	$(BIN)/python benchmarks/index.py
	$(BIN)/python benchmarks/build.py $(if $(PHOTOS),--photos $(PHOTOS))
	@cat benchmarks/results/index.md benchmarks/results/build.md

notebooks: $(VENV)/.installed  ## execute the notebooks of examples/ anew
	$(BIN)/python .ci/notebooks.py

format: $(VENV)/.installed  ## format and apply safe fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:  ## write requirements.lock anew from the ranges in pyproject.toml
	./lock.sh

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet torch==$(TORCH)
	$(BIN)/pip install --quiet --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) bakeoff-demo .bakeoff-cache .gallery dist site
