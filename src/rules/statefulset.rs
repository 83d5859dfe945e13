//! Sets with state: the Service that names their pods, the claims of their pods, and how they roll.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::Volume;

use super::Context;
use crate::cluster::{Object, PodTemplate, Reference};
use crate::finding::Findings;
use crate::yaml::{Path, Value};

/// The API server takes a set without it (`ValidateStatefulSetSpec`, pkg/apis/apps/validation, v1.36).
pub(super) fn without_service_name(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = whole(object) else { return };
    if spec.service_name.as_ref().is_some_and(|name| !name.is_empty()) {
        return;
    }
    let finding = object.report(
        out,
        &path.field("serviceName"),
        format!("the pods of StatefulSet `{}` have no names in DNS, because it names no Service", object.identity.name),
    );
    match services_of(context, object).into_iter().find(|service| service.is_headless()) {
        Some(service) => finding
            .related(service.key_place(&Path::root().field("spec")), "this headless Service selects the pods")
            .help(format!("set `serviceName` to `{}`", service.identity.name)),
        None => finding.help("set `serviceName` to the name of a headless Service that selects the pods"),
    };
}

/// Only a headless Service has a DNS record for each pod (DNS specification 1.1.0, section 2.4).
pub(super) fn service_not_headless(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(governing) = governing(object) else { return };
    let Some(service) = context.cluster.named(&governing) else { return };
    let Reference { name, path, .. } = governing;
    if service.service().is_none() || service.is_headless() {
        return;
    }
    let at = Path::root().field("spec");
    let cluster_ip = at.field("clusterIP");
    let cause = if service.root().at(&cluster_ip).is_some() { cluster_ip } else { at };
    object
        .report(
            out,
            &path,
            format!("Service `{name}` is not headless, so it gives the pods no names of their own in DNS"),
        )
        .related(service.place(&cause), "has no `clusterIP: None`")
        .help("set `clusterIP: None` in the Service, or name a Service that has it");
}

/// Without endpoints for the pods the Service has no DNS records for them either. A Service without a selector is
/// served by somebody who sets its endpoints.
pub(super) fn service_selects_others(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(governing) = whole(object).and_then(|_| governing(object)) else { return };
    let Some(labels) = object.pod_template().and_then(|template| template.labels()) else { return };
    let Some(service) = context.cluster.named(&governing) else { return };
    let Reference { name, path, .. } = governing;
    let Some(selector) = service.service().and_then(|spec| spec.selector.as_ref()) else { return };
    let missing = selector.iter().find(|(key, value)| {
        !matches!(key.as_str(), POD_NAME | POD_INDEX | REVISION) && labels.get(*key) != Some(value)
    });
    let Some((key, value)) = missing else { return };
    let at = Path::root().fields(&["spec", "selector"]).key(key.clone());
    let finding = object.report(
        out,
        &path,
        format!(
            "Service `{name}` does not select the pods of StatefulSet `{}`, so they get no names in DNS",
            object.identity.name
        ),
    );
    finding.related(service.place(&at), format!("asks for `{key}: {value}`"));
    if let Some(template) = object.pod_template_path() {
        finding.related(object.place(&template.fields(&["metadata", "labels"])), "the labels of the pods");
    }
    finding.help("make the Service's selector match the labels of the pods");
}

/// The labels that the StatefulSet controller gives its pods.
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";
const REVISION: &str = "controller-revision-hash";

/// A manifest that is not in the input may be in the cluster. It is certain enough that the Service is missing only
/// if another one for the same pods is there.
pub(super) fn service_not_found(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(governing) = governing(object) else { return };
    if context.cluster.named(&governing).is_some() {
        return;
    }
    let Reference { name, path, .. } = governing;
    let others = services_of(context, object);
    let Some(other) = others.iter().find(|service| service.is_headless()).or(others.first()) else { return };
    let finding = object.report(
        out,
        &path,
        format!(
            "there is no Service `{name}`, so the pods of StatefulSet `{}` get no names in DNS",
            object.identity.name
        ),
    );
    finding.related(
        other.place(&Path::root().fields(&["metadata", "name"])),
        format!("this {}Service selects the pods", if other.is_headless() { "headless " } else { "" }),
    );
    finding.help(format!("add a headless Service `{name}` that selects the pods, or name the one that is meant"));
}

