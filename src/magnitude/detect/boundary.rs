//! Detection of the boundary points of a set.

use tch::Tensor;

use super::measured::{Measured, area, threshold};
use crate::Result;
use crate::magnitude::config::WeightingConfig;
use crate::magnitude::scale::Scale;
use crate::magnitude::weighted_space::WeightedSpace;
use crate::manifold::Distance;

/// The settings of a [`BoundaryDetector`].
#[derive(Debug, Clone, PartialEq)]
pub struct BoundaryConfig {
    /// The scale.
    pub scale: Scale,
    /// The share of points labelled as boundary, in [0, 1), rounded down to whole points. Points
    /// tied at the threshold are not labelled.
    pub share: f64,
    /// How Zw = 1 is solved.
    pub weighting: WeightingConfig,
}

impl Default for BoundaryConfig {
    /// A fifth of the points, at the scale [`Scale::Share`]`(0.1)`.
    fn default() -> Self {
        Self {
            scale: Scale::Share(0.1),
            share: 0.2,
            weighting: WeightingConfig::default(),
        }
    }
}

/// Finds the points at the edge of a set by their weights, which are large where a point has few neighbours on
/// some side.
///
/// ```text
/// Zw = 1,   boundary = {x : w_x > θ}
/// ```
///
/// At a scale at which neighbours are similar and opposite ends of the set are not, the weights of
/// inner points nearly vanish. In n-dimensional Euclidean space, the weights then sample the
/// distribution (1 − Δ)^((n+1)/2) 1_X, up to a constant: it is constant inside the set X, 0
/// outside, and large only along the boundary (bunch2021). Inner points of sparse regions have
/// larger weights than those of dense regions. So the method works best for sets of roughly
/// uniform density.
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::magnitude::{BoundaryConfig, BoundaryDetector};
/// use holonomy::tch::{Device, Kind, Tensor};
///
/// // A grid of 10 × 10 has 36 points at its edge.
/// let steps = Tensor::arange(10, (Kind::Double, Device::Cpu)).expand([10, 10], false);
/// let grid = Tensor::stack(&[&steps, &steps.transpose(0, 1)], -1).view([100, 2]);
/// let config = BoundaryConfig { share: 0.36, ..BoundaryConfig::default() };
/// let detector = BoundaryDetector::fit(Box::new(Euclidean::new(2)?), &grid, &config)?;
/// let edge = detector.boundary().view([10, 10]);
/// assert_eq!((edge.int64_value(&[0, 4]), edge.int64_value(&[4, 4])), (1, 0));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// bunch2020, bunch2021.
#[derive(Debug)]
pub struct BoundaryDetector {
    space: Box<dyn Distance>,
    measured: Measured,
    threshold: f64,
}

const OP: &str = "BoundaryDetector";

impl BoundaryDetector {
    /// Computes the weights of the points `[n, point..]` of a space, and the threshold.
    ///
    /// # Errors
    ///
    /// Those of [`weighting_of_points`](crate::magnitude::weighting_of_points) and of [`Scale::of`], and
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for no points and for a share out
    /// of range.
    pub fn fit(
        space: impl Into<Box<dyn Distance>>,
        points: &Tensor,
        config: &BoundaryConfig,
    ) -> Result<Self> {
        let space = space.into();
        let measured = Measured::new(OP, space.as_ref(), points, config.scale, &config.weighting)?;
        let weights = &measured.weighted.weighting().weights;
        Ok(Self {
            threshold: threshold(OP, weights, config.share)?,
            measured,
            space,
        })
    }

    /// The weights of the points, `[n]`, f64.
    pub fn weights(&self) -> &Tensor {
        &self.measured.weighted.weighting().weights
    }

    /// θ, the weight above which a point is labelled as boundary.
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

    /// Which of the points are boundary, `[n]`, bool.
    pub fn boundary(&self) -> Tensor {
        self.weights().gt(self.threshold)
    }

    /// The weight of each further point, added alone to the fitted set, `[m]`, f64.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit) for the points.
    pub fn decision(&self, points: &Tensor) -> Result<Tensor> {
        Ok(self.measured.meet(OP, self.space.as_ref(), points)?.weights)
    }

    /// Which further points are on the boundary or outside, `[m]`, bool.
    ///
    /// # Errors
    ///
    /// As [`decision`](Self::decision).
    pub fn predict(&self, points: &Tensor) -> Result<Tensor> {
        Ok(self.decision(points)?.gt(self.threshold))
    }

    /// The area under the ROC curve of the weights of the fitted points, given the true boundary
    /// labels `[n]`, bool.
    ///
    /// # Errors
    ///
    /// Those of [`roc_auc`](crate::scores::roc_auc), and
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for labels of another shape.
    pub fn fitted_score(&self, boundary: &Tensor) -> Result<f64> {
        area(OP, self.weights(), boundary)
    }

    /// The area under the ROC curve of the weights of further points, given the labels `[m]`,
    /// bool, of those truly on the boundary or outside.
    ///
    /// # Errors
    ///
    /// As [`decision`](Self::decision) and [`fitted_score`](Self::fitted_score).
    pub fn score(&self, points: &Tensor, boundary: &Tensor) -> Result<f64> {
        area(OP, &self.decision(points)?, boundary)
    }
}
