//! The command line.

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand, error::ErrorKind};
use holonomy::Result;

use crate::catalogue::{self, Entry, Job, PAPERS};
use crate::embedding;
use crate::harness::{Outcome, output, results};

/// Reproduce papers on hyperbolic and other non-Euclidean representations.
#[derive(Parser)]
#[command(name = "papers", bin_name = "cargo papers", version)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 wrong arguments, 130 stopped by Ctrl-C.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the papers
    List,
    /// Run a paper's experiment: trains, evaluates, prints a table, writes a report and pictures
    #[command(subcommand_value_name = "KEY", subcommand_help_heading = "Papers")]
    Run {
        #[command(subcommand)]
        paper: Run,
    },
    /// Collect the reports of all runs into papers/RESULTS.md
    Report(results::Options),
    /// Show the nearest neighbours of a name in an embedding
    #[command(visible_alias = "neighbours")]
    Neighbors(embedding::Neighbors),
    /// Show the distance between two names of an embedding
    Distance(embedding::Distance),
    /// Write an embedding in another format: for a projector, gensim, Python or a spreadsheet
    Convert(embedding::Convert),
    #[command(external_subcommand)]
    Unknown(Vec<String>),
}

/// What `papers run KEY` does, and the papers that KEY may be.
enum Run {
    Paper(Job),
    Unknown(String),
}

impl Subcommand for Run {
    fn augment_subcommands(command: clap::Command) -> clap::Command {
        command
            .subcommands(PAPERS.iter().map(Entry::command))
            .allow_external_subcommands(true)
    }

    fn augment_subcommands_for_update(command: clap::Command) -> clap::Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        PAPERS.iter().any(|entry| entry.paper.key == name)
    }
}

impl FromArgMatches for Run {
    fn from_arg_matches(matches: &ArgMatches) -> std::result::Result<Self, clap::Error> {
        let Some((name, matches)) = matches.subcommand() else {
            return Err(clap::Error::new(ErrorKind::MissingSubcommand));
        };
        match PAPERS.iter().find(|entry| entry.paper.key == name) {
            Some(entry) => entry.job(matches).map(Self::Paper),
            None => Ok(Self::Unknown(name.to_owned())),
        }
    }

    fn update_from_arg_matches(
        &mut self,
        matches: &ArgMatches,
    ) -> std::result::Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The command line of this process; ends it with a message where that is wrong or asks for help.
pub(crate) fn parse() -> Cli {
    let cli = Cli::parse();
    if let Some(message) = cli.unknown() {
        Cli::command()
            .error(ErrorKind::InvalidSubcommand, message)
            .exit();
    }
    cli
}

impl Cli {
    /// Does what the command line says.
    pub(crate) fn execute(self) -> Result<Outcome> {
        match self.command {
            Command::List => output::print(&catalogue::listing())?,
            Command::Run {
                paper: Run::Paper(job),
            } => return job(),
            Command::Report(options) => results::write(options)?,
            Command::Neighbors(options) => embedding::neighbors(&options)?,
            Command::Distance(options) => embedding::distance(&options)?,
            Command::Convert(options) => embedding::convert(&options)?,
            Command::Unknown(_)
            | Command::Run {
                paper: Run::Unknown(_),
            } => {}
        }
        Ok(Outcome::Complete)
    }

    fn unknown(&self) -> Option<String> {
        match &self.command {
            Command::Unknown(words) => Some(format!(
                "unknown command {:?}: expected list, run, report, neighbors, distance or convert",
                first(words)
            )),
            Command::Run {
                paper: Run::Unknown(word),
            } => Some(format!(
                "unknown paper {word:?}: expected one of {}",
                catalogue::keys()
            )),
            _ => None,
        }
    }
}

fn first(words: &[String]) -> &str {
    words.first().map_or("", String::as_str)
}
