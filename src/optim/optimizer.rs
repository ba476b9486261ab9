//! The bookkeeping that all optimisers share: groups, steps, buffers, dense and row gradients.

use tch::Tensor;

use super::clip::clip_grad_norm;
use super::finite::{Proposal, all_finite, not_finite};
use super::parameter::ManifoldParameter;
use super::rule::{Buffer, BufferShape, Step, Update, UpdateRule, require};
use super::schedule::Schedule;
use crate::numerics::no_grad;
use crate::{Manifold, Result};

/// An optimiser: groups of parameters, and the [`UpdateRule`] that moves them.
///
/// It is used under the names [`RiemannianSgd`](super::RiemannianSgd),
/// [`RiemannianAdam`](super::RiemannianAdam) and [`RiemannianAdagrad`](super::RiemannianAdagrad).
///
/// # Row-sparse gradients
///
/// A gradient is row-sparse if the leaf was read through `Tensor::embedding(.., sparse = true)`,
/// or if it is a [`Gradient::Rows`](super::Gradient). Then only these rows of the parameter and of
/// the buffers are read and written. The other rows are unchanged; their momentum and second
/// moment do not decay. The step count, which bias correction uses, belongs to the parameter and
/// not to the row, as in `torch.optim.SparseAdam`. So a sparse gradient of all rows has the same
/// effect as a dense one. Where a curvature is learned, all rows are carried along with it.
///
/// # Numbers that are not finite
///
/// By default [`step`](Self::step) checks all gradients, new points and new buffers before it
/// writes anything: it makes the whole step or none of it. See
/// [`set_check_finite`](Self::set_check_finite).
#[derive(Debug)]
pub struct Optimizer<R> {
    groups: Vec<ParameterGroup<R>>,
    check_finite: bool,
    source: Option<Box<dyn Source>>,
}

/// Where the parameters of an optimiser come from.
pub(crate) trait Source: std::fmt::Debug + Send {
    /// Checks that the optimiser has all parameters that there are.
    fn check_complete(&self, op: &'static str) -> Result<()>;
}

/// Parameters that share their settings and learning rate.
#[derive(Debug)]
pub struct ParameterGroup<R> {
    pub(super) config: R,
    pub(super) learning_rate: f64,
    pub(super) slots: Vec<Slot>,
}

/// A parameter with what the optimiser remembers of it.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) parameter: ManifoldParameter,
    pub(super) steps: i64,
    pub(super) buffers: Vec<Tensor>,
}

impl<R: UpdateRule> ParameterGroup<R> {
    /// The settings.
    pub fn config(&self) -> &R {
        &self.config
    }

    /// The present learning rate.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// Sets the learning rate, until it is set again or a schedule is applied.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) unless it is finite and ≥ 0.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<()> {
        require(
            "set_learning_rate",
            "learning_rate",
            learning_rate,
            "≥ 0",
            learning_rate >= 0.0,
        )?;
        self.learning_rate = learning_rate;
        Ok(())
    }

    /// Gives the group other settings, and their learning rate. Buffers that both settings have
    /// remain, others start anew.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) when a setting is out of range.
    pub fn set_config(&mut self, config: R) -> Result<()> {
        config.validate()?;
        let (before, after) = (self.config.buffers(), config.buffers());
        for slot in &mut self.slots {
            let fresh = slot.fresh_buffers(&after).into_iter();
            let kept = |name: &str| before.iter().position(|buffer| buffer.name == name);
            let buffers = after.iter().zip(fresh).map(|(buffer, fresh)| {
                let kept = kept(buffer.name).map(|place| slot.buffers[place].shallow_clone());
                kept.unwrap_or(fresh)
            });
            slot.buffers = buffers.collect();
        }
        self.learning_rate = config.learning_rate();
        self.config = config;
        Ok(())
    }

    /// The parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &ManifoldParameter> {
        self.slots.iter().map(|slot| &slot.parameter)
    }
}

impl<R: UpdateRule> Optimizer<R> {
    /// An optimiser with one group of parameters.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) when a setting is out of range.
    pub fn new(parameters: Vec<ManifoldParameter>, config: R) -> Result<Self> {
        let mut optimizer = Self::empty(None);
        optimizer.add_group(parameters, config)?;
        Ok(optimizer)
    }

    /// An optimiser without groups.
    pub(crate) fn empty(source: Option<Box<dyn Source>>) -> Self {
        Self {
            groups: Vec::new(),
            check_finite: true,
            source,
        }
    }

