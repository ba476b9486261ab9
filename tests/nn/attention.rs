//! Mirror of `src/nn/attention.rs`.

use holonomy::nn::{
    AttentionConfig, AttentionForm, HyperbolicModel, LinearModel, MultiHeadAttention,
    SpatialLinear, Store,
};
use holonomy::random::generator;
use holonomy::{Lorentz, PoincareBall};
use tch::nn::{Module, ModuleT};
use tch::{Device, Kind, Tensor};

use super::{DOUBLE, features, store};

const FORMS: [AttentionForm; 4] = [
    AttentionForm::Product,
    AttentionForm::Distance,
    AttentionForm::SquaredDistance,
    AttentionForm::LinearTime,
];

fn close(a: &Tensor, b: &Tensor, tolerance: f64) {
    assert_eq!(a.size(), b.size());
    let error = (a - b).abs().max().double_value(&[]);
    assert!(error <= tolerance, "{error:e}");
}

fn attention<M: LinearModel>(
    space: &M,
    heads: i64,
    form: AttentionForm,
) -> (Store, MultiHeadAttention<M>) {
    let store = store(Kind::Double);
    let config = AttentionConfig { heads, form };
    let layer = MultiHeadAttention::new(store.root(), space, config, &mut generator(3)).unwrap();
    (store, layer)
}

fn set(store: &Store, name: &str, value: &Tensor) {
    tch::no_grad(|| store.get(name).unwrap().copy_(value));
}

/// Query by query and head by head, from points, with the formulas of the papers.
fn one_by_one<M: LinearModel>(
    space: &M,
    form: AttentionForm,
    x: &Tensor,
    betas: [f64; 2],
) -> Tensor {
    let other = store(Kind::Double);
    let p = other.root();
    let rng = &mut generator(3);
    let mut linear = |name: &str| M::linear(&p.sub(name), space, space, rng).unwrap();
    let (queries, keys, values, out) = (linear("q"), linear("k"), linear("v"), linear("o"));
    let head = space.with_dim(2);
    let c = -space.kappa().value();
    let count = x.size()[0];
    let cut = |layer: &M::Linear, i: i64| layer.forward_spatial(x).narrow(-1, 2 * i, 2);
    let rows: Vec<Tensor> = (0..count)
        .map(|row| {
            let heads: Vec<Tensor> = (0..2_i64)
                .map(|i| {
                    let (q, k) = (cut(&queries, i).get(row), cut(&keys, i));
                    let beta = betas[i as usize];
                    let weights: Vec<f64> = (0..count)
                        .map(|j| {
                            let k = k.get(j);
                            let d = head
                                .dist(&head.with_spatial(&q), &head.with_spatial(&k))
                                .double_value(&[]);
                            let feature = |s: &Tensor| {
                                let r = (s * beta).relu() + 1e-6;
                                let cube = &r * &r * &r;
                                &cube * (r.norm() / cube.norm())
                            };
                            match form {
                                AttentionForm::Product => {
                                    (-beta * 2.0 / c * ((c.sqrt() * d).cosh() - 1.0)).exp()
                                }
                                AttentionForm::Distance => (-beta * d).exp(),
                                AttentionForm::SquaredDistance => (-beta * d * d).exp(),
                                AttentionForm::LinearTime => {
                                    feature(&q).dot(&feature(&k)).double_value(&[])
                                }
                            }
                        })
                        .collect();
                    let points = head.with_spatial(&cut(&values, i));
                    head.spatial(&head.centroid(&points, &Tensor::from_slice(&weights)))
                })
                .collect();
            space.with_spatial(&Tensor::cat(&heads, -1))
        })
        .collect();
    out.forward_t(&Tensor::stack(&rows, 0), false)
}

