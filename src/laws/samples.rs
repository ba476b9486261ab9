//! The samples of a law: points near and far, tangents short and long, all from one seed.

use proptest::prelude::{Strategy, any};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

use super::measure::{double, flat, length, per_row, size};
use super::{Domain, Subject};
use crate::Manifold;
use crate::numerics::no_grad;
use crate::random::random_normal;

/// The choices that proptest makes. They determine the [`Samples`].
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The seed of the generator that draws all numbers.
    pub seed: u64,
    /// The batch dimensions.
    pub batch: Vec<i64>,
    /// The largest distance of the base points from a random point, as a fraction of
    /// [`Domain::reach`].
    pub reach: f64,
    /// The lengths of tangents range from about 10^(−decades) times [`Domain::radius`] to the
    /// radius.
    pub decades: u32,
}

/// The proptest strategy: seeds, batch shapes of up to two dimensions, and scales.
pub fn cases() -> impl Strategy<Value = Case> {
    let batch = proptest::collection::vec(1..=7_i64, 0..=2);
    (any::<u64>(), batch, 0.0..=1.0, 0..=9_u32).prop_map(|(seed, batch, reach, decades)| Case {
        seed,
        batch,
        reach,
        decades,
    })
}

/// Points and tangents for one case, of shape `[batch.., point..]`, with distinct rows.
#[derive(Debug)]
pub struct Samples {
    /// The batch dimensions.
    pub batch: Vec<i64>,
    /// Their product.
    pub rows: i64,
    /// The length up to which `log` inverts `exp`: [`Domain::radius`].
    pub radius: f64,
    /// Base points, at distances from a random point up to the case's reach.
    pub p: Tensor,
    /// `p` moved along `v`.
    pub q: Tensor,
    /// `p` moved along `stride`.
    pub ahead: Tensor,
    /// Points with the distribution of `p`, drawn independently.
    pub far: Tensor,
    /// A tangent at `p`, standard normal.
    pub u: Tensor,
    /// A tangent at `p`, standard normal.
    pub w: Tensor,
    /// A tangent at `p`, with a length between the case's shortest one and `radius`.
    pub v: Tensor,
    /// `v` scaled to a length of 0.1 to 0.9 times `radius`.
    pub stride: Tensor,
    /// An ambient array of standard normal numbers.
    pub z: Tensor,
    /// Parameters in (0, 1), of the batch shape.
    pub t: Tensor,
    /// [`rounding`] at `p`, `[rows]`.
    pub rounding_p: Tensor,
    /// [`rounding`] at `q`, `[rows]`.
    pub rounding_q: Tensor,
    /// [`rounding`] at `far`, `[rows]`.
    pub rounding_far: Tensor,
    /// The largest coordinate of the projection of ambient numbers ±1 onto the tangent space at p
    /// or q, `[rows]`. It is about 1 where the projection is orthogonal in the ambient
    /// coordinates, and large far from the origin of a hyperboloid.
    pub stretch: Tensor,
    /// [`directions`], `[4, batch.., point..]`.
    signs: Tensor,
    seed: u64,
}

/// The Riemannian length, to first order, of a relative change of 1 in the coordinates of a point,
/// for points `[.., point..]`, in f64 and flattened. Multiplied by ε, it is the distance by which
/// rounding moves the point. `signs`, `[4, .., point..]`, are the directions of change that are
/// tried; the result is the greatest length.
///
/// It is large near the boundary of a ball and far from the origin of a hyperboloid, for any
/// formula.
pub fn rounding(m: &dyn Manifold, p: &Tensor, signs: &Tensor) -> Tensor {
    const STEP: f64 = 1e-9;
    let p = m.project(&double(p));
    let batch = batch_shape(m, &p);
    let reach = per_row(m, &size(&p, batch.iter().product()).reshape(batch));
    greatest(m, &p, |p| {
        let moved = m.project(&(p + &reach * signs * STEP));
        length(m, p, &m.project_tangent(p, &(moved - p))) / STEP
    })
}

/// ±1 at random, and the same with the signs of every second number, of every second pair, and of
/// both changed, `[4, ..]`: in few dimensions one of them may be almost normal to the tangent space.
/// Of four numbers these are orthogonal, and span all directions.
fn directions(z: &Tensor, point_shape: &[i64]) -> Tensor {
    let signs = double(z).sign();
    let count = point_shape.iter().product::<i64>();
    let alternating = |period: i64| {
        let index = Tensor::arange(count, (Kind::Double, z.device())) / period;
        (index.floor().remainder(2.0) * 2.0 - 1.0).view(point_shape)
    };
    let (singles, pairs) = (alternating(1), alternating(2));
    let both = &singles * &pairs;
    let changed = [&signs * singles, &signs * pairs, &signs * both];
    let [a, b, c] = &changed;
    Tensor::stack(&[&signs, a, b, c], 0)
}

