//! Mirror of `src/nn/knowledge`.

use holonomy::checkpoint::Checkpoint;
use holonomy::graph::{KnowledgeGraph, Split};
use holonomy::nn::{
    KnowledgeConfig, KnowledgeMethod, KnowledgeModel, KnowledgeObjective, KnowledgeTrainer,
    KnowledgeTraining, Store, rank, rank_by,
};
use holonomy::optim::{AdagradConfig, AdamConfig, RiemannianAdagrad, RiemannianAdam};
use holonomy::random::{generator, random_normal};
use holonomy::{Curvature, Error};
use tch::{Device, Kind, Tensor};

fn names(letter: char, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{letter}{i}")).collect()
}

/// A graph of these sizes with one fact.
fn bare(entities: usize, relations: usize) -> KnowledgeGraph {
    let facts = [vec![[0, 0, 1]], vec![], vec![]];
    KnowledgeGraph::new(names('e', entities), names('r', relations), facts).unwrap()
}

/// A binary tree of 31 nodes: parents, grandparents, and siblings in both directions. Every seventh fact is
/// kept for the test.
fn tree() -> KnowledgeGraph {
    let mut facts = Vec::new();
    for node in 1..31_u32 {
        let parent = (node - 1) / 2;
        facts.push([node, 0, parent]);
        if parent > 0 {
            facts.push([node, 1, (parent - 1) / 2]);
        }
        facts.push([node, 2, if node % 2 == 1 { node + 1 } else { node - 1 }]);
    }
    let (test, train): (Vec<_>, Vec<_>) = facts.iter().enumerate().partition(|(i, _)| i % 7 == 3);
    let facts = |part: Vec<(usize, &[u32; 3])>| part.into_iter().map(|(_, fact)| *fact).collect();
    let parts = [facts(train), vec![], facts(test)];
    KnowledgeGraph::new(names('n', 31), names('r', 3), parts).unwrap()
}

fn config(method: KnowledgeMethod, dim: usize) -> KnowledgeConfig {
    KnowledgeConfig {
        method,
        dim,
        ..KnowledgeConfig::default()
    }
}

fn model(graph: &KnowledgeGraph, config: &KnowledgeConfig, seed: u64) -> (Store, KnowledgeModel) {
    let store = Store::new(Device::Cpu, Kind::Double).unwrap();
    let model = KnowledgeModel::new(store.root(), graph, config, &mut generator(seed)).unwrap();
    (store, model)
}

fn set(store: &Store, name: &str, value: &Tensor) {
    let mut variable = store.get(name).unwrap();
    tch::no_grad(|| variable.copy_(&value.to_kind(variable.kind())));
}

fn numbers(values: &[i64]) -> Tensor {
    Tensor::from_slice(values)
}

fn normal(size: &[i64], scale: f64, seed: u64) -> Tensor {
    random_normal(&mut generator(seed), size, Kind::Double, Device::Cpu) * scale
}

/// Compares the gradient of all variables with differences.
fn check_gradients(method: KnowledgeMethod, store: &Store, scores: &dyn Fn() -> Tensor) {
    const STEP: f64 = 1e-5;
    let weights = normal(&scores().size(), 1.0, 9);
    let value = || (scores() * &weights).sum(Kind::Double);
    for name in store.names() {
        store.get(&name).unwrap().zero_grad();
    }
    value().backward();
    for name in store.names() {
        let variable = store.get(&name).unwrap();
        let gradient = variable.grad();
        let (flat, found) = (variable.detach().view(-1), gradient.reshape(-1));
        for entry in 0..flat.size()[0] {
            let start = flat.double_value(&[entry]);
            let at = |value_at: f64| {
                let _ = tch::no_grad(|| flat.get(entry).fill_(value_at));
                value().double_value(&[])
            };
            let slope = (at(start + STEP) - at(start - STEP)) / (2.0 * STEP);
            at(start);
            let got = if gradient.defined() {
                found.double_value(&[entry])
            } else {
                0.0
            };
            assert!(
                (got - slope).abs() < 2e-8 * (1.0 + slope.abs()),
                "{method}, {name}[{entry}]: {got} and {slope}"
            );
        }
    }
}

