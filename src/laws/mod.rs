//! Laws that every manifold must satisfy, as property tests for your own manifolds.
//!
//! To test a type that implements [`Manifold`], [`Geodesic`] and [`Sample`], write in the tests of
//! your crate
//!
//! ```ignore
//! holonomy::manifold_laws! { mine: MySpace::new(3)? }
//! ```
//!
//! and add `holonomy = { version = "…", features = ["laws"] }` to its `dev-dependencies`. The
//! macro makes a module `mine` with one `#[test]` per law and kind:
//! `mine::double::exp_inverts_log`, `mine::single::exp_inverts_log`, and so on.
//! [`manifold_laws!`](crate::manifold_laws) also has forms for a manifold without [`Geodesic`] and
//! for other lengths.
//!
//! # Errors, scales and budgets
//!
//! A law is a public function of this module. It returns the [`Worst`] error that it found,
//! divided by a scale that its documentation states. The law holds if this error does not exceed
//! its [`Budget`]: a constant of the law times a power of the ε of the kind. The constants are the
//! same for all manifolds.
//!
//! Many scales contain [`rounding`]`(p)`, the Riemannian length of a relative change of 1 in the
//! coordinates of p. It is large near the boundary of a ball, where no formula can have an error
//! below `ε · rounding(p)`. The *strain* of a case is `1 + (rounding(p) + rounding(q)) / radius`.
//!
//! # Cases
//!
//! proptest draws a [`Case`]: a seed, a batch shape and scales. It determines the [`Samples`]:
//! base points up to [`Domain::reach`] away from a random point, and tangents whose lengths range
//! from [`Domain::radius`] down to 1e-9 times it. Random points never lie exactly in each other's
//! cut locus. So some laws are also tried at [`Samples::corners`], pairs of special points such as
//! antipodes.
//!
//! proptest reduces a failing case to a simpler one, and stores it in a `.regressions` file beside
//! the test, to try it again in later runs. The other cases are the same in every run.

mod edges;
mod geodesic;
mod gradients;
mod measure;
mod metric;
mod operations;
mod samples;
mod sampling;
mod shapes;

use std::fmt;

use proptest::test_runner::{
    Config, FileFailurePersistence, RngSeed, TestCaseError, TestError, TestRunner,
};
use tch::{Device, Kind, Tensor};

pub use edges::*;
pub use geodesic::*;
pub use gradients::*;
pub use measure::Worst;
pub use metric::{
    checks_find_the_bad_row, component_inner_adds_up, inner_is_bilinear, inner_is_positive,
    inner_is_symmetric, norm_is_homogeneous, norm_is_root_of_inner, points_are_valid,
    project_is_idempotent, project_tangent_is_idempotent, project_tangent_is_linear,
    retract_is_first_order, retract_of_zero_stays, retract_transport_is_its_parts,
    rgrad_represents_the_differential, tangents_are_tangent, vector_transport_is_linear,
    vector_transport_stays,
};
pub use samples::{Case, Samples, cases, rounding};
pub use sampling::*;
pub use shapes::*;

use crate::{Geodesic, Manifold, Sample};

/// The number of cases for most laws.
pub const CASES: u32 = 16;

/// The number of cases for laws about [`Samples::corners`] and about updates in place. Corners are
/// nearly the same in all cases.
pub const FEW_CASES: u32 = 3;

/// The laws that are tried on few cases.
const ON_FEW_CASES: [&str; 7] = [
    "gradients_change_no_value_at_corners",
    "gradient_sees_an_update",
    "geodesic_gradients_change_no_value_at_corners",
    "geodesic_gradient_sees_an_update",
    "distance_is_finite",
    "gradient_of_distance_at_rest_is_zero",
    "gradient_of_distance_is_at_most_one",
];

/// The largest error that a law allows, in terms of a constant C.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Budget {
    /// C · ε.
    Rounding(f64),
    /// C · max(ε, ε(f64)^⅔), the accuracy of central differences in f64.
    Difference(f64),
    /// C · ε(f32), for both kinds.
    Single(f64),
    /// C, for both kinds.
    Fixed(f64),
}

