//! Laws of [`Manifold`]: points, tangents, the metric, gradients, retractions.

use tch::{Kind, Tensor};

use super::measure::{Worst, double, flat, length, per_row, size, total};
use super::samples::Samples;
use crate::{Error, Manifold, Result};

/// `point_defect(p) = 0` for the results of `project` and `retract`.
///
/// # Scale
///
/// 1: a defect is relative.
pub fn points_are_valid(m: &dyn Manifold, s: &Samples) -> Worst {
    let one = Tensor::from(1.0);
    Worst::of("project", &m.point_defect(&m.project(&s.z)), &one)
        .or(Worst::of("project of a point", &m.point_defect(&s.p), &one))
        .or(Worst::of(
            "retract",
            &m.point_defect(&m.retract(&s.p, &s.v)),
            &one,
        ))
        .or(Worst::of(
            "retract, longer",
            &m.point_defect(&m.retract(&s.p, &s.stride)),
            &one,
        ))
}

/// `tangent_defect(p, v) = 0` for the results of `project_tangent`, `rgrad` and
/// `vector_transport`.
///
/// # Scale
///
/// 1 + |argument| / |result| in coordinates: a defect is relative, and a projection may be short.
pub fn tangents_are_tangent(m: &dyn Manifold, s: &Samples) -> Worst {
    let judge = |place, base: &Tensor, result: &Tensor, argument: &Tensor| {
        let scale = size(argument, s.rows) / size(result, s.rows) + 1.0;
        Worst::of(place, &m.tangent_defect(base, result), &scale)
    };
    let moved = m.vector_transport(&s.p, &s.q, &s.u);
    judge(
        "project_tangent",
        &s.p,
        &m.project_tangent(&s.p, &s.z),
        &s.z,
    )
    .or(judge("rgrad", &s.p, &m.rgrad(&s.p, &s.z), &s.z))
    .or(judge("vector_transport", &s.q, &moved, &s.u))
}

/// `project(project(z)) = project(z)`, and `project(p) = p`.
///
/// # Scale
///
/// The greatest coordinate of the point.
pub fn project_is_idempotent(m: &dyn Manifold, s: &Samples) -> Worst {
    let once = m.project(&s.z);
    same_coordinates("project twice", &m.project(&once), &once, s).or(same_coordinates(
        "project of a point",
        &m.project(&s.p),
        &s.p,
        s,
    ))
}

/// `project_tangent(p, ·)` is idempotent, and leaves tangents unchanged.
///
/// # Scale
///
/// The projection of the rounding of z, of its image and of the tangent, see
/// [`Samples::tangent_rounding`].
pub fn project_tangent_is_idempotent(m: &dyn Manifold, s: &Samples) -> Worst {
    let once = m.project_tangent(&s.p, &s.z);
    let change = |v: &Tensor| length(m, &s.p, &(m.project_tangent(&s.p, v) - v));
    let scale = s.tangent_rounding(m, &s.p, &once) + s.tangent_rounding(m, &s.p, &s.z);
    Worst::of("project_tangent twice", &change(&once), &scale).or(Worst::of(
        "of a tangent",
        &change(&s.u),
        &s.tangent_rounding(m, &s.p, &s.u),
    ))
}

/// `project_tangent(p, a y + b z) = a project_tangent(p, y) + b project_tangent(p, z)`.
///
/// # Scale
///
/// The projection of the rounding of y, of z and of their images, see
/// [`Samples::tangent_rounding`].
pub fn project_tangent_is_linear(m: &dyn Manifold, s: &Samples) -> Worst {
    let y = s.normal(&mut s.rng(), &s.p.size());
    let (a, b) = (0.7, -1.9);
    let project = |z: &Tensor| m.project_tangent(&s.p, z);
    let (y_image, z_image) = (project(&y), project(&s.z));
    let error = project(&(&y * a + &s.z * b)) - (&y_image * a + &z_image * b);
    let parts = [&y, &s.z, &y_image, &z_image];
    let scale = parts
        .map(|x| s.tangent_rounding(m, &s.p, x))
        .into_iter()
        .sum::<Tensor>();
    Worst::of("project_tangent", &length(m, &s.p, &error), &scale)
}

