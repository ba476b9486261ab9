//! Means over the neighbours of a graph's nodes.

use std::borrow::Borrow;

use tch::nn::Module;
use tch::{Device, Kind, Tensor};

use super::means::{scaled_back, time};
use super::{Coordinates, HyperbolicModel, Layer, Path};
use crate::graph::Graph;
use crate::numerics::{check_points, dot_keep, norm_keep, over_norm, special, sum_keep};
use crate::{Error, Result};

/// The edges of a graph with weights, as layers read them: node `to[e]` hears node `from[e]`.
#[derive(Debug)]
pub struct Adjacency {
    nodes: i64,
    /// `[E]`, i64
    to: Tensor,
    from: Tensor,
    /// `[E]`, f64
    weights: Tensor,
}

impl Clone for Adjacency {
    /// The clone shares the memory.
    fn clone(&self) -> Self {
        Self {
            nodes: self.nodes,
            to: self.to.shallow_clone(),
            from: self.from.shallow_clone(),
            weights: self.weights.shallow_clone(),
        }
    }
}

impl Adjacency {
    /// Edges `(to, from)` with weights ≥ 0; those of weight 0 are left out. A node without edges needs a self loop.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] if there is no node, an edge names one that does not exist, there is not
    /// one weight for each edge, a weight is negative or not finite, or the weights of a node add up to 0.
    pub fn new(nodes: usize, edges: &[(u32, u32)], weights: &[f64]) -> Result<Self> {
        const OP: &str = "Adjacency::new";
        if edges.len() != weights.len() || nodes == 0 {
            let expected = format!("a node at least, and {} weights", edges.len());
            let got = format!("{nodes} nodes and {} weights", weights.len());
            return Err(Error::invalid(OP, expected, got));
        }
        let mut sums = vec![0.0; nodes];
        for (&(to, from), &weight) in edges.iter().zip(weights) {
            if let Some(node) = [to, from].into_iter().find(|node| *node as usize >= nodes) {
                return Err(Error::invalid(OP, format!("nodes below {nodes}"), node));
            }
            if !(weight.is_finite() && weight >= 0.0) {
                return Err(Error::invalid(OP, "finite weights ≥ 0", weight));
            }
            sums[to as usize] += weight;
        }
        if let Some(node) = sums.iter().position(|sum| *sum == 0.0) {
            let expected = "a neighbour for each node, itself at least";
            return Err(Error::invalid(
                OP,
                expected,
                format!("none for node {node}"),
            ));
        }
        // Edges of weight 0 are none.
        let pairs = edges
            .iter()
            .zip(weights)
            .filter(|(_, weight)| **weight > 0.0);
        let (edges, weights): (Vec<(u32, u32)>, Vec<f64>) = pairs.map(|(e, w)| (*e, *w)).unzip();
        let column = |pick: fn(&(u32, u32)) -> u32| {
            let numbers: Vec<i64> = edges.iter().map(|edge| i64::from(pick(edge))).collect();
            Tensor::from_slice(&numbers)
        };
        Ok(Self {
            nodes: nodes as i64,
            to: column(|edge| edge.0),
            from: column(|edge| edge.1),
            weights: Tensor::from_slice(&weights),
        })
    }

    /// The edges of a graph in both directions, once each, and a self loop at each node, all of weight 1.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a graph without nodes.
    pub fn of_graph(graph: &Graph) -> Result<Self> {
        let nodes = graph.node_count();
        let both = graph.edges().iter().flat_map(|&(a, b)| [(a, b), (b, a)]);
        let loops = (0..nodes as u32).map(|node| (node, node));
        let mut edges: Vec<(u32, u32)> = both.chain(loops).collect();
        edges.sort_unstable();
        edges.dedup();
        let weights = vec![1.0; edges.len()];
        Self::new(nodes, &edges, &weights)
    }

    /// The weights wᵢⱼ/√(dᵢ dⱼ), d the sums of weights of the nodes (kipf2017).
    pub fn symmetrically_normalised(&self) -> Self {
        let root = self.sums(&self.weights).sqrt();
        let degree = |nodes: &Tensor| root.index_select(0, nodes);
        Self {
            weights: &self.weights / (degree(&self.to) * degree(&self.from)),
            ..self.clone()
        }
    }

