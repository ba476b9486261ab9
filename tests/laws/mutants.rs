//! Deliberately wrong manifolds: each must break the law that is named for it, and the manifold
//! that it is made from must keep it.

use std::sync::Mutex;

use holonomy::laws::{Domain, Subject};
use holonomy::{Geodesic, Manifold, PoincareBall, Sample, Sphere};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

/// A manifold with geodesics and samples.
trait Whole: Geodesic + Sample {}
impl<M: Geodesic + Sample> Whole for M {}

/// What is wrong with a mutant.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// `inner(u, v)` has 0.02 u₀v₁ added.
    InnerNotSymmetric,
    /// `norm` belongs to a metric that is 1 + 1e-6 as large.
    NormOfAnotherMetric,
    /// `rgrad` forgets the metric: the projected Euclidean gradient.
    RgradWithoutMetric,
    /// `project_tangent` shortens by 1e-6.
    ProjectTangentShortens,
    /// `retract` goes twice as far: order 0.
    RetractTwiceAsFar,
    /// `log` is 1 + 1e-6 as long.
    LogTooLong,
    /// `dist` from the point with the larger first coordinate is 1e-9 longer.
    DistNotSymmetric,
    /// `parallel_transport` returns the vector unchanged.
    TransportForgets,
    /// `parallel_transport` goes by way of a third point: an isometry, but not the shortest way.
    TransportTwists,
    /// `exp_transport` moves the point and leaves the tangent.
    ExpWithoutTransport,
    /// `inner` sums the first dimension of a batch.
    InnerSumsTheBatch,
    /// `log` has no gradient to its second point.
    LogDetached,
    /// `dist` has a NaN gradient at p = q.
    DistRootAtZero,
    /// `log` gives f32.
    LogInSingle,
    /// `exp` changes its tangent in place.
    ExpInPlace,
    /// `geodesic` is parametrised by t².
    GeodesicAccelerates,
    /// `point_defect` is always 0.
    AnyPointIsValid,
    /// `random_tangent` is a tenth too long.
    TangentsTooLong,
    /// Without gradients `exp` leaves out 1e-6 of the way.
    NativeExpDiffers,
    /// `component_inner` halves.
    ComponentsHalved,
    /// `exp` reads the tangent's memory as though it were contiguous.
    ExpIgnoresStrides,
    /// `project` and `exp` scale by 1 + 1e-6: off a sphere, and in a ball further at each call.
    OffTheSphere,
    /// `project_tangent` leaves a part across.
    ProjectTangentAcross,
    /// `project_tangent` bends: it adds 1e-6 |z|.
    ProjectTangentBends,
    /// `inner` has the wrong sign.
    InnerNegative,
    /// `norm` adds 1e-9.
    NormAdds,
    /// `norm` gives f32.
    NormInSingle,
    /// `norm` fails on an empty batch.
    NormOfEmptyFails,
    /// `inner` has the batch shape of its second argument alone.
    InnerKeepsShape,
    /// `inner` is 1e-3 too large in f32.
    InnerRough,
    /// `rgrad` reads the gradient's memory as though it were contiguous.
    RgradIgnoresStrides,
    /// `retract` of 0 moves by 1e-9.
    RetractShifts,
    /// `retract` changes its tangent in place.
    RetractInPlace,
    /// Without gradients `retract` leaves out 1e-6 of the way.
    NativeRetractDiffers,
    /// `retract_transport` leaves the tangent where it was.
    RetractWithoutTransport,
    /// `vector_transport` adds 1e-6 of the length.
    VectorTransportBends,
    /// `exp` moves by 1e-9 more.
    ExpShifts,
    /// `log` adds 1e-9.
    LogAdds,
    /// `dist` adds 1e-9.
    DistAdds,
    /// `dist` is squared.
    DistSquared,
    /// `dist` fails on an empty batch.
    DistOfEmptyFails,
    /// `geodesic` stops 1e-6 short.
    GeodesicStopsShort,
    /// `parallel_transport` adds 1e-6 of the length.
    TransportBends,
    /// With gradients `project` is NaN for coordinates of 0.
    ProjectWithGradientFails,
    /// `inner` is that of the first tangent seen at the same place in memory.
    InnerRemembers,
    /// With gradients `dist` is NaN for antipodes.
    DistWithGradientFails,
    /// `dist` is that of the first point seen at the same place in memory.
    DistRemembers,
    /// `dist` is NaN for antipodes.
    DistOfAntipodesFails,
    /// `dist` has a gradient at p = q.
    DistSlopesAtRest,
    /// `dist` has twice its gradient.
    DistSteep,
    /// `convexity_radius` is twice as large.
    ConvexityDoubled,
    /// `random_point` lies 1e-3 outside.
    PointsOff,
    /// `random_point` ignores its generator.
    PointsUnseeded,
}