    /// Adds a group of parameters with its own settings and learning rate.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn add_group(&mut self, parameters: Vec<ManifoldParameter>, config: R) -> Result<()> {
        config.validate()?;
        let layout = config.buffers();
        let slots = parameters.into_iter().map(|p| Slot::new(p, &layout));
        self.groups.push(ParameterGroup {
            learning_rate: config.learning_rate(),
            slots: slots.collect(),
            config,
        });
        Ok(())
    }

    /// The groups, in the order in which they were added.
    pub fn groups(&self) -> &[ParameterGroup<R>] {
        &self.groups
    }

    /// The groups, to set their learning rates.
    pub fn groups_mut(&mut self) -> &mut [ParameterGroup<R>] {
        &mut self.groups
    }

    /// The parameters of all groups in order.
    pub fn parameters(&self) -> impl Iterator<Item = &ManifoldParameter> {
        self.groups.iter().flat_map(ParameterGroup::parameters)
    }

    /// The parameters of all groups in order, to give them gradients.
    pub fn parameters_mut(&mut self) -> impl Iterator<Item = &mut ManifoldParameter> {
        let slots = self.groups.iter_mut().flat_map(|group| &mut group.slots);
        slots.map(|slot| &mut slot.parameter)
    }

    /// Returns the parameters, and drops their buffers and step counts.
    pub fn into_parameters(self) -> Vec<ManifoldParameter> {
        let slots = self.groups.into_iter().flat_map(|group| group.slots);
        slots.map(|slot| slot.parameter).collect()
    }

    /// Makes all gradients those of `loss`, and one [`step`](Self::step).
    ///
    /// # Errors
    ///
    /// Those of [`step`](Self::step); [`Error::Torch`](crate::Error::Torch) if nothing in the loss
    /// requires a gradient, or the loss is not a scalar.
    #[track_caller]
    pub fn backward_step(&mut self, loss: &Tensor) -> Result<()> {
        self.zero_grad();
        loss.f_backward().map_err(|source| crate::Error::Torch {
            op: "backward_step",
            source,
        })?;
        self.step()
    }

    /// Moves each parameter that has a gradient by one step; the others are unchanged. So are
    /// frozen ones, whose tensors do not require a gradient. Where a curvature
    /// [is learned](crate::Manifold::has_learnable_curvature), all points of its manifold, frozen ones too,
    /// are [carried](crate::Manifold::carried) along afterwards, and their momenta with them.
    ///
    /// # Errors
    ///
    /// [`Error::ParameterNotFinite`](crate::Error::ParameterNotFinite) with the parameter, the
    /// first row and the step if a gradient, a new point or a new buffer is not finite, unless
    /// that check is [turned off](Self::set_check_finite);
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) if a schedule has made a learning
    /// rate infinite or NaN, or if variables were added to the [`Store`](crate::nn::Store) of the
    /// optimiser. The optimiser and all its parameters are then unchanged.
    ///
    /// # Panics
    ///
    /// If a gradient is sparse in more than the first dimension, or if a parameter without rows
    /// has a sparse gradient.
    #[track_caller]
    pub fn step(&mut self) -> Result<()> {
        for group in &self.groups {
            require(
                R::NAME,
                "learning_rate",
                group.learning_rate,
                "finite and ≥ 0",
                group.learning_rate >= 0.0,
            )?;
        }
        if let Some(source) = &self.source {
            source.check_complete(R::NAME)?;
        }
        let slots = || self.groups.iter().flat_map(|group| &group.slots);
        let before: Vec<Option<Vec<f64>>> = slots().map(Slot::curvatures).collect();
        let curved = before.iter().any(Option::is_some);
        for slot in self.groups.iter_mut().flat_map(|group| &mut group.slots) {
            slot.align();
        }
        // Before a curvature changes, all gradients have to be read.
        if self.check_finite || curved {
            self.step_at_once()?;
        } else {
            for group in &mut self.groups {
                for slot in &mut group.slots {
                    if let Some(proposal) = slot.propose(&group.config, group.learning_rate) {
                        slot.adopt(proposal);
                    }
                }
            }
        }
        let mut before = before.into_iter();
        for group in &mut self.groups {
            let layout = group.config.buffers();
            for slot in &mut group.slots {
                if let Some(before) = before.next().flatten() {
                    slot.carry(&before, &layout);
                }
            }
        }
        Ok(())
    }

    #[track_caller]
    fn step_at_once(&mut self) -> Result<()> {
        let mut proposals = Vec::new();
        for group in &self.groups {
            for slot in &group.slots {
                proposals.push(slot.propose(&group.config, group.learning_rate));
            }
        }
        if self.check_finite && !no_grad(|| all_finite(proposals.iter().flatten())) {
            self.find_what_is_not_finite(&proposals)?;
        }
        let slots = self.groups.iter_mut().flat_map(|group| &mut group.slots);
        for (slot, proposal) in slots.zip(proposals) {
            if let Some(proposal) = proposal {
                slot.adopt(proposal);
            }
        }
        Ok(())
    }

    fn find_what_is_not_finite(&self, proposals: &[Option<Proposal>]) -> Result<()> {
        let slots = self.groups.iter().flat_map(|group| {
            let layout = group.config.buffers();
            group.slots.iter().map(move |slot| (slot, layout.clone()))
        });
        for (index, ((slot, layout), proposal)) in slots.zip(proposals).enumerate() {
            let Some(proposal) = proposal else {
                continue;
            };
            if let Some(bad) = proposal.first_bad(&slot.parameter, &layout) {
                let step = Some(slot.steps + 1);
                return Err(not_finite(R::NAME, bad, (index, &slot.parameter), step));
            }
        }
        Ok(())
    }

    /// Sets whether [`step`](Self::step) refuses numbers that are not finite, by default `true`.
    /// The setting is not part of a saved state.
    ///
    /// The check is exact: a step is refused if and only if one of its numbers is not finite.
    ///
    /// # Cost
    ///
    /// One pass over each gradient, new point and new buffer. For Riemannian Adam in 10
    /// dimensions, on two cores, that is about 10 % of a step for 1,000 points and not measurable
    /// for 82,115 points (`cargo bench -- adam_step`). On a GPU it is one sum for each tensor, and
    /// one number read back per step. New points and buffers of all parameters are kept in memory
    /// until all are checked.
    pub fn set_check_finite(&mut self, check: bool) {
        self.check_finite = check;
    }

    /// Whether steps are checked; see [`set_check_finite`](Self::set_check_finite).
    pub fn check_finite(&self) -> bool {
        self.check_finite
    }

    /// Clears all gradients; see [`ManifoldParameter::zero_grad`].
    pub fn zero_grad(&mut self) {
        self.parameters_mut().for_each(ManifoldParameter::zero_grad);
    }

    /// Sets the learning rate of all groups.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) unless it is finite and ≥ 0.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<()> {
        self.groups
            .iter_mut()
            .try_for_each(|group| group.set_learning_rate(learning_rate))
    }

    /// Sets each group's learning rate to that of its settings times the schedule's factor at
    /// `step`. Steps are counted from 0, in the unit of the schedule, such as epochs.
    pub fn apply_schedule(&mut self, schedule: &Schedule, step: u64) {
        let factor = schedule.factor(step);
        for group in &mut self.groups {
            group.learning_rate = group.config.learning_rate() * factor;
        }
    }

    /// Scales all gradients by a common factor so that their total Riemannian norm is at most
    /// `max_norm`, and returns the norm before scaling; see [`clip_grad_norm`].
    ///
    /// # Errors
    ///
    /// Those of [`clip_grad_norm`].
    pub fn clip_grad_norm(&mut self, max_norm: f64) -> Result<f64> {
        clip_grad_norm(self.parameters_mut(), max_norm)
    }
}

