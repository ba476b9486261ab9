//! Optimisers for parameters that live on a manifold.
//!
//! A [`ManifoldParameter`] is a leaf tensor together with its manifold. An optimiser owns its
//! parameters, converts each Euclidean gradient to a Riemannian one, and moves the point along a
//! tangent vector. [`RiemannianSgd`], [`RiemannianAdam`] and [`RiemannianAdagrad`] are an
//! [`Optimizer`] with different [`UpdateRule`]s. So groups, sparse gradients, clipping, schedules
//! and saved states work in the same way for all of them, and for a rule of your own.
//!
//! | task | see |
//! | --- | --- |
//! | updates by retraction and vector transport | [`ManifoldParameter::new`] |
//! | updates by `exp` and parallel transport | [`ManifoldParameter::geodesic`] |
//! | a different learning rate for some parameters | [`Optimizer::add_group`] |
//! | gradients of a few rows of an embedding table | [`Gradient::Rows`] |
//! | a changing learning rate | [`Schedule`], [`Optimizer::apply_schedule`] |
//! | gradient clipping | [`Optimizer::clip_grad_norm`], [`clip_grad_norm`] |
//! | refusing steps to NaN | [`Optimizer::step`], [`Optimizer::set_check_finite`] |
//! | saving and resuming | [`Optimizer::state`], [`Optimizer::load_state`] |
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
pub(crate) mod solve;
mod state;

pub use adagrad::{AdagradConfig, RiemannianAdagrad};
pub use adam::{AdamConfig, RiemannianAdam};
pub use clip::clip_grad_norm;
pub(crate) use finite::during;
pub use gradient::Gradient;
pub(crate) use optimizer::Source;
pub use optimizer::{Optimizer, ParameterGroup};
pub use parameter::ManifoldParameter;
pub use rule::{Buffer, BufferShape, Motion, Step, Update, UpdateRule};
pub use schedule::Schedule;
pub use sgd::{RiemannianSgd, SgdConfig};
