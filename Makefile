# Each target is a cargo call behind the one set-up step, libtorch.
.PHONY: libtorch reproduce test test-fast own-crate check bench peers notebooks interop

FEATURES := --features laws,plot

# libtorch 2.11, the version that tch 0.24 pairs with, from the Python wheel, into the checkout.
# A LIBTORCH of your own is linked instead of downloaded.
libtorch: .libtorch/lib/libtorch_cpu.so

.libtorch/lib/libtorch_cpu.so:
	./scripts/libtorch.sh

reproduce: libtorch
	cargo papers run nickel2017

# Tests run side by side already: libtorch takes one thread in each.
test: export OMP_NUM_THREADS := 1
test: libtorch
	cargo test --workspace $(FEATURES)
	cargo test --workspace $(FEATURES) --bench main
	./scripts/examples.sh

# For work in between: without documentation tests, programs that are killed, and all but a few manifolds' laws.
FEW := sphere_2 ball_2 lorentz_5 parametrised_2 grassmann_5_2 spd_affine_3
test-fast: export OMP_NUM_THREADS := 1
test-fast: libtorch
	cargo test --workspace $(FEATURES) --lib --bin papers --test main
	for space in $(FEW); do cargo test --quiet --workspace $(FEATURES) --test laws -- $$space:: || exit; done

# A crate of a stranger, from the packaged crate, in an empty folder.
own-crate: libtorch
	./scripts/own_crate.sh

check: libtorch
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(FEATURES) -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps $(FEATURES)

bench: libtorch
	cargo bench --package holonomy $(FEATURES) --bench main --bench hmds --bench magnitude

peers: libtorch
	./benches/peers/run.sh

notebooks: libtorch
	python3 notebooks/run.py

# A run on the mammals, in every format, read and measured again by numpy.
INTEROP := target/interop
interop: libtorch .venv-interop/bin/python
	cargo papers run nickel2017 --out $(INTEROP)
	cargo papers convert $(INTEROP)/embedding.safetensors --to $(INTEROP)/embedding.vec
	cargo papers convert $(INTEROP)/embedding.safetensors --to $(INTEROP)/projector
	.venv-interop/bin/python scripts/check_interop.py $(INTEROP)

.venv-interop/bin/python: scripts/requirements-interop.txt
	python3 -m venv .venv-interop
	.venv-interop/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@
