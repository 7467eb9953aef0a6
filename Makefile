# One command per chore. A bare machine needs make, Python 3.11+ with venv and, for the tests that
# drive a browser or the JavaScript client, Node.js 20+. Stamps make a second call cheap.

PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

RUN_READY := .venv/.run-ready
DEV_READY := .venv/.dev-ready
NODE_READY := node_modules/.ready
BENCH_READY := bench/node_modules/.ready
# The job board as a user gets it: a copy outside the repository's own files.
BOARD := build/jobs
BOARD_TESTED := build/jobs-tested

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test rings-quick rings-engines check lint types fix attack torture differential bench docs lock setup clean

help: ## Show this list
	@echo "make <target>:"
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN_READY) ## Serve the job board example (ARGS="--port 8001" for other options)
	@test -d $(BOARD)/schemas || jotbase init --example jobs $(BOARD)
	@exec jotbase serve --project $(BOARD) $(ARGS)

test: lint types $(NODE_READY) ## Everything: lint, types, the example's tests, all rings of tests
	@tools/system 'chromium|chromium-browser|google-chrome=chromium'
	rm -rf $(BOARD_TESTED)
	jotbase init --example jobs $(BOARD_TESTED)
	cp tools/pytest.ini $(BOARD_TESTED)
	cd $(BOARD_TESTED) && python -m pytest
	$(if $(ARGS),python -m pytest $(ARGS),$(MAKE) --no-print-directory -j2 -O rings-quick rings-engines)

# The rings in two halves that take about as long, side by side; a half's output comes at its end.
rings-quick:
	python -m pytest tests/unit tests/house tests/contract tests/conformance tests/docs tests/process

rings-engines:
	python -m pytest -p no:cacheprovider tests/api

check: lint types ## While you work: lint, types, unit and house tests
	python -m pytest tests/unit tests/house $(ARGS)

lint: $(DEV_READY) ## Style and formatting (`make fix` mends most of it)
	ruff check .
	ruff format --check .

types: $(DEV_READY) ## mypy --strict on the package and the tests
	mypy

fix: $(DEV_READY) ## Mend what ruff can mend
	ruff check --fix .
	ruff format .

attack: $(RUN_READY) ## Attack the job board by sqlmap, bytes and sockets, for minutes; a finding is a failure (ARGS="name")
	@test -x build/sqlmap/bin/sqlmap || { $(PYTHON) -m venv build/sqlmap \
	  && build/sqlmap/bin/python -m pip install --quiet sqlmap==1.10.10; }
	python tools/attack.py build/sqlmap/bin/sqlmap $(ARGS)

torture: $(DEV_READY) ## Kill, cut and restart a server under load for minutes (ARGS="--minutes 20", "--seed 8")
	python -m tests.process.torture.on_postgresql
	python -m tests.process.torture $(ARGS)

differential: $(DEV_READY) ## Ask both databases the same of random projects (ARGS="500" projects, SEED=8)
	DIFFERENTIAL_PROJECTS=$(or $(ARGS),200) DIFFERENTIAL_SEED=$(or $(SEED),10) \
	  python -m pytest -q -p no:cacheprovider tests/api/test_engines_alike.py

bench: $(DEV_READY) $(BENCH_READY) ## Measure Jotbase beside hand-written servers; writes docs/benchmarks.md
	@tools/system wrk=wrk
	python -m bench $(ARGS)

docs: $(DEV_READY) ## Make the reference pages, and hold the documentation against the code
	python tools/reference.py
	python -m pytest tests/docs $(ARGS)

lock: $(DEV_READY) ## Choose the newest versions that pyproject.toml and package.json allow
	python tools/lock.py
	npm update

setup: $(DEV_READY) $(NODE_READY) ## Install everything that development needs, and the commit hooks
	@git rev-parse --git-dir >/dev/null 2>&1 && pre-commit install || true

clean: ## Remove all that make has made
	rm -rf .venv node_modules bench/node_modules build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests tools bench -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Jotbase needs Python 3.11 or later: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

$(RUN_READY): requirements.lock pyproject.toml | $(BIN)/python
	python -m pip install --quiet -r requirements.lock
	python -m pip install --quiet --no-deps -e .
	@touch $@

$(DEV_READY): requirements-dev.lock $(RUN_READY)
	python -m pip install --quiet -r requirements-dev.lock
	@touch $@

$(NODE_READY): package.json package-lock.json
	@if command -v npm >/dev/null 2>&1; then npm ci --no-audit --no-fund; \
	else echo "Node.js 20 or later is missing: tests that need it are left out" >&2; \
	  test "$${CI:-}" != true; fi
	@mkdir -p node_modules && touch $@

$(BENCH_READY): bench/package.json bench/package-lock.json
	npm ci --prefix bench --no-audit --no-fund
	@touch $@
