#!/usr/bin/env bash
# Runs every example but the accuracy study, which has a test of its own; each ends in assertions.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --quiet --package holonomy --features laws,plot --examples
for source in examples/[0-9][0-9]_*.rs; do
    name=$(basename "$source" .rs)
    echo "example $name"
    cargo run --quiet --package holonomy --features laws,plot --example "$name"
done
