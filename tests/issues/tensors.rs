//! Tensors that do not fit: an error or one sentence of ours, never a trace of libtorch.

use std::panic::{AssertUnwindSafe, catch_unwind};

use holonomy::embed::{DiffusionOperator, FermiDirac, Model, NamedEmbedding};
use holonomy::graph::Graph;
use holonomy::learn::{HyperbolicSvm, SvmConfig, SvmForm};
use holonomy::magnitude::{WeightedSpace, WeightingConfig, magnitude};
use holonomy::metric::differentiable_distances;
use holonomy::metric::gromov_hyperbolicity;
use holonomy::metric::{cross_distances, pairwise_distances};
use holonomy::optim::{Gradient, ManifoldParameter};
use holonomy::scores::classification_score;
use holonomy::scores::mean_average_precision;
use holonomy::stats::{
    CenterConfig, MeanConfig, PrincipalFlag, WeightedFlags, flag_mean, flagfold, frechet_mean,
    geodesic_regression, rotation_mean, variance_about,
};
use holonomy::{
    Curvature, Error, Euclidean, EuclideanParametrised, Flag, Geodesic, Grassmann, Lorentz,
    Oblique, PoincareBall, Power, Product, Sample, Scaled, Space, SpdAffineInvariant,
    SpdBuresWasserstein, SpdLogCholesky, SpdLogEuclidean, SpecialEuclidean, SpecialOrthogonal,
    Sphere, Stiefel, StiefelMetric,
};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

const OPTIONS: (Kind, Device) = (Kind::Double, Device::Cpu);

/// Tensors that no operation on this one can take, unless it ignores the argument.
fn wrong(t: &Tensor) -> Vec<(&'static str, Tensor)> {
    let last = t.dim() as i64 - 1;
    vec![
        ("undefined", Tensor::new()),
        ("a scalar", Tensor::from(0.5)),
        ("wide", Tensor::cat(&[t, &t.narrow(last, 0, 1)], last)),
        ("narrow", t.narrow(last, 0, 0)),
        ("integers", t.to_kind(Kind::Int64)),
        ("flags", t.to_kind(Kind::Bool)),
        ("halves", t.to_kind(Kind::Half)),
        ("complex", t.to_kind(Kind::ComplexDouble)),
    ]
}

/// Tensors that do not go with the others, though each is well by itself.
fn unlike(t: &Tensor) -> Vec<(&'static str, Tensor)> {
    vec![
        ("fewer rows", t.narrow(0, 0, t.size()[0] - 1)),
        ("single precision", t.to_kind(Kind::Float)),
    ]
}

type Outcome = Result<(), Error>;

/// Whether it went well; panics unless it failed in our own words.
fn went_well(what: &str, f: impl FnOnce() -> Outcome) -> bool {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(Ok(())) => true,
        Ok(Err(Error::Torch { source, .. })) => panic!("{what}: {source}"),
        Ok(Err(_)) => false,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            let text = text.unwrap_or("no text");
            let ours = !text.contains('\n') && !text.contains("Torch") && text.contains("expected");
            assert!(ours, "{what}: {text}");
            false
        }
    }
}

/// Hands every wrong tensor to every argument: all are refused.
fn try_all(op: &str, arguments: &[&Tensor], f: impl Fn(&[Tensor]) -> Outcome) {
    for (what, well) in outcomes(op, arguments, f) {
        assert!(!well, "{what} was accepted");
    }
}

/// What went wrong or well for each wrong tensor in place of each argument.
fn outcomes(
    op: &str,
    arguments: &[&Tensor],
    f: impl Fn(&[Tensor]) -> Outcome,
) -> Vec<(String, bool)> {
    let copies = |skip: usize, other: &Tensor| -> Vec<Tensor> {
        let each = arguments.iter().enumerate();
        each.map(|(i, t)| if i == skip { other } else { *t }.shallow_clone())
            .collect()
    };
    let good = went_well(op, || f(&copies(0, arguments[0])));
    assert!(good, "{op}: good tensors");
    let mut all = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let mut bad = wrong(argument);
        if arguments.len() > 1 {
            bad.extend(unlike(argument));
        }
        for (name, tensor) in bad {
            let what = format!("{op}, argument {index}: {name}");
            let well = went_well(&what, || f(&copies(index, &tensor)));
            all.push((what, well));
        }
    }
    all
}

/// The outcome of an operation that gives no error, for the tables of those that do.
#[allow(clippy::unnecessary_wraps)]
fn done<T>(_: T) -> Outcome {
    Ok(())
}

