//! Principal components as nested subspaces.

use tch::{Kind, Tensor};

use super::sample::check_one;
use crate::manifold::first_above;
use crate::manifolds::frames::{square_sum, transposed_times};
use crate::numerics::no_grad;
use crate::{Error, Flag, Result};

/// Nested principal subspaces, and what they leave unexplained.
#[derive(Debug)]
pub struct NestedPca {
    /// The mean of the data, `[n]`, which all subspaces pass through.
    pub center: Tensor,
    /// The flag of principal subspaces, `[n, d_k]`, with columns in order of descending variance.
    pub flag: Tensor,
    /// The variances along all principal directions, in descending order, min(count, n) numbers.
    pub variances: Vec<f64>,
    /// The variance outside each subspace of the flag.
    pub unexplained: Vec<f64>,
    /// The sum of these: the criterion that the flag minimises.
    pub accumulated: f64,
}

/// Principal component analysis as a flag: the nested affine subspaces through the mean with the
/// least accumulated unexplained variance (AUV).
///
/// ```text
/// AUV(S₁ ⊂ … ⊂ S_k) = Σᵢ σ²(Sᵢ),  σ²(S) = (1/N) Σⱼ |(1 − π_S)(xⱼ − x̄)|²
/// ```
///
/// with the orthogonal projector π_S. The minimum consists of the spans of the leading d₁, …, d_k
/// principal directions. It is unique if the variances of directions dᵢ and dᵢ + 1 differ for
/// every i.
///
/// # Shapes
///
/// `data` `[count, n]`.
///
/// # Accuracy
///
/// Directions and variances come from the singular value decomposition of the data, not of its
/// covariance. So variances down to 1e-30 of the largest are resolved.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape or kind, and for fewer than d_k + 1 points, which
/// do not span d_k directions about their mean; [`Error::NotFinite`] with the first row that is
/// not finite.
///
/// # Examples
///
/// Points on a slightly bent line in space.
///
/// ```
/// use holonomy::Flag;
/// use holonomy::stats::nested_pca;
/// use holonomy::tch::Tensor;
///
/// let flags = Flag::new(3, &[1, 2])?;
/// let data = Tensor::from_slice2(&[[-2.0, 0.2, 0.0], [0.0, -0.4, 0.0], [2.0, 0.2, 0.0]]);
/// let pca = nested_pca(&flags, &data)?;
/// assert!((pca.flag.double_value(&[0, 0]).abs() - 1.0).abs() < 1e-12);
/// assert!((pca.unexplained[0] - 0.08).abs() < 1e-12 && pca.unexplained[1] < 1e-30);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// pennec2018.
pub fn nested_pca(flags: &Flag, data: &Tensor) -> Result<NestedPca> {
    no_grad(|| {
        let (center, centered) = centered("nested_pca", flags, data)?;
        let count = centered.size()[0] as f64;
        let (_, values, directions) = centered.svd(true, true);
        let variances =
            Vec::<f64>::try_from(values.square() / count).map_err(|source| Error::Torch {
                op: "nested_pca",
                source,
            })?;
        // Small terms first.
        let outside = |&dim: &i64| variances[dim as usize..].iter().rev().sum::<f64>();
        let unexplained: Vec<f64> = flags.subspace_dims().iter().map(outside).collect();
        let flag = directions.narrow(-1, 0, flags.frame_dim()).contiguous();
        Ok(NestedPca {
            center: center.to_kind(data.kind()),
            flag: flag.to_kind(data.kind()),
            accumulated: unexplained.iter().sum(),
            unexplained,
            variances,
        })
    })
}

/// The accumulated unexplained variance of a flag: the variance of the data about their mean
/// outside each subspace, summed over the subspaces.
///
/// ```text
/// Σᵢ (1/N) Σⱼ |(1 − PᵢPᵢᵀ)(xⱼ − x̄)|²,  Pᵢ the first dᵢ columns of p
/// ```
///
/// # Shapes
///
/// `p` `[n, d_k]`, `data` `[count, n]`.
///
/// # Errors
///
/// Those of [`nested_pca`]; for `p`, [`Error::InvalidArgument`] for another shape or kind and
/// [`Error::NotOnManifold`] if it is no flag.
///
/// # References
///
/// pennec2018.
pub fn accumulated_unexplained_variance(flags: &Flag, p: &Tensor, data: &Tensor) -> Result<f64> {
    const OP: &str = "accumulated_unexplained_variance";
    check_one(OP, flags, "one flag", p)?;
    no_grad(|| {
        let (_, centered) = centered(OP, flags, data)?;
        let columns = centered.transpose(0, 1);
        let p = p.detach().to_kind(Kind::Double);
        let outside = |subspace: Tensor| {
            let rest = &columns - subspace.matmul(&transposed_times(&subspace, &columns));
            square_sum(&rest).double_value(&[]) / columns.size()[1] as f64
        };
        Ok(flags.to_subspaces(&p).into_iter().map(outside).sum())
    })
}

/// The mean, and the data about it, in f64.
fn centered(op: &'static str, flags: &Flag, data: &Tensor) -> Result<(Tensor, Tensor)> {
    crate::numerics::require_defined(op, &[data])?;
    let size = data.size();
    let (n, least) = (flags.ambient_dim(), flags.frame_dim() + 1);
    let floating = matches!(data.kind(), Kind::Double | Kind::Float);
    if size.len() != 2 || size[1] != n || size[0] < least || !floating {
        let expected = format!("data [count ≥ {least}, {n}] of kind Double or Float");
        return Err(Error::invalid(
            op,
            expected,
            format!("{size:?} of {:?}", data.kind()),
        ));
    }
    let data = data.detach().to_kind(Kind::Double);
    let zero_if_finite = (&data * 0.0).sum_dim_intlist(-1, false, Kind::Double);
    if let Some((row, _)) = first_above(&zero_if_finite, 0.0) {
        return Err(Error::NotFinite {
            op,
            what: "the data",
            place: format!("row {row}"),
        });
    }
    let center = data.mean_dim(0, false, Kind::Double);
    let centered = data - &center;
    Ok((center, centered))
}
