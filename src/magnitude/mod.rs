//! Magnitude: how many points a metric space has, seen from a scale, and which of them are at its edge.
//!
//! # What it is
//!
//! Points at distance d are *similar* by e^(−t d): wholly at distance 0, hardly when they are far apart
//! on the scale t. A *weighting* gives every point a weight, such that all see the same total of similar
//! weight; the *magnitude* is the sum of the weights.
//!
//! ```text
//! Z = e^(−t d(x, y)),   Zw = 1,   |tX| = Σ w
//! ```
//!
//! ```
//! use holonomy::magnitude::magnitude;
//! use holonomy::tch::Tensor;
//!
//! // Two points near each other, and a third far away: seen from afar 1, then 2, then 3.
//! let d = Tensor::from_slice(&[0.0, 1e-3, 1.0, 1e-3, 0.0, 1.0, 1.0, 1.0, 0.0]).view([3, 3]);
//! let size = |t: f64| magnitude(&d, t).map(f64::round);
//! assert_eq!([size(1e-2)?, size(30.0)?, size(1e5)?], [1.0, 2.0, 3.0]);
//! # Ok::<(), holonomy::Error>(())
//! ```
//!
//! As t grows from 0 the magnitude of n points goes from 1, as a rule, to n, and each weight to 1. In between, its
//! growth shows the space's dimension at that scale, d log|tX| / d log t ([`magnitude_dimension`]), and the
//! weights are large where a point has few neighbours on some side: corners, edges, outliers. Inside of a
//! uniform body they are nearly equal and small.
//!
//! # Which spaces have one
//!
//! Spaces that are *positive definite*, Z ≻ 0 at every scale, have one weighting, and a magnitude of at
//! least 1 that no further point makes smaller: all subsets of Euclidean and hyperbolic spaces, of round
//! spheres, of trees, and of sums of them (meckes2013). Other spaces, such as the graph K₃,₂, may have
//! eigenvalues below 0 at small scales, magnitudes that fall with t, are negative or above n, and poles,
//! where there is no weighting: then an [`Error::NoWeighting`](crate::Error::NoWeighting).
//! [`Weighting::negative_eigenvalues`] tells them apart. Grassmannians and graphs can be of this kind. Not
//! every space looks like one point from afar: for a few the limit at t → 0 is another number (roff2023).
//! The [`spread`] is defined for all.
//!
//! # Where to look
//!
//! | wanted | look at |
//! | --- | --- |
//! | weights, and how they were found | [`weighting`], [`weighting_of_points`] |
//! | weights of so many points that Z does not fit into memory | [`matrix_free_weighting`] |
//! | of a million points, approximately | [`nearest_neighbour_weighting`], [`nearest_neighbour_weighting_of_distances`] |
//! | one number | [`magnitude`], [`spread`], [`magnitude_dimension`] |
//! | several scales | [`magnitude_function`] |
//! | points that come and go | [`IncrementalMagnitude`] |
//! | what new points would weigh, add and see | [`WeightedSpace`] |
//! | the scale at which a space has a magnitude | [`scale_of_magnitude`], [`Scale`] |
//! | the edge of a set, outliers, classes, points to ask about | [`BoundaryDetector`], [`OutlierDetector`], [`MagnitudeClassifier`], [`ActiveSelector`] |
//! | what each point adds; a union from its parts | [`moments`], [`union_magnitude`] |
//! | points that stand for the convex hull | [`HullApproximation`], [`support_loss`] |
//! | the pixels of an image, and its edges | [`ImageMagnitude`] |
//! | a loss | [`differentiable_distances`], [`differentiable_magnitude`], [`differentiable_weights`] |
//! | distances of points, of a graph | [`pairwise_distances`](crate::embed::pairwise_distances), [`shortest_paths`](crate::graph::shortest_paths) |
//!
//! # Solvers
//!
//! In the order in which they are tried; [`Weighting::solver`] and [`Weighting::reason`] say which was taken and why.
//! Components at infinite distance of each other are solved apart. A solver that is asked for by
//! [`WeightingConfig::solver`] is an error where it ends.
//!
//! | [`Solver`] | when | ends at |
//! | --- | --- | --- |
//! | `Cholesky` | Z is positive definite: the rule. Weights of 256 points and more are found by a factor in f32, refined, which takes half the time; where ‖Z⁻¹‖₁ is above 0.1/(ε₃₂(‖Z‖₁/2 + √n)), a condition of some 1e6, or a factor is to be kept, by one in f64 | n³/3 operations |
//! | `Shifted` | most similarities are above ½ and Z is singular to rounding or has negative eigenvalues: E = Z − 11ᵀ, whose entries e^(−t d) − 1 keep all digits, is factored by Bunch and Kaufman's method, and (E + 11ᵀ)⁻¹ follows from E⁻¹ | E singular to rounding, or a pole |
//! | `PivotedCholesky` | Z is semidefinite to rounding: points that hardly differ; ends at pivots of n·ε and reports the rank | what is left is more than 8 n·ε; a residual above 8√(n ε \|X\|) or 1e-4 |
//! | `Indefinite` | Z has negative eigenvalues: Z = LDLᵀ, Bunch and Kaufman | a condition above 1/ε |
//! | `Spectral` | Z has negative eigenvalues and some that are 0 to n·ε of the largest; gives the shortest w | a residual above 8√(n ε ‖Z‖ \|X\|) or 1e-4: no weighting |
//!
//! # Accuracy
//!
//! Each solve is refined with residuals that are summed in twice the precision. At scales at which most
//! points are similar, the residual is 1 − Σw − Ew with E = e^(−t d) − 1, whose entries have all their
//! digits where those of Z agree in all but the last. Where the matrix of distances is itself well
//! conditioned, as that of points in general position of Euclidean space, the weights then keep 15 digits
//! at a condition of Z of 1e3 or 1e17 alike, down to t = 1e-307. Where it is not, as that of a box's corners
//! in the distance ℓ1, they lose the digits of the condition of Z; so they do where two clusters, each of them
//! seen from afar, are at a large finite distance, so that no more than half of the pairs are alike. (At
//! infinite distance each is solved apart, and loses nothing.) Against 120-digit references
//! (`tests/golden/magnitude.py`: Gaussian, hyperbolic and spherical points, bipartite graphs, pairs of near
//! points, corners of a box), relative to ‖w‖₁ and ‖w‖∞:
//!
//! | points | condition of Z | magnitude | weights | weights by plain Cholesky |
//! | --- | --- | --- | --- | --- |
//! | Gaussian, t = 1 | 1e1 | < 1e-16 | 8e-17 | 5e-16 |
//! | Gaussian, t = 1e-3 | 4e4 | < 1e-16 | 7e-16 | 3e-13 |
//! | Gaussian, t = 1e-10 | 4e11 | < 1e-16 | 1e-15 | 2e-6 |
//! | Gaussian, t = 1e-16 | 4e17 | < 1e-16 | 6e-16 | fails |
//! | hyperbolic, t = 1e-4 | 7e5 | < 1e-16 | 2e-15 | 1e-12 |
//! | spherical, t = 0.1 | 5e2 | < 1e-16 | 3e-16 | 5e-15 |
//! | K₃,₂, t = 1e-6 (indefinite) | 2e7 | < 1e-16 | 4e-16 | fails |
//! | K₃,₂, 7e-14 short of its pole | 2e14 | 2e-3 | 2e-3 | fails |
//! | pairs 1e-3 apart, t = 1 | 4e3 | < 1e-16 | 2e-14 | 1e-13 |
//! | pairs 1e-9 apart, t = 1 | 4e9 | < 1e-16 | 3e-8 | 8e-8 |
//! | box, t = 1e-2 | 2e7 | < 1e-16 | 3e-12 | 3e-11 |
//! | box, t = 1e-3 | 2e10 | < 1e-16 | 5e-10 | 4e-8 |
//! | box, t = 1e-4 | 2e13 | < 1e-16 | 2e-8 | 8e-6 |
//!
//! In these and the other references the errors of both are at most 4ε times the reported condition; those
//! of the derivative in t, 40ε times it. There is no such bound where [`Weighting::rank`] is below
//! [`Weighting::distinct`]: then Zw = 1 holds to the residual, but the weights are some of many, and
//! the derivative is that of the points that were kept.
//!
//! [`Weighting::residual`] and [`Weighting::condition`] come with every result. What the distances
//! themselves have lost is not in them: f32 distances are wrong by 6e-8, times the condition.
//!
//! # References
//!
//! leinster2013 (magnitude, examples); meckes2013 (positive definite spaces); willerton2015 (spread, dimension);
//! bunch2020 and bunch2021 (weights as boundaries), fung2019 (hulls); bunch1977, higham1988, ogita2005 (numerics).

