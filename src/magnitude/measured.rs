//! Points of a space with their weights, and further points measured by them.

use tch::{Kind, Tensor};

use super::scale::Scale;
use super::weighted_space::{NewPoints, WeightedSpace};
use super::weighting::{WeightingConfig, check_points};
use crate::embed::{cross_distances, pairwise_distances};
use crate::manifold::Geodesic;
use crate::{Error, Result};

/// Points of a manifold as a [`WeightedSpace`].
#[derive(Debug)]
pub(super) struct Measured {
    points: Tensor,
    pub(super) weighted: WeightedSpace,
}

impl Measured {
    pub(super) fn new(
        op: &'static str,
        space: &dyn Geodesic,
        points: &Tensor,
        scale: Scale,
        config: &WeightingConfig,
    ) -> Result<Self> {
        check_points(op, space, points)?;
        if points.size()[0] == 0 {
            return Err(Error::invalid(op, "at least one point", "none"));
        }
        let points = points.detach().to_kind(Kind::Double);
        let distances = pairwise_distances(space, &points);
        let t = scale.of(&distances, config)?;
        Ok(Self {
            weighted: WeightedSpace::new(&distances, t, config)?,
            points,
        })
    }

    pub(super) fn scale(&self) -> f64 {
        self.weighted.weighting().scale
    }

    pub(super) fn meet(
        &self,
        op: &'static str,
        space: &dyn Geodesic,
        points: &Tensor,
    ) -> Result<NewPoints> {
        check_points(op, space, points)?;
        let points = points.to_kind(Kind::Double);
        let distances = cross_distances(space, &points, &self.points);
        self.weighted.meet(&distances)
    }
}

/// The score above which the `share` of points with the largest scores lies, rounded down to whole points.
pub(super) fn threshold(op: &'static str, scores: &Tensor, share: f64) -> Result<f64> {
    if !(0.0..1.0).contains(&share) {
        return Err(Error::invalid(op, "a share from 0 to below 1", share));
    }
    let n = scores.size()[0];
    let above = (share * n as f64).floor() as i64;
    let (descending, _) = scores.sort(0, true);
    Ok(descending.double_value(&[above]))
}
