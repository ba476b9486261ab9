//! Distances composed along the paths of the tree, in f64.
//!
//! Seen from a node, the source of a walk lies at a distance r in a direction n. One edge further,
//! hyperbolic trigonometry gives both anew. With c = ⟨n, e⟩ for the direction e of the edge,
//! m = n − c·e, its length ℓ, s = e^−2r and q = e^−2ℓ:
//!
//! ```text
//! X = 2(s − q) + (1 − s)(1 + q)(1 − c)       Y = 2e^−ℓ(1 − s) m       H = √(X² + |Y|²)
//! r' = asinh(H e^(r+ℓ)/4) = r + ℓ + ln(H/2) for large r'                n' = (X, Y)/H
//! ```
//!
//! where X counts in the direction back. 1 − c is |m|²/(1 + c) for c > 0. Nothing grows with r and
//! nothing nearly equal is subtracted, whatever the lengths are.

use super::tree::RootedTree;

/// From this distance on, e^−2r and 1/(4 sinh² r) are below the last bit.
const FAR: f64 = 20.0;

/// Above this, e^x overflows or nearly does.
const LARGEST_EXPONENT: f64 = 700.0;

/// An edge, as it leaves the frame of the upper node and enters that of the lower one.
///
/// The isometry between the frames is the translation along the edge, followed by the reflection
/// that takes its direction back, −e, to e₁.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge<const D: usize> {
    length: f64,
    /// 1 − e^−2ℓ
    one_minus_q: f64,
    /// 2e^−ℓ
    decay: f64,
    direction: [f64; D],
    /// eᵢ/(1 + e₁), 0 for i = 1.
    tilt: [f64; D],
}

impl<const D: usize> Edge<D> {
    pub(super) fn new(length: f64, direction: &[f64]) -> Self {
        let mut padded = [0.0; D];
        padded[..direction.len()].copy_from_slice(direction);
        Self {
            length,
            one_minus_q: -(-2.0 * length).exp_m1(),
            decay: 2.0 * (-length).exp(),
            direction: padded,
            tilt: tilt(&padded),
        }
    }

    /// The first component of a vector at right angles to the edge.
    ///
    /// Where the edge nearly leads straight on, this component is small and the tilt makes it large. The difference that
    /// it was found as has then lost its digits, so it is found from the others.
    #[inline(always)]
    fn leading(&self, across: &[f64; D]) -> f64 {
        let first = self.direction[0];
        if first > -0.5 {
            return across[0];
        }
        let others = across.iter().zip(&self.direction).skip(1);
        -others.map(|(y, e)| y * e).sum::<f64>() / first
    }
}

fn tilt<const D: usize>(direction: &[f64; D]) -> [f64; D] {
    let across: f64 = direction[1..].iter().map(|x| x * x).sum();
    let bottom = match direction[0] {
        first if first < 0.0 => across / (1.0 - first),
        first => 1.0 + first,
    };
    let mut tilt = [0.0; D];
    if bottom > 0.0 {
        for (tilt, x) in tilt.iter_mut().zip(direction).skip(1) {
            *tilt = x / bottom;
        }
    }
    tilt
}

/// Where the source of a walk lies, seen from some node.
#[derive(Debug, Clone, Copy)]
struct View<const D: usize> {
    distance: f64,
    direction: [f64; D],
}

impl<const D: usize> View<D> {
    /// From the source itself.
    const HERE: Self = Self {
        distance: 0.0,
        direction: [0.0; D],
    };

    /// From the lower end of an edge, given from the upper.
    #[inline(always)]
    fn down(&self, edge: &Edge<D>) -> Self {
        let n = &self.direction;
        if self.distance == 0.0 {
            return Self {
                distance: edge.length,
                direction: first(),
            };
        }
        let cosine: f64 = n.iter().zip(&edge.direction).map(|(n, e)| n * e).sum();
        let mut across = [0.0; D];
        for axis in 0..D {
            across[axis] = n[axis] - cosine * edge.direction[axis];
        }
        let (distance, back, mut direction) = along(self.distance, cosine, &across, edge);
        let leading = edge.leading(&direction);
        // The first component is replaced anyway, and its tilt is 0.
        for (x, tilt) in direction.iter_mut().zip(&edge.tilt) {
            *x -= tilt * leading;
        }
        direction[0] = back;
        Self {
            distance,
            direction,
        }
    }

    /// From the upper end of an edge, given from the lower.
    fn up(&self, edge: &Edge<D>) -> Self {
        if self.distance == 0.0 {
            return Self {
                distance: edge.length,
                direction: edge.direction,
            };
        }
        let mut across = self.direction;
        across[0] = 0.0;
        let (distance, back, moved) = along(self.distance, self.direction[0], &across, edge);
        let tilted: f64 = moved.iter().zip(&edge.direction).map(|(y, e)| y * e).sum();
        let mut direction = [0.0; D];
        for axis in 1..D {
            direction[axis] = back * edge.direction[axis] + moved[axis] - edge.tilt[axis] * tilted;
        }
        direction[0] = back * edge.direction[0] - tilted;
        Self {
            distance,
            direction,
        }
    }
}

