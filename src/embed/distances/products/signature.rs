//! The signature of a product of spaces.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Euclidean, Lorentz, Result, Space, Sphere};

/// A factor of a product of spaces of constant curvature, with its dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Factor {
    /// The hyperboloid.
    Hyperbolic(i64),
    /// The sphere.
    Spherical(i64),
    /// Euclidean space.
    Euclidean(i64),
}

impl Factor {
    /// The dimension.
    pub fn dim(self) -> i64 {
        match self {
            Self::Hyperbolic(dim) | Self::Spherical(dim) | Self::Euclidean(dim) => dim,
        }
    }

    /// The sign of the curvature: −1, 1 or 0.
    pub fn sign(self) -> f64 {
        match self {
            Self::Hyperbolic(_) => -1.0,
            Self::Spherical(_) => 1.0,
            Self::Euclidean(_) => 0.0,
        }
    }

    /// The space, of curvature −1, 1 or 0 times a number.
    pub(super) fn space(self, curvature: f64) -> Result<Box<dyn Space>> {
        Ok(match self {
            Self::Hyperbolic(dim) => Box::new(Lorentz::new(dim, -curvature)?),
            Self::Spherical(dim) => Box::new(Sphere::new(dim, curvature)?),
            Self::Euclidean(dim) => Box::new(Euclidean::new(dim)?),
        })
    }

    /// The radius that a curvature stands for; of a flat space, which has none, the unit.
    pub(super) fn radius(self, curvature: f64, unit: f64) -> f64 {
        if self.sign() == 0.0 {
            unit
        } else {
            curvature.abs().powf(-0.5)
        }
    }

    /// How many numbers a point has.
    pub(super) fn width(self) -> i64 {
        match self {
            Self::Hyperbolic(dim) | Self::Spherical(dim) => dim + 1,
            Self::Euclidean(dim) => dim,
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self {
            Self::Hyperbolic(_) => 'H',
            Self::Spherical(_) => 'S',
            Self::Euclidean(_) => 'E',
        };
        write!(f, "{letter}{}", self.dim())
    }
}

impl FromStr for Factor {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the text is `H`, `S` or `E` and a dimension ≥ 1.
    fn from_str(text: &str) -> Result<Self> {
        let factor = text.split_at_checked(1).and_then(|(letter, dim)| {
            let dim: u16 = dim.parse().ok().filter(|&dim| dim > 0)?;
            let dim = i64::from(dim);
            match letter {
                "H" | "h" => Some(Self::Hyperbolic(dim)),
                "S" | "s" => Some(Self::Spherical(dim)),
                "E" | "e" => Some(Self::Euclidean(dim)),
                _ => None,
            }
        });
        factor.ok_or_else(|| Error::invalid("Factor", "a factor such as H2, S10 or E5", text))
    }
}

/// The factors of a product, such as `H5xS5` or `H2xH2xE1`.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Factor, Signature};
///
/// let signature: Signature = "H5xS3xE2".parse()?;
/// assert_eq!(signature.factors()[1], Factor::Spherical(3));
/// assert_eq!(signature.dim(), 10);
/// assert_eq!(signature.to_string(), "H5xS3xE2");
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Signature {
    factors: Vec<Factor>,
}

impl Signature {
    /// The product of these factors.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] without factors or for one of dimension 0.
    pub fn new(factors: Vec<Factor>) -> Result<Self> {
        const OP: &str = "Signature";
        if factors.is_empty() {
            return Err(Error::invalid(OP, "at least one factor", "none"));
        }
        if let Some(factor) = factors.iter().find(|factor| factor.dim() < 1) {
            return Err(Error::invalid(OP, "factors of dimension ≥ 1", factor));
        }
        Ok(Self { factors })
    }

    /// The factors, in order.
    pub fn factors(&self) -> &[Factor] {
        &self.factors
    }

    /// The dimension of the product.
    pub fn dim(&self) -> i64 {
        self.factors.iter().map(|factor| factor.dim()).sum()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, factor) in self.factors.iter().enumerate() {
            let cross = if place == 0 { "" } else { "x" };
            write!(f, "{cross}{factor}")?;
        }
        Ok(())
    }
}

impl FromStr for Signature {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the text is factors with `x` or `×` between them.
    fn from_str(text: &str) -> Result<Self> {
        let factors = text.split(['x', '×']).map(|factor| factor.trim().parse());
        Self::new(factors.collect::<Result<_>>()?)
    }
}

impl From<Signature> for String {
    fn from(signature: Signature) -> Self {
        signature.to_string()
    }
}

impl TryFrom<String> for Signature {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}
