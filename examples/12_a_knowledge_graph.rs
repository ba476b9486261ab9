//! Facts that were left out, found again: who is whose aunt, in a family of five generations.
//!
//! RotH turns and moves a person by a relation in hyperbolic space, RotE in Euclidean space, and the nearest
//! person is the answer. Each relation of RotH learns a curvature of its own. With so few facts much depends on
//! the seed: see the mean.
//!
//! `cargo run --release --example 12_a_knowledge_graph`, or, for your own facts (head, relation, tail between
//! tabs, in `train.txt`, `valid.txt` and `test.txt`), `… -- --data DIR`

use holonomy::graph::{KnowledgeGraph, Split};
use holonomy::nn::{
    KnowledgeConfig, KnowledgeMethod, KnowledgeModel, KnowledgeTrainer, KnowledgeTraining,
    RankingScore, Store, rank,
};
use holonomy::optim::{AdamConfig, RiemannianAdam};
use holonomy::random::generator;
use holonomy::tch::{Device, Kind, Tensor};
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

/// How high the right answers to the questions of the test rank after a training, and the range of the
/// curvatures learned.
fn train(
    graph: &KnowledgeGraph,
    method: KnowledgeMethod,
    seed: u64,
) -> Result<(RankingScore, Option<[f64; 2]>)> {
    let config = KnowledgeConfig {
        method,
        dim: 4,
        ..KnowledgeConfig::default()
    };
    let store = Store::new(Device::Cpu, Kind::Double)?;
    let model = KnowledgeModel::new(store.root(), graph, &config, &mut generator(seed))?;
    let optimizer = RiemannianAdam::over(&store, AdamConfig::new(0.02))?;
    let settings = KnowledgeTraining {
        batch: 64,
        seed,
        ..KnowledgeTraining::default()
    };
    let mut trainer = KnowledgeTrainer::new(&model, optimizer, graph, settings)?;
    for _ in 0..30 {
        trainer.epoch()?;
    }
    let score = rank(&model, graph, Split::Test)?.both;
    let range = |kappa: Tensor| [kappa.min(), kappa.max()].map(|kappa| kappa.double_value(&[]));
    Ok((score, model.curvatures().map(range)))
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

    for method in [KnowledgeMethod::RotH, KnowledgeMethod::RotE] {
        let mut sum = 0.0;
        for seed in 1..=3 {
            let (score, curvatures) = train(&graph, method, seed)?;
            print!(
                "{method}, 4 dimensions, seed {seed}: filtered MRR {:.3}, hits@1 {:.3}, hits@10 {:.3}",
                score.mean_reciprocal_rank, score.hits_at_1, score.hits_at_10
            );
            match curvatures {
                Some([least, most]) => println!(", learned curvatures {least:.2} to {most:.2}"),
                None => println!(),
            }
            sum += score.mean_reciprocal_rank;
        }
        println!("{method}: mean MRR {:.3}", sum / 3.0);
        // Chance is below 0.05.
        assert!(!arguments.is_empty() || sum / 3.0 > 0.3);
    }
    Ok(())
}
