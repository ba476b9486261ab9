//! Unit vectors far from each other: where the edges of a node leave.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_3, TAU};

/// Halvings of the interval in which the angle of a layered code is sought.
const HALVINGS: usize = 48;

/// Directions on the sphere of unit vectors, and the smallest angle between two of them.
#[derive(Debug, Clone)]
pub(super) struct Directions {
    /// One after the other; the first is e₁.
    pub(super) vectors: Vec<Vec<f64>>,
    /// 2π for fewer than two.
    pub(super) angle: f64,
}

/// `count` directions in `dim` dimensions, by the best of the constructions of the module's page.
pub(super) fn spread(count: usize, dim: usize) -> Directions {
    if dim == 2 || count <= 2 {
        return circle(count, dim);
    }
    if count <= dim + 1 {
        return simplex(count, dim);
    }
    if count <= 2 * dim {
        return measured(cross(count, dim), FRAC_PI_2);
    }
    let layered = layered(count, dim);
    if count <= 2 * dim * (dim - 1) && layered.angle < FRAC_PI_3 {
        return measured(roots(count, dim), FRAC_PI_3);
    }
    match binary(count, dim) {
        Some(code) if code.angle > layered.angle => code,
        _ => layered,
    }
}

fn measured(vectors: Vec<Vec<f64>>, angle: f64) -> Directions {
    let vectors = turned(vectors);
    Directions { vectors, angle }
}

/// Evenly spaced in the plane of e₁ and e₂.
fn circle(count: usize, dim: usize) -> Directions {
    let angle = TAU / count.max(1) as f64;
    let vector = |index: usize| {
        let (sin, cos) = exact_sin_cos(index, count);
        let mut vector = vec![0.0; dim];
        vector[0] = cos;
        vector[1] = sin;
        vector
    };
    let vectors = (0..count).map(vector).collect();
    Directions { vectors, angle }
}

/// Sine and cosine of 2π·index/count, exact on the axes.
fn exact_sin_cos(index: usize, count: usize) -> (f64, f64) {
    // Quarter turns and what is left of them, as a fraction of 4·count.
    let quarters = 4 * index / count;
    let rest = (4 * index - quarters * count) as f64 / count as f64;
    let (sin, cos) = (rest * FRAC_PI_2).sin_cos();
    match quarters {
        0 => (sin, cos),
        1 => (cos, -sin),
        2 => (-sin, -cos),
        _ => (-cos, sin),
    }
}

/// Corners of a regular simplex in the first count − 1 dimensions: the widest angles there are.
fn simplex(count: usize, dim: usize) -> Directions {
    let cosine = -1.0 / (count as f64 - 1.0);
    let mut vectors: Vec<Vec<f64>> = Vec::with_capacity(count);
    for index in 0..count {
        // Each has the product `cosine` with all before it, and unit length.
        let mut vector = vec![0.0; dim];
        for (axis, other) in vectors.iter().enumerate() {
            let product: f64 = (0..axis).map(|i| vector[i] * other[i]).sum();
            vector[axis] = (cosine - product) / other[axis];
        }
        if index + 1 < count {
            let left: f64 = 1.0 - vector.iter().map(|x| x * x).sum::<f64>();
            vector[index] = left.max(0.0).sqrt();
        }
        vectors.push(vector);
    }
    Directions {
        vectors,
        angle: cosine.acos(),
    }
}

/// ±eᵢ: the widest angles for more than dim + 1 and up to 2·dim.
fn cross(count: usize, dim: usize) -> Vec<Vec<f64>> {
    let vector = |index: usize| {
        let mut vector = vec![0.0; dim];
        vector[index / 2] = if index.is_multiple_of(2) { 1.0 } else { -1.0 };
        vector
    };
    (0..count).map(vector).collect()
}

/// (±eᵢ ± eⱼ)/√2, i < j: all at 60° or more.
fn roots(count: usize, dim: usize) -> Vec<Vec<f64>> {
    let pairs = (0..dim).flat_map(|i| (i + 1..dim).map(move |j| (i, j)));
    let signed = pairs.flat_map(|pair| {
        [(1.0, 1.0), (-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0)].map(|signs| (pair, signs))
    });
    let vector = |((i, j), (a, b)): ((usize, usize), (f64, f64))| {
        let mut vector = vec![0.0; dim];
        vector[i] = a * std::f64::consts::FRAC_1_SQRT_2;
        vector[j] = b * std::f64::consts::FRAC_1_SQRT_2;
        vector
    };
    signed.take(count).map(vector).collect()
}