impl Slot {
    fn new(parameter: ManifoldParameter, layout: &[Buffer]) -> Self {
        let mut slot = Self {
            parameter,
            steps: 0,
            buffers: Vec::new(),
        };
        slot.buffers = slot.fresh_buffers(layout);
        slot
    }

    /// Buffers as they are before the first step.
    pub(super) fn fresh_buffers(&self, layout: &[Buffer]) -> Vec<Tensor> {
        let points = self.parameter.tensor().detach();
        let options = (points.kind(), points.device());
        let buffers = layout.iter().map(|buffer| {
            let shape = match buffer.shape {
                BufferShape::Point => points.size(),
                BufferShape::Component => component_shape(self.parameter.manifold(), &points),
            };
            Tensor::full(shape, buffer.initial, options)
        });
        buffers.collect()
    }

    /// What a step would make of the parameter, which stays as it is; `None` without a gradient.
    #[track_caller]
    fn propose<R: UpdateRule>(&self, config: &R, learning_rate: f64) -> Option<Proposal> {
        if !self.parameter.tensor().requires_grad() {
            return None;
        }
        let gradient = self.parameter.gradient()?;
        let (values, rows) = gradient.parts();
        assert!(
            rows.is_none() || self.parameter.has_rows(),
            "optim: a row-sparse gradient needs a parameter with rows, got {:?}",
            self.parameter.tensor()
        );
        let points = self.parameter.tensor().detach();
        let step = Step {
            learning_rate,
            count: self.steps + 1,
        };
        let motion = self.parameter.motion();
        let update = no_grad(|| match rows {
            None => config.update(motion, step, &points, values, &self.buffers),
            Some(rows) if rows.numel() == 0 => self.unchanged(rows),
            Some(rows) => {
                let points = points.index_select(0, rows);
                let buffers = self.gathered(rows);
                config.update(motion, step, &points, values, &buffers)
            }
        });
        Some(Proposal { gradient, update })
    }

