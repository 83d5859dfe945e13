//! Names and amounts of resources.
//!
//! Mirrors `ValidateResourceRequirements`, `validateResourceName` and their like in pkg/apis/core/validation (v1.36).
