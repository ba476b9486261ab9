//! A hierarchy as a forest, and what the forest leaves out.

use crate::graph::{ancestor_pairs, direct_edges};
use crate::{Error, Result};

/// A hierarchy in which each node has kept one parent, the one with the most ancestors. The roots
/// are children of the *apex*: of the one root there is, or of a node of its own after all others.
pub(super) struct Forest {
    parents: Vec<u32>,
    /// Those with children come first, large subtrees before small ones.
    children: Vec<Vec<u32>>,
    top_down: Vec<u32>,
    sizes: Vec<f64>,
    leaves: Vec<f64>,
    apex: u32,
    links: Vec<Vec<Link>>,
}

/// A relation that the forest leaves out, seen by a node above one of its ends.
#[derive(Clone, Copy)]
enum Link {
    /// A child wants to be near a node elsewhere.
    Outward { child: u32, other: u32, weight: f64 },
    /// Two children want to be near each other.
    Between { children: [u32; 2], weight: f64 },
}

/// What a node's children, by their positions, want to be near to.
#[derive(Default)]
pub(super) struct Pulls {
    /// (child, direction, weight)
    pub(super) outward: Vec<(usize, Vec<f64>, f64)>,
    /// (child, child, weight)
    pub(super) between: Vec<(usize, usize, f64)>,
}

impl Forest {
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] when two nodes are ancestors of each other.
    pub(super) fn new(op: &'static str, nodes: usize, pairs: &[(u32, u32)]) -> Result<Self> {
        let closure = ancestor_pairs(nodes, pairs);
        let mut ancestors = vec![0_u32; nodes];
        for &(node, _) in &closure {
            ancestors[node as usize] += 1;
        }
        // Without cycles a node has all ancestors of its ancestor, and the ancestor besides.
        let is_cyclic =
            |&&(node, above): &&(u32, u32)| ancestors[above as usize] >= ancestors[node as usize];
        if let Some((node, above)) = closure.iter().find(is_cyclic) {
            let got = format!(
                "nodes {node} and {above}, ancestors of each other (Graph::direction names the nodes of a cycle)"
            );
            return Err(Error::invalid(op, "a hierarchy without cycles", got));
        }
        let direct = direct_edges(&closure);
        let apex = apex(&ancestors);
        let mut parents = vec![apex; nodes.max(apex as usize + 1)];
        for &(node, parent) in &direct {
            let kept = &mut parents[node as usize];
            if *kept == apex || ancestors[parent as usize] > ancestors[*kept as usize] {
                *kept = parent;
            }
        }
        let mut forest = Self::from_parents(parents, apex);
        for (node, parent) in direct {
            if forest.parents[node as usize] != parent {
                forest.link(node, parent);
            }
        }
        Ok(forest)
    }

    fn from_parents(parents: Vec<u32>, apex: u32) -> Self {
        let nodes = parents.len();
        let mut children = vec![Vec::new(); nodes];
        for (node, &parent) in (0..).zip(&parents) {
            if node != apex {
                children[parent as usize].push(node);
            }
        }
        let mut top_down = vec![apex];
        let mut next = 0;
        while let Some(&node) = top_down.get(next) {
            top_down.extend_from_slice(&children[node as usize]);
            next += 1;
        }
        let mut sizes = vec![1.0_f64; nodes];
        let mut leaves: Vec<f64> = children
            .iter()
            .map(|below| f64::from(u8::from(below.is_empty())))
            .collect();
        for &node in top_down.iter().rev().filter(|&&node| node != apex) {
            let parent = parents[node as usize] as usize;
            sizes[parent] += sizes[node as usize];
            leaves[parent] += leaves[node as usize];
        }
        for below in &mut children {
            below.sort_by(|&a, &b| sizes[b as usize].total_cmp(&sizes[a as usize]));
        }
        Self {
            parents,
            children,
            top_down,
            sizes,
            leaves,
            apex,
            links: vec![Vec::new(); nodes],
        }
    }

    /// Tells all nodes between `node`, an ancestor that it has lost, and their lowest common
    /// ancestor that the two ends want to be near each other, in proportion to the subtree of `node`.
    fn link(&mut self, node: u32, lost: u32) {
        let weight = self.sizes[node as usize];
        let (up, down) = (self.path_up(node), self.path_up(lost));
        let common = up.iter().rev().zip(down.iter().rev());
        let shared = common.take_while(|(a, b)| a == b).count();
        for (path, other) in [(&up, lost), (&down, node)] {
            // From the node itself up to the child of the lowest common ancestor.
            let own = &path[..path.len() - shared];
            for pair in own.windows(2) {
                let child = pair[0];
                let seen_by = pair[1] as usize;
                self.links[seen_by].push(Link::Outward {
                    child,
                    other,
                    weight,
                });
            }
        }
        let ends = [&up, &down].map(|path| path.len().checked_sub(shared + 1));
        if let [Some(a), Some(b)] = ends {
            let children = [up[a], down[b]];
            let common = self.parents[children[0] as usize];
            self.links[common as usize].push(Link::Between { children, weight });
        }
    }

    /// A node, its parent, and so on up to the apex.
    fn path_up(&self, node: u32) -> Vec<u32> {
        let mut path = vec![node];
        let mut node = node;
        while node != self.apex {
            node = self.parents[node as usize];
            path.push(node);
        }
        path
    }

    /// With the apex, which may be a node of its own.
    pub(super) fn nodes(&self) -> usize {
        self.parents.len()
    }

    pub(super) fn apex(&self) -> u32 {
        self.apex
    }

    /// All nodes, parents before children.
    pub(super) fn top_down(&self) -> &[u32] {
        &self.top_down
    }

    pub(super) fn children(&self, node: u32) -> &[u32] {
        &self.children[node as usize]
    }

    /// The apex is its own parent.
    pub(super) fn parent(&self, node: u32) -> u32 {
        self.parents[node as usize]
    }

    /// How many leaves there are at and below a node.
    pub(super) fn leaves(&self, node: u32) -> f64 {
        self.leaves[node as usize]
    }

    /// What pulls at a node's children; `direction` tells where another node lies.
    pub(super) fn pulls(&self, node: u32, direction: impl Fn(u32) -> Vec<f64>) -> Pulls {
        let mut pulls = Pulls::default();
        let links = &self.links[node as usize];
        if links.is_empty() {
            return pulls;
        }
        let position = |child| {
            let mut children = self.children(node).iter();
            children.position(|&other| other == child)
        };
        for &link in links {
            match link {
                Link::Outward {
                    child,
                    other,
                    weight,
                } => {
                    if let Some(child) = position(child) {
                        pulls.outward.push((child, direction(other), weight));
                    }
                }
                Link::Between { children, weight } => {
                    if let [Some(a), Some(b)] = children.map(position) {
                        pulls.between.push((a, b, weight));
                    }
                }
            }
        }
        pulls
    }
}

/// The root, if there is one only; else a node after the last.
fn apex(ancestors: &[u32]) -> u32 {
    let mut roots = (0..).zip(ancestors).filter(|&(_, &count)| count == 0);
    match (roots.next(), roots.next()) {
        (Some((root, _)), None) => root,
        _ => ancestors.len() as u32,
    }
}
