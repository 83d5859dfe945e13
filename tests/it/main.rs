//! One test binary, so that the library is linked once.

mod rules;
mod vectors;
mod vectors_yaml;
