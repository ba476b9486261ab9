//! Weights and gains of new points, and the contributions of the points of the space.

use tch::{Kind, Tensor};

use super::config::WeightingConfig;
use super::similarity::check_scale;
use super::similarity::distinct::Distinct;
use super::similarity::duplicates::Classes;
use super::solve::{Solution, Wanted, solve};
use super::weighting::Weighting;
use crate::metric::checked_distances;
use crate::numerics::no_grad;
use crate::{Error, Result};

const OP: &str = "WeightedSpace";

/// Numbers that the images of new points may take at a time.
const TILE: i64 = 1 << 22;

/// A metric space with its weighting vector and factored similarities. For further points it gives
/// the weight, the gain of magnitude and the potential.
///
/// With z = e^(−t d(x, ·)) for a point x outside the space X, and w the weights of X:
///
/// ```text
/// potential  zᵀw
/// weight     w_x = (1 − zᵀw)/(1 − zᵀZ⁻¹z),   the weight of x in X ∪ {x}
/// gain       |X ∪ {x}| − |X| = (1 − zᵀw)²/(1 − zᵀZ⁻¹z)
/// ```
///
/// The potential is 1 at all points of X and falls to 0 far from them. Where it is above 1, x lies
/// in a gap of X. For the points of X themselves, [`losses`](Self::losses) and
/// [`unseen`](Self::unseen) are the corresponding quantities with respect to X without the point.
///
/// [`IncrementalMagnitude`](super::IncrementalMagnitude) adds and removes points; this type
/// evaluates many points at once.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{WeightedSpace, WeightingConfig};
/// use holonomy::tch::Tensor;
///
/// // Two points of a line at distance 2, and one halfway: |tX| is 1 + Σ tanh(t d/2) over the gaps.
/// let pair = Tensor::from_slice(&[0.0, 2.0, 2.0, 0.0]).view([2, 2]);
/// let space = WeightedSpace::new(&pair, 1.0, &WeightingConfig::default())?;
/// let halfway = space.meet(&Tensor::from_slice(&[1.0, 1.0]).view([1, 2]))?;
/// let gain = 2.0 * 0.5_f64.tanh() - 1.0_f64.tanh();
/// assert!((halfway.gains.double_value(&[0]) - gain).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// leinster2013 (the magnitude of a union); bunch2020 (weights of new points).
#[derive(Debug)]
pub struct WeightedSpace {
    weighting: Weighting,
    /// `None` of no points.
    solution: Option<Solution>,
    /// `None` where all points differ.
    classes: Option<Classes>,
}

/// The result of [`WeightedSpace::meet`] for m new points, each added alone: `[m]`, f64.
#[derive(Debug)]
pub struct NewPoints {
    /// zᵀw.
    pub potential: Tensor,
    /// The weights that the points would have.
    pub weights: Tensor,
    /// The magnitudes that the points would add.
    pub gains: Tensor,
}

impl WeightedSpace {
    /// The space with the distances `[n, n]`, at the scale t.
    ///
    /// # Errors
    ///
    /// Those of [`weighting`](super::weighting).
    pub fn new(distances: &Tensor, t: f64, config: &WeightingConfig) -> Result<Self> {
        check_scale(OP, t)?;
        let distances = &checked_distances(OP, distances)?;
        no_grad(|| {
            let distinct = Distinct::of(OP, distances)?;
            let solution = solve(OP, &distinct, t, config, Wanted::Inverse)?;
            Ok(Self {
                weighting: Weighting::of(t, solution.as_ref(), &distinct),
                solution,
                classes: distinct.classes,
            })
        })
    }

    /// The weights of the points, and how they were found.
    pub fn weighting(&self) -> &Weighting {
        &self.weighting
    }

