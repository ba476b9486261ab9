//! The Stiefel manifold: orthonormal frames.
//!
//! A point is an n × k matrix p with pᵀp = 1. Tangents at p are the matrices v with pᵀv
//! skew-symmetric: v = pA + K with A = pᵀv and pᵀK = 0. The metric is one of a family,
//!
//! ```text
//! ⟨u, v⟩ = tr uᵀ(1 − (1 − β) ppᵀ) v
//! ```
//!
//! *Euclidean* for β = 1, that of the ambient matrices, and *canonical* for β = ½, that of the
//! quotient SO(n)/SO(n − k), which counts each entry of A once where tr uᵀv counts it twice.
//!
//! # References
//!
//! edelman1998, section 2; zimmermann2022; absil2008, sections 4.1.1 and 5.5; wen2013.

mod fused;
mod log;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::frames::series::exponential_minus_one;
use super::frames::{
    self, OfMatrices, frobenius, identity_like, newton_schulz, orthonormality_defect, polar, skew,
    transposed, transposed_times,
};
use crate::manifold::{Manifold, Sample};
use crate::numerics::wide::map::map_matrices;
use crate::numerics::{broadcast_to_both, in_f64, is_recorded, no_grad, with_gradient_of};
use crate::random::random_normal;
use crate::{Error, Result};

/// A metric of [`Stiefel`], from the family tr uᵀ(1 − (1 − β) ppᵀ)v.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StiefelMetric {
    /// tr uᵀv (β = 1), the metric of the ambient matrices.
    Euclidean,
    /// tr uᵀ(1 − ppᵀ/2)v (β = ½), the metric of the quotient SO(n)/SO(n − k).
    Canonical,
}

impl StiefelMetric {
    /// β of tr uᵀ(1 − (1 − β) ppᵀ)v.
    fn beta(self) -> f64 {
        match self {
            Self::Euclidean => 1.0,
            Self::Canonical => 0.5,
        }
    }
}

/// A retraction of [`Stiefel`], for [`Manifold::retract`].
///
/// Below, |v|² or |v|³ is the order of the distance from `exp(p, v)` for generic v: |v|² for a
/// retraction of first order, |v|³ for one of second order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retraction {
    /// The frame nearest to p + v, (p + v)(1 + vᵀv)^(−½): |v|³ in the Euclidean metric, |v|² in
    /// the canonical one. It is [`Manifold::project`] of p + v, and equivariant under rotations of
    /// ℝⁿ and of the frame. The default.
    #[default]
    Polar,
    /// The factor Q of p + v = QR with a positive diagonal of R: |v|² in both metrics. It is the
    /// cheapest, and the first j columns of the result span those of p + v, for every j.
    Qr,
    /// The Cayley transform of the generator W of the canonical geodesic, applied to p: |v|³ in
    /// the canonical metric, |v|² in the Euclidean one.
    ///
    /// ```text
    /// p + (K − 2pG)(1 + G)⁻¹,  G = KᵀK/4 − A/2
    /// ```
    ///
    /// with v = pA + K, pᵀK = 0. This is (1 − W/2)⁻¹(1 + W/2) p with W = v pᵀ − p vᵀ + p vᵀp pᵀ,
    /// computed with k × k matrices.
    Cayley,
}

/// The manifold St(n, k) of n × k matrices with orthonormal columns.
///
/// A point is a matrix p with pᵀp = 1. Tangents at p are the matrices v with pᵀv skew-symmetric:
/// v = pA + K with A = pᵀv and pᵀK = 0. The metric is tr uᵀ(1 − (1 − β) ppᵀ)v, with β = 1 or ½:
/// see [`StiefelMetric`].
///
/// [`exp`](Self::exp) has a closed form, but the logarithm has none. [`log`](Self::log) is an
/// iteration that may fail, so that the type does not implement [`Geodesic`](crate::Geodesic).
///
/// # Shapes
///
/// Points and tangents `[.., n, k]`.
///
/// # Gradient
///
/// All operations of the traits, and [`exp`](Self::exp), have derivatives of every order.
/// [`dist`](Self::dist) has first derivatives; [`log`](Self::log) has none.
///
/// # References
///
/// edelman1998, section 2; zimmermann2022; absil2008, sections 4.1.1 and 5.5; wen2013.
///
/// # Examples
///
/// The velocity of a geodesic, recovered from its end.
///
/// ```
/// use holonomy::{Stiefel, StiefelMetric};
/// use holonomy::tch::Tensor;
///
/// let frames = Stiefel::new(4, 2, StiefelMetric::Canonical)?;
/// let p = Tensor::from_slice2(&[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]);
/// let v = Tensor::from_slice2(&[[0.0, -0.7], [0.7, 0.0], [0.2, 0.5], [-0.3, 0.4]]);
/// let again = frames.log(&p, &frames.exp(&p, &v))?;
/// assert!((again - v).abs().max().double_value(&[]) < 1e-14);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Stiefel {
    n: i64,
    k: i64,
    metric: StiefelMetric,
    retraction: Retraction,
}

