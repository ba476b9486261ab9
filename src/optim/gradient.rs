//! A gradient: dense, or of a few rows.

use tch::Tensor;

/// The Euclidean gradient of one parameter, as autograd gives it.
///
/// # Shapes
///
/// For a parameter of shape `[rows, .., point..]`: `Dense` has that shape; `Rows` has distinct
/// row numbers `[k]` (i64) and values `[k, .., point..]`.
#[derive(Debug)]
pub enum Gradient {
    /// One value per coordinate.
    Dense(Tensor),
    /// Values for some rows; the others have none, and a step leaves them untouched.
    Rows {
        /// Distinct row numbers.
        rows: Tensor,
        /// The gradients of those rows.
        values: Tensor,
    },
}

impl Gradient {
    /// The gradient that a tensor holds: row-sparse when the tensor is sparse. Rows that occur
    /// several times are added up.
    ///
    /// # Panics
    ///
    /// When a sparse tensor has more than one sparse dimension.
    #[track_caller]
    pub fn from_tensor(gradient: &Tensor) -> Self {
        if !gradient.is_sparse() {
            return Self::Dense(gradient.detach());
        }
        let gradient = gradient.detach().coalesce();
        let indices = gradient.indices();
        assert!(
            indices.size()[0] == 1,
            "optim: a sparse gradient must be sparse in its first dimension alone, got {} sparse dimensions",
            indices.size()[0]
        );
        Self::Rows {
            rows: indices.squeeze_dim(0),
            values: gradient.values(),
        }
    }

    /// The gradient of some rows, where a row may occur several times: its values are added up.
    ///
    /// # Panics
    ///
    /// When `rows` is not `[k]` of kind i64 or `values` does not have k rows.
    #[track_caller]
    pub fn from_rows(rows: &Tensor, values: &Tensor) -> Self {
        assert!(
            rows.dim() == 1 && rows.kind() == tch::Kind::Int64 && values.dim() > 0,
            "optim: row numbers must be i64 of shape [k], got {rows:?}"
        );
        assert!(
            values.size()[0] == rows.size()[0],
            "optim: {} row numbers come with {} rows of values",
            rows.size()[0],
            values.size()[0]
        );
        // Not `unique_dim`, which compares tensors of one number each.
        let (distinct, place, _) = rows.internal_unique2(true, true, false);
        let mut shape = values.size();
        shape[0] = distinct.size()[0];
        let mut sums = Tensor::zeros(shape, (values.kind(), values.device()));
        let _ = sums.index_add_(0, &place, &values.detach());
        Self::Rows {
            rows: distinct,
            values: sums,
        }
    }

    /// The same gradient, sharing its memory.
    pub fn shallow_clone(&self) -> Self {
        match self {
            Self::Dense(values) => Self::Dense(values.shallow_clone()),
            Self::Rows { rows, values } => Self::Rows {
                rows: rows.shallow_clone(),
                values: values.shallow_clone(),
            },
        }
    }

    /// The gradient times a number, in memory of its own.
    pub(crate) fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Dense(values) => Self::Dense(values * factor),
            Self::Rows { rows, values } => Self::Rows {
                rows: rows.shallow_clone(),
                values: values * factor,
            },
        }
    }

    /// The numbers in the gradient, and the rows that they belong to unless it is dense.
    pub(crate) fn parts(&self) -> (&Tensor, Option<&Tensor>) {
        match self {
            Self::Dense(values) => (values, None),
            Self::Rows { rows, values } => (values, Some(rows)),
        }
    }
}
