//! Random numbers that a seed repeats.
//!
//! Whatever draws random numbers in this crate takes a generator of [`rand`] from its caller, and
//! libtorch's global generator is never used. [`generator`] is the one that the crate itself uses.

use rand::SeedableRng;

/// The generator xoshiro256++ 1.0 of Blackman and Vigna, whose period is 2²⁵⁶ − 1.
///
/// It is fast and passes the usual tests of randomness. It is not for cryptography.
pub type Generator = rand_xoshiro::Xoshiro256PlusPlus;

/// A generator whose numbers follow from `seed`: its state is four outputs of SplitMix64 from there.
///
/// A seed gives the same numbers on every machine, and as long as the version of this crate is the
/// same. Another version may give others, and its changelog says so.
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
