//! The data of an edge as a dictionary of Python, which networkx writes.

/// The text that stands for the weight in `{'weight': 2.5, 'colour': 'red'}`, and the other keys; `None` for what is no dictionary.
pub(super) fn parse(field: &str) -> Option<Attributes<'_>> {
    let mut rest = field.strip_prefix('{')?.strip_suffix('}')?.trim_start();
    let mut attributes = Attributes::default();
    while !rest.is_empty() {
        let (key, behind) = string(rest)?;
        let value = behind.trim_start().strip_prefix(':')?.trim_start();
        let length = value_length(value)?;
        match key {
            WEIGHT => attributes.weight = Some(value[..length].trim_end()),
            other => attributes.others.push(other),
        }
        let behind = &value[length..];
        rest = behind.strip_prefix(',').unwrap_or(behind).trim_start();
    }
    Some(attributes)
}

const WEIGHT: &str = "weight";

/// What a dictionary holds.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Attributes<'a> {
    pub(super) weight: Option<&'a str>,
    pub(super) others: Vec<&'a str>,
}

/// A string at the start of the text, as it is written, and what follows it.
fn string(text: &str) -> Option<(&str, &str)> {
    let mark = text
        .chars()
        .next()
        .filter(|mark| ['\'', '"'].contains(mark))?;
    let mut escaped = false;
    for (place, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == mark => return Some((&text[1..place], &text[place + 1..])),
            _ => {}
        }
    }
    None
}

/// How far a value goes: to the comma outside of strings and brackets, or to the end.
fn value_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut place = 0;
    while let Some(c) = text[place..].chars().next() {
        match c {
            '\'' | '"' => {
                let (_, behind) = string(&text[place..])?;
                place = text.len() - behind.len();
                continue;
            }
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => return Some(place),
            _ => {}
        }
        place += c.len_utf8();
    }
    (depth == 0).then_some(text.len())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_found_beside_anything() {
        for (field, weight, others) in [
            ("{}", None, &[][..]),
            ("{'weight': 2}", Some("2"), &[]),
            ("{\"weight\":2.5,}", Some("2.5"), &[]),
            (
                "{'label': 'a, {b} \\' c', 'weight': -1e-3, 'at': (1, [2, 3])}",
                Some("-1e-3"),
                &["label", "at"],
            ),
            ("{'weights': 2}", None, &["weights"]),
        ] {
            let found = parse(field).unwrap();
            assert_eq!(
                (found.weight, &found.others[..]),
                (weight, others),
                "{field}"
            );
        }
        for field in [
            "",
            "{",
            "}",
            "2",
            "{weight: 2}",
            "{'weight' 2}",
            "{'a': (1}",
            "{'a': 'b}",
        ] {
            assert_eq!(parse(field), None, "{field}");
        }
    }
}
