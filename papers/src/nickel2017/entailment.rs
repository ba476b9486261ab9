//! Lexical entailment: the degree to which one word is a kind of another.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt::Write;

use holonomy::Result;
use holonomy::embed::{Model, TrainConfig, is_a_scores};
use holonomy::scores::{roc_auc, spearman};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::Tensor;

use super::data::{self, Data};
use super::experiment::{Plan, Role, median};
use super::findings::{Findings, fit, json, seeds};
use super::hyperlex::{self, Rated, Senses};
use super::options::{Settings, title};
use super::task::TaskOptions;
use crate::harness::report::Claim;
use crate::harness::{interrupt, output, table};

/// The paper's penalty for a general word that lies farther out than the special one.
const ALPHA: f64 = 1000.0;

/// Pairs of each relation in the stand-in, where there are as many.
const PER_RELATION: usize = 200;

/// How a pair of the stand-in is related, and so to what degree the first is a kind of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Relation {
    Parent,
    Grandparent,
    GreatGrandparent,
    FartherAncestor,
    Reverse,
    Sibling,
    Unrelated,
}

impl Relation {
    const ALL: [Self; 7] = [
        Self::Parent,
        Self::Grandparent,
        Self::GreatGrandparent,
        Self::FartherAncestor,
        Self::Reverse,
        Self::Sibling,
        Self::Unrelated,
    ];

    fn of_steps(steps: usize) -> Self {
        match steps {
            1 => Self::Parent,
            2 => Self::Grandparent,
            3 => Self::GreatGrandparent,
            _ => Self::FartherAncestor,
        }
    }

    /// Higher the nearer an ancestor the second is, 0 where it is not one; only the order counts.
    fn grade(self) -> f64 {
        match self {
            Self::Parent => 4.0,
            Self::Grandparent => 3.0,
            Self::GreatGrandparent => 2.0,
            Self::FartherAncestor => 1.0,
            Self::Reverse | Self::Sibling | Self::Unrelated => 0.0,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Parent => "an ancestor, 1 step",
            Self::Grandparent => "an ancestor, 2 steps",
            Self::GreatGrandparent => "an ancestor, 3 steps",
            Self::FartherAncestor => "an ancestor, 4 steps or more",
            Self::Reverse => "a descendant",
            Self::Sibling => "a sibling",
            Self::Unrelated => "neither of these",
        }
    }
}

/// A run over seeds.
#[derive(Debug, Serialize)]
struct Runs {
    #[serde(flatten)]
    plan: Plan,
    results: Vec<Outcome>,
}

/// One seed's result.
#[derive(Debug, Clone, Serialize)]
struct Outcome {
    seed: u64,
    epochs: usize,
    train_seconds: f64,
    /// Spearman's ρ on the stand-in.
    stand_in_rho: f64,
    /// How often a pair that holds scores higher than one that does not.
    stand_in_auc: f64,
    /// The median score of each relation.
    median_scores: BTreeMap<Relation, f64>,
    hyperlex: Option<HyperLex>,
}

/// The result on the user's file of rated pairs.
#[derive(Debug, Clone, Copy, Serialize)]
struct HyperLex {
    rho: f64,
    /// Pairs whose words are both in the hierarchy, and those that are left out because one is not.
    scored: usize,
    left_out: usize,
}

/// Embeds the whole hierarchy, and scores pairs of it.
pub(super) fn run(options: &TaskOptions, settings: &Settings) -> Result<Findings> {
    let rated = options
        .hyperlex
        .as_deref()
        .map(hyperlex::read)
        .transpose()?;
    let data = data::load(settings)?;
    output::note(&format!("data: {}; Ctrl-C stops", data.description));
    let plans = Plan::all(settings, data.description.nodes).into_iter();
    let mut runs = Vec::new();
    for plan in plans.filter(|plan| plan.role != Role::Picture) {
        let results = over_seeds(&plan, settings, &data, rated.as_deref())?;
        runs.push(Runs { plan, results });
    }
    let complete = runs.iter().all(|runs| {
        let epochs = runs.plan.config.epochs;
        runs.results.len() == settings.seeds.len()
            && runs.results.iter().all(|result| result.epochs == epochs)
    });
    runs.retain(|runs| !runs.results.is_empty());
    Ok(Findings {
        details: serde_json::json!({
            "data": data.description,
            "alpha": ALPHA,
            "runs": json(&runs),
            "notes": NOTES,
        }),
        metrics: metrics(&runs),
        claims: claims(settings, &data, &runs),
        table: text(&data, &runs),
        complete,
    })
}

