//! Main directions of variation.

use tch::{Kind, Tensor};

use super::center::{Center, CenterConfig, frechet_mean};
use super::sample::Data;
use crate::manifold::Geodesic;
use crate::{Error, Result};

/// Principal components in the tangent space at the mean.
#[derive(Debug)]
pub struct TangentPca {
    /// Where the tangent space is.
    pub mean: Center,
    /// Orthonormal tangents at the mean, `[components, point..]`, most variance first.
    pub directions: Tensor,
    /// The mean square of the coordinates along each, `[components]` in f64.
    pub variances: Tensor,
    /// The coordinates of the points, `[count, components]`.
    pub scores: Tensor,
    /// The Fréchet variance: that of all directions together.
    pub total_variance: f64,
}

/// Principal component analysis of log(mean, pᵢ).
///
/// ```text
/// covariance Σᵢ wᵢ vᵢ vᵢ*,  vᵢ = log(mean, pᵢ) in an orthonormal basis of the tangent space
/// ```
///
/// A linearisation: exact for the tangents, and first order for the points.
/// [`principal_geodesics`] measures along the manifold itself.
///
/// # Shapes
///
/// Points `[count, point..]`.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for fewer than two points, or components fewer than one or more than
/// the dimension; otherwise as for [`frechet_mean`].
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
    let mean = frechet_mean(m, points, None, config)?;
    tch::no_grad(|| {
        let basis = tangent_basis(m, &mean.point);
        let logs = m.log(&mean.point, &data.points);
        let coordinates = coordinates(m, &mean.point, &logs, &basis);
        let covariance = coordinates.tr().matmul(&coordinates) / data.count as f64;
        let (variances, vectors) = covariance.linalg_eigh("L");
        // Ascending there, descending here.
        let (variances, vectors) = (variances.flip([0]), vectors.flip([1]));
        let vectors = vectors.narrow(1, 0, components);
        Ok(TangentPca {
            directions: combine(&vectors.tr(), &basis, points.kind()),
            variances: variances.narrow(0, 0, components).clamp_min(0.0),
            scores: coordinates.matmul(&vectors),
            total_variance: mean.objective,
            mean,
        })
    })
}

/// The geodesic submanifold near the points.
#[derive(Debug)]
pub struct PrincipalGeodesics {
    /// Where all geodesics meet.
    pub mean: Center,
    /// Orthonormal tangents at the mean, `[components, point..]`.
    pub directions: Tensor,
    /// The coordinates of the nearest point of the submanifold to each point, `[count, components]`.
    pub scores: Tensor,
    /// The mean square distance of the points from exp(mean, span) of the first direction, of the
    /// first two, and so on: `[components]` in f64.
    pub residuals: Tensor,
    /// Steps made for all directions.
    pub iterations: usize,
}

/// Principal geodesic analysis: directions, one after the other, for which the submanifold
/// exp(mean, span) comes nearest to the points, measured along the manifold.
///
/// ```text
/// vⱼ = argmin Σᵢ min_t d(exp(mean, t₁ v₁ + … + tⱼ vⱼ), pᵢ)²,  vⱼ ⊥ v₁ … vⱼ₋₁
/// ```
///
/// From the result of [`tangent_pca`], by steps that would be exact on flat space: each point's
/// coordinates by its gradient, then the direction by its gradient over Σ tⱼ², both by autograd.
///
/// # Errors
///
/// As for [`tangent_pca`], and [`Error::NoConvergence`] when a direction still turns by more than
/// `config.tolerance` after `config.max_iterations` steps.
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
    let start = tangent_pca(m, points, components, config)?;
    let search = Search {
        m,
        mean: start.mean.point.to_kind(Kind::Double),
        points: points.detach().to_kind(Kind::Double),
        basis: tch::no_grad(|| tangent_basis(m, &start.mean.point.to_kind(Kind::Double))),
        config,
    };
    // Rows in coordinates of the basis.
    let mut directions = search.coordinates_of(&start.directions);
    let mut scores = start.scores.shallow_clone();
    let mut residuals = Vec::new();
    let mut iterations = 0;
    for component in 0..components {
        let found = search.refine(&mut directions, &mut scores, component)?;
        residuals.push(found.residual);
        iterations += found.iterations;
    }
    Ok(PrincipalGeodesics {
        directions: combine(&directions, &search.basis, points.kind()),
        mean: start.mean,
        scores,
        residuals: Tensor::from_slice(&residuals),
        iterations,
    })
}

struct Search<'a, M: ?Sized> {
    m: &'a M,
    mean: Tensor,
    points: Tensor,
    basis: Tensor,
    config: &'a CenterConfig,
}

struct Refined {
    residual: f64,
    iterations: usize,
}

