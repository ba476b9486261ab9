//! The papers that this program knows.

use crate::{
    adamer2021, becigneul2019, buet2023, bunch2020, bunch2021, fung2019, lin2023, mankovich2023,
    mishne2023, nickel2017, rabenoro2022, sala2018, wang2023,
};

/// A paper as `papers list` shows it.
pub(crate) struct Paper {
    /// Its folder under `papers/src` and its key in `papers/refs.bib`.
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) authors: &'static str,
    pub(crate) year: u16,
}

/// All of them, by key.
pub(crate) const PAPERS: &[Paper] = &[
    adamer2021::PAPER,
    becigneul2019::PAPER,
    buet2023::PAPER,
    bunch2020::PAPER,
    bunch2021::PAPER,
    fung2019::PAPER,
    lin2023::PAPER,
    mankovich2023::PAPER,
    mishne2023::PAPER,
    nickel2017::PAPER,
    rabenoro2022::PAPER,
    sala2018::PAPER,
    wang2023::PAPER,
];

/// The keys, for messages.
pub(crate) fn keys() -> String {
    let keys: Vec<&str> = PAPERS.iter().map(|paper| paper.key).collect();
    keys.join(", ")
}

/// One line a paper.
pub(crate) fn listing() -> String {
    let width = PAPERS
        .iter()
        .map(|paper| paper.key.len())
        .max()
        .unwrap_or(0);
    let line = |paper: &Paper| {
        let Paper {
            key,
            title,
            authors,
            year,
        } = paper;
        format!("{key:<width$}  {authors}, {title} ({year})\n")
    };
    let lines: Vec<String> = PAPERS.iter().map(line).collect();
    lines.concat()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_references_are_whole_and_hold_every_paper() {
        let text = include_str!("../refs.bib");
        let mut keys = HashSet::new();
        for entry in text.split("\n@").skip(1) {
            let count = |brace: char| entry.matches(brace).count();
            assert_eq!(count('{'), count('}'), "@{entry}");
            let key = entry.split(['{', ',']).nth(1).unwrap();
            assert!(keys.insert(key), "{key} twice");
        }
        for paper in PAPERS {
            assert!(keys.contains(paper.key), "{}", paper.key);
        }
    }
}
