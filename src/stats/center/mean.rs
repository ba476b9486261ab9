//! Half the mean square distance as a function to be made small.

use tch::Tensor;

use super::start::Spread;
use crate::manifold::Geodesic;
use crate::optim::solve::descent::{Problem, Slope, nearest_points};
use crate::stats::sample::Data;

/// ½ Σ wᵢ d(x, pᵢ)²
pub(super) struct SquaredDistances<'a, M: ?Sized> {
    pub(super) m: &'a M,
    pub(super) data: &'a Data,
}

pub(super) struct At {
    pub(super) point: Tensor,
    distances: Tensor,
    value: f64,
}

impl<M: Geodesic + ?Sized> Spread for SquaredDistances<'_, M> {
    fn at_data(&self, index: i64) -> At {
        self.at(self.data.points.get(index))
    }

    fn at(&self, point: Tensor) -> At {
        let distances = self.m.dist(&point, &self.data.points);
        At {
            value: 0.5 * self.data.mean_of(&distances.square()),
            distances,
            point,
        }
    }

    fn base<'p>(&self, at: &'p At) -> &'p Tensor {
        &at.point
    }

    fn radius(&self, at: &At) -> f64 {
        at.distances.max().double_value(&[])
    }

    fn is_corner(&self, _: &At) -> bool {
        false
    }
}

impl<M: Geodesic + ?Sized> Problem for SquaredDistances<'_, M> {
    type Point = At;

    fn value(&self, at: &At) -> f64 {
        at.value
    }

    fn slope(&self, at: &mut At) -> Slope {
        let logs = self.m.log(&at.point, &self.data.points);
        let pull = Data::combine(&logs, &self.data.weights);
        Slope {
            gradient: self.m.norm(&at.point, &pull).double_value(&[]),
            pull,
            scale: 1.0,
            unit: (2.0 * at.value).sqrt(),
        }
    }

    fn moved(&self, from: &At, step: &Tensor) -> At {
        self.at(self.m.exp(&from.point, step))
    }

    fn transport(&self, from: &At, to: &At, tangents: &Tensor) -> Tensor {
        self.m.parallel_transport(&from.point, &to.point, tangents)
    }

    fn inner(&self, at: &At, u: &Tensor, v: &Tensor) -> Tensor {
        self.m.inner(&at.point, u, v)
    }

    fn neighbours(&self, at: &At) -> Vec<(At, Tensor)> {
        let points = nearest_points(self.m, &at.point).into_iter();
        let with_way = points.map(|point| {
            let way = self.m.log(&at.point, &point);
            (self.at(point), way)
        });
        with_way.collect()
    }
}
