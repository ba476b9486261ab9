//! Scores of knowledge graphs against 120-digit textbook formulas.

use holonomy::nn::{KnowledgeConfig, KnowledgeMethod, KnowledgeModel, Store};
use holonomy::random::generator;
use serde::Deserialize;
use serde_json::{Map, Value};
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Case {
    method: KnowledgeMethod,
    size: f64,
    kappa: f64,
    questions: Vec<[i64; 2]>,
    scores: Vec<Vec<f64>>,
    #[serde(flatten)]
    values: Map<String, Value>,
}

fn model(case: &Case, kind: Kind) -> (Store, KnowledgeModel) {
    let names = |count: usize| (0..count).map(|i| i.to_string()).collect();
    let graph =
        holonomy::graph::KnowledgeGraph::new(names(5), names(2), [vec![[0, 0, 1]], vec![], vec![]]);
    let store = Store::new(Device::Cpu, kind).unwrap();
    let config = KnowledgeConfig {
        method: case.method,
        dim: 4,
        curvature: case.kappa,
        ..KnowledgeConfig::default()
    };
    let root = store.root();
    let model = KnowledgeModel::new(root, &graph.unwrap(), &config, &mut generator(1)).unwrap();
    for name in store.names() {
        let key = if name == "curvatures.of_relations" {
            "u"
        } else {
            &name
        };
        let mut variable = store.get(&name).unwrap();
        let numbers = flattened(&case.values[key]);
        let value = Tensor::from_slice(&numbers).view(variable.size().as_slice());
        tch::no_grad(|| variable.copy_(&value));
    }
    (store, model)
}

fn flattened(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(entries) => entries.iter().flat_map(flattened).collect(),
        number => vec![number.as_f64().unwrap()],
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("knowledge.json")).unwrap()
}

/// The worst error of the scores, relative to 1 + |score|.
fn error(case: &Case, kind: Kind) -> f64 {
    let (_store, model) = model(case, kind);
    let column = |place: usize| {
        let numbers: Vec<i64> = case
            .questions
            .iter()
            .map(|question| question[place])
            .collect();
        Tensor::from_slice(&numbers)
    };
    let (heads, relations) = (column(0), column(1));
    let expected = Tensor::from_slice2(&case.scores);
    let count = expected.size()[1];
    let all = model.scores_of_all(&heads, &relations);
    let tails =
        Tensor::arange(count, (Kind::Int64, Device::Cpu)).expand([heads.size()[0], -1], false);
    let own = model.scores_of(&heads, &relations, &tails);
    let one = model.scores(&heads, &relations, &heads);
    let diagonal = expected
        .gather(1, &heads.unsqueeze(1), false)
        .squeeze_dim(1);
    let worst = |got: &Tensor, expected: &Tensor| {
        assert_eq!(got.kind(), Kind::Double);
        let error = (got - expected).abs() / (expected.abs() + 1.0);
        error.max().double_value(&[])
    };
    worst(&all, &expected)
        .max(worst(&own, &expected))
        .max(worst(&one, &diagonal))
}

#[test]
fn scores_agree_with_textbook_formulas() {
    let mut seen = Vec::new();
    for case in cases() {
        // A query of the largest size is up to 19 from the origin, where a rounding moves a point of the ball by
        // e¹⁹ roundings, 2e-8.
        let bound = if case.size > 2.0 { 1e-9 } else { 1e-13 };
        let found = error(&case, Kind::Double);
        assert!(found < bound, "{} at {}: {found:e}", case.method, case.size);
        seen.push(case.method);
    }
    assert!(
        KnowledgeMethod::ALL
            .iter()
            .all(|method| seen.contains(method))
    );
}

#[test]
fn of_parameters_in_f32_scores_have_the_digits_of_the_parameters() {
    for case in cases().iter().filter(|case| case.size < 1.0) {
        let found = error(case, Kind::Float);
        assert!(found < 3e-6, "{} at {}: {found:e}", case.method, case.size);
    }
}
