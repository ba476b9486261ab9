//! Colours that colour-blind readers can distinguish, also in print.

/// An opaque colour: red, green and blue, 0 to 255.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color(pub u8, pub u8, pub u8);

impl Color {
    /// A strong blue.
    pub const BLUE: Self = Self(0, 114, 178);
    /// A red that is not confused with green.
    pub const VERMILLION: Self = Self(213, 94, 0);
    /// A bluish green.
    pub const GREEN: Self = Self(0, 158, 115);
    /// A reddish purple.
    pub const PURPLE: Self = Self(190, 92, 150);
    /// Orange.
    pub const ORANGE: Self = Self(222, 148, 0);
    /// Sky blue.
    pub const SKY: Self = Self(86, 180, 233);
    /// Brown.
    pub const BROWN: Self = Self(134, 86, 60);
    /// Dark slate.
    pub const SLATE: Self = Self(72, 84, 96);
    /// A neutral grey for background elements.
    pub const GREY: Self = Self(150, 158, 166);

    pub(super) const WHITE: Self = Self(255, 255, 255);
    pub(super) const INK: Self = Self(34, 40, 49);
    pub(super) const RIM: Self = Self(120, 128, 136);
    pub(super) const GRID: Self = Self(228, 231, 235);
    pub(super) const DISK: Self = Self(250, 251, 252);

    /// The colours of groups and lines, in the order in which they are assigned.
    pub const GROUPS: [Self; 8] = [
        Self::BLUE,
        Self::VERMILLION,
        Self::GREEN,
        Self::PURPLE,
        Self::ORANGE,
        Self::SKY,
        Self::BROWN,
        Self::SLATE,
    ];

    /// This colour with an opacity.
    pub(super) fn alpha(self, alpha: f64) -> Paint {
        Paint { color: self, alpha }
    }

    /// The straight mixture `(1 − t)·self + t·other`.
    pub(super) fn mix(self, other: Self, t: f64) -> Self {
        let blend = |a: u8, b: u8| (f64::from(a) * (1.0 - t) + f64::from(b) * t).round() as u8;
        Self(
            blend(self.0, other.0),
            blend(self.1, other.1),
            blend(self.2, other.2),
        )
    }

    /// Light to dark along one hue, for t from 0 to 1.
    pub(super) fn ramp(t: f64) -> Self {
        Self(8, 48, 107).mix(Self(120, 198, 208), t)
    }
}

/// A colour with an opacity from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Paint {
    pub(super) color: Color,
    pub(super) alpha: f64,
}

impl From<Color> for Paint {
    fn from(color: Color) -> Self {
        color.alpha(1.0)
    }
}
