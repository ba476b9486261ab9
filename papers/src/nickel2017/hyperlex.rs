//! HyperLex: pairs of words, rated by people for how far the first is a kind of the second.

use std::collections::HashMap;
use std::path::Path;

use holonomy::{Error, Result};

/// A pair of nouns and its mean rating.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rated {
    pub(super) words: [String; 2],
    pub(super) rating: f64,
}

const COLUMNS: [&str; 4] = ["WORD1", "WORD2", "POS", "AVG_SCORE"];
const NOUN: &str = "N";

/// Reads the noun pairs of a file in HyperLex's format: a header, then a pair a line, with
/// spaces or tabs between columns.
pub(super) fn read(path: &Path) -> Result<Vec<Rated>> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    parse(path, &text)
}

fn parse(path: &Path, text: &str) -> Result<Vec<Rated>> {
    let wrong = |line: usize, expected: String, got: &str| Error::Parse {
        path: path.into(),
        line: line + 1,
        expected,
        got: format!("{got:?}"),
    };
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let (header_line, header) = lines.next().unwrap_or((0, ""));
    let titles: Vec<&str> = header.split_whitespace().collect();
    let mut places = [0; 4];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        *place = titles
            .iter()
            .position(|title| title.eq_ignore_ascii_case(column))
            .ok_or_else(|| {
                wrong(
                    header_line,
                    format!("a header with {}", COLUMNS.join(", ")),
                    header,
                )
            })?;
    }
    let mut pairs = Vec::new();
    for (number, line) in lines {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.len() != titles.len() {
            return Err(wrong(number, format!("{} columns", titles.len()), line));
        }
        let [first, second, part_of_speech, rating] = places.map(|place| fields[place]);
        let rating = match rating.parse::<f64>() {
            Ok(value) if value.is_finite() => value,
            _ => return Err(wrong(number, "a number as AVG_SCORE".into(), rating)),
        };
        if part_of_speech.eq_ignore_ascii_case(NOUN) {
            pairs.push(Rated {
                words: [first, second].map(str::to_lowercase),
                rating,
            });
        }
    }
    if pairs.is_empty() {
        return Err(Error::Data {
            path: path.into(),
            reason: "expected noun pairs (POS N), found none".into(),
        });
    }
    Ok(pairs)
}

/// The senses of words among the nodes of a hierarchy.
///
/// A node called `dog.n.01` is a sense of "dog", any other name a word as it stands. WordNet's
/// nodes are named by their first word alone, so that the others of a synset are not found.
pub(super) struct Senses {
    nodes: HashMap<String, Vec<u32>>,
}

impl Senses {
    pub(super) fn new(names: &[String]) -> Self {
        let mut nodes: HashMap<String, Vec<u32>> = HashMap::new();
        for (node, name) in (0..).zip(names) {
            nodes.entry(word(name)).or_default().push(node);
        }
        Self { nodes }
    }

    pub(super) fn of(&self, word: &str) -> &[u32] {
        self.nodes.get(word).map_or(&[], Vec::as_slice)
    }
}

/// `aquatic_mammal` of `aquatic_mammal.n.01`.
fn word(name: &str) -> String {
    let mut parts = name.rsplitn(3, '.');
    let (number, kind, word) = (parts.next(), parts.next(), parts.next());
    match (word, kind, number) {
        (Some(word), Some("n"), Some(number)) if number.parse::<u32>().is_ok() => {
            word.to_lowercase()
        }
        _ => name.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "WORD1 WORD2 POS TYPE AVG_SCORE AVG_SCORE_0_10 STD\n";

    #[test]
    fn nouns_are_read_and_verbs_are_not() {
        let text = format!("{HEADER}Dog animal N hyp-2 5.5 9.2 0.5\n\nrun move V hyp-1 5 8.3 1\n");
        let pairs = parse(Path::new("a.txt"), &text).unwrap();
        let expected = Rated {
            words: ["dog", "animal"].map(String::from),
            rating: 5.5,
        };
        assert_eq!(pairs, [expected]);
    }

    #[test]
    fn another_format_is_refused_with_its_line() {
        for (text, message) in [
            (String::new(), "a.txt:1: expected a header with WORD1"),
            (
                format!("{HEADER}dog animal N\n"),
                "a.txt:2: expected 7 columns",
            ),
            (
                format!("{HEADER}dog animal N hyp-2 high 9 0\n"),
                "a.txt:2: expected a number as AVG_SCORE",
            ),
            (
                format!("{HEADER}run move V hyp-1 5 8.3 1\n"),
                "a.txt: expected noun pairs",
            ),
        ] {
            let error = parse(Path::new("a.txt"), &text).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
    }

    #[test]
    fn all_senses_of_a_word_are_found() {
        let names = ["dog.n.01", "dog.n.03", "st._bernard.n.01", "Root"].map(String::from);
        let senses = Senses::new(&names);
        assert_eq!(senses.of("dog"), [0, 1]);
        assert_eq!(senses.of("st._bernard"), [2]);
        assert_eq!(senses.of("root"), [3]);
        assert!(senses.of("cat").is_empty());
    }
}
