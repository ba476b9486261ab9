//! Means and medians of rotations, as full flags.

use tch::{Kind, Tensor};

use super::flag_mean::{ChordalMean, MeanConfig, mean_for};
use super::flag_median::{ChordalMedian, MedianConfig, median_for};
use crate::manifold::{first_above, require_points};
use crate::manifolds::frames::transposed;
use crate::{Error, Flag, Result};

/// The mean of rotations of ℝⁿ as full flags Fl(1, …, n−1; n) in the chordal distance.
///
/// The first n − 1 columns of a rotation are the blocks of a flag, which determines them up to
/// sign. The columns of the mean flag get the signs that agree with the weighted sum of the given
/// columns. The last column follows from determinant 1.
///
/// The chordal distance cannot distinguish a column from its negative. For rotations within an
/// angle of π/2 of each other the signs are right.
///
/// # Shapes
///
/// `points` `[count, n, n]`, `weights` `[count]` (1 each by default).
///
/// # Errors
///
/// Those of [`flag_mean`](super::flag_mean); [`Error::NotOnManifold`] for a matrix that is not a
/// rotation, such as one of determinant −1; [`Error::InvalidArgument`] if a weighted sum of
/// columns is orthogonal to the column of the mean, so that its sign is not determined.
///
/// # Examples
///
/// The mean of two rotations about the third axis.
///
/// ```
/// use holonomy::stats::{MeanConfig, rotation_mean};
/// use holonomy::tch::Tensor;
///
/// let about = |angle: f64| {
///     let (sin, cos) = angle.sin_cos();
///     Tensor::from_slice2(&[[cos, -sin, 0.0], [sin, cos, 0.0], [0.0, 0.0, 1.0]])
/// };
/// let mean = rotation_mean(&Tensor::stack(&[about(0.1), about(0.5)], 0), None, &MeanConfig::default())?;
/// assert!((&mean.point - about(0.3)).abs().max().double_value(&[]) < 1e-12);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// mankovich2023.
pub fn rotation_mean(
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &MeanConfig,
) -> Result<ChordalMean> {
    const OP: &str = "rotation_mean";
    let (flags, columns) = as_flags(OP, points)?;
    let mut mean = mean_for(OP, &flags, &columns, weights, config)?;
    mean.point = oriented(OP, &mean.point, &columns, weights)?;
    Ok(mean)
}

/// The geometric median of rotations of ℝⁿ as full flags in the chordal distance; see
/// [`rotation_mean`] for the signs.
///
/// # Shapes
///
/// `points` `[count, n, n]`, `weights` `[count]`.
///
/// # Errors
///
/// Those of [`flag_median`](super::flag_median) and [`rotation_mean`].
pub fn rotation_median(
    points: &Tensor,
    weights: Option<&Tensor>,
    config: &MedianConfig,
) -> Result<ChordalMedian> {
    const OP: &str = "rotation_median";
    let (flags, columns) = as_flags(OP, points)?;
    let mut median = median_for(OP, &flags, &columns, weights, config)?;
    median.point = oriented(OP, &median.point, &columns, weights)?;
    Ok(median)
}

/// The flags of the first n − 1 columns.
fn as_flags(op: &'static str, points: &Tensor) -> Result<(Flag, Tensor)> {
    crate::numerics::require_defined(op, &[points])?;
    let size = points.size();
    let [_, n, columns] = size[..] else {
        return Err(Error::invalid(
            op,
            "rotations [count, n, n]",
            format!("{size:?}"),
        ));
    };
    let floating = matches!(points.kind(), Kind::Double | Kind::Float);
    if n != columns || n < 2 || !floating {
        let got = format!("{size:?} of {:?}", points.kind());
        return Err(Error::invalid(
            op,
            "rotations [count, n, n] with n ≥ 2, Double or Float",
            got,
        ));
    }
    let points = points.detach();
    check_rotations(op, &points, n)?;
    let dims: Vec<i64> = (1..n).collect();
    Ok((Flag::new(n, &dims)?, points.narrow(-1, 0, n - 1)))
}

/// Orthonormal columns are the flag's to check; here the last one and the sign of the determinant.
fn check_rotations(op: &'static str, points: &Tensor, n: i64) -> Result<()> {
    let kind = points.kind();
    let points = points.to_kind(Kind::Double);
    let identity = Tensor::eye(n, (Kind::Double, points.device()));
    let error = (transposed(&points).matmul(&points) - identity).abs();
    let defect = error.amax([-2, -1].as_slice(), false) + (points.det() - 1.0).abs();
    let name = || format!("the rotations of {n} dimensions");
    require_points(op, name, &defect, kind)
}

/// The rotation whose first columns are those of the flag, with signs as in the weighted sum.
fn oriented(
    op: &'static str,
    flag: &Tensor,
    columns: &Tensor,
    weights: Option<&Tensor>,
) -> Result<Tensor> {
    let kind = flag.kind();
    let (flag, columns) = (flag.to_kind(Kind::Double), columns.to_kind(Kind::Double));
    let count = columns.size()[0];
    let weights = match weights {
        Some(weights) => weights.detach().to_kind(Kind::Double),
        None => Tensor::ones([count], (Kind::Double, columns.device())),
    };
    let weights = (&weights / weights.sum(Kind::Double)).view([count, 1, 1]);
    let mean = (columns * weights).sum_dim_intlist(0, false, Kind::Double);
    let agreement = (&mean * &flag).sum_dim_intlist(-2, false, Kind::Double);
    if let Some((column, inverse)) = first_above(&agreement.abs().reciprocal(), 1e12) {
        let got = format!(
            "column {column}, with a mean cosine of {:e}",
            inverse.recip()
        );
        return Err(Error::invalid(op, "columns that agree on a direction", got));
    }
    let first = flag * agreement.sign().unsqueeze(0);
    Ok(completed(&first).to_kind(kind))
}

/// An n × (n − 1) frame with the column that makes it a rotation.
fn completed(first: &Tensor) -> Tensor {
    let (basis, _) = Tensor::linalg_qr(first, "complete");
    let last = basis.narrow(-1, basis.size()[1] - 1, 1);
    let whole = Tensor::cat(&[first, &last], -1);
    let sign = whole.det().sign();
    Tensor::cat(&[first, &(last * sign)], -1)
}
