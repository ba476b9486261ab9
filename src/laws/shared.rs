//! Samples that laws share: to draw them takes as long as to judge a simple law.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind};

use super::Domain;
use super::samples::{Case, Samples};

/// The cases of two manifolds in both kinds, as two threads meet them, and some more.
const KEPT: usize = 96;

/// What samples are drawn for.
#[derive(Clone, PartialEq)]
pub(super) struct Purpose {
    pub(super) name: &'static str,
    pub(super) domain: Domain,
    pub(super) device: Device,
    pub(super) kind: Kind,
    pub(super) case: Case,
}

/// Samples with their purpose.
struct Drawn {
    purpose: Purpose,
    samples: Samples,
}

static DRAWN: Mutex<VecDeque<Drawn>> = Mutex::new(VecDeque::new());

/// A copy of the samples of a case, which are drawn unless they were not long ago.
pub(super) fn samples(purpose: Purpose, draw: impl FnOnce() -> Samples) -> Samples {
    let known = || DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known()
        .iter()
        .find(|drawn| drawn.purpose == purpose)
        .map(|drawn| drawn.samples.copy());
    if let Some(samples) = found {
        return samples;
    }
    let samples = draw();
    let drawn = Drawn {
        purpose,
        samples: samples.copy(),
    };
    let mut known = known();
    known.push_front(drawn);
    known.truncate(KEPT);
    samples
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::Euclidean;
    use crate::laws::Subject;

    fn purpose() -> Purpose {
        Purpose {
            name: "a plane of this test",
            domain: Domain::default(),
            device: Device::Cpu,
            kind: Kind::Double,
            case: Case {
                seed: 1,
                batch: vec![2],
                reach: 0.5,
                decades: 1,
            },
        }
    }

    #[test]
    fn samples_are_drawn_once_for_each_purpose() -> crate::Result<()> {
        let plane = Euclidean::new(2)?;
        let subject = Subject::geodesic(&plane);
        let drawn = Cell::new(0);
        let taken = |purpose: Purpose| {
            let (kind, case) = (purpose.kind, purpose.case.clone());
            samples(purpose, || {
                drawn.set(drawn.get() + 1);
                Samples::draw(&subject, &case, (kind, Device::Cpu))
            })
        };
        let first = taken(purpose());
        let before = first.p.copy();
        let _ = first.p.shallow_clone().fill_(7.0);
        assert_eq!(taken(purpose()).p, before);
        assert_eq!(drawn.get(), 1);
        let mut single = purpose();
        single.kind = Kind::Float;
        assert_eq!(taken(single).p.kind(), Kind::Float);
        let mut small = purpose();
        small.domain = Domain::in_units_of(1e-3);
        let mut elsewhere = purpose();
        elsewhere.device = Device::Cuda(0);
        let mut longer = purpose();
        longer.case.batch = vec![3];
        let mut other = purpose();
        other.name = "another plane of this test";
        for purpose in [small, elsewhere, longer, other] {
            taken(purpose);
        }
        assert_eq!(drawn.get(), 6);
        Ok(())
    }
}