impl Budget {
    /// The largest error that the budget allows for a kind.
    pub fn of(self, kind: Kind) -> f64 {
        match self {
            Self::Rounding(constant) => constant * epsilon(kind),
            Self::Difference(constant) => {
                constant * epsilon(kind).max(f64::EPSILON.powf(2.0 / 3.0))
            }
            Self::Single(constant) => constant * epsilon(Kind::Float),
            Self::Fixed(bound) => bound,
        }
    }
}

/// ε of a kind: the distance from 1 to the next number.
pub fn epsilon(kind: Kind) -> f64 {
    if kind == Kind::Double {
        f64::EPSILON
    } else {
        f64::from(f32::EPSILON)
    }
}

/// A law, with its budget and its function.
#[derive(Debug)]
pub struct Law {
    /// The name of its function and of its test.
    pub name: &'static str,
    /// The largest error that it allows.
    pub budget: Budget,
    /// Its function.
    pub judge: Judge,
}

/// The function of a law, by the trait that the law is about.
#[derive(Debug)]
pub enum Judge {
    /// A law of [`Manifold`].
    Manifold(fn(&dyn Manifold, &Samples) -> Worst),
    /// A law of [`Sample`].
    Sample(fn(&dyn Sample, &Samples) -> Worst),
    /// A law of [`Geodesic`].
    Geodesic(fn(&dyn Geodesic, &Samples) -> Worst),
}

macro_rules! laws {
    ($($judge:ident { $($budget:ident($constant:expr) $name:ident,)* })*) => {
        &[$($(Law {
            name: stringify!($name),
            budget: Budget::$budget($constant),
            judge: Judge::$judge($name),
        }),*),*]
    };
}

