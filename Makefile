# The two commands: `make demo` and `make test`. Both need only Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export DAGSTER_HOME := $(CURDIR)
export PYTHONWARNINGS := ignore
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-slow ui lint format lock reference docs clean

# The default recipe: 4,700 people, all 47 prefectures.
demo: $(VENV)/installed
	@$(BIN)/persona-assets build

test: $(VENV)/installed-dev
	$(BIN)/pytest -m "not slow"

# Whole datasets, twice over; minutes.
test-slow: $(VENV)/installed-dev
	$(BIN)/pytest -m slow

# The UI and the daemon that works off the run queue, on the same instance as the command line.
# Four runs at once: one thread each is faster than each run trying to use every core.
ui: $(VENV)/installed
	POLARS_MAX_THREADS=1 $(BIN)/dagster dev --host 127.0.0.1 --port 3000

lint: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/dg check defs

format: $(VENV)/installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@echo "Installing into $(VENV): a minute or two, once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements.txt
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "Installing what tests and linters need."
	@$(BIN)/pip install --quiet --require-hashes --requirement requirements-dev.txt
	@touch $@

# Pins every dependency with hashes and no addresses; needs uv.
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-strip-extras --no-emit-index-url --no-annotate --no-header --quiet
lock:
	$(LOCK) --group build -o requirements.txt
	$(LOCK) --group build --group dev --constraint requirements.txt -o requirements-dev.txt

# Writes data/reference anew from the collected figures: make reference INPUT=folder
reference: $(VENV)/installed
	$(BIN)/python -m tools.retabulate $(INPUT)

# Writes the generated pages and tables of docs/ anew.
docs: $(VENV)/installed
	$(BIN)/python -m tools.recipe_page > docs/recipe.md
	$(BIN)/python -m tools.doc_figures

clean:
	rm -rf $(VENV) data/lake data/releases data/dagster data/warehouse.duckdb
