//! The logarithm of the Stiefel manifold: shooting, on eight pairs at a time.
//!
//! Every geodesic is an orbit of the rotations of ℝⁿ and ℝᵏ: in an orthonormal basis \[p Q\] of the
//! span of p and q, of h = k + r coordinates,
//!
//! ```text
//! exp_p(pA + QB) = [p Q] e^X [1; 0] e^Y,  X = [2βA, −Bᵀ; B, 0],  Y = (1 − 2β) A.
//! ```
//!
//! The rotations e^−X and e^−Y are isometries that take the end of the geodesic back to p, and the
//! target with it. What is left to it, e^−X [pᵀq; Qᵀq] e^−Y − [1; 0], is the *miss*; its tangent
//! part corrects A and B, by the first terms of the derivative of the exponential of X and Y, and
//! Anderson's mixing of the last corrections makes of it a quasi-Newton method. Unlike the
//! difference of the points, a miss that is brought back so does not shrink at right angles.
//!
//! # References
//!
//! zimmermann2022 (shooting, and the metrics as one family); anderson1965; walker2011.

use crate::manifolds::frames::fused::add_scaled;
use crate::numerics::double_double::Real;
use crate::numerics::wide::exponential::Exponential;
use crate::numerics::wide::factor::orthonormalise;
use crate::numerics::wide::matrix::{Matrix, Onto, times, transposed_times};
use crate::numerics::wide::{Wide, for_each_processor};

/// Steps after which a pair counts as not solved.
pub(super) const MOST_STEPS: usize = 200;

/// The corrections that Anderson's mixing remembers.
const MEMORY: usize = 12;

/// The length of a step in the coordinates, or this part of the length of the first guess.
const LONGEST_STEP: f64 = 0.5;
const LONGEST_STEP_OF_WHOLE: f64 = 0.25;

/// A miss above this counts as a chord, not as its tangent part.
const LARGE_MISS: f64 = 0.5;

/// A miss above this with a tangent part of 0 is that of another end than the target: p S for a
/// symmetric S.
const SAME_END: f64 = 0.1;

/// Steps in a row that bring nothing, after which a miss that is nearly rounding counts as such.
const MOST_STALLS: f64 = 2.0;

/// The part of the length below which a miss that does not shrink any more is rounding, in h
/// coordinates.
pub(super) fn rounding(h: usize) -> f64 {
    64.0 * h as f64 * f64::EPSILON
}

/// The coordinates of the pair: an orthonormal basis [p Q] and \[pᵀq − 1; Qᵀq\] in it.
struct Frame {
    k: usize,
    r: usize,
    basis: Matrix,
    square: Matrix,
    along: Matrix,
    across: Matrix,
    left: Matrix,
    rest: Matrix,
    target: Matrix,
}

impl Frame {
    fn new(n: usize, k: usize) -> Self {
        let r = k.min(n - k);
        let whole = if r < k { n } else { 0 };
        Self {
            k,
            r,
            basis: Matrix::zeros(n, r),
            square: Matrix::zeros(whole, whole),
            along: Matrix::zeros(k, k),
            across: Matrix::zeros(n, k),
            left: Matrix::zeros(k, k),
            rest: Matrix::zeros(r, k),
            target: Matrix::zeros(k + r, k),
        }
    }

    fn set(&mut self, p: &Matrix, q: &Matrix) {
        // q − p is exact for near points.
        self.across.copy_from(q);
        add_scaled(p, -1.0, &mut self.across);
        transposed_times(p, &self.across, Onto::Nothing, &mut self.along);
        times(p, &self.along, Onto::Minus, &mut self.across);
        transposed_times(p, &self.across, Onto::Nothing, &mut self.left);
        times(p, &self.left, Onto::Minus, &mut self.across);
        add_scaled(&self.left, 1.0, &mut self.along);
        self.set_basis(p);
        let split = self.k * self.k;
        self.target.data[..split].copy_from_slice(&self.along.data);
        self.target.data[split..].copy_from_slice(&self.rest.data);
    }

