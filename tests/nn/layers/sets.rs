//! Laws of layers over several points: grids, sequences and sets.

use holonomy::nn::{
    AttentionConfig, AttentionForm, BatchCenter, BatchNorm, BatchNormConfig, Convolution,
    ConvolutionConfig, EdgeConvolution, EdgeConvolutionConfig, EdgeReduction, Layer, LinearModel,
    MultiHeadAttention, Path, Pooling, PoolingForm, PositionalEncoding,
};
use holonomy::random::generator;
use holonomy::{Lorentz, PoincareBall};
use tch::{Kind, Tensor};

use super::super::{features, store};
use super::{Case, Side, curvature, disturb, has_gradients_of_differences};

/// Layers from dimension 4 by name, with the shape of a grid that they take.
const NAMES: [(&str, &[i64]); 13] = [
    ("convolution over a sequence", &[5]),
    ("convolution over an image", &[4, 5]),
    ("centroids of windows", &[4, 5]),
    ("maxima of windows", &[5]),
    ("centroid of all", &[2, 3]),
    ("attention by products", &[5]),
    ("attention by distances", &[5]),
    ("attention by squared distances", &[5]),
    ("attention in linear time", &[5]),
    ("positional encoding", &[5]),
    ("edge convolution", &[6]),
    ("edge convolution by maximum", &[6]),
    ("Fréchet batch norm", &[6]),
];

fn layer<M: LinearModel>(name: &str, path: &Path, from: &M, to: &M) -> (Box<dyn Layer>, bool) {
    let rng = &mut generator(7);
    let attention = |form| {
        let config = AttentionConfig { heads: 2, form };
        let layer = MultiHeadAttention::new(path, from, config, &mut generator(7)).unwrap();
        Box::new(layer) as Box<dyn Layer>
    };
    let layer: Box<dyn Layer> = match name {
        "convolution over a sequence" => {
            let config = ConvolutionConfig {
                stride: 2,
                padding: 1,
            };
            let layer = Convolution::new(path, from, to, &[3], config, rng).unwrap();
            return (Box::new(layer), true);
        }
        "convolution over an image" => {
            let config = ConvolutionConfig::default();
            let layer = Convolution::new(path, from, to, &[2, 3], config, rng).unwrap();
            return (Box::new(layer), true);
        }
        "edge convolution" | "edge convolution by maximum" => {
            let config = EdgeConvolutionConfig {
                neighbours: 3,
                reduction: if name.contains("maximum") {
                    EdgeReduction::Maximum
                } else {
                    EdgeReduction::Mean
                },
            };
            let layer = EdgeConvolution::new(path, from, to, config, rng).unwrap();
            return (Box::new(layer), true);
        }
        "centroids of windows" => {
            Box::new(Pooling::new(from, PoolingForm::Centroid, &[2, 2], 2).unwrap())
        }
        "maxima of windows" => Box::new(Pooling::new(from, PoolingForm::Maximum, &[2], 1).unwrap()),
        "centroid of all" => Box::new(Pooling::global(from, PoolingForm::Centroid, 2)),
        "attention by products" => attention(AttentionForm::Product),
        "attention by distances" => attention(AttentionForm::Distance),
        "attention by squared distances" => attention(AttentionForm::SquaredDistance),
        "attention in linear time" => attention(AttentionForm::LinearTime),
        "positional encoding" => Box::new(PositionalEncoding::new(path, from, 8, rng).unwrap()),
        _ => {
            let config = BatchNormConfig {
                center: BatchCenter::Frechet,
                ..Default::default()
            };
            Box::new(BatchNorm::new(path, from, config).unwrap())
        }
    };
    (layer, false)
}

