//! A hierarchy as nested half-spaces: a start that needs little training.
//!
//! Let o be the origin and a point a lie at distance r from it. The points nearer to a than to o
//! form a half-space H_a; its boundary at infinity, seen from o, is the cap of directions within
//! an angle φ of the direction of a:
//!
//! ```text
//! cos φ = tanh(r/2),   r = −2 ln tan(φ/2)
//! ```
//!
//! Let the root be o, and let every node x lie in H_a exactly if a is an ancestor of x. Then every
//! ancestor is at most as far from x as the root, and every other node is farther. So all true
//! neighbours rank before all other nodes, and the mean rank and the mean average precision are 1.
//! The task is therefore to nest caps like the tree, with a parent's direction outside its
//! children's caps:
//!
//! ```text
//! child's direction   at the angle ψ = φ/(1 + a) from its parent's, on a ring
//! child's φ           aφ/(1 + a),  a = half the smallest distance of two unit vectors of the ring
//! ```
//!
//! With these angles the caps of siblings are disjoint and lie in their parent's cap. In n
//! dimensions a ring is a sphere of n − 2 dimensions, on which many unit vectors can be far apart.
//! A leaf has no children that need room; it lies at least 10 farther out than its parent. In two
//! dimensions a ring would be two points; there the caps are arcs, in proportion to the number of
//! leaves of their subtrees.
//!
//! A level takes at least 2 ln 2.1 = 1.5 of the radius of 31 that f64 allows, so that some twenty
//! levels fit. In a deeper hierarchy the rings are *turned*: they are orthogonal to the parent's
//! direction and to the steps that led to it and its nearest ancestors, as far as the number of
//! children leaves dimensions for this. The steps between a node and an ancestor then add up like
//! orthogonal vectors instead of parallel ones, and a level takes half as much:
//!
//! ```text
//! child's direction   at the angle ψ = φ/√(1 + a²) from its parent's, on the turned ring
//! child's φ           aφ/√(1 + a²)
//! ```
//!
//! Nodes with several parents cannot lie in all their ancestors' half-spaces. They are placed
//! below the parent with the most ancestors, and siblings are ordered so that branches that share
//! such nodes are adjacent. Training then has to move them only a little.

mod directions;
mod forest;

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::Tensor;

use self::directions::{arrange, dot, least_distance, spread, unit, without};
use self::forest::Forest;
use crate::embed::model::Model;
use crate::embed::model::table::{check_pairs, tensor_of};
use crate::random::mix;
use crate::{Error, Result};

const OP: &str = "nested_half_spaces";

/// The farthest that a node is put from the origin, so that f64 tells it from the boundary of the
/// ball. Hierarchies so deep or so wide that their caps would need more keep the directions, but
/// nodes beyond this distance are no longer in their order.
const LARGEST_RADIUS: f64 = 31.0;

/// How much farther from the origin than its parent a leaf lies at least.
const LEAF_STEP: f64 = 10.0;

/// The widest cap below the origin: wide caps leave their nodes near the origin, where distances are
/// not yet like those in a tree.
const WIDEST_CAP: f64 = 0.8;

/// The share of the free angle around a direction below the origin that its cap takes.
const CAP_SHARE: f64 = 0.76;

/// The largest a of the module's formulas: at 1 a child's cap would touch its parent.
const LARGEST_RATIO: f64 = 0.9;
const LARGEST_TURNED_RATIO: f64 = 0.95;

/// The share of nodes that may lie below a cap beyond [`LARGEST_RADIUS`] before rings are turned.
const MISPLACED: f64 = 0.01;

/// A turned ring keeps so many dimensions for few children, for more, and for many; rings of still
/// more children are not turned.
const FREE_FOR_FEW: usize = 4;
const FREE_FOR_MORE: (usize, usize) = (8, 7);
const FREE_FOR_MANY: (usize, usize) = (100, 8);

/// The part of a step that must be left across all others for a ring to be turned away from it.
const LEAST_ACROSS: f64 = 0.3;

/// In two dimensions, the part of an arc that children share, and the part in its middle, around
/// their parent, that they leave free.
const ARC_SHARED: f64 = 0.9;
const ARC_FREE: f64 = 0.05;

const SEED_STREAM: u64 = u64::MAX - 2;