    /// How many points there are.
    pub fn len(&self) -> i64 {
        self.weighting.weights.size()[0]
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The magnitude that each point adds to the others, |X| − |X∖x| = w_x²/(Z⁻¹)_xx, `[n]`; 0
    /// where another point is at distance 0.
    ///
    /// [`moments`](super::moments) differ for points at distance 0, which they count as one. This
    /// takes the inverse of Z: n³ operations and a further matrix.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] where Z is singular up to rounding, so that the weights are not
    /// unique.
    pub fn losses(&self) -> Result<Tensor> {
        self.of_each(|weights, inverse| weights.square() / inverse)
    }

    /// One minus the potential of the other points at each point, 1 − zᵀw_{X∖x} = w_x/(Z⁻¹)_xx,
    /// `[n]`; 0 where another point is at distance 0, and 1 for a point far from all others.
    ///
    /// Takes the inverse of Z: n³ operations and a further matrix.
    ///
    /// # Errors
    ///
    /// As [`losses`](Self::losses).
    pub fn unseen(&self) -> Result<Tensor> {
        self.of_each(|weights, inverse| weights / inverse)
    }

    /// A quantity of the points that differ, from weights and (Z⁻¹)_xx; 0 for all others.
    fn of_each(&self, quantity: impl Fn(&Tensor, &Tensor) -> Tensor) -> Result<Tensor> {
        let Some(solution) = &self.solution else {
            return Ok(self.weighting.weights.zeros_like());
        };
        let Weighting { rank, distinct, .. } = self.weighting;
        if rank < distinct {
            let got = format!("rank {rank} of {distinct}");
            return Err(Error::invalid(OP, "similarities of full rank", got));
        }
        let weights = solution.weights.view(-1);
        let n = weights.size()[0];
        let eye = Tensor::eye(n, (Kind::Double, weights.device()));
        let inverse = no_grad(|| solution.apply_inverse(&eye));
        let inverse = inverse.diagonal(0, 0, 1);
        let found = quantity(&weights, &inverse);
        Ok(match &self.classes {
            Some(classes) => classes.only_of_single(&found),
            None => found,
        })
    }

    /// Potentials, weights and gains of new points at these distances, each added alone.
    ///
    /// # Shapes
    ///
    /// `distances`: `[m, n]`, from each new point to the points of the space.
    ///
    /// # Accuracy
    ///
    /// The error is some roundings times the condition of Z. Since differences of numbers near 1
    /// are taken, weights and gains lose digits at scales at which all points are similar, t d ≪
    /// 1; the weights of the fitted points do not.
    ///
    /// A new point at distance 0 from a point of the space has gain 0 and potential 1, and shares
    /// that point's weight equally. A new point so near that 1 − zᵀZ⁻¹z and 1 − zᵀw are both
    /// rounding errors is treated as the nearest point. Where only 1 − zᵀZ⁻¹z vanishes, the space
    /// with the new point has no weighting: its weight and gain are infinite or huge.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another shape or kind, and distances that are NaN or negative; they may be
    /// infinite.
    pub fn meet(&self, distances: &Tensor) -> Result<NewPoints> {
        crate::numerics::require_defined(OP, &[distances])?;
        let (m, n) = (distances.size().first().copied().unwrap_or(0), self.len());
        let floating = matches!(distances.kind(), Kind::Double | Kind::Float);
        if distances.size() != [m, n] || !floating {
            let got = format!("{:?} of {:?}", distances.size(), distances.kind());
            return Err(Error::invalid(OP, format!("distances [m, {n}]"), got));
        }
        let lengths = distances.ge(0.0).all().int64_value(&[]) == 1;
        if !lengths {
            let got = "one that is NaN or negative";
            return Err(Error::invalid(OP, "distances ≥ 0", got));
        }
        let distances = distances
            .detach()
            .to_device(self.weighting.weights.device());
        Ok(no_grad(|| self.meet_checked(&distances)))
    }

    fn meet_checked(&self, distances: &Tensor) -> NewPoints {
        let m = distances.size()[0];
        let options = (Kind::Double, distances.device());
        let Some(solution) = self.solution.as_ref().filter(|_| m > 0) else {
            return NewPoints {
                potential: Tensor::zeros([m], options),
                weights: Tensor::ones([m], options),
                gains: Tensor::ones([m], options),
            };
        };
        let tile = (TILE / self.len()).max(1);
        let parts: Vec<NewPoints> = (0..m)
            .step_by(tile as usize)
            .map(|first| {
                let rows = distances.narrow(0, first, tile.min(m - first));
                self.meet_tile(solution, &rows.to_kind(Kind::Double))
            })
            .collect();
        let join = |of: fn(&NewPoints) -> &Tensor| {
            Tensor::cat(&parts.iter().map(of).collect::<Vec<_>>(), 0)
        };
        NewPoints {
            potential: join(|part| &part.potential),
            weights: join(|part| &part.weights),
            gains: join(|part| &part.gains),
        }
    }

    fn meet_tile(&self, solution: &Solution, distances: &Tensor) -> NewPoints {
        let distinct = match &self.classes {
            Some(classes) => classes.columns(distances),
            None => distances.shallow_clone(),
        };
        let z = (&distinct * -self.weighting.scale).exp();
        let image = solution.apply_inverse(&z.transpose(0, 1)).transpose(0, 1);
        let products = &z * image;
        let sum = |x: &Tensor| x.sum_dim_intlist(1, false, Kind::Double);
        let apart: Tensor = 1.0 - sum(&products);
        let potential = z.matmul(&solution.weights).view(-1);
        let unseen: Tensor = 1.0 - &potential;
        let roundings = (sum(&products.abs()) + 1.0) * (self.len() + 1) as f64 * f64::EPSILON;
        let (nearest, place) = distinct.min_dim(1, false);
        let there = nearest.eq(0.0);
        // 1 − zᵀw is of the size of the root of 1 − zᵀZ⁻¹z at most, unless the space with the new point is at a pole.
        let unseen_too = unseen
            .square()
            .le_tensor(&(&roundings * (self.len() + 1) as f64));
        let near = apart.abs().le_tensor(&roundings).logical_and(&unseen_too);
        let same = there.logical_or(&near);
        let shared = self.shared_weights(solution).index_select(0, &place);
        NewPoints {
            potential: potential.masked_fill(&there, 1.0),
            weights: shared.where_self(&same, &(&unseen / &apart)),
            gains: (unseen.square() / apart).masked_fill(&same, 0.0),
        }
    }

    /// What each of the different points would have left if another came to it.
    fn shared_weights(&self, solution: &Solution) -> Tensor {
        let weights = solution.weights.view(-1);
        match &self.classes {
            Some(classes) => weights / (classes.counts() + 1.0),
            None => weights / 2.0,
        }
    }
}
