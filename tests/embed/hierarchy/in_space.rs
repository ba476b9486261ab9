//! Trainings in any manifold, with curvatures that are learned or not.

use std::ops::ControlFlow;

use holonomy::checkpoint::Checkpoint;
use holonomy::embed::{
    Decay, Embedding, Model, RankedNodes, Ranking, Start, TrainConfig, TrainPath, Trainer,
};
use holonomy::graph::both_ways;
use holonomy::{
    Curvature, Distance, Error, Euclidean, Geodesic, Lorentz, Manifold, PoincareBall, Product,
    Result, Sample, Space, SpdAffineInvariant, Sphere,
};
use tch::{Device, Kind, Tensor};

use crate::embed::{numbers, random_points, seeded, tree_closure};

const NODES: usize = 40;
const EPOCHS: usize = 6;

type InSpace = Trainer<Box<dyn Geodesic>>;

fn config(epochs: usize) -> TrainConfig {
    TrainConfig {
        path: TrainPath::Tensor,
        epochs,
        burn_in_epochs: epochs / 3,
        schedule: Decay::Linear { last: 0.1 },
        negatives: 10,
        batch: 16,
        ..TrainConfig::default()
    }
}

/// A leaf that a curvature follows.
fn leaf(kappa: f64) -> Tensor {
    Tensor::from(kappa).set_requires_grad(true)
}

/// Points near each other.
fn cluster<M: Manifold + Sample + ?Sized>(m: &M, nodes: usize, size: f64) -> Tensor {
    let mut rng = seeded(7);
    let one = m.random_point(&mut rng, &[1], (Kind::Double, Device::Cpu));
    let shape = [&[nodes as i64], &m.point_shape()[..]].concat();
    let at = one.expand(shape, false).contiguous();
    let v = m.random_tangent(&mut rng, &at) * size;
    m.project(&m.retract(&at, &v))
}

/// A hyperbolic plane, a sphere and a line, of which the first two learn their curvatures.
fn product(curvatures: &[Tensor; 2]) -> Result<Product<dyn Space>> {
    let [hyperbolic, spherical] = curvatures.each_ref().map(Curvature::learnable);
    Product::new(vec![
        Box::new(Lorentz::new(2, hyperbolic?)?),
        Box::new(Sphere::new(2, spherical?)?),
        Box::new(Euclidean::new(1)?),
    ])
}

fn run(trainer: InSpace) -> Embedding<Box<dyn Geodesic>> {
    trainer.run(|_| ControlFlow::Continue(())).unwrap()
}

fn map(embedding: &Embedding<Box<dyn Geodesic>>, pairs: &[(u32, u32)]) -> f64 {
    let ranking = Ranking::by(&embedding.model, &embedding.points).unwrap();
    ranking.reconstruction(pairs).unwrap().map
}

#[test]
fn a_model_and_its_manifold_train_alike() -> Result<()> {
    let pairs = tree_closure(NODES as u32, 3);
    for model in [Model::Ball, Model::Lorentz, Model::Euclidean] {
        let config = TrainConfig {
            model,
            dim: 3,
            ..config(EPOCHS)
        };
        let by_name = Trainer::new(config.clone(), NODES, &pairs)?;
        let manifold = model.manifold(3)?;
        let in_space = Trainer::on_manifold(manifold, by_name.start(), config, &pairs)?;
        let expected = by_name.run(|_| ControlFlow::Continue(()))?;
        let got = run(in_space);
        assert_eq!(got.points, expected.points, "{model}");
        let ranking = Ranking::new(model, &expected.points)?.reconstruction(&pairs)?;
        assert_eq!(
            Ranking::by(&got.model, &got.points)?.reconstruction(&pairs)?,
            ranking
        );
    }
    Ok(())
}

#[test]
fn products_spheres_and_matrices_train() -> Result<()> {
    let tree = tree_closure(NODES as u32, 3);
    let ring: Vec<(u32, u32)> = (0..12).map(|node| (node, (node + 1) % 12)).collect();
    let curvatures = [leaf(-1.0), leaf(0.2)];
    let product = product(&curvatures)?;
    let start = cluster(&product, NODES, 0.1);
    let product = Trainer::on_manifold(Box::new(product), &start, config(200), &tree)?;
    assert!(map(&run(product), &tree) > 0.9);

    let sphere = Sphere::new(2, 0.05)?;
    let start = sphere.random_point(&mut seeded(1), &[12], (Kind::Double, Device::Cpu));
    let pairs = both_ways(&ring);
    // A lower rate can leave the ring twisted.
    let quick = TrainConfig {
        learning_rate: 1.0,
        ..config(200)
    };
    let sphere = Trainer::on_manifold(Box::new(sphere), &start, quick, &pairs)?;
    assert!(map(&run(sphere), &pairs) > 0.95);

    let matrices = SpdAffineInvariant::new(2)?;
    let start = cluster(&matrices, NODES, 0.1);
    let matrices = Trainer::on_manifold(Box::new(matrices), &start, config(200), &tree)?;
    let trained = run(matrices);
    assert_eq!(trained.points.size(), [NODES as i64, 2, 2]);
    assert!(map(&trained, &tree) > 0.8);
    Ok(())
}