/// Points for the nodes 0 … `nodes` − 1 of a hierarchy in which ancestors are nearer than all other
/// nodes: a start for training, or an embedding of its own.
///
/// The pairs are (node, ancestor), either the direct ones or all. Each node is placed inside the
/// half-spaces of its ancestors and outside all others:
///
/// ```text
/// x ∈ H_a = { x : d(x, a) < d(x, o) }   ⇔   a is an ancestor of x
/// ```
///
/// A single root is the origin o; of several roots none is. The equivalence is exact where every
/// node has one parent, and else holds for all but a few pairs. `seed` is for the directions in
/// three and more dimensions.
///
/// # Shapes
///
/// The result is `[nodes, dim]`, or `[nodes, dim + 1]` on the hyperboloid, in f64; curvature −1.
///
/// # Accuracy
///
/// The [`reconstruction`](crate::embed::reconstruction) of a tree has MAP 1 and mean rank 1 as long as
/// its caps fit: the distance of a node from the origin grows by up to 2 ln(1 + 1/a) for each
/// level, and is at most 31. Where the caps do not fit for more than 1 % of the nodes, rings are
/// turned if they then fit for more nodes. The nouns of WordNet 3.0 (82,115 nodes, 743,241 pairs,
/// 2 % of the nodes with several parents) have MAP 0.983 and mean rank 34 in ten dimensions,
/// without training, in a few seconds.
///
/// # Errors
///
/// [`Error::InvalidArgument`] for Euclidean space, fewer than two dimensions or nodes, no pairs, a
/// pair that is a node with itself or names a node that does not exist, and nodes that are
/// ancestors of each other.
///
/// # Examples
///
/// ```
/// use holonomy::embed::{Model, nested_half_spaces, reconstruction};
///
/// let pairs = [(1, 0), (2, 0), (3, 1), (4, 1), (3, 0), (4, 0)];
/// let points = nested_half_spaces(Model::Ball, 3, 5, &pairs, 0)?;
/// let score = reconstruction(Model::Ball, &points, &pairs)?;
/// assert_eq!((score.map, score.mean_rank), (1.0, 1.0));
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn nested_half_spaces(
    model: Model,
    dim: usize,
    nodes: usize,
    pairs: &[(u32, u32)],
    seed: u64,
) -> Result<Tensor> {
    if model == Model::Euclidean {
        return Err(Error::invalid(OP, "a hyperbolic model", model));
    }
    if dim < 2 {
        return Err(Error::invalid(OP, "at least two dimensions", dim));
    }
    check_pairs(OP, nodes, pairs)?;
    let forest = Forest::new(OP, nodes, pairs)?;
    let caps = if dim == 2 {
        Caps::on_circle(&forest)
    } else {
        Caps::on_spheres(&forest, dim, seed)
    };
    let mut rows = Vec::with_capacity(nodes * model.width(dim));
    for node in 0..nodes {
        push_point(model, caps.direction(node), caps.radius(node), &mut rows);
    }
    Ok(tensor_of(&rows, model.width(dim)))
}

/// Appends the point in this direction at this distance from the origin.
fn push_point(model: Model, direction: &[f64], radius: f64, rows: &mut Vec<f64>) {
    let scale = if model == Model::Lorentz {
        rows.push(radius.cosh());
        radius.sinh()
    } else {
        (0.5 * radius).tanh()
    };
    rows.extend(direction.iter().map(|x| scale * x));
}

/// The cap of every node of a forest, as its direction and angle.
struct Caps<'a> {
    forest: &'a Forest,
    dim: usize,
    /// One after the other; zero for the apex.
    directions: Vec<f64>,
    angles: Vec<f64>,
    placed: Vec<bool>,
    /// The steps from the parents' directions to those of the nodes, one after the other, where rings
    /// are turned.
    steps: Vec<f64>,
}

impl<'a> Caps<'a> {
    fn new(forest: &'a Forest, dim: usize) -> Self {
        let nodes = forest.nodes();
        let mut placed = vec![false; nodes];
        placed[forest.apex() as usize] = true;
        Self {
            forest,
            dim,
            directions: vec![0.0; nodes * dim],
            angles: vec![std::f64::consts::FRAC_PI_2; nodes],
            placed,
            steps: Vec::new(),
        }
    }

