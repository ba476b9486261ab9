//! Laws of [`Geodesic`]: exp, log, distance, parallel transport.

use tch::Tensor;

use super::distance::{between, pairs};
use super::measure::{Worst, double, length};
use super::metric::{row_factor, same_coordinates, slope_deficit};
use super::samples::Samples;
use crate::Geodesic;

/// `exp(p, log(p, q)) = q`, as a distance.
///
/// # Scale
///
/// dist(p, q) + rounding(p) + rounding(q).
pub fn exp_inverts_log(m: &dyn Geodesic, s: &Samples) -> Worst {
    [
        ("near", &s.q, &s.rounding_q),
        ("ahead", &s.ahead, &s.rounding_q),
    ]
    .iter()
    .fold(Worst::default(), |worst, (place, q, rounding)| {
        let back = m.exp(&s.p, &m.log(&s.p, q));
        worst.or(Worst::of(
            place,
            &m.dist(&back, q),
            &between(m, s, q, rounding),
        ))
    })
}

/// `log(p, exp(p, v)) = v` for |v| ≤ radius.
///
/// # Scale
///
/// |v| + rounding(p) + rounding(q).
pub fn log_inverts_exp(m: &dyn Geodesic, s: &Samples) -> Worst {
    [("short", &s.v), ("long", &s.stride)]
        .iter()
        .fold(Worst::default(), |worst, (place, v)| {
            let back = m.log(&s.p, &m.exp(&s.p, v));
            let scale = length(m, &s.p, v) + &s.rounding_p + &s.rounding_q;
            worst.or(Worst::of(place, &length(m, &s.p, &(back - *v)), &scale))
        })
}

/// `point_defect(p) = 0` for the results of `exp` and `geodesic`.
///
/// # Scale
///
/// 1: a defect is relative.
pub fn geodesic_points_are_valid(m: &dyn Geodesic, s: &Samples) -> Worst {
    let one = Tensor::from(1.0);
    Worst::of("exp", &m.point_defect(&m.exp(&s.p, &s.v)), &one)
        .or(Worst::of(
            "exp, longer",
            &m.point_defect(&m.exp(&s.p, &s.stride)),
            &one,
        ))
        .or(Worst::of(
            "geodesic",
            &m.point_defect(&m.geodesic(&s.p, &s.q, &s.t)),
            &one,
        ))
}

/// `tangent_defect(p, v) = 0` for the results of `log` and `parallel_transport`.
///
/// # Scale
///
/// The strain: a defect is relative, and rounding of the points has a large effect on a short
/// logarithm.
pub fn geodesic_tangents_are_tangent(m: &dyn Geodesic, s: &Samples) -> Worst {
    let log = m.tangent_defect(&s.p, &m.log(&s.p, &s.ahead));
    let moved = m.tangent_defect(&s.q, &m.parallel_transport(&s.p, &s.q, &s.u));
    Worst::of("log", &log, &s.strain()).or(Worst::of("parallel_transport", &moved, &s.strain()))
}

/// `exp(p, 0) = p`.
///
/// # Scale
///
/// The greatest coordinate of the point.
pub fn exp_of_zero_stays(m: &dyn Geodesic, s: &Samples) -> Worst {
    same_coordinates("exp", &m.exp(&s.p, &s.v.zeros_like()), &s.p, s)
}

/// `log(p, p) = 0`, as a length.
///
/// # Scale
///
/// rounding(p).
pub fn log_of_itself_is_zero(m: &dyn Geodesic, s: &Samples) -> Worst {
    Worst::of("log", &length(m, &s.p, &m.log(&s.p, &s.p)), &s.rounding_p)
}

/// `dist(p, q) = norm(p, log(p, q))`, as in the default implementation.
///
/// # Scale
///
/// dist(p, q) + rounding(p) + rounding(q).
pub fn dist_is_length_of_log(m: &dyn Geodesic, s: &Samples) -> Worst {
    pairs(s)
        .iter()
        .fold(Worst::default(), |worst, (place, q, rounding)| {
            let error = m.norm(&s.p, &m.log(&s.p, q)) - m.dist(&s.p, q);
            worst.or(Worst::of(place, &error, &between(m, s, q, rounding)))
        })
}

