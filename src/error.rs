//! The one error type of the crate.

use std::path::PathBuf;

/// A result whose error is [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// Errors that depend on data or on the environment.
///
/// Programming errors panic instead, such as a wrong shape given to an operation of a manifold.
/// The message names the operation, what it expected and what it got.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is outside the values that an operation is defined for.
    #[error("{op}: expected {expected}, got {got}")]
    InvalidArgument {
        /// The operation, as a user calls it.
        op: &'static str,
        /// The values that are allowed.
        expected: String,
        /// The value that was given.
        got: String,
    },

    /// A point fails its manifold's defining equation.
    #[error(
        "{op}: row {row} is not a point of {manifold}: defect {defect:e} exceeds {tolerance:e}"
    )]
    NotOnManifold {
        /// The operation, as a user calls it.
        op: &'static str,
        /// The manifold, as its `Debug` prints it.
        manifold: String,
        /// The first offending row, counted over the flattened batch.
        row: usize,
        /// The defect found there; NaN when the point itself is not finite.
        defect: f64,
        /// The largest defect that passes.
        tolerance: f64,
    },

    /// A vector is not tangent at its base point.
    #[error(
        "{op}: row {row} is not tangent to {manifold}: defect {defect:e} exceeds {tolerance:e}"
    )]
    NotTangent {
        /// The operation, as a user calls it.
        op: &'static str,
        /// The manifold, as its `Debug` prints it.
        manifold: String,
        /// The first offending row, counted over the flattened batch.
        row: usize,
        /// The defect found there; NaN when the vector itself is not finite.
        defect: f64,
        /// The largest defect that passes.
        tolerance: f64,
    },

    /// A line of an input file does not follow the format.
    #[error("{}:{line}: expected {expected}, got {got}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the format expects there.
        expected: String,
        /// What the line has there.
        got: String,
    },

    /// A whole file or data set cannot be used.
    #[error("{}: {reason}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },

    /// The operating system refused to read or write.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// `"read"`, `"write"`, `"create"`, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own error.
        source: std::io::Error,
    },

    /// The device that was asked for cannot be used.
    #[error("device {requested} is not available: {reason}")]
    Device {
        /// As the user named it.
        requested: String,
        /// Why not.
        reason: String,
    },

    /// An iteration stopped before it met its tolerance.
    #[error(
        "{op}: no convergence after {iterations} iterations: residual {residual:e}, tolerance {tolerance:e}"
    )]
    NoConvergence {
        /// The operation, as a user calls it.
        op: &'static str,
        /// The iterations made.
        iterations: usize,
        /// The residual at that point.
        residual: f64,
        /// The residual that was wanted.
        tolerance: f64,
    },

    /// The logarithm of two points does not exist or is not unique.
    #[error("{op}: row {row} has no logarithm: {reason}")]
    NoLogarithm {
        /// The operation, as a user calls it.
        op: &'static str,
        /// The first such pair, counted over the flattened batch.
        row: usize,
        /// Why not.
        reason: &'static str,
    },

    /// A computation met a value that is not finite and cannot go on.
    #[error("{op}: {what} is not finite at {place}")]
    NotFinite {
        /// The operation, as a user calls it.
        op: &'static str,
        /// The quantity.
        what: &'static str,
        /// Where: a step, an epoch, a row.
        place: String,
    },

    /// A step of an optimiser met a number that is not finite. Points, buffers and step counts are
    /// unchanged by the step.
    #[error(
        "{op}: the {what} of parameter {parameter}{} is not finite in row {row}{}{}",
        quoted(name.as_deref()),
        at_step(*step),
        because(cause.as_deref())
    )]
    ParameterNotFinite {
        /// The optimiser or operation.
        op: &'static str,
        /// The quantity: `"gradient"`, `"new point"`, or the name of a buffer such as `"momentum"`.
        what: &'static str,
        /// The parameter's place among the parameters of all groups, from 0.
        parameter: usize,
        /// Its name, if it was given one.
        name: Option<String>,
        /// The first row with such a number, counted over the parameter's flattened batch.
        row: usize,
        /// The step of the parameter that was to be made, from 1, where it is known.
        step: Option<i64>,
        /// What is wrong with the points that the step began from, if something is.
        cause: Option<Box<Error>>,
    },

    /// A similarity matrix Z is singular, and Zw = 1 has no solution.
    #[error(
        "{op}: the {size} points have no weighting at scale {scale:e}: their similarities have rank {rank} and leave {residual:e} of 1"
    )]
    NoWeighting {
        /// The operation, as a user calls it.
        op: &'static str,
        /// The scale t.
        scale: f64,
        /// The rank of Z, up to rounding.
        rank: usize,
        /// The number of distinct points of the component without a weighting.
        size: usize,
        /// The largest |1 − Zw| that is left.
        residual: f64,
    },

    /// libtorch reported an error.
    #[error("{op}: libtorch: {source}")]
    Torch {
        /// The operation, as a user calls it.
        op: &'static str,
        /// libtorch's own error.
        source: tch::TchError,
    },
}

/// ` "name"`, or nothing.
fn quoted(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" {name:?}"))
}

fn at_step(step: Option<i64>) -> String {
    step.map_or_else(String::new, |step| format!(" at step {step}"))
}

fn because(cause: Option<&Error>) -> String {
    cause.map_or_else(String::new, |cause| format!(": {cause}"))
}

impl Error {
    /// An [`Error::InvalidArgument`].
    pub fn invalid(
        op: &'static str,
        expected: impl Into<String>,
        got: impl std::fmt::Display,
    ) -> Self {
        Self::InvalidArgument {
            op,
            expected: expected.into(),
            got: got.to_string(),
        }
    }

    /// What a check of arguments found, told by the operation that a user called.
    pub(crate) fn told_by(self, caller: &'static str) -> Self {
        match self {
            Self::InvalidArgument { expected, got, .. } => Self::InvalidArgument {
                op: caller,
                expected,
                got,
            },
            Self::NotOnManifold {
                manifold,
                row,
                defect,
                tolerance,
                ..
            } => Self::NotOnManifold {
                op: caller,
                manifold,
                row,
                defect,
                tolerance,
            },
            other => other,
        }
    }

    /// An [`Error::Io`], for use in `map_err`.
    pub fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
