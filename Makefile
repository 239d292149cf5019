# Everything a person types. `make demo` and `make test` set up all that they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
ARGS ?=
SOAK_SECONDS ?= 3600
FUZZ_SECONDS ?= 300

.PHONY: help setup demo test check protos lock bench soak fuzz screenshots clean

help:
	@echo "make demo   the main job on this machine (ARGS=\"--check --headless\" runs the story unattended)"
	@echo "make test   installs what the tests need and runs everything"
	@echo "make setup | check | protos | lock | bench | soak | fuzz | screenshots"

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@scripts/setup $(PYTHON) $(VENV)
	@touch $@

demo: $(STAMP)
	@scripts/system-packages demo
	@$(BIN)/aigc demo $(ARGS)

test: $(STAMP)
	@scripts/system-packages test
	@scripts/test $(ARGS)

check: $(STAMP)
	@scripts/check

protos: $(STAMP)
	@scripts/protos

lock: $(STAMP)
	@scripts/lock

bench: $(STAMP)
	@scripts/system-packages test
	@$(BIN)/python -m benchmarks.start_latency $(ARGS)
	@$(BIN)/python -m benchmarks.gateway $(ARGS)
	@$(BIN)/python -m benchmarks.desktop $(ARGS)

soak: $(STAMP)
	@scripts/system-packages test
	@AIGC_SOAK_SECONDS=$(SOAK_SECONDS) $(BIN)/python -m pytest -s tests/soak $(ARGS)

fuzz: $(STAMP)
	@$(BIN)/python -m tests.fuzz --seed 0 --seconds $(FUZZ_SECONDS) $(ARGS)

screenshots: $(STAMP)
	@scripts/system-packages test
	@$(BIN)/python -m tests.screenshots $(ARGS)

clean:
	rm -rf $(VENV) build *.egg-info
