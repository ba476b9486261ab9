//! Detection of outliers.

use tch::Tensor;

use super::measured::{Measured, area, threshold};
use crate::Result;
use crate::magnitude::config::WeightingConfig;
use crate::magnitude::scale::Scale;
use crate::magnitude::weighted_space::{NewPoints, WeightedSpace};
use crate::manifold::Distance;

/// The score of a point x against a set X without x; large for outliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OutlierScore {
    /// The weight of x in X ∪ {x}, as in bunch2021.
    Weight,
    /// The gain of magnitude, |X ∪ {x}| − |X|.
    Gain,
    /// 1 − zᵀw, one minus the potential of X at x (see [`WeightedSpace`]). Where all weights are
    /// positive this is, up to sign and scale, the decision function of a one-class support vector
    /// machine with the kernel e^(−t d) (bunch2021).
    Unseen,
}

/// The settings of an [`OutlierDetector`].
#[derive(Debug, Clone, PartialEq)]
pub struct OutlierConfig {
    /// The scale.
    pub scale: Scale,
    /// The score.
    pub score: OutlierScore,
    /// The share of the fitted points labelled as outliers, in [0, 1), rounded down to whole
    /// points. Points tied at the threshold are not labelled.
    pub contamination: f64,
    /// How Zw = 1 is solved.
    pub weighting: WeightingConfig,
}

impl Default for OutlierConfig {
    /// A tenth of the points by their weights, at the scale at which the magnitude has gone half of its way to their number.
    fn default() -> Self {
        Self {
            scale: Scale::Share(0.5),
            score: OutlierScore::Weight,
            contamination: 0.1,
            weighting: WeightingConfig::default(),
        }
    }
}

/// Finds outliers by their weights: near 1 for a point far from all others, near 0 for a point
/// among many.
///
/// A fitted point is scored against all others, so that the scores of fitted and new points are
/// comparable. With w_x and (Z⁻¹)_xx of the fitted set, the score is w_x, w_x²/(Z⁻¹)_xx or
/// w_x/(Z⁻¹)_xx for [`Weight`](OutlierScore::Weight), [`Gain`](OutlierScore::Gain) and
/// [`Unseen`](OutlierScore::Unseen).
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::magnitude::{OutlierConfig, OutlierDetector};
/// use holonomy::tch::Tensor;
///
/// let crowd: Vec<f64> = (0..20).map(|i| 0.1 * f64::from(i)).chain([9.0]).collect();
/// let points = Tensor::from_slice(&crowd).view([21, 1]);
/// let config = OutlierConfig { contamination: 0.05, ..OutlierConfig::default() };
/// let detector = OutlierDetector::fit(Box::new(Euclidean::new(1)?), &points, &config)?;
/// assert_eq!(detector.outliers().int64_value(&[20]), 1);
/// let new = Tensor::from_slice(&[0.95, -7.0]).view([2, 1]);
/// assert_eq!(detector.predict(&new)?, Tensor::from_slice(&[false, true]));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// bunch2020; bunch2021, section on outliers.
#[derive(Debug)]
pub struct OutlierDetector {
    space: Box<dyn Distance>,
    measured: Measured,
    kind: OutlierScore,
    scores: Tensor,
    threshold: f64,
}

const OP: &str = "OutlierDetector";

impl OutlierDetector {
    /// Computes the scores of the points `[n, point..]` of a space, and the threshold.
    /// [`OutlierScore::Gain`] and [`OutlierScore::Unseen`] also need the inverse of Z.
    ///
    /// # Errors
    ///
    /// Those of [`weighting_of_points`](crate::magnitude::weighting_of_points) and of [`Scale::of`], and
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for no points and for a
    /// contamination out of range.
    pub fn fit(
        space: impl Into<Box<dyn Distance>>,
        points: &Tensor,
        config: &OutlierConfig,
    ) -> Result<Self> {
        let space = space.into();
        let measured = Measured::new(OP, space.as_ref(), points, config.scale, &config.weighting)?;
        let weighted = &measured.weighted;
        let scores = match config.score {
            OutlierScore::Weight => weighted.weighting().weights.shallow_clone(),
            OutlierScore::Gain => weighted.losses()?,
            OutlierScore::Unseen => weighted.unseen()?,
        };
        Ok(Self {
            threshold: threshold(OP, &scores, config.contamination)?,
            kind: config.score,
            measured,
            space,
            scores,
        })
    }

    /// The scores of the fitted points, `[n]`, f64; large for outliers.
    pub fn scores(&self) -> &Tensor {
        &self.scores
    }

    /// The score above which a point is an outlier.
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The scale t.
    pub fn scale(&self) -> f64 {
        self.measured.scale()
    }

    /// The points with their weights.
    pub fn weighted_space(&self) -> &WeightedSpace {
        &self.measured.weighted
    }

    /// Which of the fitted points are outliers, `[n]`, bool.
    pub fn outliers(&self) -> Tensor {
        self.scores.gt(self.threshold)
    }

    /// The score of each further point against the fitted set, `[m]`, f64.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit) for the points.
    pub fn decision(&self, points: &Tensor) -> Result<Tensor> {
        let NewPoints {
            potential,
            weights,
            gains,
        } = self.measured.meet(OP, self.space.as_ref(), points)?;
        Ok(match self.kind {
            OutlierScore::Weight => weights,
            OutlierScore::Gain => gains,
            OutlierScore::Unseen => 1.0 - potential,
        })
    }

    /// Which further points are outliers, `[m]`, bool. For the fitted points use
    /// [`outliers`](Self::outliers).
    ///
    /// # Errors
    ///
    /// As [`decision`](Self::decision).
    pub fn predict(&self, points: &Tensor) -> Result<Tensor> {
        Ok(self.decision(points)?.gt(self.threshold))
    }

    /// The area under the ROC curve of the scores of the fitted points, given the true outliers
    /// `[n]`, bool.
    ///
    /// # Errors
    ///
    /// Those of [`roc_auc`](crate::scores::roc_auc), and
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for labels of another shape.
    pub fn fitted_score(&self, outliers: &Tensor) -> Result<f64> {
        area(OP, &self.scores, outliers)
    }

    /// The area under the ROC curve of the scores of further points, given the true outliers
    /// `[m]`, bool. Do not pass the fitted points, which would coincide with themselves; use
    /// [`fitted_score`](Self::fitted_score).
    ///
    /// # Errors
    ///
    /// As [`decision`](Self::decision), those of [`roc_auc`](crate::scores::roc_auc), and
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for labels of another shape.
    pub fn score(&self, points: &Tensor, outliers: &Tensor) -> Result<f64> {
        area(OP, &self.decision(points)?, outliers)
    }
}
