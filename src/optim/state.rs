//! Saving and resuming an optimiser.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::finite::{first_bad_row, not_finite};
use super::optimizer::{Optimizer, ParameterGroup, Slot};
use super::rule::{Motion, UpdateRule, require};
use crate::checkpoint::Checkpoint;
use crate::{Error, Result};

/// The key of the settings in a saved optimiser.
const KEY: &str = "optimizer";

const OP: &str = "Optimizer::load_state";

/// All of an optimiser that is not a tensor.
#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "R: DeserializeOwned"))]
struct Saved<R> {
    name: String,
    groups: Vec<SavedGroup<R>>,
}

#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "R: DeserializeOwned"))]
struct SavedGroup<R> {
    config: R,
    learning_rate: f64,
    parameters: Vec<SavedParameter>,
}

#[derive(Serialize, Deserialize)]
struct SavedParameter {
    steps: i64,
    exact: bool,
    #[serde(default)]
    name: Option<String>,
}

/// Only the name, to tell a file of another optimiser before its settings are read.
#[derive(Deserialize)]
struct SavedName {
    name: String,
}

impl<R: UpdateRule> Optimizer<R> {
    /// The state from which the optimiser can resume: points, buffers, step counts, settings and
    /// learning rates. Tensors are copied. Gradients are not included.
    ///
    /// The tensors are named `0.point`, `0.momentum`, …, where the number counts the parameters of
    /// all groups.
    ///
    /// # Errors
    ///
    /// None: the result is always `Ok` for the kinds that parameters can have.
    pub fn state(&self) -> Result<Checkpoint> {
        let mut state = Checkpoint::new();
        let mut index = 0;
        let mut groups = Vec::new();
        for group in self.groups() {
            let mut parameters = Vec::new();
            for slot in &group.slots {
                for (name, tensor) in slot.named_tensors(index, &group.config) {
                    state.insert(&name, &tensor)?;
                }
                parameters.push(SavedParameter {
                    steps: slot.steps,
                    exact: slot.is_exact(),
                    name: slot.parameter.name().map(str::to_owned),
                });
                index += 1;
            }
            groups.push(SavedGroup {
                config: group.config.clone(),
                learning_rate: group.learning_rate,
                parameters,
            });
        }
        let name = R::NAME.to_owned();
        state.set(KEY, &Saved { name, groups })?;
        Ok(state)
    }

    /// Restores a saved [`state`](Self::state): writes the points into the parameters' memory and
    /// restores buffers, step counts, settings and learning rates. With one thread, the following
    /// steps are bit for bit the same as without the interruption.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the state is that of another kind of optimiser, if its
    /// groups, parameters, names, shapes or kinds differ from those of this one, if an entry is missing,
    /// or if a setting is out of range; [`Error::NotOnManifold`] if a saved point is not on its
    /// parameter's manifold; [`Error::ParameterNotFinite`] if a saved buffer is not finite. The
    /// optimiser is then unchanged.
    pub fn load_state(&mut self, state: &Checkpoint) -> Result<()> {
        let name = state.get::<SavedName>(KEY)?.name;
        expect(R::NAME, &name, "the state of")?;
        let saved = state.get::<Saved<R>>(KEY)?;
        expect(&self.groups().len(), &saved.groups.len(), "groups:")?;
        let mut index = 0;
        let mut restored = Vec::new();
        for (group, saved) in self.groups().iter().zip(&saved.groups) {
            restored.push(group.restore(saved, state, &mut index)?);
        }
        for ((group, saved), tensors) in
            self.groups_mut().iter_mut().zip(saved.groups).zip(restored)
        {
            group.adopt(saved, tensors);
        }
        Ok(())
    }
}

/// The point and the buffers of one parameter, read and checked.
struct Restored {
    point: Tensor,
    buffers: Vec<Tensor>,
}