/// The greatest of what is measured for the four [`directions`] at each of the points: `measure`
/// gets every point four times, `[4, .., point..]`, and gives one number for each.
fn greatest(m: &dyn Manifold, p: &Tensor, measure: impl Fn(&Tensor) -> Tensor) -> Tensor {
    let four_times = [&[4], p.size().as_slice()].concat();
    let rows: i64 = batch_shape(m, p).iter().product();
    let found = measure(&p.unsqueeze(0).expand(four_times, false).contiguous());
    found.view([4, rows]).amax([0], false)
}

/// See [`Samples::stretch`].
fn stretch(m: &dyn Manifold, p: &Tensor, signs: &Tensor) -> Tensor {
    let p = double(p);
    let rows: i64 = batch_shape(m, &p).iter().product();
    let signs = signs.expand([&[4], p.size().as_slice()].concat(), false);
    greatest(m, &p, |p| size(&m.project_tangent(p, &signs), 4 * rows)).clamp_min(1.0)
}

/// Of each of several points with the same rows, `[rows]`: [`rounding`] and [`stretch`].
fn measures<const N: usize>(
    m: &dyn Manifold,
    points: [&Tensor; N],
    rows: i64,
    signs: &Tensor,
) -> [(Tensor, Tensor); N] {
    let (points, signs) = (Tensor::stack(&points, 0), signs.unsqueeze(1));
    let rounding = rounding(m, &points, &signs).view([N as i64, rows]);
    let stretch = stretch(m, &points, &signs).view([N as i64, rows]);
    std::array::from_fn(|i| (rounding.get(i as i64), stretch.get(i as i64)))
}

/// 1 where the indices are equal; the first of a vector's coordinates.
fn axes(point: &[i64]) -> Tensor {
    let options = (Kind::Double, Device::Cpu);
    match *point {
        [.., n, k] => {
            let axes = Tensor::eye(n.max(k), options);
            let axes = axes.narrow(0, 0, n).narrow(1, 0, k);
            axes.expand(point, false).contiguous()
        }
        _ => Tensor::arange(point.iter().product::<i64>(), options)
            .eq(0.0)
            .to_kind(Kind::Double),
    }
}

fn batch_shape(m: &dyn Manifold, p: &Tensor) -> Vec<i64> {
    let size = p.size();
    size[..size.len() - m.point_shape().len()].to_vec()
}

impl Samples {
    /// Draws the samples of a case.
    pub fn draw(subject: &Subject, case: &Case, options: (Kind, Device)) -> Self {
        no_grad(|| Draw::new(subject, case, options).samples())
    }

