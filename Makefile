# `make demo` and `make test` do all their own set-up. The same targets run in continuous integration.

BOTS ?= 40
TEMPO ?= 1
DIALECT ?= gibberish
# More options of `rabbit-chatter up`, such as UP="--port 9000 --detach".
UP ?=
# More options of pytest, such as PYTEST="-k names -x".
PYTEST ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check

.PHONY: help demo test check format bench packages

help: ## say what there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: .venv/.runtime packages ## start everything and print the addresses; Ctrl-C stops it (BOTS= TEMPO= DIALECT=)
	@$(BIN)/rabbit-chatter up --bots $(BOTS) --tempo $(TEMPO) --dialect $(DIALECT) $(UP)

test: check packages ## style, types, layers and all tests, against a private RabbitMQ
	$(BIN)/pytest -n 3 --dist loadfile $(PYTEST)

check: .venv/.dev ## style, types and layers only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev ## write code in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/.runtime packages ## what a hop costs against bare aio-pika
	$(BIN)/rabbit-chatter bench hop

packages:
	@deployment/local/install-packages

.venv/.runtime: pyproject.toml deployment/local/make-venv
	@echo "setting up .venv"
	@deployment/local/make-venv
	@$(PIP) -e .
	@touch $@

.venv/.dev: .venv/.runtime
	@$(PIP) -e . --group dev
	@touch $@
