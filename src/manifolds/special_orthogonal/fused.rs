//! The rotation group's operations on eight matrices at a time.

use crate::manifolds::frames::fused::{Polar, Polish, add_scaled, column_lengths, make_skew};
use crate::numerics::double_double::Real;
use crate::numerics::wide::exponential::Exponential;
use crate::numerics::wide::factor::orthonormalise;
use crate::numerics::wide::jacobi::orthogonalise_columns;
use crate::numerics::wide::matrix::{
    Matrix, Onto, gram, times, times_transposed, transposed_times,
};
use crate::numerics::wide::{WIDTH, Wide, for_each_processor};

/// p e^skew(pᵀv)
pub(super) fn exp(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let [mut generator, mut turned] = [(); 2].map(|()| Matrix::zeros(n, n));
    let (mut exponential, mut polish) = (Exponential::new(n), Polish::new(n, n));
    move |[p, v], out| {
        transposed_times(p, v, Onto::Nothing, &mut generator);
        make_skew(&mut generator);
        exponential.minus_one(&generator, &mut turned);
        out.copy_from(p);
        times(p, &turned, Onto::Plus, out);
        polish.of(out);
    }
}

/// The logarithm X of the rotation pᵀq = 1 + D.
struct Logarithm {
    difference: Matrix,
    /// D
    change: Matrix,
    root: Matrix,
    square: Matrix,
    series: Matrix,
    /// X
    generator: Matrix,
    turned: Matrix,
    polar: Polar,
    exponential: Exponential,
}

impl Logarithm {
    fn new(n: usize) -> Self {
        let zeros = || Matrix::zeros(n, n);
        Self {
            difference: zeros(),
            change: zeros(),
            root: zeros(),
            square: zeros(),
            series: zeros(),
            generator: zeros(),
            turned: zeros(),
            polar: Polar::new(n, n),
            exponential: Exponential::new(n),
        }
    }

    fn relate(&mut self, p: &Matrix, q: &Matrix) {
        // q − p is exact for near points.
        self.difference.copy_from(q);
        add_scaled(p, -1.0, &mut self.difference);
        transposed_times(p, &self.difference, Onto::Nothing, &mut self.change);
    }

    fn set(&mut self, p: &Matrix, q: &Matrix) {
        self.relate(p, q);
        match p.rows {
            2 => plane_generator(&self.change, &mut self.generator),
            3 => space_generator(&self.change, &mut self.generator),
            _ => {
                self.guess();
                for _ in 0..3 {
                    self.correct();
                }
            }
        }
    }

    /// X to two digits from the fourth root W of the rotation: a square root is the polar factor
    /// of 1 + R, and X/4 is the arcsine of the skew-symmetric part of W.
    fn guess(&mut self) {
        self.root.copy_from(&self.change);
        self.root.add_to_diagonal(2.0);
        self.polar.of(&mut self.root);
        self.root.add_to_diagonal(1.0);
        self.polar.of(&mut self.root);
        make_skew(&mut self.root);
        times(&self.root, &self.root, Onto::Nothing, &mut self.square);
        // asin s = s (1 + s²/6 + 3s⁴/40 + 5s⁶/112 + …), where s² stands for −square.
        self.series.data.fill(Wide::ZERO);
        self.series.add_to_diagonal(-5.0 / 112.0);
        for coefficient in [3.0 / 40.0, -1.0 / 6.0, 1.0] {
            times(&self.square, &self.series, Onto::Nothing, &mut self.turned);
            self.series.copy_from(&self.turned);
            self.series.add_to_diagonal(coefficient);
        }
        times(&self.root, &self.series, Onto::Nothing, &mut self.generator);
        for entry in &mut self.generator.data {
            *entry = *entry * Wide::splat(4.0);
        }
        make_skew(&mut self.generator);
    }

    /// X plus the skew-symmetric part of e^−X R − 1: three times the digits, those that are lost in
    /// the roots near a half turn, and those of a tiny turn.
    fn correct(&mut self) {
        self.square.data.fill(Wide::ZERO);
        add_scaled(&self.generator, -1.0, &mut self.square);
        self.exponential.minus_one(&self.square, &mut self.turned);
        self.series.copy_from(&self.turned);
        add_scaled(&self.change, 1.0, &mut self.series);
        times(&self.turned, &self.change, Onto::Plus, &mut self.series);
        make_skew(&mut self.series);
        add_scaled(&self.series, 1.0, &mut self.generator);
    }
}

