//! Dropout that a seed and the saved state repeat.

use std::borrow::Borrow;

use rand::{Rng, RngExt};
use tch::nn::ModuleT;
use tch::{Kind, Tensor};

use super::{Coordinates, Layer, Path};
use crate::numerics::no_grad;
use crate::{Error, Lorentz, Manifold, Result};

/// Zeroes each flat number with probability p while training, and divides the others by 1 − p.
///
/// # Shapes
///
/// `[.., n]` → `[.., n]`. The buffer `state` `[2]` of whole numbers holds seed and count of the masks: a
/// loaded model goes on with the masks that would have come.
#[derive(Debug)]
pub struct Dropout {
    p: f64,
    state: Tensor,
}

impl Dropout {
    /// A layer of this probability, seeded from the generator.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless 0 ≤ p < 1, or for a path that is taken.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, p: f64, rng: &mut dyn Rng) -> Result<Self> {
        if !(0.0..1.0).contains(&p) {
            return Err(Error::invalid("Dropout::new", "p in [0, 1)", p));
        }
        let seed = (rng.random::<u64>() >> 1) as i64;
        let state = path
            .borrow()
            .buffer("state", &Tensor::from_slice(&[seed, 0]))?;
        Ok(Self { p, state })
    }

    /// The next mask: 0 or 1/(1 − p), computed where the numbers are.
    fn mask(&self, like: &Tensor) -> Tensor {
        no_grad(|| {
            let count = like.numel() as i64;
            let index = Tensor::arange(count, (Kind::Int64, like.device()));
            let (seed, round) = (self.state.get(0), self.state.get(1));
            let bits = mixed(&(mixed(&(seed + round)) + index));
            let _ = self.state.narrow(0, 1, 1).g_add_scalar_(1);
            let uniform = shifted(&bits, 11).to_kind(Kind::Double) / (1_u64 << 53) as f64;
            let kept = uniform.ge(self.p).to_kind(like.kind()) / (1.0 - self.p);
            kept.view(like.size().as_slice())
        })
    }
}

/// x >> count without its sign.
fn shifted(x: &Tensor, count: i64) -> Tensor {
    let mask = ((1_u64 << (64 - count)) - 1) as i64;
    x.bitwise_right_shift_tensor_scalar(count).bitwise_and(mask)
}

/// The mixing function of SplitMix64 (steele2014), after its increment.
fn mixed(x: &Tensor) -> Tensor {
    let multiplied = |x: Tensor, by: u64| x * (by as i64);
    let x = multiplied(x + 1, 0x9e37_79b9_7f4a_7c15);
    let x = multiplied(
        x.bitwise_xor_tensor(&shifted(&x, 30)),
        0xbf58_476d_1ce4_e5b9,
    );
    let x = multiplied(
        x.bitwise_xor_tensor(&shifted(&x, 27)),
        0x94d0_49bb_1331_11eb,
    );
    x.bitwise_xor_tensor(&shifted(&x, 31))
}

impl ModuleT for Dropout {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        if !train || self.p == 0.0 {
            return x.shallow_clone();
        }
        x * self.mask(x)
    }
}

impl Layer for Dropout {
    fn takes(&self) -> Coordinates {
        Coordinates::flat_of_any_width()
    }

    fn gives(&self) -> Coordinates {
        Coordinates::flat_of_any_width()
    }
}

/// [`Dropout`] of the spatial part of points of the hyperboloid, whose time is computed again: the result
/// is a point.
///
/// # Shapes
///
/// Points `[.., n + 1]` → points `[.., n + 1]`
///
/// # References
///
/// bdeir2024. The code of chen2022 also drops the time, which leaves the hyperboloid.
#[derive(Debug)]
pub struct LorentzDropout {
    space: Lorentz,
    dropout: Dropout,
}

impl LorentzDropout {
    /// A layer of this probability, seeded from the generator.
    ///
    /// # Errors
    ///
    /// Those of [`Dropout::new`].
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        space: &Lorentz,
        p: f64,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        Ok(Self {
            space: space.clone(),
            dropout: Dropout::new(path, p, rng)?,
        })
    }
}

impl ModuleT for LorentzDropout {
    #[track_caller]
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        use super::HyperbolicModel;
        crate::numerics::check_points("LorentzDropout::forward_t", self.space.dim() + 1, &[x]);
        if !train || self.dropout.p == 0.0 {
            return x.shallow_clone();
        }
        let kept = self.dropout.forward_t(&self.space.spatial(x), train);
        self.space.with_spatial(&kept)
    }
}

impl Layer for LorentzDropout {
    fn takes(&self) -> Coordinates {
        (&self.space).into()
    }

    fn gives(&self) -> Coordinates {
        (&self.space).into()
    }
}