#[derive(Debug)]
struct Mutant<M> {
    inner: M,
    fault: Fault,
    /// The address of an argument, and what it gave.
    memory: Mutex<Vec<(usize, Tensor)>>,
}

impl<M: Whole> Mutant<M> {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    /// The value that an argument at the same address gave first.
    fn remembered(&self, argument: &Tensor, value: Tensor) -> Tensor {
        if !argument.requires_grad() {
            return value;
        }
        let address = argument.data_ptr() as usize;
        let mut memory = self.memory.lock().unwrap();
        if let Some((_, first)) = memory.iter().find(|(known, _)| *known == address) {
            return value * 0.0 + first;
        }
        memory.push((address, value.detach()));
        value
    }
}

/// 0 with a gradient, and NaN where x is not finite.
fn nothing(x: &Tensor) -> Tensor {
    x - x.detach()
}

/// |p + q|², 0 for antipodes.
fn from_antipode(p: &Tensor, q: &Tensor) -> Tensor {
    (p + q).square().sum_dim_intlist(-1, false, p.kind())
}

impl<M: Whole> Manifold for Mutant<M> {
    fn point_shape(&self) -> Vec<i64> {
        self.inner.point_shape()
    }

    fn dim(&self) -> i64 {
        self.inner.dim()
    }

    fn point_defect(&self, p: &Tensor) -> Tensor {
        let defect = self.inner.point_defect(p);
        if self.has(Fault::AnyPointIsValid) {
            defect.zeros_like()
        } else {
            defect
        }
    }

    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.inner.tangent_defect(p, v)
    }

    fn project(&self, z: &Tensor) -> Tensor {
        let p = self.inner.project(z);
        match self.fault {
            Fault::OffTheSphere => p * (1.0 + 1e-6),
            Fault::ProjectWithGradientFails if z.requires_grad() => p + nothing(&z.abs().log()),
            _ => p,
        }
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        let v = self.inner.project_tangent(p, z);
        match self.fault {
            Fault::ProjectTangentShortens => v * (1.0 - 1e-6),
            Fault::ProjectTangentAcross => v + p * 1e-6,
            Fault::ProjectTangentBends => v + z.abs() * 1e-6,
            _ => v,
        }
    }

    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        let inner = self.inner.inner(p, u, v);
        if self.has(Fault::InnerNotSymmetric) {
            return inner + u.select(-1, 0) * v.select(-1, 1) * 0.02;
        }
        if self.has(Fault::InnerSumsTheBatch) && inner.dim() > 0 {
            let total = inner.sum_dim_intlist(0, true, inner.kind());
            return total.expand_as(&inner);
        }
        match self.fault {
            Fault::InnerRemembers => self.remembered(u, inner),
            Fault::InnerNegative => -inner,
            Fault::InnerKeepsShape if inner.dim() > u.dim() - 1 => inner.get(0),
            Fault::InnerKeepsShape if inner.dim() > p.dim() - 1 => inner.get(0),
            Fault::InnerRough if u.kind() == Kind::Float => inner * 1.001,
            _ => inner,
        }
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        if self.has(Fault::RgradWithoutMetric) {
            return self.inner.project_tangent(p, egrad);
        }
        if self.has(Fault::RgradIgnoresStrides) && !egrad.is_contiguous() {
            return self.inner.rgrad(p, &egrad.flip([-1]));
        }
        self.inner.rgrad(p, egrad)
    }

    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        match self.fault {
            Fault::RetractTwiceAsFar => self.inner.retract(p, &(v * 2.0)),
            Fault::RetractShifts => self.inner.retract(p, v) + 1e-9,
            Fault::NativeRetractDiffers if !p.requires_grad() => {
                self.inner.retract(p, &(v * (1.0 - 1e-6)))
            }
            Fault::RetractInPlace => {
                let q = self.inner.retract(p, v);
                let _ = tch::no_grad(|| v.shallow_clone().g_mul_scalar_(0.5));
                q
            }
            _ => self.inner.retract(p, v),
        }
    }

    fn vector_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        let moved = self.inner.vector_transport(p, q, v);
        if self.has(Fault::VectorTransportBends) {
            moved + v.abs() * 1e-6
        } else {
            moved
        }
    }

    fn retract_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        if self.has(Fault::RetractWithoutTransport) {
            return (self.inner.retract(p, v), w.copy());
        }
        let q = self.retract(p, v);
        let w = self.vector_transport(p, &q, w);
        (q, w)
    }

    fn norm(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let norm = self.inner.norm(p, v);
        match self.fault {
            Fault::NormOfAnotherMetric => norm * (1.0 + 1e-6),
            Fault::NormAdds => norm + 1e-9,
            Fault::NormInSingle => norm.to_kind(Kind::Float),
            Fault::NormOfEmptyFails if norm.numel() == 0 => norm.sum(norm.kind()),
            _ => norm,
        }
    }

    fn component_inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        let components = self.inner.component_inner(p, u, v);
        if self.has(Fault::ComponentsHalved) {
            components * 0.5
        } else {
            components
        }
    }
}

