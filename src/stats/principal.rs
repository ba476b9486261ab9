//! Principal directions of variation.

use tch::{Kind, Tensor};

use super::center::{Center, mean_of};
use super::sample::Data;
use crate::manifold::Geodesic;
use crate::numerics::{no_grad, with_grad};
use crate::optim::solve::descent::{
    CenterConfig, Descended, Ending, Place, Problem, Slope, descend,
};
use crate::{Error, Result};

/// Principal components in the tangent space at the mean.
#[derive(Debug)]
pub struct TangentPca {
    /// The Fréchet mean, the base point of the tangent space.
    pub mean: Center,
    /// Orthonormal tangents at the mean, `[components, point..]`, in order of descending variance.
    pub directions: Tensor,
    /// The variance along each direction, `[components]` in f64.
    pub variances: Tensor,
    /// The coordinates of the points, `[count, components]` in f64.
    pub scores: Tensor,
    /// The Fréchet variance: the sum of the variances along all dim directions.
    pub total_variance: f64,
}

/// Principal component analysis of the tangents log(mean, pᵢ) at the Fréchet mean.
///
/// ```text
/// covariance (1/count) Σᵢ vᵢ vᵢᵀ,  vᵢ = log(mean, pᵢ) in an orthonormal basis
/// ```
///
/// This is a linearisation at the mean. [`principal_geodesics`] minimises distances on the
/// manifold itself.
///
/// # Shapes
///
/// Points `[count, point..]`.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for fewer than two points, or components fewer than one or more than
/// the dimension; otherwise as for [`frechet_mean`](super::frechet_mean).
///
/// # References
///
/// fletcher2004.
pub fn tangent_pca<M: Geodesic + ?Sized>(
    m: &M,
    points: &Tensor,
    components: i64,
    config: &CenterConfig,
) -> Result<TangentPca> {
    const OP: &str = "tangent_pca";
    check_components(OP, m, components)?;
    let data = Data::new(OP, m, points, None, 2)?;
    let analysis = Analysis::of(OP, m, &data, components, config)?;
    Ok(TangentPca {
        directions: combine(&analysis.rows, &analysis.basis).to_kind(data.kind),
        variances: analysis.variances,
        scores: analysis.scores,
        total_variance: analysis.mean.objective,
        mean: analysis.mean.rounded(m, &data),
    })
}

/// Principal components of the logarithms, all in f64.
struct Analysis {
    mean: Center,
    /// Of the tangent space at the mean, `[dim, point..]`.
    basis: Tensor,
    /// The directions in the basis, `[components, dim]`.
    rows: Tensor,
    variances: Tensor,
    scores: Tensor,
}

impl Analysis {
    fn of<M: Geodesic + ?Sized>(
        op: &'static str,
        m: &M,
        data: &Data,
        components: i64,
        config: &CenterConfig,
    ) -> Result<Self> {
        let mean = mean_of(op, m, data, config)?;
        no_grad(|| {
            let basis = tangent_basis(m, &mean.point);
            let logs = m.log(&mean.point, &data.points);
            let coordinates = coordinates(m, &mean.point, &logs, &basis);
            let covariance = coordinates.tr().matmul(&coordinates) / data.count as f64;
            let (variances, vectors) = covariance.linalg_eigh("L");
            // Ascending there, descending here.
            let (variances, vectors) = (variances.flip([0]), vectors.flip([1]));
            let vectors = vectors.narrow(1, 0, components);
            Ok(Self {
                rows: vectors.tr().contiguous(),
                variances: variances.narrow(0, 0, components).clamp_min(0.0),
                scores: coordinates.matmul(&vectors),
                basis,
                mean,
            })
        })
    }
}

