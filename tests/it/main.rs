//! One test binary, so that the library is linked once.

mod vectors_yaml;
