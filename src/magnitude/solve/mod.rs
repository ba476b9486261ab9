//! From similarities to weights: which factorisation, how it went, and what is left over.

pub(super) mod condition;
mod factor;
pub(super) mod inverse_column;
mod pivoted;
mod triangular;

use tch::{Kind, Tensor};

use super::config::{Solver, WeightingConfig};
use super::similarity::Similarity;
use super::similarity::components::among;
use super::similarity::distinct::Distinct;
use crate::{Error, Result};
use condition::inverse_norm;
use factor::{Factor, Ldl, Shifted, Spectral};
use pivoted::PivotedCholesky;

/// The residual above which a system that is singular to rounding has no solution, whatever |X| is.
const UNSOLVABLE: f64 = 1e-4;

/// Times what such a system leaves in exact arithmetic.
const ROUNDINGS: f64 = 8.0;

/// The condition up to which weights have twelve digits without refinement.
const GOOD_UNREFINED: f64 = 1e3;

/// Points from which on a factor in f32 and its refinement are faster than one in f64.
const WORTH_SINGLE: i64 = 256;

/// The largest part of the smallest eigenvalue, at least 1/‖Z⁻¹‖₁, that the roundings of f32 may take away, at which a factor shows
/// that Z is positive definite and its refinement converges quickly: those of the entries ε‖Z‖₁/2 at most, those of
/// the factor, whose rows are of length 1, some ε√n.
const GOOD_SINGLE: f64 = 0.1;

/// Steps of refinement that may be needed from f32.
const REFINEMENTS_OF_SINGLE: usize = 8;

/// What is wanted of a solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The weights alone.
    Weights,
    /// To solve further systems, by [`Solution::apply_inverse`].
    Inverse,
}

/// Weights and what is known of them: the worst of the components.
#[derive(Debug)]
pub(super) struct Solution {
    /// `[n, 1]`
    pub(super) weights: Tensor,
    parts: Vec<Part>,
    pub(super) solver: Solver,
    pub(super) reason: String,
    pub(super) residual: f64,
    pub(super) condition: f64,
    pub(super) refinements: usize,
    /// Whether another refinement would change nothing.
    pub(super) settled: bool,
}

/// The similarities of one component, factored.
#[derive(Debug)]
struct Part {
    /// `[m]`
    points: Tensor,
    factor: Factor,
}

impl Solution {
    /// Z⁻¹ b for a column b, `[n, 1]`; differentiable in b.
    pub(super) fn apply_inverse(&self, b: &Tensor) -> Tensor {
        let mut image = b.zeros_like();
        for Part { points, factor } in &self.parts {
            image = image.index_add(0, points, &factor.solve(&b.index_select(0, points)));
        }
        image
    }

    /// How many dimensions Z has, but for those that are 0 to rounding.
    pub(super) fn rank(&self) -> i64 {
        let of_part = |part: &Part| part.factor.rank(part.points.size()[0]);
        self.parts.iter().map(of_part).sum()
    }

    /// How many eigenvalues of Z are negative.
    pub(super) fn negative_eigenvalues(&self) -> i64 {
        let of_part = |part: &Part| part.factor.negative_eigenvalues();
        self.parts.iter().map(of_part).sum()
    }

    /// The solution for all components, of which there is at least one.
    fn together(mut components: Vec<Self>) -> Option<Self> {
        if components.len() == 1 {
            return components.pop();
        }
        let worst = |of: fn(&Self) -> f64| components.iter().map(of).fold(0.0, f64::max);
        let last_tried = components.iter().max_by_key(|part| part.solver as u8)?;
        let count = components.len();
        let weights: Vec<_> = components.iter().map(|part| &part.weights).collect();
        let points: Vec<_> = (components.iter().flat_map(|part| &part.parts))
            .map(|part| &part.points)
            .collect();
        let weights = Tensor::cat(&weights, 0);
        Some(Self {
            weights: weights
                .zeros_like()
                .index_copy(0, &Tensor::cat(&points, 0), &weights),
            solver: last_tried.solver,
            reason: format!("of one of {count} components: {}", last_tried.reason),
            residual: worst(|part| part.residual),
            condition: worst(|part| part.condition),
            refinements: components.iter().map(|part| part.refinements).max()?,
            settled: components.iter().all(|part| part.settled),
            parts: components.into_iter().flat_map(|part| part.parts).collect(),
        })
    }

    fn is_regular(&self) -> bool {
        self.condition * f64::EPSILON < 1.0
    }
}

