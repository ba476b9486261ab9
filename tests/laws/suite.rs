//! Every law on every manifold.

use holonomy::laws::Domain;
use holonomy::{Euclidean, Flag, Grassmann, Lorentz, PoincareBall, Product, Sphere, manifold_laws};

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
manifold_laws! { product: product()?, within curved(-1.0) }
manifold_laws! { nested_product: nested_product()?, within curved(-3.0) }
manifold_laws! { grassmann_2_1: Grassmann::new(2, 1)? }
manifold_laws! { grassmann_5_2: Grassmann::new(5, 2)? }
manifold_laws! { grassmann_7_5: Grassmann::new(7, 5)? }
manifold_laws! { flag_line: Flag::new(2, &[1])?, without Geodesic }
manifold_laws! { flag_of_one: Flag::new(6, &[3])?, without Geodesic }
manifold_laws! { flag_1_3_in_10: Flag::new(10, &[1, 3])?, without Geodesic }
manifold_laws! { flag_2_3_5_in_6: Flag::new(6, &[2, 3, 5])?, without Geodesic }
manifold_laws! { flag_full: Flag::new(4, &[1, 2, 3])?, without Geodesic }
manifold_laws! { flag_rotations: Flag::new(3, &[1, 2, 3])?, without Geodesic }
manifold_laws! { users_sphere: Globe::new(3)?, within Domain { radius: 2.5, ..Domain::default() } }
manifold_laws! { users_sphere_without_geodesics: Globe::new(5)?, without Geodesic }

/// A straight step leaves the ball from length 1 on, and loses digits before that.
const STRAIGHT: Domain = Domain {
    radius: 0.25,
    reach: 4.0,
};

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
