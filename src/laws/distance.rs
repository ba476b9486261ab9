//! Laws of [`Distance`].

use tch::{Kind, Tensor};

use super::measure::{Worst, double, flat};
use super::samples::Samples;
use crate::Distance;

/// `dist(p, q) = dist(q, p)`.
///
/// # Scale
///
/// dist(p, q) + rounding(p) + rounding(q).
pub fn dist_is_symmetric(d: &dyn Distance, s: &Samples) -> Worst {
    pairs(s)
        .iter()
        .fold(Worst::default(), |worst, (place, q, rounding)| {
            let error = d.between(&s.p, q) - d.between(q, &s.p);
            worst.or(Worst::of(place, &error, &between(d, s, q, rounding)))
        })
}

/// `dist(p, p) = 0`.
///
/// # Scale
///
/// rounding(p).
pub fn dist_to_itself_is_zero(d: &dyn Distance, s: &Samples) -> Worst {
    Worst::of("dist", &d.between(&s.p, &s.p), &s.rounding_p)
}

/// `dist(p, r) ≤ dist(p, q) + dist(q, r)`.
///
/// # Scale
///
/// The right side, plus rounding at the three points.
pub fn triangle_inequality(d: &dyn Distance, s: &Samples) -> Worst {
    [("p to far", &s.p, &s.q), ("q to far", &s.q, &s.p)]
        .iter()
        .fold(Worst::default(), |worst, (place, from, over)| {
            let way = double(&d.between(from, over)) + double(&d.between(over, &s.far));
            let excess = (double(&d.between(from, &s.far)) - &way)
                .clamp_min(0.0)
                .reshape([-1]);
            let scale = way.reshape([-1]) + &s.rounding_p + &s.rounding_q + &s.rounding_far;
            worst.or(Worst::of(place, &excess, &scale))
        })
}

/// The far and the near partner of p, with what rounding costs there.
pub(super) fn pairs(s: &Samples) -> [(&'static str, &Tensor, &Tensor); 3] {
    [
        ("near", &s.q, &s.rounding_q),
        ("ahead", &s.ahead, &s.rounding_q),
        ("far", &s.far, &s.rounding_far),
    ]
}

/// dist(p, q) + rounding(p) + rounding(q).
pub(super) fn between(
    d: &(impl Distance + ?Sized),
    s: &Samples,
    q: &Tensor,
    rounding: &Tensor,
) -> Tensor {
    let dist = flat(&d.between(&s.p, q).detach(), s.rows).sum_dim_intlist(-1, false, Kind::Double);
    dist + &s.rounding_p + rounding
}
