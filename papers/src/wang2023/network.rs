//! A small network with one last layer or another, and its training.

use holonomy::Result;
use holonomy::nn::{GrassmannClassifier, GrassmannClassifierConfig, Path, Store};
use holonomy::optim::{AdamConfig, Optimizer, RiemannianAdam, RiemannianSgd, SgdConfig};
use holonomy::random::random_normal;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::nn::Module;
use tch::{Device, Kind, Tensor};

use crate::data::digits::{Images, PIXELS};

const OPTIONS: (Kind, Device) = (Kind::Float, Device::Cpu);
/// Numbers of a feature, and of the layer before.
pub(super) const FEATURES: i64 = 64;
const HIDDEN: i64 = 128;

/// The last layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Head {
    /// A vector and a bias a class.
    Softmax,
    /// A vector a class; logits are cosines times the scale of the others.
    Cosine,
    /// A subspace of this dimension a class.
    Grassmann(i64),
}

impl Head {
    pub(super) fn name(self) -> String {
        match self {
            Self::Softmax => "softmax".into(),
            Self::Cosine => "cosine softmax".into(),
            Self::Grassmann(k) => format!("subspaces, k = {k}"),
        }
    }
}

/// How networks are trained.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Recipe {
    pub(super) epochs: usize,
    pub(super) batch: usize,
    /// Of Adam, for everything but subspaces.
    pub(super) rate: f64,
    /// Of Riemannian gradient descent, for subspaces.
    pub(super) subspace_rate: f64,
    pub(super) momentum: f64,
    /// The length of features, for cosines and subspaces.
    pub(super) scale: f64,
}

/// A linear map: `x wᵀ + b`.
struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    fn new(path: &Path, rng: &mut dyn Rng, (from, to): (i64, i64)) -> Result<Self> {
        // He's scale, for what goes through a ReLU.
        let weight =
            random_normal(rng, &[to, from], OPTIONS.0, OPTIONS.1) * (2.0 / from as f64).sqrt();
        Ok(Self {
            weight: path.variable("weight", &weight)?,
            bias: path.variable("bias", &Tensor::zeros([to], OPTIONS))?,
        })
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        x.matmul(&self.weight.tr()) + &self.bias
    }
}

/// For weights of one optimiser.
fn store() -> Result<Store> {
    Store::new(OPTIONS.1, OPTIONS.0)
}

enum LastLayer {
    Linear(Linear),
    Cosine { weight: Linear, scale: f64 },
    Grassmann(GrassmannClassifier),
}

impl LastLayer {
    fn forward(&self, features: &Tensor) -> Tensor {
        match self {
            Self::Linear(linear) => linear.forward(features),
            Self::Cosine { weight, scale } => {
                unit_rows(features).matmul(&unit_rows(&weight.weight).tr()) * *scale
            }
            Self::Grassmann(classifier) => classifier.forward(features),
        }
    }
}

/// Rows of length 1.
pub(super) fn unit_rows(x: &Tensor) -> Tensor {
    x / x
        .square()
        .sum_dim_intlist(-1, true, x.kind())
        .sqrt()
        .clamp_min(1e-12)
}

/// Pixels → 128 → 64 features → classes.
pub(super) struct Network {
    first: Linear,
    second: Linear,
    last: LastLayer,
}