/// Corners of the cube, (±1, …, ±1)/√dim, whose signs are the words of a binary code of the largest
/// distance with enough words: greedily chosen in the order of the numbers, which gives linear codes.
fn binary(count: usize, dim: usize) -> Option<Directions> {
    /// Greedy codes of longer words take too long to find; their first coordinates do as well.
    const LONGEST: usize = 16;
    let length = dim.min(LONGEST);
    if count > 1 << length {
        return None;
    }
    let (words, distance) = (1..=length as u32)
        .rev()
        .find_map(|distance| Some((greedy_code(count, length, distance)?, distance)))?;
    let size = 1.0 / (dim as f64).sqrt();
    let sign = |word: u32, bit: usize| {
        if bit < length && word >> bit & 1 == 1 {
            -size
        } else {
            size
        }
    };
    let vectors = words
        .iter()
        .map(|&word| (0..dim).map(|bit| sign(word, bit)).collect());
    let angle = (1.0 - 2.0 * f64::from(distance) / dim as f64).acos();
    Some(measured(vectors.collect(), angle))
}

/// The first `count` words of the greedy code with this distance, if it has so many.
fn greedy_code(count: usize, length: usize, distance: u32) -> Option<Vec<u32>> {
    // A greedy code is closed under exclusive or: it is spanned by the first word of each length.
    let mut words = vec![0_u32];
    for word in 1..1_u32 << length {
        if words.len() >= count {
            break;
        }
        if words
            .iter()
            .all(|other| (word ^ other).count_ones() >= distance)
        {
            let sums: Vec<u32> = words.iter().map(|other| other ^ word).collect();
            words.extend(sums);
        }
    }
    words.truncate(count);
    (words.len() == count).then_some(words)
}

/// Layers of constant latitude around e₁, each a code on a smaller sphere; the widest angle for
/// which there are enough.
fn layered(count: usize, dim: usize) -> Directions {
    let (mut low, mut high) = (0.0, FRAC_PI_2);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if layer_count(dim, middle, count) >= count {
            low = middle;
        } else {
            high = middle;
        }
    }
    let mut vectors = Vec::with_capacity(count);
    fill_layers(dim, low, count, &mut vectors);
    Directions {
        vectors,
        angle: low,
    }
}

/// The latitudes of a layered code, and the angle that its layers need within their own spheres;
/// `None` for a pole.
fn latitudes(angle: f64) -> impl Iterator<Item = (f64, Option<f64>)> {
    let layers = (std::f64::consts::PI / angle).floor() as usize;
    (0..=layers).map(move |layer| {
        let latitude = layer as f64 * angle;
        // Two vectors of a layer at the angle a within it are 2·sin(latitude)·sin(a/2) apart.
        let ratio = (0.5 * angle).sin() / latitude.sin();
        let own = (layer > 0 && ratio <= 1.0).then(|| 2.0 * ratio.asin());
        (latitude, own)
    })
}

/// How many vectors a layered code has, at most `enough`.
fn layer_count(dim: usize, angle: f64, enough: usize) -> usize {
    if dim == 2 {
        return on_circle(angle).min(enough);
    }
    let mut count = 0;
    for (_, own) in latitudes(angle) {
        count += own.map_or(1, |own| layer_count(dim - 1, own, enough - count));
        if count >= enough {
            return enough;
        }
    }
    count
}

fn on_circle(angle: f64) -> usize {
    // Rounding must not cost the last of vectors that just fit.
    ((TAU / angle) * (1.0 + 4.0 * f64::EPSILON))
        .floor()
        .max(1.0) as usize
}

fn fill_layers(dim: usize, angle: f64, count: usize, vectors: &mut Vec<Vec<f64>>) {
    if dim == 2 {
        let fitting = on_circle(angle);
        vectors.extend(circle(fitting, 2).vectors.into_iter().take(count));
        return;
    }
    let mut left = count;
    for (latitude, own) in latitudes(angle) {
        if left == 0 {
            return;
        }
        let mut ring = Vec::new();
        match own {
            Some(own) => fill_layers(dim - 1, own, left, &mut ring),
            None => ring.push(vec![0.0; dim - 1]),
        }
        left -= ring.len();
        let (sin, cos) = latitude.sin_cos();
        vectors.extend(ring.into_iter().map(|around| {
            let cos = if own.is_none() { cos.signum() } else { cos };
            std::iter::once(cos)
                .chain(around.iter().map(|x| sin * x))
                .collect()
        }));
    }
}

/// The vectors reflected so that the first is e₁.
fn turned(mut vectors: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let Some(mut mirror) = vectors.first().cloned() else {
        return vectors;
    };
    mirror[0] -= 1.0;
    let squared: f64 = mirror.iter().map(|x| x * x).sum();
    if squared == 0.0 {
        return vectors;
    }
    for vector in &mut vectors {
        let along: f64 = vector.iter().zip(&mirror).map(|(x, m)| x * m).sum();
        for (x, m) in vector.iter_mut().zip(&mirror) {
            *x -= 2.0 * along / squared * m;
        }
    }
    vectors
}
