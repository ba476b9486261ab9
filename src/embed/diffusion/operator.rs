//! The diffusion operator and its powers.

use tch::{Device, Kind, Tensor};

use super::affinity::first_true;
use crate::graph::Graph;
use crate::metric::{Diagonal, symmetry};
use crate::numerics::no_grad;
use crate::numerics::rows::{is_symmetric, measure_rows};
use crate::{Error, Result};

/// A sum of affinities, as a part of the largest one, below which a point has none.
const LEAST_DENSITY: f64 = 1e-300;
/// How far below 1 an eigenvalue counts as 1.
const ROUNDED_ONE: f64 = 1e-10;

/// A reversible random walk on n points, diagonalised: each power, integer or fractional, takes
/// one matrix product.
///
/// ```text
/// P^t = D^(−1/2) V diag(λ₊^t) Vᵀ D^(1/2)        λ₊ = max(λ, 0)
/// ```
///
/// # Which powers exist
///
/// A negative eigenvalue has no real square root. A positive semidefinite affinity has none, up to
/// rounding (see [`Kernel`](super::Kernel)). Otherwise the negative part of the operator is left
/// out **at all times**, so that P^(1/2) P^(1/2) = P^1 still holds; P^1 is then the operator
/// without that part. [`negative_part`](Self::negative_part) measures what was left out. Rows
/// always add up to 1, since the constant function is an eigenfunction with eigenvalue 1.
///
/// Eigenvalues of an affinity that are 0 up to rounding (at most nε in absolute value) are set to
/// 0, because small times would amplify them: 1e-17 to the power 1/32 is 0.3.
///
/// # Memory and time
///
/// n² numbers, and a full symmetric eigendecomposition once.
#[derive(Debug)]
pub struct DiffusionOperator {
    /// Ascending, `[r]`.
    values: Tensor,
    /// ln max(λ, 0): where a value is too small for a number, its small powers are not.
    logarithms: Tensor,
    /// `[n, r]`.
    vectors: Tensor,
    /// D^(1/2), `[n]`.
    roots: Tensor,
    negative_part: f64,
}

impl DiffusionOperator {
    /// The random walk on points with these affinities, normalised for the density of the points
    /// (α = 1 in coifman2006).
    ///
    /// ```text
    /// q = A 1,   K = A(i, j) / (q(i) q(j)),   d = K 1,   P(i, j) = K(i, j) / d(i)
    /// ```
    ///
    /// # Shapes
    ///
    /// `affinity` `[n, n]`, Double or Float.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another shape or kind, an affinity that is negative, not
    /// finite or not symmetric (up to rounding), with the pair, or a point whose affinities,
    /// including that to itself, add up to less than 1e-300 of the largest one; [`Error::Torch`]
    /// where the eigendecomposition fails.
    ///
    /// # Examples
    ///
    /// Two points whose mutual affinity is half of that to themselves.
    ///
    /// ```
    /// use holonomy::embed::DiffusionOperator;
    /// use holonomy::tch::Tensor;
    ///
    /// let walk = DiffusionOperator::from_affinity(&Tensor::from_slice2(&[[1.0, 0.5], [0.5, 1.0]]))?;
    /// assert!((walk.power(1.0).double_value(&[0, 1]) - 1.0 / 3.0).abs() < 1e-15);
    /// let half = walk.power(0.5);
    /// assert!((half.matmul(&half) - walk.power(1.0)).abs().max().double_value(&[]) < 1e-15);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    ///
    /// # References
    ///
    /// coifman2006; lin2023, section 3.
    pub fn from_affinity(affinity: &Tensor) -> Result<Self> {
        const OP: &str = "DiffusionOperator::from_affinity";
        let affinity = checked(OP, affinity)?.detach().to_kind(Kind::Double);
        let affinity = &affinity / affinity.max();
        let density = affinity.sum_dim_intlist(-1, false, Kind::Double);
        let connected = density.ge(LEAST_DENSITY);
        if let Some(point) = first_true(&connected.logical_not()) {
            let got = format!("none for point {point}");
            return Err(Error::invalid(OP, "a positive affinity of each point", got));
        }
        // With d = s/q, K(i, j)/√(d(i) d(j)) = A(i, j)/√(q(i) s(i) q(j) s(j)), where no product overflows.
        let sums = (&affinity / &density).sum_dim_intlist(-1, false, Kind::Double);
        let scale = density.sqrt() * sums.sqrt();
        let roots = sums.sqrt() / density.sqrt();
        let symmetric = affinity / scale.unsqueeze(-1) / scale;
        let (values, vectors) = eigenpairs(OP, &symmetric)?;
        let noise = f64::EPSILON * values.size()[0] as f64;
        let values = values.masked_fill(&values.abs().le(noise), 0.0);
        Ok(Self {
            negative_part: negative_part(&values),
            logarithms: values.clamp_min(0.0).log(),
            values,
            vectors,
            roots,
        })
    }

