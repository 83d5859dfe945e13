//! One test binary for everything that is tested from outside of the library.

mod vectors;
