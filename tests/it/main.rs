//! One test binary, so that the library is linked once.

mod rules;
mod vectors_yaml;
mod yaml_places;
