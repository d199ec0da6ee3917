.POSIX:
.PHONY: setup demo test check lab bench soak demo-real notebooks lock clean

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
DATA = ../shared/data

# The environment: made once, and again when the lock or the project file changes.
setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml scripts/setup.sh
	@sh scripts/setup.sh "$(PYTHON)" "$(VENV)"

# Six regions of the sample market, from collection to an optimized portfolio, as HTML reports.
demo: setup
	@$(BIN)/wb demo

# Every test, stage by stage, with the time of each.
test: setup
	@sh scripts/test.sh "$(BIN)"

# What one runs while working: lint, types and unit tests.
check: setup
	@sh scripts/test.sh "$(BIN)" check

lab: setup
	@$(BIN)/wb lab

bench: setup
	@$(BIN)/python bench/lake.py
	@$(BIN)/python bench/collect.py
	@$(BIN)/python bench/factors.py

# Long runs: faults a hundred times over, full sizes, the real files whole.
soak: setup
	@sh scripts/test.sh "$(BIN)" soak

# The same notebooks on real prices, in a lake of their own (developers; needs the folder of real data).
demo-real: setup
	@$(BIN)/python scripts/demo_real.py "$(DATA)"

# Refresh the digests that the notebook tests compare.
notebooks: setup
	@$(BIN)/python tests/notebooks/refresh_digests.py

# Compile the lock for all platforms; needs uv on the path.
lock:
	@uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links --extra test --extra akshare --extra xgboost --python-version 3.11 --quiet pyproject.toml -o requirements.lock

clean:
	@rm -rf $(VENV) build .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
