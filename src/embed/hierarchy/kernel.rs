//! The arithmetic of one training pair on the CPU, eight candidates at a time.
//!
//! A pair is a source x and its candidates y: the true neighbour first, then the negatives. The
//! candidates' coordinates lie in a *tile*, eight to a block, so that every operation below acts on
//! eight of them at once. For all three models a candidate moves along δ = y − x and y,
//! `y ← y + a δ + b y`, and the source by an exponential map along a sum of δ and a multiple of x.

pub(in crate::embed) const LANES: usize = 8;

/// One number for each candidate of a block.
pub(in crate::embed) type Lanes = [f64; LANES];

/// The smallest 1 − |x|² that a point of the ball may have: hyperbolic radius 31.9.
///
/// A step that would go nearer to the boundary, where f64 no longer tells points from the boundary
/// itself, stops here. A row that is read while another thread writes it may lie outside the ball;
/// it is taken to be here too.
pub(super) const BALL_EDGE: f64 = 5.684_341_886_080_802e-14; // 2⁻⁴⁴

/// `a·b + c`, fused where the processor does that at full speed.
#[inline(always)]
pub(super) fn mul_add<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
pub(super) fn lanes(f: impl Fn(usize) -> f64) -> Lanes {
    let mut out = [0.0; LANES];
    for (lane, value) in out.iter_mut().enumerate() {
        *value = f(lane);
    }
    out
}

/// How often [`tanh`] must double its argument for arguments up to `bound`.
pub(super) fn tanh_doublings(bound: f64) -> u32 {
    bound.log2().ceil().clamp(0.0, 16.0) as u32
}

/// tanh in each lane, within 2 units in the last place for |x| ≤ 2^doublings.
///
/// The ninth convergent of `x/(1 + x²/(3 + x²/(5 + …)))` is exact to rounding for |x| ≤ 1; larger
/// arguments are halved and `tanh 2x = 2 tanh x / (1 + tanh² x)` undoes it.
#[inline(always)]
pub(super) fn tanh<const FMA: bool>(x: &Lanes, doublings: u32) -> Lanes {
    let shrink = 1.0 / f64::from(1_u32 << doublings);
    let mut result = lanes(|i| {
        let x = x[i] * shrink;
        let z = x * x;
        let top = mul_add::<FMA>(z + 990.0, z, 135_135.0);
        let top = mul_add::<FMA>(mul_add::<FMA>(top, z, 4_729_725.0), z, 34_459_425.0);
        let bottom = mul_add::<FMA>(mul_add::<FMA>(45.0, z, 13_860.0), z, 945_945.0);
        let bottom = mul_add::<FMA>(mul_add::<FMA>(bottom, z, 16_216_200.0), z, 34_459_425.0);
        x * top / bottom
    });
    for _ in 0..doublings {
        result = lanes(|i| 2.0 * result[i] / mul_add::<FMA>(result[i], result[i], 1.0));
    }
    result
}

/// What a space has to tell about a source and its candidates.
pub(super) trait Geometry {
    /// Columns of a row that come before its coordinates: the time of the hyperboloid.
    const TIME_COLUMNS: usize;

    /// What is computed once for the source.
    type Source: Copy;

    /// What is kept of a block of candidates until they move.
    type Block: Copy + Default;

    fn source(x: &[f64]) -> Self::Source;

    /// The block, and e^(−dist) of each candidate (or dist itself, if it cannot be had without a
    /// call of `exp`; then [`Geometry::likeness`] makes the difference good).
    fn measure<const FMA: bool>(
        source: &Self::Source,
        x: &[f64],
        tile: &[Lanes],
    ) -> (Self::Block, Lanes);

    /// Turns what [`Geometry::measure`] gave into a common multiple of e^(−dist).
    fn likeness(_measured: &mut [Lanes]) {}

    /// a and b of the candidates' move `y + a δ + b y` by the signed length `along` in the
    /// direction in which the distance grows.
    fn candidate_move<const FMA: bool>(
        source: &Self::Source,
        block: &Self::Block,
        along: &Lanes,
        doublings: u32,
    ) -> (Lanes, Lanes);