fn manifold_operations<M: Sample>(m: &M) -> [Tensor; 3] {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let p = m.random_point(&mut rng, &[3], OPTIONS);
    let v = m.random_tangent(&mut rng, &p) * 0.1;
    let q = m.retract(&p, &v);
    let name = |op: &str| format!("{op} of {m:?}");
    try_all(&name("point_defect"), &[&p], |t| {
        done(m.point_defect(&t[0]))
    });
    try_all(&name("project"), &[&p], |t| done(m.project(&t[0])));
    try_all(&name("check_point"), &[&p], |t| m.check_point(&t[0]));
    try_all(&name("tangent_defect"), &[&p, &v], |t| {
        done(m.tangent_defect(&t[0], &t[1]))
    });
    try_all(&name("project_tangent"), &[&p, &v], |t| {
        done(m.project_tangent(&t[0], &t[1]))
    });
    try_all(&name("rgrad"), &[&p, &v], |t| done(m.rgrad(&t[0], &t[1])));
    try_all(&name("retract"), &[&p, &v], |t| {
        done(m.retract(&t[0], &t[1]))
    });
    try_all(&name("norm"), &[&p, &v], |t| done(m.norm(&t[0], &t[1])));
    try_all(&name("check_tangent"), &[&p, &v], |t| {
        m.check_tangent(&t[0], &t[1])
    });
    try_all(&name("inner"), &[&p, &v, &v], |t| {
        done(m.inner(&t[0], &t[1], &t[2]))
    });
    try_all(&name("component_inner"), &[&p, &v, &v], |t| {
        done(m.component_inner(&t[0], &t[1], &t[2]))
    });
    try_all(&name("retract_transport"), &[&p, &v, &v], |t| {
        done(m.retract_transport(&t[0], &t[1], &t[2]))
    });
    try_all(&name("random_tangent"), &[&p], |t| {
        done(m.random_tangent(&mut Xoshiro256PlusPlus::seed_from_u64(1), &t[0]))
    });
    [p, q, v]
}

fn geodesic_operations<M: Sample + Geodesic>(m: &M) {
    let [p, q, v] = manifold_operations(m);
    let name = |op: &str| format!("{op} of {m:?}");
    try_all(&name("exp"), &[&p, &v], |t| done(m.exp(&t[0], &t[1])));
    try_all(&name("log"), &[&p, &q], |t| done(m.log(&t[0], &t[1])));
    try_all(&name("dist"), &[&p, &q], |t| done(m.dist(&t[0], &t[1])));
    try_all(&name("parallel_transport"), &[&p, &q, &v], |t| {
        done(m.parallel_transport(&t[0], &t[1], &t[2]))
    });
    try_all(&name("exp_transport"), &[&p, &v, &v], |t| {
        done(m.exp_transport(&t[0], &t[1], &t[2]))
    });
    let list = [&p];
    try_all("pairwise_distances", &list, |t| {
        done(pairwise_distances(m, &t[0]))
    });
    try_all("differentiable_distances", &list, |t| {
        done(differentiable_distances(m, &t[0]))
    });
    assert!(!went_well("cross_distances", || {
        done(cross_distances(m, &p, &q.to_kind(Kind::Float)))
    }));
    assert!(!went_well("geodesic", || {
        done(m.geodesic(&p, &q, &Tensor::from_slice(&[0.1, 0.2])))
    }));
}

#[test]
fn spaces_of_vectors() {
    geodesic_operations(&Euclidean::new(3).unwrap());
    geodesic_operations(&Sphere::new(3, 1.0).unwrap());
    geodesic_operations(&PoincareBall::new(3, -1.0).unwrap());
    geodesic_operations(&Lorentz::new(3, -1.0).unwrap());
    geodesic_operations(&EuclideanParametrised::new(3, -1.0).unwrap());
    let factors: Vec<Box<dyn Space>> = vec![
        Box::new(PoincareBall::new(2, -1.0).unwrap()),
        Box::new(Sphere::new(2, 1.0).unwrap()),
        Box::new(Euclidean::new(2).unwrap()),
    ];
    geodesic_operations(&Product::new(factors).unwrap());
    geodesic_operations(&Power::new(PoincareBall::new(2, -1.0).unwrap(), 3).unwrap());
    geodesic_operations(&Scaled::new(Sphere::new(2, 1.0).unwrap(), 0.5).unwrap());
}

#[test]
fn spaces_of_matrices() {
    geodesic_operations(&Grassmann::new(4, 2).unwrap());
    geodesic_operations(&SpdAffineInvariant::new(3).unwrap());
    geodesic_operations(&SpdLogEuclidean::new(3).unwrap());
    geodesic_operations(&SpdLogCholesky::new(3).unwrap());
    geodesic_operations(&SpecialOrthogonal::new(3).unwrap());
    geodesic_operations(&SpecialEuclidean::new(3).unwrap());
    geodesic_operations(&Oblique::new(3, 4).unwrap());
    let _ = manifold_operations(&SpdBuresWasserstein::new(3).unwrap());
    let _ = manifold_operations(&Stiefel::new(4, 2, StiefelMetric::Canonical).unwrap());
    let _ = manifold_operations(&Flag::new(5, &[1, 3]).unwrap());
}

