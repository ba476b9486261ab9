//! Attention over points, by distances or products.

use std::borrow::Borrow;

use rand::Rng;
use tch::nn::{Module, ModuleT};
use tch::{Kind, Tensor};

use super::means::{centroids, linear_time_centroids, time};
use super::{Coordinates, Layer, LinearModel, Path, SpatialLinear};
use crate::numerics::{check_points, norm_keep, pull_within, special, sum_keep};
use crate::{Error, Result};

/// How much a query attends to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AttentionForm {
    /// softmax of −β|q − k|²_L = −(2β/c)(cosh(√c d) − 1), which chen2022 writes as β(2/c + 2⟨q, k⟩_L). It
    /// grows as e^{√c d}: beyond a few units one key takes all. The fastest form. Spatial parts count to the
    /// length 1e150.
    #[default]
    Product,
    /// softmax of −β d(q, k) (gulcehre2019, whose offset a softmax leaves out). Exact, also where q = k. While
    /// gradients are recorded its memory is that of pairs times dimensions.
    Distance,
    /// softmax of −β d(q, k)². As [`Distance`](Self::Distance).
    SquaredDistance,
    /// φ(q)·φ(k) over its sum (yang2024), in time and memory linear in the points: φ(s) = |r|/|r³| r³ with
    /// r = max(βs, 0) + 1e-6 of each coordinate of the spatial part s, at least 1e-50 of the largest. yang2024 averages spatial parts of the
    /// values; here it is their centroid, as in the other forms.
    LinearTime,
}

/// The length of spatial parts to which products are told apart: those of farther points overflow.
const FARTHEST: f64 = 1e150;

/// What is added to the coordinates of features, so that their products are not 0.
const LEAST_FEATURE: f64 = 1e-6;

/// The least part of the largest feature whose cube counts: cubes of smaller ones vanish.
const LEAST_PART: f64 = 1e-50;

/// The settings of a [`MultiHeadAttention`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionConfig {
    /// The number of heads, a divisor of the dimension.
    pub heads: i64,
    /// How weights come from queries and keys.
    pub form: AttentionForm,
}

impl Default for AttentionConfig {
    /// One head, by products.
    fn default() -> Self {
        Self {
            heads: 1,
            form: AttentionForm::default(),
        }
    }
}

/// Multi-head attention of points: each query becomes the centroid of the values, weighted by how near their
/// keys are to it.
///
/// Queries, keys and values are [linear layers](LinearModel::linear) of the points; the spatial part of
/// each is cut into heads of n/heads dimensions. The centroids of the heads are joined by their
/// spatial parts, and a last linear layer follows.
///
/// # Shapes
///
/// Points `[.., L, coordinates]` → points `[.., L, coordinates]`. The variables are those of the four layers,
/// `queries`, `keys`, `values` and `out`, and `u` `[heads]`, with β = ln(1 + eᵘ).
///
/// # Initialisation
///
/// Of the layers as they say. β = 1 for distances and in linear time, otherwise 1/√(n/heads).
///
/// # Accuracy
///
/// Weights and centroids are computed in f64. Centroids of far points in one direction lose e^ρ roundings of
/// f64 at the distance ρ/√c; [`LinearTime`](AttentionForm::LinearTime) loses e^{2ρ} roundings of f64 at the distance ρ/√c, and so does
/// [`Product`](AttentionForm::Product) in its weights.
///
/// # Examples
///
/// ```
/// use holonomy::nn::{AttentionConfig, HyperbolicModel, MultiHeadAttention, Store};
/// use holonomy::tch::{Device, Kind, Tensor, nn::Module};
/// use holonomy::{Lorentz, random};
///
/// let (store, mut rng) = (Store::new(Device::Cpu, Kind::Double)?, random::generator(1));
/// let space = Lorentz::new(8, -1.0)?;
/// let config = AttentionConfig { heads: 2, ..Default::default() };
/// let layer = MultiHeadAttention::new(store.root(), &space, config, &mut rng)?;
/// let words = random::random_normal(&mut rng, &[5, 8], Kind::Double, Device::Cpu);
/// let x = space.exp_at_origin(&words);
/// assert_eq!(layer.forward(&x).size(), [5, 9]);
///
/// // Each word hears those before it, and itself.
/// let causal = Tensor::ones([5, 5], (Kind::Bool, Device::Cpu)).tril(0);
/// let heard = layer.attend(&x, &x, Some(&causal));
/// let first = x.narrow(0, 0, 1);
/// let alone = layer.attend(&first, &first, None);
/// assert!((heard.narrow(0, 0, 1) - alone).abs().max().double_value(&[]) < 1e-14);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// gulcehre2019; chen2022; yang2024
#[derive(Debug)]
pub struct MultiHeadAttention<M: LinearModel> {
    space: M,
    head: M,
    config: AttentionConfig,
    queries: M::Linear,
    keys: M::Linear,
    values: M::Linear,
    out: M::Linear,
    u: Tensor,
}

