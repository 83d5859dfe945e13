//! The security of a pod as a whole, and what depends on its operating system.
//!
//! Mirrors `validatePodSpecSecurityContext`, `validateHostUsers`, `validateOS`, `validateLinux` and `validateWindows` in
//! pkg/apis/core/validation (v1.36), apart from what they ask of containers.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSecurityContext, PodSpec};

use crate::admission::core::profiles;
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::yaml::Path;

/// The security context of the pod spec at `path`, which replaces `old`.
pub(super) fn context(spec: &PodSpec, old: Option<&PodSpec>, path: &Path, errors: &mut Errors<'_>) {
    let Some(context) = &spec.security_context else { return };
    let at = path.field("securityContext");
    id("group", context.fs_group, &at.field("fsGroup"), errors);
    id("user", context.run_as_user, &at.field("runAsUser"), errors);
    id("group", context.run_as_group, &at.field("runAsGroup"), errors);
    for (index, group) in context.supplemental_groups.iter().flatten().enumerate() {
        id("group", Some(*group), &at.field("supplementalGroups").index(index), errors);
    }
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        let host = errors.place(&path.field("hostPID"));
        let message = "a pod cannot share its containers' processes and the host's at once";
        let finding = errors
            .invalid(&path.field("shareProcessNamespace"), message)
            .says("ShareProcessNamespace and HostPID cannot both be enabled");
        // The server keeps both in the security context and calls them by where they are there.
        finding.called(at.field("shareProcessNamespace")).related(host, "and the host's").help("remove one of the two");
    }
    sysctls(context, spec, path, errors);
    if let Some(policy) = context.fs_group_change_policy.as_deref() {
        one_of("fsGroupChangePolicy", policy, &["Always", "OnRootMismatch"], &at, errors);
    }
    if let Some(profile) = &context.seccomp_profile {
        profiles::seccomp_profile(profile, &at.field("seccompProfile"), errors);
    }
    if let Some(options) = &context.windows_options {
        profiles::windows_options(options, &at.field("windowsOptions"), errors);
    }
    if let Some(profile) = &context.app_armor_profile {
        profiles::app_armor_profile(profile, &at.field("appArmorProfile"), errors);
    }
    if let Some(policy) = context.supplemental_groups_policy.as_deref() {
        one_of("supplementalGroupsPolicy", policy, &["Merge", "Strict"], &at, errors);
    }
    if let Some(policy) = context.se_linux_change_policy.as_deref() {
        // A pod that has any policy may change it to any other.
        let old = old.and_then(|old| old.security_context.as_ref());
        let all =
            errors.server.enabled(Gate::SELinuxMount) || old.is_some_and(|old| old.se_linux_change_policy.is_some());
        let policies: &[&str] = if all { &["MountOption", "Recursive"] } else { &["Recursive"] };
        one_of("seLinuxChangePolicy", policy, policies, &at, errors);
    }
}

/// The id of a user or group (`IsValidUserID`, `IsValidGroupID`).
fn id(what: &str, id: Option<i64>, path: &Path, errors: &mut Errors<'_>) {
    if let Some(id) = id.filter(|id| !(0..=i64::from(i32::MAX)).contains(id)) {
        errors
            .invalid(path, format!("the id of a {what} must be between 0 and {}, not {id}", i32::MAX))
            .says("must be between 0 and 2147483647, inclusive");
    }
}

fn one_of(field: &'static str, value: &str, supported: &[&str], path: &Path, errors: &mut Errors<'_>) {
    if !supported.contains(&value) {
        errors.unsupported(&path.field(field), format_args!("`{field}`"), value, supported.iter().copied());
    }
}

fn sysctls(context: &PodSecurityContext, spec: &PodSpec, spec_path: &Path, errors: &mut Errors<'_>) {
    let path = spec_path.fields(&["securityContext", "sysctls"]);
    let mut seen = BTreeMap::new();
    for (index, sysctl) in context.sysctls.iter().flatten().enumerate() {
        let name = sysctl.name.as_str();
        let at = path.index(index).field("name");
        if name.is_empty() {
            errors.required(&at, "the sysctl has no name");
        } else if !is_sysctl_name(name) {
            let message = format!("`{}` is no name of a sysctl", shortened(name));
            errors.invalid(&at, message).says("must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$").help("write it as `net.core.somaxconn`, in at most 253 characters");
        } else if let Some(first) = seen.get(name) {
            let place = errors.place(&path.index(*first));
            errors.duplicate(&at, format!("the sysctl `{name}` is set twice")).related(place, "first here");
        }
        let host = match host_namespace(name) {
            Some("net") if spec.host_network == Some(true) => "hostNetwork",
            Some("ipc") if spec.host_ipc == Some(true) => "hostIPC",
            _ => "",
        };
        if !host.is_empty() {
            let place = errors.place(&spec_path.field(host));
            let message = format!("the sysctl `{}` would change the host itself", shortened(name));
            errors
                .invalid(&at, message)
                .related(place, "the pod shares this with the host")
                .help("remove one of the two");
        }
        seen.entry(name).or_insert(index);
    }
}

