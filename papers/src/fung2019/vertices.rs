//! The vertices of a convex hull, exactly but for a tolerance, in any dimension.

use holonomy::{Error, Result};
use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};
use tch::{Kind, Tensor};

/// A point this near to the hull of the others, in units of the extent of each coordinate, is not a vertex; the solver itself
/// keeps to 1e-7.
const TOLERANCE: f64 = 1e-6;

/// The rows of points `[n, d]` that are vertices of their convex hull, in order; of equal points the first.
///
/// A point is not a vertex where it is a convex combination of others. The linear program
///
/// ```text
/// min Σ (r⁺ + r⁻)   for   Σ λ_j x_j + r⁺ − r⁻ = x,   Σ λ_j = 1,   λ, r⁺, r⁻ ≥ 0
/// ```
///
/// has the distance ℓ1 of x from their hull as its value. A point that is found not to be one is left out of the programs
/// after it, which changes no hull.
pub(super) fn vertices(points: &Tensor) -> Result<Vec<usize>> {
    let rows = scaled_rows(points)?;
    let mut left: Vec<usize> = (0..rows.len())
        .filter(|&row| !rows[..row].contains(&rows[row]))
        .collect();
    // From the inside out: most of the inner points are soon out of the way.
    let mut order = left.clone();
    order.sort_by(|&a, &b| from_middle(&rows[a]).total_cmp(&from_middle(&rows[b])));
    for point in order {
        let others: Vec<&[f64]> = left
            .iter()
            .filter(|&&other| other != point)
            .map(|&other| &rows[other][..])
            .collect();
        if !others.is_empty() && distance_from_hull(&rows[point], &others)? <= TOLERANCE {
            left.retain(|&other| other != point);
        }
    }
    Ok(left)
}

/// Every coordinate from 1 to 2, so that the program's coefficients are alike; one that is the same for all is 1.
fn scaled_rows(points: &Tensor) -> Result<Vec<Vec<f64>>> {
    let low = points.amin(0, true);
    let extent = points.amax(0, true) - &low;
    let extent = extent.where_self(&extent.gt(0.0), &extent.ones_like());
    let scaled = ((points - low) / extent + 1.0).to_kind(Kind::Double);
    Vec::try_from(scaled).map_err(|source| Error::Torch {
        op: "vertices",
        source,
    })
}

fn from_middle(row: &[f64]) -> f64 {
    row.iter().map(|x| (x - 1.5).powi(2)).sum()
}

fn distance_from_hull(point: &[f64], others: &[&[f64]]) -> Result<f64> {
    let mut program = Problem::new(OptimizationDirection::Minimize);
    let any = (0.0, f64::INFINITY);
    let shares: Vec<Variable> = others.iter().map(|_| program.add_var(0.0, any)).collect();
    for (axis, &wanted) in point.iter().enumerate() {
        let mut terms: Vec<(Variable, f64)> = shares
            .iter()
            .zip(others)
            .map(|(&share, other)| (share, other[axis]))
            .collect();
        terms.push((program.add_var(1.0, any), 1.0));
        terms.push((program.add_var(1.0, any), -1.0));
        program.add_constraint(terms, ComparisonOp::Eq, wanted);
    }
    let all: Vec<(Variable, f64)> = shares.iter().map(|&share| (share, 1.0)).collect();
    program.add_constraint(all, ComparisonOp::Eq, 1.0);
    let failed = |got: String| Error::InvalidArgument {
        op: "vertices",
        expected: "a linear program that can be solved".into(),
        got,
    };
    let outcome = program.solve().map_err(|error| failed(error.to_string()))?;
    let solution = outcome.solution();
    let solution = solution.ok_or_else(|| failed("one that was interrupted".into()))?;
    Ok(solution.objective())
}

#[cfg(test)]
mod tests {
    use super::super::clouds::Body;
    use super::*;

    fn of(rows: &[Vec<f64>]) -> Vec<usize> {
        let flat: Vec<f64> = rows.concat();
        vertices(&Tensor::from_slice(&flat).view([rows.len() as i64, -1])).unwrap()
    }

