//! Factorisations of similarity matrices, each of which solves Zx = b.

use tch::{Kind, Tensor};

use super::pivoted::PivotedCholesky;
use super::triangular::cholesky_solve;
use crate::magnitude::similarity::{Similarity, to_vec};
use crate::numerics::cholesky::{DoubleCholesky, SingleCholesky, is_fast};
use crate::numerics::compensated::{plus, rounded, sum};
use crate::numerics::{is_recorded, no_grad};
use crate::{Error, Result};

/// Z in a form that systems are solved with.
#[derive(Debug)]
pub(in crate::magnitude) enum Factor {
    /// Z = L Lᵀ.
    Cholesky(Tensor),
    /// Z ≈ L Lᵀ in f32: good enough to find weights by refinement, in half the time.
    Single(Tensor),
    /// Either of the two on the CPU, for columns that no gradient is asked of.
    Panels(Panels),
    /// Z = L Lᵀ for the points that were kept; the others get 0.
    Pivoted(PivotedCholesky),
    /// Z = L D Lᵀ with blocks of one and two in D.
    Indefinite(Ldl),
    /// Z = E + 11ᵀ with E = L D Lᵀ.
    Shifted(Shifted),
    /// Z = V Λ Vᵀ without the eigenvalues that are 0 to rounding.
    Spectral(Spectral),
}

impl Factor {
    /// L Lᵀ, or the pivot, counted from 1, that is not positive.
    ///
    /// What it solves is differentiable in its right sides if the factor is of the `differentiable` kind.
    pub(in crate::magnitude) fn cholesky(
        op: &'static str,
        similarity: &Similarity,
        differentiable: bool,
    ) -> Result<std::result::Result<Self, i64>> {
        if !differentiable && Panels::suit(similarity) {
            let factor = similarity.by_panels();
            return Ok(factor.map(|l| Self::Panels(Panels::Double(l))));
        }
        // Z is not needed beside its factor.
        let z = similarity.matrix();
        let (l, info) = z
            .f_linalg_cholesky_ex(false, false)
            .map_err(|source| Error::Torch { op, source })?;
        Ok(match info.int64_value(&[]) {
            0 => Ok(Self::Cholesky(l)),
            pivot => Err(pivot),
        })
    }

    /// L Lᵀ in f32; `None` where a pivot is not positive.
    pub(in crate::magnitude) fn single(
        op: &'static str,
        similarity: &Similarity,
    ) -> Result<Option<Self>> {
        if Panels::suit(similarity) {
            let factor = similarity.by_panels().ok();
            return Ok(factor.map(|l| Self::Panels(Panels::Single(l))));
        }
        let (l, info) = (similarity.entries())
            .to_kind(Kind::Float)
            .f_linalg_cholesky_ex(false, false)
            .map_err(|source| Error::Torch { op, source })?;
        Ok((info.int64_value(&[]) == 0).then_some(Self::Single(l)))
    }

    /// Z⁻¹ b for columns b, `[n, k]`; differentiable in b. By [`Single`](Self::Single) to f32 at best.
    pub(in crate::magnitude) fn solve(&self, b: &Tensor) -> Tensor {
        match self {
            Self::Cholesky(l) => cholesky_solve(l, b),
            Self::Single(l) => cholesky_solve(l, &b.to_kind(Kind::Float)).to_kind(Kind::Double),
            Self::Panels(panels) => panels.solve(b),
            Self::Pivoted(pivoted) => pivoted.solve(b),
            Self::Indefinite(ldl) => ldl.solve(b),
            Self::Shifted(shifted) => shifted.solve(b),
            Self::Spectral(spectral) => spectral.solve(b),
        }
    }

    /// The unknowns of Zw = 1: w, `[n, 1]`, and for Z = E + 11ᵀ another one.
    pub(in crate::magnitude) fn first_unknowns(&self, similarity: &Similarity) -> Tensor {
        let ones = ones_like(similarity);
        match self {
            Self::Shifted(shifted) => {
                shifted.solve_system(&ones.zeros_like(), &ones.narrow(0, 0, 1))
            }
            _ => self.solve(&ones),
        }
    }

    /// What the unknowns leave of Zw = 1.
    pub(in crate::magnitude) fn residual(
        &self,
        similarity: &Similarity,
        unknowns: &Tensor,
    ) -> Tensor {
        match self {
            Self::Shifted(_) => Shifted::residual(similarity, unknowns),
            _ => similarity.residual(unknowns),
        }
    }

    /// The change of the unknowns that removes a residual.
    pub(in crate::magnitude) fn correction(&self, residual: &Tensor) -> Tensor {
        match self {
            Self::Shifted(shifted) => {
                let n = residual.size()[0] - 1;
                shifted.solve_system(&residual.narrow(0, 0, n), &residual.narrow(0, n, 1))
            }
            _ => self.solve(residual),
        }
    }

