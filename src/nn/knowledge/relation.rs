//! Linear maps of relations: scaling of coordinates, rotations and reflections of their pairs, and attention.

use std::f64::consts::PI;

use rand::{Rng, RngExt};
use tch::{Kind, Tensor};

use super::KnowledgeMethod;
use crate::Result;
use crate::nn::Path;
use crate::numerics::dot_keep;

/// The linear map of each relation.
#[derive(Debug)]
pub(super) enum Maps {
    /// Factors `[R, d]`.
    Scale(Tensor),
    /// Angles `[R, d/2]`.
    Rotate(Tensor),
    /// Angles `[R, d/2]`.
    Reflect(Tensor),
    Attend {
        /// Angles `[R, d/2]`.
        rotations: Tensor,
        /// Angles `[R, d/2]`.
        reflections: Tensor,
        /// `[R, d]`
        attention: Tensor,
    },
}

impl Maps {
    /// Maps that start at random: factors in (−1, 1), angles in (−π, π), attention `normal`.
    pub(super) fn new(
        p: &Path,
        method: KnowledgeMethod,
        [count, dim]: [i64; 2],
        normal: impl FnOnce(&mut dyn Rng) -> Tensor,
        rng: &mut dyn Rng,
    ) -> Result<Self> {
        let mut uniform = |name: &str, width: i64, bound: f64| {
            let numbers: Vec<f64> = (0..count * width)
                .map(|_| rng.random_range(-bound..bound))
                .collect();
            p.variable(name, &Tensor::from_slice(&numbers).view([count, width]))
        };
        Ok(match method.flat() {
            KnowledgeMethod::MuRE => Self::Scale(uniform("scales", dim, 1.0)?),
            KnowledgeMethod::RotE => Self::Rotate(uniform("rotations", dim / 2, PI)?),
            KnowledgeMethod::RefE => Self::Reflect(uniform("reflections", dim / 2, PI)?),
            _ => Self::Attend {
                rotations: uniform("rotations", dim / 2, PI)?,
                reflections: uniform("reflections", dim / 2, PI)?,
                attention: p.variable("attention", &normal(rng))?,
            },
        })
    }

    /// The maps of these relations, applied to vectors `[B, d]` of f64.
    pub(super) fn apply(&self, relations: &Tensor, x: &Tensor) -> Tensor {
        let of = |table: &Tensor| table.index_select(0, relations).to_kind(Kind::Double);
        match self {
            Self::Scale(factors) => of(factors) * x,
            Self::Rotate(angles) => rotated(&of(angles), x),
            Self::Reflect(angles) => reflected(&of(angles), x),
            Self::Attend {
                rotations,
                reflections,
                attention,
            } => {
                let [rotated, reflected] =
                    [rotated(&of(rotations), x), reflected(&of(reflections), x)];
                let attention = of(attention) / (x.size()[1] as f64).sqrt();
                let logits = [&reflected, &rotated].map(|y| dot_keep(&attention, y));
                let shares = Tensor::cat(&logits, -1).softmax(-1, Kind::Double);
                shares.narrow(-1, 0, 1) * reflected + shares.narrow(-1, 1, 1) * rotated
            }
        }
    }
}

/// Each pair (x, y) of coordinates becomes (x cos φ − y sin φ, x sin φ + y cos φ).
fn rotated(angles: &Tensor, x: &Tensor) -> Tensor {
    let [first, second] = pairs(x);
    let (cos, sin) = (angles.cos(), angles.sin());
    joined(
        &(&first * &cos - &second * &sin),
        &(first * sin + second * cos),
    )
}

/// Each pair (x, y) of coordinates becomes (x cos φ + y sin φ, x sin φ − y cos φ).
fn reflected(angles: &Tensor, x: &Tensor) -> Tensor {
    let [first, second] = pairs(x);
    let (cos, sin) = (angles.cos(), angles.sin());
    joined(
        &(&first * &cos + &second * &sin),
        &(first * sin - second * cos),
    )
}

/// The coordinates 0, 2, … and 1, 3, …, `[B, d/2]` each.
fn pairs(x: &Tensor) -> [Tensor; 2] {
    let size = x.size();
    let pairs = x.view([size[0], size[1] / 2, 2]);
    [pairs.select(-1, 0), pairs.select(-1, 1)]
}

fn joined(first: &Tensor, second: &Tensor) -> Tensor {
    Tensor::stack(&[first, second], -1).flatten(1, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::sum_keep;
    use crate::random::{generator, random_normal};
    use tch::Device;

    fn norm(x: &Tensor) -> Tensor {
        sum_keep(&x.square()).sqrt()
    }

    #[test]
    fn rotations_and_reflections_are_isometries_of_determinant_1_and_minus_1() {
        let mut rng = generator(1);
        let draw =
            |rng: &mut dyn Rng, size: &[i64]| random_normal(rng, size, Kind::Double, Device::Cpu);
        let angles = draw(&mut rng, &[50, 4]) * 3.0;
        let [x, y] = [0, 1].map(|_| draw(&mut rng, &[50, 8]));
        for (turn, sign) in [
            (rotated as fn(&Tensor, &Tensor) -> Tensor, 1.0),
            (reflected, -1.0),
        ] {
            let (turned_x, turned_y) = (turn(&angles, &x), turn(&angles, &y));
            let error = |a: Tensor, b: Tensor| (a - b).abs().max().double_value(&[]);
            assert!(error(norm(&turned_x), norm(&x)) < 1e-14);
            assert!(error(norm(&(&turned_x - &turned_y)), norm(&(&x - &y))) < 1e-14);
            let area = |x: &Tensor, y: &Tensor| {
                let ([a, b], [c, d]) = (pairs(x), pairs(y));
                a * d - b * c
            };
            assert!(error(area(&turned_x, &turned_y), area(&x, &y) * sign) < 1e-13);
        }
        // A reflection undoes itself.
        let back = reflected(&angles, &reflected(&angles, &x));
        assert!((back - &x).abs().max().double_value(&[]) < 1e-14);
    }
}
