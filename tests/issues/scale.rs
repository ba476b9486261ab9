//! Large hierarchies, and those with nothing to train.
