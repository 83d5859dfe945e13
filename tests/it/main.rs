//! One test binary, so that the library is linked once.

mod conformance;
mod corpus;
mod rules;
mod vectors_yaml;
