//! Figures of merit: how good predictions, rankings and embeddings are.
//!
//! | score | function |
//! | --- | --- |
//! | accuracy and F1 of predicted classes | [`classification_score`] |
//! | area under the ROC curve of scores | [`roc_auc`] |
//! | rank correlation | [`spearman`] |
//! | how well distances keep a graph's neighbours | [`mean_average_precision`] |
//!
//! [`reconstruction`](crate::embed::reconstruction) ranks the nodes of an embedding without a matrix
//! of distances, and [`distortion`](crate::metric::distortion()) compares matrices.

mod classification;
mod precision;
mod rank;

pub use classification::{ClassificationScore, classification_score};
pub(crate) use classification::{classes_of, integer_labels};
pub(crate) use precision::average_precision;
pub use precision::mean_average_precision;
pub use rank::{roc_auc, spearman};