/// `inner(p, u, w) = inner(p, w, u)`.
///
/// # Scale
///
/// |u| |w|.
pub fn inner_is_symmetric(m: &dyn Manifold, s: &Samples) -> Worst {
    let error = m.inner(&s.p, &s.u, &s.w) - m.inner(&s.p, &s.w, &s.u);
    Worst::of("inner", &error, &lengths(m, s, &[&s.u, &s.w]))
}

/// `inner(p, a u + b w, v) = a inner(p, u, v) + b inner(p, w, v)`, and the same in the second
/// argument.
///
/// # Scale
///
/// (|u| + |w|) |v| · strain.
pub fn inner_is_bilinear(m: &dyn Manifold, s: &Samples) -> Worst {
    let (a, b) = (0.7, -1.9);
    let sum = &s.u * a + &s.w * b;
    let parts = m.inner(&s.p, &s.u, &s.v) * a + m.inner(&s.p, &s.w, &s.v) * b;
    let scale =
        (length(m, &s.p, &s.u) + length(m, &s.p, &s.w)) * length(m, &s.p, &s.v) * s.strain();
    Worst::of("first place", &(m.inner(&s.p, &sum, &s.v) - &parts), &scale).or(Worst::of(
        "second place",
        &(m.inner(&s.p, &s.v, &sum) - &parts),
        &scale,
    ))
}

/// `inner(p, u, u) > 0` for u ≠ 0, and `inner(p, u, w)² ≤ inner(p, u, u) inner(p, w, w)`.
///
/// # Scale
///
/// (|u| |w|)²; a product that is not positive is an infinite error.
pub fn inner_is_positive(m: &dyn Manifold, s: &Samples) -> Worst {
    let squares = [&s.u, &s.v, &s.w].map(|x| flat(&m.inner(&s.p, x, x), s.rows));
    let not_positive = squares
        .iter()
        .map(|x| x.gt(0.0).logical_not().any().int64_value(&[]));
    if not_positive.sum::<i64>() > 0 {
        return Worst::at("inner(u, u)", f64::INFINITY);
    }
    let bound = &squares[0] * &squares[2];
    let excess = (flat(&m.inner(&s.p, &s.u, &s.w), s.rows).square() - &bound).clamp_min(0.0);
    Worst::of("inner(u, w)²", &excess, &bound)
}

/// `norm(p, v)² = inner(p, v, v)`.
///
/// # Scale
///
/// inner(p, v, v).
pub fn norm_is_root_of_inner(m: &dyn Manifold, s: &Samples) -> Worst {
    [&s.u, &s.v].iter().fold(Worst::default(), |worst, v| {
        let square = m.inner(&s.p, v, v);
        worst.or(Worst::of(
            "norm",
            &(m.norm(&s.p, v).square() - &square),
            &square,
        ))
    })
}

/// `norm(p, λ v) = |λ| norm(p, v)` for λ = −4, 2⁻³⁰ and 0, where multiplication is exact.
///
/// # Scale
///
/// norm(p, λ v).
pub fn norm_is_homogeneous(m: &dyn Manifold, s: &Samples) -> Worst {
    let norm = m.norm(&s.p, &s.u);
    [-4.0, 0.5_f64.powi(30), 0.0]
        .iter()
        .fold(Worst::default(), |worst, &factor| {
            let want = &norm * f64::abs(factor);
            worst.or(Worst::of(
                "norm",
                &(m.norm(&s.p, &(&s.u * factor)) - &want),
                &want,
            ))
        })
}

