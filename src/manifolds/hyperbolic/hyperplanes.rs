//! Signed distances to many hyperplanes at once, in the three models.
//!
//! A hyperplane is a direction e and an offset: it meets the ray from the origin along e at a right angle,
//! at that distance. With a = √c·offset, a point at distance ρ/√c from the origin at an angle θ to e, and
//! δ = 1 − |cos θ|:
//!
//! ```text
//! sinh(√c h) = L = cosh a sinh ρ cos θ − sinh a cosh ρ
//!                = ±(sinh(ρ ∓ a) − δ cosh a sinh ρ)            beside ±e
//! ```
//!
//! The products sinh ρ cos θ are one matrix product. Only where a point lies beside the direction, and far
//! out, the two terms nearly cancel; there δ is found of the rows themselves.
//!
//! The gradient is that of A τ + B y·e + C a, where A, B and C are the derivatives as constants, found
//! with the value. For ρ ≥ 1, τ = ρ and y is the unit vector to the point; nearer to the origin, where
//! that has no direction, (τ, y) = √c·(time, space) on the hyperboloid.

use tch::{Kind, Tensor};

use super::dispatch::Model;
use super::lorentz::Lorentz;
use super::normal_coordinates::EuclideanParametrised;
use super::normal_coordinates::fused::{COS_ASIDE, Polar, kernels};
use super::poincare::PoincareBall;
use super::scalars::asinh_of_root;
use crate::numerics::operation::Operation;
use crate::numerics::{
    broadcast_to_both, check_numbers, check_points, is_recorded, no_grad, norm_keep, over_norm,
    safe_sqrt, special, sum_keep,
};

/// ρ from which on a point has a direction.
const OUT: f64 = 1.0;

/// Points in f64, as the formulas want them.
struct Seen {
    /// Normal coordinates, without gradient.
    z: Tensor,
    /// Of points with ρ < 1, √c times the spatial part on the hyperboloid and √c times the time; of others
    /// the unit vector to the point, and ρ.
    y: Tensor,
    tau: Tensor,
    /// ρ, without gradient.
    rho: Tensor,
}

/// Hyperplanes in f64.
struct Planes {
    /// Unit vectors, `[k, n]`, and a, `[k]`.
    units: Tensor,
    a: Tensor,
}

/// The planes as kernels read them.
struct Rows {
    space: Polar,
    directions: Vec<f64>,
    /// a, sinh a, cosh a
    offsets: Vec<(f64, f64, f64)>,
    n: usize,
}

/// √c h and its derivatives.
struct Found {
    height: f64,
    by_tau: f64,
    by_product: f64,
    by_offset: f64,
}

impl Rows {
    /// For a point z and its product with the plane's unit vector.
    #[inline(always)]
    fn find(&self, plane: usize, z: &[f64], point: Row, product: f64) -> Found {
        let (a, sinh_a, cosh_a) = self.offsets[plane];
        let Row {
            rho,
            sinh,
            cosh,
            is_near,
        } = point;
        if is_near {
            let l = cosh_a * product - sinh_a * cosh;
            let (height, slope) = asinh_and_slope(l);
            return Found {
                height,
                by_tau: -slope * sinh_a,
                by_product: slope * cosh_a,
                by_offset: slope * (sinh_a * product - cosh_a * cosh),
            };
        }
        let side = 1.0_f64.copysign(product);
        let near = rho - side * a;
        let (l, by_rho, by_offset) = if product.abs() > COS_ASIDE && side * a > 0.0 {
            let direction = &self.directions[plane * self.n..(plane + 1) * self.n];
            let chord = kernels::chord(&self.space, z, direction);
            let (sinh_near, cosh_near) = (near.sinh(), near.cosh());
            (
                side * (sinh_near - chord * cosh_a * sinh),
                side * (cosh_near - chord * cosh_a * cosh),
                -cosh_near - side * chord * sinh_a * sinh,
            )
        } else {
            (
                cosh_a * sinh * product - sinh_a * cosh,
                cosh_a * cosh * product - sinh_a * sinh,
                sinh_a * sinh * product - cosh_a * cosh,
            )
        };
        let (height, slope) = asinh_and_slope(l);
        Found {
            height,
            by_tau: slope * by_rho,
            by_product: slope * cosh_a * sinh,
            by_offset: slope * by_offset,
        }
    }
}

/// asinh l and its derivative 1/√(1 + l²).
#[inline(always)]
fn asinh_and_slope(l: f64) -> (f64, f64) {
    let square = l * l;
    if square < f64::MAX {
        let (size, hypotenuse) = asinh_of_root(square);
        (size.copysign(l), 1.0 / hypotenuse)
    } else {
        (l.asinh(), 1.0 / l.abs())
    }
}

