//! Layers one after another.

use tch::Tensor;
use tch::nn::ModuleT;

use super::Coordinates;
use crate::{Error, Result};

/// A layer that knows what it takes and gives, so that a [`Chain`] can refuse what does not fit when it is
/// built.
pub trait Layer: ModuleT {
    /// What the last dimension of an input holds.
    fn takes(&self) -> Coordinates;

    /// What the last dimension of an output holds.
    fn gives(&self) -> Coordinates;
}

/// Layers one after another, each of which takes what the one before gives.
///
/// # Examples
///
/// ```
/// use holonomy::tch::{Device, Kind, Tensor, nn::ModuleT};
/// use holonomy::{PoincareBall, nn};
///
/// let mut rng = holonomy::random::generator(1);
/// let store = nn::Store::new(Device::Cpu, Kind::Float)?;
/// let p = store.root();
/// let ball = PoincareBall::new(4, -1.0)?;
/// let net = nn::chain()
///     .then(nn::Linear::new(&p / "in", 8, 4, &mut rng)?)?
///     .then(nn::Lift::new(&ball))?
///     .then(nn::PoincareLinear::new(&p / "l1", &ball, &ball, Default::default(), &mut rng)?)?
///     .then(nn::Hyperplanes::new(&p / "head", &ball, 3, nn::Logits::Shimizu, &mut rng)?)?;
/// let logits = net.forward_t(&Tensor::zeros([5, 8], (Kind::Float, Device::Cpu)), true);
/// assert_eq!(logits.size(), [5, 3]);
///
/// // A layer of another curvature does not fit.
/// let other = PoincareBall::new(3, -0.5)?;
/// let error = net.then(nn::Lower::new(&other)).unwrap_err().to_string();
/// assert!(error.contains("3 coordinates of the ball of κ = -0.5, got 3 flat numbers"));
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Chain {
    layers: Vec<Box<dyn Layer>>,
    takes: Option<Coordinates>,
    gives: Option<Coordinates>,
}

/// A chain without layers.
pub fn chain() -> Chain {
    Chain::default()
}

impl Chain {
    /// Adds a layer.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if it takes another model, width or curvature than the chain gives.
    pub fn then(mut self, layer: impl Layer + 'static) -> Result<Self> {
        let wanted = layer.takes();
        if let Some(given) = &self.gives
            && !wanted.take(given)
        {
            let place = self.layers.len() + 1;
            let expected = format!("for layer {place} {wanted}");
            return Err(Error::invalid("Chain::then", expected, given));
        }
        let before = wanted.after(self.gives.as_ref());
        let is_open = self
            .gives
            .as_ref()
            .is_none_or(|given| given.width().is_none());
        // Layers that take any width pass on the one that a later layer wants.
        self.takes = match self.takes {
            Some(takes) if is_open => Some(takes.after(Some(&before))),
            Some(takes) => Some(takes),
            None => Some(before.clone()),
        };
        self.gives = Some(layer.gives().after(Some(&before)));
        self.layers.push(Box::new(layer));
        Ok(self)
    }

    /// The layers.
    pub fn layers(&self) -> impl Iterator<Item = &dyn Layer> {
        self.layers.iter().map(AsRef::as_ref)
    }
}

impl ModuleT for Chain {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let start = x.shallow_clone();
        let layers = self.layers.iter();
        layers.fold(start, |x, layer| layer.forward_t(&x, train))
    }
}

/// A chain in a chain; an empty one takes flat numbers.
impl Layer for Chain {
    fn takes(&self) -> Coordinates {
        let flat = Coordinates::flat_of_any_width;
        self.takes.clone().unwrap_or_else(flat)
    }

    fn gives(&self) -> Coordinates {
        let flat = Coordinates::flat_of_any_width;
        self.gives.clone().unwrap_or_else(flat)
    }
}
