//! A few eigenpairs at the ends of the spectrum of a symmetric operator, given only by its
//! products.

use super::no_grad;
use tch::{Kind, Tensor};

use crate::{Error, Result};

const OP: &str = "extreme_eigenpairs";

/// Blocks of vectors that the subspace holds before it is cut back.
const MOST_BLOCKS: i64 = 8;
/// Vectors beside the wanted ones that are improved too, so that a wanted one that
/// is nearly as large as the next comes out in as few products.
const GUARDS: i64 = 4;
/// Squared lengths of a block's directions below this, beside columns of length 1, are rounding.
const INDEPENDENT: f64 = 1e-12;
/// Smaller tolerances count as this: the residual of a pair as exact as f64 allows, with room.
const LEAST_TOLERANCE: f64 = 1e-14;

/// The settings of [`extreme_eigenpairs`].
#[derive(Debug, Clone, PartialEq)]
pub struct EigenConfig {
    /// The number of eigenpairs with the algebraically smallest eigenvalues.
    pub smallest: usize,
    /// The number of eigenpairs with the algebraically largest eigenvalues.
    pub largest: usize,
    /// The residual |A v − θ v|, for |v| = 1 and relative to the largest |θ|, at which a pair
    /// counts as found. Values below 1e-14, the rounding error, count as 1e-14.
    pub tolerance: f64,
    /// The most products of the operator with a block; beyond them the search fails.
    pub max_products: usize,
}

impl Default for EigenConfig {
    /// One pair at the largest end, to 1e-11, in up to 500 products.
    fn default() -> Self {
        Self {
            smallest: 0,
            largest: 1,
            tolerance: 1e-11,
            max_products: 500,
        }
    }
}

/// What [`extreme_eigenpairs`] found.
#[derive(Debug)]
pub struct ExtremeEigenpairs {
    /// The eigenvalues, `[smallest + largest]`, ascending: first those of the low end, then those
    /// of the high end.
    pub values: Tensor,
    /// The eigenvectors, `[n, smallest + largest]`, orthonormal, in the order of the values.
    pub vectors: Tensor,
    /// `[n, smallest + largest]`: the operator times the vectors.
    pub images: Tensor,
    /// `[smallest + largest]`: |A v − θ v|.
    pub residuals: Tensor,
    /// The number of products of the operator with a block.
    pub products: usize,
}

/// Eigenpairs of the smallest and largest eigenvalues of a symmetric operator.
///
/// ```text
/// A vᵢ = θᵢ vᵢ
/// ```
///
/// A block Lanczos method with thick restart: the subspace is extended by the residuals of all
/// wanted pairs (and of a few more), so that it is the block Krylov space of the start. When it
/// holds eight blocks it is reduced to the Ritz vectors of both ends. The large operations are
/// tensor products, on the device of the start. An eigenvalue is found with its full multiplicity,
/// up to the number of random columns of the start.
///
/// # Shapes
///
/// `apply` maps `[n, k]` to `[n, k]`; `start` is `[n, b]`, f64, in general position: random
/// numbers, to which eigenvectors of a similar operator may be added. There should be some more
/// random columns than wanted pairs at one end. Eigenvectors of an eigenvalue of higher
/// multiplicity than that may be missed.
///
/// # Accuracy
///
/// The error of an eigenvalue is at most its residual, and with a gap to the rest of the spectrum
/// about the square of the residual over the gap. Everything is relative to the largest |θ|:
/// eigenvalues of 1e-16 of it are rounding.
///
/// # Errors
///
/// [`Error::InvalidArgument`] when no pairs or more than n are wanted, the tolerance is not > 0,
/// the start is not a finite f64 matrix, or a product has another shape or kind; [`Error::Torch`]
/// when a small decomposition fails; [`Error::NotFinite`] when a product is not finite;
/// [`Error::NoConvergence`], with the residual relative to the largest |θ|.
///
/// # Examples
///
/// ```
/// use holonomy::numerics::{EigenConfig, extreme_eigenpairs};
/// use holonomy::tch::{Device, Kind, Tensor};
///
/// // The path of 100 nodes has eigenvalues 2 cos(kπ/101).
/// let ones = Tensor::ones([99], (Kind::Double, Device::Cpu));
/// let path = ones.diag_embed(1, 0, 1) + ones.diag_embed(-1, 0, 1);
/// let start = Tensor::eye(100, (Kind::Double, Device::Cpu)).narrow(1, 0, 4);
/// let config = EigenConfig { smallest: 1, largest: 2, ..EigenConfig::default() };
/// let found = extreme_eigenpairs(|block| path.matmul(block), &start, &config)?;
/// let largest = 2.0 * (std::f64::consts::PI / 101.0).cos();
/// assert!((found.values.double_value(&[2]) - largest).abs() < 1e-12);
/// assert!((found.values.double_value(&[0]) + largest).abs() < 1e-12);
/// # Ok::<(), holonomy::Error>(())
/// ```
///
/// # References
///
/// wu2000 (thick restart); stathopoulos2002 (orthogonalisation by eigenvectors of the Gram matrix).
pub fn extreme_eigenpairs(
    mut apply: impl FnMut(&Tensor) -> Tensor,
    start: &Tensor,
    config: &EigenConfig,
) -> Result<ExtremeEigenpairs> {
    let ends = Ends::new(start, config)?;
    no_grad(|| {
        let mut space = Subspace::new(start);
        let mut block = orthonormal(&space.basis, start)
            .ok_or_else(|| Error::invalid(OP, "a start that is not 0", "0 everywhere"))?;
        let mut products = 0;
        loop {
            let image = apply(&block);
            if !image.defined() || image.kind() != Kind::Double || image.size() != block.size() {
                let expected = format!("a product of shape {:?} in f64", block.size());
                return Err(Error::invalid(OP, expected, format!("{image:?}")));
            }
            products += 1;
            space.widen(&block, &image);
            let ritz = space.ritz(products)?;
            let target = Target::new(&space, &ritz, ends);
            if target.worst <= ends.tolerance {
                return Ok(target.finish(ends, products));
            }
            let next = orthonormal(&space.basis, &target.unfinished(ends.tolerance));
            // Without a direction left the subspace is invariant, and what remains is rounding.
            let Some(next) = next.filter(|_| products < config.max_products) else {
                return Err(Error::NoConvergence {
                    op: OP,
                    iterations: products,
                    residual: target.worst,
                    tolerance: ends.tolerance,
                });
            };
            if space.width() + next.size()[1] > ends.most_columns {
                space.cut_back(&ritz, ends);
            }
            block = next;
        }
    })
}

