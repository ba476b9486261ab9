//! Wrong manifolds.