impl<M: LinearModel> MultiHeadAttention<M> {
    /// A layer over a space.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] unless the number of heads divides the dimension, or for a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        space: &M,
        config: AttentionConfig,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        let (path, n) = (path.borrow(), space.dim());
        if config.heads < 1 || n % config.heads != 0 {
            let expected = format!("heads that divide the dimension {n}");
            return Err(Error::invalid(
                "MultiHeadAttention::new",
                expected,
                config.heads,
            ));
        }
        let width = n / config.heads;
        let beta = match config.form {
            AttentionForm::Distance | AttentionForm::LinearTime => 1.0,
            _ => (width as f64).sqrt().recip(),
        };
        let start = special::softplus_inverse(beta);
        let u = Tensor::full([config.heads], start, (Kind::Double, path.device()));
        let mut linear = |name: &str| M::linear(&path.sub(name), space, space, rng);
        Ok(Self {
            space: space.clone(),
            head: space.with_dim(width),
            config,
            queries: linear("queries")?,
            keys: linear("keys")?,
            values: linear("values")?,
            out: linear("out")?,
            u: path.variable("u", &u)?,
        })
    }

    /// Attention of some points to others.
    ///
    /// # Shapes
    ///
    /// Points `x` `[.., L, coordinates]` and `other` `[.., K, coordinates]` with the same leading
    /// dimensions; a mask of booleans that broadcasts to `[.., L, K]`, true where a point of `x` may attend to
    /// one of `other` → points `[.., L, coordinates]`. A point that may attend to none hears the origin.
    ///
    /// # Panics
    ///
    /// For other shapes, and for a mask that differs between the points of `x` in
    /// [linear time](AttentionForm::LinearTime): there its shape is `[.., 1, K]`.
    #[track_caller]
    pub fn attend(&self, x: &Tensor, other: &Tensor, mask: Option<&Tensor>) -> Tensor {
        const OP: &str = "MultiHeadAttention::attend";
        let width = self.space.point_shape()[0];
        check_points(OP, width, &[x]);
        check_points(OP, width, &[other]);
        let (rows, batch) = (x.size(), x.dim().saturating_sub(2));
        assert!(
            x.dim() >= 2 && x.dim() == other.dim() && rows[..batch] == other.size()[..batch],
            "{OP}: expected points [.., L, coordinates] of one batch, got {rows:?} and {:?}",
            other.size()
        );
        let mask = mask.map(|mask| self.checked_mask(mask, x, other));
        let heads = |layer: &M::Linear, x: &Tensor| self.heads(&layer.forward_spatial(x));
        let (q, k) = (heads(&self.queries, x), heads(&self.keys, other));
        let values = heads(&self.values, other);
        let means = self.means((&q, &k, &values), mask.as_ref());
        // The inverse of the cut into heads.
        let joined = means.transpose(-3, -2).flatten(-2, -1);
        let point = self.space.with_exact_spatial(&joined, x.kind());
        self.out.forward_t(&point, false)
    }

    /// A mask with a dimension of heads, `[.., 1, L or 1, K]`.
    #[track_caller]
    fn checked_mask(&self, mask: &Tensor, x: &Tensor, other: &Tensor) -> Tensor {
        const OP: &str = "MultiHeadAttention::attend";
        let mut full = x.size();
        let last = full.len() - 1;
        full[last] = other.size()[last - 1];
        assert!(
            mask.kind() == Kind::Bool && mask.dim() >= 2,
            "{OP}: expected a mask [.., L, K] of booleans, got {:?} of {:?}",
            mask.size(),
            mask.kind()
        );
        let size = mask.size();
        let fits = size.len() <= full.len()
            && size
                .iter()
                .rev()
                .zip(full.iter().rev())
                .all(|(n, whole)| *n == 1 || n == whole);
        assert!(
            fits && mask.device() == x.device(),
            "{OP}: expected a mask that broadcasts to {full:?} on {:?}, got {size:?} on {:?}",
            x.device(),
            mask.device()
        );
        let linear = self.config.form == AttentionForm::LinearTime;
        assert!(
            !linear || mask.size()[mask.dim() - 2] == 1,
            "{OP}: expected a mask [.., 1, K] in linear time, got {:?}",
            mask.size()
        );
        mask.unsqueeze(-3)
    }

    /// `[.., L, heads·w]` → `[.., heads, L, w]` in f64.
    fn heads(&self, spatial: &Tensor) -> Tensor {
        let mut size = spatial.size();
        size.pop();
        size.extend([self.config.heads, self.head.dim()]);
        let spatial = spatial.to_kind(Kind::Double).view(size.as_slice());
        spatial.transpose(-3, -2)
    }

    /// The centroids of the values for each query, as spatial parts.
    fn means(&self, (q, k, values): (&Tensor, &Tensor, &Tensor), mask: Option<&Tensor>) -> Tensor {
        if q.numel() == 0 || k.numel() == 0 {
            return q.zeros_like();
        }
        let c = -self.space.kappa().tensor();
        let beta = special::softplus(&self.u.to_kind(Kind::Double)).view([-1, 1, 1]);
        if self.config.form == AttentionForm::LinearTime {
            let (to, from) = (feature(&(q * &beta)), feature(&(k * &beta)));
            // Of a row of keys, a column of features.
            let from = match mask {
                Some(mask) => from * open(mask).transpose(-2, -1).to_kind(Kind::Double),
                None => from,
            };
            let means = linear_time_centroids(&c, values, (&to, &from));
            return heard(&means, mask);
        }
        let logits = self.nearness(q, k, &c) * beta;
        let logits = match mask {
            Some(mask) => logits.masked_fill(&open(mask).logical_not(), f64::NEG_INFINITY),
            None => logits,
        };
        let means = centroids(&c, values, &logits.softmax(-1, Kind::Double));
        heard(&means, mask)
    }

    /// −|q − k|²_L, −d or −d², `[.., L, K]`.
    fn nearness(&self, q: &Tensor, k: &Tensor, c: &Tensor) -> Tensor {
        let form = self.config.form;
        if form == AttentionForm::Product {
            let limit = Tensor::from(FARTHEST).to_device(q.device());
            let near = |s: &Tensor| pull_within(s, &norm_keep(s), &limit);
            let (q, k) = (&near(q), &near(k));
            let time = |s: &Tensor| time(c, &norm_keep(s));
            let times = time(q).matmul(&time(k).transpose(-2, -1));
            let product = q.matmul(&k.transpose(-2, -1)) - times;
            return ((product + c.reciprocal()) * 2.0).clamp_max(0.0);
        }
        let point = |s: &Tensor| self.head.with_exact_spatial(s, Kind::Double);
        let distance = self
            .head
            .dist(&point(q).unsqueeze(-2), &point(k).unsqueeze(-3));
        if form == AttentionForm::Distance {
            -distance
        } else {
            -distance.square()
        }
    }
}

