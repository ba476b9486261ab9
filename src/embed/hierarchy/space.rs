//! What a [`Trainer`](crate::embed::Trainer) trains in.

use tch::{Device, Kind, Tensor};

use super::config::TrainConfig;
use super::tensor::Held;
use crate::embed::model::Model;
use crate::embed::model::table::{rows_of, tensor_of};
use crate::numerics::no_grad;
use crate::{Error, Geodesic, Result};

/// A space that a [`Trainer`](crate::embed::Trainer) trains in: a [`Model`], by its name and dimension in the
/// settings, or any manifold with geodesics.
pub trait TrainingSpace: sealed::Space {}

impl TrainingSpace for Model {}
impl TrainingSpace for Box<dyn Geodesic> {}

pub(super) mod sealed {
    use super::{Held, Result, Tensor, TrainConfig};

    /// How points are checked, and the manifold that they are on.
    pub trait Space {
        /// The points, each checked, as f64 on the CPU.
        fn checked(&self, op: &'static str, points: &Tensor) -> Result<Tensor>;

        /// The points, which rounding to f32 has moved off the space, on it again.
        fn settled(&self, points: Tensor) -> Tensor;

        /// What says in a checkpoint which space it is, beside the settings.
        fn description(&self) -> Option<String>;

        /// The manifold; that of a model has the dimension of the settings.
        #[allow(private_interfaces, reason = "nobody outside can call a sealed trait")]
        fn manifold(&self, config: &TrainConfig) -> Result<Held<'_>>;
    }
}

impl sealed::Space for Model {
    fn checked(&self, op: &'static str, points: &Tensor) -> Result<Tensor> {
        let rows = rows_of(op, *self, points)?;
        Ok(tensor_of(&rows, points.size()[1] as usize))
    }

    /// As they are: rows of models may be off as far as in f32.
    fn settled(&self, points: Tensor) -> Tensor {
        points
    }

    fn description(&self) -> Option<String> {
        None
    }

    #[allow(private_interfaces, reason = "nobody outside can call a sealed trait")]
    fn manifold(&self, config: &TrainConfig) -> Result<Held<'_>> {
        Ok(Held::Made(Model::manifold(*self, config.dim)?))
    }
}

impl sealed::Space for Box<dyn Geodesic> {
    fn checked(&self, op: &'static str, points: &Tensor) -> Result<Tensor> {
        crate::numerics::require_defined(op, &[points])?;
        let shape = self.point_shape();
        let size = points.size();
        if size.len() != shape.len() + 1 || size[1..] != shape {
            let expected = format!("points of shape [nodes, {shape:?}]");
            return Err(Error::invalid(op, expected, format!("{size:?}")));
        }
        let points = points.detach();
        self.check_point(&points)?;
        Ok(points.to_device(Device::Cpu).to_kind(Kind::Double).copy())
    }

    fn settled(&self, points: Tensor) -> Tensor {
        no_grad(|| self.project(&points))
    }

    fn description(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    #[allow(private_interfaces, reason = "nobody outside can call a sealed trait")]
    fn manifold(&self, _: &TrainConfig) -> Result<Held<'_>> {
        Ok(Held::Given(self.as_ref()))
    }
}
