//! The exponential of small matrices out of products, which has derivatives of every order.

use tch::{Kind, Tensor};

use crate::manifolds::frames::identity_like;

/// exp T by Taylor's series of T/2^s, squared s times.
///
/// Not libtorch's `matrix_exp`: that of f64 matrices of norms 3e-4 to 5e-2 is off by a thousandth of their fifth
/// power, 2e-10 at worst (libtorch 2.11 on a CPU; a test shows it).
pub(super) fn exponential(t: &Tensor) -> Tensor {
    /// 2^-15/15! is below a tenth of a rounding.
    const DEGREE: usize = 14;
    const LARGEST: f64 = 0.5;
    let norms = t.detach().abs().sum_dim_intlist(-1, false, Kind::Double);
    let norm = if norms.numel() == 0 {
        0.0
    } else {
        norms.max().double_value(&[])
    };
    // Not finite: the result is not either, whatever the number of squarings.
    let squarings = if norm.is_finite() && norm > LARGEST {
        (norm / LARGEST).log2().ceil() as i32
    } else {
        0
    };
    let small = t / 2.0_f64.powi(squarings);
    let one = identity_like(t);
    let mut sum = &one + &small / DEGREE as f64;
    for j in (1..DEGREE).rev() {
        sum = &one + small.matmul(&sum) / j as f64;
    }
    for _ in 0..squarings {
        sum = sum.matmul(&sum);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The worst error of a function for turns of the plane by these angles.
    fn worst(exponential: impl Fn(&Tensor) -> Tensor) -> f64 {
        let angles = [
            1e-12, 1e-6, 1e-3, 0.01, 0.02, 0.049, 0.1, 0.5, 1.0, 2.0, 3.0_f64,
        ];
        let error = |angle: f64| {
            let turn = exponential(&Tensor::from_slice2(&[[0.0, -angle], [angle, 0.0]]));
            let (sin, cos) = angle.sin_cos();
            (turn - Tensor::from_slice2(&[[cos, -sin], [sin, cos]]))
                .abs()
                .max()
                .double_value(&[])
        };
        angles.map(error).into_iter().fold(0.0, f64::max)
    }

    #[test]
    fn skew_matrices_give_rotations() {
        assert!(worst(exponential) < 2e-15);
    }

    /// Where this fails, libtorch has been mended, and can be used again.
    #[test]
    fn libtorch_has_lost_digits() {
        assert!(worst(Tensor::matrix_exp) > 1e-11);
    }

    #[test]
    fn an_empty_batch_is_empty() {
        let none = Tensor::zeros([0, 3, 3], (Kind::Double, tch::Device::Cpu));
        assert_eq!(exponential(&none).size(), [0, 3, 3]);
    }
}
