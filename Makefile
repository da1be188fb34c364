# A laptop does what CI does: .ci/run is `make test check targets peers`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run story test check targets peers matrix bench nightly clean
.DELETE_ON_ERROR:
# Each liar is a process of its own: hundreds of them would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

run: $(VENV)/.run  ## the suites against the embedded reference server
	$(BIN)/smtp-harness run

test: $(VENV)/.dev  ## our own tests, with branch coverage
	PATH="$(CURDIR)/$(BIN):$$PATH" ci/test

check: $(VENV)/.dev  ## lint, format, types, suites
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/smtp-harness lint
	$(BIN)/smtp-harness lint ci/targets/*/target.yaml ci/targets/*/known.yaml

targets: $(VENV)/.dev  ## the suites against real servers (Debian, root)
	ci/targets/check

peers: $(VENV)/.dev  ## real clients, relays and tools against the reference server
	ci/peers/check

matrix: $(VENV)/.run  ## all suites on all real servers, and a page of it: matrix.html
	ci/targets/page

story: $(VENV)/.run  ## mail from Alice to Bob in six steps, and what if Bob is away
	$(BIN)/python ci/story/story.py

bench: $(VENV)/.dev  ## how fast, as ratios to peers in the same minute
	ci/bench/run

nightly: $(VENV)/.dev  ## what takes too long for every change
	$(BIN)/python -m tests.fuzz --inputs 2000000 --examples 2000
	SMTP_HARNESS_FUZZ_EXAMPLES=20000 $(BIN)/python -m pytest -q tests/fuzz/test_pop3.py tests/fuzz/test_sender.py
	SMTP_HARNESS_KILLS=300 $(BIN)/python -m pytest -q -s tests/crash/test_kill.py
	SMTP_HARNESS_SAMPLE=1 $(BIN)/python -m pytest -q -n auto tests/suites/test_proof.py
	SMTP_HARNESS_MAIL=100000 $(BIN)/python -m pytest -q -s -m peer tests/peers/test_load_accounting.py
	$(BIN)/python ci/kills/kills.py --lines kills.jsonl --page kills.html

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage*

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "smtp-harness needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