/// Principal geodesics: the geodesic submanifold exp(mean, span) nearest to the points.
#[derive(Debug)]
pub struct PrincipalGeodesics {
    /// The Fréchet mean, through which all geodesics pass.
    pub mean: Center,
    /// Orthonormal tangents at the mean, `[components, point..]`.
    pub directions: Tensor,
    /// The coordinates of the nearest point of the submanifold to each point,
    /// `[count, components]` in f64.
    pub scores: Tensor,
    /// The mean square distance of the points from exp(mean, span) for the span of the first
    /// direction, of the first two, and so on: `[components]` in f64.
    pub residuals: Tensor,
    /// The number of steps for all directions together.
    pub iterations: usize,
    /// How the searches ended: [`Ending::Tolerance`] if all of them reached the tolerance.
    pub ending: Ending,
}

/// Principal geodesic analysis: one direction after the other is chosen so that the submanifold
/// exp(mean, span) is nearest to the points in geodesic distance.
///
/// ```text
/// vⱼ = argmin Σᵢ min_t d(exp(mean, t₁ v₁ + … + tⱼ vⱼ), pᵢ)²,  vⱼ ⊥ v₁ … vⱼ₋₁
/// ```
///
/// The search starts from the result of [`tangent_pca`] and makes limited-memory BFGS steps with
/// gradients by autograd. It is preconditioned so that the first step would be exact in flat
/// space. Computed in f64 for points of both kinds.
///
/// # Shapes
///
/// Points `[count, point..]`.
///
/// # Errors
///
/// As for [`tangent_pca`], and [`Error::NoConvergence`] if after `config.max_iterations` steps for
/// one direction the gradient exceeds `config.tolerance` times that direction's standard
/// deviation.
///
/// # References
///
/// fletcher2004; sommer2014 (exact, not linearised).
pub fn principal_geodesics<M: Geodesic + ?Sized>(
    m: &M,
    points: &Tensor,
    components: i64,
    config: &CenterConfig,
) -> Result<PrincipalGeodesics> {
    const OP: &str = "principal_geodesics";
    check_components(OP, m, components)?;
    let data = Data::new(OP, m, points, None, 2)?;
    let start = Analysis::of(OP, m, &data, components, config)?;
    let search = Search {
        m,
        mean: &start.mean.point,
        data: &data,
        basis: &start.basis,
        spread: start.mean.objective.sqrt(),
        config,
    };
    let mut directions = start.rows.copy();
    let mut scores = start.scores.copy();
    let mut residuals = Vec::new();
    let mut iterations = 0;
    let mut ending = Ending::Tolerance;
    for component in 0..components {
        let found = search.refine(OP, &mut directions, &mut scores, component)?;
        residuals.push(2.0 * found.place.value);
        iterations += found.iterations;
        if found.ending != Ending::Tolerance {
            ending = found.ending;
        }
    }
    Ok(PrincipalGeodesics {
        directions: combine(&directions, &start.basis).to_kind(data.kind),
        mean: start.mean.rounded(m, &data),
        scores,
        residuals: Tensor::from_slice(&residuals),
        iterations,
        ending,
    })
}

struct Search<'a, M: ?Sized> {
    m: &'a M,
    mean: &'a Tensor,
    data: &'a Data,
    basis: &'a Tensor,
    spread: f64,
    config: &'a CenterConfig,
}

impl<M: Geodesic + ?Sized> Search<'_, M> {
    /// Turns one direction, and moves the coordinates along it and those before, until both rest.
    fn refine(
        &self,
        op: &'static str,
        directions: &mut Tensor,
        scores: &mut Tensor,
        component: i64,
    ) -> Result<Descended<Fit>> {
        /// Directions with less of the spread than this are not told from noise.
        const LEAST_PART: f64 = 1e-3;
        let used = component + 1;
        let variance = scores.select(1, component).square().mean(Kind::Double);
        let least = LEAST_PART * self.spread;
        let problem = Residual {
            search: self,
            before: directions.narrow(0, 0, component).copy(),
            weight: variance.double_value(&[]).max(least * least),
        };
        let fit = problem.at(
            scores.narrow(1, 0, used).copy(),
            directions.get(component).copy(),
        );
        let place = Place::at(&problem, fit).ok_or_else(|| Error::NotFinite {
            op,
            what: "the residual or its gradient",
            place: format!("component {component}"),
        })?;
        let found = descend(op, &problem, self.config, place)?;
        scores.narrow(1, 0, used).copy_(&found.place.point.scores);
        directions.get(component).copy_(&found.place.point.row);
        Self::make_rest_orthonormal(directions, used);
        Ok(found)
    }

    /// The directions that follow start orthogonal to those that are done.
    fn make_rest_orthonormal(directions: &mut Tensor, done: i64) {
        for row in done..directions.size()[0] {
            let free = orthonormal_to(&directions.get(row), &directions.narrow(0, 0, row));
            directions.get(row).copy_(&free);
        }
    }
}

