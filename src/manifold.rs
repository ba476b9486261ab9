//! The traits that every space implements and everything else is written against.
//!
//! There are four traits, by what a space offers:
//!
//! - [`Manifold`]: points, tangent vectors, a metric and a retraction, which is all that an
//!   optimiser needs.
//! - [`Geodesic`]: exact `exp`, `log`, distance and parallel transport.
//! - [`Sample`]: random points and tangent vectors.
//! - [`Distance`]: a distance alone, which every [`Geodesic`] has.
//!
//! Exact and approximate operations have different names: `exp` and `parallel_transport` are
//! exact; `retract` agrees with `exp` at least to first order, and `vector_transport` is any
//! smooth transport along a retraction.
//!
//! # Shapes
//!
//! The dimensions of one point, [`Manifold::point_shape`], come last. All dimensions before them
//! are batch dimensions, which broadcast between the arguments of one call. For the point shape
//! `[n]`, points `[.., n]` have distances of shape `[..]`. An empty batch gives an empty result.
//!
//! # Kinds and devices
//!
//! `Kind::Double` and `Kind::Float` are supported. All arguments of a call must have the same kind
//! and device, and the result has them too.
//!
//! # Panics
//!
//! An operation panics when a shape, kind or device does not fit. [`Manifold::check_point`] and
//! [`Manifold::check_tangent`] return errors instead.

use std::fmt::Debug;

use rand::Rng;
use tch::{Kind, Tensor};

use crate::numerics::{batch_of, check_broadcast, check_numbers};
use crate::{Error, Result};

/// A Riemannian manifold whose points are (batches of) tensors.
///
/// The required methods are the small core that an optimiser needs. An implementation may override
/// a provided method for speed or accuracy, or [`vector_transport`](Self::vector_transport) by a
/// better transport. The laws in `holonomy::laws` test that the methods agree with each other.
pub trait Manifold: Debug + Send {
    /// The trailing dimensions of one point.
    fn point_shape(&self) -> Vec<i64>;

    /// The dimension of the manifold.
    fn dim(&self) -> i64;

    /// How far `p` is from satisfying the manifold's equations, `[..]`, relative to the size of
    /// the point: 0 on the manifold, positive outside it, NaN where `p` is NaN.
    fn point_defect(&self, p: &Tensor) -> Tensor;

    /// How far `v` is from the tangent space at `p`, `[..]`, relative to the size of the vector: 0
    /// in the tangent space, positive outside it.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor;

    /// A point of the manifold near the ambient array `z`, with the shape of `z`. Idempotent.
    fn project(&self, z: &Tensor) -> Tensor;

    /// The projection of the ambient array `z` onto the tangent space at `p`. Linear in `z` and
    /// idempotent.
    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor;

    /// The Riemannian inner product of tangents `u` and `v` at `p`, `[..]`.
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor;

    /// The Riemannian gradient at `p` of a function whose Euclidean gradient (the ambient partial
    /// derivatives, as autograd computes them) is `egrad`: the tangent `g` with
    /// `inner(p, g, v) = Σ egrad·v` for every tangent `v`.
    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor;

    /// The point reached from `p` along `v` by a retraction, which agrees with the exponential map
    /// at least to first order.
    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor;

