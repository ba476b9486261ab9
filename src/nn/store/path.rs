//! Where a variable stands in a store.

use std::borrow::Borrow;
use std::ops::Div;

use tch::{Device, Kind, Tensor, nn};

use super::{Role, Store, converted, locked, numbered};
use crate::manifolds::Curvatures;
use crate::optim::Motion;
use crate::{Curvature, Error, Geodesic, Manifold, Result};

/// A place in a [`Store`], to which layers add their variables.
///
/// `&p / "name"` is the place below. Layers of [`tch::nn`] take such a path as one of their own; they
/// draw their weights from libtorch's generator, see [`tch::manual_seed`].
#[derive(Debug, Clone)]
pub struct Path<'a> {
    /// The place in the store of tch.
    flat: nn::Path<'a>,
    group: usize,
    store: &'a Store,
}

impl<'a> Path<'a> {
    pub(super) fn root(store: &'a Store) -> Self {
        Self {
            flat: store.variables.root(),
            group: 0,
            store,
        }
    }

    /// The place below, as `/` gives it.
    ///
    /// # Panics
    ///
    /// If the name has a dot, which separates names, is empty, or ends in `__` and digits, as tch ends
    /// names that are taken.
    #[track_caller]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "`path / name` takes a name or a number"
    )]
    pub fn sub(&self, name: impl ToString) -> Self {
        let name = name.to_string();
        assert!(
            is_name(&name),
            "Path::sub: expected a name without a dot that does not end in __ and digits, got {name:?}"
        );
        Self {
            flat: self.flat.sub(name),
            ..*self
        }
    }

    /// The same place, where new variables belong to this group of the optimiser. Groups are counted
    /// from 0, the group of [`Store::root`].
    pub fn set_group(&self, group: usize) -> Self {
        Self {
            flat: self.flat.set_group(group),
            group,
            ..*self
        }
    }

    /// The store.
    pub fn store(&self) -> &'a Store {
        self.store
    }

    /// The device of variables.
    pub fn device(&self) -> Device {
        self.flat.device()
    }

    /// The kind of new variables.
    pub fn kind(&self) -> Kind {
        self.flat.kind()
    }

    /// Adds a flat weight that starts with a copy of `value`, in the kind and on the device of the
    /// store. The result shares the variable's memory, so that it sees each step.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the name is taken, has a dot or is empty, or the value is not
    /// floating.
    pub fn variable(&self, name: &str, value: &Tensor) -> Result<Tensor> {
        let value = self.value("Path::variable", name, value)?;
        Ok(self.flat.add(name, value, true))
    }

    /// Adds numbers that are saved and loaded, but not trained, such as a running mean. Whole
    /// numbers (i64) keep their kind.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] as [`variable`](Self::variable).
    pub fn buffer(&self, name: &str, value: &Tensor) -> Result<Tensor> {
        const OP: &str = "Path::buffer";
        let value = if value.defined() && value.kind() == Kind::Int64 {
            self.require_name(OP, name)?;
            value.detach().to_device(self.device()).copy()
        } else {
            self.value(OP, name, value)?
        };
        Ok(self.flat.add(name, value, false))
    }

    /// Adds points `[.., point..]` of a manifold, which are trained by retraction and vector
    /// transport; see [`variable`](Self::variable).
    ///
    /// # Errors
    ///
    /// [`Error::NotOnManifold`] if a row is not a point in the kind of the store;
    /// [`Error::InvalidArgument`] if the name is taken, has a dot or is empty, or the shape or kind
    /// is wrong.
    pub fn point<M>(&self, name: &str, manifold: &M, value: &Tensor) -> Result<Tensor>
    where
        M: Manifold + Clone + 'static,
    {
        let manifold = manifold.clone();
        let motion = move || Motion::Retraction(Box::new(manifold.clone()));
        self.point_with(name, motion, value)
    }

    /// Adds points that are trained along geodesics, with parallel transport; see
    /// [`point`](Self::point).
    ///
    /// # Errors
    ///
    /// Those of [`point`](Self::point).
    pub fn geodesic_point<M>(&self, name: &str, manifold: &M, value: &Tensor) -> Result<Tensor>
    where
        M: Geodesic + Clone + 'static,
    {
        let manifold = manifold.clone();
        let motion = move || Motion::Exact(Box::new(manifold.clone()));
        self.point_with(name, motion, value)
    }

    /// Adds points of a manifold that cannot be cloned, such as a [`Product`](crate::Product) of
    /// several types: `motion` makes it for each optimiser. See [`point`](Self::point).
    ///
    /// # Errors
    ///
    /// Those of [`point`](Self::point).
    pub fn point_with(
        &self,
        name: &str,
        motion: impl Fn() -> Motion + Send + 'static,
        value: &Tensor,
    ) -> Result<Tensor> {
        const OP: &str = "Path::point";
        self.require_name(OP, name)?;
        crate::numerics::require_floating(OP, "points", value)?;
        let value = value.to_device(self.device());
        let value = converted(OP, motion().manifold(), &value, self.kind())?;
        let value = value.contiguous().copy();
        let role = Role::Point {
            motion: Box::new(motion),
            group: self.group,
        };
        Ok(self.add_with(name, value, role))
    }

    /// Adds a curvature, which is trained as u in κ = ±ln(1 + eᵘ) and so keeps its sign; see
    /// [`Curvature::softplus`]. It is f64 in every store.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if the name is taken, has a dot or is empty, or κ is 0 or not
    /// finite.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::tch::{Device, Kind};
    /// use holonomy::{Lorentz, Manifold, nn};
    ///
    /// let store = nn::Store::new(Device::Cpu, Kind::Float)?;
    /// let space = Lorentz::new(8, store.root().curvature("kappa", -0.5)?)?;
    /// assert!((space.curvature().value() + 0.5).abs() < 1e-15);
    /// assert!(space.has_learnable_curvature());
    /// # Ok::<(), holonomy::Error>(())
    /// ```
    pub fn curvature(&self, name: &str, kappa: f64) -> Result<Curvature> {
        let u = self.add_curvatures("Path::curvature", name, &[], kappa)?;
        Curvature::softplus(&u, kappa)
    }

    /// Adds `count` curvatures in one variable, for heads or relations; see
    /// [`curvature`](Self::curvature).
    ///
    /// # Errors
    ///
    /// Those of [`curvature`](Self::curvature).
    pub fn curvatures(&self, name: &str, count: i64, kappa: f64) -> Result<Curvatures> {
        let u = self.add_curvatures("Path::curvatures", name, &[count], kappa)?;
        Curvatures::softplus(&u, kappa)
    }

    fn add_curvatures(
        &self,
        op: &'static str,
        name: &str,
        size: &[i64],
        kappa: f64,
    ) -> Result<Tensor> {
        self.require_name(op, name)?;
        if size.iter().any(|count| *count < 1) {
            return Err(Error::invalid(op, "at least one curvature", size[0]));
        }
        let start = Curvature::softplus_start(kappa);
        if !start.is_finite() {
            return Err(Error::invalid(op, "a finite curvature, not 0", kappa));
        }
        let start = Tensor::full(size, start, (Kind::Double, self.device()));
        let group = self.group;
        Ok(self.add_with(name, start, Role::Curvature { group }))
    }

    /// Adds what optimisers of tch have to leave alone.
    fn add_with(&self, name: &str, value: Tensor, role: Role) -> Tensor {
        locked(&self.store.roles).insert(self.flat.path(name), role);
        let variable = self.flat.add(name, value, false);
        variable.set_requires_grad(true)
    }

    /// A copy of the value as the store keeps it, under a name that is not taken.
    fn value(&self, op: &'static str, name: &str, value: &Tensor) -> Result<Tensor> {
        self.require_name(op, name)?;
        crate::numerics::require_floating(op, "a value", value)?;
        let value = value.detach().to_device(self.device());
        Ok(value.to_kind(self.kind()).contiguous().copy())
    }

    fn require_name(&self, op: &'static str, name: &str) -> Result<()> {
        if !is_name(name) {
            return Err(Error::invalid(
                op,
                "a name without a dot that does not end in __ and digits",
                format!("{name:?}"),
            ));
        }
        if self.flat.get(name).is_some() {
            let got = format!("{:?}, which is taken", self.flat.path(name));
            return Err(Error::invalid(op, "a new name", got));
        }
        Ok(())
    }

    /// Freezes what stands here and below: it requires no gradient, and optimisers leave it as it
    /// is; but points follow a curvature that is still learned.
    pub fn freeze(&self) {
        self.set_requires_grad(false);
    }

    /// Ends [`freeze`](Self::freeze).
    pub fn unfreeze(&self) {
        self.set_requires_grad(true);
    }

    fn set_requires_grad(&self, requires_grad: bool) {
        let mut prefix = self.flat.components().collect::<Vec<_>>().join(".");
        if !prefix.is_empty() {
            prefix.push('.');
        }
        for (name, one) in self.store.trainable() {
            if name.starts_with(&prefix) {
                let _ = one.tensor.set_requires_grad(requires_grad);
            }
        }
    }
}

/// Names that end as those that tch makes of names that are taken would be mistaken for them.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('.') && numbered(name).is_none()
}

impl<'a> Borrow<nn::Path<'a>> for Path<'a> {
    fn borrow(&self) -> &nn::Path<'a> {
        &self.flat
    }
}

impl<'a> Borrow<nn::Path<'a>> for &Path<'a> {
    fn borrow(&self) -> &nn::Path<'a> {
        &self.flat
    }
}

impl<'a, T: ToString> Div<T> for &Path<'a> {
    type Output = Path<'a>;

    #[track_caller]
    fn div(self, name: T) -> Path<'a> {
        self.sub(name)
    }
}

impl<'a, T: ToString> Div<T> for Path<'a> {
    type Output = Path<'a>;

    #[track_caller]
    fn div(self, name: T) -> Path<'a> {
        self.sub(name)
    }
}
