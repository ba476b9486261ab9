//! Covariances as weighted flags, and point clouds with a weighted flag at every point.

use rayon::prelude::*;
use tch::{Kind, Tensor};

use crate::manifold::{first_above, require_points};
use crate::manifolds::frames::{transposed, transposed_times};
use crate::numerics::safe_sqrt;
use crate::{Error, Result};

/// Positive semidefinite matrices of trace 1, given by their eigenvalues (weights) and
/// eigenvectors.
///
/// ```text
/// S = Σ wᵢ uᵢ uᵢᵀ,  w₁ ≥ w₂ ≥ … ≥ 0, Σ wᵢ = 1
/// ```
///
/// Such a matrix is a weighted flag: the flag of its eigenspaces, with a weight for each. A line
/// has the weight 1 on one axis, a plane the weight ½ on each of two axes. So subspaces of every
/// dimension are points of one space. Its *strata* are the sets of matrices with the same type of
/// flag.
///
/// # Metric
///
/// The distance is the Bures angle, between 0 and π/2:
///
/// ```text
/// d(S, T) = min over orthogonal O of the angle between S^½ and T^½ O
/// ```
///
/// On matrices of full rank with distinct weights it is Riemannian, with dU = U ω for the frame U:
///
/// ```text
/// ds² = Σ dwᵢ²/(4wᵢ) + Σ_{i<j} (wᵢ − wⱼ)²/(wᵢ + wⱼ) ω_ij²
/// ```
///
/// A rotation between axes of equal weight has length 0. A geodesic from a line to a plane passes
/// through matrices of rank 2 only.
///
/// # References
///
/// buet2023 (weighted flags and their strata); bhatia2019 (the metric).
#[derive(Debug)]
pub struct WeightedFlags {
    /// `[.., n]`, in descending order.
    weights: Tensor,
    /// `[.., n, n]`, an axis a column.
    frames: Tensor,
}

impl WeightedFlags {
    /// The weighted flags of covariance matrices `[.., n, n]` of any trace above 0.
    ///
    /// Eigenvalues below n ε times the largest count as 0, because their square roots would not be
    /// negligible.
    ///
    /// # Errors
    ///
    /// [`Error::NotOnManifold`] for a matrix that is not symmetric, has a negative eigenvalue, is
    /// 0 or is not finite, with its index and its relative defect; [`Error::InvalidArgument`] for
    /// another shape or kind.
    pub fn from_covariances(covariances: &Tensor) -> Result<Self> {
        const OP: &str = "WeightedFlags::from_covariances";
        crate::numerics::require_floating(OP, "covariances", covariances)?;
        let size = covariances.size();
        let square = matches!(size[..], [.., rows, columns] if rows == columns && rows > 0);
        if !square {
            let got = format!("{size:?}");
            return Err(Error::invalid(OP, "shape [.., n, n] with n ≥ 1", got));
        }
        let kind = covariances.kind();
        let refuse = |defect: &Tensor, what: &str| {
            let name = || format!("positive semidefinite matrices ({what})");
            require_points(OP, name, defect, kind)
        };
        let s = covariances.detach().to_kind(Kind::Double);
        let largest = |t: Tensor| t.abs().amax([-2, -1].as_slice(), false);
        let asymmetry = largest(&s - transposed(&s)) / largest(s.shallow_clone());
        refuse(&asymmetry, "asymmetry")?;
        let (values, vectors) = ((&s + transposed(&s)) * 0.5).linalg_eigh("L");
        let last = values.size()[values.dim() - 1] - 1;
        let lowest = values.select(-1, 0) / values.select(-1, last).abs();
        refuse(&-lowest, "a negative eigenvalue")?;
        let values = values.flip([-1]);
        let rank_bound = values.narrow(-1, 0, 1) * ((last + 1) as f64 * f64::EPSILON);
        let weights = values.where_self(&values.gt_tensor(&rank_bound), &values.zeros_like());
        let total = weights.sum_dim_intlist(-1, true, Kind::Double);
        Ok(Self {
            weights: weights / total,
            frames: vectors.flip([-1]),
        })
    }

    /// The weights in descending order, `[.., n]` in f64.
    pub fn weights(&self) -> &Tensor {
        &self.weights
    }