const NOTES: &str = "The stand-in is no HyperLex, and its figures compare with no one's: pairs of the \
                     hierarchy itself, graded by their relation in it. A word of a rated file stands \
                     for all nodes with its name; of all pairs of nodes that two words have, the \
                     nearest one is scored.";

fn over_seeds(
    plan: &Plan,
    settings: &Settings,
    data: &Data,
    rated: Option<&[Rated]>,
) -> Result<Vec<Outcome>> {
    let mut results = Vec::new();
    for &seed in &settings.seeds {
        if interrupt::requested() {
            break;
        }
        let config = TrainConfig {
            seed,
            ..plan.config.clone()
        };
        let model = config.model;
        let closure = &data.closure;
        let device = settings.device.device;
        let nodes = closure.node_count();
        let embedding = fit(config, nodes, closure.edges(), device, Ok)?;
        let stand_in = stand_in(data, seed);
        let (rho, auc, median_scores) = grade(model, &embedding.points, &stand_in)?;
        let hyperlex = rated
            .map(|rated| rate(model, &embedding.points, closure.names(), rated))
            .transpose()?;
        results.push(Outcome {
            seed,
            epochs: embedding.history.len(),
            train_seconds: embedding.seconds,
            stand_in_rho: rho,
            stand_in_auc: auc,
            median_scores,
            hyperlex,
        });
    }
    Ok(results)
}

/// Pairs of every relation, drawn from the hierarchy.
fn stand_in(data: &Data, seed: u64) -> Vec<(u32, u32, Relation)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut by_relation: BTreeMap<Relation, Vec<(u32, u32)>> = BTreeMap::new();
    for (descendant, ancestor, steps) in steps_up(data) {
        let of = by_relation.entry(Relation::of_steps(steps)).or_default();
        of.push((descendant, ancestor));
    }
    let below = data.closure.edges().iter().map(|&(u, v)| (v, u));
    by_relation.insert(Relation::Reverse, below.collect());
    by_relation.insert(Relation::Sibling, siblings(data));
    by_relation.insert(Relation::Unrelated, unrelated(data, &mut rng));
    let mut pairs = Vec::new();
    for (relation, mut all) in by_relation {
        all.sort_unstable();
        all.shuffle(&mut rng);
        all.truncate(PER_RELATION);
        pairs.extend(all.into_iter().map(|(u, v)| (u, v, relation)));
    }
    pairs
}

/// Every pair (descendant, ancestor) and the least number of direct relations between them.
fn steps_up(data: &Data) -> Vec<(u32, u32, usize)> {
    let parents = adjacency(data.direct.edges().iter().copied());
    let mut all = Vec::new();
    for node in 0..data.direct.node_count() as u32 {
        let mut steps = HashMap::from([(node, 0)]);
        let mut queue = VecDeque::from([node]);
        while let Some(at) = queue.pop_front() {
            let next = steps[&at] + 1;
            for &parent in parents.get(&at).into_iter().flatten() {
                if let Entry::Vacant(new) = steps.entry(parent) {
                    new.insert(next);
                    queue.push_back(parent);
                    all.push((node, parent, next));
                }
            }
        }
    }
    all
}

/// Pairs with a common parent, neither an ancestor of the other; of each parent at most so many
/// that no large family outweighs the others.
fn siblings(data: &Data) -> Vec<(u32, u32)> {
    let related: HashSet<&(u32, u32)> = data.closure.edges().iter().collect();
    let children = adjacency(data.direct.edges().iter().map(|&(u, v)| (v, u)));
    let mut pairs = Vec::new();
    for family in children.values() {
        let neighbours = family.windows(2).map(|pair| (pair[0], pair[1]));
        pairs.extend(
            neighbours.filter(|&(u, v)| !related.contains(&(u, v)) && !related.contains(&(v, u))),
        );
    }
    pairs
}