/// Half the mean square distance of the points from exp(mean, coordinates · directions), as a function of all
/// coordinates and the last direction.
struct Residual<'a, M: ?Sized> {
    search: &'a Search<'a, M>,
    /// The directions that are done, `[component, dim]`.
    before: Tensor,
    /// A turn of the direction counts this much: what it moves the points by.
    weight: f64,
}

/// Coordinates and a direction on trial, and minus the derivatives of the value.
struct Fit {
    scores: Tensor,
    row: Tensor,
    value: f64,
    by_scores: Tensor,
    by_row: Tensor,
}

impl<M: Geodesic + ?Sized> Residual<'_, M> {
    fn at(&self, scores: Tensor, row: Tensor) -> Fit {
        let Search {
            m,
            mean,
            data,
            basis,
            ..
        } = self.search;
        let (value, by_scores, by_row) = with_grad(|| {
            let scores = scores.detach().set_requires_grad(true);
            let row = row.detach().set_requires_grad(true);
            let rows = Tensor::cat(&[&self.before, &row.unsqueeze(0)], 0);
            let ends = m.exp(mean, &combine(&scores.matmul(&rows), basis));
            let value = m.dist(&ends, &data.points).square().mean(Kind::Double) * 0.5;
            let gradients = Tensor::run_backward(&[&value], &[&scores, &row], false, false);
            let [by_scores, by_row] = [&gradients[0], &gradients[1]].map(Tensor::detach);
            (value.double_value(&[]), by_scores, by_row)
        });
        let done = Tensor::cat(&[&self.before, &row.unsqueeze(0)], 0);
        Fit {
            by_scores: by_scores * -(data.count as f64),
            by_row: orthogonal_to(&by_row, &done) / -self.weight,
            scores,
            row,
            value,
        }
    }

    /// The changes of the coordinates, `[.., count, used]`, and of the direction, `[.., dim]`.
    fn parts(fit: &Fit, tangents: &Tensor) -> (Tensor, Tensor) {
        let (size, dim) = (fit.scores.size(), fit.row.numel() as i64);
        let shape = tangents.size();
        let batch = &shape[..shape.len() - 1];
        let scores = tangents.narrow(-1, 0, size[0] * size[1]);
        let scores = scores.reshape([batch, &size[..]].concat());
        (scores, tangents.narrow(-1, size[0] * size[1], dim))
    }
}