    /// The axes, `[.., n, n]` in f64: column i belongs to weight i.
    pub fn frames(&self) -> &Tensor {
        &self.frames
    }

    /// The matrices of trace 1, `[.., n, n]`.
    pub fn covariances(&self) -> Tensor {
        let root = self.roots();
        root.matmul(&transposed(&root))
    }

    /// The stratum of one flag: the multiplicities of its weights in descending order, where
    /// successive weights at most `tolerance` apart count as equal. `index` counts over the
    /// flattened batch.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for an index that does not exist.
    pub fn stratum(&self, index: i64, tolerance: f64) -> Result<Vec<i64>> {
        let n = self.weights.size()[self.weights.dim() - 1];
        let all = self.weights.reshape([-1, n]);
        let count = all.size()[0];
        if !(0..count).contains(&index) {
            let expected = format!("an index below {count}");
            return Err(Error::invalid("WeightedFlags::stratum", expected, index));
        }
        let weights: Vec<f64> = all.get(index).iter::<f64>().into_iter().flatten().collect();
        let blocks = weights.chunk_by(|a, b| a - b <= tolerance);
        Ok(blocks.map(|block| block.len() as i64).collect())
    }

    /// The Bures angle between corresponding flags, `[..]` in radians.
    ///
    /// # Accuracy
    ///
    /// An absolute error of a few ε, also for nearby flags: it is computed as 2 asin(|S^½ − T^½
    /// O|/2).
    pub fn dist(&self, other: &Self) -> Tensor {
        let (here, there) = self.aligned_roots(other);
        let chord =
            (there - here)
                .square()
                .sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double);
        (safe_sqrt(&chord) * 0.5).clamp_max(1.0).asin() * 2.0
    }

    /// The flags at parameter `t` of the geodesics from `self` (t = 0) to `other` (t = 1).
    ///
    /// ```text
    /// X Xᵀ,  X = (sin((1 − t)θ) S^½ + sin(tθ) T^½ O)/sin θ,  θ = d(S, T)
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] where θ = π/2, where the shortest geodesic is not unique.
    pub fn geodesic(&self, other: &Self, t: f64) -> Result<Self> {
        let angle = self.dist(other);
        if let Some((row, angle)) = first_above(&angle, std::f64::consts::FRAC_PI_2 - 1e-8) {
            let got = format!("{angle} for pair {row}");
            return Err(Error::invalid(
                "WeightedFlags::geodesic",
                "an angle below π/2",
                got,
            ));
        }
        let (here, there) = self.aligned_roots(other);
        let angle = angle.unsqueeze(-1).unsqueeze(-1);
        // sin(sθ)/sin θ, which is s where θ vanishes.
        let part = |s: f64| {
            let safe = angle.clamp_min(1e-8);
            (&safe * s).sin() / safe.sin()
        };
        let root = here * part(1.0 - t) + there * part(t);
        Self::from_covariances(&root.matmul(&transposed(&root)))
    }

    /// The dimension k of the nearest subspace, as a flag with equal weights on k axes: `[..]`,
    /// integers from 1.
    ///
    /// ```text
    /// argmax_k Σ_{i≤k} √(wᵢ/k)
    /// ```
    ///
    /// This sum is the cosine of the angle between S and the span of its first k axes.
    pub fn dimensions(&self) -> Tensor {
        let roots = self.weights.sqrt().cumsum(-1, Kind::Double);
        let n = self.weights.size()[self.weights.dim() - 1];
        let sizes = Tensor::arange_start(1, n + 1, (Kind::Double, self.weights.device()));
        (roots / sizes.sqrt()).argmax(-1, false) + 1
    }

    fn roots(&self) -> Tensor {
        &self.frames * self.weights.sqrt().unsqueeze(-2)
    }

    /// S^½ and T^½ O, both times an orthogonal matrix: for XᵀY = U Σ Vᵀ the nearest Y is Y V Uᵀ.
    fn aligned_roots(&self, other: &Self) -> (Tensor, Tensor) {
        let (here, there) = (self.roots(), other.roots());
        let (u, _, v) = transposed_times(&here, &there).svd(false, true);
        let turn = v.matmul(&transposed(&u));
        let there = there.matmul(&turn);
        let both = Tensor::broadcast_tensors(&[&here, &there]);
        (both[0].shallow_clone(), both[1].shallow_clone())
    }
}