/// All laws.
pub const LAWS: &[Law] = laws![
    Manifold {
    Rounding(16.0) points_are_valid,
    Rounding(16.0) tangents_are_tangent,
    Rounding(8.0) project_is_idempotent,
    Rounding(16.0) project_tangent_is_idempotent,
    Rounding(16.0) project_tangent_is_linear,
    Rounding(8.0) inner_is_symmetric,
    Rounding(16.0) inner_is_bilinear,
    Rounding(16.0) inner_is_positive,
    Rounding(8.0) norm_is_root_of_inner,
    Rounding(8.0) norm_is_homogeneous,
    Rounding(16.0) rgrad_represents_the_differential,
    Rounding(16.0) vector_transport_is_linear,
    Rounding(16.0) vector_transport_stays,
    Rounding(8.0) retract_of_zero_stays,
    Fixed(0.5) retract_is_first_order,
    Rounding(16.0) retract_transport_is_its_parts,
    Rounding(16.0) component_inner_adds_up,
    Fixed(0.0) checks_find_the_bad_row,
    Rounding(16.0) batch_is_its_rows,
    Rounding(16.0) shapes_broadcast,
    Fixed(0.0) empty_batch_is_empty,
    Rounding(16.0) layout_is_irrelevant,
    Fixed(0.0) kind_is_kept,
    Fixed(0.0) arguments_are_kept,
    Rounding(16.0) gradients_change_no_value,
    Rounding(16.0) gradients_change_no_value_at_corners,
    Rounding(16.0) gradient_sees_an_update,
    Single(16.0) single_is_rounded_double,
    Difference(64.0) gradient_is_difference,
    Difference(64.0) gradient_is_difference_when_short,
    Difference(64.0) gradient_is_difference_at_rest,
    }
    Sample {
    Rounding(16.0) random_points_are_valid,
    Fixed(0.0) random_points_follow_the_seed,
    Fixed(5.0) random_tangents_are_normal,
    }
    Geodesic {
    Rounding(32.0) exp_inverts_log,
    Rounding(32.0) log_inverts_exp,
    Rounding(16.0) geodesic_points_are_valid,
    Rounding(16.0) geodesic_tangents_are_tangent,
    Rounding(8.0) exp_of_zero_stays,
    Rounding(8.0) log_of_itself_is_zero,
    Rounding(16.0) dist_is_length_of_log,
    Rounding(16.0) dist_is_length_travelled,
    Rounding(16.0) dist_is_symmetric,
    Rounding(8.0) dist_to_itself_is_zero,
    Rounding(16.0) triangle_inequality,
    Rounding(32.0) geodesic_joins_its_ends,
    Rounding(32.0) geodesic_has_constant_speed,
    Rounding(32.0) geodesic_is_exp_of_log,
    Rounding(32.0) transport_is_an_isometry,
    Rounding(32.0) transport_there_and_back,
    Rounding(32.0) transport_carries_the_velocity,
    Rounding(16.0) transport_is_linear,
    Rounding(16.0) transport_stays,
    Rounding(32.0) transport_composes_along_a_geodesic,
    Rounding(32.0) exp_transport_is_its_parts,
    Fixed(0.5) retract_agrees_with_exp,
    Rounding(16.0) geodesic_batch_is_its_rows,
    Rounding(16.0) geodesic_shapes_broadcast,
    Fixed(0.0) geodesic_empty_batch_is_empty,
    Rounding(16.0) geodesic_layout_is_irrelevant,
    Fixed(0.0) geodesic_kind_is_kept,
    Fixed(0.0) geodesic_arguments_are_kept,
    Rounding(16.0) geodesic_gradients_change_no_value,
    Rounding(16.0) geodesic_gradients_change_no_value_at_corners,
    Rounding(16.0) geodesic_gradient_sees_an_update,
    Single(16.0) geodesic_single_is_rounded_double,
    Difference(64.0) geodesic_gradient_is_difference,
    Difference(64.0) geodesic_gradient_is_difference_when_short,
    Difference(64.0) geodesic_gradient_is_difference_at_rest,
    Rounding(64.0) gradient_of_squared_distance_is_log,
    Rounding(16.0) exp_starts_with_its_velocity,
    Difference(64.0) second_derivative_of_exp_at_zero,
    Fixed(0.0) distance_is_finite,
    Fixed(0.0) gradient_of_distance_at_rest_is_zero,
    Rounding(64.0) gradient_of_distance_is_at_most_one,
    Rounding(32.0) convexity_radius_is_kept,
    }
];

/// The lengths of the samples of a law. The default, radius 1 and reach 8, suits curvatures of
/// about ±1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Domain {
    /// The length of the longest tangent v for which `log(p, exp(p, v)) = v` must hold. It should
    /// be below the injectivity radius and of the order of 1/√|κ|: beyond that, negative curvature
    /// amplifies rounding exponentially.
    pub radius: f64,
    /// The largest distance of base points from a random point, in f64.
    pub reach: f64,
}

impl Default for Domain {
    fn default() -> Self {
        Self {
            radius: 1.0,
            reach: 8.0,
        }
    }
}

impl Domain {
    /// The default lengths times `unit`, which should be 1/√|κ| for a manifold of curvature κ.
    pub fn in_units_of(unit: f64) -> Self {
        let Self { radius, reach } = Self::default();
        Self {
            radius: radius * unit,
            reach: reach * unit,
        }
    }

    /// The largest distance of base points from a random point: in f32, which has half the digits,
    /// ⅜ of that in f64.
    pub fn reach(&self, kind: Kind) -> f64 {
        if kind == Kind::Double {
            self.reach
        } else {
            self.reach * 0.375
        }
    }
}

/// A manifold to test, with its traits, lengths and device.
#[derive(Debug)]
pub struct Subject<'m> {
    manifold: &'m dyn Manifold,
    sample: &'m dyn Sample,
    geodesic: Option<&'m dyn Geodesic>,
    domain: Domain,
    device: Device,
}

impl<'m> Subject<'m> {
    /// A manifold without [`Geodesic`].
    pub fn new<M: Sample>(manifold: &'m M) -> Self {
        let domain = Domain::default();
        Self {
            manifold,
            sample: manifold,
            geodesic: None,
            domain,
            device: Device::Cpu,
        }
    }

