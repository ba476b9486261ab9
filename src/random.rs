//! Reproducible random numbers.
//!
//! Functions of this crate that draw random numbers take either a generator of [`rand`] or a seed;
//! libtorch's global generator is never used. [`generator`] makes the generator that the crate
//! itself uses.

use rand::{Rng, RngExt, SeedableRng};
use rand_distr::StandardNormal;
use tch::{Device, Kind, Tensor};

/// The generator xoshiro256++ 1.0 of Blackman and Vigna, whose period is 2²⁵⁶ − 1.
///
/// It is fast and passes the usual tests of randomness. It is not for cryptography.
pub type Generator = rand_xoshiro::Xoshiro256PlusPlus;

/// A generator seeded with `seed`: its state is four outputs of SplitMix64 started from the seed.
///
/// A seed gives the same numbers on every machine with the same version of this crate. Another
/// version may give other numbers; the changelog then says so.
///
/// # Examples
///
/// ```
/// use holonomy::random::generator;
/// use holonomy::tch::{Device, Kind};
/// use holonomy::{PoincareBall, Sample};
///
/// let disk = PoincareBall::new(2, -1.0)?;
/// let draw = |seed| disk.random_point(&mut generator(seed), &[3], (Kind::Double, Device::Cpu));
/// assert_eq!(draw(1), draw(1));
/// assert_ne!(draw(1), draw(2));
/// # Ok::<(), holonomy::Error>(())
/// ```
pub fn generator(seed: u64) -> Generator {
    Generator::seed_from_u64(seed)
}

/// Independent standard normal numbers of shape `size`. They are drawn on the CPU in f64 and then
/// converted, so that they do not depend on kind and device.
pub fn random_normal(rng: &mut dyn Rng, size: &[i64], kind: Kind, device: Device) -> Tensor {
    let count = size.iter().product::<i64>() as usize;
    let numbers: Vec<f64> = (0..count).map(|_| rng.sample(StandardNormal)).collect();
    Tensor::from_slice(&numbers)
        .view(size)
        .to_kind(kind)
        .to_device(device)
}

/// A seed for the stream `index` of `seed`: neighbouring numbers give unrelated seeds.
pub(crate) fn mix(seed: u64, index: u64) -> u64 {
    let mut bits = seed ^ index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    bits = (bits ^ (bits >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    bits ^ (bits >> 32)
}
