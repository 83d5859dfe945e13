//! Priority classes and runtime classes.