    /// An orthonormal basis that the part of q across p lies in, and its coordinates.
    fn set_basis(&mut self, p: &Matrix) {
        if self.r == self.k {
            self.basis.copy_from(&self.across);
            orthonormalise(&mut self.basis, &mut self.rest);
            return;
        }
        // Of all that is orthogonal to p: where columns of zeros follow, the factor Q goes on.
        let (n, k) = (p.rows, self.k);
        self.square.data.fill(Wide::ZERO);
        for i in 0..n {
            for j in 0..k {
                self.square[(i, j)] = p[(i, j)];
            }
        }
        let mut upper = Matrix::zeros(n, n);
        orthonormalise(&mut self.square, &mut upper);
        for i in 0..n {
            for j in 0..self.r {
                self.basis[(i, j)] = self.square[(i, k + j)];
            }
        }
        transposed_times(&self.basis, &self.across, Onto::Nothing, &mut self.rest);
    }
}

/// The miss of a velocity, and the correction that it asks for.
struct Shot {
    k: usize,
    beta: f64,
    generator: Matrix,
    turn: Matrix,
    turned: Matrix,
    column: Matrix,
    small_turned: Matrix,
    miss: Matrix,
    step: Matrix,
    brackets: [Matrix; 4],
    small_brackets: [Matrix; 4],
    large: Exponential,
    small: Exponential,
}

impl Shot {
    fn new(k: usize, r: usize, beta: f64) -> Self {
        let h = k + r;
        Self {
            k,
            beta,
            generator: Matrix::zeros(h, h),
            turn: Matrix::zeros(k, k),
            turned: Matrix::zeros(h, h),
            column: Matrix::zeros(h, k),
            small_turned: Matrix::zeros(k, k),
            miss: Matrix::zeros(h, k),
            step: Matrix::zeros(h, k),
            brackets: [(); 4].map(|()| Matrix::zeros(h, h)),
            small_brackets: [(); 4].map(|()| Matrix::zeros(k, k)),
            large: Exponential::new(h),
            small: Exponential::new(k),
        }
    }

    /// Sets `miss` for the velocity [A; B], and `step` to its tangent part.
    fn fire(&mut self, velocity: &Matrix, target: &Matrix) {
        set_generator(velocity, -2.0 * self.beta, -1.0, &mut self.generator);
        self.large.minus_one(&self.generator, &mut self.turned);
        // (1 + E)(J + T) − J = E J + T + E T for the first columns J of 1.
        copy_columns(&self.turned, &mut self.miss);
        add_scaled(target, 1.0, &mut self.miss);
        times(&self.turned, target, Onto::Plus, &mut self.miss);
        if !self.is_canonical() {
            set_top(velocity, 2.0 * self.beta - 1.0, &mut self.turn);
            self.small.minus_one(&self.turn, &mut self.small_turned);
            self.column.copy_from(&self.miss);
            for i in 0..self.k {
                self.column[(i, i)] += Wide::ONE;
            }
            times(&self.column, &self.small_turned, Onto::Plus, &mut self.miss);
        }
        self.step.copy_from(&self.miss);
        skew_top(&mut self.step);
    }

    /// Makes `step`, of this length, as long as the miss where that is large: a chord grows up to a
    /// half turn, where its tangent part shrinks again from a right angle on.
    fn lengthen(&mut self, tangent: Wide, miss: Wide) {
        let longer = tangent.if_above(Wide::ZERO, miss / tangent, Wide::ONE);
        let factor = miss.if_above(Wide::splat(LARGE_MISS), longer, Wide::ONE);
        for entry in &mut self.step.data {
            *entry = *entry * factor;
        }
    }

    /// Applies the inverse of the derivative of the exponentials to `step`, to third order: with
    /// d(e^X) = e^X (dX − [X, dX]/2 + [X, [X, dX]]/6 − …), twice by fixed point.
    fn correct(&mut self, velocity: &Matrix) {
        set_generator(velocity, 2.0 * self.beta, 1.0, &mut self.generator);
        set_top(velocity, 1.0 - 2.0 * self.beta, &mut self.turn);
        self.column.copy_from(&self.step);
        for _ in 0..2 {
            set_generator(&self.step, 2.0 * self.beta, 1.0, &mut self.brackets[0]);
            nest_brackets(&self.generator, &mut self.brackets);
            if !self.is_canonical() {
                set_top(
                    &self.step,
                    1.0 - 2.0 * self.beta,
                    &mut self.small_brackets[0],
                );
                nest_brackets(&self.turn, &mut self.small_brackets);
            }
            self.step.copy_from(&self.column);
            add_brackets(
                &self.brackets,
                [0.5, -1.0 / 6.0, 1.0 / 24.0],
                &mut self.step,
            );
            if !self.is_canonical() {
                let terms = [-0.5, -1.0 / 6.0, -1.0 / 24.0];
                add_brackets(&self.small_brackets, terms, &mut self.step);
            }
            skew_top(&mut self.step);
        }
    }

