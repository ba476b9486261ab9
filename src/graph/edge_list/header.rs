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
    if are_usual(&first) || evidence.is_header() {
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
    /// What tells the first row from all below.
    reasons: Vec<Reason>,
}

/// A difference between the first row and all below, which makes it a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// The third field names weights.
    NamesWeight,
    /// All below are integers, and its own names are not.
    NamesIntegers,
    /// All below have digits, and its own names have none.
    LacksDigits,
    /// Its first field is empty, and row numbers stand below.
    HeadsAnIndex,
}

impl Reason {
    const ALL: [Self; 4] = [
        Self::NamesWeight,
        Self::NamesIntegers,
        Self::LacksDigits,
        Self::HeadsAnIndex,
    ];

    fn fits_first(self, fields: &[String], (child, parent): (&str, &str)) -> bool {
        match self {
            Self::NamesWeight => fields.len() == 3 && is_weight_title(&fields[2]),
            Self::NamesIntegers => !is_integer(child) && !is_integer(parent),
            Self::LacksDigits => !has_digit(child) && !has_digit(parent),
            Self::HeadsAnIndex => fields.len() > 2 && fields[0].is_empty(),
        }
    }

    fn fits_below(self, first_field: &str, (child, parent): (&str, &str)) -> bool {
        match self {
            Self::NamesWeight => true,
            Self::NamesIntegers => is_integer(child) && is_integer(parent),
            Self::LacksDigits => has_digit(child) && has_digit(parent),
            Self::HeadsAnIndex => is_integer(first_field),
        }
    }

    /// How many rows below make the difference more than an accident.
    fn least_rows(self) -> usize {
        match self {
            Self::LacksDigits => ROWS_FOR_A_GUESS,
            _ => 1,
        }
    }
}

impl Evidence {
    fn of(
        first: &[String],
        own: (&str, &str),
        columns: &Columns,
        records: &mut Records,
    ) -> Result<Self> {
        let mut reasons = Reason::ALL.to_vec();
        reasons.retain(|reason| reason.fits_first(first, own));
        let mut evidence = Self {
            rows: 0,
            comes_again: false,
            reasons,
        };
        let is_own = |name: &str| name == own.0 && !name.is_empty() || name == own.1;
        while !evidence.comes_again && records.next()?.is_some() {
            let below = ends(columns, records.fields());
            let first_field = records.fields().next().unwrap_or_default();
            evidence.rows += 1;
            evidence
                .reasons
                .retain(|reason| reason.fits_below(first_field, below));
            evidence.comes_again = is_own(below.0) || is_own(below.1);
        }
        Ok(evidence)
    }

    fn is_header(&self) -> bool {
        let holds = |reason: &Reason| self.rows >= reason.least_rows();
        self.reasons.iter().any(holds)
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
