//! Differentiable magnitude and weights.

use tch::{Kind, Tensor};

use super::config::WeightingConfig;
use super::similarity::distinct::Distinct;
use super::similarity::duplicates::Classes;
use super::similarity::{check_scale, to_vec};
use super::solve::{Solution, Wanted, solve};
use crate::metric::checked_distances;
use crate::numerics::compensated::{rounded, sum};
use crate::numerics::{no_grad, with_gradient_of};
use crate::{Error, Result};

/// The order up to which a result can be differentiated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Derivatives {
    /// First derivatives are exact. Second derivatives are wrong, since they treat the weights as
    /// constant.
    #[default]
    First,
    /// First and second derivatives are exact, at the cost of one more solve forward and one
    /// backward.
    Second,
}

/// The magnitude |tX| as a scalar tensor, with gradients in the distances and in t.
///
/// ```text
/// ∂|tX|/∂d(i, j) = t wᵢ wⱼ e^(−t d(i, j)),   ∂|tX|/∂t = wᵀ(d ∘ Z)w
/// ```
///
/// Autograd records Z(x), with x the distances and t, but not the solve. Since Σ w(x) = 2 Σ v −
/// vᵀZ(x)v + O((v − w(x))²), the derivative of −wᵀZ(x)w with the weights w held constant is that
/// of the magnitude. For second derivatives one recorded step is added, v = w + Z⁻¹(1 − Z(x)w),
/// which changes only the derivatives of v, not its value.
///
/// # Shapes
///
/// `distances`: `[n, n]`, f64 or f32, see [`differentiable_distances`](crate::metric::differentiable_distances); `t`: a scalar tensor `[]`.
/// The result is `[]`, f64.
///
/// # Gradient
///
/// Exact up to rounding times the condition of Z. Points at distance 0 are assumed to stay
/// together, and share the gradient equally.
///
/// # Errors
///
/// Those of [`weighting`](super::weighting), and [`Error::InvalidArgument`] for a t with dimensions.
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{Derivatives, WeightingConfig, differentiable_magnitude};
/// use holonomy::metric::differentiable_distances;
/// use holonomy::Euclidean;
/// use holonomy::tch::Tensor;
///
/// let x = Tensor::from_slice(&[0.0, 1.0]).view([2, 1]).set_requires_grad(true);
/// let d = differentiable_distances(&Euclidean::new(1)?, &x);
/// let t = Tensor::from(1.0);
/// let config = WeightingConfig::default();
/// differentiable_magnitude(&d, &t, Derivatives::First, &config)?.backward();
/// // |X| = 1 + tanh(d/2).
/// assert!((x.grad().double_value(&[1, 0]) - 0.5 / 0.5_f64.cosh().powi(2)).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn differentiable_magnitude(
    distances: &Tensor,
    t: &Tensor,
    derivatives: Derivatives,
    config: &WeightingConfig,
) -> Result<Tensor> {
    const OP: &str = "differentiable_magnitude";
    let Some(linearised) = Linearised::new(OP, distances, t, config)? else {
        return Ok(Tensor::zeros([], (Kind::Double, distances.device())));
    };
    let w = &linearised.solution.weights;
    let value = Tensor::from(rounded(sum(&to_vec(w)))).to_device(w.device());
    let v = match derivatives {
        Derivatives::First => w.shallow_clone(),
        Derivatives::Second => linearised.refined(),
    };
    let squared = v
        .transpose(0, 1)
        .matmul(&linearised.similarities.matmul(&v));
    let plain = v.sum(Kind::Double) * 2.0 - squared.view([]);
    Ok(with_gradient_of(&value, &plain))
}

