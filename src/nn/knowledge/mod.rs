//! Embeddings of knowledge graphs: models, training and filtered ranking.

mod distance;
mod model;
mod ranking;
mod relation;
mod trainer;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use model::{KnowledgeConfig, KnowledgeModel};
pub use ranking::{RankingReport, RankingScore, rank, rank_by};
pub use trainer::{KnowledgeObjective, KnowledgeTrainer, KnowledgeTraining};

use crate::{Error, Result};

/// How a [`KnowledgeModel`] moves a head to where it expects the tail.
///
/// Each hyperbolic method has a Euclidean twin. With h, t the head and the tail, and what belongs to
/// the relation: translations r, a diagonal matrix S, rotations and reflections of pairs of
/// coordinates, and an attention vector a:
///
/// | method | query q | compared with |
/// | --- | --- | --- |
/// | `MuRP` | exp₀(S log₀ h) | t ⊕ r, points of one curvature |
/// | `MuRE` | S h | t + r |
/// | `RotH` | Rot(exp₀ h ⊕ exp₀ r₁) ⊕ exp₀ r₂ | exp₀ t |
/// | `RotE` | Rot h + r | t |
/// | `RefH` | exp₀(Ref h) ⊕ exp₀ r | exp₀ t |
/// | `RefE` | Ref h + r | t |
/// | `AttH` | exp₀(α₁ Ref h + α₂ Rot h) ⊕ exp₀ r, α = softmax(a·Ref h/√d, a·Rot h/√d) | exp₀ t |
/// | `AttE` | α₁ Ref h + α₂ Rot h + r | t |
///
/// exp₀, log₀ and ⊕ are those of the Poincaré ball. Each relation of `RotH`, `RefH` and `AttH` has a
/// curvature of its own.
///
/// # References
///
/// balazevic2019 (MuRP, MuRE); chami2020 (the others).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KnowledgeMethod {
    /// Diagonal maps in the ball (balazevic2019).
    MuRP,
    /// The Euclidean twin of `MuRP`.
    MuRE,
    /// Rotations, a curvature for each relation (chami2020).
    RotH,
    /// The Euclidean twin of `RotH`.
    RotE,
    /// Reflections, a curvature for each relation (chami2020).
    RefH,
    /// The Euclidean twin of `RefH`.
    RefE,
    /// Attention between rotation and reflection, a curvature for each relation (chami2020).
    AttH,
    /// The Euclidean twin of `AttH`.
    AttE,
}

impl KnowledgeMethod {
    /// All methods, each hyperbolic one before its Euclidean twin.
    pub const ALL: [Self; 8] = [
        Self::MuRP,
        Self::MuRE,
        Self::RotH,
        Self::RotE,
        Self::RefH,
        Self::RefE,
        Self::AttH,
        Self::AttE,
    ];

    /// The Euclidean twin; a Euclidean method itself.
    pub fn flat(self) -> Self {
        match self {
            Self::MuRP | Self::MuRE => Self::MuRE,
            Self::RotH | Self::RotE => Self::RotE,
            Self::RefH | Self::RefE => Self::RefE,
            Self::AttH | Self::AttE => Self::AttE,
        }
    }

    /// Whether distances are hyperbolic.
    pub fn is_hyperbolic(self) -> bool {
        self != self.flat()
    }

    /// Whether relations turn pairs of coordinates, so that the dimension has to be even.
    fn turns_pairs(self) -> bool {
        self.flat() != Self::MuRE
    }
}

impl fmt::Display for KnowledgeMethod {
    /// The name as in the papers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for KnowledgeMethod {
    type Err = Error;

    /// The method of that name, in upper or lower case.
    fn from_str(name: &str) -> Result<Self> {
        let is_named = |method: &Self| method.to_string().eq_ignore_ascii_case(name);
        Self::ALL.into_iter().find(is_named).ok_or_else(|| {
            let all = Self::ALL.map(|method| method.to_string()).join(", ");
            Error::invalid(
                "KnowledgeMethod",
                format!("one of {all}"),
                format!("{name:?}"),
            )
        })
    }
}
