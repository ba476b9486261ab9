//! Boundaries of shapes that are known, by weights and by distances of neighbours.

use holonomy::magnitude::{BoundaryConfig, BoundaryDetector, Scale};
use holonomy::metric::cross_distances;
use holonomy::{Euclidean, Result};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::Tensor;

use super::area;
use crate::harness::spread::Spread;

/// The scales tried, as [shares](Scale::Share).
pub(super) const SHARES: [f64; 7] = [0.01, 0.03, 0.1, 0.2, 0.4, 0.7, 0.95];
/// The neighbours whose distances are the other method.
pub(super) const NEIGHBOURS: [i64; 4] = [5, 10, 30, 100];
/// The part of the points, those nearest to the boundary, that count as boundary.
const EDGE: f64 = 0.1;

/// A shape with uniform points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Shape {
    Disk,
    Square,
    Ring,
    /// A disk of radius 1 and one of radius ½, the smaller eight times as dense.
    TwoDensities,
    Ball,
}

impl Shape {
    pub(super) const ALL: [Self; 5] = [
        Self::Disk,
        Self::Square,
        Self::Ring,
        Self::TwoDensities,
        Self::Ball,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Square => "square",
            Self::Ring => "ring",
            Self::TwoDensities => "two disks of two densities",
            Self::Ball => "ball in three dimensions",
        }
    }

    fn dim(self) -> usize {
        if self == Self::Ball { 3 } else { 2 }
    }

    /// How deep a point lies in the shape; negative outside.
    fn depth(self, x: &[f64]) -> f64 {
        let radius =
            |centre: f64| x[1..].iter().map(|c| c * c).sum::<f64>() + (x[0] - centre).powi(2);
        match self {
            Self::Disk | Self::Ball => 1.0 - radius(0.0).sqrt(),
            Self::Square => 1.0 - x[0].abs().max(x[1].abs()),
            Self::Ring => 0.35 - (radius(0.0).sqrt() - 0.65).abs(),
            Self::TwoDensities => (1.0 - radius(0.0).sqrt()).max(0.5 - radius(2.0).sqrt()),
        }
    }

    /// Uniform points, and how deep they lie.
    pub(super) fn points(self, count: usize, rng: &mut Xoshiro256PlusPlus) -> (Tensor, Vec<f64>) {
        let (mut numbers, mut depths) = (Vec::new(), Vec::new());
        while depths.len() < count {
            let mut x: Vec<f64> = (0..self.dim())
                .map(|_| rng.random_range(-1.0..1.0))
                .collect();
            // Two of three points are in the smaller disk, which has a quarter of the area.
            if self == Self::TwoDensities && depths.len() % 3 != 0 {
                x[0] = 2.0 + x[0] / 2.0;
                x[1] /= 2.0;
            }
            let depth = self.depth(&x);
            if depth > 0.0 {
                numbers.extend(x);
                depths.push(depth);
            }
        }
        (
            Tensor::from_slice(&numbers).view([count as i64, -1]),
            depths,
        )
    }
}

/// How well the edge of a shape is found.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Found {
    pub(super) shape: Shape,
    /// Area under the ROC curve of the weights, for each of the shares.
    pub(super) weights: Vec<Spread>,
    /// Of the distances of a neighbour, for each of them; of one beyond the number of points, of the last.
    pub(super) neighbours: Vec<Spread>,
}

/// All shapes.
pub(super) fn study(points: usize, draws: usize, seed: u64) -> Result<Vec<Found>> {
    Shape::ALL
        .into_iter()
        .map(|shape| of_shape(shape, points, draws, seed))
        .collect()
}

fn of_shape(shape: Shape, count: usize, draws: usize, seed: u64) -> Result<Found> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let space = Euclidean::new(shape.dim() as i64)?;
    let mut areas = vec![Vec::new(); SHARES.len()];
    let mut neighbours = vec![Vec::new(); NEIGHBOURS.len()];
    for _ in 0..draws {
        let (points, depths) = shape.points(count, &mut rng);
        let edge = edge(&depths);
        for (areas, share) in areas.iter_mut().zip(SHARES) {
            let config = BoundaryConfig {
                scale: Scale::Share(share),
                ..BoundaryConfig::default()
            };
            let detector = BoundaryDetector::fit(Box::new(space.clone()), &points, &config)?;
            areas.push(detector.fitted_score(&edge)?);
        }
        let distances = cross_distances(&space, &points, &points);
        for (areas, neighbour) in neighbours.iter_mut().zip(NEIGHBOURS) {
            let place = (neighbour + 1).min(count as i64);
            let (kth, _) = distances.kthvalue(place, 1, false);
            areas.push(area(&kth, &edge)?);
        }
    }
    Ok(Found {
        shape,
        weights: areas.into_iter().map(Spread::of_sample).collect(),
        neighbours: neighbours.into_iter().map(Spread::of_sample).collect(),
    })
}

/// Which points are among those nearest to the boundary.
fn edge(depths: &[f64]) -> Tensor {
    let mut sorted = depths.to_vec();
    sorted.sort_by(f64::total_cmp);
    let deepest = sorted[(EDGE * depths.len() as f64) as usize];
    let edge: Vec<bool> = depths.iter().map(|&depth| depth < deepest).collect();
    Tensor::from_slice(&edge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_lie_in_their_shape_and_the_edge_is_a_tenth() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        for shape in Shape::ALL {
            let (points, depths) = shape.points(300, &mut rng);
            assert_eq!(points.size(), [300, shape.dim() as i64]);
            assert!(depths.iter().all(|&depth| depth > 0.0 && depth <= 1.0));
            assert_eq!(edge(&depths).sum(tch::Kind::Int64).int64_value(&[]), 30);
        }
        assert_eq!(Shape::Ring.depth(&[0.65, 0.0]), 0.35);
        assert!(Shape::Ring.depth(&[0.0, 0.0]) < 0.0);
        assert_eq!(Shape::TwoDensities.depth(&[2.0, 0.25]), 0.25);
    }
}