#[test]
fn gradients_agree_with_differences() {
    let graph = bare(5, 2);
    for method in KnowledgeMethod::ALL {
        let (store, model) = model(&graph, &config(method, 4), 3);
        for (seed, name) in store.names().iter().enumerate() {
            let size = store.get(name).unwrap().size();
            set(&store, name, &normal(&size, 0.2, 20 + seed as u64));
        }
        let heads = numbers(&[0, 1, 2, 4, 2]);
        let relations = numbers(&[3, 1, 3, 0, 2]);
        check_gradients(method, &store, &|| model.scores_of_all(&heads, &relations));
        let tails = Tensor::from_slice2(&[[1_i64, 0], [1, 2], [0, 0], [3, 4], [2, 1]]);
        check_gradients(method, &store, &|| {
            model.scores_of(&heads, &relations, &tails)
        });
    }
}

/// All translations are 0, and so is entity 0, whose queries are at the origin; entity 1 stands twice; relations leave
/// vectors as they are, so that queries coincide with tails.
#[test]
fn gradients_are_right_where_points_coincide_and_at_the_origin() {
    let graph = bare(4, 1);
    for method in KnowledgeMethod::ALL {
        let (store, model) = model(&graph, &config(method, 4), 3);
        for name in store.names() {
            let size = store.get(&name).unwrap().size();
            let value = match name.as_str() {
                "entities" => {
                    let one = normal(&[1, 4], 0.2, 1);
                    let zero = one.zeros_like();
                    Tensor::cat(&[&zero, &one, &one, &normal(&[1, 4], 0.2, 2)], 0)
                }
                "scales" => Tensor::ones(size, (Kind::Double, Device::Cpu)),
                "curvatures.of_relations" => normal(&size, 1.0, 3),
                "attention" => normal(&size, 1.0, 4),
                _ => Tensor::zeros(size, (Kind::Double, Device::Cpu)),
            };
            set(&store, &name, &value);
        }
        let (heads, relations) = (numbers(&[0, 1, 3]), numbers(&[0, 1, 0]));
        check_gradients(method, &store, &|| model.scores_of_all(&heads, &relations));
        let tails = Tensor::arange(4, (Kind::Int64, Device::Cpu)).expand([3, 4], false);
        check_gradients(method, &store, &|| {
            model.scores_of(&heads, &relations, &tails)
        });
    }
}

/// Distances of the hyperbolic methods become twice the Euclidean ones, squared four times.
#[test]
fn without_curvature_a_hyperbolic_method_is_its_euclidean_twin() {
    let graph = bare(6, 2);
    let (heads, relations) = (numbers(&[0, 1, 2, 3]), numbers(&[0, 1, 2, 3]));
    for method in KnowledgeMethod::ALL
        .into_iter()
        .filter(|method| method.is_hyperbolic())
    {
        let kappa = -1e-9;
        let curved = KnowledgeConfig {
            curvature: kappa,
            init_scale: 0.5,
            ..config(method, 6)
        };
        let (store, curved) = model(&graph, &curved, 1);
        let (flat_store, flat) = model(&graph, &config(method.flat(), 6), 2);
        for name in flat_store.names() {
            set(&flat_store, &name, &store.get(&name).unwrap());
        }
        if method == KnowledgeMethod::RotH {
            let [before, after, angles] = ["translations_before", "translations", "rotations"]
                .map(|name| store.get(name).unwrap().detach());
            let pairs = before.view([-1, 3, 2]);
            let (x, y) = (pairs.select(2, 0), pairs.select(2, 1));
            let turned = [
                &x * angles.cos() - &y * angles.sin(),
                x * angles.sin() + y * angles.cos(),
            ];
            let turned = Tensor::stack(&turned, -1).flatten(1, 2);
            set(&flat_store, "translations", &(turned + after));
        }
        let biases = normal(&[6], 1.0, 5);
        for (store, factor) in [(&store, 4.0), (&flat_store, 1.0)] {
            set(store, "head_biases", &(&biases * factor));
        }
        let (curved, flat) = (
            curved.scores_of_all(&heads, &relations),
            flat.scores_of_all(&heads, &relations) * 4.0,
        );
        let error = (curved - &flat).abs().max().double_value(&[]);
        assert!(error < 1e-6, "{method}: {error:e}");
        assert!(flat.abs().max().double_value(&[]) > 1.0);
    }
}