    /// a and b of the tangent `a δ + b x` at the source, of signed length `along`, in the direction
    /// in which the distance grows.
    fn source_pull(source: &Self::Source, block: &Self::Block, along: &Lanes) -> (Lanes, Lanes);

    /// Moves the source along the sum of its pulls.
    fn move_source(source: &Self::Source, x: &mut [f64], tangent: &[f64]);

    /// A factor that brings a new point with this squared norm back into the space.
    #[inline(always)]
    fn hold(_squared_norm: f64) -> f64 {
        1.0
    }
}

/// Euclidean space with its distance |δ|.
pub(super) struct Flat;

impl Geometry for Flat {
    const TIME_COLUMNS: usize = 0;
    type Source = ();
    type Block = Lanes;

    fn source(_x: &[f64]) {}

    #[inline(always)]
    fn measure<const FMA: bool>((): &(), x: &[f64], tile: &[Lanes]) -> (Lanes, Lanes) {
        let mut squared = [0.0; LANES];
        for (&x, y) in x.iter().zip(tile) {
            for i in 0..LANES {
                let delta = y[i] - x;
                squared[i] = mul_add::<FMA>(delta, delta, squared[i]);
            }
        }
        let dist = lanes(|i| squared[i].sqrt());
        (lanes(|i| inverse_or_zero(dist[i])), dist)
    }

    fn likeness(measured: &mut [Lanes]) {
        let nearest = measured
            .iter()
            .flatten()
            .copied()
            .fold(f64::INFINITY, f64::min);
        for dist in measured.iter_mut().flatten() {
            *dist = (nearest - *dist).exp();
        }
    }

    #[inline(always)]
    fn candidate_move<const FMA: bool>(
        (): &(),
        inverse_dist: &Lanes,
        along: &Lanes,
        _doublings: u32,
    ) -> (Lanes, Lanes) {
        (lanes(|i| along[i] * inverse_dist[i]), [0.0; LANES])
    }

    #[inline(always)]
    fn source_pull((): &(), inverse_dist: &Lanes, along: &Lanes) -> (Lanes, Lanes) {
        (lanes(|i| -along[i] * inverse_dist[i]), [0.0; LANES])
    }

    fn move_source((): &(), x: &mut [f64], tangent: &[f64]) {
        for (x, t) in x.iter_mut().zip(tangent) {
            *x += t;
        }
    }
}

/// The Poincaré ball of curvature −1, with α = 1 − |·|²:
///
/// ```text
/// den    = α_x α_y + |δ|²
/// e^−d   = α_x α_y / (|δ| + √den)²
/// grad_y = (α_y δ + |δ|² y) / (|δ| √den)       direction of growing distance, Euclidean length 1
/// grad_x = (−α_x δ + |δ|² x) / (|δ| √den)
/// exp_y  = y + α_y (t + |t|² y) / (1 + 2⟨y,t⟩ + |y|²|t|²),   t = tanh(length/2) · direction
/// ```
///
/// where ⟨y, grad_y⟩ needs no dot product, because 2⟨δ,y⟩ = α_x − α_y + |δ|².
pub(super) struct Ball;

#[derive(Clone, Copy, Default)]
pub(super) struct BallBlock {
    alpha: Lanes,
    squared: Lanes,
    inverse: Lanes,
}

const LARGEST_SQUARED_NORM: f64 = 1.0 - BALL_EDGE;

/// Kept out of the loop over candidates: hardly any needs it.
#[cold]
fn factor_to_edge(squared_norm: f64) -> f64 {
    (LARGEST_SQUARED_NORM / squared_norm).sqrt()
}

/// 1.5 · 2²⁶: adding and subtracting it rounds a number below 1 to a multiple of 2⁻²⁶.
const TO_GRID: f64 = 100_663_296.0;

