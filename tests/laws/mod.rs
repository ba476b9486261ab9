//! The laws, on every manifold of the crate and on one written here as a user would.

mod mutants;
mod oracle;
mod suite;
mod toy;
