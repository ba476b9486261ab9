//! How well orders of points find and stand for the convex hull.

use std::fmt;

use holonomy::Result;
use holonomy::magnitude::{
    ApproximateHull, HullApproximation, Keep, RemovalOrder, SupportLoss, WeightingConfig,
    magnitude, support_loss, vertex_score, weighting,
};
use holonomy::metric::pairwise_distances;
use holonomy::{Error, Euclidean};
use rand::seq::SliceRandom;
use serde::Serialize;
use tch::{Kind, Tensor};

use super::clouds::{Body, Stream};
use super::options::Settings;
use super::vertices::vertices;

/// t times the median distance: of the sweep, and where nothing else is said.
pub(super) const SCALES: [f64; 6] = [0.1, 0.5, 1.0, USUAL_SCALE, 4.0, 8.0];
/// The library's rule.
pub(super) const USUAL_SCALE: f64 = 2.0;
/// How many points stay, in units of the number of vertices.
pub(super) const SHARES: [f64; 7] = [0.125, 0.25, HALF, 0.75, 1.0, 1.5, 2.0];
pub(super) const HALF: f64 = 0.5;
/// Parts of the magnitude that stay.
pub(super) const MAGNITUDES: [f64; 4] = [0.8, 0.9, 0.95, 0.99];

/// What decides which points are the most important.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Ranking {
    Weight,
    Moment,
    LeastLoss,
    /// The distance from the mean.
    Centre,
    Random,
    /// The vertices of the true hull at random, then all others.
    Vertices,
}

impl Ranking {
    pub(super) const ALL: [Self; 6] = [
        Self::Weight,
        Self::Moment,
        Self::LeastLoss,
        Self::Centre,
        Self::Random,
        Self::Vertices,
    ];
    /// Those that know nothing of the hull.
    pub(super) const BLIND: [Self; 5] = [
        Self::Weight,
        Self::Moment,
        Self::LeastLoss,
        Self::Centre,
        Self::Random,
    ];
    /// Those that have a scale.
    pub(super) const SCALED: [Self; 3] = [Self::Weight, Self::Moment, Self::LeastLoss];

    fn removal(self) -> Option<RemovalOrder> {
        match self {
            Self::Weight => Some(RemovalOrder::Weight),
            Self::Moment => Some(RemovalOrder::Moment),
            Self::LeastLoss => Some(RemovalOrder::LeastLoss),
            Self::Centre | Self::Random | Self::Vertices => None,
        }
    }
}

impl fmt::Display for Ranking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Weight => "weight",
            Self::Moment => "moment",
            Self::LeastLoss => "least loss",
            Self::Centre => "from the mean",
            Self::Random => "random",
            Self::Vertices => "true vertices",
        })
    }
}

/// An order at one scale, measured at as many points as there are vertices, and at half of them.
#[derive(Debug, Clone, Serialize)]
pub(super) struct AtScale {
    pub(super) ranking: Ranking,
    /// t times the median distance.
    pub(super) scaled: f64,
    /// The part of the first points that are vertices, which is the part of the vertices that are among them.
    pub(super) found: f64,
    pub(super) half: SupportLoss,
}

/// Which weights are negative at one scale, as a square does not tell.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Signs {
    /// t times the median distance.
    pub(super) scaled: f64,
    /// The part of all points with a negative weight.
    pub(super) negative: f64,
    /// The part of the points of negative weight among those that the order by moments takes for vertices and that are
    /// none; `None` where there are none of these.
    pub(super) of_wrong: Option<f64>,
}

/// What the hull of the first points of an order lacks, at the usual scale.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Reach {
    pub(super) ranking: Ranking,
    /// In units of the number of vertices.
    pub(super) share: f64,
    pub(super) lost: SupportLoss,
}

/// The removal up to a threshold on the magnitude.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Threshold {
    /// The part of the magnitude that has to stay.
    pub(super) magnitude: f64,
    /// The part of the points that stay.
    pub(super) kept: f64,
    pub(super) recall: f64,
    pub(super) lost: SupportLoss,
    /// The part of the magnitude that stays, by a solve of its own.
    pub(super) solved: f64,
}

