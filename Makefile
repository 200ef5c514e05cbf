# Everything starts here; each target sets up what it needs.
#
#   make run      the main job: real jobs succeed, fail, hang, stay away, and you hear of each (ARGS=--once ends by itself)
#   make test     every test, with a real PostgreSQL, a real browser, a real Alertmanager and a real Spark
#   make check    formatter, linters, types, contracts between rooms
#   make gallery  what every channel sends, as docs/gallery shows it
#   make bench    measures; make bench-batch and make bench-quality measure batches and checks of data alone, beside
#                 other tools; make soak  tests for hours
#   make fmt      formats; make lock  pins what we depend on

VENV := .venv
BIN := $(VENV)/bin
CODE := $(wildcard src tests benchmarks examples)

.DELETE_ON_ERROR:
.PHONY: run test check gallery bench bench-batch bench-quality soak fmt lock clean

run: $(VENV)/examples.done
	$(BIN)/python examples/flights/main.py $(ARGS)

test: $(VENV)/dev.done
	$(BIN)/python -m tests.services
	$(BIN)/python -m pytest -n 2 $(ARGS)

check: $(VENV)/dev.done
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --no-logo

gallery: $(VENV)/dev.done
	$(BIN)/python -m tests.services
	$(BIN)/python -m scripts.gallery

bench: $(VENV)/dev.done
	$(BIN)/python -m tests.services
	$(BIN)/python -m benchmarks $(ARGS)

bench-batch: $(VENV)/dev.done
	$(BIN)/python -m tests.services
	$(BIN)/python -m benchmarks batch batch-spark batch-peers $(ARGS)

bench-quality: $(VENV)/dev.done
	$(BIN)/python -m benchmarks quality $(ARGS)

soak: $(VENV)/dev.done
	$(BIN)/python -m tests.services
	$(BIN)/python -m pytest -n 2 -m soak --timeout 0 $(ARGS)

fmt: $(VENV)/dev.done
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

lock: $(VENV)/dev.done
	scripts/lock $(ARGS)

clean:
	rm -rf $(VENV) build dist .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# Remade only when what it stands for has changed.
$(VENV)/%.done: requirements/%.txt requirements/build.txt pyproject.toml scripts/setup
	scripts/setup $*
	@touch $@
