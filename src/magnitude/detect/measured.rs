//! Points of a space with their weights, and further points measured by them.

use tch::{Kind, Tensor};

use crate::magnitude::config::WeightingConfig;
use crate::magnitude::scale::Scale;
use crate::magnitude::similarity::to_vec;
use crate::magnitude::weighted_space::{NewPoints, WeightedSpace};
use crate::magnitude::weighting::check_points;
use crate::manifold::Distance;
use crate::metric::{cross_distances, pairwise_distances};
use crate::scores::roc_auc;
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
        space: &(impl Distance + ?Sized),
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
        space: &(impl Distance + ?Sized),
        points: &Tensor,
    ) -> Result<NewPoints> {
        check_points(op, space, points)?;
        let points = points.to_device(self.points.device()).to_kind(Kind::Double);
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
    // A share such as 0.29 of 100 points is 29, whatever its last digit.
    let above = (share * n as f64 * (1.0 + 1e-12)).floor() as i64;
    let (descending, _) = scores.sort(0, true);
    Ok(descending.double_value(&[above]))
}

/// The area under the ROC curve of scores `[n]`, for labels `[n]` that are true of positives.
pub(super) fn area(op: &'static str, scores: &Tensor, positive: &Tensor) -> Result<f64> {
    if positive.size() != scores.size() {
        let expected = format!("labels {:?}", scores.size());
        return Err(Error::invalid(
            op,
            expected,
            format!("{:?}", positive.size()),
        ));
    }
    let positive = positive.ne(0);
    let of = |mask: &Tensor| to_vec(&scores.masked_select(mask));
    roc_auc(&of(&positive), &of(&positive.logical_not()))
}
