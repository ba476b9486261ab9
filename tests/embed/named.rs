//! Distances and neighbours by name.

use holonomy::Error;
use holonomy::embed::{Model, NamedEmbedding};
use tch::{Kind, Tensor};

use super::{MODELS, numbers, random_points, seeded};

fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|row| format!("node {row}")).collect()
}

fn words(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn line(names: &[&str], positions: &[f64]) -> NamedEmbedding {
    let points = Tensor::from_slice(positions).view([-1, 1]);
    NamedEmbedding::new(Model::Euclidean, words(names), &points).unwrap()
}

#[test]
fn neighbours_are_all_others_in_order_of_distance() {
    for model in MODELS {
        let points = random_points(model, 60, 4, 2.0, &mut seeded(1));
        let embedding = NamedEmbedding::new(model, numbered(60), &points).unwrap();
        let manifold = model.manifold(4).unwrap();
        for row in [0, 17, 59] {
            let name = format!("node {row}");
            let dists = numbers(&manifold.dist(&points.get(row), &points));
            let mut expected: Vec<usize> = (0..60).filter(|&other| other != row as usize).collect();
            expected.sort_by(|&a, &b| dists[a].total_cmp(&dists[b]));

            let all = embedding.neighbours(&name, 1_000).unwrap();
            let names: Vec<String> = expected.iter().map(|row| format!("node {row}")).collect();
            assert!(all.iter().map(|other| other.0).eq(&names), "{model}");
            for (other, distance) in &all {
                assert_eq!(embedding.distance(&name, other).unwrap(), *distance);
            }
            assert_eq!(embedding.neighbours(&name, 5).unwrap(), all[..5]);
        }
    }
}

#[test]
fn equal_distances_keep_their_order_and_a_twin_counts() {
    let embedding = line(&["a", "b", "c", "d", "e"], &[1.0, 3.0, 1.0, 2.0, 0.0]);
    let expected = [("c", 0.0), ("d", 1.0), ("e", 1.0), ("b", 2.0)];
    assert_eq!(embedding.neighbours("a", 4).unwrap(), expected);
    assert_eq!(embedding.neighbours("a", 0).unwrap(), []);
}

/// A library with 1 − |x|² by subtraction has no digit left here.
#[test]
fn a_distance_far_out_keeps_its_digits() {
    let x = 1.0 - 2.0_f64.powi(-40);
    let y = 1.0 - 2.0_f64.powi(-41);
    let points = Tensor::from_slice(&[x, 0.0, y, 0.0]).view([2, 2]);
    let embedding = NamedEmbedding::new(Model::Ball, words(&["x", "y"]), &points).unwrap();
    // Along a ray the distance is ln((1 + y)(1 − x)/((1 + x)(1 − y)) ) of its inverse.
    let expected = 2.0_f64.ln() + (2.0_f64.powi(-41) / (1.0 + x)).ln_1p();
    let distance = embedding.distance("x", "y").unwrap();
    assert!((distance / expected - 1.0).abs() < 1e-15, "{distance}");
}

#[test]
fn an_unknown_name_is_told_what_is_close() {
    let names = ["dog.n.01", "dogfish.n.01", "cat.n.01", "whale.n.02"];
    let embedding = line(&names, &[0.0, 1.0, 2.0, 3.0]);
    for (wanted, first) in [
        ("dog", "\"dog.n.01\", \"dogfish.n.01\""),
        ("Cat.n.01", "\"cat.n.01\""),
        ("wahle.n.02", "\"whale.n.02\""),
    ] {
        let message = embedding.neighbours(wanted, 1).unwrap_err().to_string();
        let expected = format!("expected one of the 4 names, got {wanted:?}; close to it: {first}");
        assert!(message.contains(&expected), "{message}");
        let message = embedding.distance("dog.n.01", wanted).unwrap_err();
        assert!(message.to_string().contains(first), "{message}");
    }
    let message = embedding.neighbours("zzz", 1).unwrap_err().to_string();
    assert!(message.ends_with("got \"zzz\""), "{message}");
}

#[test]
fn what_is_no_embedding_is_refused() {
    let points = Tensor::from_slice(&[0.0, 0.1, 0.2]).view([3, 1]);
    let of = |names: &[&str], points: &Tensor| {
        NamedEmbedding::new(Model::Ball, words(names), points).map(drop)
    };
    assert!(of(&["a", "b", "c"], &points).is_ok());
    for names in [
        &["a", "b"][..],
        &["a", "b", "a"],
        &["a", "", "c"],
        &["a", "b\tc", "d"],
        &["a", " b", "c"],
        &["a", "b\u{2028}", "c"],
    ] {
        let error = of(names, &points).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }), "{names:?}");
    }
    let none = Tensor::zeros([0, 2], (Kind::Double, tch::Device::Cpu));
    for wrong in [none, points.view(-1), points.view([1, 3])] {
        let error = of(&["a", "b", "c"], &wrong).unwrap_err();
        assert!(matches!(error, Error::InvalidArgument { .. }), "{wrong:?}");
    }
    for bad in [1.0, -1.5, f64::NAN, f64::INFINITY] {
        let wrong = Tensor::from_slice(&[0.0, bad, 0.2]).view([3, 1]);
        let error = of(&["a", "b", "c"], &wrong).unwrap_err();
        assert!(matches!(error, Error::NotOnManifold { row: 1, .. }));
    }
    let off = Tensor::from_slice(&[1.0, 0.0, 2.0, 0.5]).view([2, 2]);
    let error = NamedEmbedding::new(Model::Lorentz, words(&["a", "b"]), &off).unwrap_err();
    assert!(matches!(error, Error::NotOnManifold { row: 1, .. }));
}

#[test]
fn points_in_f32_are_points() {
    for model in MODELS {
        let points = random_points(model, 50, 3, 2.0, &mut seeded(2)).to_kind(Kind::Float);
        let embedding = NamedEmbedding::new(model, numbered(50), &points).unwrap();
        assert_eq!(embedding.points(), &points.to_kind(Kind::Double));
    }
}