/// The mask, open for those that may hear nobody: what they hear is left out later, and is a number.
fn open(mask: &Tensor) -> Tensor {
    mask.logical_or(&mask.any_dim(-1, true).logical_not())
}

/// The spatial parts of those that hear somebody, 0 of others.
fn heard(means: &Tensor, mask: Option<&Tensor>) -> Tensor {
    match mask {
        Some(mask) => means.where_self(&mask.any_dim(-1, true), &means.zeros_like()),
        None => means.shallow_clone(),
    }
}

/// |r|/|r³| r³ of r = max(s, 0) + 1e-6.
fn feature(s: &Tensor) -> Tensor {
    let r = s.relu() + LEAST_FEATURE;
    let largest = r.amax([-1], true);
    // Without a scale, cubes of 1e130 overflow.
    let parts = &r / &largest;
    let cube = parts.clamp_min(LEAST_PART).pow_tensor_scalar(3);
    let length = |x: &Tensor| sum_keep(&x.square()).sqrt();
    &cube * (length(&parts) * &largest / length(&cube))
}

impl<M: LinearModel> Module for MultiHeadAttention<M> {
    /// Attention of points to each other.
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        self.attend(x, x, None)
    }
}

impl<M: LinearModel> Layer for MultiHeadAttention<M> {
    fn takes(&self) -> Coordinates {
        self.space.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.space.coordinates()
    }
}
