//! Graded entailment: the degree to which one node is a kind of another.

use tch::Tensor;

use crate::embed::hierarchy::kernel::ball_alpha;
use crate::embed::model::Model;
use crate::embed::model::table::{check_pairs, rows_of, tensor_of};
use crate::{Error, Result};

/// The degree to which "u is a v" holds, for each pair (u, v).
///
/// ```text
/// score(u, v) = −(1 + α (‖v‖ − ‖u‖)) d(u, v)
/// ```
///
/// ‖·‖ is the Euclidean norm of the coordinates, for a point of the hyperboloid that of its image
/// in the ball. Nearer pairs score higher. A v of larger norm than u, as a more specific concept
/// has, is penalised with the weight α. The paper takes α = 1000. In the ball, the second term
/// then dominates, unless the norms are nearly equal; it even raises the score of a distant v of
/// smaller norm.
///
/// # Shapes
///
/// `points`: `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid; as many scores as pairs.
///
/// # Accuracy
///
/// Near the boundary, where norms round to 1, ‖v‖ − ‖u‖ is computed as (1 − ‖u‖) − (1 − ‖v‖), with
/// full precision of both distances from the boundary.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a wrong shape, no pairs, a pair that is a node with itself or names
/// one that does not exist, and an α that is not finite; [`Error::NotFinite`] or
/// [`Error::NotOnManifold`] for a row that is not a point.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Model, is_a_scores};
/// use holonomy::tch::Tensor;
///
/// // The specific lies farther out: "1 is a 0" holds more than "0 is a 1".
/// let points = Tensor::from_slice(&[0.1, 0.6]).view([2, 1]);
/// let scores = is_a_scores(Model::Euclidean, &points, &[(1, 0), (0, 1)], 1000.0)?;
/// assert!((scores[0] - 499.0 * 0.5).abs() < 1e-9 && (scores[1] + 501.0 * 0.5).abs() < 1e-9);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// nickel2017, equation 8.
pub fn is_a_scores(
    model: Model,
    points: &Tensor,
    pairs: &[(u32, u32)],
    alpha: f64,
) -> Result<Vec<f64>> {
    const OP: &str = "is_a_scores";
    if !alpha.is_finite() {
        return Err(Error::invalid(OP, "a finite α", alpha));
    }
    let rows = rows_of(OP, model, points)?;
    let width = points.size()[1] as usize;
    check_pairs(OP, rows.len() / width, pairs)?;
    let inward: Vec<f64> = rows
        .chunks_exact(width)
        .map(|row| inward(model, row))
        .collect();
    let dists = dists(OP, model, &tensor_of(&rows, width), pairs)?;
    let score = |(&(u, v), dist): (&(u32, u32), f64)| {
        let farther_out = inward[u as usize] - inward[v as usize];
        -(1.0 + alpha * farther_out) * dist
    };
    Ok(pairs.iter().zip(dists).map(score).collect())
}

/// The distance of each pair.
fn dists(
    op: &'static str,
    model: Model,
    points: &Tensor,
    pairs: &[(u32, u32)],
) -> Result<Vec<f64>> {
    let manifold = model.manifold(points.size()[1] as usize + 1 - model.width(1))?;
    let rows = |nodes: Vec<i64>| points.index_select(0, &Tensor::from_slice(&nodes));
    let sources = rows(pairs.iter().map(|pair| i64::from(pair.0)).collect());
    let targets = rows(pairs.iter().map(|pair| i64::from(pair.1)).collect());
    let dists = manifold.dist(&sources, &targets);
    Vec::try_from(&dists).map_err(|source| Error::Torch { op, source })
}

/// Minus the norm, counted from the rim in hyperbolic space: 1 − ‖x‖.
fn inward(model: Model, row: &[f64]) -> f64 {
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    match model {
        Model::Euclidean => -norm(row),
        Model::Ball => ball_alpha(row) / (1.0 + norm(row)),
        // The picture of (t, x) is x/(1 + t), and t − |x| = 1/(t + |x|).
        Model::Lorentz => {
            let radius = norm(&row[1..]);
            let time = (1.0 + radius * radius).sqrt();
            (1.0 + 1.0 / (time + radius)) / (1.0 + time)
        }
    }
}
