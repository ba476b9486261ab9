//! The flag manifold: nested linear subspaces.
//!
//! A point of Fl(d₁ < … < d_k; n) is a chain of subspaces S₁ ⊂ … ⊂ S_k of ℝⁿ of these dimensions,
//! given by an n × d_k matrix p with pᵀp = 1 whose first dᵢ columns span Sᵢ. The columns dᵢ₋₁ + 1 … dᵢ
//! are a *block* of size mᵢ = dᵢ − dᵢ₋₁; p and pD are the same point for block-diagonal orthogonal D.
//! Tangents at p are matrices v = pA + N with pᵀN = 0 and a skew A whose diagonal blocks vanish
//! (*horizontal*: vD at pD is the same tangent). The metric is the canonical one (ye2022), which
//! comes from ½ tr XᵀY of the skew matrices X and Y that generate the rotations:
//!
//! ```text
//! ⟨u, v⟩ = tr uᵀv − ½ tr (pᵀu)ᵀ(pᵀv) = ½ tr XᵀY,  X = | A −Bᵀ |, N = QB
//!                                                   | B   0 |
//! ```
//!
//! With one block this is the metric of [`Grassmann`](crate::Grassmann), and for blocks of size 1
//! the canonical metric of the Stiefel manifold and, for d_k = n, of the rotations, in which a
//! rotation about an axis by an angle is as long as the angle. It is invariant under rotations of ℝⁿ,
//! and its geodesics are the orbits of one-parameter groups of rotations.
//!
//! Every operation here is a function of the flags: another representative of an argument gives the
//! same number, the same flag, or the same tangent in the representative of its point.
//!
//! # References
//!
//! ye2022; edelman1998 (geodesics); pitaval2013 and mankovich2023 (chordal distance);
//! szwagier2023 (logarithm).

mod fused;
mod logarithm;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::frames::{
    self, OfMatrices, frobenius, identity_like, matrix_exponential, newton_schulz,
    orthonormality_defect, polar, transposed, transposed_times,
};
use crate::manifold::{Manifold, Sample, first_above, tolerance};
use crate::numerics::{finite_defect, in_f64, no_grad};
use crate::random::random_normal;
use crate::{Error, Result};

/// The manifold Fl(d₁ < … < d_k; n) of nested subspaces of ℝⁿ with the dimensions d₁ < … < d_k.
///
/// A point is a chain of subspaces S₁ ⊂ … ⊂ S_k, given by an n × d_k matrix p with pᵀp = 1 whose
/// first dᵢ columns span Sᵢ. The columns dᵢ₋₁ + 1 … dᵢ are *block* i, of size mᵢ = dᵢ − dᵢ₋₁.
/// Points p and pD are the same for block-diagonal orthogonal D.
///
/// Tangents at p are the horizontal matrices v = pA + N, where pᵀN = 0, A is skew-symmetric and
/// its diagonal blocks are 0; vD at pD is the same tangent. The metric is the canonical one:
///
/// ```text
/// ⟨u, v⟩ = tr uᵀv − ½ tr (pᵀu)ᵀ(pᵀv)
/// ```
///
/// With one block this is the metric of [`Grassmann`](crate::Grassmann). For blocks of size 1 it
/// is the canonical metric of [`Stiefel`](crate::Stiefel) and, if d_k = n, the metric of
/// [`SpecialOrthogonal`](crate::SpecialOrthogonal).
///
/// No result depends on the choice of representatives: with others an operation returns the same
/// number, the same flag, or the same tangent in the representative of its base point.
///
/// # Shapes
///
/// Points and tangents `[.., n, d_k]`.
///
/// # Accuracy
///
/// Points are orthonormal and tangents horizontal to a few ε. The largest absolute errors of
/// [`exp`](Self::exp), [`chordal_dist`](Self::chordal_dist) and [`log`](Self::log) against
/// 60-digit references are 4e-16, 3e-16 and 8e-16, for any representatives and lengths from 1e-12
/// to 1.1.
///
/// # Gradient
///
/// All operations of the traits, [`exp`](Self::exp) and [`chordal_dist`](Self::chordal_dist) have
/// derivatives of every order, except the distance at p = q, where the gradient is 0.
/// [`log`](Self::log) and [`dist`](Self::dist) carry no gradient.
///
/// # References
///
/// ye2022; edelman1998 (geodesics); pitaval2013 and mankovich2023 (chordal distance); szwagier2023
/// (logarithm).
///
/// # Examples
///
/// A line in a plane in space; the plane is rotated about the line.
///
/// ```
/// use holonomy::Flag;
/// use holonomy::tch::Tensor;
///
/// let flags = Flag::new(3, &[1, 2])?;
/// let (sin, cos) = 0.3_f64.sin_cos();
/// let p = Tensor::from_slice2(&[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]);
/// let q = Tensor::from_slice2(&[[1.0, 0.0], [0.0, cos], [0.0, sin]]);
/// assert!((flags.dist(&p, &q)?.double_value(&[]) - 0.3).abs() < 1e-15);
/// assert!((flags.chordal_dist(&p, &q).double_value(&[]) - sin).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    n: i64,
    dims: Vec<i64>,
}

