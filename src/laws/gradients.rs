//! Laws of derivatives: autograd against central differences and closed forms.

use tch::{Kind, Tensor};

use super::measure::{Worst, double, flat, gradients, leaf, length, per_row, size, total};
use super::operations::{self, Arg, Operation, Smooth, to_kind};
use super::samples::{Samples, with_length};
use crate::numerics::with_grad;
use crate::random::random_normal;
use crate::{Geodesic, Manifold};

/// The step of a central difference in f64, as a part of the radius: the cube root of ε, where
/// truncation and rounding are alike.
const STEP: f64 = 6e-6;

/// The autograd derivative of each operation of [`Manifold`], contracted with random numbers,
/// equals a central difference in f64 along curves on the manifold. Tangents are 0.1 to 0.9 times
/// the radius long.
///
/// # Scale
///
/// (Σ |terms of the contracted gradient| + Σ |terms of the contracted result| / radius) · strain.
pub fn gradient_is_difference(m: &dyn Manifold, s: &Samples) -> Worst {
    every(m, m, &s.long(), &operations::of_manifold(), true)
}

/// As [`gradient_is_difference`], with tangents down to 1e-9 times the radius, for the operations
/// that are smooth at v = 0.
///
/// # Scale
///
/// As there.
pub fn gradient_is_difference_when_short(m: &dyn Manifold, s: &Samples) -> Worst {
    every(m, m, s, &operations::of_manifold(), false)
}

/// As [`gradient_is_difference`], at v = 0 and p = q, for the operations that are smooth there.
///
/// # Scale
///
/// As there.
pub fn gradient_is_difference_at_rest(m: &dyn Manifold, s: &Samples) -> Worst {
    every(m, m, &s.at_rest(), &operations::of_manifold(), false)
}

/// The autograd derivative of `exp`, `log`, `parallel_transport`, `dist`, `geodesic` and
/// `exp_transport`, contracted with random numbers, equals a central difference in f64 along
/// curves on the manifold. Distances are 0.1 to 0.9 times the radius.
///
/// # Scale
///
/// (Σ |terms of the contracted gradient| + Σ |terms of the contracted result| / radius) · strain.
pub fn geodesic_gradient_is_difference(m: &dyn Geodesic, s: &Samples) -> Worst {
    every(m, m, &s.long(), &operations::of_geodesic(), true)
}

/// As [`geodesic_gradient_is_difference`], with distances down to 1e-9 times the radius, for the
/// operations that are smooth at p = q.
///
/// # Scale
///
/// As there.
pub fn geodesic_gradient_is_difference_when_short(m: &dyn Geodesic, s: &Samples) -> Worst {
    every(m, m, s, &operations::of_geodesic(), false)
}

/// As [`geodesic_gradient_is_difference`], at v = 0 and p = q, for the operations that are smooth
/// there.
///
/// # Scale
///
/// As there.
pub fn geodesic_gradient_is_difference_at_rest(m: &dyn Geodesic, s: &Samples) -> Worst {
    every(m, m, &s.at_rest(), &operations::of_geodesic(), false)
}

/// `rgrad(p, ∂ dist²/∂p) = −2 log(p, q)` and `rgrad(q, ∂ dist²/∂q) = −2 log(q, p)`, as lengths, at
/// all distances including 0.
///
/// # Scale
///
/// (dist(p, q) + rounding(p) + rounding(q)) · strain.
pub fn gradient_of_squared_distance_is_log(m: &dyn Geodesic, s: &Samples) -> Worst {
    let at_rest = s.at_rest();
    [
        ("near", s, &s.q),
        ("ahead", s, &s.ahead),
        ("at rest", &at_rest, &at_rest.q),
    ]
    .iter()
    .fold(Worst::default(), |worst, (place, s, q)| {
        let leaves = [leaf(&s.p), leaf(q)];
        let dist = with_grad(|| m.dist(&leaves[0], &leaves[1]));
        let found = gradients(&dist.square().sum(dist.kind()), &leaves, false);
        let error = |base: &Tensor, other: &Tensor, gradient: &Tensor| {
            let gradient = m.rgrad(base, gradient) + m.log(base, other) * 2.0;
            length(m, base, &gradient)
        };
        let length_there = double(&dist).reshape([-1]) + &s.rounding_p + &s.rounding_q;
        let scale = length_there * s.strain();
        worst
            .or(Worst::of(place, &error(&s.p, q, &found[0]), &scale))
            .or(Worst::of(place, &error(q, &s.p, &found[1]), &scale))
    })
}