/// Points with a weighted flag at each, from the covariance of nearby points: a discrete flagfold.
#[derive(Debug)]
pub struct Flagfold {
    /// The points, `[count, n]` in f64.
    pub points: Tensor,
    /// The flags, `[count, …]`.
    pub flags: WeightedFlags,
    /// The number of points from which each flag was computed, `[count]`, integers.
    pub neighbours: Tensor,
}

/// The flagfold of a point cloud: at each point, the covariance of all points within `radius` of
/// it, about their mean.
///
/// # Shapes
///
/// Points `[count, n]`. Takes time proportional to count² n² and memory proportional to count n².
///
/// # Errors
///
/// [`Error::InvalidArgument`] for another shape or kind, for a radius that is not finite and positive, and
/// for a point with fewer than two others within the radius, with its index; [`Error::NotFinite`]
/// for a coordinate that is not finite; [`Error::NotOnManifold`] for a covariance that is 0.
pub fn flagfold(points: &Tensor, radius: f64) -> Result<Flagfold> {
    const OP: &str = "flagfold";
    const NEEDED: usize = 3;
    crate::numerics::require_floating(OP, "points", points)?;
    let size = points.size();
    let [count, n] = size[..] else {
        return Err(Error::invalid(
            OP,
            "points of shape [count, n]",
            format!("{size:?}"),
        ));
    };
    if n == 0 {
        return Err(Error::invalid(
            OP,
            "points of shape [count, n ≥ 1]",
            "n = 0",
        ));
    }
    if !(radius.is_finite() && radius > 0.0) {
        return Err(Error::invalid(OP, "a finite radius above 0", radius));
    }
    let dim = n as usize;
    let points = points.detach().to_kind(Kind::Double).contiguous();
    let numbers: Vec<f64> = points
        .flatten(0, -1)
        .iter::<f64>()
        .into_iter()
        .flatten()
        .collect();
    if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
        return Err(Error::NotFinite {
            op: OP,
            what: "a coordinate",
            place: format!("point {}", index / dim.max(1)),
        });
    }
    let rows: Vec<&[f64]> = numbers.chunks_exact(dim.max(1)).collect();
    let found: Vec<(usize, Vec<f64>)> = rows
        .par_iter()
        .map(|center| local_covariance(center, &rows, radius))
        .collect();
    if let Some(index) = found.iter().position(|(near, _)| *near < NEEDED) {
        let expected = format!("at least {NEEDED} points within {radius} of each");
        let got = format!("{} around point {index}", found[index].0);
        return Err(Error::invalid(OP, expected, got));
    }
    let covariances: Vec<f64> = found.iter().flat_map(|(_, s)| s.iter().copied()).collect();
    let covariances = Tensor::from_slice(&covariances).view([count, n, n]);
    let neighbours: Vec<i64> = found.iter().map(|(near, _)| *near as i64).collect();
    Ok(Flagfold {
        flags: WeightedFlags::from_covariances(&covariances)?,
        neighbours: Tensor::from_slice(&neighbours),
        points,
    })
}

/// How many rows lie within a radius of a center, and their covariance.
fn local_covariance(center: &[f64], rows: &[&[f64]], radius: f64) -> (usize, Vec<f64>) {
    let n = center.len();
    let near = |row: &&&[f64]| {
        let square: f64 = row.iter().zip(center).map(|(a, b)| (a - b).powi(2)).sum();
        square <= radius * radius
    };
    let near: Vec<&&[f64]> = rows.iter().filter(near).collect();
    let count = near.len() as f64;
    // About the center first, so that far from the origin nothing cancels.
    let mean: Vec<f64> = (0..n)
        .map(|i| near.iter().map(|row| row[i] - center[i]).sum::<f64>() / count)
        .collect();
    let mut covariance = vec![0.0; n * n];
    for row in &near {
        for i in 0..n {
            for j in 0..n {
                let part = |k: usize| row[k] - center[k] - mean[k];
                covariance[i * n + j] += part(i) * part(j) / count;
            }
        }
    }
    (near.len(), covariance)
}
