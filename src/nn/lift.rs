//! From flat numbers to points and back.

use tch::Tensor;
use tch::nn::Module;

use super::{Coordinates, HyperbolicModel, Layer};
use crate::Result;
use crate::numerics::{norm_keep, pull_within, require_positive};

/// The exponential map at the origin: flat numbers become points.
///
/// ```text
/// x = exp₀(v)
/// ```
///
/// # Shapes
///
/// `[.., n]` → points `[.., coordinates]`
///
/// # Range
///
/// In the ball the point lies at the distance 2|v| from the origin, and in f32 the ball ends at 15.9/√c, in
/// f64 at 36/√c, to which farther points are pulled back. On the hyperboloid it lies at |v|. [`Clip`]
/// keeps features short, as guo2022 does.
#[derive(Debug)]
pub struct Lift<M> {
    space: M,
}

impl<M: HyperbolicModel> Lift<M> {
    /// The layer to a space.
    pub fn new(space: &M) -> Self {
        Self {
            space: space.clone(),
        }
    }
}

impl<M: HyperbolicModel> Module for Lift<M> {
    #[track_caller]
    fn forward(&self, v: &Tensor) -> Tensor {
        self.space.exp_at_origin(v)
    }
}

impl<M: HyperbolicModel> Layer for Lift<M> {
    fn takes(&self) -> Coordinates {
        Coordinates::flat(self.space.dim())
    }

    fn gives(&self) -> Coordinates {
        self.space.coordinates()
    }
}

/// The logarithm at the origin: points become flat numbers, as before a layer of Euclidean space.
///
/// ```text
/// v = log₀(x)
/// ```
///
/// # Shapes
///
/// Points `[.., coordinates]` → `[.., n]`
#[derive(Debug)]
pub struct Lower<M> {
    space: M,
}

impl<M: HyperbolicModel> Lower<M> {
    /// The layer from a space.
    pub fn new(space: &M) -> Self {
        Self {
            space: space.clone(),
        }
    }
}

impl<M: HyperbolicModel> Module for Lower<M> {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.space.log_at_origin(x)
    }
}

impl<M: HyperbolicModel> Layer for Lower<M> {
    fn takes(&self) -> Coordinates {
        self.space.coordinates()
    }

    fn gives(&self) -> Coordinates {
        Coordinates::flat(self.space.dim())
    }
}

/// Feature clipping: vectors longer than r are shortened to r.
///
/// ```text
/// v ↦ v min(1, r/|v|)
/// ```
///
/// # Shapes
///
/// `[.., n]` → `[.., n]`
///
/// # References
///
/// guo2022, with r = 1 to 2.3 before [`Lift`].
#[derive(Debug)]
pub struct Clip {
    radius: f64,
}

impl Clip {
    /// The layer of a radius r.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) unless it is finite and above 0.
    pub fn new(radius: f64) -> Result<Self> {
        require_positive("Clip::new", "radius", radius)?;
        Ok(Self { radius })
    }
}

impl Module for Clip {
    fn forward(&self, v: &Tensor) -> Tensor {
        let limit = Tensor::full([] as [i64; 0], self.radius, (v.kind(), v.device()));
        pull_within(v, &norm_keep(v), &limit)
    }
}

impl Layer for Clip {
    fn takes(&self) -> Coordinates {
        Coordinates::flat_of_any_width()
    }

    fn gives(&self) -> Coordinates {
        Coordinates::flat_of_any_width()
    }
}
