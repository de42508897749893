# Every target first makes .venv ready (setup.sh), which takes no time once it is.
# ARGS="..." goes on to the program or to pytest; PYTHON=... picks the interpreter for .venv.

help:            ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
	@echo 'Arguments: make run ARGS="--max-frames 50"; make test ARGS="-k camera"; make setup PYTHON=python3.12'

setup:           ## install system libraries (as root) and .venv
	@./setup.sh

run:             ## reconstruct the built-in synthetic room, from its colour images, into results/synthetic
	@./setup.sh run
	.venv/bin/python run_slam.py synthetic --output results/synthetic $(ARGS)

# Tests start many processes, so bytecode is kept whatever the environment says.
test: setup      ## run every test but the heavy ones
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n 2 --dist loadfile $(ARGS)

check: setup     ## lint and types: ruff and basedpyright
	.venv/bin/ruff check .
	.venv/bin/basedpyright --pythonpath .venv/bin/python

audit: setup     ## known weaknesses of what a run installs (pip-audit, where its database can be reached), and licences
	.venv/bin/python -m tools.licences --check
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip-audit && \
	.venv/bin/python -m tools.audit || \
	{ echo 'audit: weaknesses were found, or pip-audit or its database cannot be reached: see the lines above' >&2; exit 1; }

benchmark: setup ## run the heavy tests, measure speed and accuracy on synthetic rooms, compare with benchmarks/history.csv
	.venv/bin/python -m pytest -m heavy
	.venv/bin/python -m benchmarks.stages
	.venv/bin/python -m benchmarks.end_to_end
	.venv/bin/python -m benchmarks.accuracy
	.venv/bin/python -m benchmarks.history

clean:           ## remove .venv and caches, keep results/
	rm -rf .venv build dist *.egg-info .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help setup run test check audit benchmark clean
