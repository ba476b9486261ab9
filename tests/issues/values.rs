//! Values and gradients of spaces of constant curvature.

mod centroids;
mod curvature;
mod far;
mod gradients;

use holonomy::{Curvature, EuclideanParametrised, Lorentz, PoincareBall, Space, Sphere};
use tch::{Device, Kind, Tensor};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn row(values: &[f64]) -> Tensor {
    Tensor::from_slice(values)
}

fn max(t: &Tensor) -> f64 {
    t.detach()
        .abs()
        .max()
        .to_kind(Kind::Double)
        .double_value(&[])
}

fn is_finite(t: &Tensor) -> bool {
    t.detach().isfinite().all().int64_value(&[]) == 1
}

/// Bit for bit, where NaN equals NaN.
fn same(a: &Tensor, b: &Tensor) -> bool {
    let (a, b) = (a.detach(), b.detach());
    let equal = a.eq_tensor(&b);
    let both_nan = a.isnan().logical_and(&b.isnan());
    equal.logical_or(&both_nan).all().int64_value(&[]) == 1
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Model {
    Ball,
    Hyperboloid,
    Normal,
    Sphere,
}

const MODELS: [Model; 4] = [
    Model::Ball,
    Model::Hyperboloid,
    Model::Normal,
    Model::Sphere,
];

impl Model {
    fn sign(self) -> f64 {
        if self == Self::Sphere { 1.0 } else { -1.0 }
    }

    fn space(self, n: i64, kappa: Curvature) -> Box<dyn Space> {
        match self {
            Self::Ball => Box::new(PoincareBall::new(n, kappa).unwrap()),
            Self::Hyperboloid => Box::new(Lorentz::new(n, kappa).unwrap()),
            Self::Normal => Box::new(EuclideanParametrised::new(n, kappa).unwrap()),
            Self::Sphere => Box::new(Sphere::new(n, kappa).unwrap()),
        }
    }

    /// The point at distance r/√|κ| from the first point of the axes, in a direction.
    fn point(self, kappa: f64, r: f64, direction: &[f64]) -> Tensor {
        let norm = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
        let unit = 1.0 / kappa.abs().sqrt();
        let along = |length: f64| direction.iter().map(move |x| x / norm * length * unit);
        let point: Vec<f64> = match self {
            Self::Ball => along((r / 2.0).tanh()).collect(),
            Self::Hyperboloid => std::iter::once(r.cosh() * unit)
                .chain(along(r.sinh()))
                .collect(),
            Self::Normal => along(r).collect(),
            Self::Sphere => std::iter::once(r.cos() * unit)
                .chain(along(r.sin()))
                .collect(),
        };
        row(&point)
    }
}