#[test]
fn each_relation_has_the_curvature_of_a_space_of_its_own() {
    let graph = bare(5, 2);
    let (store, both) = model(&graph, &config(KnowledgeMethod::RefH, 4), 1);
    set(&store, "entities", &normal(&[5, 4], 0.4, 2));
    set(&store, "translations", &normal(&[4, 4], 0.4, 3));
    let kappas = [-0.3, -1.0, -2.0, -5.0];
    let u = kappas.map(Curvature::softplus_start);
    set(&store, "curvatures.of_relations", &Tensor::from_slice(&u));
    let found = both.curvatures().unwrap();
    assert!(
        (found - Tensor::from_slice(&kappas))
            .abs()
            .max()
            .double_value(&[])
            < 1e-12
    );
    for (relation, kappa) in kappas.into_iter().enumerate() {
        let same = KnowledgeConfig {
            curvature: kappa,
            ..config(KnowledgeMethod::RefH, 4)
        };
        let (other, one) = model(&graph, &same, 4);
        for name in ["entities", "translations", "reflections"] {
            set(&other, name, &store.get(name).unwrap());
        }
        let heads = numbers(&[0, 1, 2, 3, 4]);
        let relations = numbers(&[relation as i64; 5]);
        let [a, b] = [&both, &one].map(|model| model.scores_of_all(&heads, &relations));
        assert!((a - b).abs().max().double_value(&[]) < 1e-12);
    }
}

/// More relations than are translated at a time.
#[test]
fn tails_of_many_relations_agree_with_tails_one_by_one() {
    let graph = bare(700, 40);
    let (store, model) = model(&graph, &config(KnowledgeMethod::MuRP, 100), 1);
    for name in ["entities", "translations"] {
        let size = store.get(name).unwrap().size();
        set(&store, name, &normal(&size, 0.05, 2));
    }
    let relations = (Tensor::arange(160, (Kind::Int64, Device::Cpu)) * 37).remainder(80);
    let heads = Tensor::arange(160, (Kind::Int64, Device::Cpu));
    let tails = Tensor::arange(5, (Kind::Int64, Device::Cpu)) * 139;
    tch::no_grad(|| {
        let all = model
            .scores_of_all(&heads, &relations)
            .index_select(1, &tails);
        let own = model.scores_of(&heads, &relations, &tails.expand([160, 5], false));
        assert!((all - own).abs().max().double_value(&[]) < 1e-11);
    });
}

#[test]
fn far_entities_keep_finite_scores_and_gradients() {
    let graph = bare(4, 1);
    for method in [
        KnowledgeMethod::RotH,
        KnowledgeMethod::RefH,
        KnowledgeMethod::AttH,
    ] {
        let (store, model) = model(&graph, &config(method, 4), 1);
        let u = Tensor::full(
            [2],
            Curvature::softplus_start(-1.0),
            (Kind::Double, Device::Cpu),
        );
        set(&store, "curvatures.of_relations", &u);
        let unit = normal(&[4, 4], 1.0, 2);
        let unit = &unit / unit.norm_scalaropt_dim(2.0, [-1], true);
        let radii = Tensor::from_slice(&[1.0, 17.0, 60.0, 300.0]).unsqueeze(1);
        set(&store, "entities", &(unit * radii));
        let (heads, relations) = (numbers(&[0, 1, 2, 3]), numbers(&[0, 1, 0, 1]));
        let scores = model.scores_of_all(&heads, &relations);
        assert_eq!(
            scores.isfinite().all().int64_value(&[]),
            1,
            "{method}: {scores:?}"
        );
        // Entities at 2 and at 600 from the origin are between 598 and 602 apart, up to the translation.
        let root = scores.double_value(&[0, 3]).abs().sqrt();
        assert!((597.0..603.0).contains(&root), "{method}: {root}");
        scores.sum(Kind::Double).backward();
        let gradient = store.get("entities").unwrap().grad();
        assert_eq!(gradient.isfinite().all().int64_value(&[]), 1, "{method}");
    }
}

