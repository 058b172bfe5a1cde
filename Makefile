# Mijn Onderwijs access: everything a developer or an operator does, by name. `make` lists it.
# Needs: Python 3.11 or newer with its venv module. The rest is installed here, in the work tree.

SHELL := /bin/sh
VENV := .venv
BROKER_VENV := .venv-canaille
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
BROKER_INSTALLED := $(BROKER_VENV)/.installed
PIP_FLAGS := --disable-pip-version-check --quiet
PACKAGES := mo_access mo_web mo_scim mo_oidc mo_authzen mo_portal mo_demo deploy
CHECKED := $(wildcard $(PACKAGES)) bench conformance tests
PYTEST_ARGS ?=
BENCH_ARGS ?=
MUTANTS_ARGS ?=
TEST_WORKERS ?= 2
CONFORMANCE_ARGS ?=
FUZZ_PROFILE ?= fuzz
# uv makes the locks (`make lock`); nobody needs it to use them.
UV ?= uv

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install install-broker demo test interop model takeover mutants bench bench-load bench-sync conformance conformance-oidc fuzz coverage check lint format translations wheel lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## make .venv with everything to run and to test

# The lock is complete, so pip has nothing to resolve (--no-deps): older pips look beside the lock
# for an extra (`coverage[toml]`), and fail when a newer release is out. `pip check` holds it complete.
# A pyenv shim or a Debian Python without python3-venv is present and still of no use: try, don't look.
$(INSTALLED): requirements/test.txt pyproject.toml Makefile
	@set -eu; found=; \
	for python in $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; \
	  then found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then \
	  echo "No Python 3.11 or newer found. Install one (Debian: apt-get install python3 python3-venv)," >&2; \
	  echo "or name it: make install PYTHON=/path/to/python3" >&2; exit 1; fi; \
	if ! "$$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	  echo "$$found has no venv module. Install it (Debian: apt-get install python3-venv)." >&2; exit 1; fi; \
	[ -x $(BIN)/python ] || { echo "Making $(VENV) with $$found"; "$$found" -m venv $(VENV); }
	@echo "Installing the locked dependencies"
	@$(BIN)/python -m pip install $(PIP_FLAGS) --require-hashes --no-deps -r requirements/test.txt
	@$(BIN)/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip check --disable-pip-version-check
	@touch $@

install-broker: $(BROKER_INSTALLED) ## make .venv-canaille, the identity broker of the demo and the journeys

$(BROKER_INSTALLED): requirements/canaille.txt | $(INSTALLED)
	@$(BIN)/python -m mo_demo.broker_venv
	@touch $@

demo: install install-broker ## the whole story, next to a real identity broker, until Ctrl-C
	@$(BIN)/mo-access demo

test: install install-broker ## every test, on SQLite and PostgreSQL, and the journeys (PYTEST_ARGS=…)
	@$(BIN)/python -m pytest --numprocesses $(TEST_WORKERS) --dist loadgroup $(PYTEST_ARGS)

# Canaille's own tests are in `make test` too; here they count in the table with the others.
interop: install install-broker ## our service beside Keycloak, SCIM-SDK, oidc-provider (Java 17, Maven, Node 20) and Canaille; writes docs/conformance/interop.md
	@MO_TEST_INTEROP=1 $(BIN)/python -m pytest -p conformance.interop_table --write-interop-table \
	  tests/interop tests/journeys/test_live_canaille.py $(PYTEST_ARGS)

# MODEL_EXAMPLES histories of 40 steps for each engine, then as many steps of six brokers at once.
MODEL_EXAMPLES ?= 250
model: install ## the rules as a model against the service, thousands of steps, on both engines (long)
	@MO_TEST_MODEL_EXAMPLES=$(MODEL_EXAMPLES) MO_TEST_MODEL_AT_ONCE=$(MODEL_EXAMPLES) \
	  $(BIN)/python -m pytest tests/model --timeout 0 $(PYTEST_ARGS)

TAKEOVER_HISTORIES ?= 1000
takeover: install ## becoming somebody else: long histories of lies, on both engines (long)
	@MO_TEST_TAKEOVER=$(TAKEOVER_HISTORIES) \
	  $(BIN)/python -m pytest tests/security/test_takeover_machine.py --timeout 0 $(PYTEST_ARGS)

mutants: install ## remove one security check at a time; a test must notice each (an hour or so)
	@$(BIN)/python -m tests.mutation.run $(MUTANTS_ARGS)

bench: install ## the measurements behind the designs (minutes; BENCH_ARGS=--runs=51)
	@$(BIN)/python -m bench.scim_stack $(BENCH_ARGS)

bench-load: install ## real servers under load beside their peers, into docs/performance.md (long)
	@$(BIN)/python -m bench.load $(BENCH_ARGS)

bench-sync: install ## a first sync and nightly ones into a real server, into docs/performance.md (minutes)
	@$(BIN)/python -m bench.sync $(BENCH_ARGS)

conformance: install ## judge our SCIM with public suites; CONFORMANCE_ARGS="--base-url=… --token=…" judges another
	@$(BIN)/python -m conformance $(CONFORMANCE_ARGS)

conformance-oidc: install ## play the modules of the OpenID Foundation's plans; writes docs/conformance/oidc.md
	@$(BIN)/python -m pytest -q -p conformance.oidc_table --write-oidc-table \
	  tests/oidc/test_modules.py::test_module

fuzz: install ## hostile tokens, answers and documents against sign-in, the long way (FUZZ_PROFILE=fuzz)
	@$(BIN)/python -m pytest -q tests/oidc/fuzz --hypothesis-profile=$(FUZZ_PROFILE) --timeout=0

# Counting branches makes the tests two thirds slower; who only wants to know whether they pass need not wait.
coverage: ## the tests with their floor of coverage, and the pages in htmlcov/
	@$(MAKE) test PYTEST_ARGS="--cov $(PYTEST_ARGS)"
	@$(BIN)/coverage html

check: install ## formatting, lint, types, floors
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(CHECKED)
	@$(BIN)/lint-imports --no-cache

lint: install ## lint and types only
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(CHECKED)

format: install ## bring the code into form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

# Compiled translations are kept in git, so that an install needs no extra step.
translations: install ## compile the translations that changed
	@for po in mo_*/translations/*/LC_MESSAGES/messages.po; do \
	  if [ -e "$$po" ]; then $(BIN)/pybabel --quiet compile -i "$$po" -o "$${po%.po}.mo"; fi; done

wheel: install ## build the wheel into dist/, with the locked build tool
	@$(BIN)/python -m hatchling build -t wheel

# Every published file of every dependency, by hash and without addresses, so that any index or
# wheel folder that carries the public files will do.
LOCK := $(UV) pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: ## renew the locks in requirements/ (needs uv; LOCK_ARGS=--upgrade takes new releases)
	env -u UV_FIND_LINKS $(LOCK) $(LOCK_ARGS) pyproject.toml -o requirements/run.txt
	env -u UV_FIND_LINKS $(LOCK) $(LOCK_ARGS) pyproject.toml --group build --group test \
	  -c requirements/run.txt -o requirements/test.txt
	env -u UV_FIND_LINKS $(LOCK) $(LOCK_ARGS) requirements/canaille.in -o requirements/canaille.txt

clean: ## remove what was built (not var/, which holds data)
	rm -rf $(VENV) $(BROKER_VENV) build dist htmlcov .coverage .coverage.* coverage.xml test-output \
	  .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