/// Solves Zw = 1 for different points at checked distances, each of the [components](super::similarity::components::components)
/// apart; `None` of no points.
///
/// Similarities between components are 0. Together with those within that are nearly 1, they would keep
/// Z from being shifted.
pub(super) fn solve(
    op: &'static str,
    distinct: &Distinct,
    t: f64,
    config: &WeightingConfig,
    wanted: Wanted,
) -> Result<Option<Solution>> {
    let solve_component = |points: &Tensor| {
        let work = Work {
            op,
            similarity: &Similarity::new(&among(&distinct.distances, points), t),
            scale: t,
            points: points.shallow_clone(),
            config,
            wanted,
        };
        match config.solver {
            None => work.automatic(),
            Some(solver) => work.with(solver),
        }
    };
    let solved = distinct.components.iter().map(solve_component);
    Ok(Solution::together(solved.collect::<Result<_>>()?))
}

/// The solve of one component.
struct Work<'a> {
    op: &'static str,
    similarity: &'a Similarity,
    scale: f64,
    points: Tensor,
    config: &'a WeightingConfig,
    wanted: Wanted,
}

impl Work<'_> {
    fn automatic(&self) -> Result<Solution> {
        if let Some(solution) = self.single()? {
            return Ok(solution);
        }
        // There, Cholesky's factor gives weights that can be refined, but an inverse that cannot.
        if self.wanted == Wanted::Inverse
            && self.similarity.is_shifted()
            && let Some(solution) = self.shifted("most points are alike")?
        {
            return Ok(solution);
        }
        let mut reason = match self.cholesky("positive definite")? {
            Ok(solution) => {
                let refined = if self.config.max_refinements == 0 {
                    solution.condition <= GOOD_UNREFINED
                } else {
                    solution.settled
                };
                let good = refined || !self.similarity.is_shifted();
                if solution.is_regular() && good {
                    return Ok(solution);
                }
                format!("Cholesky: condition {:.0e}", solution.condition)
            }
            Err(pivot) => format!("Cholesky: pivot {pivot} is not positive"),
        };
        if self.similarity.is_shifted() {
            if let Some(solution) = self.shifted(&reason)? {
                return Ok(solution);
            }
            reason += "; Z − 11ᵀ is singular to rounding";
        }
        if let Some(solution) = self.pivoted(&reason)? {
            if self.is_solved_by(&solution) {
                return Ok(solution);
            }
        } else {
            reason += "; not positive semidefinite";
        }
        if let Some(solution) = self.indefinite(&reason)? {
            return Ok(solution);
        }
        reason += "; singular to rounding";
        self.spectral(&reason)
    }

    fn with(&self, solver: Solver) -> Result<Solution> {
        let asked = "as asked";
        let found = match solver {
            Solver::Cholesky => self.cholesky(asked)?.ok().filter(Solution::is_regular),
            Solver::Shifted => self.shifted(asked)?,
            Solver::PivotedCholesky => self
                .pivoted(asked)?
                .map(|solution| self.checked(solution))
                .transpose()?,
            Solver::Indefinite => self.indefinite(asked)?,
            Solver::Spectral => Some(self.spectral(asked)?),
            Solver::ConjugateGradients => None,
        };
        found.ok_or_else(|| {
            let got = "one that is not, to rounding";
            Error::invalid(self.op, solver.needs(), got)
        })
    }

    /// Cholesky's method in f32, refined to f64; `None` where that is not worth while, or the condition is too large for it.
    fn single(&self) -> Result<Option<Solution>> {
        let n = self.similarity.len();
        let possible = self.wanted == Wanted::Weights
            && n >= WORTH_SINGLE
            && self.config.max_refinements >= REFINEMENTS_OF_SINGLE
            && !self.similarity.is_shifted();
        if !possible {
            return Ok(None);
        }
        let Some(factor) = Factor::single(self.op, self.similarity)? else {
            return Ok(None);
        };
        let unknowns = factor.first_unknowns(self.similarity);
        let residual = factor.residual(self.similarity, &unknowns);
        let condition = self.condition(&factor, &unknowns)?;
        let norm = self.similarity.norm();
        let inexact = f64::from(f32::EPSILON) * (norm / 2.0 + (n as f64).sqrt());
        // NaN is none.
        let good = condition / norm * inexact <= GOOD_SINGLE;
        if !good {
            return Ok(None);
        }
        let reason = "positive definite, by a factor in f32";
        let found = (unknowns, residual);
        let solution = self.refine(factor, found, condition, Solver::Cholesky, reason);
        Ok(Some(solution).filter(|solution| solution.settled))
    }

    /// Or the pivot that is not positive.
    fn cholesky(&self, reason: &str) -> Result<std::result::Result<Solution, i64>> {
        let differentiable = self.wanted == Wanted::Inverse;
        match Factor::cholesky(self.op, self.similarity, differentiable)? {
            Ok(factor) => Ok(Ok(self.finish(factor, Solver::Cholesky, reason)?)),
            Err(pivot) => Ok(Err(pivot)),
        }
    }

    /// `None` where it does not apply or Z − 11ᵀ or Z is singular to rounding.
    fn shifted(&self, reason: &str) -> Result<Option<Solution>> {
        if !self.similarity.is_shifted() {
            return Ok(None);
        }
        let Some(shifted) = Shifted::new(self.op, self.similarity)? else {
            return Ok(None);
        };
        let solution = self.finish(Factor::Shifted(shifted), Solver::Shifted, reason)?;
        Ok(Some(solution).filter(Solution::is_regular))
    }

    fn pivoted(&self, reason: &str) -> Result<Option<Solution>> {
        PivotedCholesky::new(&self.similarity.matrix())
            .map(|factor| {
                let factor = Factor::Pivoted(factor);
                self.finish(factor, Solver::PivotedCholesky, reason)
            })
            .transpose()
    }

    /// `None` where Z is singular to rounding.
    fn indefinite(&self, reason: &str) -> Result<Option<Solution>> {
        let Some(ldl) = Ldl::new(self.op, &self.similarity.matrix())? else {
            return Ok(None);
        };
        let solution = self.finish(Factor::Indefinite(ldl), Solver::Indefinite, reason)?;
        Ok(Some(solution).filter(Solution::is_regular))
    }

    fn spectral(&self, reason: &str) -> Result<Solution> {
        let factor = Factor::Spectral(Spectral::new(self.op, &self.similarity.matrix())?);
        self.checked(self.finish(factor, Solver::Spectral, reason)?)
    }

    /// Whether what a solution of a part of Z leaves is due to rounding.
    ///
    /// Where δ is the largest pivot or eigenvalue that counts as 0, the 1 of a weighting has √(δ|X|) at most
    /// outside of that part: |⟨1, v⟩| = |⟨w, Zv⟩| ≤ √(wᵀZw vᵀZv).
    fn is_solved_by(&self, solution: &Solution) -> bool {
        let magnitude = solution.weights.sum(Kind::Double).double_value(&[]);
        let largest = match solution.solver {
            Solver::Spectral => self.similarity.norm(),
            _ => 1.0,
        };
        let dropped = self.similarity.len() as f64 * f64::EPSILON * largest;
        let left = (dropped * magnitude.abs().max(1.0)).sqrt();
        // NaN is no solution.
        solution.residual <= UNSOLVABLE.min(ROUNDINGS * left)
    }

    /// A solution that is one.
    fn checked(&self, solution: Solution) -> Result<Solution> {
        if self.is_solved_by(&solution) {
            return Ok(solution);
        }
        Err(Error::NoWeighting {
            op: self.op,
            scale: self.scale,
            rank: solution.rank() as usize,
            size: self.similarity.len() as usize,
            residual: solution.residual,
        })
    }

    /// Solves, refines, and measures how well that went.
    fn finish(&self, factor: Factor, solver: Solver, reason: &str) -> Result<Solution> {
        let unknowns = factor.first_unknowns(self.similarity);
        let residual = factor.residual(self.similarity, &unknowns);
        let condition = self.condition(&factor, &unknowns)?;
        Ok(self.refine(factor, (unknowns, residual), condition, solver, reason))
    }

    /// From first unknowns and what they leave.
    fn refine(
        &self,
        factor: Factor,
        (mut unknowns, mut residual): (Tensor, Tensor),
        condition: f64,
        solver: Solver,
        reason: &str,
    ) -> Solution {
        let n = self.similarity.len();
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
        Solution {
            residual: largest(&residual),
            weights,
            parts: vec![Part {
                points: self.points.shallow_clone(),
                factor,
            }],
            solver,
            reason: reason.into(),
            condition,
            refinements,
            settled,
        }
    }

    /// Of the matrix that was factored.
    fn condition(&self, factor: &Factor, unknowns: &Tensor) -> Result<f64> {
        let of_ones = match factor {
            Factor::Shifted(_) => {
                factor.solve_factored(&unknowns.ones_like().narrow(0, 0, self.similarity.len()))
            }
            _ => unknowns.shallow_clone(),
        };
        let suspect = factor.smallest_pivot();
        let inverse = inverse_norm(&of_ones, suspect, |b| Ok(factor.solve_factored(b)))?;
        Ok(inverse * factor.norm(self.similarity))
    }
}

/// A relative change of the weights that rounding may make.
const SETTLED: f64 = 8.0 * f64::EPSILON;

fn largest(x: &Tensor) -> f64 {
    x.abs().max().double_value(&[])
}
