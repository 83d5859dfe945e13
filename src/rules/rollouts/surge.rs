//! New pods that need what the old ones hold: a rollout that starts them first waits, perhaps for ever.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, PodSpec, ResourceQuota};

use super::{Rolling, fewest_pods};
use crate::cluster::{Object, PodTemplate};
use crate::finding::Findings;
use crate::rules::Context;
use crate::values::quantity::Quantity;
use crate::yaml::{Path, Value};

/// Where no old pod may go before a new one is available, and the new one can never start next to it.
///
/// The scheduler keeps a second pod away from a claim that is `ReadWriteOncePod` (`volumerestrictions`), and from a taken
/// port of the only node that the pods may run on (`nodeports`); the quota of the namespace refuses it (pkg/quota, all v1.36).
pub(in crate::rules) fn stalls(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((template, rolling, replicas)) = rolling(context, object) else { return };
    if rolling.unavailable > 0 {
        return;
    }
    let stuck = |what: &str| {
        format!("no rollout of Deployment `{}` ever ends, because its new pod {what}", object.identity.name)
    };
    for (path, claim) in claims(context, object, &template) {
        if has_mode(claim, "ReadWriteOncePod") {
            let what = format!("needs claim `{}`, which the old one holds", claim.identity.name);
            let modes = claim.place(&Path::root().fields(&["spec", "accessModes"]));
            let finding = object.report(out, &path, stuck(&what));
            finding.related(modes, "only one pod at a time may use it").help(RECREATE);
        }
    }
    let (port, pin) = (template.host_ports().into_iter().next(), pin(template.spec));
    if let (Some(port), Some((pin, node))) = (port, pin) {
        let what = format!("needs port {} of node `{node}`, which the old one holds", port.number);
        let path = port.path.field(if port.is_written { "hostPort" } else { "containerPort" });
        let finding = object.report(out, &path, stuck(&what));
        finding.related(object.place(&template.spec_path().fields(&pin)), "the only node that it may run on");
        finding.help(RECREATE);
    }
    for (quota, resource, limit) in quotas(context, object) {
        if limit <= replicas {
            let what = format!("is one more than the {limit} that ResourceQuota `{}` allows", quota.identity.name);
            let finding = object.report(out, &Path::root().fields(&["spec", "replicas"]), stuck(&what));
            let at = Path::root().fields(&["spec", "hard"]).key(resource);
            finding.related(quota.place(&at), "the most pods of the namespace");
            finding.help("set `maxUnavailable` to 1 and `maxSurge` to 0, or raise the quota");
        }
    }
}

const RECREATE: &str = "use `strategy: {type: Recreate}`, which stops the old pod first";

/// A new pod on another node than the old one waits for a volume that is attached there; whether it lands on another node
/// is up to the scheduler. A claim in the input that is to be bound to a directory of a node, or to a network file system,
/// is attached nowhere.
pub(in crate::rules) fn claim_blocks(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some((template, rolling, replicas)) = rolling(context, object) else { return };
    // If all old pods go at once, the new one waits only until its volume is free.
    if rolling.surge == 0 || rolling.unavailable >= replicas || stays_on_node(&template) {
        return;
    }
    for (path, claim) in claims(context, object, &template) {
        let modes = modes(claim);
        if modes.is_empty() || modes.iter().any(|mode| *mode != "ReadWriteOnce") || is_not_attached(context, claim) {
            continue;
        }
        let name = &claim.identity.name;
        let message = format!("a new pod on another node waits for claim `{name}` as long as an old one runs");
        let finding = object.report(out, &path, message);
        finding.related(claim.place(&Path::root().fields(&["spec", "accessModes"])), "attached to one node at a time");
        finding.help(if replicas > 1 {
            "use a claim that is `ReadWriteMany`, or a StatefulSet with a claim for each pod"
        } else {
            RECREATE
        });
    }
}

/// A Deployment that replaces its pods gradually, with the number of pods; `None` for one that has none.
fn rolling<'a>(context: &Context<'_>, object: &'a Object) -> Option<(PodTemplate<'a>, Rolling, i32)> {
    let spec = &object.model::<Deployment>()?.spec;
    let replicas = fewest_pods(context, object).unwrap_or(1);
    let template = object.pod_template().filter(PodTemplate::is_whole)?;
    Some((template, Rolling::of(spec, replicas)?, replicas)).filter(|_| replicas > 0)
}

