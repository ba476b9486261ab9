//! Every law on every manifold.

use holonomy::StiefelMetric::{Canonical, Euclidean as Ambient};
use holonomy::laws::Domain;
use holonomy::manifolds::Chordal;
use holonomy::{
    Euclidean, EuclideanParametrised, Flag, Grassmann, Lorentz, Oblique, PoincareBall, Power,
    Product, Retraction, Scaled, SpdAffineInvariant, SpdBuresWasserstein, SpdLogCholesky,
    SpdLogEuclidean, SpecialEuclidean, SpecialOrthogonal, Sphere, Stiefel, distance_laws,
    manifold_laws,
};

use super::toy::Globe;

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

manifold_laws! { euclidean_1: Euclidean::new(1)? }
manifold_laws! { euclidean_7: Euclidean::new(7)? }
manifold_laws! { sphere_1: Sphere::new(1, 1.0)?, within curved(1.0) }
manifold_laws! { sphere_2: Sphere::new(2, 0.3)?, within curved(0.3) }
manifold_laws! { sphere_9: Sphere::new(9, 1.0)?, within curved(1.0) }
manifold_laws! { ball_1: PoincareBall::new(1, -1.0)?, within curved(-1.0) }
manifold_laws! { ball_2: PoincareBall::new(2, -1.0)?, within curved(-1.0) }
manifold_laws! { ball_5: PoincareBall::new(5, -0.25)?, within curved(-0.25) }
manifold_laws! { ball_16: PoincareBall::new(16, -3.0)?, within curved(-3.0) }
manifold_laws! { straight_ball_2: straight(2, -1.0)?, within STRAIGHT }
manifold_laws! { straight_ball_5: straight(5, -1.0)?, within STRAIGHT }
manifold_laws! { lorentz_1: Lorentz::new(1, -3.0)?, within curved(-3.0) }
manifold_laws! { lorentz_2: Lorentz::new(2, -1.0)?, within curved(-1.0) }
manifold_laws! { lorentz_5: Lorentz::new(5, -0.25)?, within curved(-0.25) }
manifold_laws! { lorentz_16: Lorentz::new(16, -1.0)?, within curved(-1.0) }
manifold_laws! { parametrised_1: EuclideanParametrised::new(1, -3.0)?, within curved(-3.0) }
manifold_laws! { parametrised_2: EuclideanParametrised::new(2, -1.0)?, within curved(-1.0) }
manifold_laws! { parametrised_16: EuclideanParametrised::new(16, -0.25)?, within curved(-0.25) }
manifold_laws! { product: product()?, within curved(-1.0) }
manifold_laws! { nested_product: nested_product()?, within curved(-3.0) }
manifold_laws! { grassmann_2_1: Grassmann::new(2, 1)? }
manifold_laws! { grassmann_5_2: Grassmann::new(5, 2)? }
manifold_laws! { grassmann_7_5: Grassmann::new(7, 5)? }
manifold_laws! { spd_affine_1: SpdAffineInvariant::new(1)?, within CONE }
manifold_laws! { spd_affine_2: SpdAffineInvariant::new(2)?, within CONE }
manifold_laws! { spd_affine_3: SpdAffineInvariant::new(3)?, within CONE }
manifold_laws! { spd_affine_5: SpdAffineInvariant::new(5)?, within CONE }
manifold_laws! { spd_log_euclidean_1: SpdLogEuclidean::new(1)?, within CONE }
manifold_laws! { spd_log_euclidean_2: SpdLogEuclidean::new(2)?, within CONE }
manifold_laws! { spd_log_euclidean_3: SpdLogEuclidean::new(3)?, within CONE }
manifold_laws! { spd_log_euclidean_5: SpdLogEuclidean::new(5)?, within CONE }
manifold_laws! { spd_log_cholesky_1: SpdLogCholesky::new(1)?, within CONE }
manifold_laws! { spd_log_cholesky_2: SpdLogCholesky::new(2)?, within CONE }
manifold_laws! { spd_log_cholesky_3: SpdLogCholesky::new(3)?, within CONE }
manifold_laws! { spd_log_cholesky_5: SpdLogCholesky::new(5)?, within CONE }
manifold_laws! { spd_bures_1: SpdBuresWasserstein::new(1)?, without Geodesic, within BURES }
manifold_laws! { spd_bures_2: SpdBuresWasserstein::new(2)?, without Geodesic, within BURES }
manifold_laws! { spd_bures_3: SpdBuresWasserstein::new(3)?, without Geodesic, within BURES }
manifold_laws! { spd_bures_5: SpdBuresWasserstein::new(5)?, without Geodesic, within BURES }
manifold_laws! { stiefel_2_1: Stiefel::new(2, 1, Ambient)?, without Geodesic }
manifold_laws! { stiefel_5_2: Stiefel::new(5, 2, Ambient)?, without Geodesic }
manifold_laws! { stiefel_6_3_qr: retracting(6, 3, Retraction::Qr)?, without Geodesic }
manifold_laws! { stiefel_5_4_cayley: retracting(5, 4, Retraction::Cayley)?, without Geodesic }
manifold_laws! { stiefel_3_3: Stiefel::new(3, 3, Canonical)?, without Geodesic }
manifold_laws! { rotations_2: SpecialOrthogonal::new(2)?, within curved(1.0) }
manifold_laws! { rotations_3: SpecialOrthogonal::new(3)?, within curved(1.0) }
manifold_laws! { rotations_4: SpecialOrthogonal::new(4)?, within curved(1.0) }
manifold_laws! { rotations_7: SpecialOrthogonal::new(7)?, within curved(1.0) }
manifold_laws! { motions_2: SpecialEuclidean::new(2)?, within curved(1.0) }
manifold_laws! { motions_3: SpecialEuclidean::new(3)?, within curved(1.0) }
manifold_laws! { power_of_balls: Power::new(PoincareBall::new(2, -1.0)?, 3)? }
manifold_laws! { power_of_subspaces: Power::new(Grassmann::new(4, 2)?, 2)? }
manifold_laws! { scaled_sphere: Scaled::new(Sphere::new(2, 1.0)?, 0.5)?, within curved(4.0) }
manifold_laws! { scaled_frames: Scaled::new(Stiefel::new(4, 2, Ambient)?, 3.0)?, without Geodesic }
manifold_laws! { oblique_3_4: Oblique::new(3, 4)?, within curved(1.0) }
manifold_laws! { flag_line: Flag::new(2, &[1])?, without Geodesic }
manifold_laws! { flag_of_one: Flag::new(6, &[3])?, without Geodesic }
manifold_laws! { flag_1_3_in_10: Flag::new(10, &[1, 3])?, without Geodesic }
manifold_laws! { flag_2_3_5_in_6: Flag::new(6, &[2, 3, 5])?, without Geodesic }
manifold_laws! { flag_full: Flag::new(4, &[1, 2, 3])?, without Geodesic }
manifold_laws! { flag_rotations: Flag::new(3, &[1, 2, 3])?, without Geodesic }
manifold_laws! { users_sphere: Globe::new(3)?, within Domain { radius: 2.5, ..Domain::default() } }
manifold_laws! { users_sphere_without_geodesics: Globe::new(5)?, without Geodesic }

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

distance_laws! { chordal_subspaces: Chordal::of(Grassmann::new(5, 2)?), on Grassmann::new(5, 2)? }
distance_laws! { chordal_lines: Chordal::of(Grassmann::new(3, 1)?), on Grassmann::new(3, 1)? }
distance_laws! { chordal_flags: Chordal::of(Flag::new(6, &[1, 3])?), on Flag::new(6, &[1, 3])? }
distance_laws! { bures_wasserstein: SpdBuresWasserstein::new(3)?, on SpdBuresWasserstein::new(3)? }
