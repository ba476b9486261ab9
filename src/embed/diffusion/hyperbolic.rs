//! The embedding in a product of half-spaces, and its distance.

use tch::{Kind, Tensor};

use super::operator::DiffusionOperator;
use crate::manifolds::{Lorentz, Product};
use crate::numerics::row_distances;
use crate::{Error, Result};

/// The largest scales · α: the square of the largest height is below 2^(2 · this).
const MOST_OCTAVES: f64 = 500.0;

/// The settings of a [`HyperbolicDiffusion`].
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DiffusionConfig {
    /// The number of diffusion times 1, 1/2, 1/4, …, from 1 to 1,000. More scales resolve finer
    /// differences and give the coarse ones less weight.
    pub scales: u32,
    /// α > 0, the growth of the heights 2^(kα−2): small distances of scale k get the weight
    /// 2^(−kα). The theory asks for 0 < α < 1/2 on trees; the paper's experiments use 1/2.
    pub alpha: f64,
}

impl DiffusionConfig {
    /// This many scales, with α = 1/2.
    pub fn new(scales: u32) -> Self {
        Self { scales, alpha: 0.5 }
    }
}

/// An embedding in a product of hyperbolic half-spaces: each point is represented by the densities
/// of the random walk that starts there, at the dyadic times 2^(−k).
///
/// ```text
/// ψ_i^k = √(P^(2^−k)(i, ·))                      for k = 0, …, scales − 1
/// x_i^k = (ψ_i^k, 2^(kα−2)) ∈ H^(n+1)            half-space model, curvature −1
/// d(i, j) = Σ_k d_H(x_i^k, x_j^k) = Σ_k 2 asinh(2^(1−kα) |ψ_i^k − ψ_j^k|)
/// ```
///
/// The distance is the sum of the factors' distances (ℓ1), not the Riemannian distance of the
/// product. It is bounded, since |ψ_i − ψ_j|, √2 times the Hellinger distance of the two
/// densities, is at most √2. So it does not resolve pairs that are far apart.
///
/// # Negative densities
///
/// A fractional power of a transition matrix can have negative entries. They are replaced by 0
/// here; [`negative_mass`](Self::negative_mass) is the mass that this removes.
///
/// # Memory and time
///
/// The operator and three more matrices `[n, n]`; 2n³ multiplications for each scale. The
/// coordinates of [`points`](Self::points) take `scales` · n² numbers; distances do not need them.
///
/// # Accuracy
///
/// A density has an absolute error of about 1e-16, hence its square root an error of 1e-8 where it
/// is near 0. The computed distance of coinciding points is therefore not exactly 0, but up to
/// about 1e-7 √n.
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
    /// The embedding of the points of a diffusion operator.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for 0 scales or more than 1,000, for an α that is not positive
    /// and finite, and where scales · α is above 500, since squared heights then overflow.
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

    /// The square roots of the densities of scale k, `[n, n]`: row i is ψ_i^k.
    ///
    /// # Panics
    ///
    /// For a scale that is not below the number of scales.
    #[track_caller]
    pub fn root_densities(&self, scale: u32) -> Tensor {
        self.assert_has(scale);
        self.operator.power(time(scale)).clamp_min(0.0).sqrt()
    }

    /// The largest sum of a row's negative entries, which are replaced by 0, over all scales; ≥ 0.
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

    /// The distances from all points to weighted centres. At each scale a centre is the weighted
    /// mean of the ψ_i^k, at the height of the scale.
    ///
    /// The points of one scale lie on a horosphere, which is flat; the mean is the Euclidean mean
    /// in it.
    ///
    /// # Shapes
    ///
    /// `weights` `[m, n]` → `[n, m]`. Each row of weights should add up to 1, which is not
    /// checked: otherwise the centre is the mean multiplied by that sum.
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

    /// The points in half-space coordinates, `[n, scales, n + 1]`: at scale k the square root of
    /// the density, followed by the height.
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

    /// The space of [`points`](Self::points): one hyperboloid H^(n+1) of curvature −1 for each
    /// scale.
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
