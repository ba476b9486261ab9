//! The accuracy that the crate promises, on the committed cases, by both implementations.

#![allow(clippy::unwrap_used)]

mod flags;
mod knowledge;
mod layers;
mod matrices;
mod parametrised;
mod spd;
mod subspaces;

use holonomy::laws::accuracy::{self as study, Case, Op, Path, Row, SpaceForm, reference};
use tch::Kind;

fn committed() -> Vec<Case> {
    study::parse(include_str!("cases.json")).unwrap()
}

/// The largest error that a row may show; infinity where only a finite result is asked.
fn bar(row: &Row) -> f64 {
    let bands = match (row.manifold, row.op, row.kind) {
        (_, Op::Project, "f64") => [4e-16; 3],
        (SpaceForm::Poincare, _, "f64") => [1e-14, 1e-14, 1e-9],
        (SpaceForm::Lorentz, Op::Dist, "f64") => [1e-13, 1e-9, 1e-3],
        (SpaceForm::Lorentz, _, "f64") => [1e-11, 1e-6, 2e-2],
        (SpaceForm::Sphere, Op::Dist | Op::Exp, "f64") => [1e-15; 3],
        (SpaceForm::Poincare, _, "f32") => [1e-6, 1e-6, f64::INFINITY],
        (SpaceForm::Lorentz, _, "f32") => [1e-6, f64::INFINITY, f64::INFINITY],
        _ => [f64::INFINITY; 3],
    };
    match row.radius {
        r if r <= 8.0 => bands[0],
        r if r <= 16.0 => bands[1],
        r if r <= 30.0 => bands[2],
        _ => f64::INFINITY,
    }
}

fn assert_bars(path: Path) {
    let (rows, _) = study::study(&committed(), path).unwrap();
    let missed: Vec<_> = rows
        .iter()
        .filter(|row| row.worst > bar(row) || (row.kind == "f64" && !row.worst.is_finite()))
        .map(|row| format!("{row:?} above {:e}", bar(row)))
        .collect();
    assert!(missed.is_empty(), "{path:?}:\n{}", missed.join("\n"));
}

#[test]
fn committed_cases_meet_the_bars() {
    assert_bars(Path::Native);
}

#[test]
fn committed_cases_meet_the_bars_while_gradients_are_recorded() {
    assert_bars(Path::Tensor);
}

/// mpmath at 320 digits and the big floats of the study, by separately written formulas.
#[test]
fn two_independent_references_agree() {
    for (index, case) in committed().iter().enumerate() {
        let exact = reference::exact(case);
        let expected = &case.expected;
        assert_eq!(exact.len(), expected.len(), "case {index}");
        for (a, b) in exact.iter().zip(expected) {
            assert!(
                (a - b).abs() <= f64::EPSILON * b.abs(),
                "case {index}: {a:e} and {b:e}"
            );
        }
    }
}

#[test]
fn a_case_that_f32_holds_keeps_its_reference() {
    let text = r#"[{"manifold": "poincare", "curvature": -1, "op": "dist", "radius": 0,
                    "x": [0.0, 0.0], "y": [0.5, 0.25], "expected": 7.0}]"#;
    let case = &study::parse(text).unwrap()[0];
    assert_eq!(study::in_single_precision(case).unwrap().expected, [7.0]);
}

#[test]
fn a_rounded_case_gets_the_reference_of_the_rounded_inputs() {
    let text = r#"[{"manifold": "poincare", "curvature": -1, "op": "dist", "radius": 0,
                    "x": [0.0], "y": [0.1], "expected": 7.0}]"#;
    let case = &study::parse(text).unwrap()[0];
    let rounded = study::in_single_precision(case).unwrap();
    let y = f64::from(0.1_f32);
    assert_eq!(rounded.y, [y]);
    assert!((rounded.expected[0] - 2.0 * y.atanh()).abs() < 1e-16);
}

#[test]
fn a_point_that_rounds_out_of_the_ball_has_no_f32_case() {
    let text = r#"[{"manifold": "poincare", "curvature": -1, "op": "project", "radius": 20,
                    "x": [0.999999999], "expected": [0.999999999]}]"#;
    assert!(study::in_single_precision(&study::parse(text).unwrap()[0]).is_none());
}

