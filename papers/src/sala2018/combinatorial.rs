//! Trees by Sarkar's construction and its form in more dimensions.

mod pictures;
mod summary;

use std::f64::consts::PI;
use std::time::Instant;

use holonomy::Result;
use holonomy::embed::{TreeConfig, TreeQuality, embed_tree};
use holonomy::graph::{Graph, SpanningTree, shortest_paths_from, spanning_tree};
use rand::SeedableRng;
use rand::seq::index::sample;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;

use super::Findings;
use super::options::Settings;
use crate::data::graphs::{self, Named};
use crate::harness::output;

/// The distortion that the paper's examples ask for is 1 + this.
const EPSILON: f64 = 0.1;

/// A distortion below 2 is all that the ranking of neighbours in a tree needs.
const COARSE: f64 = 1.0;

/// What a node that hangs on an edge counts against neighbours, for the tree between the two extremes.
const NODE_WEIGHT: f64 = 1.0 / 50.0;

/// Sources of the walks in a quick run, and for large trees other than the main ones.
const QUICK_SOURCES: usize = 20;
const SOURCES: usize = 2_000;

/// Trees of up to so many nodes are always measured from all of them.
const SMALL: usize = 10_000;

/// Sources from which distances are computed from big-float coordinates, too.
const CHECKED: usize = 50;

/// Bits beyond those needed, so that the coordinates give distances to all digits of an f64.
const CHECKED_BITS: usize = 64;

/// One embedding, measured.
#[derive(Debug, Clone, Serialize)]
struct Row {
    data: String,
    nodes: usize,
    graph_edges: usize,
    /// Which edges the tree keeps.
    spanning: &'static str,
    longest_path: f64,
    dim: usize,
    epsilon: f64,
    scale: f64,
    least_angle: f64,
    distortion_bound: f64,
    bits: f64,
    fits_f64: bool,
    #[serde(flatten)]
    quality: TreeQuality,
    embed_seconds: f64,
    measure_seconds: f64,
}

impl Row {
    /// The MAP, or no number where there was nothing to rank.
    fn map(&self) -> f64 {
        self.quality.map.unwrap_or(f64::NAN)
    }
}

/// How far composed distances are from those between big-float coordinates.
#[derive(Debug, Clone, Serialize)]
struct Check {
    data: String,
    dim: usize,
    bits: usize,
    pairs: usize,
    worst_relative_difference: f64,
    seconds: f64,
}

/// What is embedded, and how.
#[derive(Clone, Copy)]
struct Plan {
    rule: Option<SpanningTree>,
    dim: usize,
    epsilon: f64,
    scale: Option<f64>,
}

impl Plan {
    /// The paper's headline and what it is compared with: measured from all nodes of large trees, too.
    fn is_main(&self) -> bool {
        self.dim == 2
            && self.epsilon <= EPSILON
            && !matches!(self.rule, Some(SpanningTree::KeepNeighbors))
    }
}

pub(super) fn run(settings: &Settings) -> Result<Findings> {
    let mut rows = Vec::new();
    let mut checks = Vec::new();
    let mut files = Vec::new();
    if let Some(own) = graphs::own(settings.edges.as_deref(), settings.edge_list)? {
        for plan in plans(&own.graph, &dims(settings), EPSILON) {
            rows.push(measured(settings, &own, plan)?);
        }
    } else {
        let tree = graphs::balanced_tree(3, 3)?;
        rows.extend(balanced(settings, &tree)?);
        let mammals = graphs::mammals()?;
        for plan in plans(&mammals.graph, &dims(settings), EPSILON) {
            rows.push(measured(settings, &mammals, plan)?);
        }
        checks.push(checked(settings, &mammals)?);
        let nouns = graphs::nouns()?;
        let mut all = plans(&nouns.graph, &[2], EPSILON);
        all.extend(plans(&nouns.graph, &[2], COARSE));
        all.extend(plans(&nouns.graph, &dims(settings)[1..], EPSILON));
        for plan in all {
            rows.push(measured(settings, &nouns, plan)?);
        }
        files = pictures::draw(&settings.out, &tree, &mammals);
    }
    Ok(Findings {
        details: serde_json::json!({ "embeddings": rows, "checks": checks }),
        metrics: summary::metrics(&rows, &checks),
        claims: summary::claims(&rows, &checks),
        tables: summary::tables(settings, &rows, &checks),
        files,
    })
}

/// The balanced tree in all dimensions, as f64 holds it, and at the scale of the authors' program.
fn balanced(settings: &Settings, tree: &Named) -> Result<Vec<Row>> {
    let plan = |dim, epsilon, scale| Plan {
        rule: None,
        dim,
        epsilon,
        scale,
    };
    let mut plans: Vec<Plan> = dims(settings)
        .into_iter()
        .map(|dim| plan(dim, EPSILON, None))
        .collect();
    plans.push(plan(2, 0.2, None));
    plans.push(plan(2, EPSILON, Some(authors_scale(4, EPSILON))));
    plans
        .into_iter()
        .map(|plan| measured(settings, tree, plan))
        .collect()
}

/// (1 + ε)/ε · ν with ν = −2 ln tan(β/2) for cones of β = π/(1.2 · the largest degree), as the authors' program
/// has it.
fn authors_scale(degree: u32, epsilon: f64) -> f64 {
    let cone = PI / (1.2 * f64::from(degree));
    -2.0 * (0.5 * cone).tan().ln() * (1.0 + epsilon) / epsilon
}