/// The mean loss before the first step, of these points.
fn loss(manifold: Box<dyn Geodesic>, points: &Tensor, pairs: &[(u32, u32)]) -> f64 {
    let config = TrainConfig {
        batch: pairs.len(),
        ..config(1)
    };
    let trainer = Trainer::on_manifold(manifold, points, config, pairs).unwrap();
    run(trainer).history[0].loss
}

/// A space whose curvature follows a leaf.
type Make = fn(&Tensor) -> Result<Box<dyn Space>>;

/// A curvature takes the step of its gradient, while points keep their distances from their mean.
#[test]
fn a_curvature_follows_its_gradient() -> Result<()> {
    const RATE: f64 = 0.3;
    const H: f64 = 1e-5;
    let pairs = tree_closure(NODES as u32, 3);
    let cases: [(f64, Make); 3] = [
        (-0.7, |k| {
            Ok(Box::new(PoincareBall::new(3, Curvature::learnable(k)?)?))
        }),
        (-1.5, |k| {
            Ok(Box::new(Lorentz::new(2, Curvature::learnable(k)?)?))
        }),
        (0.4, |k| {
            Ok(Box::new(Sphere::new(2, Curvature::learnable(k)?)?))
        }),
    ];
    for (kappa, make) in cases {
        let curvature = leaf(kappa);
        let space = make(&curvature)?;
        let points = cluster(&*space, NODES, 0.5 / kappa.abs().sqrt());
        let base = space.project(&points.mean_dim(0, false, Kind::Double));
        let logarithms = space.log(&base, &points);
        let distances = space.dist(&base, &points);
        let at = |factor: f64| {
            let curvature = Tensor::from(kappa * factor);
            let space = make(&curvature).unwrap();
            let base = space.project(&base);
            let longer = &distances / space.norm(&base, &logarithms);
            let moved = space.exp(&base, &(&logarithms * longer.unsqueeze(-1)));
            loss(space, &moved, &pairs)
        };
        let gradient = (at(H.exp()) - at((-H).exp())) / (2.0 * H);
        let config = TrainConfig {
            batch: pairs.len(),
            // The points stay.
            learning_rate: 1e-14,
            ..config(1)
        };
        let trainer = Trainer::on_manifold(make(&curvature)?, &points, config, &pairs)?;
        let trained = run(trainer.learning_curvature(&curvature, RATE)?);
        let expected = kappa * (-RATE * gradient).exp();
        let got = curvature.double_value(&[]);
        assert!(
            (got / expected - 1.0).abs() < 1e-8,
            "{got} and not {expected}"
        );
        assert!((got / kappa - 1.0).abs() > 1e-3, "{kappa} moves");
        trained.model.check_point(&trained.points)?;
        let base = trained.model.project(&base);
        let kept = trained.model.dist(&base, &trained.points);
        assert!((kept - &distances).abs().max().double_value(&[]) < 1e-10);
    }
    Ok(())
}

#[test]
fn learned_curvatures_lower_the_loss() -> Result<()> {
    let pairs = tree_closure(NODES as u32, 3);
    let last_loss = |learn: bool| -> Result<f64> {
        let curvatures = [leaf(-1.0), leaf(0.2)];
        let space = product(&curvatures)?;
        let start = cluster(&space, NODES, 0.1);
        let mut trainer = Trainer::on_manifold(Box::new(space), &start, config(60), &pairs)?;
        if learn {
            for curvature in &curvatures {
                trainer = trainer.learning_curvature(curvature, 0.05)?;
            }
        }
        let trained = run(trainer);
        trained.model.check_point(&trained.points)?;
        let [hyperbolic, spherical] = curvatures.each_ref().map(|k| k.double_value(&[]));
        assert!(hyperbolic < 0.0 && spherical > 0.0);
        assert_eq!(hyperbolic == -1.0 && spherical == 0.2, !learn);
        Ok(trained.history[trained.history.len() - 1].loss)
    };
    assert!(last_loss(true)? < last_loss(false)?);
    Ok(())
}