    /// A manifold with [`Geodesic`].
    pub fn geodesic<M: Geodesic + Sample>(manifold: &'m M) -> Self {
        Self {
            geodesic: Some(manifold),
            ..Self::new(manifold)
        }
    }

    /// The same, with other lengths.
    #[must_use]
    pub fn within(self, domain: Domain) -> Self {
        Self { domain, ..self }
    }

    /// The same, on another device.
    #[must_use]
    pub fn on(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// The laws that apply.
    pub fn laws(&self) -> impl Iterator<Item = &'static Law> {
        let all = self.geodesic.is_some();
        LAWS.iter()
            .filter(move |law| all || !matches!(law.judge, Judge::Geodesic(_)))
    }

    /// The error of a law in one case; `None` if the law does not apply.
    pub fn try_case(&self, law: &Law, kind: Kind, case: &Case) -> Option<Worst> {
        let samples = || Samples::draw(self, case, (kind, self.device));
        match law.judge {
            Judge::Manifold(judge) => Some(judge(self.manifold, &samples())),
            Judge::Sample(judge) => Some(judge(self.sample, &samples())),
            Judge::Geodesic(judge) => Some(judge(self.geodesic?, &samples())),
        }
    }

    /// Tests the named law on [`CASES`] or [`FEW_CASES`] cases, the same in every run, and on
    /// those in the `.regressions` file beside `source_file`, to which failures are added.
    ///
    /// # Errors
    ///
    /// [`Violation`] with the simplest failing case.
    pub fn verify(
        &self,
        law: &'static str,
        kind: Kind,
        source_file: Option<&'static str>,
    ) -> Result<(), Violation> {
        let known = self.laws().find(|known| known.name == law);
        let violation = |case: &Case| {
            let Some(known) = known else {
                return Some("no such law of this manifold".to_owned());
            };
            let Worst { error, place } = self.try_case(known, kind, case)?;
            let budget = known.budget.of(kind);
            (error > budget).then(|| format!("error {error:.3e} in {place} exceeds {budget:.3e}"))
        };
        let tried = runner(law, source_file).run(&cases(), |case| match violation(&case) {
            None => Ok(()),
            Some(reason) => Err(TestCaseError::fail(reason)),
        });
        tried.map_err(|error| {
            let (reason, case) = match error {
                TestError::Fail(reason, case) => (reason.message().to_owned(), Some(case)),
                TestError::Abort(reason) => (reason.message().to_owned(), None),
            };
            Violation {
                law,
                manifold: format!("{:?}", self.manifold),
                kind,
                reason,
                case,
            }
        })
    }

    /// As [`verify`](Self::verify), for the body of a test.
    ///
    /// # Panics
    ///
    /// If the law is violated.
    #[track_caller]
    pub fn check(&self, law: &'static str, kind: Kind, source_file: &'static str) {
        if let Err(violation) = self.verify(law, kind, Some(source_file)) {
            panic!("{violation}");
        }
    }

    /// `p` moved along `v`, exactly where that is known.
    fn travel(&self, p: &Tensor, v: &Tensor) -> Tensor {
        match self.geodesic {
            Some(geodesic) => geodesic.exp(p, v),
            None => self.manifold.retract(p, v),
        }
    }

    /// `p` moved by lengths in a direction; a retraction makes small steps.
    fn travel_far(&self, p: &Tensor, direction: &Tensor, lengths: &Tensor) -> Tensor {
        const STEPS: i32 = 16;
        let m = self.manifold;
        if let Some(geodesic) = self.geodesic {
            return geodesic.exp(p, &samples::with_length(m, p, direction, lengths));
        }
        let step = lengths / f64::from(STEPS);
        let start = (p.shallow_clone(), direction.shallow_clone());
        let (end, _) = (0..STEPS).fold(start, |(p, direction), _| {
            let v = samples::with_length(m, &p, &direction, &step);
            m.retract_transport(&p, &v, &direction)
        });
        end
    }
}

