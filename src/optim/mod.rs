//! Optimisers for parameters that live on a manifold.
//!
//! A [`ManifoldParameter`] is a leaf tensor with its manifold. An optimiser owns its parameters,
//! turns each Euclidean gradient into a Riemannian one and moves the point along a tangent vector:
//! [`RiemannianSgd`], [`RiemannianAdam`], [`RiemannianAdagrad`]. All three are an [`Optimizer`]
//! with another [`UpdateRule`], so groups, sparse gradients, clipping, schedules, and saving work
//! alike, and a rule of your own gets them too.
//!
//! | need | look at |
//! | --- | --- |
//! | update by retraction and vector transport | [`ManifoldParameter::new`] |
//! | update by `exp` and parallel transport | [`ManifoldParameter::geodesic`] |
//! | another learning rate for some parameters | [`Optimizer::add_group`] |
//! | gradients of a few rows of an embedding table | [`Gradient::Rows`] |
//! | a changing learning rate | [`Schedule`], [`Optimizer::apply_schedule`] |
//! | bounded gradients | [`Optimizer::clip_grad_norm`], [`clip_grad_norm`] |
//! | no steps to NaN | [`Optimizer::step`], [`Optimizer::set_check_finite`] |
//! | to stop and go on | [`Optimizer::state`], [`Optimizer::load_state`] |
//!
//! # Examples
//!
//! ```
//! use holonomy::Euclidean;
//! use holonomy::optim::{AdamConfig, ManifoldParameter, RiemannianAdam};
//! use holonomy::tch::{Kind, Tensor};
//!
//! let target = Tensor::from_slice(&[1.0, -2.0]);
//! let start = ManifoldParameter::new(Box::new(Euclidean::new(2)?), &target.zeros_like())?;
//! let point = start.tensor().shallow_clone();
//! let mut optimizer = RiemannianAdam::new(vec![start], AdamConfig::new(0.1))?;
//! for _ in 0..300 {
//!     optimizer.zero_grad();
//!     (&point - &target).square().sum(Kind::Double).backward();
//!     optimizer.step()?;
//! }
//! assert!((point - target).abs().max().double_value(&[]) < 1e-3);
//! # Ok::<(), holonomy::Error>(())
//! ```

mod adagrad;
mod adam;
mod clip;
mod finite;
mod gradient;
mod optimizer;
mod parameter;
mod rule;
mod schedule;
mod sgd;
mod state;

pub use adagrad::{AdagradConfig, RiemannianAdagrad};
pub use adam::{AdamConfig, RiemannianAdam};
pub use clip::clip_grad_norm;
pub(crate) use finite::told_by;
pub use gradient::Gradient;
pub use optimizer::{Optimizer, ParameterGroup};
pub use parameter::ManifoldParameter;
pub use rule::{Buffer, BufferShape, Motion, Step, Update, UpdateRule};
pub use schedule::Schedule;
pub use sgd::{RiemannianSgd, SgdConfig};