/// √Σ θ² over the planes of a turn, and the least 2 cos(θ/2) for n > 3, where half turns have no logarithm.
pub(super) fn dist(n: usize) -> impl FnMut(&[Matrix; 2], &mut [Matrix; 1]) {
    let mut logarithm = Logarithm::new(n);
    let mut halves = Halves::new(n);
    move |[p, q], [out]| {
        if n <= 3 {
            logarithm.set(p, q);
            let square = logarithm.generator.norm_squared();
            out[(0, 0)] = (square * Wide::splat(0.5)).sqrt();
            out[(0, 1)] = Wide::splat(2.0);
            return;
        }
        logarithm.relate(p, q);
        halves.of(&logarithm.change);
        // Each plane has two directions, and twice its half angle.
        let two = Wide::splat(2.0);
        let (mut sum, mut least) = (Wide::ZERO, two);
        for (&sine, &cosine) in halves.sines.iter().zip(&halves.cosines) {
            let half = sine.zip(cosine, f64::atan2);
            sum = (half * two).mul_add(half, sum);
            least = least.if_above(cosine, cosine, least);
        }
        out[(0, 0)] = sum.sqrt();
        out[(0, 1)] = least;
    }
}

/// The directions of [`Halves`] as columns.
pub(super) fn directions(n: usize) -> impl FnMut(&[Matrix; 1], &mut [Matrix; 1]) {
    let mut halves = Halves::new(n);
    move |[change], [out]| {
        halves.of(change);
        out.copy_from(&halves.turn);
    }
}

/// Directions z that a rotation 1 + D turns by θ, with |D z| = 2 sin(θ/2) and |(2 + D) z| = 2 cos(θ/2).
///
/// Sines come by rotations, cosines by further ones, which mix only directions that sines could not tell
/// apart: near a half turn these are all the same, and cosines tell.
struct Halves {
    turn: Matrix,
    product: Matrix,
    work: Matrix,
    sines: Vec<Wide>,
    cosines: Vec<Wide>,
}

impl Halves {
    fn new(n: usize) -> Self {
        let zeros = || Matrix::zeros(n, n);
        Self {
            turn: zeros(),
            product: zeros(),
            work: zeros(),
            sines: vec![Wide::ZERO; n],
            cosines: vec![Wide::ZERO; n],
        }
    }

    fn of(&mut self, change: &Matrix) {
        self.work.copy_from(change);
        self.turn.set_identity();
        orthogonalise_columns(&mut self.work, &mut self.turn);
        self.work.copy_from(change);
        self.work.add_to_diagonal(2.0);
        times(&self.work, &self.turn, Onto::Nothing, &mut self.product);
        orthogonalise_columns(&mut self.product, &mut self.turn);
        column_lengths(&self.product, &mut self.cosines);
        times(change, &self.turn, Onto::Nothing, &mut self.product);
        column_lengths(&self.product, &mut self.sines);
    }
}

/// p X
pub(super) fn log(n: usize) -> impl FnMut(&[Matrix; 2], &mut Matrix) {
    let mut logarithm = Logarithm::new(n);
    move |[p, q], out| {
        logarithm.set(p, q);
        times(p, &logarithm.generator, Onto::Nothing, out);
    }
}

/// q Wᵀ U W with W = e^(X/2) and U = skew(pᵀv).
pub(super) fn transport(n: usize) -> impl FnMut(&[Matrix; 3], &mut Matrix) {
    let mut logarithm = Logarithm::new(n);
    let [mut half, mut turn, mut tangent, mut product] = [(); 4].map(|()| Matrix::zeros(n, n));
    let (mut exponential, mut polish) = (Exponential::new(n), Polish::new(n, n));
    move |[p, q, v], out| {
        logarithm.set(p, q);
        half.data.fill(Wide::ZERO);
        add_scaled(&logarithm.generator, 0.5, &mut half);
        exponential.minus_one(&half, &mut turn);
        turn.add_to_diagonal(1.0);
        polish.of(&mut turn);
        transposed_times(p, v, Onto::Nothing, &mut tangent);
        make_skew(&mut tangent);
        times(&tangent, &turn, Onto::Nothing, &mut product);
        transposed_times(&turn, &product, Onto::Nothing, &mut tangent);
        make_skew(&mut tangent);
        times(q, &tangent, Onto::Nothing, out);
    }
}

