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
//! The modules are in the order in which they may import each other: each imports only modules above
//! it. A test, `papers/src/rooms.rs`, checks this.
//!
//! | module | contents |
//! | --- | --- |
//! | `error` | private: [`enum@Error`] and [`Result`] |
//! | [`random`] | a random number generator made from a seed |
//! | `source` | private: text files, their rows, and errors that name a line |
//! | [`device`] | choice of the device, with the reason |
//! | [`numerics`] | numerical helpers, and the two ways in which operations are computed |
//! | [`checkpoint`] | tensors and settings in one file, protected by a checksum |
//! | [`manifold`] | the traits [`Manifold`], [`Geodesic`], [`Sample`], [`Distance`], and the conventions for shapes, kinds and devices |
//! | [`manifolds`] | [`Euclidean`], [`Sphere`], [`PoincareBall`], [`Lorentz`], [`EuclideanParametrised`]; matrices: [`Stiefel`], [`Grassmann`], [`Flag`], [`SpecialOrthogonal`], [`SpecialEuclidean`], [`Oblique`], symmetric positive definite matrices ([`spd`](manifolds::spd)); built from other manifolds: [`Product`], [`Power`], [`Scaled`]; the chordal distance ([`Chordal`](manifolds::Chordal)); and [`Curvature`], fixed or learnable |
//! | [`metric`] | finite metric spaces: distances of points, matrices from files, distortion, δ-hyperbolicity |
//! | [`graph`] | graphs and hierarchies: edge lists, WordNet, Newick trees, transitive closure, shortest paths |
//! | [`scores`] | figures of merit: accuracy, F1, ROC, rank correlation, mean average precision of distances |
//! | [`optim`] | parameters on manifolds; Riemannian SGD, Adam, Adagrad; schedules, clipping, state |
//! | [`stats`] | Fréchet means and medians, k-means, principal geodesics, geodesic regression; means and medians of flags, subspaces and rotations; nested principal components |
//! | [`learn`] | classifiers: their trait, and hyperbolic support vector machines |
//! | `laws` | feature `laws`: a suite of property tests for manifolds and distances, including your own |
//! | [`embed`] | embeddings of graphs: objective, trainers, mean average precision and mean rank; points from distances |
//! | [`magnitude`] | the magnitude of a metric space, its effective number of points at a scale: weighting vectors, magnitude functions, spread; boundaries, outliers and classes by weights |
//! | [`nn`] | networks: a store of flat weights, points and curvatures; layers between hyperbolic spaces; classes as subspaces |
//! | `plot` | feature `plot`: plots of the Poincaré disk, of curves and of points in ℝ³, as SVG and PNG |
//!
//! # A walk: from a file of edges to a picture
//!
//! `cargo papers run nickel2017 --edges FILE` embeds a hierarchy of your own. The program in `papers/`
//! calls one public function of this crate after another, as your program can. These are the steps,
//! each with the place where it happens:
//!
//! 1. **The command.** `Nickel2017::run` in `papers/src/nickel2017/mod.rs` goes through all steps.
//!    `Options::settings` in `papers/src/nickel2017/options.rs` makes a
//!    [`TrainConfig`](embed::TrainConfig) of the options.
//! 2. **The file.** [`read_edge_list`](graph::read_edge_list) gives a [`Graph`](graph::Graph), whose
//!    edges run from child to parent, and a report of what was found and left out. `Source::read` in
//!    `src/source.rs` unpacks the file; `parse` in `src/graph/edge_list/read.rs` finds the layout and
//!    reads the rows. `load` in `papers/src/nickel2017/data.rs` calls them and tells the
//!    [direction](graph::Graph::direction) of the hierarchy.
//! 3. **The closure.** [`Graph::transitive_closure`](graph::Graph::transitive_closure) makes the pairs
//!    (descendant, ancestor), which the embedding has to learn. `ancestor_pairs` in
//!    `src/graph/reachability.rs` finds them in one pass over the strongly connected components.
//! 4. **The start.** [`Trainer::new`](embed::Trainer::new) in `src/embed/hierarchy/trainer.rs` checks settings
//!    and pairs. The points start near the origin (`random_start` in the same file) or as
//!    [`nested_half_spaces`](embed::nested_half_spaces) (`src/embed/hierarchy/half_spaces/mod.rs`).
//! 5. **The epochs.** [`Trainer::run`](embed::Trainer::run) enters `train` in `src/embed/training/epochs.rs`,
//!    the one loop of all trainers. In each epoch `Running::epoch` in `src/embed/hierarchy/trainer.rs` puts the
//!    pairs into a new order. Then the path that [`TrainPath`](embed::TrainPath) names takes the steps.
//!    The [`NegativeSampler`](embed::NegativeSampler) draws their negatives (`draw_into` in
//!    `src/embed/training/sampler.rs`).
//! 6. **A step.** `Worker::step` in `src/embed/hierarchy/native.rs` is that of the native path. It moves the nodes
//!    of one pair and its negatives, by the arithmetic in `src/embed/hierarchy/kernel.rs`. `TensorPath::step` in
//!    `src/embed/hierarchy/tensor.rs` moves those of a batch on any device, by [`Geodesic::dist`],
//!    [`Manifold::rgrad`] and [`Geodesic::exp`] of the model.
//! 7. **The checkpoint.** After each epoch the callback gets a [`Progress`](embed::Progress).
//!    `Identity::checkpoint` in `src/embed/hierarchy/resume.rs` makes a [`Checkpoint`](checkpoint::Checkpoint) of
//!    it, and `Ledger::write_training` in `papers/src/harness/ledger.rs` saves that from time to time;
//!    `write_atomically` in `src/checkpoint/atomic.rs` replaces the file as a whole. With `--resume`
//!    [`Trainer::resuming_from`](embed::Trainer::resuming_from) goes on from it.
//! 8. **The ranking.** [`Ranking`](embed::Ranking) compares the distances from each node to all others:
//!    `Ranker::rank` in `src/embed/evaluation/ranker.rs`. `summary` in
//!    `src/embed/evaluation/ranking.rs` makes mean average precision and mean rank of it. The tasks
//!    `network` and `entailment` of the same command also use [`roc_auc`](scores::roc_auc) and
//!    [`spearman`](scores::spearman) (`src/scores/rank.rs`).
//! 9. **The names.** [`NamedEmbedding::new`](embed::NamedEmbedding::new) in `src/embed/named.rs` joins
//!    points and names. `write_embedding` in `papers/src/nickel2017/artefacts.rs` saves them.
//!    `cargo papers neighbors` reads the file and calls
//!    [`NamedEmbedding::neighbours`](embed::NamedEmbedding::neighbours) (`neighbors` in
//!    `papers/src/embedding.rs`).
//! 10. **The picture.** `draw` in `papers/src/nickel2017/artefacts.rs` takes an embedding in two
//!     dimensions and the [`direct_edges`](graph::direct_edges) of the closure, and makes a
//!     `plot::DiskPlot` (feature `plot`). `DiskPlot::draw` in `src/plot/disk/mod.rs` draws each edge as a
//!     geodesic (`geodesic` in `src/plot/arcs.rs`) and finds room for the labels (`place` in
//!     `src/plot/labels.rs`). `Picture::save` in `src/plot/picture.rs` writes SVG and PNG.
//!
//! The same walk without files and picture:
//!
//! ```
//! use std::ops::ControlFlow;
//! use holonomy::embed::{NamedEmbedding, TrainConfig, Trainer, reconstruction};
//! use holonomy::graph::{EdgeListOptions, parse_edge_list};
//!
//! let rows = "cat,feline\nlion,feline\nfeline,mammal\ndog,canine\nwolf,canine\ncanine,mammal";
//! let (graph, _) = parse_edge_list(rows, "animals.csv", EdgeListOptions::default())?;
//! let closure = graph.transitive_closure();
//! let config = TrainConfig { dim: 2, threads: 1, ..TrainConfig::default() };
//! let trainer = Trainer::new(config, closure.node_count(), closure.edges())?;
//! let found = trainer.run(|_| ControlFlow::Continue(()))?;
//! let score = reconstruction(found.model, &found.points, closure.edges())?;
//! assert!(score.map > 0.9);
//! let animals = NamedEmbedding::new(found.model, closure.names().to_vec(), &found.points)?;
//! println!("{:?}", animals.neighbours("cat", 2)?);
//! # Ok::<(), holonomy::Error>(())
//! ```
//!
//! # Accuracy
//!
//! Distances, exponentials, logarithms and transports of the Poincaré ball and the hyperboloid
//! keep full f64 precision where formulas with `1 − |x|²`, `acosh` and clamps lose every digit.
//! The page of each manifold states its measured accuracy;
//! `cargo run --release --features laws --example accuracy` measures it again.
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
