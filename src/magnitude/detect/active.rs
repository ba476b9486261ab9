//! Active learning: which points to label next.

use tch::{Kind, Tensor};

use crate::magnitude::config::WeightingConfig;
use crate::magnitude::scale::Scale;
use crate::magnitude::weighting::{check_points, weighting_of_points};
use crate::manifold::Distance;
use crate::metric::{cross_distances, pairwise_distances};
use crate::{Error, Result};

/// The rule by which the next point of a pool is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SelectionRule {
    /// The point that adds most to the magnitude, (1 − zᵀw)²/(1 − zᵀZ⁻¹z).
    Gain,
    /// The point with the largest weight, (1 − zᵀw)/(1 − zᵀZ⁻¹z).
    Weight,
}

/// The settings of an [`ActiveSelector`].
#[derive(Debug, Clone, PartialEq)]
pub struct ActiveConfig {
    /// The scale; [`Scale::Share`] refers to the known points.
    pub scale: Scale,
    /// The rule.
    pub rule: SelectionRule,
}

impl Default for ActiveConfig {
    /// The largest gain at scale 1, which suits standardised features.
    fn default() -> Self {
        Self {
            scale: Scale::Fixed(1.0),
            rule: SelectionRule::Gain,
        }
    }
}

/// Chooses the points of a pool to label next: points far from all labelled ones, by their
/// weights.
///
/// Points are chosen one by one, each with the largest gain or weight given the known points and
/// those chosen before. This is a Cholesky factorisation in which the rule chooses the pivots.
/// Labels are not used. With z_j the similarities of point j to the points chosen so far, known
/// ones included, and Z = LLᵀ their similarities to each other:
///
/// ```text
/// Ly_j = z_j,   Lv = 1,   gain_j = (1 − vᵀy_j)²/(1 − |y_j|²)
/// ```
///
/// # Examples
///
/// ```
/// use holonomy::Euclidean;
/// use holonomy::magnitude::{ActiveConfig, ActiveSelector};
/// use holonomy::tch::Tensor;
///
/// let known = Tensor::from_slice(&[0.0, 1.0]).view([2, 1]);
/// let selector = ActiveSelector::fit(Box::new(Euclidean::new(1)?), &known, &ActiveConfig::default())?;
/// // The farthest first; 8.5 says little beyond it.
/// let pool = Tensor::from_slice(&[0.5, 8.5, 9.0, 4.0]).view([4, 1]);
/// assert_eq!(selector.select(&pool, 2)?, [2, 3]);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// bunch2020, active learning.
#[derive(Debug)]
pub struct ActiveSelector {
    space: Box<dyn Distance>,
    known: Tensor,
    rule: SelectionRule,
    t: f64,
}

const OP: &str = "ActiveSelector";

/// A part of the magnitude that is rounding.
const ADDS_NOTHING: f64 = 1e-13;

impl ActiveSelector {
    /// A selector that starts from the points with known labels, `[n, point..]`. With a fixed
    /// scale there may be none.
    ///
    /// # Errors
    ///
    /// Those of [`Scale::of`]; [`Error::NotOnManifold`] for a row
    /// that is not a point.
    pub fn fit(
        space: impl Into<Box<dyn Distance>>,
        known: &Tensor,
        config: &ActiveConfig,
    ) -> Result<Self> {
        let space = space.into();
        check_points(OP, space.as_ref(), known)?;
        let known = known.detach().to_kind(Kind::Double);
        let distances = pairwise_distances(space.as_ref(), &known);
        let t = config.scale.of(&distances, &WeightingConfig::default())?;
        Ok(Self {
            space,
            known,
            rule: config.rule,
            t,
        })
    }

    /// The scale t.
    pub fn scale(&self) -> f64 {
        self.t
    }

    /// The gain or weight of each point of a pool, added alone to the known ones, `[m]`, f64; 0
    /// for points that coincide with known ones.
    ///
    /// # Errors
    ///
    /// [`Error::NotOnManifold`] for a row that is not a point;
    /// [`Error::InvalidArgument`] where the similarities have negative eigenvalues.
    pub fn decision(&self, pool: &Tensor) -> Result<Tensor> {
        let state = self.started(pool)?;
        Ok(state
            .values(self.rule)
            .masked_fill(&state.open().logical_not(), 0.0))
    }

    /// The indices of `count` points of the pool, in the order in which they were chosen.
    ///
    /// For a pool of m points this takes (known + count)² · (known + m) operations and (known +
    /// count) · (known + m) numbers of memory.
    ///
    /// # Errors
    ///
    /// As [`decision`](Self::decision), and [`Error::InvalidArgument`] where the pool has fewer than `count` points that differ from each
    /// other and from the known ones.
    pub fn select(&self, pool: &Tensor, count: usize) -> Result<Vec<i64>> {
        let mut state = self.started(pool)?;
        let mut chosen = Vec::with_capacity(count);
        while chosen.len() < count {
            let open = state.open();
            if open.any().int64_value(&[]) == 0 {
                let expected = format!("a pool of {count} points that differ");
                return Err(Error::invalid(OP, expected, chosen.len()));
            }
            let values = state.values(self.rule);
            let best = values.masked_fill(&open.logical_not(), f64::NEG_INFINITY);
            let best = best.argmax(0, false).int64_value(&[]);
            state.absorb(self, state.known + best)?;
            chosen.push(best);
        }
        Ok(chosen)
    }

