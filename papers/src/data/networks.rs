//! The social networks that come with the program.

use clap::ValueEnum;
use holonomy::Result;
use holonomy::graph::{EdgeListOptions, Graph, parse_edge_list};
use serde::Serialize;

/// The networks that come with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Network {
    /// Zachary's karate club: 34 members, 78 friendships
    Karate,
    /// Davis's southern women: 18 women, 14 events, 89 attendances
    Davis,
    /// Les Misérables: 77 characters, 254 pairs that meet in a chapter
    Lesmis,
}

impl Network {
    pub(crate) const ALL: [Self; 3] = [Self::Karate, Self::Davis, Self::Lesmis];

    fn file(self) -> (&'static str, &'static [u8]) {
        match self {
            Self::Karate => ("karate.tsv", include_bytes!("../../data/karate.tsv")),
            Self::Davis => ("davis.tsv", include_bytes!("../../data/davis.tsv")),
            Self::Lesmis => ("lesmis.tsv", include_bytes!("../../data/lesmis.tsv")),
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Karate => "Zachary's karate club",
            Self::Davis => "Davis's southern women",
            Self::Lesmis => "Les Misérables",
        }
    }
}

impl Network {
    /// The network.
    pub(crate) fn graph(self) -> Result<Graph> {
        let (file, bytes) = self.file();
        Ok(parse_edge_list(bytes, file, EdgeListOptions::default())?.0)
    }
}
