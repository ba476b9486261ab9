//! The neighbours of nodes.

/// The true neighbours of every node: sorted, without repeats and without the node itself.
#[derive(Debug, Clone)]
pub(crate) struct Neighbours {
    starts: Vec<usize>,
    targets: Vec<u32>,
}

impl Neighbours {
    /// From (source, target) pairs whose ends are all below `nodes`.
    pub(crate) fn new(nodes: usize, pairs: &[(u32, u32)]) -> Self {
        let mut starts = vec![0; nodes + 1];
        for &(source, _) in pairs {
            starts[source as usize + 1] += 1;
        }
        for node in 0..nodes {
            starts[node + 1] += starts[node];
        }
        let mut ends = starts.clone();
        let mut targets = vec![0; pairs.len()];
        for &(source, target) in pairs {
            targets[ends[source as usize]] = target;
            ends[source as usize] += 1;
        }
        // Each row is sorted, and moves down by what the rows before it had twice or too much.
        let mut kept = 0;
        for node in 0..nodes {
            let row = starts[node]..ends[node];
            targets[row.clone()].sort_unstable();
            starts[node] = kept;
            for place in row {
                let target = targets[place];
                let is_repeated = kept > starts[node] && targets[kept - 1] == target;
                if target as usize != node && !is_repeated {
                    targets[kept] = target;
                    kept += 1;
                }
            }
        }
        starts[nodes] = kept;
        targets.truncate(kept);
        Self { starts, targets }
    }

    pub(crate) fn of(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.targets[self.starts[node]..self.starts[node + 1]]
    }

    pub(crate) fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether the node has neighbours, and there are others that they can be ranked among.
    pub(crate) fn can_be_ranked(&self, node: u32) -> bool {
        let neighbours = self.of(node).len();
        neighbours > 0 && neighbours + 1 < self.nodes()
    }
}

/// Each edge of an undirected network as two pairs (node, true neighbour).
///
/// # Examples
///
/// ```
/// assert_eq!(holonomy::graph::both_ways(&[(0, 1), (1, 2)]), [(0, 1), (1, 0), (1, 2), (2, 1)]);
/// ```
pub fn both_ways(edges: &[(u32, u32)]) -> Vec<(u32, u32)> {
    edges.iter().flat_map(|&(u, v)| [(u, v), (v, u)]).collect()
}