/// All that must repeat, as bits.
fn bits(embedding: &Embedding<Box<dyn Geodesic>>, curvatures: &[Tensor; 2]) -> Vec<u64> {
    let points = numbers(&embedding.points).into_iter();
    let losses = embedding.history.iter().map(|record| record.loss);
    let curvatures = curvatures.iter().map(|kappa| kappa.double_value(&[]));
    points
        .chain(losses)
        .chain(curvatures)
        .map(f64::to_bits)
        .collect()
}

/// A training in the product, whose curvatures are learned or not.
fn trainer(learn: bool, kind: Kind) -> Result<(InSpace, [Tensor; 2])> {
    let pairs = tree_closure(NODES as u32, 3);
    let curvatures = [leaf(-1.0), leaf(0.2)];
    let space = product(&curvatures)?;
    let start = cluster(&space, NODES, 0.1);
    let mut trainer = Trainer::on_manifold(Box::new(space), &start, config(EPOCHS), &pairs)?
        .with_options((kind, Device::Cpu))?;
    if learn {
        for curvature in &curvatures {
            trainer = trainer.learning_curvature(curvature, 0.05)?;
        }
    }
    Ok((trainer, curvatures))
}

/// The checkpoint after these epochs, by way of a file.
fn stopped_after(epochs: usize, trainer: InSpace) -> Checkpoint {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.safetensors");
    let stopped = trainer.run(|progress| {
        if progress.record.epoch < epochs {
            return ControlFlow::Continue(());
        }
        progress.checkpoint().unwrap().save(&path).unwrap();
        ControlFlow::Break(())
    });
    assert_eq!(stopped.unwrap().stopped_early, epochs < EPOCHS);
    Checkpoint::load(&path).unwrap()
}

#[test]
fn trainings_go_on_bit_for_bit() -> Result<()> {
    for kind in [Kind::Double, Kind::Float] {
        for learn in [false, true] {
            let (whole, curvatures) = trainer(learn, kind)?;
            let whole = bits(&run(whole), &curvatures);
            for epochs in 1..=EPOCHS {
                let checkpoint = stopped_after(epochs, trainer(learn, kind)?.0);
                let (resumed, curvatures) = trainer(learn, kind)?;
                let resumed = resumed.resuming_from(&checkpoint)?;
                let resumed = bits(&run(resumed), &curvatures);
                assert_eq!(resumed, whole, "{kind:?}, learned {learn}, {epochs}");
            }
        }
    }
    Ok(())
}

