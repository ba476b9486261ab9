//! Flags around a centre, as the authors' program draws them.

use holonomy::{Flag, Result};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use tch::{Device, Kind, Tensor};

/// The law of the entries that are added to the centre.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noise {
    /// Uniform, `width` wide about 0.
    Uniform,
    /// Normal, of standard deviation `width`.
    Normal,
}

/// One trial's flags.
pub(crate) struct Data {
    pub(crate) center: Tensor,
    /// `[count, n, d_k]`
    pub(crate) points: Tensor,
}

/// The paper's flag manifold.
pub(crate) fn flags() -> Result<Flag> {
    Flag::new(10, &[1, 3])
}

/// A generator of its own for each trial of each study.
pub(crate) fn generator(seed: u64, study: u64, trial: usize) -> Xoshiro256PlusPlus {
    let stream = study.wrapping_mul(1 << 32).wrapping_add(trial as u64);
    Xoshiro256PlusPlus::seed_from_u64(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ stream)
}

/// Q of uniform entries: the centre.
pub(crate) fn center(flags: &Flag, rng: &mut Xoshiro256PlusPlus) -> Tensor {
    let size = [flags.ambient_dim(), flags.frame_dim()];
    let (q, _) = Tensor::linalg_qr(&uniform(rng, &size), "reduced");
    q
}

/// Q of the centre plus noise in every entry.
pub(crate) fn around(
    flags: &Flag,
    rng: &mut Xoshiro256PlusPlus,
    center: &Tensor,
    count: i64,
    (noise, width): (Noise, f64),
) -> Tensor {
    let size = [count, flags.ambient_dim(), flags.frame_dim()];
    let added = match noise {
        Noise::Uniform => uniform(rng, &size),
        Noise::Normal => holonomy::random::random_normal(rng, &size, Kind::Double, Device::Cpu),
    };
    flags.retract_qr(&center.expand(size, false).contiguous(), &(added * width))
}

/// 100 flags around a new centre.
pub(crate) fn draw(
    flags: &Flag,
    rng: &mut Xoshiro256PlusPlus,
    count: i64,
    noise: (Noise, f64),
) -> Data {
    let center = center(flags, rng);
    let points = around(flags, rng, &center, count, noise);
    Data { center, points }
}

/// Entries uniform in ±½.
fn uniform(rng: &mut Xoshiro256PlusPlus, size: &[i64]) -> Tensor {
    let count = size.iter().product::<i64>();
    let numbers: Vec<f64> = (0..count).map(|_| rng.random::<f64>() - 0.5).collect();
    Tensor::from_slice(&numbers).view(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use holonomy::Manifold;

    #[test]
    fn data_follow_the_seed_and_the_width() {
        let flags = flags().unwrap();
        let drawn = |trial| {
            draw(
                &flags,
                &mut generator(1, 0, trial),
                20,
                (Noise::Uniform, 1e-3),
            )
        };
        let (one, same, other) = (drawn(3), drawn(3), drawn(4));
        assert_eq!(one.points, same.points);
        assert_ne!(one.points, other.points);
        flags.check_point(&one.points).unwrap();
        let off = flags.chordal_dist(&one.points, &one.center);
        // √(25/12) 1e-3, by 25 entries that count.
        let mean = off.square().mean(Kind::Double).sqrt().double_value(&[]);
        assert!((mean / 1.443e-3 - 1.0).abs() < 0.1, "{mean}");
    }
}
