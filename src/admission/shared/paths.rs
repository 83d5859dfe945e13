//! Paths in the file systems of nodes and containers (pkg/apis/core/validation, v1.36).

use crate::admission::errors::{Errors, shortened};
use crate::yaml::Path;

/// A path, called `field`, that stays inside its directory (`validateLocalDescendingPath`).
pub(in crate::admission) fn path_inside(value: &str, path: &Path, field: &Path, errors: &mut Errors<'_>) {
    if value.starts_with('/') {
        let finding = errors
            .invalid(path, format!("`{}` must be a relative path", shortened(value)))
            .of(value)
            .says("must be a relative path");
        finding.called(field.clone()).help("remove the `/` at its start");
    }
    without_parent(value, path, field, errors);
}

/// A path, called `field`, that nowhere goes up (`validatePathNoBacksteps`).
pub(in crate::admission) fn without_parent(value: &str, path: &Path, field: &Path, errors: &mut Errors<'_>) {
    if value.split('/').any(|part| part == "..") {
        let finding = errors
            .invalid(path, format!("the path `{}` must not contain `..`", shortened(value)))
            .of(value)
            .says("must not contain '..'");
        finding.called(field.clone());
    }
}
