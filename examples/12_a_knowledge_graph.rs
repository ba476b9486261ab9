//! Facts that were left out, found again: who is whose aunt, in a family of five generations.
//!
//! RotH turns and moves a person by a relation in hyperbolic space, RotE in Euclidean space, and the nearest
//! person is the answer. Each relation of RotH learns a curvature of its own.
//!
//! `cargo run --release --example 12_a_knowledge_graph`, or, for your own facts (head, relation, tail between
//! tabs, in `train.txt`, `valid.txt` and `test.txt`), `… -- --data DIR`

use holonomy::graph::{KnowledgeGraph, Split};
use holonomy::nn::{
    KnowledgeConfig, KnowledgeMethod, KnowledgeModel, KnowledgeTrainer, KnowledgeTraining, Store,
    rank,
};
use holonomy::optim::{AdamConfig, RiemannianAdam};
use holonomy::random::generator;
use holonomy::tch::{Device, Kind};
use holonomy::{Error, Result};

/// A family: each person has three children. A tenth of the facts is kept for the test.
fn family() -> Result<KnowledgeGraph> {
    const RELATIONS: [&str; 4] = [
        "child of",
        "grandchild of",
        "sibling of",
        "nephew or niece of",
    ];
    let parent = |person: u32| (person > 0).then(|| (person - 1) / 3);
    let siblings = |person: u32| {
        let first = 3 * parent(person).unwrap_or(0) + 1;
        (first..first + 3).filter(move |other| person > 0 && *other != person)
    };
    let mut facts = Vec::new();
    for person in 0..121 {
        let parents = parent(person);
        facts.extend(parents.map(|parent| [person, 0, parent]));
        facts.extend(
            parents
                .and_then(parent)
                .map(|grandparent| [person, 1, grandparent]),
        );
        facts.extend(siblings(person).map(|sibling| [person, 2, sibling]));
        facts.extend(
            parents
                .into_iter()
                .flat_map(siblings)
                .map(|aunt| [person, 3, aunt]),
        );
    }
    let pick = |is_mine: fn(usize) -> bool| {
        let mine = facts
            .iter()
            .enumerate()
            .filter(|(index, _)| is_mine(*index));
        mine.map(|(_, fact)| *fact).collect()
    };
    let parts = [pick(|i| i % 10 != 3), Vec::new(), pick(|i| i % 10 == 3)];
    let people = (0..121).map(|person| format!("person {person}")).collect();
    KnowledgeGraph::new(people, RELATIONS.map(String::from).to_vec(), parts)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let graph = match arguments.as_slice() {
        [] => family()?,
        [flag, folder] if flag == "--data" => {
            let (graph, report) = KnowledgeGraph::read_folder(folder)?;
            println!("{folder}: {report}");
            graph
        }
        other => {
            return Err(Error::invalid(
                "example",
                "--data DIR",
                format!("{other:?}"),
            ));
        }
    };
    let sizes = Split::ALL.map(|split| graph.triples(split).len());
    println!(
        "{} entities, {} relations, facts to train, validate and test: {sizes:?}",
        graph.entities().len(),
        graph.relations().len()
    );

    let mut found = Vec::new();
    for method in [KnowledgeMethod::RotH, KnowledgeMethod::RotE] {
        let config = KnowledgeConfig {
            method,
            dim: 4,
            ..KnowledgeConfig::default()
        };
        let store = Store::new(Device::Cpu, Kind::Double)?;
        let model = KnowledgeModel::new(store.root(), &graph, &config, &mut generator(1))?;
        let optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.02))?;
        let settings = KnowledgeTraining::default();
        let mut trainer = KnowledgeTrainer::new(&model, optimizer, &graph, settings)?;
        let mut loss = f64::NAN;
        for _ in 0..60 {
            loss = trainer.epoch()?;
        }
        let score = rank(&model, &graph, Split::Test)?.both;
        println!(
            "{method} in {} dimensions: loss {loss:.3}, filtered MRR {:.3}, hits@1 {:.3}, hits@10 {:.3}",
            config.dim, score.mean_reciprocal_rank, score.hits_at_1, score.hits_at_10
        );
        if let Some(curvatures) = model.curvatures() {
            let (least, most) = (curvatures.min(), curvatures.max());
            let [least, most] = [least, most].map(|kappa| kappa.double_value(&[]));
            println!("  its relations have learned curvatures from {least:.2} to {most:.2}");
        }
        found.push(score.mean_reciprocal_rank);
    }
    // Chance is below 0.05.
    assert!(!arguments.is_empty() || found.iter().all(|mrr| *mrr > 0.3));
    Ok(())
}
