//! Statistics of points on manifolds.
//!
//! | what | function |
//! | --- | --- |
//! | the middle | [`frechet_mean`], [`geometric_median`], [`variance_about`] |
//! | the middle of flags, subspaces and rotations in the chordal distance | [`flag_mean`], [`flag_median`], [`grassmann_mean`], [`grassmann_median`], [`rotation_mean`], [`rotation_median`] |
//! | groups | [`k_means`] |
//! | main directions | [`tangent_pca`], [`principal_geodesics`], [`nested_pca`] |
//! | which principal subspaces the data allow | [`PrincipalFlag`] |
//! | covariances of every rank as one space | [`WeightedFlags`], [`flagfold`](flagfold()) |
//! | dependence on a number | [`geodesic_regression`] |
//! | how good predictions are | [`classification_score`], [`roc_auc`](crate::embed::roc_auc) |
//!
//! Points come as one tensor with their number first, `[count, point..]`. What is not about flags
//! takes any [`Geodesic`](crate::Geodesic) manifold. Both kinds are computed in f64, and results are
//! rounded once to the kind of the points. All report how they ended: iterations, what is left of the
//! gradient, whether it is the tolerance or the [coordinates](Ending) that allow no less, and where it can be
//! known, whether the result is the only one. An iteration that does not converge is an error, never a
//! result. Points of weight 0 do not enter. Results carry no gradient.

mod center;
mod chordal;
mod clusters;
mod descent;
pub(crate) mod evaluation;
mod flag_mean;
mod flag_median;
mod flagfold;
mod nested;
mod principal;
mod principal_flag;
mod regression;
mod rotations;
mod sample;
mod trust_region;

pub use center::{Center, frechet_mean, geometric_median, variance_about};
pub use clusters::{Clusters, KMeansConfig, k_means};
pub use descent::{CenterConfig, Ending};
pub use evaluation::{ClassificationScore, classification_score};
pub use flag_mean::{ChordalMean, MeanConfig, flag_mean, grassmann_mean};
pub use flag_median::{ChordalMedian, MedianConfig, flag_median, grassmann_median};
pub use flagfold::{Flagfold, WeightedFlags, flagfold};
pub use nested::{NestedPca, accumulated_unexplained_variance, nested_pca};
pub use principal::{PrincipalGeodesics, TangentPca, principal_geodesics, tangent_pca};
pub use principal_flag::{PrincipalFlag, SubspaceTest};
pub use regression::{GeodesicRegression, geodesic_regression};
pub use rotations::{rotation_mean, rotation_median};