/// A law that does not hold.
#[derive(Debug)]
pub struct Violation {
    /// The law.
    pub law: &'static str,
    /// The `Debug` output of the manifold.
    pub manifold: String,
    /// The kind.
    pub kind: Kind,
    /// The error found and the budget.
    pub reason: String,
    /// The simplest case that fails.
    pub case: Option<Case>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            law,
            manifold,
            kind,
            reason,
            case,
        } = self;
        write!(
            f,
            "{manifold} in {kind:?} breaks the law {law}: {reason}; smallest case {case:?}"
        )
    }
}

impl std::error::Error for Violation {}

/// A runner with fixed cases, different ones for each law.
fn runner(law: &str, source_file: Option<&'static str>) -> TestRunner {
    const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const FNV_PRIME: u64 = 0x0100_0000_01b3;
    let seed = law.bytes().fold(FNV_OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
    });
    let persistence =
        source_file.map(|_| Box::new(FileFailurePersistence::WithSource("regressions")) as _);
    TestRunner::new(Config {
        cases: if ON_FEW_CASES.contains(&law) {
            FEW_CASES
        } else {
            CASES
        },
        failure_persistence: persistence,
        source_file,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 64,
        ..Config::default()
    })
}

/// The manifold of a [`manifold_laws!`](crate::manifold_laws) call.
#[doc(hidden)]
#[track_caller]
pub fn made<M>(manifold: Result<M, Box<dyn std::error::Error>>) -> M {
    match manifold {
        Ok(manifold) => manifold,
        Err(error) => panic!("manifold_laws!: the manifold cannot be made: {error}"),
    }
}

#[doc(hidden)]
pub use tch::Kind as __Kind;