    /// As [`solve`](Self::solve), for the matrix that was factored: E where Z = E + 11ᵀ.
    pub(in crate::magnitude) fn solve_factored(&self, b: &Tensor) -> Tensor {
        match self {
            Self::Shifted(shifted) => shifted.ldl.solve(b),
            _ => self.solve(b),
        }
    }

    /// What an estimate of the factored matrix's inverse is multiplied by to give a condition: its 1-norm,
    /// and what Z = E + 11ᵀ may cancel.
    pub(in crate::magnitude) fn norm(&self, similarity: &Similarity) -> f64 {
        match self {
            Self::Shifted(shifted) => largest_row(similarity.entries()) * shifted.cancellation(),
            _ => similarity.norm(),
        }
    }

    /// Where the smallest pivot is, of a Cholesky factor.
    pub(in crate::magnitude) fn smallest_pivot(&self) -> Option<i64> {
        match self {
            Self::Cholesky(l) | Self::Single(l) => {
                Some(l.diagonal(0, 0, 1).argmin(0, false).int64_value(&[]))
            }
            Self::Panels(panels) => Some(panels.smallest_pivot()),
            _ => None,
        }
    }

    /// How many dimensions Z has, but for those that are 0 to rounding.
    pub(in crate::magnitude) fn rank(&self, n: i64) -> i64 {
        match self {
            Self::Pivoted(pivoted) => pivoted.rank(),
            Self::Spectral(spectral) => spectral.inverse_values.size()[0],
            _ => n,
        }
    }

    /// How many eigenvalues of Z are negative.
    pub(in crate::magnitude) fn negative_eigenvalues(&self) -> i64 {
        match self {
            Self::Cholesky(_) | Self::Single(_) | Self::Panels(_) | Self::Pivoted(_) => 0,
            Self::Indefinite(ldl) => ldl.negative,
            Self::Shifted(shifted) => shifted.negative_eigenvalues(),
            Self::Spectral(spectral) => spectral
                .inverse_values
                .lt(0.0)
                .sum(Kind::Int64)
                .int64_value(&[]),
        }
    }
}

/// A factor L on the CPU by [panels](crate::numerics::cholesky).
#[derive(Debug)]
pub(in crate::magnitude) enum Panels {
    /// In f32.
    Single(SingleCholesky),
    /// In f64.
    Double(DoubleCholesky),
}

/// Points from which on panels are faster than libtorch.
const WORTH_PANELS: i64 = 256;

impl Panels {
    /// Whether they suit these similarities and this processor.
    fn suit(similarity: &Similarity) -> bool {
        similarity.len() >= WORTH_PANELS
            && !similarity.is_shifted()
            && similarity.device() == tch::Device::Cpu
            && is_fast()
    }

    fn solve(&self, b: &Tensor) -> Tensor {
        let columns: Vec<Vec<f64>> = (0..b.size()[1])
            .map(|column| to_vec(&b.narrow(1, column, 1)))
            .collect();
        let solved = match self {
            Self::Single(l) => l.solve(&columns),
            Self::Double(l) => l.solve(&columns),
        };
        Tensor::from_slice(&solved.concat())
            .view([b.size()[1], b.size()[0]])
            .transpose(0, 1)
    }

    fn smallest_pivot(&self) -> i64 {
        let row = match self {
            Self::Single(l) => l.smallest_pivot(),
            Self::Double(l) => l.smallest_pivot(),
        };
        row as i64
    }
}

fn largest_row(a: &Tensor) -> f64 {
    a.abs()
        .sum_dim_intlist(1, false, Kind::Double)
        .max()
        .double_value(&[])
}

/// The factorisation of Bunch and Kaufman, on the CPU.
#[derive(Debug)]
pub(in crate::magnitude) struct Ldl {
    compact: Tensor,
    pivots: Tensor,
    /// The device that right sides come from.
    device: tch::Device,
    /// How many eigenvalues are negative (Sylvester's law of inertia).
    negative: i64,
}

impl Ldl {
    /// `None` where a block of D is singular.
    pub(in crate::magnitude) fn new(op: &'static str, a: &Tensor) -> Result<Option<Self>> {
        let device = a.device();
        let a = a.to_device(tch::Device::Cpu);
        let (compact, pivots, info) = a
            .f_linalg_ldl_factor_ex(false, false)
            .map_err(|source| Error::Torch { op, source })?;
        if info.int64_value(&[]) != 0 {
            return Ok(None);
        }
        let diagonal = compact.diagonal(0, 0, 1);
        // A block of two, which both of its pivots mark with a negative number, has one eigenvalue of
        // each sign.
        let single = pivots.gt(0);
        let below = diagonal.lt(0.0).logical_and(&single).sum(Kind::Int64);
        let in_blocks = single.logical_not().sum(Kind::Int64);
        let negative = below.int64_value(&[]) + in_blocks.int64_value(&[]) / 2;
        Ok(Some(Self {
            compact,
            pivots,
            device,
            negative,
        }))
    }

