//! The weighting vector as a one-class support vector machine with the kernel e^(−t d).

use std::collections::BTreeMap;
use std::path::Path;

use holonomy::magnitude::{WeightingConfig, weighting};
use holonomy::metric::pairwise_distances;
use holonomy::random::random_normal;
use holonomy::{Euclidean, Result};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Device, Kind, Tensor};

use crate::harness::scikit_learn;

const POINTS: i64 = 200;
const DIM: i64 = 3;
/// A scale at which all weights of such points are positive, and one at which some are not.
const SCALES: [f64; 2] = [8.0, 0.5];

/// Weights beside what scikit-learn's one-class SVM has for them.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Comparison {
    pub(super) scale: f64,
    pub(super) points: i64,
    pub(super) magnitude: f64,
    pub(super) negative_weights: i64,
    /// How far w/|X| is from the conditions of the SVM's minimum: the range of Zα over all points, or ∞ where a
    /// coefficient is negative.
    pub(super) conditions: f64,
    pub(super) peer: Option<Peer>,
}

/// What scikit-learn's one-class SVM says.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Peer {
    pub(super) support_vectors: i64,
    /// The largest difference of its coefficients from w/|X| of its support vectors, times their number.
    pub(super) coefficients: f64,
    /// The relative difference of its offset from 1/|X| of its support vectors.
    pub(super) offset: f64,
}

#[derive(Serialize)]
struct Task {
    t: f64,
    distances: Vec<Vec<f64>>,
}

/// At both scales.
pub(super) fn study(seed: u64, peer: Option<&Path>, folder: &Path) -> Result<Vec<Comparison>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let points = random_normal(&mut rng, &[POINTS, DIM], Kind::Double, Device::Cpu);
    let distances = pairwise_distances(&Euclidean::new(DIM)?, &points);
    SCALES
        .into_iter()
        .map(|t| compare(&distances, t, peer, folder))
        .collect()
}

fn compare(distances: &Tensor, t: f64, peer: Option<&Path>, folder: &Path) -> Result<Comparison> {
    let found = weighting(distances, t, &WeightingConfig::default())?;
    let alpha = &found.weights / found.magnitude;
    let slopes = (distances * -t).exp().matmul(&alpha);
    let negative = found.weights.lt(0.0).sum(Kind::Int64).int64_value(&[]);
    let range = (slopes.max() - slopes.min()).double_value(&[]);
    Ok(Comparison {
        scale: t,
        points: distances.size()[0],
        magnitude: found.magnitude,
        negative_weights: negative,
        conditions: if negative == 0 { range } else { f64::INFINITY },
        peer: peer
            .map(|python| ask(python, folder, distances, t))
            .transpose()?
            .flatten(),
    })
}

fn ask(python: &Path, folder: &Path, distances: &Tensor, t: f64) -> Result<Option<Peer>> {
    let n = distances.size()[0];
    let flat = Vec::<f64>::try_from(distances.view(-1)).unwrap_or_default();
    let task = Task {
        t,
        distances: flat.chunks(n as usize).map(<[f64]>::to_vec).collect(),
    };
    let answer = scikit_learn::ask(python, folder, &BTreeMap::from([("one_class_svm", &task)]))?;
    let Some(svm) = answer.one_class_svm else {
        return Ok(None);
    };
    let coefficients = Tensor::from_slice(&svm.coefficients);
    let support = coefficients.gt(0.0).nonzero().view(-1);
    let among = distances
        .index_select(0, &support)
        .index_select(1, &support);
    let of_support = weighting(&among, t, &WeightingConfig::default())?;
    let expected = of_support.weights / of_support.magnitude;
    let size = support.size()[0];
    let apart = coefficients.index_select(0, &support) - expected;
    Ok(Some(Peer {
        support_vectors: size,
        coefficients: apart.abs().max().double_value(&[]) * size as f64,
        offset: (svm.offset * of_support.magnitude - 1.0).abs(),
    }))
}
