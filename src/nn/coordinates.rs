//! What the numbers that a layer takes or gives mean.

use std::fmt;

use crate::{Curvature, Lorentz, Manifold, PoincareBall};

/// What the last dimension of a tensor holds: the model of a space, its dimension and its curvature; or
/// flat numbers.
///
/// [`Chain::then`](super::Chain::then) compares what one layer gives with what the next one takes.
#[derive(Debug, Clone)]
pub struct Coordinates {
    kind: Kind,
    width: Option<i64>,
    curvature: Option<Curvature>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Words,
    Flat,
    Ball,
    Hyperboloid,
}

impl Coordinates {
    /// `n` flat numbers.
    pub fn flat(n: i64) -> Self {
        Self::new(Kind::Flat, Some(n), None)
    }

    /// Flat numbers, as many as there are: of a layer that treats each alike.
    pub fn flat_of_any_width() -> Self {
        Self::new(Kind::Flat, None, None)
    }

    /// The number of a word in each entry of a tensor, without a dimension of coordinates.
    pub fn numbers_of_words() -> Self {
        Self::new(Kind::Words, None, None)
    }

    fn new(kind: Kind, width: Option<i64>, curvature: Option<Curvature>) -> Self {
        Self {
            kind,
            width,
            curvature,
        }
    }

    /// How many numbers stand in the last dimension, unless any number does.
    pub fn width(&self) -> Option<i64> {
        self.width
    }

    /// The curvature, of points.
    pub fn curvature(&self) -> Option<&Curvature> {
        self.curvature.as_ref()
    }

    /// Whether a layer that takes these coordinates takes the given ones: the same model and width and,
    /// by [`Curvature::is_same`], one curvature.
    pub fn take(&self, given: &Self) -> bool {
        let widths = match (self.width, given.width) {
            (Some(a), Some(b)) => a == b,
            _ => true,
        };
        let curvatures = match (&self.curvature, &given.curvature) {
            (Some(a), Some(b)) => a.is_same(b),
            (None, None) => true,
            _ => false,
        };
        self.kind == given.kind && widths && curvatures
    }

    /// What a layer gives that was given `before`: a width that it leaves as it is.
    pub(super) fn after(&self, before: Option<&Self>) -> Self {
        let width = self
            .width
            .or_else(|| before.and_then(|before| before.width));
        Self {
            width,
            ..self.clone()
        }
    }
}

impl fmt::Display for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let width = self.width.map_or("any".to_owned(), |n| n.to_string());
        match (self.kind, &self.curvature) {
            (Kind::Words, _) => f.write_str("numbers of words"),
            (Kind::Flat, _) | (_, None) => write!(f, "{width} flat numbers"),
            (kind, Some(kappa)) => {
                let model = if kind == Kind::Ball {
                    "ball"
                } else {
                    "hyperboloid"
                };
                let learned = if kappa.is_learnable() {
                    ", learned"
                } else {
                    ""
                };
                write!(
                    f,
                    "{width} coordinates of the {model} of κ = {}{learned}",
                    kappa.value()
                )
            }
        }
    }
}

impl From<&PoincareBall> for Coordinates {
    fn from(ball: &PoincareBall) -> Self {
        Self::new(Kind::Ball, Some(ball.dim()), Some(ball.curvature().clone()))
    }
}

impl From<&Lorentz> for Coordinates {
    fn from(space: &Lorentz) -> Self {
        let curvature = Some(space.curvature().clone());
        Self::new(Kind::Hyperboloid, Some(space.dim() + 1), curvature)
    }
}
