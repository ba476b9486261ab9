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

#[doc(hidden)]
pub mod accuracy;
mod distance;
mod edges;
mod geodesic;
mod gradients;
mod measure;
mod metric;
mod operations;
mod samples;
mod sampling;
mod shapes;
mod shared;

use std::fmt;

use proptest::test_runner::{
    Config, FileFailurePersistence, RngSeed, TestCaseError, TestError, TestRunner,
};
use tch::{Device, Kind, Tensor};

pub use distance::*;
pub use edges::*;
pub use geodesic::*;
pub use gradients::*;
pub use measure::Worst;
pub use metric::*;
use shared::Purpose;

pub use samples::{Case, Samples, cases, rounding};
pub use sampling::*;
pub use shapes::*;

use crate::{Distance, Geodesic, Manifold, Sample};

/// The number of cases for most laws.
pub const CASES: u32 = 10;

/// The number of cases for laws about [`Samples::corners`] and about updates in place. Corners are
/// nearly the same in all cases.
pub const FEW_CASES: u32 = 3;

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
    /// The number of cases that it is tried on.
    pub cases: u32,
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
    /// A law of [`Distance`].
    Distance(fn(&dyn Distance, &Samples) -> Worst),
    /// A law of [`Geodesic`].
    Geodesic(fn(&dyn Geodesic, &Samples) -> Worst),
}

