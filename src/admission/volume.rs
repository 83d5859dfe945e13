//! Volumes of all sorts.
//!
//! Mirrors `ValidateVolumes` in pkg/apis/core/validation (v1.36).