impl<M: Geodesic + ?Sized> Problem for Residual<'_, M> {
    type Point = Fit;

    fn value(&self, at: &Fit) -> f64 {
        at.value
    }

    /// Tangents `[.., count · used + dim]`.
    fn slope(&self, at: &mut Fit) -> Slope {
        let pull = Tensor::cat(&[at.by_scores.flatten(0, -1), at.by_row.shallow_clone()], 0);
        Slope {
            gradient: self.inner(at, &pull, &pull).double_value(&[]).sqrt(),
            pull,
            scale: 1.0,
            unit: self.weight.sqrt(),
        }
    }

    fn moved(&self, from: &Fit, step: &Tensor) -> Fit {
        let (scores, turn) = Self::parts(from, step);
        let row = orthonormal_to(&(&from.row + turn), &self.before);
        self.at(&from.scores + scores, row)
    }

    /// Coordinates as they are, and changes of the direction in parallel on the sphere.
    fn transport(&self, from: &Fit, to: &Fit, tangents: &Tensor) -> Tensor {
        let (scores, turns) = Self::parts(from, tangents);
        let cosine = from.row.dot(&to.row) + 1.0;
        let along = turns.matmul(&to.row).unsqueeze(-1) / cosine;
        let turns = turns - along * (&from.row + &to.row);
        Tensor::cat(&[scores.flatten(-2, -1), turns], -1)
    }

    fn inner(&self, at: &Fit, u: &Tensor, v: &Tensor) -> Tensor {
        let ((s, a), (t, b)) = (Self::parts(at, u), Self::parts(at, v));
        let moves = (s * t).sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double);
        let turns = (a * b).sum_dim_intlist(-1, false, Kind::Double);
        moves / self.search.data.count as f64 + turns * self.weight
    }

    fn neighbours(&self, at: &Fit) -> Vec<(Fit, Tensor)> {
        const ROUNDINGS: f64 = 4.0 * f64::EPSILON;
        let moved = |part: f64| {
            let way = &at.scores * part;
            let still = at.row.zeros_like();
            let fit = self.at(&at.scores + &way, at.row.shallow_clone());
            (fit, Tensor::cat(&[way.flatten(0, -1), still], 0))
        };
        vec![moved(ROUNDINGS), moved(-ROUNDINGS)]
    }
}

/// The part of a row that is orthogonal to orthonormal rows, of length 1.
fn orthonormal_to(row: &Tensor, rows: &Tensor) -> Tensor {
    let row = orthogonal_to(row, rows);
    let size = row.norm();
    row / size
}

/// The part of a row that is orthogonal to orthonormal rows.
fn orthogonal_to(row: &Tensor, rows: &Tensor) -> Tensor {
    let mut row = row.shallow_clone();
    for _ in 0..2 {
        row = &row - rows.tr().matmul(&rows.matmul(&row));
    }
    row
}

fn check_components<M: Geodesic + ?Sized>(op: &'static str, m: &M, components: i64) -> Result<()> {
    let dim = m.dim();
    if components < 1 || components > dim {
        let expected = format!("1 to {dim} components");
        return Err(Error::invalid(op, expected, components));
    }
    Ok(())
}

/// An orthonormal basis of the tangent space at `p`, `[dim, point..]`: of the projections of the
/// coordinate axes, by the eigenvectors of their inner products.
fn tangent_basis<M: Geodesic + ?Sized>(m: &M, p: &Tensor) -> Tensor {
    let shape = m.point_shape();
    let ambient = shape.iter().product::<i64>();
    let axes = Tensor::eye(ambient, (Kind::Double, p.device()));
    let axes = axes.view([&[ambient], &shape[..]].concat().as_slice());
    let tangents = m.project_tangent(p, &axes);
    let products = m.inner(p, &tangents.unsqueeze(1), &tangents.unsqueeze(0));
    let (values, vectors) = products.linalg_eigh("L");
    let dim = m.dim();
    let (values, vectors) = (
        values.narrow(0, ambient - dim, dim),
        vectors.narrow(1, ambient - dim, dim),
    );
    combine(&(vectors / values.sqrt()).tr(), &tangents)
}

/// The coordinates of tangents `[count, point..]` in an orthonormal basis, `[count, dim]`.
fn coordinates<M: Geodesic + ?Sized>(
    m: &M,
    p: &Tensor,
    tangents: &Tensor,
    basis: &Tensor,
) -> Tensor {
    m.inner(p, &tangents.unsqueeze(1), &basis.unsqueeze(0))
}

/// Rows of coefficients times tangents.
fn combine(rows: &Tensor, tangents: &Tensor) -> Tensor {
    let size = tangents.size();
    let flat = rows.matmul(&tangents.flatten(1, -1));
    flat.view([&[-1], &size[1..]].concat().as_slice())
}
