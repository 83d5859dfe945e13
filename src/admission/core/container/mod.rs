//! Containers of all sorts.
//!
//! Mirrors `validateContainers`, `validateInitContainers` and `validateEphemeralContainers` in pkg/apis/core/validation
//! (v1.36), and what `ValidatePodSpec` asks of containers with regard to the rest of their pod. Of the files below this
//! one, each knows a part of a container.

pub(in crate::admission) mod defaults;
mod env;
mod ephemeral;
mod lifecycle;
mod mount;
mod options;
mod port;
mod probe;
mod restart;
mod security;
mod system;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Container, EphemeralContainer, PodSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub(super) use self::ephemeral::{as_container, as_ephemeral};
pub(super) use self::options::Options;
use super::form::Form;
use super::resources;
use crate::admission::errors::{Errors, shortened};
use crate::values::names;
use crate::yaml::Path;

/// What containers are judged with.
#[derive(Clone, Copy)]
pub(in crate::admission) struct Pod<'a> {
    /// The spec after defaulting.
    pub(in crate::admission) spec: &'a PodSpec,
    /// The spec that it replaces.
    pub(in crate::admission) old: Option<&'a PodSpec>,
    /// The metadata beside the spec.
    pub(in crate::admission) metadata: &'a ObjectMeta,
    /// Whether it is a Pod or a template.
    pub(in crate::admission) form: Form,
    /// The volumes by name, as far as nothing is wrong with them.
    pub(in crate::admission) volumes: &'a BTreeMap<&'a str, &'a Volume>,
}

/// A pod with what follows from it for each container.
struct Facts<'a> {
    pod: Pod<'a>,
    options: Options,
    /// The names of its resource claims.
    claims: BTreeSet<&'a str>,
    /// Whether its users are those of the node.
    host_users: bool,
}

/// All containers of the pod whose spec is at `path`.
pub(in crate::admission) fn containers(pod: Pod<'_>, path: &Path, errors: &mut Errors<'_>) {
    let claims = pod.spec.resource_claims.iter().flatten().map(|claim| claim.name.as_str());
    let facts = Facts {
        options: Options::of(pod.spec, pod.old, errors.server),
        claims: claims.filter(|name| !name.is_empty()).collect(),
        host_users: pod.spec.host_users != Some(false),
        pod,
    };
    let (main, init) = (path.field("containers"), path.field("initContainers"));
    main_containers(&facts, &main, errors);
    init_containers(&facts, &init, errors);
    let ephemeral = pod.spec.ephemeral_containers.as_deref().unwrap_or_default();
    if !ephemeral.is_empty() {
        ephemeral_containers(&facts, ephemeral, path, errors);
    }
    port::on_host_network(pod, &main, errors);
    if pod.form == Form::Pod {
        // That of ephemeral containers is checked in templates as well.
        for (container, path) in at(&pod.spec.containers, &main).chain(at(init_of(pod.spec), &init)) {
            container_only_for_pod(container, &path, errors);
        }
    }
    each(pod.spec, path, &mut |container, path| {
        system::container(&facts, container, path, errors);
    });
    system::host_processes(pod.spec, path, errors);
    if pod.old != Some(pod.spec) {
        warnings::of_pod(pod, path, errors);
    }
}

/// Calls `visit` with each container of the spec at `path`, in the order in which the API server goes through them
/// (`VisitContainersWithPath`).
fn each<'a>(spec: &'a PodSpec, path: &Path, visit: &mut dyn FnMut(&Container, &Path)) {
    let lists: [(&'a [Container], &'static str); 2] =
        [(init_of(spec), "initContainers"), (&spec.containers, "containers")];
    for (list, field) in lists {
        for (container, path) in at(list, &path.field(field)) {
            visit(container, &path);
        }
    }
    for (index, container) in spec.ephemeral_containers.iter().flatten().enumerate() {
        visit(&as_container(container.clone()).0, &path.field("ephemeralContainers").index(index));
    }
}

/// The containers of the list at `path`, each with its own path.
fn at<'a>(list: &'a [Container], path: &Path) -> impl Iterator<Item = (&'a Container, Path)> {
    list.iter().enumerate().map(move |(index, container)| (container, path.index(index)))
}

fn init_of(spec: &PodSpec) -> &[Container] {
    spec.init_containers.as_deref().unwrap_or_default()
}

/// Whether an init container goes on running beside the others.
fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// `validateContainers`.
fn main_containers(facts: &Facts<'_>, path: &Path, errors: &mut Errors<'_>) {
    let containers = &facts.pod.spec.containers;
    if containers.is_empty() {
        errors.required(path, "the pod has no containers");
        return;
    }
    let mut names = BTreeMap::new();
    for (container, path) in at(containers, path) {
        common(facts, container, &path, errors);
        unique_name(&container.name, &path, &mut names, errors);
        lifecycle::lifecycle(facts, container, &path, errors);
        probe::probes(container, &path, errors);
        if facts.options.allow_restart_rules {
            restart::policy(facts, container, &path, errors);
        } else if container.restart_policy.is_some() {
            let message = format!("container `{}` cannot have a restart policy of its own", shortened(&container.name));
            errors
                .forbidden(&path.field("restartPolicy"), message)
                .says("may not be set for non-init containers")
                .help("give it to the whole pod");
        }
    }
    port::host_ports(containers, path, None, errors);
}

