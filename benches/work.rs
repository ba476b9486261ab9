//! The work that is timed: seeded inputs, the operations on them, and how accurate the results are.

use holonomy::{Lorentz, Manifold, PoincareBall, Space};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

use holonomy::laws::accuracy::{self as study, Case, SpaceForm, reference};

pub(crate) use holonomy::laws::accuracy::Op;

/// The operations that have a time and an accuracy.
pub(crate) const OPS: [Op; 4] = [Op::Dist, Op::Exp, Op::Log, Op::Transport];
/// Rows of a batch that are compared with exact results.
pub(crate) const SAMPLE: i64 = 64;

/// Points, tangents and the space that they are in.
pub(crate) struct Work {
    pub form: SpaceForm,
    pub space: Box<dyn Space>,
    pub x: Tensor,
    pub y: Tensor,
    pub u: Tensor,
    pub v: Tensor,
}

impl Work {
    /// Points at a distance of up to 6 from the origin, tangents at x about as long as 0.3·√n.
    pub(crate) fn new(form: SpaceForm, rows: i64, n: i64, (kind, device): (Kind, Device)) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let space = space(form, n);
        let x = points(&mut rng, form, rows, n);
        let y = points(&mut rng, form, rows, n);
        let [u, v] = [(); 2].map(|()| space.random_tangent(&mut rng, &x) * 0.3);
        let [x, y, u, v] = [x, y, u, v].map(|t| t.to_kind(kind).to_device(device).contiguous());
        Self {
            form,
            space,
            x,
            y,
            u,
            v,
        }
    }

    pub(crate) fn apply(&self, op: Op) -> Tensor {
        match op {
            Op::Dist => self.space.dist(&self.x, &self.y),
            Op::Exp => self.space.exp(&self.x, &self.u),
            Op::Log => self.space.log(&self.x, &self.y),
            Op::Transport => self.space.parallel_transport(&self.x, &self.y, &self.v),
            Op::Project => self.space.project(&self.x),
        }
    }

    /// The exact results of the first rows of the batch.
    pub(crate) fn exact_sample(&self, op: Op) -> Vec<Vec<f64>> {
        let rows = SAMPLE.min(self.x.size()[0]);
        (0..rows)
            .map(|row| reference::exact(&self.case(op, row)))
            .collect()
    }

    fn case(&self, op: Op, row: i64) -> Case {
        let spatial = usize::from(self.form == SpaceForm::Lorentz);
        let [x, y, u, v] =
            [&self.x, &self.y, &self.u, &self.v].map(|t| numbers(&t.get(row)).split_off(spatial));
        Case {
            manifold: self.form,
            curvature: -1.0,
            op,
            radius: 0.0,
            x,
            y,
            u,
            v,
            expected: vec![],
        }
    }
}

/// The worst relative error of results for the first rows, of this crate or another.
pub(crate) fn worst_error(exact: &[Vec<f64>], result: &Tensor) -> f64 {
    let errors = exact.iter().zip(0..).map(|(exact, row)| {
        let got = numbers(&result.get(row));
        let spatial = got.len() - exact.len();
        study::relative_error(&got[spatial..], exact)
    });
    errors.fold(0.0, f64::max)
}

/// The space of curvature −1.
fn space(form: SpaceForm, n: i64) -> Box<dyn Space> {
    match form {
        SpaceForm::Poincare => Box::new(PoincareBall::new(n, -1.0).expect("a ball")),
        SpaceForm::Lorentz => Box::new(Lorentz::new(n, -1.0).expect("a hyperboloid")),
        SpaceForm::Sphere | SpaceForm::Parametrised => {
            unreachable!("only the ball and the hyperboloid are timed")
        }
    }
}

/// The same space as what an optimiser takes.
#[allow(
    dead_code,
    reason = "each program of this folder uses some of the work"
)]
pub(crate) fn manifold(form: SpaceForm, n: i64) -> Box<dyn Manifold> {
    match form {
        SpaceForm::Lorentz => Box::new(Lorentz::new(n, -1.0).expect("a hyperboloid")),
        _ => Box::new(PoincareBall::new(n, -1.0).expect("a ball")),
    }
}

fn points(rng: &mut Xoshiro256PlusPlus, form: SpaceForm, rows: i64, n: i64) -> Tensor {
    let options = (Kind::Double, Device::Cpu);
    let normal = holonomy::random::random_normal(rng, &[rows, n], options.0, options.1);
    let direction = &normal
        / normal
            .square()
            .sum_dim_intlist(-1, true, Kind::Double)
            .sqrt();
    let radius = Tensor::linspace(0.1, 6.0, rows, options).unsqueeze(-1);
    // In an order that has nothing to do with the other points' order.
    let shuffle =
        holonomy::random::random_normal(rng, &[rows], options.0, options.1).argsort(0, false);
    let radius = radius.index_select(0, &shuffle);
    match form {
        SpaceForm::Lorentz => Tensor::cat(&[radius.cosh(), radius.sinh() * direction], -1),
        _ => (radius / 2.0).tanh() * direction,
    }
}

/// The entries of a tensor.
pub(crate) fn numbers(tensor: &Tensor) -> Vec<f64> {
    let tensor = tensor
        .to_kind(Kind::Double)
        .to_device(Device::Cpu)
        .contiguous();
    let mut values = vec![0.0; tensor.numel()];
    tensor.view([-1]).copy_data(&mut values, tensor.numel());
    values
}
