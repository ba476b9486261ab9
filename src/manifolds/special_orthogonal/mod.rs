//! The rotation group.
//!
//! Points are the orthogonal n × n matrices of determinant 1; tangents at p are the matrices v
//! with pᵀv skew-symmetric. The metric is ½ tr uᵀv, which is bi-invariant: it counts each pair of
//! entries of pᵀv once, and the distance of two rotations of the plane or of space is the angle
//! between them. The sectional curvature lies between 0 and ½ (n > 3; it is ¼ for n = 3).
//!
//! # References
//!
//! edelman1998, section 2.2.1; absil2008, section 4.1.1; higham2008, chapters 8 and 11 (polar
//! factors, and logarithms by square roots).

mod fused;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::frames::series::{angle_over_sine, at_matrices, exponential_minus_one};
use super::frames::{
    OfMatrices, frobenius, identity_like, newton_schulz, polar, skew, transposed, transposed_times,
};
use super::{Stiefel, StiefelMetric};
use crate::manifold::{Geodesic, Manifold, Sample};
use crate::numerics::special::asinc;
use crate::numerics::wide::map::map_matrices;
use crate::numerics::{broadcast_to_both, in_f64, no_grad, norm_last, safe_sqrt, sum_keep};
use crate::random::random_normal;
use crate::{Error, Result};

/// The group SO(n) of rotations of ℝⁿ, n ≥ 2, with the bi-invariant metric ½ tr uᵀv.
///
/// Tangents at p are the matrices v with pᵀv skew-symmetric. The distance of two rotations of the
/// plane or of space is the angle between them. The sectional curvature is ¼ for n = 3 and lies
/// between 0 and ½ for n > 3.
///
/// # Shapes
///
/// Points and tangents `[.., n, n]`.
///
/// # Accuracy
///
/// The error of `log` is a few roundings of its length, for tiny angles and for angles near π.
/// Against 60-digit references, for angles from 1e-9 to π − 1e-12, it is at most 2.1 ε, ε =
/// 2.2e-16; that of a coordinate of `exp` is at most 1.6 ε. Where *two* rotation angles are near
/// π, the rotation planes are ill-conditioned, and the error is ε divided by the distance from π.
///
/// Where an angle is exactly π there are several shortest geodesics. For n = 2 and 3 `log` and
/// `parallel_transport` use one of them. For n > 3 they are NaN, or use one of them if rounding
/// distinguishes them. `dist` is right at every angle, also where several angles are π.
///
/// On devices other than the CPU errors are a few ε in absolute terms. There, for n > 3, the error
/// near angle π is ε divided by the distance from π, and `dist` is NaN at angle π.
///
/// # Gradient
///
/// All operations have derivatives of every order, also where angles coincide or vanish. The
/// exception is `project`, which has first derivatives where the nearest rotation is unique.
/// At p = q the gradient of `dist` is 0.
///
/// At angle π and for n = 2 and 3 the gradient belongs to the geodesic that is used. For n > 3 the
/// gradient of `dist` is the mean over all shortest geodesics, to which angles π contribute 0. It
/// has no derivative itself where an angle is within 0.03 of π. For n > 3 the relative error of
/// the gradients of `log` and `parallel_transport` is ε/δ² at angle π − δ: 1e-9 at δ = 1e-3.
///
/// # References
///
/// edelman1998, section 2.2.1; absil2008, section 4.1.1; higham2008, chapters 8 and 11.
///
/// # Examples
///
/// ```
/// use holonomy::{Geodesic, SpecialOrthogonal};
/// use holonomy::tch::Tensor;
///
/// let rotations = SpecialOrthogonal::new(2)?;
/// let turn = |angle: f64| {
///     let (sin, cos) = angle.sin_cos();
///     Tensor::from_slice2(&[[cos, -sin], [sin, cos]])
/// };
/// let dist = rotations.dist(&turn(0.2), &turn(-2.8));
/// assert!((dist.double_value(&[]) - 3.0).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SpecialOrthogonal {
    n: i64,
    /// The orthogonal matrices, with the same metric.
    frames: Stiefel,
}

impl SpecialOrthogonal {
    /// The rotations of ℝⁿ.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for n < 2.
    pub fn new(n: i64) -> Result<Self> {
        if n < 2 {
            return Err(Error::invalid("SpecialOrthogonal::new", "n ≥ 2", n));
        }
        let frames = Stiefel::new(n, n, StiefelMetric::Canonical)?;
        Ok(Self { n, frames })
    }