/// One cloud.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Trial {
    pub(super) body: Body,
    pub(super) dimension: usize,
    pub(super) seed: u64,
    pub(super) vertices: usize,
    pub(super) found: Vec<(Ranking, f64)>,
    pub(super) scales: Vec<AtScale>,
    pub(super) signs: Vec<Signs>,
    pub(super) reaches: Vec<Reach>,
    pub(super) thresholds: Vec<Threshold>,
}

/// A cloud and what all its measurements share.
pub(super) struct Cloud {
    pub(super) points: Tensor,
    distances: Tensor,
    /// Of a sphere all points, of other bodies exact but for 1e-6.
    pub(super) vertices: Vec<usize>,
    seed: u64,
    directions: usize,
}

impl Cloud {
    pub(super) fn new(body: Body, d: usize, seed: u64, settings: &Settings) -> Result<Self> {
        let points = body.sample(d, settings.points, seed);
        let vertices = match body {
            // All: a point of a sphere is no convex combination of others.
            Body::Sphere => (0..settings.points).collect(),
            Body::Cube | Body::Ball => vertices(&points)?,
        };
        Ok(Self {
            distances: pairwise_distances(&Euclidean::new(d as i64)?, &points),
            vertices,
            points,
            seed,
            directions: settings.directions,
        })
    }

    pub(super) fn hull(
        &self,
        order: RemovalOrder,
        keep: Keep,
        scale: Option<f64>,
    ) -> Result<ApproximateHull> {
        HullApproximation { scale, order, keep }.fit_distances(&self.distances)
    }

    /// All points, the most important first, at the usual scale.
    pub(super) fn order(&self, ranking: Ranking) -> Result<Vec<usize>> {
        let n = self.points.size()[0] as usize;
        let mut all: Vec<usize> = (0..n).collect();
        match ranking {
            Ranking::Centre => {
                let centred = &self.points - self.points.mean_dim(0, true, Kind::Double);
                let square = centred.square().sum_dim_intlist(1, false, Kind::Double);
                let square = Vec::<f64>::try_from(square).map_err(|source| Error::Torch {
                    op: "order",
                    source,
                })?;
                all.sort_by(|&a, &b| square[b].total_cmp(&square[a]));
            }
            Ranking::Random => all.shuffle(&mut Stream::Random.of(self.seed)),
            Ranking::Vertices => {
                let mut first = self.vertices.clone();
                first.shuffle(&mut Stream::Vertices.of(self.seed));
                all.retain(|point| !first.contains(point));
                all = [first, all].concat();
            }
            Ranking::Weight | Ranking::Moment | Ranking::LeastLoss => {
                let order = ranking.removal().unwrap_or_default();
                return Ok(self.hull(order, Keep::Points(1), None)?.order().to_vec());
            }
        }
        Ok(all)
    }

    /// The same directions every time.
    fn lost(&self, chosen: &[usize]) -> Result<SupportLoss> {
        let mut rng = Stream::Directions.of(self.seed);
        support_loss(&self.points, chosen, self.directions, &mut rng)
    }