    /// The heat kernel exp(−time · L) of a graph, with the unnormalised Laplacian L = degrees −
    /// adjacency, in f64 on the CPU. Edges are taken as undirected; their weights are ignored.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a graph without nodes or a time that is not positive and finite;
    /// [`Error::Torch`] where the eigendecomposition fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::embed::DiffusionOperator;
    /// use holonomy::graph::Graph;
    ///
    /// let edge = Graph::new(vec!["a".into(), "b".into()], vec![(0, 1)], None)?;
    /// let stays = DiffusionOperator::heat(&edge, 1.0)?.power(1.0).double_value(&[0, 0]);
    /// assert!((stays - (1.0 + (-2.0_f64).exp()) / 2.0).abs() < 1e-15);
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn heat(graph: &Graph, time: f64) -> Result<Self> {
        const OP: &str = "DiffusionOperator::heat";
        let n = graph.node_count();
        if n == 0 {
            return Err(Error::invalid(OP, "a graph with nodes", "none"));
        }
        if !(time > 0.0 && time.is_finite()) {
            return Err(Error::invalid(OP, "a positive, finite time", time));
        }
        let mut laplacian = vec![0.0; n * n];
        for &(a, b) in graph.edges() {
            let (a, b) = (a as usize, b as usize);
            if laplacian[a * n + b] == 0.0 {
                laplacian[a * n + b] = -1.0;
                laplacian[b * n + a] = -1.0;
                laplacian[a * n + a] += 1.0;
                laplacian[b * n + b] += 1.0;
            }
        }
        let laplacian = Tensor::from_slice(&laplacian).view([n as i64, n as i64]);
        let (rates, vectors) = eigenpairs(OP, &laplacian)?;
        let logarithms = (rates * -time).flip([0]);
        Ok(Self {
            values: logarithms.exp(),
            logarithms,
            vectors: vectors.flip([1]),
            roots: Tensor::ones([n as i64], (Kind::Double, Device::Cpu)),
            negative_part: 0.0,
        })
    }

    /// The number of points.
    pub fn len(&self) -> i64 {
        self.roots.size()[0]
    }

    /// Always false: an operator has at least one point.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The eigenvalues that are kept, ascending, negative ones included, `[r]`; the last is 1.
    pub fn eigenvalues(&self) -> Tensor {
        self.values.copy()
    }

    /// The part of the spectrum that is left out because it is negative: Σ |λ| over λ < 0, divided
    /// by Σ |λ|. For a [truncated](Self::truncated) operator it is that of the whole operator.
    pub fn negative_part(&self) -> f64 {
        self.negative_part
    }

    /// The operator restricted to its `rank` largest eigenvalues. Its powers are cheaper and
    /// smoother; those at small times change most.
    ///
    /// Rows still add up to 1, to about ε divided by the gap between 1 and the largest eigenvalue
    /// that is left out.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a rank below the multiplicity of the eigenvalue 1 (to 1e-10;
    /// it is the number of connected components) or above the number of eigenvalues.
    pub fn truncated(&self, rank: i64) -> Result<Self> {
        let kept = self.values.size()[0];
        let ones = self.values.ge(1.0 - ROUNDED_ONE).sum(Kind::Int64);
        let ones = ones.int64_value(&[]).max(1);
        if !(ones..=kept).contains(&rank) {
            let expected = format!("a rank from {ones} to {kept}");
            return Err(Error::invalid(
                "DiffusionOperator::truncated",
                expected,
                rank,
            ));
        }
        Ok(Self {
            values: self.values.narrow(0, kept - rank, rank),
            logarithms: self.logarithms.narrow(0, kept - rank, rank),
            vectors: self.vectors.narrow(1, kept - rank, rank),
            roots: self.roots.shallow_clone(),
            negative_part: self.negative_part,
        })
    }

    /// P^time, `[n, n]` in f64: row i is the distribution of the walk from point i after that
    /// time.
    ///
    /// Entries can be negative: by rounding, for times below 1 unless the walk is a heat kernel,
    /// and at all times where eigenvalues were left out, negative ones or by
    /// [truncation](Self::truncated).
    ///
    /// # Accuracy
    ///
    /// The absolute error is about 1e-15; for few points of very different densities it is larger.
    ///
    /// # Panics
    ///
    /// For a time that is not positive and finite.
    #[track_caller]
    pub fn power(&self, time: f64) -> Tensor {
        assert!(
            time > 0.0 && time.is_finite(),
            "power: expected a positive, finite time, got {time}"
        );
        let powers = (&self.logarithms * time).exp();
        let left = &self.vectors * powers / self.roots.unsqueeze(-1);
        let right = &self.vectors * self.roots.unsqueeze(-1);
        left.matmul(&right.tr())
    }
}

fn eigenpairs(op: &'static str, symmetric: &Tensor) -> Result<(Tensor, Tensor)> {
    no_grad(|| symmetric.f_linalg_eigh("L")).map_err(|source| Error::Torch { op, source })
}

fn negative_part(values: &Tensor) -> f64 {
    let negative = values.clamp_max(0.0).sum(Kind::Double).double_value(&[]);
    -negative / values.abs().sum(Kind::Double).double_value(&[])
}

/// The affinities, of two that rounding made different the mean.
fn checked(op: &'static str, affinity: &Tensor) -> Result<Tensor> {
    crate::numerics::require_defined(op, &[affinity])?;
    let size = affinity.size();
    let floating = matches!(affinity.kind(), Kind::Double | Kind::Float);
    if size.len() != 2 || size[0] != size[1] || size[0] == 0 || !floating {
        let got = format!("{size:?} of {:?}", affinity.kind());
        let expected = "a matrix of affinities [n, n] with n ≥ 1, Double or Float";
        return Err(Error::invalid(op, expected, got));
    }
    let wrong = measure_rows([affinity], |row, [affinities]| {
        let fits = |a: &f64| a.is_finite() && *a >= 0.0;
        let column = affinities.iter().position(|a| !fits(a))?;
        Some(format!("{} at ({row}, {column})", affinities[column]))
    });
    if let Some(got) = wrong.into_iter().flatten().next() {
        return Err(Error::invalid(op, "finite affinities ≥ 0", got));
    }
    let largest = affinity.max().double_value(&[]);
    if is_symmetric(affinity) || symmetry(op, affinity, Diagonal::Free, largest)? {
        return Ok(affinity.shallow_clone());
    }
    let half = affinity * 0.5;
    Ok(&half + half.tr())
}
