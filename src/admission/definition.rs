//! Definitions of custom resources.
