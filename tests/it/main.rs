//! One test binary for everything that is tested from outside of the library.

mod config;
mod conformance;
mod corpus;
mod fix;
mod formats;
mod patches;
mod rules;
mod schemas;
mod secrets;
mod snapshot;
mod suppress;
mod vectors;
mod vectors_yaml;
mod yaml_places;
