//! What classifiers have in common.

use tch::Tensor;

use crate::Result;
use crate::scores::{ClassificationScore, classification_score};

/// A fitted classifier of points.
pub trait Classifier {
    /// The classes, in increasing order.
    fn classes(&self) -> &[i64];

    /// For each point the place of its class in [`classes`](Self::classes), `[points]`, Int64.
    ///
    /// # Errors
    ///
    /// Where `points` are not points of the space: see the classifier.
    fn places(&self, points: &Tensor) -> Result<Tensor>;

    /// The class of each point, `[points]`, Int64, on the device of the points.
    ///
    /// # Errors
    ///
    /// Those of [`places`](Self::places).
    fn predict(&self, points: &Tensor) -> Result<Tensor> {
        let places = self.places(points)?;
        let classes = Tensor::from_slice(self.classes()).to_device(places.device());
        Ok(classes.index_select(0, &places).to_device(points.device()))
    }

    /// How well the predictions agree with labels `[points]`.
    ///
    /// # Errors
    ///
    /// Those of [`places`](Self::places) and of
    /// [`classification_score`](crate::scores::classification_score).
    fn score(&self, points: &Tensor, labels: &Tensor) -> Result<ClassificationScore> {
        classification_score(&self.predict(points)?, labels)
    }
}