impl Stiefel {
    /// The manifold of frames of `k` vectors of ℝⁿ, with the polar retraction.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless 1 ≤ k ≤ n.
    pub fn new(n: i64, k: i64, metric: StiefelMetric) -> Result<Self> {
        if k < 1 || k > n {
            let got = format!("n = {n}, k = {k}");
            return Err(Error::invalid("Stiefel::new", "1 ≤ k ≤ n", got));
        }
        Ok(Self {
            n,
            k,
            metric,
            retraction: Retraction::default(),
        })
    }

    /// The same manifold with another retraction.
    #[must_use]
    pub fn with_retraction(self, retraction: Retraction) -> Self {
        Self { retraction, ..self }
    }

    /// The metric.
    pub fn metric(&self) -> StiefelMetric {
        self.metric
    }

    /// The retraction.
    pub fn retraction(&self) -> Retraction {
        self.retraction
    }

    /// The end of the geodesic that leaves `p` with velocity `v` after unit time.
    ///
    /// ```text
    /// [p K] e^M [1; 0] e^((1 − 2β) A),  M = [2βA, −KᵀK; 1, 0],  v = pA + K
    /// ```
    ///
    /// where K is scaled by |K| first. For any n ≥ k it needs the exponential of one 2k × 2k
    /// matrix and, in the Euclidean metric, of one k × k matrix, and no decomposition.
    ///
    /// # Shapes
    ///
    /// `[.., n, k]`, which broadcast.
    ///
    /// # Accuracy
    ///
    /// Worst error of a coordinate against 60-digit references: 5 ε for lengths up to π/2, 7 ε at
    /// length 12, ε = 2.2e-16. The change exp(p, v) − p is computed first and then added to p.
    ///
    /// # Gradient
    ///
    /// Of every order, everywhere.
    ///
    /// # References
    ///
    /// edelman1998, sections 2.2.2 and 2.4.1; zimmermann2022 (both metrics as one family).
    pub fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        let beta = self.metric.beta();
        self.operation("exp", [p, v])
            .matrix(|| fused::exp(n, k, beta))
            .or(|[p, v]| exp_formula(&p, &v, beta))
    }

    /// The velocity at `p` of a geodesic that reaches `q` in unit time.
    ///
    /// A shooting method corrects the velocity until its geodesic ends at q. The result is always
    /// verified: the distance of the geodesic's end from q is at most 64 (k + min(k, n − k)) ε
    /// times the length of the velocity, ε = 2.2e-16.
    ///
    /// # Shapes
    ///
    /// `[.., n, k]`, which broadcast.
    ///
    /// # Accuracy
    ///
    /// Worst error against 60-digit references, for distances from 1e-9 to π/2: 2.1 ε of the
    /// length.
    ///
    /// Convergence was measured on random pairs `p`, `exp(p, v)` with |v| given. There were 200
    /// pairs (24 for k = 8) for each metric, each length and each (n, k) among (3, 1), (3, 2), (4,
    /// 2), (5, 3), (5, 4), (5, 5), (10, 4), (9, 8), (16, 8) and (64, 8).
    ///
    /// - Canonical metric: it always converged up to length 0.8 π. At 0.9 π, where geodesics may
    ///   no longer be shortest, it failed for 39 of 1472 pairs.
    /// - Euclidean metric: it always converged up to length 0.6 π. At 0.7 π it failed for 2 of 200
    ///   pairs in St(5, 3), 25 of 200 in St(5, 4), 15 of 24 in St(9, 8) and 1 of 24 in St(16, 8).
    ///   At greater lengths it often fails in these manifolds and sometimes in others.
    ///
    /// Where it converged, it returned v, except for 6 pairs at 0.9 π. Errors were at most 1.1e-13
    /// up to length 0.6 π and 8e-13 beyond. There is no proof that the geodesic is the shortest.
    ///
    /// # Gradient
    ///
    /// None: the result is detached. [`dist`](Self::dist) has a gradient.
    ///
    /// # Devices
    ///
    /// Computed on the CPU, whatever the device of the points.
    ///
    /// # Errors
    ///
    /// For the first pair that has no solution:
    ///
    /// - [`Error::NotFinite`] if one of the two points is not finite.
    /// - [`Error::NoLogarithm`] if no geodesic joins p and q, that is if k = n and their
    ///   orientations are opposite. Also if qa = −pa for some vector a, as for q = −p: then q lies
    ///   in the cut locus of p, and the shortest geodesic is not unique. If rounding of the points
    ///   breaks the symmetry, the iteration may find one of them.
    /// - [`Error::NoConvergence`] otherwise, after 200 steps or if the iteration stagnates at
    ///   another frame. It gives the number of steps and the distance from q relative to the
    ///   length.
    ///
    /// # References
    ///
    /// zimmermann2022 (shooting); walker2011 (the mixing of corrections).
    pub fn log(&self, p: &Tensor, q: &Tensor) -> Result<Tensor> {
        const OP: &str = "Stiefel::log";
        self.check("log", &[p, q]);
        let (n, k) = self.sizes();
        let beta = self.metric.beta();
        let on_cpu = [p, q].map(|t| t.detach().to_device(Device::Cpu));
        let [velocity, report] =
            map_matrices(on_cpu.each_ref(), [(n, k), (1, 2)], || log::log(n, k, beta));
        let tolerance = log::rounding(k + k.min(n - k));
        let report = report.to_kind(Kind::Double).view([-1, 2]);
        let misses = report.select(1, 1);
        if let Some((row, residual)) = crate::manifold::first_above(&misses, tolerance) {
            let pair = pair_in_row(row, &on_cpu);
            if pair
                .iter()
                .any(|t| t.isfinite().all().int64_value(&[]) == 0)
            {
                return Err(Error::NotFinite {
                    op: OP,
                    what: "a point",
                    place: format!("row {row}"),
                });
            }
            if let Some(reason) = why_no_logarithm(&pair) {
                return Err(Error::NoLogarithm {
                    op: OP,
                    row,
                    reason,
                });
            }
            return Err(Error::NoConvergence {
                op: OP,
                iterations: report.double_value(&[row as i64, 0]) as usize,
                residual,
                tolerance,
            });
        }
        Ok(velocity.to_device(p.device()))
    }

    /// The length of [`log`](Self::log), `[..]`: the geodesic distance if that geodesic is the
    /// shortest.
    ///
    /// # Gradient
    ///
    /// First derivatives in p and q; 0 at p = q. The Riemannian gradient at p is −log(p, q)/dist.
    /// The gradient costs one more logarithm, from q to p.
    ///
    /// # Errors
    ///
    /// Those of [`log`](Self::log).
    pub fn dist(&self, p: &Tensor, q: &Tensor) -> Result<Tensor> {
        let velocity = self.log(p, q)?;
        let exact = no_grad(|| self.norm(p, &velocity));
        if !(is_recorded(p) || is_recorded(q)) {
            return Ok(exact);
        }
        let back = self.log(q, p)?;
        let length = exact.to_kind(Kind::Double).unsqueeze(-1).unsqueeze(-1);
        let zero = length.eq(0.0);
        let safe = length.where_self(&zero.logical_not(), &length.ones_like());
        let plain = [(p, velocity), (q, back)].map(|(p, v)| {
            let weights = no_grad(|| self.lowered(&p.to_kind(Kind::Double), &v) / &safe);
            let terms = p.to_kind(Kind::Double) * weights;
            terms.sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double)
        });
        let plain = plain.into_iter().sum::<Tensor>().neg().to_kind(p.kind());
        Ok(with_gradient_of(&exact, &plain))
    }

    /// The matrix g with Σ g·u = ⟨v, u⟩ for every tangent u.
    fn lowered(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let v = v.to_kind(Kind::Double);
        let along = p.matmul(&transposed_times(p, &v));
        v - along * (1.0 - self.metric.beta())
    }

    fn sizes(&self) -> (usize, usize) {
        (self.n as usize, self.k as usize)
    }
}