impl<R: UpdateRule> ParameterGroup<R> {
    /// Reads and checks all that [`adopt`](Self::adopt) takes over.
    fn restore(
        &self,
        saved: &SavedGroup<R>,
        state: &Checkpoint,
        index: &mut usize,
    ) -> Result<Vec<Restored>> {
        saved.config.validate()?;
        require(
            OP,
            "learning_rate",
            saved.learning_rate,
            "≥ 0",
            saved.learning_rate >= 0.0,
        )?;
        let count = saved.parameters.len();
        expect(&self.slots.len(), &count, "parameters in a group:")?;
        let mut restored = Vec::new();
        for (slot, saved_parameter) in self.slots.iter().zip(&saved.parameters) {
            let what = format!("parameter {index} to move by geodesics:");
            expect(&slot.is_exact(), &saved_parameter.exact, &what)?;
            if let (Some(here), Some(there)) = (slot.parameter.name(), &saved_parameter.name) {
                expect(here, there.as_str(), &format!("parameter {index} named"))?;
            }
            if saved_parameter.steps < 0 {
                return Err(Error::invalid(OP, "steps ≥ 0", saved_parameter.steps));
            }
            let steps = saved_parameter.steps;
            restored.push(slot.restore((*index, steps), &saved.config, state)?);
            *index += 1;
        }
        Ok(restored)
    }

    fn adopt(&mut self, saved: SavedGroup<R>, restored: Vec<Restored>) {
        self.config = saved.config;
        self.learning_rate = saved.learning_rate;
        let saved = saved.parameters.iter().zip(restored);
        for (slot, (parameter, tensors)) in self.slots.iter_mut().zip(saved) {
            slot.steps = parameter.steps;
            slot.buffers = tensors.buffers;
            slot.parameter.write(None, &tensors.point);
        }
    }
}

impl Slot {
    fn is_exact(&self) -> bool {
        matches!(self.parameter.motion(), Motion::Exact(_))
    }

    fn named_tensors<R: UpdateRule>(&self, index: usize, config: &R) -> Vec<(String, Tensor)> {
        let layout = config.buffers();
        let point = self.parameter.tensor().shallow_clone();
        let point = (format!("{index}.point"), point);
        let buffers = layout.iter().zip(self.buffers_like_points());
        let buffers = buffers.map(|(buffer, tensor)| (format!("{index}.{}", buffer.name), tensor));
        std::iter::once(point).chain(buffers).collect()
    }

    fn restore<R: UpdateRule>(
        &self,
        (index, steps): (usize, i64),
        config: &R,
        state: &Checkpoint,
    ) -> Result<Restored> {
        let fresh = self.fresh_buffers(&config.buffers());
        let like = self.parameter.tensor();
        let point = read_like(state, &format!("{index}.point"), like)?;
        let found = self.parameter.manifold().check_point(&point);
        found.map_err(|error| error.told_by(OP))?;
        let mut buffers = Vec::new();
        for (buffer, like) in config.buffers().iter().zip(&fresh) {
            let name = format!("{index}.{}", buffer.name);
            let saved = read_like(state, &name, like)?;
            if let Some(row) = first_bad_row(&self.parameter, None, &saved) {
                let bad = (buffer.name, row);
                return Err(not_finite(OP, bad, (index, &self.parameter), Some(steps)));
            }
            buffers.push(saved);
        }
        Ok(Restored { point, buffers })
    }
}

/// A copy of a saved tensor on the device of `like`, once its kind and shape are found equal.
fn read_like(state: &Checkpoint, name: &str, like: &Tensor) -> Result<Tensor> {
    let tensor = state.tensor(name)?;
    let describe = |t: &Tensor| format!("{:?} {:?}", t.kind(), t.size());
    expect(&describe(like), &describe(tensor), &format!("{name:?}:"))?;
    Ok(tensor.to_device_(like.device(), like.kind(), false, true))
}

fn expect<T: PartialEq + std::fmt::Display + ?Sized>(
    wanted: &T,
    found: &T,
    what: &str,
) -> Result<()> {
    if wanted == found {
        return Ok(());
    }
    Err(Error::invalid(OP, format!("{what} {wanted}"), found))
}