    /// The dimension n of the space that is rotated.
    pub fn ambient_dim(&self) -> i64 {
        self.n
    }

    fn size(&self) -> usize {
        self.n as usize
    }
}

/// The angle from a half turn, in radians, below which the gradient of `dist` comes from halves of angles
/// for n > 3: that of square roots loses ε over its square.
const NEAR_HALF_TURN: f64 = 0.3;

/// pᵀq − 1, from the difference of the points.
fn change(p: &Tensor, q: &Tensor) -> Tensor {
    transposed_times(p, &(q - p))
}

/// The square root of the rotation 1 + D, half of the way that the logarithm takes.
fn root(change: &Tensor) -> Tensor {
    if change.size().ends_with(&[2]) || change.size().ends_with(&[3]) {
        let half = log_formula(change) * 0.5;
        return exponential_minus_one(&half) + identity_like(change);
    }
    polar_root(change)
}

fn polar_root(change: &Tensor) -> Tensor {
    polar(&(change + identity_like(change) * 2.0))
}

/// The logarithm of the rotation 1 + D: in the plane and in space with derivatives also at a half turn,
/// those of the way that is taken.
fn log_formula(change: &Tensor) -> Tensor {
    match change.size()[change.dim() - 1] {
        2 => plane_log(change),
        3 => space_log(change),
        _ => log_by_roots(change),
    }
}

/// The entry (i, j) of each matrix.
fn entry(a: &Tensor, i: i64, j: i64) -> Tensor {
    a.select(-2, i).select(-1, j)
}

/// atan2(sin θ, cos θ)
fn plane_log(change: &Tensor) -> Tensor {
    let sine = (entry(change, 1, 0) - entry(change, 0, 1)) * 0.5;
    let cosine = (entry(change, 0, 0) + entry(change, 1, 1)) * 0.5 + 1.0;
    let angle = sine.atan2(&cosine);
    let zero = angle.zeros_like();
    let entries = [&zero, &-&angle, &angle, &zero];
    Tensor::stack(&entries, -1).unflatten(-1, [2, 2])
}

/// 2 atan2(|v|, w) v/|v| of the unit quaternion [w v], w ≥ 0: from the largest of its four squares, which
/// is at least ¼.
fn space_log(change: &Tensor) -> Tensor {
    let d = |i, j| entry(change, i, j);
    let trace = d(0, 0) + d(1, 1) + d(2, 2);
    let square = |i| d(i, i) * 2.0 - &trace;
    let difference = |i, j| d(i, j) - d(j, i);
    let sum = |i, j| d(i, j) + d(j, i);
    // 4 q qᵀ
    let (a, b, c) = (difference(2, 1), difference(0, 2), difference(1, 0));
    let (e, f, g) = (sum(1, 0), sum(0, 2), sum(2, 1));
    let rows = [
        [&(&trace + 4.0), &a, &b, &c],
        [&a, &square(0), &e, &f],
        [&b, &e, &square(1), &g],
        [&c, &f, &g, &square(2)],
    ]
    .map(|row| Tensor::stack(&row, -1));
    let outer = Tensor::stack(&rows, -2);
    let largest = outer.diagonal(0, -2, -1).argmax(-1, true);
    let index = largest.unsqueeze(-1);
    let index = index.expand([&index.size()[..index.dim() - 1], &[4]].concat(), false);
    let row = outer.gather(-2, &index, false).squeeze_dim(-2);
    let quaternion = &row / norm_last(&row).unsqueeze(-1);
    let real = quaternion.narrow(-1, 0, 1);
    // w and |v| decide nothing by their signs: 0 counts as positive.
    let sign = real.detach().ge(0.0).to_kind(Kind::Double) * 2.0 - 1.0;
    let (real, axis) = (real * &sign, quaternion.narrow(-1, 1, 3) * sign);
    axis_angle(&(&axis * turning_factor(&real, &axis)))
}

/// 2 atan2(|v|, w)/|v|, smooth at v = 0 and at w = 0.
fn turning_factor(real: &Tensor, axis: &Tensor) -> Tensor {
    let square = sum_keep(&axis.square());
    let short = square.lt(0.5);
    let near = square.where_self(&short, &square.zeros_like());
    let length = square
        .where_self(&short.logical_not(), &square.ones_like())
        .sqrt();
    let far = length.atan2(real) / &length;
    (asinc(&near).where_self(&short, &far)) * 2.0
}

