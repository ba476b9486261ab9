//! Four metrics of symmetric positive definite matrices on the cases of `spd.json`.

use std::collections::BTreeMap;

use holonomy::{
    Geodesic, Manifold, SpdAffineInvariant, SpdBuresWasserstein, SpdLogCholesky, SpdLogEuclidean,
};
use serde::Deserialize;
use tch::{Kind, Tensor};

#[derive(Deserialize)]
struct Case {
    n: i64,
    condition: f64,
    pair: String,
    p: Vec<f64>,
    q: Vec<f64>,
    v: Vec<f64>,
    affine_invariant: Expected,
    log_euclidean: Expected,
    log_cholesky: Expected,
    bures_wasserstein: Expected,
}

#[derive(Deserialize)]
struct Expected {
    dist: f64,
    norm: f64,
    log: Vec<f64>,
    exp: Vec<f64>,
    transport: Option<Vec<f64>>,
}

/// What a metric gives for p, q and v.
struct Got {
    dist: Tensor,
    norm: Tensor,
    log: Tensor,
    exp: Tensor,
    transport: Option<Tensor>,
}

fn of_geodesic(m: &dyn Geodesic, [p, q, v]: [&Tensor; 3]) -> Got {
    Got {
        dist: m.dist(p, q),
        norm: m.norm(p, v),
        log: m.log(p, q),
        exp: m.exp(p, v),
        transport: Some(m.parallel_transport(p, q, v)),
    }
}

fn of_bures(m: &SpdBuresWasserstein, [p, q, v]: [&Tensor; 3]) -> Got {
    Got {
        dist: m.dist(p, q),
        norm: m.norm(p, v),
        log: m.log(p, q),
        exp: m.exp(p, v),
        transport: None,
    }
}

impl Case {
    fn inputs(&self, kind: Kind) -> [Tensor; 3] {
        [&self.p, &self.q, &self.v]
            .map(|x| Tensor::from_slice(x).view([self.n, self.n]).to_kind(kind))
    }

    /// Each metric's results and what they ought to be.
    fn results(&self, kind: Kind) -> [(&'static str, Got, &Expected); 4] {
        let n = self.n;
        let [p, q, v] = self.inputs(kind);
        let x = [&p, &q, &v];
        [
            (
                "affine_invariant",
                of_geodesic(&SpdAffineInvariant::new(n).unwrap(), x),
                &self.affine_invariant,
            ),
            (
                "log_euclidean",
                of_geodesic(&SpdLogEuclidean::new(n).unwrap(), x),
                &self.log_euclidean,
            ),
            (
                "log_cholesky",
                of_geodesic(&SpdLogCholesky::new(n).unwrap(), x),
                &self.log_cholesky,
            ),
            (
                "bures_wasserstein",
                of_bures(&SpdBuresWasserstein::new(n).unwrap(), x),
                &self.bures_wasserstein,
            ),
        ]
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("spd.json")).unwrap()
}

/// max |got − expected| / max |expected|; the greatest number there is where got is not finite.
fn error(got: &Tensor, expected: &[f64]) -> f64 {
    let got = Vec::<f64>::try_from(got.to_kind(Kind::Double).reshape([-1])).unwrap();
    let size = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let worst = got
        .iter()
        .zip(expected)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0_f64, |m, x| if x <= m { m } else { x });
    if worst.is_nan() {
        f64::MAX
    } else if size > 0.0 {
        worst / size
    } else {
        worst
    }
}

type Table = BTreeMap<(&'static str, &'static str, u32), f64>;

/// The worst error by metric, operation and condition (as a power of ten).
fn study(cases: &[Case]) -> Table {
    let mut table = Table::new();
    for case in cases {
        let condition = case.condition.log10().round() as u32;
        for (metric, got, expected) in case.results(Kind::Double) {
            let of_number = |got: &Tensor, expected: f64| error(got, &[expected]);
            let mut errors = vec![
                (
                    if case.pair == "near" {
                        "dist, near"
                    } else {
                        "dist"
                    },
                    of_number(&got.dist, expected.dist),
                ),
                ("norm", of_number(&got.norm, expected.norm)),
                (
                    if case.pair == "near" {
                        "log, near"
                    } else {
                        "log"
                    },
                    error(&got.log, &expected.log),
                ),
                ("exp", error(&got.exp, &expected.exp)),
            ];
            if let (Some(got), Some(expected)) = (&got.transport, &expected.transport) {
                errors.push(("transport", error(got, expected)));
            }
            for (op, error) in errors {
                let worst = table.entry((metric, op, condition)).or_insert(0.0);
                *worst = worst.max(error);
            }
        }
    }
    table
}

fn assert_bars(table: &Table, bar: impl Fn(&str, &str, u32) -> f64) {
    for ((metric, op, condition), worst) in table {
        println!("{metric:18} {op:12} 1e{condition:<3} {worst:.1e}");
    }
    for (&(metric, op, condition), &worst) in table {
        let bar = bar(metric, op, condition);
        assert!(
            worst <= bar,
            "{metric} {op} 1e{condition}: {worst:e} above {bar:e}"
        );
    }
}

#[test]
fn kernels_meet_the_bars() {
    assert_bars(&study(&cases()), |metric, op, condition| match op {
        // Of what the coordinates of p can tell: the difference is 1e-15 of them.
        "log, near" if condition == 6 && metric == "log_euclidean" => 3e-11,
        "log, near" if condition == 6 => 5e-13,
        "dist" | "dist, near" | "norm" => 2e-14,
        _ => 5e-14,
    });
}

/// What other devices compute: without double-double.
#[test]
fn formulas_meet_the_bars() {
    let table = holonomy::numerics::with_tensor_formulas(|| study(&cases()));
    assert_bars(&table, |_, op, condition| match (op, condition) {
        // Differences of points that lie near each other are as good as the points.
        ("dist, near" | "log, near", _) => f64::INFINITY,
        (_, 0 | 2) => 5e-14,
        (_, 6) => 5e-9,
        _ => 1e-3,
    });
}

/// f32 inputs are f64 inputs of fewer digits, and results are rounded once.
#[test]
fn single_precision_rounds_the_result_once() {
    for case in cases().iter().filter(|case| case.condition <= 1e4) {
        let [p, q, v] = case.inputs(Kind::Float);
        let rounded = Case {
            p: numbers(&p),
            q: numbers(&q),
            v: numbers(&v),
            ..cases().into_iter().next().unwrap()
        };
        let rounded = Case {
            n: case.n,
            ..rounded
        };
        for ((metric, single, _), (_, double, _)) in rounded
            .results(Kind::Float)
            .iter()
            .zip(rounded.results(Kind::Double).iter())
        {
            // A norm is the root of a rounded product.
            for (op, single, double, bar) in [
                ("dist", &single.dist, &double.dist, 6e-8),
                ("norm", &single.norm, &double.norm, 1.2e-7),
                ("log", &single.log, &double.log, 6e-8),
                ("exp", &single.exp, &double.exp, 6e-8),
            ] {
                let error = error(single, &numbers(double));
                assert!(error <= bar, "{metric} {op}: {error:e}");
            }
        }
    }
}

fn numbers(x: &Tensor) -> Vec<f64> {
    Vec::try_from(x.to_kind(Kind::Double).reshape([-1])).unwrap()
}