    fn is_canonical(&self) -> bool {
        self.beta == 0.5
    }
}

/// Of terms b₀, …, b₃ the last three as [x, b₀], [x, [x, b₀]], …
fn nest_brackets(x: &Matrix, terms: &mut [Matrix; 4]) {
    for i in 1..terms.len() {
        let (known, rest) = terms.split_at_mut(i);
        times(x, &known[i - 1], Onto::Nothing, &mut rest[0]);
        // [x, b] = xb − (xb)ᵀ for skew-symmetric x and b.
        subtract_transpose(&mut rest[0]);
    }
}

for_each_processor! {
    /// The skew-symmetric [c A, −d Bᵀ; d B, 0] of [A; B].
    fn set_generator(velocity: &Matrix, c: f64, d: f64, out: &mut Matrix) {
        let k = velocity.cols;
        for i in 0..out.rows {
            for j in 0..out.rows {
                out[(i, j)] = if i < k && j < k {
                    velocity[(i, j)] * Wide::splat(c)
                } else if j < k {
                    velocity[(i, j)] * Wide::splat(d)
                } else if i < k {
                    velocity[(j, i)] * Wide::splat(-d)
                } else {
                    Wide::ZERO
                };
            }
        }
    }

    /// c A of [A; B].
    fn set_top(velocity: &Matrix, c: f64, out: &mut Matrix) {
        for (out, &a) in out.data.iter_mut().zip(&velocity.data) {
            *out = a * Wide::splat(c);
        }
    }

    fn copy_columns(from: &Matrix, out: &mut Matrix) {
        for i in 0..out.rows {
            for j in 0..out.cols {
                out[(i, j)] = from[(i, j)];
            }
        }
    }

    /// Replaces A of [A; B] by its skew-symmetric part.
    fn skew_top(a: &mut Matrix) {
        for i in 0..a.cols {
            a[(i, i)] = Wide::ZERO;
            for j in 0..i {
                let half = (a[(i, j)] - a[(j, i)]) * Wide::splat(0.5);
                a[(i, j)] = half;
                a[(j, i)] = -half;
            }
        }
    }

    fn subtract_transpose(a: &mut Matrix) {
        for i in 0..a.rows {
            a[(i, i)] = Wide::ZERO;
            for j in 0..i {
                let difference = a[(i, j)] - a[(j, i)];
                a[(i, j)] = difference;
                a[(j, i)] = -difference;
            }
        }
    }

    /// Adds the first columns of multiples of the last three terms.
    fn add_brackets(terms: &[Matrix; 4], factors: [f64; 3], out: &mut Matrix) {
        for (term, factor) in terms[1..].iter().zip(factors) {
            for i in 0..term.rows {
                for j in 0..out.cols {
                    out[(i, j)] = term[(i, j)].mul_add(Wide::splat(factor), out[(i, j)]);
                }
            }
        }
    }
}

/// Anderson's mixing: steps to where the last corrections, extended linearly, would vanish.
struct Mixing {
    /// Changes of the velocity and of the correction, as columns, the latest first.
    moves: Matrix,
    changes: Matrix,
    factor: Matrix,
    upper: Matrix,
    weights: Vec<Wide>,
    last_velocity: Matrix,
    last_step: Matrix,
    /// Corrections that are remembered, counted from the last start.
    known: Wide,
}

impl Mixing {
    fn new(h: usize, k: usize) -> Self {
        let size = h * k;
        let memory = MEMORY.min(size);
        Self {
            moves: Matrix::zeros(size, memory),
            changes: Matrix::zeros(size, memory),
            factor: Matrix::zeros(size, memory),
            upper: Matrix::zeros(memory, memory),
            weights: vec![Wide::ZERO; memory],
            last_velocity: Matrix::zeros(h, k),
            last_step: Matrix::zeros(h, k),
            known: Wide::ZERO,
        }
    }

    fn forget(&mut self) {
        self.moves.data.fill(Wide::ZERO);
        self.changes.data.fill(Wide::ZERO);
        self.known = Wide::ZERO;
    }

