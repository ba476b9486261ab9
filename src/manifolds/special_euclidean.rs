//! The group of rigid motions.
//!
//! The metric ½ tr uᵀv + a·b is left-invariant; there is no bi-invariant Riemannian metric on
//! SE(n).

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::frames::series::{at_matrices, half_angle_cotangent};
use super::frames::{
    OfMatrices, frobenius, identity_like, matrix_exponential, skew, transposed_times,
};
use super::{Euclidean, SpecialOrthogonal};
use crate::Result;
use crate::manifold::{Geodesic, Manifold, Sample};
use crate::numerics::{
    batch_of, check_batches, check_broadcast, check_numbers, check_points, in_f64, safe_sqrt,
};

/// The group SE(n) of rigid motions of ℝⁿ, n ≥ 2, with the product metric of SO(n) × ℝⁿ.
///
/// A point is a rotation R and a translation t, the motion x ↦ Rx + t, as the n × (n + 1) matrix
/// \[R t\]. Two structures are available:
///
/// - As a *Riemannian manifold* it is the product SO(n) × ℝⁿ with the metric ½ tr uᵀv + a·b, which
///   is left-invariant. [`Geodesic::exp`] rotates and translates independently.
/// - As a *Lie group* it has the screw motions t ↦ e^(tξ): [`group_exp`](Self::group_exp) and
///   [`group_log`](Self::group_log). They are not geodesics where they both rotate and translate.
///
/// # Shapes
///
/// Points and tangents `[.., n, n + 1]`: the rotation, and the translation as the last column.
///
/// # Accuracy
///
/// That of [`SpecialOrthogonal`].
///
/// # Gradient
///
/// That of [`SpecialOrthogonal`].
///
/// # References
///
/// murray1994, chapter 2; park1995 (metrics on SE(3)).
///
/// # Examples
///
/// A quarter turn about the point (1, 0) of the plane, as a screw motion.
///
/// ```
/// use holonomy::SpecialEuclidean;
/// use holonomy::tch::Tensor;
///
/// let motions = SpecialEuclidean::new(2)?;
/// let angle = std::f64::consts::FRAC_PI_2;
/// let twist = Tensor::from_slice2(&[[0.0, -angle, 0.0], [angle, 0.0, -angle]]);
/// let want = Tensor::from_slice2(&[[0.0, -1.0, 1.0], [1.0, 0.0, -1.0]]);
/// let motion = motions.group_exp(&twist);
/// assert!((&motion - want).abs().max().double_value(&[]) < 1e-15);
/// assert!((motions.group_log(&motion) - twist).abs().max().double_value(&[]) < 1e-15);
/// # Ok::<(), holonomy::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SpecialEuclidean {
    n: i64,
    rotations: SpecialOrthogonal,
    translations: Euclidean,
}

impl SpecialEuclidean {
    /// The rigid motions of ℝⁿ.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for n < 2.
    pub fn new(n: i64) -> Result<Self> {
        Ok(Self {
            n,
            rotations: SpecialOrthogonal::new(n)?,
            translations: Euclidean::new(n)?,
        })
    }

    /// The rotations `[.., n, n]` and the translations `[.., n]`; also the two parts of tangents
    /// and twists.
    pub fn split(&self, p: &Tensor) -> (Tensor, Tensor) {
        self.check("split", &[p]);
        let translation = p.narrow(-1, self.n, 1).squeeze_dim(-1);
        (p.narrow(-1, 0, self.n), translation)
    }

    /// The inverse of [`split`](Self::split); the batches broadcast.
    ///
    /// # Panics
    ///
    /// If shapes, kinds or devices do not fit.
    #[track_caller]
    pub fn join(&self, rotation: &Tensor, translation: &Tensor) -> Tensor {
        check_batches("join", &[self.n, self.n], &[rotation]);
        check_points("join", self.n, &[translation]);
        check_numbers("join", &[rotation, translation]);
        let batches = [batch_of(rotation, 2), batch_of(translation, 1)];
        check_broadcast("join", &[&batches[0], &batches[1]]);
        self.side_by_side(rotation, translation)
    }

    /// [`join`](Self::join), also of numbers that stand for whole rotations and translations.
    fn side_by_side(&self, rotation: &Tensor, translation: &Tensor) -> Tensor {
        let column = translation.unsqueeze(-1);
        let batch = |t: &Tensor| t.narrow(-1, 0, 1);
        let whole = Tensor::broadcast_tensors(&[batch(rotation), batch(&column)]);
        let size = whole[0].size();
        let batch = &size[..size.len() - 2];
        let expand = |t: &Tensor, cols: i64| t.expand([batch, &[self.n, cols]].concat(), false);
        Tensor::cat(&[expand(rotation, self.n), expand(&column, 1)], -1)
    }

