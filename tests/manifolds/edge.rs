//! What the one clamp costs: points pulled back at the last representable shell of the ball.

use holonomy::{Error, Geodesic, Manifold, PoincareBall};
use tch::{Kind, Tensor};

fn radius(ball: &PoincareBall, p: &Tensor) -> f64 {
    ball.dist(&p.zeros_like(), p).double_value(&[])
}

#[test]
fn the_farthest_point_is_where_the_documentation_says() {
    let ball = PoincareBall::new(3, -1.0).unwrap();
    for (kind, expected) in [(Kind::Double, 36.04), (Kind::Float, 15.94)] {
        let z = Tensor::from_slice(&[3.0, -4.0, 12.0]).to_kind(kind);
        let p = ball.project(&z);
        assert!(ball.check_point(&p).is_ok());
        assert!(
            (radius(&ball, &p) - expected).abs() < 0.3,
            "{kind:?}: {}",
            radius(&ball, &p)
        );
    }
}

#[test]
fn exp_and_retract_stay_inside_however_long_the_step() {
    let ball = PoincareBall::new(3, -0.5).unwrap();
    for kind in [Kind::Double, Kind::Float] {
        let p = Tensor::from_slice(&[0.1, 0.2, -0.3]).to_kind(kind);
        for length in [1.0, 1e3, 1e30] {
            let v = Tensor::from_slice(&[length, -length, 0.5 * length]).to_kind(kind);
            for q in [ball.exp(&p, &v), ball.retract(&p, &v)] {
                assert!(ball.check_point(&q).is_ok(), "{kind:?} {length}");
                assert!(radius(&ball, &q).is_finite());
            }
        }
    }
}

#[test]
fn nothing_is_moved_before_the_edge() {
    let ball = PoincareBall::new(2, -1.0).unwrap();
    let inside = Tensor::from_slice(&[PoincareBall::edge(Kind::Double), 0.0]);
    assert!(ball.project(&inside).equal(&inside));
    let v = Tensor::from_slice(&[17.0, 0.0]);
    let p = ball.exp(&v.zeros_like(), &v);
    assert!((radius(&ball, &p) - 34.0).abs() < 1e-1);
}

#[test]
fn points_on_the_boundary_and_outside_are_refused_and_give_nan() {
    let ball = PoincareBall::new(2, -1.0).unwrap();
    let origin = Tensor::zeros([2], (Kind::Double, tch::Device::Cpu));
    for norm in [1.0, 1.5, f64::NAN] {
        let p = Tensor::from_slice(&[0.0, 0.5, norm, 0.0]).view([2, 2]);
        match ball.check_point(&p) {
            Err(Error::NotOnManifold { row: 1, .. }) => {}
            other => panic!("norm {norm}: {other:?}"),
        }
        let d = ball.dist(&origin, &p).double_value(&[1]);
        assert!(!d.is_finite(), "norm {norm} is at distance {d}");
    }
}

#[test]
fn two_points_outside_do_not_pass_for_two_inside() {
    let ball = PoincareBall::new(1, -1.0).unwrap();
    let (p, q) = (Tensor::from_slice(&[1.5]), Tensor::from_slice(&[2.0]));
    assert!(ball.dist(&p, &q).double_value(&[]).is_nan());
    let tensor = holonomy::numerics::with_tensor_formulas(|| ball.dist(&p, &q));
    assert!(tensor.double_value(&[]).is_nan());
}
