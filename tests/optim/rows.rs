//! Row-sparse gradients.

use holonomy::optim::{
    AdagradConfig, AdamConfig, Gradient, ManifoldParameter, Optimizer, SgdConfig, UpdateRule,
};
use tch::{Kind, Tensor};

use super::{bits, dense_step, lines, numbers, table};

const ROWS: i64 = 6;

fn optimizer<R: UpdateRule>(config: &R, value: &Tensor) -> (Tensor, Optimizer<R>) {
    let parameter = table(value);
    let point = parameter.tensor().shallow_clone();
    let optimizer = Optimizer::new(vec![parameter], config.clone()).unwrap();
    (point, optimizer)
}

fn rows_step<R: UpdateRule>(optimizer: &mut Optimizer<R>, rows: &[i64], values: &Tensor) {
    let rows = Tensor::from_slice(rows);
    for parameter in optimizer.parameters_mut() {
        parameter.set_gradient(Gradient::from_rows(&rows, values));
    }
    optimizer.step().unwrap();
}

/// All tensors of an optimiser, row by row, as bits.
fn table_bits<R: UpdateRule>(optimizer: &Optimizer<R>) -> Vec<Vec<Vec<u64>>> {
    let state = optimizer.state().unwrap();
    let names: Vec<String> = state.names().map(str::to_owned).collect();
    let tensors = names.iter().map(|name| state.tensor(name).unwrap());
    tensors
        .map(|t| (0..ROWS).map(|row| bits(&t.get(row))).collect())
        .collect()
}

fn rules_hold<R: UpdateRule>(config: &R) {
    all_rows_is_dense(config);
    untouched_rows_stay(config);
    touched_rows_follow_a_table_of_their_own(config);
}

fn all_rows_is_dense<R: UpdateRule>(config: &R) {
    let start = numbers(&[ROWS, 3], 1);
    let (dense_point, mut dense) = optimizer(config, &start);
    let (sparse_point, mut sparse) = optimizer(config, &start);
    let order: [i64; ROWS as usize] = [3, 0, 5, 1, 4, 2];
    for step in 2..8 {
        let gradient = numbers(&[ROWS, 3], step);
        dense_step(&mut dense, &gradient);
        let permuted = gradient.index_select(0, &Tensor::from_slice(&order));
        rows_step(&mut sparse, &order, &permuted);
    }
    assert_eq!(bits(&dense_point), bits(&sparse_point), "{config:?}");
    assert_eq!(table_bits(&dense), table_bits(&sparse), "{config:?}");
}

fn untouched_rows_stay<R: UpdateRule>(config: &R) {
    let (_, mut optimizer) = optimizer(config, &numbers(&[ROWS, 3], 1));
    dense_step(&mut optimizer, &numbers(&[ROWS, 3], 2));
    let before = table_bits(&optimizer);
    rows_step(&mut optimizer, &[1, 4], &numbers(&[2, 3], 3));
    let after = table_bits(&optimizer);
    for (before, after) in before.iter().zip(&after) {
        for row in 0..ROWS as usize {
            let touched = row == 1 || row == 4;
            assert_eq!(touched, before[row] != after[row], "{config:?} row {row}");
        }
    }
}

fn touched_rows_follow_a_table_of_their_own<R: UpdateRule>(config: &R) {
    let start = numbers(&[ROWS, 3], 1);
    let touched = Tensor::from_slice(&[1_i64, 4]);
    let (large_point, mut large) = optimizer(config, &start);
    let (small_point, mut small) = optimizer(config, &start.index_select(0, &touched));
    for step in 2..8 {
        let gradient = numbers(&[2, 3], step);
        rows_step(&mut large, &[1, 4], &gradient);
        dense_step(&mut small, &gradient);
    }
    let touched = large_point.index_select(0, &touched);
    assert_eq!(bits(&touched), bits(&small_point), "{config:?}");
}

#[test]
fn sgd() {
    rules_hold(&SgdConfig::new(0.1));
    rules_hold(&SgdConfig {
        momentum: 0.9,
        dampening: 0.5,
        weight_decay: 0.1,
        ..SgdConfig::new(0.1)
    });
    rules_hold(&SgdConfig {
        momentum: 0.9,
        nesterov: true,
        ..SgdConfig::new(0.1)
    });
}

#[test]
fn adam() {
    rules_hold(&AdamConfig::new(0.1));
    rules_hold(&AdamConfig {
        amsgrad: true,
        weight_decay: 0.1,
        ..AdamConfig::new(0.1)
    });
}

#[test]
fn adagrad() {
    rules_hold(&AdagradConfig::new(0.1));
}