#[track_caller]
fn refusal<T>(result: Result<T>) -> String {
    match result {
        Err(error @ Error::InvalidArgument { .. }) => error.to_string(),
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn another_training_is_refused() -> Result<()> {
    let double = Kind::Double;
    let checkpoint = stopped_after(2, trainer(true, double)?.0);
    let (fixed, _) = trainer(false, double)?;
    let message = refusal(fixed.resuming_from(&checkpoint));
    assert!(message.contains("2 learned curvatures"), "{message}");
    let checkpoint = stopped_after(2, trainer(false, double)?.0);
    let (learning, _) = trainer(true, double)?;
    let message = refusal(learning.resuming_from(&checkpoint));
    assert!(message.contains("0 learned curvatures"), "{message}");

    let pairs = tree_closure(NODES as u32, 3);
    let other = |kappa: f64| -> Result<InSpace> {
        let space = product(&[leaf(-1.0), leaf(kappa)])?;
        let start = cluster(&space, NODES, 0.1);
        Trainer::on_manifold(Box::new(space), &start, config(EPOCHS), &pairs)
    };
    assert!(other(0.2)?.resuming_from(&checkpoint).is_ok());
    let message = refusal(other(0.3)?.resuming_from(&checkpoint));
    assert!(message.contains("space"), "{message}");
    Ok(())
}

#[test]
fn wrong_arguments_are_refused() -> Result<()> {
    let pairs = tree_closure(NODES as u32, 3);
    let ball = || -> Box<dyn Geodesic> { Box::new(PoincareBall::new(2, -1.0).unwrap()) };
    let start = cluster(&PoincareBall::new(2, -1.0)?, NODES, 0.1);
    let native = TrainConfig {
        path: TrainPath::Native,
        ..config(1)
    };
    let message = refusal(Trainer::on_manifold(ball(), &start, native, &pairs));
    assert!(message.contains("path: tensor"), "{message}");
    for points in [
        Tensor::new(),
        start.select(0, 0),
        start.unsqueeze(0),
        start.narrow(0, 0, 20),
        start.narrow(1, 0, 1),
        start.to_kind(Kind::Int64),
    ] {
        refusal(Trainer::on_manifold(ball(), &points, config(1), &pairs));
        if points.defined() && points.size() != start.narrow(0, 0, 20).size() {
            refusal(Ranking::by(&ball(), &points));
        }
    }
    for bad in [2.0, f64::NAN] {
        let points = start.copy();
        let _ = points.get(3).fill_(bad);
        let got = Trainer::on_manifold(ball(), &points, config(1), &pairs);
        assert!(matches!(got, Err(Error::NotOnManifold { row: 3, .. })));
    }

    let trainer = || Trainer::on_manifold(ball(), &start, config(1), &pairs);
    for kappa in [
        Tensor::new(),
        Tensor::from(-1.0),
        Tensor::from(-1.0_f32).set_requires_grad(true),
        Tensor::from_slice(&[-1.0, -2.0]).set_requires_grad(true),
        leaf(-1.0) * 2.0,
    ] {
        refusal(trainer()?.learning_curvature(&kappa, 0.1));
    }
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refusal(trainer()?.learning_curvature(&leaf(-1.0), rate));
    }
    // A leaf that the manifold does not follow.
    let trained = trainer()?
        .learning_curvature(&leaf(-1.0), 0.1)?
        .run(|_| ControlFlow::Continue(()));
    let message = refusal(trained);
    assert!(message.contains("follows"), "{message}");
    Ok(())
}

#[test]
fn any_distance_ranks_as_the_models_do() -> Result<()> {
    let mut rng = seeded(11);
    let pairs = tree_closure(90, 3);
    let (held_out, known): (Vec<_>, Vec<_>) = pairs.iter().partition(|(a, b)| (a + b) % 4 == 0);
    for model in [Model::Ball, Model::Lorentz, Model::Euclidean] {
        let points = random_points(model, 90, 3, 1.0, &mut rng);
        let manifold = model.manifold(3)?;
        let ranking = || Ranking::by(&manifold, &points);
        let expected = || Ranking::new(model, &points);
        assert_eq!(
            ranking()?.reconstruction(&pairs)?,
            expected()?.reconstruction(&pairs)?
        );
        assert_eq!(
            ranking()?.link_prediction(&held_out, &known)?,
            expected()?.link_prediction(&held_out, &known)?
        );
        let sample = RankedNodes::Sample { nodes: 20, seed: 3 };
        assert_eq!(
            ranking()?.of_nodes(sample)?.reconstruction(&pairs)?,
            expected()?.of_nodes(sample)?.reconstruction(&pairs)?
        );
        // All in one place: ties count against the embedding.
        let tied = points.narrow(0, 0, 1).expand_as(&points).contiguous();
        assert_eq!(
            Ranking::by(&manifold, &tied)?.reconstruction(&pairs)?,
            Ranking::new(model, &tied)?.reconstruction(&pairs)?
        );
    }
    // In f32 and in parts.
    let points = random_points(Model::Ball, 90, 3, 1.0, &mut rng).to_kind(Kind::Float);
    let ball = PoincareBall::new(3, -1.0)?;
    let single = Ranking::by(&ball, &points)?.reconstruction(&pairs)?;
    let double = Ranking::new(Model::Ball, &points)?.reconstruction(&pairs)?;
    assert!((single.map - double.map).abs() < 1e-3);
    Ok(())
}

/// Points whose mean is the center of the sphere, and antipodes of the base point.
#[test]
fn points_all_over_a_sphere_learn_its_curvature() -> Result<()> {
    let corners = [1.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, -1.0, 0.0];
    let start = Tensor::from_slice(&corners).view([4, 3]);
    let pairs = [(0, 2), (2, 0), (1, 3), (3, 1)];
    let kappa = leaf(1.0);
    let sphere = Sphere::new(2, Curvature::learnable(&kappa)?)?;
    let trainer = Trainer::on_manifold(Box::new(sphere), &start, config(3), &pairs)?;
    let trained = run(trainer.learning_curvature(&kappa, 0.01)?);
    assert!(kappa.double_value(&[]) > 0.0 && kappa.double_value(&[]) != 1.0);
    trained.model.check_point(&trained.points)?;
    Ok(())
}

#[test]
fn what_is_learned_is_part_of_a_checkpoint() -> Result<()> {
    let pairs = tree_closure(NODES as u32, 3);
    let ball = |kappa: &Tensor| PoincareBall::new(2, Curvature::learnable(kappa)?);
    let start = cluster(&PoincareBall::new(2, -0.5)?, NODES, 0.1);
    let learning = |kappa: &Tensor, rate: f64| -> Result<InSpace> {
        let trainer = Trainer::on_manifold(Box::new(ball(kappa)?), &start, config(EPOCHS), &pairs)?;
        trainer.learning_curvature(kappa, rate)
    };
    let checkpoint = stopped_after(2, learning(&leaf(-0.5), 0.1)?);
    let kappa = leaf(-0.5);
    let message = refusal(learning(&kappa, 0.2)?.resuming_from(&checkpoint));
    assert!(message.contains("0.1"), "{message}");
    assert_eq!(kappa.double_value(&[]), -0.5);
    let resumed = learning(&kappa, 0.1)?.resuming_from(&checkpoint)?;
    assert_ne!(kappa.double_value(&[]), -0.5);
    refusal(resumed.learning_curvature(&leaf(-1.0), 0.1));
    let twice = leaf(-0.5);
    refusal(learning(&twice, 0.1)?.learning_curvature(&twice, 0.1));

    // Points that are none leave the curvature as it was.
    let mut broken = checkpoint.clone();
    broken.insert("points", &(checkpoint.tensor("points")? * 100.0))?;
    let kappa = leaf(-0.5);
    let refused = learning(&kappa, 0.1)?.resuming_from(&broken);
    assert!(matches!(refused, Err(Error::NotOnManifold { .. })));
    assert_eq!(kappa.double_value(&[]), -0.5);

    // The ball of curvature −1, by its name, is another space.
    let fixed = Trainer::on_manifold(
        Box::new(PoincareBall::new(5, -0.5)?),
        &cluster(&PoincareBall::new(5, -0.5)?, NODES, 0.1),
        config(EPOCHS),
        &pairs,
    )?;
    let checkpoint = stopped_after(2, fixed);
    let by_name = Trainer::new(config(EPOCHS), NODES, &pairs)?;
    let message = refusal(by_name.resuming_from(&checkpoint));
    assert!(message.contains("on a manifold"), "{message}");
    Ok(())
}

#[test]
fn settings_of_models_have_no_effect_on_a_manifold() -> Result<()> {
    let pairs = tree_closure(NODES as u32, 3);
    let sphere = Sphere::new(2, 1.0)?;
    let start = cluster(&sphere, NODES, 0.1);
    let odd = TrainConfig {
        dim: 0,
        init_scale: 7.0,
        start: Start::HalfSpaces,
        ..config(2)
    };
    let train = |config: TrainConfig, start: &Tensor| -> Result<Tensor> {
        let trainer = Trainer::on_manifold(Box::new(sphere.clone()), start, config, &pairs)?;
        Ok(run(trainer).points)
    };
    assert_eq!(train(odd, &start)?, train(config(2), &start)?);
    // In f32 a point is off by a rounding of f32.
    let points = train(config(2), &start.to_kind(Kind::Float))?;
    sphere.check_point(&points)?;
    Ok(())
}

/// The distance on a line, but unknown between nodes 0 and 3.
#[derive(Debug)]
struct Gap;

impl Distance for Gap {
    fn shape(&self) -> Vec<i64> {
        vec![1]
    }

    fn check(&self, _: &Tensor) -> Result<()> {
        Ok(())
    }

    fn between(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let distance = (p - q).abs().squeeze_dim(-1);
        let unknown = distance.eq(3.0);
        distance.masked_fill(&unknown, f64::NAN)
    }
}

/// An unknown distance ranks last; equal ones count against the embedding.
#[test]
fn an_unknown_distance_is_farther_than_all_others() -> Result<()> {
    let points = Tensor::from_slice(&[0.0, 1.0, 2.0, 3.0]).view([4, 1]);
    let score = Ranking::by(&Gap, &points)?.reconstruction(&[(0, 3)])?;
    assert_eq!((score.mean_rank, score.map), (3.0, 1.0 / 3.0));
    let score = Ranking::by(&Gap, &points)?.reconstruction(&[(0, 1)])?;
    assert_eq!((score.mean_rank, score.map), (1.0, 1.0));
    Ok(())
}
