//! Refuses a matrix that is not one of distances, and names the pair that shows it.

use rand::{Rng, RngExt};
use tch::{Kind, Tensor};

use super::distances::Distances;
use super::{HmdsConfig, OP, Refinement, Scale, invalid};
use crate::Result;
use crate::metric::{Diagonal, first_true, rounding, symmetry, tiles};

/// Points up to which every triangle is looked at.
const ALL_TRIANGLES: i64 = 512;
/// Random triangles beyond that.
const RANDOM_TRIANGLES: usize = 1 << 20;
/// The square of cosh of more, summed over points, is not finite in f64.
const LARGEST_ANGLE: f64 = 300.0;
/// cosh of less is 1 but for its last four digits.
const LEAST_ANGLE: f64 = 1e-6;
/// cosh of more swallows a 1 beside it.
const EXACT_ANGLE: f64 = 36.0;

/// The largest distance and its pair.
#[derive(Debug, Clone, Copy)]
pub(super) struct Largest {
    pub(super) value: f64,
    pair: (i64, i64),
}

pub(super) fn settings(config: &HmdsConfig) -> Result<()> {
    let positive = |x: f64| x > 0.0 && x.is_finite();
    if config.dim < 1 {
        return Err(invalid("dim ≥ 1", config.dim));
    }
    match config.scale {
        Scale::Fixed(scale) if !positive(scale) => {
            return Err(invalid("a finite scale > 0", scale));
        }
        Scale::Search { from, to } if !(positive(from) && from < to && to <= LARGEST_ANGLE) => {
            let expected = format!("a search with 0 < from < to ≤ {LARGEST_ANGLE}");
            return Err(invalid(expected, format!("{from} to {to}")));
        }
        _ => (),
    }
    if let Refinement::Distortion { learning_rate, .. } = config.refinement
        && !positive(learning_rate)
    {
        return Err(invalid("a finite learning rate > 0", learning_rate));
    }
    if let Some(slack) = config.triangle_slack
        && !(slack >= 0.0 && slack.is_finite())
    {
        return Err(invalid("a finite slack of triangles ≥ 0", slack));
    }
    if !(config.tolerance > 0.0 && config.tolerance < 1.0) {
        return Err(invalid("a tolerance in (0, 1)", config.tolerance));
    }
    Ok(())
}

/// Whether cosh of scaled distances can be calculated with.
pub(super) fn fits(largest: &Largest, scale: f64) -> Result<()> {
    let angle = largest.value * scale;
    // Points that all coincide have no angle, and fit at any scale.
    if largest.value == 0.0 || (LEAST_ANGLE..=LARGEST_ANGLE).contains(&angle) {
        return Ok(());
    }
    let (i, j) = largest.pair;
    if angle < LEAST_ANGLE {
        let expected = format!(
            "distances whose cosh differs from 1: a scale of at least {:.4e} (1 / the largest keeps digits)",
            LEAST_ANGLE / largest.value
        );
        let got = format!(
            "at most {} times the scale {scale}, between points {i} and {j}",
            largest.value
        );
        return Err(invalid(expected, got));
    }
    let expected = format!(
        "distances whose cosh is an f64: a scale of at most {:.4} (at most {:.4} keeps digits)",
        LARGEST_ANGLE / largest.value,
        EXACT_ANGLE / largest.value
    );
    let got = format!(
        "{} times the scale {scale} between points {i} and {j}",
        largest.value
    );
    Err(invalid(expected, got))
}

/// Refuses numbers that are not distances; returns the distances and the largest.
pub(super) fn distances<'a>(
    matrix: &'a Tensor,
    config: &HmdsConfig,
    rng: &mut dyn Rng,
) -> Result<(Distances<'a>, Largest)> {
    let size = matrix.size();
    if size.len() != 2 || size[0] != size[1] || size[0] == 0 {
        return Err(invalid("distances [n, n], n ≥ 1", format!("{size:?}")));
    }
    if !matches!(matrix.kind(), Kind::Double | Kind::Float) {
        return Err(invalid(
            "distances in f64 or f32",
            format!("{:?}", matrix.kind()),
        ));
    }
    let largest = largest(matrix)?;
    let is_symmetric = symmetry(OP, matrix, Diagonal::Zero, largest.value)?;
    if let Some(slack) = config.triangle_slack {
        triangles(matrix, slack.max(rounding(matrix.kind())), rng)?;
    }
    Ok((Distances::new(matrix, is_symmetric), largest))
}