    /// The weights wᵢⱼ/dᵢ, which add up to 1 at each node.
    pub fn normalised(&self) -> Self {
        let sums = self.sums(&self.weights);
        Self {
            weights: &self.weights / sums.index_select(0, &self.to),
            ..self.clone()
        }
    }

    /// The same edges on a device.
    pub fn to_device(&self, device: Device) -> Self {
        Self {
            nodes: self.nodes,
            to: self.to.to_device(device),
            from: self.from.to_device(device),
            weights: self.weights.to_device(device),
        }
    }

    /// The number of nodes.
    pub fn nodes(&self) -> i64 {
        self.nodes
    }

    /// The number of edges.
    pub fn edges(&self) -> i64 {
        self.to.size()[0]
    }

    /// Σ over the edges of each node, `[E, ..]` → `[nodes, ..]`.
    fn sums(&self, values: &Tensor) -> Tensor {
        let mut size = values.size();
        size[0] = self.nodes;
        let zeros = Tensor::zeros(size.as_slice(), (values.kind(), values.device()));
        zeros.index_add(0, &self.to, values)
    }

    /// The values at the ends of the edges that are heard, `[nodes, ..]` → `[E, ..]`.
    fn heard(&self, values: &Tensor) -> Tensor {
        values.index_select(0, &self.from)
    }
}

/// How the neighbours of a node become one point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Neighbours {
    /// Their weighted centroid (chen2022): Σ wⱼ xⱼ on the hyperboloid, scaled back to it. Factors
    /// of a node's weights have no effect.
    Centroid,
    /// exp₀(Σ wⱼ log₀ xⱼ) (chami2019, with the tangent space at the origin).
    Tangent,
    /// The centroid with weights wᵢⱼ e^{−β d(xᵢ, xⱼ)²}: attention of each node to the near ones
    /// (gulcehre2019, with squared distances). β = ln(1 + eᵘ) is learned as `u` `[]`.
    Attention,
}

/// The mean over neighbours: the second half of a graph convolution, after a linear layer.
///
/// # Shapes
///
/// Points `[nodes, coordinates]` → points `[nodes, coordinates]`. Memory and time are those of the edges, not
/// of all pairs.
///
/// # Accuracy
///
/// Far points in one direction keep their digits, but for what a rounding of their directions is worth:
/// e^ρ roundings at the distance ρ/√c, all digits at 36/√c. The time less the length of a sum is added up of
/// terms that are positive.
///
/// # Examples
///
/// A graph convolution:
///
/// ```
/// use holonomy::graph::Graph;
/// use holonomy::nn::{Adjacency, GraphAggregation, LorentzLinear, Neighbours};
/// use holonomy::tch::{Device, Kind, Tensor, nn::ModuleT};
/// use holonomy::{Lorentz, nn};
///
/// let path = Graph::new(vec!["a".into(), "b".into(), "c".into()], vec![(0, 1), (1, 2)], None)?;
/// let adjacency = Adjacency::of_graph(&path)?;
/// let store = nn::Store::new(Device::Cpu, Kind::Double)?;
/// let (p, mut rng) = (store.root(), holonomy::random::generator(1));
/// let space = Lorentz::new(4, -1.0)?;
/// let net = nn::chain()
///     .then(nn::Linear::new(&p / "in", 2, 4, &mut rng)?)?
///     .then(nn::Lift::new(&space))?
///     .then(LorentzLinear::new(&p / "l1", &space, &space, &mut rng)?)?
///     .then(GraphAggregation::new(&p / "a1", &space, &adjacency, Neighbours::Attention)?)?;
/// let x = Tensor::ones([3, 2], (Kind::Double, Device::Cpu));
/// assert_eq!(net.forward_t(&x, true).size(), [3, 5]);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug)]
pub struct GraphAggregation<M> {
    space: M,
    adjacency: Adjacency,
    neighbours: Neighbours,
    u: Option<Tensor>,
}