impl<M: Whole> Geodesic for Mutant<M> {
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        match self.fault {
            Fault::ExpInPlace => {
                let q = self.inner.exp(p, v);
                let _ = tch::no_grad(|| v.shallow_clone().g_mul_scalar_(0.5));
                q
            }
            Fault::NativeExpDiffers if !p.requires_grad() => self.inner.exp(p, &(v * (1.0 - 1e-6))),
            Fault::ExpIgnoresStrides if !v.is_contiguous() => {
                self.inner.exp(p, &v.contiguous().flip([-1]))
            }
            Fault::OffTheSphere => self.inner.exp(p, v) * (1.0 + 1e-6),
            Fault::ExpShifts => self.inner.exp(p, v) + 1e-9,
            _ => self.inner.exp(p, v),
        }
    }

    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        match self.fault {
            Fault::LogTooLong => self.inner.log(p, q) * (1.0 + 1e-6),
            Fault::LogAdds => self.inner.log(p, q) + 1e-9,
            Fault::LogInSingle => self.inner.log(p, q).to_kind(Kind::Float),
            Fault::LogDetached => self.inner.log(p, &q.detach()),
            _ => self.inner.log(p, q),
        }
    }

    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        match self.fault {
            Fault::TransportBends => self.inner.parallel_transport(p, q, v) + v.abs() * 1e-6,
            Fault::TransportForgets => v + (p + q) * 0.0,
            Fault::TransportTwists => {
                // By way of a third point: turned by the holonomy of the triangle.
                let corner = self.inner.project(&(p.roll([1], [-1])));
                let first = self.inner.parallel_transport(p, &corner, v);
                self.inner.parallel_transport(&corner, q, &first)
            }
            _ => self.inner.parallel_transport(p, q, v),
        }
    }

    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let dist = self.inner.dist(p, q);
        match self.fault {
            Fault::DistNotSymmetric => {
                let larger = p
                    .select(-1, 0)
                    .gt_tensor(&q.select(-1, 0))
                    .to_kind(dist.kind());
                &dist * (larger * 1e-9 + 1.0)
            }
            Fault::DistAdds => dist + 1e-9,
            Fault::DistSquared => dist.square(),
            Fault::DistOfEmptyFails if dist.numel() == 0 => dist.sum(dist.kind()),
            Fault::DistRootAtZero => dist.square().sqrt(),
            Fault::DistWithGradientFails if p.requires_grad() => {
                dist + nothing(&from_antipode(p, q).log())
            }
            Fault::DistRemembers => self.remembered(p, dist),
            Fault::DistOfAntipodesFails => {
                let gap = from_antipode(p, q);
                dist * &gap / gap
            }
            Fault::DistSlopesAtRest => {
                dist + nothing(&(p - q).sum_dim_intlist(-1, false, p.kind()))
            }
            Fault::DistSteep => &dist + nothing(&dist),
            _ => dist,
        }
    }

    fn convexity_radius(&self) -> f64 {
        let radius = self.inner.convexity_radius();
        if self.has(Fault::ConvexityDoubled) {
            radius * 2.0
        } else {
            radius
        }
    }

    fn geodesic(&self, p: &Tensor, q: &Tensor, t: &Tensor) -> Tensor {
        if self.has(Fault::GeodesicAccelerates) {
            return self.inner.geodesic(p, q, &t.square());
        }
        if self.has(Fault::GeodesicStopsShort) {
            return self.inner.geodesic(p, q, &(t * (1.0 - 1e-6)));
        }
        self.inner.geodesic(p, q, t)
    }

    fn exp_transport(&self, p: &Tensor, v: &Tensor, w: &Tensor) -> (Tensor, Tensor) {
        if self.has(Fault::ExpWithoutTransport) {
            return (self.inner.exp(p, v), w.copy());
        }
        let q = self.exp(p, v);
        let w = self.parallel_transport(p, &q, w);
        (q, w)
    }
}