/// The squares of one coordinate's grid part, whose sum is exact, and the rest.
#[inline(always)]
fn split_square<const FMA: bool>(x: f64, exact: f64, rest: f64) -> (f64, f64) {
    let on_grid = (x + TO_GRID) - TO_GRID;
    let exact = mul_add::<FMA>(on_grid, on_grid, exact);
    (exact, mul_add::<FMA>(x - on_grid, x + on_grid, rest))
}

/// 1 − |x|² from the parts that [`split_square`] summed. NaN stays NaN.
#[inline(always)]
fn alpha_from(exact: f64, rest: f64) -> f64 {
    let alpha = (1.0 - exact) - rest;
    if alpha < BALL_EDGE { BALL_EDGE } else { alpha }
}

/// 1 − |x|² with its digits kept near the boundary.
pub(in crate::embed) fn ball_alpha(x: &[f64]) -> f64 {
    let (exact, rest) = x.iter().fold((0.0, 0.0), |(exact, rest), &x| {
        split_square::<false>(x, exact, rest)
    });
    alpha_from(exact, rest)
}

#[inline(always)]
fn inverse_or_zero(x: f64) -> f64 {
    let inverse = 1.0 / if x == 0.0 { 1.0 } else { x };
    if x == 0.0 { 0.0 } else { inverse }
}

impl Geometry for Ball {
    const TIME_COLUMNS: usize = 0;
    type Source = f64;
    type Block = BallBlock;

    fn source(x: &[f64]) -> f64 {
        ball_alpha(x)
    }

    #[inline(always)]
    fn measure<const FMA: bool>(&alpha_x: &f64, x: &[f64], tile: &[Lanes]) -> (BallBlock, Lanes) {
        let mut squared = [0.0; LANES];
        let mut exact = [0.0; LANES];
        let mut rest = [0.0; LANES];
        for (&x, y) in x.iter().zip(tile) {
            for i in 0..LANES {
                let delta = y[i] - x;
                squared[i] = mul_add::<FMA>(delta, delta, squared[i]);
                (exact[i], rest[i]) = split_square::<FMA>(y[i], exact[i], rest[i]);
            }
        }
        let alpha = lanes(|i| alpha_from(exact[i], rest[i]));
        let product = lanes(|i| alpha_x * alpha[i]);
        let length = lanes(|i| squared[i].sqrt());
        let root = lanes(|i| (product[i] + squared[i]).sqrt());
        let inverse = lanes(|i| inverse_or_zero(length[i] * root[i]));
        let likeness = lanes(|i| {
            let sum = length[i] + root[i];
            product[i] / (sum * sum)
        });
        let block = BallBlock {
            alpha,
            squared,
            inverse,
        };
        (block, likeness)
    }

    #[inline(always)]
    fn candidate_move<const FMA: bool>(
        &alpha_x: &f64,
        block: &BallBlock,
        along: &Lanes,
        doublings: u32,
    ) -> (Lanes, Lanes) {
        let t = tanh::<FMA>(&lanes(|i| 0.5 * along[i]), doublings);
        let scale = lanes(|i| t[i] * block.inverse[i]);
        // Where x = y there is no direction: the point stays.
        let t = lanes(|i| if block.inverse[i] == 0.0 { 0.0 } else { t[i] });
        // Step by step over all lanes: longer closures are not compiled to vector instructions.
        let (alpha, squared) = (&block.alpha, &block.squared);
        let twice_delta_y = lanes(|i| alpha_x - alpha[i] + squared[i]);
        let y_squared = lanes(|i| 1.0 - alpha[i]);
        let y_direction = lanes(|i| 0.5 * alpha[i] * twice_delta_y[i]);
        let y_direction = lanes(|i| mul_add::<FMA>(squared[i], y_squared[i], y_direction[i]));
        let t_squared = lanes(|i| t[i] * t[i]);
        let divisor = lanes(|i| mul_add::<FMA>(y_squared[i], t_squared[i], 1.0));
        let twice_scale = lanes(|i| 2.0 * scale[i]);
        let divisor = lanes(|i| mul_add::<FMA>(twice_scale[i], y_direction[i], divisor[i]));
        let factor = lanes(|i| alpha[i] / divisor[i]);
        let a = lanes(|i| factor[i] * scale[i] * alpha[i]);
        let along_y = lanes(|i| mul_add::<FMA>(scale[i], squared[i], t_squared[i]));
        let b = lanes(|i| factor[i] * along_y[i]);
        (a, b)
    }

