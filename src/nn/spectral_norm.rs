//! Linear layers of a bounded slope, and the regularisation S-RYM that stands on them.

use std::borrow::Borrow;

use rand::Rng;
use tch::Tensor;
use tch::nn::{Module, ModuleT};

use super::{Coordinates, Layer, Linear, Path};
use crate::numerics::{check_points, no_grad, norm_keep, over_norm};
use crate::random::random_normal;
use crate::{Error, Result};

/// A linear layer of flat numbers whose weights are divided by their largest singular value σ:
/// y = x Wᵀ/σ + b.
///
/// One step of power iteration a forward pass in training brings the vector u nearer to the first left
/// singular vector; σ = uᵀWv with v = Wᵀu/|Wᵀu|, and u and v count as constants in the gradient.
/// Evaluation takes the vector as it is. Weights of 0 are not divided.
///
/// # Shapes
///
/// `[.., n]` → `[.., m]`; the variables are `weight` `[m, n]` and `bias` `[m]`, the buffer `u` `[m]`.
///
/// # Initialisation
///
/// That of [`Linear`]; u is random, followed by 15 steps.
///
/// # References
///
/// miyato2018; in front of hyperbolic heads cetin2023
#[derive(Debug)]
pub struct SpectralLinear {
    weight: Tensor,
    bias: Tensor,
    u: Tensor,
}

impl SpectralLinear {
    /// A layer from `n` to `m` numbers.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a width below 1, or a path that is taken.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, n: i64, m: i64, rng: &mut dyn Rng) -> Result<Self> {
        let path = path.borrow();
        let (weight, bias) = Linear::new(path, n, m, rng)?.into_variables();
        let start = random_normal(rng, &[m], weight.kind(), weight.device());
        let layer = Self {
            u: path.buffer("u", &unit(&start))?,
            weight,
            bias,
        };
        no_grad(|| (0..15).for_each(|_| layer.turn()));
        Ok(layer)
    }

    /// One step of power iteration.
    fn turn(&self) {
        let v = unit(&self.weight.tr().mv(&self.u));
        let next = unit(&self.weight.mv(&v));
        // Weights of 0 turn nothing.
        let next = next.where_self(&next.norm().gt(0.0), &self.u);
        self.u.shallow_clone().copy_(&next);
    }

    /// σ, the estimate of the largest singular value.
    pub fn sigma(&self) -> Tensor {
        let v = no_grad(|| unit(&self.weight.tr().mv(&self.u)));
        // A copy, since training writes to u before the gradient is taken.
        self.u.copy().dot(&self.weight.mv(&v))
    }
}

/// x/|x|, 0 where that is 0.
fn unit(x: &Tensor) -> Tensor {
    over_norm(x, &norm_keep(x))
}

impl ModuleT for SpectralLinear {
    #[track_caller]
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        check_points("SpectralLinear::forward_t", self.weight.size()[1], &[x]);
        if train {
            no_grad(|| self.turn());
        }
        let sigma = self.sigma();
        let sigma = sigma.where_self(&sigma.gt(0.0), &sigma.ones_like());
        x.linear(&(&self.weight / sigma), Some(&self.bias))
    }
}

impl Layer for SpectralLinear {
    fn takes(&self) -> Coordinates {
        Coordinates::flat(self.weight.size()[1])
    }

    fn gives(&self) -> Coordinates {
        Coordinates::flat(self.weight.size()[0])
    }
}

/// v/√n: the second part of S-RYM (cetin2023), by which the length of a vector does not grow with n. It
/// stands between [`SpectralLinear`] layers and a [`Lift`](super::Lift).
///
/// # Shapes
///
/// `[.., n]` → `[.., n]`
#[derive(Debug)]
pub struct DimensionScaling {
    n: i64,
}

impl DimensionScaling {
    /// A layer of n numbers.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for n < 1.
    pub fn new(n: i64) -> Result<Self> {
        if n < 1 {
            return Err(Error::invalid("DimensionScaling::new", "n ≥ 1", n));
        }
        Ok(Self { n })
    }
}

impl Module for DimensionScaling {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        check_points("DimensionScaling::forward", self.n, &[x]);
        x / (self.n as f64).sqrt()
    }
}

impl Layer for DimensionScaling {
    fn takes(&self) -> Coordinates {
        Coordinates::flat(self.n)
    }

    fn gives(&self) -> Coordinates {
        Coordinates::flat(self.n)
    }
}