/// `d/dh exp(p, h u) = u` at h = 0, by autograd, contracted with random numbers.
///
/// # Scale
///
/// Σ |terms|.
pub fn exp_starts_with_its_velocity(m: &dyn Geodesic, s: &Samples) -> Worst {
    let path = Path::new(m, s, s.p.kind());
    let (first, _) = path.derivatives(0.0);
    let terms = &path.weights * &path.direction;
    let want = flat(&terms, s.rows).sum_dim_intlist(-1, false, Kind::Double);
    Worst::of(
        "exp",
        &(double(&first).reshape([-1]) - want),
        &total(&terms, s.rows),
    )
}

/// `d²/dh² exp(p, h u)` at h = 0, by autograd twice, equals the central difference of the first
/// derivative in f64.
///
/// # Scale
///
/// Σ |terms of the contracted point and velocity| · strain.
pub fn second_derivative_of_exp_at_zero(m: &dyn Geodesic, s: &Samples) -> Worst {
    let (_, second) = Path::new(m, s, s.p.kind()).derivatives(0.0);
    let exact = Path::new(m, s, Kind::Double);
    let (ahead, behind) = (exact.derivatives(STEP).0, exact.derivatives(-STEP).0);
    let want = (ahead - behind) / (2.0 * STEP);
    let terms = exact.weights.abs() * (double(&s.p).abs() + exact.direction.abs());
    let error = double(&second).reshape([-1]) - want.reshape([-1]);
    Worst::of("exp", &error, &(total(&terms, s.rows) * s.strain()))
}

/// h ↦ Σ weights · exp(p, h · direction), row by row; the direction is `radius` long.
struct Path<'a> {
    m: &'a dyn Geodesic,
    s: &'a Samples,
    p: Tensor,
    direction: Tensor,
    weights: Tensor,
}

impl<'a> Path<'a> {
    fn new(m: &'a dyn Geodesic, s: &'a Samples, kind: Kind) -> Self {
        let lengths = Tensor::full(&s.batch, s.radius, (Kind::Double, s.p.device()));
        let direction = with_length(m, &s.p, &s.u, &lengths).to_kind(kind);
        let weights = s.normal(&mut s.rng(), &s.p.size()).to_kind(kind);
        Self {
            m,
            s,
            p: s.p.to_kind(kind),
            direction,
            weights,
        }
    }

    fn derivatives(&self, h: f64) -> (Tensor, Tensor) {
        with_grad(|| {
            let h = Tensor::full(&self.s.batch, h, (self.p.kind(), self.p.device()));
            let h = h.set_requires_grad(true);
            let steps = per_row(self.m, &h);
            let q = self.m.exp(&self.p, &(&self.direction * steps));
            let inputs = [h];
            let sum = (q * &self.weights).sum(self.p.kind());
            let first = gradients(&sum, &inputs, true).remove(0);
            let second = gradients(&first.sum(first.kind()), &inputs, false).remove(0);
            (first.detach(), second)
        })
    }
}

fn every<M: ?Sized>(
    m: &M,
    manifold: &dyn Manifold,
    s: &Samples,
    operations: &[Operation<M>],
    away_from_zero: bool,
) -> Worst {
    let smooth = operations
        .iter()
        .filter(|operation| match operation.smooth {
            Smooth::Everywhere => true,
            Smooth::AwayFromZero => away_from_zero,
            Smooth::Nowhere => false,
        });
    smooth.fold(Worst::default(), |worst, operation| {
        worst.or(Derivative {
            m,
            manifold,
            s,
            operation,
        }
        .worst())
    })
}

/// Steps of a difference, in parts of h.
const STEPS: [f64; 4] = [1.0, -1.0, 2.0, -2.0];

/// The derivative from the values `[4, ..]` at h, −h, 2h and −2h, by differences that are exact to
/// fourth order: near a matrix without a projection, or a short vector, the third derivative is
/// large.
fn slope(values: &Tensor, h: f64) -> Tensor {
    let at = |step: i64| values.get(step);
    ((at(0) - at(1)) * 8.0 - (at(2) - at(3))) / (12.0 * h)
}

/// `x` once for each step, `[4, ..]`.
fn for_each_step(x: &Tensor) -> Tensor {
    let size = [&[STEPS.len() as i64], x.size().as_slice()].concat();
    x.unsqueeze(0).expand(size, false).contiguous()
}

