//! Flags against references at 60 digits.

use holonomy::numerics::with_tensor_formulas;
use holonomy::{Flag, Manifold};
use serde::Deserialize;
use tch::Tensor;

#[derive(Deserialize)]
struct Case {
    n: i64,
    dims: Vec<i64>,
    p: Vec<f64>,
    v: Vec<f64>,
    length: f64,
    q: Vec<f64>,
    chordal: f64,
    turned: Vec<f64>,
}

/// The worst absolute errors: length, exp, chordal distance, log.
fn worst() -> [f64; 4] {
    let cases: Vec<Case> = serde_json::from_str(include_str!("flags.json")).unwrap();
    let mut worst = [0.0_f64; 4];
    for case in &cases {
        let flags = Flag::new(case.n, &case.dims).unwrap();
        let frame = |x: &[f64]| Tensor::from_slice(x).view([case.n, flags.frame_dim()]);
        let [p, v, q, turned] = [&case.p, &case.v, &case.q, &case.turned].map(|x| frame(x));
        let largest = |x: Tensor| x.abs().max().double_value(&[]);
        let length = flags.norm(&p, &v).double_value(&[]);
        let chordal = flags.chordal_dist(&p, &turned).double_value(&[]);
        let errors = [
            (length / case.length - 1.0).abs(),
            largest(flags.exp(&p, &v) - q),
            (chordal - case.chordal).abs(),
            largest(flags.log(&p, &turned).unwrap() - v),
        ];
        for (worst, error) in worst.iter_mut().zip(errors) {
            *worst = worst.max(error);
        }
    }
    worst
}

#[test]
fn flags_meet_their_references() {
    let bars = [1e-15, 2e-15, 2e-15, 4e-15];
    for errors in [worst(), with_tensor_formulas(worst)] {
        for (error, bar) in errors.iter().zip(bars) {
            assert!(*error <= bar, "{errors:?} above {bars:?}");
        }
    }
}