/// The weights `[n]` with gradients in the distances and in t.
///
/// ```text
/// dw = −Z⁻¹ dZ w
/// ```
///
/// Autograd records the steps w + Z⁻¹(1 − Z(x)w) with Z⁻¹ held constant, one for each order of
/// derivatives. Where the solver is [`Solver::Shifted`](super::Solver::Shifted) or
/// [`Solver::Indefinite`](super::Solver::Indefinite), Z⁻¹ is formed explicitly for this.
///
/// # Shapes
///
/// As for [`differentiable_magnitude`]; the result is f64.
///
/// # Errors
///
/// Those of [`differentiable_magnitude`].
///
/// # Examples
///
/// ```
/// use holonomy::magnitude::{Derivatives, WeightingConfig, differentiable_weights};
/// use holonomy::tch::Tensor;
///
/// let d = Tensor::from_slice(&[0.0, 1.0, 1.0, 0.0]).view([2, 2]);
/// let t = Tensor::from(1.0).set_requires_grad(true);
/// let w = differentiable_weights(&d, &t, Derivatives::First, &WeightingConfig::default())?;
/// w.get(0).backward();
/// // w = 1/(1 + e^−t).
/// assert!((t.grad().double_value(&[]) - 0.25 / 0.5_f64.cosh().powi(2)).abs() < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn differentiable_weights(
    distances: &Tensor,
    t: &Tensor,
    derivatives: Derivatives,
    config: &WeightingConfig,
) -> Result<Tensor> {
    const OP: &str = "differentiable_weights";
    let Some(linearised) = Linearised::new(OP, distances, t, config)? else {
        return Ok(Tensor::zeros([0], (Kind::Double, distances.device())));
    };
    let plain = match derivatives {
        Derivatives::First => linearised.refined(),
        Derivatives::Second => linearised.step_from(&linearised.refined()),
    };
    let weights = with_gradient_of(&linearised.solution.weights, &plain).view(-1);
    Ok(match &linearised.classes {
        Some(classes) => classes.share(&weights),
        None => weights,
    })
}

/// Zw = 1 at the place where it was solved, and the recorded similarities around it.
struct Linearised {
    /// Not recorded.
    solution: Solution,
    /// Z(x), recorded.
    similarities: Tensor,
    classes: Option<Classes>,
}

impl Linearised {
    /// `None` of no points.
    fn new(
        op: &'static str,
        distances: &Tensor,
        t: &Tensor,
        config: &WeightingConfig,
    ) -> Result<Option<Self>> {
        if !t.size().is_empty() {
            let got = format!("{:?}", t.size());
            return Err(Error::invalid(op, "a scale t without dimensions", got));
        }
        let scale = t.double_value(&[]);
        check_scale(op, scale)?;
        let distances = &checked_distances(op, distances)?;
        let distinct = no_grad(|| Distinct::of(op, distances))?;
        let recorded = match &distinct.classes {
            Some(classes) => classes.averaged(distances),
            None => distances.shallow_clone(),
        };
        let solution = no_grad(|| solve(op, &distinct, scale, config, Wanted::Inverse))?;
        let classes = distinct.classes;
        Ok(solution.map(|solution| Self {
            solution,
            similarities: recorded_similarities(&recorded, t),
            classes,
        }))
    }

    /// w + Z⁻¹(1 − Z(x)w)
    fn refined(&self) -> Tensor {
        self.step_from(&self.solution.weights)
    }

    /// v + Z⁻¹(1 − Z(x)v) for v whose value is w.
    ///
    /// There Zv = 1 is known to twice the precision, and what f64 would leave of it is rounding, which Z⁻¹
    /// would magnify: the step changes the derivatives alone.
    fn step_from(&self, v: &Tensor) -> Tensor {
        let image = self.similarities.matmul(v);
        v + self.solution.apply_inverse(&(image.detach() - image))
    }
}

/// e^(−t d), which is 0 for infinite d whatever t does.
fn recorded_similarities(distances: &Tensor, t: &Tensor) -> Tensor {
    let infinite = distances.isinf();
    let finite = distances.to_kind(Kind::Double).masked_fill(&infinite, 0.0);
    let t = t.to_kind(Kind::Double).to_device(distances.device());
    (-(finite * t)).exp().masked_fill(&infinite, 0.0)
}
