//! From similarities to weights: which factorisation, how it went, and what is left over.

use tch::Tensor;

use super::condition::inverse_norm;
use super::factor::{Factor, Ldl, Shifted, Spectral};
use super::pivoted::PivotedCholesky;
use super::similarity::Similarity;
use super::weighting::{Solver, WeightingConfig};
use crate::{Error, Result};

/// The residual above which a system that is singular to rounding has no solution. One that has leaves
/// √(n ε |X|) at most.
const UNSOLVABLE: f64 = 1e-4;

/// Weights and what is known of them.
pub(super) struct Solution {
    /// `[n, 1]`
    pub(super) weights: Tensor,
    pub(super) factor: Factor,
    pub(super) solver: Solver,
    pub(super) reason: String,
    pub(super) residual: f64,
    pub(super) condition: f64,
    pub(super) refinements: usize,
    /// Whether another refinement would change nothing.
    settled: bool,
}

impl Solution {
    fn is_regular(&self) -> bool {
        self.condition * f64::EPSILON < 1.0
    }
}

/// Solves Zw = 1.
pub(super) fn solve(
    op: &'static str,
    similarity: &Similarity,
    config: &WeightingConfig,
) -> Result<Solution> {
    let work = Work {
        op,
        similarity,
        config,
    };
    match config.solver {
        None => work.automatic(),
        Some(solver) => work.with(solver),
    }
}

struct Work<'a> {
    op: &'static str,
    similarity: &'a Similarity,
    config: &'a WeightingConfig,
}

impl Work<'_> {
    fn automatic(&self) -> Result<Solution> {
        let mut reason = match Factor::cholesky(self.op, &self.similarity.matrix())? {
            Ok(factor) => {
                let solution = self.finish(factor, Solver::Cholesky, "positive definite".into())?;
                let good = solution.settled || !self.similarity.is_shifted();
                if solution.is_regular() && good {
                    return Ok(solution);
                }
                format!("Cholesky: condition {:.0e}", solution.condition)
            }
            Err(pivot) => format!("Cholesky: pivot {pivot} is not positive"),
        };
        if self.similarity.is_shifted() {
            if let Some(solution) = self.shifted(&reason)?
                && solution.is_regular()
            {
                return Ok(solution);
            }
            reason += "; Z − 11ᵀ is singular to rounding";
        }
        if let Some(solution) = self.pivoted(&reason)? {
            if solution.residual <= UNSOLVABLE {
                return Ok(solution);
            }
        } else {
            reason += "; not positive semidefinite";
        }
        if let Some(solution) = self.indefinite(&reason)?
            && solution.is_regular()
        {
            return Ok(solution);
        }
        reason += "; singular to rounding";
        self.spectral(&reason)
    }

    fn with(&self, solver: Solver) -> Result<Solution> {
        let asked = "as asked";
        let found = match solver {
            Solver::Cholesky => match Factor::cholesky(self.op, &self.similarity.matrix())? {
                Ok(factor) => Some(self.finish(factor, solver, asked.into())?),
                Err(_) => None,
            },
            Solver::Shifted => self.shifted(asked)?,
            Solver::PivotedCholesky => self.pivoted(asked)?,
            Solver::Indefinite => self.indefinite(asked)?,
            Solver::Spectral => Some(self.spectral(asked)?),
            Solver::ConjugateGradients => None,
        };
        found.ok_or_else(|| {
            let got = "one that is not, to rounding";
            Error::invalid(self.op, solver.needs(), got)
        })
    }

    fn shifted(&self, reason: &str) -> Result<Option<Solution>> {
        if !self.similarity.is_shifted() {
            return Ok(None);
        }
        Shifted::new(self.op, self.similarity)?
            .map(|shifted| self.finish(Factor::Shifted(shifted), Solver::Shifted, reason.into()))
            .transpose()
    }

    fn pivoted(&self, reason: &str) -> Result<Option<Solution>> {
        PivotedCholesky::new(&self.similarity.matrix())
            .map(|factor| {
                let factor = Factor::Pivoted(factor);
                self.finish(factor, Solver::PivotedCholesky, reason.into())
            })
            .transpose()
    }

    fn indefinite(&self, reason: &str) -> Result<Option<Solution>> {
        Ldl::new(self.op, &self.similarity.matrix())?
            .map(|ldl| self.finish(Factor::Indefinite(ldl), Solver::Indefinite, reason.into()))
            .transpose()
    }

    fn spectral(&self, reason: &str) -> Result<Solution> {
        let factor = Factor::Spectral(Spectral::new(self.op, &self.similarity.matrix())?);
        let solution = self.finish(factor, Solver::Spectral, reason.into())?;
        // NaN is no solution either.
        if solution.residual <= UNSOLVABLE {
            return Ok(solution);
        }
        Err(Error::NoWeighting {
            op: self.op,
            rank: solution.factor.rank(self.similarity.len()) as usize,
            size: self.similarity.len() as usize,
            residual: solution.residual,
        })
    }

    /// Solves, refines, and measures how well that went.
    fn finish(&self, factor: Factor, solver: Solver, reason: String) -> Result<Solution> {
        let n = self.similarity.len();
        let mut unknowns = factor.first_unknowns(self.similarity);
        let condition = self.condition(&factor, &unknowns)?;
        let mut residual = factor.residual(self.similarity, &unknowns);
        let mut previous = 1.0;
        let (mut refinements, mut settled) = (0, false);
        while refinements < self.config.max_refinements && !settled {
            let correction = factor.correction(&residual);
            let change = largest(&correction) / largest(&unknowns);
            // Each correction is smaller than the one before by the same factor, or rounding is reached.
            let shrinks_by = change / previous;
            let shrinks = shrinks_by < 0.5;
            if !shrinks {
                settled = change <= SETTLED;
                break;
            }
            unknowns += correction;
            residual = factor.residual(self.similarity, &unknowns);
            refinements += 1;
            settled = change * shrinks_by <= f64::EPSILON;
            previous = change;
        }
        let weights = unknowns.narrow(0, 0, n);
        let residual = match factor {
            Factor::Shifted(_) => self.similarity.residual(&weights),
            _ => residual,
        };
        Ok(Solution {
            residual: largest(&residual),
            weights,
            factor,
            solver,
            reason,
            condition,
            refinements,
            settled,
        })
    }

    /// Of the matrix that was factored.
    fn condition(&self, factor: &Factor, unknowns: &Tensor) -> Result<f64> {
        let of_ones = match factor {
            Factor::Shifted(_) => {
                factor.solve_factored(&unknowns.ones_like().narrow(0, 0, self.similarity.len()))
            }
            _ => unknowns.shallow_clone(),
        };
        let inverse = inverse_norm(&of_ones, |b| Ok(factor.solve_factored(b)))?;
        Ok(inverse * factor.norm(self.similarity))
    }
}

/// A relative change of the weights that rounding may make.
const SETTLED: f64 = 8.0 * f64::EPSILON;

fn largest(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}