/// A rule that records how many points it is handed.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct CountPoints;

thread_local! {
    static SEEN: std::cell::RefCell<Vec<i64>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl UpdateRule for CountPoints {
    const NAME: &'static str = "CountPoints";

    fn validate(&self) -> holonomy::Result<()> {
        Ok(())
    }

    fn learning_rate(&self) -> f64 {
        1.0
    }

    fn buffers(&self) -> Vec<holonomy::optim::Buffer> {
        vec![holonomy::optim::Buffer {
            name: "copy",
            shape: holonomy::optim::BufferShape::Point,
            initial: 0.0,
        }]
    }

    fn update(
        &self,
        _: &holonomy::optim::Motion,
        _: holonomy::optim::Step,
        points: &Tensor,
        egrad: &Tensor,
        buffers: &[Tensor],
    ) -> holonomy::optim::Update {
        let sizes = [points, egrad, &buffers[0]].map(|t| t.size()[0]);
        SEEN.with_borrow_mut(|seen| seen.extend(sizes));
        holonomy::optim::Update {
            points: points - egrad,
            buffers: vec![buffers[0].shallow_clone()],
        }
    }
}

#[test]
fn a_rule_sees_only_the_touched_rows_however_large_the_table() {
    for rows in [10, 1_000, 50_000] {
        SEEN.with_borrow_mut(Vec::clear);
        let (_, mut optimizer) = optimizer(&CountPoints, &numbers(&[rows, 2], 1));
        rows_step(&mut optimizer, &[7, 2, 7], &numbers(&[3, 2], 2));
        SEEN.with_borrow(|seen| assert_eq!(seen, &[2, 2, 2]));
    }
}

#[test]
fn sparse_embedding_gradients_are_read() {
    let start = numbers(&[ROWS, 3], 1);
    let indices = Tensor::from_slice(&[4_i64, 1, 4]);
    let weights = numbers(&[3, 3], 5);
    let (dense_point, mut dense) = optimizer(&AdamConfig::new(0.1), &start);
    let (sparse_point, mut sparse) = optimizer(&AdamConfig::new(0.1), &start);
    for _ in 0..3 {
        sparse.zero_grad();
        let read = Tensor::embedding(&sparse_point, &indices, -1, false, true);
        (read.square() * &weights).sum(Kind::Double).backward();
        assert!(sparse_point.grad().is_sparse());
        sparse.step().unwrap();
        dense.zero_grad();
        let read = dense_point.index_select(0, &indices);
        (read.square() * &weights).sum(Kind::Double).backward();
        assert!(!dense_point.grad().is_sparse());
        dense.step().unwrap();
    }
    let difference = (&dense_point - &sparse_point).abs().max();
    assert!(difference.double_value(&[]) < 1e-15);
    assert_ne!(bits(&sparse_point), bits(&start));
    assert_eq!(bits(&sparse_point.get(0)), bits(&start.get(0)));
}

#[test]
fn rows_that_occur_twice_are_added_up() {
    let rows = Tensor::from_slice(&[5_i64, 2, 5]);
    let values = Tensor::from_slice(&[1.0, 2.0, 10.0, 20.0, 100.0, 200.0]).view([3, 2]);
    let Gradient::Rows { rows, values } = Gradient::from_rows(&rows, &values) else {
        panic!("rows stay rows");
    };
    assert_eq!(rows, Tensor::from_slice(&[2_i64, 5]));
    let expected = Tensor::from_slice(&[10.0, 20.0, 101.0, 202.0]).view([2, 2]);
    assert_eq!(values, expected);
}

#[test]
fn an_empty_set_of_rows_changes_no_point() {
    let start = numbers(&[ROWS, 3], 1);
    let (point, mut optimizer) = optimizer(&AdamConfig::new(0.1), &start);
    rows_step(&mut optimizer, &[], &numbers(&[0, 3], 2));
    assert_eq!(bits(&point), bits(&start));
}

#[test]
#[should_panic(expected = "does not fit the parameter")]
fn a_gradient_of_another_shape_is_refused() {
    let mut parameter = table(&numbers(&[ROWS, 3], 1));
    parameter.set_gradient(Gradient::Dense(numbers(&[ROWS, 2], 1)));
}

#[test]
#[should_panic(expected = "does not fit the parameter")]
fn a_single_point_has_no_rows() {
    let mut parameter = ManifoldParameter::new(lines(3), &numbers(&[3], 1)).unwrap();
    let rows = Tensor::from_slice(&[0_i64]);
    parameter.set_gradient(Gradient::from_rows(&rows, &numbers(&[1], 1)));
}
