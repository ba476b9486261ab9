//! The probability of a link from a distance.

use std::borrow::Borrow;

use tch::Tensor;

use super::Path;
use crate::numerics::{require_positive, special};
use crate::{Geodesic, Result};

/// The Fermi–Dirac decoder: the probability of a link between two points.
///
/// ```text
/// 1/(1 + e^{(d² − r)/t})
/// ```
///
/// r and t are learned, and distances are squared; [`embed::FermiDirac`](crate::embed::FermiDirac) has fixed
/// ones, and plain distances.
///
/// # Shapes
///
/// Points `[.., point..]`, twice → logits or probabilities `[..]`. The variables are `radius` and `log_t`,
/// both `[]`.
///
/// # References
///
/// krioukov2010; chami2019, with r = 2 and t = 1 fixed. [`freeze`](Path::freeze) the path for
/// that.
#[derive(Debug)]
pub struct FermiDiracDecoder<M> {
    space: M,
    radius: Tensor,
    log_t: Tensor,
}

impl<M: Geodesic + Clone> FermiDiracDecoder<M> {
    /// A decoder over a space that starts at r and t.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) unless r and t are finite and above 0,
    /// or for a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        space: &M,
        radius: f64,
        temperature: f64,
    ) -> Result<Self> {
        const OP: &str = "FermiDiracDecoder::new";
        require_positive(OP, "radius", radius)?;
        require_positive(OP, "temperature", temperature)?;
        let path = path.borrow();
        Ok(Self {
            space: space.clone(),
            radius: path.variable("radius", &Tensor::from(radius))?,
            log_t: path.variable("log_t", &Tensor::from(temperature.ln()))?,
        })
    }

    /// The logits (r − d²)/t, which `binary_cross_entropy_with_logits` takes: no digits are lost where the
    /// probability rounds to 0 or 1.
    ///
    /// # Panics
    ///
    /// As the distance of the space.
    #[track_caller]
    pub fn logits(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let t = self.log_t.exp();
        (&self.radius - self.space.dist(p, q).square()) / t
    }

    /// The probabilities.
    ///
    /// # Panics
    ///
    /// As the distance of the space.
    #[track_caller]
    pub fn probabilities(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.logits(p, q).sigmoid()
    }

    /// The binary cross entropy: half its mean over linked pairs and half its mean over unlinked ones,
    /// each given as `(p, q)`.
    ///
    /// # Panics
    ///
    /// If there are no pairs on one side, and as the distance of the space.
    #[track_caller]
    pub fn loss(&self, linked: (&Tensor, &Tensor), unlinked: (&Tensor, &Tensor)) -> Tensor {
        assert!(
            linked.0.numel() > 0 && unlinked.0.numel() > 0,
            "FermiDiracDecoder::loss: expected linked and unlinked pairs, got none"
        );
        let kind = linked.0.kind();
        let yes = special::softplus(&-self.logits(linked.0, linked.1)).mean(kind);
        let no = special::softplus(&self.logits(unlinked.0, unlinked.1)).mean(kind);
        (yes + no) / 2.0
    }
}
