# Two commands are all that is needed on a fresh Debian or Ubuntu machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
JOBS ?= 3

.PHONY: demo test soak bench lint clean

demo: $(VENV)/installed
	@$(BIN)/itsm-bridge demo $(DEMO)

# Real servers (Redmine, RT, PostgreSQL) are installed and started where apt-get and root or sudo are there.
# BRIDGE_REAL=required makes a server that cannot be had a failure instead of a skip.
test: $(VENV)/installed-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -m "not soak" $(TESTS)

soak: $(VENV)/installed-dev
	$(BIN)/python -m pytest -m soak -s $(TESTS)

bench: $(VENV)/installed-dev
	$(BIN)/python -m benchmarks $(BENCH)

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || $(MAKE) --no-print-directory python-venv
	@$(PYTHON) -m venv $(VENV)

# A new system may not have read its package lists yet: then once more, after an update.
.PHONY: python-venv
python-venv:
	@echo "Python's venv module is missing: installing python3-venv" >&2
	@apt="$$( [ "$$(id -u)" = 0 ] || echo sudo ) apt-get -o DPkg::Lock::Timeout=600"; \
	{ $$apt install -y python3-venv || { $$apt update && $$apt install -y python3-venv; }; } >&2 || \
	{ echo "That did not work. Please install python3-venv as root (apt-get install python3-venv), then run make again." >&2; exit 1; }

$(VENV)/installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]'
	@touch $@

$(VENV)/installed-dev: $(VENV)/bin/python pyproject.toml constraints.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
