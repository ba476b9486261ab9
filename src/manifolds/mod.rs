//! The manifolds.
//!
//! | manifold | type |
//! | --- | --- |
//! | Euclidean space, sphere | [`Euclidean`], [`Sphere`] |
//! | hyperbolic space: Poincaré ball, hyperboloid, normal coordinates | [`PoincareBall`], [`Lorentz`], [`EuclideanParametrised`] |
//! | orthonormal frames, subspaces, nested subspaces | [`Stiefel`], [`Grassmann`], [`Flag`] |
//! | rotations, rigid motions | [`SpecialOrthogonal`], [`SpecialEuclidean`] |
//! | matrices with unit columns | [`Oblique`] |
//! | symmetric positive definite matrices, with four metrics | [`spd`] |
//! | subspaces and flags by the chordal distance | [`Chordal`] |
//! | products, powers, scaled metrics | [`Product`], [`Power`], [`Scaled`] |

mod chordal;
mod curvature;
mod euclidean;
mod flag;
pub(crate) mod frames;
mod grassmann;
pub(crate) mod hyperbolic;
mod oblique;
mod power;
mod product;
mod scaled;
pub mod spd;
mod special_euclidean;
mod special_orthogonal;
mod sphere;
mod stiefel;

pub use chordal::Chordal;
pub use curvature::{Curvature, Curvatures};
pub use euclidean::Euclidean;
pub use flag::Flag;
pub use grassmann::Grassmann;
pub use hyperbolic::lorentz::Lorentz;
pub use hyperbolic::normal_coordinates::EuclideanParametrised;
pub use hyperbolic::poincare::PoincareBall;
pub use oblique::Oblique;
pub use power::Power;
pub use product::{Product, Space};
pub use scaled::Scaled;
pub use spd::{SpdAffineInvariant, SpdBuresWasserstein, SpdLogCholesky, SpdLogEuclidean};
pub use special_euclidean::SpecialEuclidean;
pub use special_orthogonal::SpecialOrthogonal;
pub use sphere::Sphere;
pub use stiefel::{Retraction, Stiefel, StiefelMetric};
