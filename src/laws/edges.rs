//! Laws for special cases: p = q, angles π/2 and π, cut loci, and leaves that change in place.

use tch::Tensor;

use super::measure::{Worst, double, flat, gradients, leaf, length, size};
use super::operations::{self, Operation};
use super::samples::{Samples, all_finite, with_length};
use crate::numerics::{no_grad, with_grad};
use crate::random::random_normal;
use crate::{Geodesic, Manifold};

/// At [`Samples::corners`], and at v = 0 and p = q, the result of each operation of [`Manifold`]
/// is the same with and without gradients, also where it is NaN or infinite.
///
/// # Scale
///
/// The greatest coordinate of the result, at least 1, times the strain.
pub fn gradients_change_no_value_at_corners(m: &dyn Manifold, s: &Samples) -> Worst {
    values_at_corners(m, m, s, &operations::of_manifold())
}

/// As [`gradients_change_no_value_at_corners`], for the operations of [`Geodesic`].
///
/// # Scale
///
/// As there.
pub fn geodesic_gradients_change_no_value_at_corners(m: &dyn Geodesic, s: &Samples) -> Worst {
    values_at_corners(m, m, s, &operations::of_geodesic())
}

/// After a leaf has been changed in place, the result and the gradient of each operation of
/// [`Manifold`] are those of a new leaf with the same values.
///
/// # Scale
///
/// The greatest coordinate of the result, or of the gradient, at least 1.
pub fn gradient_sees_an_update(m: &dyn Manifold, s: &Samples) -> Worst {
    updates(m, m, s, &operations::of_manifold())
}

/// As [`gradient_sees_an_update`], for the operations of [`Geodesic`].
///
/// # Scale
///
/// As there.
pub fn geodesic_gradient_sees_an_update(m: &dyn Geodesic, s: &Samples) -> Worst {
    updates(m, m, s, &operations::of_geodesic())
}

/// `dist` is finite and not negative for any two points, also for those without a logarithm.
///
/// # Scale
///
/// None: the error is 0 or infinite.
pub fn distance_is_finite(m: &dyn Geodesic, s: &Samples) -> Worst {
    let places = pairs(m, s);
    places.iter().fold(Worst::default(), |worst, pair| {
        let dist = no_grad(|| m.dist(&pair.p, &pair.q));
        let right = all_finite(&dist) && dist.lt(0.0).any().int64_value(&[]) == 0;
        worst.or(Worst::at(
            pair.place,
            if right { 0.0 } else { f64::INFINITY },
        ))
    })
}

/// The gradient of `dist(p, q)` at p = q is 0 in both points, and so is that of `dist(p, p)`.
///
/// # Scale
///
/// None: any other gradient is an infinite error.
pub fn gradient_of_distance_at_rest_is_zero(m: &dyn Geodesic, s: &Samples) -> Worst {
    let corners = s.corners(m);
    let points = [
        ("p", &s.p),
        ("q", &s.q),
        ("far", &s.far),
        ("corners", &corners.p),
    ];
    points.iter().fold(Worst::default(), |worst, (place, p)| {
        let leaves = [leaf(p), leaf(p)];
        let two = slopes(m, &leaves[0], &leaves[1], &leaves);
        let one = slopes(m, &leaves[0], &leaves[0], &leaves[..1]);
        let still = two
            .iter()
            .chain(&one)
            .all(|slope| slope.not_equal(0.0).any().int64_value(&[]) == 0);
        worst.or(Worst::at(place, if still { 0.0 } else { f64::INFINITY }))
    })
}

/// The distance is Lipschitz with constant 1: `|rgrad(p, ∂ dist(p, q)/∂p)| ≤ 1`, and the same for
/// q, for points at any distance, from a few roundings to the cut locus. The gradient is finite.
///
/// # Scale
///
/// (1 + (rounding(p) + rounding(q))/radius) · stretch.
pub fn gradient_of_distance_is_at_most_one(m: &dyn Geodesic, s: &Samples) -> Worst {
    pairs(m, s).iter().fold(Worst::default(), |worst, pair| {
        let leaves = [leaf(&pair.p), leaf(&pair.q)];
        let found = slopes(m, &leaves[0], &leaves[1], &leaves);
        let excess = |base: &Tensor, slope: &Tensor| {
            let slope = m.rgrad(base, slope);
            (length(m, base, &slope) - 1.0).clamp_min(0.0)
        };
        worst
            .or(Worst::of(
                pair.place,
                &excess(&pair.p, &found[0]),
                &pair.scale,
            ))
            .or(Worst::of(
                pair.place,
                &excess(&pair.q, &found[1]),
                &pair.scale,
            ))
    })
}

/// Geodesics are shortest up to twice the [`convexity_radius`](Geodesic::convexity_radius) r:
/// `dist(p, exp(p, v)) = |log(p, exp(p, v))| = |v|` for |v| up to 0.999 · 2r.
///
/// # Scale
///
/// |v| + rounding(p) + rounding(q).
pub fn convexity_radius_is_kept(m: &dyn Geodesic, s: &Samples) -> Worst {
    let radius = m.convexity_radius();
    if !radius.is_finite() || radius <= 0.0 {
        return Worst::default();
    }
    let part = double(&s.t) * 0.5 + 0.499;
    let v = with_length(m, &s.p, &s.u, &(part * (2.0 * radius)));
    let v = m.project_tangent(&s.p, &v);
    let q = m.exp(&s.p, &v);
    let way = length(m, &s.p, &v);
    let scale = &way + &s.rounding_p + &s.rounding_q;
    let dist = double(&m.dist(&s.p, &q)).reshape([-1]);
    let log = length(m, &s.p, &m.log(&s.p, &q));
    Worst::of("dist", &(dist - &way), &scale).or(Worst::of("log", &(log - &way), &scale))
}