fn first<const D: usize>() -> [f64; D] {
    let mut direction = [0.0; D];
    direction[0] = 1.0;
    direction
}

/// The step of the module's page: r', the part of n' in the direction back, and the rest of it.
#[inline(always)]
fn along<const D: usize>(
    distance: f64,
    cosine: f64,
    across: &[f64; D],
    edge: &Edge<D>,
) -> (f64, f64, [f64; D]) {
    let one_minus_s = if distance < FAR {
        -(-2.0 * distance).exp_m1()
    } else {
        1.0
    };
    let squared: f64 = across.iter().map(|x| x * x).sum();
    let one_minus_cosine = if cosine > 0.0 {
        squared / (1.0 + cosine)
    } else {
        1.0 - cosine
    };
    let back = 2.0 * (edge.one_minus_q - one_minus_s)
        + one_minus_s * (2.0 - edge.one_minus_q) * one_minus_cosine;
    let shrink = edge.decay * one_minus_s;
    let length = (back * back + shrink * shrink * squared).sqrt();
    let sum = distance + edge.length;
    if length == 0.0 {
        return (0.0, 1.0, [0.0; D]);
    }
    let mut result = sum + (0.5 * length).ln();
    if result < FAR && sum < LARGEST_EXPONENT {
        result = (0.25 * length * sum.exp()).asinh();
    }
    let mut moved = [0.0; D];
    for (moved, x) in moved.iter_mut().zip(across) {
        *moved = shrink * x / length;
    }
    (result.max(0.0), back / length, moved)
}

/// Distances from one place after another: called with the place and room for the distances of all
/// places, by place.
pub(super) type Walker<'a> = Box<dyn FnMut(usize, &mut [f64]) + 'a>;

/// The edges of a tree in some number of dimensions, above every place; that of the root is not used.
pub(super) trait Edges: std::fmt::Debug + Send + Sync {
    /// Walks from one source after another, each in time proportional to the tree.
    fn walker<'a>(&'a self, tree: &'a RootedTree) -> Walker<'a>;

    /// The distance between two places, in time proportional to the path.
    fn distance(&self, tree: &RootedTree, from: usize, to: usize) -> f64;
}

/// The edges with these lengths and directions, by place.
pub(super) fn edges(dim: usize, lengths: &[f64], directions: &[&[f64]]) -> Box<dyn Edges> {
    // Coordinates that are 0 change nothing; with few different widths each gets its own code.
    match dim {
        0..=2 => padded::<2>(lengths, directions),
        3..=4 => padded::<4>(lengths, directions),
        5..=8 => padded::<8>(lengths, directions),
        9..=16 => padded::<16>(lengths, directions),
        17..=32 => padded::<32>(lengths, directions),
        _ => padded::<{ super::LARGEST_DIM }>(lengths, directions),
    }
}

fn padded<const D: usize>(lengths: &[f64], directions: &[&[f64]]) -> Box<dyn Edges> {
    let ends = lengths.iter().zip(directions);
    Box::new(
        ends.map(|(&length, direction)| Edge::<D>::new(length, direction))
            .collect::<Vec<_>>(),
    )
}

impl<const D: usize> Edges for Vec<Edge<D>> {
    fn walker<'a>(&'a self, tree: &'a RootedTree) -> Walker<'a> {
        let mut views = vec![View::HERE; self.len()];
        Box::new(move |source, distances| {
            // Up to the root; all other places are then seen from their parents.
            views[source] = View::HERE;
            let mut place = source;
            let mut path = vec![source];
            while let Some(parent) = tree.parent(place) {
                views[parent] = views[place].up(&self[place]);
                path.push(parent);
                place = parent;
            }
            for (place, edge) in self.iter().enumerate() {
                if path.last() == Some(&place) {
                    path.pop();
                } else if let Some(parent) = tree.parent(place) {
                    views[place] = views[parent].down(edge);
                }
                distances[place] = views[place].distance;
            }
        })
    }

    fn distance(&self, tree: &RootedTree, from: usize, to: usize) -> f64 {
        let mut view = View::HERE;
        let (mut upper, mut lower) = (from, to);
        let mut descent = Vec::new();
        // Of two different places, the later one is not above the other.
        while upper != lower {
            if upper > lower {
                view = view.up(&self[upper]);
                upper = tree.parent(upper).unwrap_or(lower);
            } else {
                descent.push(lower);
                lower = tree.parent(lower).unwrap_or(upper);
            }
        }
        let end = descent
            .iter()
            .rev()
            .fold(view, |view, &place| view.down(&self[place]));
        end.distance
    }
}
