//! Every law on every manifold, each a test by the name `MANIFOLD::KIND::LAW`.
//!
//! A crate of its own would write [`manifold_laws!`](holonomy::manifold_laws). That makes a function for each test, which
//! for so many manifolds takes longer to compile than to run; here tests are made when the program starts.

mod toy;

use std::collections::HashSet;

use holonomy::StiefelMetric::{Canonical, Euclidean as Ambient};
use holonomy::laws::{Domain, Subject};
use holonomy::manifolds::Chordal;
use holonomy::{
    Euclidean, EuclideanParametrised, Flag, Grassmann, Lorentz, Oblique, PoincareBall, Power,
    Product, Retraction, Scaled, SpdAffineInvariant, SpdBuresWasserstein, SpdLogCholesky,
    SpdLogEuclidean, SpecialEuclidean, SpecialOrthogonal, Sphere, Stiefel,
};

use libtest_mimic::{Arguments, Failed, Trial};
use tch::Kind;
use toy::Globe;

/// The lengths of a space of curvature κ, and on a sphere two thirds of the injectivity radius.
fn curved(kappa: f64) -> Domain {
    let domain = Domain::in_units_of(1.0 / f64::abs(kappa).sqrt());
    if kappa < 0.0 {
        domain
    } else {
        Domain {
            radius: 2.0 * domain.radius,
            ..domain
        }
    }
}

/// Condition numbers grow as e^(√2 distance), and with them what rounding of coordinates costs: those
/// up to 1e5 here, which f32 can hold. Worse ones are golden cases.
const CONE: Domain = Domain {
    radius: 1.0,
    reach: 4.0,
};

/// A geodesic ends where a matrix becomes singular: no farther than the root of the least eigenvalue.
const BURES: Domain = Domain {
    radius: 0.1,
    reach: 0.5,
};

/// A straight step leaves the ball from length 1 on, and loses digits before that.
const STRAIGHT: Domain = Domain {
    radius: 0.25,
    reach: 4.0,
};

fn retracting(n: i64, k: i64, retraction: Retraction) -> holonomy::Result<Stiefel> {
    Ok(Stiefel::new(n, k, Canonical)?.with_retraction(retraction))
}

fn straight(n: i64, kappa: f64) -> holonomy::Result<PoincareBall> {
    PoincareBall::new(n, kappa)?.with_straight_retraction(PoincareBall::STRAIGHT_EDGE)
}

fn product() -> holonomy::Result<Product> {
    Product::new(vec![
        Box::new(PoincareBall::new(2, -1.0)?),
        Box::new(Sphere::new(2, 1.0)?),
        Box::new(Euclidean::new(3)?),
    ])
}

fn nested_product() -> holonomy::Result<Product> {
    Product::new(vec![
        Box::new(Lorentz::new(3, -3.0)?),
        Box::new(product()?),
        Box::new(PoincareBall::new(1, -0.25)?),
    ])
}

/// The tests of one subject, which `judge` makes and asks for one law.
fn trials(
    name: &'static str,
    laws: &[&'static str],
    judge: impl Fn(&'static str, Kind) -> Result<(), Failed> + Clone + Send + 'static,
) -> Vec<Trial> {
    let kinds = [("double", Kind::Double), ("single", Kind::Float)];
    let test = |(kind_name, kind): (&str, Kind), law: &'static str| {
        let judge = judge.clone();
        Trial::test(format!("{name}::{kind_name}::{law}"), move || {
            judge(law, kind)
        })
    };
    let of_kind = |kind| laws.iter().map(move |law| test(kind, law));
    kinds.into_iter().flat_map(of_kind).collect()
}

/// Laws of a subject, and their tests.
macro_rules! subject {
    ($name:ident, [$made:ident = $make:expr], $subject:expr $(, within $domain:expr)?) => {{
        let names = || -> Result<Vec<&'static str>, Box<dyn std::error::Error>> {
            let $made = $make;
            Ok($subject.laws().map(|law| law.name).collect())
        };
        let judge = |law: &'static str, kind: Kind| -> Result<(), Failed> {
            let $made = $make;
            let subject = $subject.named(stringify!($name));
            $(let subject = subject.within($domain);)?
            Ok(subject.verify(law, kind, Some(file!()))?)
        };
        trials(stringify!($name), &names().unwrap(), judge)
    }};
}

macro_rules! subjects {
    ($($which:ident $name:ident: $make:expr $(, on $manifold:expr)? $(, within $domain:expr)?;)*) => {
        vec![$(subjects!(@ $which $name: $make $(, on $manifold)? $(, within $domain)?)),*]
    };
    (@ whole $name:ident: $make:expr $(, within $domain:expr)?) => {
        subject!($name, [m = $make], Subject::geodesic(&m) $(, within $domain)?)
    };
    (@ bare $name:ident: $make:expr $(, within $domain:expr)?) => {
        subject!($name, [m = $make], Subject::new(&m) $(, within $domain)?)
    };
    (@ distance $name:ident: $make:expr, on $manifold:expr $(, within $domain:expr)?) => {
        subject!($name, [m = ($manifold, $make)], Subject::measured_by(&m.0, &m.1) $(, within $domain)?)
    };
}

