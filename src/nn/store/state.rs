//! Saving and loading the variables of a store.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::{Role, Store, check_names, locked};
use crate::checkpoint::Checkpoint;
use crate::numerics::no_grad;
use crate::{Error, Manifold, Result};

/// The key of what is not a tensor.
const KEY: &str = "store";

/// The version of the layout that this code writes, and the only one that it reads.
const VERSION: u32 = 1;

const OP: &str = "Store::load";

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    /// What each variable is.
    spaces: BTreeMap<String, Space>,
}

/// What a variable is: a manifold by the names of its types, the shape of its points and its curvatures at that time; or
/// one of the words below.
#[derive(Debug, Serialize, Deserialize)]
struct Space {
    name: String,
    #[serde(default)]
    shape: Vec<i64>,
    #[serde(default)]
    curvatures: Vec<f64>,
}

const CURVATURE: &str = "curvature";
const WEIGHT: &str = "weight";
const BUFFER: &str = "buffer";

impl Space {
    fn word(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            shape: Vec::new(),
            curvatures: Vec::new(),
        }
    }

    fn of(manifold: &dyn Manifold) -> Self {
        // The names of types, without what fields hold.
        let text = format!("{manifold:?}");
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        let is_name =
            |word: &&str| word.starts_with(char::is_uppercase) && !["None", "Some"].contains(word);
        let names: Vec<&str> = words.filter(is_name).collect();
        Self {
            name: names.join(" "),
            shape: manifold.point_shape(),
            curvatures: manifold.curvatures(),
        }
    }

    /// Equal but for the last digits of a learned curvature, which another machine may compute otherwise.
    fn is_alike(&self, other: &Self) -> bool {
        let is_near = |(a, b): (&f64, &f64)| a == b || (a - b).abs() <= 1e-12 * a.abs();
        self.name == other.name
            && self.shape == other.shape
            && self.curvatures.len() == other.curvatures.len()
            && self.curvatures.iter().zip(&other.curvatures).all(is_near)
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if !self.shape.is_empty() {
            write!(f, " with points {:?}", self.shape)?;
        }
        if !self.curvatures.is_empty() {
            write!(f, " of κ = {:?}", self.curvatures)?;
        }
        Ok(())
    }
}

impl Store {
    /// All variables, and what each of them is: the space of points with its curvature. Tensors are
    /// copied.
    ///
    /// The state of an [`Optimizer`](crate::optim::Optimizer) is its own, see
    /// [`Optimizer::state`](crate::optim::Optimizer::state). To go on exactly where a training was
    /// interrupted, keep both and restore the store first. With one thread the following steps are
    /// then bit for bit the same.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when two layers were given one path.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::checkpoint::Checkpoint;
    /// use holonomy::optim::{AdamConfig, RiemannianAdam};
    /// use holonomy::tch::{Device, Kind, Tensor};
    /// use holonomy::{PoincareBall, nn};
    ///
    /// let store = nn::Store::new(Device::Cpu, Kind::Double)?;
    /// let ball = PoincareBall::new(2, -1.0)?;
    /// store.root().point("p", &ball, &Tensor::from_slice(&[0.1, 0.2]))?;
    /// let mut optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.1))?;
    ///
    /// let mut all = Checkpoint::new();
    /// all.insert_part("model", store.state()?);
    /// all.insert_part("optimizer", optimizer.state()?);
    /// // all.save("run.safetensors")? … Checkpoint::load("run.safetensors")?
    /// store.load_state(&all.part("model"))?;
    /// optimizer.load_state(&all.part("optimizer"))?;
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn state(&self) -> Result<Checkpoint> {
        check_names("Store::state", &self.variables)?;
        let mut state = Checkpoint::new();
        for (name, tensor) in self.variables.variables() {
            state.insert(&name, &tensor)?;
        }
        let version = VERSION;
        let spaces = self.spaces();
        state.set(KEY, &Saved { version, spaces })?;
        Ok(state)
    }

