//! The accuracy of the spaces of constant curvature against exact results: reading cases, applying the
//! crate to them, and the errors by manifold, operation, kind and radius.
//!
//! It is what `examples/accuracy.rs`, the golden tests, benchmarks and papers share, and no part of the
//! crate's interface.

pub mod reference;

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use tch::{Kind, Tensor};

use crate::Geodesic;
use crate::manifolds::{EuclideanParametrised, Lorentz, PoincareBall, Sphere};

/// The spaces of constant curvature under study, by their names in a case file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpaceForm {
    /// [`PoincareBall`].
    Poincare,
    /// [`Lorentz`], by spatial parts.
    Lorentz,
    /// [`Sphere`].
    Sphere,
    /// [`EuclideanParametrised`], with tangents in its frame.
    Parametrised,
}

/// The operations under study, by their names in a case file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// `dist(x, y)`.
    Dist,
    /// `exp(x, u)`.
    Exp,
    /// `log(x, y)`.
    Log,
    /// `parallel_transport(x, y, v)`.
    Transport,
    /// `project(x)`.
    Project,
}

/// Inputs and the exact result. Arguments that the op does not take are empty.
#[derive(Clone, Debug)]
pub struct Case {
    /// The space.
    pub manifold: SpaceForm,
    /// Its curvature.
    pub curvature: f64,
    /// The operation.
    pub op: Op,
    /// How far from the origin the points are.
    pub radius: f64,
    /// The first point.
    pub x: Vec<f64>,
    /// The second point.
    pub y: Vec<f64>,
    /// The tangent of `exp`.
    pub u: Vec<f64>,
    /// The tangent to transport.
    pub v: Vec<f64>,
    /// One value for `dist`.
    pub expected: Vec<f64>,
}

/// Which implementation answers: inputs without gradients, or inputs that record them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Without gradients.
    Native,
    /// With gradients recorded.
    Tensor,
}

/// The errors of all cases with one manifold, op, kind and radius.
#[derive(Clone, Debug)]
pub struct Row {
    /// The space.
    pub manifold: SpaceForm,
    /// The operation.
    pub op: Op,
    /// `f64` or `f32`.
    pub kind: &'static str,
    /// How far from the origin the points are.
    pub radius: f64,
    /// The number of cases.
    pub count: usize,
    /// The median relative error.
    pub median: f64,
    /// The largest relative error.
    pub worst: f64,
    /// Index of the worst case in the file.
    pub worst_case: usize,
}

impl fmt::Display for SpaceForm {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Self::Poincare => "poincare",
            Self::Lorentz => "lorentz",
            Self::Sphere => "sphere",
            Self::Parametrised => "parametrised",
        })
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.pad(match self {
            Self::Dist => "dist",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Transport => "transport",
            Self::Project => "project",
        })
    }
}

impl Op {
    /// Which of x, y, u, v the op takes.
    fn arguments(self) -> &'static str {
        match self {
            Self::Dist | Self::Log => "xy",
            Self::Exp => "xu",
            Self::Transport => "xyv",
            Self::Project => "x",
        }
    }
}

/// A case as it stands in the file.
#[derive(Deserialize)]
struct Entry {
    manifold: SpaceForm,
    curvature: f64,
    op: Op,
    radius: f64,
    x: Option<Vec<f64>>,
    y: Option<Vec<f64>>,
    u: Option<Vec<f64>>,
    v: Option<Vec<f64>>,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`expected` must be a number or an array of numbers"
)]
enum Expected {
    Number(f64),
    Vector(Vec<f64>),
}

/// The cases of a JSON array, or what is wrong, and with which case.
///
/// # Errors
///
/// A sentence that says what is wrong.
pub fn parse(text: &str) -> Result<Vec<Case>, String> {
    let entries: Vec<Value> =
        serde_json::from_str(text).map_err(|e| format!("not a JSON array of cases: {e}"))?;
    if entries.is_empty() {
        return Err("the array of cases is empty".into());
    }
    let numbered = entries.into_iter().enumerate();
    numbered
        .map(|(i, entry)| case(entry).map_err(|e| format!("case {i}: {e}")))
        .collect()
}

fn case(entry: Value) -> Result<Case, String> {
    let entry: Entry = serde_json::from_value(entry).map_err(|e| e.to_string())?;
    let op = entry.op;
    let take = |name: char, given: Option<Vec<f64>>| match (op.arguments().contains(name), given) {
        (true, None) => Err(format!("{op} needs `{name}`")),
        (false, Some(_)) => Err(format!("{op} takes no `{name}`")),
        (_, given) => Ok(given.unwrap_or_default()),
    };
    let scalar = matches!(entry.expected, Expected::Number(_));
    if scalar != (op == Op::Dist) {
        let wanted = if scalar { "an array" } else { "a number" };
        return Err(format!("`expected` of {op} must be {wanted}"));
    }
    let case = Case {
        manifold: entry.manifold,
        curvature: entry.curvature,
        op,
        radius: entry.radius,
        x: take('x', entry.x)?,
        y: take('y', entry.y)?,
        u: take('u', entry.u)?,
        v: take('v', entry.v)?,
        expected: match entry.expected {
            Expected::Number(number) => vec![number],
            Expected::Vector(vector) => vector,
        },
    };
    check_lengths(&case)?;
    check_points(&case)?;
    Ok(case)
}

