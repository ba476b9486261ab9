//! The models of hyperbolic space in which layers work.

use tch::{Kind, Tensor};

use super::{Coordinates, Layer};
use crate::numerics::{check_points, in_f64, norm_keep, pull_within};
use crate::{Curvature, Geodesic, Lorentz, Manifold, PoincareBall};

/// A model of hyperbolic space that layers take: [`PoincareBall`] or [`Lorentz`].
///
/// What layers share stands here: the tangent space at the origin as ℝⁿ, and the spatial part of a point
/// on the hyperboloid, w ∈ ℝⁿ with time √(1/c + |w|²), c = −κ, in which linear layers are written.
pub trait HyperbolicModel: Geodesic + Clone + sealed::Sealed + 'static {
    /// The space of this model and curvature of another dimension.
    fn with_dim(&self, n: i64) -> Self;

    /// The curvature κ < 0.
    fn kappa(&self) -> &Curvature;

    /// What points look like to a layer.
    fn coordinates(&self) -> Coordinates;

    /// The exponential map at the origin of v ∈ ℝⁿ, in coordinates of the tangent space there. In the
    /// ball the point lies at the distance 2|v|, whatever the curvature; on the hyperboloid at |v|.
    ///
    /// # Shapes
    ///
    /// `[.., n]` → `[.., coordinates]`
    fn exp_at_origin(&self, v: &Tensor) -> Tensor;

    /// The inverse of [`exp_at_origin`](Self::exp_at_origin), `[.., coordinates]` → `[.., n]`.
    fn log_at_origin(&self, x: &Tensor) -> Tensor;

    /// The spatial part on the hyperboloid, `[.., coordinates]` → `[.., n]`: 2x/(1 − c|x|²) of a point
    /// x of the ball.
    fn spatial(&self, x: &Tensor) -> Tensor;

    /// The point of this [`spatial`](Self::spatial) part: w/(1 + √(1 + c|w|²)) in the ball. At most at
    /// the edge of the model.
    fn with_spatial(&self, w: &Tensor) -> Tensor {
        self.with_exact_spatial(&w.to_kind(Kind::Double), w.kind())
    }

    /// [`with_spatial`](Self::with_spatial) of f64, rounded to a kind; at most at the edge that the model
    /// has in that kind.
    fn with_exact_spatial(&self, w: &Tensor, kind: Kind) -> Tensor;

    /// The weighted centroid of k points, `[.., k, coordinates]` and `[.., k]` → `[.., coordinates]`:
    /// [`Lorentz::centroid`], or [`PoincareBall::gyromidpoint`].
    fn centroid(&self, points: &Tensor, weights: &Tensor) -> Tensor;

    /// Signed distances to hyperplanes, see
    /// [`PoincareBall::hyperplane_distances`].
    fn hyperplane_distances(&self, x: &Tensor, normals: &Tensor, offsets: &Tensor) -> Tensor;

    /// A vector at the origin in the coordinates of [`exp_at_origin`](Self::exp_at_origin), of one in the
    /// coordinates of the model, `[.., coordinates]` → `[.., n]`.
    fn tangent_at_origin(&self, v: &Tensor) -> Tensor;

    /// What stands side by side where `parts` points are concatenated, `[.., coordinates]` → `[.., n]`:
    /// [`beta_concatenate`](super::beta_concatenate) in the ball,
    /// [`lorentz_concatenate`](super::lorentz_concatenate) on the hyperboloid. The origin gives 0.
    fn part(&self, x: &Tensor, parts: i64) -> Tensor;

    /// The point of parts side by side, `[.., n]` → `[.., coordinates]` of this space, whose dimension is
    /// that of all parts.
    fn of_parts(&self, parts: &Tensor) -> Tensor;
}

/// A linear layer whose result is first the [`spatial`](HyperbolicModel::spatial) part of a point.
pub trait SpatialLinear: Layer {
    /// The spatial part of the result, unless it lies beyond the edge of the model, `[.., coordinates]` →
    /// `[.., m]`. Its kind is the one in which the layer computes.
    fn forward_spatial(&self, x: &Tensor) -> Tensor;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::PoincareBall {}
    impl Sealed for crate::Lorentz {}
}

impl HyperbolicModel for PoincareBall {
    fn with_dim(&self, n: i64) -> Self {
        Self::with_curvature(n, self.curvature())
    }

    fn kappa(&self) -> &Curvature {
        self.curvature()
    }

    fn coordinates(&self) -> Coordinates {
        self.into()
    }

    fn exp_at_origin(&self, v: &Tensor) -> Tensor {
        self.exp(&v.zeros_like(), v)
    }

    fn log_at_origin(&self, x: &Tensor) -> Tensor {
        self.log(&x.zeros_like(), x)
    }