    fn on_circle(forest: &'a Forest) -> Self {
        let mut caps = Self::new(forest, 2);
        caps.place_on_circle();
        caps
    }

    /// On rings as they are, or on turned ones where more nodes fit so.
    fn on_spheres(forest: &'a Forest, dim: usize, seed: u64) -> Self {
        let placed = |turned: bool| {
            let mut caps = Self::new(forest, dim);
            if turned {
                caps.steps = vec![0.0; forest.nodes() * dim];
            }
            caps.place_on_spheres(seed);
            caps
        };
        let plain = placed(false);
        let misplaced = plain.misplaced();
        if misplaced <= MISPLACED * forest.nodes() as f64 {
            return plain;
        }
        let turned = placed(true);
        if turned.misplaced() < misplaced {
            turned
        } else {
            plain
        }
    }

    /// How many nodes lie below a cap that would have to be farther from the origin than any is put.
    fn misplaced(&self) -> f64 {
        let mut is_misplaced = vec![false; self.forest.nodes()];
        let mut count = 0.0;
        for &node in &self.forest.top_down()[1..] {
            let parent = self.forest.parent(node);
            let parent_fits = self.unbounded_radius(parent as usize) <= LARGEST_RADIUS;
            if is_misplaced[parent as usize] || !parent_fits {
                is_misplaced[node as usize] = true;
                count += 1.0;
            }
        }
        count
    }

    /// The distance from the origin that a cap's angle asks for.
    fn unbounded_radius(&self, node: usize) -> f64 {
        -2.0 * (0.5 * self.angles[node]).tan().ln()
    }

    fn direction(&self, node: usize) -> &[f64] {
        &self.directions[node * self.dim..(node + 1) * self.dim]
    }

    fn set(&mut self, node: u32, direction: &[f64], angle: f64) {
        let node = node as usize;
        self.directions[node * self.dim..(node + 1) * self.dim].copy_from_slice(direction);
        self.angles[node] = angle;
        self.placed[node] = true;
    }

    /// The distance of a node from the origin.
    fn radius(&self, node: usize) -> f64 {
        let forest = self.forest;
        if node == forest.apex() as usize {
            return 0.0;
        }
        let mut radius = self.unbounded_radius(node);
        if forest.children(node as u32).is_empty() {
            let parent = self.radius(forest.parent(node as u32) as usize);
            radius = radius.max(parent + LEAF_STEP);
        }
        radius.min(LARGEST_RADIUS)
    }

    fn place_on_spheres(&mut self, seed: u64) {
        let forest = self.forest;
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(mix(seed, SEED_STREAM));
        for &node in forest.top_down() {
            if !forest.children(node).is_empty() {
                self.place_children(node, &mut rng);
            }
        }
    }

    fn place_children(&mut self, node: u32, rng: &mut impl Rng) {
        let forest = self.forest;
        let children = forest.children(node);
        let is_apex = node == forest.apex();
        let axis = self.direction(node as usize).to_vec();
        let axes = self.axes(node);
        let is_turned = axes.len() > 1;
        let mut ring = spread(children.len(), &axes, self.dim, rng);
        let pulls = forest.pulls(node, |other| self.pull(&axis, other));
        arrange(&mut ring, &pulls, rng);

        let has_children = |&&child: &&u32| !forest.children(child).is_empty();
        let inner = children.iter().take_while(has_children).count();
        let free = self.dim - axes.len().max(1);
        let ratio = 0.5 * least_distance(&ring, inner, free);
        let leaf_ratio = 0.5 * least_distance(&ring, children.len(), free);
        let largest = if is_turned {
            LARGEST_TURNED_RATIO
        } else {
            LARGEST_RATIO
        };
        let angle = self.angles[node as usize];
        let bounded = ratio.min(largest);
        let offset = match (is_apex, is_turned) {
            (true, _) => angle,
            (false, false) => angle / (1.0 + bounded),
            (false, true) => angle / (1.0 + bounded * bounded).sqrt(),
        };
        let cap = |ratio: f64| {
            if is_apex {
                WIDEST_CAP.min(CAP_SHARE * ratio.min(1.0).asin())
            } else {
                offset * ratio.min(largest)
            }
        };
        let caps = [cap(ratio), cap(leaf_ratio)];
        let (sin, cos) = offset.sin_cos();
        for (index, (&child, around)) in children.iter().zip(&ring).enumerate() {
            let mut direction: Vec<f64> = axis
                .iter()
                .zip(around)
                .map(|(along, across)| cos * along + sin * across)
                .collect();
            unit(&mut direction);
            self.set(child, &direction, caps[usize::from(index >= inner)]);
            self.set_step(child, around);
        }
    }

