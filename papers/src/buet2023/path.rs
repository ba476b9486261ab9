//! Ways from a line to a plane.

use holonomy::optim::{AdamConfig, ManifoldParameter, RiemannianAdam};
use holonomy::stats::WeightedFlags;
use holonomy::{Result, Sphere};
use serde::Serialize;
use tch::{Device, Kind, Tensor};

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

/// The angle between the line and the plane, in radians.
pub(super) const TILT: f64 = 0.9;

/// A way in steps: weights at each, and its length.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Way {
    pub(super) name: &'static str,
    /// Σ of the angles between neighbours, in radians.
    pub(super) length: f64,
    /// The largest third weight on the way.
    pub(super) largest_third_weight: f64,
    /// From the line to the plane.
    pub(super) weights: Vec<[f64; 3]>,
}

impl Way {
    fn new(name: &'static str, covariances: &Tensor) -> Result<Self> {
        let flags = WeightedFlags::from_covariances(covariances)?;
        let steps = covariances.size()[0];
        let part =
            |start| WeightedFlags::from_covariances(&covariances.narrow(0, start, steps - 1));
        let lengths = part(0)?.dist(&part(1)?);
        let numbers = |step: i64| [0, 1, 2].map(|i| flags.weights().double_value(&[step, i]));
        let weights: Vec<[f64; 3]> = (0..steps).map(numbers).collect();
        Ok(Self {
            name,
            length: lengths.sum(Kind::Double).double_value(&[]),
            largest_third_weight: weights.iter().map(|w| w[2]).fold(0.0, f64::max),
            weights,
        })
    }
}

/// What the ways were compared on.
#[derive(Debug, Serialize)]
pub(super) struct Ways {
    /// The angle of Bures between line and plane, in closed form.
    pub(super) distance: f64,
    pub(super) found: Vec<Way>,
    /// The largest angle between the way found by descent and the geodesic, at equal steps.
    pub(super) deviation: f64,
}

/// The line, tilted out of the plane of the first two axes, and that plane, as 3 × 2 roots.
fn ends() -> (Tensor, Tensor) {
    let (sin, cos) = TILT.sin_cos();
    let line = Tensor::from_slice2(&[[cos, 0.0], [0.0, 0.0], [sin, 0.0]]);
    let root = std::f64::consts::FRAC_1_SQRT_2;
    // In a basis that is turned: descent has to find the right one.
    let plane = Tensor::from_slice2(&[[0.6, -0.8], [0.8, 0.6], [0.0, 0.0]]) * root;
    (line, plane)
}

fn covariance(root: &Tensor) -> Tensor {
    root.matmul(&root.transpose(-2, -1))
}

/// The geodesic in closed form, the way that descent finds, and the straight way between the matrices.
pub(super) fn compare(steps: i64, iterations: usize) -> Result<Ways> {
    let (line, plane) = ends();
    let [start, end] =
        [&line, &plane].map(|root| WeightedFlags::from_covariances(&covariance(root)));
    let (start, end) = (start?, end?);
    let parameters: Vec<f64> = (0..=steps).map(|k| k as f64 / steps as f64).collect();
    let exact = parameters
        .iter()
        .map(|&t| Ok(start.geodesic(&end, t)?.covariances()));
    let exact = Tensor::stack(&exact.collect::<Result<Vec<_>>>()?, 0);
    let found = covariance(&shortest(&line, &plane, steps, iterations)?);
    let straight = parameters
        .iter()
        .map(|&t| start.covariances() * (1.0 - t) + end.covariances() * t);
    let straight = Tensor::stack(&straight.collect::<Vec<_>>(), 0);
    let flags = |s: &Tensor| WeightedFlags::from_covariances(s);
    let deviation = flags(&exact)?.dist(&flags(&found)?).max();
    Ok(Ways {
        distance: start.dist(&end).double_value(&[]),
        deviation: deviation.double_value(&[]),
        found: vec![
            Way::new("geodesic, closed form", &exact)?,
            Way::new("least energy, by descent", &found)?,
            Way::new("straight between matrices", &straight)?,
        ],
    })
}

/// The way of least energy among matrices X Xᵀ with X of size 3 × 2 and length 1, which have no third
/// weight: descent of Σ (2 − 2F) over all steps, F = |XᵀY|_* the fidelity.
fn shortest(line: &Tensor, plane: &Tensor, steps: i64, iterations: usize) -> Result<Tensor> {
    const RATE: f64 = 3e-2;
    let sphere = Sphere::new(5, 1.0)?;
    let t = (Tensor::arange_start(1, steps, DOUBLE) / steps as f64).view([-1, 1, 1]);
    let chord = (line * (t.ones_like() - &t) + plane * t).view([-1, 6]);
    let start = &chord
        / chord
            .square()
            .sum_dim_intlist(-1, true, Kind::Double)
            .sqrt();
    let parameter = ManifoldParameter::new(Box::new(sphere), &start)?;
    let inner = parameter.tensor().shallow_clone();
    let mut adam = RiemannianAdam::new(vec![parameter], AdamConfig::new(RATE))?;
    let whole = || {
        Tensor::cat(
            &[
                line.unsqueeze(0),
                inner.view([-1, 3, 2]),
                plane.unsqueeze(0),
            ],
            0,
        )
    };
    for iteration in 0..iterations {
        let path = whole();
        let (x, y) = (path.narrow(0, 0, steps), path.narrow(0, 1, steps));
        let m = x.transpose(-2, -1).matmul(&y);
        let determinant = m.select(-2, 0).select(-1, 0) * m.select(-2, 1).select(-1, 1)
            - m.select(-2, 0).select(-1, 1) * m.select(-2, 1).select(-1, 0);
        let squares = m
            .square()
            .sum_dim_intlist([-2, -1].as_slice(), false, Kind::Double);
        let fidelity = (squares + determinant.abs() * 2.0).sqrt();
        let energy = (fidelity * -2.0 + 2.0).sum(Kind::Double);
        adam.zero_grad();
        energy.backward();
        // To a smooth stop.
        for group in adam.groups_mut() {
            let left = 1.0 - iteration as f64 / iterations as f64;
            group.set_learning_rate(RATE * left * left)?;
        }
        adam.step()?;
    }
    Ok(tch::no_grad(|| whole().detach().copy()))
}
