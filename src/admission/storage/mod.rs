//! The classes that volumes are made by, and the drivers that make them (pkg/apis/storage, v1.36).

mod class;
mod defaults;
mod driver;