impl<M: HyperbolicModel> GraphAggregation<M> {
    /// A layer over a space and a graph. β starts at 1.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`] for a path that is taken.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        space: &M,
        adjacency: &Adjacency,
        neighbours: Neighbours,
    ) -> Result<Self> {
        let path = path.borrow();
        let start = Tensor::from(special::softplus_inverse(1.0));
        let u = match neighbours {
            Neighbours::Attention => Some(path.variable("u", &start)?),
            _ => None,
        };
        Ok(Self {
            space: space.clone(),
            adjacency: adjacency.clone(),
            neighbours,
            u,
        })
    }

    /// e^{−β d²} over the edges, times a factor for each node.
    fn attention(&self, edges: &Adjacency, x: &Tensor, u: &Tensor) -> Tensor {
        let heard = edges.heard(x);
        let square = self
            .space
            .dist(&x.index_select(0, &edges.to), &heard)
            .square();
        let beta = special::softplus(u);
        let logits = (-square * beta).to_kind(Kind::Double);
        // The nearest neighbour has weight 1, so that not all round to 0.
        let lowest = Tensor::full([edges.nodes], f64::NEG_INFINITY, (Kind::Double, x.device()));
        let top = lowest.index_reduce(0, &edges.to, &logits.detach(), "amax", true);
        (logits - top.index_select(0, &edges.to)).exp()
    }

    /// The centroid over the edges of each node, of spatial parts in f64.
    fn centroid(&self, edges: &Adjacency, s: &Tensor, weights: &Tensor) -> Tensor {
        let c = -self.space.kappa().tensor();
        // Their sum is 1, so that nothing overflows.
        let weights = weights / edges.sums(weights).index_select(0, &edges.to);
        let weights = weights.unsqueeze(-1);
        let length = norm_keep(s);
        let rest = (&c * (time(&c, &length) + &length)).reciprocal();
        let heard = edges.heard(s);
        let sum = edges.sums(&(&weights * &heard));
        let sum_length = norm_keep(&sum);
        // T − |S| = Σ w (t − |s| + |s| |ŝ − Ŝ|²/2). The direction of the sum does not move it.
        let direction = over_norm(&sum, &sum_length)
            .detach()
            .index_select(0, &edges.to);
        let heard_length = edges.heard(&length);
        let chord = sum_keep(&(over_norm(&heard, &heard_length) - &direction).square());
        // Without a direction of its own, at the origin or of a sum that cancels, a point has |s| − s·Ŝ.
        let has_direction = heard_length
            .gt(0.0)
            .logical_and(&sum_length.gt(0.0).index_select(0, &edges.to));
        let plain = &heard_length - dot_keep(&heard, &direction);
        let off = (&heard_length * chord / 2.0).where_self(&has_direction, &plain);
        let less = edges.sums(&(&weights * (edges.heard(&rest) + off)));
        scaled_back(&c, &sum, &sum_length, &less)
    }
}

impl<M: HyperbolicModel> Module for GraphAggregation<M> {
    /// # Panics
    ///
    /// Unless there is one point for each node.
    #[track_caller]
    fn forward(&self, x: &Tensor) -> Tensor {
        let (space, edges) = (&self.space, &self.adjacency.to_device(x.device()));
        let width = space.point_shape()[0];
        check_points("GraphAggregation::forward", width, &[x]);
        assert!(
            x.size() == [edges.nodes, width],
            "GraphAggregation::forward: expected points [{}, {width}], got {:?}",
            edges.nodes,
            x.size()
        );
        let kind = x.kind();
        if self.neighbours == Neighbours::Tangent {
            let tangents = space.log_at_origin(x);
            let weights = edges.weights.to_kind(kind).unsqueeze(-1);
            return space.exp_at_origin(&edges.sums(&(edges.heard(&tangents) * weights)));
        }
        let weights = match &self.u {
            Some(u) => &edges.weights * self.attention(edges, x, u),
            None => edges.weights.shallow_clone(),
        };
        let s = space.spatial(&x.to_kind(Kind::Double));
        space.with_exact_spatial(&self.centroid(edges, &s, &weights), kind)
    }
}

impl<M: HyperbolicModel> Layer for GraphAggregation<M> {
    fn takes(&self) -> Coordinates {
        self.space.coordinates()
    }

    fn gives(&self) -> Coordinates {
        self.space.coordinates()
    }
}