/// `dist(p, exp(p, v)) = norm(p, v)` for |v| ≤ radius.
///
/// # Scale
///
/// |v| + rounding(p) + rounding(q).
pub fn dist_is_length_travelled(m: &dyn Geodesic, s: &Samples) -> Worst {
    [("short", &s.v), ("long", &s.stride)]
        .iter()
        .fold(Worst::default(), |worst, (place, v)| {
            let error = m.dist(&s.p, &m.exp(&s.p, v)) - m.norm(&s.p, v);
            let scale = length(m, &s.p, v) + &s.rounding_p + &s.rounding_q;
            worst.or(Worst::of(place, &error, &scale))
        })
}

/// `geodesic(p, q, 0) = p` and `geodesic(p, q, 1) = q`, as distances.
///
/// # Scale
///
/// dist(p, q) + rounding(p) + rounding(q).
pub fn geodesic_joins_its_ends(m: &dyn Geodesic, s: &Samples) -> Worst {
    [&s.q, &s.ahead].iter().fold(Worst::default(), |worst, q| {
        let scale = between(m, s, q, &s.rounding_q);
        let start = m.geodesic(&s.p, q, &s.t.zeros_like());
        let end = m.geodesic(&s.p, q, &s.t.ones_like());
        worst
            .or(Worst::of("t = 0", &m.dist(&start, &s.p), &scale))
            .or(Worst::of("t = 1", &m.dist(&end, q), &scale))
    })
}

/// `dist(p, γ(t)) = t dist(p, q)` and `dist(γ(t), q) = (1 − t) dist(p, q)` for γ = `geodesic(p, q, ·)`.
///
/// # Scale
///
/// dist(p, q) + rounding(p) + rounding(q).
pub fn geodesic_has_constant_speed(m: &dyn Geodesic, s: &Samples) -> Worst {
    [&s.q, &s.ahead].iter().fold(Worst::default(), |worst, q| {
        let scale = between(m, s, q, &s.rounding_q);
        let middle = m.geodesic(&s.p, q, &s.t);
        let whole = m.dist(&s.p, q);
        let behind = m.dist(&s.p, &middle) - &whole * &s.t;
        let before = m.dist(&middle, q) - &whole * (1.0 - &s.t);
        worst
            .or(Worst::of("from p", &behind, &scale))
            .or(Worst::of("to q", &before, &scale))
    })
}

/// `geodesic(p, q, t) = exp(p, t log(p, q))`, as a distance: as in the default implementation.
///
/// # Scale
///
/// dist(p, q) + rounding(p) + rounding(q).
pub fn geodesic_is_exp_of_log(m: &dyn Geodesic, s: &Samples) -> Worst {
    let want = m.exp(&s.p, &(m.log(&s.p, &s.ahead) * row_factor(m, s, &s.t)));
    let error = m.dist(&m.geodesic(&s.p, &s.ahead, &s.t), &want);
    Worst::of("geodesic", &error, &between(m, s, &s.ahead, &s.rounding_q))
}

/// `inner(q, P u, P w) = inner(p, u, w)` for P = `parallel_transport(p, q, ·)`.
///
/// # Scale
///
/// |u| |w| · strain.
pub fn transport_is_an_isometry(m: &dyn Geodesic, s: &Samples) -> Worst {
    pairs(s)
        .iter()
        .fold(Worst::default(), |worst, (place, q, rounding)| {
            let carry = |x: &Tensor| m.parallel_transport(&s.p, q, x);
            let error = m.inner(q, &carry(&s.u), &carry(&s.w)) - m.inner(&s.p, &s.u, &s.w);
            let strain = (&s.rounding_p + *rounding) / s.radius + 1.0;
            let scale = length(m, &s.p, &s.u) * length(m, &s.p, &s.w) * strain;
            worst.or(Worst::of(place, &error, &scale))
        })
}

/// `parallel_transport(q, p, parallel_transport(p, q, u)) = u`.
///
/// # Scale
///
/// |u| · strain.
pub fn transport_there_and_back(m: &dyn Geodesic, s: &Samples) -> Worst {
    [("near", &s.q), ("ahead", &s.ahead)]
        .iter()
        .fold(Worst::default(), |worst, (place, q)| {
            let back = m.parallel_transport(q, &s.p, &m.parallel_transport(&s.p, q, &s.u));
            let scale = length(m, &s.p, &s.u) * s.strain();
            worst.or(Worst::of(place, &length(m, &s.p, &(back - &s.u)), &scale))
        })
}

