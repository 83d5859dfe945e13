//! Roles and their bindings.
