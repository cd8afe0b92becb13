# The whole developer interface. Needs Python 3.11+, make, and a package registry; nothing else.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

# Tests start programs by the hundred, and each would compile Hookline anew where the shell sets PYTHONDONTWRITEBYTECODE:
# for these targets it is empty, which Python takes as unset.
test torture: export PYTHONDONTWRITEBYTECODE =

.PHONY: run test check bench docs torture lock clean

run: .venv/run.done   ## start Hookline on SQLite in ./data and deliver a first event
	@$(BIN)/hookline dev $(ARGS)

test: .venv/dev.done  ## everything, on both databases
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

check: .venv/dev.done ## format, lint, types, architecture
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

bench: .venv/dev.done ## accepted/s, delivered/s, latency, CPU, memory; ARGS="--quick --json"
	$(BIN)/python -m benchmarks $(ARGS)

torture: .venv/dev.done ## kill -9 under load on both databases; prints lost and duplicated
	$(BIN)/python -m tests.torture $(ARGS)

docs: .venv/dev.done  ## write the generated pages of docs/reference
	$(BIN)/python -m hookline.docs docs/reference

lock: .venv/dev.done  ## pin every dependency again
	$(BIN)/uv pip compile -q --no-header --no-annotate --generate-hashes --python-version 3.11 --universal requirements/run.in -o requirements/run.lock
	$(BIN)/uv pip compile -q --no-header --no-annotate --generate-hashes --python-version 3.11 --universal requirements/dev.in -o requirements/dev.lock

.venv/run.done: requirements/run.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hookline needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/dev.done: .venv/run.done requirements/dev.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

clean:
	rm -rf .venv build dist src/*.egg-info