/// What belongs to a point alone.
#[derive(Clone, Copy)]
struct Row {
    rho: f64,
    sinh: f64,
    cosh: f64,
    is_near: bool,
}

impl Row {
    #[inline(always)]
    fn new(rho: f64) -> Self {
        Self {
            rho,
            sinh: rho.sinh(),
            cosh: rho.cosh(),
            is_near: rho < OUT,
        }
    }
}

/// Signed distances `[.., k]` with their gradients, in f64.
fn distances(seen: &Seen, planes: &Planes, c: &Tensor, normal: &EuclideanParametrised) -> Tensor {
    let products = seen.y.matmul(&planes.units.tr());
    let root_c = c.sqrt();
    let recorded = [&products, &planes.a, &root_c].into_iter().any(is_recorded);
    let rows = || {
        let flat = |t: &Tensor| Vec::<f64>::try_from(t.detach().flatten(0, -1).contiguous());
        let (Ok(directions), Ok(offsets)) = (flat(&planes.units), flat(&planes.a)) else {
            unreachable!("planes are f64 on the CPU")
        };
        let offsets = offsets.into_iter().map(|a| (a, a.sinh(), a.cosh()));
        Rows {
            space: normal.kernels(),
            directions,
            offsets: offsets.collect(),
            n: planes.units.size()[1] as usize,
        }
    };
    let count = planes.a.size()[0] as usize;
    let (z, rho, at) = (&seen.z, &seen.rho, products.detach());
    let operation = || Operation::on([z, rho, &at]).at(rows);
    if !recorded {
        let heights = operation()
            .rows([count], |rows, [z, rho, products], [heights]| {
                let row = Row::new(rho[0]);
                for (plane, (height, product)) in heights.iter_mut().zip(products).enumerate() {
                    *height = rows.find(plane, z, row, *product).height;
                }
            })
            .map(|[heights]| heights)
            .or_else(|| formula(seen, planes, &at)[0].shallow_clone());
        return heights / root_c;
    }
    let [height, by_tau, by_product, by_offset] = no_grad(|| {
        operation()
            .rows([count; 4], |rows, [z, rho, products], outputs| {
                let row = Row::new(rho[0]);
                let [height, by_tau, by_product, by_offset] = outputs;
                for (plane, product) in products.iter().enumerate() {
                    let found = rows.find(plane, z, row, *product);
                    height[plane] = found.height;
                    by_tau[plane] = found.by_tau;
                    by_product[plane] = found.by_product;
                    by_offset[plane] = found.by_offset;
                }
            })
            .or_else(|| formula(seen, planes, &at))
    });
    let linear = by_tau * &seen.tau + by_product * products + by_offset * &planes.a;
    (height + (&linear - linear.detach())) / root_c
}

/// √c h and its derivatives without kernels.
fn formula(seen: &Seen, planes: &Planes, products: &Tensor) -> [Tensor; 4] {
    let [unit, rho, units, a] = [&seen.y, &seen.rho, &planes.units, &planes.a].map(Tensor::detach);
    let near = rho.lt(OUT);
    let (sinh_a, cosh_a) = (a.sinh(), a.cosh());
    let (sinh, cosh) = (rho.sinh(), rho.cosh());
    let side = products.lt(0.0).to_kind(Kind::Double) * -2.0 + 1.0;
    let off = &rho - &side * &a;
    let chord = chords(&unit, &units, &side);
    let beside = products
        .abs()
        .gt(COS_ASIDE)
        .logical_and(&(&side * &a).gt(0.0))
        .logical_and(&near.logical_not());
    // The product has sinh ρ as a factor where the point is near.
    let one = rho.ones_like();
    let factor = one.where_self(&near, &sinh);
    let along = products * &factor;
    let l = (&side * (off.sinh() - &chord * &cosh_a * &sinh))
        .where_self(&beside, &(&cosh_a * &along - &sinh_a * &cosh));
    let by_rho = (&side * (off.cosh() - &chord * &cosh_a * &cosh))
        .where_self(&beside, &(&cosh_a * &cosh * products - &sinh_a * &sinh));
    let by_offset = (-off.cosh() - &side * &chord * &sinh_a * &sinh)
        .where_self(&beside, &(&sinh_a * &along - &cosh_a * &cosh));
    let slope = l.hypot(&l.ones_like()).reciprocal();
    let by_tau = (-&sinh_a).where_self(&near, &by_rho);
    [
        special::asinh(&l),
        &slope * by_tau,
        &slope * &cosh_a * factor,
        slope * by_offset,
    ]
}

