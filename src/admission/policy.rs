//! Admission policies and their bindings.