    /// Takes in a velocity and its correction; where the correction has more than doubled, goes
    /// back to the velocity before and forgets the others.
    fn remember(&mut self, velocity: &mut Matrix, step: &mut Matrix) {
        let now = step.norm_squared();
        let bound = self.last_step.norm_squared() * Wide::splat(4.0);
        let worse = now.if_above(bound, Wide::ONE, Wide::ZERO);
        let worse = self.known.if_above(Wide::ONE, worse, Wide::ZERO);
        shift(
            &mut self.moves,
            velocity,
            &self.last_velocity,
            worse,
            self.known,
        );
        shift(&mut self.changes, step, &self.last_step, worse, self.known);
        select(worse, &self.last_velocity, velocity);
        select(worse, &self.last_step, step);
        let back = worse.if_above(Wide::ZERO, Wide::ZERO, self.known);
        self.known = back + Wide::ONE;
        self.last_velocity.copy_from(velocity);
        self.last_step.copy_from(step);
    }

    /// Replaces the correction by the mixed one.
    fn mix(&mut self, step: &mut Matrix) {
        self.factor.copy_from(&self.changes);
        orthonormalise(&mut self.factor, &mut self.upper);
        least_squares(&self.factor, &self.upper, step, &mut self.weights);
        subtract_mixed(&self.moves, &self.changes, &self.weights, step);
    }
}

for_each_processor! {
    /// Moves the columns on by one and puts `now − before` first: zeros where `now` is worse, which
    /// clears the others too, or where nothing came before.
    fn shift(columns: &mut Matrix, now: &Matrix, before: &Matrix, worse: Wide, known: Wide) {
        let width = columns.cols;
        for (i, row) in columns.data.chunks_exact_mut(width).enumerate() {
            for j in (1..width).rev() {
                row[j] = worse.if_above(Wide::ZERO, Wide::ZERO, row[j - 1]);
            }
            let difference = worse.if_above(Wide::ZERO, Wide::ZERO, now.data[i] - before.data[i]);
            row[0] = known.if_above(Wide::ZERO, difference, Wide::ZERO);
        }
    }

    /// `other` where the mask is set.
    fn select(mask: Wide, other: &Matrix, out: &mut Matrix) {
        for (out, &other) in out.data.iter_mut().zip(&other.data) {
            *out = mask.if_above(Wide::ZERO, other, *out);
        }
    }

    /// The weights of the columns Q R that add up to the vector as nearly as they can; 0 for columns
    /// that those before them span.
    fn least_squares(q: &Matrix, r: &Matrix, vector: &Matrix, weights: &mut [Wide]) {
        const SPANNED: f64 = 1e-10;
        let width = r.cols;
        weights.fill(Wide::ZERO);
        for (row, &x) in q.data.chunks_exact(width).zip(&vector.data) {
            for (weight, &q) in weights.iter_mut().zip(row) {
                *weight = q.mul_add(x, *weight);
            }
        }
        for j in (0..width).rev() {
            let (mut sum, mut length) = (weights[j], Wide::ZERO);
            for l in j + 1..width {
                sum = (-r[(j, l)]).mul_add(weights[l], sum);
            }
            for i in 0..=j {
                length = r[(i, j)].mul_add(r[(i, j)], length);
            }
            let bound = length.sqrt() * Wide::splat(SPANNED);
            let safe = r[(j, j)].if_above(bound, r[(j, j)], Wide::ONE);
            weights[j] = r[(j, j)].if_above(bound, sum / safe, Wide::ZERO);
        }
    }

    /// `step −= (moves + changes) weights`
    fn subtract_mixed(moves: &Matrix, changes: &Matrix, weights: &[Wide], step: &mut Matrix) {
        let width = weights.len();
        let rows = moves.data.chunks_exact(width).zip(changes.data.chunks_exact(width));
        for (out, (moves, changes)) in step.data.iter_mut().zip(rows) {
            for j in 0..width {
                *out = (-(moves[j] + changes[j])).mul_add(weights[j], *out);
            }
        }
    }

    /// `velocity += step`, shortened to a length, where the mask is not set.
    fn advance(step: &Matrix, longest: Wide, done: Wide, velocity: &mut Matrix) {
        let length = step.norm_squared().sqrt();
        let shortened = length.if_above(longest, longest / length, Wide::ONE);
        let factor = done.if_above(Wide::ZERO, Wide::ZERO, shortened);
        for (v, &step) in velocity.data.iter_mut().zip(&step.data) {
            // Not a multiple: what is done may stand beside what is not finite.
            let moved = step.mul_add(factor, *v);
            *v = done.if_above(Wide::ZERO, *v, moved);
        }
    }
}