/// The pair in a row of the flattened batch.
fn pair_in_row(row: usize, [p, q]: &[Tensor; 2]) -> [Tensor; 2] {
    let size = p.size();
    let point = &size[size.len() - 2..];
    let flat = [&[-1_i64][..], point].concat();
    let both = Tensor::broadcast_tensors(&[p, q]);
    [0, 1].map(|i: usize| both[i].reshape(&flat[..]).get(row as i64))
}

/// Why a pair of finite points is known to have no logarithm.
fn why_no_logarithm(pair: &[Tensor; 2]) -> Option<&'static str> {
    let (n, k) = pair[0].size2().ok()?;
    let [p, q] = pair.each_ref().map(|t| t.to_kind(Kind::Double));
    if n == k && transposed_times(&p, &q).det().double_value(&[]) < 0.0 {
        return Some("the frames are of opposite orientation, and no geodesic joins them");
    }
    let (_, lengths, _) = (p + q).svd(true, false);
    let rounding = if pair[0].kind() == Kind::Double {
        f64::EPSILON
    } else {
        f32::EPSILON.into()
    };
    let least = lengths.min().double_value(&[]);
    (least <= 16.0 * n as f64 * rounding).then_some(
        "q lies at the cut locus of p: it turns a vector of the frame's span into its negative, \
         and the shortest geodesic is not unique",
    )
}

