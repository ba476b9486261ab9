//! The points as big floats.

use std::f64::consts::LN_2;

use astro_float::{BigFloat, Consts, RoundingMode};

use super::{OP, TreeEmbedding};
use crate::{Error, Result};

const ROUNDING: RoundingMode = RoundingMode::ToEven;

/// Bits of the frames beyond twice those of the points.
const WORKING_BITS: usize = 64;

/// Coordinates with more bits are refused.
const MOST_BITS: f64 = 1_048_576.0;

/// Above this, asinh √t is ln(4t)/2 to the last bit.
const LARGE: i32 = 60;

/// The points of an embedded tree in the Poincaré ball, in numbers of any number of bits.
///
/// Made by [`TreeEmbedding::precise_points`].
#[derive(Debug, Clone)]
pub struct PrecisePoints {
    bits: usize,
    dim: usize,
    /// Node after node.
    coordinates: Vec<BigFloat>,
}

impl PrecisePoints {
    /// The bits of every coordinate.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The coordinates of a node's point, as numbers of `astro-float`.
    ///
    /// # Panics
    ///
    /// For a node that does not exist.
    #[track_caller]
    pub fn point(&self, node: u32) -> &[BigFloat] {
        let start = node as usize * self.dim;
        &self.coordinates[start..start + self.dim]
    }

    /// The distance between two nodes, from their coordinates alone:
    ///
    /// ```text
    /// d(x, y) = 2 asinh( |x − y| / √((1 − |x|²)(1 − |y|²)) )
    /// ```
    ///
    /// # Accuracy
    ///
    /// The absolute error is about 2^(r/ln 2 − bits) for points at the distance r from the origin,
    /// besides the rounding to f64. The distance is infinite where a point, rounded to its bits,
    /// lies outside the ball.
    ///
    /// # Panics
    ///
    /// For a node that does not exist.
    #[track_caller]
    pub fn distance(&self, a: u32, b: u32) -> f64 {
        let (x, y) = (self.point(a), self.point(b));
        let precision = 2 * self.bits + WORKING_BITS;
        let arithmetic = Arithmetic { precision };
        let gap: Vec<BigFloat> = x
            .iter()
            .zip(y)
            .map(|(x, y)| arithmetic.minus(x, y))
            .collect();
        let one = BigFloat::from_f64(1.0, precision);
        let room = |x: &[BigFloat]| arithmetic.minus(&one, &arithmetic.dot(x, x));
        let (room_of_x, room_of_y) = (room(x), room(y));
        let is_outside = |room: &BigFloat| !room.is_positive() || room.is_zero();
        if is_outside(&room_of_x) || is_outside(&room_of_y) {
            return f64::INFINITY;
        }
        let rooms = arithmetic.times(&room_of_x, &room_of_y);
        let squared = arithmetic.dot(&gap, &gap).div(&rooms, precision, ROUNDING);
        let (mantissa, exponent) = parts(&squared);
        if exponent > LARGE {
            return (4.0 * mantissa).ln() + f64::from(exponent) * LN_2;
        }
        // The power is taken out of the root, for the square of a tiny distance underflows.
        let root = (mantissa * 2.0_f64.powi(exponent.rem_euclid(2))).sqrt();
        2.0 * (root * 2.0_f64.powi(exponent.div_euclid(2))).asinh()
    }

    /// The coordinates rounded to f64, node after node.
    pub(super) fn rounded(&self) -> Vec<f64> {
        let rounded = |x: &BigFloat| {
            let (mantissa, exponent) = parts(x);
            mantissa * 2.0_f64.powi(exponent)
        };
        self.coordinates.iter().map(rounded).collect()
    }
}

/// A number as m·2^e with |m| in [½, 1), to the bits of an f64, or as 0.
fn parts(x: &BigFloat) -> (f64, i32) {
    let mut rounded = x.clone();
    if rounded.is_zero() || rounded.set_precision(64, ROUNDING).is_err() {
        return (0.0, 0);
    }
    match rounded.as_raw_parts() {
        Some((words, _, sign, exponent, _)) => {
            let width = 8 * size_of::<astro_float::Word>() as i32;
            let add = |sum: f64, &word: &astro_float::Word| {
                sum * 2.0_f64.powi(-width) + word as f64 * 2.0_f64.powi(-width)
            };
            let mantissa = words.iter().fold(0.0, add);
            let sign = if sign == astro_float::Sign::Neg {
                -1.0
            } else {
                1.0
            };
            (sign * mantissa, exponent)
        }
        None => (f64::NAN, 0),
    }
}

