//! The weighted centroid of points of the hyperboloid, on single rows of f64 and as a tensor formula.
//!
//! With S = Σ wᵢ xᵢ the centroid is S/(√c M), M² = −⟨S, S⟩_L = T² − |V|² of its time T and its spatial part V.
//! Far from the origin the two squares agree to e^{−2r}, so along a direction e they are written as
//!
//! ```text
//! M² = (T − V·e)(T + V·e) − |V_⊥|²
//! T − V·e = Σ wᵢ ((tᵢ − |xᵢ|) + (|xᵢ| − xᵢ·e)),  tᵢ − |xᵢ| = 1/(c(tᵢ + |xᵢ|)),  |xᵢ| − xᵢ·e = |xᵢ_⊥|²/(|xᵢ| + xᵢ·e)
//! ```
//! with all terms positive but the last, which vanishes for e along V. A rounding of V turns e by as much, which
//! counts beyond the distance 36/√c; there the points lie on one ray but for roundings, or the centroid would
//! be nearer, and the direction of the point that contributes most to V is exact. With that direction
//! |V_⊥|² ≤ k M² for k points: it costs the digits of k at most.

use std::cmp::Ordering;

use tch::{Kind, Tensor};

use super::Lorentz;
use super::fused::Hyperboloid;
use crate::manifolds::hyperbolic::dispatch::Model;
use crate::numerics::across::{Across, pivot};
use crate::numerics::lanes::{dot, methods_for_each_processor};
use crate::numerics::operation::Operation;
use crate::numerics::{check_points, check_weights, dot_keep, safe_sqrt, sum_keep};

/// The kernel as a function of a whole set of points.
pub(super) mod kernels {
    use super::{Hyperboloid, methods_for_each_processor};

    methods_for_each_processor! {
        Hyperboloid {
            fn centroid(points: &[f64], weights: &[f64], out: &mut [f64]);
        }
    }
}

/// M², and the part of it that was subtracted.
struct Mass {
    square: f64,
    subtracted: f64,
}

impl Hyperboloid {
    /// The centroid of `points`, each as long as `out`, time first.
    #[inline(always)]
    pub(super) fn centroid(&self, points: &[f64], weights: &[f64], out: &mut [f64]) {
        let width = out.len();
        let rows = || points.chunks_exact(width).map(|row| &row[1..]);
        let total: f64 = weights.iter().sum();
        let weighted = || rows().zip(weights.iter().map(|w| w / total));
        let spatial = &mut out[1..];
        spatial.fill(0.0);
        let (mut heaviest, mut most) = (&points[1..width], -1.0);
        for (x, weight) in weighted() {
            for (sum, x) in spatial.iter_mut().zip(x) {
                *sum = weight.mul_add(*x, *sum);
            }
            let share = weight * dot(x, x);
            if share * weight > most {
                (heaviest, most) = (x, share * weight);
            }
        }
        let mut mass = self.mass(weighted(), spatial, spatial.len());
        // NaN is not less either.
        if mass.subtracted.partial_cmp(&mass.square) != Some(Ordering::Less) {
            mass = self.mass(weighted(), heaviest, spatial.len());
        }
        let scale = 1.0 / (self.root_c * mass.square.sqrt());
        for sum in spatial.iter_mut() {
            *sum *= scale;
        }
        out[0] = self.time(&out[1..]);
    }

    /// M² along a direction of any length.
    #[inline(always)]
    fn mass<'a>(
        &self,
        weighted: impl Iterator<Item = (&'a [f64], f64)>,
        direction: &[f64],
        n: usize,
    ) -> Mass {
        let square = dot(direction, direction);
        let length = square.sqrt();
        let pivot = pivot(direction);
        let (mut less, mut more) = (0.0, 0.0);
        let mut across_sum = vec![0.0; n];
        for (x, weight) in weighted {
            let xx = dot(x, x);
            let (norm, time) = (xx.sqrt(), self.time_of_square(xx));
            let (along, across) = if length > 0.0 {
                (
                    dot(x, direction) / length,
                    Across::new(direction, x, pivot, square),
                )
            } else {
                (0.0, Across::NONE)
            };
            let off = if along > 0.0 {
                across.square / (norm + along)
            } else {
                norm - along
            };
            less = weight.mul_add(self.inverse_c / (time + norm) + off, less);
            more = weight.mul_add(time + along, more);
            for ((sum, &d), &x) in across_sum.iter_mut().zip(direction).zip(x) {
                *sum = weight.mul_add(across.coordinate(d, x), *sum);
            }
        }
        let subtracted = dot(&across_sum, &across_sum);
        Mass {
            square: less.mul_add(more, -subtracted),
            subtracted,
        }
    }
}