/// As `IsValidSysctlName`: parts with dots or slashes between them.
fn is_sysctl_name(name: &str) -> bool {
    let is_end = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let is_part = |part: &str| is_end(part.bytes().next()) && is_end(part.bytes().last()) && part.bytes().all(is_inner);
    name.len() <= 253 && name.split(['.', '/']).all(is_part)
}

/// The namespace of the kernel that a sysctl belongs to (`GetNamespace` of k8s.io/component-helpers).
fn host_namespace(name: &str) -> Option<&'static str> {
    const OF_IPC: [&str; 10] = [
        "kernel.msg",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.sem",
        "kernel.shm",
        "kernel.shm_rmid_forced",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
    ];
    // Where the first separator is a slash, slashes separate and dots belong to the parts.
    let separated = match name.find(['.', '/']) {
        Some(at) if name[at..].starts_with('/') => name
            .chars()
            .map(|letter| {
                if letter == '/' {
                    '.'
                } else if letter == '.' {
                    '/'
                } else {
                    letter
                }
            })
            .collect(),
        _ => name.to_owned(),
    };
    let name = separated.split('*').next().unwrap_or_default();
    if OF_IPC.contains(&name) || name.starts_with("fs.mqueue.") {
        Some("ipc")
    } else {
        name.starts_with("net.").then_some("net")
    }
}

/// What a pod with users of its own cannot share with the host.
pub(super) fn host_users(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    if spec.host_users != Some(false) {
        return;
    }
    let users = errors.place(&path.field("hostUsers"));
    let mut forbid = |set: Option<bool>, field: &'static str, called: &'static str| {
        if set == Some(true) {
            let message = format!("a pod with `hostUsers: false` cannot have `{field}: true`");
            let finding = errors
                .forbidden(&path.field(field), message)
                .says("when `hostUsers` is false")
                .called(path.field(called));
            finding.related(users, "the pod has users of its own").help("remove one of the two");
        }
    };
    forbid(spec.host_pid, "hostPID", "HostPID");
    forbid(spec.host_ipc, "hostIPC", "HostIPC");
    if !errors.server.enabled(Gate::UserNamespacesHostNetworkSupport) && spec.host_network == Some(true) {
        let message = "a pod with `hostUsers: false` cannot have `hostNetwork: true`";
        let finding = errors.forbidden(&path.field("hostNetwork"), message).says("when `hostUsers` is false");
        finding.related(users, "the pod has users of its own").help("remove one of the two");
    }
}

/// The operating system, and what it has no use for.
pub(super) fn operating_system(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let Some(os) = &spec.os else { return };
    let at = path.field("os");
    match os.name.as_str() {
        "" => {
            errors.required(&at.field("name"), "the operating system has no name").help("write `linux` or `windows`");
        }
        "linux" => linux(spec, path, errors),
        "windows" => windows(spec, path, errors),
        name => {
            let finding = errors.unsupported(&at.field("name"), "the operating system", name, ["linux", "windows"]);
            finding.called(at);
        }
    }
}

fn linux(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let context = spec.security_context.as_ref();
    if context.is_some_and(|context| context.windows_options.is_some()) {
        not_for("Linux", &path.fields(&["securityContext", "windowsOptions"]), path, errors);
    }
}

fn windows(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let of_host = [
        ("hostUsers", spec.host_users.is_some()),
        ("hostPID", spec.host_pid == Some(true)),
        ("hostIPC", spec.host_ipc == Some(true)),
        ("shareProcessNamespace", spec.share_process_namespace.is_some()),
    ];
    for (field, _) in of_host.into_iter().filter(|(_, set)| *set) {
        not_for("Windows", &path.field(field), path, errors);
    }
    if let Some(context) = &spec.security_context {
        let fields = [
            ("appArmorProfile", context.app_armor_profile.is_some()),
            ("seLinuxOptions", context.se_linux_options.is_some()),
            ("seccompProfile", context.seccomp_profile.is_some()),
            ("fsGroup", context.fs_group.is_some()),
            ("fsGroupChangePolicy", context.fs_group_change_policy.is_some()),
            ("sysctls", context.sysctls.as_ref().is_some_and(|sysctls| !sysctls.is_empty())),
            ("runAsUser", context.run_as_user.is_some()),
            ("runAsGroup", context.run_as_group.is_some()),
            ("supplementalGroups", context.supplemental_groups.is_some()),
            ("supplementalGroupsPolicy", context.supplemental_groups_policy.is_some()),
            ("seLinuxChangePolicy", context.se_linux_change_policy.is_some()),
        ];
        for (field, _) in fields.into_iter().filter(|(_, set)| *set) {
            not_for("Windows", &path.fields(&["securityContext", field]), path, errors);
        }
    }
}

fn not_for(system: &str, field: &Path, spec: &Path, errors: &mut Errors<'_>) {
    let os = errors.place(&spec.fields(&["os", "name"]));
    let name = field.last().and_then(|segment| segment.name()).unwrap_or_default();
    let message = format!("a pod for {system} cannot have `{name}`");
    let place = errors.key_place(field);
    errors
        .forbidden(field, message)
        .says(format!("may not be set when `spec.os.name` is '{system}'"))
        .at(place)
        .related(os, format!("the pod is for {system}"))
        .help("remove it");
}
