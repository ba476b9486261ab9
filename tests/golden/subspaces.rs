//! The Grassmannian against big floats, on frames with tiny, equal and nearly right angles.

use holonomy::numerics::with_tensor_formulas;
use holonomy::{Geodesic, Grassmann};
use serde::Deserialize;
use tch::{Kind, Tensor};

#[derive(Deserialize)]
struct Case {
    p: Vec<Vec<f64>>,
    q: Vec<Vec<f64>>,
    w: Vec<Vec<f64>>,
    v: Vec<Vec<f64>>,
    angles: Vec<f64>,
    dist: f64,
    chordal: f64,
    projection: f64,
    binet_cauchy: f64,
    martin: f64,
    log: Vec<Vec<f64>>,
    transported: Vec<Vec<f64>>,
    exp: Vec<Vec<f64>>,
}

impl Case {
    fn space(&self) -> Grassmann {
        Grassmann::new(self.p.len() as i64, self.p[0].len() as i64).unwrap()
    }

    /// 1/cos of the largest angle: what logarithms amplify rounding by.
    fn steepness(&self) -> f64 {
        self.angles.last().unwrap().cos().recip()
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("subspaces.json")).unwrap()
}

fn error(got: &Tensor, exact: &[Vec<f64>]) -> f64 {
    (got.to_kind(Kind::Double) - Tensor::from_slice2(exact))
        .abs()
        .max()
        .double_value(&[])
}

/// The worst of |got − exact| for each quantity, logarithm and transport in units of the steepness.
fn errors(case: &Case, kind: Kind) -> Vec<(&'static str, f64)> {
    let space = case.space();
    let [p, q, w, v] =
        [&case.p, &case.q, &case.w, &case.v].map(|m| Tensor::from_slice2(m).to_kind(kind));
    let number = |t: Tensor, exact: f64| (t.to_kind(Kind::Double).double_value(&[]) - exact).abs();
    let angles = Tensor::from_slice(&case.angles);
    let found = space.principal_angles(&p, &q).to_kind(Kind::Double);
    vec![
        ("angles", (found - angles).abs().max().double_value(&[])),
        ("dist", number(space.dist(&p, &q), case.dist)),
        ("chordal", number(space.chordal_dist(&p, &q), case.chordal)),
        (
            "projection",
            number(space.projection_dist(&p, &q), case.projection),
        ),
        (
            "binet_cauchy",
            number(space.binet_cauchy_dist(&p, &q), case.binet_cauchy),
        ),
        (
            "martin",
            number(space.martin_dist(&p, &q), case.martin) / case.steepness(),
        ),
        ("exp", error(&space.exp(&p, &v), &case.exp)),
        (
            "log",
            error(&space.log(&p, &q), &case.log) / case.steepness(),
        ),
        (
            "transport",
            error(&space.parallel_transport(&p, &q, &w), &case.transported) / case.steepness(),
        ),
    ]
}

#[track_caller]
fn assert_errors(kind: Kind, bound: f64, skip_steep: f64) {
    for (index, case) in cases().iter().enumerate() {
        if case.steepness() > skip_steep {
            continue;
        }
        for (what, error) in errors(case, kind) {
            assert!(error <= bound, "case {index}, {what}: {error:e}");
        }
    }
}

#[test]
fn subspaces_are_exact_to_rounding() {
    assert_errors(Kind::Double, 3e-15, f64::INFINITY);
}

/// The formulas find polar factors by an iteration whose way is longer for steep cases.
#[test]
fn formulas_are_as_exact_where_no_angle_is_nearly_right() {
    with_tensor_formulas(|| assert_errors(Kind::Double, 1e-14, 1e2));
}

#[test]
fn single_precision_is_rounded_once() {
    assert_errors(Kind::Float, 2e-6, 1e2);
}
