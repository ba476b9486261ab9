//! Geometric deep learning in non-Euclidean spaces, on libtorch tensors.
//!
//! Every space is a [`Manifold`] over [`tch::Tensor`], on CPU or CUDA, in f32 or f64. Optimisers,
//! embeddings and tests are written once, against that trait.
//!
//! # A first program
//!
//! The Fréchet mean of three points of the Poincaré disk, by Riemannian gradient descent: a
//! parameter that lives on a manifold, an ordinary loss, and an optimiser.
//!
//! ```
//! use holonomy::optim::{ManifoldParameter, RiemannianAdam, AdamConfig};
//! use holonomy::{Geodesic, PoincareBall};
//! use holonomy::tch::{Kind, Tensor};
//!
//! let disk = PoincareBall::new(2, -1.0)?;
//! let points = Tensor::from_slice(&[0.5, 0.0, 0.0, 0.5, -0.3, -0.3]).view([3, 2]);
//!
//! let start = points.get(0).unsqueeze(0);
//! let mean = ManifoldParameter::geodesic(Box::new(disk.clone()), &start)?;
//! let p = mean.tensor().shallow_clone();
//! let mut optimizer = RiemannianAdam::new(vec![mean], AdamConfig::new(0.05))?;
//! for _ in 0..200 {
//!     optimizer.zero_grad();
//!     disk.dist(&p, &points).square().sum(Kind::Double).backward();
//!     optimizer.step()?;
//! }
//!
//! // At the mean the logarithms of the points add up to 0.
//! let sum = disk.log(&p, &points).sum_dim_intlist(0, false, Kind::Double);
//! assert!(disk.norm(&p, &sum).double_value(&[0]) < 1e-2);
//! # use holonomy::Manifold;
//! # Ok::<(), holonomy::Error>(())
//! ```
//!
//! # In your own crate
//!
//! One dependency is enough. Tensors come from the re-exported [`tch`], and random number
//! generators from the re-exported [`rand`]; [`random::generator`] makes one from a seed. In
//! `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! holonomy = "0.1"
//!
//! # Optimise the dependencies in debug builds too; otherwise they are up to 300 times slower.
//! [profile.dev.package."*"]
//! opt-level = 2
//! debug = false
//! ```
//!
//! The build needs Rust 1.95 or newer, a C++ compiler and libtorch 2.11.0. An environment variable
//! says where libtorch is. Set `LIBTORCH` to a folder with `include/` and `lib/`, such as the
//! folder `torch` of an installed Python wheel; or set `LIBTORCH_USE_PYTORCH=1` to use the torch
//! that the active Python imports. This `build.rs` lets your programs and tests find libtorch when
//! they run:
//!
//! ```ignore
//! fn main() {
//!     if let Ok(folder) = std::env::var("DEP_HOLONOMY_LIBTORCH_LIB") {
//!         println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
//!     }
//! }
//! ```
//!
//! The README explains this step by step, with common errors and their remedies.
//!
//! # Modules
//!
//! | module | contents |
//! | --- | --- |
//! | [`manifold`] | the traits [`Manifold`], [`Geodesic`], [`Sample`], [`Distance`], and the conventions for shapes, kinds and devices |
//! | [`manifolds`] | [`Euclidean`], [`Sphere`], [`PoincareBall`], [`Lorentz`], [`EuclideanParametrised`]; matrices: [`Stiefel`], [`Grassmann`], [`Flag`], [`SpecialOrthogonal`], [`SpecialEuclidean`], [`Oblique`], symmetric positive definite matrices ([`spd`](manifolds::spd)); built from other manifolds: [`Product`], [`Power`], [`Scaled`]; and [`Curvature`], fixed or learnable |
//! | [`optim`] | parameters on manifolds; Riemannian SGD, Adam, Adagrad; schedules, clipping, state |
//! | [`metric`] | finite metric spaces: distances of points, matrices from files, distortion, δ-hyperbolicity |
//! | [`graph`] | hierarchies: edge lists, WordNet, transitive closure, shortest paths |
//! | [`scores`] | figures of merit: accuracy, F1, ROC, rank correlation, mean average precision |
//! | [`embed`] | embeddings of graphs: objective, trainer, mean average precision and mean rank; points from distances |
//! | [`magnitude`] | the magnitude of a metric space, its effective number of points at a scale: weighting vectors, magnitude functions, spread, boundary detection |
//! | [`learn`] | classifiers: hyperbolic support vector machines |
//! | [`nn`] | layers: classes as subspaces (Grassmann) |
//! | [`stats`] | Fréchet means and medians, k-means, principal geodesics, geodesic regression; means and medians of flags, subspaces and rotations; nested principal components |
//! | `laws` | feature `laws`: a suite of property tests for manifolds, including your own |
//! | `plot` | feature `plot`: plots of the Poincaré disk, of curves and of points in ℝ³, as SVG and PNG |
//! | [`random`] | a random number generator made from a seed |
//! | [`checkpoint`] | tensors and settings in one file, protected by a checksum |
//! | [`device`] | choice of the device, with the reason |
//! | [`numerics`] | numerical helpers, and the two ways in which operations are computed |
//!
//! # Accuracy
//!
//! Distances, exponentials, logarithms and transports of the Poincaré ball and the hyperboloid
//! keep full f64 precision where formulas with `1 − |x|²`, `acosh` and clamps lose every digit.
//! The page of each manifold states its measured accuracy;
//! `cargo run --release --example accuracy` measures it again.
//!
//! A *rounding*, ε, is the distance from 1 to the next number: 2.2e-16 in f64, 1.2e-7 in f32.
//! Errors are relative unless the page says otherwise.
//!
//! On the CPU most operations run in *fused kernels*, which are faster and more accurate than the
//! *tensor formulas* that carry gradients and run on other devices: see [`numerics`].
//!
//! # Errors and panics
//!
//! A function that can fail because of its data, a file or the system returns an [`enum@Error`]. A
//! wrong shape or kind is a mistake in the program and panics. The message names the operation,
//! what it expected and what it got.
//!
//! # References
//!
//! References such as nickel2017 are keys of the bibliography `papers/refs.bib` in the repository.
//! `NOTATION.md` lists the symbols.

pub mod checkpoint;
pub mod device;
pub mod embed;
mod error;
pub mod graph;
#[cfg(feature = "laws")]
pub mod laws;
pub mod learn;
pub mod magnitude;
pub mod manifold;
pub mod manifolds;
pub mod metric;
pub mod nn;
pub mod numerics;
pub mod optim;
#[cfg(feature = "plot")]
pub mod plot;
pub mod random;
pub mod scores;
mod source;
pub mod stats;

/// The version of `rand` whose generators this crate's functions take.
#[doc(no_inline)]
pub use rand;
/// The version of `tch` whose tensors this crate's functions take and return.
#[doc(no_inline)]
pub use tch;

pub use error::{Error, Result};
pub use manifold::{Distance, Geodesic, Manifold, Sample};
pub use manifolds::{
    Curvature, Euclidean, EuclideanParametrised, Flag, Grassmann, Lorentz, Oblique, PoincareBall,
    Power, Product, Retraction, Scaled, Space, SpdAffineInvariant, SpdBuresWasserstein,
    SpdLogCholesky, SpdLogEuclidean, SpecialEuclidean, SpecialOrthogonal, Sphere, Stiefel,
    StiefelMetric,
};
