//! The tables of features that come with the program.

use std::io::Read;

use flate2::read::GzDecoder;
use holonomy::{Error, Result};
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::Serialize;
use tch::{Kind, Tensor};

/// Rows of numbers with a class each.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// `[rows, features]` in f64.
    pub(crate) features: Tensor,
    /// A class for each row, counted from 0.
    pub(crate) labels: Vec<usize>,
    /// The names of the classes, in the order of their first rows.
    pub(crate) classes: Vec<String>,
}

/// A table by its name.
pub(crate) fn table(name: &'static str) -> Result<Table> {
    let text = match name {
        "zoo" => include_str!("../../data/zoo.tsv"),
        "iris" => include_str!("../../data/iris.tsv"),
        "glass" => include_str!("../../data/glass.tsv"),
        "wine" => include_str!("../../data/wine.tsv"),
        "breast cancer" => include_str!("../../data/breast_cancer.tsv"),
        "ionosphere" => include_str!("../../data/ionosphere.tsv"),
        "digits" => {
            let packed = include_bytes!("../../data/optical_digits.tsv.gz");
            let mut text = String::new();
            (GzDecoder::new(&packed[..]).read_to_string(&mut text))
                .map_err(Error::io("read", "papers/data/optical_digits.tsv.gz"))?;
            return parse(name, &text);
        }
        _ => return Err(Error::invalid("table", "a table that is there", name)),
    };
    parse(name, text)
}

impl Table {
    pub(crate) fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Some rows and their labels.
    pub(crate) fn at(&self, rows: &[usize]) -> (Tensor, Tensor) {
        let places: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
        let labels: Vec<i64> = rows.iter().map(|&row| self.labels[row] as i64).collect();
        let features = self.features.index_select(0, &Tensor::from_slice(&places));
        (features, Tensor::from_slice(&labels))
    }

    /// The features of each row.
    pub(crate) fn numbers(&self) -> Vec<Vec<f64>> {
        let width = self.features.size()[1] as usize;
        let flat = Vec::<f64>::try_from(self.features.contiguous().view(-1)).unwrap_or_default();
        flat.chunks(width).map(<[f64]>::to_vec).collect()
    }

    /// Every feature with mean 0 and variance 1 over all rows.
    pub(crate) fn standardised(&self) -> Tensor {
        Standardised::of(&self.features).apply(&self.features)
    }
}

/// Rows with known and with unknown class.
#[derive(Debug, Serialize)]
pub(crate) struct Split {
    pub(crate) known: Vec<usize>,
    pub(crate) unknown: Vec<usize>,
}

impl Split {
    /// Every class in the same proportions, at least one row of each known.
    pub(crate) fn of(table: &Table, share: f64, rng: &mut Xoshiro256PlusPlus) -> Self {
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for class in 0..table.classes.len() {
            let mut rows: Vec<usize> = (0..table.rows())
                .filter(|&row| table.labels[row] == class)
                .collect();
            rows.shuffle(rng);
            let count = ((share * rows.len() as f64).round() as usize).max(1);
            unknown.extend_from_slice(&rows[count..]);
            known.extend_from_slice(&rows[..count]);
        }
        Self { known, unknown }
    }
}

/// Mean and deviation of every feature.
pub(crate) struct Standardised {
    mean: Tensor,
    deviation: Tensor,
}

impl Standardised {
    /// Those of these rows. A feature that is constant is left at 0.
    pub(crate) fn of(rows: &Tensor) -> Self {
        let mean = rows.mean_dim(0, true, Kind::Double);
        let spread = (rows - &mean)
            .square()
            .mean_dim(0, true, Kind::Double)
            .sqrt();
        // Sums of 0.1 are not exact.
        let constant = spread.le_tensor(&(mean.abs() * (10.0 * f64::EPSILON)));
        Self {
            deviation: spread.masked_fill(&constant, 1.0),
            mean,
        }
    }

    pub(crate) fn apply(&self, rows: &Tensor) -> Tensor {
        (rows - &self.mean) / &self.deviation
    }
}

/// A header, then rows: a class and numbers, separated by tabs.
fn parse(name: &'static str, text: &str) -> Result<Table> {
    let mut classes: Vec<String> = Vec::new();
    let (mut labels, mut numbers) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().skip(1) {
        let fail = || Error::Parse {
            path: format!("papers/data/{name}.tsv").into(),
            line: index + 1,
            expected: "a class and numbers".into(),
            got: line.into(),
        };
        let (class, rest) = line.split_once('\t').ok_or_else(fail)?;
        let known = classes.iter().position(|name| *name == class);
        labels.push(known.unwrap_or(classes.len()));
        if known.is_none() {
            classes.push(class.to_owned());
        }
        for number in rest.split('\t') {
            numbers.push(number.parse::<f64>().map_err(|_| fail())?);
        }
    }
    Ok(Table {
        name,
        features: Tensor::from_slice(&numbers).view([labels.len() as i64, -1]),
        classes,
        labels,
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_tables_are_those_that_are_known() {
        for (name, rows, features, classes) in [
            ("zoo", 101, 16, 7),
            ("iris", 150, 4, 3),
            ("glass", 214, 9, 6),
            ("wine", 178, 13, 3),
            ("breast cancer", 569, 30, 2),
            ("ionosphere", 351, 34, 2),
            ("digits", 1797, 64, 10),
        ] {
            let table = table(name).unwrap();
            let shape = (table.rows(), table.features.size()[1], table.classes.len());
            assert_eq!(shape, (rows, features, classes), "{name}");
            let standardised = table.standardised();
            let variance = standardised.square().mean_dim(0, false, Kind::Double);
            let constant = variance.eq(0.0);
            let off = (variance - 1.0).abs().masked_fill(&constant, 0.0);
            assert!(off.max().double_value(&[]) < 1e-12, "{name}");
        }
        assert!(table("none").is_err());
    }

    #[test]
    fn splits_keep_the_proportions_of_classes() {
        let iris = table("iris").unwrap();
        let split = Split::of(&iris, 0.7, &mut Xoshiro256PlusPlus::seed_from_u64(1));
        let of_class = |rows: &[usize], class| {
            let of_class = rows.iter().filter(|&&row| iris.labels[row] == class);
            of_class.count()
        };
        for class in 0..3 {
            assert_eq!(of_class(&split.known, class), 35);
            assert_eq!(of_class(&split.unknown, class), 15);
        }
    }

    #[test]
    fn a_bad_row_is_named() {
        let error = parse("zoo", "type\ta\nbird\t1\nfish\tx\n").unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("papers/data/zoo.tsv:3: expected a class and numbers"));
    }
}