    #[inline(always)]
    fn source_pull(&alpha_x: &f64, block: &BallBlock, along: &Lanes) -> (Lanes, Lanes) {
        let half = lanes(|i| 0.5 * along[i] * block.inverse[i]);
        (
            lanes(|i| -alpha_x * half[i]),
            lanes(|i| block.squared[i] * half[i]),
        )
    }

    fn move_source(&alpha: &f64, x: &mut [f64], tangent: &[f64]) {
        let length = dot(tangent, tangent).sqrt();
        if length == 0.0 {
            return;
        }
        let t = length.tanh();
        let scale = t / length;
        let x_t = scale * dot(x, tangent);
        let factor = alpha / (1.0 + 2.0 * x_t + (1.0 - alpha) * t * t);
        for (x, tangent) in x.iter_mut().zip(tangent) {
            *x += factor * (scale * tangent + t * t * *x);
        }
    }

    #[inline(always)]
    fn hold(squared_norm: f64) -> f64 {
        if squared_norm > LARGEST_SQUARED_NORM {
            factor_to_edge(squared_norm)
        } else {
            1.0
        }
    }
}

/// The hyperboloid of curvature −1 in its spatial coordinates; time is √(1 + |·|²).
///
/// ```text
/// sinhΔ  = ⟨δ, x + y⟩ / (|y| x₀ + |x| y₀)
/// s      = sinh²(d/2) = sinh²Δ / (2 (1 + √(1 + sinh²Δ))) + |x||y| |ŷ − x̂|² / 4
/// e^−d   = 1 / (√s + √(1 + s))²
/// grad_y = (δ + 2 s y) / sinh d,   grad_x = (−δ + 2 s x) / sinh d,   sinh d = 2 √s √(1 + s)
/// exp_y  = cosh(length) y + sinh(length) · direction
/// ```
pub(super) struct Hyperboloid;

#[derive(Clone, Copy)]
pub(super) struct HyperboloidSource {
    norm: f64,
    time: f64,
}

#[derive(Clone, Copy, Default)]
pub(super) struct HyperboloidBlock {
    s: Lanes,
    inverse: Lanes,
}

impl Geometry for Hyperboloid {
    const TIME_COLUMNS: usize = 1;
    type Source = HyperboloidSource;
    type Block = HyperboloidBlock;

    fn source(x: &[f64]) -> HyperboloidSource {
        let squared = dot(x, x);
        HyperboloidSource {
            norm: squared.sqrt(),
            time: (1.0 + squared).sqrt(),
        }
    }

    #[inline(always)]
    fn measure<const FMA: bool>(
        source: &HyperboloidSource,
        x: &[f64],
        tile: &[Lanes],
    ) -> (HyperboloidBlock, Lanes) {
        let mut squared = [0.0; LANES];
        let mut delta_sum = [0.0; LANES];
        for (&x, y) in x.iter().zip(tile) {
            for i in 0..LANES {
                squared[i] = mul_add::<FMA>(y[i], y[i], squared[i]);
                delta_sum[i] = mul_add::<FMA>(y[i] - x, y[i] + x, delta_sum[i]);
            }
        }
        let norm = lanes(|i| squared[i].sqrt());
        let time = lanes(|i| (1.0 + squared[i]).sqrt());
        let norm_difference = lanes(|i| delta_sum[i] * inverse_or_zero(source.norm + norm[i]));
        let across = across_squared::<FMA>(source.norm, &norm, &norm_difference, x, tile);
        let s = lanes(|i| {
            let scale = mul_add::<FMA>(norm[i], source.time, source.norm * time[i]);
            let sinh = delta_sum[i] * inverse_or_zero(scale);
            let sinh_squared = sinh * sinh;
            let radial = sinh_squared / (2.0 * (1.0 + (1.0 + sinh_squared).sqrt()));
            mul_add::<FMA>(0.25, across[i], radial)
        });
        let root = lanes(|i| s[i].sqrt());
        let root_next = lanes(|i| (1.0 + s[i]).sqrt());
        let inverse = lanes(|i| inverse_or_zero(2.0 * root[i] * root_next[i]));
        let likeness = lanes(|i| {
            let sum = root[i] + root_next[i];
            1.0 / (sum * sum)
        });
        (HyperboloidBlock { s, inverse }, likeness)
    }

