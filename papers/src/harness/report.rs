//! `report.json`: what a run did, with what, and what came out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::harness::machine::{Machine, Versions};

/// The part of a report that is the same for every paper; the paper's own part stands beside it
/// in the same JSON object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Summary {
    /// The paper's folder and citation key.
    pub(crate) key: String,
    pub(crate) title: String,
    /// The command that makes this report again.
    pub(crate) command: String,
    /// Whether this was the short run that only shows that the program works.
    pub(crate) quick: bool,
    /// Whether the user stopped the run before its end.
    pub(crate) interrupted: bool,
    pub(crate) versions: Versions,
    pub(crate) machine: Machine,
    /// The main figures; `None` where a run did not get that far or gave no finite number.
    pub(crate) metrics: BTreeMap<String, Option<f64>>,
    /// The paper's claims that this run bears on; none for data of the user's own.
    pub(crate) claims: Vec<Claim>,
}

/// One claim with our figure and the published one, each saying what it was measured on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    #[serde(rename = "claim")]
    pub(crate) statement: String,
    pub(crate) ours: String,
    pub(crate) published: String,
}

/// A whole report: the common part and the paper's own.
#[derive(Debug, Serialize)]
pub(crate) struct Report<'a, Details: Serialize> {
    #[serde(flatten)]
    pub(crate) summary: &'a Summary,
    #[serde(flatten)]
    pub(crate) details: &'a Details,
}

/// This program's command line, as a shell would read it back.
pub(crate) fn command_line(arguments: impl IntoIterator<Item = String>) -> String {
    let words = arguments.into_iter().skip(1).map(|word| quoted(&word));
    std::iter::once("cargo papers".to_owned())
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_pasted() {
        let words = ["/x/papers", "run", "k", "--edges", "my 'own'.csv", ""];
        assert_eq!(
            command_line(words.map(str::to_owned)),
            r"cargo papers run k --edges 'my '\''own'\''.csv' ''"
        );
    }
}
