//! Ephemeral containers, which are containers but for a field of their own and many that they may not have.

use k8s_openapi::api::core::v1::{Container, EphemeralContainer, ResourceRequirements};

use crate::admission::errors::Errors;
use crate::yaml::Path;

/// The container that an ephemeral one is, and the name of the one that it looks at.
pub(in crate::admission) fn as_container(ephemeral: EphemeralContainer) -> (Container, Option<String>) {
    let EphemeralContainer {
        args,
        command,
        env,
        env_from,
        image,
        image_pull_policy,
        lifecycle,
        liveness_probe,
        name,
        ports,
        readiness_probe,
        resize_policy,
        resources,
        restart_policy,
        restart_policy_rules,
        security_context,
        startup_probe,
        stdin,
        stdin_once,
        target_container_name,
        termination_message_path,
        termination_message_policy,
        tty,
        volume_devices,
        volume_mounts,
        working_dir,
    } = ephemeral;
    let container = Container {
        args,
        command,
        env,
        env_from,
        image,
        image_pull_policy,
        lifecycle,
        liveness_probe,
        name,
        ports,
        readiness_probe,
        resize_policy,
        resources,
        restart_policy,
        restart_policy_rules,
        security_context,
        startup_probe,
        stdin,
        stdin_once,
        termination_message_path,
        termination_message_policy,
        tty,
        volume_devices,
        volume_mounts,
        working_dir,
    };
    (container, target_container_name)
}

/// The ephemeral container that [`as_container`] has taken apart.
pub(in crate::admission) fn as_ephemeral(container: Container, target: Option<String>) -> EphemeralContainer {
    EphemeralContainer {
        args: container.args,
        command: container.command,
        env: container.env,
        env_from: container.env_from,
        image: container.image,
        image_pull_policy: container.image_pull_policy,
        lifecycle: container.lifecycle,
        liveness_probe: container.liveness_probe,
        name: container.name,
        ports: container.ports,
        readiness_probe: container.readiness_probe,
        resize_policy: container.resize_policy,
        resources: container.resources,
        restart_policy: container.restart_policy,
        restart_policy_rules: container.restart_policy_rules,
        security_context: container.security_context,
        startup_probe: container.startup_probe,
        stdin: container.stdin,
        stdin_once: container.stdin_once,
        target_container_name: target,
        termination_message_path: container.termination_message_path,
        termination_message_policy: container.termination_message_policy,
        tty: container.tty,
        volume_devices: container.volume_devices,
        volume_mounts: container.volume_mounts,
        working_dir: container.working_dir,
    }
}

/// An ephemeral container is there for looking around, not for serving (`allowedEphemeralContainerFields`). Fields
/// count as given even if they are empty lists.
pub(super) fn allowed_fields(container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let resources = container.resources.as_ref().is_some_and(|given| *given != ResourceRequirements::default());
    for (field, is_given) in [
        ("ports", container.ports.is_some()),
        ("resources", resources),
        ("resizePolicy", container.resize_policy.is_some()),
        ("restartPolicy", container.restart_policy.is_some()),
        ("restartPolicyRules", container.restart_policy_rules.is_some()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
        ("lifecycle", container.lifecycle.is_some()),
    ] {
        if is_given {
            let message = format!("an ephemeral container cannot have `{field}`");
            errors
                .forbidden(&path.field(field), message)
                .says("cannot be set for an Ephemeral Container")
                .help("remove it");
        }
    }
    for (index, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let path = path.field("volumeMounts").index(index);
        for (field, value) in [("subPath", &mount.sub_path), ("subPathExpr", &mount.sub_path_expr)] {
            if value.as_deref().is_some_and(|value| !value.is_empty()) {
                let message = format!("a mount of an ephemeral container cannot have a `{field}`");
                errors
                    .forbidden(&path.field(field), message)
                    .says("cannot be set for an Ephemeral Container")
                    .help("mount the whole volume");
            }
        }
    }
}
