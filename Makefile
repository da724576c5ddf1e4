# Everything a contributor needs: a machine with Python >= 3.11 and make is enough.
# `make test` and `make check` set up .venv by themselves.

.DEFAULT_GOAL := help
.PHONY: help setup demo test long check bench docs lint

BIN := .venv/bin
READY := .venv/.ready

help:  ## This list
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 10

setup: $(READY)  ## Makes .venv with midair and everything its development needs

$(READY): pyproject.toml
	@scripts/setup.sh .venv
	@touch $(READY)

demo: $(READY)  ## An application under load while migrations run: as written, then online; writes demo.html
	@$(BIN)/midair demo --html demo.html

test: $(READY)  ## The test suite; needs no network, no Docker, no database
	$(BIN)/python -m pytest -n auto -m "not slow and not peers and not real_projects"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate_docs.py --check

long: $(READY)  ## Everything that is too long for the gate: more kills, more public projects, more random input
	$(BIN)/python -m pytest -n auto -m "slow"

check: lint test  ## All a reviewer would run

bench: $(READY)  ## Measures; prints numbers beside those of the peers that are installed
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/apply.py
	$(BIN)/python bench/check.py

docs: $(READY)  ## Generates ARCHITECTURE.md and docs/reference
	$(BIN)/python scripts/generate_docs.py
