//! The linear layer of flat numbers, and functions of each number.

use std::borrow::Borrow;
use std::fmt;

use rand::{Rng, RngExt};
use tch::Tensor;
use tch::nn::{Module, ModuleT};

use super::{Coordinates, Layer, Path};
use crate::numerics::check_points;
use crate::{Error, Result};

/// y = x Wᵀ + b of flat numbers, with weights drawn from a generator of the caller.
///
/// # Shapes
///
/// `[.., n]` → `[.., m]`; the variables are `weight` `[m, n]` and `bias` `[m]`.
///
/// # Initialisation
///
/// Uniform in ±1/√n, weights and bias, as `torch.nn.Linear`.
#[derive(Debug)]
pub struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    /// A layer from `n` to `m` numbers.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a width below 1, or a path that is taken.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, n: i64, m: i64, rng: &mut dyn Rng) -> Result<Self> {
        if let Some(width) = [n, m].iter().find(|width| **width < 1) {
            return Err(Error::invalid("Linear::new", "widths ≥ 1", width));
        }
        let path = path.borrow();
        let bound = 1.0 / (n as f64).sqrt();
        Ok(Self {
            weight: path.variable("weight", &uniform(rng, &[m, n], bound))?,
            bias: path.variable("bias", &uniform(rng, &[m], bound))?,
        })
    }
}

impl Linear {
    /// Weight and bias.
    pub(super) fn into_variables(self) -> (Tensor, Tensor) {
        (self.weight, self.bias)
    }
}

/// Numbers drawn uniformly from ±bound.
pub(super) fn uniform(rng: &mut dyn Rng, size: &[i64], bound: f64) -> Tensor {
    let count = size.iter().product::<i64>() as usize;
    let numbers: Vec<f64> = (0..count)
        .map(|_| bound * (2.0 * rng.random::<f64>() - 1.0))
        .collect();
    Tensor::from_slice(&numbers).view(size)
}

impl Module for Linear {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        check_points("Linear::forward", self.weight.size()[1], &[x]);
        x.linear(&self.weight, Some(&self.bias))
    }
}

impl Layer for Linear {
    fn takes(&self) -> Coordinates {
        Coordinates::flat(self.weight.size()[1])
    }

    fn gives(&self) -> Coordinates {
        Coordinates::flat(self.weight.size()[0])
    }
}

/// A module of [`tch::nn`] from n to m flat numbers, such as its batch norm. It is told whether it trains.
#[derive(Debug)]
pub struct Flat<L> {
    module: L,
    n: i64,
    m: i64,
}

impl<L: ModuleT> Flat<L> {
    /// The layer of a module that takes `[.., n]` and gives `[.., m]`.
    pub fn new(module: L, n: i64, m: i64) -> Self {
        Self { module, n, m }
    }
}

impl<L: ModuleT> ModuleT for Flat<L> {
    #[track_caller]
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        check_points("Flat::forward_t", self.n, &[x]);
        self.module.forward_t(x, train)
    }
}

impl<L: ModuleT> Layer for Flat<L> {
    fn takes(&self) -> Coordinates {
        Coordinates::flat(self.n)
    }

    fn gives(&self) -> Coordinates {
        Coordinates::flat(self.m)
    }
}

/// A function of each flat number, such as `Elementwise::new(Tensor::relu)`.
pub struct Elementwise<F> {
    function: F,
}

impl<F: Fn(&Tensor) -> Tensor + Send> Elementwise<F> {
    /// The layer that applies a function.
    pub fn new(function: F) -> Self {
        Self { function }
    }
}

impl<F> fmt::Debug for Elementwise<F> {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Elementwise")
    }
}

impl<F: Fn(&Tensor) -> Tensor + Send> Module for Elementwise<F> {
    fn forward(&self, x: &Tensor) -> Tensor {
        (self.function)(x)
    }
}

impl<F: Fn(&Tensor) -> Tensor + Send> Layer for Elementwise<F> {
    fn takes(&self) -> Coordinates {
        Coordinates::flat_of_any_width()
    }

    fn gives(&self) -> Coordinates {
        Coordinates::flat_of_any_width()
    }
}
