//! Learning rate schedules.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::rule::require;
use crate::{Error, Result};

/// A schedule: a factor of the learning rate for each step, counted from 0.
///
/// # Examples
///
/// ```
/// use holonomy::optim::Schedule;
///
/// let schedule = Schedule::linear(10, 0.0)?.with_warm_up(4)?;
/// assert_eq!(schedule.factor(0), 0.25);
/// assert_eq!(schedule.factor(3), 1.0);
/// assert_eq!(schedule.factor(4), 1.0);
/// assert_eq!(schedule.factor(9), 0.5);
/// assert_eq!(schedule.factor(14), 0.0);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Schedule {
    warm_up: u64,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Shape {
    Constant,
    Step { every: u64, factor: f64 },
    Exponential { factor: f64 },
    Cosine { steps: u64, floor: f64 },
    Linear { steps: u64, floor: f64 },
}

/// A schedule as a file has it.
#[derive(Deserialize)]
struct Unchecked {
    warm_up: u64,
    shape: Shape,
}

impl TryFrom<Unchecked> for Schedule {
    type Error = Error;

    fn try_from(Unchecked { warm_up, shape }: Unchecked) -> Result<Self> {
        let schedule = match shape {
            Shape::Constant => Self::constant(),
            Shape::Step { every, factor } => Self::step(every, factor)?,
            Shape::Exponential { factor } => Self::exponential(factor)?,
            Shape::Cosine { steps, floor } => Self::cosine(steps, floor)?,
            Shape::Linear { steps, floor } => Self::linear(steps, floor)?,
        };
        Ok(Self {
            warm_up,
            ..schedule
        })
    }
}

impl Schedule {
    /// The factor 1 at each step.
    pub fn constant() -> Self {
        Self::of(Shape::Constant)
    }

    /// The factor `factor^⌊step / every⌋`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for every = 0 or a factor that is not finite and > 0.
    pub fn step(every: u64, factor: f64) -> Result<Self> {
        positive("Schedule::step", "every", every)?;
        require("Schedule::step", "factor", factor, "> 0", factor > 0.0)?;
        Ok(Self::of(Shape::Step { every, factor }))
    }

    /// The factor `factor^step`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the factor is finite and > 0.
    pub fn exponential(factor: f64) -> Result<Self> {
        let op = "Schedule::exponential";
        require(op, "factor", factor, "> 0", factor > 0.0)?;
        Ok(Self::of(Shape::Exponential { factor }))
    }

    /// Half a period of a cosine from 1 at step 0 to `floor` at step `steps`, and `floor` from
    /// there on: `floor + (1 − floor)·(1 + cos(π·step/steps))/2`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for steps = 0 or a floor outside [0, 1].
    pub fn cosine(steps: u64, floor: f64) -> Result<Self> {
        fraction("Schedule::cosine", floor)?;
        positive("Schedule::cosine", "steps", steps)?;
        Ok(Self::of(Shape::Cosine { steps, floor }))
    }

    /// Linear from 1 at step 0 to `floor` at step `steps`, and `floor` from there on.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for steps = 0 or a floor outside [0, 1].
    pub fn linear(steps: u64, floor: f64) -> Result<Self> {
        fraction("Schedule::linear", floor)?;
        positive("Schedule::linear", "steps", steps)?;
        Ok(Self::of(Shape::Linear { steps, floor }))
    }

    /// The same schedule with a warm-up first: `steps` steps with the factors
    /// `1/steps, 2/steps, …, 1`. The schedule itself starts with its step 0 after them.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for steps = 0.
    pub fn with_warm_up(mut self, steps: u64) -> Result<Self> {
        positive("Schedule::with_warm_up", "steps", steps)?;
        self.warm_up = steps;
        Ok(self)
    }

    /// The factor on the learning rate at `step`.
    pub fn factor(&self, step: u64) -> f64 {
        if step < self.warm_up {
            return (step + 1) as f64 / self.warm_up as f64;
        }
        let step = step - self.warm_up;
        match self.shape {
            Shape::Constant => 1.0,
            Shape::Step { every, factor } => factor.powf((step / every) as f64),
            Shape::Exponential { factor } => factor.powf(step as f64),
            Shape::Cosine { steps, floor } => {
                let angle = PI * part(step, steps);
                floor + (1.0 - floor) * 0.5 * (1.0 + angle.cos())
            }
            Shape::Linear { steps, floor } => 1.0 - (1.0 - floor) * part(step, steps),
        }
    }

    fn of(shape: Shape) -> Self {
        Self { warm_up: 0, shape }
    }
}

/// How much of a span is over, in [0, 1].
fn part(step: u64, steps: u64) -> f64 {
    step.min(steps) as f64 / steps as f64
}

fn positive(op: &'static str, name: &str, value: u64) -> Result<()> {
    if value > 0 {
        return Ok(());
    }
    Err(Error::invalid(op, format!("{name} ≥ 1"), value))
}

fn fraction(op: &'static str, floor: f64) -> Result<()> {
    require(
        op,
        "floor",
        floor,
        "in [0, 1]",
        (0.0..=1.0).contains(&floor),
    )
}
