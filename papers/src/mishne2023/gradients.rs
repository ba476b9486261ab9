//! The gradient of one loss in three models, far from the origin.
//!
//! The loss is the distance from a point at radius r to one at radius 1 in another direction, so its
//! Riemannian gradient has length 1 in every model and at every r. What differs are the numbers.

use holonomy::{EuclideanParametrised, Geodesic, Lorentz, PoincareBall, Result};
use serde::Serialize;
use tch::{Kind, Tensor};

use super::spaces::Model;

/// The length that one gradient step should have.
const STEP: f64 = 0.1;

/// At one radius, in f64.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Row {
    pub(super) model: Model,
    pub(super) radius: f64,
    /// The Euclidean norm of the partial derivatives.
    pub(super) euclidean: f64,
    /// The Euclidean norm of the Riemannian gradient's coordinates.
    pub(super) riemannian: f64,
    /// How far a step of length 0.1 against it really came nearer to the other point, by `exp`.
    pub(super) moved: f64,
    /// The same with the same number as learning rate for the partial derivatives, by plain
    /// gradient descent in coordinates.
    pub(super) plain: f64,
}

/// Radii 1 to 36 in every model, where the ball ends, to 60 parametrised.
pub(super) fn rows() -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for model in Model::ALL {
        let last = if model == Model::Parametrised { 60 } else { 36 };
        for radius in 1..=last {
            rows.push(row(model, f64::from(radius))?);
        }
    }
    Ok(rows)
}

fn row(model: Model, radius: f64) -> Result<Row> {
    let space = EuclideanParametrised::new(2, -1.0)?;
    let p = Tensor::from_slice(&[0.6 * radius, 0.8 * radius]);
    let q = Tensor::from_slice(&[1.0, 0.0]);
    let (manifold, p, q): (Box<dyn Geodesic>, _, _) = match model {
        Model::Ball => (
            Box::new(PoincareBall::new(2, -1.0)?),
            space.to_ball(&p),
            space.to_ball(&q),
        ),
        Model::Hyperboloid => (
            Box::new(Lorentz::new(2, -1.0)?),
            space.to_lorentz(&p),
            space.to_lorentz(&q),
        ),
        Model::Parametrised => (Box::new(space.clone()), p, q),
    };
    let p = p.set_requires_grad(true);
    let loss = manifold.dist(&p, &q);
    loss.backward();
    let egrad = p.grad();
    tch::no_grad(|| {
        let p = p.detach();
        let before = loss.double_value(&[]);
        let rgrad = manifold.rgrad(&p, &egrad);
        let nearer = |moved: &Tensor| before - manifold.dist(moved, &q).double_value(&[]);
        let step = &rgrad * -STEP;
        let plain = manifold.project(&(&p - &egrad * STEP));
        Ok(Row {
            model,
            radius,
            euclidean: norm(&egrad),
            riemannian: norm(&rgrad),
            moved: nearer(&manifold.exp(&p, &step)),
            plain: nearer(&plain),
        })
    })
}

fn norm(x: &Tensor) -> f64 {
    x.square().sum(Kind::Double).sqrt().double_value(&[])
}