/// How the iteration stands, lane by lane.
struct Progress {
    done: Wide,
    /// The least miss so far, its velocity, and the steps made.
    least: Wide,
    best: Matrix,
    steps: Wide,
    /// Steps since the miss was last a tenth less than ever before.
    stalls: Wide,
}

impl Progress {
    /// Notes a miss; the iteration ends where it is a rounding of the velocity, or nearly that and
    /// shrinks no more. At another end than the target no step leads on: it ends there too.
    fn note(&mut self, velocity: &Matrix, tangent: Wide, miss: Wide) {
        let size = velocity.norm_squared().sqrt();
        let wrong_end = miss.if_above(Wide::splat(SAME_END), miss, Wide::ZERO);
        let residual = tangent + wrong_end;
        let hoped_for = self.least * Wide::splat(0.9);
        let stalls = self.stalls + Wide::ONE;
        self.stalls = hoped_for.if_above(residual, Wide::ZERO, stalls);
        let stuck = self
            .stalls
            .if_above(Wide::splat(MOST_STALLS), Wide::ONE, Wide::ZERO);
        let nearly = size * Wide::splat(rounding(velocity.rows));
        let ended = residual.if_above(nearly, Wide::ZERO, stuck);
        let stopped = tangent.if_above(size * Wide::splat(f64::EPSILON), ended, Wide::ONE);
        let better = self.least.if_above(residual, Wide::ONE, Wide::ZERO);
        let better = self.done.if_above(Wide::ZERO, Wide::ZERO, better);
        select(better, velocity, &mut self.best);
        self.least = better.if_above(Wide::ZERO, residual, self.least);
        self.steps += Wide::ONE - self.done;
        self.done = self.done.max(stopped);
    }
}

/// log_p q as n × k, and \[steps, miss/length\].
pub(super) fn log(n: usize, k: usize, beta: f64) -> impl FnMut(&[Matrix; 2], &mut [Matrix; 2]) {
    let mut frame = Frame::new(n, k);
    let r = frame.r;
    let mut shot = Shot::new(k, r, beta);
    let mut mixing = Mixing::new(k + r, k);
    let mut velocity = Matrix::zeros(k + r, k);
    let mut progress = Progress {
        done: Wide::ZERO,
        least: Wide::ZERO,
        best: Matrix::zeros(k + r, k),
        steps: Wide::ZERO,
        stalls: Wide::ZERO,
    };
    let (mut top, mut bottom) = (Matrix::zeros(k, k), Matrix::zeros(r, k));
    move |[p, q], [out, report]| {
        frame.set(p, q);
        velocity.copy_from(&frame.target);
        skew_top(&mut velocity);
        let whole = velocity.norm_squared().sqrt() * Wide::splat(LONGEST_STEP_OF_WHOLE);
        let longest = whole.max(Wide::splat(LONGEST_STEP));
        mixing.forget();
        progress.done = Wide::ZERO;
        progress.steps = Wide::ZERO;
        progress.stalls = Wide::ZERO;
        progress.least = Wide::splat(f64::INFINITY);
        progress.best.copy_from(&velocity);
        for _ in 0..MOST_STEPS {
            shot.fire(&velocity, &frame.target);
            let tangent = shot.step.norm_squared().sqrt();
            let miss = shot.miss.norm_squared().sqrt();
            progress.note(&velocity, tangent, miss);
            if !Wide::ONE.any_above(progress.done) {
                break;
            }
            shot.lengthen(tangent, miss);
            shot.correct(&velocity);
            mixing.remember(&mut velocity, &mut shot.step);
            mixing.mix(&mut shot.step);
            advance(&shot.step, longest, progress.done, &mut velocity);
            skew_top(&mut velocity);
        }
        let split = k * k;
        top.data.copy_from_slice(&progress.best.data[..split]);
        bottom.data.copy_from_slice(&progress.best.data[split..]);
        times(p, &top, Onto::Nothing, out);
        times(&frame.basis, &bottom, Onto::Plus, out);
        let length = progress.best.norm_squared().sqrt();
        report[(0, 0)] = progress.steps;
        report[(0, 1)] = progress.least / length.max(Wide::splat(f64::MIN_POSITIVE));
    }
}