    /// A generator for random numbers that a law needs itself.
    pub fn rng(&self) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(self.seed ^ 0x6c61_7773)
    }

    /// Standard normal numbers of a size, in the kind and on the device of the points.
    pub fn normal(&self, rng: &mut Xoshiro256PlusPlus, size: &[i64]) -> Tensor {
        random_normal(rng, size, self.p.kind(), self.p.device())
    }

    /// The same samples with `stride` for `v` and `ahead` for `q`.
    #[must_use]
    pub fn long(&self) -> Self {
        let mut long = self.copied();
        long.v = self.stride.shallow_clone();
        long.q = self.ahead.shallow_clone();
        long
    }

    /// The same samples with v = 0 and q = p.
    #[must_use]
    pub fn at_rest(&self) -> Self {
        let mut rest = self.copied();
        rest.v = self.v.zeros_like();
        rest.q = self.p.copy();
        rest.rounding_q = self.rounding_p.copy();
        rest
    }

    /// Pairs of special points, such as antipodes and pairs with angles π/2 or π, which random
    /// points never are. p is the projection of the first axis (for matrices, of the identity) or
    /// of alternating signs, or the first base point. q is the projection of p, of −p, or of p
    /// with its first dimension shifted cyclically by one. There is one row for each pair of valid
    /// points. v is 0, and z is p with zeros for its last coordinates.
    #[must_use]
    pub fn corners(&self, m: &dyn Manifold) -> Self {
        no_grad(|| {
            let point = m.point_shape();
            let options = (self.p.kind(), self.p.device());
            let first = self
                .p
                .reshape([&[self.rows], point.as_slice()].concat())
                .get(0);
            let axes = axes(&point).to_kind(options.0).to_device(options.1);
            let count = point.iter().product::<i64>();
            let signs = Tensor::arange(count, options).remainder(2.0) * -2.0 + 1.0;
            let p = Tensor::stack(&[axes, signs.view(point.as_slice()), first], 0);
            let p = m.project(&p);
            let (opposite, rolled) = (m.project(&-&p), m.project(&p.roll([1], [1])));
            let q = Tensor::cat(&[&p, &opposite, &rolled], 0);
            let p = Tensor::cat(&[&p, &p, &p], 0);
            let accepted = crate::manifold::tolerance(options.0);
            let valid = |x: &Tensor| m.point_defect(x).le(accepted);
            let rows = valid(&p).logical_and(&valid(&q)).nonzero().squeeze_dim(-1);
            self.at_pairs(m, &p.index_select(0, &rows), &q.index_select(0, &rows))
        })
    }

    /// Samples for these pairs of points, `[rows, point..]`.
    fn at_pairs(&self, m: &dyn Manifold, p: &Tensor, q: &Tensor) -> Self {
        let rows = p.size()[0];
        let mut rng = self.rng();
        let mut normal = || self.normal(&mut rng, &p.size());
        let (u, w, noise) = (normal(), normal(), normal());
        let (u, w) = (m.project_tangent(p, &u), m.project_tangent(p, &w));
        let signs = directions(&noise, &m.point_shape());
        let z = p.copy();
        let _ = z.narrow(-1, z.size()[z.dim() - 1] - 1, 1).zero_();
        let [(rounding_p, stretch_p), (rounding_q, stretch_q)] = measures(m, [p, q], rows, &signs);
        Self {
            batch: vec![rows],
            rows,
            radius: self.radius,
            v: p.zeros_like(),
            stride: p.zeros_like(),
            ahead: q.shallow_clone(),
            far: q.shallow_clone(),
            t: Tensor::full([rows], 0.5, (p.kind(), p.device())),
            stretch: stretch_p.maximum(&stretch_q),
            rounding_far: rounding_q.shallow_clone(),
            rounding_p,
            rounding_q,
            p: p.shallow_clone(),
            q: q.shallow_clone(),
            u,
            w,
            z,
            signs,
            seed: self.seed,
        }
    }

    /// `1 + (rounding(p) + rounding(q)) / radius`, `[rows]`: the factor by which rounding of the
    /// points is amplified in a tangent of unit length.
    pub fn strain(&self) -> Tensor {
        (&self.rounding_p + &self.rounding_q) / self.radius + 1.0
    }

    /// The Riemannian length of a relative change of 1 in the coordinates of the tangent `v` at
    /// `p`, after projection onto the tangent space, `[rows]`.
    pub fn tangent_rounding(&self, m: &dyn Manifold, p: &Tensor, v: &Tensor) -> Tensor {
        let sizes = per_row(m, &size(v, self.rows).reshape(self.batch.as_slice()));
        let p = double(p);
        greatest(m, &p, |p| {
            length(m, p, &m.project_tangent(p, &(&sizes * &self.signs)))
        })
    }

    /// The same tensors.
    fn copied(&self) -> Self {
        self.with_each(Tensor::shallow_clone)
    }

    /// The same numbers in other tensors.
    pub(super) fn copy(&self) -> Self {
        self.with_each(Tensor::copy)
    }

    fn with_each(&self, copy: impl Fn(&Tensor) -> Tensor) -> Self {
        Self {
            batch: self.batch.clone(),
            rows: self.rows,
            radius: self.radius,
            p: copy(&self.p),
            q: copy(&self.q),
            ahead: copy(&self.ahead),
            far: copy(&self.far),
            u: copy(&self.u),
            w: copy(&self.w),
            v: copy(&self.v),
            stride: copy(&self.stride),
            z: copy(&self.z),
            t: copy(&self.t),
            rounding_p: copy(&self.rounding_p),
            rounding_q: copy(&self.rounding_q),
            rounding_far: copy(&self.rounding_far),
            stretch: copy(&self.stretch),
            signs: copy(&self.signs),
            seed: self.seed,
        }
    }
}