    /// The composition a ∘ b, first `b`, then `a`: \[R_a R_b, R_a t_b + t_a\].
    pub fn compose(&self, a: &Tensor, b: &Tensor) -> Tensor {
        self.check("compose", &[a, b]);
        in_f64([a, b], |[a, b]| {
            let ((turn, shift), (r, t)) = (self.split(&a), self.split(&b));
            let moved = turn.matmul(&t.unsqueeze(-1)).squeeze_dim(-1) + shift;
            self.side_by_side(&turn.matmul(&r), &moved)
        })
    }

    /// The inverse motion: \[Rᵀ, −Rᵀt\].
    pub fn inverse(&self, p: &Tensor) -> Tensor {
        self.check("inverse", &[p]);
        in_f64([p], |[p]| {
            let (turn, shift) = self.split(&p);
            let back = transposed_times(&turn, &shift.unsqueeze(-1)).squeeze_dim(-1);
            self.side_by_side(&turn.transpose(-2, -1), &-back)
        })
    }

    /// The screw motion of a twist \[Ω u\], Ω skew-symmetric, after unit time:
    ///
    /// ```text
    /// [e^Ω, V u],  V = ∫₀¹ e^(sΩ) ds
    /// ```
    ///
    /// V is the left Jacobian of the rotation group for n = 3. The result comes from the
    /// exponential of \[Ω u; 0 0\], which is accurate for tiny angles too.
    ///
    /// # Shapes
    ///
    /// `[.., n, n + 1]`.
    ///
    /// # Gradient
    ///
    /// Derivatives of every order, everywhere.
    pub fn group_exp(&self, twist: &Tensor) -> Tensor {
        self.check("group_exp", &[twist]);
        in_f64([twist], |[twist]| {
            let (turn, shift) = self.split(&twist);
            // The translation is linear in u: a long one shall not cost the rotation digits.
            let size = frobenius(&shift.detach().unsqueeze(-1)).unsqueeze(-1);
            let unit = size.where_self(&size.gt(0.0), &size.ones_like());
            let top = self.side_by_side(&skew(&turn), &(shift / &unit));
            let bottom = top.narrow(-2, 0, 1).zeros_like();
            let whole = matrix_exponential(&Tensor::cat(&[top, bottom], -2));
            let (turn, shift) = self.split(&whole.narrow(-2, 0, self.n));
            self.side_by_side(&turn, &(shift * unit))
        })
    }

    /// The twist whose screw motion is `p`, with rotation angles of at most π: the inverse of
    /// [`group_exp`](Self::group_exp) for angles below π.
    ///
    /// ```text
    /// [Ω, (g(Ω) − Ω/2) t],  Ω = log R,  g(iθ) = (θ/2) cot(θ/2)
    /// ```
    ///
    /// # Shapes
    ///
    /// `[.., n, n + 1]`.
    ///
    /// # Gradient
    ///
    /// Derivatives of every order, for angles below π.
    pub fn group_log(&self, p: &Tensor) -> Tensor {
        self.check("group_log", &[p]);
        in_f64([p], |[p]| {
            let (turn, shift) = self.split(&p);
            let one = identity_like(&turn);
            let generator = self.rotations.log(&one, &turn.contiguous());
            let square = generator.matmul(&generator) * -std::f64::consts::PI.powi(-2);
            let inverse = at_matrices(half_angle_cotangent(), &square) - &generator * 0.5;
            let back = inverse.matmul(&shift.unsqueeze(-1)).squeeze_dim(-1);
            self.side_by_side(&generator, &back)
        })
    }

    /// Rotations and translations by an operation of each.
    fn each<const N: usize>(
        &self,
        inputs: [&Tensor; N],
        rotate: impl Fn(&SpecialOrthogonal, [&Tensor; N]) -> Tensor,
        shift: impl Fn(&Euclidean, [&Tensor; N]) -> Tensor,
    ) -> Tensor {
        let (turns, shifts) = self.parts(inputs);
        let turned = rotate(&self.rotations, turns.each_ref());
        let shifted = shift(&self.translations, shifts.each_ref());
        self.side_by_side(&turned, &shifted)
    }

    fn parts<const N: usize>(&self, inputs: [&Tensor; N]) -> ([Tensor; N], [Tensor; N]) {
        let parts = inputs.map(|t| self.split(t));
        let turns = parts.each_ref().map(|(turn, _)| turn.shallow_clone());
        (turns, parts.map(|(_, shift)| shift))
    }
}

impl OfMatrices for SpecialEuclidean {
    fn size_of_point(&self) -> [i64; 2] {
        [self.n, self.n + 1]
    }
}

