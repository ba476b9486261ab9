//! The manifolds, one file or folder a space.

mod curvature;
mod euclidean;
mod flag;
pub(crate) mod frames;
mod grassmann;
pub(crate) mod lorentz;
pub(crate) mod poincare;
mod product;
mod sphere;

pub use curvature::Curvature;
pub use euclidean::Euclidean;
pub use flag::Flag;
pub use grassmann::Grassmann;
pub use lorentz::Lorentz;
pub use poincare::PoincareBall;
pub use product::{Product, Space};
pub use sphere::Sphere;
