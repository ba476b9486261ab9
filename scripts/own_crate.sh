#!/usr/bin/env bash
# Builds examples/own_crate as a stranger does, in an empty folder and from the packaged crate, and runs its laws and
# its program.
set -euo pipefail
cd "$(dirname "$0")/.."
checkout=$PWD
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$checkout/target}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# What follows builds the package, so that cargo need not.
version=$(cargo pkgid --package holonomy)
version=${version##*[#@]}
cargo package --quiet --package holonomy --no-verify --allow-dirty
package=$CARGO_TARGET_DIR/package/holonomy-$version.crate
size=$(stat --format %s "$package")
echo "own crate: the package has $size bytes"
[ "$size" -lt 1000000 ] || { echo "the package has 1 MB or more: see include in Cargo.toml" >&2; exit 1; }

# --touch: files of a package have a fixed time, by which cargo would take an older build for this one.
mkdir "$folder/package"
tar --extract --touch --file "$package" --directory "$folder/package"
cp -r examples/own_crate/{Cargo.toml,build.rs,src,tests} "$folder"
cp Cargo.lock "$folder"
cd "$folder"

# The package in place of the registry's; libtorch, flags and target folder of the checkout, so that most dependencies
# are compiled already. The crate itself is not optimised here, which would take longer than all the rest.
cargo test --quiet --config "$checkout/.cargo/config.toml" \
    --config "patch.crates-io.holonomy.path='package/holonomy-$version'" --config profile.dev.package.holonomy.opt-level=0
# Elsewhere, where it finds libtorch by what its own build script says alone.
cp "$CARGO_TARGET_DIR/debug/own_crate" "$folder/program"
./program