/// The cross product with a vector `[.., 3]`, as matrices.
fn axis_angle(x: &Tensor) -> Tensor {
    let part = |i| x.select(-1, i);
    let (x, y, z) = (part(0), part(1), part(2));
    let zero = x.zeros_like();
    let entries = [&zero, &-&z, &y, &z, &zero, &-&x, &-&y, &x, &zero];
    Tensor::stack(&entries, -1).unflatten(-1, [3, 3])
}

/// With the fourth root W, 4 skew(W) h(sym W), where h(cos θ) = θ/sin θ.
fn log_by_roots(change: &Tensor) -> Tensor {
    let once = polar_root(change);
    let twice = polar_root(&(&once - identity_like(change)));
    let cosine = (&twice + transposed(&twice)) * 0.5;
    let sine = skew(&twice);
    skew(&sine.matmul(&at_matrices(angle_over_sine(), &cosine))) * 4.0
}

/// The nearest rotation P, with first derivatives: z = P S for a symmetric S, and a change of z
/// turns P by the Ω with ΩS + SΩ = Pᵀdz − dzᵀP.
fn project_formula(z: &Tensor) -> Tensor {
    let fixed = z.detach().nan_to_num(0.0, 0.0, 0.0);
    let (u, lengths, v) = fixed.svd(true, true);
    let sign = (Tensor::linalg_det(&u) * Tensor::linalg_det(&v))
        .sign()
        .unsqueeze(-1);
    let n = lengths.size()[lengths.dim() - 1];
    // Of rank n − 2 or less there is a circle of nearest rotations, or more.
    let second = lengths.narrow(-1, n - 2, 1);
    let rounding = lengths.narrow(-1, 0, 1) * (n as f64 * f64::EPSILON);
    let ambiguous = second.gt_tensor(&rounding).logical_not().unsqueeze(-1);
    let signs = Tensor::cat(&[lengths.narrow(-1, 0, n - 1).ones_like(), sign], -1);
    let nearest = (&u * signs.unsqueeze(-2)).matmul(&transposed(&v));
    let lengths = lengths * signs;
    let sums = lengths.unsqueeze(-1) + lengths.unsqueeze(-2);
    // Nothing divides what is skew-symmetric on the diagonal.
    let one = identity_like(&sums);
    let sums = sums * (1.0 - &one) + one;
    let twist = skew(&transposed_times(&nearest, z)) * 2.0;
    let turned = transposed_times(&v, &twist).matmul(&v) / sums;
    let turn = v.matmul(&turned).matmul(&transposed(&v));
    (&nearest + nearest.matmul(&turn)).masked_fill(&ambiguous, f64::NAN)
}

/// √Σ θ² over the planes that the rotation 1 + D turns, from halves of its angles: first derivatives for
/// any angles, to which half turns add nothing.
fn dist_by_halves(change: &Tensor) -> Tensor {
    let n = change.size()[change.dim() - 1];
    let [turn] = map_matrices([&change.detach()], [(n as usize, n as usize)], || {
        fused::directions(n as usize)
    });
    let length = |m: &Tensor| {
        let columns = m.matmul(&turn).square();
        safe_sqrt(&columns.sum_dim_intlist(-2, false, Kind::Double))
    };
    let sum = change + identity_like(change) * 2.0;
    let halves = length(change).atan2(&length(&sum));
    norm_last(&halves) * std::f64::consts::SQRT_2
}

impl OfMatrices for SpecialOrthogonal {
    fn size_of_point(&self) -> [i64; 2] {
        [self.n, self.n]
    }
}

