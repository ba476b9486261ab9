//! Geometric deep learning in non-Euclidean spaces, on libtorch tensors.

pub mod checkpoint;
pub mod device;
pub mod embed;
mod error;
pub mod graph;
#[cfg(feature = "laws")]
pub mod laws;
pub mod manifold;
pub mod manifolds;
pub mod numerics;
pub mod optim;
#[cfg(feature = "plot")]
pub mod plot;

pub use error::{Error, Result};
pub use manifold::{Geodesic, Manifold, Sample};
pub use manifolds::{Curvature, Euclidean, Lorentz, PoincareBall, Product, Space, Sphere};