impl<M: Geodesic + ?Sized> Search<'_, M> {
    fn coordinates_of(&self, tangents: &Tensor) -> Tensor {
        let tangents = tangents.to_kind(Kind::Double);
        tch::no_grad(|| coordinates(self.m, &self.mean, &tangents, &self.basis))
    }

    /// Σ d², with the derivatives by the coordinates and by the directions.
    fn residual(&self, scores: &Tensor, directions: &Tensor) -> (f64, Tensor, Tensor) {
        tch::with_grad(|| {
            let scores = scores.detach().set_requires_grad(true);
            let directions = directions.detach().set_requires_grad(true);
            let size = self.basis.size();
            let flat = scores
                .matmul(&directions)
                .matmul(&self.basis.flatten(1, -1));
            let v = flat.view([&[-1], &size[1..]].concat().as_slice());
            let ends = self.m.exp(&self.mean, &v);
            let sum = self.m.dist(&ends, &self.points).square().sum(Kind::Double);
            let gradients = Tensor::run_backward(&[&sum], &[&scores, &directions], false, false);
            (
                sum.double_value(&[]),
                gradients[0].detach(),
                gradients[1].detach(),
            )
        })
    }

    /// Turns one direction, and moves the coordinates along it and those before, until both rest.
    fn refine(
        &self,
        directions: &mut Tensor,
        scores: &mut Tensor,
        component: i64,
    ) -> Result<Refined> {
        let used = component + 1;
        let mut t = scores.narrow(1, 0, used).copy();
        let count = t.size()[0] as f64;
        let mut turn = f64::INFINITY;
        for iterations in 0..self.config.max_iterations {
            let rows = directions.narrow(0, 0, used);
            let (sum, by_scores, by_rows) = self.residual(&t, &rows);
            if !sum.is_finite() {
                let (op, what) = ("principal_geodesics", "the residual");
                let place = format!("component {component}, iteration {iterations}");
                return Err(Error::NotFinite { op, what, place });
            }
            // On flat space half the gradient is minus what is missing.
            let score_step = by_scores * -0.5;
            t += &score_step;
            let weight = t
                .select(1, component)
                .square()
                .sum(Kind::Double)
                .double_value(&[]);
            let row = directions.get(component);
            let step = by_rows.get(component) * (-0.5 / weight.max(f64::MIN_POSITIVE));
            let next = orthonormal_to(&(&row + step), &directions.narrow(0, 0, component));
            turn = (&next - &row).norm().double_value(&[]);
            directions.get(component).copy_(&next);
            let size = t.square().sum(Kind::Double).double_value(&[]).sqrt();
            let moved = score_step.norm().double_value(&[]);
            if turn <= self.config.tolerance && moved <= self.config.tolerance * size {
                scores.narrow(1, 0, used).copy_(&t);
                Self::make_rest_orthonormal(directions, used);
                let residual = sum / count;
                return Ok(Refined {
                    residual,
                    iterations,
                });
            }
        }
        Err(Error::NoConvergence {
            op: "principal_geodesics",
            iterations: self.config.max_iterations,
            residual: turn,
            tolerance: self.config.tolerance,
        })
    }

    /// The directions that follow start orthogonal to those that are done.
    fn make_rest_orthonormal(directions: &mut Tensor, done: i64) {
        for row in done..directions.size()[0] {
            let free = orthonormal_to(&directions.get(row), &directions.narrow(0, 0, row));
            directions.get(row).copy_(&free);
        }
    }
}

/// The part of a row that is orthogonal to orthonormal rows, of length 1.
fn orthonormal_to(row: &Tensor, rows: &Tensor) -> Tensor {
    let mut row = row.shallow_clone();
    for _ in 0..2 {
        row = &row
            - rows
                .tr()
                .matmul(&rows.matmul(&row.unsqueeze(1)))
                .squeeze_dim(1);
    }
    let size = row.norm();
    row / size
}

fn check_components<M: Geodesic + ?Sized>(op: &'static str, m: &M, components: i64) -> Result<()> {
    let dim = m.dim();
    if components < 1 || components > dim {
        let expected = format!("1 to {dim} components");
        return Err(Error::invalid(op, expected, components));
    }
    Ok(())
}

/// An orthonormal basis of the tangent space at `p`, `[dim, point..]` in f64: of the projections of
/// the coordinate axes, by the eigenvectors of their inner products.
pub(super) fn tangent_basis<M: Geodesic + ?Sized>(m: &M, p: &Tensor) -> Tensor {
    let p = p.to_kind(Kind::Double);
    let shape = m.point_shape();
    let ambient = shape.iter().product::<i64>();
    let axes = Tensor::eye(ambient, (Kind::Double, p.device()));
    let axes = axes.view([&[ambient], &shape[..]].concat().as_slice());
    let tangents = m.project_tangent(&p, &axes);
    let products = m.inner(&p, &tangents.unsqueeze(1), &tangents.unsqueeze(0));
    let (values, vectors) = products.linalg_eigh("L");
    let dim = m.dim();
    let (values, vectors) = (
        values.narrow(0, ambient - dim, dim),
        vectors.narrow(1, ambient - dim, dim),
    );
    combine(&(vectors / values.sqrt()).tr(), &tangents, Kind::Double)
}

/// The coordinates of tangents `[count, point..]` in an orthonormal basis, `[count, dim]` in f64.
pub(super) fn coordinates<M: Geodesic + ?Sized>(
    m: &M,
    p: &Tensor,
    tangents: &Tensor,
    basis: &Tensor,
) -> Tensor {
    let (p, tangents) = (p.to_kind(Kind::Double), tangents.to_kind(Kind::Double));
    m.inner(&p, &tangents.unsqueeze(1), &basis.unsqueeze(0))
}

/// Rows of coefficients times tangents.
fn combine(rows: &Tensor, tangents: &Tensor, kind: Kind) -> Tensor {
    let size = tangents.size();
    let flat = rows.matmul(&tangents.flatten(1, -1));
    flat.view([&[-1], &size[1..]].concat().as_slice())
        .to_kind(kind)
}
