//! The points of a space that differ.

use tch::{Kind, Tensor};

use super::components::{all_in_one, connected};
use super::duplicates::Classes;
use crate::Result;
use crate::numerics::rows::measure_rows;
use crate::numerics::wide::similarity::{count_below, count_zeros};

/// Distances of different points, of which all that is wanted is found in one pass.
pub(in crate::magnitude) struct Distinct {
    /// Which points they stand for; `None` where all points differ.
    pub(in crate::magnitude) classes: Option<Classes>,
    /// `[classes, classes]`, f64.
    pub(in crate::magnitude) distances: Tensor,
    /// The points of each [component](super::components::components).
    pub(in crate::magnitude) components: Vec<Tensor>,
}

impl Distinct {
    /// Of checked distances.
    ///
    /// # Errors
    ///
    /// Those of [`Classes::of`].
    pub(in crate::magnitude) fn of(op: &'static str, distances: &Tensor) -> Result<Self> {
        let distances = distances.detach();
        let counts = measure_rows([&distances], |_, [row]| {
            (count_zeros(row), count_below(f64::INFINITY, row))
        });
        let n = counts.len();
        let classes = if counts.iter().all(|&(zeros, _)| zeros == 1) {
            None
        } else {
            Some(Classes::of_coinciding(op, &distances)?)
        };
        let distances = match &classes {
            Some(classes) => classes.distinct(&distances),
            None => distances,
        };
        let components = if counts.iter().all(|&(_, finite)| finite == n) {
            all_in_one(&distances)
        } else {
            connected(&distances)
        };
        Ok(Self {
            classes,
            distances: distances.to_kind(Kind::Double),
            components,
        })
    }

    /// A space of these points alone, whose weights are not shared by others.
    pub(in crate::magnitude) fn alone(self) -> Self {
        Self {
            classes: None,
            ..self
        }
    }
}