/// Sums and products of one precision.
#[derive(Debug, Clone, Copy)]
struct Arithmetic {
    precision: usize,
}

impl Arithmetic {
    fn of(self, x: f64) -> BigFloat {
        BigFloat::from_f64(x, self.precision)
    }

    fn plus(self, a: &BigFloat, b: &BigFloat) -> BigFloat {
        a.add(b, self.precision, ROUNDING)
    }

    fn minus(self, a: &BigFloat, b: &BigFloat) -> BigFloat {
        a.sub(b, self.precision, ROUNDING)
    }

    fn times(self, a: &BigFloat, b: &BigFloat) -> BigFloat {
        a.mul(b, self.precision, ROUNDING)
    }

    fn over(self, a: &BigFloat, b: &BigFloat) -> BigFloat {
        a.div(b, self.precision, ROUNDING)
    }

    fn dot(self, a: &[BigFloat], b: &[BigFloat]) -> BigFloat {
        let products = a.iter().zip(b).map(|(a, b)| self.times(a, b));
        products.fold(self.of(0.0), |sum, product| self.plus(&sum, &product))
    }

    /// a·x + b·y
    fn blend(self, a: &BigFloat, x: &[BigFloat], b: &BigFloat, y: &[BigFloat]) -> Vec<BigFloat> {
        let pairs = x.iter().zip(y);
        pairs
            .map(|(x, y)| self.plus(&self.times(a, x), &self.times(b, y)))
            .collect()
    }

    /// Σ aᵢ·xᵢ
    fn combination(self, a: &[BigFloat], x: &[Vec<BigFloat>]) -> Vec<BigFloat> {
        let mut sum = vec![self.of(0.0); x.first().map_or(0, Vec::len)];
        for (a, x) in a.iter().zip(x) {
            for (sum, x) in sum.iter_mut().zip(x) {
                *sum = self.plus(sum, &self.times(a, x));
            }
        }
        sum
    }
}

/// A point of the hyperboloid, time first, and an orthonormal frame of its tangent space.
#[derive(Debug, Clone)]
struct Frame {
    point: Vec<BigFloat>,
    axes: Vec<Vec<BigFloat>>,
}

impl Frame {
    fn origin(dim: usize, arithmetic: Arithmetic) -> Self {
        let unit = |axis: usize| -> Vec<BigFloat> {
            (0..=dim)
                .map(|i| arithmetic.of(f64::from(u8::from(i == axis))))
                .collect()
        };
        Self {
            point: unit(0),
            axes: (1..=dim).map(unit).collect(),
        }
    }

    /// The frame at the end of an edge that leaves in `direction`, a unit vector: translated along
    /// the edge, then reflected so that the way back is the first axis.
    fn moved(
        &self,
        cosh: &BigFloat,
        sinh: &BigFloat,
        direction: &[BigFloat],
        by: Arithmetic,
    ) -> Self {
        let along = by.combination(direction, &self.axes);
        let point = by.blend(cosh, &self.point, sinh, &along);
        let onward = by.blend(sinh, &self.point, cosh, &along);
        let one = by.of(1.0);
        let change = by.blend(&one, &onward, &by.of(-1.0), &along);
        let translated: Vec<Vec<BigFloat>> = self
            .axes
            .iter()
            .zip(direction)
            .map(|(axis, e)| by.blend(&one, axis, e, &change))
            .collect();
        let mut mirror = direction.to_vec();
        mirror[0] = by.plus(&mirror[0], &one);
        if mirror[0].is_zero() {
            return Self {
                point,
                axes: translated,
            };
        }
        let image = by.combination(&mirror, &translated);
        let reflected = translated.iter().zip(&mirror).map(|(axis, m)| {
            let factor = by.over(m, &mirror[0]).neg();
            by.blend(&one, axis, &factor, &image)
        });
        Self {
            point,
            axes: reflected.collect(),
        }
    }

