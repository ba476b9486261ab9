//! The papers that this program knows.

use clap::{ArgMatches, Args, Command, FromArgMatches};
use holonomy::Result;

use crate::harness::{Experiment, Outcome, Paper};

/// All of them, by key. A new paper is its folder, its `mod` in `main.rs`, and a line here.
pub(crate) const PAPERS: &[Entry] = &[
    entry::<crate::adamer2021::Adamer2021>(),
    entry::<crate::becigneul2019::Becigneul2019>(),
    entry::<crate::buet2023::Buet2023>(),
    entry::<crate::bunch2020::Bunch2020>(),
    entry::<crate::bunch2021::Bunch2021>(),
    entry::<crate::fung2019::Fung2019>(),
    entry::<crate::lin2023::Lin2023>(),
    entry::<crate::mankovich2023::Mankovich2023>(),
    entry::<crate::mishne2023::Mishne2023>(),
    entry::<crate::nickel2017::Nickel2017>(),
    entry::<crate::rabenoro2022::Rabenoro2022>(),
    entry::<crate::sala2018::Sala2018>(),
    entry::<crate::wang2023::Wang2023>(),
];

/// A paper, its options, and how to run it with them.
pub(crate) struct Entry {
    pub(crate) paper: Paper,
    options: fn(Command) -> Command,
    job: fn(&ArgMatches) -> std::result::Result<Job, clap::Error>,
}

/// What the command line asks of a paper.
pub(crate) type Job = Box<dyn FnOnce() -> Result<Outcome>>;

const fn entry<E: Experiment>() -> Entry
where
    E::Options: 'static,
{
    Entry {
        paper: E::PAPER,
        options: E::Options::augment_args,
        job: |matches| {
            let options = E::Options::from_arg_matches(matches)?;
            Ok(Box::new(move || E::run(&options)))
        },
    }
}

impl Entry {
    /// Its command, `papers run KEY`.
    pub(crate) fn command(&self) -> Command {
        let command = (self.options)(Command::new(self.paper.key));
        command.about(self.paper.subject).long_about(None)
    }

    pub(crate) fn job(&self, matches: &ArgMatches) -> std::result::Result<Job, clap::Error> {
        (self.job)(matches)
    }
}

/// The keys, for messages.
pub(crate) fn keys() -> String {
    let keys: Vec<&str> = PAPERS.iter().map(|entry| entry.paper.key).collect();
    keys.join(", ")
}

/// One line a paper.
pub(crate) fn listing() -> String {
    let keys = PAPERS.iter().map(|entry| entry.paper.key.len());
    let width = keys.max().unwrap_or(0);
    let line = |Entry { paper, .. }: &Entry| {
        let Paper {
            key,
            title,
            authors,
            year,
            ..
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
        for Entry { paper, .. } in PAPERS {
            assert!(keys.contains(paper.key), "{}", paper.key);
        }
    }
}
