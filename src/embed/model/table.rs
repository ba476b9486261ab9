//! Between tensors and rows of numbers, with the checks that go with it.

use tch::{Device, Kind, Tensor};

use super::Model;
use crate::manifold::tolerance;
use crate::{Error, Result};

/// A copy of the rows of `[nodes, width]` in f64, each a finite point of the model.
pub(in crate::embed) fn rows_of(
    op: &'static str,
    model: Model,
    points: &Tensor,
) -> Result<Vec<f64>> {
    crate::numerics::require_defined(op, &[points])?;
    let size = points.size();
    let narrowest = model.width(1) as i64;
    if size.len() != 2 || size[1] < narrowest {
        let expected = format!("points of shape [nodes, ≥ {narrowest}]");
        return Err(Error::invalid(op, expected, format!("{size:?}")));
    }
    let flat = points
        .detach()
        .to_device(Device::Cpu)
        .to_kind(Kind::Double)
        .contiguous()
        .view(-1);
    let rows = Vec::<f64>::try_from(&flat).map_err(|source| Error::Torch { op, source })?;
    check_rows(op, model, &rows, size[1] as usize)?;
    Ok(rows)
}

/// The tensor `[nodes, width]` of these rows.
pub(in crate::embed) fn tensor_of(rows: &[f64], width: usize) -> Tensor {
    Tensor::from_slice(rows).view([-1, width as i64])
}

/// Refuses rows that are not finite points of the model. On the hyperboloid a time coordinate may be off
/// as far as in f32.
pub(in crate::embed) fn check_rows(
    op: &'static str,
    model: Model,
    rows: &[f64],
    width: usize,
) -> Result<()> {
    if let Some(row) = first_bad_row(rows, width) {
        return Err(Error::NotFinite {
            op,
            what: "a point",
            place: format!("row {row}"),
        });
    }
    let squared = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
    let (manifold, tolerance) = match model {
        Model::Ball => ("the open unit ball", 0.0),
        Model::Lorentz => ("the hyperboloid of curvature −1", tolerance(Kind::Float)),
        Model::Euclidean => return Ok(()),
    };
    let defect = |point: &[f64]| {
        if model == Model::Ball {
            let squared = squared(point);
            return (squared >= 1.0).then(|| squared.sqrt() - 1.0);
        }
        let time = (1.0 + squared(&point[1..])).sqrt();
        let defect = (point[0] - time).abs() / time;
        // NaN where squares overflow.
        (defect.is_nan() || defect > tolerance).then_some(defect)
    };
    let mut found = rows.chunks_exact(width).map(defect).enumerate();
    match found.find_map(|(row, defect)| Some((row, defect?))) {
        None => Ok(()),
        Some((row, defect)) => Err(Error::NotOnManifold {
            op,
            manifold: manifold.into(),
            row,
            defect,
            tolerance,
        }),
    }
}

/// The first row with a number that is not finite.
pub(in crate::embed) fn first_bad_row(rows: &[f64], width: usize) -> Option<usize> {
    rows.iter()
        .position(|x| !x.is_finite())
        .map(|index| index / width)
}

/// Refuses pairs that no embedding can be made of.
pub(in crate::embed) fn check_pairs(
    op: &'static str,
    nodes: usize,
    pairs: &[(u32, u32)],
) -> Result<()> {
    if nodes < 2 || nodes > u32::MAX as usize {
        return Err(Error::invalid(op, "between 2 and 2³² − 1 nodes", nodes));
    }
    if pairs.is_empty() {
        return Err(Error::invalid(op, "at least one pair", "none"));
    }
    for &(source, target) in pairs {
        if source.max(target) as usize >= nodes {
            let expected = format!("nodes below {nodes}");
            return Err(Error::invalid(op, expected, source.max(target)));
        }
        if source == target {
            let expected = "different nodes in a pair";
            return Err(Error::invalid(
                op,
                expected,
                format!("({source}, {target})"),
            ));
        }
    }
    Ok(())
}