/// `parallel_transport(p, q, log(p, q)) = −log(q, p)`: the velocity of a geodesic is parallel
/// along it.
///
/// # Scale
///
/// dist(p, q) + rounding(p) + rounding(q).
pub fn transport_carries_the_velocity(m: &dyn Geodesic, s: &Samples) -> Worst {
    [("near", &s.q), ("ahead", &s.ahead)]
        .iter()
        .fold(Worst::default(), |worst, (place, q)| {
            let arrived = m.parallel_transport(&s.p, q, &m.log(&s.p, q)) + m.log(q, &s.p);
            worst.or(Worst::of(
                place,
                &length(m, q, &arrived),
                &between(m, s, q, &s.rounding_q),
            ))
        })
}

/// `P(a u + b w) = a P u + b P w` for P = `parallel_transport(p, q, ·)`.
///
/// # Scale
///
/// (|u| + |w|) · strain.
pub fn transport_is_linear(m: &dyn Geodesic, s: &Samples) -> Worst {
    let (a, b) = (0.7, -1.9);
    let carry = |x: &Tensor| m.parallel_transport(&s.p, &s.q, x);
    let sum = carry(&(&s.u * a + &s.w * b));
    let error = length(m, &s.q, &(sum - (carry(&s.u) * a + carry(&s.w) * b)));
    let scale = (length(m, &s.p, &s.u) + length(m, &s.p, &s.w)) * s.strain();
    Worst::of("parallel_transport", &error, &scale)
}

/// `parallel_transport(p, p, u) = u`.
///
/// # Scale
///
/// |u| · strain.
pub fn transport_stays(m: &dyn Geodesic, s: &Samples) -> Worst {
    let error = length(m, &s.p, &(m.parallel_transport(&s.p, &s.p, &s.u) - &s.u));
    Worst::of(
        "parallel_transport",
        &error,
        &(length(m, &s.p, &s.u) * s.strain()),
    )
}

/// Transport from p to γ(t) and then to q equals transport from p to q, for γ =
/// `geodesic(p, q, ·)`.
///
/// # Scale
///
/// |u| · strain.
pub fn transport_composes_along_a_geodesic(m: &dyn Geodesic, s: &Samples) -> Worst {
    let middle = m.geodesic(&s.p, &s.ahead, &s.t);
    let first = m.parallel_transport(&s.p, &middle, &s.u);
    let both = m.parallel_transport(&middle, &s.ahead, &first);
    let error = length(
        m,
        &s.ahead,
        &(both - m.parallel_transport(&s.p, &s.ahead, &s.u)),
    );
    Worst::of(
        "parallel_transport",
        &error,
        &(length(m, &s.p, &s.u) * s.strain()),
    )
}

/// `exp_transport(p, v, u) = (exp(p, v), parallel_transport(p, exp(p, v), u))`.
///
/// # Scale
///
/// The greatest coordinate of the point, and |u| · strain for the tangent.
pub fn exp_transport_is_its_parts(m: &dyn Geodesic, s: &Samples) -> Worst {
    let (q, moved) = m.exp_transport(&s.p, &s.v, &s.u);
    let want_q = m.exp(&s.p, &s.v);
    let want = m.parallel_transport(&s.p, &want_q, &s.u);
    let scale = length(m, &s.p, &s.u) * s.strain();
    same_coordinates("point", &q, &want_q, s).or(Worst::of(
        "tangent",
        &length(m, &want_q, &(moved - want)),
        &scale,
    ))
}

/// `dist(retract(p, h v), exp(p, h v)) = O(h²)`: the slope in a log-log fit is at least 2. It is
/// measured in f64 for both kinds, because f32 is too coarse.
///
/// # Scale
///
/// The error is 2 − slope, which is 1 for a map of order 0. It is 0 where all differences are
/// rounding.
pub fn retract_agrees_with_exp(m: &dyn Geodesic, s: &Samples) -> Worst {
    let p = m.project(&double(&s.p));
    let stride = m.project_tangent(&p, &double(&s.stride));
    let noise = (&s.rounding_p + &s.rounding_q) + s.radius;
    let differences = |h: f64| {
        let v = &stride * h;
        m.dist(&m.retract(&p, &v), &m.exp(&p, &v)).reshape([-1])
    };
    slope_deficit("retract", s, &noise, &differences)
}