fn check_lengths(case: &Case) -> Result<(), String> {
    let n = case.x.len();
    let least = if case.manifold == SpaceForm::Sphere {
        2
    } else {
        1
    };
    if n < least {
        return Err(format!(
            "`x` has {n} coordinates; {} needs {least}",
            case.manifold
        ));
    }
    for (name, vector) in [("y", &case.y), ("u", &case.u), ("v", &case.v)] {
        if case.op.arguments().contains(name) && vector.len() != n {
            return Err(format!(
                "`{name}` has {} coordinates, `x` has {n}",
                vector.len()
            ));
        }
    }
    let with_time = case.manifold == SpaceForm::Lorentz && case.op == Op::Project;
    let wanted = match case.op {
        Op::Dist => 1,
        _ if with_time && case.expected.len() == n + 1 => n + 1,
        _ => n,
    };
    if case.expected.len() != wanted {
        return Err(format!(
            "`expected` has {} coordinates, not {wanted}",
            case.expected.len()
        ));
    }
    Ok(())
}

fn check_points(case: &Case) -> Result<(), String> {
    let positive = case.manifold == SpaceForm::Sphere;
    if case.curvature == 0.0 || (case.curvature > 0.0) != positive {
        let sign = if positive { "positive" } else { "negative" };
        return Err(format!(
            "{} needs a {sign} curvature, not {}",
            case.manifold, case.curvature
        ));
    }
    if case.manifold == SpaceForm::Poincare {
        for (name, point) in [("x", &case.x), ("y", &case.y)] {
            if !reference::inside_ball(case.curvature, point) {
                return Err(format!(
                    "`{name}` is not inside the ball of curvature {}",
                    case.curvature
                ));
            }
        }
    }
    if positive
        && [&case.x, &case.y]
            .iter()
            .any(|p| !p.is_empty() && p.iter().all(|&t| t == 0.0))
    {
        return Err("a point of the sphere cannot be 0".into());
    }
    Ok(())
}

/// The relative error of the crate's result for one case: absolute where the exact result is 0,
/// infinite where the crate's is not finite.
///
/// # Errors
///
/// A sentence that says what is wrong.
pub fn error(case: &Case, kind: Kind, path: Path) -> Result<f64, String> {
    let got = apply(case, kind, path)?;
    Ok(relative_error(&got, &case.expected))
}

/// The same case with all inputs rounded to f32, and the exact result for these. None where f32
/// cannot hold the case: an input or the result overflows, or a rounded point is outside the ball.
pub fn in_single_precision(case: &Case) -> Option<Case> {
    let round = |values: &Vec<f64>| {
        values
            .iter()
            .map(|&t| f64::from(t as f32))
            .collect::<Vec<_>>()
    };
    let mut single = case.clone();
    for values in [&mut single.x, &mut single.y, &mut single.u, &mut single.v] {
        *values = round(values);
    }
    let inputs = |c: &Case| [c.x.clone(), c.y.clone(), c.u.clone(), c.v.clone()].concat();
    if inputs(&single) == inputs(case) {
        return Some(single);
    }
    let inside = |p: &[f64]| reference::inside_ball(case.curvature, p);
    if case.manifold == SpaceForm::Poincare && !(inside(&single.x) && inside(&single.y)) {
        return None;
    }
    if !inputs(&single).iter().all(|t| t.is_finite()) {
        return None;
    }
    single.expected = reference::exact(&single);
    let held = |t: &f64| t.abs() < f64::from(f32::MAX);
    single.expected.iter().all(held).then_some(single)
}

/// The crate's result, as the case file would state it.
///
/// # Errors
///
/// A sentence that says what is wrong.
pub fn apply(case: &Case, kind: Kind, path: Path) -> Result<Vec<f64>, String> {
    let input = |values: &[f64]| {
        Tensor::from_slice(values)
            .to_kind(kind)
            .set_requires_grad(path == Path::Tensor)
    };
    let point = |values: &[f64]| input(&complete_point(case, values));
    let tangent = |values: &[f64]| input(&complete_tangent(case, values));
    let result = if case.manifold == SpaceForm::Parametrised {
        in_frame(case, &input)?
    } else {
        let space = space(case)?;
        match case.op {
            Op::Dist => space.dist(&point(&case.x), &point(&case.y)),
            Op::Exp => space.exp(&point(&case.x), &tangent(&case.u)),
            Op::Log => space.log(&point(&case.x), &point(&case.y)),
            Op::Transport => {
                space.parallel_transport(&point(&case.x), &point(&case.y), &tangent(&case.v))
            }
            Op::Project => space.project(&point(&case.x)),
        }
    };
    let mut values = vec![0.0; result.numel()];
    let result = result.detach().to_kind(Kind::Double).view([-1]);
    result.copy_data(&mut values, result.numel());
    let spatial_only = case.manifold == SpaceForm::Lorentz && values.len() > case.expected.len();
    Ok(if spatial_only {
        values.split_off(1)
    } else {
        values
    })
}

