//! One test binary for everything that is tested from outside of the library.

mod conformance;
mod corpus;
mod patches;
mod rules;
mod vectors;
mod vectors_yaml;
mod yaml_places;