    fn solve(&self, b: &Tensor) -> Tensor {
        if is_recorded(b) {
            // libtorch does not differentiate its solve; a product with the inverse it does.
            let n = self.compact.size()[0];
            let inverse = no_grad(|| self.solve(&Tensor::eye(n, (Kind::Double, tch::Device::Cpu))));
            return inverse.to_device(self.device).matmul(b);
        }
        let b = b.to_device(tch::Device::Cpu);
        Tensor::linalg_ldl_solve(&self.compact, &self.pivots, &b, false).to_device(self.device)
    }
}

/// Z = E + 11ᵀ through the factors of E: small differences of similarities keep their digits.
///
/// With μ = Σw − 1, Zw = 1 is the system
///
/// ```text
/// Ew + μ1 = 0,   1ᵀw − μ = 1
/// ```
///
/// of the unknowns w and μ, which Z at small scales would have to tell from rounding.
#[derive(Debug)]
pub(in crate::magnitude) struct Shifted {
    /// Of E.
    ldl: Ldl,
    /// E⁻¹1, `[n, 1]`.
    of_ones: Tensor,
    /// 1 + 1ᵀE⁻¹1.
    denominator: f64,
}

impl Shifted {
    /// `None` where E is singular, or Z is.
    pub(in crate::magnitude) fn new(
        op: &'static str,
        similarity: &Similarity,
    ) -> Result<Option<Self>> {
        let Some(ldl) = Ldl::new(op, similarity.entries())? else {
            return Ok(None);
        };
        let of_ones = ldl.solve(&ones_like(similarity));
        let denominator = 1.0 + of_ones.sum(Kind::Double).double_value(&[]);
        let regular = denominator.is_finite() && denominator != 0.0;
        Ok(regular.then_some(Self {
            ldl,
            of_ones,
            denominator,
        }))
    }

    /// Z⁻¹b.
    fn solve(&self, b: &Tensor) -> Tensor {
        let n = b.size()[0];
        let second = Tensor::zeros([1, b.size()[1]], (Kind::Double, b.device()));
        self.solve_system(b, &second).narrow(0, 0, n)
    }

    /// The unknowns, `[n + 1, k]`, for the right sides `[n, k]` and `[1, k]`.
    fn solve_system(&self, first: &Tensor, second: &Tensor) -> Tensor {
        let x = self.ldl.solve(first);
        let excess = (x.sum_dim_intlist(0, true, Kind::Double) - second) / self.denominator;
        Tensor::cat(&[x - &self.of_ones * &excess, excess], 0)
    }

    /// What is left of the right sides 0 and 1, `[n + 1, 1]`.
    fn residual(similarity: &Similarity, unknowns: &Tensor) -> Tensor {
        let n = similarity.len();
        let w = unknowns.narrow(0, 0, n);
        let excess = unknowns.double_value(&[n, 0]);
        let first = similarity.minus_image(&w, (-excess, 0.0));
        let total = sum(&to_vec(&w));
        let second = plus((1.0, 0.0), (-total.0, -total.1));
        let second = rounded(plus(second, (excess, 0.0)));
        Tensor::cat(
            &[first, Tensor::full_like(&unknowns.narrow(0, n, 1), second)],
            0,
        )
    }

    /// By how much 1 + 1ᵀE⁻¹1 is smaller than its parts.
    fn cancellation(&self) -> f64 {
        let parts = 1.0 + self.of_ones.abs().sum(Kind::Double).double_value(&[]);
        parts / self.denominator.abs()
    }

    /// By the two ways to eliminate from [[E, 1], [1ᵀ, −1]], whose inertia is that of Z and one −1.
    fn negative_eigenvalues(&self) -> i64 {
        self.ldl.negative - i64::from(self.denominator < 0.0)
    }
}

fn ones_like(similarity: &Similarity) -> Tensor {
    Tensor::ones([similarity.len(), 1], (Kind::Double, similarity.device()))
}

/// The eigenvectors of the eigenvalues that are not 0 to rounding.
#[derive(Debug)]
pub(in crate::magnitude) struct Spectral {
    vectors: Tensor,
    inverse_values: Tensor,
}

impl Spectral {
    /// Without the eigenvalues of at most n·ε times the largest.
    pub(in crate::magnitude) fn new(op: &'static str, z: &Tensor) -> Result<Self> {
        let (values, vectors) = z
            .f_linalg_eigh("L")
            .map_err(|source| Error::Torch { op, source })?;
        let largest = values.abs().max().double_value(&[]);
        let threshold = f64::EPSILON * z.size()[0] as f64 * largest;
        let kept = values.abs().gt(threshold).nonzero().view(-1);
        Ok(Self {
            vectors: vectors.index_select(1, &kept),
            inverse_values: values.index_select(0, &kept).reciprocal(),
        })
    }

    fn solve(&self, b: &Tensor) -> Tensor {
        let coordinates = self.vectors.transpose(0, 1).matmul(b);
        self.vectors
            .matmul(&(coordinates * self.inverse_values.unsqueeze(1)))
    }
}
