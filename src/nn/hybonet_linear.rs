//! The linear layer of HyboNet, whose time is bounded.

use std::borrow::Borrow;

use rand::Rng;
use tch::nn::Module;
use tch::{Kind, Tensor};

use super::linear::uniform;
use super::lorentz_linear::with_time;
use super::{Coordinates, HyperbolicModel, Layer, Path};
use crate::numerics::{check_points, norm_keep};
use crate::{Lorentz, Manifold, Result};

/// The fully hyperbolic linear layer: the time by a sigmoid, the direction by a matrix.
///
/// ```text
/// u = W x + b,  y₀ = e^s σ(u₀) + 1.1/√c′,  y_s = √((y₀ − 1/√c′)(y₀ + 1/√c′)) u_s/|u_s|
/// ```
///
/// # Shapes
///
/// Points `[.., n + 1]`, time first → points `[.., m + 1]`; the variables are `weight` `[m + 1, n + 1]`,
/// `bias` `[m + 1]` and `scale` (s) `[]`.
///
/// # Range
///
/// √c′ times the distance from the origin lies between arcosh 1.1 = 0.44 and arcosh(√c′ e^s + 1.1), 3.10
/// at the start for c′ = 1: no output is the origin. Where u_s = 0 the direction is that of the first axis,
/// and has the gradient 0.
///
/// # Initialisation
///
/// Weights uniform in ±1/√(m + 1), those of the time 0; the bias 0; s = ln 10.
///
/// # References
///
/// The code of chen2022, which takes 1.1 for any curvature: below 1/√c′ for c′ < 0.83.
#[derive(Debug)]
pub struct HyboNetLinear {
    from: Lorentz,
    to: Lorentz,
    weight: Tensor,
    bias: Tensor,
    scale: Tensor,
}

/// √c′ times the least time.
const LEAST_TIME: f64 = 1.1;

impl HyboNetLinear {
    /// A layer from one hyperboloid to another.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        from: &Lorentz,
        to: &Lorentz,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        let path = path.borrow();
        let (n, m) = (from.dim() + 1, to.dim() + 1);
        let weight = uniform(rng, &[m, n], 1.0 / (m as f64).sqrt());
        let _ = weight.narrow(1, 0, 1).zero_();
        let bias = Tensor::zeros([m], (path.kind(), path.device()));
        Ok(Self {
            from: from.clone(),
            to: to.clone(),
            weight: path.variable("weight", &weight)?,
            bias: path.variable("bias", &bias)?,
            scale: path.variable("scale", &Tensor::from(10.0_f64.ln()))?,
        })
    }
}

impl Module for HyboNetLinear {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        check_points("HyboNetLinear::forward", self.from.dim() + 1, &[x]);
        let x = &with_time(&self.from, x);
        let m = self.to.dim();
        let u = x
            .linear(&self.weight, Some(&self.bias))
            .to_kind(Kind::Double);
        let least = (-self.to.kappa().tensor()).rsqrt();
        let more = self.scale.to_kind(Kind::Double).exp() * u.narrow(-1, 0, 1).sigmoid();
        // Both factors of y₀² − 1/c.
        let above = &more + &least * (LEAST_TIME - 1.0);
        let below = more + least * (LEAST_TIME + 1.0);
        let direction = u.narrow(-1, 1, m);
        let length = norm_keep(&direction);
        let is_none = length.eq(0.0);
        let axis = Tensor::zeros([m], (u.kind(), u.device()));
        let _ = axis.narrow(0, 0, 1).fill_(1.0);
        let unit = axis.where_self(&is_none, &(direction / length.masked_fill(&is_none, 1.0)));
        let spatial = (above * below).sqrt() * unit;
        self.to.with_exact_spatial(&spatial, x.kind())
    }
}

impl Layer for HyboNetLinear {
    fn takes(&self) -> Coordinates {
        self.from.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.to.coordinates()
    }
}
