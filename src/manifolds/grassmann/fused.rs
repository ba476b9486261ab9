//! The Grassmannian's operations on eight pairs of frames at a time.

use crate::manifolds::frames::fused::{Polish, column_lengths, subtract};
use crate::manifolds::frames::series::{angle_over_sine, at_numbers};
use crate::numerics::wide::factor::orthonormalise;
use crate::numerics::wide::jacobi::{diagonalise, orthogonalise_columns};
use crate::numerics::wide::matrix::{
    Matrix, Onto, gram, times, times_transposed, transposed_times,
};
use crate::numerics::wide::{Wide, for_each_processor};

/// What two subspaces have to do with each other: with C = pᵀq = V cos Θ Zᵀ and
/// R = q − pC = U sin Θ Zᵀ, where q − p, exact for near points, replaces q.
struct Pair {
    /// C, then V cos Θ.
    cosines: Matrix,
    /// R.
    across: Matrix,
    /// Z.
    turn: Matrix,
    /// cos Θ.
    lengths: Vec<Wide>,
}

impl Pair {
    fn new(n: usize, k: usize) -> Self {
        Self {
            cosines: Matrix::zeros(k, k),
            across: Matrix::zeros(n, k),
            turn: Matrix::zeros(k, k),
            lengths: vec![Wide::ZERO; k],
        }
    }

    /// R, and C in `cosines`.
    fn relate(&mut self, p: &Matrix, q: &Matrix) {
        subtract(q, p, &mut self.across);
        transposed_times(p, &self.across, Onto::Nothing, &mut self.cosines);
        times(p, &self.cosines, Onto::Minus, &mut self.across);
        self.cosines.add_to_diagonal(1.0);
    }

    fn decompose(&mut self, p: &Matrix, q: &Matrix) {
        self.relate(p, q);
        self.turn.set_identity();
        orthogonalise_columns(&mut self.cosines, &mut self.turn);
        column_lengths(&self.cosines, &mut self.lengths);
    }

    /// R without what rounding left of p in it.
    fn clear_across(&mut self, p: &Matrix, left: &mut Matrix) {
        transposed_times(p, &self.across, Onto::Nothing, left);
        times(p, left, Onto::Minus, &mut self.across);
    }
}

for_each_processor! {
    /// Each number by θ/sin θ of its θ = acos.
    fn to_angle_over_sine(cosines: &mut [Wide]) {
        for c in cosines {
            *c = at_numbers(angle_over_sine(), *c);
        }
    }
}

/// √Σθ² = |R Z (Θ/sin Θ)|
pub(super) fn dist(n: usize, k: usize) -> impl FnMut(&[Matrix; 2]) -> Wide {
    let mut pair = Pair::new(n, k);
    let mut square = Matrix::zeros(k, k);
    let mut rotated = Matrix::zeros(k, k);
    move |[p, q]| {
        pair.decompose(p, q);
        to_angle_over_sine(&mut pair.lengths);
        gram(&pair.across, &mut square);
        times(&square, &pair.turn, Onto::Nothing, &mut rotated);
        let mut sum = Wide::ZERO;
        for (j, &factor) in pair.lengths.iter().enumerate() {
            let mut sine_squared = Wide::ZERO;
            for i in 0..k {
                sine_squared = rotated[(i, j)] * pair.turn[(i, j)] + sine_squared;
            }
            sum = sine_squared.max(Wide::ZERO) * (factor * factor) + sum;
        }
        sum.sqrt()
    }
}

/// R Z (Θ/sin Θ) Vᵀ
pub(super) fn log(n: usize, k: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut pair = Pair::new(n, k);
    let mut right = Matrix::zeros(k, k);
    let mut weights = vec![Wide::ZERO; k];
    move |[p, q], out| {
        pair.decompose(p, q);
        pair.clear_across(p, &mut right);
        weights.copy_from_slice(&pair.lengths);
        to_angle_over_sine(&mut weights);
        for (weight, &cosine) in weights.iter_mut().zip(&pair.lengths) {
            *weight = *weight / cosine;
        }
        pair.turn.scale_columns(&weights);
        times_transposed(&pair.turn, &pair.cosines, Onto::Nothing, &mut right);
        times(&pair.across, &right, Onto::Nothing, out);
    }
}

/// p Z cos Θ Zᵀ + v Z (sin Θ/Θ) Zᵀ with vᵀv = Z Θ² Zᵀ.
pub(super) fn exp(n: usize, k: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut square = Matrix::zeros(k, k);
    let mut turn = Matrix::zeros(k, k);
    let mut scaled = Matrix::zeros(k, k);
    let mut function = Matrix::zeros(k, k);
    let (mut cosines, mut sincs) = (vec![Wide::ZERO; k], vec![Wide::ZERO; k]);
    let mut polish = Polish::new(n, k);
    move |[p, v], out| {
        gram(v, &mut square);
        turn.set_identity();
        diagonalise(&mut square, &mut turn);
        for j in 0..k {
            let angle = square[(j, j)].max(Wide::ZERO).sqrt();
            cosines[j] = angle.map(f64::cos);
            sincs[j] = angle.map(|angle| {
                if angle == 0.0 {
                    1.0
                } else {
                    angle.sin() / angle
                }
            });
        }
        for (point, values, onto) in [(p, &cosines, Onto::Nothing), (v, &sincs, Onto::Plus)] {
            scaled.copy_from(&turn);
            scaled.scale_columns(values);
            times_transposed(&scaled, &turn, Onto::Nothing, &mut function);
            times(point, &function, onto, out);
        }
        polish.of(out);
    }
}