fn dims(settings: &Settings) -> Vec<usize> {
    if settings.quick {
        vec![2]
    } else {
        vec![2, 5, 10]
    }
}

/// Both kinds of tree in these dimensions; the graph itself where it is a tree.
fn plans(graph: &Graph, dims: &[usize], epsilon: f64) -> Vec<Plan> {
    let rules = if graph.edge_count() < graph.node_count() {
        vec![None]
    } else {
        let root = top(graph);
        vec![
            Some(SpanningTree::Between {
                root,
                weight: NODE_WEIGHT,
            }),
            Some(SpanningTree::BreadthFirst { root }),
            Some(SpanningTree::KeepNeighbors),
        ]
    };
    let plan = |&dim| {
        rules.iter().map(move |&rule| Plan {
            rule,
            dim,
            epsilon,
            scale: None,
        })
    };
    dims.iter().flat_map(plan).collect()
}

/// The first node without a parent.
fn top(graph: &Graph) -> u32 {
    let mut has_parent = vec![false; graph.node_count()];
    for &(child, _) in graph.edges() {
        has_parent[child as usize] = true;
    }
    has_parent.iter().position(|&has| !has).unwrap_or(0) as u32
}

fn spanned(graph: &Graph, rule: Option<SpanningTree>) -> Result<Graph> {
    rule.map_or_else(|| Ok(graph.clone()), |rule| spanning_tree(graph, rule))
}

fn measured(settings: &Settings, data: &Named, plan: Plan) -> Result<Row> {
    let start = Instant::now();
    let tree = spanned(&data.graph, plan.rule)?;
    let config = TreeConfig {
        dim: plan.dim,
        epsilon: plan.epsilon,
        scale: plan.scale,
        ..TreeConfig::default()
    };
    let embedding = embed_tree(&tree, &config)?;
    let embed_seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let sources = sources(settings, data.graph.node_count(), plan);
    let quality = embedding.measure(&data.graph, sources.as_deref(), |_| {})?;
    let row = Row {
        data: data.name.clone(),
        nodes: data.graph.node_count(),
        graph_edges: data.graph.edge_count(),
        spanning: name(plan.rule),
        longest_path: longest_path(&tree)?,
        dim: plan.dim,
        epsilon: plan.epsilon,
        scale: embedding.scale(),
        least_angle: embedding.least_angle(),
        distortion_bound: embedding.distortion_bound(),
        bits: embedding.bits(),
        fits_f64: embedding.fits_f64(),
        quality,
        embed_seconds,
        measure_seconds: start.elapsed().as_secs_f64(),
    };
    output::note(&format!(
        "{}, {}, {} dimensions, ε = {}: MAP {:.4} from {} nodes in {:.1} s",
        row.data,
        row.spanning,
        row.dim,
        row.epsilon,
        row.map(),
        row.quality.sources,
        row.measure_seconds
    ));
    Ok(row)
}

fn name(rule: Option<SpanningTree>) -> &'static str {
    match rule {
        None => "the graph itself",
        Some(SpanningTree::Between { .. }) => "between",
        Some(SpanningTree::BreadthFirst { .. }) => "breadth first",
        Some(SpanningTree::KeepNeighbors) => "neighbours kept",
    }
}

/// `None` for all nodes.
fn sources(settings: &Settings, nodes: usize, plan: Plan) -> Option<Vec<u32>> {
    let count = match nodes {
        _ if settings.quick => QUICK_SOURCES,
        nodes if nodes > SMALL && !plan.is_main() => SOURCES,
        nodes => nodes,
    };
    (count < nodes).then(|| drawn(settings, nodes, count))
}

fn drawn(settings: &Settings, nodes: usize, count: usize) -> Vec<u32> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(settings.seed);
    let drawn = sample(&mut rng, nodes, count.min(nodes));
    drawn.iter().map(|node| node as u32).collect()
}

/// The longest path of a tree: from the node that is farthest from any to the one that is farthest from that.
fn longest_path(tree: &Graph) -> Result<f64> {
    let farthest = |from: u32| -> Result<(u32, f64)> {
        let lengths = shortest_paths_from(tree, &[from], |_| {})?.view(-1);
        let end = lengths.argmax(None, false).int64_value(&[]);
        Ok((end as u32, lengths.double_value(&[end])))
    };
    let (end, _) = farthest(0)?;
    Ok(farthest(end)?.1)
}

fn checked(settings: &Settings, data: &Named) -> Result<Check> {
    let start = Instant::now();
    let tree = spanned(&data.graph, Some(SpanningTree::KeepNeighbors))?;
    let embedding = embed_tree(&tree, &TreeConfig::default())?;
    let bits = embedding.bits() as usize + CHECKED_BITS;
    let points = embedding.precise_points(bits)?;
    let (mut worst, mut pairs) = (0.0_f64, 0);
    let count = if settings.quick { 2 } else { CHECKED };
    for source in drawn(settings, data.graph.node_count(), count) {
        for (node, distance) in (0..).zip(embedding.distances_from(source)) {
            if node != source {
                worst = worst.max((distance / points.distance(source, node) - 1.0).abs());
                pairs += 1;
            }
        }
    }
    Ok(Check {
        data: data.name.clone(),
        dim: embedding.dim(),
        bits,
        pairs,
        worst_relative_difference: worst,
        seconds: start.elapsed().as_secs_f64(),
    })
}
