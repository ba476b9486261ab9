//! What optimisers do by kernels on the CPU, beside what libtorch makes of it.

use holonomy::numerics::with_tensor_formulas;
use holonomy::optim::{AdamConfig, ManifoldParameter, Optimizer, SgdConfig};
use holonomy::random::generator;
use holonomy::{Grassmann, PoincareBall, Sample, Sphere};
use tch::{Device, Kind, Tensor};

use super::{bits, dense_step, lines, numbers};

/// Five steps: the points and what the optimiser remembers.
fn trained<M: Sample + Clone + 'static>(
    manifold: &M,
    config: &AdamConfig,
    batch: &[i64],
    kind: Kind,
) -> Vec<Tensor> {
    let points = manifold.random_point(&mut generator(3), batch, (kind, Device::Cpu));
    let parameter = ManifoldParameter::new(Box::new(manifold.clone()), &points).unwrap();
    let mut optimizer = Optimizer::new(vec![parameter], config.clone()).unwrap();
    for step in 1..=5 {
        let gradient = numbers(&points.size(), step) * 10_f64.powi(step as i32 - 3);
        dense_step(&mut optimizer, &gradient.to_kind(kind));
    }
    let state = optimizer.state().unwrap();
    let remembered: Vec<String> = state.names().map(str::to_owned).collect();
    assert!(remembered.iter().any(|name| name.contains("second_moment")));
    let mut tensors: Vec<Tensor> = remembered
        .iter()
        .map(|name| state.tensor(name).unwrap().copy())
        .collect();
    tensors.extend(optimizer.parameters().map(|p| p.tensor().detach().copy()));
    tensors
}

fn as_the_formula<M: Sample + Clone + 'static>(manifold: &M) {
    let plain = AdamConfig::new(0.1);
    let uncorrected = AdamConfig {
        bias_correction: false,
        eps: 1e-3,
        weight_decay: 0.1,
        ..AdamConfig::new(0.1)
    };
    for config in [plain, uncorrected] {
        for (kind, tolerance) in [(Kind::Double, 1e-12), (Kind::Float, 1e-4)] {
            for batch in [&[][..], &[0], &[2, 3], &[1_000]] {
                let kernel = trained(manifold, &config, batch, kind);
                let formula = with_tensor_formulas(|| trained(manifold, &config, batch, kind));
                assert_eq!(kernel.len(), formula.len());
                for (kernel, formula) in kernel.iter().zip(&formula) {
                    assert_eq!(kernel.size(), formula.size());
                    assert_eq!(kernel.kind(), formula.kind());
                    if kernel.numel() == 0 {
                        continue;
                    }
                    let off = (kernel - formula).abs() / (formula.abs() + 1e-2);
                    let off = off.max().double_value(&[]);
                    assert!(off < tolerance, "{manifold:?} {kind:?} {batch:?}: {off:e}");
                }
            }
        }
    }
}

#[test]
fn moments_by_rows_are_those_of_the_formula() {
    as_the_formula(&PoincareBall::new(3, -1.0).unwrap());
    as_the_formula(&Sphere::new(1, 1.0).unwrap());
    as_the_formula(&Grassmann::new(4, 2).unwrap());
}

/// Enough rows that their numbers are not copied by libtorch.
const MANY: i64 = 20_000;

#[test]
fn a_large_table_is_written_whole_where_it_lies() {
    for (kind, rows) in [
        (Kind::Double, MANY),
        (Kind::Float, MANY + 1),
        (Kind::Double, 1),
    ] {
        let start = numbers(&[rows, 3], 1).to_kind(kind);
        let gradient = numbers(&[rows, 3], 2).to_kind(kind);
        let parameter = ManifoldParameter::new(lines(3), &start).unwrap();
        let follows = parameter.tensor().shallow_clone();
        let mut optimizer = Optimizer::new(vec![parameter], SgdConfig::new(0.5)).unwrap();
        dense_step(&mut optimizer, &gradient);
        assert_eq!(bits(&follows), bits(&(start + gradient * -0.5)));
    }
}

#[test]
fn autograd_is_told_that_a_large_table_has_changed() {
    let start = numbers(&[MANY, 3], 1);
    let parameter = ManifoldParameter::new(lines(3), &start).unwrap();
    let before = parameter.tensor().square().sum(Kind::Double);
    let mut optimizer = Optimizer::new(vec![parameter], SgdConfig::new(0.5)).unwrap();
    dense_step(&mut optimizer, &start);
    let refused = before.f_backward().unwrap_err().to_string();
    assert!(
        refused.contains("modified by an inplace operation"),
        "{refused}"
    );

    // And it stays a leaf, whose gradient is that of the numbers now in it.
    let leaf = optimizer.parameters().next().unwrap().tensor();
    leaf.square().sum(Kind::Double).backward();
    assert_eq!(bits(&leaf.grad()), bits(&start));
}
