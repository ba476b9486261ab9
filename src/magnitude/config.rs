//! How weights are found.

use std::fmt;

/// The solver of Zw = 1.
///
/// By default they are tried in this order, except `ConjugateGradients`; see the table of the
/// [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[non_exhaustive]
pub enum Solver {
    /// Z = LLᵀ.
    Cholesky,
    /// Z = E + 11ᵀ with E = LDLᵀ, for small scales, where Z is singular up to rounding but E is
    /// not.
    Shifted,
    /// Z = LLᵀ with pivots, restricted to points that are independent up to rounding; the others
    /// get weight 0.
    PivotedCholesky,
    /// Z = LDLᵀ with Bunch–Kaufman pivoting, for Z with negative eigenvalues.
    Indefinite,
    /// Z = VΛVᵀ without the eigenvalues that are 0 up to rounding, which gives the w of least
    /// norm.
    Spectral,
    /// Conjugate gradients without Z in memory; only by
    /// [`matrix_free_weighting`](super::matrix_free_weighting).
    ConjugateGradients,
}

impl Solver {
    pub(super) fn needs(self) -> &'static str {
        match self {
            Self::Cholesky => "positive definite similarities",
            Self::Shifted => "similarities above 1/2 for most pairs, and Z − 11ᵀ that is regular",
            Self::PivotedCholesky => "positive semidefinite similarities",
            Self::Indefinite | Self::Spectral => "regular similarities",
            Self::ConjugateGradients => "points, in `matrix_free_weighting`",
        }
    }
}

impl fmt::Display for Solver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cholesky => "Cholesky",
            Self::Shifted => "Z − 11ᵀ = LDLᵀ",
            Self::PivotedCholesky => "pivoted Cholesky",
            Self::Indefinite => "LDLᵀ",
            Self::Spectral => "eigenvalues",
            Self::ConjugateGradients => "conjugate gradients",
        })
    }
}

/// The settings of [`weighting`](super::weighting()).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightingConfig {
    /// The solver; `None` tries them in order.
    pub solver: Option<Solver>,
    /// The most steps of iterative refinement, each with a residual in twice the precision. Most
    /// weights take one step from a factor in f64 and two to four from a factor in f32;
    /// ill-conditioned ones take more. If this is below 8, all factors are in f64. If
    /// [`Solver::Cholesky`] does not converge within these steps and most similarities are above
    /// ½, the next solver is tried. With 0 steps this happens where the condition is above 1e3.
    pub max_refinements: usize,
}

impl Default for WeightingConfig {
    /// Solvers in order, and up to 10 refinements.
    fn default() -> Self {
        Self {
            solver: None,
            max_refinements: 10,
        }
    }
}