#[test]
fn training_on_a_tree_ranks_far_above_chance() {
    let graph = tree();
    for method in KnowledgeMethod::ALL {
        let mut objectives = vec![KnowledgeObjective::AllTails];
        if matches!(method.flat(), KnowledgeMethod::MuRE | KnowledgeMethod::AttE) {
            objectives.push(KnowledgeObjective::Negatives(10));
        }
        for objective in objectives {
            let (store, model) = model(&graph, &config(method, 8), 1);
            let optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.03)).unwrap();
            let settings = KnowledgeTraining {
                objective,
                batch: 32,
                seed: 1,
            };
            let mut trainer = KnowledgeTrainer::new(&model, optimizer, &graph, settings).unwrap();
            let first = trainer.epoch().unwrap();
            for _ in 0..60 {
                trainer.epoch().unwrap();
            }
            let last = trainer.epoch().unwrap();
            assert_eq!(trainer.epochs_done(), 62);
            let train = rank(&model, &graph, Split::Train).unwrap().both;
            let what = format!("{method}, {objective:?}: loss {first} to {last}, {train:?}");
            assert!(last < 0.6 * first, "{what}");
            // Chance is about 0.13.
            assert!(train.mean_reciprocal_rank > 0.6, "{what}");
            let test = rank(&model, &graph, Split::Test).unwrap().both;
            assert!(test.mean_reciprocal_rank > 0.25, "{what}, test {test:?}");
        }
    }
}

/// With two entities the only other one is the wrong one.
#[test]
fn negatives_are_not_the_right_tail() {
    for [head, tail] in [[1, 0], [0, 1]] {
        let facts = [vec![[head, 0, tail]], vec![], vec![]];
        let graph = KnowledgeGraph::new(names('e', 2), names('r', 1), facts).unwrap();
        let (store, model) = model(&graph, &config(KnowledgeMethod::RotE, 2), 3);
        for name in ["entities", "tail_biases"] {
            let size = store.get(name).unwrap().size();
            set(&store, name, &normal(&size, 1.0, 4));
        }
        let [head, tail] = [head, tail].map(i64::from);
        let scores = model.scores_of_all(&numbers(&[head, tail]), &numbers(&[0, 1]));
        let right = numbers(&[tail, head]).unsqueeze(1);
        let softplus = |x: Tensor| x.exp().log1p();
        let loss = softplus(-scores.gather(1, &right, false))
            + softplus(scores.gather(1, &(1 - right), false));
        let expected = (loss.mean(Kind::Double) / 2.0).double_value(&[]);
        let optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.03)).unwrap();
        let settings = KnowledgeTraining {
            objective: KnowledgeObjective::Negatives(1),
            ..KnowledgeTraining::default()
        };
        let mut trainer = KnowledgeTrainer::new(&model, optimizer, &graph, settings).unwrap();
        let found = trainer.epoch().unwrap();
        assert!((found - expected).abs() < 1e-13, "{found} {expected}");
    }
}

#[test]
fn adagrad_trains_too_and_fixed_curvatures_stay() {
    let graph = tree();
    let fixed = KnowledgeConfig {
        learn_curvature: false,
        curvature: -0.5,
        ..config(KnowledgeMethod::AttH, 8)
    };
    let (store, model) = model(&graph, &fixed, 1);
    let before = model.curvatures().unwrap();
    let optimizer = RiemannianAdagrad::over(&store, AdagradConfig::new(0.1)).unwrap();
    let mut trainer =
        KnowledgeTrainer::new(&model, optimizer, &graph, KnowledgeTraining::default()).unwrap();
    let first = trainer.epoch().unwrap();
    for _ in 0..50 {
        trainer.epoch().unwrap();
    }
    assert!(trainer.epoch().unwrap() < 0.8 * first);
    assert_eq!(model.curvatures().unwrap(), before);
}

#[test]
fn a_training_repeats_and_goes_on_from_a_file_bit_for_bit() {
    let graph = tree();
    let folder = tempfile::tempdir().unwrap();
    for (method, objective) in [
        (KnowledgeMethod::RotH, KnowledgeObjective::AllTails),
        (KnowledgeMethod::MuRP, KnowledgeObjective::Negatives(5)),
    ] {
        let settings = KnowledgeTraining {
            objective,
            batch: 40,
            seed: 3,
        };
        let path = folder.path().join(format!("{method}.safetensors"));
        let train = |seed: u64, from: Option<&Checkpoint>, epochs: u64, save: Option<u64>| {
            let (store, model) = model(&graph, &config(method, 4), seed);
            let optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.05)).unwrap();
            let mut trainer =
                KnowledgeTrainer::new(&model, optimizer, &graph, settings.clone()).unwrap();
            if let Some(state) = from {
                trainer.load_state(state).unwrap();
            }
            let mut losses = Vec::new();
            while trainer.epochs_done() < epochs {
                losses.push(trainer.epoch().unwrap());
                if save == Some(trainer.epochs_done()) {
                    trainer.state().unwrap().save(&path).unwrap();
                }
            }
            let values: Vec<Tensor> = store
                .names()
                .iter()
                .map(|name| store.get(name).unwrap())
                .collect();
            (losses, values)
        };
        let whole = train(1, None, 6, Some(3));
        assert_eq!(whole, train(1, None, 6, None));
        let state = Checkpoint::load(&path).unwrap();
        let rest = train(2, Some(&state), 6, None);
        assert_eq!((&whole.0[3..], &whole.1), (rest.0.as_slice(), &rest.1));
    }
}