    #[inline(always)]
    fn candidate_move<const FMA: bool>(
        _source: &HyperboloidSource,
        block: &HyperboloidBlock,
        along: &Lanes,
        doublings: u32,
    ) -> (Lanes, Lanes) {
        let t = tanh::<FMA>(&lanes(|i| 0.5 * along[i]), doublings);
        let t = lanes(|i| if block.inverse[i] == 0.0 { 0.0 } else { t[i] });
        let double = lanes(|i| 2.0 * t[i] / (1.0 - t[i] * t[i]));
        let a = lanes(|i| double[i] * block.inverse[i]);
        let b = lanes(|i| mul_add::<FMA>(2.0 * block.s[i], a[i], double[i] * t[i]));
        (a, b)
    }

    #[inline(always)]
    fn source_pull(
        _source: &HyperboloidSource,
        block: &HyperboloidBlock,
        along: &Lanes,
    ) -> (Lanes, Lanes) {
        let scaled = lanes(|i| along[i] * block.inverse[i]);
        (
            lanes(|i| -scaled[i]),
            lanes(|i| 2.0 * block.s[i] * scaled[i]),
        )
    }

    fn move_source(source: &HyperboloidSource, x: &mut [f64], tangent: &[f64]) {
        let length = tangent_norm(source, x, tangent);
        if length == 0.0 {
            return;
        }
        let (cosh, sinh_ratio) = (length.cosh(), length.sinh() / length);
        for (x, tangent) in x.iter_mut().zip(tangent) {
            *x = cosh * *x + sinh_ratio * tangent;
        }
    }
}

/// |x||y| |ŷ − x̂|², 0 if one of them is 0: the direction of the shorter one is followed, so that
/// nothing larger than the result is subtracted.
#[inline(always)]
fn across_squared<const FMA: bool>(
    norm_x: f64,
    norm_y: &Lanes,
    norm_difference: &Lanes,
    x: &[f64],
    tile: &[Lanes],
) -> Lanes {
    let along_x = lanes(|i| {
        if norm_x <= norm_y[i] {
            norm_difference[i] * inverse_or_zero(norm_x)
        } else {
            0.0
        }
    });
    let along_y = lanes(|i| {
        if norm_x <= norm_y[i] {
            0.0
        } else {
            norm_difference[i] * inverse_or_zero(norm_y[i])
        }
    });
    let mut squared = [0.0; LANES];
    for (&x, y) in x.iter().zip(tile) {
        for i in 0..LANES {
            let radial = mul_add::<FMA>(along_x[i], x, along_y[i] * y[i]);
            let across = (y[i] - x) - radial;
            squared[i] = mul_add::<FMA>(across, across, squared[i]);
        }
    }
    lanes(|i| {
        let (short, long) = if norm_x <= norm_y[i] {
            (norm_x, norm_y[i])
        } else {
            (norm_y[i], norm_x)
        };
        squared[i] * short * inverse_or_zero(long)
    })
}

/// The length of a tangent given by its spatial part, from its parts across and along x.
fn tangent_norm(source: &HyperboloidSource, x: &[f64], tangent: &[f64]) -> f64 {
    if source.norm == 0.0 {
        return dot(tangent, tangent).sqrt();
    }
    let along = dot(x, tangent) / source.norm;
    let per_x = along / source.norm;
    let across: f64 = x
        .iter()
        .zip(tangent)
        .map(|(x, t)| (t - per_x * x).powi(2))
        .sum();
    (across + (along / source.time).powi(2)).sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
