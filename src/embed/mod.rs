//! Embeddings of graphs and hierarchies: training and evaluation.
//!
//! [`Trainer`] places the nodes of a graph in a hyperbolic or Euclidean space so that true
//! neighbours are nearer than other nodes; [`reconstruction`] measures how well this succeeds. A
//! [`NamedEmbedding`] finds nearest neighbours by name. It can be [read from and written to
//! files](exchange) of other programs.
//!
//! # The objective
//!
//! A pair (x, y) of a node and a true neighbour is compared with a set N of *negatives*: distinct
//! nodes, drawn at random, that are neither x nor a true neighbour of x.
//!
//! ```text
//! loss(x, y) = −log ( e^−d(x,y) / Σ_{z ∈ N ∪ {y}} e^−d(x,z) )
//! step:  p ← exp_p(−rate · grad_p loss)    for p = x, y and every negative at once
//! ```
//!
//! The Riemannian gradient is taken at the points before the step; in the ball it is the Euclidean
//! gradient times (1 − |p|²)²/4. The pairs come in a new random order in every epoch.
//!
//! During the *burn-in* the rate is small and negatives are drawn in proportion to (1 +
//! in-degree)^0.75, where the in-degree is the number of pairs that have the node as their true
//! neighbour. Afterwards they are drawn uniformly. In a hierarchy the pairs (node, ancestor) are
//! those of the transitive closure. Weights of edges are ignored.
//!
//! The paper moves a point along a straight line and projects points outside the ball back into
//! it. Here steps follow the exact exponential map, which stays in the ball, and their length is
//! not clipped. The only bound is due to f64: a hyperbolic radius of 31.9 in the ball on the
//! native path.
//!
//! # Two paths
//!
//! The native path (the default) is one fused loop over rows of f64 on the CPU: a pair's
//! candidates are handled eight at a time, and AVX2 or AVX-512 is used where the processor has it.
//! Threads share the rows without locks, through relaxed atomics. With one thread, runs on the
//! same kind of processor are bitwise reproducible. The negatives do not depend on the number of
//! threads.
//!
//! The tensor path computes batches with libtorch and the [`Geodesic`](crate::Geodesic) of the
//! model, on any device, in f64 or f32. Given the same pair and negatives, the steps of both paths
//! agree to about 1e-12 (tested). It also trains in any other manifold, in products and on spheres, of
//! any curvature, learned or not: [`Trainer::on_manifold`].
//!
//! # Checkpoints
//!
//! The order of the pairs and the negatives of an epoch follow from the seed and the epoch alone.
//! [`Progress::checkpoint`] therefore needs only the points and records, and
//! [`Trainer::resuming_from`] continues from them. With one thread the resumed training ends with
//! bitwise the same points as an uninterrupted one (tested on both paths). Trainings of networks
//! and of distances resume likewise ([`NetworkTrainer::resuming_from`],
//! [`DistanceTrainer::resuming_from`]), from the state of their optimiser.
//!
//! # Figures
//!
//! The WordNet 3.0 mammals (1,182 nodes, 6,542 pairs of the closure) in 5 dimensions with the default
//! settings and two threads, medians of the seeds 0, 1, 2; seconds on two cores that other work shared:
//!
//! | model | MAP | mean rank | training |
//! | --- | --- | --- | --- |
//! | ball | 0.987 | 1.052 | 2.5 s |
//! | hyperboloid | 0.988 | 1.043 | 2.9 s |
//! | Euclidean | 0.215 | 88.2 | 2.3 s |
//! | ball in 2 dimensions, rate 1, burn-in 150 epochs at 0.1 | 0.934 | 1.53 | 1.6 s |
//!
//! A lower rate raises the Euclidean MAP to 0.24, but no further. The burn-in matters: with 10
//! burn-in epochs instead of 100 the MAP of the ball stays near 0.96, because nodes remain in the
//! region where the first large steps put them. In 2 dimensions this objective drives all nodes
//! but the root far out (hyperbolic radius 12 to 25), so a drawing needs scaled radii.
//!
//! The nouns of WordNet 3.0 (82,115 nodes, 743,241 pairs), one seed, two threads; the start is
//! [`Start::HalfSpaces`], the rate 1.5 falling linearly to 0.03 over 100 epochs without burn-in:
//!
//! | model | MAP | mean rank | training |
//! | --- | --- | --- | --- |
//! | ball in 10 dimensions | 0.953 | 3.88 | 99 s |
//! | ball in 5 dimensions | 0.955 | 3.75 | 74 s |
//! | ball in 10 dimensions, random start | 0.842 | 5.57 | 145 s |
//! | ball in 10 dimensions, no training: [`nested_half_spaces`] alone | 0.983 | 33.6 | |
//!
//! # Beyond reconstruction
//!
//! | task | look at |
//! | --- | --- |
//! | evaluate an embedding that is too large to rank all nodes, or in any space | [`Ranking`], [`RankedNodes`] |
//! | embed in a product, on a sphere, or with a learned curvature | [`Trainer::on_manifold`] |
//! | predict held-out pairs | [`Split`], [`link_prediction`] |
//! | embed an undirected network | [`NetworkTrainer`], [`FermiDirac`], [`both_ways`](crate::graph::both_ways), [`roc_auc`](crate::scores::roc_auc) |
//! | score how far "u is a v" holds | [`is_a_scores`], [`spearman`](crate::scores::spearman) |
//! | fit points to distances, in any product of spaces | [`DistanceTrainer`], [`Signature`] |
//! | recover a hierarchy from affinities, without training | [`affinity`], [`DiffusionOperator`], [`HyperbolicDiffusion`] |
//! | find points from their distances | [`hmds`](hmds::hmds()), [`read_distances`](crate::metric::read_distances) |
//! | compare distances with a graph's | [`metric`](crate::metric), [`mean_average_precision`](crate::scores::mean_average_precision) |
//!
//! # References
//!
//! nickel2017, sections 3 and 4.

mod diffusion;
mod distances;
mod evaluation;
pub mod exchange;
mod hierarchy;
mod model;
mod named;
mod network;
mod training;
pub mod trees;

pub use diffusion::{
    Bandwidth, DiffusionConfig, DiffusionOperator, FeatureDistance, HyperbolicDiffusion, Kernel,
    affinity, feature_distances,
};
pub use distances::{
    DistanceConfig, DistanceEmbedding, DistanceLoss, DistanceProgress, DistanceTrainer, Factor,
    Signature, hmds,
};
pub use evaluation::{
    LinkPrediction, RankedNodes, Ranking, Reconstruction, Sampling, Split, SplitConfig,
    is_a_scores, link_prediction, reconstruction, reconstruction_of,
};
pub use exchange::Format;
pub use hierarchy::{
    Decay, Embedding, Progress, Start, TrainConfig, TrainPath, Trainer, TrainingSpace,
    nested_half_spaces, pair_step,
};
pub use model::Model;
pub use named::NamedEmbedding;
pub use network::{FermiDirac, NetworkConfig, NetworkEmbedding, NetworkProgress, NetworkTrainer};
pub use training::{EpochRecord, NegativeLaw, NegativeSampler};
pub use trees::{PrecisePoints, TreeConfig, TreeEmbedding, TreeQuality, embed_tree};