impl Flag {
    /// The manifold of chains of subspaces of ℝⁿ with these dimensions.
    ///
    /// The last dimension may be n: `Flag::new(3, &[1, 2, 3])` and `Flag::new(3, &[1, 2])` have
    /// the same points, with and without the last column, which the others determine up to its
    /// sign.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless 1 ≤ d₁ < … < d_k ≤ n and d₁ < n, with the first
    /// dimension that does not fit.
    pub fn new(n: i64, dims: &[i64]) -> Result<Self> {
        const OP: &str = "Flag::new";
        if dims.is_empty() {
            return Err(Error::invalid(OP, "at least one dimension", "none"));
        }
        let mut before = 0;
        for (index, &dim) in dims.iter().enumerate() {
            if dim <= before || dim > n {
                let expected = format!("dimension {index} in {}..={n}", before + 1);
                return Err(Error::invalid(OP, expected, dim));
            }
            before = dim;
        }
        if dims[0] == n {
            let got = format!("n = {n}, which leaves one flag");
            return Err(Error::invalid(OP, "a subspace smaller than ℝⁿ", got));
        }
        Ok(Self {
            n,
            dims: dims.to_vec(),
        })
    }

    /// The dimension n of the ambient space.
    pub fn ambient_dim(&self) -> i64 {
        self.n
    }

    /// The dimensions d₁ < … < d_k of the subspaces.
    pub fn subspace_dims(&self) -> &[i64] {
        &self.dims
    }

    /// The number of columns d_k of a point.
    pub fn frame_dim(&self) -> i64 {
        self.dims[self.dims.len() - 1]
    }

