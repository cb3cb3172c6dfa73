# Two commands do everything on a fresh machine: `make run` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
CONFIG ?= configs/default.yaml
RUN    ?= default

.DEFAULT_GOAL := help
.PHONY: help run test lint notebooks clean

help:  ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.core  ## Install, train and compare every model of CONFIG, label the example article
	$(BIN)/stance run $(CONFIG) --resume
	$(BIN)/stance label data/examples/strait.txt --output runs/$(RUN)/strait.html --format html
	$(BIN)/stance label data/examples/strait.txt
	@echo "report:          runs/$(RUN)/report.html"
	@echo "labelled article: runs/$(RUN)/strait.html"

test: $(VENV)/.dev lint  ## Install and run every check: lint, types, unit tests, notebooks
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/.dev  ## Check style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

notebooks: $(VENV)/.dev  ## Execute the notebooks in place, so that their outputs are fresh
	$(BIN)/jupyter nbconvert --to notebook --execute --inplace --ExecutePreprocessor.record_timing=False notebooks/*.ipynb

clean:  ## Remove the environment and every run
	rm -rf $(VENV) runs .pytest_cache .mypy_cache .ruff_cache

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --disable-pip-version-check -q "pip>=24,<26"  # older ones warn of an extra of lxml

$(VENV)/.core: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/pip install --disable-pip-version-check -q -c constraints.txt -e ".[dev]"
	touch $@ $(VENV)/.core