#[test]
fn a_state_of_another_training_is_refused() {
    let graph = tree();
    let (store, model) = model(&graph, &config(KnowledgeMethod::RefE, 4), 1);
    let trainer = |settings: KnowledgeTraining| {
        let optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.05)).unwrap();
        KnowledgeTrainer::new(&model, optimizer, &graph, settings).unwrap()
    };
    let state = trainer(KnowledgeTraining::default()).state().unwrap();
    let settings = KnowledgeTraining {
        batch: 7,
        ..KnowledgeTraining::default()
    };
    let error = trainer(settings)
        .load_state(&state)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "KnowledgeTrainer::load_state: expected settings.batch = 256, as in the state, got 7"
    );
}

/// Tails of (a, r, ?): c is known to be right, d is better than b, a and e are equal to b. Heads of (?, r, b): the
/// scores of the inverse are all different.
#[test]
fn ranks_leave_out_known_facts_and_share_ties() {
    let (graph, _) =
        KnowledgeGraph::parse(["a\tr\tc\nd\tr\te\n", "c\tr\tb\n", "a\tr\tb\n"]).unwrap();
    let order = graph.entities().to_vec();
    assert_eq!(order, ["a", "c", "d", "e", "b"]);
    let report = rank_by(&graph, Split::Test, |heads, relations| {
        assert_eq!(heads.size(), [1]);
        match (heads.int64_value(&[0]), relations.int64_value(&[0])) {
            // a, c, d, e, b
            (0, 0) => Tensor::from_slice2(&[[0.5, 0.9, 0.7, 0.5, 0.5]]),
            // Of c, known from the validation part, no rank is lost; of d and e, one each.
            (4, 1) => Tensor::from_slice2(&[[0.1, 0.9, 0.3, 0.2, 0.0]]),
            other => panic!("{other:?}"),
        }
    })
    .unwrap();
    // 1 + one above + half of two equal ones.
    assert_eq!(report.tails.mean_rank, 3.0);
    assert_eq!(report.tails.mean_reciprocal_rank, 1.0 / 3.0);
    assert_eq!(report.heads.mean_rank, 3.0);
    assert_eq!(report.both.count, 2);
    let hits =
        |score: holonomy::nn::RankingScore| (score.hits_at_1, score.hits_at_3, score.hits_at_10);
    assert_eq!(hits(report.both), (0.0, 1.0, 1.0));
}

#[test]
fn ranks_of_both_sides_are_averaged_over_all_questions() {
    let (graph, _) =
        KnowledgeGraph::parse(["a\tr\tb\nc\tr\td\n", "", "a\tr\td\nc\tr\tb\n"]).unwrap();
    // a, b, c, d: each head wants the tail with the largest number, each tail the head with the least.
    let report = rank_by(&graph, Split::Test, |heads, relations| {
        let base = Tensor::from_slice(&[0.0, 1.0, 2.0, 3.0]).expand([heads.size()[0], 4], false);
        let sign: Tensor = 1.0 - relations.to_kind(Kind::Double) * 2.0;
        base * sign.unsqueeze(1)
    })
    .unwrap();
    // (a, r, d): d is first. (c, r, b): d is known to be right, c is above, a below.
    assert_eq!(report.tails.mean_rank, 1.5);
    // (?, r, d): a is first. (?, r, b): a is known to be right, b itself is above c, d below.
    assert_eq!(report.heads.mean_rank, 1.5);
    assert_eq!(report.both.mean_reciprocal_rank, 0.75);
    assert_eq!(report.both.hits_at_1, 0.5);
}