/// 1 − |cos θ| of all pairs of unit vectors, by matrix products.
///
/// The first 26 bits of all coordinates have exact products, whose sums are at most 1 and so exact, too.
fn chords(units: &Tensor, directions: &Tensor, side: &Tensor) -> Tensor {
    const SCALE: f64 = (1_u64 << 26) as f64;
    let split = |t: &Tensor| {
        let high = (t * SCALE).round() / SCALE;
        let low = t - &high;
        (high, low)
    };
    let lacking = |(high, low): &(Tensor, Tensor)| -> Tensor {
        let sum = |t: Tensor| t.sum_dim_intlist(-1, true, Kind::Double);
        (1.0 - sum(high.square())) - sum((high * 2.0 + low) * low)
    };
    let (unit, direction) = (split(units), split(directions));
    let high: Tensor = 1.0 - side * unit.0.matmul(&direction.0.tr());
    let low: Tensor = unit.0.matmul(&direction.1.tr()) + unit.1.matmul(&directions.tr());
    let both: Tensor = (lacking(&unit) + lacking(&direction).tr()) / 2.0;
    // Below 0 by roundings alone.
    (high - side * low - both).clamp_min(0.0)
}

fn planes(
    op: &str,
    (n, kind): (i64, Kind),
    normals: &Tensor,
    offsets: &Tensor,
    c: &Tensor,
) -> Planes {
    check_points(op, n, &[normals]);
    check_numbers(op, &[normals, offsets]);
    let (normals_size, offsets_size) = (normals.size(), offsets.size());
    assert!(
        normals_size.len() == 2
            && normals_size[0] > 0
            && offsets_size == normals_size[..1]
            && normals.kind() == kind,
        "{op}: expected normals [k, {n}] and offsets [k], k ≥ 1, of kind {kind:?}, got {normals_size:?} and {offsets_size:?} of kind {:?}",
        normals.kind()
    );
    let normals = normals.to_kind(Kind::Double);
    Planes {
        units: unit_vector(&normals, &norm_keep(&normals)),
        a: offsets.to_kind(Kind::Double) * c.sqrt(),
    }
}

/// The unit vector, or 0 of 0, to a norm.
///
/// It is normalised twice. A gradient along the vector, nearly all of which cancels, loses what its
/// rounding left along the vector, which the second pass finds.
fn unit_vector(x: &Tensor, norm: &Tensor) -> Tensor {
    let once = over_norm(x, norm);
    over_norm(&once, &norm_keep(&once))
}

impl Seen {
    /// Of the norm of x `[.., 1]`, of ρ, and of what the norm makes of points with ρ < 1: the factor from x
    /// to √c times the spatial part, and √c times the time.
    fn new(
        x: &Tensor,
        z: impl FnOnce(&Tensor) -> Tensor,
        (norm, rho): (&Tensor, &Tensor),
        lift: impl FnOnce(&Tensor) -> (Tensor, Tensor),
    ) -> Self {
        let near = rho.lt(OUT);
        let (factor, time) = lift(&norm.where_self(&near, &norm.zeros_like()));
        let inverse = over_norm(&norm.ones_like(), norm);
        let once = x * factor.where_self(&near, &inverse);
        // Normalised twice, see `unit_vector`.
        let again = short_norm(&once).masked_fill(&near, 1.0).reciprocal();
        Self {
            z: no_grad(|| z(&x.detach())),
            y: once * again,
            tau: broadcast_to_both(&time, rho).where_self(&near, rho),
            rho: rho.detach(),
        }
    }
}

/// The norm over the last dimension, which is kept, of vectors whose squares do not overflow.
fn short_norm(x: &Tensor) -> Tensor {
    safe_sqrt(&sum_keep(&x.square()))
}

