# Every target makes or updates .venv by itself first (scripts/bootstrap); nothing else needs setting up.
.PHONY: help demo test check unit clean-room faults wheels lock environment
.DEFAULT_GOAL := help
bin := .venv/bin

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 20

environment:
	@scripts/bootstrap

demo: environment  ## run the main job: inject a planet, search for it, compare the periods
	@$(bin)/eas demo

test: check unit clean-room  ## everything that must hold before a change is accepted

check: environment  ## style, types, import floors, repeated code, sizes
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports
	$(bin)/python scripts/check_duplicates.py
	$(bin)/python scripts/check_sizes.py

unit: environment  ## the tests, with coverage
	rm -f .coverage .coverage.*
	$(bin)/coverage run -m pytest --ignore=tests/packaging
	$(bin)/coverage combine --quiet
	$(bin)/python scripts/check_coverage.py

clean-room: environment  ## build the wheels, install them elsewhere, and try them there
	$(bin)/python -m pytest tests/packaging

faults: environment  ## kill, stop, cut off and fill up everything, on all pairs of backends (about 25 minutes)
	mkdir -p build
	FAULTS_REPORT=build/faults.txt $(bin)/python -m pytest -m "faults or not faults" tests/faults

wheels: environment  ## build the wheels into dist/
	$(bin)/python scripts/build_wheels.py dist

lock: environment  ## renew requirements.lock from requirements.in
	scripts/lock