impl Network {
    /// Trains a network.
    pub(super) fn trained(
        head: Head,
        images: &Images,
        classes: i64,
        recipe: &Recipe,
        seed: u64,
    ) -> Result<Self> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let (flat, curved) = (store()?, store()?);
        let p = flat.root();
        let first = Linear::new(&(&p / "first"), &mut rng, (PIXELS, HIDDEN))?;
        let second = Linear::new(&(&p / "second"), &mut rng, (HIDDEN, FEATURES))?;
        let mut linear = || Linear::new(&(&p / "last"), &mut rng, (FEATURES, classes));
        let last = match head {
            Head::Softmax => LastLayer::Linear(linear()?),
            Head::Cosine => LastLayer::Cosine {
                weight: linear()?,
                scale: recipe.scale,
            },
            Head::Grassmann(k) => {
                let config = GrassmannClassifierConfig {
                    scale: Some(recipe.scale),
                    ..GrassmannClassifierConfig::new(FEATURES, classes, k)
                };
                LastLayer::Grassmann(GrassmannClassifier::new(curved.root(), &config, &mut rng)?)
            }
        };
        let network = Self {
            first,
            second,
            last,
        };
        network.train(images, recipe, &mut rng, &flat, &curved)?;
        Ok(network)
    }

    fn train(
        &self,
        images: &Images,
        recipe: &Recipe,
        rng: &mut Xoshiro256PlusPlus,
        flat: &Store,
        curved: &Store,
    ) -> Result<()> {
        let mut adam = RiemannianAdam::over(flat, AdamConfig::new(recipe.rate))?;
        let momentum = SgdConfig {
            momentum: recipe.momentum,
            ..SgdConfig::new(recipe.subspace_rate)
        };
        let mut descent = if curved.names().is_empty() {
            None
        } else {
            Some(RiemannianSgd::over(curved, momentum)?)
        };
        let mut order: Vec<i64> = (0..images.count()).collect();
        for epoch in 0..recipe.epochs {
            // Half a cosine, from the full rate to 0.
            let turn = std::f64::consts::PI * epoch as f64 / recipe.epochs as f64;
            let part = 0.5 + 0.5 * turn.cos();
            adam.set_learning_rate(recipe.rate * part)?;
            if let Some(descent) = &mut descent {
                descent.set_learning_rate(recipe.subspace_rate * part)?;
            }
            order.shuffle(rng);
            for batch in order.chunks(recipe.batch) {
                let batch = images.at(&Tensor::from_slice(batch));
                let logits = self.last.forward(&self.features(&batch.pixels));
                let loss = logits.cross_entropy_for_logits(&batch.labels);
                descent.iter_mut().for_each(Optimizer::zero_grad);
                adam.backward_step(&loss)?;
                descent.iter_mut().try_for_each(Optimizer::step)?;
            }
        }
        Ok(())
    }

    /// What the last layer sees, `[count, 64]`.
    pub(super) fn features(&self, pixels: &Tensor) -> Tensor {
        self.second.forward(&self.first.forward(pixels).relu())
    }

    /// The part of images whose largest logit is that of their label.
    pub(super) fn accuracy(&self, images: &Images) -> f64 {
        tch::no_grad(|| {
            let logits = self.last.forward(&self.features(&images.pixels));
            accuracy(&logits, &images.labels)
        })
    }
}

/// The part of rows whose largest logit is that of their label.
pub(super) fn accuracy(logits: &Tensor, labels: &Tensor) -> f64 {
    let right = logits.argmax(-1, false).eq_tensor(labels);
    right
        .to_kind(Kind::Double)
        .mean(Kind::Double)
        .double_value(&[])
}

/// A linear classifier on features that stay as they are: the accuracy on other images.
pub(super) fn probe(
    (features, labels): (&Tensor, &Tensor),
    (test_features, test_labels): (&Tensor, &Tensor),
    classes: i64,
) -> Result<f64> {
    /// Enough for the loss to rest.
    const STEPS: usize = 400;
    const RATE: f64 = 0.03;
    const DECAY: f64 = 1e-3;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0);
    let store = store()?;
    let linear = Linear::new(&store.root(), &mut rng, (FEATURES, classes))?;
    let mut adam = RiemannianAdam::over(&store, AdamConfig::new(RATE))?;
    for _ in 0..STEPS {
        let size = linear.weight.square().sum(Kind::Float) * DECAY;
        let loss = linear.forward(features).cross_entropy_for_logits(labels) + size;
        adam.backward_step(&loss)?;
    }
    Ok(tch::no_grad(|| {
        accuracy(&linear.forward(test_features), test_labels)
    }))
}
