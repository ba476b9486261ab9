//! Points from distances.

mod hmds;
mod products;
