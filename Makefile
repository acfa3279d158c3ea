# `make run` starts the demonstration, `make test` runs the whole suite; both make the environment they need.
PYTHON ?= python3
ARGS ?=
BIN = .venv/bin

.PHONY: run serve test faults lint rules layout types format clean python dev

run: python
	@$(PYTHON) bin/launch.py demo

serve: python
	@$(PYTHON) bin/launch.py serve

test: dev
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -rsfE $(ARGS)

# Breaks systems of its own with the full numbers and writes docs/faults.md; ARGS='--help' tells of the numbers.
faults: dev
	@$(BIN)/python -m tests.faults $(ARGS)

lint: rules layout types

rules: dev
	$(BIN)/ruff check .

layout: dev
	$(BIN)/ruff format --check .

types: dev
	$(BIN)/mypy

format: dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# var/ holds the database, the keys and the papers: it stays.
clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev: python
	@$(PYTHON) bin/environment.py requirements-dev.txt

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "需要 Python 3.11 或更高版本；可用 make $(MAKECMDGOALS) PYTHON=路径 指定。 / Python 3.11 or newer is needed: name it with PYTHON=." >&2; exit 1; }
