# `make run` and `make test` need only make and a Python from 3.10 to 3.13; each fills .venv when it has to.

PYTHON ?= python3
RECIPE ?= translate_dates
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
SUPPORTED := 3.10 3.11 3.12 3.13
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
INSTALLED := $(VENV)/installed-$(VERSION)
SOURCES := setup.cfg setup.py pyproject.toml constraints.txt
JAX_TESTS := tests/layers/attention tests/layers/cells tests/layers/kernels tests/layers/test_recurrent.py \
	tests/layers/test_scan.py
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install --constraint constraints.txt

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-jax clean check-python

help:
	@echo "make run [RECIPE=name-or-file] [ARGS=\"train.epochs=3\"]   train, evaluate and report a recipe ($(RECIPE))"
	@echo "make test [ARGS=\"-k cells\"]                              lint and test; ARGS go to pytest"
	@echo "make test-jax                                            test the layers on Keras' JAX backend"
	@echo "make clean                                               remove .venv and what was built, keep runs/"
	@echo "Both take PYTHON=python3.12, any version of: $(SUPPORTED)"

run: $(INSTALLED)-run
	@$(BIN)/kerasseq run $(RECIPE) $(ARGS)

# A worker a core, four at most: each holds a TensorFlow of its own.
test: $(INSTALLED)-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal $(ARGS)

# The equations and gradients of the layers; everything else needs TensorFlow's data and export.
test-jax: $(INSTALLED)-test-jax
	@KERAS_BACKEND=jax $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal $(JAX_TESTS) $(ARGS)

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache

check-python:
ifeq ($(filter $(SUPPORTED),$(VERSION)),)
	@echo "kerasseq needs Python 3.10 to 3.13, and $(PYTHON) is $(or $(VERSION),not there); name another: make PYTHON=python3.12 …" >&2
	@exit 1
endif

# Keeps a .venv that works and has the wanted version; otherwise makes it anew.
$(INSTALLED)-run: $(SOURCES) | check-python
	@echo "installing kerasseq into $(VENV) (a minute or two; only now and when setup.cfg or constraints.txt change)"
	@$(BIN)/python -c 'import pip, sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(VERSION)")' 2>/dev/null || { \
	  $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo "$(PYTHON) has no venv module: install it (on Debian or Ubuntu: apt install python3-venv)" >&2; exit 1; }; \
	  $(PYTHON) -m venv --clear $(VENV); }
	@$(PIP) setuptools wheel
	@$(PIP) --no-build-isolation --editable '.[all]'
	@touch $@

$(INSTALLED)-test: $(INSTALLED)-run
	@echo "installing the test tools (some seconds; only now and when setup.cfg or constraints.txt change)"
	@$(PIP) --no-build-isolation --editable '.[all,test]'
	@touch $@

$(INSTALLED)-test-jax: $(INSTALLED)-test
	@echo "installing JAX"
	@$(PIP) --no-build-isolation --editable '.[all,test,jax]'
	@touch $@
