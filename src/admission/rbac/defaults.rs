//! Defaults of bindings (pkg/apis/rbac/v1/defaults.go).

use k8s_openapi::api::rbac::v1::{RoleRef, Subject};

const GROUP: &str = "rbac.authorization.k8s.io";

/// Fills in the API groups that a binding may leave out.
pub(super) fn binding(role: &mut RoleRef, subjects: Option<&mut [Subject]>) {
    let is_empty = |group: &Option<String>| group.as_deref().is_none_or(str::is_empty);
    if is_empty(&role.api_group) {
        role.api_group = Some(GROUP.to_owned());
    }
    for subject in subjects.into_iter().flatten() {
        if is_empty(&subject.api_group) {
            subject.api_group = matches!(subject.kind.as_str(), "User" | "Group").then(|| GROUP.to_owned());
        }
    }
}