/// The rotation nearest to z.
pub(super) fn project(n: usize) -> impl FnMut(&[Matrix; 1], &mut Matrix) {
    let [mut frame, mut upper, mut turn, mut product, mut near] =
        [(); 5].map(|()| Matrix::zeros(n, n));
    let mut lengths = vec![Wide::ZERO; n];
    let mut polish = Polish::new(n, n);
    move |[z], out| {
        frame.copy_from(z);
        orthonormalise(&mut frame, &mut upper);
        let sign = determinant_sign(&frame);
        turn.set_identity();
        orthogonalise_columns(&mut upper, &mut turn);
        column_lengths(&upper, &mut lengths);
        let deficient = invert_with_sign(&mut lengths, sign);
        upper.scale_columns(&lengths);
        if deficient.any_above(Wide::ZERO) {
            complete(&mut upper, &mut turn, &lengths, sign, &mut product);
        }
        times_transposed(&upper, &turn, Onto::Nothing, &mut product);
        times(&frame, &product, Onto::Nothing, out);
        // What is a rotation but for rounding moves no further than it is off.
        gram(z, &mut product);
        product.add_to_diagonal(-1.0);
        let defect = product.norm_squared();
        let defect = sign.if_above(Wide::ZERO, defect, Wide::ONE);
        near.copy_from(z);
        polish.of(&mut near);
        polish.of(&mut near);
        for (out, &near) in out.data.iter_mut().zip(&near.data) {
            *out = Wide::splat(1e-12).if_above(defect, near, *out);
        }
    }
}

/// 1/length, with the sign for the least length: 0 where that is none but for rounding, and NaN for the
/// others where a second one is. Gives 1 where the least is 0.
fn invert_with_sign(lengths: &mut [Wide], sign: Wide) -> Wide {
    let rounding = lengths.len() as f64 * f64::EPSILON;
    let mut deficient = Wide::ZERO;
    for lane in 0..WIDTH {
        let mut least = 0;
        for j in 1..lengths.len() {
            if lengths[j].0[lane] < lengths[least].0[lane] {
                least = j;
            }
        }
        let largest = lengths.iter().fold(0.0, |m, x| f64::max(m, x.0[lane]));
        for (j, length) in lengths.iter_mut().enumerate() {
            let sign = if j == least { sign.0[lane] } else { 1.0 };
            let length = &mut length.0[lane];
            if *length > rounding * largest {
                *length = sign / *length;
            } else if j == least {
                *length = 0.0;
                deficient.0[lane] = 1.0;
            } else {
                *length = f64::NAN;
            }
        }
    }
    deficient
}

/// Where the factor of a column is 0: that column and its partner in `turn` become the last, and of all
/// unit vectors at right angles to the others the one that gives the product of the factors and of a matrix
/// of determinant `sign` the determinant 1.
fn complete(
    upper: &mut Matrix,
    turn: &mut Matrix,
    factors: &[Wide],
    sign: Wide,
    work: &mut Matrix,
) {
    let n = upper.rows;
    let mut whole = upper.clone();
    for (j, factor) in factors.iter().enumerate() {
        for lane in (0..WIDTH).filter(|&lane| factor.0[lane] == 0.0) {
            for matrix in [&mut whole, &mut *turn] {
                for i in 0..n {
                    let last = matrix[(i, n - 1)].0[lane];
                    matrix[(i, n - 1)].0[lane] = matrix[(i, j)].0[lane];
                    matrix[(i, j)].0[lane] = last;
                }
            }
        }
    }
    orthonormalise(&mut whole, work);
    let sign = sign * determinant_sign(&whole) * determinant_sign(turn);
    for i in 0..n {
        whole[(i, n - 1)] = whole[(i, n - 1)] * sign;
    }
    for lane in 0..WIDTH {
        if factors.iter().any(|factor| factor.0[lane] == 0.0) {
            for (entry, whole) in upper.data.iter_mut().zip(&whole.data) {
                entry.0[lane] = whole.0[lane];
            }
        }
    }
}

