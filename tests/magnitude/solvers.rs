//! Which solver is taken, and that they agree where several will do.

use holonomy::magnitude::{Solver, Weighting, WeightingConfig, magnitude, weighting};
use holonomy::{Error, Euclidean};
use tch::{Kind, Tensor};

use super::{apart, assert_close, cloud, complete_bipartite, copies, weigh, with_solver};

fn solve_with(solver: Solver, distances: &Tensor, t: f64) -> holonomy::Result<Weighting> {
    weighting(distances, t, &with_solver(solver))
}

#[test]
fn all_solvers_agree_where_all_will_do() {
    // 150 points: several panels of the pivoted factorisation.
    let d = cloud(&Euclidean::new(5).unwrap(), 1, 150);
    let reference = weigh(&d, 0.15);
    assert_eq!(reference.solver, Solver::Cholesky);
    for solver in [
        Solver::Cholesky,
        Solver::Shifted,
        Solver::PivotedCholesky,
        Solver::Indefinite,
        Solver::Spectral,
    ] {
        let w = solve_with(solver, &d, 0.15).unwrap();
        assert_eq!((w.solver, w.rank, w.distinct), (solver, 150, 150));
        assert_eq!(w.negative_eigenvalues, 0, "{solver}");
        assert_close(w.magnitude, reference.magnitude, 1e-14);
        assert!(apart(&w.weights, &reference.weights) < 1e-13, "{solver}");
    }
}

/// One refinement is the rule; where the condition is high there are more, and the digits come.
#[test]
fn refinements_follow_the_condition() {
    let d = cloud(&Euclidean::new(5).unwrap(), 2, 100);
    let well = weigh(&d, 1.0);
    assert_eq!((well.refinements, well.settled), (1, true));
    let ill = weigh(&d, 1e-10);
    assert_eq!((ill.solver, ill.settled), (Solver::Cholesky, true));
    assert!(ill.refinements > 1, "{ill:?}");
    let shifted = solve_with(Solver::Shifted, &d, 1e-10).unwrap();
    assert!(apart(&ill.weights, &shifted.weights) < 1e-13);
}

/// Without refinements Cholesky's factors stay where they need none.
#[test]
fn without_refinements_the_condition_decides() {
    let config = WeightingConfig {
        solver: None,
        max_refinements: 0,
    };
    let one = weighting(&Tensor::zeros([1, 1], super::F64), 1.0, &config).unwrap();
    assert_eq!(one.solver, Solver::Cholesky, "{}", one.reason);
    let d = cloud(&Euclidean::new(3).unwrap(), 2, 12);
    for (t, solver) in [(0.1, Solver::Cholesky), (1e-6, Solver::Shifted)] {
        let w = weighting(&d, t, &config).unwrap();
        assert_eq!((w.solver, w.refinements, w.settled), (solver, 0, false));
        assert!(apart(&w.weights, &weigh(&d, t).weights) < 1e-12);
    }
}

#[test]
fn singular_to_rounding_gives_a_rank() {
    // Thirty points, ten of them again at a distance that similarities do not see.
    let d = cloud(&Euclidean::new(3).unwrap(), 3, 30);
    let index = Tensor::from_slice(&(0..40).map(|i| i % 30).collect::<Vec<i64>>());
    let twice = d.index_select(0, &index).index_select(1, &index);
    for x in 30..40_i64 {
        let _ = twice.get(x).get(x - 30).fill_(1e-17);
        let _ = twice.get(x - 30).get(x).fill_(1e-17);
    }
    for t in [0.1, 2.0] {
        let (w, single) = (weigh(&twice, t), weigh(&d, t));
        assert_eq!(w.solver, Solver::PivotedCholesky, "t = {t}: {w:?}");
        assert_eq!((w.distinct, w.rank, w.negative_eigenvalues), (40, 30, 0));
        assert_close(w.magnitude, single.magnitude, 1e-13);
        assert!(w.residual < 1e-12 && w.condition < 1e6, "{w:?}");
    }
}