/// `inner(p, rgrad(p, e), v) = Σ e v` for each tangent v at p.
///
/// # Scale
///
/// (Σ |e v| + |rgrad(p, e)| |v|) · strain.
pub fn rgrad_represents_the_differential(m: &dyn Manifold, s: &Samples) -> Worst {
    [&s.u, &s.v].iter().fold(Worst::default(), |worst, v| {
        let gradient = m.rgrad(&s.p, &s.z);
        let products = flat(&s.z, s.rows) * flat(v, s.rows);
        let want = products.sum_dim_intlist(-1, false, Kind::Double);
        let got = double(&m.inner(&s.p, &gradient, v)).reshape([-1]);
        let scale = total(&products, s.rows) + length(m, &s.p, &gradient) * length(m, &s.p, v);
        worst.or(Worst::of("rgrad", &(got - want), &(scale * s.strain())))
    })
}

/// `vector_transport(p, q, a u + b w) = a vector_transport(p, q, u) + b vector_transport(p, q, w)`.
///
/// # Scale
///
/// The projection at q of the rounding of u, of w and of their images, see
/// [`Samples::tangent_rounding`].
pub fn vector_transport_is_linear(m: &dyn Manifold, s: &Samples) -> Worst {
    let (a, b) = (0.7, -1.9);
    let carry = |x: &Tensor| m.vector_transport(&s.p, &s.q, x);
    let (u, w) = (carry(&s.u), carry(&s.w));
    let error = length(
        m,
        &s.q,
        &(carry(&(&s.u * a + &s.w * b)) - (&u * a + &w * b)),
    );
    let parts = [&s.u, &s.w, &u, &w];
    let scale = parts
        .map(|x| s.tangent_rounding(m, &s.q, x))
        .into_iter()
        .sum::<Tensor>();
    Worst::of("vector_transport", &error, &scale)
}

/// `vector_transport(p, p, u) = u`.
///
/// # Scale
///
/// The projection of the rounding of u, see [`Samples::tangent_rounding`].
pub fn vector_transport_stays(m: &dyn Manifold, s: &Samples) -> Worst {
    let error = length(m, &s.p, &(m.vector_transport(&s.p, &s.p, &s.u) - &s.u));
    Worst::of(
        "vector_transport",
        &error,
        &s.tangent_rounding(m, &s.p, &s.u),
    )
}

/// `retract(p, 0) = p`.
///
/// # Scale
///
/// The greatest coordinate of the point.
pub fn retract_of_zero_stays(m: &dyn Manifold, s: &Samples) -> Worst {
    same_coordinates("retract", &m.retract(&s.p, &s.v.zeros_like()), &s.p, s)
}

/// `|retract(p, h v) − p − h v| = O(h²)`: the slope in a log-log fit is at least 2. It is measured
/// in f64 for both kinds, because f32 is too coarse.
///
/// # Scale
///
/// The error is 2 − slope, which is 1 for a map of order 0. It is 0 where all differences are
/// rounding.
pub fn retract_is_first_order(m: &dyn Manifold, s: &Samples) -> Worst {
    let p = m.project(&double(&s.p));
    let v = m.project_tangent(&p, &double(&s.stride));
    let noise = (size(&p, s.rows) + size(&v, s.rows)) * s.strain();
    let differences = |h: f64| {
        let v = &v * h;
        size(&(m.retract(&p, &v) - &p - v), s.rows)
    };
    slope_deficit("retract", s, &noise, &differences)
}

/// `retract_transport(p, v, u) = (retract(p, v), vector_transport(p, retract(p, v), u))`.
///
/// # Scale
///
/// The greatest coordinate of the point. For the tangent, the projection of the rounding of u and
/// of its image, see [`Samples::tangent_rounding`], times the strain.
pub fn retract_transport_is_its_parts(m: &dyn Manifold, s: &Samples) -> Worst {
    let (q, moved) = m.retract_transport(&s.p, &s.v, &s.u);
    let want_q = m.retract(&s.p, &s.v);
    let want = m.vector_transport(&s.p, &want_q, &s.u);
    let parts = [&s.u, &want].map(|x| s.tangent_rounding(m, &want_q, x));
    let scale = parts.into_iter().sum::<Tensor>() * s.strain();
    same_coordinates("point", &q, &want_q, s).or(Worst::of(
        "tangent",
        &length(m, &want_q, &(moved - want)),
        &scale,
    ))
}

