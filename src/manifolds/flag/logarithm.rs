//! The logarithm: a horizontal tangent that the exponential takes to another representative of the
//! same flag, found by turning that representative.

use tch::Tensor;

use super::{Flag, fused};
use crate::manifolds::frames::series::{angle_over_sine, at_matrices};
use crate::manifolds::frames::{
    identity_like, matrix_exponential, newton_schulz, polar, square_sum, transposed,
    transposed_times,
};
use crate::numerics::operation::Operation;

/// A candidate, and how far it is from being the logarithm.
pub(super) struct Solution {
    pub(super) tangent: Tensor,
    pub(super) turns: usize,
    /// The largest angle of a block that was left to turn.
    pub(super) left: f64,
}

/// The most turns of the representative.
const MOST_TURNS: usize = 200;

/// A turn below this, in radians, is rounding.
pub(super) const LAST_TURN: f64 = 2e-15;

/// A rotation of the 2d dimensions that p and q span, in the basis [p, Q] with q − pC = Q N. Its
/// first d columns are q:
///
/// ```text
/// V = | C  X |    log V = | A  −Bᵀ |
///     | N  Y |            | B   D  |
/// ```
///
/// The flag q stays the same when a block of columns turns. The logarithm is pA + QB for those
/// turns that make D and the diagonal blocks of A vanish, for then V = exp(log V) is the geodesic's
/// own rotation.
pub(super) fn solve(flag: &Flag, p: &Tensor, q: &Tensor) -> Solution {
    let basis = Basis::of(p, q);
    let aligned = flag.aligned(&basis);
    // The complement of the flag is a block like the others.
    let blocks = flag.blocks_with_complement(&aligned);
    let mut rotation = without_reflection(aligned, &blocks);
    let mut before = f64::INFINITY;
    let mut turns = 0;
    loop {
        let logarithm = logarithm_of_rotations(&rotation);
        let left = &logarithm * &blocks;
        let largest = largest(&left);
        // Rounding stops the descent before the bound does where angles are large.
        let stalled = largest < 1e-13 && largest >= before;
        if largest <= LAST_TURN || stalled || turns == MOST_TURNS || !largest.is_finite() {
            let tangent = basis.tangent(flag, p, &(logarithm - left));
            return Solution {
                tangent,
                turns,
                left: largest,
            };
        }
        rotation = newton_schulz(&rotation.matmul(&matrix_exponential(&left.neg())));
        before = largest;
        turns += 1;
    }
}

fn largest(x: &Tensor) -> f64 {
    if x.numel() == 0 {
        return 0.0;
    }
    x.abs().max().double_value(&[])
}

/// q in the basis [p, Q].
struct Basis {
    across: Tensor,
    /// C above N.
    coordinates: Tensor,
}

impl Basis {
    fn of(p: &Tensor, q: &Tensor) -> Self {
        let difference = q - p;
        let along = transposed_times(p, &difference);
        let rest = &difference - p.matmul(&along);
        let (across, upper) = orthogonal_factor(&rest);
        let cosine = along + identity_like(p);
        Self {
            across,
            coordinates: Tensor::cat(&[cosine, upper], -2),
        }
    }

    /// pA + QB
    fn tangent(&self, flag: &Flag, p: &Tensor, logarithm: &Tensor) -> Tensor {
        let d = flag.frame_dim();
        let (a, b) = (
            logarithm.narrow(-1, 0, d).narrow(-2, 0, d),
            logarithm.narrow(-1, 0, d).narrow(-2, d, d),
        );
        p.matmul(&a) + self.across.matmul(&b)
    }
}

/// Q and R with x = Q R, orthonormal Q also where columns of x are dependent.
fn orthogonal_factor(x: &Tensor) -> (Tensor, Tensor) {
    let size = x.size();
    let (n, d) = (size[size.len() - 2] as usize, size[size.len() - 1] as usize);
    Operation::on([x])
        .matrices([(n, d), (d, d)], fused::orthogonal_factor)
        .map(|[q, r]| (q, r))
        .or_else(|| Tensor::linalg_qr(x, "reduced"))
}

impl Flag {
    /// The columns of q, each block turned nearest to that of p, and orthonormal columns beside
    /// them, nearest to Q.
    fn aligned(&self, basis: &Basis) -> Tensor {
        let d = self.frame_dim();
        let f = newton_schulz(&basis.coordinates);
        let turned: Vec<Tensor> = self
            .blocks()
            .map(|(start, size)| {
                let columns = f.narrow(-1, start, size);
                let turn = polar(&columns.narrow(-2, start, size));
                columns.matmul(&transposed(&turn))
            })
            .collect();
        let f = Tensor::cat(&turned, -1);
        // (1 − ffᵀ) of the last d columns of 1.
        let last = Tensor::eye(2 * d, (f.kind(), f.device())).narrow(-1, d, d);
        let beside = &last - f.matmul(&transposed(&f.narrow(-2, d, d)));
        Tensor::cat(&[f, polar(&beside)], -1)
    }

    /// 1 within the blocks of the flag and of its complement, 0 elsewhere.
    fn blocks_with_complement(&self, rotation: &Tensor) -> Tensor {
        let d = self.frame_dim();
        let mask = rotation.new_zeros([2 * d, 2 * d], (rotation.kind(), rotation.device()));
        for (start, size) in self.blocks().chain([(d, d)]) {
            let _ = mask
                .narrow(-1, start, size)
                .narrow(-2, start, size)
                .fill_(1.0);
        }
        mask
    }
}

/// Where V is a reflection, with the column turned over, within a block, that agrees least with p.
fn without_reflection(v: Tensor, blocks: &Tensor) -> Tensor {
    let reflected = v.det().lt(0.0);
    if reflected.any().int64_value(&[]) == 0 {
        return v;
    }
    // The blocks of an aligned V are symmetric: their cosines to p.
    let within = (&v + transposed(&v)) * 0.5 * blocks;
    let (_, directions) = within.nan_to_num(0.0, 0.0, 0.0).linalg_eigh("L");
    let least = directions.narrow(-1, 0, 1);
    let over = v.matmul(&least).matmul(&transposed(&least)) * 2.0;
    let over = over * reflected.to_kind(v.kind()).unsqueeze(-1).unsqueeze(-1);
    v - over
}

/// log V of rotations by less than π: twice that of the square root, the polar factor of 1 + V,
/// whose angles are below π/2.
///
/// ```text
/// log W = S h(E),  W = E + S, E = Eᵀ, S = −Sᵀ,  h(cos θ) = θ/sin θ
/// ```
fn logarithm_of_rotations(v: &Tensor) -> Tensor {
    let root = square_root(v);
    let even = (&root + transposed(&root)) * 0.5;
    let odd = (&root - transposed(&root)) * 0.5;
    let product = odd.matmul(&at_matrices(angle_over_sine(), &even));
    &product - transposed(&product)
}

/// Newton and Schulz's iteration from (1 + V)/2, whose singular values are cos(θ/2).
fn square_root(v: &Tensor) -> Tensor {
    const MOST_STEPS: usize = 64;
    let mut x = (v + identity_like(v)) * 0.5;
    for _ in 0..MOST_STEPS {
        let next = newton_schulz(&x);
        let change = largest(&square_sum(&(&next - &x)));
        x = next;
        if change <= 1e-18 || change.is_nan() {
            return newton_schulz(&x);
        }
    }
    x
}