    /// The tangent `v` at `p` transported to `q`: linear in `v`, and the identity for q = p. By
    /// default the projection of `v` onto the tangent space at `q`.
    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        let _ = p;
        self.project_tangent(q, v)
    }

    /// The Riemannian length of the tangent `v` at `p`, `[..]`.
    ///
    /// # Gradient
    ///
    /// 0 at v = 0.
    fn norm(&self, p: &Tensor, v: &Tensor) -> Tensor {
        crate::numerics::safe_sqrt(&self.inner(p, v, v))
    }

    /// The inner product in each factor of a product manifold, in a shape that broadcasts to the
    /// point.
    ///
    /// A manifold that is not a product returns `[.., 1, …]`. A product returns one value per
    /// factor, repeated over the factor's coordinates. Euclidean space is a product of lines and
    /// returns `u·v` elementwise, so that Riemannian Adam equals Adam there (becigneul2019,
    /// section 4).
    fn component_inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        let mut inner = self.inner(p, u, v);
        for _ in self.point_shape() {
            inner = inner.unsqueeze(-1);
        }
        inner
    }

    /// Whether a curvature requires a gradient, so that a step of an optimiser can change the
    /// manifold. By default `false`.
    fn has_learnable_curvature(&self) -> bool {
        false
    }

    /// The present values of the curvatures that the manifold was given, one for each factor that has
    /// one. By default none.
    fn curvatures(&self) -> Vec<f64> {
        Vec::new()
    }

    /// Points that were on the manifold when its [`curvatures`](Self::curvatures) were `before`, put back on
    /// it after they have changed. By default [`project`](Self::project).
    fn carried(&self, p: &Tensor, before: &[f64]) -> Tensor {
        let _ = before;
        self.project(p)
    }

    /// `retract(p, v)`, and the tangent `w` transported there by `vector_transport`, in one pass.
    fn retract_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        let q = self.retract(p, v);
        let w = self.vector_transport(p, &q, w);
        (q, w)
    }

    /// Checks that every row of `p` is a point.
    ///
    /// # Errors
    ///
    /// [`Error::NotOnManifold`] with the first row whose [`point_defect`](Self::point_defect)
    /// exceeds the [`tolerance`] of the kind; [`Error::InvalidArgument`] when the shape or the
    /// kind is wrong.
    fn check_point(&self, p: &Tensor) -> Result<()> {
        check_shape("check_point", &self.point_shape(), p)?;
        let defect = self.point_defect(p);
        require_points("check_point", || format!("{self:?}"), &defect, p.kind())
    }

    /// Checks that every row of `v` is tangent at the same row of `p`.
    ///
    /// # Errors
    ///
    /// [`Error::NotTangent`] with the first row whose [`tangent_defect`](Self::tangent_defect)
    /// exceeds the [`tolerance`] of the kind; [`Error::InvalidArgument`] when a shape or a kind is
    /// wrong.
    fn check_tangent(&self, p: &Tensor, v: &Tensor) -> Result<()> {
        check_shape("check_tangent", &self.point_shape(), p)?;
        check_shape("check_tangent", &self.point_shape(), v)?;
        if p.kind() != v.kind() {
            let expected = format!("a tangent of kind {:?}, as the point", p.kind());
            return Err(Error::invalid(
                "check_tangent",
                expected,
                format!("{:?}", v.kind()),
            ));
        }
        let tolerance = tolerance(v.kind());
        match first_above(&self.tangent_defect(p, v), tolerance) {
            None => Ok(()),
            Some((row, defect)) => Err(Error::NotTangent {
                op: "check_tangent",
                manifold: format!("{self:?}"),
                row,
                defect,
                tolerance,
            }),
        }
    }
}

/// A manifold whose geodesics are known exactly.
///
/// The base point is the first argument: `log(p, q)` is a tangent at `p`, and
/// `parallel_transport(p, q, v)` transports `v` from `p` to `q`.
pub trait Geodesic: Manifold {
    /// The end of the geodesic that leaves `p` with velocity `v` after unit time.
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor;

    /// The velocity at `p` of the shortest geodesic that reaches `q` in unit time: the inverse of
    /// [`exp`](Self::exp). 0 where p = q.
    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor;

    /// The parallel transport of `v` from `p` to `q` along the shortest geodesic. An isometry
    /// between the tangent spaces.
    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor;

    /// A radius r such that points in an open ball of radius r have exactly one Fréchet mean,
    /// which lies in the ball: half the smaller of the injectivity radius and π/√Δ, where Δ is the
    /// largest sectional curvature (afsari2011). Infinite where there are no cut loci and no
    /// positive curvature. By default 0, which guarantees nothing.
    fn convexity_radius(&self) -> f64 {
        0.0
    }

