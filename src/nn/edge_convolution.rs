//! Edge convolution: what a point sees of its nearest neighbours.

use std::borrow::Borrow;

use rand::Rng;
use tch::Tensor;
use tch::nn::Module;

use super::{Coordinates, HyperbolicModel, Layer, Linear, Path};
use crate::numerics::{check_points, no_grad};
use crate::{Error, Result};

/// The settings of an [`EdgeConvolution`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EdgeConvolutionConfig {
    /// k: how many nearest points each one sees, itself among them.
    pub neighbours: i64,
    /// What becomes of the numbers of the neighbours.
    pub reduction: EdgeReduction,
}

impl Default for EdgeConvolutionConfig {
    /// Eight neighbours, the maximum.
    fn default() -> Self {
        Self {
            neighbours: 8,
            reduction: EdgeReduction::default(),
        }
    }
}

/// How the numbers of several neighbours become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EdgeReduction {
    /// The largest in each coordinate.
    #[default]
    Maximum,
    /// The mean.
    Mean,
}

/// Dynamic edge convolution over a set of points: each looks at its k nearest points of this layer.
///
/// ```text
/// yᵢ = exp₀( maxⱼ relu(W [log₀ xᵢ, log₀(⊖xᵢ ⊕ xⱼ)] + b) )
/// ```
///
/// log₀(⊖xᵢ ⊕ xⱼ) is xⱼ seen from xᵢ: log_{xᵢ} xⱼ, transported to the origin. The result does not depend on
/// the order of the points where no two are equally near.
///
/// # Shapes
///
/// Sets of points `[.., P, coordinates]` with P ≥ k → points `[.., P, coordinates]`. The variables are `weight`
/// `[m, 2n]` and `bias` `[m]`.
///
/// # Initialisation
///
/// That of [`Linear`].
///
/// # References
///
/// wang2019 (flat); leng2023, whose means of neighbours are taken in the same tangent space
#[derive(Debug)]
pub struct EdgeConvolution<M> {
    from: M,
    to: M,
    config: EdgeConvolutionConfig,
    linear: Linear,
}

impl<M: HyperbolicModel> EdgeConvolution<M> {
    /// A layer from one space to another of the same model, whose dimension and curvature may differ.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for fewer than one neighbour, or a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        from: &M,
        to: &M,
        config: EdgeConvolutionConfig,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        if config.neighbours < 1 {
            let got = config.neighbours;
            return Err(Error::invalid(
                "EdgeConvolution::new",
                "neighbours ≥ 1",
                got,
            ));
        }
        Ok(Self {
            linear: Linear::new(path, 2 * from.dim(), to.dim(), rng)?,
            from: from.clone(),
            to: to.clone(),
            config,
        })
    }

    /// The nearest points of each, `[.., P, k]`, itself first.
    ///
    /// # Panics
    ///
    /// If there are fewer than k points.
    #[track_caller]
    pub fn nearest(&self, x: &Tensor) -> Tensor {
        const OP: &str = "EdgeConvolution::nearest";
        check_points(OP, self.from.point_shape()[0], &[x]);
        let (size, k) = (x.size(), self.config.neighbours);
        assert!(
            size.len() >= 2 && size[size.len() - 2] >= k,
            "{OP}: expected points [.., P, coordinates] with P ≥ {k}, got {size:?}"
        );
        no_grad(|| {
            let distances = self.from.dist(&x.unsqueeze(-2), &x.unsqueeze(-3));
            // Before others in the same place.
            let _ = distances.diagonal(0, -2, -1).fill_(-1.0);
            distances.topk(k, -1, false, true).1
        })
    }
}

impl<M: HyperbolicModel> Module for EdgeConvolution<M> {
    /// # Panics
    ///
    /// Those of [`nearest`](EdgeConvolution::nearest).
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let from = &self.from;
        check_points("EdgeConvolution::forward", from.point_shape()[0], &[x]);
        let nearest = self.nearest(x);
        let (size, width) = (nearest.size(), x.size()[x.dim() - 1]);
        let mut wide = size.clone();
        wide.push(width);
        // Neighbours as rows of all points of their set.
        let index = nearest.flatten(-2, -1).unsqueeze(-1);
        let mut rows = index.size();
        rows[x.dim() - 1] = width;
        let seen = x.gather(-2, &index.expand(rows.as_slice(), false), false);
        let seen = seen.view(wide.as_slice());
        let own = x.unsqueeze(-2).expand_as(&seen);
        let origin = from.exp_at_origin(&from.tangent_at_origin(&own).zeros_like());
        let logs = from.parallel_transport(&own, &origin, &from.log(&own, &seen));
        let own = from.log_at_origin(x).unsqueeze(-2);
        let logs = from.tangent_at_origin(&logs);
        let pairs = Tensor::cat(&[own.expand_as(&logs), logs], -1);
        let numbers = self.linear.forward(&pairs).relu();
        let numbers = match self.config.reduction {
            EdgeReduction::Maximum => numbers.amax([-2], false),
            EdgeReduction::Mean => numbers.mean_dim([-2].as_slice(), false, numbers.kind()),
        };
        self.to.exp_at_origin(&numbers)
    }
}

impl<M: HyperbolicModel> Layer for EdgeConvolution<M> {
    fn takes(&self) -> Coordinates {
        self.from.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.to.coordinates()
    }
}