/// A claim that no container mounts is made and paid for, and the data goes elsewhere.
pub(super) fn claim_unmounted(object: &Object, out: &mut Findings) {
    let Some(template) = whole(object).and_then(|_| object.pod_template()) else { return };
    let used: BTreeSet<&str> = mounts(&template).collect();
    for (at, name) in claim_templates(object).filter(|(_, name)| !used.contains(name)) {
        object
            .report(out, &claim_name(at), format!("claim template `{name}` makes a volume that no container mounts"))
            .related(object.place(&template.spec_path().field("containers")), "the containers")
            .help(format!("add `{name}` to the `volumeMounts` of the container that keeps its data there"));
    }
}

/// The names of the volumes that containers use.
fn mounts<'a>(template: &PodTemplate<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    template.containers().flat_map(|container| {
        let mounts = container.container.volume_mounts.iter().flatten().map(|mount| mount.name.as_str());
        let devices = container.container.volume_devices.iter().flatten().map(|device| device.name.as_str());
        mounts.chain(devices)
    })
}

fn claim_name(at: usize) -> Path {
    Path::root().fields(&["spec", "volumeClaimTemplates"]).index(at).fields(&["metadata", "name"])
}

/// The last template of a name wins in `getPersistentVolumeClaims` (pkg/controller/statefulset, v1.36).
pub(super) fn duplicate_claim(object: &Object, out: &mut Findings) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, name) in claim_templates(object) {
        if let Some(first) = seen.insert(name, at) {
            object
                .report(
                    out,
                    &claim_name(at),
                    format!("two claim templates are called `{name}`, and only the last one counts"),
                )
                .related(object.place(&claim_name(first)), "makes no claim")
                .help("give each claim template a name of its own");
        }
    }
}

/// The claim takes the place of the volume in `updateStorage` (pkg/controller/statefulset, v1.36). That is wanted where
/// the volume is a claim or an empty directory, a stand-in for the one that the set brings.
pub(super) fn claim_hides_volume(object: &Object, out: &mut Findings) {
    let Some(template) = object.pod_template() else { return };
    let claims: BTreeMap<&str, usize> = claim_templates(object).map(|(at, name)| (name, at)).collect();
    for (at, volume) in template.spec.volumes.iter().flatten().enumerate() {
        let Some(claim) = claims.get(volume.name.as_str()) else { continue };
        if volume.persistent_volume_claim.is_some() || volume.empty_dir.is_some() {
            continue;
        }
        let path = template.spec_path().field("volumes").index(at).field("name");
        object
            .report(
                out,
                &path,
                format!("volume `{}` is never used, because a claim template has its name", volume.name),
            )
            .related(object.place(&claim_name(*claim)), "takes its place")
            .help("remove the volume, or give it another name");
    }
}

/// The controller leaves the pods below the partition alone; it counts them from the set's first one, whatever its
/// ordinal is (`updateStatefulSet`, pkg/controller/statefulset, v1.36). Without `replicas` somebody else sets them.
pub(super) fn partition_too_high(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((spec, path)) = spec(object) else { return };
    let Some(replicas) = spec.replicas.filter(|replicas| *replicas > 0) else { return };
    let Some(strategy) = &spec.update_strategy else { return };
    let partition = strategy.rolling_update.as_ref().and_then(|rolling| rolling.partition);
    let Some(partition) = partition.filter(|partition| *partition >= replicas) else { return };
    if strategy.type_.as_deref().is_some_and(|strategy| strategy != "RollingUpdate") {
        return;
    }
    object
        .report(
            out,
            &path.fields(&["updateStrategy", "rollingUpdate", "partition"]),
            format!("no pod is ever updated, because all {replicas} are below partition {partition}"),
        )
        .related(object.place(&path.field("replicas")), "the number of pods")
        .help("lower `partition` to let the update reach pods, to 0 for all of them");
}

/// A set's revision is called `<name>-<hash>` with a hash of up to ten characters (`HashControllerRevision`,
/// pkg/controller/history, v1.36), and every pod carries that as a label, which has at most 63 characters.
const LONGEST_NAME: usize = 63 - 1 - 10;

/// The API server takes names of up to 63 characters, and refuses the pods.
pub(super) fn name_too_long(object: &Object, out: &mut Findings) {
    if spec(object).is_none() {
        return;
    }
    let path = Path::root().fields(&["metadata", "name"]);
    let Some(name) = object.root().at(&path).and_then(Value::as_str) else { return };
    if (LONGEST_NAME + 1..=63).contains(&name.len()) {
        object
            .report(
                out,
                &path,
                format!("StatefulSet `{name}` gets no pods, because its name has {} characters", name.len()),
            )
            .label("makes the label `controller-revision-hash` longer than 63 characters")
            .help(format!("shorten the name to at most {LONGEST_NAME} characters"));
    }
}