    /// The first column and the number of columns of each block.
    pub fn blocks(&self) -> impl Iterator<Item = (i64, i64)> + '_ {
        let starts = std::iter::once(&0).chain(&self.dims);
        starts.zip(&self.dims).map(|(&from, &to)| (from, to - from))
    }

    /// The end of the geodesic that leaves `p` with velocity `v` after unit time.
    ///
    /// ```text
    /// p E₁₁ + (N/s) E₂₁,  E = exp | A  −sG |,  A = pᵀv, N = v − pA, G = NᵀN/s²
    ///                             | s   0  |
    /// ```
    ///
    /// for any s > 0; here s = |N|. It needs one exponential of a 2d_k × 2d_k matrix, and no
    /// factorisation. With one block it is the exponential map of [`Grassmann`](crate::Grassmann).
    ///
    /// # Shapes
    ///
    /// `[.., n, d_k]`.
    pub fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("exp", &[p, v]);
        in_f64([p, v], |[p, v]| {
            let along = transposed_times(&p, &v);
            let a = (&along - transposed(&along)) * 0.5;
            let across = &v - p.matmul(&along);
            let size = frobenius(&across.detach()).unsqueeze(-1).unsqueeze(-1);
            let scale = size.where_self(&size.gt(0.0), &size.ones_like());
            let direction = &across / &scale;
            let square = transposed_times(&direction, &direction);
            let one = &scale * identity_like(&a);
            let generator = Tensor::cat(
                &[
                    Tensor::cat(&[&a, &(square * -&scale)], -1),
                    Tensor::cat(&[&one, &a.zeros_like()], -1),
                ],
                -2,
            );
            let first = matrix_exponential(&generator).narrow(-1, 0, self.frame_dim());
            let (onto_p, onto_direction) = (
                first.narrow(-2, 0, self.frame_dim()),
                first.narrow(-2, self.frame_dim(), self.frame_dim()),
            );
            newton_schulz(&(p.matmul(&onto_p) + direction.matmul(&onto_direction)))
        })
    }

    /// The velocity at `p` of a geodesic that reaches the flag `q` in unit time. It is the
    /// shortest one if q is near enough.
    ///
    /// An iteration rotates the representative of q, and of its complement, within the blocks,
    /// until the logarithm of the rotation from p to q has no part within the blocks. Each step
    /// multiplies that part by about |v|²/10. Within a distance of 1 it takes about 15 steps.
    ///
    /// # Shapes
    ///
    /// `[.., n, d_k]`.
    ///
    /// # Gradient
    ///
    /// None: the result is a constant for autograd.
    ///
    /// # Errors
    ///
    /// With the first pair that is not finite or has a right angle, if there is one:
    ///
    /// - [`Error::NotFinite`] if a flag is not finite.
    /// - [`Error::NoLogarithm`] if a direction in a block of q is orthogonal to the same block of
    ///   p, or a direction in the span of q to the span of p. The iteration then has no start;
    ///   with one block the shortest geodesic is not unique.
    ///
    /// Otherwise:
    ///
    /// - [`Error::NoConvergence`] if the iteration does not converge or the geodesic misses q. The
    ///   residual is the largest remaining angle, or the largest chordal distance of the
    ///   geodesic's end from q. Such flags are nearly orthogonal to p in some direction.
    ///
    /// In a test with 7,200 tangents v of six types of flag, up to length 1.5, `log` recovered
    /// every v from `exp(p, v)`, with an error of at most 5e-15.
    ///
    /// # References
    ///
    /// szwagier2023; zimmermann2017.
    pub fn log(&self, p: &Tensor, q: &Tensor) -> Result<Tensor> {
        /// Of the end of the geodesic from q, in f64 whatever the kind.
        const TOLERANCE: f64 = 1e-12;
        self.check("log", &[p, q]);
        let kind = p.kind();
        no_grad(|| {
            let [p, q] = [p, q].map(|x| {
                // f32 rounds frames; the nearest exact ones are meant.
                let x = x.detach().to_kind(Kind::Double);
                newton_schulz(&newton_schulz(&x))
            });
            let solution = logarithm::solve(self, &p, &q);
            let ended = solution.left <= 1e-13;
            if !ended && let Some(error) = self.why_no_logarithm(&p, &q) {
                return Err(error);
            }
            let not_converged = |residual, tolerance| Error::NoConvergence {
                op: "Flag::log",
                iterations: solution.turns,
                residual,
                tolerance,
            };
            if !ended {
                return Err(not_converged(solution.left, logarithm::LAST_TURN));
            }
            let missed = self.chordal_dist(&self.exp(&p, &solution.tangent), &q);
            if let Some((_, missed)) = first_above(&missed, TOLERANCE) {
                return Err(not_converged(missed, TOLERANCE));
            }
            Ok(self.project_tangent(&p, &solution.tangent).to_kind(kind))
        })
    }

    /// What is known of the first pair that is not finite or has a right angle.
    fn why_no_logarithm(&self, p: &Tensor, q: &Tensor) -> Option<Error> {
        const OP: &str = "Flag::log";
        /// Cosines below this are rounding.
        const RIGHT_ANGLE: f64 = 1e-14;
        let along = transposed_times(p, q);
        // NaN in rows that are not finite, which the decomposition must not see.
        let finite =
            finite_defect(&along).sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double);
        let along = along.nan_to_num(0.0, 0.0, 0.0);
        let whole = (self.frame_dim() < self.n).then_some((0, self.frame_dim()));
        let least = |(start, size)| {
            let block = along.narrow(-1, start, size).narrow(-2, start, size);
            let (_, cosines, _) = block.svd(true, false);
            cosines.amin([-1].as_slice(), false)
        };
        let defect = self
            .blocks()
            .chain(whole)
            .map(least)
            .reduce(|a, b| a.minimum(&b))?;
        let (row, amount) = first_above(&(RIGHT_ANGLE - defect + finite), 0.0)?;
        Some(if amount.is_nan() {
            Error::NotFinite {
                op: OP,
                what: "a flag",
                place: format!("row {row}"),
            }
        } else {
            Error::NoLogarithm {
                op: OP,
                row,
                reason: "a direction in a block of q is at a right angle to that block of p",
            }
        })
    }

    /// The length of [`log`](Self::log), `[..]`: the geodesic distance if q is near enough.
    ///
    /// # Gradient
    ///
    /// None.
    ///
    /// # Errors
    ///
    /// Those of [`log`](Self::log).
    pub fn dist(&self, p: &Tensor, q: &Tensor) -> Result<Tensor> {
        let v = self.log(p, q)?;
        Ok(no_grad(|| self.norm(p, &v)))
    }

    /// The chordal distance, from the projectors onto the blocks.
    ///
    /// ```text
    /// √Σᵢ ½|pᵢpᵢᵀ − qᵢqᵢᵀ|² = √Σᵢ (mᵢ − |pᵢᵀqᵢ|²) = |q − p blocks(pᵀq)|
    /// ```
    ///
    /// where pᵢ are the columns of block i, and `blocks` keeps the diagonal blocks and sets the
    /// rest to 0. With one block it is √Σ sin² θ over the principal angles θ. The complement of
    /// the flag does not enter.
    ///
    /// # Shapes
    ///
    /// `[..]`.
    ///
    /// # Accuracy
    ///
    /// An absolute error of a few ε.
    ///
    /// # Gradient
    ///
    /// 0 at p = q.
    ///
    /// # References
    ///
    /// pitaval2013; mankovich2023.
    pub fn chordal_dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let (n, d) = self.sizes();
        self.operation("chordal_dist", [p, q])
            .number(|| fused::chordal_dist(n, d, self.block_of()))
            .or(|[p, q]| {
                let blocks = self.blocks_mask(&p);
                let along = transposed_times(&p, &q) * &blocks;
                let rest = q - p.matmul(&along);
                let along = transposed_times(&p, &rest) * &blocks;
                frobenius(&(rest - p.matmul(&along)))
            })
    }

    /// The retraction to the flag of the nested column spans of p + v:
    ///
    /// ```text
    /// the factor Q of p + v = Q R, with a positive diagonal of R
    /// ```
    ///
    /// It agrees with [`exp`](Self::exp) to first order. The flag does not depend on the
    /// representatives of p and v. But the basis within a block does, unlike that of
    /// [`retract`](Manifold::retract).
    ///
    /// # Shapes
    ///
    /// `[.., n, d_k]`.
    pub fn retract_qr(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let (n, d) = self.sizes();
        self.operation("retract_qr", [p, v])
            .matrix(|| fused::retract_qr(n, d))
            .or(|[p, v]| {
                let (q, r) = Tensor::linalg_qr(&(p + v), "reduced");
                let signs = r.detach().diagonal(0, -2, -1).sign();
                q * signs.unsqueeze(-2)
            })
    }

    /// The orthogonal projectors pᵢpᵢᵀ onto the blocks, `[.., k, n, n]`, which do not depend on
    /// the representative.
    pub fn block_projectors(&self, p: &Tensor) -> Tensor {
        self.check("block_projectors", &[p]);
        in_f64([p], |[p]| {
            let projector = |(start, size)| {
                let block = p.narrow(-1, start, size);
                block.matmul(&transposed(&block))
            };
            let projectors: Vec<Tensor> = self.blocks().map(projector).collect();
            Tensor::stack(&projectors, -3)
        })
    }

    /// Orthonormal bases of the subspaces, `[.., n, dᵢ]` each: the first columns of `p`.
    pub fn to_subspaces(&self, p: &Tensor) -> Vec<Tensor> {
        self.check("to_subspaces", &[p]);
        let first = |&dim: &i64| p.narrow(-1, 0, dim);
        self.dims.iter().map(first).collect()
    }

    /// The flag of nested subspaces, each given by a matrix `[.., n, dᵢ]` whose columns span it.
    ///
    /// The columns need not be orthonormal, and the basis of one subspace need not contain that of
    /// another; only the spans must be nested.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another number of matrices, other dimensions, kinds or
    /// batches, for linearly dependent columns, and for a subspace that does not lie in the next
    /// one. The message gives its index, the first such row of the batch, and by how much it
    /// fails.
    pub fn from_subspaces(&self, bases: &[Tensor]) -> Result<Tensor> {
        self.check_bases(bases)?;
        let kind = bases[0].kind();
        let tolerance = tolerance(kind);
        let mut frame: Option<Tensor> = None;
        for (index, basis) in bases.iter().enumerate() {
            let basis = orthonormal_basis(index, basis, tolerance)?;
            frame = Some(match frame {
                None => basis,
                Some(inner) => extend(index, &inner, &basis, tolerance)?,
            });
        }
        // `check_bases` saw at least one.
        let frame = frame.unwrap_or_else(|| bases[0].shallow_clone());
        Ok(frame.to_kind(kind))
    }

    fn check_bases(&self, bases: &[Tensor]) -> Result<()> {
        const OP: &str = "Flag::from_subspaces";
        if bases.len() != self.dims.len() {
            let expected = format!("{} subspaces", self.dims.len());
            return Err(Error::invalid(OP, expected, bases.len()));
        }
        let batch = |basis: &Tensor| {
            let size = basis.size();
            size[..size.len().saturating_sub(2)].to_vec()
        };
        for (index, (basis, &dim)) in bases.iter().zip(&self.dims).enumerate() {
            crate::numerics::require_defined(OP, &[basis])?;
            let size = basis.size();
            if !size.ends_with(&[self.n, dim]) {
                let expected = format!("subspace {index} of shape [.., {}, {dim}]", self.n);
                return Err(Error::invalid(OP, expected, format!("{size:?}")));
            }
            let same = batch(basis) == batch(&bases[0]) && basis.kind() == bases[0].kind();
            if !same || !matches!(basis.kind(), Kind::Double | Kind::Float) {
                let describe = |t: &Tensor| format!("{:?} of {:?}", t.kind(), t.size());
                let expected = format!(
                    "subspace {index} of the batch and kind, Double or Float, of the first, {}",
                    describe(&bases[0])
                );
                return Err(Error::invalid(OP, expected, describe(basis)));
            }
        }
        Ok(())
    }

    /// 1 within the blocks, 0 elsewhere, `[d_k, d_k]`.
    pub(crate) fn blocks_mask(&self, like: &Tensor) -> Tensor {
        let of: Vec<i64> = self.block_of().iter().map(|&block| block as i64).collect();
        let of = Tensor::from_slice(&of).to_device(like.device());
        of.unsqueeze(-1)
            .eq_tensor(&of.unsqueeze(0))
            .to_kind(like.kind())
    }

    /// The block of each column.
    fn block_of(&self) -> Vec<usize> {
        self.blocks()
            .enumerate()
            .flat_map(|(block, (_, size))| std::iter::repeat_n(block, size as usize))
            .collect()
    }

    /// The skew part of M outside the blocks: what pᵀv may be.
    fn horizontal_part(&self, m: &Tensor) -> Tensor {
        let outside = self.blocks_mask(m).neg() + 1.0;
        (m - transposed(m)) * 0.5 * outside
    }

    /// z − p (M − A), M = pᵀz with the horizontal part A
    fn horizontal(&self, p: &Tensor, z: &Tensor) -> Tensor {
        let m = transposed_times(p, z);
        let vertical = &m - self.horizontal_part(&m);
        z - p.matmul(&vertical)
    }

    fn sizes(&self) -> (usize, usize) {
        (self.n as usize, self.frame_dim() as usize)
    }
}