#[test]
fn attention_is_the_centroid_of_values_by_the_nearness_of_keys() {
    fn check<M: LinearModel>(space: &M) {
        let x = space.exp_at_origin(&(features(&[5, 4]) * 0.7));
        for form in FORMS {
            let (store, layer) = attention(space, 2, form);
            let betas = [0.8_f64, 1.7];
            let u: Vec<f64> = betas.iter().map(|beta| beta.exp_m1().ln()).collect();
            set(&store, "u", &Tensor::from_slice(&u));
            close(
                &layer.forward(&x),
                &one_by_one(space, form, &x, betas),
                1e-12,
            );
        }
    }
    check(&PoincareBall::new(4, -0.7).unwrap());
    check(&Lorentz::new(4, -1.6).unwrap());
}

#[test]
fn masks_shut_keys_out() {
    let space = Lorentz::new(4, -0.7).unwrap();
    let x = space.exp_at_origin(&(features(&[2, 5, 4]) * 0.7));
    let first = x.narrow(1, 0, 3);
    for form in FORMS {
        let (store, layer) = attention(&space, 2, form);
        // Of one row of keys for all queries.
        let keys = Tensor::from_slice(&[true, true, true, false, false]).view([1, 5]);
        let masked = layer.attend(&x, &x, Some(&keys));
        close(&masked, &layer.attend(&x, &first, None), 1e-13);
        // What is shut out has no effect, and no gradient.
        let v = (features(&[5, 4]) * 0.7).set_requires_grad(true);
        let y = layer.attend(&x.get(0), &space.exp_at_origin(&v), Some(&keys));
        y.sum(Kind::Double).backward();
        let gradient = v.grad();
        assert_eq!(gradient.narrow(0, 3, 2).abs().max().double_value(&[]), 0.0);
        assert!(gradient.narrow(0, 0, 3).abs().min().double_value(&[]) > 0.0);
        // Nobody left: as if the origin was heard.
        let v = (features(&[2, 5, 4]) * 0.7).set_requires_grad(true);
        let moved = space.exp_at_origin(&v);
        let nobody = layer.attend(&moved, &moved, Some(&keys.zeros_like()));
        nobody.sum(Kind::Double).backward();
        for gradient in [v.grad(), store.get("u").unwrap().grad()] {
            assert!(!gradient.defined() || gradient.isfinite().all().int64_value(&[]) == 1);
        }
        let none = layer.attend(&x, &x.narrow(1, 0, 0), None);
        close(&nobody, &none, 0.0);
        assert_eq!(nobody.isfinite().all().int64_value(&[]), 1);
    }
}

#[test]
fn causal_masks_hide_what_comes() {
    let ball = PoincareBall::new(4, -0.7).unwrap();
    let x = ball.exp_at_origin(&(features(&[6, 4]) * 0.5));
    let causal = Tensor::ones([6, 6], (Kind::Bool, Device::Cpu)).tril(0);
    for form in &FORMS[..3] {
        let (_store, layer) = attention(&ball, 1, *form);
        let y = layer.attend(&x, &x, Some(&causal));
        let start = x.narrow(0, 0, 3);
        let part = layer.attend(
            &start,
            &start,
            Some(&causal.narrow(0, 0, 3).narrow(1, 0, 3)),
        );
        close(&y.narrow(0, 0, 3), &part, 1e-14);
    }
}

#[test]
#[should_panic(expected = "expected a mask [.., 1, K] in linear time")]
fn linear_time_has_one_mask_for_all_queries() {
    let space = Lorentz::new(4, -0.7).unwrap();
    let (_store, layer) = attention(&space, 1, AttentionForm::LinearTime);
    let x = space.exp_at_origin(&features(&[3, 4]));
    let _ = layer.attend(
        &x,
        &x,
        Some(&Tensor::ones([3, 3], (Kind::Bool, Device::Cpu))),
    );
}

