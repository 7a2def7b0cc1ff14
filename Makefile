# `make demo` and `make test` do all their own set-up. The same targets run in continuous integration.

# Empty: as `rabbit-chatter up` has it.
BOTS ?=
TEMPO ?=
DIALECT ?=
# More options of `rabbit-chatter up`, such as UP="--port 9000 --detach".
UP ?=
# How many networks `recordings` runs at a time.
PARALLEL ?= 1
# More options of pytest, such as PYTEST="-k names -x".
PYTEST ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check

.PHONY: help demo test test-slow test-stack test-incidents check format reference bench packages dashboards manifests pictures recordings chromium

help: ## say what there is
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

demo: .venv/.runtime packages ## start everything and print the addresses; Ctrl-C stops it (BOTS= TEMPO= DIALECT=)
	@$(BIN)/rabbit-chatter up $(if $(BOTS),--bots $(BOTS)) $(if $(TEMPO),--tempo $(TEMPO)) $(if $(DIALECT),--dialect $(DIALECT)) $(UP)

test: check packages chromium ## style, types, layers and all tests, against a private RabbitMQ
	$(BIN)/pytest -n 4 --dist loadfile $(PYTEST)

test-slow: .venv/.dev packages ## what waits for minutes: whole networks that start and end, an alert's whole way
	$(BIN)/pytest tests/slow $(PYTEST)

test-stack: .venv/.dev ## docker-compose.yml and the pods of Kubernetes with the real engine (STANDINS=script where no registry answers)
	STANDINS="$(STANDINS)" $(BIN)/pytest tests/stack -s $(PYTEST)

test-incidents: .venv/.dev packages ## every incident on two running demos, some 45 minutes; writes docs/incidents.md
	$(BIN)/pytest tests/incidents -n 2 --dist load $(PYTEST)

check: .venv/.dev ## style, types and layers only
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.dev ## write code in the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

reference: .venv/.runtime ## write docs/reference.md anew from the code
	$(BIN)/python docs/generate_reference.py

bench: .venv/.runtime packages ## what a hop costs against bare aio-pika
	$(BIN)/rabbit-chatter bench hop

recordings: .venv/.runtime packages ## record anew what exercises are judged on; takes an hour or two (PARALLEL=1)
	$(BIN)/rabbit-chatter record --all --parallel $(PARALLEL)

dashboards: .venv/.dev ## write Grafana's dashboards from their specification in grafana/boards
	cd grafana && ../$(BIN)/python -m boards dashboards

pictures: .venv/.dev packages chromium ## take the screenshots and plots of README and docs anew; ten minutes
	@$(PIP) -e . --group pictures
	PICTURES=1 $(BIN)/pytest tests/browser/test_views.py tests/slow/test_storm.py -s $(PYTEST)

chromium:
	@deployment/local/install-packages chromium

manifests: .venv/.dev ## write what the Prometheus Operator reads anew from prometheus/
	$(BIN)/python deployment/kubernetes/generate_monitoring.py

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