impl PoincareBall {
    /// The signed distances of points to hyperplanes. Hyperplane i meets the ray from the origin along
    /// `normals[i]` at a right angle, at the distance `offsets[i]` from the origin, on the opposite ray
    /// where the offset is below 0. Distances are positive on the side to which the normal points.
    ///
    /// ```text
    /// sinh(√c h) = cosh a sinh ρ cos θ − sinh a cosh ρ,  a = √c offset,  ρ = √c d(0, x)
    /// ```
    ///
    /// The logits of hyperbolic classifiers are multiples of it, see
    /// [`nn::Hyperplanes`](crate::nn::Hyperplanes).
    ///
    /// # Shapes
    ///
    /// `x` `[.., n]`, `normals` `[k, n]`, `offsets` `[k]` → `[.., k]`. The length of a normal has no
    /// effect. A normal 0 counts as one at a right angle to all points.
    ///
    /// # Accuracy
    ///
    /// Against 800-digit references at ρ from 0 to 300 and a to 290 (`tests/golden/layers.json`): twice
    /// the change that one rounding of each coordinate makes, in f64. f32 is computed in f64 and rounded
    /// once. On devices other than the CPU this holds for ρ + |a| ≤ 40.
    ///
    /// # Gradient
    ///
    /// In x, normals, offsets and κ. That in x has, as a tangent of length 1, an error of some e^|a|
    /// roundings for ρ + |a| ≤ 60; beyond, the part along the direction of the point loses digits. 0 with
    /// respect to a normal 0. First derivatives only: a gradient of a gradient takes the slopes for
    /// constants.
    ///
    /// # Panics
    ///
    /// If shapes, kinds or devices do not fit.
    #[track_caller]
    pub fn hyperplane_distances(&self, x: &Tensor, normals: &Tensor, offsets: &Tensor) -> Tensor {
        const OP: &str = "hyperplane_distances";
        let (n, kind) = (self.width(), x.kind());
        check_points(OP, n, &[x]);
        let c = self.c();
        let planes = planes(OP, (n, kind), normals, offsets, &c);
        let x = x.to_kind(Kind::Double);
        let root_c = c.sqrt();
        let norm = short_norm(&x);
        let rho = (&norm * &root_c).log1p() * 2.0 - self.alpha(&x).log();
        let normal = EuclideanParametrised::with_curvature(n, self.kappa());
        let seen = Seen::new(
            &x,
            |x| normal.from_ball(x),
            (&norm, &rho),
            |norm| {
                let alpha = 1.0 - norm.square() * &c;
                let factor = &root_c * 2.0 / &alpha;
                (factor, (2.0 - &alpha) / alpha)
            },
        );
        distances(&seen, &planes, &c, &normal).to_kind(kind)
    }
}

impl Lorentz {
    /// The signed distances of points to hyperplanes; see
    /// [`PoincareBall::hyperplane_distances`]. With the unit normal w = (sinh a, cosh a ê) in Minkowski
    /// space
    ///
    /// ```text
    /// sinh(√c h) = √c⟨w, x⟩_L
    /// ```
    ///
    /// # Shapes
    ///
    /// `x` `[.., n + 1]`, `normals` `[k, n]`, `offsets` `[k]` → `[.., k]`
    ///
    /// # Accuracy
    ///
    /// As in the ball. The time coordinate of x is computed from the others, and has the gradient 0.
    ///
    /// # Panics
    ///
    /// If shapes, kinds or devices do not fit.
    #[track_caller]
    pub fn hyperplane_distances(&self, x: &Tensor, normals: &Tensor, offsets: &Tensor) -> Tensor {
        const OP: &str = "hyperplane_distances";
        let (n, kind) = (self.width() - 1, x.kind());
        check_points(OP, n + 1, &[x]);
        let c = self.c();
        let planes = planes(OP, (n, kind), normals, offsets, &c);
        let x = x.narrow(-1, 1, n).to_kind(Kind::Double);
        let root_c = c.sqrt();
        let norm = short_norm(&x);
        let rho = special::asinh(&(&norm * &root_c));
        let normal = EuclideanParametrised::with_curvature(n, self.kappa());
        let lowered = |x: &Tensor| {
            normal.from_lorentz(&Tensor::cat(&[x.narrow(-1, 0, 1), x.shallow_clone()], -1))
        };
        let seen = Seen::new(&x, lowered, (&norm, &rho), |norm| {
            let time = (norm.square() * &c + 1.0).sqrt();
            (root_c.shallow_clone(), time)
        });
        distances(&seen, &planes, &c, &normal).to_kind(kind)
    }
}

impl EuclideanParametrised {
    /// The signed distances of points to hyperplanes; see
    /// [`PoincareBall::hyperplane_distances`].
    ///
    /// # Shapes
    ///
    /// `z` `[.., n]`, `normals` `[k, n]`, `offsets` `[k]` → `[.., k]`
    ///
    /// # Accuracy
    ///
    /// As in the ball. Both hold to ρ + |a| = 700.
    ///
    /// # Panics
    ///
    /// If shapes, kinds or devices do not fit.
    #[track_caller]
    pub fn hyperplane_distances(&self, z: &Tensor, normals: &Tensor, offsets: &Tensor) -> Tensor {
        const OP: &str = "hyperplane_distances";
        let (n, kind) = (self.width(), z.kind());
        check_points(OP, n, &[z]);
        let c = self.c();
        let planes = planes(OP, (n, kind), normals, offsets, &c);
        let z = z.to_kind(Kind::Double);
        let root_c = c.sqrt();
        let norm = short_norm(&z);
        let rho = &norm * &root_c;
        let seen = Seen::new(&z, Tensor::shallow_clone, (&norm, &rho), |norm| {
            let w = norm.square() * &c;
            (special::sinhc(&w) * &root_c, special::cosh(&w))
        });
        distances(&seen, &planes, &c, self).to_kind(kind)
    }
}
