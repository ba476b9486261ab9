//! The sum of squared chordal distances as a function on a Stiefel manifold.

use tch::{Kind, Tensor};

use crate::manifolds::frames::{identity_like, newton_schulz, polar, transposed, transposed_times};
use crate::optim::solve::trust_region::Objective;
use crate::{Flag, Manifold};

/// The mean of squared chordal distances to weighted flags, up to its constant:
///
/// ```text
/// Σⱼ αⱼ d(Xⱼ, Y)² = d_k − Σᵢ tr(YᵢᵀPᵢYᵢ),  Pᵢ = Σⱼ αⱼ Xⱼᵢ Xⱼᵢᵀ,  Σⱼ αⱼ = 1
/// ```
///
/// A function of Pᵢ, one symmetric matrix a block, however many flags there are. It is the same for
/// all representatives of Y, so its gradient is horizontal.
pub(super) struct ChordalCost<'a> {
    flags: &'a Flag,
    /// Pᵢ, `[n, n]` each.
    projectors: Vec<Tensor>,
}

impl<'a> ChordalCost<'a> {
    /// For points `[count, n, d_k]` with weights `[count]`: one pass over the points.
    pub(super) fn of_points(flags: &'a Flag, points: &Tensor, weights: &Tensor) -> Self {
        let roots = weights.sqrt().unsqueeze(-1).unsqueeze(-1);
        let mean = |(start, size): (i64, i64)| {
            // All weighted columns of the block beside each other.
            let columns = points.narrow(-1, start, size) * &roots;
            let side = columns.transpose(-2, -1).reshape([-1, flags.ambient_dim()]);
            transposed_times(&side, &side)
        };
        Self {
            flags,
            projectors: flags.blocks().map(mean).collect(),
        }
    }

    /// The leading eigenvectors of each Pᵢ, brought to one frame: for one block the minimum itself.
    pub(super) fn spectral_start(&self) -> Tensor {
        let leading = |(projector, (_, size)): (&Tensor, (i64, i64))| {
            let (_, vectors) = projector.linalg_eigh("L");
            vectors.narrow(-1, self.flags.ambient_dim() - size, size)
        };
        let blocks: Vec<Tensor> = self
            .projectors
            .iter()
            .zip(self.flags.blocks())
            .map(leading)
            .collect();
        let beside = Tensor::cat(&blocks, -1);
        let (q, r) = Tensor::linalg_qr(&beside, "reduced");
        let smallest = r.diagonal(0, 0, 1).abs().min().double_value(&[]);
        // Blocks whose leading directions coincide leave no nearest frame; any that holds them does.
        if smallest > 1e-6 { polar(&beside) } else { q }
    }

    /// [P₁Z₁ … P_kZ_k]
    fn times(&self, z: &Tensor) -> Tensor {
        let product = |(projector, (start, size)): (&Tensor, (i64, i64))| {
            projector.matmul(&z.narrow(-1, start, size))
        };
        let blocks: Vec<Tensor> = self
            .projectors
            .iter()
            .zip(self.flags.blocks())
            .map(product)
            .collect();
        Tensor::cat(&blocks, -1)
    }

    fn horizontal(&self, y: &Tensor, z: &Tensor) -> Tensor {
        self.flags.project_tangent(y, z)
    }
}

impl Objective for ChordalCost<'_> {
    fn value(&self, y: &Tensor) -> f64 {
        let explained = (y * self.times(y)).sum(Kind::Double).double_value(&[]);
        self.flags.frame_dim() as f64 - explained
    }

    /// −2 [PᵢYᵢ], made horizontal.
    fn gradient(&self, y: &Tensor) -> Tensor {
        self.horizontal(y, &(self.times(y) * -2.0))
    }

    /// −2 ([PᵢUᵢ] − U sym Yᵀ[PᵢYᵢ]), made horizontal.
    fn hessian<'b>(&'b self, y: &'b Tensor) -> Box<dyn Fn(&Tensor) -> Tensor + 'b> {
        let along = transposed_times(y, &self.times(y));
        let along = (&along + transposed(&along)) * 0.5;
        Box::new(move |u| self.horizontal(y, &((self.times(u) - u.matmul(&along)) * -2.0)))
    }

    /// (Y + U)(1 + UᵀU)^(−½), second order in the metric tr UᵀU.
    fn retract(&self, y: &Tensor, u: &Tensor) -> Tensor {
        debug_assert_eq!(identity_like(y).size()[0], self.flags.frame_dim());
        newton_schulz(&self.flags.retract(y, u))
    }
}
