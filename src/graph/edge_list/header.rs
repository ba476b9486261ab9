//! Whether the first row names the columns.

use std::collections::HashMap;

use super::titles::{Columns, are_usual};
use crate::Result;
use crate::source::{Layout, Records, Source};

/// Rows below a first one that stands apart, from which on that makes it a header.
const ROWS_FOR_A_GUESS: usize = 3;

/// What the first row is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) is_header: bool,
    pub(super) doubt: Option<String>,
}

impl Verdict {
    pub(super) fn header() -> Self {
        Self::sure(true)
    }

    fn sure(is_header: bool) -> Self {
        Self {
            is_header,
            doubt: None,
        }
    }
}

/// Whether the first row is a header, from what stands in it and below.
pub(super) fn detect(source: &Source, layout: Layout) -> Result<Verdict> {
    let mut records = Records::new(source, layout);
    let Some(line) = records.next()? else {
        return Ok(Verdict::sure(false));
    };
    let first: Vec<String> = records.fields().map(str::to_owned).collect();
    let columns = Columns::of_titles(&first).unwrap_or(Columns::in_order(first.len()));
    let own = ends(&columns, first.iter().map(String::as_str));
    let evidence = Evidence::of(&first, own, &columns, &mut records)?;
    if evidence.comes_again {
        let doubt = are_usual(&first).then(|| {
            format!(
                "line {line} reads like a header, {first:?}, but a name in it comes again below: it is read as an edge"
            )
        });
        return Ok(Verdict {
            is_header: false,
            doubt,
        });
    }
    let has_rows = evidence.rows > 0;
    if are_usual(&first) || has_rows && evidence.is_header() {
        return Ok(Verdict::sure(true));
    }
    let may_be_title = |name: &str| !name.is_empty() && name.parse::<f64>().is_err();
    if !(may_be_title(own.0) && may_be_title(own.1) && stands_apart(source, layout, &columns)?) {
        return Ok(Verdict::sure(false));
    }
    let is_header = evidence.rows >= ROWS_FOR_A_GUESS && !has_digit(own.0) && !has_digit(own.1);
    let (taken, other) = if is_header {
        ("a header", "an edge")
    } else {
        ("an edge", "a header")
    };
    Ok(Verdict {
        is_header,
        doubt: Some(format!(
            "line {line}, {first:?}, is taken for {taken} and may be {other}: its names stand nowhere else, and all rows \
             below hang together with others"
        )),
    })
}

/// What the rows below say of the first.
struct Evidence {
    rows: usize,
    comes_again: bool,
    /// The third field names weights.
    names_weight: bool,
    /// All below are integers, and its own names are not.
    names_integers: bool,
    /// All below have digits, and its own names have none.
    lacks_digits: bool,
    /// Its first field is empty, and what stands below it is not.
    heads_an_index: bool,
}

impl Evidence {
    fn of(
        first: &[String],
        own: (&str, &str),
        columns: &Columns,
        records: &mut Records,
    ) -> Result<Self> {
        let mut evidence = Self {
            rows: 0,
            comes_again: false,
            names_weight: first.len() == 3 && is_weight_title(&first[2]),
            names_integers: !is_integer(own.0) && !is_integer(own.1),
            lacks_digits: !has_digit(own.0) && !has_digit(own.1),
            heads_an_index: first.len() > 2 && first[0].is_empty(),
        };
        while records.next()?.is_some() {
            let (child, parent) = ends(columns, records.fields());
            evidence.rows += 1;
            evidence.names_integers &= is_integer(child) && is_integer(parent);
            evidence.lacks_digits &= has_digit(child) && has_digit(parent);
            evidence.heads_an_index &= records.fields().next().is_some_and(is_integer);
            evidence.comes_again |= [child, parent]
                .iter()
                .any(|&name| name == own.0 && !name.is_empty() || name == own.1);
            if evidence.comes_again {
                break;
            }
        }
        Ok(evidence)
    }

    fn is_header(&self) -> bool {
        self.names_weight
            || self.names_integers
            || self.lacks_digits && self.rows >= ROWS_FOR_A_GUESS
            || self.heads_an_index
    }
}

/// Whether the first row shares no name with another, and each other row does.
fn stands_apart(source: &Source, layout: Layout, columns: &Columns) -> Result<bool> {
    let mut counts: HashMap<String, usize> = HashMap::new();
    let mut records = Records::new(source, layout);
    let mut rows = Vec::new();
    while records.next()?.is_some() {
        let (child, parent) = ends(columns, records.fields());
        for name in [child, parent] {
            match counts.get_mut(name) {
                Some(count) => *count += 1,
                None => drop(counts.insert(name.to_owned(), 1)),
            }
        }
        rows.push((child.to_owned(), parent.to_owned()));
    }
    let is_alone = |(child, parent): &(String, String)| {
        child != parent && counts[child.as_str()] + counts[parent.as_str()] == 2
    };
    Ok(rows.len() > 1 && is_alone(&rows[0]) && !rows[1..].iter().any(is_alone))
}

fn ends<'a>(columns: &Columns, fields: impl Iterator<Item = &'a str>) -> (&'a str, &'a str) {
    let mut ends = ("", "");
    for (column, field) in fields.enumerate() {
        if column == columns.child {
            ends.0 = field;
        } else if column == columns.parent {
            ends.1 = field;
        }
    }
    ends
}

fn is_integer(field: &str) -> bool {
    field.parse::<i64>().is_ok()
}

fn has_digit(field: &str) -> bool {
    field.contains(|c: char| c.is_ascii_digit())
}

/// "nan" and "inf" begin with letters too, but stand for numbers.
fn is_weight_title(field: &str) -> bool {
    field.starts_with(char::is_alphabetic) && field.parse::<f64>().is_err()
}
