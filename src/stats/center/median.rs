//! The mean distance as a function to be made small.

use std::cell::RefCell;

use tch::{Kind, Tensor};

use super::start::Spread;
use crate::manifold::Geodesic;
use crate::optim::solve::descent::{Problem, Slope, nearest_points};
use crate::stats::sample::Data;

/// Σ wᵢ d(x, pᵢ)
pub(super) struct Distances<'a, M: ?Sized> {
    m: &'a M,
    data: &'a Data,
    /// The points of the data that were tried as medians.
    tried: RefCell<Vec<bool>>,
}

pub(super) struct At {
    pub(super) point: Tensor,
    distances: Tensor,
    value: f64,
    /// The point of the data that it is.
    index: Option<i64>,
}

impl<'a, M: Geodesic + ?Sized> Distances<'a, M> {
    pub(super) fn new(m: &'a M, data: &'a Data) -> Self {
        Self {
            m,
            data,
            tried: RefCell::new(vec![false; data.count as usize]),
        }
    }

    /// Which points of the data are at a place, to rounding.
    fn held_at(&self, at: &At) -> Tensor {
        let spread = self.data.mean_of(&at.distances.square()).sqrt();
        let held = at.distances.le(1e-14 * spread);
        match at.index {
            Some(index) => {
                held.index_fill(0, &Tensor::from_slice(&[index]).to_device(held.device()), 1)
            }
            None => held,
        }
    }

    /// Whether the points lie on more than one geodesic through the place.
    pub(super) fn is_spread(&self, at: &At) -> bool {
        let logs = self.m.log(&at.point, &self.data.points);
        let heavy = (&at.distances * &self.data.weights).argmax(0, false);
        let longest = logs.index_select(0, &heavy.view([1])).squeeze_dim(0);
        let size = self.m.norm(&at.point, &longest).double_value(&[]);
        if size == 0.0 {
            return true;
        }
        let along = self.m.inner(&at.point, &longest, &logs) / size;
        let across = at.distances.square() - along.square();
        across.max().double_value(&[]) > 1e-12 * size * size
    }
}

impl<M: Geodesic + ?Sized> Spread for Distances<'_, M> {
    fn at_data(&self, index: i64) -> At {
        self.tried.borrow_mut()[index as usize] = true;
        At {
            index: Some(index),
            ..self.at(self.data.points.get(index))
        }
    }

    fn at(&self, point: Tensor) -> At {
        let distances = self.m.dist(&point, &self.data.points);
        At {
            value: self.data.mean_of(&distances),
            distances,
            point,
            index: None,
        }
    }

    fn base<'p>(&self, at: &'p At) -> &'p Tensor {
        &at.point
    }

    fn radius(&self, at: &At) -> f64 {
        at.distances.max().double_value(&[])
    }

    fn is_corner(&self, at: &At) -> bool {
        at.index.is_some()
    }
}

impl<M: Geodesic + ?Sized> Problem for Distances<'_, M> {
    type Point = At;

    fn value(&self, at: &At) -> f64 {
        at.value
    }

    fn slope(&self, at: &mut At) -> Slope {
        let logs = self.m.log(&at.point, &self.data.points);
        let held_points = self.held_at(at);
        let safe = at.distances.masked_fill(&held_points, 1.0);
        let shares = (&self.data.weights / safe).masked_fill(&held_points, 0.0);
        let held = self
            .data
            .weights
            .masked_fill(&held_points.logical_not(), 0.0);
        let held = held.sum(Kind::Double).double_value(&[]);
        let sum = Data::combine(&logs, &shares);
        let force = self.m.norm(&at.point, &sum).double_value(&[]);
        let total = shares.sum(Kind::Double).double_value(&[]);
        // What is left of the force when the points at the place have held against it.
        let gradient = if force > held {
            force - held
        } else {
            force * 0.0
        };
        Slope {
            pull: if force > 0.0 {
                sum * (gradient / force)
            } else {
                sum
            },
            gradient,
            scale: if total > 0.0 { 1.0 / total } else { 1.0 },
            unit: 1.0,
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

    /// The nearest point of the data, tried once.
    fn shortcut(&self, from: &At) -> Option<At> {
        let index = from.distances.argmin(0, false).int64_value(&[]);
        if self.tried.borrow()[index as usize] {
            return None;
        }
        let there = self.at_data(index);
        (there.value <= from.value).then_some(there)
    }
}