    fn set_step(&mut self, node: u32, step: &[f64]) {
        if !self.steps.is_empty() {
            let start = node as usize * self.dim;
            self.steps[start..start + self.dim].copy_from_slice(step);
        }
    }

    /// What the ring of a node's children lies across, orthonormal: the node's direction and, where
    /// rings are turned, the steps to it and to its next ancestors. Nothing for the apex.
    fn axes(&self, node: u32) -> Vec<Vec<f64>> {
        let mut axes = Vec::new();
        let apex = self.forest.apex();
        if node == apex {
            return axes;
        }
        axes.push(self.direction(node as usize).to_vec());
        if self.steps.is_empty() {
            return axes;
        }
        let most = self.dim - free_dimensions(self.forest.children(node).len(), self.dim);
        let mut reached = node;
        while axes.len() < most && reached != apex {
            let start = reached as usize * self.dim;
            let mut step = self.steps[start..start + self.dim].to_vec();
            for axis in &axes {
                without(&mut step, axis);
            }
            if dot(&step, &step).sqrt() > LEAST_ACROSS {
                unit(&mut step);
                axes.push(step);
            }
            reached = self.forest.parent(reached);
        }
        axes
    }

    /// The direction, seen from `axis`, of the lowest ancestor of `other` that has its place.
    fn pull(&self, axis: &[f64], other: u32) -> Vec<f64> {
        let mut node = other;
        while !self.placed[node as usize] {
            node = self.forest.parent(node);
        }
        let target = self.direction(node as usize);
        let along = dot(axis, target);
        let mut across: Vec<f64> = target
            .iter()
            .zip(axis)
            .map(|(t, a)| t - along * a)
            .collect();
        unit(&mut across);
        across
    }

    /// Gives each node an arc within its parent's, as long as its subtree has leaves: left or right
    /// of the parent's own direction, which stays free.
    fn place_on_circle(&mut self) {
        use std::f64::consts::PI;
        let forest = self.forest;
        let mut middles = vec![PI; forest.nodes()];
        for &node in forest.top_down() {
            let children = forest.children(node);
            let middle = middles[node as usize];
            let angle = self.angles[node as usize];
            let arcs = if node == forest.apex() {
                vec![(0.0, 2.0 * PI, children.to_vec())]
            } else {
                let [left, right] = halves(forest, children);
                vec![
                    (middle - ARC_SHARED * angle, middle - ARC_FREE * angle, left),
                    (
                        middle + ARC_FREE * angle,
                        middle + ARC_SHARED * angle,
                        right,
                    ),
                ]
            };
            for (start, end, children) in arcs {
                let leaves: f64 = children.iter().map(|&child| forest.leaves(child)).sum();
                let mut from = start;
                for child in children {
                    let length = (end - start) * forest.leaves(child) / leaves;
                    let middle = from + 0.5 * length;
                    middles[child as usize] = middle;
                    let cap = WIDEST_CAP.min(0.5 * ARC_SHARED * length);
                    self.set(child, &[middle.cos(), middle.sin()], cap);
                    from += length;
                }
            }
        }
    }
}

/// How many dimensions a turned ring of so many children keeps, of all but its node's direction.
fn free_dimensions(children: usize, dim: usize) -> usize {
    let wanted = match children {
        few if few <= FREE_FOR_FEW => few,
        more if more <= FREE_FOR_MORE.0 => FREE_FOR_MORE.1,
        many if many <= FREE_FOR_MANY.0 => FREE_FOR_MANY.1,
        _ => dim,
    };
    wanted.min(dim - 1)
}

/// Two groups of children with about as many leaves.
fn halves(forest: &Forest, children: &[u32]) -> [Vec<u32>; 2] {
    let mut groups = [Vec::new(), Vec::new()];
    let mut leaves = [0.0; 2];
    for &child in children {
        let lighter = usize::from(leaves[1] < leaves[0]);
        leaves[lighter] += forest.leaves(child);
        groups[lighter].push(child);
    }
    groups
}