fn main() {
    let subjects = subjects! {
        whole euclidean_1: Euclidean::new(1)?;
        whole euclidean_7: Euclidean::new(7)?;
        whole sphere_1: Sphere::new(1, 1.0)?, within curved(1.0);
        whole sphere_2: Sphere::new(2, 0.3)?, within curved(0.3);
        whole sphere_9: Sphere::new(9, 1.0)?, within curved(1.0);
        whole ball_1: PoincareBall::new(1, -1.0)?, within curved(-1.0);
        whole ball_2: PoincareBall::new(2, -1.0)?, within curved(-1.0);
        whole ball_5: PoincareBall::new(5, -0.25)?, within curved(-0.25);
        whole ball_16: PoincareBall::new(16, -3.0)?, within curved(-3.0);
        whole straight_ball_2: straight(2, -1.0)?, within STRAIGHT;
        whole straight_ball_5: straight(5, -1.0)?, within STRAIGHT;
        whole lorentz_1: Lorentz::new(1, -3.0)?, within curved(-3.0);
        whole lorentz_2: Lorentz::new(2, -1.0)?, within curved(-1.0);
        whole lorentz_5: Lorentz::new(5, -0.25)?, within curved(-0.25);
        whole lorentz_16: Lorentz::new(16, -1.0)?, within curved(-1.0);
        whole parametrised_1: EuclideanParametrised::new(1, -3.0)?, within curved(-3.0);
        whole parametrised_2: EuclideanParametrised::new(2, -1.0)?, within curved(-1.0);
        whole parametrised_16: EuclideanParametrised::new(16, -0.25)?, within curved(-0.25);
        whole product: product()?, within curved(-1.0);
        whole nested_product: nested_product()?, within curved(-3.0);
        whole grassmann_2_1: Grassmann::new(2, 1)?;
        whole grassmann_5_2: Grassmann::new(5, 2)?;
        whole grassmann_7_5: Grassmann::new(7, 5)?;
        whole spd_affine_1: SpdAffineInvariant::new(1)?, within CONE;
        whole spd_affine_2: SpdAffineInvariant::new(2)?, within CONE;
        whole spd_affine_3: SpdAffineInvariant::new(3)?, within CONE;
        whole spd_affine_5: SpdAffineInvariant::new(5)?, within CONE;
        whole spd_log_euclidean_1: SpdLogEuclidean::new(1)?, within CONE;
        whole spd_log_euclidean_2: SpdLogEuclidean::new(2)?, within CONE;
        whole spd_log_euclidean_3: SpdLogEuclidean::new(3)?, within CONE;
        whole spd_log_euclidean_5: SpdLogEuclidean::new(5)?, within CONE;
        whole spd_log_cholesky_1: SpdLogCholesky::new(1)?, within CONE;
        whole spd_log_cholesky_2: SpdLogCholesky::new(2)?, within CONE;
        whole spd_log_cholesky_3: SpdLogCholesky::new(3)?, within CONE;
        whole spd_log_cholesky_5: SpdLogCholesky::new(5)?, within CONE;
        bare spd_bures_1: SpdBuresWasserstein::new(1)?, within BURES;
        bare spd_bures_2: SpdBuresWasserstein::new(2)?, within BURES;
        bare spd_bures_3: SpdBuresWasserstein::new(3)?, within BURES;
        bare spd_bures_5: SpdBuresWasserstein::new(5)?, within BURES;
        bare stiefel_2_1: Stiefel::new(2, 1, Ambient)?;
        bare stiefel_5_2: Stiefel::new(5, 2, Ambient)?;
        bare stiefel_6_3_qr: retracting(6, 3, Retraction::Qr)?;
        bare stiefel_5_4_cayley: retracting(5, 4, Retraction::Cayley)?;
        bare stiefel_3_3: Stiefel::new(3, 3, Canonical)?;
        whole rotations_2: SpecialOrthogonal::new(2)?, within curved(1.0);
        whole rotations_3: SpecialOrthogonal::new(3)?, within curved(1.0);
        whole rotations_4: SpecialOrthogonal::new(4)?, within curved(1.0);
        whole rotations_7: SpecialOrthogonal::new(7)?, within curved(1.0);
        whole motions_2: SpecialEuclidean::new(2)?, within curved(1.0);
        whole motions_3: SpecialEuclidean::new(3)?, within curved(1.0);
        whole power_of_balls: Power::new(PoincareBall::new(2, -1.0)?, 3)?;
        whole power_of_subspaces: Power::new(Grassmann::new(4, 2)?, 2)?;
        whole scaled_sphere: Scaled::new(Sphere::new(2, 1.0)?, 0.5)?, within curved(4.0);
        bare scaled_frames: Scaled::new(Stiefel::new(4, 2, Ambient)?, 3.0)?;
        whole oblique_3_4: Oblique::new(3, 4)?, within curved(1.0);
        bare flag_line: Flag::new(2, &[1])?;
        bare flag_of_one: Flag::new(6, &[3])?;
        bare flag_1_3_in_10: Flag::new(10, &[1, 3])?;
        bare flag_2_3_5_in_6: Flag::new(6, &[2, 3, 5])?;
        bare flag_full: Flag::new(4, &[1, 2, 3])?;
        bare flag_rotations: Flag::new(3, &[1, 2, 3])?;
        whole users_sphere: Globe::new(3)?, within Domain { radius: 2.5, ..Domain::default() };
        bare users_sphere_without_geodesics: Globe::new(5)?;
        distance chordal_subspaces: Chordal::of(Grassmann::new(5, 2)?), on Grassmann::new(5, 2)?;
        distance chordal_lines: Chordal::of(Grassmann::new(3, 1)?), on Grassmann::new(3, 1)?;
        distance chordal_flags: Chordal::of(Flag::new(6, &[1, 3])?), on Flag::new(6, &[1, 3])?;
        distance bures_wasserstein: SpdBuresWasserstein::new(3)?, on SpdBuresWasserstein::new(3)?;
    };
    let trials: Vec<Trial> = subjects.into_iter().flatten().collect();
    let names: HashSet<&str> = trials.iter().map(Trial::name).collect();
    assert_eq!(names.len(), trials.len(), "two subjects of one name");
    libtest_mimic::run(&Arguments::from_args(), trials).exit()
}