/// The numbers of columns that matter.
#[derive(Debug, Clone, Copy)]
struct Ends {
    smallest: i64,
    largest: i64,
    tolerance: f64,
    /// Width at which the subspace is cut back.
    most_columns: i64,
    /// Ritz vectors of each end that are then kept.
    kept: i64,
}

impl Ends {
    fn new(start: &Tensor, config: &EigenConfig) -> Result<Self> {
        let size = start.size();
        let &[n, width] = size.as_slice() else {
            return Err(Error::invalid(OP, "a start [n, b]", format!("{size:?}")));
        };
        let (smallest, largest) = (config.smallest as i64, config.largest as i64);
        let wanted = smallest + largest;
        if wanted < 1 || wanted > n || width < 1 {
            let got = format!("{wanted} with a start {size:?}");
            return Err(Error::invalid(OP, "1 to n wanted pairs and b ≥ 1", got));
        }
        if config.tolerance.is_nan() || config.tolerance <= 0.0 {
            return Err(Error::invalid(OP, "a tolerance > 0", config.tolerance));
        }
        if start.kind() != Kind::Double || !is_finite(start) {
            return Err(Error::invalid(
                OP,
                "a start of finite f64",
                format!("{start:?}"),
            ));
        }
        let kept = smallest.max(largest) + GUARDS + width;
        Ok(Self {
            smallest,
            largest,
            tolerance: config.tolerance.max(LEAST_TOLERANCE),
            most_columns: n.min(2 * kept + MOST_BLOCKS * width.max(wanted)),
            kept,
        })
    }
}

/// An orthonormal basis and its images.
struct Subspace {
    basis: Tensor,
    images: Tensor,
}

/// The eigenpairs of the operator's projection to the subspace.
struct Ritz {
    /// `[m]`, ascending.
    values: Tensor,
    /// `[m, m]`, in the basis.
    vectors: Tensor,
    /// The largest |θ|.
    scale: f64,
}

impl Subspace {
    fn new(start: &Tensor) -> Self {
        let empty = start.narrow(1, 0, 0);
        Self {
            basis: empty.copy(),
            images: empty,
        }
    }

    fn width(&self) -> i64 {
        self.basis.size()[1]
    }

    fn widen(&mut self, block: &Tensor, image: &Tensor) {
        self.basis = Tensor::cat(&[&self.basis, block], 1);
        self.images = Tensor::cat(&[&self.images, image], 1);
    }

    fn ritz(&self, products: usize) -> Result<Ritz> {
        let projection = self.basis.tr().matmul(&self.images);
        if !is_finite(&projection) {
            return Err(Error::NotFinite {
                op: OP,
                what: "the operator's product",
                place: format!("product {products}"),
            });
        }
        let projection = (&projection + projection.tr()) * 0.5;
        let (values, vectors) = projection
            .f_linalg_eigh("L")
            .map_err(|source| Error::Torch { op: OP, source })?;
        let scale = values.abs().max().double_value(&[]);
        Ok(Ritz {
            values,
            vectors,
            scale,
        })
    }

