//! Mounts of volumes, and the claims that ask for storage.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::StatefulSet;

use super::Context;
use crate::cluster::Object;
use crate::finding::{Findings, Reason};
use crate::values::quantity::Quantity;
use crate::yaml::{Path, Value};

/// The claim templates of a StatefulSet that have a name, with their number; none for other kinds.
pub(super) fn claim_templates(object: &Object) -> impl Iterator<Item = (usize, &str)> {
    let templates = object.model::<StatefulSet>().and_then(|set| set.spec.volume_claim_templates.as_ref());
    let named = templates.into_iter().flatten().enumerate();
    named.filter_map(|(at, claim)| Some((at, claim.metadata.name.as_deref().filter(|name| !name.is_empty())?)))
}

/// As `ValidatePersistentVolumeClaimSpec` (pkg/apis/core/validation, v1.36).
pub(super) fn claim_without_access_mode(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (spec, path) in claim_specs(object) {
        let modes = spec.and_then(|spec| spec.get("accessModes"));
        if modes.is_none_or(|modes| modes.is_null() || modes.is_sequence() && modes.items().len() == 0) {
            object
                .report(out, &path.field("accessModes"), "the claim does not say how its volume is accessed")
                .reason(Reason::FieldValueRequired)
                .help("add `accessModes`, for example `[ReadWriteOnce]` for a volume that one node uses at a time");
        }
    }
}

/// As `ValidatePersistentVolumeClaimSpec` (pkg/apis/core/validation, v1.36), which names the list, not its element.
/// Modes that do not exist are the schema's business and do not count.
pub(super) fn read_write_once_pod_combined(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (spec, path) in claim_specs(object) {
        let path = path.field("accessModes");
        let modes = spec.and_then(|spec| spec.get("accessModes")).into_iter().flat_map(Value::items);
        let (mut single, mut shared) = (None, None);
        for (at, mode) in modes.map(Value::as_str).enumerate() {
            match mode {
                Some("ReadWriteOncePod") => single = Some(at),
                Some("ReadOnlyMany" | "ReadWriteMany" | "ReadWriteOnce") => shared = Some(at),
                _ => {}
            }
        }
        let (Some(single), Some(shared)) = (single, shared) else { continue };
        let finding = object.report(out, &path, "`ReadWriteOncePod` cannot be combined with other access modes");
        finding.primary.place = object.place(&path.index(single));
        finding
            .reason(Reason::FieldValueForbidden)
            .related(object.place(&path.index(shared)), "another access mode")
            .help("keep `ReadWriteOncePod` alone, or remove it");
    }
}

/// As `ValidatePersistentVolumeClaimSpec` (pkg/apis/core/validation, v1.36), which writes the field without `requests`.
pub(super) fn claim_storage_request(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for (spec, path) in claim_specs(object) {
        let requests = spec.and_then(|spec| spec.get("resources")).and_then(|resources| resources.get("requests"));
        let storage = requests.and_then(|requests| requests.get("storage"));
        let resources = path.field("resources");
        let (message, reason) = match storage {
            None => ("the claim does not say how much storage it wants", Reason::FieldValueRequired),
            Some(storage) if is_positive(storage) => continue,
            Some(_) => ("the claim must want more storage than none", Reason::FieldValueInvalid),
        };
        let storage = resources.fields(&["requests", "storage"]);
        let place = object.place(&storage);
        let finding = object.report(out, &resources.key("storage"), message);
        finding.primary.place = place;
        finding.reason(reason).help("set `resources.requests.storage`, for example to `1Gi`");
    }
}

/// Whether a quantity is above zero; one that cannot be read is the schema's business.
fn is_positive(quantity: Value<'_>) -> bool {
    let Some(text) = quantity.written().filter(|_| !quantity.is_null()) else { return !quantity.is_null() };
    Quantity::decode(text).map_or(true, |quantity| quantity.sign().is_gt())
}

/// The specs of claims in an object: of a claim itself, of claim templates, and of the ephemeral volumes of pods. A
/// volume that a claim template of the same name replaces is nobody's.
fn claim_specs(object: &Object) -> Vec<(Option<Value<'_>>, Path)> {
    let items = |list: &Path| object.root().at(list).into_iter().flat_map(Value::items).enumerate();
    let mut paths = Vec::new();
    match (object.identity.api_version.as_str(), object.identity.kind.as_str()) {
        ("v1", "PersistentVolumeClaim") => paths.push(Path::root().field("spec")),
        ("apps/v1", "StatefulSet") => {
            let templates = Path::root().fields(&["spec", "volumeClaimTemplates"]);
            paths.extend(items(&templates).map(|(at, _)| templates.index(at).field("spec")));
        }
        _ => {}
    }
    if let Some(template) = object.pod_template_path() {
        let volumes = template.fields(&["spec", "volumes"]);
        let claim = Path::root().fields(&["ephemeral", "volumeClaimTemplate"]);
        let replaced: BTreeSet<&str> = claim_templates(object).map(|(_, name)| name).collect();
        for (at, volume) in items(&volumes) {
            let name = volume.get("name").and_then(Value::as_str);
            if volume.at(&claim).is_some_and(Value::is_mapping) && name.is_none_or(|name| !replaced.contains(name)) {
                paths.push(volumes.index(at).fields(&["ephemeral", "volumeClaimTemplate", "spec"]));
            }
        }
    }
    paths.into_iter().map(|path| (object.root().at(&path), path)).collect()
}