impl Manifold for SpecialOrthogonal {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n, self.n]
    }

    fn dim(&self) -> i64 {
        self.n * (self.n - 1) / 2
    }

    /// The largest entry of |pᵀp − 1|, plus 2 where the determinant is negative.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.check("point_defect", &[p]);
        in_f64([p], |[p]| {
            let reflects = Tensor::linalg_det(&p).lt(0.0).to_kind(Kind::Double);
            self.frames.point_defect(&p) + reflects * 2.0
        })
    }

    /// ```text
    /// |pᵀv + vᵀp| / 2|v|, 0 for v = 0
    /// ```
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.frames.tangent_defect(p, v)
    }

    /// The nearest rotation, U diag(1, …, 1, ±1) Vᵀ for z = U Σ Vᵀ.
    ///
    /// It is unique for rank n − 1 too. The result is NaN for lower rank: where the second
    /// smallest singular value is below n ε times the largest. Where the determinant is negative
    /// and the two smallest singular values are equal, the result is one of the nearest rotations,
    /// with gradient 0.
    fn project(&self, z: &Tensor) -> Tensor {
        self.operation("project", [z])
            .matrix(|| fused::project(self.size()))
            .or(|[z]| project_formula(&z))
    }

    /// ```text
    /// p skew(pᵀz)
    /// ```
    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        self.frames.project_tangent(p, z)
    }

    /// ```text
    /// ½ tr uᵀv
    /// ```
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("inner", &[p, u, v]);
        in_f64([p, u, v], |[p, u, v]| {
            let product = broadcast_to_both(&(u * v), &p);
            product.sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double) * 0.5
        })
    }

    /// ```text
    /// 2 p skew(pᵀg),  g = egrad
    /// ```
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.project_tangent(p, egrad) * 2.0
    }

    /// The polar factor of p + v, which agrees with `exp` to second order.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.frames.retract(p, v)
    }
}

impl Geodesic for SpecialOrthogonal {
    /// π/2: the injectivity radius is π, and the sectional curvature is at most ½.
    fn convexity_radius(&self) -> f64 {
        std::f64::consts::FRAC_PI_2
    }

    /// ```text
    /// p e^Ω,  Ω = skew(pᵀv)
    /// ```
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.operation("exp", [p, v])
            .matrix(|| fused::exp(self.size()))
            .or(|[p, v]| {
                let turned = exponential_minus_one(&skew(&transposed_times(&p, &v)));
                newton_schulz(&(&p + p.matmul(&turned)))
            })
    }

    /// p X with the logarithm X of the rotation R = pᵀq. X comes from the angle for n = 2 and from
    /// the quaternion for n = 3. For n > 3 it comes from taking the square root of R twice, each
    /// time as the polar factor of 1 + R, with the correction
    ///
    /// ```text
    /// X ← X + skew(e^−X R)
    /// ```
    ///
    /// which restores the accuracy that the roots lose near angle π.
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.operation("log", [p, q])
            .matrix(|| fused::log(self.size()))
            .or(|[p, q]| p.matmul(&log_formula(&change(&p, &q))))
    }

    /// ```text
    /// q Wᵀ pᵀv W,  W = (pᵀq)^½
    /// ```
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.operation("parallel_transport", [p, q, v])
            .matrix(|| fused::transport(self.size()))
            .or(|[p, q, v]| {
                let turn = root(&change(&p, &q));
                let tangent = skew(&transposed_times(&p, &v));
                let moved = transposed_times(&turn, &tangent).matmul(&turn);
                q.matmul(&skew(&moved))
            })
    }

    /// ```text
    /// √Σ θ²,  tan(θ/2) = |D z|/|(2 + D) z|,  pᵀq = 1 + D
    /// ```
    ///
    /// over the rotation planes of pᵀq, from the singular vectors z that D and 2 + D share. It is
    /// accurate also for angles π, where [`log`](Geodesic::log) is not unique or NaN.
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let dist = self
            .operation("dist", [p, q])
            .matrices([(1, 2)], || fused::dist(self.size()))
            .map(|[out]| {
                let number = |i| out.select(-1, i).squeeze_dim(-1).contiguous();
                (number(0), number(1).lt(NEAR_HALF_TURN))
            });
        dist.or_beyond(
            |[p, q]| frobenius(&log_formula(&change(&p, &q))) * std::f64::consts::FRAC_1_SQRT_2,
            |[p, q]| dist_by_halves(&change(&p, &q)),
        )
    }
}

impl Sample for SpecialOrthogonal {
    /// Uniform: the Haar measure.
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        let size = [batch, &[self.n, self.n]].concat();
        let z = random_normal(rng, &size, Kind::Double, Device::Cpu);
        no_grad(|| {
            // A frame of the other kind becomes a rotation with its last vector turned round.
            let p = self.frames.project(&z);
            let sign = Tensor::linalg_det(&p).sign().unsqueeze(-1).unsqueeze(-1);
            let last = p.narrow(-1, self.n - 1, 1) * sign;
            Tensor::cat(&[p.narrow(-1, 0, self.n - 1), last], -1)
        })
        .to_kind(kind)
        .to_device(device)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.frames.random_tangent(rng, p)
    }
}
