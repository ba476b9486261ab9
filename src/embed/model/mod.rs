//! The spaces that nodes are embedded in.

pub(super) mod table;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Euclidean, Geodesic, Lorentz, PoincareBall, Result};

/// The space that nodes are embedded in, with curvature −1 where it is hyperbolic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Model {
    /// The Poincaré ball; a point is `[dim]`.
    #[default]
    Ball,
    /// The hyperboloid; a point is `[dim + 1]`, time first.
    Lorentz,
    /// Euclidean space with its own distance (not its square); a point is `[dim]`.
    Euclidean,
}

impl Model {
    /// The number of coordinates of a point: `dim + 1` on the hyperboloid, else `dim`.
    pub fn width(self, dim: usize) -> usize {
        match self {
            Self::Lorentz => dim + 1,
            Self::Ball | Self::Euclidean => dim,
        }
    }

    /// The manifold of this dimension.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for dimension 0.
    pub fn manifold(self, dim: usize) -> Result<Box<dyn Geodesic>> {
        let n = dim as i64;
        Ok(match self {
            Self::Ball => Box::new(PoincareBall::new(n, -1.0)?),
            Self::Lorentz => Box::new(Lorentz::new(n, -1.0)?),
            Self::Euclidean => Box::new(Euclidean::new(n)?),
        })
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ball => "ball",
            Self::Lorentz => "lorentz",
            Self::Euclidean => "euclidean",
        })
    }
}

impl FromStr for Model {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the text is `ball`, `lorentz` or `euclidean`.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "ball" => Ok(Self::Ball),
            "lorentz" => Ok(Self::Lorentz),
            "euclidean" => Ok(Self::Euclidean),
            _ => Err(Error::invalid("Model", "ball, lorentz or euclidean", text)),
        }
    }
}
