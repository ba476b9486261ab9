//! How far an embedded distance is from the true one, as a function of its square.

use serde::{Deserialize, Serialize};
use tch::Tensor;

/// The loss of an embedded distance d against the true distance D.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DistanceLoss {
    /// |(d/D)² − 1|: an upper bound of |d/D − 1|, so that its mean bounds the average distortion
    /// (gu2019, equation 2).
    #[default]
    SquaredRatio,
    /// |d/D − 1|: its mean is the average distortion.
    Distortion,
    /// (d − D)², in units of the mean distance: the stress of multidimensional scaling.
    Stress,
}

impl DistanceLoss {
    /// The loss and its derivative by d², both elementwise.
    ///
    /// Where d = 0 the last two have none; what stands there is finite, and so its product with the
    /// logarithm, which is 0, is 0.
    pub(super) fn with_derivative(self, squared: &Tensor, truth: &Tensor) -> (Tensor, Tensor) {
        match self {
            Self::SquaredRatio => {
                let weight = truth.square().reciprocal();
                let excess = squared * &weight - 1.0;
                (excess.abs(), excess.sign() * weight)
            }
            Self::Distortion => {
                let excess = squared.sqrt() - truth;
                let derivative = excess.sign() / (half_slope(squared) * truth);
                (excess.abs() / truth, derivative)
            }
            Self::Stress => {
                let excess = squared.sqrt() - truth;
                let derivative = &excess * 2.0 / half_slope(squared);
                (excess.square(), derivative)
            }
        }
    }
}

/// 2d of d², and 2 where d is 0.
fn half_slope(squared: &Tensor) -> Tensor {
    let distance = squared.sqrt();
    distance.where_self(&distance.gt(0.0), &distance.ones_like()) * 2.0
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    #[test]
    fn derivatives_are_those_of_the_losses() {
        let truth = Tensor::from_slice(&[1.0, 1.0, 2.5, 0.3]);
        let squared = Tensor::from_slice(&[0.5, 1.7, 2.0, 4.0]);
        let step = 1e-6;
        for loss in [
            DistanceLoss::SquaredRatio,
            DistanceLoss::Distortion,
            DistanceLoss::Stress,
        ] {
            let value = |shift: f64| loss.with_derivative(&(&squared + shift), &truth).0;
            let difference = (value(step) - value(-step)) / (2.0 * step);
            let (_, derivative) = loss.with_derivative(&squared, &truth);
            let error = (derivative / difference - 1.0).abs().max();
            assert!(error.double_value(&[]) < 1e-8, "{loss:?}: {error}");
        }
    }

    #[test]
    fn coinciding_points_have_a_finite_derivative() {
        for kind in [Kind::Double, Kind::Float] {
            let (zero, one) = (Tensor::from(0.0), Tensor::from(1.0));
            let (zero, one) = (zero.to_kind(kind), one.to_kind(kind));
            for loss in [DistanceLoss::Distortion, DistanceLoss::Stress] {
                let (value, derivative) = loss.with_derivative(&zero, &one);
                assert_eq!(value.double_value(&[]), 1.0);
                assert_eq!(derivative.isfinite().int64_value(&[]), 1);
            }
        }
    }
}
