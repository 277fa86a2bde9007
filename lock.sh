#!/bin/sh
# Writes requirements.lock anew: the newest versions that the ranges in pyproject.toml allow, with the hashes of their
# files, for Python 3.11 to 3.14 on Linux, macOS and Windows. torch and what only its CUDA build needs are left out: its
# builds for one version differ by machine (CPU, CUDA), so that no list of hashes fits all. The Makefile pins its version.
set -eu
new=$(mktemp -d)
python3 -m venv "$new"
"$new/bin/pip" install --quiet uv
echo "torch==$(sed -n 's/^TORCH ?= //p' Makefile)" > "$new/constraints.txt"
"$new/bin/uv" pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes --quiet \
    --constraint "$new/constraints.txt" --no-header --no-annotate --no-emit-index-url --no-emit-find-links |
    awk '/^[A-Za-z]/ { keep = $0 !~ /^(torch==|triton|nvidia-|cuda-)/ } keep' > requirements.lock
rm -r "$new"