/// (w − (R (1 + |C|)⁻¹ + p O) Rᵀw) O with the polar factor O and |C| = Oᵀ C.
pub(super) fn transport(n: usize, k: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
    let mut pair = Pair::new(n, k);
    let [mut scaled, mut small, mut aligned, mut along] = [(); 4].map(|()| Matrix::zeros(k, k));
    let mut moved = Matrix::zeros(n, k);
    let mut weights = vec![Wide::ZERO; k];
    move |[p, q, w], out| {
        pair.decompose(p, q);
        // O = (V cos Θ) (cos Θ)⁻¹ Zᵀ
        for (weight, &cosine) in weights.iter_mut().zip(&pair.lengths) {
            *weight = Wide::ONE / cosine;
        }
        scaled.copy_from(&pair.turn);
        scaled.scale_columns(&weights);
        times_transposed(&pair.cosines, &scaled, Onto::Nothing, &mut aligned);
        // (1 + |C|)⁻¹ Rᵀw and O Rᵀw
        for (weight, &cosine) in weights.iter_mut().zip(&pair.lengths) {
            *weight = Wide::ONE / (Wide::ONE + cosine);
        }
        scaled.copy_from(&pair.turn);
        scaled.scale_columns(&weights);
        times_transposed(&scaled, &pair.turn, Onto::Nothing, &mut small);
        transposed_times(&pair.across, w, Onto::Nothing, &mut along);
        times(&small, &along, Onto::Nothing, &mut scaled);
        moved.copy_from(w);
        times(&pair.across, &scaled, Onto::Minus, &mut moved);
        times(&aligned, &along, Onto::Nothing, &mut scaled);
        times(p, &scaled, Onto::Minus, &mut moved);
        times(&moved, &aligned, Onto::Nothing, out);
        transposed_times(q, out, Onto::Nothing, &mut small);
        times(q, &small, Onto::Minus, out);
    }
}

/// z − p pᵀz
pub(super) fn project_tangent(_: usize, k: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut along = Matrix::zeros(k, k);
    move |[p, z], out| {
        out.copy_from(z);
        // Twice: what is left of p after the first time is a rounding of z, not of the result.
        for _ in 0..2 {
            transposed_times(p, out, Onto::Nothing, &mut along);
            times(p, &along, Onto::Minus, out);
        }
    }
}

/// sin Θ and cos Θ as columns [k, 2], and Z [k, k]: angles ascend.
///
/// Sines come from R by rotations, cosines from C by further ones, which mix only those columns
/// that sines could not tell apart.
pub(super) fn principal(n: usize, k: usize) -> impl FnMut(&[Matrix; 2], &mut [Matrix; 2]) {
    let mut pair = Pair::new(n, k);
    let [mut upper, mut sines, mut product, mut left] = [(); 4].map(|()| Matrix::zeros(k, k));
    let mut lengths = vec![Wide::ZERO; k];
    move |[p, q], [angles, turn]| {
        pair.relate(p, q);
        pair.clear_across(p, &mut left);
        orthonormalise(&mut pair.across, &mut upper);
        sines.copy_from(&upper);
        pair.turn.set_identity();
        orthogonalise_columns(&mut sines, &mut pair.turn);
        times(&pair.cosines, &pair.turn, Onto::Nothing, &mut product);
        orthogonalise_columns(&mut product, &mut pair.turn);
        times(&upper, &pair.turn, Onto::Nothing, &mut sines);
        column_lengths(&product, &mut lengths);
        column_lengths(&sines, &mut pair.lengths);
        for j in 0..k {
            angles[(j, 0)] = pair.lengths[j];
            angles[(j, 1)] = lengths[j];
        }
        turn.copy_from(&pair.turn);
        sort(angles, turn);
    }
}

/// Brings the angles, and the columns that belong to them, into ascending order in every lane.
fn sort(angles: &mut Matrix, turn: &mut Matrix) {
    let k = turn.cols;
    for end in (1..k).rev() {
        for j in 0..end {
            // sin a cos b > sin b cos a  ⇔  a > b
            let here = angles[(j, 0)] * angles[(j + 1, 1)];
            let there = angles[(j + 1, 0)] * angles[(j, 1)];
            for part in 0..2 {
                let (a, b) = (angles[(j, part)], angles[(j + 1, part)]);
                angles[(j, part)] = here.if_above(there, b, a);
                angles[(j + 1, part)] = here.if_above(there, a, b);
            }
            for i in 0..k {
                let (a, b) = (turn[(i, j)], turn[(i, j + 1)]);
                turn[(i, j)] = here.if_above(there, b, a);
                turn[(i, j + 1)] = here.if_above(there, a, b);
            }
        }
    }
}
