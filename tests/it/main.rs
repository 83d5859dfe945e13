//! One test binary for everything that is tested from outside of the library.

mod cli;
mod config;
mod conformance;
mod corpus;
mod fix;
mod formats;
mod house;
mod patches;
mod plays;
mod plays_random;
mod pods;
mod readme;
mod robust;
mod rollout_promises;
mod rollout_traces;
mod rollouts;
mod rules;
mod schemas;
mod secrets;
mod snapshot;
mod suppress;
mod vectors;
mod vectors_yaml;
mod yaml_places;
