//! Matrices as text.

use tch::Tensor;

use super::DistanceMatrix;
use crate::source::{Layout, Records, Source, is_decimal_comma, quote};
use crate::{Error, Result};

pub(super) fn parse(source: &Source) -> Result<DistanceMatrix> {
    let layout = Layout::of(source, None);
    let frame = Frame::of(source, layout)?;
    let mut records = Records::new(source, layout);
    for _ in 0..frame.lines_above {
        records.next()?;
    }
    let mut matrix = Matrix {
        source,
        frame: &frame,
        names: Vec::new(),
        numbers: Vec::new(),
    };
    let mut rows = 0;
    while let Some(line) = records.next()? {
        matrix.push(line, rows, &records)?;
        rows += 1;
    }
    let columns = frame.columns;
    if rows == 0 || rows != columns {
        return Err(not_square(source, layout, rows, columns));
    }
    let n = rows as i64;
    let distances = Tensor::from_slice(&matrix.numbers).view([n, n]);
    let own = Some(matrix.names).filter(|names| !names.is_empty());
    Ok(DistanceMatrix {
        names: frame.names.or(own),
        distances,
    })
}

fn not_square(source: &Source, layout: Layout, rows: usize, columns: usize) -> Error {
    let hint = if rows.min(columns) == 1 && points_of(rows.max(columns)).is_some() {
        ", and scipy.spatial.distance.squareform makes one of scipy's condensed form"
    } else {
        ""
    };
    let separator = layout.separator;
    source.unusable(format!(
        "{rows} rows of {columns} numbers between {separator}: a matrix of distances is square{hint}"
    ))
}

/// How many points have so many pairs.
pub(super) fn points_of(pairs: usize) -> Option<usize> {
    let points = (2.0 * pairs as f64).sqrt().ceil() as usize;
    let both_ways = points.checked_mul(points.checked_sub(1)?)?;
    (points > 1 && Some(both_ways) == pairs.checked_mul(2)).then_some(points)
}

/// What stands around the numbers.
struct Frame {
    /// Lines above the numbers: none, or a header or the number of points.
    lines_above: usize,
    /// Whether rows begin with a name.
    has_row_names: bool,
    /// The names in the header; not the numbers of columns that have no names.
    names: Option<Vec<String>>,
    /// How many numbers a row has, and the line that says so.
    columns: usize,
    line: usize,
}

impl Frame {
    /// By the first two rows, and the number of rows.
    fn of(source: &Source, layout: Layout) -> Result<Self> {
        let mut records = Records::new(source, layout);
        let mut first_two: Vec<(usize, Vec<String>)> = Vec::new();
        let mut rows = 0;
        while let Some(line) = records.next()? {
            rows += 1;
            if rows <= 2 {
                let fields = records.fields().take(records.width());
                first_two.push((line, fields.map(str::to_owned).collect()));
            }
        }
        let plain = |(line, fields): &(usize, Vec<String>), above, has_row_names| Self {
            lines_above: above,
            has_row_names,
            names: None,
            columns: fields.len() - usize::from(has_row_names),
            line: *line,
        };
        let Some(first) = first_two.first() else {
            return Ok(plain(&(1, Vec::new()), 0, false));
        };
        let begins_with_number =
            |row: &(usize, Vec<String>)| row.1.first().is_some_and(|f| is_number(f));
        let below = first_two.get(1);
        if let Some(below) = below
            && first.1.len() == 1
            && first.1[0] == (rows - 1).to_string()
            && below.1.len() == rows
        {
            return Ok(plain(below, 1, true));
        }
        let counts = counts_up(&first.1) && first.1.len() + 1 == rows && first.1.len() > 1;
        if begins_with_number(first) && !counts {
            return Ok(plain(first, 0, false));
        }
        // A name and as many numbers as there are rows.
        if first.1.len() == rows + 1 && first.1[1..].iter().all(|field| is_number(field)) && !counts
        {
            return Ok(plain(first, 0, true));
        }
        Ok(Self::with_header(first, below, rows, counts))
    }

    fn with_header(
        (line, fields): &(usize, Vec<String>),
        below: Option<&(usize, Vec<String>)>,
        rows: usize,
        counts: bool,
    ) -> Self {
        let width = below.map_or(fields.len(), |(_, fields)| fields.len());
        // Without a field for the corner, or without names at the start of the rows.
        let is_bare = width == fields.len() + 1 || fields.len() + 1 == rows;
        let names: Vec<String> = fields.iter().skip(usize::from(!is_bare)).cloned().collect();
        Self {
            lines_above: 1,
            has_row_names: !is_bare || width == fields.len() + 1,
            columns: names.len(),
            names: (!counts).then_some(names),
            line: *line,
        }
    }
}

fn is_number(field: &str) -> bool {
    field.parse::<f64>().is_ok()
}

/// Whether these are the numbers from 0 or from 1.
fn counts_up(fields: &[String]) -> bool {
    let from = |start: usize| {
        (start..)
            .zip(fields)
            .all(|(n, field)| *field == n.to_string())
    };
    from(0) || from(1)
}

/// The rows read so far.
struct Matrix<'a> {
    source: &'a Source,
    frame: &'a Frame,
    names: Vec<String>,
    numbers: Vec<f64>,
}

impl Matrix<'_> {
    fn push(&mut self, line: usize, row: usize, records: &Records) -> Result<()> {
        let first = usize::from(self.frame.has_row_names);
        let width = first + self.frame.columns;
        let found = records.width();
        if found > width || records.len() < width {
            let expected = format!("{width} columns as on line {}", self.frame.line);
            return Err(self.source.error(line, expected, found.to_string()));
        }
        let mut fields = records.fields().take(width);
        if self.frame.has_row_names {
            self.own_name(line, row, fields.next().unwrap_or_default())?;
        }
        for (column, field) in (first + 1..).zip(fields) {
            let number = field.parse::<f64>().map_err(|_| {
                let hint = if is_decimal_comma(field) {
                    " (write a decimal point)"
                } else {
                    ""
                };
                let expected = format!("a number in column {column}");
                self.source.error(line, expected, quote(field) + hint)
            })?;
            self.numbers.push(number);
        }
        Ok(())
    }

    fn own_name(&mut self, line: usize, row: usize, own: &str) -> Result<()> {
        match &self.frame.names {
            None => self.names.push(own.to_owned()),
            Some(names) => {
                if let Some(name) = names.get(row).filter(|name| *name != own) {
                    let expected = format!("the name {name:?}, as in the header");
                    return Err(self.source.error(line, expected, quote(own)));
                }
            }
        }
        Ok(())
    }
}
