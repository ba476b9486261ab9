//! The tables of features that come with the program.

use holonomy::{Error, Result};
use tch::{Kind, Tensor};

/// Rows of numbers with a class each.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// `[rows, features]` in f64.
    pub(super) features: Tensor,
    /// A class for each row, counted from 0.
    pub(super) labels: Vec<usize>,
    pub(super) classes: usize,
    /// The number of scales of the paper's public program.
    pub(super) scales: u32,
}

/// Animals by their traits, flowers by their measures, splinters of glass by their oxides.
pub(super) fn all() -> Result<Vec<Table>> {
    let zoo = include_str!("../../data/zoo.tsv");
    let iris = include_str!("../../data/iris.tsv");
    let glass = include_str!("../../data/glass.tsv");
    [("zoo", zoo, 4), ("iris", iris, 6), ("glass", glass, 5)]
        .into_iter()
        .map(|(name, text, scales)| parse(name, text, scales))
        .collect()
}

impl Table {
    pub(super) fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Every feature with mean 0 and variance 1 over all rows.
    pub(super) fn standardised(&self) -> Tensor {
        let centred = &self.features - self.features.mean_dim(0, true, Kind::Double);
        let spread = centred.square().mean_dim(0, true, Kind::Double).sqrt();
        centred / spread
    }
}

/// A header, then rows: a class and numbers, separated by tabs.
fn parse(name: &'static str, text: &str, scales: u32) -> Result<Table> {
    let mut names: Vec<&str> = Vec::new();
    let (mut labels, mut numbers) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().skip(1) {
        let fail = || Error::Parse {
            path: format!("papers/data/{name}.tsv").into(),
            line: index + 1,
            expected: "a class and numbers".into(),
            got: line.into(),
        };
        let (class, rest) = line.split_once('\t').ok_or_else(fail)?;
        let known = names.iter().position(|name| *name == class);
        labels.push(known.unwrap_or(names.len()));
        if known.is_none() {
            names.push(class);
        }
        for number in rest.split('\t') {
            numbers.push(number.parse::<f64>().map_err(|_| fail())?);
        }
    }
    Ok(Table {
        name,
        features: Tensor::from_slice(&numbers).view([labels.len() as i64, -1]),
        classes: names.len(),
        labels,
        scales,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_those_that_are_known() {
        let tables = all().unwrap();
        let shapes: Vec<_> = tables
            .iter()
            .map(|t| (t.name, t.rows(), t.features.size()[1], t.classes))
            .collect();
        let expected = [
            ("zoo", 101, 16, 7),
            ("iris", 150, 4, 3),
            ("glass", 214, 9, 6),
        ];
        assert_eq!(shapes, expected);
        let variance = tables[2].standardised().square().mean(Kind::Double);
        assert!((variance.double_value(&[]) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_bad_row_is_named() {
        let error = parse("zoo", "type\ta\nbird\t1\nfish\tx\n", 3).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with("papers/data/zoo.tsv:3: expected a class and numbers"));
    }
}