#[test]
fn operations_of_one_space() {
    let ball = PoincareBall::new(3, -1.0).unwrap();
    let p = Tensor::full([3, 3], 0.1, OPTIONS);
    let weights = Tensor::ones([3], OPTIONS);
    let scales = Tensor::ones([3, 1], OPTIONS);
    let square = Tensor::eye(3, OPTIONS);
    let midpoint = |t: &[Tensor]| done(ball.gyromidpoint(&t[0], &t[1]));
    let unweighted = |t: &[Tensor]| midpoint(&[t[0].shallow_clone(), weights.shallow_clone()]);
    try_all("gyromidpoint", &[&p], unweighted);
    assert!(!went_well("gyromidpoint", || midpoint(&[
        p.shallow_clone(),
        weights.narrow(0, 0, 2)
    ])));
    try_all("mobius_scale", &[&p], |t| {
        done(ball.mobius_scale(&scales, &t[0]))
    });
    let three = weights.shallow_clone();
    assert!(!went_well("mobius_scale", || done(
        ball.mobius_scale(&three, &p)
    )));
    outcomes("mobius_matvec", &[&square, &p], |t| {
        done(ball.mobius_matvec(&t[0], &t[1]))
    });
    let space = Lorentz::new(3, -1.0).unwrap();
    let x = ball.to_lorentz(&p);
    let isometry = space.boost(&x);
    try_all("apply", &[&isometry, &x], |t| {
        done(space.apply(&t[0], &t[1]))
    });
    let motions = SpecialEuclidean::new(3).unwrap();
    let turns = square.unsqueeze(0).repeat([3, 1, 1]);
    try_all("join", &[&turns, &p], |t| done(motions.join(&t[0], &t[1])));
}

/// Integers gave bases of truncated numbers.
#[test]
fn points_are_made_of_numbers() {
    let lines = Grassmann::new(3, 1).unwrap();
    let one = Tensor::from_slice(&[1.0, 0.0, 0.0]).diag(0);
    try_all("from_projector", &[&one], |t| {
        lines.from_projector(&t[0]).map(|_| ())
    });
    let spd = SpdBuresWasserstein::new(3).unwrap();
    let square = Tensor::eye(3, OPTIONS);
    try_all("from_matrices", &[&square], |t| {
        spd.from_matrices(&t[0]).map(|_| ())
    });
    let flags = Flag::new(3, &[1, 2]).unwrap();
    let (line, plane) = (square.narrow(1, 0, 1), square.narrow(1, 0, 2));
    try_all("from_subspaces", &[&line, &plane], |t| {
        flags.from_subspaces(t).map(|_| ())
    });
    assert!(!went_well("learnable", || {
        Curvature::learnable(&Tensor::new()).map(|_| ())
    }));
}

#[test]
fn statistics_are_of_numbers() {
    let line = Euclidean::new(1).unwrap();
    let x = Tensor::from_slice(&[0.0, 0.5, 1.0, 3.0]);
    let y = x.unsqueeze(1);
    let config = CenterConfig::default();
    try_all("geodesic_regression", &[&x], |t| {
        geodesic_regression(&line, &t[0], &y, &config).map(|_| ())
    });
    try_all("weights", &[&x], |t| {
        frechet_mean(&line, &y, Some(&t[0]), &config).map(|_| ())
    });
    try_all("variance_about", &[&y.get(0)], |t| {
        variance_about(&line, &t[0], &y, None).map(|_| ())
    });

    let square = Tensor::eye(3, OPTIONS);
    try_all("from_covariances", &[&square], |t| {
        WeightedFlags::from_covariances(&t[0]).map(|_| ())
    });
    let points = Tensor::cat(&[&square, &(&square * 0.5), &(&square * -0.5)], 0);
    let fold = |points: &Tensor| flagfold(points, 10.0).map(|_| ());
    assert!(went_well("flagfold", || fold(&points)));
    for (name, points) in wrong(&points) {
        // One more column makes other points.
        assert!(
            name == "wide" || !went_well(name, || fold(&points)),
            "{name}"
        );
    }
    try_all("PrincipalFlag::fit", &[&points], |t| {
        PrincipalFlag::fit(&t[0], &[1, 2]).map(|_| ())
    });
    let found = PrincipalFlag::fit(&points, &[1, 2]).unwrap();
    try_all("PrincipalFlag::test_flag", &[&square], |t| {
        found.test_flag(&t[0]).map(|_| ())
    });

    let turns = square.unsqueeze(0).repeat([3, 1, 1]);
    try_all("rotation_mean", &[&turns], |t| {
        rotation_mean(&t[0], None, &MeanConfig::default()).map(|_| ())
    });
    let flags = Flag::new(3, &[1]).unwrap();
    let frame = square.narrow(1, 0, 1);
    let lines = turns.narrow(2, 0, 1);
    try_all("flag_mean", &[&frame], |t| {
        let config = MeanConfig {
            start: Some(t[0].shallow_clone()),
            ..MeanConfig::default()
        };
        flag_mean(&flags, &lines, None, &config).map(|_| ())
    });
}