struct Draw<'a> {
    subject: &'a Subject<'a>,
    case: &'a Case,
    options: (Kind, Device),
    rng: Xoshiro256PlusPlus,
    rows: i64,
}

impl<'a> Draw<'a> {
    fn new(subject: &'a Subject<'a>, case: &'a Case, options: (Kind, Device)) -> Self {
        let rng = Xoshiro256PlusPlus::seed_from_u64(case.seed);
        let rows = case.batch.iter().product();
        Self {
            subject,
            case,
            options,
            rng,
            rows,
        }
    }

    fn samples(mut self) -> Samples {
        let m = self.subject.manifold;
        let Domain { radius, .. } = self.subject.domain;
        let (p, far) = (self.far_point(), self.far_point());
        let direction = self.tangent(&p);
        let shortest = f64::from(self.case.decades);
        let short = self.uniform(-shortest, 0.0);
        let v = self.with_length(
            &p,
            &direction,
            &((short * std::f64::consts::LN_10).exp() * radius),
        );
        let lengths = self.uniform(0.1, 0.9) * radius;
        let stride = self.with_length(&p, &direction, &lengths);
        let q = self.subject.travel(&p, &v);
        let u = self.tangent(&p);
        let w = self.tangent(&p);
        let z = random_normal(&mut self.rng, &p.size(), self.options.0, self.options.1);
        let signs = directions(&z, &m.point_shape());
        let [
            (rounding_p, stretch_p),
            (rounding_q, stretch_q),
            (rounding_far, _),
        ] = measures(m, [&p, &q, &far], self.rows, &signs);
        Samples {
            rounding_p,
            rounding_q,
            rounding_far,
            stretch: stretch_p.maximum(&stretch_q),
            t: self.uniform(0.0, 1.0).to_kind(self.options.0),
            ahead: self.subject.travel(&p, &stride),
            batch: self.case.batch.clone(),
            rows: self.rows,
            radius,
            p,
            q,
            far,
            u,
            w,
            v,
            stride,
            z,
            signs,
            seed: self.case.seed,
        }
    }

    /// A random tangent, projected once more: a short one that came from a long ambient vector is
    /// then tangent in relation to its own length.
    fn tangent(&mut self, p: &Tensor) -> Tensor {
        let v = self.subject.sample.random_tangent(&mut self.rng, p);
        self.subject.manifold.project_tangent(p, &v)
    }

    /// Numbers between the bounds, of the batch shape, in f64.
    fn uniform(&mut self, low: f64, high: f64) -> Tensor {
        let numbers: Vec<f64> = (0..self.rows)
            .map(|_| low + (high - low) * self.rng.random::<f64>())
            .collect();
        Tensor::from_slice(&numbers)
            .view(self.case.batch.as_slice())
            .to_device(self.options.1)
    }

    /// Random points, moved out in f64 and then rounded and projected.
    fn far_point(&mut self) -> Tensor {
        let m = self.subject.manifold;
        let (kind, device) = self.options;
        let reach = self.subject.domain.reach(kind) * self.case.reach;
        let start = self
            .subject
            .sample
            .random_point(&mut self.rng, &[], (Kind::Double, device));
        let start = start.expand([&self.case.batch[..], &m.point_shape()].concat(), false);
        let direction = self.subject.sample.random_tangent(&mut self.rng, &start);
        let lengths = self.uniform(0.0, reach);
        let p = self
            .subject
            .travel_far(&start.contiguous(), &direction, &lengths);
        m.project(&p.to_kind(kind))
    }

    fn with_length(&self, p: &Tensor, direction: &Tensor, length: &Tensor) -> Tensor {
        with_length(self.subject.manifold, p, direction, length)
    }
}

/// `direction` made as long as `length` says, row by row.
pub(super) fn with_length(
    m: &dyn Manifold,
    p: &Tensor,
    direction: &Tensor,
    length: &Tensor,
) -> Tensor {
    let (base, d) = (double(p), double(direction));
    let norm = m.inner(&base, &d, &d).sqrt();
    let ratio = per_row(m, &(length / norm));
    (d * ratio).to_kind(direction.kind())
}

/// One row of the flattened batch.
pub(super) fn row(x: &Tensor, rows: i64, index: i64, trailing: &[i64]) -> Tensor {
    let flat = x.reshape([&[rows], trailing].concat());
    flat.get(index)
}

/// Whether every number is finite.
pub(super) fn all_finite(x: &Tensor) -> bool {
    flat(x, 1).isfinite().all().int64_value(&[]) == 1
}