    /// The geodesic distance, `[..]`. By default the norm of [`log`](Self::log).
    ///
    /// # Gradient
    ///
    /// The Riemannian gradient is the unit tangent that points away from the other point; 0 at p =
    /// q. At the cut locus, where there are several shortest geodesics, the gradient is finite and
    /// at most of length 1; each manifold says which one it returns.
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.norm(p, &self.log(p, q))
    }

    /// Whether [`dist`](Self::dist) is |p − q|, the Euclidean distance of the coordinates.
    /// Functions of many points then use faster kernels. By default `false`.
    fn dist_is_euclidean(&self) -> bool {
        false
    }

    /// The point at parameter `t` of the shortest geodesic from `p` (t = 0) to `q` (t = 1);
    /// `t` has the batch shape, or is a scalar.
    fn geodesic(&self, p: &Tensor, q: &Tensor, t: &Tensor) -> Tensor {
        let t = per_point(self.point_shape().len(), p, t);
        self.exp(p, &(self.log(p, q) * t))
    }

    /// `exp(p, v)`, and the tangent `w` transported there by parallel transport, in one pass.
    fn exp_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        let q = self.exp(p, v);
        let w = self.parallel_transport(p, &q, w);
        (q, w)
    }
}

/// A distance between points that are tensors: all that functions of a finite metric space ask for.
///
/// Every [`Geodesic`] is one, by its geodesic distance. Others are
/// [`Chordal`](crate::manifolds::Chordal) and the Bures–Wasserstein distance of
/// [`SpdBuresWasserstein`](crate::SpdBuresWasserstein). The law `triangle_inequality` of
/// `holonomy::laws`, and the two beside it, test a distance of your own.
///
/// # Examples
///
/// The distance in a city whose streets form a grid:
///
/// ```
/// use holonomy::{Distance, Result, metric::pairwise_distances};
/// use holonomy::tch::{Kind, Tensor};
///
/// #[derive(Debug)]
/// struct Taxicab(i64);
///
/// impl Distance for Taxicab {
///     fn shape(&self) -> Vec<i64> {
///         vec![self.0]
///     }
///
///     fn check(&self, _: &Tensor) -> Result<()> {
///         Ok(())
///     }
///
///     fn between(&self, p: &Tensor, q: &Tensor) -> Tensor {
///         (p - q).abs().sum_dim_intlist(-1, false, p.kind())
///     }
/// }
///
/// let corners = Tensor::from_slice2(&[[0.0, 0.0], [3.0, 4.0]]);
/// assert_eq!(pairwise_distances(&Taxicab(2), &corners).double_value(&[0, 1]), 7.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub trait Distance: Debug + Send {
    /// The trailing dimensions of one point.
    fn shape(&self) -> Vec<i64>;

    /// Checks that every row of `p` is a point.
    ///
    /// # Errors
    ///
    /// [`Error::NotOnManifold`] with the first row that is not; [`Error::InvalidArgument`] for
    /// another shape or kind.
    fn check(&self, p: &Tensor) -> Result<()>;

    /// The distance of `p` and `q`, `[..]`, where batch dimensions broadcast.
    fn between(&self, p: &Tensor, q: &Tensor) -> Tensor;

    /// Whether this is |p − q|, the Euclidean distance of the coordinates. Functions of many
    /// points then use faster kernels. By default `false`.
    fn is_euclidean(&self) -> bool {
        false
    }
}

impl<M: Geodesic + ?Sized> Distance for M {
    fn shape(&self) -> Vec<i64> {
        self.point_shape()
    }

    fn check(&self, p: &Tensor) -> Result<()> {
        self.check_point(p)
    }

    fn between(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.dist(p, q)
    }

    fn is_euclidean(&self) -> bool {
        self.dist_is_euclidean()
    }
}

/// The geodesic distance of a boxed manifold.
impl Distance for Box<dyn Geodesic> {
    fn shape(&self) -> Vec<i64> {
        self.as_ref().point_shape()
    }

    fn check(&self, p: &Tensor) -> Result<()> {
        self.as_ref().check_point(p)
    }

