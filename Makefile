# The two commands: `make demo` and `make test`. Both need only Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME := $(CURDIR)
export PYTHONWARNINGS := ignore

.PHONY: demo test ui lint lock reference clean

demo: $(VENV)/installed
	$(BIN)/persona-assets build

test: $(VENV)/installed-dev
	$(BIN)/pytest

# The UI and the daemon that works off the run queue, on the same instance as the command line.
ui: $(VENV)/installed
	$(BIN)/dagster dev --host 127.0.0.1 --port 3000

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/dg check defs

$(VENV)/installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.txt
	touch $@

# Pins every dependency with hashes and no addresses; needs uv.
lock:
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
		--generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --no-header --quiet -o requirements.txt
	uv pip compile pyproject.toml --group build --group dev --constraint requirements.txt --universal --python-version 3.11 \
		--generate-hashes --no-strip-extras --no-emit-index-url --no-annotate --no-header --quiet -o requirements-dev.txt

# Writes data/reference anew from the collected figures: make reference INPUT=folder
reference: $(VENV)/installed
	$(BIN)/python -m tools.retabulate $(INPUT)

clean:
	rm -rf $(VENV) data/lake data/releases data/dagster data/warehouse.duckdb
