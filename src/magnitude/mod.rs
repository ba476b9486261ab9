//! Magnitude: the effective number of points of a metric space at a scale, and the weights of its
//! points, which show its boundary.
//!
//! # What it is
//!
//! Points at distance d have the *similarity* e^(−t d) at the scale t: 1 at distance 0, near 0
//! where t d is large. A *weighting* gives every point a weight such that the weights, multiplied
//! by their similarities to any one point, add up to 1. The *magnitude* is the sum of the weights.
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
//! As t grows from 0, the magnitude of n points goes from 1 (in almost all spaces) to n, and each
//! weight goes to 1. In between, the growth rate d log|tX| / d log t is the dimension of the space
//! at that scale ([`magnitude_dimension`]). Weights are large where a point has few neighbours on
//! some side: at corners, edges and outliers. In the interior of a uniform body they are nearly
//! equal and small.
//!
//! # Which spaces have one
//!
//! Spaces that are *positive definite*, Z ≻ 0 at every scale, have a unique weighting and a
//! magnitude of at least 1, which never decreases when points are added. These are all subsets of
//! Euclidean and hyperbolic spaces, of round spheres, of trees, and of ℓ1 products of them
//! (meckes2013). In other spaces, such as the graph K₃,₂, Z may have negative eigenvalues at small
//! scales. Their magnitude can fall with t, be negative or exceed n, and can have poles, where
//! there is no weighting ([`Error::NoWeighting`](crate::Error::NoWeighting)). Graphs and subsets
//! of Grassmannians can be of this kind; [`Weighting::negative_eigenvalues`] shows it. For a few
//! spaces the limit of the magnitude at t → 0 is not 1 (roff2023). The [`spread`] is always
//! defined.
//!
//! # Where to look
//!
//! | task | look at |
//! | --- | --- |
//! | weights, and how they were found | [`weighting`], [`weighting_of_points`] |
//! | weights where Z does not fit into memory | [`matrix_free_weighting`] |
//! | approximate weights of a million points | [`nearest_neighbour_weighting`], [`nearest_neighbour_weighting_of_distances`] |
//! | a single number | [`magnitude`], [`spread`], [`magnitude_dimension`] |
//! | magnitude at several scales | [`magnitude_function`] |
//! | adding and removing points | [`IncrementalMagnitude`] |
//! | weights and gains of new points | [`WeightedSpace`] |
//! | the scale at which the magnitude has a given value | [`scale_of_magnitude`], [`Scale`] |
//! | boundaries, outliers, classification, active learning | [`BoundaryDetector`], [`OutlierDetector`], [`MagnitudeClassifier`], [`ActiveSelector`] |
//! | contribution of each point; magnitude of a union | [`moments`], [`union_magnitude`] |
//! | a subset that approximates the convex hull | [`HullApproximation`], [`support_loss`] |
//! | images and their edges | [`ImageMagnitude`] |
//! | magnitude as a differentiable loss | [`differentiable_distances`](crate::metric::differentiable_distances), [`differentiable_magnitude`], [`differentiable_weights`] |
//! | distances of points, of a graph | [`pairwise_distances`](crate::metric::pairwise_distances), [`shortest_paths`](crate::graph::shortest_paths) |
//!
//! # Solvers
//!
//! The solvers are tried in the order of the table; [`Weighting::solver`] and
//! [`Weighting::reason`] report which one was used, and why. Components at infinite distance from
//! each other are solved separately. A solver requested by [`WeightingConfig::solver`] gives an
//! error where it fails.
//!
//! | [`Solver`] | when | cost, and where it fails |
//! | --- | --- | --- |
//! | `Cholesky` | Z is positive definite: the rule. Weights of 256 points and more are found by a factor in f32, refined, which takes half the time; where ‖Z⁻¹‖₁ is above 0.1/(ε₃₂(‖Z‖₁/2 + √n)), a condition of some 1e6, or a factor is to be kept, by one in f64 | n³/3 operations |
//! | `Shifted` | most similarities are above ½ and Z is singular to rounding or has negative eigenvalues: E = Z − 11ᵀ, whose entries e^(−t d) − 1 keep all digits, is factored by Bunch and Kaufman's method, and (E + 11ᵀ)⁻¹ follows from E⁻¹ | E singular to rounding, or a pole |
//! | `PivotedCholesky` | Z is semidefinite to rounding: points that hardly differ; ends at pivots of n·ε and reports the rank | what is left is more than 8 n·ε; a residual above 8√(n ε \|X\|) or 1e-4 |
//! | `Indefinite` | Z has negative eigenvalues: Z = LDLᵀ, Bunch and Kaufman | a condition above 1/ε |
//! | `Spectral` | Z has negative eigenvalues and some that are 0 to n·ε of the largest; gives the shortest w | a residual above 8√(n ε ‖Z‖ \|X\|) or 1e-4: no weighting |
//!
//! # Accuracy
//!
//! Each solve is refined with residuals that are summed in twice the precision. At scales at which
//! most points are similar, the residual is computed as 1 − Σw − Ew with E = e^(−t d) − 1. The
//! entries of E keep full precision where those of Z are all near 1. If the matrix of distances is
//! itself well conditioned, as for points in general position in Euclidean space, the weights then
//! have 15 correct digits whether the condition of Z is 1e3 or 1e17, down to t = 1e-307.
//!
//! Otherwise the weights lose digits in proportion to the condition of Z. One example is the
//! corners of a box in the ℓ1 distance. Another is two clusters at a large finite distance, each
//! of points that are similar at the scale t, so that no more than half of the pairs are similar.
//! (Clusters at infinite distance are solved separately, and lose nothing.) Against 120-digit
//! references (`tests/golden/magnitude.py`: Gaussian, hyperbolic and spherical points, bipartite
//! graphs, pairs of near points, corners of a box), relative to ‖w‖₁ and ‖w‖∞:
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
//! In these and the other references the errors of magnitude and weights are at most 4ε times the
//! reported condition, and those of the derivative in t at most 40ε times it. There is no such
//! bound where [`Weighting::rank`] is below [`Weighting::distinct`]: then Zw = 1 holds up to the
//! residual, but the weights are not unique, and the derivative is that of the points that were
//! kept.
//!
//! [`Weighting::residual`] and [`Weighting::condition`] come with every result. They do not
//! include errors of the distances themselves: f32 distances have a relative error of 6e-8, which
//! is multiplied by the condition.
//!
//! # References
//!
//! leinster2013 (magnitude, examples); meckes2013 (positive definite spaces); willerton2015 (spread, dimension);
//! bunch2020 and bunch2021 (weights as boundaries), fung2019 (hulls); bunch1977, higham1988, ogita2005 (numerics).

mod config;
mod detect;
mod function;
mod gradient;
mod hull;
mod image;
mod incremental;
mod matrix_free;
mod nearest;
mod scale;
mod similarity;
mod solve;
mod union;
mod weighted_space;
mod weighting;

pub use config::{Solver, WeightingConfig};
pub use detect::{ActiveConfig, ActiveSelector, SelectionRule};
pub use detect::{BoundaryConfig, BoundaryDetector};
pub use detect::{ClassRule, ClassifierConfig, MagnitudeClassifier};
pub use detect::{OutlierConfig, OutlierDetector, OutlierScore};
pub use function::{MagnitudeFunction, magnitude_dimension, magnitude_function, spread};
pub use gradient::{Derivatives, differentiable_magnitude, differentiable_weights};
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
pub use scale::{Scale, scale_of_magnitude};
pub use union::{UnionMagnitude, union_magnitude};
pub use weighted_space::{NewPoints, WeightedSpace};
pub use weighting::{Weighting, magnitude, weighting, weighting_of_points};