/// The sign of the determinant of orthogonal matrices, lane by lane, by elimination.
fn determinant_sign(a: &Matrix) -> Wide {
    let n = a.rows;
    Wide(std::array::from_fn(|lane| {
        let mut rows: Vec<Vec<f64>> = (0..n)
            .map(|i| (0..n).map(|j| a[(i, j)].0[lane]).collect())
            .collect();
        let mut sign = 1.0;
        for j in 0..n {
            let largest = (j..n).fold(j, |best, i| {
                if rows[i][j].abs() > rows[best][j].abs() {
                    i
                } else {
                    best
                }
            });
            if largest != j {
                rows.swap(j, largest);
                sign = -sign;
            }
            if rows[j][j] < 0.0 {
                sign = -sign;
            }
            let (above, below) = rows.split_at_mut(j + 1);
            let pivot = &above[j];
            for row in below {
                let factor = row[j] / pivot[j];
                for (entry, &p) in row.iter_mut().zip(pivot).skip(j) {
                    *entry = p.mul_add(-factor, *entry);
                }
            }
        }
        sign
    }))
}

/// X of a rotation 1 + D of the plane.
fn plane_generator(change: &Matrix, out: &mut Matrix) {
    let half = Wide::splat(0.5);
    let sine = (change[(1, 0)] - change[(0, 1)]) * half;
    let cosine = (change[(0, 0)] + change[(1, 1)]) * half + Wide::ONE;
    let angle = sine.zip(cosine, f64::atan2);
    out.data.fill(Wide::ZERO);
    out[(0, 1)] = -angle;
    out[(1, 0)] = angle;
}

/// X of a rotation 1 + D of space, by its quaternion.
fn space_generator(change: &Matrix, out: &mut Matrix) {
    let [w, x, y, z] = quaternion(change);
    let length = z.mul_add(z, y.mul_add(y, x * x)).sqrt();
    // 2 atan2(|v|, w)/|v|; 2/w where v vanishes.
    let safe = length.if_above(Wide::ZERO, length, Wide::ONE);
    let angle = length.zip(w, f64::atan2) * Wide::splat(2.0) / safe;
    let factor = length.if_above(Wide::ZERO, angle, Wide::splat(2.0));
    let [x, y, z] = [x, y, z].map(|part| part * factor);
    let zero = Wide::ZERO;
    for (entry, value) in out
        .data
        .iter_mut()
        .zip([zero, -z, y, z, zero, -x, -y, x, zero])
    {
        *entry = value;
    }
}

for_each_processor! {
    /// The unit quaternion, w ≥ 0, of the rotation 1 + D of space: from the largest of its four
    /// squares, which is at least ¼.
    fn quaternion(change: &Matrix) -> [Wide; 4] {
        let d = |i: usize, j: usize| change[(i, j)];
        let trace = d(0, 0) + d(1, 1) + d(2, 2);
        // 4w², 4x², 4y², 4z²
        let four = Wide::splat(4.0);
        let squares = [
            four + trace,
            d(0, 0) + d(0, 0) - trace,
            d(1, 1) + d(1, 1) - trace,
            d(2, 2) + d(2, 2) - trace,
        ];
        let [a, b, c] = [d(2, 1) - d(1, 2), d(0, 2) - d(2, 0), d(1, 0) - d(0, 1)];
        let [e, f, g] = [d(1, 0) + d(0, 1), d(0, 2) + d(2, 0), d(2, 1) + d(1, 2)];
        // 4 q qᵀ by columns.
        let columns = [
            [squares[0], a, b, c],
            [a, squares[1], e, f],
            [b, e, squares[2], g],
            [c, f, g, squares[3]],
        ];
        let (mut largest, mut best) = (squares[0], columns[0]);
        for (&square, column) in squares.iter().zip(&columns).skip(1) {
            for (best, &entry) in best.iter_mut().zip(column) {
                *best = square.if_above(largest, entry, *best);
            }
            largest = square.max(largest);
        }
        let length = best.iter().fold(Wide::ZERO, |sum, &x| x.mul_add(x, sum)).sqrt();
        let sign = Wide::ONE.copysign(best[0]);
        best.map(|x| x * sign / length)
    }
}