    /// A part of an order, in units of the number of vertices.
    pub(super) fn part<'a>(&self, order: &'a [usize], share: f64) -> &'a [usize] {
        let count = (share * self.vertices.len() as f64).round() as usize;
        &order[..count.clamp(1, order.len())]
    }

    fn found(&self, order: &[usize]) -> Result<f64> {
        Ok(vertex_score(self.part(order, 1.0), &self.vertices)?.recall)
    }

    fn at_scales(&self) -> Result<Vec<AtScale>> {
        let rule = self.hull(RemovalOrder::Weight, Keep::Points(1), None)?;
        let mut all = Vec::new();
        for ranking in Ranking::SCALED {
            for scaled in SCALES {
                let scale = rule.scale() * scaled / USUAL_SCALE;
                let order = ranking.removal().unwrap_or_default();
                let hull = self.hull(order, Keep::Points(1), Some(scale))?;
                all.push(AtScale {
                    ranking,
                    scaled,
                    found: self.found(hull.order())?,
                    half: self.lost(self.part(hull.order(), HALF))?,
                });
            }
        }
        Ok(all)
    }

    fn signs(&self) -> Result<Vec<Signs>> {
        let rule = self.hull(RemovalOrder::Weight, Keep::Points(1), None)?;
        let at = |scaled: f64| {
            let scale = rule.scale() * scaled / USUAL_SCALE;
            let weights = weighting(&self.distances, scale, &WeightingConfig::default())?.weights;
            let is_negative = |&point: &usize| weights.double_value(&[point as i64]) < 0.0;
            let hull = self.hull(RemovalOrder::Moment, Keep::Points(1), Some(scale))?;
            let first = self.part(hull.order(), 1.0);
            let wrong: Vec<usize> = first
                .iter()
                .copied()
                .filter(|point| !self.vertices.contains(point))
                .collect();
            let part = |of: &[usize]| {
                of.iter().filter(|point| is_negative(point)).count() as f64 / of.len() as f64
            };
            Ok(Signs {
                scaled,
                negative: part(hull.order()),
                of_wrong: (!wrong.is_empty()).then(|| part(&wrong)),
            })
        };
        SCALES.into_iter().map(at).collect()
    }

    fn threshold(&self, share: f64) -> Result<Threshold> {
        let hull = self.hull(RemovalOrder::LeastLoss, Keep::Share(share), None)?;
        let rows: Vec<i64> = hull.kept().iter().map(|&point| point as i64).collect();
        let rows = Tensor::from_slice(&rows);
        let left = self.distances.index_select(0, &rows).index_select(1, &rows);
        let all = magnitude(&self.distances, hull.scale())?;
        Ok(Threshold {
            magnitude: share,
            kept: hull.kept().len() as f64 / hull.order().len() as f64,
            recall: hull.score(&self.vertices)?.recall,
            lost: self.lost(hull.kept())?,
            solved: magnitude(&left, hull.scale())? / all,
        })
    }
}

/// Draws one cloud and measures all.
pub(super) fn trial(body: Body, d: usize, seed: u64, settings: &Settings) -> Result<Trial> {
    let cloud = Cloud::new(body, d, seed, settings)?;
    let (mut found, mut reaches) = (Vec::new(), Vec::new());
    for ranking in Ranking::ALL {
        let order = cloud.order(ranking)?;
        found.push((ranking, cloud.found(&order)?));
        for share in SHARES {
            reaches.push(Reach {
                ranking,
                share,
                lost: cloud.lost(cloud.part(&order, share))?,
            });
        }
    }
    let thresholds = MAGNITUDES.into_iter().map(|share| cloud.threshold(share));
    Ok(Trial {
        body,
        dimension: d,
        seed,
        vertices: cloud.vertices.len(),
        found,
        scales: cloud.at_scales()?,
        signs: cloud.signs()?,
        reaches,
        thresholds: thresholds.collect::<Result<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_true_vertices_lose_nothing_and_orders_hold_all_points() {
        let settings = Settings {
            points: 40,
            clouds: 1,
            seed: 1,
            dimensions: vec![2],
            directions: 50,
            threads: 1,
            quick: true,
            out: std::path::PathBuf::new(),
        };
        let cloud = Cloud::new(Body::Ball, 2, 1, &settings).unwrap();
        for ranking in Ranking::ALL {
            let mut order = cloud.order(ranking).unwrap();
            order.sort_unstable();
            assert_eq!(order, (0..40).collect::<Vec<_>>(), "{ranking}");
        }
        // Of a sphere all points are vertices, however near to each other.
        let sphere = Cloud::new(Body::Sphere, 2, 1, &settings).unwrap();
        assert_eq!(sphere.vertices.len(), 40);
        let random = [Ranking::Random, Ranking::Vertices].map(|of| sphere.order(of).unwrap());
        assert_ne!(random[0], random[1]);
        let order = cloud.order(Ranking::Vertices).unwrap();
        assert_eq!(cloud.found(&order).unwrap(), 1.0);
        assert_eq!(cloud.lost(cloud.part(&order, 1.0)).unwrap().worst, 0.0);
        assert!(cloud.lost(cloud.part(&order, HALF)).unwrap().worst > 0.0);
        let threshold = cloud.threshold(0.9).unwrap();
        assert!(
            threshold.solved >= 0.9 && threshold.kept < 1.0,
            "{threshold:?}"
        );
    }
}
