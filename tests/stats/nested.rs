//! Principal components as flags.

use holonomy::random::random_normal;
use holonomy::stats::{accumulated_unexplained_variance, nested_pca};
use holonomy::{Flag, Manifold, Sample};
use nalgebra::DMatrix;
use tch::{Kind, Tensor};

use super::{DOUBLE, seeded};

/// Normal data with a different spread in every direction, and a mean.
fn data(count: i64) -> Tensor {
    let spreads = Tensor::from_slice(&[3.0, 2.0, 1.0, 0.5, 0.1]);
    let turn = Flag::new(5, &[1, 2, 3, 4, 5]).unwrap();
    let turn = turn.random_point(&mut seeded(1), &[], DOUBLE);
    let z = random_normal(&mut seeded(2), &[count, 5], Kind::Double, DOUBLE.1);
    (z * spreads).matmul(&turn.tr()) + Tensor::from_slice(&[1.0, -2.0, 3.0, 0.0, 5.0])
}

#[test]
fn nested_pca_is_pca() {
    let flags = Flag::new(5, &[1, 2, 4]).unwrap();
    let x = data(50);
    let pca = nested_pca(&flags, &x).unwrap();
    // The oracle: eigenvectors of the covariance, by other code.
    let entries = Vec::<f64>::try_from(x.reshape([-1])).unwrap();
    let m = DMatrix::from_row_slice(50, 5, &entries);
    let mean = m.row_mean();
    let centered = DMatrix::from_fn(50, 5, |i, j| m[(i, j)] - mean[j]);
    let eigen = (centered.transpose() * &centered / 50.0).symmetric_eigen();
    let mut order: Vec<usize> = (0..5).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    let columns: Vec<Tensor> = order[..4]
        .iter()
        .map(|&j| Tensor::from_slice(eigen.eigenvectors.column(j).as_slice()))
        .collect();
    let frame = Tensor::stack(&columns, 1);
    assert!(flags.chordal_dist(&frame, &pca.flag).double_value(&[]) < 1e-12);
    for (found, &j) in pca.variances.iter().zip(&order) {
        assert!((found / eigen.eigenvalues[j] - 1.0).abs() < 1e-12);
    }
    let outside = |dim: usize| {
        order[dim..]
            .iter()
            .map(|&j| eigen.eigenvalues[j])
            .sum::<f64>()
    };
    for (found, dim) in pca.unexplained.iter().zip([1, 2, 4]) {
        assert!((found / outside(dim) - 1.0).abs() < 1e-12);
    }
    let center = Tensor::from_slice(mean.transpose().as_slice());
    assert!((&pca.center - center).abs().max().double_value(&[]) < 1e-13);
}

#[test]
fn it_minimises_the_accumulated_unexplained_variance() {
    let flags = Flag::new(5, &[1, 2, 4]).unwrap();
    let x = data(50);
    let pca = nested_pca(&flags, &x).unwrap();
    let criterion = |p: &Tensor| accumulated_unexplained_variance(&flags, p, &x).unwrap();
    assert!((criterion(&pca.flag) / pca.accumulated - 1.0).abs() < 1e-13);
    let mut rng = seeded(3);
    for step in [1e-3, 0.1, 1.0] {
        for _ in 0..20 {
            let v = flags.random_tangent(&mut rng, &pca.flag) * step;
            assert!(criterion(&flags.retract(&pca.flag, &v)) > pca.accumulated);
        }
    }
}

#[test]
fn exact_subspaces_leave_nothing() {
    let flags = Flag::new(5, &[1, 3]).unwrap();
    let z = random_normal(&mut seeded(4), &[20, 3], Kind::Double, DOUBLE.1);
    let base = flags.random_point(&mut seeded(5), &[], DOUBLE);
    let x = z.matmul(&base.tr()) + 7.0;
    let pca = nested_pca(&flags, &x).unwrap();
    assert!(pca.unexplained[1] < 1e-28 && pca.unexplained[0] > 0.1);
}

#[test]
fn bad_data_are_refused() {
    let flags = Flag::new(5, &[1, 3]).unwrap();
    let x = data(10);
    let run = |x: &Tensor| nested_pca(&flags, x).unwrap_err().to_string();
    assert!(run(&x.narrow(0, 0, 3)).contains("count ≥ 4"));
    assert!(run(&x.narrow(1, 0, 4)).contains("[10, 4]"));
    assert!(run(&x.get(0)).contains("[5]"));
    for bad in [f64::NAN, f64::INFINITY] {
        let broken = x.copy();
        let _ = broken.get(6).get(1).fill_(bad);
        assert!(run(&broken).contains("row 6"));
    }
    let p = flags.random_point(&mut seeded(6), &[], DOUBLE);
    assert!(accumulated_unexplained_variance(&flags, &(&p * 2.0), &x).is_err());
    assert!(accumulated_unexplained_variance(&flags, &p.tr(), &x).is_err());
    flags.check_point(&p).unwrap();
}
