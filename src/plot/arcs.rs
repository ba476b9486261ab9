//! Geodesics and translations of the unit disk, on plain pairs of numbers.
//!
//! All formulas are in differences and in α = 1 − |z|², so that they keep their digits at the rim.

/// A point or vector of the plane.
pub(super) type Vec2 = [f64; 2];

pub(super) fn sub(a: Vec2, b: Vec2) -> Vec2 {
    [a[0] - b[0], a[1] - b[1]]
}

pub(super) fn add(a: Vec2, b: Vec2) -> Vec2 {
    [a[0] + b[0], a[1] + b[1]]
}

pub(super) fn scale(a: Vec2, s: f64) -> Vec2 {
    [a[0] * s, a[1] * s]
}

pub(super) fn length(a: Vec2) -> f64 {
    a[0].hypot(a[1])
}

fn cross(a: Vec2, b: Vec2) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

fn square(a: Vec2) -> f64 {
    a[0] * a[0] + a[1] * a[1]
}

/// 1 − |z|², as a product so that nothing is lost near the rim.
fn alpha(z: Vec2) -> f64 {
    let r = length(z);
    (1.0 - r) * (1.0 + r)
}

/// The geodesic from `p` to `q` as the corners of a polyline that stays within `tolerance` of it.
///
/// The arc of the circle through `p` and `q` that meets the rim at right angles turns by 2φ:
///
/// ```text
/// φ = atan2( p × (q − p), (α_p + α_q + |q − p|²)/2 )      (the argument of 1 − p̄q)
/// γ(t) = p + sin(tφ)/sin φ · R((t − 1)φ) (q − p)          (R turns by an angle)
/// ```
pub(super) fn geodesic(p: Vec2, q: Vec2, tolerance: f64) -> Vec<Vec2> {
    let chord = sub(q, p);
    let phi = -cross(p, chord).atan2(f64::midpoint(alpha(p), alpha(q)) + square(chord) / 2.0);
    let sine = phi.sin().abs();
    // A segment of a circle of radius ρ that turns by 2φ/n is ρ(φ/n)²/2 high.
    let height = length(chord) * phi.abs() * (phi.abs() / sine.max(f64::MIN_POSITIVE)) / 4.0;
    let segments = (height / tolerance).sqrt().ceil().clamp(1.0, 512.0) as usize;
    let point = |i: usize| {
        let t = i as f64 / segments as f64;
        let ratio = if sine == 0.0 {
            t
        } else {
            (t * phi).sin() / phi.sin()
        };
        add(p, scale(rotate(chord, (t - 1.0) * phi), ratio))
    };
    (0..=segments)
        .map(|i| if i == segments { q } else { point(i) })
        .collect()
}

fn rotate(v: Vec2, angle: f64) -> Vec2 {
    let (s, c) = angle.sin_cos();
    [c * v[0] - s * v[1], s * v[0] + c * v[1]]
}

/// An isometry of the unit disk and a scale of its radii.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    /// The point that is moved to the origin.
    pub(super) center: Vec2,
    /// What hyperbolic distances from the origin are multiplied with afterwards; 1 keeps an isometry.
    pub(super) radial: f64,
}

impl View {
    /// Where `z` is drawn.
    ///
    /// ```text
    /// (−a) ⊕ z = (α_a δ − |δ|² a) / (α_a α_z + |δ|²),  δ = z − a
    /// ```
    pub(super) fn point(self, z: Vec2) -> Vec2 {
        let a = self.center;
        let delta = sub(z, a);
        let distance = square(delta);
        let numerator = sub(scale(delta, alpha(a)), scale(a, distance));
        let den = alpha(a) * alpha(z) + distance;
        let moved = if den == 0.0 {
            [0.0, 0.0]
        } else {
            scale(numerator, 1.0 / den)
        };
        if self.radial == 1.0 {
            return moved;
        }
        let hyperbolic = 2.0 * (distance.sqrt() / (alpha(a) * alpha(z)).sqrt()).asinh();
        let r = length(moved);
        if r == 0.0 {
            return moved;
        }
        scale(moved, (self.radial * hyperbolic / 2.0).tanh() / r)
    }

    /// The hyperbolic distance of `z` from the view's centre, κ = −1.
    pub(super) fn radius(self, z: Vec2) -> f64 {
        let delta = length(sub(z, self.center));
        2.0 * (delta / (alpha(self.center) * alpha(z)).sqrt()).asinh()
    }

    /// Where the tangent `v` at `z` is drawn: the derivative of [`View::point`].
    pub(super) fn tangent(self, z: Vec2, v: Vec2) -> Vec2 {
        // A central difference along v, of a step that stays inside the disk.
        let speed = length(v);
        if speed == 0.0 {
            return v;
        }
        let step = 1e-5 * alpha(z) / speed;
        let ahead = self.point(add(z, scale(v, step)));
        let behind = self.point(sub(z, scale(v, step)));
        scale(sub(ahead, behind), 0.5 / step)
    }
}
