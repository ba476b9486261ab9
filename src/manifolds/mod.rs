//! The manifolds, one file or folder a space.

mod curvature;
mod euclidean;
pub(crate) mod frames;
mod grassmann;
pub(crate) mod lorentz;
pub(crate) mod poincare;
mod product;
mod sphere;
mod stiefel;

pub use curvature::Curvature;
pub use euclidean::Euclidean;
pub use grassmann::Grassmann;
pub use lorentz::Lorentz;
pub use poincare::PoincareBall;
pub use product::{Product, Space};
pub use sphere::Sphere;
pub use stiefel::{Retraction, Stiefel, StiefelMetric};