    #[test]
    fn corners_of_cubes_and_simplices() {
        for d in 1..=5 {
            let corner = |i: usize| (0..d).map(|bit| f64::from((i >> bit & 1) as u32)).collect();
            let mut cube: Vec<Vec<f64>> = (0..1 << d).map(corner).collect();
            // The middle, one of a face, one of an edge, one within.
            cube.push(vec![0.5; d]);
            cube.push(
                (0..d)
                    .map(|axis| if axis == 0 { 1.0 } else { 0.3 })
                    .collect(),
            );
            cube.push(
                (0..d)
                    .map(|axis| if axis == 0 { 0.7 } else { 0.0 })
                    .collect(),
            );
            cube.push((0..d).map(|axis| 0.1 + 0.1 * axis as f64).collect());
            assert_eq!(of(&cube), (0..1 << d).collect::<Vec<_>>(), "d = {d}");
            let unit = |i: usize| {
                (0..d)
                    .map(|axis| f64::from(u8::from(axis + 1 == i)))
                    .collect()
            };
            let mut simplex: Vec<Vec<f64>> = (0..=d).map(unit).collect();
            simplex.insert(0, vec![0.5 / d as f64; d]);
            assert_eq!(of(&simplex), (1..=d + 1).collect::<Vec<_>>(), "d = {d}");
        }
    }

    #[test]
    fn points_on_circles_lines_and_of_each_other() {
        let angle = |i: i32| 0.1 + f64::from(i) * 0.37;
        let circle: Vec<Vec<f64>> = (0..17)
            .map(|i| vec![5.0 + 3.0 * angle(i).cos(), 3e4 * angle(i).sin()])
            .collect();
        assert_eq!(of(&circle), (0..17).collect::<Vec<_>>());
        let line: Vec<Vec<f64>> = [3.0, 1.0, 7.0, 1.0, 2.0, 7.0]
            .map(|x| vec![x, 2.0 - x, 4.0])
            .to_vec();
        assert_eq!(of(&line), [1, 2]);
        assert_eq!(of(&vec![vec![2.0, 2.0]; 4]), [0]);
        assert_eq!(of(&[vec![1.0, -1.0]]), [0]);
        // A point just within is told from one just outside.
        let triangle = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]].map(|p| p.to_vec());
        let near = |x: f64| [&triangle[..], &[vec![x, x]]].concat();
        assert_eq!(of(&near(0.5 - 1e-5)), [0, 1, 2]);
        assert_eq!(of(&near(0.5 + 1e-5)), [0, 1, 2, 3]);
    }

    /// Andrew's monotone chain.
    fn chain(points: &[Vec<f64>]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|&a, &b| points[a].partial_cmp(&points[b]).unwrap());
        let left_turn = |a: usize, b: usize, c: usize| {
            let [a, b, c] = [a, b, c].map(|i| &points[i]);
            (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) > 0.0
        };
        let half = |order: Vec<usize>| {
            let mut kept: Vec<usize> = Vec::new();
            for next in order {
                while let [.., a, b] = kept[..] {
                    if left_turn(a, b, next) {
                        break;
                    }
                    kept.pop();
                }
                kept.push(next);
            }
            kept
        };
        let backward = order.iter().rev().copied().collect();
        let mut all = [half(order), half(backward)].concat();
        all.sort_unstable();
        all.dedup();
        all
    }

    #[test]
    fn random_points_agree_with_the_chain_and_with_spheres() {
        for seed in 1..=3 {
            for body in [Body::Cube, Body::Ball] {
                let points = body.sample(2, 120, seed);
                let rows = Vec::try_from(&points).unwrap();
                assert_eq!(vertices(&points).unwrap(), chain(&rows));
            }
        }
        let sphere = Body::Sphere.sample(4, 60, 1);
        let inner = Tensor::cat(&[&sphere, &(&sphere * 0.2)], 0);
        assert_eq!(vertices(&inner).unwrap(), (0..60).collect::<Vec<_>>());
    }
}
