# make run: set up and start.  make test: set up and test.  Both work on a fresh machine.
PYTHON ?= python3
PY := .venv/bin/python
PORT ?= 8188
GOLDEN ?= ../shared/golden
PYTEST := $(PY) -m pytest

.DEFAULT_GOAL := help
.PHONY: help run setup test check bench test-slow test-golden clean browser web fuzz gallery

help:
	@echo "make run          set up and start the server (PORT=8188, ARGS='--cpu ...')"
	@echo "make test         set up and run every test"
	@echo "make check        format, lint, types, fast tests"
	@echo "make test-golden  compare with the expected numbers in GOLDEN=$(GOLDEN), on full-size weights"
	@echo "make test-slow    the same, the memory that loading and 2,000 jobs take, and 300 kills of the server"
	@echo "make gallery      run every template that ships, and write docs/gallery.md with its pictures"
	@echo "make fuzz         send the server wild input for long (EXAMPLES=20000 of each kind)"
	@echo "make bench        every benchmark, each beside a peer"

run: setup
	$(PY) main.py --port $(PORT) $(ARGS)

setup: .venv/.weft-run web

.venv/.weft-run: requirements.txt
	@tools/make_venv.sh "$(PYTHON)" requirements.txt
	@touch $@

.venv/.weft-dev: requirements.txt requirements-dev.txt
	@tools/make_venv.sh "$(PYTHON)" requirements-dev.txt
	@touch .venv/.weft-run $@

web: .venv/.weft-run
	@$(PY) tools/build_editor.py

browser:
	@tools/install_chromium.sh

test: export OMP_NUM_THREADS = 1  # two threads collapse beside other work
test: .venv/.weft-dev web browser
	$(PY) tools/build_editor.py --run test
	$(PYTEST) -q
	$(PY) tools/build_editor.py --run e2e

check: .venv/.weft-dev web
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) tools/build_editor.py --run lint
	$(PYTEST) -q -x tests/architecture tests/graph tests/execution tests/files tests/wire tests/jobs

fuzz: .venv/.weft-dev
	FUZZ_EXAMPLES=$(or $(EXAMPLES),20000) $(PYTEST) -q tests/server/test_fuzz.py
	$(PY) -m tests.fuzz.run --runs $(or $(EXAMPLES),20000)

gallery: export OMP_NUM_THREADS = 1  # the same numbers on every machine of a kind
gallery: .venv/.weft-dev
	$(PY) -m tools.gallery

test-slow: test-golden
	$(PY) -m benchmarks.load_memory
	$(PY) -m benchmarks.soak 2000
	$(PY) -m tests.server.killing 300
	$(PY) -m tests.server.killing_saves 100

test-golden: .venv/.weft-dev
	$(PY) tools/golden.py $(GOLDEN)

bench: .venv/.weft-dev
	@for name in chain executor startup denoise load_memory; do echo "== $$name"; $(PY) -m benchmarks.$$name || exit 1; done

clean:
	rm -rf .venv web/node_modules web/dist build .pytest_cache .mypy_cache .ruff_cache