    fn spatial(&self, x: &Tensor) -> Tensor {
        check_points("spatial", self.dim(), &[x]);
        in_f64([x], |[x]| &x * 2.0 / self.alpha(&x))
    }

    fn with_exact_spatial(&self, w: &Tensor, kind: Kind) -> Tensor {
        check_points("with_spatial", self.dim(), &[w]);
        let size = norm_keep(w) * (-self.kappa().tensor()).sqrt();
        let factor = (size.hypot(&size.ones_like()) + 1.0).reciprocal();
        // √c|x| is the size times the factor, but for some roundings.
        let edge = Self::edge(kind) - 4.0 * f64::EPSILON;
        let beyond = (&size * &factor).gt(edge);
        let at_edge = size.masked_fill(&beyond.logical_not(), 1.0).reciprocal() * edge;
        (w * at_edge.where_self(&beyond, &factor)).to_kind(kind)
    }

    fn centroid(&self, points: &Tensor, weights: &Tensor) -> Tensor {
        self.gyromidpoint(points, weights)
    }

    fn hyperplane_distances(&self, x: &Tensor, normals: &Tensor, offsets: &Tensor) -> Tensor {
        Self::hyperplane_distances(self, x, normals, offsets)
    }

    fn tangent_at_origin(&self, v: &Tensor) -> Tensor {
        v.shallow_clone()
    }

    fn part(&self, x: &Tensor, parts: i64) -> Tensor {
        let factor = (log_beta(parts * self.dim()) - log_beta(self.dim())).exp();
        self.log_at_origin(&x.to_kind(Kind::Double)) * factor
    }

    fn of_parts(&self, parts: &Tensor) -> Tensor {
        self.project(&self.exp_at_origin(parts))
    }
}

impl HyperbolicModel for Lorentz {
    fn with_dim(&self, n: i64) -> Self {
        Self::with_curvature(n, self.curvature())
    }

    fn kappa(&self) -> &Curvature {
        self.curvature()
    }

    fn coordinates(&self) -> Coordinates {
        self.into()
    }

    fn exp_at_origin(&self, v: &Tensor) -> Tensor {
        check_points("exp_at_origin", self.dim(), &[v]);
        let time = v.narrow(-1, 0, 1).zeros_like();
        let v = Tensor::cat(&[time, v.shallow_clone()], -1);
        self.exp(&origin(self, &v), &v)
    }

    fn log_at_origin(&self, x: &Tensor) -> Tensor {
        check_points("log_at_origin", self.dim() + 1, &[x]);
        self.log(&origin(self, x), x).narrow(-1, 1, self.dim())
    }

    fn spatial(&self, x: &Tensor) -> Tensor {
        check_points("spatial", self.dim() + 1, &[x]);
        x.narrow(-1, 1, self.dim())
    }

    fn with_exact_spatial(&self, w: &Tensor, kind: Kind) -> Tensor {
        check_points("with_spatial", self.dim(), &[w]);
        let inverse_root_c = (-self.kappa().tensor()).rsqrt();
        let limit = inverse_root_c.clamp_max(1.0) * Self::edge(kind);
        let norm = norm_keep(w);
        let w = pull_within(w, &norm, &limit);
        let norm = norm.minimum(&limit);
        let time = norm.hypot(&(norm.ones_like() * inverse_root_c));
        Tensor::cat(&[time, w], -1).to_kind(kind)
    }

    fn centroid(&self, points: &Tensor, weights: &Tensor) -> Tensor {
        Self::centroid(self, points, weights)
    }

    fn hyperplane_distances(&self, x: &Tensor, normals: &Tensor, offsets: &Tensor) -> Tensor {
        Self::hyperplane_distances(self, x, normals, offsets)
    }

    fn tangent_at_origin(&self, v: &Tensor) -> Tensor {
        v.narrow(-1, 1, self.dim())
    }

    fn part(&self, x: &Tensor, _parts: i64) -> Tensor {
        self.spatial(x)
    }

    fn of_parts(&self, parts: &Tensor) -> Tensor {
        self.with_spatial(parts)
    }
}

/// The origin (1/√c, 0, …) in the shape of `like`.
fn origin(space: &Lorentz, like: &Tensor) -> Tensor {
    let time = (-space.curvature().tensor()).rsqrt();
    let ones = like.narrow(-1, 0, 1).ones_like().to_kind(Kind::Double);
    let time = (ones * time).to_kind(like.kind());
    let zeros = like.narrow(-1, 1, space.dim()).zeros_like();
    Tensor::cat(&[time, zeros], -1)
}

/// ln B(n/2, ½).
pub(super) fn log_beta(n: i64) -> f64 {
    let gamma = |x: f64| Tensor::from(x).lgamma().double_value(&[]);
    let half = n as f64 / 2.0;
    gamma(half) + gamma(0.5) - gamma(half + 0.5)
}