#[test]
fn the_error_is_absolute_where_the_result_is_zero() {
    let text = r#"[{"manifold": "poincare", "curvature": -1, "op": "dist", "radius": 0,
                    "x": [0.0], "y": [0.5], "expected": 0.0}]"#;
    let case = &study::parse(text).unwrap()[0];
    let error = study::error(case, Kind::Double, Path::Native).unwrap();
    assert!((error - 3.0_f64.ln()).abs() < 1e-15, "{error}");
}

#[test]
fn a_row_has_the_median_and_the_worst_of_its_cases() {
    let case = |expected: f64| {
        format!(
            r#"{{"manifold": "poincare", "curvature": -1, "op": "project", "radius": 0.5,
                 "x": [0.5], "expected": [{expected}]}}"#
        )
    };
    // Errors |0.5 − expected| / expected: 1, 0, 0.6.
    let text = format!("[{},{},{}]", case(0.25), case(0.5), case(1.25));
    let (rows, skipped) = study::study(&study::parse(&text).unwrap(), Path::Native).unwrap();
    assert_eq!((rows.len(), skipped), (2, 0));
    for row in rows {
        assert_eq!((row.count, row.radius, row.worst_case), (3, 0.5, 0));
        assert_eq!((row.median, row.worst), (0.6, 1.0));
    }
}

#[test]
fn a_wrong_case_is_named() {
    let good = r#"{"manifold":"sphere","curvature":1,"op":"project","radius":0,"x":[2,0],"expected":[1,0]}"#;
    let refuse = |bad: &str, reason: &str| {
        let message = study::parse(&format!("[{good},{bad}]")).unwrap_err();
        assert!(
            message.starts_with("case 1: ") && message.contains(reason),
            "{message}"
        );
    };
    let ball =
        |rest: &str| format!(r#"{{"manifold":"poincare","curvature":-1,"radius":0,{rest}}}"#);
    refuse(
        &ball(r#""op":"dist","x":[0.1],"expected":1"#),
        "dist needs `y`",
    );
    refuse(
        &ball(r#""op":"exp","x":[0.1],"u":[1],"y":[0],"expected":[1]"#),
        "exp takes no `y`",
    );
    refuse(
        &ball(r#""op":"dist","x":[0.6,0.8],"y":[0,0],"expected":1"#),
        "`x` is not inside",
    );
    refuse(
        &ball(r#""op":"dist","x":[0.1,0],"y":[0],"expected":1"#),
        "`y` has 1 coordinates",
    );
    refuse(
        &ball(r#""op":"log","x":[0.1],"y":[0],"expected":1"#),
        "must be an array",
    );
    refuse(
        &ball(r#""op":"dist","x":[0.1],"y":[0],"expected":[1]"#),
        "must be a number",
    );
    refuse(
        &ball(r#""op":"log","x":[0.1],"y":[0],"expected":[1,2]"#),
        "has 2 coordinates, not 1",
    );
    refuse(
        &ball(r#""op":"log","x":[0.1],"y":["a"],"expected":[1]"#),
        "expected f64",
    );
    refuse(
        &ball(r#""op":"frobnicate","x":[0.1],"expected":[1]"#),
        "unknown variant",
    );
    refuse(
        &ball(r#""op":"log","x":[],"y":[],"expected":[]"#),
        "`x` has 0 coordinates",
    );
    refuse(
        &good.replace(":1,\"op\"", ":-1,\"op\""),
        "positive curvature",
    );
    refuse(&good.replace("[2,0]", "[0,0]"), "cannot be 0");
    refuse("3", "invalid type");
    assert!(study::parse("[]").unwrap_err().contains("empty"));
    assert!(study::parse("{").unwrap_err().contains("not a JSON array"));
}

#[test]
fn the_error_of_numbers_that_are_not_finite_is_infinite() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(
            study::relative_error(&[1.0, bad], &[1.0, 1.0]),
            f64::INFINITY
        );
        assert_eq!(study::relative_error(&[bad], &[0.0]), f64::INFINITY);
    }
    assert_eq!(
        study::relative_error(&[1.0, 3.0], &[1.0, 1.0]),
        2.0 / 2.0_f64.sqrt()
    );
}