    /// The buffers in kind and on device of the points, which a store can change.
    pub(super) fn buffers_like_points(&self) -> Vec<Tensor> {
        let points = self.parameter.tensor();
        let (kind, device) = (points.kind(), points.device());
        let buffers = self.buffers.iter();
        buffers
            .map(|buffer| buffer.to_device(device).to_kind(kind))
            .collect()
    }

    fn align(&mut self) {
        let points = self.parameter.tensor();
        let of_points = (points.kind(), points.device());
        let mut buffers = self.buffers.iter();
        if buffers.any(|buffer| (buffer.kind(), buffer.device()) != of_points) {
            self.buffers = self.buffers_like_points();
        }
    }

    /// The curvatures of the manifold, if a step can change them.
    fn curvatures(&self) -> Option<Vec<f64>> {
        let manifold = self.parameter.manifold();
        let learned = manifold.has_learnable_curvature();
        learned.then(|| manifold.curvatures())
    }

    /// Puts points back on the manifold and tangents into its tangent spaces, if its curvatures are no
    /// longer what they were.
    fn carry(&mut self, before: &[f64], layout: &[Buffer]) {
        let manifold = self.parameter.manifold();
        if manifold.curvatures() == before {
            return;
        }
        let points = no_grad(|| {
            let points = manifold.carried(&self.parameter.tensor().detach(), before);
            for (buffer, of) in self.buffers.iter_mut().zip(layout) {
                if of.shape == BufferShape::Point {
                    // The identity of tangents, which some manifolds find of a part of the coordinates.
                    *buffer = manifold.vector_transport(&points, &points, buffer);
                }
            }
            points
        });
        self.parameter.write(None, &points);
    }

    /// The named rows of the buffers.
    fn gathered(&self, rows: &Tensor) -> Vec<Tensor> {
        let buffers = self.buffers.iter();
        buffers.map(|table| table.index_select(0, rows)).collect()
    }

    /// The named rows of points and buffers as they are.
    fn unchanged(&self, rows: &Tensor) -> Update {
        Update {
            points: self.parameter.tensor().index_select(0, rows),
            buffers: self.gathered(rows),
        }
    }

    /// Writes a proposal into the parameter and the buffers, and counts the step.
    fn adopt(&mut self, Proposal { gradient, update }: Proposal) {
        self.steps += 1;
        let (_, rows) = gradient.parts();
        self.parameter.write(rows, &update.points);
        let Some(rows) = rows else {
            self.buffers = update.buffers;
            return;
        };
        for (buffer, rows_of_it) in self.buffers.iter_mut().zip(&update.buffers) {
            let _ = buffer.index_copy_(0, rows, rows_of_it);
        }
    }
}

/// The shape of `component_inner` over `points`, found on one point to spare the others.
fn component_shape(manifold: &dyn Manifold, points: &Tensor) -> Vec<i64> {
    let point_dims = manifold.point_shape().len();
    let batch = &points.size()[..points.dim() - point_dims];
    let single = [&[-1], manifold.point_shape().as_slice()].concat();
    let sample = no_grad(|| {
        let rows = points.reshape(&single);
        rows.narrow(0, 0, rows.size()[0].min(1))
    });
    let zero = sample.zeros_like();
    let values = no_grad(|| manifold.component_inner(&sample, &zero, &zero));
    [batch, &values.size()[1..]].concat()
}
