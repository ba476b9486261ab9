//! Dense matrices, eight at a time: the same entry of eight matrices of a batch makes one [`Wide`]
//! number, so that every step of a factorisation is a vector instruction and no small matrix costs
//! a call of its own.
//!
//! [`map_matrices`](map::map_matrices) brings a batch of matrices into this layout and back. The
//! algorithms decide nothing across lanes but when to stop, and lanes that are done change no more:
//! a matrix gives the same bits wherever in a batch it stands.

pub(crate) mod exponential;
pub(crate) mod factor;
pub(crate) mod jacobi;
pub(crate) mod map;
pub(crate) mod matrix;
pub(crate) mod precise;
pub(crate) mod similarity;

use std::ops::{Add, AddAssign, Div, Mul, Neg, Sub, SubAssign};

use super::double_double::Real;

/// Matrices that are computed with at once.
pub(crate) const WIDTH: usize = 8;

/// One number of each of eight matrices.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub(crate) struct Wide(pub(crate) [f64; WIDTH]);

impl Wide {
    pub(crate) const ZERO: Self = Self([0.0; WIDTH]);
    pub(crate) const ONE: Self = Self([1.0; WIDTH]);

    /// The same number in every lane.
    #[inline(always)]
    pub(crate) fn splat(value: f64) -> Self {
        Self([value; WIDTH])
    }

    /// A function of each lane by itself.
    #[inline(always)]
    pub(crate) fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self(std::array::from_fn(|lane| f(self.0[lane])))
    }

    #[inline(always)]
    pub(crate) fn zip(self, other: Self, f: impl Fn(f64, f64) -> f64) -> Self {
        Self(std::array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }

    /// `then` where self > other, `otherwise` elsewhere, also for NaN.
    #[inline(always)]
    pub(crate) fn if_above(self, other: Self, then: Self, otherwise: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            if self.0[lane] > other.0[lane] {
                then.0[lane]
            } else {
                otherwise.0[lane]
            }
        }))
    }

    /// Whether self > other in any lane.
    #[inline(always)]
    pub(crate) fn any_above(self, other: Self) -> bool {
        let mut any = false;
        for lane in 0..WIDTH {
            any |= self.0[lane] > other.0[lane];
        }
        any
    }

    #[inline(always)]
    pub(crate) fn sqrt(self) -> Self {
        self.map(f64::sqrt)
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        self.map(f64::abs)
    }

    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        self.if_above(other, self, other)
    }

    /// The magnitude of self with the sign of `sign`.
    #[inline(always)]
    pub(crate) fn copysign(self, sign: Self) -> Self {
        self.zip(sign, f64::copysign)
    }
}

macro_rules! lane_by_lane {
    ($($trait:ident $method:ident $op:tt),*) => {
        $(impl $trait for Wide {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                self.zip(other, |a, b| a $op b)
            }
        })*
    };
}
lane_by_lane!(Add add +, Sub sub -, Mul mul *, Div div /);

impl AddAssign for Wide {
    #[inline(always)]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Wide {
    #[inline(always)]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for Wide {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|a| -a)
    }
}

impl Real for Wide {
    #[inline(always)]
    fn mul_add(self, a: Self, b: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            self.0[lane].mul_add(a.0[lane], b.0[lane])
        }))
    }
}

/// Defines functions whose body is compiled three times: for AVX-512, for AVX2 with fused
/// multiply-adds, both chosen at run time, and for every processor. All give the same bits: a fused
/// multiply-add rounds once whether an instruction or a library computes it.
macro_rules! for_each_processor {
    ($(
        $(#[$meta:meta])*
        $visibility:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block
    )*) => {
        $(
            $(#[$meta])*
            $visibility fn $name($($arg: $type),*) $(-> $result)? {
                #[inline(always)]
                fn body($($arg: $type),*) $(-> $result)? $body

                #[cfg(target_arch = "x86_64")]
                {
                    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx2,fma")]
                    fn with_avx512($($arg: $type),*) $(-> $result)? {
                        body($($arg),*)
                    }
                    #[target_feature(enable = "avx2,fma")]
                    fn with_avx2($($arg: $type),*) $(-> $result)? {
                        body($($arg),*)
                    }
                    let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
                    if has_avx2
                        && is_x86_feature_detected!("avx512f")
                        && is_x86_feature_detected!("avx512dq")
                        && is_x86_feature_detected!("avx512vl")
                    {
                        // SAFETY: the features were just detected.
                        return unsafe { with_avx512($($arg),*) };
                    }
                    if has_avx2 {
                        // SAFETY: as above.
                        return unsafe { with_avx2($($arg),*) };
                    }
                }
                body($($arg),*)
            }
        )*
    };
}
pub(crate) use for_each_processor;