/// Looks at every number by itself.
fn largest(matrix: &Tensor) -> Result<Largest> {
    let mut largest = Largest {
        value: 0.0,
        pair: (0, 0),
    };
    for (first, rows) in tiles(matrix.size()[0], matrix.size()[0]) {
        let tile = matrix.narrow(0, first, rows);
        let negative = tile.lt(0.0);
        // What stands on the diagonal is looked at with the mirror images.
        let _ = negative.diagonal(first, 0, 1).fill_(0);
        let refused = tile.isfinite().logical_not().logical_or(&negative);
        if let Some((row, column)) = first_true(&refused) {
            let value = tile.double_value(&[row, column]);
            return Err(no_distance(value, (first + row, column)));
        }
        let flat = tile.argmax(None::<i64>, false).int64_value(&[]);
        let (row, column) = (flat / matrix.size()[1], flat % matrix.size()[1]);
        let value = tile.double_value(&[row, column]);
        if value > largest.value {
            let pair = (first + row, column);
            largest = Largest { value, pair };
        }
    }
    Ok(largest)
}

fn no_distance(value: f64, (i, j): (i64, i64)) -> crate::Error {
    let between = format!("{value} between points {i} and {j}");
    if i == j {
        invalid(
            "distance 0 of a point from itself",
            format!("{value} for point {i}"),
        )
    } else if value == f64::INFINITY {
        let expected = "finite distances (no path joins the two: embed every component of the graph by itself)";
        invalid(expected, between)
    } else {
        invalid("distances ≥ 0", between)
    }
}

fn triangles(matrix: &Tensor, slack: f64, rng: &mut dyn Rng) -> Result<()> {
    let n = matrix.size()[0];
    if n <= ALL_TRIANGLES {
        return all_triangles(matrix, slack);
    }
    let mut corners = || {
        let corners: Vec<i64> = (0..RANDOM_TRIANGLES)
            .map(|_| rng.random_range(0..n))
            .collect();
        Tensor::from_slice(&corners).to_device(matrix.device())
    };
    let [i, j, k] = [corners(), corners(), corners()];
    let side = |a: &Tensor, b: &Tensor| matrix.index(&[Some(a), Some(b)]);
    let longer = side(&i, &k).gt_tensor(&((side(&i, &j) + side(&j, &k)) * (1.0 + slack)));
    let found = longer.nonzero();
    if found.size()[0] == 0 {
        return Ok(());
    }
    let which = found.int64_value(&[0, 0]);
    Err(no_triangle(
        matrix,
        [i, j, k].map(|t| t.int64_value(&[which])),
    ))
}

fn all_triangles(matrix: &Tensor, slack: f64) -> Result<()> {
    for j in 0..matrix.size()[0] {
        let way = matrix.narrow(1, j, 1) + matrix.narrow(0, j, 1);
        if let Some((i, k)) = first_true(&matrix.gt_tensor(&(way * (1.0 + slack)))) {
            return Err(no_triangle(matrix, [i, j, k]));
        }
    }
    Ok(())
}

fn no_triangle(matrix: &Tensor, [i, j, k]: [i64; 3]) -> crate::Error {
    let way = matrix.double_value(&[i, j]) + matrix.double_value(&[j, k]);
    let expected = "no distance longer than the way over a third point (triangle_slack allows it)";
    let direct = matrix.double_value(&[i, k]);
    invalid(
        expected,
        format!("{direct} between points {i} and {k}, and {way} over point {j}"),
    )
}