/// Random pairs of which neither is an ancestor of the other and which have no common parent.
fn unrelated(data: &Data, rng: &mut Xoshiro256PlusPlus) -> Vec<(u32, u32)> {
    let nodes = data.closure.node_count() as u32;
    let related: HashSet<&(u32, u32)> = data.closure.edges().iter().collect();
    let parents = adjacency(data.direct.edges().iter().copied());
    let of = |node: u32| parents.get(&node).map_or(&[][..], Vec::as_slice);
    let draws =
        (0..10 * PER_RELATION).map(|_| (rng.random_range(0..nodes), rng.random_range(0..nodes)));
    let mut pairs: Vec<(u32, u32)> = draws
        .filter(|&(u, v)| {
            u != v
                && !related.contains(&(u, v))
                && !related.contains(&(v, u))
                && !of(u).iter().any(|parent| of(v).contains(parent))
        })
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn adjacency(edges: impl Iterator<Item = (u32, u32)>) -> BTreeMap<u32, Vec<u32>> {
    let mut lists: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (from, to) in edges {
        lists.entry(from).or_default().push(to);
    }
    lists
}

/// Spearman's ρ, the area under the curve, and the median score of each relation.
fn grade(
    model: Model,
    points: &Tensor,
    pairs: &[(u32, u32, Relation)],
) -> Result<(f64, f64, BTreeMap<Relation, f64>)> {
    let ends: Vec<(u32, u32)> = pairs.iter().map(|&(u, v, _)| (u, v)).collect();
    let scores = is_a_scores(model, points, &ends, ALPHA)?;
    let grades: Vec<f64> = pairs.iter().map(|pair| pair.2.grade()).collect();
    let graded = scores.iter().copied().zip(&grades);
    let (holds, fails): (Vec<_>, Vec<_>) = graded.partition(|(_, grade)| **grade > 0.0);
    let scores_of = |pairs: Vec<(f64, &f64)>| pairs.into_iter().map(|pair| pair.0).collect();
    let (holds, fails): (Vec<f64>, Vec<f64>) = (scores_of(holds), scores_of(fails));
    let mut by_relation: BTreeMap<Relation, Vec<f64>> = BTreeMap::new();
    for (score, pair) in scores.iter().zip(pairs) {
        by_relation.entry(pair.2).or_default().push(*score);
    }
    let medians = by_relation
        .into_iter()
        .map(|(r, scores)| (r, median(scores)));
    Ok((
        spearman(&scores, &grades)?,
        roc_auc(&holds, &fails)?,
        medians.collect(),
    ))
}

/// Spearman's ρ with people's ratings, of the nearest senses of each pair of words.
fn rate(model: Model, points: &Tensor, names: &[String], rated: &[Rated]) -> Result<HyperLex> {
    let senses = Senses::new(names);
    let (mut pairs, mut ratings) = (Vec::new(), Vec::new());
    for pair in rated {
        let [first, second] = [0, 1].map(|i| senses.of(&pair.words[i]));
        if let Some(nearest) = nearest(model, points, first, second)? {
            pairs.push(nearest);
            ratings.push(pair.rating);
        }
    }
    let scored = pairs.len();
    let rho = if scored < 2 {
        f64::NAN
    } else {
        spearman(&is_a_scores(model, points, &pairs, ALPHA)?, &ratings)?
    };
    Ok(HyperLex {
        rho,
        scored,
        left_out: rated.len() - scored,
    })
}

/// The nearest two different nodes of these senses; `None` where there are none.
fn nearest(
    model: Model,
    points: &Tensor,
    first: &[u32],
    second: &[u32],
) -> Result<Option<(u32, u32)>> {
    let all = first
        .iter()
        .flat_map(|&u| second.iter().map(move |&v| (u, v)));
    let pairs: Vec<(u32, u32)> = all.filter(|(u, v)| u != v).collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    // With α = 0 the score is minus the distance.
    let nearness = is_a_scores(model, points, &pairs, 0.0)?;
    let best = (0..pairs.len()).max_by(|&a, &b| {
        let by_nearness = nearness[a].total_cmp(&nearness[b]);
        by_nearness.then(b.cmp(&a))
    });
    Ok(best.map(|best| pairs[best]))
}

impl Runs {
    fn median(&self, figure: impl Fn(&Outcome) -> f64) -> f64 {
        median(self.results.iter().map(figure).collect())
    }

    fn stand_in(&self) -> (f64, f64) {
        (
            self.median(|result| result.stand_in_rho),
            self.median(|result| result.stand_in_auc),
        )
    }

    /// The median ρ on the user's file, and how many pairs were scored and left out.
    fn hyperlex(&self) -> Option<HyperLex> {
        let first = self.results.first()?.hyperlex?;
        let rho = |result: &Outcome| result.hyperlex.map_or(f64::NAN, |hyperlex| hyperlex.rho);
        Some(HyperLex {
            rho: self.median(rho),
            ..first
        })
    }
}

fn metrics(runs: &[Runs]) -> BTreeMap<String, f64> {
    let mut metrics = BTreeMap::new();
    for runs in runs {
        let prefix = match runs.plan.role {
            Role::Main => "",
            _ => "euclidean_",
        };
        let (rho, auc) = runs.stand_in();
        metrics.insert(format!("{prefix}stand_in_rho"), rho);
        metrics.insert(format!("{prefix}stand_in_auc"), auc);
        if let Some(hyperlex) = runs.hyperlex() {
            metrics.insert(format!("{prefix}hyperlex_rho"), hyperlex.rho);
        }
    }
    metrics
}

fn text(data: &Data, runs: &[Runs]) -> String {
    let header = ["", "dim", "ρ", "AUC", "runs"];
    let row = |runs: &Runs| {
        let (rho, auc) = runs.stand_in();
        vec![
            format!("holonomy, {}", title(runs.plan.config.model)),
            runs.plan.config.dim.to_string(),
            format!("{rho:.3}"),
            format!("{auc:.3}"),
            runs.results.len().to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = runs.iter().map(row).collect();
    let mut text = format!(
        "\nEntailment in {}\nA stand-in, not HyperLex: {PER_RELATION} pairs of each relation in the \
         hierarchy, graded by it\n{}",
        data.description,
        table::layout(&header, &rows)
    );
    text.push_str(
        "  ρ: Spearman's rank correlation of score and grade. AUC: how often a pair with an ancestor\n  \
         scores higher than one without. Medians over the runs.\n",
    );
    if let Some(main) = runs.first() {
        text.push_str(&relations(main));
    }
    for runs in runs {
        if let Some(HyperLex {
            rho,
            scored,
            left_out,
        }) = runs.hyperlex()
        {
            let _ = write!(
                text,
                "\nYour rated pairs, {}: ρ = {rho:.3} over {scored} pairs; {left_out} left out for a word that\n\
                 the hierarchy does not name\n",
                title(runs.plan.config.model)
            );
        }
    }
    text
}

fn relations(runs: &Runs) -> String {
    let rows: Vec<Vec<String>> = Relation::ALL
        .into_iter()
        .map(|relation| {
            let score = |result: &Outcome| {
                let score = result.median_scores.get(&relation);
                score.copied().unwrap_or(f64::NAN)
            };
            vec![
                relation.title().to_owned(),
                relation.grade().to_string(),
                format!("{:.1}", runs.median(score)),
            ]
        })
        .collect();
    let space = title(runs.plan.config.model);
    let header = ["the second is of the first", "grade", "median score"];
    format!("\n{space}\n{}", table::layout(&header, &rows))
}

fn claims(settings: &Settings, data: &Data, runs: &[Runs]) -> Vec<Claim> {
    if settings.edges.is_some() {
        return Vec::new();
    }
    let name = &data.description.name;
    let mut claims = Vec::new();
    for runs in runs {
        let space = format!(
            "{}, {}-d",
            title(runs.plan.config.model),
            runs.plan.config.dim
        );
        let count = seeds(runs.results.len());
        let (rho, auc) = runs.stand_in();
        claims.push(Claim {
            statement: "Distance and norm together tell what is a kind of what (a stand-in for HyperLex)"
                .into(),
            ours: format!(
                "{name}, pairs graded by their relation there, {space}: ρ = {rho:.3}, AUC {auc:.3} ({count})"
            ),
            published: "none: the paper measures on HyperLex, which does not come with this program"
                .into(),
        });
        if let Some(HyperLex { rho, scored, .. }) = runs.hyperlex() {
            claims.push(Claim {
                statement: "Distance and norm together agree with people's ratings in HyperLex".into(),
                ours: format!("{scored} rated pairs of a file of the user's, {space} embedding of {name}: ρ = {rho:.3} ({count})"),
                published: "2,163 noun pairs of HyperLex, 5-d embedding of all WordNet nouns: ρ = 0.512; \
                            Euclidean 0.389"
                    .into(),
            });
        }
    }
    claims
}
