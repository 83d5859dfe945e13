//! Pods and pod templates.
//!
//! Mirrors `ValidatePodCreate`, `ValidatePodTemplateSpec` and `ValidatePodSpec` in pkg/apis/core/validation, and the
//! warnings of pkg/api/pod (v1.36). What servers let through because an older object has it already is left out where an
//! object could only have it from before Kubernetes 1.33.

mod annotations;
mod containers;
pub(in crate::admission) mod defaults;
mod host;
mod plugins;
mod resources;
mod security;
mod update;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, PodSpec, PodTemplate, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::form::Form;
use super::scheduling::{self, pods};
use super::{container, volume};
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::meta;
use crate::admission::{ApiServer, How, Kind};
use crate::values::names;
use crate::yaml::Path;

impl Kind for Pod {
    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::pod(self.spec.get_or_insert_default(), server);
    }

    fn prepare(&mut self, old: Option<&mut Self>, how: How, errors: &mut Errors<'_>) -> bool {
        let Some(spec) = &mut self.spec else { return true };
        if errors.server.runs("DefaultTolerationSeconds") {
            plugins::add_tolerations(spec);
        }
        match old {
            None => {
                if errors.server.runs("Priority") {
                    plugins::set_priority(spec);
                }
                pods::merge_label_keys(spec, self.metadata.labels.as_ref(), false, errors.server);
            }
            Some(old) => {
                let old_spec = old.spec.as_ref();
                spec.priority = spec.priority.or(old_spec.and_then(|old| old.priority));
                let policy = old_spec.and_then(|old| old.preemption_policy.clone());
                spec.preemption_policy = spec.preemption_policy.take().or(policy);
                if how != How::Replace {
                    // `kubectl apply` leaves alone what the server has added to selectors.
                    pods::merge_label_keys(spec, old.metadata.labels.as_ref(), true, errors.server);
                }
            }
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let fallback = PodSpec::default();
        let spec = self.spec.as_ref().unwrap_or(&fallback);
        let path = Path::root().field("spec");
        pod(self, spec, None, errors);
        if spec.ephemeral_containers.as_ref().is_some_and(|containers| !containers.is_empty()) {
            let message = "ephemeral containers are added to pods that run already";
            errors
                .forbidden(&path.field("ephemeralContainers"), message)
                .says("cannot be set on create")
                .help("use `kubectl debug`");
        }
        let is_gated = spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
        if is_gated && spec.node_name.as_deref().is_some_and(|node| !node.is_empty()) {
            let gates = errors.place(&path.field("schedulingGates"));
            let message = "a pod with scheduling gates cannot have a node";
            errors
                .forbidden(&path.field("nodeName"), message)
                .related(gates, "the gates")
                .help("remove one of the two");
        }
        annotations::agree(self.metadata.annotations.as_ref(), spec, Form::Pod, &path, errors);
        plugins::check(spec, &path, errors);
        let name = self.metadata.name.as_deref().unwrap_or_default();
        if !names::dns1123_label(name).is_empty() && names::dns1123_subdomain(name).is_empty() {
            let message =
                format!("the pod's name `{}` becomes its host name, for which it is no good", shortened(name));
            let finding = errors.warn(&Path::root().fields(&["metadata", "name"]), message);
            finding.help("write at most 63 letters, digits and `-`, without dots");
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let fallback = PodSpec::default();
        let spec = |pod: &'_ Self| pod.spec.clone().unwrap_or_default();
        pod(self, self.spec.as_ref().unwrap_or(&fallback), old.spec.as_ref(), errors);
        update::annotations(&self.metadata, &old.metadata, errors);
        update::spec(&spec(self), &spec(old), &Path::root().field("spec"), errors);
    }
}

impl Kind for PodTemplate {
    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::template(self.template.get_or_insert_default(), server);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let fallback = PodTemplateSpec::default();
        template(self.template.as_ref().unwrap_or(&fallback), &Path::root().field("template"), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let fallback = PodTemplateSpec::default();
        let path = Path::root().field("template");
        template_update(self.template.as_ref().unwrap_or(&fallback), old.template.as_ref(), &path, errors);
    }
}

/// A Pod, new or not (`validatePodMetadataAndSpec`).
fn pod(pod: &Pod, spec: &PodSpec, old: Option<&PodSpec>, errors: &mut Errors<'_>) {
    let metadata = &pod.metadata;
    let at = Path::root().fields(&["metadata", "annotations"]);
    annotations::check(metadata.annotations.as_ref(), spec, &at, &at, errors);
    let path = Path::root().field("spec");
    self::spec(spec, old, Form::Pod, metadata, &path, errors);
    if spec.service_account_name.as_deref().is_none_or(str::is_empty) && !errors.server.runs("ServiceAccount") {
        token_without_account(spec, &path, errors);
    }
}

/// A token is one of a service account. The plugin `ServiceAccount` names one where the pod does not.
fn token_without_account(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    for (index, volume) in spec.volumes.iter().flatten().enumerate() {
        let sources = volume.projected.iter().flat_map(|source| source.sources.iter().flatten()).enumerate();
        for (source, _) in sources.filter(|(_, source)| source.service_account_token.is_some()) {
            let path = path.field("volumes").index(index).fields(&["projected", "sources"]).index(source);
            let message = "the volume has a token of the pod's service account, and the pod does not name one";
            let finding = errors
                .forbidden(&path.field("serviceAccountToken"), message)
                .says("must not be specified when serviceAccountName is not set");
            finding.help("add `serviceAccountName`, for example `default`");
        }
    }
}

/// The template at `path` (`ValidatePodTemplateSpec`); the API server leaves out `metadata` where it names its labels.
pub(super) fn template(template: &PodTemplateSpec, path: &Path, errors: &mut Errors<'_>) {
    template_update(template, None, path, errors);
}

/// The template at `path`, which replaces `old`. Only what is new is warned of.
pub(in crate::admission) fn template_update(
    template: &PodTemplateSpec,
    old: Option<&PodTemplateSpec>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let fallback = ObjectMeta::default();
    let metadata = template.metadata.as_ref().unwrap_or(&fallback);
    let fallback = PodSpec::default();
    let spec = template.spec.as_ref().unwrap_or(&fallback);
    let at = path.field("metadata");
    meta::labels(metadata.labels.as_ref(), &at.field("labels"), &path.field("labels"), errors);
    let (at, called) = (at.field("annotations"), path.field("annotations"));
    meta::annotations(metadata.annotations.as_ref(), &at, &called, errors);
    annotations::check(metadata.annotations.as_ref(), spec, &at, &called, errors);
    let path = path.field("spec");
    self::spec(spec, old.and_then(|old| old.spec.as_ref()), Form::Template, metadata, &path, errors);
    annotations::agree(metadata.annotations.as_ref(), spec, Form::Template, &path, errors);
    if spec.ephemeral_containers.as_ref().is_some_and(|containers| !containers.is_empty()) {
        let message = "a template cannot have ephemeral containers, which are added to pods that run already";
        errors
            .forbidden(&path.field("ephemeralContainers"), message)
            .says("ephemeral containers not allowed in pod template")
            .help("use `kubectl debug`");
    }
}

/// The spec at `path` (`ValidatePodSpec`) of the Pod or template with this metadata; it replaces `old`.
fn spec(
    spec: &PodSpec,
    old: Option<&PodSpec>,
    form: Form,
    metadata: &ObjectMeta,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let name = metadata.name.as_deref().filter(|name| form == Form::Pod && !name.is_empty());
    let volumes = spec.volumes.as_deref().unwrap_or_default();
    let volumes = volume::volumes(volumes, form, name, &path.field("volumes"), errors);
    resources::claims(spec, form, metadata, path, errors);
    let pod = container::Pod { spec, old, metadata, form, volumes: &volumes };
    container::containers(pod, path, errors);
    resources::check(spec, path, errors);
    enumeration(spec.restart_policy.as_deref(), "restartPolicy", &["Always", "OnFailure", "Never"], path, errors);
    enumeration(
        spec.preemption_policy.as_deref(),
        "preemptionPolicy",
        &["Never", "PreemptLowerPriority"],
        path,
        errors,
    );
    let at = path.field("nodeSelector");
    meta::labels(spec.node_selector.as_ref(), &at, &at, errors);
    security::context(spec, old, path, errors);
    security::host_users(spec, path, errors);
    security::operating_system(spec, path, errors);
    host::dns(spec, path, errors);
    host::names(spec, path, errors);
    host::aliases(spec, path, errors);
    places(spec, path, errors);
    gates(spec, path, errors);
    other_objects(spec, path, errors);
    if let Some(seconds) = spec.active_deadline_seconds.filter(|seconds| !(1..=i64::from(i32::MAX)).contains(seconds)) {
        let message = format!("the deadline must be between 1 and {} seconds, not {seconds}", i32::MAX);
        errors
            .invalid(&path.field("activeDeadlineSeconds"), message)
            .says("must be between 1 and 2147483647, inclusive");
    }
    if old != Some(spec) {
        warn(spec, metadata, path, errors);
    }
}

fn enumeration(value: Option<&str>, field: &'static str, supported: &[&str], path: &Path, errors: &mut Errors<'_>) {
    match value {
        Some("") => {
            let list = supported.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let finding = errors.required(&path.field(field), format!("`{field}` is empty"));
            finding.help(format!("write one of {list}, or leave it out"));
        }
        Some(value) if !supported.contains(&value) => {
            errors.unsupported(&path.field(field), format_args!("`{field}`"), value, supported.iter().copied());
        }
        _ => {}
    }
}

/// Where the pod may run.
fn places(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    if let Some(affinity) = &spec.affinity {
        pods::affinity(affinity, &path.field("affinity"), errors);
    }
    let constraints = spec.topology_spread_constraints.as_deref().unwrap_or_default();
    pods::spread(constraints, &path.field("topologySpreadConstraints"), errors);
    scheduling::tolerations(spec.tolerations.as_deref().unwrap_or_default(), &path.field("tolerations"), errors);
}

/// What a pod waits for before it runs or is ready.
fn gates(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    for (index, gate) in spec.readiness_gates.iter().flatten().enumerate() {
        let at = path.field("readinessGates").index(index).field("conditionType");
        let what = format!("the condition `{}`", shortened(&gate.condition_type));
        errors.each_invalid(&at, what, names::qualified_name(&gate.condition_type));
    }
    let path = path.field("schedulingGates");
    let mut seen = BTreeMap::new();
    for (index, gate) in spec.scheduling_gates.iter().flatten().enumerate() {
        let (at, called) = (path.index(index).field("name"), path.index(index));
        for problem in names::qualified_name(&gate.name) {
            let message = format!("the scheduling gate `{}` {problem}", shortened(&gate.name));
            errors.invalid(&at, message).problem(problem).called(called.clone());
        }
        if let Some(first) = seen.get(gate.name.as_str()) {
            let place = errors.place(&path.index(*first));
            let message = format!("the pod has the scheduling gate `{}` twice", shortened(&gate.name));
            errors.duplicate(&at, message).of(gate.name.as_str()).called(called).related(place, "first here");
        }
        seen.entry(gate.name.as_str()).or_insert(index);
    }
}

/// Names of other objects.
fn other_objects(spec: &PodSpec, path: &Path, errors: &mut Errors<'_>) {
    let account_field =
        if errors.is_written(&path.field("serviceAccountName")) { "serviceAccountName" } else { "serviceAccount" };
    let of_plain = |name: &'_ Option<String>| name.clone().filter(|name| !name.is_empty());
    let names = [
        (account_field, "serviceAccountName", "the service account", of_plain(&spec.service_account_name)),
        ("nodeName", "nodeName", "the node", of_plain(&spec.node_name)),
        ("priorityClassName", "priorityClassName", "the priority class", of_plain(&spec.priority_class_name)),
        // This one may be empty, and is no name then.
        ("runtimeClassName", "runtimeClassName", "the runtime class", spec.runtime_class_name.clone()),
    ];
    for (field, called, what, name) in names {
        let Some(name) = name else { continue };
        for problem in names::dns1123_subdomain(&name) {
            let message = format!("the name `{}` of {what} {problem}", shortened(&name));
            errors.invalid(&path.field(field), message).problem(problem).called(path.field(called));
        }
    }
    if let Some(group) = &spec.scheduling_group {
        let at = path.fields(&["schedulingGroup", "podGroupName"]);
        match &group.pod_group_name {
            None => {
                errors
                    .invalid(&at, "the scheduling group does not say which group it is")
                    .of("")
                    .says("must specify one of: `podGroupName`")
                    .help("add `podGroupName`");
            }
            Some(name) => {
                let what = format!("the name `{}` of the group", shortened(name));
                errors.each_invalid(&at, what, names::dns1123_subdomain(name));
            }
        }
    }
}

/// What the server warns of in the pod spec at `path`, apart from volumes, containers and the places where it may run.
fn warn(spec: &PodSpec, metadata: &ObjectMeta, path: &Path, errors: &mut Errors<'_>) {
    old_annotations(spec, metadata, path, errors);
    for key in spec.node_selector.iter().flatten().map(|(key, _)| key) {
        scheduling::node_labels::warn_if_deprecated(key, &path.field("nodeSelector").key(key), errors);
    }
    let mut seen = BTreeMap::new();
    let at = path.field("hostAliases");
    for (index, alias) in spec.host_aliases.iter().flatten().enumerate() {
        if let Some(first) = seen.insert(alias.ip.as_str(), index) {
            let place = errors.place(&at.index(first).field("ip"));
            let message = format!("two host aliases have the address `{}`", shortened(&alias.ip));
            let finding = errors.warn(&at.index(index).field("ip"), message);
            finding.related(place, "first here").help("write all names of an address into one alias");
        }
    }
    let mut seen = BTreeMap::new();
    let at = path.field("imagePullSecrets");
    for (index, secret) in spec.image_pull_secrets.iter().flatten().enumerate() {
        let at_name = at.index(index).field("name");
        if secret.name.is_empty() {
            errors.warn(&at_name, "the reference to a Secret for pulling images names none").help("add its `name`");
        } else if let Some(first) = seen.insert(secret.name.as_str(), index) {
            let place = errors.place(&at.index(first).field("name"));
            let message = format!("the Secret `{}` for pulling images is named twice", shortened(&secret.name));
            errors.warn(&at_name, message).related(place, "first here").help("remove one of the two");
        }
    }
    if spec.termination_grace_period_seconds.is_some_and(|seconds| seconds < 0) {
        let message = "a negative grace period is taken for one second";
        errors.warn(&path.field("terminationGracePeriodSeconds"), message).help("write `0` or more");
    }
}

/// Annotations that have become fields.
fn old_annotations(spec: &PodSpec, metadata: &ObjectMeta, path: &Path, errors: &mut Errors<'_>) {
    const REPLACED: [(&str, &str); 3] = [
        ("scheduler.alpha.kubernetes.io/critical-pod", "priorityClassName"),
        ("security.alpha.kubernetes.io/sysctls", "sysctls"),
        ("security.alpha.kubernetes.io/unsafe-sysctls", "sysctls"),
    ];
    let Some(annotations) = metadata.annotations.as_ref().filter(|annotations| !annotations.is_empty()) else { return };
    let context = spec.security_context.as_ref();
    let has_profile = context.is_some_and(|context| context.seccomp_profile.is_some());
    let seccomp = (!has_profile).then_some((annotations::SECCOMP_OF_POD, "seccompProfile"));
    for (key, field) in REPLACED.into_iter().chain(seccomp).filter(|(key, _)| annotations.contains_key(*key)) {
        let at = path.parent().cloned().unwrap_or_default().fields(&["metadata", "annotations"]).key(key);
        let place = errors.key_place(&at);
        let finding = errors.warn(&at, format!("the annotation `{key}` has no effect any more")).at(place);
        finding.help(format!("use the field `{field}`"));
    }
}