/// In normal coordinates, where a case's tangents are in the frame.
fn in_frame(case: &Case, input: &dyn Fn(&[f64]) -> Tensor) -> Result<Tensor, String> {
    let space = EuclideanParametrised::new(case.x.len() as i64, case.curvature)
        .map_err(|e| e.to_string())?;
    let [x, y, u, v] = [&case.x, &case.y, &case.u, &case.v].map(|values| input(values));
    Ok(match case.op {
        Op::Dist => space.dist(&x, &y),
        Op::Exp => space.exp_in_frame(&x, &u),
        Op::Log => space.log_in_frame(&x, &y),
        Op::Transport => space.transport_in_frame(&x, &y, &v),
        Op::Project => x,
    })
}

fn space(case: &Case) -> Result<Box<dyn Geodesic>, String> {
    let n = case.x.len() as i64;
    let made = match case.manifold {
        SpaceForm::Poincare => PoincareBall::new(n, case.curvature).map(boxed),
        SpaceForm::Lorentz => Lorentz::new(n, case.curvature).map(boxed),
        SpaceForm::Sphere => Sphere::new(n - 1, case.curvature).map(boxed),
        SpaceForm::Parametrised => EuclideanParametrised::new(n, case.curvature).map(boxed),
    };
    made.map_err(|e| e.to_string())
}

fn boxed(space: impl Geodesic + 'static) -> Box<dyn Geodesic> {
    Box::new(space)
}

/// The ambient point of a case's vector: on the hyperboloid a case gives the spatial part.
fn complete_point(case: &Case, x: &[f64]) -> Vec<f64> {
    if case.manifold != SpaceForm::Lorentz {
        return x.to_vec();
    }
    [&[time(case, x)], x].concat()
}

/// The ambient tangent at the case's x of a case's vector.
fn complete_tangent(case: &Case, u: &[f64]) -> Vec<f64> {
    if case.manifold != SpaceForm::Lorentz {
        return u.to_vec();
    }
    let along: f64 = case.x.iter().zip(u).map(|(a, b)| a * b).sum();
    [&[along / time(case, &case.x)], u].concat()
}

fn time(case: &Case, x: &[f64]) -> f64 {
    let square: f64 = x.iter().map(|t| t * t).sum();
    (square - 1.0 / case.curvature).sqrt()
}

/// ‖got − expected‖ / ‖expected‖, without overflow or underflow of squares.
pub fn relative_error(got: &[f64], expected: &[f64]) -> f64 {
    if !got.iter().all(|t| t.is_finite()) {
        return f64::INFINITY;
    }
    let gap: Vec<f64> = got.iter().zip(expected).map(|(g, e)| g - e).collect();
    let size = norm(expected);
    if size == 0.0 {
        norm(&gap)
    } else {
        norm(&gap) / size
    }
}

fn norm(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0, |m: f64, t| m.max(t.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    largest
        * values
            .iter()
            .map(|t| (t / largest).powi(2))
            .sum::<f64>()
            .sqrt()
}

/// The rows of all cases in both kinds, and how many cases f32 cannot hold.
///
/// # Errors
///
/// A sentence that says what is wrong.
pub fn study(cases: &[Case], path: Path) -> Result<(Vec<Row>, usize), String> {
    let mut errors: BTreeMap<_, Vec<(f64, usize)>> = BTreeMap::new();
    let mut skipped = 0;
    for (index, case) in cases.iter().enumerate() {
        let at = |e: String| format!("case {index}: {e}");
        // Radii are not negative, so their bits sort as they do.
        let key = |kind| (case.manifold, case.op, kind, case.radius.abs().to_bits());
        let double = error(case, Kind::Double, path).map_err(at)?;
        errors.entry(key("f64")).or_default().push((double, index));
        if let Some(single) = in_single_precision(case) {
            let single = error(&single, Kind::Float, path).map_err(at)?;
            errors.entry(key("f32")).or_default().push((single, index));
        } else {
            skipped += 1;
        }
    }
    let rows = errors
        .into_iter()
        .map(|((manifold, op, kind, radius), errors)| {
            let radius = f64::from_bits(radius);
            summarise(manifold, op, kind, radius, errors)
        });
    Ok((rows.collect(), skipped))
}

fn summarise(
    manifold: SpaceForm,
    op: Op,
    kind: &'static str,
    radius: f64,
    mut errors: Vec<(f64, usize)>,
) -> Row {
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    let count = errors.len();
    let (worst, worst_case) = errors[count - 1];
    Row {
        manifold,
        op,
        kind,
        radius,
        count,
        median: f64::midpoint(errors[(count - 1) / 2].0, errors[count / 2].0),
        worst,
        worst_case,
    }
}
