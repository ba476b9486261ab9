//! The command line.

use clap::{CommandFactory, Parser, Subcommand, error::ErrorKind};
use holonomy::Result;

use crate::{
    adamer2021, becigneul2019, buet2023, bunch2020, bunch2021, catalogue, embedding, fung2019,
    lin2023, mankovich2023, mishne2023, nickel2017, output, rabenoro2022, results, sala2018,
    wang2023,
};

/// How a command ended that did not fail.
pub(crate) enum Outcome {
    Complete,
    /// The user stopped it; what there was is saved.
    Interrupted,
}

/// Reproduce papers on hyperbolic and other non-Euclidean representations.
#[derive(Debug, Parser)]
#[command(name = "papers", bin_name = "cargo papers", version)]
#[command(after_help = "Exit status: 0 done, 1 failed, 2 wrong arguments, 130 stopped by Ctrl-C.")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
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

#[derive(Debug, Subcommand)]
enum Run {
    /// Edges of images from the weights of their pixels (Adamer et al., 2021)
    Adamer2021(adamer2021::Options),
    /// Riemannian adaptive optimisers on an embedded hierarchy (Bécigneul and Ganea, 2019)
    Becigneul2019(Box<becigneul2019::Options>),
    /// Weighted flags, and sets of mixed dimension (Buet and Pennec, 2023)
    Buet2023(buet2023::Options),
    /// Classes and active learning by weighting vectors (Bunch et al., 2020)
    Bunch2020(bunch2020::Options),
    /// Boundaries and outliers by weighting vectors (Bunch et al., 2021)
    Bunch2021(bunch2021::Options),
    /// Points that stand for a convex hull (Fung et al., 2019)
    Fung2019(fung2019::Options),
    /// Distances of a hidden hierarchy from diffusion (Lin et al., 2023)
    Lin2023(lin2023::Options),
    /// Means and medians of flags in the chordal distance (Mankovich and Birdal, 2023)
    Mankovich2023(Box<mankovich2023::Options>),
    /// The limits of floating point in hyperbolic space (Mishne et al., 2023)
    Mishne2023(mishne2023::Options),
    /// Poincaré embeddings of a hierarchy (Nickel and Kiela, 2017)
    Nickel2017(Box<nickel2017::Options>),
    /// Confidence regions of principal subspaces (Rabenoro and Pennec, 2022)
    Rabenoro2022(rabenoro2022::Options),
    /// Trees and distances in hyperbolic space (Sala et al., 2018)
    Sala2018(sala2018::Options),
    /// Classes as subspaces (Wang et al., 2023)
    Wang2023(wang2023::Options),
    #[command(external_subcommand)]
    Unknown(Vec<String>),
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
                paper: Run::Adamer2021(options),
            } => return adamer2021::run(&options),
            Command::Run {
                paper: Run::Becigneul2019(options),
            } => return becigneul2019::run(&options),
            Command::Run {
                paper: Run::Buet2023(options),
            } => return buet2023::run(&options),
            Command::Run {
                paper: Run::Bunch2020(options),
            } => return bunch2020::run(&options),
            Command::Run {
                paper: Run::Bunch2021(options),
            } => return bunch2021::run(&options),
            Command::Run {
                paper: Run::Fung2019(options),
            } => return fung2019::run(&options),
            Command::Run {
                paper: Run::Lin2023(options),
            } => return lin2023::run(&options),
            Command::Run {
                paper: Run::Mankovich2023(options),
            } => return mankovich2023::run(&options),
            Command::Run {
                paper: Run::Mishne2023(options),
            } => return mishne2023::run(&options),
            Command::Run {
                paper: Run::Nickel2017(options),
            } => return nickel2017::run(&options),
            Command::Run {
                paper: Run::Rabenoro2022(options),
            } => return rabenoro2022::run(&options),
            Command::Run {
                paper: Run::Sala2018(options),
            } => return sala2018::run(&options),
            Command::Run {
                paper: Run::Wang2023(options),
            } => return wang2023::run(&options),
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
                paper: Run::Unknown(words),
            } => Some(format!(
                "unknown paper {:?}: expected one of {}",
                first(words),
                catalogue::keys()
            )),
            _ => None,
        }
    }
}

fn first(words: &[String]) -> &str {
    words.first().map_or("", String::as_str)
}
