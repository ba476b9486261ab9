//! Layer normalisation of points.

use std::borrow::Borrow;

use tch::nn::Module;
use tch::{Kind, Tensor};

use super::{Coordinates, HyperbolicModel, Layer, Path};
use crate::Result;
use crate::numerics::{check_points, require_positive};

/// Layer normalisation of the spatial part: the point of g (w − w̄)/√(v + ε) + b.
///
/// w is the [spatial part](HyperbolicModel::spatial) of a point, w̄ and v are mean and variance of its
/// coordinates. Where g = 1 and b = 0 the new spatial part has the length √n, but for ε: points lie at
/// asinh(√(cn))/√c from the origin.
///
/// # Shapes
///
/// Points `[.., coordinates]` → points `[.., coordinates]`. The variables are `weight` (g) `[n]` and `bias` (b)
/// `[n]`.
///
/// # Initialisation
///
/// g = 1, b = 0.
///
/// # Accuracy
///
/// Computed in f64 and rounded once.
///
/// # References
///
/// yang2024, on the hyperboloid; here the same in the ball
#[derive(Debug)]
pub struct LayerNorm<M> {
    space: M,
    eps: f64,
    weight: Tensor,
    bias: Tensor,
}

impl<M: HyperbolicModel> LayerNorm<M> {
    /// A layer over a space, with ε > 0 such as 1e-5.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) unless ε is finite and above 0, or for a
    /// path that is taken.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, space: &M, eps: f64) -> Result<Self> {
        require_positive("LayerNorm::new", "eps", eps)?;
        let path = path.borrow();
        let ones = Tensor::ones([space.dim()], (Kind::Double, path.device()));
        Ok(Self {
            space: space.clone(),
            eps,
            weight: path.variable("weight", &ones)?,
            bias: path.variable("bias", &ones.zeros_like())?,
        })
    }
}

impl<M: HyperbolicModel> Module for LayerNorm<M> {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        check_points("LayerNorm::forward", self.space.point_shape()[0], &[x]);
        let w = self.space.spatial(&x.to_kind(Kind::Double));
        let weight = self.weight.to_kind(Kind::Double);
        let bias = self.bias.to_kind(Kind::Double);
        let centred = &w - w.mean_dim(-1, true, Kind::Double);
        // Squares of far points overflow: (w − w̄)/√(v + ε) is that of both over a scale.
        let scale = centred.detach().abs().amax([-1], true).clamp_min(1.0);
        let centred = centred / &scale;
        let variance = centred.square().mean_dim(-1, true, Kind::Double);
        let normal = &centred / (variance + scale.square().reciprocal() * self.eps).sqrt();
        let normal = normal * weight + bias;
        self.space.with_exact_spatial(&normal, x.kind())
    }
}

impl<M: HyperbolicModel> Layer for LayerNorm<M> {
    fn takes(&self) -> Coordinates {
        self.space.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.space.coordinates()
    }
}