mod active;
mod boundary;
mod classifier;
mod components;
mod condition;
mod derivative;
mod distinct;
mod duplicates;
mod factor;
mod function;
mod gradient;
mod hull;
mod image;
mod incremental;
mod inverse_column;
mod matrix_free;
mod measured;
mod nearest;
mod outliers;
mod pivoted;
mod scale;
mod similarity;
mod solve;
mod union;
mod weighted_space;
mod weighting;

pub use active::{ActiveConfig, ActiveSelector, SelectionRule};
pub use boundary::{BoundaryConfig, BoundaryDetector};
pub use classifier::{ClassRule, ClassifierConfig, MagnitudeClassifier};
pub use function::{MagnitudeFunction, magnitude_dimension, magnitude_function, spread};
pub use gradient::{
    Derivatives, differentiable_distances, differentiable_magnitude, differentiable_weights,
};
pub use hull::{
    ApproximateHull, HullApproximation, Keep, RemovalOrder, SupportLoss, VertexScore, moments,
    support_loss, vertex_score,
};
pub use image::{ImageMagnitude, ImageMagnitudeConfig, Patches, PixelMetric};
pub use incremental::IncrementalMagnitude;
pub use matrix_free::{MatrixFreeConfig, matrix_free_weighting};
pub use nearest::{
    NearestNeighbourConfig, NearestNeighbourWeighting, NearestNeighbours,
    nearest_neighbour_weighting, nearest_neighbour_weighting_of_distances,
};
pub use outliers::{OutlierConfig, OutlierDetector, OutlierScore};
pub use scale::{Scale, scale_of_magnitude};
pub use union::{UnionMagnitude, union_magnitude};
pub use weighted_space::{NewPoints, WeightedSpace};
pub use weighting::{
    Solver, Weighting, WeightingConfig, magnitude, weighting, weighting_of_points,
};
