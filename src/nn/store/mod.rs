//! One store for all variables of a model: flat weights, points on manifolds, curvatures, buffers.

mod path;
mod state;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tch::nn::{VarStore, Variables};
use tch::{Device, Kind, Tensor};

use crate::optim::{ManifoldParameter, Motion, Optimizer, Source, UpdateRule};
use crate::{Error, Euclidean, Manifold, Result};

pub use path::Path;

/// A [`VarStore`] that also knows which of its variables are points of a manifold.
///
/// The paths of [`root`](Self::root) name the variables: flat weights, points, curvatures, and
/// buffers, which are saved but not trained. They also go into the layers of [`tch::nn`], whose batch
/// norm always makes f32 statistics: call [`set_kind`](Self::set_kind) after it in an f64 store.
/// [`Optimizer::over`] trains everything with one optimiser: flat weights as the usual optimiser
/// does, points on their manifolds, curvatures through a softplus.
/// [`save`](Self::save) and [`load`](Self::load) keep it in one file.
///
/// # Examples
///
/// A point of the ball, a layer of tch and a curvature in one optimiser:
///
/// ```
/// use holonomy::optim::{AdamConfig, RiemannianAdam};
/// use holonomy::tch::{Device, Kind, Tensor, nn::Module};
/// use holonomy::{Geodesic, PoincareBall, nn};
///
/// let store = nn::Store::new(Device::Cpu, Kind::Double)?;
/// let p = store.root();
/// let ball = PoincareBall::new(2, p.curvature("curvature", -1.0)?)?;
/// let centre = p.point("centre", &ball, &Tensor::from_slice(&[0.1, 0.2]))?;
/// let linear = holonomy::tch::nn::linear(&p / "linear", 3, 2, Default::default());
///
/// let mut optimizer = RiemannianAdam::over(&store, AdamConfig::new(1e-2))?;
/// let x = Tensor::from_slice(&[0.3, -0.1, 0.2]);
/// for _ in 0..20 {
///     let y = linear.forward(&x);
///     let reached = ball.exp(&y.zeros_like(), &y);
///     optimizer.backward_step(&ball.dist(&reached, &centre))?;
/// }
/// assert_eq!(store.names(), ["centre", "curvature", "linear.bias", "linear.weight"]);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug)]
pub struct Store {
    variables: VarStore,
    roles: Roles,
}

type Roles = Arc<Mutex<BTreeMap<String, Role>>>;

/// What a variable is, beyond what the [`VarStore`] knows.
enum Role {
    Point {
        motion: Box<dyn Fn() -> Motion + Send>,
        group: usize,
    },
    Curvature {
        group: usize,
    },
}

impl std::fmt::Debug for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Point { motion, group } => {
                write!(f, "{:?} in group {group}", motion().manifold())
            }
            Self::Curvature { group } => write!(f, "a curvature in group {group}"),
        }
    }
}

/// A variable that can be trained.
struct Trainable {
    tensor: Tensor,
    group: usize,
    motion: Motion,
}

