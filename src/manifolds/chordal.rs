//! The chordal distance as a distance of its own.

use tch::Tensor;

use super::{Flag, Grassmann};
use crate::Result;
use crate::manifold::{Distance, Manifold};

/// Subspaces or flags with the chordal distance, [`Grassmann::chordal_dist`] or
/// [`Flag::chordal_dist`], in place of the geodesic one.
///
/// It is the distance of points in a Euclidean space, the projection matrices, so the magnitude of
/// finite sets is always defined. There are no cut loci.
///
/// # Examples
///
/// ```
/// use holonomy::manifolds::Chordal;
/// use holonomy::metric::pairwise_distances;
/// use holonomy::Grassmann;
/// use holonomy::tch::Tensor;
///
/// // Lines of the plane at angles of 0, 30 and 90 degrees.
/// let lines = [0.0, 30.0, 90.0].map(|angle: f64| [angle.to_radians().cos(), angle.to_radians().sin()]);
/// let lines = Tensor::from_slice2(&lines).unsqueeze(-1);
/// let d = pairwise_distances(&Chordal::of(Grassmann::new(2, 1)?), &lines);
/// assert!((d.double_value(&[0, 1]) - 0.5).abs() < 1e-15);
/// assert!((d.double_value(&[0, 2]) - 1.0).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Chordal<M> {
    manifold: M,
}

impl<M> Chordal<M> {
    /// The chordal distance of the points of a manifold.
    pub fn of(manifold: M) -> Self {
        Self { manifold }
    }

    /// The manifold.
    pub fn manifold(&self) -> &M {
        &self.manifold
    }
}

impl Distance for Chordal<Grassmann> {
    fn shape(&self) -> Vec<i64> {
        self.manifold.point_shape()
    }

    fn check(&self, p: &Tensor) -> Result<()> {
        self.manifold.check_point(p)
    }

    fn between(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.manifold.chordal_dist(p, q)
    }
}

impl Distance for Chordal<Flag> {
    fn shape(&self) -> Vec<i64> {
        self.manifold.point_shape()
    }

    fn check(&self, p: &Tensor) -> Result<()> {
        self.manifold.check_point(p)
    }

    fn between(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.manifold.chordal_dist(p, q)
    }
}
