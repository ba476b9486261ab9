//! Which way the edges of a hierarchy run.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use petgraph::algo::kosaraju_scc;

use super::Graph;
use super::reachability::petgraph;
use crate::source::quote;

/// How many names a line shows of roots, and of the nodes of a cycle.
const SHOWN: usize = 3;
const SHOWN_OF_CYCLE: usize = 8;

/// The direction of a graph's edges, as its roots, leaves and cycles show it. `Display` gives a
/// one-line summary.
///
/// # Examples
///
/// ```
/// use holonomy::graph::{EdgeListOptions, parse_edge_list};
///
/// let direction = |text| {
///     let (graph, _) = parse_edge_list(text, "a.csv", EdgeListOptions::default()).unwrap();
///     graph.direction().to_string()
/// };
/// assert_eq!(
///     direction("dog,mammal\ncat,mammal\nmammal,animal"),
///     "child → parent, root: \"animal\" (4 nodes, 2 leaves)"
/// );
/// assert_eq!(
///     direction("animal,mammal\nmammal,dog\nmammal,cat"),
///     "child → parent, 2 roots: \"dog\", \"cat\" (4 nodes, 1 leaf); more roots than leaves: does the file have the \
///      parent before the child?"
/// );
/// assert_eq!(
///     direction("a,b\nb,c\nc,a"),
///     "child → parent, no root, a cycle: \"a\" → \"b\" → \"c\" → \"a\" (3 nodes, 0 leaves)"
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Direction {
    /// The nodes that have children but no parents.
    pub roots: Vec<u32>,
    /// The number of nodes that have parents but no children.
    pub leaves: usize,
    /// The nodes of a cycle, from child to parent: a shortest one through its first node. `None`
    /// if there is no cycle.
    pub cycle: Option<Vec<u32>>,
    /// Whether the graph has cycles and every edge also has its reverse.
    pub runs_both_ways: bool,
    names: Arc<[String]>,
}

impl Graph {
    /// Roots, leaves and cycles of the graph.
    pub fn direction(&self) -> Direction {
        let mut has_parent = vec![false; self.node_count()];
        let mut has_child = vec![false; self.node_count()];
        for &(child, parent) in &self.edges {
            has_parent[child as usize] = true;
            has_child[parent as usize] = true;
        }
        let nodes = 0..self.node_count();
        let is_root = |&node: &usize| has_child[node] && !has_parent[node];
        let is_leaf = |&node: &usize| has_parent[node] && !has_child[node];
        let cycle = cycle(self);
        Direction {
            roots: nodes.clone().filter(is_root).map(|n| n as u32).collect(),
            leaves: nodes.filter(is_leaf).count(),
            runs_both_ways: cycle.is_some() && runs_both_ways(self),
            cycle,
            names: Arc::clone(&self.names),
        }
    }
}

impl Direction {
    /// The cycle by names, such as `"a" → "b" → "a"`; long ones are abbreviated.
    pub fn cycle_by_names(&self) -> Option<String> {
        let cycle = self.cycle.as_ref()?;
        let mut names: Vec<String> = cycle.iter().map(|&node| self.name(node)).collect();
        if names.len() > SHOWN_OF_CYCLE {
            let left = format!("… ({} more)", names.len() + 1 - SHOWN_OF_CYCLE);
            names.splice(SHOWN_OF_CYCLE - 1.., [left]);
        }
        names.push(self.name(cycle[0]));
        Some(names.join(" → "))
    }

    /// Whether there are more roots than leaves, which suggests that parent and child are swapped.
    pub fn may_be_reversed(&self) -> bool {
        self.roots.len() > self.leaves
    }

    fn name(&self, node: u32) -> String {
        quote(&self.names[node as usize])
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("child → parent, ")?;
        let shown: Vec<String> = self
            .roots
            .iter()
            .take(SHOWN)
            .map(|&n| self.name(n))
            .collect();
        let shown = shown.join(", ");
        match self.roots.len() {
            0 => f.write_str("no root")?,
            1 => write!(f, "root: {shown}")?,
            count if count <= SHOWN => write!(f, "{count} roots: {shown}")?,
            count => write!(f, "{count} roots: {shown}, …")?,
        }
        if self.runs_both_ways {
            f.write_str(", every edge both ways")?;
        } else if let Some(cycle) = self.cycle_by_names() {
            write!(f, ", a cycle: {cycle}")?;
        }
        let leaves = if self.leaves == 1 { "leaf" } else { "leaves" };
        write!(f, " ({} nodes, {} {leaves})", self.names.len(), self.leaves)?;
        if self.may_be_reversed() {
            f.write_str(
                "; more roots than leaves: does the file have the parent before the child?",
            )?;
        }
        Ok(())
    }
}

fn runs_both_ways(graph: &Graph) -> bool {
    let mut forward = graph.edges.clone();
    let mut back: Vec<(u32, u32)> = forward.iter().map(|&(a, b)| (b, a)).collect();
    forward.sort_unstable();
    back.sort_unstable();
    forward == back
}

/// The shortest cycle through the first node that is on any.
fn cycle(graph: &Graph) -> Option<Vec<u32>> {
    let edges = petgraph(graph.node_count(), &graph.edges);
    let on_cycles = kosaraju_scc(&edges)
        .into_iter()
        .filter(|part| part.len() > 1);
    let start = on_cycles.flatten().min()?;
    let mut before = vec![None; graph.node_count()];
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for next in edges.neighbors(node) {
            if next == start {
                let mut cycle = vec![node];
                while let Some(previous) = before[cycle[cycle.len() - 1].index()] {
                    cycle.push(previous);
                }
                return Some(cycle.into_iter().rev().map(|n| n.index() as u32).collect());
            }
            if before[next.index()].is_none() {
                before[next.index()] = Some(node);
                queue.push_back(next);
            }
        }
    }
    None
}
