//! Clipping by the common Riemannian norm.

use holonomy::Error;
use holonomy::optim::{Gradient, RiemannianSgd};
use tch::Tensor;

use super::{bits, floats, table};

fn optimizer() -> RiemannianSgd {
    let zero = Tensor::from_slice(&[0.0, 0.0]);
    RiemannianSgd::plain(vec![table(&zero), table(&zero.unsqueeze(0))], 1.0).unwrap()
}

fn give(optimizer: &mut RiemannianSgd, first: [f64; 2], second: [f64; 2]) {
    let rows = Tensor::from_slice(&[0_i64]);
    let second = Gradient::from_rows(&rows, &Tensor::from_slice(&second).view([1, 2]));
    let first = Gradient::Dense(Tensor::from_slice(&first));
    for (parameter, gradient) in optimizer.parameters_mut().zip([first, second]) {
        parameter.set_gradient(gradient);
    }
}

fn positions(optimizer: &RiemannianSgd) -> Vec<Vec<f64>> {
    optimizer.parameters().map(|p| floats(p.tensor())).collect()
}

#[test]
fn scales_dense_and_row_gradients_together() {
    let mut optimizer = optimizer();
    give(&mut optimizer, [3.0, 0.0], [0.0, 4.0]);
    assert_eq!(optimizer.clip_grad_norm(1.0).unwrap(), 5.0);
    assert_eq!(optimizer.clip_grad_norm(2.0).unwrap(), 1.0);
    optimizer.step().unwrap();
    let expected = [[-0.6, 0.0], [0.0, -0.8]];
    for (got, expected) in positions(&optimizer).iter().zip(expected) {
        for (got, expected) in got.iter().zip(expected) {
            assert!((got - expected).abs() < 1e-15, "{got} {expected}");
        }
    }
}

#[test]
fn leaves_small_gradients_alone() {
    let mut optimizer = optimizer();
    give(&mut optimizer, [3.0, 0.0], [0.0, 4.0]);
    assert_eq!(optimizer.clip_grad_norm(5.0).unwrap(), 5.0);
    optimizer.step().unwrap();
    assert_eq!(positions(&optimizer), [[-3.0, 0.0], [0.0, -4.0]]);
}

#[test]
fn without_gradients_the_norm_is_0() {
    assert_eq!(optimizer().clip_grad_norm(1.0).unwrap(), 0.0);
}

#[test]
fn a_norm_that_is_not_finite_is_an_error_and_changes_nothing() {
    for bad in [f64::NAN, f64::INFINITY, 1e200] {
        let mut optimizer = optimizer();
        give(&mut optimizer, [3.0, 0.0], [0.0, bad]);
        match optimizer.clip_grad_norm(1.0) {
            Err(Error::ParameterNotFinite {
                parameter,
                row,
                what,
                ..
            }) => {
                assert_eq!((parameter, row), (1, 0));
                assert_eq!(what == "gradient", bad != 1e200);
            }
            other => panic!("{bad}: {other:?}"),
        }
        let first = optimizer.parameters().next().unwrap().gradient().unwrap();
        let Gradient::Dense(first) = first else {
            panic!("dense stays dense")
        };
        assert_eq!(bits(&first), bits(&Tensor::from_slice(&[3.0, 0.0])));
    }
}

#[test]
fn a_bound_that_is_no_length_is_refused() {
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            optimizer().clip_grad_norm(bad),
            Err(Error::InvalidArgument { .. })
        ));
    }
}
