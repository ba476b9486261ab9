//! Means, medians and what is built on them.
