//! What depends on feature gates, and what is let through because an older object has it.
//!
//! Mirrors the parts about containers of `GetValidationOptionsFromPodSpecAndMeta` in pkg/api/pod/util.go (v1.36).

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::{as_container, init_of, is_sidecar};
use crate::admission::ApiServer;
use crate::admission::core::resources;
use crate::admission::gates::Gate;
use crate::values::names;

/// What is allowed.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, as upstream")]
pub(in crate::admission) struct Options {
    /// Amounts of huge pages that no number of pages makes up.
    pub(in crate::admission) allow_indivisible_huge_pages: bool,
    /// Names of environment variables of almost any characters.
    pub(super) allow_relaxed_env_names: bool,
    /// Environment variables from files.
    pub(super) allow_env_files: bool,
    /// A hook that sleeps for no time.
    pub(super) allow_sleep_of_zero: bool,
    /// Resize policies of init containers.
    pub(super) allow_init_resize_policy: bool,
    /// Restarts on the resize of init containers that end.
    pub(super) allow_init_resize_restart: bool,
    /// Restart policies of containers, and rules for them.
    pub(super) allow_restart_rules: bool,
    /// Rules that restart all containers, and rules of sidecars.
    pub(super) allow_restart_all: bool,
    /// Block devices in a pod with users of its own.
    pub(super) allow_devices_with_own_users: bool,
}

impl Options {
    /// Those for a pod that replaces `old`.
    pub(in crate::admission) fn of(spec: &PodSpec, old: Option<&PodSpec>, server: &ApiServer) -> Self {
        let mut options = Self {
            allow_indivisible_huge_pages: false,
            allow_relaxed_env_names: server.enabled(Gate::RelaxedEnvironmentVariableValidation),
            allow_env_files: server.enabled(Gate::EnvFiles),
            allow_sleep_of_zero: server.enabled(Gate::PodLifecycleSleepActionAllowZero),
            allow_init_resize_policy: server.enabled(Gate::InPlacePodVerticalScaling),
            allow_init_resize_restart: false,
            allow_restart_rules: server.enabled(Gate::ContainerRestartRules),
            allow_restart_all: server.enabled(Gate::RestartAllContainersOnContainerExits),
            allow_devices_with_own_users: false,
        };
        if let Some(old) = old {
            options.add(spec, old);
        }
        options
    }

    /// What the old object has is allowed again.
    fn add(&mut self, spec: &PodSpec, old: &PodSpec) {
        let any = |has: &dyn Fn(&Container) -> bool| {
            let ephemeral = old.ephemeral_containers.iter().flatten();
            old.containers.iter().chain(init_of(old)).any(has)
                || ephemeral.cloned().any(|container| has(&as_container(container).0))
        };
        let overhead = old.overhead.iter().flatten();
        self.allow_indivisible_huge_pages =
            any(&|container| container.resources.as_ref().is_some_and(resources::has_indivisible_huge_pages))
                || overhead.into_iter().any(|(name, value)| resources::is_indivisible(name, value));
        self.allow_relaxed_env_names = self.allow_relaxed_env_names || keeps_relaxed_name(spec, old);
        self.allow_env_files |= any(&|container| {
            container.env.iter().flatten().filter_map(|it| it.value_from.as_ref()).any(|it| it.file_key_ref.is_some())
        });
        self.allow_sleep_of_zero |= any(&|container| {
            let lifecycle = container.lifecycle.as_ref();
            let hooks = lifecycle.map(|lifecycle| [&lifecycle.pre_stop, &lifecycle.post_start]);
            hooks.into_iter().flatten().flatten().any(|hook| hook.sleep.as_ref().is_some_and(|it| it.seconds == 0))
        });
        let has_resize = |container: &Container| container.resize_policy.iter().flatten().next().is_some();
        self.allow_init_resize_policy |= init_of(old).iter().any(|it| is_sidecar(it) && has_resize(it));
        self.allow_init_resize_restart = init_of(old).iter().any(|container| {
            let policies = container.resize_policy.iter().flatten();
            !is_sidecar(container) && policies.into_iter().any(|policy| policy.restart_policy == "RestartContainer")
        });
        let has_rules = |container: &Container| container.restart_policy_rules.iter().flatten().next().is_some();
        self.allow_restart_rules |= old.containers.iter().any(|container| container.restart_policy.is_some())
            || init_of(old).iter().any(|it| it.restart_policy.is_some() && !is_sidecar(it) || has_rules(it));
        let restarts_all = |container: &Container| {
            let mut rules = container.restart_policy_rules.iter().flatten();
            rules.any(|rule| rule.action == "RestartAllContainers")
        };
        self.allow_restart_all |= old.containers.iter().chain(init_of(old)).any(restarts_all)
            || init_of(old).iter().any(|it| is_sidecar(it) && has_rules(it));
        self.allow_devices_with_own_users = old.host_users == Some(false)
            && any(&|container| container.volume_devices.iter().flatten().next().is_some());
    }
}

/// Whether a name that only the relaxed rules allow stays as it was (`useRelaxedEnvironmentVariableValidation`).
fn keeps_relaxed_name(spec: &PodSpec, old: &PodSpec) -> bool {
    let old = env_names(old);
    let is_relaxed =
        |name: &String| !names::env_var_name(name).is_empty() && names::relaxed_env_var_name(name).is_empty();
    env_names(spec).iter().any(|name| is_relaxed(name) && old.contains(name))
}

fn env_names(spec: &PodSpec) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |container: &Container| {
        found.extend(container.env.iter().flatten().map(|variable| variable.name.clone()));
        found.extend(container.env_from.iter().flatten().map(|source| source.prefix.clone().unwrap_or_default()));
    };
    spec.containers.iter().chain(init_of(spec)).for_each(&mut add);
    spec.ephemeral_containers.iter().flatten().for_each(|container| add(&as_container(container.clone()).0));
    found
}
