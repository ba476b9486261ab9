//! Functions of numbers in the formulas of hyperbolic space.

/// asinh √s and √(1 + s), for s ≥ 0: ln(1 + x) with x = √s + s/(1 + √(1 + s)).
///
/// ln(1 + x) is ln u of the rounded u = 1 + x, less the rounding over u: without a branch, and
/// faster than the library's.
#[inline(always)]
pub(crate) fn asinh_of_root(s: f64) -> (f64, f64) {
    let hypotenuse = (1.0 + s).sqrt();
    let x = s.sqrt() + s / (1.0 + hypotenuse);
    let u = 1.0 + x;
    let lost = x - (u - 1.0);
    // Beyond 2⁵³ the 1 is lost as a whole, and is less than a rounding of the logarithm.
    (u.ln() + lost / u, hypotenuse)
}

/// asinh(√s)/√s /√(1 + s), for s ≥ 0: D/sinh D of s = sinh²(D/2).
#[inline(always)]
pub(crate) fn length_over_sinh(s: f64) -> f64 {
    let (half_length, hypotenuse) = asinh_of_root(s);
    if s > 0.0 {
        half_length / (s.sqrt() * hypotenuse)
    } else {
        1.0 - s
    }
}

/// sinh(t)/t for t ≥ 0.
#[inline(always)]
pub(crate) fn sinhc(t: f64) -> f64 {
    if t < 1e-5 {
        1.0 + t * t / 6.0
    } else {
        t.sinh() / t
    }
}

/// The factor of x in exp, as an exact part, 0 or 1, and the rest, for x at distance ρ from the
/// origin and a step of length n at an angle φ to x̂: a short step keeps the digits of x, a long one
/// inwards does not subtract them.
///
/// Outwards: cosh n + sinh n cos φ cosh ρ/sinh ρ. Inwards, with 1 + cos φ = sin²φ/(1 − cos φ):
/// (sinh(ρ − n) + (1 + cos φ) sinh n cosh ρ)/sinh ρ.
#[inline(always)]
pub(crate) fn radial_growth(
    (sinh_rho, cosh_rho): (f64, f64),
    (sinh_n, cosh_n_minus_1): (f64, f64),
    (cos, sin): (f64, f64),
) -> (f64, f64) {
    let ratio = cosh_rho / sinh_rho;
    if cos >= 0.0 {
        return (1.0, (sinh_n * cos).mul_add(ratio, cosh_n_minus_1));
    }
    let bend = sin * sin / (1.0 - cos) * sinh_n * ratio;
    if sinh_n < 1.0 {
        // sinh(ρ − n) − sinh ρ = sinh ρ (cosh n − 1) − cosh ρ sinh n
        (1.0, bend + (cosh_n_minus_1 - ratio * sinh_n))
    } else {
        let quotient = (sinh_rho + cosh_rho) / (sinh_n + cosh_n_minus_1 + 1.0);
        (0.0, 0.5 * (quotient - 1.0 / quotient) / sinh_rho + bend)
    }
}
