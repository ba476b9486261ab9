//! A gradient: dense, or of a few rows.

use tch::{Kind, Tensor};

/// The Euclidean gradient of one parameter, as autograd computes it.
///
/// # Shapes
///
/// For a parameter of shape `[rows, .., point..]`: `Dense` has that shape; `Rows` has distinct
/// row numbers `[k]` (i64) and values `[k, .., point..]`.
#[derive(Debug)]
pub enum Gradient {
    /// One value per coordinate.
    Dense(Tensor),
    /// Gradients of some rows. The other rows have none, and a step leaves them unchanged.
    Rows {
        /// Distinct row numbers.
        rows: Tensor,
        /// The gradients of those rows.
        values: Tensor,
    },
}

impl Gradient {
    /// The gradient in a tensor: row-sparse if the tensor is sparse. Values of rows that occur
    /// several times are added up.
    ///
    /// # Panics
    ///
    /// If the tensor is undefined, or sparse in more than one dimension.
    #[track_caller]
    pub fn from_tensor(gradient: &Tensor) -> Self {
        assert!(
            gradient.defined(),
            "optim: a gradient must be a tensor, got an undefined one"
        );
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

    /// The gradient of some rows. Values of rows that occur several times are added up.
    ///
    /// # Shapes
    ///
    /// `rows` `[k]`, i64; `values` `[k, ..]`, f64 or f32. The result has the distinct rows in
    /// ascending order.
    ///
    /// # Panics
    ///
    /// If `rows` is not `[k]` of kind i64, or `values` does not have k rows of kind f64 or f32 on
    /// the same device. [`set_gradient`](super::ManifoldParameter::set_gradient) checks whether
    /// the rows exist.
    ///
    /// # Examples
    ///
    /// ```
    /// use holonomy::optim::Gradient;
    /// use holonomy::tch::Tensor;
    ///
    /// let rows = Tensor::from_slice(&[4_i64, 1, 4]);
    /// let values = Tensor::from_slice(&[1.0, 2.0, 10.0]).view([3, 1]);
    /// let Gradient::Rows { rows, values } = Gradient::from_rows(&rows, &values) else {
    ///     unreachable!("rows stay rows")
    /// };
    /// assert_eq!(rows, Tensor::from_slice(&[1_i64, 4]));
    /// assert_eq!(values, Tensor::from_slice(&[2.0, 11.0]).view([2, 1]));
    /// ```
    #[track_caller]
    pub fn from_rows(rows: &Tensor, values: &Tensor) -> Self {
        check_parts(values, Some(rows));
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

    /// Panics unless the gradient is one by itself: floating numbers, of as many rows as are named.
    #[track_caller]
    pub(crate) fn check_parts(&self) {
        let (values, rows) = self.parts();
        check_parts(values, rows);
    }

    /// Panics unless the row numbers are distinct and below `count`. Waits for their device.
    #[track_caller]
    pub(crate) fn check_rows_below(&self, count: i64) {
        let Self::Rows { rows, .. } = self else {
            return;
        };
        let Ok(mut numbers) = Vec::<i64>::try_from(rows.contiguous()) else {
            unreachable!("check_parts looks at shape and kind");
        };
        if let Some(row) = numbers.iter().find(|row| !(0..count).contains(*row)) {
            panic!("optim: a gradient names row {row} of a parameter with {count} rows");
        }
        numbers.sort_unstable();
        if let Some([row, _]) = numbers.array_windows().find(|[a, b]| a == b) {
            panic!(
                "optim: a gradient names row {row} twice, which Gradient::from_rows would add up"
            );
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

#[track_caller]
fn check_parts(values: &Tensor, rows: Option<&Tensor>) {
    assert!(
        values.defined() && matches!(values.kind(), Kind::Double | Kind::Float),
        "optim: a gradient must be of kind Double or Float, got {values:?}"
    );
    let Some(rows) = rows else {
        return;
    };
    assert!(
        rows.defined() && rows.dim() == 1 && rows.kind() == Kind::Int64,
        "optim: row numbers must be i64 of shape [k], got {rows:?}"
    );
    assert!(
        values.dim() > 0 && values.size()[0] == rows.size()[0] && values.device() == rows.device(),
        "optim: {} row numbers on {:?} come with values {values:?}",
        rows.size()[0],
        rows.device()
    );
}