#[test]
fn what_cannot_be_ranked_is_refused() {
    let (graph, _) = KnowledgeGraph::parse(["a\tr\tb\n", "", "b\tr\ta\n"]).unwrap();
    let constant = |value: f64, width: i64| {
        move |heads: &Tensor, _: &Tensor| {
            Tensor::full([heads.size()[0], width], value, (Kind::Double, Device::Cpu))
        }
    };
    let result = rank_by(&graph, Split::Test, constant(f64::NAN, 2));
    assert!(matches!(result, Err(Error::NotFinite { .. })));
    let result = rank_by(&graph, Split::Test, constant(1.0, 3));
    assert!(matches!(result, Err(Error::InvalidArgument { .. })));
    let result = rank_by(&graph, Split::Valid, constant(1.0, 2));
    assert!(matches!(result, Err(Error::InvalidArgument { .. })));
    // All scores are −∞: a tie of what is left.
    let report = rank_by(&graph, Split::Test, constant(f64::NEG_INFINITY, 2)).unwrap();
    assert_eq!(report.both.mean_rank, 1.5);
    let other = bare(3, 1);
    let (_store, model) = model(&other, &config(KnowledgeMethod::RotE, 4), 1);
    assert!(matches!(
        rank(&model, &graph, Split::Test),
        Err(Error::InvalidArgument { .. })
    ));
}

#[test]
fn no_questions_have_no_scores_and_numbers_out_of_range_panic() {
    let graph = bare(3, 2);
    for method in KnowledgeMethod::ALL {
        let (_store, model) = model(&graph, &config(method, 4), 1);
        let none = numbers(&[]);
        assert_eq!(model.scores_of_all(&none, &none).size(), [0, 3], "{method}");
        assert_eq!(model.scores(&none, &none, &none).size(), [0], "{method}");
        for (head, relation, tail) in [(3, 0, 0), (0, 4, 0), (0, 0, 3), (-1, 0, 0)] {
            let [head, relation, tail] = [head, relation, tail].map(|n: i64| numbers(&[n]));
            let scores = || model.scores(&head, &relation, &tail);
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(scores));
            let message = caught.unwrap_err().downcast::<String>().unwrap();
            assert!(message.starts_with("scores: expected "), "{message}");
        }
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let graph = bare(3, 1);
    let store = Store::new(Device::Cpu, Kind::Double).unwrap();
    let good = config(KnowledgeMethod::RotH, 4);
    for wrong in [
        KnowledgeConfig {
            dim: 5,
            ..good.clone()
        },
        KnowledgeConfig {
            dim: 0,
            ..good.clone()
        },
        KnowledgeConfig {
            curvature: 0.5,
            ..good.clone()
        },
        KnowledgeConfig {
            curvature: f64::NAN,
            ..good.clone()
        },
        KnowledgeConfig {
            init_scale: 0.0,
            ..good.clone()
        },
    ] {
        let made = KnowledgeModel::new(store.root(), &graph, &wrong, &mut generator(1));
        assert!(
            matches!(made, Err(Error::InvalidArgument { .. })),
            "{wrong:?}"
        );
    }
    let (store, model) = model(&graph, &config(KnowledgeMethod::MuRE, 5), 1);
    for settings in [
        KnowledgeTraining {
            batch: 0,
            ..KnowledgeTraining::default()
        },
        KnowledgeTraining {
            objective: KnowledgeObjective::Negatives(0),
            ..KnowledgeTraining::default()
        },
    ] {
        let optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.05)).unwrap();
        let made = KnowledgeTrainer::new(&model, optimizer, &graph, settings);
        assert!(matches!(made, Err(Error::InvalidArgument { .. })));
    }
    assert_eq!(
        "roth".parse::<KnowledgeMethod>().unwrap(),
        KnowledgeMethod::RotH
    );
    let error = "RotX".parse::<KnowledgeMethod>().unwrap_err().to_string();
    assert!(
        error.contains("MuRP, MuRE, RotH, RotE, RefH, RefE, AttH, AttE"),
        "{error}"
    );
}

#[test]
fn parameters_are_named_by_what_they_are() {
    let graph = bare(3, 1);
    let (store, model) = model(&graph, &config(KnowledgeMethod::RotH, 4), 1);
    assert_eq!(
        store.names(),
        [
            "curvatures.of_relations",
            "entities",
            "head_biases",
            "rotations",
            "tail_biases",
            "translations",
            "translations_before"
        ]
    );
    assert_eq!((model.entity_count(), model.relation_count()), (3, 1));
    assert_eq!(model.entities().size(), [3, 4]);
    assert!(format!("{model:?}").contains("RotH"));
}
