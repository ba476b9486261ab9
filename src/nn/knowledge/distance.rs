//! Squared distances of queries to candidates, in polar coordinates.
//!
//! In hyperbolic space of curvature −1 two points at distances a and b from the origin, in the
//! directions û and v̂, have the distance D with
//!
//! sinh²(D/2) = sinh²((a − b)/2) + sinh a sinh b |û − v̂|²/4
//!
//! All terms are positive: nothing cancels, however far the points are. The directions do not depend
//! on the curvature, so each query can have its own, and all that is made for each pair are numbers.

use tch::{Kind, Tensor};

use crate::numerics::{norm_keep, over_norm, row_distances, special, sum_last};
use crate::{Geodesic, PoincareBall};

/// How candidates belong to queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairing {
    /// Queries `[B, d]` with all candidates `[N, d]`: `[B, N]`.
    All,
    /// Queries `[B, d]` with candidates of their own `[B, K, d]`: `[B, K]`.
    Own,
}

impl Pairing {
    /// Euclidean distances squared, from differences.
    pub(super) fn squared(self, queries: &Tensor, candidates: &Tensor) -> Tensor {
        match self {
            Self::All => row_distances(queries, candidates).square(),
            Self::Own => sum_last(&(queries.unsqueeze(1) - candidates).square()),
        }
    }

    /// Inner products.
    fn products(self, queries: &Tensor, candidates: &Tensor) -> Tensor {
        match self {
            Self::All => queries.matmul(&candidates.tr()),
            Self::Own => candidates.matmul(&queries.unsqueeze(-1)).squeeze_dim(-1),
        }
    }
}

/// Points by their directions, without their radii.
pub(super) struct Directions {
    /// `[.., d]`, 0 at the origin.
    unit: Tensor,
    /// To first order the spatial part on the hyperboloid of points at the origin, 0 of others. Its value
    /// is 0: it carries the gradient, which directions lack there.
    at_origin: Tensor,
}

/// Points with their radii `[..]`.
pub(super) struct Polar {
    pub(super) directions: Directions,
    pub(super) radius: Tensor,
}

impl Directions {
    /// Of vectors whose length is half the radius for short ones: points of the ball, and tangents of which
    /// they are the exponentials.
    pub(super) fn new(x: &Tensor) -> Self {
        let norm = norm_keep(x);
        let is_origin = norm.detach().eq(0.0).to_kind(Kind::Double);
        Self {
            unit: over_norm(x, &norm),
            at_origin: x * is_origin * 2.0,
        }
    }

    /// Some of the rows.
    pub(super) fn rows(&self, rows: &Tensor) -> Self {
        Self {
            unit: self.unit.index_select(0, rows),
            at_origin: self.at_origin.index_select(0, rows),
        }
    }

    /// One entry of the first dimension.
    pub(super) fn entry(&self, index: i64) -> Self {
        Self {
            unit: self.unit.select(0, index),
            at_origin: self.at_origin.select(0, index),
        }
    }
}

impl Polar {
    /// Of points of the ball of curvature −1.
    pub(super) fn of_ball(ball: &PoincareBall, x: &Tensor) -> Self {
        Self {
            directions: Directions::new(x),
            radius: ball.dist(&x.zeros_like(), x),
        }
    }
}

/// What two directions say of a distance: |û − v̂|²/4, and what carries gradients at the origin.
pub(super) struct Between {
    chord: Tensor,
    /// To be multiplied by sinh of the candidate's and of the query's radius.
    from_query: Tensor,
    from_candidate: Tensor,
}

impl Between {
    /// `stretch` `[B, 1]`, what the candidates are multiplied by for a query.
    pub(super) fn new(
        pairing: Pairing,
        queries: &Directions,
        candidates: &Directions,
        stretch: Option<&Tensor>,
    ) -> Self {
        let from_candidate = pairing.products(&queries.unit, &candidates.at_origin);
        Self {
            chord: pairing.squared(&queries.unit, &candidates.unit) / 4.0,
            from_query: pairing.products(&queries.at_origin, &candidates.unit),
            from_candidate: match stretch {
                Some(stretch) => from_candidate * stretch,
                None => from_candidate,
            },
        }
    }

    /// Of several queries one after another, in the order that `place` gives.
    pub(super) fn joined(parts: &[Self], place: &Tensor) -> Self {
        let join = |pick: fn(&Self) -> &Tensor| {
            let parts: Vec<&Tensor> = parts.iter().map(pick).collect();
            Tensor::cat(&parts, 0).index_select(0, place)
        };
        Self {
            chord: join(|part| &part.chord),
            from_query: join(|part| &part.from_query),
            from_candidate: join(|part| &part.from_candidate),
        }
    }

    /// D² for radii that broadcast to the pairs.
    pub(super) fn squared_distance(&self, query: &Tensor, candidate: &Tensor) -> Tensor {
        let half_difference = ((query - candidate) / 2.0).sinh();
        let (sinh_query, sinh_candidate) = (query.sinh(), candidate.sinh());
        let linear = &self.from_query * &sinh_candidate + &self.from_candidate * &sinh_query;
        let half_sinh_squared =
            half_difference.square() + sinh_query * sinh_candidate * &self.chord - linear / 2.0;
        let half = special::asinhc(&half_sinh_squared).square() * half_sinh_squared;
        half * 4.0
    }
}
