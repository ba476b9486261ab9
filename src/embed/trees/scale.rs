//! How long an edge must be, and how many bits a point needs.

use std::f64::consts::{LN_2, PI};

/// Bits of a coordinate beyond those that tell a point from the rim: they keep 2⁻¹⁰ of distances.
const GUARD_BITS: f64 = 10.0;

/// Rounds of the fixed point ψ. It is reached by contraction wherever edges are long enough.
const ROUNDS: usize = 200;

/// How much less than the sum of its edges a path loses at a corner, at most: ν of the module's
/// page, for edges no shorter than `length` and corners no sharper than `angle`; infinite for
/// edges that are too short for a bound.
pub(super) fn corner_loss(angle: f64, length: f64) -> f64 {
    if angle >= PI {
        return 0.0;
    }
    let mut seen = 0.0_f64;
    for _ in 0..ROUNDS {
        let free = angle - seen;
        if free <= 0.0 {
            return f64::INFINITY;
        }
        let next = 2.0 * ((-length).exp() / (0.5 * free).tan()).atan();
        if (next - seen).abs() <= f64::EPSILON * angle {
            return -2.0 * (0.5 * (angle - next)).sin().ln();
        }
        seen = next;
    }
    f64::INFINITY
}

/// The worst-case distortion that is guaranteed for paths of up to `hops` edges.
pub(super) fn distortion_bound(angle: f64, shortest: f64, hops: usize) -> f64 {
    let loss = corner_loss(angle, shortest) * corners_per_edge(hops);
    if loss < shortest {
        1.0 / (1.0 - loss / shortest)
    } else {
        f64::INFINITY
    }
}

/// The length of the shortest edge that guarantees a worst-case distortion of 1 + `epsilon`; 0 where
/// all lengths do.
pub(super) fn shortest_edge(angle: f64, hops: usize, epsilon: f64) -> f64 {
    let wanted = |length: f64| {
        corner_loss(angle, length) * corners_per_edge(hops) * (1.0 + epsilon) / epsilon
    };
    if angle >= PI || hops < 2 {
        return 0.0;
    }
    // The loss falls with the length, so that lengths that do lie above those that do not.
    let (mut low, mut high) = (0.0, wanted(f64::INFINITY).max(1.0));
    while wanted(high) > high {
        high *= 2.0;
    }
    while high - low > 1e-12 * high {
        let middle = 0.5 * (low + high);
        if wanted(middle) > middle {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// A path of m edges has m − 1 corners.
fn corners_per_edge(hops: usize) -> f64 {
    if hops < 2 {
        0.0
    } else {
        (hops as f64 - 1.0) / hops as f64
    }
}

/// The bits of a coordinate of a point at this distance from the origin of the ball.
pub(super) fn bits(radius: f64) -> f64 {
    (radius / LN_2 + GUARD_BITS).ceil()
}
