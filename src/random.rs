//! Reproducible random numbers.
//!
//! Functions of this crate that draw random numbers take either a generator of [`rand`] or a seed;
//! libtorch's global generator is never used. [`generator`] makes the generator that the crate
//! itself uses.

use rand::SeedableRng;

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