struct Derivative<'a, M: ?Sized> {
    m: &'a M,
    manifold: &'a dyn Manifold,
    s: &'a Samples,
    operation: &'a Operation<M>,
}

impl<M: ?Sized> Derivative<'_, M> {
    fn worst(&self) -> Worst {
        let (s, operation) = (self.s, self.operation);
        let arguments = operation.arguments(s);
        let leaves: Vec<Tensor> = arguments.iter().map(leaf).collect();
        let results = with_grad(|| (operation.apply)(self.m, &leaves));
        let mut rng = s.rng();
        let weights: Vec<Tensor> = results
            .iter()
            .map(|x| random_normal(&mut rng, &x.size(), x.kind(), x.device()))
            .collect();
        let contracted = with_grad(|| {
            let products = results.iter().zip(&weights).map(|(x, weight)| x * weight);
            products.fold(Tensor::zeros([1], (s.p.kind(), s.p.device())), |sum, x| {
                sum + x.sum(s.p.kind())
            })
        });
        let found = gradients(&contracted.sum(s.p.kind()), &leaves, false);

        let h = STEP * s.radius;
        let moved = self.moved(&arguments, h);
        let want = slope(
            &self.contract(&(operation.apply)(self.m, &moved), &weights),
            h,
        );

        let zero = || Tensor::zeros([s.rows], (Kind::Double, s.p.device()));
        let (mut got, mut scale) = (zero(), zero());
        for (argument, gradient) in moved.iter().zip(&found) {
            let terms = flat(gradient, s.rows) * flat(&slope(argument, h), s.rows);
            got += terms.sum_dim_intlist(-1, false, Kind::Double);
            scale += total(&terms, s.rows);
        }
        for (result, weight) in results.iter().zip(&weights) {
            scale += total(&(double(result) * weight), s.rows) / s.radius;
        }
        Worst::of(operation.name, &(got - want), &(scale * s.strain()))
    }

    /// Σ result · weight at each step, `[4, rows]`.
    fn contract(&self, results: &[Tensor], weights: &[Tensor]) -> Tensor {
        let steps = STEPS.len() as i64;
        let rows = steps * self.s.rows;
        let zero = Tensor::zeros([rows], (Kind::Double, self.s.p.device()));
        let terms = results.iter().zip(weights);
        let sum = terms.fold(zero, |sum, (x, weight)| {
            let products = flat(x, rows) * flat(&for_each_step(weight), rows);
            sum + products.sum_dim_intlist(-1, false, Kind::Double)
        });
        sum.view([steps, self.s.rows])
    }

    /// The arguments in f64 at each step of h, `[4, ..]`: points along a tangent, tangents projected
    /// to the point that they then belong to.
    fn moved(&self, arguments: &[Tensor], h: f64) -> Vec<Tensor> {
        let (m, s) = (self.manifold, self.s);
        let mut rng = s.rng();
        let steps = Tensor::from_slice(&STEPS.map(|step| step * h)).to_device(s.p.device());
        let one = for_each_step(&Tensor::ones(&s.batch, (Kind::Double, s.p.device())));
        let arguments = to_kind(arguments, Kind::Double);
        let start = for_each_step(&double(&s.p));
        let mut base = start.shallow_clone();
        let mut moved = Vec::new();
        for (x, arg) in arguments.iter().zip(self.operation.args) {
            let noise = random_normal(&mut rng, &x.size(), Kind::Double, x.device());
            let noise = for_each_step(&noise);
            let steps = steps.view([&[-1], vec![1; x.dim()].as_slice()].concat().as_slice());
            let tangent_at =
                |p: &Tensor| with_length(m, p, &m.project_tangent(p, &noise), &one) * &steps;
            let size = || per_row(m, &size(x, s.rows).reshape(s.batch.as_slice()));
            let x = for_each_step(x);
            moved.push(match arg {
                Arg::P => {
                    base = m.retract(&x, &tangent_at(&x));
                    base.shallow_clone()
                }
                Arg::Q => m.retract(&x, &tangent_at(&x)),
                Arg::U | Arg::V => m.project_tangent(&base, &(x + tangent_at(&start))),
                Arg::Z => x + &noise * &steps * size(),
                Arg::T => x + &noise * &steps,
            });
        }
        moved
    }
}