#[test]
fn indefinite_similarities_are_solved_and_said() {
    let graph = complete_bipartite(3, 2);
    let t = 0.1;
    let w = weigh(&graph, t);
    assert_eq!((w.solver, w.negative_eigenvalues), (Solver::Shifted, 1));
    assert!(w.reason.contains("not positive"), "{}", w.reason);
    // Twenty of them far from each other: few pairs are alike, and Z itself is factored.
    let many = copies(&graph, 20).clamp_max(1e4);
    let w = weigh(&many, t);
    assert_eq!((w.solver, w.negative_eigenvalues), (Solver::Indefinite, 20));
    assert!(
        w.reason.contains("not positive semidefinite"),
        "{}",
        w.reason
    );
    assert_close(w.magnitude, 20.0 * magnitude(&graph, t).unwrap(), 1e-13);
    // With no way between them each is solved as if alone.
    let apart_from_each_other = weigh(&copies(&graph, 20), t);
    assert_eq!(apart_from_each_other.solver, Solver::Shifted);
    assert_eq!(apart_from_each_other.negative_eigenvalues, 20);
    assert!(apart(&apart_from_each_other.weights, &w.weights) < 1e-13);
    let spectral = solve_with(Solver::Spectral, &many, t).unwrap();
    assert_eq!(spectral.negative_eigenvalues, 20);
    assert!(apart(&spectral.weights, &w.weights) < 1e-12);
}

/// At t = log √2 no weights give each point of K₃,₂ a similarity of 1 (leinster2013).
#[test]
fn a_pole_is_an_error() {
    let t = 0.5 * 2.0_f64.ln();
    let graph = complete_bipartite(3, 2);
    for space in [graph.shallow_clone(), copies(&graph, 20)] {
        let error = weighting(&space, t, &WeightingConfig::default()).unwrap_err();
        assert_no_weighting(&error, t);
        for solver in [Solver::PivotedCholesky, Solver::Spectral] {
            assert_no_weighting(&solve_with(solver, &space, t).unwrap_err(), t);
        }
        for solver in [Solver::Cholesky, Solver::Shifted, Solver::Indefinite] {
            let error = solve_with(solver, &space, t).unwrap_err();
            assert!(matches!(error, Error::InvalidArgument { .. }), "{error}");
        }
    }
}

#[track_caller]
fn assert_no_weighting(error: &Error, t: f64) {
    let Error::NoWeighting {
        scale,
        rank,
        size,
        residual,
        ..
    } = *error
    else {
        panic!("{error}");
    };
    assert_eq!((scale, rank, size), (t, 4, 5));
    assert!(residual > 1e-2, "{residual}");
}

/// What is left of a matrix without its smallest pivot is no weighting for being almost one.
#[test]
fn near_a_pole_a_part_of_the_points_will_not_do() {
    let d = complete_bipartite(3, 3);
    for (x, y) in [(3, 4), (3, 5), (4, 5)] {
        let _ = d.get(x).get(y).fill_(2.0 - 1e-4);
        let _ = d.get(y).get(x).fill_(2.0 - 1e-4);
    }
    // The magnitude is −1.07e7, and 5.4e6 one number later.
    let t = 0.693_112_520_929_913_5;
    let error = weighting(&d, t, &WeightingConfig::default()).unwrap_err();
    assert!(matches!(error, Error::NoWeighting { .. }), "{error}");
    let error = solve_with(Solver::PivotedCholesky, &d, t).unwrap_err();
    assert!(
        matches!(error, Error::NoWeighting { rank: 5, .. }),
        "{error}"
    );
}

/// K₃,₃ has a singular Z at t = log 2 whose image holds 1: the shortest weights are equal ones.
#[test]
fn a_singular_matrix_with_a_weighting() {
    let graph = complete_bipartite(3, 3);
    let t = 2.0_f64.ln();
    // Eigenvalues 1 + 2q² ± 3q and 1 − q² (four times); the smaller is 0 at q = 1/2 and at q = 1.
    let w = weigh(&graph, t);
    assert_eq!((w.rank, w.distinct), (5, 6), "{w:?}");
    assert_close(w.magnitude, 6.0 / (1.0 + 3.0 * 0.5 + 2.0 * 0.25), 1e-13);
    let spectral = solve_with(Solver::Spectral, &graph, t).unwrap();
    assert_eq!(spectral.rank, 5);
    assert!(
        apart(
            &spectral.weights,
            &spectral.weights.mean(Kind::Double).expand([6], false)
        ) < 1e-13
    );
}

#[test]
fn a_solver_that_cannot_is_an_error() {
    let graph = complete_bipartite(3, 2);
    for solver in [Solver::Cholesky, Solver::PivotedCholesky] {
        let error = solve_with(solver, &graph, 0.1).unwrap_err().to_string();
        assert!(error.contains("positive"), "{error}");
    }
    let far = solve_with(Solver::Shifted, &graph, 30.0).unwrap_err();
    assert!(far.to_string().contains("1/2"), "{far}");
}
