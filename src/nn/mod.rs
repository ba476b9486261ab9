//! Layers between curved spaces, and the store of their weights.
//!
//! A [`Store`] keeps all variables of a model: flat weights, points of manifolds and curvatures. One
//! optimiser trains them ([`Optimizer::over`](crate::optim::Optimizer::over)), one file keeps them
//! ([`Store::save`]). Layers are modules of [`tch::nn`], and work in both models of hyperbolic space
//! ([`HyperbolicModel`]) where they are defined in both. A [`Chain`] refuses layers that do not fit when
//! it is built.
//!
//! | item | what |
//! | --- | --- |
//! | [`Store`], [`Path`] | variables by name |
//! | [`chain`], [`Layer`], [`Coordinates`], [`Checked`] | layers one after another, and checks |
//! | [`Linear`], [`SpectralLinear`], [`DimensionScaling`], [`Elementwise`], [`Clip`], [`Flat`] | flat numbers; modules of tch |
//! | [`Lift`], [`Lower`] | flat numbers to points, and back |
//! | [`PoincareLinear`], [`MobiusLinear`], [`LorentzLinear`], [`HyboNetLinear`] | points to points |
//! | [`TangentActivation`], [`LorentzActivation`] | functions of each coordinate |
//! | [`Convolution`], [`Pooling`] | grids of points: sequences, images, volumes |
//! | [`MultiHeadAttention`] | attention by distances, by products or in linear time |
//! | [`Embedding`], [`PositionalEncoding`] | points of words and of places in a sequence |
//! | [`BatchNorm`], [`LayerNorm`], [`Dropout`], [`LorentzDropout`], [`residual`] | normalisation, dropout, sums of points |
//! | [`GraphAggregation`], [`Adjacency`], [`Neighbours`] | means over the neighbours in a graph |
//! | [`EdgeConvolution`] | what a point sees of its nearest neighbours |
//! | [`rescale`], [`recharge_at_origin`] | changes of curvature |
//! | [`beta_concatenate`], [`beta_split`], [`lorentz_concatenate`], [`lorentz_split`] | several points as one |
//! | [`Hyperplanes`] | logits of classes: distances to hyperplanes |
//! | [`FermiDiracDecoder`] | probabilities of links |
//! | [`Svdd`] | distances to the middle of one class |
//! | [`KnowledgeModel`], [`KnowledgeTrainer`], [`rank`] | embeddings of knowledge graphs: MuRP, RotH, RefH, AttH and their Euclidean twins |
//! | [`GrassmannClassifier`] | each class is a subspace, its logit the norm of the projection on it |
//!
//! # Examples
//!
//! A classifier whose last layers are hyperbolic:
//!
//! ```
//! use holonomy::optim::{AdamConfig, RiemannianAdam};
//! use holonomy::tch::{Device, Kind, Tensor, nn::ModuleT};
//! use holonomy::{PoincareBall, nn, random};
//!
//! let mut rng = random::generator(1);
//! let store = nn::Store::new(Device::Cpu, Kind::Float)?;
//! let p = store.root();
//! let ball = PoincareBall::new(8, p.curvature("curvature", -1.0)?)?;
//! let net = nn::chain()
//!     .then(nn::Linear::new(&p / "in", 2, 8, &mut rng)?)?
//!     .then(nn::Clip::new(1.0)?)?
//!     .then(nn::Lift::new(&ball))?
//!     .then(nn::PoincareLinear::new(&p / "l1", &ball, &ball, Default::default(), &mut rng)?)?
//!     .then(nn::Hyperplanes::new(&p / "head", &ball, 2, nn::Logits::Ganea, &mut rng)?)?;
//! let mut optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.03))?;
//!
//! // Whether a point of the plane lies in a ring.
//! let x = random::random_normal(&mut rng, &[200, 2], Kind::Float, Device::Cpu);
//! let labels = x.square().sum_dim_intlist(-1, false, Kind::Float).gt(1.4).to_kind(Kind::Int64);
//! for _ in 0..150 {
//!     let loss = net.forward_t(&x, true).cross_entropy_for_logits(&labels);
//!     optimizer.backward_step(&loss)?;
//! }
//! assert!(net.forward_t(&x, false).accuracy_for_logits(&labels).double_value(&[]) > 0.9);
//! # Ok::<(), holonomy::Error>(())
//! ```

mod activation;
mod attention;
mod batch_norm;
mod chain;
mod checked;
mod concatenation;
mod convolution;
mod coordinates;
mod dropout;
mod edge_convolution;
mod embedding;
mod fermi_dirac_decoder;
mod frechet;
mod graph_aggregation;
mod grassmann_classifier;
mod hybonet_linear;
mod hyperplanes;
mod knowledge;
mod layer_norm;
mod lift;
mod linear;
mod linear_model;
mod lorentz_linear;
mod means;
mod mobius_linear;
mod model;
mod poincare_linear;
mod pooling;
mod residual;
mod spectral_norm;
mod store;
mod svdd;
mod windows;

pub use activation::{LorentzActivation, TangentActivation, recharge_at_origin, rescale};
pub use attention::{AttentionConfig, AttentionForm, MultiHeadAttention};
pub use batch_norm::{BatchCenter, BatchNorm, BatchNormConfig};
pub use chain::{Chain, Layer, chain};
pub use checked::Checked;
pub use concatenation::{beta_concatenate, beta_split, lorentz_concatenate, lorentz_split};
pub use convolution::{Convolution, ConvolutionConfig};
pub use coordinates::Coordinates;
pub use dropout::{Dropout, LorentzDropout};
pub use edge_convolution::{EdgeConvolution, EdgeConvolutionConfig, EdgeReduction};
pub use embedding::{Embedding, PositionalEncoding};
pub use fermi_dirac_decoder::FermiDiracDecoder;
pub use graph_aggregation::{Adjacency, GraphAggregation, Neighbours};
pub use grassmann_classifier::{GrassmannClassifier, GrassmannClassifierConfig};
pub use hybonet_linear::HyboNetLinear;
pub use hyperplanes::{Hyperplanes, Logits};
pub use knowledge::{
    KnowledgeConfig, KnowledgeMethod, KnowledgeModel, KnowledgeObjective, KnowledgeTrainer,
    KnowledgeTraining, RankingReport, RankingScore, rank, rank_by,
};
pub use layer_norm::LayerNorm;
pub use lift::{Clip, Lift, Lower};
pub use linear::{Elementwise, Flat, Linear};
pub use linear_model::LinearModel;
pub use lorentz_linear::LorentzLinear;
pub use mobius_linear::MobiusLinear;
pub use model::{HyperbolicModel, SpatialLinear};
pub use poincare_linear::{LinearStart, PoincareLinear, PoincareLinearConfig};
pub use pooling::{Pooling, PoolingForm};
pub use residual::residual;
pub use spectral_norm::{DimensionScaling, SpectralLinear};
pub use store::{Path, Store};
pub use svdd::Svdd;