/// One `#[test]` per law and kind for a manifold of your own.
///
/// ```text
/// manifold_laws! { NAME: EXPRESSION }
/// manifold_laws! { NAME: EXPRESSION, within DOMAIN }
/// manifold_laws! { NAME: EXPRESSION, without Geodesic }
/// manifold_laws! { NAME: EXPRESSION, without Geodesic, within DOMAIN }
/// ```
///
/// The expression makes the manifold, and may use `?`. The manifold must implement
/// [`Sample`](crate::Sample) and, without `without Geodesic`, [`Geodesic`](crate::Geodesic). The
/// domain is a [`Domain`](crate::laws::Domain), the lengths of the samples. The tests are
/// `NAME::double::LAW` and `NAME::single::LAW`.
///
/// # Examples
///
/// ```
/// use holonomy::laws::Domain;
/// use holonomy::{Euclidean, manifold_laws};
///
/// manifold_laws! { flat: Euclidean::new(3)? }
/// manifold_laws! { small: Euclidean::new(3)?, within Domain::in_units_of(1e-3) }
/// manifold_laws! { bare: Euclidean::new(3)?, without Geodesic }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! manifold_laws {
    ($name:ident: $make:expr, without Geodesic $(, within $domain:expr)? $(,)?) => {
        $crate::__law_module! { $name [new] [$make] [$($domain)?] __bare_law_names }
    };
    ($name:ident: $make:expr $(, within $domain:expr)? $(,)?) => {
        $crate::__law_module! { $name [geodesic] [$make] [$($domain)?] __all_law_names }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __law_module {
    ($name:ident [$subject:ident] [$make:expr] [$($domain:expr)?] $names:ident) => {
        mod $name {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use super::*;

            #[allow(clippy::redundant_closure_call)]
            fn __check(law: &'static str, kind: $crate::laws::__Kind) {
                let manifold = $crate::laws::made((|| Ok($make))());
                let subject = $crate::laws::Subject::$subject(&manifold);
                $(let subject = subject.within($domain);)?
                subject.check(law, kind, file!());
            }

            mod double {
                $crate::$names! { __law_tests [Double] }
            }

            mod single {
                $crate::$names! { __law_tests [Float] }
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __law_tests {
    ([$kind:ident] $($law:ident)*) => {
        $(
            #[test]
            fn $law() {
                super::__check(stringify!($law), $crate::laws::__Kind::$kind);
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __law_name_list {
    ([] $($law:ident)*) => {
        [$(stringify!($law)),*]
    };
}

// A macro cannot read the tables above; a test holds these lists equal to them.
#[doc(hidden)]
#[macro_export]
macro_rules! __bare_law_names {
    ($then:ident [$($with:tt)*]) => {
        $crate::$then! { [$($with)*]
            points_are_valid
            tangents_are_tangent
            project_is_idempotent
            project_tangent_is_idempotent
            project_tangent_is_linear
            inner_is_symmetric
            inner_is_bilinear
            inner_is_positive
            norm_is_root_of_inner
            norm_is_homogeneous
            rgrad_represents_the_differential
            vector_transport_is_linear
            vector_transport_stays
            retract_of_zero_stays
            retract_is_first_order
            retract_transport_is_its_parts
            component_inner_adds_up
            checks_find_the_bad_row
            batch_is_its_rows
            shapes_broadcast
            empty_batch_is_empty
            layout_is_irrelevant
            kind_is_kept
            arguments_are_kept
            gradients_change_no_value
            gradients_change_no_value_at_corners
            gradient_sees_an_update
            single_is_rounded_double
            gradient_is_difference
            gradient_is_difference_when_short
            gradient_is_difference_at_rest
            random_points_are_valid
            random_points_follow_the_seed
            random_tangents_are_normal
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __all_law_names {
    ($then:ident [$($with:tt)*]) => {
        $crate::$then! { [$($with)*]
            points_are_valid
            tangents_are_tangent
            project_is_idempotent
            project_tangent_is_idempotent
            project_tangent_is_linear
            inner_is_symmetric
            inner_is_bilinear
            inner_is_positive
            norm_is_root_of_inner
            norm_is_homogeneous
            rgrad_represents_the_differential
            vector_transport_is_linear
            vector_transport_stays
            retract_of_zero_stays
            retract_is_first_order
            retract_transport_is_its_parts
            component_inner_adds_up
            checks_find_the_bad_row
            batch_is_its_rows
            shapes_broadcast
            empty_batch_is_empty
            layout_is_irrelevant
            kind_is_kept
            arguments_are_kept
            gradients_change_no_value
            gradients_change_no_value_at_corners
            gradient_sees_an_update
            single_is_rounded_double
            gradient_is_difference
            gradient_is_difference_when_short
            gradient_is_difference_at_rest
            random_points_are_valid
            random_points_follow_the_seed
            random_tangents_are_normal
            exp_inverts_log
            log_inverts_exp
            geodesic_points_are_valid
            geodesic_tangents_are_tangent
            exp_of_zero_stays
            log_of_itself_is_zero
            dist_is_length_of_log
            dist_is_length_travelled
            dist_is_symmetric
            dist_to_itself_is_zero
            triangle_inequality
            geodesic_joins_its_ends
            geodesic_has_constant_speed
            geodesic_is_exp_of_log
            transport_is_an_isometry
            transport_there_and_back
            transport_carries_the_velocity
            transport_is_linear
            transport_stays
            transport_composes_along_a_geodesic
            exp_transport_is_its_parts
            retract_agrees_with_exp
            geodesic_batch_is_its_rows
            geodesic_shapes_broadcast
            geodesic_empty_batch_is_empty
            geodesic_layout_is_irrelevant
            geodesic_kind_is_kept
            geodesic_arguments_are_kept
            geodesic_gradients_change_no_value
            geodesic_gradients_change_no_value_at_corners
            geodesic_gradient_sees_an_update
            geodesic_single_is_rounded_double
            geodesic_gradient_is_difference
            geodesic_gradient_is_difference_when_short
            geodesic_gradient_is_difference_at_rest
            gradient_of_squared_distance_is_log
            exp_starts_with_its_velocity
            second_derivative_of_exp_at_zero
            distance_is_finite
            gradient_of_distance_at_rest_is_zero
            gradient_of_distance_is_at_most_one
            convexity_radius_is_kept
        }
    };
}
