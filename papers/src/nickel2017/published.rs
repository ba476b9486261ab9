//! What others report, each figure with the data that it was measured on.

use serde::Serialize;

/// A figure that is not ours.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Published {
    pub(crate) what: &'static str,
    pub(crate) data: &'static str,
    pub(crate) dim: u32,
    pub(crate) map: f64,
    pub(crate) mean_rank: f64,
    pub(crate) train_seconds: Option<f64>,
    pub(crate) source: &'static str,
}

/// The paper's one figure of the mammals.
pub(crate) const PAPER_ON_MAMMALS: Published = Published {
    what: "the paper, Poincaré ball",
    data: "WordNet mammals",
    dim: 5,
    map: 0.927,
    mean_rank: 1.26,
    train_seconds: None,
    source: "the paper, caption of figure 2",
};

/// The authors' code on the mammals, which ours can be set beside as well.
pub(crate) const AUTHORS_ON_MAMMALS: Published = Published {
    what: "authors' code, Poincaré ball",
    data: "WordNet 3.0 mammals",
    dim: 5,
    map: 0.9716,
    mean_rank: 1.11,
    train_seconds: Some(135.0),
    source: "the authors' published code, run for 300 epochs with two processes on a machine with \
             two cores; not a figure of the paper",
};

/// The paper's own figures, of the whole noun hierarchy.
pub(crate) const PAPER_ON_NOUNS: [Published; 8] = [
    on_nouns("Poincaré ball", 5, 0.823, 4.9),
    on_nouns("Poincaré ball", 10, 0.851, 4.02),
    on_nouns("Poincaré ball", 20, 0.855, 3.84),
    on_nouns("Poincaré ball", 50, 0.86, 3.98),
    on_nouns("Poincaré ball", 100, 0.857, 3.9),
    on_nouns("Poincaré ball", 200, 0.87, 3.83),
    on_nouns("Euclidean", 5, 0.024, 3542.0),
    on_nouns("Euclidean", 200, 0.168, 1157.0),
];

const fn on_nouns(what: &'static str, dim: u32, map: f64, mean_rank: f64) -> Published {
    Published {
        what,
        data: "WordNet nouns (82,115 nodes)",
        dim,
        map,
        mean_rank,
        train_seconds: None,
        source: "the paper, table 1, reconstruction",
    }
}

/// The paper's own figures for held-out pairs of the whole noun hierarchy.
pub(crate) const PAPER_LINKS_ON_NOUNS: [Published; 8] = [
    links_on_nouns("Poincaré ball", 5, 0.825, 5.7),
    links_on_nouns("Poincaré ball", 10, 0.852, 4.3),
    links_on_nouns("Poincaré ball", 20, 0.861, 4.9),
    links_on_nouns("Poincaré ball", 50, 0.863, 4.6),
    links_on_nouns("Poincaré ball", 100, 0.856, 4.6),
    links_on_nouns("Poincaré ball", 200, 0.855, 4.6),
    links_on_nouns("Euclidean", 5, 0.024, 3311.1),
    links_on_nouns("Euclidean", 200, 0.49, 81.5),
];

const fn links_on_nouns(what: &'static str, dim: u32, map: f64, mean_rank: f64) -> Published {
    Published {
        source: "the paper, table 1, link prediction",
        ..on_nouns(what, dim, map, mean_rank)
    }
}

/// A figure of a network that is not ours: MAP in 10 dimensions.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct PublishedNetwork {
    pub(crate) what: &'static str,
    pub(crate) data: &'static str,
    pub(crate) dim: u32,
    pub(crate) reconstruction_map: f64,
    pub(crate) map: f64,
}

/// The paper's own figures for networks of scientific collaboration (table 2).
pub(crate) const PAPER_NETWORKS: [PublishedNetwork; 8] = [
    network("AstroPh (18,772 nodes)", EUCLIDEAN, 0.376, 0.508),
    network("AstroPh (18,772 nodes)", POINCARE, 0.703, 0.671),
    network("CondMat (23,133 nodes)", EUCLIDEAN, 0.356, 0.308),
    network("CondMat (23,133 nodes)", POINCARE, 0.799, 0.539),
    network("GrQc (5,242 nodes)", EUCLIDEAN, 0.522, 0.438),
    network("GrQc (5,242 nodes)", POINCARE, 0.99, 0.66),
    network("HepPh (12,008 nodes)", EUCLIDEAN, 0.434, 0.642),
    network("HepPh (12,008 nodes)", POINCARE, 0.811, 0.683),
];

const POINCARE: &str = "Poincaré ball";
const EUCLIDEAN: &str = "Euclidean";

const fn network(
    data: &'static str,
    what: &'static str,
    reconstruction_map: f64,
    map: f64,
) -> PublishedNetwork {
    PublishedNetwork {
        what,
        data,
        dim: 10,
        reconstruction_map,
        map,
    }
}