/// A = skew(pᵀv) and K = v − p pᵀv.
fn parts(p: &Tensor, v: &Tensor) -> (Tensor, Tensor) {
    let along = transposed_times(p, v);
    let across = v - p.matmul(&along);
    (skew(&along), across)
}

/// z − p sym(pᵀz)
fn tangent_part(p: &Tensor, z: &Tensor) -> Tensor {
    let along = transposed_times(p, z);
    z - p.matmul(&((&along + transposed(&along)) * 0.5))
}

fn exp_formula(p: &Tensor, v: &Tensor, beta: f64) -> Tensor {
    let (along, across) = parts(p, v);
    let k = along.size()[along.dim() - 1];
    let length = frobenius(&across.detach()).unsqueeze(-1).unsqueeze(-1);
    let unit = length.where_self(&length.gt(0.0), &length.ones_like());
    let square = transposed_times(&across, &across) / &unit;
    let top = Tensor::cat(&[&along * (2.0 * beta), -square], -1);
    let one = identity_like(&along) * &unit;
    let bottom = Tensor::cat(&[&one, &one.zeros_like()], -1);
    let turned = exponential_minus_one(&Tensor::cat(&[top, bottom], -2)).narrow(-1, 0, k);
    let end =
        p + p.matmul(&turned.narrow(-2, 0, k)) + (across / unit).matmul(&turned.narrow(-2, k, k));
    let turn = 1.0 - 2.0 * beta;
    if turn == 0.0 {
        return newton_schulz(&end);
    }
    let turned = exponential_minus_one(&(along * turn));
    newton_schulz(&(&end + end.matmul(&turned)))
}

fn cayley_formula(p: &Tensor, v: &Tensor) -> Tensor {
    let (along, across) = parts(p, v);
    let g = transposed_times(&across, &across) * 0.25 - along * 0.5;
    let numerator = across - p.matmul(&g) * 2.0;
    let denominator = &g + identity_like(&g);
    newton_schulz(&(p + Tensor::linalg_solve(&denominator, &numerator, false)))
}

/// Q of the decomposition QR: Cholesky's factor of zᵀz, twice.
fn qr_formula(z: &Tensor) -> Tensor {
    let once = |z: &Tensor| {
        let (lower, _) = transposed_times(z, z).linalg_cholesky_ex(false, false);
        transposed(&lower).linalg_solve_triangular(z, true, false, false)
    };
    once(&once(z))
}

impl OfMatrices for Stiefel {
    fn size_of_point(&self) -> [i64; 2] {
        [self.n, self.k]
    }
}

