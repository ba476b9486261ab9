//! Classification by the weight that a point would have in each class.

use tch::{Kind, Tensor};

use super::measured::Measured;
use crate::Result;
use crate::learn::Classifier;
use crate::magnitude::config::WeightingConfig;
use crate::magnitude::scale::Scale;
use crate::magnitude::weighted_space::NewPoints;
use crate::magnitude::weighting::check_points;
use crate::manifold::Distance;
use crate::scores::{classes_of, integer_labels};

/// The quantity that is compared between classes; it is small for a point that belongs to a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ClassRule {
    /// |w_x|, the absolute weight of x in the class together with x (bunch2020).
    Weight,
    /// The absolute change of the magnitude of the class when x is added; the change is positive
    /// in positive definite spaces.
    Gain,
    /// The share of the class's own weights that are smaller than w_x (bunch2020); ties are broken
    /// by |w_x|.
    Rank,
}

/// The settings of a [`MagnitudeClassifier`].
#[derive(Debug, Clone, PartialEq)]
pub struct ClassifierConfig {
    /// The scale, found for each class separately.
    pub scale: Scale,
    /// The rule.
    pub rule: ClassRule,
    /// How Zw = 1 is solved.
    pub weighting: WeightingConfig,
}

impl Default for ClassifierConfig {
    /// The weights at scale 1, as in bunch2020, which suits standardised features.
    fn default() -> Self {
        Self {
            scale: Scale::Fixed(1.0),
            rule: ClassRule::Weight,
            weighting: WeightingConfig::default(),
        }
    }
}

/// Assigns a point to the class in which its weight would be smallest in absolute value. The
/// weight is small where the point is surrounded by points of the class.
///
/// ```text
/// class of x = argmin_c |w_x|,   w_x = (1 − zᵀw)/(1 − zᵀZ⁻¹z),   z, Z, w of the points of class c
/// ```
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::learn::Classifier;
/// use holonomy::magnitude::{ClassifierConfig, MagnitudeClassifier};
/// use holonomy::tch::Tensor;
///
/// let points = Tensor::from_slice(&[0.0, 1.0, 2.0, 7.0, 8.0, 9.0]).view([6, 1]);
/// let labels = Tensor::from_slice(&[0_i64, 0, 0, 5, 5, 5]);
/// let line = Box::new(Euclidean::new(1)?);
/// let classifier = MagnitudeClassifier::fit(line, &points, &labels, &ClassifierConfig::default())?;
/// let new = Tensor::from_slice(&[1.5, 6.5]).view([2, 1]);
/// assert_eq!(classifier.predict(&new)?, Tensor::from_slice(&[0_i64, 5]));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// bunch2020, classification.
#[derive(Debug)]
pub struct MagnitudeClassifier {
    space: Box<dyn Distance>,
    classes: Vec<i64>,
    /// The points of each class.
    bodies: Vec<Measured>,
    rule: ClassRule,
}

const OP: &str = "MagnitudeClassifier";

impl MagnitudeClassifier {
    /// Computes the weights of the points of each class.
    ///
    /// # Shapes
    ///
    /// Points `[count, point..]` of the space, labels `[count]`, any integers. For each class of n
    /// points, a factored matrix `[n, n]` is kept.
    ///
    /// # Errors
    ///
    /// Those of [`weighting_of_points`](crate::magnitude::weighting_of_points) and of [`Scale::of`], and
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for labels of a wrong shape or kind, or fewer than two classes.
    pub fn fit(
        space: impl Into<Box<dyn Distance>>,
        points: &Tensor,
        labels: &Tensor,
        config: &ClassifierConfig,
    ) -> Result<Self> {
        let space = space.into();
        check_points(OP, space.as_ref(), points)?;
        let labels = integer_labels(OP, labels, points.size()[0])?;
        let classes = classes_of(OP, &labels)?;
        let labels = Tensor::from_slice(&labels).to_device(points.device());
        let body = |&class: &i64| {
            let of_class = labels.eq(class).nonzero().view(-1);
            let points = points.index_select(0, &of_class);
            Measured::new(OP, space.as_ref(), &points, config.scale, &config.weighting)
        };
        Ok(Self {
            bodies: classes.iter().map(body).collect::<Result<_>>()?,
            classes,
            space,
            rule: config.rule,
        })
    }

    /// The scale t of each class.
    pub fn scales(&self) -> Vec<f64> {
        self.bodies.iter().map(Measured::scale).collect()
    }

    /// The quantity of the [rule](ClassRule) for each point and class, `[count, classes]` in f64;
    /// the smallest decides.
    ///
    /// # Errors
    ///
    /// As [`fit`](Self::fit) for the points.
    pub fn decision(&self, points: &Tensor) -> Result<Tensor> {
        let sizes = self.bodies.iter().map(|body| body.weighted.len());
        let largest = sizes.max().unwrap_or(0);
        let columns: Vec<Tensor> = self
            .bodies
            .iter()
            .map(|body| {
                let new = body.meet(OP, self.space.as_ref(), points)?;
                Ok(self.rule.apply(body, &new, largest))
            })
            .collect::<Result<_>>()?;
        Ok(Tensor::stack(&columns, 1))
    }
}

impl Classifier for MagnitudeClassifier {
    fn classes(&self) -> &[i64] {
        &self.classes
    }

    /// The smallest [`decision`](Self::decision) value decides, of equal ones the first.
    fn places(&self, points: &Tensor) -> Result<Tensor> {
        Ok(self.decision(points)?.argmin(-1, false))
    }
}

impl ClassRule {
    /// `largest`: the number of points of the largest class.
    fn apply(self, body: &Measured, new: &NewPoints, largest: i64) -> Tensor {
        match self {
            Self::Weight => new.weights.abs(),
            Self::Gain => new.gains.abs(),
            Self::Rank => {
                let (own, _) = body.weighted.weighting().weights.sort(0, false);
                let smaller =
                    (new.weights).searchsorted(&own, false, false, "left", None::<Tensor>);
                // Different shares of two classes are at least 1/largest² apart: a smaller number breaks ties and keeps their order.
                let size = new.weights.abs();
                let tie_breaker = &size / (1.0 + &size) / (largest * largest + 1) as f64;
                smaller.to_kind(Kind::Double) / own.size()[0] as f64 + tie_breaker
            }
        }
    }
}
