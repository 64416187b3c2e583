# Every target builds the environment it needs; a fresh clone needs only Python 3.10+, git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
WORKERS ?= auto

# A fresh clone keeps its data to itself, unless told otherwise. The environment counts where nobody trusted anything.
CODESEARCH_DATA_DIR ?= $(CURDIR)/.codesearch

.PHONY: serve index test faults golden check check-pythons audit bench screenshots findings lint types format clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "codesearch needs Python 3.10 or newer: make PYTHON=/path/to/python3")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(RUNTIME): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable .
	$(BIN)/python -m indexer.chunking.unused_grammars --delete
	@touch $@

$(DEV): pyproject.toml $(RUNTIME)
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

serve index: export CODESEARCH_DATA_DIR := $(CODESEARCH_DATA_DIR)

serve: $(RUNTIME)  ## index the fixtures when nothing is indexed, create a first key, serve
	$(BIN)/codesearch serve --first-run fixtures/repos

index: $(RUNTIME)  ## index REPO="URL-or-path ..." (default: each of fixtures/repos, where nothing else is indexed)
	$(BIN)/codesearch index $(if $(REPO),$(REPO),--examples fixtures/repos) $(if $(BRANCH),--branch $(BRANCH)) $(if $(SUBDIR),--subdir $(SUBDIR))

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(DEV)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(DEV)  ## as of Python 3.10, where numpy's own types are still those of a Python that old
	$(BIN)/mypy $$($(BIN)/python -c 'import sys; print("--python-version=3.10" * (sys.version_info < (3, 12)))')

# The suite starts hundreds of processes: where bytecode is not kept, each compiles all modules anew. A worker gets
# tests that stand together, which share what their module has indexed and started.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(DEV)  ## the whole test suite with branch coverage
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -p tests.branch_coverage

faults: $(DEV)  ## the long tests of what goes wrong: kills, damaged files, a soak of MINUTES
	SOAK_MINUTES=$(or $(MINUTES),20) $(BIN)/python -m pytest -m long tests/faults -rs

golden: $(DEV)  ## rewrite the golden files with what comes out now; read the diff before committing it
	$(BIN)/python -m pytest -q tests/golden --golden-write

bench: $(DEV)  ## speed on the fixtures; with BENCH=DIR TREES=DIR also quality and speed beside peers, written to docs/benchmarks.md
	$(BIN)/python -m benchmarks.indexing fixtures/repos/*/
	$(BIN)/python -m benchmarks.latency fixtures/repos/*/ --chunks $(or $(CHUNKS),10000)
	$(if $(BENCH),$(BIN)/python -m benchmarks.compare --bench $(BENCH) --trees $(TREES) --write-docs)

screenshots: $(DEV)  ## take the pictures of the page that the README shows, of the fixtures; needs chromium
	$(BIN)/python -m benchmarks.screenshots

findings:  ## run each surprise of a library again, in pinned versions; needs a package registry and no part of this project
	@changed=0; for script in findings/*.sh; do \
		if output=$$(PYTHON="$(PYTHON)" timeout 600 $$script 2>&1); \
		then echo "holds $$script: $$(echo "$$output" | tail -n 1)"; \
		else echo "CHANGED OR NOT RUN $$script:"; echo "$$output"; changed=1; fi; \
	done; exit $$changed

audit: $(DEV)  ## licences of what is installed, and known holes in it
	$(BIN)/python .ci/audit.py

check: lint types test  ## what has to hold before a landing

check-pythons:  ## types and tests with the oldest and the newest Python that is installed, each in its own environment
	@for python in $$(.ci/pythons); do \
		version=$$($$python -c 'import sys; print("{}.{}".format(*sys.version_info))') && echo "Python $$version: $$python" && \
		$(MAKE) types test PYTHON=$$python VENV=.venv-$$version || exit 1; \
	done

clean:
	rm -rf $(VENV) .venv-* build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
