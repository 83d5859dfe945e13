//! One test binary, so that the library is linked once.

mod config;
mod fix;
mod formats;
mod rules;
mod schemas;
mod secrets;
mod snapshot;
mod suppress;
mod vectors_yaml;
