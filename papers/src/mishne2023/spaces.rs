//! The three models of hyperbolic space, curvature −1, and the kinds of numbers.

use serde::Serialize;
use std::fmt;
use tch::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Model {
    Ball,
    Hyperboloid,
    Parametrised,
}

impl Model {
    pub(super) const ALL: [Self; 3] = [Self::Ball, Self::Hyperboloid, Self::Parametrised];
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Self::Ball => "ball",
            Self::Hyperboloid => "hyperboloid",
            Self::Parametrised => "parametrised",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Precision {
    F64,
    F32,
}

impl Precision {
    pub(super) const ALL: [Self; 2] = [Self::F64, Self::F32];

    pub(super) fn kind(self) -> Kind {
        match self {
            Self::F64 => Kind::Double,
            Self::F32 => Kind::Float,
        }
    }

    /// Relative errors at which so many digits are lost: 3, 6 and 12 of 16; 3 and 5 of 7.
    pub(super) fn losses(self) -> &'static [(u32, f64)] {
        match self {
            Self::F64 => &[(3, 1e-13), (6, 1e-10), (12, 1e-4)],
            Self::F32 => &[(3, 1e-4), (5, 1e-2)],
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Self::F64 => "f64",
            Self::F32 => "f32",
        })
    }
}