/// What a poisoned lock guards: names and tensors are whole at any time.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store {
    /// An empty store, whose variables will be of this kind on this device.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another kind than f64 and f32.
    pub fn new(device: Device, kind: Kind) -> Result<Self> {
        require_kind("Store::new", kind)?;
        let mut variables = VarStore::new(device);
        variables.set_kind(kind);
        Ok(Self {
            variables,
            roles: Roles::default(),
        })
    }

    /// The path to which names of variables are relative.
    pub fn root(&self) -> Path<'_> {
        Path::root(self)
    }

    /// The device of the variables.
    pub fn device(&self) -> Device {
        self.variables.device()
    }

    /// The kind of new variables.
    pub fn kind(&self) -> Kind {
        self.variables.kind()
    }

    /// The store of tch below this one. Its own `load`, `copy` and `merge` know nothing of
    /// manifolds.
    pub fn var_store(&self) -> &VarStore {
        &self.variables
    }

    /// The names of all variables in order.
    pub fn names(&self) -> Vec<String> {
        let names: BTreeSet<String> = self.variables.variables().into_keys().collect();
        names.into_iter().collect()
    }

    /// The variable of that name, which shares its memory.
    pub fn get(&self, name: &str) -> Option<Tensor> {
        self.variables.variables().remove(name)
    }

    /// Moves all variables to a device. Layers and optimisers, which share them, follow.
    pub fn set_device(&mut self, device: Device) {
        self.variables.set_device(device);
        for tensor in self.variables.variables().values() {
            let mut gradient = tensor.grad();
            if gradient.defined() {
                gradient.set_data(&gradient.to_device(device));
            }
        }
    }

    /// Converts all variables to this kind, but for curvatures and for buffers of whole numbers.
    /// Layers and optimisers, which share them, follow.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for another kind than f64 and f32; [`Error::NotOnManifold`] if
    /// a point is not on its manifold once it is rounded, such as one of the ball next to its
    /// boundary. The store is then unchanged.
    pub fn set_kind(&mut self, kind: Kind) -> Result<()> {
        const OP: &str = "Store::set_kind";
        require_kind(OP, kind)?;
        let roles = locked(&self.roles);
        let is_converted = |name: &str, tensor: &Tensor| {
            tensor.is_floating_point() && !matches!(roles.get(name), Some(Role::Curvature { .. }))
        };
        let variables = self.variables.variables();
        let mut points: BTreeMap<String, Tensor> = BTreeMap::new();
        for (name, role) in roles.iter() {
            if let Role::Point { motion, .. } = role {
                let point = converted(OP, motion().manifold(), &variables[name], kind)?;
                points.insert(name.clone(), point);
            }
        }
        for (name, mut tensor) in variables {
            if is_converted(&name, &tensor) {
                let point = points.remove(&name);
                tensor.set_data(&point.unwrap_or_else(|| tensor.to_kind(kind)));
                let mut gradient = tensor.grad();
                if gradient.defined() {
                    gradient.set_data(&gradient.to_kind(kind));
                }
            }
        }
        drop(roles);
        // Of an empty store, it sets the kind of what is new.
        let all = std::mem::replace(&mut self.variables.variables_, no_variables());
        self.variables.set_kind(kind);
        self.variables.variables_ = all;
        Ok(())
    }

    /// Freezes all variables: they require no gradient, and optimisers leave them as they are.
    pub fn freeze(&mut self) {
        self.root().freeze();
    }

    /// Ends [`freeze`](Self::freeze).
    pub fn unfreeze(&mut self) {
        self.root().unfreeze();
    }

    /// All that an optimiser can move, by name.
    fn trainable(&self) -> BTreeMap<String, Trainable> {
        self.trainable_with(&locked(&self.roles))
    }

    fn trainable_with(&self, roles: &BTreeMap<String, Role>) -> BTreeMap<String, Trainable> {
        let variables = locked(&self.variables.variables_);
        let flat_ones = &variables.trainable_variables;
        let group_of = |name: &str, tensor: &Tensor| match roles.get(name) {
            Some(Role::Point { group, .. } | Role::Curvature { group }) => Some(*group),
            None => flat_ones
                .iter()
                .find(|one| tensor.numel() > 0 && one.tensor.data_ptr() == tensor.data_ptr())
                .map(|one| one.group),
        };
        let named = variables.named_variables.iter();
        named
            .filter_map(|(name, tensor)| {
                let motion = match roles.get(name) {
                    Some(Role::Point { motion, .. }) => motion(),
                    _ => flat(tensor),
                };
                let trainable = Trainable {
                    tensor: tensor.shallow_clone(),
                    group: group_of(name, tensor)?,
                    motion,
                };
                Some((name.clone(), trainable))
            })
            .collect()
    }
}

fn no_variables() -> Arc<Mutex<Variables>> {
    Arc::new(Mutex::new(Variables {
        named_variables: HashMap::new(),
        trainable_variables: Vec::new(),
    }))
}