/// An orthonormal basis of the columns' span, in f64.
fn orthonormal_basis(index: usize, basis: &Tensor, tolerance: f64) -> Result<Tensor> {
    const OP: &str = "Flag::from_subspaces";
    let basis = basis.to_kind(Kind::Double);
    // LAPACK wants finite numbers; 0 has no rank, so that the row is found.
    let safe = basis.nan_to_num(0.0, 0.0, 0.0);
    let (vectors, values, _) = safe.svd(true, true);
    let (greatest, smallest) = (
        values.amax([-1_i64].as_slice(), false),
        values.amin([-1_i64].as_slice(), false),
    );
    // NaN and infinity stay visible: 0 times them is NaN.
    let finite = (&basis * 0.0).sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double);
    let ratio = smallest / greatest + finite;
    match first_above(&ratio.reciprocal(), tolerance.recip()) {
        None => Ok(vectors),
        Some((row, inverse)) => {
            let expected = format!("linearly independent columns in subspace {index}");
            let got = format!(
                "row {row}, with a ratio of {:e} of its smallest to its greatest singular value",
                inverse.recip()
            );
            Err(Error::invalid(OP, expected, got))
        }
    }
}

/// The frame of `inner` with further columns, so that all together span `outer`.
fn extend(index: usize, inner: &Tensor, outer: &Tensor, tolerance: f64) -> Result<Tensor> {
    const OP: &str = "Flag::from_subspaces";
    let outside = inner - outer.matmul(&transposed_times(outer, inner));
    if let Some((row, amount)) = first_above(&frobenius(&outside), tolerance) {
        let before = index - 1;
        let expected = format!("subspace {before} within subspace {index}, to {tolerance:e}");
        let got = format!("row {row}, which is {amount:e} outside");
        return Err(Error::invalid(OP, expected, got));
    }
    let size = |t: &Tensor| t.size()[t.dim() - 1];
    let rest = outer - inner.matmul(&transposed_times(inner, outer));
    let (vectors, _, _) = rest.svd(true, true);
    let beside = vectors.narrow(-1, 0, size(outer) - size(inner));
    Ok(newton_schulz(&Tensor::cat(&[inner, &beside], -1)))
}

