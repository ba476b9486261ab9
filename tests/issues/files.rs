//! Files as they are found, and messages.
