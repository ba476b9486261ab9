//! A layer whose inputs and outputs are checked.

use tch::Tensor;
use tch::nn::ModuleT;

use super::{Coordinates, HyperbolicModel, Layer};

/// A layer between spaces that panics, with the row, when an input or output is not a point. For tests and
/// for the search of a fault: each pass looks at all points and waits for the device.
#[derive(Debug)]
pub struct Checked<L, A, B> {
    layer: L,
    from: A,
    to: B,
}

impl<L: Layer, A: HyperbolicModel, B: HyperbolicModel> Checked<L, A, B> {
    /// Checks a layer that takes points of `from` and gives points of `to`.
    ///
    /// # Panics
    ///
    /// If the layer takes or gives something else.
    #[track_caller]
    pub fn new(layer: L, from: &A, to: &B) -> Self {
        let sides = [
            (layer.takes(), from.coordinates()),
            (layer.gives(), to.coordinates()),
        ];
        for (of_layer, named) in sides {
            assert!(
                of_layer.take(&named),
                "Checked::new: expected {of_layer}, got {named}"
            );
        }
        Self {
            layer,
            from: from.clone(),
            to: to.clone(),
        }
    }
}

impl<L: Layer, A: HyperbolicModel, B: HyperbolicModel> ModuleT for Checked<L, A, B> {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        if let Err(error) = self.from.check_point(x) {
            panic!("input of {:?}: {error}", self.layer);
        }
        let y = self.layer.forward_t(x, train);
        if let Err(error) = self.to.check_point(&y) {
            panic!("output of {:?}: {error}", self.layer);
        }
        y
    }
}

impl<L: Layer, A: HyperbolicModel, B: HyperbolicModel> Layer for Checked<L, A, B> {
    fn takes(&self) -> Coordinates {
        self.layer.takes()
    }

    fn gives(&self) -> Coordinates {
        self.layer.gives()
    }
}