impl OfMatrices for Flag {
    fn size_of_point(&self) -> [i64; 2] {
        [self.n, self.frame_dim()]
    }
}

impl Manifold for Flag {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n, self.frame_dim()]
    }

    /// The sum over all pairs of blocks, including the complement as a block, of the product of
    /// their sizes.
    fn dim(&self) -> i64 {
        // A block of size m is free of the n − (its end) dimensions after it.
        self.blocks()
            .map(|(start, size)| size * (self.n - start - size))
            .sum()
    }

    /// The largest entry of |pᵀp − 1|.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.check("point_defect", &[p]);
        in_f64([p], |[p]| orthonormality_defect(&p))
    }

    /// ```text
    /// |pᵀv − A| / |v|, 0 for v = 0
    /// ```
    ///
    /// where A is the skew-symmetric part of pᵀv outside the diagonal blocks.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("tangent_defect", &[p, v]);
        in_f64([p, v], |[p, v]| {
            let size = frobenius(&v);
            let zero = size.eq(0.0);
            let size = size.where_self(&zero.logical_not(), &size.ones_like());
            let m = transposed_times(&p, &v);
            frobenius(&(&m - self.horizontal_part(&m))) / size
        })
    }

    /// The polar factor z (zᵀz)^(−½), the nearest matrix with orthonormal columns. NaN where the
    /// columns of z are linearly dependent.
    fn project(&self, z: &Tensor) -> Tensor {
        let (n, d) = self.sizes();
        self.operation("project", [z])
            .matrix(|| frames::fused::project(n, d))
            .or(|[z]| polar(&z))
    }

    /// ```text
    /// z − p (M − A),  M = pᵀz,  A = ½(M − Mᵀ) outside the diagonal blocks
    /// ```
    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        let (_, d) = self.sizes();
        self.operation("project_tangent", [p, z])
            .matrix(|| fused::project_tangent(d, self.block_of()))
            .or(|[p, z]| {
                let once = self.horizontal(&p, &z);
                self.horizontal(&p, &once)
            })
    }

    /// ```text
    /// tr uᵀv − ½ tr (pᵀu)ᵀ(pᵀv)
    /// ```
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("inner", &[p, u, v]);
        in_f64([p, u, v], |[p, u, v]| {
            let sum = |x: Tensor| x.sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double);
            let along = sum(transposed_times(&p, &u) * transposed_times(&p, &v));
            sum(u * v) - along * 0.5
        })
    }

    /// ```text
    /// z − pM + 2pA,  z = egrad,  M = pᵀz,  A = ½(M − Mᵀ) outside the diagonal blocks
    /// ```
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.check("rgrad", &[p, egrad]);
        in_f64([p, egrad], |[p, z]| {
            let v = self.project_tangent(&p, &z);
            let a = self.horizontal_part(&transposed_times(&p, &v));
            v + p.matmul(&a)
        })
    }

    /// The polar factor of p + v
    ///
    /// ```text
    /// (p + v)(1 + vᵀv)^(−½)
    /// ```
    ///
    /// whose representative changes with that of p and v. It agrees with [`exp`](Self::exp) to
    /// first order, and with one block to second order.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let (n, d) = self.sizes();
        self.operation("retract", [p, v])
            .matrix(|| frames::fused::polar_step(n, d))
            .or(|[p, v]| polar(&(p + v)))
    }

    /// The projection in the space of the blocks' projectors, which does not depend on the
    /// representatives:
    ///
    /// ```text
    /// project_tangent(q, v blocks(pᵀq) + p blocks(vᵀq))
    /// ```
    ///
    /// where `blocks` keeps the diagonal blocks and sets the rest to 0.
    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.check("vector_transport", &[p, q, v]);
        in_f64([p, q, v], |[p, q, v]| {
            let blocks = self.blocks_mask(&p);
            let moved = v.matmul(&(transposed_times(&p, &q) * &blocks))
                + p.matmul(&(transposed_times(&v, &q) * &blocks));
            self.project_tangent(&q, &moved)
        })
    }
}

impl Sample for Flag {
    /// Uniform: the distribution that is invariant under rotations of ℝⁿ.
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        let size = [batch, &self.point_shape()].concat();
        let z = random_normal(rng, &size, Kind::Double, Device::Cpu);
        no_grad(|| self.project(&z)).to_kind(kind).to_device(device)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.check("random_tangent", &[p]);
        let z = random_normal(rng, &p.size(), Kind::Double, p.device());
        no_grad(|| {
            let p = p.to_kind(Kind::Double);
            let v = self.project_tangent(&p, &z);
            // The entries of A, each there twice, count half in the metric.
            let a = transposed_times(&p, &v);
            &v + p.matmul(&a) * (std::f64::consts::SQRT_2 - 1.0)
        })
        .to_kind(p.kind())
    }
}
