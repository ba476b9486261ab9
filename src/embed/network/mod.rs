//! Undirected networks, by the likelihood of their edges.

mod fermi_dirac;
mod trainer;

pub use fermi_dirac::FermiDirac;
pub use trainer::{NetworkConfig, NetworkEmbedding, NetworkProgress, NetworkTrainer};