    /// Saves the [`state`](Self::state) as a safetensors file, replacing an old one atomically.
    ///
    /// # Errors
    ///
    /// Those of [`state`](Self::state); [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.state()?.save(path)
    }

    /// Loads what [`save`](Self::save) has written, as [`load_state`](Self::load_state) does.
    ///
    /// # Errors
    ///
    /// Those of [`load_state`](Self::load_state); [`Error::Io`] if the file cannot be read;
    /// [`Error::Data`] if it is damaged or from another program.
    pub fn load(&self, path: impl AsRef<Path>) -> Result<()> {
        self.load_state(&Checkpoint::load(path)?)
    }

    /// Writes a saved [`state`](Self::state) into the variables, which layers and optimisers share.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if there are other names, or a variable has another shape, kind or
    /// space; [`Error::NotFinite`] for a number that is not finite; [`Error::NotOnManifold`] for a
    /// point that is not on its manifold, whose curvature may be part of the state. The store is then
    /// unchanged.
    pub fn load_state(&self, state: &Checkpoint) -> Result<()> {
        check_names(OP, &self.variables)?;
        let saved: Saved = state.get(KEY)?;
        if saved.version != VERSION {
            let expected = format!("version {VERSION} of the layout");
            return Err(Error::invalid(OP, expected, saved.version));
        }
        let variables: BTreeMap<String, Tensor> = self.variables.variables().into_iter().collect();
        let names = |names: Vec<&String>| format!("variables {names:?}");
        if !saved.spaces.keys().eq(variables.keys()) {
            let only = |of: Vec<&String>, other: &dyn Fn(&str) -> bool| {
                names(of.into_iter().filter(|name| !other(name)).collect())
            };
            let here = only(variables.keys().collect(), &|name| {
                saved.spaces.contains_key(name)
            });
            let there = only(saved.spaces.keys().collect(), &|name| {
                variables.contains_key(name)
            });
            let got = format!("{there} and not {here}");
            return Err(Error::invalid(OP, "the variables of the store", got));
        }
        let mut values = Vec::new();
        for (name, variable) in &variables {
            values.push((
                name,
                variable.shallow_clone(),
                value_for(name, variable, state)?,
            ));
        }
        let before: Vec<Tensor> = values
            .iter()
            .map(|(_, old, _)| old.detach().copy())
            .collect();
        let write = |value: &Tensor, variable: &Tensor| {
            no_grad(|| variable.shallow_clone().copy_(value));
        };
        for (_, variable, value) in &values {
            write(value, variable);
        }
        // Spaces, and whether points are on them, depend on curvatures.
        let found = self.check_loaded(&saved.spaces);
        if found.is_err() {
            for ((_, variable, _), value) in values.iter().zip(&before) {
                write(value, variable);
            }
        }
        found
    }

    fn check_loaded(&self, saved: &BTreeMap<String, Space>) -> Result<()> {
        for ((name, here), there) in self.spaces().iter().zip(saved.values()) {
            if !here.is_alike(there) {
                let expected = format!("{name:?} to be {here}");
                return Err(Error::invalid(OP, expected, there));
            }
        }
        let variables = self.variables.variables();
        for (name, role) in locked(&self.roles).iter() {
            if let Role::Point { motion, .. } = role {
                let found = motion().manifold().check_point(&variables[name]);
                found.map_err(|error| error.told_by(OP))?;
            }
        }
        Ok(())
    }

    /// What each variable is.
    fn spaces(&self) -> BTreeMap<String, Space> {
        let roles = locked(&self.roles);
        let trainable = self.trainable_with(&roles);
        let what = |name: &str| match roles.get(name) {
            Some(Role::Point { motion, .. }) => Space::of(motion().manifold()),
            Some(Role::Curvature { .. }) => Space::word(CURVATURE),
            None if trainable.contains_key(name) => Space::word(WEIGHT),
            None => Space::word(BUFFER),
        };
        let names = self.names().into_iter();
        names.map(|name| (name.clone(), what(&name))).collect()
    }
}

/// The saved value of a variable, once its kind and shape are found equal.
fn value_for(name: &str, variable: &Tensor, state: &Checkpoint) -> Result<Tensor> {
    let value = state.tensor(name)?;
    let describe = |t: &Tensor| format!("{name:?} of kind {:?} and shape {:?}", t.kind(), t.size());
    if (value.kind(), value.size()) != (variable.kind(), variable.size()) {
        return Err(Error::invalid(OP, describe(variable), describe(value)));
    }
    if value.numel() > 0 && value.isfinite().all().int64_value(&[]) == 0 {
        return Err(Error::NotFinite {
            op: OP,
            what: "a variable",
            place: name.to_owned(),
        });
    }
    Ok(value.to_device(variable.device()))
}