/// Far values in nearly one direction: the centroid keeps the digits that a difference of squares loses.
#[test]
fn centroids_of_far_values_keep_their_digits() {
    let space = Lorentz::new(2, -1.0).unwrap();
    for form in &FORMS[..3] {
        let (store, layer) = attention(&space, 1, *form);
        // Values and results as the points are; all keys alike.
        let identity = Tensor::from_slice2(&[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]);
        set(&store, "values.weight", &identity);
        set(&store, "out.weight", &identity);
        set(&store, "keys.weight", &identity.zeros_like());
        for radius in [1.0, 12.0, 25.0, 30.0] {
            let (angle, spread) = (0.3_f64, f64::exp(-radius));
            let v: Vec<f64> = [-1.0, 0.5, 2.0, 0.0]
                .iter()
                .flat_map(|t| {
                    let (angle, radius) = (angle + t * spread, radius + 0.2 * t);
                    [radius * angle.cos(), radius * angle.sin()]
                })
                .collect();
            let x = space.exp_at_origin(&Tensor::from_slice(&v).view([4, 2]));
            let expected = space.centroid(&x, &Tensor::ones([4], DOUBLE));
            // A rounding of the direction counts e^radius across, and nothing along.
            let from_origin = |p: &Tensor| space.log_at_origin(p).norm();
            let y = layer.forward(&x).get(0);
            let error = (from_origin(&y) - from_origin(&expected))
                .abs()
                .double_value(&[]);
            // What a rounding of the directions is worth, where a difference of squares has lost all digits
            // at 18.
            assert!(
                error < 4.0 * f64::EPSILON * f64::exp(radius),
                "{form:?} at {radius}: {error:e}"
            );
        }
    }
}

#[test]
fn masks_fit_the_pairs() {
    let space = Lorentz::new(4, -0.7).unwrap();
    let (_store, layer) = attention(&space, 1, AttentionForm::Product);
    let x = space.exp_at_origin(&features(&[5, 4]));
    for (rows, size) in [(5, vec![7, 5, 5]), (1, vec![4, 5]), (5, vec![5, 3])] {
        let mask = Tensor::ones(&size, (Kind::Bool, Device::Cpu));
        let attend = || layer.attend(&x.narrow(0, 0, rows), &x, Some(&mask));
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(attend));
        let message = panic.unwrap_err();
        assert!(
            message
                .downcast_ref::<String>()
                .unwrap()
                .contains("a mask that broadcasts")
        );
    }
}

/// Weights that throw queries and keys far out, in different directions.
#[test]
fn far_queries_and_keys_have_numbers() {
    let space = Lorentz::new(2, -1.0).unwrap();
    for form in FORMS {
        for size in [1e60, 1e110, 1e160] {
            let (store, layer) = attention(&space, 1, form);
            for name in ["queries.weight", "keys.weight"] {
                let weight = store.get(name).unwrap().detach() * size;
                set(&store, name, &weight);
            }
            let far = |what: &str| {
                let v = features(&[4, 2]).set_requires_grad(true);
                let y = layer.forward(&space.exp_at_origin(&v));
                y.sum(Kind::Double).backward();
                for t in [y, v.grad()] {
                    let finite = t.isfinite().all().int64_value(&[]);
                    assert_eq!(finite, 1, "{form:?} at {size:e}, {what}");
                }
            };
            far("in several directions");
            // Queries along one axis, keys along the other.
            let one = Tensor::from_slice2(&[[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]) * size;
            set(&store, "queries.weight", &one);
            set(&store, "keys.weight", &one.flip([0]));
            far("at right angles");
        }
    }
}

#[test]
fn weights_start_as_the_papers_have_them() {
    let space = Lorentz::new(4, -0.7).unwrap();
    for (form, expected) in FORMS
        .into_iter()
        .zip([0.5_f64.sqrt(), 1.0, 0.5_f64.sqrt(), 1.0])
    {
        let (store, _layer) = attention(&space, 2, form);
        let beta = store.get("u").unwrap().exp().log1p();
        assert!(
            (beta - expected).abs().max().double_value(&[]) < 1e-15,
            "{form:?}"
        );
    }
}

#[test]
fn heads_divide_the_dimension() {
    let space = Lorentz::new(4, -0.7).unwrap();
    for heads in [0, 3, 5, -1] {
        let store = store(Kind::Double);
        let config = AttentionConfig {
            heads,
            ..Default::default()
        };
        let layer = MultiHeadAttention::new(store.root(), &space, config, &mut generator(1));
        assert!(
            layer
                .unwrap_err()
                .to_string()
                .contains("heads that divide the dimension 4")
        );
    }
}
