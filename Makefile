# `make` alone lists the targets. Every target works in a fresh clone.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
STACK := $(PYTHON) deploy/local/stack.py
FOR_TESTS := --dir .stack/test
NPM := tests/node_modules/.package-lock.json
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links $(UPGRADE)

# Tests start hundreds of processes: without bytecode on disk each would compile its sources again.
unexport PYTHONDONTWRITEBYTECODE

# Go code that tests run; without Go those tests are skipped with a message.
COMPILE_GO := if command -v go >/dev/null; then go build -C docs/agents/producers/go -o /dev/null .; fi

# Most tests wait for other processes: three in parallel keep two cores busy.
RUN_TESTS := $(BIN)/pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder

.PHONY: help
help: ## List the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 28

.PHONY: demo
demo: python ## Run a demo: the stack, all of Fleetgauge, a simulated fleet and this machine, until Ctrl-C
	@$(PYTHON) deploy/local/demo.py

.PHONY: setup
setup: $(READY) ## Create .venv from the lock files

$(READY): pyproject.toml $(wildcard requirements/*.txt) | python
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python .venv --compile-bytecode --require-hashes requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python .venv --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: python
python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Fleetgauge needs Python 3.11 or later, and $(PYTHON) is " + sys.version.split()[0] + ": make PYTHON=python3.11 …")'

.PHONY: up
up: python ## Start the broker and the database on this machine
	@$(STACK) up

.PHONY: down
down: python ## Stop both stacks, this one and the tests'; keep the data
	@$(STACK) down
	@$(STACK) down $(FOR_TESTS)

.PHONY: clean
clean: python ## Stop both stacks and delete their data; keep the downloads
	@$(STACK) clean
	@$(STACK) clean $(FOR_TESTS)

.PHONY: check
check: setup ## Style, types, import contracts and lock files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy docs/agents/*.py docs/agents/producers/*.py
	$(BIN)/lint-imports
	@if command -v node >/dev/null; then for script in query/pages/*.js query/pages/dashboard/*.js; do \
		node --input-type=module --check <$$script || { echo "in $$script"; exit 1; }; done; fi
	@! grep -nE '://|^ *(-i|-f|--(extra-)?index-url|--find-links)\b' requirements/*.txt \
		tests/package-lock.json \
		|| { echo "a lock file names an address: make lock"; exit 1; }
	@if command -v gofmt >/dev/null; then unformatted=$$(gofmt -l docs); \
		[ -z "$$unformatted" ] || { echo "gofmt -w $$unformatted"; exit 1; }; fi

.PHONY: npm
npm: $(NPM)

# Tests take TimescaleDB's community edition, and the page's reference tools, from npm. Without npm
# those tests are skipped with a message.
$(NPM): tests/package-lock.json tests/.npmrc
	@if command -v npm >/dev/null; then cd tests && npm ci --silent; \
		else echo "no npm here: some tests will be skipped"; fi

.PHONY: test
test: stack-for-tests ## Unit and most integration tests, on a separate broker and database, which stay up
	$(RUN_TESTS) -m "not long" tests/unit tests/integration

.PHONY: test-long
test-long: stack-for-tests ## All other tests: tests/long.txt, with faults, acceptance and the community edition
	$(RUN_TESTS) -m long tests/faults tests/acceptance tests/community tests/integration

# Compiling Go for the first time takes half a minute: meanwhile the stack comes up.
.PHONY: stack-for-tests
stack-for-tests: setup npm
	@$(COMPILE_GO) & compiling=$$!; $(STACK) up $(FOR_TESTS); wait $$compiling || true

.PHONY: test-community
test-community: ## The same on the community edition's server that FLEETGAUGE_TEST_DATABASE_URL names
	@[ -n "$${FLEETGAUGE_TEST_DATABASE_URL:-}" ] || { echo "make test-community needs a server of" \
		"TimescaleDB's community edition: name it in FLEETGAUGE_TEST_DATABASE_URL, with a role that" \
		"may create databases" >&2; exit 2; }
	@$(MAKE) setup npm
	@$(STACK) up $(FOR_TESTS)
	$(RUN_TESTS) tests/community tests/integration tests/acceptance tests/faults

.PHONY: faults
faults: setup ## Long fault tests, and print their results; FAULTS_SEED=… repeats a run
	@$(STACK) up $(FOR_TESTS)
	$(BIN)/pytest tests/faults --faults-length long --numprocesses 3 --dist worksteal

.PHONY: pages
pages: setup ## Write the pages of settings and exit statuses from schemas/
	@$(BIN)/python -m tests.pages

.PHONY: schema
schema: setup ## Write sql/schema.sql from a migrated database of the tests' stack
	@$(BIN)/python -m tests.pages.schema

.PHONY: screenshots
screenshots: setup ## Retake the pictures in docs/images, of a simulated fleet; needs Chromium
	@$(BIN)/python -m tests.support.browser.screenshots

.PHONY: bench
bench: setup ## Measure, print, and write docs/benchmarks.md, in ten minutes; FULL=1 for a long run
	@$(BIN)/python -m tests.bench

.PHONY: capacity
capacity: setup ## Recompute docs/capacity.md from docs/benchmarks.json, as bench does
	@$(BIN)/python -m deploy.capacity --write

.PHONY: lock
lock: $(READY) ## Write the lock files from pyproject.toml; UPGRADE=--upgrade for newer versions
	@$(COMPILE) pyproject.toml -o requirements/run.txt
	@$(COMPILE) pyproject.toml --group dev -c requirements/run.txt -o requirements/dev.txt
	@$(COMPILE) - -o requirements/uv.txt <<< uv
	@if command -v npm >/dev/null; then \
		(cd tests && npm install --package-lock-only --silent) && $(BIN)/python -m tests.support.npm; fi
