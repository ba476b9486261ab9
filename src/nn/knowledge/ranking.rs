//! Filtered ranking of heads and tails.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::KnowledgeModel;
use crate::graph::{KnowledgeGraph, Split, Triple};
use crate::numerics::no_grad;
use crate::{Error, Result};

/// How high right answers rank; see [`rank`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankingScore {
    /// The number of questions.
    pub count: usize,
    /// The mean of 1/rank, MRR.
    pub mean_reciprocal_rank: f64,
    /// The share of ranks ≤ 1.
    pub hits_at_1: f64,
    /// The share of ranks ≤ 3.
    pub hits_at_3: f64,
    /// The share of ranks ≤ 10.
    pub hits_at_10: f64,
    /// The mean rank.
    pub mean_rank: f64,
}

/// How high the right heads and tails of a part rank; see [`rank`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RankingReport {
    /// Of the questions (?, r, t).
    pub heads: RankingScore,
    /// Of the questions (h, r, ?).
    pub tails: RankingScore,
    /// Of all questions: the mean of the two.
    pub both: RankingScore,
}

impl RankingScore {
    fn of(ranks: &[f64]) -> Self {
        let mean = |value: &dyn Fn(f64) -> f64| {
            ranks.iter().map(|rank| value(*rank)).sum::<f64>() / ranks.len() as f64
        };
        let within = |most: f64| mean(&|rank| f64::from(u8::from(rank <= most)));
        Self {
            count: ranks.len(),
            mean_reciprocal_rank: mean(&f64::recip),
            hits_at_1: within(1.0),
            hits_at_3: within(3.0),
            hits_at_10: within(10.0),
            mean_rank: mean(&|rank| rank),
        }
    }
}

/// Ranks the right tail of each question (h, r, ?), and the right head of (?, r, t), among all entities by
/// the scores of a model.
///
/// The ranking is *filtered*: other entities with which the fact is in any part of the graph, and so known
/// to be right, are left out. Among candidates with equal scores the right one has the mean of the best and of
/// the worst place that it could have:
///
/// ```text
/// rank = 1 + |{ u : score(u) > score(t) }| + |{ u ≠ t : score(u) = score(t) }|/2
/// ```
///
/// So a model that gives all N candidates one score has the rank (N + 1)/2. Heads are ranked as the tails
/// of (t, r + R, ?).
///
/// # Errors
///
/// [`Error::InvalidArgument`] for a part without triples, or a graph of other counts than the model;
/// [`Error::NotFinite`] for a score that is NaN.
///
/// # Examples
///
/// See [`KnowledgeModel`], and [`rank_by`] for scores of your own.
///
/// # References
///
/// bordes2013 (filtered ranking); sun2020 (ties).
pub fn rank(model: &KnowledgeModel, graph: &KnowledgeGraph, split: Split) -> Result<RankingReport> {
    check_counts("rank", model, graph)?;
    let device = model.entities().device();
    rank_by(graph, split, |heads, relations| {
        model.scores_of_all(&heads.to_device(device), &relations.to_device(device))
    })
}

