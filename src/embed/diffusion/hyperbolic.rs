//! The embedding in a product of half-spaces, and its distance.

use tch::{Kind, Tensor};

use super::affinity::row_distances;
use super::operator::DiffusionOperator;
use crate::manifolds::{Lorentz, Product};
use crate::{Error, Result};

/// The largest scales · α: the square of the largest height is below 2^(2 · this).
const MOST_OCTAVES: f64 = 500.0;

/// What decides a [`HyperbolicDiffusion`] beside the operator.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DiffusionConfig {
    /// How many times 1, 1/2, 1/4, … there are; at least 1. More bring out finer differences and weigh the coarse ones
    /// less.
    pub scales: u32,
    /// How fast the heights of the half-spaces grow: the distances of scale k weigh 2^(−kα) while they are small.
    /// The theory asks for 0 < α < 1/2 on trees; experiments use 1/2.
    pub alpha: f64,
}

impl DiffusionConfig {
    /// This many scales, with α = 1/2.
    pub fn new(scales: u32) -> Self {
        Self { scales, alpha: 0.5 }
    }
}

/// Points as the densities of walks that start there, at dyadic times, in a product of half-spaces.
///
/// ```text
/// ψ_i^k = √(P^(2^−k)(i, ·))                      for k = 0, …, scales − 1
/// x_i^k = (ψ_i^k, 2^(kα−2)) ∈ H^(n+1)            half-space model, curvature −1
/// d(i, j) = Σ_k d_H(x_i^k, x_j^k) = Σ_k 2 asinh(2^(1−kα) |ψ_i^k − ψ_j^k|)
/// ```
///
/// The distance is the sum of the factors' distances (ℓ1), not the Riemannian distance of the product.
/// |ψ_i − ψ_j| is √2 times the Hellinger distance of the two densities, at most √2, so d is bounded: far pairs saturate.
///
/// # Negative densities
///
/// A root of a random walk can have negative entries; they count as 0 here, and
/// [`negative_mass`](Self::negative_mass) says how much that changes.
///
/// # Memory and time
///
/// The operator and three more matrices `[n, n]`; n³ multiplications twice a scale. The coordinates of
/// [`points`](Self::points) take `scales` times n² numbers; nothing else needs them.
///
/// # Accuracy
///
/// A density is known to about 1e-16, its root to 1e-8 where it is near 0: distances of coinciding points
/// come out below about 1e-7 √n, not 0.
///
/// All results are f64, on the device of the operator.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{DiffusionConfig, DiffusionOperator, HyperbolicDiffusion};
/// use holonomy::tch::Tensor;
///
/// // Points 0 and 1 are near to each other, 2 is farther away.
/// let affinity = Tensor::from_slice2(&[[1.0, 0.8, 0.1], [0.8, 1.0, 0.1], [0.1, 0.1, 1.0]]);
/// let operator = DiffusionOperator::from_affinity(&affinity)?;
/// let d = HyperbolicDiffusion::new(operator, DiffusionConfig::new(3))?.distances();
/// assert!(d.double_value(&[0, 1]) < d.double_value(&[0, 2]));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// lin2023, sections 3 and 4.
#[derive(Debug)]
pub struct HyperbolicDiffusion {
    operator: DiffusionOperator,
    config: DiffusionConfig,
}

impl HyperbolicDiffusion {
    /// The embedding that an operator gives.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] without scales, with more than 1,000 of them, for an α that is not positive and finite, or
    /// where scales · α is above 500, for then squared heights are not finite.
    pub fn new(operator: DiffusionOperator, config: DiffusionConfig) -> Result<Self> {
        const OP: &str = "HyperbolicDiffusion::new";
        if !(1..=1000).contains(&config.scales) {
            return Err(Error::invalid(OP, "1 to 1,000 scales", config.scales));
        }
        if !(config.alpha > 0.0 && config.alpha.is_finite()) {
            let expected = "a positive, finite α";
            return Err(Error::invalid(OP, expected, config.alpha));
        }
        if f64::from(config.scales) * config.alpha > MOST_OCTAVES {
            let expected = format!("scales · α up to {MOST_OCTAVES}");
            let got = format!("{} · {}", config.scales, config.alpha);
            return Err(Error::invalid(OP, expected, got));
        }
        Ok(Self { operator, config })
    }

    /// The operator.
    pub fn operator(&self) -> &DiffusionOperator {
        &self.operator
    }

    /// The scales and α.
    pub fn config(&self) -> DiffusionConfig {
        self.config
    }

    /// The roots of the densities of one scale, `[n, n]`: row i is ψ_i^k.
    ///
    /// # Panics
    ///
    /// For a scale that is not below the number of scales.
    #[track_caller]
    pub fn root_densities(&self, scale: u32) -> Tensor {
        self.assert_has(scale);
        self.operator.power(time(scale)).clamp_min(0.0).sqrt()
    }

