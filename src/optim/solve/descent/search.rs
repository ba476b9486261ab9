//! Steps that count as lower, and the end of them.

use tch::{Kind, Tensor};

use super::memory::Memory;
use super::{CenterConfig, Descended, Ending, Place, Problem};
use crate::{Error, Result};

/// Values are rounded to this part of themselves, and gradients to this part of their unit.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// Steps down from a place until the gradient is small, or as small as the coordinates allow.
///
/// A step counts if it lowers the lowest value by more than its rounding and as much as the slope promises, or
/// if it leaves that value where it is, to rounding, and shortens the gradient. So no steps lead
/// back to where they came from.
pub(crate) fn descend<P: Problem>(
    op: &'static str,
    problem: &P,
    config: &CenterConfig,
    start: Place<P::Point>,
) -> Result<Descended<P::Point>> {
    let mut search = Search {
        problem,
        lowest: start.value,
        noise: 0.0,
        natural_part: 1.0,
    };
    let mut memory = Memory::default();
    let mut place = start;
    let mut iterations = 0;
    loop {
        let tolerance = config.tolerance * place.slope.unit;
        let mut ending = None;
        if place.slope.gradient <= tolerance {
            ending = Some(Ending::Tolerance);
        } else if iterations < config.max_iterations {
            if let Some(next) = search.step(&mut memory, &place) {
                place = next;
                iterations += 1;
                continue;
            }
            let noise = search.noise_at(&place);
            if place.slope.gradient <= noise.gradient {
                ending = Some(Ending::Resolution);
            } else if noise.value > search.noise {
                // Values that are rounded more than was thought hide a descent that gradients show.
                search.noise = noise.value;
                continue;
            }
        }
        let Some(ending) = ending else {
            return Err(Error::NoConvergence {
                op,
                iterations,
                residual: place.slope.gradient,
                tolerance,
            });
        };
        return Ok(Descended {
            place,
            iterations,
            ending,
        });
    }
}

struct Search<'a, P> {
    problem: &'a P,
    /// The lowest value so far.
    lowest: f64,
    /// How much rounding of the coordinates was seen to change the value.
    noise: f64,
    /// The part of the last natural step that counted.
    natural_part: f64,
}

struct Noise {
    value: f64,
    gradient: f64,
}

/// A place that counts as lower, and the step that leads there.
struct Found<P> {
    place: Place<P>,
    step: Tensor,
    part: f64,
}

impl<P: Problem> Search<'_, P> {
    /// The next place down, by the memory of steps or by the natural step.
    fn step(&mut self, memory: &mut Memory, here: &Place<P::Point>) -> Option<Place<P::Point>> {
        let quick = memory.direction(&here.slope);
        let mut found = quick.and_then(|(way, fall)| self.along(here, &way, fall, 1.0));
        if found.is_none() {
            memory.clear();
            let way = &here.slope.pull * here.slope.scale;
            let fall = here.slope.scale * here.slope.gradient * here.slope.gradient;
            found = self.along(here, &way, fall, (2.0 * self.natural_part).min(1.0));
            if let Some(found) = &found {
                self.natural_part = found.part;
            }
        }
        let from = found.as_ref().map_or(here, |found| &found.place);
        let shortcut = self.problem.shortcut(&from.point);
        let next = if let Some(place) = shortcut.and_then(|point| Place::at(self.problem, point)) {
            memory.clear();
            place
        } else {
            let found = found?;
            memory.learn(self.problem, here, &found.place, &found.step);
            found.place
        };
        self.lowest = self.lowest.min(next.value);
        Some(next)
    }

    /// The first place on a way that counts as lower; `fall` is how much the value falls along all of the way
    /// to first order, `part` the part of it that is tried first.
    fn along(
        &self,
        here: &Place<P::Point>,
        way: &Tensor,
        fall: f64,
        mut part: f64,
    ) -> Option<Found<P::Point>> {
        const LEAST_PART: f64 = 1e-12;
        const LEAST_FALL: f64 = 1e-4;
        const LEVEL_TRIES: usize = 8;
        let noise = self.noise.max(ROUNDING * self.lowest.abs());
        let mut level_tries = 0;
        while part > LEAST_PART && level_tries < LEVEL_TRIES {
            let step = way * part;
            let point = self.problem.moved(&here.point, &step);
            let value = self.problem.value(&point);
            let falls =
                value <= here.value - LEAST_FALL * part * fall && value < self.lowest - noise;
            let is_level = value <= self.lowest + noise;
            if (falls || is_level)
                && let Some(place) = Place::at(self.problem, point)
            {
                if falls || place.slope.gradient < 0.999 * here.slope.gradient {
                    return Some(Found { place, step, part });
                }
                level_tries += 1;
            }
            // The lowest point of the parabola through what is known.
            let above = value - here.value + part * fall;
            let lowest = part * part * fall / (2.0 * above);
            part = if lowest.is_finite() {
                lowest.clamp(0.1 * part, 0.5 * part)
            } else {
                0.25 * part
            };
        }
        None
    }

    /// What a few roundings of the coordinates change.
    fn noise_at(&self, here: &Place<P::Point>) -> Noise {
        const SAFETY: f64 = 4.0;
        let mut noise = Noise {
            value: ROUNDING * here.value.abs(),
            gradient: ROUNDING * here.slope.unit,
        };
        for (point, way) in self.problem.neighbours(&here.point) {
            let Some(there) = Place::at(self.problem, point) else {
                continue;
            };
            let fall = number(&self.problem.inner(&here.point, &here.slope.pull, &way));
            let change = (there.value - here.value + fall).abs();
            noise.value = noise.value.max(SAFETY * change);
            let pull = here.slope.pull.unsqueeze(0);
            let carried = self.problem.transport(&here.point, &there.point, &pull);
            let turned = &there.slope.pull - carried.squeeze_dim(0);
            let square = number(&self.problem.inner(&there.point, &turned, &turned));
            noise.gradient = noise.gradient.max(SAFETY * square.max(0.0).sqrt());
        }
        noise
    }
}

fn number(x: &Tensor) -> f64 {
    x.to_kind(Kind::Double).double_value(&[])
}
