//! Steps that are not finite.
