//! Normal coordinates against 1000-digit references, at radii from 1e-9 to 300.

use holonomy::numerics::with_tensor_formulas;
use holonomy::{EuclideanParametrised, Geodesic};
use serde::Deserialize;
use tch::{Kind, Tensor};

use holonomy::laws::accuracy::relative_error;

#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    Number(f64),
    Vector(Vec<f64>),
}

#[derive(Deserialize)]
struct Case {
    kind: String,
    op: String,
    curvature: f64,
    radius: f64,
    x: Vec<f64>,
    #[serde(default)]
    y: Vec<f64>,
    #[serde(default)]
    u: Vec<f64>,
    expected: Expected,
}

impl Case {
    fn kind(&self) -> Kind {
        if self.kind == "f32" {
            Kind::Float
        } else {
            Kind::Double
        }
    }

    fn expected(&self) -> Vec<f64> {
        match &self.expected {
            Expected::Number(number) => vec![*number],
            Expected::Vector(vector) => vector.clone(),
        }
    }

    /// The relative error; of a transported unit vector it is absolute.
    fn error(&self) -> f64 {
        let space = EuclideanParametrised::new(self.x.len() as i64, self.curvature).unwrap();
        let [x, y, u] = [&self.x, &self.y, &self.u]
            .map(|values| Tensor::from_slice(values).to_kind(self.kind()));
        let got = match &*self.op {
            "dist" => space.dist(&x, &y),
            "log" => space.log_in_frame(&x, &y),
            "exp" => space.exp_in_frame(&x, &u),
            "transport" => space.transport_in_frame(&x, &y, &u),
            other => panic!("unknown operation {other}"),
        };
        let got: Vec<f64> = got.to_kind(Kind::Double).reshape([-1]).try_into().unwrap();
        relative_error(&got, &self.expected())
    }
}

fn committed() -> Vec<Case> {
    serde_json::from_str(include_str!("parametrised.json")).unwrap()
}

fn worst(cases: &[Case], chosen: impl Fn(&Case) -> bool) -> (f64, usize) {
    let errors = cases.iter().enumerate().filter(|(_, case)| chosen(case));
    errors
        .map(|(index, case)| (case.error(), index))
        .fold(
            (0.0, 0),
            |worst, next| {
                if next.0 <= worst.0 { worst } else { next }
            },
        )
}

#[test]
fn every_operation_keeps_its_digits_at_every_radius() {
    let cases = committed();
    let mut missed = Vec::new();
    for (kind, bound) in [("f64", 3e-15), ("f32", 1.3e-7)] {
        for op in ["dist", "log", "exp", "transport"] {
            let (error, index) = worst(&cases, |case| case.kind == kind && case.op == op);
            if error > bound {
                missed.push(format!("{op} in {kind}: {error:e} in case {index}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn tensor_formulas_lose_what_rounding_of_the_angle_costs() {
    let cases = committed();
    with_tensor_formulas(|| {
        for (radius, bound) in [(1e-9, 1e-6), (0.5, 1e-6), (2.0, 1e-5)] {
            let (error, index) = worst(&cases, |case| case.kind == "f64" && case.radius == radius);
            assert!(error <= bound, "radius {radius}: {error:e} in case {index}");
        }
    });
}