/// Each layer in both models, with the grid that it takes.
pub(in super::super) fn cases(kind: Kind, learned: bool) -> Vec<(Case, &'static [i64])> {
    let case = |(name, grid): (&'static str, &'static [i64]), in_ball: bool| {
        let store = store(kind);
        let p = store.root();
        let curvature = |name, kappa| curvature(&p, name, kappa, learned);
        let (a, b) = (curvature("a", -0.7), curvature("b", -1.9));
        let path = &p / "l";
        let (layer, from, to) = if in_ball {
            let (from, to) = (
                PoincareBall::new(4, a).unwrap(),
                PoincareBall::new(3, b).unwrap(),
            );
            let (layer, changes) = layer(name, &path, &from, &to);
            let to = if changes { to } else { from.clone() };
            (layer, Side::Ball(from), Side::Ball(to))
        } else {
            let (from, to) = (Lorentz::new(4, a).unwrap(), Lorentz::new(3, b).unwrap());
            let (layer, changes) = layer(name, &path, &from, &to);
            let to = if changes { to } else { from.clone() };
            (layer, Side::Lorentz(from), Side::Lorentz(to))
        };
        disturb(&store, |variable, leaf, more| match variable {
            "l.points" => from.at(&(super::numbers(&[8, 4], 5) * 0.3).to_kind(kind)),
            _ => leaf + more,
        });
        let case = Case {
            name,
            store,
            layer,
            from,
            to,
        };
        (case, grid)
    };
    let both = |place| [case(place, true), case(place, false)];
    NAMES.into_iter().flat_map(both).collect()
}

fn shape(batch: &[i64], grid: &[i64]) -> Vec<i64> {
    [batch, grid, &[4]].concat()
}

#[test]
fn results_lie_in_the_space_that_the_layer_names() {
    for kind in [Kind::Double, Kind::Float] {
        for (case, grid) in cases(kind, false) {
            let v = features(&shape(&[3], grid)).to_kind(kind);
            for scale in [0.0, 1e-9, 0.3, 2.0, 6.0, 20.0] {
                let y = case.layer.forward_t(&case.from.at(&(&v * scale)), true);
                case.to
                    .check(&y)
                    .unwrap_or_else(|e| panic!("{} at {scale}: {e}", case.name));
                assert_eq!(y.kind(), kind);
                assert_eq!(case.layer.gives().width(), y.size().last().copied());
            }
        }
    }
}

#[test]
fn gradients_are_those_of_differences() {
    for (case, grid) in cases(Kind::Double, true) {
        has_gradients_of_differences(&case, &(features(&shape(&[2], grid)) * 0.4));
    }
}

#[test]
fn gradients_at_the_origin_are_finite() {
    for (case, grid) in cases(Kind::Double, true) {
        let v = features(&shape(&[2], grid))
            .zeros_like()
            .set_requires_grad(true);
        let y = case.layer.forward_t(&case.from.at(&v), true);
        let weights = features(&[y.numel() as i64]).view(y.size().as_slice());
        (y * weights).sum(Kind::Double).backward();
        let finite = |t: &Tensor| t.isfinite().all().int64_value(&[]) == 1;
        assert!(finite(&v.grad()), "{}", case.name);
        for name in case.store.names() {
            let gradient = case.store.get(&name).unwrap().grad();
            assert!(
                !gradient.defined() || finite(&gradient),
                "{} {name}",
                case.name
            );
        }
    }
}

#[test]
fn batches_have_any_shape() {
    for (case, grid) in cases(Kind::Double, false) {
        let x = case.from.at(&(features(&shape(&[2, 3], grid)) * 0.4));
        let y = case.layer.forward_t(&x, false);
        let one = case.layer.forward_t(&x.get(1).get(2), false);
        let error = (&one - y.get(1).get(2)).abs().max().double_value(&[]);
        assert!(error < 1e-14, "{} {error:e}", case.name);
        let none = case.layer.forward_t(&x.narrow(0, 0, 0), false);
        let mut size = y.size();
        size[0] = 0;
        assert_eq!(none.size(), size, "{}", case.name);
    }
}

/// Sets have no order.
#[test]
fn sets_are_taken_in_any_order() {
    let order = Tensor::from_slice(&[3_i64, 0, 4, 1, 2]);
    for (case, grid) in cases(Kind::Double, false) {
        if !(case.name.contains("attention")
            || case.name.contains("edge")
            || case.name.contains("norm"))
        {
            continue;
        }
        let x = case
            .from
            .at(&(features(&shape(&[2], grid)) * 0.6))
            .narrow(1, 0, 5);
        let after = case.layer.forward_t(&x, true).index_select(1, &order);
        let before = case.layer.forward_t(&x.index_select(1, &order), true);
        let error = (after - before).abs().max().double_value(&[]);
        assert!(error < 1e-12, "{} {error:e}", case.name);
    }
}
