//! The fully connected layer of Shimizu, Mukuta and Harada.

use std::borrow::Borrow;

use rand::Rng;
use tch::nn::Module;
use tch::{Kind, Tensor};

use super::{Coordinates, HyperbolicModel, Layer, Path, SpatialLinear};
use crate::Result;
use crate::numerics::norm_last;
use crate::random::random_normal;

/// The settings of a [`PoincareLinear`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PoincareLinearConfig {
    /// Where the weights start.
    pub start: LinearStart,
    /// Whether there are no offsets: hyperplanes all pass through the origin, and the layer keeps it.
    pub without_bias: bool,
}

/// Where the weights of a linear layer start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinearStart {
    /// Independent normal entries of variance 1/(2nm), as shimizu2021. Points come to lie near the origin.
    #[default]
    Normal,
    /// The identity in the first min(n, m) coordinates; other rows as in [`Normal`](Self::Normal).
    Identity,
}

/// The Poincaré fully connected layer: coordinate k of the result is a distance to hyperplane k.
///
/// ```text
/// vₖ = 2|zₖ| hₖ,  wₖ = sinh(√c′ vₖ)/√c′,  y = w/(1 + √(1 + c′|w|²))
/// ```
///
/// h are the [signed distances](crate::PoincareBall::hyperplane_distances) of the input to hyperplanes of
/// normal zₖ and offset 2rₖ. w is the spatial part of y on the hyperboloid, and vₖ is the signed distance of
/// y to the coordinate hyperplane {yₖ = 0}. So the layer is the same on the hyperboloid. The output may
/// have another curvature −c′.
///
/// # Shapes
///
/// Points `[.., coordinates]` of dimension n → points of dimension m; the variables are `weight` (z)
/// `[m, n]` and `bias` (r) `[m]`. zₖ = eₖ/2 with r = 0 is the identity.
///
/// # Range
///
/// A result farther than the edge of the model, in the ball 15.9/√c in f32 and 36/√c in f64, is pulled back
/// to it, and √c′|vₖ| counts at most 300.
///
/// # Accuracy
///
/// Computed in f64 and rounded once; against 800-digit references in `tests/golden/layers.json`.
///
/// # Gradient
///
/// 0 in a row of weights that is 0. First derivatives only.
///
/// # References
///
/// shimizu2021. The initialisation is that of its code; see [`LinearStart`].
#[derive(Debug)]
pub struct PoincareLinear<M> {
    from: M,
    to: M,
    weight: Tensor,
    bias: Option<Tensor>,
}

/// √c′ v to which results are told apart.
const FARTHEST: f64 = 300.0;

impl<M: HyperbolicModel> PoincareLinear<M> {
    /// A layer from one space to another of the same model, whose dimension and curvature may differ.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        from: &M,
        to: &M,
        config: PoincareLinearConfig,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        let path = path.borrow();
        let (n, m) = (from.dim(), to.dim());
        let weight = start(rng, (m, n), config.start);
        let bias = Tensor::zeros([m], (path.kind(), path.device()));
        Ok(Self {
            from: from.clone(),
            to: to.clone(),
            weight: path.variable("weight", &weight)?,
            bias: if config.without_bias {
                None
            } else {
                Some(path.variable("bias", &bias)?)
            },
        })
    }
}

/// Weights `[m, n]` at their start.
fn start(rng: &mut dyn Rng, (m, n): (i64, i64), start: LinearStart) -> Tensor {
    let (kind, device) = (Kind::Double, tch::Device::Cpu);
    let normal = random_normal(rng, &[m, n], kind, device) / ((2 * m * n) as f64).sqrt();
    match start {
        LinearStart::Normal => normal,
        LinearStart::Identity => {
            let side = m.min(n);
            let half = Tensor::eye_m(side, n, (kind, device)) / 2.0;
            normal.narrow(0, 0, side).copy_(&half);
            normal
        }
    }
}

impl<M: HyperbolicModel> SpatialLinear for PoincareLinear<M> {
    /// In f64, for points of any kind.
    #[track_caller]
    fn forward_spatial(&self, x: &Tensor) -> Tensor {
        let weight = self.weight.to_kind(Kind::Double);
        let offsets = match &self.bias {
            Some(bias) => bias.to_kind(Kind::Double) * 2.0,
            None => weight.select(-1, 0).zeros_like(),
        };
        let x = x.to_kind(Kind::Double);
        let h = self.from.hyperplane_distances(&x, &weight, &offsets);
        let root_c = (-self.to.kappa().tensor()).sqrt();
        let v = h * norm_last(&weight) * 2.0 * &root_c;
        v.clamp(-FARTHEST, FARTHEST).sinh() / root_c
    }
}

impl<M: HyperbolicModel> Module for PoincareLinear<M> {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let w = self.forward_spatial(x);
        self.to.with_exact_spatial(&w, x.kind())
    }
}

impl<M: HyperbolicModel> Layer for PoincareLinear<M> {
    fn takes(&self) -> Coordinates {
        self.from.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.to.coordinates()
    }
}