/// The claims of the input that the pods use and may write to, with the path that names each.
fn claims<'a>(context: &Context<'a>, object: &Object, template: &PodTemplate<'_>) -> Vec<(Path, &'a Object)> {
    let used: BTreeSet<&str> = template
        .containers()
        .flat_map(|place| {
            let mounts = place.container.volume_mounts.iter().flatten().map(|mount| mount.name.as_str());
            mounts.chain(place.container.volume_devices.iter().flatten().map(|device| device.name.as_str()))
        })
        .collect();
    let volumes = template.spec_path().field("volumes");
    let is_used = |path: &Path| {
        let mut names = template.spec.volumes.iter().flatten().map(|volume| volume.name.as_str()).enumerate();
        names.any(|(at, name)| path.moved(&volumes.index(at), &Path::root()).is_some() && used.contains(name))
    };
    let references = object.references_to("PersistentVolumeClaim").into_iter();
    let claims = references.filter(|it| is_used(&it.path)).filter_map(|it| {
        let claim = context.cluster.named(&it)?;
        context.layout().together(object, claim).then_some((it.path, claim))
    });
    claims.collect()
}

fn modes(claim: &Object) -> Vec<&str> {
    let modes = claim.model::<PersistentVolumeClaim>().and_then(|claim| claim.spec.as_ref()?.access_modes.as_ref());
    modes.into_iter().flatten().map(String::as_str).collect()
}

fn has_mode(claim: &Object, mode: &str) -> bool {
    modes(claim).contains(&mode)
}

/// Whether the pods can run on one node only, or ask to be next to each other.
fn stays_on_node(template: &PodTemplate<'_>) -> bool {
    let affinity = template.spec.affinity.as_ref().and_then(|it| it.pod_affinity.as_ref());
    let required = affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_ref());
    pin(template.spec).is_some() || required.is_some_and(|terms| !terms.is_empty())
}

/// The label that every node has to itself.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// The field that leaves the pods a single node, and the node.
fn pin(spec: &PodSpec) -> Option<([&'static str; 1], &str)> {
    let selected = spec.node_selector.as_ref().and_then(|labels| labels.get(HOSTNAME));
    let named = spec.node_name.as_ref().filter(|name| !name.is_empty());
    let selected = selected.map(|node| (["nodeSelector"], node.as_str()));
    selected.or_else(|| named.map(|node| (["nodeName"], node.as_str())))
}

/// Whether no node has to attach the volume, as far as the input tells: by the volume that the claim will be bound to, or by
/// the word that its class is called by.
fn is_not_attached(context: &Context<'_>, claim: &Object) -> bool {
    const WORDS: [&str; 8] = ["local", "hostpath", "host-path", "nfs", "efs", "cephfs", "azurefile", "manual"];
    let Some(spec) = claim.model::<PersistentVolumeClaim>().and_then(|claim| claim.spec.as_ref()) else { return true };
    let class = spec.storage_class_name.as_deref();
    let suits = |volume: &PersistentVolume| {
        let class_of = |volume: &PersistentVolume| volume.spec.as_ref()?.storage_class_name.clone();
        match &spec.volume_name {
            Some(name) => volume.metadata.name.as_ref() == Some(name),
            None => class_of(volume).unwrap_or_default() == class.unwrap_or_default(),
        }
    };
    let volumes = context.cluster.of_kind("PersistentVolume").filter(|volume| context.layout().nearby(claim, volume));
    let mut volumes = volumes.filter_map(Object::model::<PersistentVolume>);
    let stays = |volume: &PersistentVolume| {
        volume.spec.as_ref().is_some_and(|it| {
            it.host_path.is_some()
                || it.local.is_some()
                || it.nfs.is_some()
                || it.cephfs.is_some()
                || it.glusterfs.is_some()
        })
    };
    class.is_some_and(|class| WORDS.iter().any(|word| class.contains(word)))
        || volumes.any(|volume| suits(volume) && stays(volume))
}

/// The quotas of the namespace that count all of its pods, with the resource and the limit.
fn quotas<'a>(context: &Context<'a>, object: &Object) -> Vec<(&'a Object, &'static str, i32)> {
    let mut found = Vec::new();
    for quota in context.cluster.of_kind("ResourceQuota") {
        if quota.namespace() != object.namespace() || !context.layout().together(object, quota) {
            continue;
        }
        let Some(spec) = quota.model::<ResourceQuota>().and_then(|quota| quota.spec.as_ref()) else { continue };
        if spec.scopes.as_ref().is_some_and(|scopes| !scopes.is_empty()) || spec.scope_selector.is_some() {
            continue;
        }
        for resource in ["pods", "count/pods"] {
            let limit = quota.root().at(&Path::root().fields(&["spec", "hard"]).key(resource));
            let limit = limit.and_then(Value::written).filter(|written| Quantity::decode(written).is_ok());
            if let Some(limit) = limit.and_then(|written| written.parse().ok()) {
                found.push((quota, resource, limit));
            }
        }
    }
    found
}