impl Manifold for SpecialEuclidean {
    fn point_shape(&self) -> Vec<i64> {
        vec![self.n, self.n + 1]
    }

    fn dim(&self) -> i64 {
        self.n * (self.n + 1) / 2
    }

    /// The rotation's defect; NaN where the translation is not finite.
    fn point_defect(&self, p: &Tensor) -> Tensor {
        let (turn, shift) = self.split(p);
        self.rotations.point_defect(&turn) + self.translations.point_defect(&shift)
    }

    /// The rotation's defect; NaN where the translation is not finite.
    fn tangent_defect(&self, p: &Tensor, v: &Tensor) -> Tensor {
        let ([turn, v], [shift, w]) = self.parts([p, v]);
        self.rotations.tangent_defect(&turn, &v) + self.translations.tangent_defect(&shift, &w)
    }

    /// The nearest rotation, with the translation unchanged.
    fn project(&self, z: &Tensor) -> Tensor {
        self.each([z], |m, [z]| m.project(z), |m, [z]| m.project(z))
    }

    fn project_tangent(&self, p: &Tensor, z: &Tensor) -> Tensor {
        self.each(
            [p, z],
            |m, [p, z]| m.project_tangent(p, z),
            |m, [p, z]| m.project_tangent(p, z),
        )
    }

    /// ```text
    /// ½ tr uᵀv + a·b
    /// ```
    ///
    /// of the tangents \[u a\] and \[v b\].
    fn inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        let ([turn, u, v], [shift, a, b]) = self.parts([p, u, v]);
        self.rotations.inner(&turn, &u, &v) + self.translations.inner(&shift, &a, &b)
    }

    fn rgrad(&self, p: &Tensor, egrad: &Tensor) -> Tensor {
        self.each(
            [p, egrad],
            |m, [p, g]| m.rgrad(p, g),
            |m, [p, g]| m.rgrad(p, g),
        )
    }

    fn retract(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.each(
            [p, v],
            |m, [p, v]| m.retract(p, v),
            |m, [p, v]| m.retract(p, v),
        )
    }

    /// The value of the rotation, repeated over its matrix, and one value per coordinate of the
    /// translation.
    fn component_inner(&self, p: &Tensor, u: &Tensor, v: &Tensor) -> Tensor {
        let ([turn, u, v], [shift, a, b]) = self.parts([p, u, v]);
        let turning = self.rotations.component_inner(&turn, &u, &v);
        let shifting = self.translations.component_inner(&shift, &a, &b);
        self.side_by_side(&turning, &shifting)
    }
}

impl Geodesic for SpecialEuclidean {
    /// π/2, as for the rotations.
    fn convexity_radius(&self) -> f64 {
        std::f64::consts::FRAC_PI_2
    }

    /// \[R e^(Rᵀv), t + w\] for the tangent \[v w\].
    fn exp(&self, p: &Tensor, v: &Tensor) -> Tensor {
        self.each([p, v], |m, [p, v]| m.exp(p, v), |m, [p, v]| m.exp(p, v))
    }

    fn log(&self, p: &Tensor, q: &Tensor) -> Tensor {
        self.each([p, q], |m, [p, q]| m.log(p, q), |m, [p, q]| m.log(p, q))
    }

    fn parallel_transport(&self, p: &Tensor, q: &Tensor, v: &Tensor) -> Tensor {
        self.each(
            [p, q, v],
            |m, [p, q, v]| m.parallel_transport(p, q, v),
            |m, [p, q, v]| m.parallel_transport(p, q, v),
        )
    }

    /// ```text
    /// √(dist(R_p, R_q)² + |t_q − t_p|²)
    /// ```
    fn dist(&self, p: &Tensor, q: &Tensor) -> Tensor {
        let ([r_p, r_q], [t_p, t_q]) = self.parts([p, q]);
        let turned = self.rotations.dist(&r_p, &r_q).square();
        safe_sqrt(&(turned + self.translations.dist(&t_p, &t_q).square()))
    }
}

impl Sample for SpecialEuclidean {
    /// Uniform rotations, and translations as [`Euclidean`] draws them.
    fn random_point(&self, rng: &mut dyn Rng, batch: &[i64], options: (Kind, Device)) -> Tensor {
        let turn = self.rotations.random_point(rng, batch, options);
        let shift = self.translations.random_point(rng, batch, options);
        self.side_by_side(&turn, &shift)
    }

    fn random_tangent(&self, rng: &mut dyn Rng, p: &Tensor) -> Tensor {
        let (turn, shift) = self.split(p);
        let turning = self.rotations.random_tangent(rng, &turn);
        let shifting = self.translations.random_tangent(rng, &shift);
        self.side_by_side(&turning, &shifting)
    }
}
