//! What a container may do on its node.
//!
//! Mirrors `ValidateSecurityContext` in pkg/apis/core/validation (v1.36).

use k8s_openapi::api::core::v1::SecurityContext;

use crate::admission::core::profiles::{app_armor_profile, seccomp_profile, windows_options};
use crate::admission::errors::Errors;
use crate::yaml::Path;

/// The security context of a container, at `path`; `host_users` says whether the users of the pod are those of the node.
pub(super) fn context(context: &SecurityContext, host_users: bool, path: &Path, errors: &mut Errors<'_>) {
    for (field, id) in [("runAsUser", context.run_as_user), ("runAsGroup", context.run_as_group)] {
        if let Some(id) = id.filter(|id| !(0..=i64::from(i32::MAX)).contains(id)) {
            let message = format!("`{field}` must be between 0 and {}, not {id}", i32::MAX);
            errors.invalid(&path.field(field), message).says("must be between 0 and 2147483647, inclusive");
        }
    }
    if let Some(mount) = context.proc_mount.as_deref() {
        let path = path.field("procMount");
        if !matches!(mount, "Default" | "Unmasked") {
            errors.unsupported(&path, "`procMount`", mount, ["Default", "Unmasked"]);
        }
        if host_users && mount == "Unmasked" {
            let message = "`procMount: Unmasked` needs a pod with users of its own";
            errors
                .invalid(&path, message)
                .says("`hostUsers` must be false to use `Unmasked`")
                .help("add `hostUsers: false` to the spec of the pod");
        }
    }
    if let Some(profile) = &context.seccomp_profile {
        seccomp_profile(profile, &path.field("seccompProfile"), errors);
    }
    if context.allow_privilege_escalation == Some(false) {
        escalation(context, path, errors);
    }
    if let Some(options) = &context.windows_options {
        windows_options(options, &path.field("windowsOptions"), errors);
    }
    if let Some(profile) = &context.app_armor_profile {
        app_armor_profile(profile, &path.field("appArmorProfile"), errors);
    }
}

/// What contains escalation cannot be denied it. The API server names the whole context.
fn escalation(context: &SecurityContext, path: &Path, errors: &mut Errors<'_>) {
    let place = errors.place(&path.field("allowPrivilegeEscalation"));
    if context.privileged == Some(true) {
        let message = "a privileged container cannot have `allowPrivilegeEscalation: false`";
        let finding = errors.invalid(&path.field("privileged"), message).called(path.clone()).whole();
        finding.says("cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        finding.related(place, "denied here").help("remove one of them");
    }
    let added = context.capabilities.iter().flat_map(|capabilities| capabilities.add.iter().flatten());
    for (index, _) in added.enumerate().filter(|(_, capability)| *capability == "CAP_SYS_ADMIN") {
        let message = "a container with `CAP_SYS_ADMIN` cannot have `allowPrivilegeEscalation: false`";
        let at = path.fields(&["capabilities", "add"]).index(index);
        let finding = errors.invalid(&at, message).called(path.clone()).whole();
        finding.says("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        finding.related(place, "denied here").help("remove one of them");
    }
}
