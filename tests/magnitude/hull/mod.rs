//! Moments, removal by moments, and how well what stays stands for a hull.

mod moments;
mod removal;
mod score;

use holonomy::magnitude::{HullApproximation, Keep, RemovalOrder};
use tch::Tensor;

fn numbers(t: &Tensor) -> Vec<f64> {
    Vec::try_from(t.contiguous().view(-1)).unwrap()
}

fn on_a_line(places: &[f64]) -> Tensor {
    let at = Tensor::from_slice(places);
    (at.unsqueeze(0) - at.unsqueeze(1)).abs()
}

fn among(distances: &Tensor, points: &[usize]) -> Tensor {
    let rows: Vec<i64> = points.iter().map(|&point| point as i64).collect();
    let rows = Tensor::from_slice(&rows);
    distances.index_select(0, &rows).index_select(1, &rows)
}

fn removal(order: RemovalOrder, scale: f64) -> HullApproximation {
    HullApproximation {
        scale: Some(scale),
        order,
        keep: Keep::Points(1),
    }
}

/// Gaps that differ, one of them small.
fn gaps() -> Vec<f64> {
    (0..40)
        .map(|i| 0.01 + f64::from(i * i % 41) * 0.03)
        .collect()
}

fn places() -> Vec<f64> {
    let mut places = vec![0.0];
    for gap in gaps() {
        places.push(places[places.len() - 1] + gap);
    }
    places
}
