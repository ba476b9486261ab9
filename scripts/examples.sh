#!/usr/bin/env bash
# Runs every example but the accuracy study, which has a test of its own; each ends in assertions.
set -euo pipefail
cd "$(dirname "$0")/.."
# The selection of packages that the tests are built with, so that nothing is compiled twice.
cargo build --quiet --workspace --features laws,plot --examples
for source in examples/[0-9][0-9]_*.rs; do
    name=$(basename "$source" .rs)
    echo "example $name"
    "${CARGO_TARGET_DIR:-target}/debug/examples/$name"
done
