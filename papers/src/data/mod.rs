//! The data that come with the program, for any paper.

pub(crate) mod digits;
pub(crate) mod features;
pub(crate) mod graphs;
pub(crate) mod networks;
pub(crate) mod wordnet;