/// The sum of `component_inner(p, u, w)` over the factors is `inner(p, u, w)`. Which coordinates
/// belong to the same factor is found by setting all coordinates of u but one to 0.
///
/// # Scale
///
/// The sum over the factors of the components of (u, u) and (w, w), times the strain. A shape that
/// does not broadcast to the point is an infinite error.
pub fn component_inner_adds_up(m: &dyn Manifold, s: &Samples) -> Worst {
    let point = m.point_shape();
    let numbers: i64 = point.iter().product();
    let components = m.component_inner(&s.p, &s.u, &s.w);
    let shape = s.p.size();
    let fits = components.dim() == shape.len()
        && components
            .size()
            .iter()
            .zip(&shape)
            .all(|(&got, &want)| got == want || got == 1);
    if !fits {
        return Worst::at("shape", f64::INFINITY);
    }
    let spread = |x: &Tensor| flat(&x.expand(shape.as_slice(), false), s.rows);
    let owners = factor_owners(m, s, numbers);
    let sum = |x: &Tensor| {
        spread(x)
            .index_select(1, &owners)
            .sum_dim_intlist(-1, false, Kind::Double)
    };
    let want = double(&m.inner(&s.p, &s.u, &s.w)).reshape([-1]);
    let scale = sum(&m.component_inner(&s.p, &s.u, &s.u)).abs()
        + sum(&m.component_inner(&s.p, &s.w, &s.w)).abs();
    Worst::of(
        "component_inner",
        &(sum(&components) - want),
        &(scale * s.strain()),
    )
}

/// The first coordinate of each factor, as an index.
fn factor_owners(m: &dyn Manifold, s: &Samples, numbers: i64) -> Tensor {
    let point = m.point_shape();
    let first = |x: &Tensor| super::samples::row(x, s.rows, 0, &point);
    let (p, u, w) = (first(&s.p), first(&s.u), first(&s.w));
    let masks = Tensor::eye(numbers, (p.kind(), p.device()));
    let masks = masks.reshape([&[numbers], point.as_slice()].concat());
    let one_at_a_time = m.component_inner(&p, &(&u * masks), &w);
    let shape = [&[numbers], point.as_slice()].concat();
    let touched = one_at_a_time
        .expand(shape.as_slice(), false)
        .reshape([numbers, numbers]);
    let touched = touched
        .not_equal(0.0)
        .to_kind(Kind::Int64)
        .transpose(0, 1)
        .contiguous();
    let rows: Vec<Vec<i64>> = (0..numbers)
        .map(|i| Vec::try_from(&touched.get(i)).unwrap_or_default())
        .collect();
    let owners: Vec<i64> = (0..numbers)
        .filter(|&i| !rows[..i as usize].contains(&rows[i as usize]))
        .collect();
    Tensor::from_slice(&owners).to_device(s.p.device())
}

/// `check_point` accepts points, and reports the first row that is NaN, infinite or off the
/// manifold. `check_tangent` does the same for tangents. Rows off the manifold are random ambient
/// arrays, if the dimension of the manifold is less than that of the ambient space.
///
/// # Scale
///
/// None: the error is 0 or infinite.
pub fn checks_find_the_bad_row(m: &dyn Manifold, s: &Samples) -> Worst {
    let numbers: i64 = m.point_shape().iter().product();
    let bad_row = s.rows / 2;
    let mut judged = vec![
        ("check_point of points", m.check_point(&s.p).is_ok()),
        (
            "check_tangent of tangents",
            m.check_tangent(&s.p, &s.u).is_ok(),
        ),
    ];
    let mut bad = vec![("NaN", f64::NAN), ("infinite", f64::INFINITY)];
    if m.dim() < numbers {
        bad.push(("off the manifold", 1.0));
    }
    for (place, value) in bad {
        let p = with_row(m, s, &s.p, bad_row, value);
        judged.push((
            place,
            found_row(&m.check_point(&p)) == Some(bad_row as usize),
        ));
        let v = with_row(m, s, &s.u, bad_row, value);
        judged.push((
            place,
            found_row(&m.check_tangent(&s.p, &v)) == Some(bad_row as usize),
        ));
    }
    let wrong = judged.iter().find(|(_, right)| !right);
    wrong.map_or_else(Worst::default, |(place, _)| Worst::at(place, f64::INFINITY))
}