    fn between(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.as_ref().dist(p, q)
    }

    fn is_euclidean(&self) -> bool {
        self.as_ref().dist_is_euclidean()
    }
}

impl<D: Distance + 'static> From<Box<D>> for Box<dyn Distance> {
    fn from(distance: Box<D>) -> Self {
        distance
    }
}

impl From<Box<dyn Geodesic>> for Box<dyn Distance> {
    fn from(manifold: Box<dyn Geodesic>) -> Self {
        Box::new(manifold)
    }
}

/// A manifold with random points and tangents.
///
/// The caller passes a seeded generator; libtorch's global generator is never used. Numbers are
/// drawn on the CPU, so that a seed gives the same points on every device, up to rounding.
pub trait Sample: Manifold {
    /// Random points of shape `[batch.., point..]`; each manifold documents their distribution.
    fn random_point(
        &self,
        rng: &mut dyn Rng,
        batch: &[i64],
        options: (Kind, tch::Device),
    ) -> Tensor;

    /// For each row of `p`, a tangent with independent standard normal coordinates in an
    /// orthonormal basis of the tangent space, so that `norm²` has the distribution χ²(dim).
    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor;
}

/// The parameter of a geodesic from each of the points, in a shape that multiplies tangents.
#[track_caller]
pub(crate) fn per_point(point_dims: usize, p: &Tensor, t: &Tensor) -> Tensor {
    check_numbers("geodesic", &[t]);
    if t.dim() > 0 && p.dim() >= point_dims {
        check_broadcast("geodesic", &[t.size().as_slice(), &batch_of(p, point_dims)]);
    }
    // A scalar broadcasts as it is, also from the CPU to another device.
    let mut t = t.shallow_clone();
    let dims = if t.dim() > 0 { point_dims } else { 0 };
    for _ in 0..dims {
        t = t.unsqueeze(-1);
    }
    t
}

/// The largest relative defect that a check accepts: 1e-8 in f64, 1e-4 in f32.
pub fn tolerance(kind: Kind) -> f64 {
    if kind == Kind::Double { 1e-8 } else { 1e-4 }
}

fn check_shape(op: &'static str, point_shape: &[i64], p: &Tensor) -> Result<()> {
    if !p.defined() || p.is_sparse() {
        let got = if p.defined() {
            "a sparse one"
        } else {
            "an undefined one"
        };
        return Err(Error::invalid(op, "a dense tensor", got));
    }
    if !p.size().ends_with(point_shape) {
        let expected = format!("trailing dimensions {point_shape:?}");
        return Err(Error::invalid(op, expected, format!("{:?}", p.size())));
    }
    if matches!(p.kind(), Kind::Double | Kind::Float) {
        return Ok(());
    }
    Err(Error::invalid(
        op,
        "kind Double or Float",
        format!("{:?}", p.kind()),
    ))
}

/// Checks that defects of rows, `[..]`, are within the [`tolerance`] of the kind of the points.
///
/// # Errors
///
/// [`Error::NotOnManifold`] with the first row that is not.
pub(crate) fn require_points(
    op: &'static str,
    manifold: impl FnOnce() -> String,
    defect: &Tensor,
    kind: Kind,
) -> Result<()> {
    let tolerance = tolerance(kind);
    match first_above(defect, tolerance) {
        None => Ok(()),
        Some((row, defect)) => Err(Error::NotOnManifold {
            op,
            manifold: manifold(),
            row,
            defect,
            tolerance,
        }),
    }
}

/// The first entry that is not at most `bound` (so NaN counts), with its value.
pub(crate) fn first_above(defect: &Tensor, bound: f64) -> Option<(usize, f64)> {
    let defect = defect.detach().flatten(0, -1).to_kind(Kind::Double);
    let bad = defect.le(bound).logical_not().nonzero();
    if bad.size()[0] == 0 {
        return None;
    }
    let row = bad.int64_value(&[0, 0]);
    Some((row as usize, defect.double_value(&[row])))
}