/// `validateInitContainers`.
fn init_containers(facts: &Facts<'_>, path: &Path, errors: &mut Errors<'_>) {
    let containers = init_of(facts.pod.spec);
    if containers.is_empty() {
        return;
    }
    let mut names: BTreeMap<&str, Path> = BTreeMap::new();
    if let Some(parent) = path.parent() {
        for (container, path) in at(&facts.pod.spec.containers, &parent.field("containers")) {
            names.entry(&container.name).or_insert(path);
        }
    }
    for (index, (container, at)) in at(containers, path).enumerate() {
        common(facts, container, &at, errors);
        restart::init_policy(facts, container, &at, errors);
        unique_name(&container.name, &at, &mut names, errors);
        port::host_ports(std::slice::from_ref(container), path, Some(index), errors);
        if is_sidecar(container) {
            lifecycle::lifecycle(facts, container, &at, errors);
            probe::probes(container, &at, errors);
        } else {
            lifecycle::not_of_init(container, &at, errors);
            probe::not_of_init(container, &at, errors);
        }
        restart::init_resize(facts, container, &at, errors);
    }
}

/// `validateEphemeralContainers`; `path` is that of the pod spec.
fn ephemeral_containers(facts: &Facts<'_>, containers: &[EphemeralContainer], path: &Path, errors: &mut Errors<'_>) {
    let spec = facts.pod.spec;
    let mut names: BTreeMap<&str, Path> = BTreeMap::new();
    for (list, field) in [(&spec.containers[..], "containers"), (init_of(spec), "initContainers")] {
        for (container, path) in at(list, &path.field(field)) {
            names.entry(&container.name).or_insert(path);
        }
    }
    let others: BTreeSet<&str> = names.keys().copied().collect();
    for (index, written) in containers.iter().enumerate() {
        let path = path.field("ephemeralContainers").index(index);
        let (container, target) = as_container(written.clone());
        common(facts, &container, &path, errors);
        container_only_for_pod(&container, &path, errors);
        unique_name(&written.name, &path, &mut names, errors);
        if let Some(target) = target.as_deref().filter(|target| !target.is_empty() && !others.contains(target)) {
            let message = format!("the pod has no container `{}` that this one could look at", shortened(target));
            errors.not_found(&path.field("targetContainerName"), message);
        }
        ephemeral::allowed_fields(&container, &path, errors);
    }
}

/// A name stands once among all containers before and this one. The first container of each name is kept in `names`.
fn unique_name<'a>(name: &'a str, path: &Path, names: &mut BTreeMap<&'a str, Path>, errors: &mut Errors<'_>) {
    let Some(first) = names.get(name) else {
        names.insert(name, path.clone());
        return;
    };
    let place = errors.place(&first.field("name"));
    let message = if name.is_empty() {
        "two containers of the pod have no name".to_owned()
    } else {
        format!("two containers of the pod have the name `{}`", shortened(name))
    };
    errors.duplicate(&path.field("name"), message).related(place, "the first of them");
}

/// What holds for all sorts of containers (`validateContainerCommon`).
fn common(facts: &Facts<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let name = path.field("name");
    if container.name.is_empty() {
        errors.required(&name, "the container has no name");
    } else {
        let what = format!("the container name `{}`", shortened(&container.name));
        errors.each_invalid(&name, what, names::dns1123_label(&container.name));
    }
    if container.image.as_deref().is_none_or(str::is_empty) {
        let message = if container.name.is_empty() {
            "the container has no image".to_owned()
        } else {
            format!("container `{}` has no image", shortened(&container.name))
        };
        errors.required(&path.field("image"), message);
    }
    let policy = container.termination_message_policy.as_deref().unwrap_or_default();
    if !matches!(policy, "File" | "FallbackToLogsOnError") {
        let path = path.field("terminationMessagePolicy");
        errors.unsupported(&path, "`terminationMessagePolicy`", policy, ["File", "FallbackToLogsOnError"]);
    }
    port::ports(container, &path.field("ports"), errors);
    env::variables(container, &facts.options, &path.field("env"), errors);
    env::sources(container, &facts.options, &path.field("envFrom"), errors);
    mount::mounts(facts, container, &path.field("volumeMounts"), errors);
    mount::devices(facts, container, &path.field("volumeDevices"), errors);
    let policy = container.image_pull_policy.as_deref().unwrap_or_default();
    if !matches!(policy, "Always" | "IfNotPresent" | "Never") {
        let path = path.field("imagePullPolicy");
        errors.unsupported(&path, "`imagePullPolicy`", policy, ["Always", "IfNotPresent", "Never"]);
    }
    if let Some(requirements) = &container.resources {
        let rules = resources::Rules {
            name: resources::container_name,
            claims: &facts.claims,
            allow_indivisible_huge_pages: facts.options.allow_indivisible_huge_pages,
        };
        resources::requirements(requirements, rules, &path.field("resources"), errors);
    }
    let pod_policy = facts.pod.spec.restart_policy.as_deref().unwrap_or_default();
    restart::resize(container, pod_policy, &path.field("resizePolicy"), errors);
    if let Some(context) = &container.security_context {
        security::context(context, facts.host_users, &path.field("securityContext"), errors);
    }
}

/// `validateContainerOnlyForPod`.
fn container_only_for_pod(container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let image = container.image.as_deref().unwrap_or_default();
    if image.len() != image.trim().len() {
        let message = format!("the image `{}` has white space around it", shortened(image));
        errors
            .invalid(&path.field("image"), message)
            .says("must not have leading or trailing whitespace")
            .help(format!("write `{}`", shortened(image.trim())));
    }
}