/// `x` with `value` times normal noise added to one row.
fn with_row(m: &dyn Manifold, s: &Samples, x: &Tensor, row: i64, value: f64) -> Tensor {
    let shape = [&[s.rows], m.point_shape().as_slice()].concat();
    let changed = x.reshape(&shape).copy();
    let noise = (s.z.reshape(&shape).get(row) + 0.5) * value;
    let size_of_row = x.reshape(&shape).get(row).abs().max();
    let changed_row = changed.get(row) + noise * (size_of_row + 1.0);
    changed.get(row).copy_(&changed_row);
    changed.reshape(x.size())
}

fn found_row(checked: &Result<()>) -> Option<usize> {
    match *checked {
        Err(Error::NotOnManifold { row, .. } | Error::NotTangent { row, .. }) => Some(row),
        _ => None,
    }
}

/// The worst difference of coordinates, as a part of the row's greatest.
pub(super) fn same_coordinates(
    place: &'static str,
    got: &Tensor,
    want: &Tensor,
    s: &Samples,
) -> Worst {
    let error = size(&(double(got) - double(want)), s.rows);
    Worst::of(place, &error, &size(want, s.rows))
}

fn lengths(m: &dyn Manifold, s: &Samples, tangents: &[&Tensor]) -> Tensor {
    let one = s.rounding_p.ones_like();
    tangents
        .iter()
        .fold(one, |product, v| product * length(m, &s.p, v))
}

/// `max(0, 2 − slope)` of log difference over log h, fitted per row to the four smallest h at
/// which the difference stands above rounding, three at least.
pub(super) fn slope_deficit(
    place: &'static str,
    s: &Samples,
    noise: &Tensor,
    differences: &dyn Fn(f64) -> Tensor,
) -> Worst {
    const CLEAR: f64 = 100.0;
    let steps: Vec<f64> = (2..16).rev().map(|k| 0.5_f64.powi(k)).collect();
    let tables: Vec<Vec<f64>> = steps
        .iter()
        .map(|&h| row_numbers(&differences(h)))
        .collect();
    let floor = row_numbers(&(noise * f64::EPSILON * CLEAR));
    (0..s.rows as usize).fold(Worst::default(), |worst, row| {
        let clear: Vec<(f64, f64)> = steps
            .iter()
            .zip(&tables)
            .map(|(h, table)| (h.ln(), table[row]))
            .filter(|(_, difference)| difference.is_nan() || *difference > floor[row])
            .map(|(x, difference)| (x, difference.ln()))
            .take(4)
            .collect();
        if clear.len() < 3 {
            return worst;
        }
        worst.or(Worst::at(place, (2.0 - slope(&clear)).max(0.0)))
    })
}

/// Least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (sum_x, sum_y) = points
        .iter()
        .fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let (mean_x, mean_y) = (sum_x / n, sum_y / n);
    let (covariance, variance) = points.iter().fold((0.0, 0.0), |(c, v), (x, y)| {
        (
            c + (x - mean_x) * (y - mean_y),
            v + (x - mean_x) * (x - mean_x),
        )
    });
    covariance / variance
}

fn row_numbers(x: &Tensor) -> Vec<f64> {
    Vec::try_from(&double(x).reshape([-1])).unwrap_or_default()
}

/// Numbers `[rows]` or of the batch shape as factors of points or tangents.
pub(super) fn row_factor(m: &dyn Manifold, s: &Samples, x: &Tensor) -> Tensor {
    per_row(m, &x.reshape(s.batch.as_slice())).to_kind(s.p.kind())
}
