//! Samples that laws share: to draw them takes as long as to judge a simple law.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tch::Kind;

use super::samples::{Case, Samples};

/// The cases of two manifolds in both kinds, as two threads meet them, and some more.
const KEPT: usize = 96;

/// Samples with what they were drawn for.
struct Drawn {
    name: &'static str,
    kind: Kind,
    case: Case,
    samples: Samples,
}

impl Drawn {
    fn is_of(&self, name: &str, kind: Kind, case: &Case) -> bool {
        self.name == name && self.kind == kind && self.case == *case
    }
}

static DRAWN: Mutex<VecDeque<Drawn>> = Mutex::new(VecDeque::new());

/// A copy of the samples of a case, which are drawn unless they were not long ago.
pub(super) fn samples(
    name: &'static str,
    kind: Kind,
    case: &Case,
    draw: impl FnOnce() -> Samples,
) -> Samples {
    let known = || DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = known()
        .iter()
        .find(|drawn| drawn.is_of(name, kind, case))
        .map(|drawn| drawn.samples.copy());
    if let Some(samples) = found {
        return samples;
    }
    let samples = draw();
    let drawn = Drawn {
        name,
        kind,
        case: case.clone(),
        samples: samples.copy(),
    };
    let mut known = known();
    known.push_front(drawn);
    known.truncate(KEPT);
    samples
}