/// A set that keeps nothing may well have scratch space, so only a directory that is not a usual place for scratch
/// counts, in a set whose pods keep nothing elsewhere either.
pub(super) fn state_in_empty_dir(object: &Object, out: &mut Findings) {
    if whole(object).is_none() || claim_templates(object).next().is_some() {
        return;
    }
    let Some(template) = object.pod_template() else { return };
    let volumes = template.spec.volumes.as_deref().unwrap_or_default();
    if !volumes.iter().all(|volume| volume.empty_dir.is_some() || is_content(volume)) {
        return;
    }
    let kept: BTreeSet<&str> = template
        .containers()
        .flat_map(|container| container.container.volume_mounts.iter().flatten())
        .filter(|mount| !is_for_scratch(&mount.mount_path) && !is_for_scratch(&mount.name))
        .map(|mount| mount.name.as_str())
        .collect();
    for (at, volume) in volumes.iter().enumerate() {
        let Some(directory) = volume.empty_dir.as_ref().filter(|_| kept.contains(volume.name.as_str())) else {
            continue;
        };
        if directory.medium.as_ref().is_some_and(|medium| !medium.is_empty()) {
            continue;
        }
        object
            .report(
                out,
                &template.spec_path().field("volumes").index(at).field("emptyDir"),
                format!(
                    "what StatefulSet `{}` keeps in volume `{}` is lost with each pod",
                    object.identity.name, volume.name
                ),
            )
            .help("move it to `volumeClaimTemplates`, or use a Deployment if nothing is to be kept");
    }
}

/// Volumes that show what is kept elsewhere, and keep nothing themselves.
fn is_content(volume: &Volume) -> bool {
    volume.config_map.is_some()
        || volume.secret.is_some()
        || volume.downward_api.is_some()
        || volume.projected.is_some()
        || volume.image.is_some()
}

/// Words in paths and volume names of directories that hold nothing worth keeping.
const SCRATCH: [&str; 22] = [
    "bin", "cache", "cert", "certs", "conf", "config", "csi", "etc", "home", "log", "logs", "plugins", "run",
    "scratch", "scripts", "shm", "sock", "socket", "sockets", "temp", "tls", "tmp",
];

fn is_for_scratch(name: &str) -> bool {
    name.split(|sign: char| !sign.is_ascii_alphanumeric())
        .any(|word| SCRATCH.iter().any(|scratch| word.eq_ignore_ascii_case(scratch)))
}

/// The spec of a StatefulSet and its path, if this can be the whole set and not a patch for Kustomize, which leaves out
/// what it does not change.
fn whole(object: &Object) -> Option<(&StatefulSetSpec, Path)> {
    let (spec, path) = spec(object)?;
    let selector = &spec.selector;
    let selects = selector.match_labels.is_some() || selector.match_expressions.is_some();
    (selects && object.pod_template()?.is_whole()).then_some((spec, path))
}

/// The spec of a StatefulSet and its path.
fn spec(object: &Object) -> Option<(&StatefulSetSpec, Path)> {
    Some((&object.model::<StatefulSet>()?.spec, Path::root().field("spec")))
}

/// Where the governing Service is named, if it is.
fn governing(object: &Object) -> Option<Reference<'_>> {
    object.model::<StatefulSet>()?;
    object.references_to("Service").into_iter().next()
}

fn services_of<'a>(context: &Context<'a>, object: &Object) -> Vec<&'a Object> {
    let labels = object.pod_template().and_then(|template| template.labels());
    labels.map(|labels| context.cluster.services_selecting(object.namespace(), labels)).unwrap_or_default()
}

/// The claim templates of a StatefulSet that have a name, with their number; none for other kinds.
fn claim_templates(object: &Object) -> impl Iterator<Item = (usize, &str)> {
    let templates = object.model::<StatefulSet>().and_then(|set| set.spec.volume_claim_templates.as_ref());
    let named = templates.into_iter().flatten().enumerate();
    named.filter_map(|(at, claim)| Some((at, claim.metadata.name.as_deref().filter(|name| !name.is_empty())?)))
}
