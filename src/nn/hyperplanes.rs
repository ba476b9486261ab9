//! The head of a hyperbolic classifier: logits are distances to hyperplanes.

use std::borrow::Borrow;

use rand::Rng;
use tch::nn::Module;
use tch::{Kind, Tensor};

use super::{Coordinates, HyperbolicModel, Layer, Path};
use crate::numerics::{dot_keep, norm_last, over_norm, special, sum_keep};
use crate::random::random_normal;
use crate::{Error, Result};

/// How a hyperplane is given, and by what its distance is multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logits {
    /// A point p of the space, trained on it, and a normal a′ ∈ ℝⁿ at the origin, which is transported to
    /// p: the logit is 2|a′|·h (ganea2018, equation 25, where a = 2a′/λ_p).
    Ganea,
    /// A normal z ∈ ℝⁿ and r ∈ ℝ; the offset is 2r, the logit 2|z|·h (shimizu2021).
    Shimizu,
    /// A normal z ∈ ℝⁿ and a ∈ ℝ; the offset is a, the logit |z|·h (bdeir2024): half of Shimizu's of
    /// r = a/2.
    Bdeir,
}

/// Hyperbolic multinomial logistic regression: the logit of a class is a multiple of the signed distance h
/// to its hyperplane.
///
/// ```text
/// sinh(√c h) = cosh a ⟨ẑ, √c w⟩ − sinh a √(1 + c|w|²),  a = √c offset
/// ```
///
/// where w is the spatial part of the point on the hyperboloid. Ganea's, Shimizu's and Bdeir's logits are
/// this one, see [`Logits`]. Only Ganea's needs a Riemannian optimiser, for its points.
///
/// # Shapes
///
/// Points `[.., coordinates]` → logits `[.., classes]`. The variables are `normals` `[classes, n]` and
/// `offsets` `[classes]`, or `points` `[classes, coordinates]`.
///
/// # Initialisation
///
/// Normals with independent entries of variance 1/(cn), offsets 0, points at the origin: the code of
/// shimizu2021.
///
/// # Accuracy
///
/// That of [`PoincareBall::hyperplane_distances`](crate::PoincareBall::hyperplane_distances): f32 points
/// are computed in f64 and rounded once. Published formulas lose all digits in f32 at radius 6 and offset
/// 4.
///
/// # Gradient
///
/// 0 in a normal that is 0; start with another. First derivatives only.
#[derive(Debug)]
pub struct Hyperplanes<M> {
    space: M,
    logits: Logits,
    normals: Tensor,
    /// Offsets, or points.
    places: Tensor,
}

impl<M: HyperbolicModel> Hyperplanes<M> {
    /// A head over a space.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for fewer than one class, or a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        space: &M,
        classes: i64,
        logits: Logits,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        if classes < 1 {
            return Err(Error::invalid("Hyperplanes::new", "classes ≥ 1", classes));
        }
        let path = path.borrow();
        let n = space.dim();
        let options = (Kind::Double, path.device());
        let deviation = (-space.kappa().value() * n as f64).sqrt().recip();
        let normals = random_normal(rng, &[classes, n], options.0, options.1) * deviation;
        let places = if logits == Logits::Ganea {
            let origins = space.exp_at_origin(&Tensor::zeros([classes, n], options));
            path.point("points", space, &origins)?
        } else {
            path.variable("offsets", &Tensor::zeros([classes], options))?
        };
        Ok(Self {
            space: space.clone(),
            logits,
            normals: path.variable("normals", &normals)?,
            places,
        })
    }

    /// The normals `[classes, n]` and offsets `[classes]` of the hyperplanes, as
    /// [`PoincareBall::hyperplane_distances`](crate::PoincareBall::hyperplane_distances) takes them.
    pub fn hyperplanes(&self) -> (Tensor, Tensor) {
        match self.logits {
            Logits::Bdeir => (self.normals.shallow_clone(), self.places.shallow_clone()),
            Logits::Shimizu => (self.normals.shallow_clone(), &self.places * 2.0),
            Logits::Ganea => {
                let (normals, offsets) = self.at_points();
                let kind = self.normals.kind();
                (normals.to_kind(kind), offsets.to_kind(kind))
            }
        }
    }

    /// Hyperplanes through points: with the spatial part s of p and u = â′ transported along,
    ///
    /// ```text
    /// sinh a = √c⟨s, û⟩,  cosh a e = û + c⟨s, û⟩ s/(1 + √(1 + c|s|²))
    /// ```
    ///
    /// in f64.
    fn at_points(&self) -> (Tensor, Tensor) {
        let points = if self.space.has_learnable_curvature() {
            self.space.project(&self.places)
        } else {
            self.places.shallow_clone()
        };
        let s = self.space.spatial(&points.to_kind(Kind::Double));
        let c = -self.space.kappa().tensor();
        let normals = self.normals.to_kind(Kind::Double);
        let length = norm_last(&normals).unsqueeze(-1);
        let unit = over_norm(&normals, &length);
        let along = dot_keep(&s, &unit);
        let time = (sum_keep(&s.square()) * &c + 1.0).sqrt();
        let directions = unit + &along * &c * s / (time + 1.0);
        let offsets = special::asinh(&(along * c.sqrt())) / c.sqrt();
        (directions, offsets.squeeze_dim(-1))
    }
}

impl<M: HyperbolicModel> Module for Hyperplanes<M> {
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let normals = self.normals.to_kind(Kind::Double);
        let places = || self.places.to_kind(Kind::Double);
        let ((directions, offsets), factor) = match self.logits {
            Logits::Bdeir => ((normals.shallow_clone(), places()), 1.0),
            Logits::Shimizu => ((normals.shallow_clone(), places() * 2.0), 2.0),
            Logits::Ganea => (self.at_points(), 2.0),
        };
        let exact = x.to_kind(Kind::Double);
        let distances = self
            .space
            .hyperplane_distances(&exact, &directions, &offsets);
        (distances * norm_last(&normals) * factor).to_kind(x.kind())
    }
}

impl<M: HyperbolicModel> Layer for Hyperplanes<M> {
    fn takes(&self) -> Coordinates {
        self.space.coordinates()
    }

    fn gives(&self) -> Coordinates {
        Coordinates::flat(self.normals.size()[0])
    }
}
