//! Statistics of points on manifolds.
//!
//! | what | function |
//! | --- | --- |
//! | the middle | [`frechet_mean`], [`geometric_median`], [`variance_about`] |
//! | groups | [`k_means`] |
//! | main directions | [`tangent_pca`], [`principal_geodesics`] |
//! | which principal subspaces the data allow | [`PrincipalFlag`] |
//! | covariances of every rank as one space | [`WeightedFlags`], [`flagfold`](flagfold()) |
//! | dependence on a number | [`geodesic_regression`] |
//!
//! All take any [`Geodesic`](crate::Geodesic) manifold and points `[count, point..]`, and report
//! how they ended: iterations, what is left of the gradient, and whether the result is known to be
//! the only one. An iteration that does not converge is an error, never a result.

mod center;
mod clusters;
mod flagfold;
mod principal;
mod principal_flag;
mod regression;
mod sample;

pub use center::{Center, CenterConfig, frechet_mean, geometric_median, variance_about};
pub use clusters::{Clusters, KMeansConfig, k_means};
pub use flagfold::{Flagfold, WeightedFlags, flagfold};
pub use principal::{PrincipalGeodesics, TangentPca, principal_geodesics, tangent_pca};
pub use principal_flag::{PrincipalFlag, SubspaceTest};
pub use regression::{GeodesicRegression, geodesic_regression};
