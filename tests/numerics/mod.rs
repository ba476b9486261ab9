//! The small public functions that manifolds are written with.

mod eigen;

use holonomy::numerics::{broadcast_to_both, norm_last, safe_sqrt, sum_last};
use holonomy::random::random_normal;
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

fn values(t: &Tensor) -> Vec<f64> {
    Vec::try_from(t.flatten(0, -1)).unwrap()
}

#[test]
fn roots_have_gradient_zero_at_zero_and_keep_nan() {
    let x = Tensor::from_slice(&[4.0, 0.0, -1e-300, f64::NAN]).set_requires_grad(true);
    let root = safe_sqrt(&x);
    assert_eq!(values(&root.narrow(0, 0, 3)), [2.0, 0.0, 0.0]);
    assert!(root.double_value(&[3]).is_nan());
    let gradient = Tensor::run_backward(
        &[root.narrow(0, 0, 3).sum(Kind::Double)],
        &[&x],
        false,
        false,
    );
    assert_eq!(values(&gradient[0].narrow(0, 0, 3)), [0.25, 0.0, 0.0]);
}

#[test]
fn norms_and_sums_run_over_the_last_dimension() {
    let x = Tensor::from_slice(&[3.0, 4.0, 0.0, 0.0])
        .view([2, 2])
        .set_requires_grad(true);
    assert_eq!(values(&norm_last(&x)), [5.0, 0.0]);
    assert_eq!(values(&sum_last(&x)), [7.0, 0.0]);
    let gradient = Tensor::run_backward(&[norm_last(&x).sum(Kind::Double)], &[&x], false, false);
    for (got, expected) in values(&gradient[0]).into_iter().zip([0.6, 0.8, 0.0, 0.0]) {
        assert!((got - expected).abs() < 1e-15, "{got} {expected}");
    }
}

#[test]
fn broadcasting_takes_the_values_of_the_first_and_the_shape_of_both() {
    let options = (Kind::Double, Device::Cpu);
    let (x, other) = (Tensor::ones([3], options), Tensor::zeros([2, 1], options));
    let both = broadcast_to_both(&x, &other);
    assert_eq!(both.size(), [2, 3]);
    assert_eq!(values(&both), [1.0; 6]);
}

#[test]
fn normal_numbers_follow_the_seed_and_not_the_kind() {
    let draw = |seed, kind| {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        random_normal(&mut rng, &[50, 40], kind, Device::Cpu)
    };
    let x = draw(1, Kind::Double);
    assert!(x.equal(&draw(1, Kind::Double)));
    assert!(!x.equal(&draw(2, Kind::Double)));
    assert!(draw(1, Kind::Float).equal(&x.to_kind(Kind::Float)));
    // 2,000 numbers: mean and variance within five standard deviations.
    assert!(x.mean(Kind::Double).abs().double_value(&[]) < 5.0 / 2000_f64.sqrt());
    assert!(
        (x.square().mean(Kind::Double).double_value(&[]) - 1.0).abs()
            < 5.0 * (2.0 / 2000.0_f64).sqrt()
    );
}
