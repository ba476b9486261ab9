//! Points of words and other things that have a number, and of places in a sequence.

use std::borrow::Borrow;

use rand::Rng;
use tch::nn::Module;
use tch::{Kind, Tensor};

use super::{Coordinates, HyperbolicModel, Layer, Path, residual};
use crate::numerics::{check_points, require_positive};
use crate::random::random_normal;
use crate::{Error, Result};

/// A table of points, one for each word: trained on their manifold.
///
/// # Shapes
///
/// Whole numbers `[..]` below `words`, of kind `Int64` → points `[.., coordinates]`. The variable is `points`
/// `[words, coordinates]`.
///
/// # Initialisation
///
/// exp₀ of normal coordinates of a deviation that the caller chooses, such as 0.01.
///
/// # Examples
///
/// ```
/// use holonomy::nn::{Embedding, Store};
/// use holonomy::tch::{Device, Kind, Tensor, nn::Module};
/// use holonomy::{PoincareBall, random};
///
/// let (store, mut rng) = (Store::new(Device::Cpu, Kind::Float)?, random::generator(1));
/// let ball = PoincareBall::new(4, -1.0)?;
/// let layer = Embedding::new(store.root(), &ball, 100, 0.01, &mut rng)?;
/// let words = Tensor::from_slice(&[3_i64, 1, 3]);
/// assert_eq!(layer.forward(&words).size(), [3, 4]);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug)]
pub struct Embedding<M> {
    space: M,
    points: Tensor,
}

impl<M: HyperbolicModel> Embedding<M> {
    /// A table for this many words.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for fewer than one word, a deviation that is not finite and above 0, or a
    /// path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        space: &M,
        words: i64,
        deviation: f64,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        const OP: &str = "Embedding::new";
        if words < 1 {
            return Err(Error::invalid(OP, "words ≥ 1", words));
        }
        require_positive(OP, "deviation", deviation)?;
        let points = start(space, words, deviation, path.borrow(), rng);
        Ok(Self {
            space: space.clone(),
            points: path.borrow().point("points", space, &points)?,
        })
    }

    /// All points, `[words, coordinates]`: the variable itself. Where the curvature is learned, take
    /// [`Manifold::project`](crate::Manifold::project) of it before you measure distances.
    pub fn points(&self) -> &Tensor {
        &self.points
    }
}

/// exp₀ of normal coordinates, `[count, coordinates]`.
fn start<M: HyperbolicModel>(
    space: &M,
    count: i64,
    deviation: f64,
    path: &Path,
    rng: &mut dyn Rng,
) -> Tensor {
    let size = [count, space.dim()];
    let normal = random_normal(rng, &size, Kind::Double, path.device());
    space.exp_at_origin(&(normal * deviation))
}

impl<M: HyperbolicModel> Module for Embedding<M> {
    /// # Panics
    ///
    /// For numbers of another kind than `Int64`, and on the CPU for one that is no word.
    #[track_caller]
    fn forward(&self, words: &Tensor) -> Tensor {
        assert!(
            words.kind() == Kind::Int64,
            "Embedding::forward: expected whole numbers of kind Int64, got {:?}",
            words.kind()
        );
        let mut size = words.size();
        size.push(self.points.size()[1]);
        let rows = self.points.index_select(0, &words.reshape([-1]));
        let points = rows.view(size.as_slice());
        if self.space.has_learnable_curvature() {
            self.space.project(&points)
        } else {
            points
        }
    }
}

impl<M: HyperbolicModel> Layer for Embedding<M> {
    fn takes(&self) -> Coordinates {
        Coordinates::numbers_of_words()
    }

    fn gives(&self) -> Coordinates {
        self.space.coordinates()
    }
}

/// Learned points of the places in a sequence, added to the points there: [`residual`] with weights 1 and ε.
///
/// ```text
/// (xₗ + ε pₗ)/(√c |xₗ + ε pₗ|_L)
/// ```
///
/// # Shapes
///
/// Points `[.., L, coordinates]`, L at most the number of places → points `[.., L, coordinates]`. The
/// variables are `points` `[places, coordinates]` and `log_weight` `[]`, ln ε.
///
/// # Initialisation
///
/// exp₀ of normal coordinates of deviation 0.02/√c; ε = 1.
///
/// # References
///
/// yang2024, with the weight learned
#[derive(Debug)]
pub struct PositionalEncoding<M> {
    space: M,
    table: Embedding<M>,
    log_weight: Tensor,
}

impl<M: HyperbolicModel> PositionalEncoding<M> {
    /// A layer for sequences of up to this many places.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for fewer than one place, or a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        space: &M,
        places: i64,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        let path = path.borrow();
        let deviation = 0.02 / (-space.kappa().value()).sqrt();
        Ok(Self {
            space: space.clone(),
            table: Embedding::new(path, space, places, deviation, rng)?,
            log_weight: path.variable("log_weight", &Tensor::from(0.0))?,
        })
    }
}

impl<M: HyperbolicModel> Module for PositionalEncoding<M> {
    /// # Panics
    ///
    /// For a sequence that is longer than the table, or tensors of fewer than two dimensions.
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        const OP: &str = "PositionalEncoding::forward";
        check_points(OP, self.space.point_shape()[0], &[x]);
        let size = x.size();
        let places = self.table.points().size()[0];
        assert!(
            size.len() >= 2 && size[size.len() - 2] <= places,
            "{OP}: expected points [.., L, coordinates] with L ≤ {places}, got {size:?}"
        );
        let length = size[size.len() - 2];
        let places = Tensor::arange(length, (Kind::Int64, x.device()));
        let points = self.table.forward(&places).to_kind(x.kind());
        let points = points.expand(size.as_slice(), false);
        let weight = self.log_weight.exp();
        residual(&self.space, (&weight.ones_like(), x), (&weight, &points))
    }
}

impl<M: HyperbolicModel> Layer for PositionalEncoding<M> {
    fn takes(&self) -> Coordinates {
        self.space.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.space.coordinates()
    }
}