impl Manifold for Stiefel {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n, self.k]
    }

    fn dim(&self) -> i64 {
        self.n * self.k - self.k * (self.k + 1) / 2
    }

    /// The largest entry of |pᵀp − 1|.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        self.check("point_defect", &[p]);
        in_f64([p], |[p]| orthonormality_defect(&p))
    }

    /// ```text
    /// |pᵀv + vᵀp| / 2|v|, 0 for v = 0
    /// ```
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.check("tangent_defect", &[p, v]);
        in_f64([p, v], |[p, v]| {
            let size = frobenius(&v);
            let zero = size.eq(0.0);
            let size = size.where_self(&zero.logical_not(), &size.ones_like());
            let along = transposed_times(&p, &v);
            frobenius(&(&along + transposed(&along))) * 0.5 / size
        })
    }

    /// The polar factor z (zᵀz)^(−½), the nearest matrix with orthonormal columns. NaN where the
    /// columns of z are linearly dependent.
    fn project(&self, z: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        self.operation("project", [z])
            .matrix(|| frames::fused::project(n, k))
            .or(|[z]| polar(&z))
    }

    /// ```text
    /// z − p sym(pᵀz)
    /// ```
    ///
    /// the same in both metrics.
    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        let (n, k) = self.sizes();
        self.operation("project_tangent", [p, z])
            .matrix(|| fused::project_tangent(n, k))
            .or(|[p, z]| {
                let once = tangent_part(&p, &z);
                tangent_part(&p, &once)
            })
    }

    /// ```text
    /// tr uᵀv − (1 − β) tr (pᵀu)ᵀ(pᵀv)
    /// ```
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        self.check("inner", &[p, u, v]);
        let total =
            |product: Tensor| product.sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double);
        in_f64([p, u, v], |[p, u, v]| {
            let whole = total(broadcast_to_both(&(&u * &v), &p));
            match self.metric {
                StiefelMetric::Euclidean => whole,
                StiefelMetric::Canonical => {
                    let along = transposed_times(&p, &u) * transposed_times(&p, &v);
                    whole - total(along) * 0.5
                }
            }
        })
    }

    /// ```text
    /// K + p A/β,  K = g − p pᵀg,  A = skew(pᵀg)
    /// ```
    ///
    /// with the Euclidean gradient g. This is g − p sym(pᵀg) in the Euclidean metric and g − p gᵀp
    /// in the canonical one.
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        match self.metric {
            StiefelMetric::Euclidean => self.project_tangent(p, egrad),
            StiefelMetric::Canonical => {
                self.check("rgrad", &[p, egrad]);
                in_f64([p, egrad], |[p, g]| {
                    let (along, across) = parts(&p, &g);
                    let across = &across - p.matmul(&transposed_times(&p, &across));
                    across + p.matmul(&(along * 2.0))
                })
            }
        }
    }

    /// The [`Retraction`] chosen by [`with_retraction`](Stiefel::with_retraction), by default
    /// [`Retraction::Polar`].
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let operation = self.operation("retract", [p, v]);
        let (n, k) = self.sizes();
        match self.retraction {
            Retraction::Polar => operation
                .matrix(|| frames::fused::polar_step(n, k))
                .or(|[p, v]| polar(&(p + v))),
            Retraction::Qr => operation
                .matrix(|| fused::qr_step(n, k))
                .or(|[p, v]| qr_formula(&(p + v))),
            Retraction::Cayley => operation
                .matrix(|| fused::cayley_step(n, k))
                .or(|[p, v]| cayley_formula(&p, &v)),
        }
    }
}

impl Sample for Stiefel {
    /// Uniform: the distribution that is invariant under rotations of ℝⁿ.
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        (kind, device): (Kind, Device),
    ) -> Tensor {
        let size = [batch, &[self.n, self.k]].concat();
        let z = random_normal(rng, &size, Kind::Double, Device::Cpu);
        no_grad(|| self.project(&z)).to_kind(kind).to_device(device)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        self.check("random_tangent", &[p]);
        let z = random_normal(rng, &p.size(), Kind::Double, p.device());
        no_grad(|| {
            let p = p.to_kind(Kind::Double);
            let (along, across) = parts(&p, &z);
            let across = &across - p.matmul(&transposed_times(&p, &across));
            across + p.matmul(&(along / self.metric.beta().sqrt()))
        })
        .to_kind(p.kind())
    }
}
