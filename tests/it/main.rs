//! One test binary for everything that is tested from outside of the library.

mod admission;
mod cli;
mod cluster;
mod config;
mod conformance;
mod containers;
mod corpus;
mod definitions;
mod fix;
mod formats;
mod house;
mod patches;
mod pods;
mod readme;
mod robust;
mod rules;
mod schemas;
mod secrets;
mod snapshot;
mod suppress;
mod vectors;
mod vectors_yaml;
mod yaml_places;
