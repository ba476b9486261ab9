//! Classes as subspaces.

use std::borrow::Borrow;

use rand::Rng;
use tch::Tensor;
use tch::nn::Module;

use super::Path;
use crate::manifold::Sample;
use crate::numerics::{norm_last, safe_sqrt};
use crate::{Error, Grassmann, Result};

/// The settings of a [`GrassmannClassifier`].
#[derive(Debug, Clone, PartialEq)]
pub struct GrassmannClassifierConfig {
    /// The length n of a feature vector.
    pub features: i64,
    /// The number of classes, ≥ 2.
    pub classes: i64,
    /// The dimension k of each subspace, 1 ≤ k < n.
    pub subspace_dim: i64,
    /// The norm to which features are scaled, so that logits lie between 0 and this value. `None`
    /// leaves features as they are.
    pub scale: Option<f64>,
}

impl GrassmannClassifierConfig {
    /// Settings with features scaled to norm 25.
    pub fn new(features: i64, classes: i64, subspace_dim: i64) -> Self {
        Self {
            features,
            classes,
            subspace_dim,
            scale: Some(25.0),
        }
    }
}

/// An output layer in which each class is a k-dimensional subspace instead of a vector.
///
/// ```text
/// logitᵢ = |Sᵢᵀ x|,  Sᵢ ∈ Gr(n, k)
/// ```
///
/// A logit is the norm of the projection of the feature x, scaled as configured, on the subspace.
/// Logits go into a softmax as usual (`cross_entropy_for_logits`). The subspaces are trained by a
/// optimiser of the [`Store`](super::Store), with the other weights. With k = 1 a class is a line.
///
/// # Shapes
///
/// Features `[.., n]`, logits `[.., classes]`, weights `[classes, n, k]`.
///
/// # Gradient
///
/// With respect to features and subspaces; 0 where the projection vanishes.
///
/// # Examples
///
/// ```
/// use holonomy::nn::{GrassmannClassifier, GrassmannClassifierConfig, Store};
/// use holonomy::optim::{RiemannianSgd, SgdConfig};
/// use holonomy::tch::{Device, Kind, Tensor, nn::Module};
///
/// let mut rng = holonomy::random::generator(1);
/// let store = Store::new(Device::Cpu, Kind::Double)?;
/// let config = GrassmannClassifierConfig::new(3, 2, 1);
/// let classifier = GrassmannClassifier::new(&store.root() / "classes", &config, &mut rng)?;
/// let mut optimizer = RiemannianSgd::over(&store, SgdConfig::new(0.1))?;
///
/// let x = Tensor::from_slice2(&[[1.0, 0.1, 0.0], [0.0, 0.1, 1.0]]);
/// let labels = Tensor::from_slice(&[0_i64, 1]);
/// for _ in 0..50 {
///     optimizer.backward_step(&classifier.forward(&x).cross_entropy_for_logits(&labels))?;
/// }
/// assert!(classifier.forward(&x).argmax(-1, false).equal(&labels));
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// wang2023, equation 2.
#[derive(Debug)]
pub struct GrassmannClassifier {
    config: GrassmannClassifierConfig,
    subspaces: Tensor,
}

impl GrassmannClassifier {
    /// A classifier with uniformly distributed random subspaces, the variable `subspaces`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless 1 ≤ k < n, for fewer than two classes, a scale that is
    /// not finite and above 0, or a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        config: &GrassmannClassifierConfig,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        const OP: &str = "GrassmannClassifier::new";
        if config.classes < 2 {
            return Err(Error::invalid(OP, "at least two classes", config.classes));
        }
        if let Some(scale) = config.scale.filter(|s| !(s.is_finite() && *s > 0.0)) {
            return Err(Error::invalid(OP, "a finite scale above 0", scale));
        }
        let manifold = Grassmann::new(config.features, config.subspace_dim)?;
        let path = path.borrow();
        let options = (path.kind(), path.device());
        let start = manifold.random_point(rng, &[config.classes], options);
        Ok(Self {
            config: config.clone(),
            subspaces: path.point("subspaces", &manifold, &start)?,
        })
    }

    /// The settings.
    pub fn config(&self) -> &GrassmannClassifierConfig {
        &self.config
    }

    /// Orthonormal bases of the class subspaces, `[classes, n, k]`: the variable.
    pub fn subspaces(&self) -> &Tensor {
        &self.subspaces
    }
}

impl Module for GrassmannClassifier {
    /// The logits `[.., classes]` of features `[.., n]`.
    ///
    /// # Panics
    ///
    /// When the last dimension is not n, or the kind is not that of the weights.
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let GrassmannClassifierConfig {
            features,
            classes,
            subspace_dim,
            scale,
        } = self.config;
        crate::numerics::check_points("GrassmannClassifier::forward", features, &[x, x]);
        assert!(
            x.kind() == self.subspaces.kind(),
            "GrassmannClassifier::forward: expected features of kind {:?}, got {:?}",
            self.subspaces.kind(),
            x.kind()
        );
        // All bases side by side: one product for all classes.
        let bases = self.subspaces.permute([1, 0, 2]);
        let bases = bases.reshape([features, classes * subspace_dim]);
        let batch = &x.size()[..x.dim() - 1];
        let projected = x.matmul(&bases);
        let projected = projected.view([batch, &[classes, subspace_dim]].concat().as_slice());
        let lengths = norm_last(&projected);
        match scale {
            None => lengths,
            Some(scale) => {
                let size = safe_sqrt(&x.square().sum_dim_intlist(-1, true, x.kind()));
                // A feature of length 0 keeps logits of 0.
                let empty = size.eq(0.0);
                let size = size.where_self(&empty.logical_not(), &size.ones_like());
                lengths * scale / size
            }
        }
    }
}
