//! One-class description: how far a point lies from the middle of the normal ones.

use std::borrow::Borrow;

use tch::Tensor;

use super::Path;
use crate::numerics::check_batches;
use crate::stats::{CenterConfig, frechet_mean};
use crate::{Geodesic, Result};

/// Deep support vector data description on a manifold: the loss of a network is the mean distance of its
/// points to a center, the score of a point is its distance.
///
/// On a [`Sphere`](crate::Sphere) it is the angle, on the ball or hyperboloid the hyperbolic distance, flat the
/// Euclidean one. The center is a buffer, not trained. Layers before it need no bias and no bounded activation:
/// with them a network can map everything to the center.
///
/// # Shapes
///
/// Points `[.., point..]` → distances `[..]`; the buffer is `center` `[point..]`.
///
/// # Examples
///
/// ```
/// use holonomy::nn::{Store, Svdd};
/// use holonomy::tch::{Device, Kind, Tensor};
/// use holonomy::PoincareBall;
///
/// let store = Store::new(Device::Cpu, Kind::Double)?;
/// let normal = Tensor::from_slice2(&[[0.1, 0.2], [0.3, 0.2]]);
/// let svdd = Svdd::new(store.root(), &PoincareBall::new(2, -1.0)?, &normal)?;
/// let far = Tensor::from_slice(&[-0.8, 0.0]);
/// assert!(svdd.scores(&far).double_value(&[]) > svdd.loss(&normal).double_value(&[]));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// ruff2018 (flat); flaborea2023
#[derive(Debug)]
pub struct Svdd<M> {
    space: M,
    center: Tensor,
}

impl<M: Geodesic + Clone> Svdd<M> {
    /// A head with its center at the Fréchet mean of normal points `[k, point..]`, such as those of a
    /// network that is not trained yet.
    ///
    /// # Errors
    ///
    /// Those of [`frechet_mean`], and [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a path
    /// that is taken.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, space: &M, normal: &Tensor) -> Result<Self> {
        let center = frechet_mean(space, &normal.detach(), None, &CenterConfig::default())?;
        Ok(Self {
            space: space.clone(),
            center: path.borrow().buffer("center", &center.point)?,
        })
    }

    /// Moves the center to the Fréchet mean of other points, such as those of the last epoch.
    ///
    /// # Errors
    ///
    /// Those of [`frechet_mean`].
    pub fn set_center(&self, normal: &Tensor) -> Result<()> {
        let center = frechet_mean(
            &self.space,
            &normal.detach(),
            None,
            &CenterConfig::default(),
        )?;
        crate::numerics::no_grad(|| self.center.shallow_clone().copy_(&center.point));
        Ok(())
    }

    /// The distances to the center: large ones are abnormal.
    #[track_caller]
    pub fn scores(&self, x: &Tensor) -> Tensor {
        check_batches("Svdd::scores", &self.space.point_shape(), &[x]);
        let center = self.space.project(&self.center).to_kind(x.kind());
        self.space.dist(&center, x)
    }

    /// The mean distance to the center, `[]`; 0 for no points.
    #[track_caller]
    pub fn loss(&self, x: &Tensor) -> Tensor {
        let scores = self.scores(x);
        scores.sum(x.kind()) / scores.numel().max(1) as f64
    }
}
