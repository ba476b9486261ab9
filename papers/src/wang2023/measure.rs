//! What is measured of a trained network.

use holonomy::Result;
use serde::Serialize;
use tch::{Kind, Tensor};

use super::network::{Head, Network, Recipe, probe, unit_rows};
use crate::data::digits::Images;

/// The digits that the features of the transfer probe are trained on come before this one.
const FIRST_NEW_DIGIT: i64 = 5;
const DIGITS: i64 = 10;

/// What one seed gives.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Outcome {
    pub(super) seed: u64,
    pub(super) accuracy: f64,
    pub(super) train_accuracy: f64,
    /// The mean angle between the features of two test images of one digit, in degrees.
    pub(super) within_class_angle: f64,
    /// The accuracy of a linear classifier of the digits 5 to 9 on features trained on 0 to 4.
    pub(super) transfer: f64,
}

pub(super) fn outcome(head: Head, images: &Images, recipe: &Recipe, seed: u64) -> Result<Outcome> {
    let (train, test) = images.split(seed);
    let network = Network::trained(head, &train, DIGITS, recipe, seed)?;
    Ok(Outcome {
        seed,
        accuracy: network.accuracy(&test),
        train_accuracy: network.accuracy(&train),
        within_class_angle: within_class_angle(&network, &test),
        transfer: transfer(head, &train, &test, recipe, seed)?,
    })
}

fn within_class_angle(network: &Network, images: &Images) -> f64 {
    tch::no_grad(|| {
        let features = unit_rows(&network.features(&images.pixels).to_kind(Kind::Double));
        let angles = (0..DIGITS).map(|digit| {
            let members = images.labels.eq(digit).nonzero().squeeze_dim(1);
            mean_angle(&features.index_select(0, &members))
        });
        angles.sum::<f64>() / DIGITS as f64
    })
}

/// The mean angle between different rows of length 1, in degrees.
fn mean_angle(rows: &Tensor) -> f64 {
    let (a, b) = (rows.unsqueeze(0), rows.unsqueeze(1));
    let length = |t: Tensor| t.square().sum_dim_intlist(-1, false, Kind::Double).sqrt();
    let angles = length(&a - &b).atan2(&length(a + b)) * 2.0;
    let count = rows.size()[0] as f64;
    angles.sum(Kind::Double).double_value(&[]).to_degrees() / (count * (count - 1.0))
}

/// Features from the digits 0 to 4, judged by how well a linear classifier tells 5 to 9 apart.
fn transfer(head: Head, train: &Images, test: &Images, recipe: &Recipe, seed: u64) -> Result<f64> {
    let known = train.digits(0, FIRST_NEW_DIGIT);
    let network = Network::trained(head, &known, FIRST_NEW_DIGIT, recipe, seed)?;
    let seen = |images: &Images| {
        let images = images.digits(FIRST_NEW_DIGIT, DIGITS);
        let features = tch::no_grad(|| unit_rows(&network.features(&images.pixels)));
        (features, images.labels)
    };
    let ((features, labels), (test_features, test_labels)) = (seen(train), seen(test));
    // Unit features are small for a linear layer: the probe's own scale.
    let scale = recipe.scale;
    probe(
        (&(features * scale), &labels),
        (&(test_features * scale), &test_labels),
        DIGITS - FIRST_NEW_DIGIT,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_angle_leaves_out_a_row_with_itself() {
        let rows = Tensor::from_slice2(&[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]);
        assert!((mean_angle(&rows) - (90.0 + 90.0 + 180.0) / 3.0).abs() < 1e-9);
    }

    #[test]
    fn digits_are_split_evenly_and_all_used() {
        let images = Images::load().unwrap();
        assert_eq!(images.count(), 1797);
        let (train, test) = images.split(3);
        assert_eq!(train.count() + test.count(), 1797);
        for digit in 0..10 {
            let count = |images: &Images| images.labels.eq(digit).sum(Kind::Int64).int64_value(&[]);
            assert!((count(&train) - count(&test)).abs() <= 1);
        }
        let pixels = |images: &Images| images.pixels.sum(Kind::Double).double_value(&[]);
        assert!((pixels(&train) + pixels(&test) - pixels(&images)).abs() < 1e-6);
        assert!(images.pixels.max().double_value(&[]) == 1.0);
        let new = images.digits(5, 10);
        assert_eq!(new.labels.max().int64_value(&[]), 4);
    }
}