/// As [`rank`], by a function that scores all tails of some questions.
///
/// `scores` gets heads and relations, i64 `[B]`, and gives `[B, N]`. A relation r + R asks for the head of r.
///
/// # Errors
///
/// Those of [`rank`]; [`Error::InvalidArgument`] for scores of another shape.
///
/// # Examples
///
/// All entities have one score, and one of the three is known to be right, too:
///
/// ```
/// use holonomy::graph::{KnowledgeGraph, Split};
/// use holonomy::nn::rank_by;
/// use holonomy::tch::{Device, Kind, Tensor};
///
/// let (graph, _) = KnowledgeGraph::parse(["a\tr\tb\n", "", "a\tr\tc\n"])?;
/// let report = rank_by(&graph, Split::Test, |heads, _| {
///     Tensor::zeros([heads.size()[0], 3], (Kind::Double, Device::Cpu))
/// })?;
/// assert_eq!((report.tails.mean_rank, report.heads.mean_rank), (1.5, 2.0));
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn rank_by(
    graph: &KnowledgeGraph,
    split: Split,
    mut scores: impl FnMut(&Tensor, &Tensor) -> Tensor,
) -> Result<RankingReport> {
    const OP: &str = "rank";
    let triples = graph.triples(split);
    if triples.is_empty() {
        let expected = format!("triples in the {split:?} part");
        return Err(Error::invalid(OP, expected, "none"));
    }
    let relations = graph.relations().len() as u32;
    let inverse = |&[h, r, t]: &Triple| [t, r + relations, h];
    let mut known: HashMap<(u32, u32), Vec<u32>> = HashMap::new();
    for fact in Split::ALL.iter().flat_map(|split| graph.triples(*split)) {
        for [head, relation, tail] in [*fact, inverse(fact)] {
            known.entry((head, relation)).or_default().push(tail);
        }
    }
    for tails in known.values_mut() {
        tails.sort_unstable();
        tails.dedup();
    }
    let nodes = graph.entities().len();
    let mut ranks = |mut questions: Vec<Triple>| -> Result<Vec<f64>> {
        // Questions of one relation at a time: models may make something for each relation.
        questions.sort_unstable_by_key(|question| question[1]);
        let mut ranks = Vec::with_capacity(questions.len());
        for questions in questions.chunks((LARGEST / nodes).max(1)) {
            let column = |place: usize| {
                let numbers = questions.iter().map(|question| i64::from(question[place]));
                Tensor::from_slice(&numbers.collect::<Vec<i64>>())
            };
            let scores = no_grad(|| scores(&column(0), &column(1)));
            let size = [questions.len() as i64, nodes as i64];
            if !scores.defined() || scores.size() != size || !scores.is_floating_point() {
                let expected = format!("floating scores {size:?}");
                return Err(Error::invalid(OP, expected, format!("{scores:?}")));
            }
            if scores.isnan().any().int64_value(&[]) != 0 {
                return Err(Error::NotFinite {
                    op: OP,
                    what: "a score",
                    place: format!("the {split:?} part"),
                });
            }
            ranks.extend(ranks_among(
                &scores.to_kind(Kind::Double),
                questions,
                &known,
            )?);
        }
        Ok(ranks)
    };
    let tails = ranks(triples.to_vec())?;
    let heads = ranks(triples.iter().map(inverse).collect())?;
    Ok(RankingReport {
        heads: RankingScore::of(&heads),
        tails: RankingScore::of(&tails),
        both: RankingScore::of(&[heads, tails].concat()),
    })
}

/// The most scores at a time.
const LARGEST: usize = 1 << 22;

/// The ranks of right tails among scores `[B, N]` without NaN.
fn ranks_among(
    scores: &Tensor,
    questions: &[Triple],
    known: &HashMap<(u32, u32), Vec<u32>>,
) -> Result<Vec<f64>> {
    let device = scores.device();
    let on_device = |numbers: &[i64]| Tensor::from_slice(numbers).to_device(device);
    let tails: Vec<i64> = questions
        .iter()
        .map(|question| i64::from(question[2]))
        .collect();
    let right = scores.gather(1, &on_device(&tails).unsqueeze(1), false);
    // NaN is neither above nor equal: the right one and known others no longer count.
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    for (row, [head, relation, _]) in questions.iter().enumerate() {
        for tail in known.get(&(*head, *relation)).into_iter().flatten() {
            rows.push(row as i64);
            columns.push(i64::from(*tail));
        }
    }
    let places = [Some(on_device(&rows)), Some(on_device(&columns))];
    let nan = Tensor::full([], f64::NAN, (Kind::Double, device));
    let others = scores.index_put(&places, &nan, false);
    let count = |which: Tensor| which.sum_dim_intlist(1, false, Kind::Double);
    let ranks = count(others.gt_tensor(&right)) + count(others.eq_tensor(&right)) / 2.0 + 1.0;
    Vec::try_from(ranks.to_device(Device::Cpu))
        .map_err(|source| Error::Torch { op: "rank", source })
}

/// Refuses a model of another graph.
pub(super) fn check_counts(
    op: &'static str,
    model: &KnowledgeModel,
    graph: &KnowledgeGraph,
) -> Result<()> {
    let wanted = (model.entity_count(), model.relation_count());
    let found = (graph.entities().len(), graph.relations().len());
    if wanted == found {
        return Ok(());
    }
    let expected = format!(
        "a graph of {} entities and {} relations, as the model has",
        wanted.0, wanted.1
    );
    Err(Error::invalid(
        op,
        expected,
        format!("{} and {}", found.0, found.1),
    ))
}
