//! Affinities from features and distances.

use tch::{Kind, Tensor};

use crate::metric::checked_distances;
use crate::numerics::{norm_last, row_distances};
use crate::{Error, Result};

/// The kernel of an [`affinity`], as a function of the distance d and the bandwidth ε.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kernel {
    /// exp(−d²/ε). Positive semidefinite for Euclidean distances; in general not for distances in
    /// trees or other graphs.
    Gaussian,
    /// exp(−d/ε). Positive semidefinite for Euclidean and ℓ1 distances, and for distances in trees
    /// (whose square roots embed isometrically in Euclidean space).
    Exponential,
}

/// The bandwidth ε of an [`affinity`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bandwidth {
    /// This multiple of the median over all pairs with a finite distance: of d² for
    /// [`Kernel::Gaussian`], of d for [`Kernel::Exponential`].
    Median(f64),
    /// This value of ε.
    Fixed(f64),
}

/// The distance between two rows x, y of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeatureDistance {
    /// |x − y|
    Euclidean,
    /// |x/|x| − y/|y||, the chord between directions. Its square is twice the "cosine distance" 1 − cos, so
    /// exp(−(1 − cos)/σ) is [`Kernel::Gaussian`] with ε = 2σ.
    Chord,
}

/// The distances between rows of features.
///
/// # Shapes
///
/// `features` `[n, d]`, Double or Float → `[n, n]` in f64, on the device of the features.
///
/// # Accuracy
///
/// Full precision also for rows that nearly coincide: |x − y|² is computed from the differences,
/// not expanded.
///
/// # Gradient
///
/// None: the result is detached.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape or kind, no rows, or, with [`FeatureDistance::Chord`], a row
/// of zeros; [`Error::NotFinite`] with the row.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{FeatureDistance, feature_distances};
/// use holonomy::tch::Tensor;
///
/// let features = Tensor::from_slice2(&[[3.0, 0.0], [0.0, 4.0]]);
/// let apart = |how| Ok::<_, holonomy::Error>(feature_distances(&features, how)?.double_value(&[0, 1]));
/// assert_eq!(apart(FeatureDistance::Euclidean)?, 5.0);
/// assert!((apart(FeatureDistance::Chord)? - 2.0_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn feature_distances(features: &Tensor, how: FeatureDistance) -> Result<Tensor> {
    const OP: &str = "feature_distances";
    crate::numerics::require_defined(OP, &[features])?;
    let floating = matches!(features.kind(), Kind::Double | Kind::Float);
    if features.dim() != 2 || features.size()[0] == 0 || !floating {
        let got = format!("{:?} of {:?}", features.size(), features.kind());
        return Err(Error::invalid(
            OP,
            "features [n, d] with n ≥ 1, Double or Float",
            got,
        ));
    }
    let features = features.detach().to_kind(Kind::Double);
    let finite = features.isfinite().all_dim(-1, false);
    if let Some(row) = first_true(&finite.logical_not()) {
        return Err(Error::NotFinite {
            op: OP,
            what: "a feature",
            place: format!("row {row}"),
        });
    }
    Ok(match how {
        FeatureDistance::Euclidean => row_distances(&features, &features),
        FeatureDistance::Chord => {
            let lengths = norm_last(&features);
            if let Some(row) = first_true(&lengths.eq(0.0)) {
                let got = format!("row {row} of zeros");
                return Err(Error::invalid(OP, "rows with a direction", got));
            }
            let directions = features / lengths.unsqueeze(-1);
            row_distances(&directions, &directions)
        }
    })
}

/// The affinities of points at these distances: 1 at distance 0, 0 at distance ∞.
///
/// ```text
/// Gaussian:     A(i, j) = exp(−d(i, j)²/ε)      Median(f): ε = f · median of d² over i < j
/// Exponential:  A(i, j) = exp(−d(i, j)/ε)       Median(f): ε = f · median of d  over i < j
/// ```
///
/// The median is over the finite distances; of an even number it is the smaller of the middle two.
/// A larger factor gives points farther apart more affinity. Start with 1 for trees and features,
/// and with 1/4 to 1/16 for features with small clusters.
///
/// # Shapes
///
/// `distances` `[n, n]`, Double or Float → `[n, n]` in f64, on the device of the distances.
///
/// # Gradient
///
/// None: the result is detached.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape or kind; for distances that are negative, NaN, not
/// symmetric or not 0 on the diagonal, with the pair; for an ε or a factor that is not positive
/// and finite; and where the median is 0, because at least half of the pairs coincide.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Bandwidth, Kernel, affinity};
/// use holonomy::tch::Tensor;
///
/// let pair = Tensor::from_slice2(&[[0.0, 2.0], [2.0, 0.0]]);
/// let near = affinity(&pair, Kernel::Gaussian, Bandwidth::Fixed(8.0))?;
/// assert!((near.double_value(&[0, 1]) - (-0.5_f64).exp()).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn affinity(distances: &Tensor, kernel: Kernel, bandwidth: Bandwidth) -> Result<Tensor> {
    const OP: &str = "affinity";
    crate::numerics::require_defined(OP, &[distances])?;
    let distances = distances.detach();
    let distances = checked_distances(OP, &distances)?;
    let distances = distances.to_kind(Kind::Double);
    let (factor, unit) = match bandwidth {
        Bandwidth::Fixed(epsilon) => (checked(epsilon)?, 1.0),
        Bandwidth::Median(factor) => (
            checked(factor)?,
            median(OP, &distances, &distances.isinf())?,
        ),
    };
    // Divided before they are squared, for the squares may overflow.
    let exponents = match kernel {
        Kernel::Gaussian => (distances / unit / factor.sqrt()).square(),
        Kernel::Exponential => distances / unit / factor,
    };
    Ok(exponents.neg().exp())
}

fn checked(number: f64) -> Result<f64> {
    if number > 0.0 && number.is_finite() {
        return Ok(number);
    }
    let expected = "a positive, finite bandwidth or factor";
    Err(Error::invalid("affinity", expected, number))
}

/// The median distance of the pairs that are joined; 1 without any.
fn median(op: &'static str, distances: &Tensor, apart: &Tensor) -> Result<f64> {
    let pairs = apart.logical_not().triu(1);
    let values = distances.masked_select(&pairs);
    if values.numel() == 0 {
        return Ok(1.0);
    }
    let median = values.median().double_value(&[]);
    if median > 0.0 {
        return Ok(median);
    }
    let expected = "a positive median, or a fixed bandwidth";
    Err(Error::invalid(
        op,
        expected,
        "at least half of the pairs at distance 0",
    ))
}

/// The first position of a true entry.
pub(super) fn first_true(mask: &Tensor) -> Option<usize> {
    let places = mask.nonzero();
    (places.size()[0] > 0).then(|| places.int64_value(&[0, 0]) as usize)
}