impl<M: Whole> Sample for Mutant<M> {
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        match self.fault {
            Fault::PointsOff => self.inner.random_point(rng, batch, options) * 1.001,
            Fault::PointsUnseeded => {
                let mut own = Xoshiro256PlusPlus::seed_from_u64(7);
                self.inner.random_point(&mut own, batch, options)
            }
            _ => self.inner.random_point(rng, batch, options),
        }
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        let v = self.inner.random_tangent(rng, p);
        if self.has(Fault::TangentsTooLong) {
            v * 1.1
        } else {
            v
        }
    }
}

fn ball() -> PoincareBall {
    PoincareBall::new(3, -1.0).unwrap()
}

fn sphere() -> Sphere {
    Sphere::new(3, 1.0).unwrap()
}

/// The fault breaks the law, and without it the same wrapper keeps it.
#[track_caller]
fn breaks<M: Whole>(make: fn() -> M, fault: Fault, law: &'static str) {
    let verdict = |fault| {
        let mutant = Mutant {
            inner: make(),
            fault,
            memory: Mutex::default(),
        };
        let domain = Domain::default();
        Subject::geodesic(&mutant)
            .within(domain)
            .verify(law, Kind::Double, None)
    };
    assert!(verdict(Fault::None).is_ok(), "{:?}", verdict(Fault::None));
    let violation = verdict(fault).expect_err("the mutant lives");
    assert_eq!(violation.law, law);
    assert!(violation.reason.starts_with("error "), "{violation}");
}

macro_rules! mutants {
    ($($name:ident: $make:ident with $fault:ident breaks $law:ident;)*) => {
        $(
            #[test]
            fn $name() {
                breaks($make, Fault::$fault, stringify!($law));
            }
        )*
    };
}

