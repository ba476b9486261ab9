//! In which order points go, and until when.

use super::inverse::Inverse;
use crate::{Error, Result};

/// The order in which points are removed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
#[non_exhaustive]
pub enum RemovalOrder {
    /// By weight, the smallest first; weights are those in the full set.
    Weight,
    /// By [moment](super::moments()), the smallest first; moments are those in the full set.
    Moment,
    /// Greedily: always the point of the least moment among those that are left.
    #[default]
    LeastLoss,
}

/// The condition at which the removal stops; at least one point is kept.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Keep {
    /// This many points, from 1 to the number of distinct points.
    Points(usize),
    /// The fewest points that lose at most this magnitude, ≥ 0.
    Loss(f64),
    /// The fewest points that keep at least this share of the magnitude, in (0, 1].
    Share(f64),
}

/// All points in the order in which they go, with the magnitude that goes with each.
pub(super) fn remove_all(mut inverse: Inverse, order: RemovalOrder) -> Result<Vec<(usize, f64)>> {
    let mut values = vec![0.0; inverse.points().len() + inverse.left_out_count()];
    for (place, moment) in inverse.moments().enumerate() {
        values[inverse.points()[place]] = match order {
            RemovalOrder::Weight => inverse.weights()[place],
            RemovalOrder::Moment | RemovalOrder::LeastLoss => moment,
        };
    }
    let mut gone = Vec::with_capacity(values.len());
    loop {
        gone.extend(
            inverse
                .take_left_out()
                .into_iter()
                .map(|point| (point, 0.0)),
        );
        let points = inverse.points();
        if order == RemovalOrder::LeastLoss {
            for (&point, moment) in points.iter().zip(inverse.moments()) {
                values[point] = moment;
            }
        }
        let before = |&a: &usize, &b: &usize| {
            let (a, b) = (points[a], points[b]);
            values[a].total_cmp(&values[b]).then(a.cmp(&b))
        };
        let Some(place) = (0..points.len()).min_by(before) else {
            return Ok(gone);
        };
        let point = points[place];
        gone.push((point, inverse.remove(place)?));
    }
}

impl Keep {
    pub(super) fn check(self, op: &'static str) -> Result<()> {
        let (good, wanted, got) = match self {
            Self::Points(count) => (count >= 1, "at least one point", count.to_string()),
            Self::Loss(loss) => (
                loss >= 0.0 && loss.is_finite(),
                "a finite loss from 0",
                loss.to_string(),
            ),
            Self::Share(share) => (
                share > 0.0 && share <= 1.0,
                "a part of the magnitude above 0 and at most 1",
                share.to_string(),
            ),
        };
        if good {
            return Ok(());
        }
        Err(Error::invalid(op, wanted, got))
    }

    /// How many of these points stay, whose losses are in the order of removal.
    pub(super) fn count(self, op: &'static str, losses: &[f64]) -> Result<usize> {
        let most = match self {
            Self::Points(count) if count > losses.len() => {
                let wanted = format!("at most {} points, as many as differ", losses.len());
                return Err(Error::invalid(op, wanted, count));
            }
            Self::Points(count) => return Ok(count),
            Self::Loss(loss) => loss,
            Self::Share(share) => (1.0 - share) * losses.iter().sum::<f64>(),
        };
        let mut lost = 0.0;
        let goes = |loss: &&f64| {
            lost += **loss;
            lost <= most
        };
        let gone = losses[..losses.len() - 1].iter().take_while(goes).count();
        Ok(losses.len() - gone)
    }
}