/// The Euclidean space of a flat weight. The first dimension counts rows, which a sparse gradient can
/// name.
fn flat(tensor: &Tensor) -> Motion {
    let size = tensor.size();
    let space = Euclidean::of_entries(size.get(1..).unwrap_or(&[]));
    Motion::Exact(Box::new(space))
}

/// Points in another kind. Digits that they did not have before are those of the nearest point.
fn converted(
    op: &'static str,
    manifold: &dyn Manifold,
    points: &Tensor,
    kind: Kind,
) -> Result<Tensor> {
    let points = points.detach();
    let is_wider = points.kind() == Kind::Float && kind == Kind::Double;
    let result = points.to_kind(kind);
    let found = manifold.check_point(if is_wider { &points } else { &result });
    found.map_err(|error| error.told_by(op))?;
    Ok(if is_wider {
        manifold.project(&result)
    } else {
        result
    })
}

fn require_kind(op: &'static str, kind: Kind) -> Result<()> {
    if matches!(kind, Kind::Double | Kind::Float) {
        return Ok(());
    }
    let got = format!("{kind:?}");
    Err(Error::invalid(op, "kind Double or Float", got))
}

/// What stands before `__` and digits at the end of a name.
fn numbered(name: &str) -> Option<&str> {
    let (before, number) = name.rsplit_once("__")?;
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(before)
}

/// Refuses names that tch has changed, because they were taken.
fn check_names(op: &'static str, variables: &VarStore) -> Result<()> {
    let all = locked(&variables.variables_);
    let taken = all.named_variables.keys().find_map(|name| {
        let before = numbered(name)?;
        let is_taken = all.named_variables.contains_key(before);
        is_taken.then(|| before.to_owned())
    });
    match taken {
        None => Ok(()),
        Some(name) => {
            let got = format!("two variables named {name:?}");
            Err(Error::invalid(op, "a name for each variable", got))
        }
    }
}

impl<R: UpdateRule> Optimizer<R> {
    /// An optimiser of all variables of a store but its buffers: flat weights as in Euclidean
    /// space, points on their manifolds, curvatures through their softplus.
    ///
    /// The groups are those of [`Path::set_group`], all with these settings at first;
    /// [`ParameterGroup::set_config`](crate::optim::ParameterGroup::set_config) gives one of them
    /// others. Variables are in the order of their names within a group.
    ///
    /// Build the model first: a step after a new variable is an error. Weight decay pulls everything
    /// that it can; give what should not decay, such as curvatures, a group of its own.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when a setting is out of range, when two layers were given one
    /// path, or when the store has nothing to train.
    pub fn over(store: &Store, config: R) -> Result<Self> {
        check_names(R::NAME, &store.variables)?;
        let trainable = store.trainable();
        let Some(last) = trainable.values().map(|one| one.group).max() else {
            let got = "a store without any";
            return Err(Error::invalid(R::NAME, "variables to train", got));
        };
        let complete = Complete {
            variables: Arc::clone(&store.variables.variables_),
            names: store.names().len(),
        };
        let mut groups: Vec<Vec<ManifoldParameter>> = (0..=last).map(|_| Vec::new()).collect();
        for (name, one) in trainable {
            groups[one.group].push(ManifoldParameter::adopt(one.motion, &one.tensor, &name));
        }
        let mut optimizer = Self::empty(Some(Box::new(complete)));
        let last = groups.pop().unwrap_or_default();
        for parameters in groups {
            optimizer.add_group(parameters, config.clone())?;
        }
        optimizer.add_group(last, config)?;
        Ok(optimizer)
    }
}

/// The variables that there were when an optimiser was made.
#[derive(Debug)]
struct Complete {
    variables: Arc<Mutex<Variables>>,
    names: usize,
}

impl Source for Complete {
    fn check_complete(&self, op: &'static str) -> Result<()> {
        let now = locked(&self.variables).named_variables.len();
        if now == self.names {
            return Ok(());
        }
        let expected = format!("the {} variables that the store had at first", self.names);
        Err(Error::invalid(op, expected, now))
    }
}
