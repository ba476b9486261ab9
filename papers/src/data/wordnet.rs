//! The nouns of WordNet 3.0, and the mammals among them.

use holonomy::Result;
use holonomy::graph::{EdgeListOptions, Graph, parse_edge_list};

/// The direct edges of the noun hierarchy, a part of the program so that it runs anywhere.
const NOUNS: &[u8] = include_bytes!("../../data/wordnet_nouns.tsv.gz");
const NOUNS_NAME: &str = "wordnet_nouns.tsv.gz";
const MAMMALS_ROOT: &str = "mammal.n.01";

/// The names of the data sets.
pub(crate) const NOUNS_TITLE: &str = "WordNet 3.0 nouns";
pub(crate) const MAMMALS_TITLE: &str = "WordNet 3.0 mammals";

/// The direct edges of the noun hierarchy.
pub(crate) fn nouns() -> Result<Graph> {
    Ok(parse_edge_list(NOUNS, NOUNS_NAME, EdgeListOptions::default())?.0)
}

/// The mammals among them.
pub(crate) fn mammals() -> Result<Graph> {
    nouns()?.subtree(MAMMALS_ROOT)
}

/// The orders that are told apart by colour.
pub(crate) const BRANCHES: &[&str] = &[
    "carnivore.n.01",
    "ungulate.n.01",
    "primate.n.02",
    "rodent.n.01",
    "aquatic_mammal.n.01",
    "marsupial.n.01",
];

/// Mammals that every reader knows, and the orders that hold them together.
pub(crate) const FAMOUS: &[&str] = &[
    "mammal.n.01",
    "placental.n.01",
    "marsupial.n.01",
    "carnivore.n.01",
    "ungulate.n.01",
    "primate.n.02",
    "rodent.n.01",
    "aquatic_mammal.n.01",
    "bat.n.01",
    "canine.n.02",
    "feline.n.01",
    "dog.n.01",
    "cat.n.01",
    "wolf.n.01",
    "fox.n.01",
    "lion.n.01",
    "tiger.n.02",
    "bear.n.01",
    "seal.n.09",
    "whale.n.02",
    "dolphin.n.02",
    "elephant.n.01",
    "horse.n.01",
    "cattle.n.01",
    "sheep.n.01",
    "deer.n.01",
    "camel.n.01",
    "monkey.n.01",
    "ape.n.01",
    "homo.n.02",
    "mouse.n.01",
    "squirrel.n.01",
    "rabbit.n.01",
    "kangaroo.n.01",
    "poodle.n.01",
    "antelope.n.01",
    "swine.n.01",
    "lemur.n.01",
];

/// The nodes of these names, those that are there, with their titles.
pub(crate) fn named(graph: &Graph, names: &[&str]) -> Vec<(u32, String)> {
    let nodes = names.iter().filter_map(|name| {
        let node = graph.index_of(name)?;
        Some((node, title(name)))
    });
    nodes.collect()
}

/// `aquatic_mammal.n.01` as people write it.
fn title(name: &str) -> String {
    let word = name.split_once('.').map_or(name, |(word, _)| word);
    word.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_sense_is_shown_as_its_word() {
        assert_eq!(title("aquatic_mammal.n.01"), "aquatic mammal");
        assert_eq!(title("plain"), "plain");
    }

    #[test]
    fn no_famous_mammal_is_named_twice() {
        assert_eq!(FAMOUS.iter().collect::<HashSet<_>>().len(), FAMOUS.len());
    }
}
