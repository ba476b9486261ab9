//! Every law on every manifold.

use holonomy::laws::Domain;
use holonomy::{Euclidean, manifold_laws};

use super::toy::Globe;

manifold_laws! { euclidean_1: Euclidean::new(1)? }
manifold_laws! { euclidean_7: Euclidean::new(7)? }
manifold_laws! { users_sphere: Globe::new(3)?, within Domain { radius: 2.5, ..Domain::default() } }
manifold_laws! { users_sphere_without_geodesics: Globe::new(5)?, without Geodesic }
