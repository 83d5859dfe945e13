//! One test binary for everything that is tested from outside of the library.

mod cli;
mod conformance;
mod corpus;
mod house;
mod readme;
mod robust;
mod rules;
mod snapshot;
mod vectors;
mod vectors_yaml;
