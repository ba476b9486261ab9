//! How far out a point can be written down: exp₀ and back, and whether the point still satisfies
//! the equation of its model.

use holonomy::{EuclideanParametrised, Geodesic, Lorentz, PoincareBall, Result};
use serde::Serialize;
use tch::{Kind, Tensor};

use super::spaces::{Model, Precision};

/// Directions tried at each radius.
const DIRECTIONS: i64 = 64;
/// The relative error of the radius at which a round trip has failed.
const FAILED: f64 = 0.01;
const STEP: f64 = 0.1;
/// Where the search ends.
pub(super) const END: f64 = 800.0;

/// The largest radius up to which everything went well.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Limit {
    pub(super) model: Model,
    pub(super) precision: Precision,
    /// Textbook formulas on the point as it is stored: 2 artanh |x| is the radius to 1 % (ball), −⟨x, x⟩_L
    /// is 1 to within ±1 (hyperboloid), |z| is the radius (parametrised).
    pub(super) textbook: f64,
    /// `log` at the origin of `exp` at the origin, by this crate, to 1 %.
    pub(super) round_trip: f64,
}

/// All models in both kinds.
pub(super) fn all() -> Vec<Limit> {
    let pairs = Model::ALL
        .into_iter()
        .flat_map(|model| Precision::ALL.map(|precision| (model, precision)));
    tch::no_grad(|| {
        pairs
            .map(|(model, precision)| Limit {
                model,
                precision,
                textbook: last_good(|radius| textbook(model, precision.kind(), radius)),
                round_trip: last_good(|radius| {
                    round_trip(model, precision.kind(), radius).unwrap_or(f64::INFINITY)
                }),
            })
            .collect()
    })
}

/// The last radius before the first at which the error is not below its bound.
fn last_good(error: impl Fn(f64) -> f64) -> f64 {
    let radii = (1..).map(|step| STEP * f64::from(step));
    radii
        .take_while(|&radius| radius <= END && error(radius) < FAILED)
        .last()
        .unwrap_or(0.0)
}

/// Unit vectors all around the plane.
fn directions(kind: Kind) -> Tensor {
    let angle = Tensor::arange(DIRECTIONS, (Kind::Double, tch::Device::Cpu)) * 0.1;
    Tensor::stack(&[angle.cos(), angle.sin()], -1).to_kind(kind)
}

fn norm(x: &Tensor) -> Tensor {
    x.square().sum_dim_intlist(-1, false, x.kind()).sqrt()
}

/// The worst |got/radius − 1|; infinite where one is not finite.
fn worst(got: &Tensor, radius: f64) -> f64 {
    let error = (got.to_kind(Kind::Double) / radius - 1.0).abs().max();
    let error = error.double_value(&[]);
    if error.is_nan() { f64::INFINITY } else { error }
}

/// The formulas of textbooks, every step rounded to the kind.
fn textbook(model: Model, kind: Kind, radius: f64) -> f64 {
    let direction = directions(kind);
    let r = Tensor::from(radius).to_kind(kind);
    match model {
        Model::Ball => {
            let x = direction * (r / 2.0).tanh();
            worst(&(norm(&x).atanh() * 2.0), radius)
        }
        Model::Hyperboloid => {
            let x = direction * r.sinh();
            let product = r.cosh().square() - norm(&x).square();
            let error = (product - 1.0).abs().max().to_kind(Kind::Double);
            // A product of 0 or of 2 no longer is that of a point.
            if error.double_value(&[]) < 1.0 {
                0.0
            } else {
                f64::INFINITY
            }
        }
        Model::Parametrised => worst(&norm(&(direction * r)), radius),
    }
}

fn round_trip(model: Model, kind: Kind, radius: f64) -> Result<f64> {
    let u = directions(kind) * radius;
    let zero = u.zeros_like();
    // Velocities at the origin whose Riemannian length is the radius.
    let radii = match model {
        Model::Ball => {
            let ball = PoincareBall::new(2, -1.0)?;
            norm(&ball.log(&zero, &ball.exp(&zero, &(u / 2.0)))) * 2.0
        }
        Model::Hyperboloid => {
            let space = Lorentz::new(2, -1.0)?;
            let origin = space.origin().to_kind(kind);
            let time = zero.narrow(-1, 0, 1);
            let v = Tensor::cat(&[time, u], -1);
            let back = space.log(&origin, &space.exp(&origin, &v));
            norm(&back.narrow(-1, 1, 2))
        }
        Model::Parametrised => {
            let space = EuclideanParametrised::new(2, -1.0)?;
            norm(&space.log(&zero, &space.exp(&zero, &u)))
        }
    };
    Ok(worst(&radii, radius))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_lie_where_the_last_bit_is() {
        for limit in all() {
            let Limit {
                model,
                precision,
                textbook,
                round_trip,
            } = limit;
            match (model, precision) {
                (Model::Ball, Precision::F64) => {
                    assert!((36.0..38.5).contains(&textbook), "{textbook}");
                    assert!((34.0..37.0).contains(&round_trip), "{round_trip}");
                }
                (Model::Hyperboloid, Precision::F64) => {
                    assert!((17.0..20.0).contains(&textbook), "{textbook}");
                    assert!(round_trip > 150.0, "{round_trip}");
                }
                (Model::Parametrised, _) => assert!(round_trip > 700.0),
                _ => assert!(textbook < 20.0, "{model} {precision}: {textbook}"),
            }
        }
    }
}