impl Lorentz {
    /// The weighted centroid of k points: the point that minimises Σ wᵢ (cosh(√c d(p, xᵢ)) − 1).
    ///
    /// ```text
    /// Σ wᵢ xᵢ / (√c √(−⟨Σ wᵢ xᵢ, Σ wᵢ xᵢ⟩_L))
    /// ```
    ///
    /// The product under the root is computed without cancellation, from parts along and across
    /// the direction of Σ wᵢ xᵢ.
    ///
    /// # Shapes
    ///
    /// `points` `[.., k, n + 1]`, `weights` `[.., k]` (non-negative, not all 0) → `[.., n + 1]`
    ///
    /// # Accuracy
    ///
    /// A few roundings of the spatial part, at any distance up to [`Lorentz::edge`] from the
    /// origin and from each other: 5e-16 against 700-digit references. Points of weight 0 have no
    /// effect. The time is linear in k.
    ///
    /// # Gradient
    ///
    /// In points, weights and κ, also where points coincide. Beyond distance 15/√c the rounding of
    /// directions is multiplied by e^{2√c r}.
    ///
    /// # References
    ///
    /// law2019
    ///
    /// # Panics
    ///
    /// If `points` has fewer than two dimensions or no points, or if there is not one weight per
    /// point.
    #[track_caller]
    pub fn centroid(&self, points: &Tensor, weights: &Tensor) -> Tensor {
        check_points("centroid", self.n + 1, &[points]);
        check_weights("centroid", points, weights);
        let kind = points.kind();
        let (points, weights) = broadcast_weights(points, weights);
        let size = points.size();
        let flat = points.flatten(-2, -1);
        let width = self.n as usize + 1;
        let centroid = self
            .with_kernels(Operation::on([&flat, &weights]))
            .rows([width], |space, [points, weights], [out]| {
                kernels::centroid(space, points, weights, out);
            })
            .map(|[centroid]| centroid)
            .or(|[flat, weights]| {
                let x = self.spatial(&flat.view(&size[..]));
                self.centroid_formula(&x, &weights.unsqueeze(-1))
            });
        centroid.to_kind(kind)
    }

    /// The centroid of spatial parts `[.., k, n]` with weights `[.., k, 1]`, as `[.., n + 1]`.
    pub(super) fn centroid_formula(&self, x: &Tensor, weights: &Tensor) -> Tensor {
        let c = self.c();
        let over_points = |t: Tensor| t.sum_dim_intlist(-2, true, Kind::Double);
        let weights = weights / over_points(weights.shallow_clone());
        let norm = safe_sqrt(&sum_keep(&x.square()));
        let time = self.time(x);

        // The direction is any constant: M² does not depend on it.
        let heaviest = (&weights * &norm).detach().argmax(-2, true);
        let index = heaviest.expand_as(&x.narrow(-2, 0, 1));
        let base = x.detach().gather(-2, &index, false);
        let base_norm = sum_keep(&base.square()).sqrt();
        let somewhere = base_norm.gt(0.0);
        let unit = &base / base_norm.where_self(&somewhere, &base_norm.ones_like());

        // Differences first, so that equal points have no part across.
        let difference = x - &base;
        let across = &difference - dot_keep(&difference, &unit) * &unit;
        let along = dot_keep(x, &unit);
        let ahead = along.gt(0.0);
        let sum = (&norm + &along).where_self(&ahead, &norm.ones_like());
        let aside = sum_keep(&across.square()) / sum;
        let off = aside.where_self(&ahead, &(&norm - &along));
        let less = over_points(&weights * ((&time + norm).reciprocal() / &c + off));
        let more = over_points(&weights * (time + along));
        let subtracted = sum_keep(&over_points(&weights * across).square());
        let mass = (less * more - subtracted).sqrt() * c.sqrt();
        self.point(&(over_points(weights * x) / mass).squeeze_dim(-2))
    }
}

/// Points `[.., k, n]` and weights `[.., k]` of one batch shape, in f64.
fn broadcast_weights(points: &Tensor, weights: &Tensor) -> (Tensor, Tensor) {
    let (points, weights) = (points.to_kind(Kind::Double), weights.to_kind(Kind::Double));
    let both = Tensor::broadcast_tensors(&[points.shallow_clone(), weights.unsqueeze(-1)]);
    (both[0].shallow_clone(), both[1].select(-1, 0))
}
