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
//! One dependency is enough: tensors are of [`holonomy::tch`](tch), random numbers come from generators of
//! [`holonomy::rand`](rand), such as [`random::generator`] makes. In `Cargo.toml`:
//!
//! ```toml
//! [dependencies]
//! holonomy = "0.1"
//!
//! # Dependencies optimised in debug builds too: without this they are up to 300 times slower.
//! [profile.dev.package."*"]
//! opt-level = 2
//! debug = false
//! ```
//!
//! The build needs Rust 1.95 or newer, a C++ compiler and libtorch 2.11.0. The environment says where that is:
//! `LIBTORCH`, a folder with `include/` and `lib/`, such as the folder `torch` of an installed Python wheel, or
//! `LIBTORCH_USE_PYTORCH=1` for the torch that the active Python imports. A `build.rs` lets programs and
//! tests find it when they run:
//!
//! ```ignore
//! fn main() {
//!     if let Ok(folder) = std::env::var("DEP_HOLONOMY_LIBTORCH_LIB") {
//!         println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
//!     }
//! }
//! ```
//!
//! The README has this step by step, with what can go wrong and what helps.
//!
//! # The map
//!
//! | where | what |
//! | --- | --- |
//! | [`manifold`] | the traits [`Manifold`], [`Geodesic`], [`Sample`], and the conventions for shapes, kinds and devices |
//! | [`manifolds`] | [`Euclidean`], [`Sphere`], [`PoincareBall`], [`Lorentz`], [`EuclideanParametrised`]; matrices: [`Stiefel`], [`Grassmann`], [`Flag`], [`SpecialOrthogonal`], [`SpecialEuclidean`], [`Oblique`], symmetric positive definite ones ([`spd`](manifolds::spd)); made of others: [`Product`], [`Power`], [`Scaled`]; and their [`Curvature`], fixed or learnable |
//! | [`optim`] | parameters on manifolds; Riemannian SGD, Adam, Adagrad; schedules, clipping, state |
//! | [`graph`] | hierarchies: edge lists, WordNet, transitive closure, shortest paths, δ-hyperbolicity |
//! | [`stats`] | means and medians of flags, subspaces and rotations; nested principal components |
//! | [`embed`] | embeddings of graphs: objective, trainer, MAP and mean rank; points from distances |
//! | [`magnitude`] | how many points a metric space has at a scale, and which are at its boundary: weighting vectors, magnitude functions, spread |
//! | [`nn`] | layers: classes as subspaces; hyperbolic support vector machines |
//! | [`stats`] | Fréchet means and medians, k-means, principal geodesics, geodesic regression |
//! | `laws` | feature `laws`: a property-test suite for manifolds, yours too |
//! | `plot` | feature `plot`: the Poincaré disk and curves, as SVG and PNG |
//! | [`random`] | a generator whose numbers follow from a seed |
//! | [`checkpoint`] | tensors and settings in one file that is whole or absent |
//! | [`device`] | which device, and why |
//! | [`numerics`] | what decides accuracy |
//!
//! # Accuracy
//!
//! Distances, exponentials, logarithms and transports of the Poincaré ball and the hyperboloid keep
//! full f64 precision where libraries written with `1 − |x|²`, `acosh` and clamps have lost every
//! digit: see the module pages of the manifolds, and measure it yourself with
//! `cargo run --release --example accuracy`.
//!
//! # Errors and panics
//!
//! What data or the outside world decide gives an [`enum@Error`]. A wrong shape or kind, the
//! program's own mistake, panics with one sentence that names the operation, what it expected and
//! what it got.

pub mod checkpoint;
pub mod device;
pub mod embed;
mod error;
pub mod graph;
#[cfg(feature = "laws")]
pub mod laws;
pub mod magnitude;
pub mod manifold;
pub mod manifolds;
mod metric;
pub mod nn;
pub mod numerics;
pub mod optim;
#[cfg(feature = "plot")]
pub mod plot;
pub mod random;
mod source;
pub mod stats;

/// Random number generators: the version that this crate's functions take.
#[doc(no_inline)]
pub use rand;
/// Tensors: the version that this crate's functions take and give.
#[doc(no_inline)]
pub use tch;

pub use error::{Error, Result};
pub use manifold::{Geodesic, Manifold, Sample};
pub use manifolds::{
    Curvature, Euclidean, EuclideanParametrised, Flag, Grassmann, Lorentz, Oblique, PoincareBall,
    Power, Product, Retraction, Scaled, Space, SpdAffineInvariant, SpdBuresWasserstein,
    SpdLogCholesky, SpdLogEuclidean, SpecialEuclidean, SpecialOrthogonal, Sphere, Stiefel,
    StiefelMetric,
};