    /// The point in the ball.
    fn in_ball(&self, by: Arithmetic) -> Vec<BigFloat> {
        let bottom = by.plus(&self.point[0], &by.of(1.0));
        self.point[1..]
            .iter()
            .map(|x| by.over(x, &bottom))
            .collect()
    }
}

/// All points of an embedding with `bits` bits a coordinate.
pub(super) fn points(embedding: &TreeEmbedding, bits: usize) -> Result<PrecisePoints> {
    if bits == 0 {
        return Err(Error::invalid(OP, "at least one bit", bits));
    }
    let needed = embedding.bits().max(bits as f64);
    if needed > MOST_BITS {
        let expected = format!("a tree whose points need at most {MOST_BITS} bits a coordinate");
        return Err(Error::invalid(OP, expected, format!("{needed:e} bits")));
    }
    let precision = 2 * needed as usize + WORKING_BITS;
    let by = Arithmetic { precision };
    let no_memory = |error| Error::invalid(OP, "memory for big floats", format!("{error:?}"));
    let mut constants = Consts::new().map_err(no_memory)?;
    let tree = &embedding.tree;
    let dim = embedding.dim;
    let mut coordinates = vec![BigFloat::new(bits); tree.len() * dim];
    let mut waiting = children_count(embedding);
    let mut frames: Vec<Option<Frame>> = vec![None; tree.len()];
    let mut turns = Turns::default();
    for place in 0..tree.len() {
        let frame = match tree.parent(place) {
            None => Frame::origin(dim, by),
            Some(parent) => {
                let (cosh, sinh) = turns.of(embedding.lengths[place], by, &mut constants);
                let direction = unit(embedding.direction(place), by);
                let moved = frames[parent]
                    .as_ref()
                    .map(|frame| frame.moved(cosh, sinh, &direction, by));
                waiting[parent] -= 1;
                if waiting[parent] == 0 {
                    frames[parent] = None;
                }
                // Parents come first and stay until their last child.
                moved.unwrap_or_else(|| Frame::origin(dim, by))
            }
        };
        let node = tree.nodes()[place] as usize;
        let mut point = frame.in_ball(by);
        for x in &mut point {
            // Operations round to whole words, this to bits.
            x.set_precision(bits, ROUNDING).map_err(no_memory)?;
        }
        coordinates[node * dim..(node + 1) * dim].clone_from_slice(&point);
        if waiting[place] > 0 {
            frames[place] = Some(frame);
        }
    }
    Ok(PrecisePoints {
        bits,
        dim,
        coordinates,
    })
}

fn children_count(embedding: &TreeEmbedding) -> Vec<usize> {
    let tree = &embedding.tree;
    let upwards = |place| usize::from(tree.parent(place).is_some());
    (0..tree.len())
        .map(|place| tree.degree(place) - upwards(place))
        .collect()
}

/// Exactly a unit vector, to the working precision.
fn unit(direction: &[f64], by: Arithmetic) -> Vec<BigFloat> {
    let exact: Vec<BigFloat> = direction.iter().map(|&x| by.of(x)).collect();
    let length = by.dot(&exact, &exact).sqrt(by.precision, ROUNDING);
    exact.iter().map(|x| by.over(x, &length)).collect()
}

/// cosh and sinh of the last length that was asked for: most trees have few different ones.
#[derive(Debug, Default)]
struct Turns {
    last: Option<(f64, BigFloat, BigFloat)>,
}

impl Turns {
    fn of(
        &mut self,
        length: f64,
        by: Arithmetic,
        constants: &mut Consts,
    ) -> (&BigFloat, &BigFloat) {
        if self.last.as_ref().is_none_or(|last| last.0 != length) {
            self.last = None;
        }
        let (_, cosh, sinh) = self.last.get_or_insert_with(|| {
            let length_of = by.of(length);
            let cosh = length_of.cosh(by.precision, ROUNDING, constants);
            let sinh = length_of.sinh(by.precision, ROUNDING, constants);
            (length, cosh, sinh)
        });
        (cosh, sinh)
    }
}
