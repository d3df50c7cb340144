# `make demo` and `make test` need make, Python >= 3.11 with venv, and a package registry. What else they need they fetch
# into .venv, by the hashes in the lock files, and what they run there is the built wheel, never the checkout.

PYTHON3 ?= python3
VENV    := .venv
BIN     := $(VENV)/bin
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)
WHEEL   := dist/gstrace-$(VERSION)-py3-none-any.whl
# Folders too, since a deleted file changes only its folder.
SOURCES := pyproject.toml LICENSE $(wildcard README.md) \
           $(shell find gstrace/ schemas/ sample-traces/nginx/ -name __pycache__ -prune -o -print)
# Each process carries its own compiler, some 200 MB: many cores do not ask for as many processes.
FORMAT  ?= perfdata
SECONDS ?= 600
PYTEST  := $(BIN)/pytest -q -n auto --maxprocesses=4 --dist=worksteal

# `python -m …` would otherwise find the checkout before the installed wheel,
export PYTHONSAFEPATH := 1
# and uv whatever environment happens to be active.
export VIRTUAL_ENV := $(CURDIR)/$(VENV)
# pip compiles what it installs, uv only when told; else each command would, for a second and more.
export UV_COMPILE_BYTECODE := 1

.DELETE_ON_ERROR:
.PHONY: help demo test lint format types floors fresh interpreted schemas lock wheel fuzz guided bench clean

help:            ## this list
	@sed -n 's/^\([a-z]*\): [^#]*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12

demo: $(VENV)/wheel      ## the verdict on a bundled real trace
	@$(BIN)/gstrace demo

test: lint types floors fresh interpreted $(VENV)/wheel      ## all checks, then all tests (ARGS='-k name' for some)
	$(PYTEST) $(ARGS)

lint: $(VENV)/dev      ## format and lint rules
	$(BIN)/ruff format --check
	$(BIN)/ruff check

format: $(VENV)/dev      ## reformat, and repair what the linter can
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

types: $(VENV)/dev      ## strict types
	$(BIN)/mypy

floors: $(VENV)/dev      ## who may import whom
	$(BIN)/lint-imports --no-logo --cache-dir .cache/import-linter

fresh: $(VENV)/wheel      ## schemas/ says what the code declares
	@rm -rf .cache/schemas
	$(BIN)/python -m gstrace.reports.schemas .cache/schemas
	diff -r --exclude='.*' .cache/schemas schemas

interpreted: $(VENV)/dev $(VENV)/wheel      ## the replay kernels' tests once more, without the compiler
	NUMBA_DISABLE_JIT=1 $(PYTEST) tests/replay tests/importers/test_stream.py

schemas: $(VENV)/wheel      ## rewrite schemas/ from the declarations
	$(BIN)/python -m gstrace.reports.schemas schemas

lock: $(BIN)/python      ## remake the lock files (UPGRADE=--upgrade takes newer versions)
	$(call compile,requirements.lock,--extra sql --group build --group test --group dev)
	$(call compile,requirements-run.lock,--group build --constraint requirements.lock)
	$(call compile,requirements-fuzz.lock,--group fuzz --constraint requirements.lock)

wheel: $(WHEEL)      ## build the wheel into dist/

fuzz: $(VENV)/dev $(VENV)/wheel      ## laws and hostile inputs with many more examples
	$(PYTEST) tests/laws tests/replay tests/importers tests/store --hypothesis-profile=fuzz $(ARGS)

guided: $(VENV)/fuzz $(VENV)/wheel      ## coverage-guided search for what breaks a reader (FORMAT=perfdata SECONDS=600)
	PYTHONPATH=tests $(BIN)/python tests/fuzz/guided.py $(FORMAT) $(SECONDS)

bench: $(VENV)/dev $(VENV)/wheel      ## measure, with the printed figures
	$(BIN)/pytest -q -s tests/bench -o python_files='bench_*.py' $(ARGS)

clean:      ## remove everything that make made
	rm -rf $(VENV) .cache build dist

# ---- how ------------------------------------------------------------------------------------------------------------

# uv is several times faster than pip; where pip cannot get it, pip does the same. Both obey the same hashes.
PIP = $(or $(shell command -v $(BIN)/uv),$(BIN)/python -m) pip

# For every Python and platform at once, and with nothing in it about where packages were found.
compile = $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
          --no-annotate --custom-compile-command 'make lock' --output-file $(1) $(2) $(UPGRADE)

$(BIN)/python:
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "gstrace needs Python 3.11 or newer")'
	$(PYTHON3) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv || true

# What runs gstrace and builds its wheel; and on top, what checks it.
$(VENV)/run: requirements-run.lock | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r $<
	@touch $@

$(VENV)/dev: requirements.lock $(VENV)/run
	$(PIP) install --quiet --require-hashes -r $<
	@touch $@

$(VENV)/fuzz: requirements-fuzz.lock $(VENV)/dev
	$(PIP) install --quiet --require-hashes -r $<
	@touch $@

$(WHEEL): $(SOURCES) | $(VENV)/run
	$(BIN)/python -m hatchling build -t wheel -d dist

$(VENV)/wheel: $(WHEEL) $(VENV)/run
	$(PIP) install --quiet --no-deps --force-reinstall $<
	@touch $@
