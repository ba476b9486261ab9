#!/usr/bin/env bash
# Installs geoopt, pymanopt, geomstats and magnipy into a venv of their own (.venv-peers, about 5 GB: Python's
# torch does not load without the CUDA libraries of its wheel) and runs the same work in all, side by side.
#
#     benches/peers/run.sh [--rounds N] [--threads N] [--only ops|adam|trainer|matrices|magnitude]
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.venv-peers
wanted=benches/peers/requirements.txt
if ! cmp -s "$wanted" "$venv/requirements.txt"; then
    echo "Installing geoopt, pymanopt, geomstats, magnipy and PyTorch into $venv …"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted"
    cp "$wanted" "$venv/requirements.txt"
fi
exec cargo bench --quiet --features laws --bench peers -- "$@"