    /// The largest part of a row's density that is negative and taken for 0, over all scales.
    pub fn negative_mass(&self) -> f64 {
        let of_scale = |scale| {
            let negative = self.operator.power(time(scale)).clamp_max(0.0);
            let mass = -negative.sum_dim_intlist(-1, false, Kind::Double);
            mass.max().double_value(&[])
        };
        (0..self.config.scales).map(of_scale).fold(0.0, f64::max)
    }

    /// The height of a scale's points in their half-space, 2^(kα−2).
    ///
    /// # Panics
    ///
    /// For a scale that is not below the number of scales.
    #[track_caller]
    pub fn height(&self, scale: u32) -> f64 {
        self.assert_has(scale);
        (f64::from(scale) * self.config.alpha - 2.0).exp2()
    }

    /// The distances of all pairs, `[n, n]`, symmetric.
    pub fn distances(&self) -> Tensor {
        self.sum_over_scales(|roots| (roots.shallow_clone(), roots.shallow_clone()))
    }

    /// The distances of all pairs in the half-space of one scale, `[n, n]`.
    ///
    /// # Panics
    ///
    /// For a scale that is not below the number of scales.
    #[track_caller]
    pub fn distances_at(&self, scale: u32) -> Tensor {
        let roots = self.root_densities(scale);
        self.between(scale, &roots, &roots)
    }

    /// The distances from all points to weighted centres, each the mean of its members at every scale's height.
    ///
    /// Points of one scale lie on a horosphere, which is flat; the mean is that of its geometry.
    ///
    /// # Shapes
    ///
    /// `weights` `[m, n]` → `[n, m]`. Rows of weights should add up to 1, which is not checked: with others the centre
    /// is their multiple of the mean.
    ///
    /// # Panics
    ///
    /// For another shape of the weights.
    #[track_caller]
    pub fn distances_to_centers(&self, weights: &Tensor) -> Tensor {
        let size = weights.size();
        assert!(
            size.len() == 2 && size[1] == self.operator.len(),
            "distances_to_centers: expected weights [m, {}], got {size:?}",
            self.operator.len()
        );
        let weights = weights.detach().to_kind(Kind::Double);
        self.sum_over_scales(|roots| (roots.shallow_clone(), weights.matmul(roots)))
    }

    /// The points in their half-spaces, `[n, scales, n + 1]`: at scale k the root of the density and, last, the height.
    pub fn half_spaces(&self) -> Tensor {
        let n = self.operator.len();
        let of_scale = |scale| {
            let roots = self.root_densities(scale);
            let heights = Tensor::full([n, 1], self.height(scale), (roots.kind(), roots.device()));
            Tensor::cat(&[roots, heights], -1)
        };
        let parts: Vec<Tensor> = (0..self.config.scales).map(of_scale).collect();
        Tensor::stack(&parts, 1)
    }

    /// The space of [`points`](Self::points): one hyperboloid H^(n+1) of curvature −1 a scale.
    ///
    /// # Errors
    ///
    /// None in practice; those of [`Lorentz::new`].
    pub fn space(&self) -> Result<Product<Lorentz>> {
        let factors: Result<Vec<_>> = (0..self.config.scales)
            .map(|_| Ok(Box::new(self.factor()?)))
            .collect();
        Product::of(factors?)
    }

    /// The points on [`space`](Self::space), `[n, scales · (n + 2)]`.
    ///
    /// # Errors
    ///
    /// As [`space`](Self::space).
    pub fn points(&self) -> Result<Tensor> {
        let on_hyperboloids = self.factor()?.from_half_space(&self.half_spaces());
        Ok(on_hyperboloids.flatten(1, -1))
    }

    #[track_caller]
    fn assert_has(&self, scale: u32) {
        let scales = self.config.scales;
        assert!(
            scale < scales,
            "expected a scale below {scales}, got {scale}"
        );
    }

    fn factor(&self) -> Result<Lorentz> {
        Lorentz::new(self.operator.len() + 1, -1.0)
    }

    fn between(&self, scale: u32, x: &Tensor, y: &Tensor) -> Tensor {
        // Both at one height h: 2 asinh(|δ| / 2h).
        let half_inverse = 0.5 / self.height(scale);
        (row_distances(x, y) * half_inverse).asinh() * 2.0
    }

    /// Σ_k of the distances between the rows of what `rows` makes of the roots of scale k.
    fn sum_over_scales(&self, rows: impl Fn(&Tensor) -> (Tensor, Tensor)) -> Tensor {
        let of_scale = |scale| {
            let (x, y) = rows(&self.root_densities(scale));
            self.between(scale, &x, &y)
        };
        let first = of_scale(0);
        (1..self.config.scales).fold(first, |sum, scale| sum + of_scale(scale))
    }
}

fn time(scale: u32) -> f64 {
    (-f64::from(scale)).exp2()
}
