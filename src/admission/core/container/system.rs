//! What containers may have with regard to the rest of their pod: its operating system, its users, its volumes.
//!
//! Mirrors the parts about containers of `validateLinux`, `validateWindows`, `validateHostUsers` and
//! `validateFileKeyRefVolumes`, and `validateWindowsHostProcessPod`, in pkg/apis/core/validation (v1.36).

use k8s_openapi::api::core::v1::{Container, PodSpec, SecurityContext, WindowsSecurityContextOptions};

use super::{Facts, each};
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Since;
use crate::yaml::Path;

/// The container at `path` as one of its pod.
pub(super) fn container(facts: &Facts<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    if let Some(context) = &container.security_context {
        let path = path.field("securityContext");
        match facts.pod.spec.os.as_ref().map(|system| system.name.as_str()) {
            Some("linux") if context.windows_options.is_some() => {
                let finding = errors
                    .forbidden(&path.field("windowsOptions"), "a Linux pod has no `windowsOptions`")
                    .says("windows options cannot be set for a linux pod");
                finding.help("remove them, or write `windows` as the name of the pod's `os`");
            }
            Some("windows") => on_windows(context, &path, errors),
            _ => {}
        }
    }
    if !facts.host_users && !facts.options.allow_devices_with_own_users {
        let has_devices = container.volume_devices.iter().flatten().next().is_some();
        if has_devices && errors.server.does(Since::DevicesOfOwnUsers) {
            let message = "a pod with users of its own cannot have block devices";
            errors
                .forbidden(&path.field("volumeDevices"), message)
                .says("when `hostUsers` is false")
                .help("remove them, or `hostUsers: false`");
        }
    }
    files(facts, container, path, errors);
}

/// What a container of a Windows pod may not have.
fn on_windows(context: &SecurityContext, path: &Path, errors: &mut Errors<'_>) {
    for (field, is_given) in [
        ("appArmorProfile", context.app_armor_profile.is_some()),
        ("seLinuxOptions", context.se_linux_options.is_some()),
        ("seccompProfile", context.seccomp_profile.is_some()),
        ("capabilities", context.capabilities.is_some()),
        ("readOnlyRootFilesystem", context.read_only_root_filesystem.is_some()),
        ("privileged", context.privileged.is_some()),
        ("allowPrivilegeEscalation", context.allow_privilege_escalation.is_some()),
        ("procMount", context.proc_mount.is_some()),
        ("runAsUser", context.run_as_user.is_some()),
        ("runAsGroup", context.run_as_group.is_some()),
    ] {
        if is_given {
            let message = format!("a container of a Windows pod cannot have `{field}`");
            errors.forbidden(&path.field(field), message).says("cannot be set for a windows pod").help("remove it");
        }
    }
}

/// Files with variables stand in volumes that live as long as the pod.
fn files(facts: &Facts<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    for (index, variable) in container.env.iter().flatten().enumerate() {
        let Some(file) = variable.value_from.as_ref().and_then(|source| source.file_key_ref.as_ref()) else { continue };
        let path = path.field("env").index(index).fields(&["valueFrom", "fileKeyRef", "volumeName"]);
        let name = shortened(&file.volume_name);
        // Of several volumes with one name, the last counts.
        let volumes = facts.pod.spec.volumes.as_deref().unwrap_or_default();
        match volumes.iter().rfind(|volume| volume.name == file.volume_name) {
            None => {
                errors.not_found(&path, format!("the pod has no volume `{name}` for the file"));
            }
            Some(volume) if volume.empty_dir.is_none() => {
                let message = format!("volume `{name}` is no `emptyDir`, as one with variables must be");
                errors.invalid(&path, message).says("referenced volume must be of type emptyDir");
            }
            Some(_) => {}
        }
    }
}

/// Processes of the node instead of containers: all of the pod are or none.
pub(super) fn host_processes(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let of_options = |options: Option<&WindowsSecurityContextOptions>| options.and_then(|options| options.host_process);
    let of_pod = of_options(spec.security_context.as_ref().and_then(|context| context.windows_options.as_ref()));
    let (mut all, mut on_host) = (0, 0);
    each(spec, path, &mut |container, path| {
        let context = container.security_context.as_ref();
        let own = of_options(context.and_then(|context| context.windows_options.as_ref()));
        if let (Some(of_pod), Some(own)) = (of_pod, own)
            && of_pod != own
        {
            let message = format!("`hostProcess: {own}` contradicts the pod's `hostProcess: {of_pod}`");
            errors
                .invalid(&path.fields(&["securityContext", "windowsOptions", "hostProcess"]), message)
                .says(format!("pod hostProcess value must be identical if both are specified, was {of_pod}"));
        }
        all += 1;
        on_host += u32::from(own.or(of_pod) == Some(true));
    });
    if on_host == 0 {
        return;
    }
    if on_host != all {
        let message = "if one container of a pod is a `hostProcess`, all must be";
        errors
            .invalid(path, message)
            .of("")
            .says("If pod contains any hostProcess containers then all containers must be HostProcess containers")
            .help("set `hostProcess: true` in the `securityContext` of the pod");
    }
    if spec.host_network != Some(true) {
        let message = "a pod of `hostProcess` containers needs the node's network";
        errors
            .invalid(&path.field("hostNetwork"), message)
            .says("hostNetwork must be true if pod contains any hostProcess containers")
            .help("add `hostNetwork: true`");
    }
}
