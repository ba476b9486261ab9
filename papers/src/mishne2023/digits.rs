//! How many digits each operation of this crate keeps, by the distance from the origin.

use holonomy::laws::accuracy::reference::{self, exact};
use holonomy::laws::accuracy::{self as study, Case, Op, Path, SpaceForm};
use holonomy::{EuclideanParametrised, Geodesic, Lorentz, PoincareBall, Result};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use super::options::Settings;
use super::spaces::{Model, Precision};

const DIM: i64 = 3;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Measure {
    Dist,
    Log,
    Transport,
    /// The coordinates of the end of a geodesic.
    Exp,
    /// How far the end, as it is stored, lies from the true one.
    End,
}

impl Measure {
    pub(super) const ALL: [Self; 5] =
        [Self::Dist, Self::Log, Self::Transport, Self::Exp, Self::End];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dist => "dist",
            Self::Log => "log",
            Self::Transport => "transport",
            Self::Exp => "exp, coordinates",
            Self::End => "exp, as a distance",
        }
    }

    fn op(self) -> Op {
        match self {
            Self::Dist => Op::Dist,
            Self::Log => Op::Log,
            Self::Transport => Op::Transport,
            Self::Exp | Self::End => Op::Exp,
        }
    }
}

/// The worst relative error at each radius, separations of 1; infinite where the model cannot hold
/// the points.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Curve {
    pub(super) model: Model,
    pub(super) precision: Precision,
    pub(super) measure: Measure,
    pub(super) errors: Vec<(f64, f64)>,
}

impl Curve {
    /// The first radius with an error above the bound; `None` when there is none.
    pub(super) fn first_above(&self, bound: f64) -> Option<f64> {
        let beyond = |&&(_, error): &&(f64, f64)| error > bound;
        self.errors.iter().find(beyond).map(|&(radius, _)| radius)
    }
}

/// Of all models, kinds and measures.
pub(super) fn curves(settings: &Settings) -> Result<Vec<Curve>> {
    let wanted: Vec<(Model, Precision, Measure)> = Model::ALL
        .into_iter()
        .flat_map(|model| Precision::ALL.map(|precision| (model, precision)))
        .flat_map(|(model, precision)| Measure::ALL.map(|measure| (model, precision, measure)))
        .collect();
    wanted
        .into_par_iter()
        .map(|(model, precision, measure)| curve(settings, model, precision, measure))
        .collect()
}

fn radii(settings: &Settings, model: Model) -> Vec<f64> {
    let near: Vec<f64> = (1..=40).map(f64::from).collect();
    let far = [50.0, 100.0, 200.0, 300.0];
    if settings.quick {
        return vec![2.0, 20.0, 40.0];
    }
    match model {
        Model::Parametrised => [&near[..], &far].concat(),
        _ => near,
    }
}

fn curve(
    settings: &Settings,
    model: Model,
    precision: Precision,
    measure: Measure,
) -> Result<Curve> {
    let mut errors = Vec::new();
    for radius in radii(settings, model) {
        let seed = settings.seed ^ (radius.to_bits() >> 20);
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut worst: f64 = 0.0;
        for _ in 0..settings.cases {
            let case = tch::no_grad(|| case(&mut rng, model, measure.op(), radius))?;
            let error = error(&case, precision, measure);
            worst = worst.max(if error.is_nan() { f64::INFINITY } else { error });
        }
        errors.push((radius, worst));
    }
    Ok(Curve {
        model,
        precision,
        measure,
        errors,
    })
}

/// Infinite where the model cannot hold the case.
fn error(case: &Case, precision: Precision, measure: Measure) -> f64 {
    let ball = case.manifold == SpaceForm::Poincare;
    let points = [&case.x, &case.y];
    let holds = |z: &Vec<f64>| !ball || reference::inside_ball(case.curvature, z);
    let finite = |z: &Vec<f64>| z.iter().all(|t| t.is_finite());
    if !points.iter().all(|z| holds(z) && finite(z)) || !finite(&case.u) {
        return f64::INFINITY;
    }
    let case = match precision {
        Precision::F64 => Some(Case {
            expected: exact(case),
            ..case.clone()
        }),
        Precision::F32 => study::in_single_precision(&Case {
            expected: exact(case),
            ..case.clone()
        }),
    };
    let Some(case) = case else {
        return f64::INFINITY;
    };
    let kind = precision.kind();
    let error = if measure == Measure::End {
        study::apply(&case, kind, Path::Native).map(|end| apart(&case, &end))
    } else {
        study::error(&case, kind, Path::Native)
    };
    error.unwrap_or(f64::INFINITY)
}

/// The exact distance of an end, as it is stored, from the true one; steps have length 1, so it is
/// relative.
fn apart(case: &Case, end: &[f64]) -> f64 {
    let outside =
        case.manifold == SpaceForm::Poincare && !reference::inside_ball(case.curvature, end);
    if outside {
        return f64::INFINITY;
    }
    reference::distance_to_end(case, end)
}

/// Points at a distance from the origin and 1 apart, and unit tangents, in random directions.
fn case(rng: &mut Xoshiro256PlusPlus, model: Model, op: Op, radius: f64) -> Result<Case> {
    let [axis, u, v] = [(); 3].map(|()| unit(rng));
    let (manifold, point) = match model {
        Model::Ball => (SpaceForm::Poincare, (radius / 2.0).tanh()),
        Model::Hyperboloid => (SpaceForm::Lorentz, radius.sinh()),
        Model::Parametrised => (SpaceForm::Parametrised, radius),
    };
    // What a unit vector along the radius and one across it measure in coordinates.
    let (along, across) = match model {
        Model::Ball => {
            let half = 0.5 / (radius / 2.0).cosh().powi(2);
            (half, half)
        }
        Model::Hyperboloid => (radius.cosh(), 1.0),
        // In the frame.
        Model::Parametrised => (1.0, 1.0),
    };
    let tangent = |w: &Tensor| {
        let part = (w * &axis).sum(Kind::Double) * &axis;
        &part * along + (w - &part) * across
    };
    let (x, u, v) = (&axis * point, tangent(&u), tangent(&v));
    let y = match model {
        Model::Ball => PoincareBall::new(DIM, -1.0)?.exp(&x, &u),
        Model::Parametrised => EuclideanParametrised::new(DIM, -1.0)?.exp_in_frame(&x, &u),
        Model::Hyperboloid => {
            let space = Lorentz::new(DIM, -1.0)?;
            let with_time = |x: &Tensor| Tensor::cat(&[Tensor::zeros([1], DOUBLE), x.copy()], -1);
            // The operations look at the spatial part alone.
            space.exp(&with_time(&x), &with_time(&u)).narrow(-1, 1, DIM)
        }
    };
    let needs = |wanted: bool, values: &Tensor| if wanted { numbers(values) } else { Vec::new() };
    Ok(Case {
        manifold,
        curvature: -1.0,
        op,
        radius,
        x: numbers(&x),
        y: needs(op != Op::Exp, &y),
        u: needs(op == Op::Exp, &u),
        v: needs(op == Op::Transport, &v),
        expected: Vec::new(),
    })
}

const DOUBLE: (Kind, Device) = (Kind::Double, Device::Cpu);

fn unit(rng: &mut Xoshiro256PlusPlus) -> Tensor {
    let w = holonomy::random::random_normal(rng, &[DIM], DOUBLE.0, DOUBLE.1);
    &w / w.square().sum(Kind::Double).sqrt()
}

fn numbers(x: &Tensor) -> Vec<f64> {
    let mut values = vec![0.0; x.numel()];
    x.contiguous().copy_data(&mut values, x.numel());
    values
}