/// Two points, and the scale of the length of a gradient there.
struct Pair {
    place: &'static str,
    p: Tensor,
    q: Tensor,
    scale: Tensor,
}

fn pairs(m: &dyn Geodesic, s: &Samples) -> Vec<Pair> {
    let corners = s.corners(m);
    // A few roundings away.
    let noise = double(&s.z).sign() * (2.0 * super::epsilon(s.p.kind()));
    let beside = m.project(&(double(&s.p) * (noise + 1.0)).to_kind(s.p.kind()));
    let of = |place, s: &Samples, q: &Tensor| Pair {
        place,
        p: s.p.shallow_clone(),
        q: q.shallow_clone(),
        // Infinite on the very edge of a ball.
        scale: (s.strain() * &s.stretch).nan_to_num(1e100, 1e100, 1.0),
    };
    vec![
        of("a rounding away", s, &beside),
        of("near", s, &s.q),
        of("ahead", s, &s.ahead),
        of("far", s, &s.far),
        of("corners", &corners, &corners.q),
    ]
}

/// The gradients of `dist(p, q)`.
fn slopes(m: &dyn Geodesic, p: &Tensor, q: &Tensor, leaves: &[Tensor]) -> Vec<Tensor> {
    let dist = with_grad(|| m.dist(p, q));
    gradients(&dist.sum(dist.kind()), leaves, false)
}

fn values_at_corners<M: ?Sized>(
    m: &M,
    manifold: &dyn Manifold,
    s: &Samples,
    operations: &[Operation<M>],
) -> Worst {
    let places = [s.corners(manifold), s.at_rest()];
    operations
        .iter()
        .fold(Worst::default(), |worst, operation| {
            places.iter().fold(worst, |worst, s| {
                let arguments = operation.arguments(s);
                let without = no_grad(|| (operation.apply)(m, &arguments));
                let leaves: Vec<Tensor> = arguments.iter().map(leaf).collect();
                let with = with_grad(|| (operation.apply)(m, &leaves));
                worst.or(same(operation.name, &with, &without, &s.strain()))
            })
        })
}

fn updates<M: ?Sized>(
    m: &M,
    manifold: &dyn Manifold,
    s: &Samples,
    operations: &[Operation<M>],
) -> Worst {
    let there = there(manifold, s);
    operations
        .iter()
        .fold(Worst::default(), |worst, operation| {
            let old: Vec<Tensor> = operation.arguments(s).iter().map(leaf).collect();
            let new: Vec<Tensor> = operation.arguments(&there).iter().map(leaf).collect();
            let _ = with_gradients(m, s, operation, &old);
            no_grad(|| {
                for (leaf, value) in old.iter().zip(&new) {
                    leaf.shallow_clone().copy_(value);
                }
            });
            let exactly = s.rounding_p.ones_like();
            let (got, got_gradients) = with_gradients(m, s, operation, &old);
            let (want, want_gradients) = with_gradients(m, s, operation, &new);
            worst
                .or(same(operation.name, &got, &want, &exactly))
                .or(same(
                    operation.name,
                    &got_gradients,
                    &want_gradients,
                    &exactly,
                ))
        })
}

/// The samples of the way back from q to p.
fn there(m: &dyn Manifold, s: &Samples) -> Samples {
    let mut there = s.long();
    (there.p, there.q) = (s.ahead.shallow_clone(), s.p.shallow_clone());
    let tangent = |v: &Tensor| m.project_tangent(&there.p, v);
    (there.u, there.v) = (tangent(&s.w), tangent(&s.u));
    there.z = s.z.neg() + 0.5;
    there.t = 1.0 - &s.t;
    there
}

/// Results, and the gradients of their contraction with random numbers.
fn with_gradients<M: ?Sized>(
    m: &M,
    s: &Samples,
    operation: &Operation<M>,
    leaves: &[Tensor],
) -> (Vec<Tensor>, Vec<Tensor>) {
    let mut rng = s.rng();
    with_grad(|| {
        let results = (operation.apply)(m, leaves);
        let zero = Tensor::zeros([1], (s.p.kind(), s.p.device()));
        let sum = results.iter().fold(zero, |sum, x| {
            let weights = random_normal(&mut rng, &x.size(), x.kind(), x.device());
            sum + (x * weights).sum(x.kind())
        });
        let found = gradients(&sum.sum(sum.kind()), leaves, false);
        let results = results.iter().map(Tensor::detach).collect();
        (results, found)
    })
}

/// The worst difference of results that are NaN and infinite in the same places, at a strain, `[rows]`.
fn same(place: &'static str, got: &[Tensor], want: &[Tensor], strain: &Tensor) -> Worst {
    let rows = strain.numel() as i64;
    // Infinite on the very edge of a ball.
    let strain = strain.nan_to_num(1e100, 1e100, 1.0);
    let pairs = got.iter().zip(want);
    pairs.fold(Worst::default(), |worst, (got, want)| {
        if got.size() != want.size() {
            return Worst::at(place, f64::INFINITY);
        }
        let (got, want) = (flat(got, rows), flat(want, rows));
        let both_nan = got.isnan().logical_and(&want.isnan());
        let equal = got.eq_tensor(&want).logical_or(&both_nan);
        let error = (&got - &want).masked_fill(&equal, 0.0);
        let scale = size(&want.nan_to_num(0.0, 0.0, 0.0), rows).clamp_min(1.0) * &strain;
        worst.or(Worst::of(place, &size(&error, rows), &scale))
    })
}
