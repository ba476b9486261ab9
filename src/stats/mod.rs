//! Statistics of points on manifolds.
//!
//! | task | function |
//! | --- | --- |
//! | means, medians, variances | [`frechet_mean`], [`geometric_median`], [`variance_about`] |
//! | means and medians of flags, subspaces and rotations in the chordal distance | [`flag_mean`], [`flag_median`], [`grassmann_mean`], [`grassmann_median`], [`rotation_mean`], [`rotation_median`] |
//! | clusters | [`k_means`] |
//! | principal components | [`tangent_pca`], [`principal_geodesics`], [`nested_pca`] |
//! | tests and confidence regions for principal subspaces | [`PrincipalFlag`] |
//! | covariances of any rank as one metric space | [`WeightedFlags`], [`flagfold`](flagfold()) |
//! | regression on a real variable | [`geodesic_regression`] |
//! | quality of predictions | [`scores`](crate::scores) |
//!
//! Points are one tensor `[count, point..]`. Functions that are not about flags, subspaces,
//! rotations or covariances take any [`Geodesic`](crate::Geodesic) manifold. All computations run
//! in f64; points and tangents in the results are rounded once to the kind of the given points.
//!
//! Iterative functions report how they ended: the number of iterations, the remaining gradient,
//! and whether the [tolerance or the resolution of the coordinates](Ending) ended them. [`Center`]
//! also says whether the result is known to be unique. An iteration that does not converge is an
//! error, never a result. Points of weight 0 are ignored. Results carry no gradient.

mod center;
mod chordal;
mod clusters;
mod flag_mean;
mod flag_median;
mod flagfold;
mod nested;
mod principal;
mod principal_flag;
mod regression;
mod rotations;
mod sample;

pub use crate::optim::solve::descent::{CenterConfig, Ending};
pub use center::{Center, frechet_mean, geometric_median, variance_about};
pub use clusters::{Clusters, KMeansConfig, k_means};
pub use flag_mean::{ChordalMean, MeanConfig, flag_mean, grassmann_mean};
pub use flag_median::{ChordalMedian, MedianConfig, flag_median, grassmann_median};
pub use flagfold::{Flagfold, WeightedFlags, flagfold};
pub use nested::{NestedPca, accumulated_unexplained_variance, nested_pca};
pub use principal::{PrincipalGeodesics, TangentPca, principal_geodesics, tangent_pca};
pub use principal_flag::{PrincipalFlag, SubspaceTest};
pub use regression::{GeodesicRegression, geodesic_regression};
pub use rotations::{rotation_mean, rotation_median};