#[test]
fn what_is_built_on_spaces() {
    let line = Euclidean::new(3).unwrap();
    let x = Tensor::from_slice2(&[
        [0.0, 0.1, 0.2],
        [0.3, 0.1, 0.0],
        [0.2, 0.4, 0.1],
        [0.0, 0.0, 1.0],
    ]);
    let x = x.to_kind(Kind::Double);
    let distances = pairwise_distances(&line, &x);
    let parameter =
        |t: &[Tensor]| ManifoldParameter::new(Box::new(line.clone()), &t[0]).map(|_| ());
    try_all("ManifoldParameter::new", &[&x], parameter);
    let config = CenterConfig::default();
    try_all("frechet_mean", &[&x], |t| {
        frechet_mean(&line, &t[0], None, &config).map(|_| ())
    });
    try_all("magnitude", &[&distances], |t| {
        magnitude(&t[0], 1.0).map(|_| ())
    });
    try_all("gromov_hyperbolicity", &[&distances], |t| {
        gromov_hyperbolicity(&t[0]).map(|_| ())
    });
    let space = WeightedSpace::new(&distances, 1.0, &WeightingConfig::default()).unwrap();
    try_all("meet", &[&distances], |t| space.meet(&t[0]).map(|_| ()));
    let labels = Tensor::from_slice(&[0_i64, 1, 0, 1]);
    let config = SvmConfig {
        steps: 2,
        ..SvmConfig::default()
    };
    let form = SvmForm::Euclidean(line.clone());
    let fit = |x: &Tensor, labels: &Tensor| {
        HyperbolicSvm::fit(form.clone(), x, labels, &config).map(|_| ())
    };
    try_all("HyperbolicSvm::fit", &[&x], |t| fit(&t[0], &labels));
    for (name, labels) in wrong(&labels) {
        assert!(
            !went_well(name, || fit(&x, &labels)) || name == "integers",
            "{name}"
        );
    }
    outcomes("classification_score", &[&labels, &labels], |t| {
        classification_score(&t[0], &t[1]).map(|_| ())
    });
    outcomes(
        "DiffusionOperator::from_affinity",
        &[&(-&distances).exp()],
        |t| DiffusionOperator::from_affinity(&t[0]).map(|_| ()),
    );
    for model in [Model::Ball, Model::Euclidean] {
        outcomes("NamedEmbedding::new", &[&(&x * 0.5)], |t| {
            let names = (0..4).map(|i| i.to_string()).collect();
            NamedEmbedding::new(model, names, &t[0]).map(|_| ())
        });
    }
    let names = (0..4).map(|i| i.to_string()).collect();
    let graph = Graph::new(names, vec![(0, 1), (2, 1)], None).unwrap();
    outcomes("mean_average_precision", &[&distances], |t| {
        mean_average_precision(&graph, &t[0]).map(|_| ())
    });
}

#[test]
fn edges_are_flags() {
    let edges = FermiDirac {
        radius: 2.0,
        temperature: 0.5,
    };
    let dist = Tensor::from_slice(&[1.0, 2.0, 3.0]);
    let is_edge = dist.lt(2.5);
    let likelihood = |dist: &Tensor, is_edge: &Tensor| {
        went_well("log_likelihood", || {
            done(edges.log_likelihood(dist, is_edge))
        })
    };
    assert!(likelihood(&dist, &is_edge));
    for kind in [Kind::Double, Kind::Float, Kind::Int64, Kind::Uint8] {
        assert!(!likelihood(&dist, &is_edge.to_kind(kind)), "{kind:?}");
    }
    assert!(!likelihood(&dist, &is_edge.narrow(0, 0, 2)));
    assert!(!likelihood(&dist, &Tensor::new()));
    assert!(!likelihood(&dist.to_kind(Kind::Int64), &is_edge));
    assert!(!went_well("probability", || done(
        edges.probability(&dist.gt(0.0))
    )));
}

#[test]
fn a_gradient_that_is_undefined_is_no_gradient() {
    let refused = catch_unwind(|| Gradient::from_tensor(&Tensor::new())).is_err();
    assert!(refused);
}
