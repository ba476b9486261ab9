//! What an operation asks of its tensors, told in one sentence before libtorch sees them.

use std::fmt::Write;

use tch::{Kind, Tensor};

use crate::{Error, Result};

/// Panics unless every tensor is a batch of points `[.., point..]`, all of one floating kind and on one device, and
/// the batches broadcast.
#[track_caller]
pub(crate) fn check_batches(op: &str, point: &[i64], tensors: &[&Tensor]) {
    check_numbers(op, tensors);
    let sizes: Vec<Vec<i64>> = tensors.iter().map(|t| t.size()).collect();
    for size in &sizes {
        assert!(
            size.ends_with(point),
            "{op}: expected {} of shape {}, got {size:?}",
            if point.len() > 1 {
                "matrices"
            } else {
                "points"
            },
            described(point)
        );
    }
    let batches: Vec<&[i64]> = sizes.iter().map(|s| &s[..s.len() - point.len()]).collect();
    check_broadcast(op, &batches);
}

/// Refuses a tensor without numbers, such as the gradient of what took no part.
///
/// # Errors
///
/// [`Error::InvalidArgument`].
pub(crate) fn require_defined(op: &'static str, tensors: &[&Tensor]) -> Result<()> {
    if tensors.iter().all(|t| t.defined()) {
        return Ok(());
    }
    Err(Error::invalid(op, "a tensor", "an undefined one"))
}

/// Refuses a count of 0.
pub(crate) fn require_at_least_one(op: &'static str, name: &str, value: usize) -> Result<()> {
    if value >= 1 {
        return Ok(());
    }
    Err(Error::invalid(op, format!("{name} ≥ 1"), value))
}

/// Refuses a number that is not finite and above 0.
pub(crate) fn require_positive(op: &'static str, name: &str, value: f64) -> Result<()> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::invalid(op, format!("a finite {name} > 0"), value))
}

/// Refuses a tensor that is undefined, sparse, or of another kind than Double and Float.
///
/// # Errors
///
/// [`Error::InvalidArgument`].
pub(crate) fn require_floating(op: &'static str, what: &str, t: &Tensor) -> Result<()> {
    require_defined(op, &[t])?;
    if t.is_sparse() {
        let expected = format!("{what} in a dense tensor");
        return Err(Error::invalid(op, expected, "a sparse one"));
    }
    if matches!(t.kind(), Kind::Double | Kind::Float) {
        return Ok(());
    }
    let expected = format!("{what} of kind Double or Float");
    Err(Error::invalid(op, expected, format!("{:?}", t.kind())))
}

/// Panics unless every tensor is a list of points `[n, point..]`, all of one floating kind and on one device.
#[track_caller]
pub(crate) fn check_list(op: &str, point: &[i64], tensors: &[&Tensor]) {
    check_numbers(op, tensors);
    for t in tensors {
        let size = t.size();
        assert!(
            size.len() == point.len() + 1 && size.ends_with(point),
            "{op}: expected points [n, point..] with points {point:?}, got {size:?}"
        );
    }
}

/// Panics unless all tensors are dense, of one floating kind and on one device.
#[track_caller]
pub(crate) fn check_numbers(op: &str, tensors: &[&Tensor]) {
    assert!(
        tensors.iter().all(|t| t.defined() && !t.is_sparse()),
        "{op}: expected dense tensors, got one that is undefined or sparse"
    );
    let (kind, device) = (tensors[0].kind(), tensors[0].device());
    for t in tensors {
        assert!(
            t.kind() == kind && matches!(kind, Kind::Double | Kind::Float),
            "{op}: expected arguments of one kind, Double or Float, got {kind:?} and {:?}",
            t.kind()
        );
        assert!(
            t.device() == device,
            "{op}: expected arguments on one device, got {device:?} and {:?}",
            t.device()
        );
    }
}

/// Panics unless the batch dimensions broadcast.
#[track_caller]
pub(crate) fn check_broadcast(op: &str, batches: &[&[i64]]) {
    if batches.iter().all(|batch| *batch == batches[0]) {
        return;
    }
    let rank = batches.iter().map(|batch| batch.len()).max().unwrap_or(0);
    for back in 1..=rank {
        let mut sizes = batches
            .iter()
            .filter_map(|batch| batch.iter().nth_back(back - 1))
            .filter(|size| **size != 1);
        let first = sizes.next();
        assert!(
            sizes.all(|size| Some(size) == first),
            "{op}: expected batch dimensions that broadcast, got {batches:?}"
        );
    }
}

/// Panics unless there is a floating number for each point of `[.., k, n]`: `weights` is `[.., k]`, and the batches
/// broadcast.
#[track_caller]
pub(crate) fn check_weights(op: &str, points: &Tensor, weights: &Tensor) {
    check_numbers(op, &[weights]);
    let (points, weights) = (points.size(), weights.size());
    let k = points.len().checked_sub(2).map_or(0, |i| points[i]);
    assert!(
        k > 0,
        "{op}: expected points [.., k, n] with k ≥ 1, got {points:?}"
    );
    assert!(
        weights.last() == Some(&k),
        "{op}: expected weights [.., {k}], one for each point, got {weights:?}"
    );
    check_broadcast(op, &[&points[..points.len() - 1], &weights]);
}

/// The dimensions before the last `count` ones.
pub(crate) fn batch_of(tensor: &Tensor, count: usize) -> Vec<i64> {
    let mut size = tensor.size();
    size.truncate(size.len() - count);
    size
}

/// `[.., n, k]`
pub(crate) fn described(point: &[i64]) -> String {
    let mut text = "[..".to_owned();
    for n in point {
        let _ = write!(text, ", {n}");
    }
    text + "]"
}
