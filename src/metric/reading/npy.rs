//! Matrices in numpy's format, whose header the reader of libtorch's binding trusts about the length of the data.

use std::path::Path;

use tch::{Kind, Tensor};

use super::text::points_of;
use super::{DistanceMatrix, unusable};
use crate::{Error, Result};

const MAGIC: &[u8] = b"\x93NUMPY";
/// Beyond this an f64 does not hold all integers.
const LARGEST_INTEGER: u64 = 1 << 53;

pub(super) fn read(path: &Path) -> Result<DistanceMatrix> {
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let (header, data) = parts(&bytes)
        .ok_or_else(|| unusable(path, "no array of numpy, or one cut off in its header"))?;
    let element = Element::of(header).map_err(|reason| unusable(path, reason))?;
    let size = shape(header).unwrap_or_default();
    let is_condensed = size.len() == 1 && points_of(size[0]).is_some();
    let is_square = size.len() == 2 && size[0] == size[1] && size[0] > 0;
    if !is_condensed && !is_square {
        let reason = format!(
            "an array of shape {size:?}: a matrix of distances is square, and scipy's condensed form has n(n − 1)/2 numbers"
        );
        return Err(unusable(path, reason));
    }
    let count = size.iter().try_fold(1, |all: usize, &n| all.checked_mul(n));
    let wanted = count.and_then(|count| count.checked_mul(element.bytes));
    if wanted != Some(data.len()) {
        let reason = format!(
            "{} bytes of numbers for an array of shape {size:?}",
            data.len()
        );
        return Err(unusable(path, reason));
    }
    let numbers = element.numbers(data).ok_or_else(|| {
        unusable(
            path,
            "an integer beyond 2⁵³, which f64 does not hold: save it as floats",
        )
    })?;
    let numbers = Tensor::from_slice(&numbers);
    let distances = if is_condensed {
        square(&numbers, points_of(size[0]).unwrap_or_default() as i64)
    } else {
        numbers.view([size[0] as i64, size[0] as i64])
    };
    let distances = if header.contains("'fortran_order': True") {
        distances.tr().contiguous()
    } else {
        distances
    };
    Ok(DistanceMatrix {
        names: None,
        distances,
    })
}

/// The matrix of the pairs (0, 1), (0, 2), …, (1, 2), ….
fn square(pairs: &Tensor, n: i64) -> Tensor {
    let matrix = Tensor::zeros([n, n], (Kind::Double, pairs.device()));
    let above = Tensor::triu_indices(n, n, 1, (Kind::Int64, pairs.device()));
    let (row, column) = (above.get(0), above.get(1));
    let matrix = matrix.index_put(&[Some(&row), Some(&column)], pairs, false);
    &matrix + matrix.tr()
}

/// The header's text and the data behind it.
fn parts(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (&major, rest) = rest.split_first()?;
    let (_, rest) = rest.split_first()?;
    let width = if major == 1 { 2 } else { 4 };
    let (length, rest) = rest.split_at_checked(width)?;
    let length = length
        .iter()
        .rev()
        .fold(0, |sum, &byte| 256 * sum + usize::from(byte));
    let (header, data) = rest.split_at_checked(length)?;
    Some((std::str::from_utf8(header).ok()?, data))
}

fn shape(header: &str) -> Option<Vec<usize>> {
    let (_, behind) = header.split_once("'shape':")?;
    let inside = behind.split_once('(')?.1.split_once(')')?.0;
    let numbers = inside
        .split(',')
        .map(str::trim)
        .filter(|number| !number.is_empty());
    numbers.map(|number| number.parse().ok()).collect()
}

/// How one number is written.
struct Element {
    kind: char,
    bytes: usize,
    is_big_endian: bool,
}

impl Element {
    /// By the header's description, such as `<f8`.
    fn of(header: &str) -> std::result::Result<Self, String> {
        let (_, behind) = header
            .split_once("'descr':")
            .ok_or("a header without the type of the numbers")?;
        let description = behind.trim_start();
        if description.starts_with('[') {
            return Err("an array of records: save a plain matrix".to_owned());
        }
        let description = description.split('\'').nth(1).unwrap_or_default();
        let refused = |why: &str| Err(format!("numbers of the type {description:?}: {why}"));
        let mut characters = description.chars();
        let order = characters.next().unwrap_or_default();
        let kind = characters.next().unwrap_or_default();
        let bytes = characters.as_str().parse::<usize>().unwrap_or(0);
        let is_read = match kind {
            'f' => matches!(bytes, 2 | 4 | 8),
            'i' | 'u' => matches!(bytes, 1 | 2 | 4 | 8),
            _ => false,
        };
        if is_read && matches!(order, '<' | '>' | '|' | '=') {
            return Ok(Self {
                kind,
                bytes,
                is_big_endian: order == '>',
            });
        }
        match kind {
            'b' => refused(
                "true and false are no distances; save them as numbers if they are meant so",
            ),
            'f' => refused("save them as float64"),
            'c' => refused("distances are real"),
            'O' => refused("objects of Python; save them as float64"),
            'U' | 'S' => refused("text; save it as float64"),
            _ => refused("distances are floats of 2, 4 or 8 bytes, or integers"),
        }
    }

    /// The numbers in f64; `None` where one is an integer that f64 does not hold.
    fn numbers(&self, data: &[u8]) -> Option<Vec<f64>> {
        data.chunks_exact(self.bytes)
            .map(|bytes| self.number(bytes))
            .collect()
    }

    fn number(&self, bytes: &[u8]) -> Option<f64> {
        let mut little = [0; 8];
        let sign = bytes[if self.is_big_endian {
            0
        } else {
            bytes.len() - 1
        }] & 0x80
            != 0;
        if self.kind == 'i' && sign {
            little = [0xff; 8];
        }
        little[..bytes.len()].copy_from_slice(bytes);
        if self.is_big_endian {
            little[..bytes.len()].reverse();
        }
        let whole = u64::from_le_bytes(little);
        match (self.kind, self.bytes) {
            ('f', 8) => Some(f64::from_bits(whole)),
            ('f', 4) => Some(f64::from(f32::from_bits(whole as u32))),
            ('f', _) => Some(half(whole as u16)),
            ('i', _) => {
                let whole = whole as i64;
                (whole.unsigned_abs() <= LARGEST_INTEGER).then_some(whole as f64)
            }
            _ => (whole <= LARGEST_INTEGER).then_some(whole as f64),
        }
    }
}

/// The number that IEEE 754's binary16 writes so.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2.0_f64.powi(exponent - 25),
    }
}
