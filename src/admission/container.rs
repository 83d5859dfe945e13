//! Containers of all sorts.
//!
//! Mirrors `validateContainers`, `validateInitContainers` and `validateEphemeralContainers` in pkg/apis/core/validation
//! (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, Volume};

use super::errors::Errors;
use super::pod::Form;
use crate::yaml::Path;

/// All containers of the pod spec at `path`; `volumes` are its volumes by name, as far as nothing is wrong with them.
pub(super) fn containers(
    _spec: &PodSpec,
    _volumes: &BTreeMap<&str, &Volume>,
    _form: Form,
    _path: &Path,
    _errors: &mut Errors<'_>,
) {
}