mutants! {
    inner_not_symmetric: ball with InnerNotSymmetric breaks inner_is_symmetric;
    norm_of_another_metric: ball with NormOfAnotherMetric breaks norm_is_root_of_inner;
    rgrad_without_metric: ball with RgradWithoutMetric breaks rgrad_represents_the_differential;
    project_tangent_shortens: sphere with ProjectTangentShortens breaks project_tangent_is_idempotent;
    retract_twice_as_far: ball with RetractTwiceAsFar breaks retract_is_first_order;
    retract_leaves_exp: sphere with RetractTwiceAsFar breaks retract_agrees_with_exp;
    log_too_long: ball with LogTooLong breaks log_inverts_exp;
    dist_not_symmetric: ball with DistNotSymmetric breaks dist_is_symmetric;
    transport_forgets: ball with TransportForgets breaks transport_is_an_isometry;
    transport_twists: sphere with TransportTwists breaks transport_carries_the_velocity;
    exp_without_transport: ball with ExpWithoutTransport breaks exp_transport_is_its_parts;
    inner_sums_the_batch: sphere with InnerSumsTheBatch breaks batch_is_its_rows;
    log_detached: ball with LogDetached breaks geodesic_gradient_is_difference;
    dist_root_at_zero: ball with DistRootAtZero breaks gradient_of_squared_distance_is_log;
    log_in_single: ball with LogInSingle breaks geodesic_kind_is_kept;
    exp_in_place: ball with ExpInPlace breaks geodesic_arguments_are_kept;
    geodesic_accelerates: sphere with GeodesicAccelerates breaks geodesic_has_constant_speed;
    any_point_is_valid: sphere with AnyPointIsValid breaks checks_find_the_bad_row;
    tangents_too_long: ball with TangentsTooLong breaks random_tangents_are_normal;
    native_exp_differs: ball with NativeExpDiffers breaks geodesic_gradients_change_no_value;
    components_halved: ball with ComponentsHalved breaks component_inner_adds_up;
    exp_ignores_strides: ball with ExpIgnoresStrides breaks geodesic_layout_is_irrelevant;
    project_off_the_sphere: sphere with OffTheSphere breaks points_are_valid;
    project_grows: ball with OffTheSphere breaks project_is_idempotent;
    exp_off_the_sphere: sphere with OffTheSphere breaks geodesic_points_are_valid;
    project_tangent_across: sphere with ProjectTangentAcross breaks tangents_are_tangent;
    project_tangent_bends: ball with ProjectTangentBends breaks project_tangent_is_linear;
    vector_transport_moves: ball with VectorTransportBends breaks vector_transport_stays;
    inner_negative: ball with InnerNegative breaks inner_is_positive;
    inner_keeps_shape: ball with InnerKeepsShape breaks shapes_broadcast;
    inner_rough_in_single: ball with InnerRough breaks single_is_rounded_double;
    norm_adds: ball with NormAdds breaks norm_is_homogeneous;
    norm_in_single: ball with NormInSingle breaks kind_is_kept;
    norm_of_empty_fails: ball with NormOfEmptyFails breaks empty_batch_is_empty;
    rgrad_ignores_strides: ball with RgradIgnoresStrides breaks layout_is_irrelevant;
    retract_shifts: ball with RetractShifts breaks retract_of_zero_stays;
    retract_in_place: ball with RetractInPlace breaks arguments_are_kept;
    native_retract_differs: ball with NativeRetractDiffers breaks gradients_change_no_value;
    retract_without_transport: sphere with RetractWithoutTransport breaks retract_transport_is_its_parts;
    vector_transport_bends: ball with VectorTransportBends breaks vector_transport_is_linear;
    exp_shifts: ball with ExpShifts breaks exp_of_zero_stays;
    log_adds: ball with LogAdds breaks log_of_itself_is_zero;
    dist_adds: ball with DistAdds breaks dist_to_itself_is_zero;
    dist_squared: ball with DistSquared breaks triangle_inequality;
    dist_of_empty_fails: ball with DistOfEmptyFails breaks geodesic_empty_batch_is_empty;
    geodesic_stops_short: ball with GeodesicStopsShort breaks geodesic_joins_its_ends;
    transport_bends: ball with TransportBends breaks transport_is_linear;
    transport_turns: ball with TransportBends breaks transport_stays;
    project_with_gradient_fails: sphere with ProjectWithGradientFails breaks gradients_change_no_value_at_corners;
    inner_remembers: ball with InnerRemembers breaks gradient_sees_an_update;
    dist_with_gradient_fails: sphere with DistWithGradientFails breaks geodesic_gradients_change_no_value_at_corners;
    dist_remembers: ball with DistRemembers breaks geodesic_gradient_sees_an_update;
    dist_of_antipodes_fails: sphere with DistOfAntipodesFails breaks distance_is_finite;
    dist_slopes_at_rest: ball with DistSlopesAtRest breaks gradient_of_distance_at_rest_is_zero;
    dist_steep: ball with DistSteep breaks gradient_of_distance_is_at_most_one;
    convexity_doubled: sphere with ConvexityDoubled breaks convexity_radius_is_kept;
    points_off: sphere with PointsOff breaks random_points_are_valid;
    points_unseeded: ball with PointsUnseeded breaks random_points_follow_the_seed;
}
