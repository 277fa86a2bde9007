#!/bin/sh
# Writes requirements.lock anew: the newest versions that the ranges in pyproject.toml allow.
set -eu
new=$(mktemp -d)
python3 -m venv "$new"
"$new/bin/pip" install --quiet ".[dev]" torch==2.13.0
"$new/bin/pip" freeze --exclude bakeoff | sed "s/+cpu//" > requirements.lock
rm -r "$new"