/// All laws, once: by the trait that they are about, with their budget and number of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! __laws {
    ($then:ident [$($with:tt)*]) => {
        $crate::$then! { [$($with)*]
            Manifold {
                Rounding(16.0) CASES points_are_valid,
                Rounding(16.0) CASES tangents_are_tangent,
                Rounding(8.0) CASES project_is_idempotent,
                Rounding(16.0) CASES project_tangent_is_idempotent,
                Rounding(16.0) CASES project_tangent_is_linear,
                Rounding(8.0) CASES inner_is_symmetric,
                Rounding(16.0) CASES inner_is_bilinear,
                Rounding(16.0) CASES inner_is_positive,
                Rounding(8.0) CASES norm_is_root_of_inner,
                Rounding(8.0) CASES norm_is_homogeneous,
                Rounding(16.0) CASES rgrad_represents_the_differential,
                Rounding(16.0) CASES vector_transport_is_linear,
                Rounding(16.0) CASES vector_transport_stays,
                Rounding(8.0) CASES retract_of_zero_stays,
                Fixed(0.5) CASES retract_is_first_order,
                Rounding(16.0) CASES retract_transport_is_its_parts,
                Rounding(16.0) CASES component_inner_adds_up,
                Fixed(0.0) CASES checks_find_the_bad_row,
                Rounding(16.0) CASES batch_is_its_rows,
                Rounding(16.0) CASES shapes_broadcast,
                Fixed(0.0) CASES empty_batch_is_empty,
                Rounding(16.0) CASES layout_is_irrelevant,
                Fixed(0.0) CASES kind_is_kept,
                Fixed(0.0) CASES arguments_are_kept,
                Rounding(16.0) CASES gradients_change_no_value,
                Rounding(16.0) FEW_CASES gradients_change_no_value_at_corners,
                Rounding(16.0) FEW_CASES gradient_sees_an_update,
                Single(16.0) CASES single_is_rounded_double,
                Difference(64.0) CASES gradient_is_difference,
                Difference(64.0) CASES gradient_is_difference_when_short,
                Difference(64.0) CASES gradient_is_difference_at_rest,
            }
            Sample {
                Rounding(16.0) CASES random_points_are_valid,
                Fixed(0.0) CASES random_points_follow_the_seed,
                Fixed(5.0) CASES random_tangents_are_normal,
            }
            Distance {
                Rounding(16.0) CASES dist_is_symmetric,
                Rounding(8.0) CASES dist_to_itself_is_zero,
                Rounding(16.0) CASES triangle_inequality,
            }
            Geodesic {
                Rounding(32.0) CASES exp_inverts_log,
                Rounding(32.0) CASES log_inverts_exp,
                Rounding(16.0) CASES geodesic_points_are_valid,
                Rounding(16.0) CASES geodesic_tangents_are_tangent,
                Rounding(8.0) CASES exp_of_zero_stays,
                Rounding(8.0) CASES log_of_itself_is_zero,
                Rounding(16.0) CASES dist_is_length_of_log,
                Rounding(16.0) CASES dist_is_length_travelled,
                Rounding(32.0) CASES geodesic_joins_its_ends,
                Rounding(32.0) CASES geodesic_has_constant_speed,
                Rounding(32.0) CASES geodesic_is_exp_of_log,
                Rounding(32.0) CASES transport_is_an_isometry,
                Rounding(32.0) CASES transport_there_and_back,
                Rounding(32.0) CASES transport_carries_the_velocity,
                Rounding(16.0) CASES transport_is_linear,
                Rounding(16.0) CASES transport_stays,
                Rounding(32.0) CASES transport_composes_along_a_geodesic,
                Rounding(32.0) CASES exp_transport_is_its_parts,
                Fixed(0.5) CASES retract_agrees_with_exp,
                Rounding(16.0) CASES geodesic_batch_is_its_rows,
                Rounding(16.0) CASES geodesic_shapes_broadcast,
                Fixed(0.0) CASES geodesic_empty_batch_is_empty,
                Rounding(16.0) CASES geodesic_layout_is_irrelevant,
                Fixed(0.0) CASES geodesic_kind_is_kept,
                Fixed(0.0) CASES geodesic_arguments_are_kept,
                Rounding(16.0) CASES geodesic_gradients_change_no_value,
                Rounding(16.0) FEW_CASES geodesic_gradients_change_no_value_at_corners,
                Rounding(16.0) FEW_CASES geodesic_gradient_sees_an_update,
                Single(16.0) CASES geodesic_single_is_rounded_double,
                Difference(64.0) CASES geodesic_gradient_is_difference,
                Difference(64.0) CASES geodesic_gradient_is_difference_when_short,
                Difference(64.0) CASES geodesic_gradient_is_difference_at_rest,
                Rounding(64.0) CASES gradient_of_squared_distance_is_log,
                Rounding(16.0) CASES exp_starts_with_its_velocity,
                Difference(64.0) CASES second_derivative_of_exp_at_zero,
                Fixed(0.0) FEW_CASES distance_is_finite,
                Fixed(0.0) FEW_CASES gradient_of_distance_at_rest_is_zero,
                Rounding(64.0) FEW_CASES gradient_of_distance_is_at_most_one,
                Rounding(32.0) CASES convexity_radius_is_kept,
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __law_table {
    ([] $($judge:ident { $($budget:ident($constant:literal) $cases:ident $name:ident,)* })*) => {
        &[$($(Law {
            name: stringify!($name),
            budget: Budget::$budget($constant),
            cases: $cases,
            judge: Judge::$judge($name),
        }),*),*]
    };
}
/// All laws.
pub const LAWS: &[Law] = crate::__laws! { __law_table [] };

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
    distance: Option<&'m dyn Distance>,
    geodesic: Option<&'m dyn Geodesic>,
    domain: Domain,
    device: Device,
    name: Option<&'static str>,
}

impl<'m> Subject<'m> {
    /// A manifold without [`Geodesic`].
    pub fn new<M: Sample>(manifold: &'m M) -> Self {
        let domain = Domain::default();
        Self {
            manifold,
            sample: manifold,
            distance: None,
            geodesic: None,
            domain,
            device: Device::Cpu,
            name: None,
        }
    }

    /// A manifold with [`Geodesic`].
    pub fn geodesic<M: Geodesic + Sample>(manifold: &'m M) -> Self {
        Self {
            distance: Some(manifold),
            geodesic: Some(manifold),
            ..Self::new(manifold)
        }
    }

    /// The points of a manifold with a distance of their own.
    pub fn measured_by<M: Sample>(manifold: &'m M, distance: &'m dyn Distance) -> Self {
        Self {
            distance: Some(distance),
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

    /// The same, under a name that no other subject of this program has: laws of subjects with
    /// one name share their samples, which saves half of the time.
    #[must_use]
    pub fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// The laws that apply.
    pub fn laws(&self) -> impl Iterator<Item = &'static Law> {
        let (measured, whole) = (self.distance.is_some(), self.geodesic.is_some());
        LAWS.iter().filter(move |law| match law.judge {
            Judge::Manifold(_) | Judge::Sample(_) => true,
            Judge::Distance(_) => measured,
            Judge::Geodesic(_) => whole,
        })
    }

    /// The error of a law in one case; `None` if the law does not apply.
    pub fn try_case(&self, law: &Law, kind: Kind, case: &Case) -> Option<Worst> {
        let draw = || Samples::draw(self, case, (kind, self.device));
        let samples = || match self.name {
            Some(name) => {
                let purpose = Purpose {
                    name,
                    domain: self.domain,
                    device: self.device,
                    kind,
                    case: case.clone(),
                };
                shared::samples(purpose, draw)
            }
            None => draw(),
        };
        match law.judge {
            Judge::Manifold(judge) => Some(judge(self.manifold, &samples())),
            Judge::Sample(judge) => Some(judge(self.sample, &samples())),
            Judge::Distance(judge) => Some(judge(self.distance?, &samples())),
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
        let count = known.map_or(1, |known| known.cases);
        let tried = runner(count, source_file).run(&cases(), |case| match violation(&case) {
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

/// A runner with fixed cases, the same ones for each law, so that laws can share their samples.
fn runner(cases: u32, source_file: Option<&'static str>) -> TestRunner {
    const SEED: u64 = 0x6765_6f6d_6574_7279;
    let persistence =
        source_file.map(|_| Box::new(FileFailurePersistence::WithSource("regressions")) as _);
    TestRunner::new(Config {
        cases,
        failure_persistence: persistence,
        source_file,
        rng_seed: RngSeed::Fixed(SEED),
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
        $crate::__law_module! { $name bare [manifold] [$crate::laws::Subject::new(&manifold)] [$make] [$($domain)?] }
    };
    ($name:ident: $make:expr $(, within $domain:expr)? $(,)?) => {
        $crate::__law_module! { $name whole [manifold] [$crate::laws::Subject::geodesic(&manifold)] [$make] [$($domain)?] }
    };
}

/// One `#[test]` per law of [`Distance`](crate::Distance) and kind.
///
/// ```text
/// distance_laws! { NAME: EXPRESSION, on MANIFOLD }
/// distance_laws! { NAME: EXPRESSION, on MANIFOLD, within DOMAIN }
/// ```
///
/// The first expression makes the distance, the second one a manifold with
/// [`Sample`](crate::Sample) that gives points; both may use `?`. The tests are named as those of
/// [`manifold_laws!`](crate::manifold_laws).
///
/// # Examples
///
/// ```
/// use holonomy::manifolds::Chordal;
/// use holonomy::{Grassmann, distance_laws};
///
/// distance_laws! { chordal: Chordal::of(Grassmann::new(5, 2)?), on Grassmann::new(5, 2)? }
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! distance_laws {
    ($name:ident: $make:expr, on $manifold:expr $(, within $domain:expr)? $(,)?) => {
        $crate::__law_module! {
            $name distance [made] [$crate::laws::Subject::measured_by(&made.0, &made.1)]
            [($manifold, $make)] [$($domain)?]
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __law_module {
    ($name:ident $which:ident [$made:ident] [$subject:expr] [$make:expr] [$($domain:expr)?]) => {
        mod $name {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use super::*;

            #[allow(clippy::redundant_closure_call)]
            fn __check(law: &'static str, kind: $crate::laws::__Kind) {
                let $made = $crate::laws::made((|| Ok($make))());
                let subject = $subject;
                $(let subject = subject.within($domain);)?
                subject.named(module_path!()).check(law, kind, file!());
            }

            mod double {
                $crate::__laws! { __law_tests [Double $which] }
            }

            mod single {
                $crate::__laws! { __law_tests [Float $which] }
            }
        }
    };
}

/// The tests of the laws of some traits.
#[doc(hidden)]
#[macro_export]
macro_rules! __law_tests {
    (
        [$kind:ident bare]
        Manifold { $($manifold:tt)* } Sample { $($sample:tt)* } $($other:ident { $($rest:tt)* })*
    ) => {
        $crate::__tests! { [$kind] $($manifold)* $($sample)* }
    };
    ([$kind:ident whole] $($trait:ident { $($law:tt)* })*) => {
        $crate::__tests! { [$kind] $($($law)*)* }
    };
    (
        [$kind:ident distance]
        Manifold { $($manifold:tt)* } Sample { $($sample:tt)* } Distance { $($distance:tt)* } $($rest:tt)*
    ) => {
        $crate::__tests! { [$kind] $($distance)* }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ([$kind:ident] $($budget:ident($constant:literal) $cases:ident $law:ident,)*) => {
        $(
            #[test]
            fn $law() {
                super::__check(stringify!($law), $crate::laws::__Kind::$kind);
            }
        )*
    };
}