    /// Keeps Ritz vectors of both ends alone.
    fn cut_back(&mut self, ritz: &Ritz, ends: Ends) {
        let m = self.width();
        let low = ends.kept.min(m);
        let high = ends.kept.min(m - low);
        let kept = both_ends(&ritz.vectors, low, high);
        self.basis = self.basis.matmul(&kept);
        self.images = self.images.matmul(&kept);
    }
}

/// The Ritz pairs that are improved: the wanted ones, and guards inside of each end.
struct Target {
    values: Tensor,
    vectors: Tensor,
    images: Tensor,
    /// `A v − θ v`, as columns.
    remainders: Tensor,
    /// Their lengths as parts of the largest |θ|.
    residuals: Tensor,
    scale: f64,
    /// The largest residual of a wanted pair; infinite while there are fewer pairs than wanted.
    worst: f64,
}

impl Target {
    fn new(space: &Subspace, ritz: &Ritz, ends: Ends) -> Self {
        let m = space.width();
        let guarded = |wanted: i64| if wanted > 0 { wanted + GUARDS } else { 0 };
        let low = guarded(ends.smallest).min(m);
        let high = guarded(ends.largest).min(m - low);
        let values = both_ends(&ritz.values.unsqueeze(0), low, high);
        let kept = both_ends(&ritz.vectors, low, high);
        let [vectors, images] = [&space.basis, &space.images].map(|t| t.matmul(&kept));
        let remainders = &images - &vectors * &values;
        let scale = if ritz.scale > 0.0 { ritz.scale } else { 1.0 };
        let residuals = column_norms(&remainders) / scale;
        let worst = if m < ends.smallest + ends.largest {
            f64::INFINITY
        } else {
            wanted(&residuals, ends).max().double_value(&[])
        };
        Self {
            values,
            vectors,
            images,
            remainders,
            residuals,
            scale,
            worst,
        }
    }

    /// Columns by which to widen the subspace.
    fn unfinished(&self, tolerance: f64) -> Tensor {
        let open = self.residuals.gt(tolerance).squeeze_dim(0);
        let columns = open.nonzero().squeeze_dim(-1);
        self.remainders.index_select(1, &columns)
    }

    fn finish(self, ends: Ends, products: usize) -> ExtremeEigenpairs {
        let row = |t: &Tensor| wanted(t, ends).squeeze_dim(0);
        ExtremeEigenpairs {
            values: row(&self.values),
            residuals: row(&self.residuals) * self.scale,
            vectors: wanted(&self.vectors, ends),
            images: wanted(&self.images, ends),
            products,
        }
    }
}

/// The first and the last columns.
fn both_ends(columns: &Tensor, first: i64, last: i64) -> Tensor {
    let m = columns.size()[1];
    Tensor::cat(
        &[
            columns.narrow(1, 0, first),
            columns.narrow(1, m - last, last),
        ],
        1,
    )
}

fn wanted(columns: &Tensor, ends: Ends) -> Tensor {
    both_ends(columns, ends.smallest, ends.largest)
}

/// An orthonormal basis of what the columns of `block` add to an orthonormal basis; none where
/// they add nothing but rounding.
///
/// Columns are scaled, freed of the basis, and combined by the eigenvectors of their Gram matrix;
/// thrice, for the first pass leaves the rounding of what it took away, large beside what is left.
fn orthonormal(basis: &Tensor, block: &Tensor) -> Option<Tensor> {
    let mut block = block.shallow_clone();
    for pass in 0..3 {
        let norms = column_norms(&block);
        let columns = norms.gt(0.0).squeeze_dim(0).nonzero().squeeze_dim(-1);
        block = (&block / norms).index_select(1, &columns);
        block -= basis.matmul(&basis.tr().matmul(&block));
        let (squares, turn) = block.tr().matmul(&block).linalg_eigh("L");
        // After the first pass a direction is either nearly as long as it was or in the span.
        let least = if pass == 0 { INDEPENDENT } else { 0.25 };
        let columns = squares.gt(least).nonzero().squeeze_dim(-1);
        if columns.numel() == 0 {
            return None;
        }
        let scales = squares.index_select(0, &columns).rsqrt();
        block = block.matmul(&(turn.index_select(1, &columns) * scales));
    }
    Some(block)
}

/// The Euclidean length of every column, `[1, k]`.
fn column_norms(columns: &Tensor) -> Tensor {
    columns
        .square()
        .sum_dim_intlist(0, true, Kind::Double)
        .sqrt()
}

fn is_finite(t: &Tensor) -> bool {
    t.isfinite().all().int64_value(&[]) == 1
}
