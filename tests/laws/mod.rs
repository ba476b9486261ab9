//! The laws find what is wrong; `suite.rs`, a program of its own, tests all manifolds by them.

mod mutants;
mod oracle;