    /// The magnitude that the chosen points add, as a share of what the whole pool would add. It
    /// is 1 where the whole pool adds nothing.
    ///
    /// # Errors
    ///
    /// Those of [`weighting_of_points`], and [`Error::InvalidArgument`] for indices that are not
    /// in the pool.
    pub fn score(&self, pool: &Tensor, chosen: &[i64]) -> Result<f64> {
        check_points(OP, self.space.as_ref(), pool)?;
        let size = pool.size()[0];
        if let Some(place) = chosen.iter().find(|&&place| place < 0 || place >= size) {
            return Err(Error::invalid(OP, format!("places below {size}"), place));
        }
        let pool = pool
            .detach()
            .to_device(self.known.device())
            .to_kind(Kind::Double);
        let config = WeightingConfig::default();
        let with = |added: &Tensor| -> Result<f64> {
            let all = Tensor::cat(&[&self.known, added], 0);
            Ok(weighting_of_points(self.space.as_ref(), &all, self.t, &config)?.magnitude)
        };
        let before = with(&pool.narrow(0, 0, 0))?;
        let places = Tensor::from_slice(chosen).to_device(pool.device());
        let all = with(&pool)? - before;
        let roundings = (before + size as f64) * ADDS_NOTHING;
        if all <= roundings {
            return Ok(1.0);
        }
        Ok((with(&pool.index_select(0, &places))? - before) / all)
    }

    /// With all known points absorbed.
    fn started(&self, pool: &Tensor) -> Result<State> {
        check_points(OP, self.space.as_ref(), pool)?;
        let pool = pool
            .detach()
            .to_device(self.known.device())
            .to_kind(Kind::Double);
        let points = Tensor::cat(&[&self.known, &pool], 0);
        let options = (Kind::Double, points.device());
        let size = points.size()[0];
        let mut state = State {
            known: self.known.size()[0],
            rows: Tensor::zeros([0, size], options),
            unseen: Tensor::ones([size], options),
            apart: Tensor::ones([size], options),
            points,
            pivots: 0,
        };
        for place in 0..state.known {
            state.absorb(self, place)?;
        }
        Ok(state)
    }
}

/// What the points absorbed so far leave of the known ones and the pool, in this order.
struct State {
    points: Tensor,
    known: i64,
    /// y of each point in its column; the rows after `pivots` are room.
    rows: Tensor,
    pivots: i64,
    /// 1 − zᵀw
    unseen: Tensor,
    /// 1 − zᵀZ⁻¹z
    apart: Tensor,
}

impl State {
    /// A pivot that is rounding.
    fn roundings(&self) -> f64 {
        (self.pivots + 1) as f64 * f64::EPSILON
    }

    /// Which points of the pool are apart from all that were absorbed.
    fn open(&self) -> Tensor {
        let pool = self.points.size()[0] - self.known;
        self.apart.narrow(0, self.known, pool).gt(self.roundings())
    }

    /// Of the points of the pool.
    fn values(&self, rule: SelectionRule) -> Tensor {
        let pool = self.points.size()[0] - self.known;
        let unseen = self.unseen.narrow(0, self.known, pool);
        let apart = self.apart.narrow(0, self.known, pool);
        match rule {
            SelectionRule::Gain => unseen.square() / apart,
            SelectionRule::Weight => unseen / apart,
        }
    }

    /// Takes a point as the next pivot, unless it is one of those before.
    fn absorb(&mut self, selector: &ActiveSelector, place: i64) -> Result<()> {
        let pivot = self.apart.double_value(&[place]);
        if pivot < -self.roundings() {
            let got = format!("a pivot of {pivot:.1e}");
            return Err(Error::invalid(OP, "positive definite similarities", got));
        }
        if pivot <= self.roundings() {
            return Ok(());
        }
        let point = self.points.narrow(0, place, 1);
        let distances = cross_distances(selector.space.as_ref(), &point, &self.points);
        let before = self.rows.narrow(0, 0, self.pivots);
        let own = before.narrow(1, place, 1).transpose(0, 1);
        let height = pivot.sqrt();
        let row = ((distances * -selector.t).exp() - own.matmul(&before)) / height;
        let seen = self.unseen.double_value(&[place]) / height;
        let row_of_point = row.view(-1);
        self.unseen = &self.unseen - &row_of_point * seen;
        self.apart = &self.apart - row_of_point.square();
        if self.pivots == self.rows.size()[0] {
            let room = Tensor::zeros_like(&self.rows.narrow(0, 0, self.pivots));
            self.rows = Tensor::cat(&[&self.rows, &room, &row.zeros_like()], 0);
        }
        self.rows.narrow(0, self.pivots, 1).copy_(&row);
        self.pivots += 1;
        Ok(())
    }
}
