//! What may not change in volumes and claims.

use k8s_openapi::api::core::v1::{
    NodeSelectorRequirement, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec,
    VolumeNodeAffinity,
};
use serde_json::Value;

use super::{claim_requests, source};
use crate::admission::core::resources::amount;
use crate::admission::errors::Errors;
use crate::admission::gates::Gate;
use crate::admission::{difference, equal, internal};
use crate::finding::Keeps;
use crate::values::quantity::Quantity;
use crate::yaml::Path;

const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";
const ANOTHER_CLAIM: &str = "make a claim with another name and move the data, or delete this one first";

/// What a claim may not change (`ValidatePersistentVolumeClaimUpdate`): everything but the storage that it wants and the
/// class of its attributes, and those only while it is bound to a volume.
pub(super) fn claim(new: &PersistentVolumeClaim, old: &PersistentVolumeClaim, errors: &mut Errors<'_>) {
    let (Some(spec), Some(old_spec)) = (&new.spec, &old.spec) else { return };
    let status = old.status.as_ref();
    // The status cannot be written together with the spec, so the old one holds.
    let bound = status.is_some_and(|status| status.phase.as_deref() == Some("Bound"));
    let annotation = |claim: &PersistentVolumeClaim| {
        claim.metadata.annotations.as_ref().and_then(|annotations| annotations.get(CLASS_ANNOTATION)).cloned()
    };
    let (new_annotation, old_annotation) = (annotation(new), annotation(old));
    let class = Classes {
        new: spec.storage_class_name.as_deref(),
        old: old_spec.storage_class_name.as_deref(),
        new_annotation: new_annotation.as_deref(),
        old_annotation: old_annotation.as_deref(),
    };
    if !class.moves_out_of_annotation()
        && new_annotation.as_deref().unwrap_or_default() != old_annotation.as_deref().unwrap_or_default()
    {
        let annotations = Path::root().fields(&["metadata", "annotations"]);
        let finding = errors
            .immutable(&annotations.key(CLASS_ANNOTATION), format!("the annotation `{CLASS_ANNOTATION}` cannot change"))
            .of(new_annotation.clone().unwrap_or_default())
            .says("field is immutable");
        finding.called(annotations.field(CLASS_ANNOTATION)).help(ANOTHER_CLAIM);
    }
    let path = Path::root().field("spec");
    let says = format!(
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n{}",
        shown(spec, old_spec, bound, class)
    );
    for (field, keeps, message) in changes(spec, old_spec, bound, class) {
        let finding = errors.forbidden(&path.fields(field), message).called(path.clone()).says(says.clone());
        finding.keeps(keeps).help(match field {
            ["resources", "requests", "storage"] => {
                "compare with the object that runs, whose `status` says whether it is bound, or make a claim anew"
            }
            _ => ANOTHER_CLAIM,
        });
    }
    shrinking(spec, old, errors);
    if spec.volume_mode != old_spec.volume_mode {
        let finding = errors
            .immutable(&path.field("volumeMode"), "the `volumeMode` of a claim cannot change")
            .says("field is immutable");
        finding.called(Path::root().field("volumeMode")).help(ANOTHER_CLAIM);
    }
    attributes_class(spec, old, errors);
}

/// The difference as the server shows it, which takes over what may change.
fn shown(new: &PersistentVolumeClaimSpec, old: &PersistentVolumeClaimSpec, bound: bool, class: Classes<'_>) -> String {
    let (mut new, mut old) = (new.clone(), old.clone());
    if old.volume_name.as_deref().is_none_or(str::is_empty) {
        old.volume_name.clone_from(&new.volume_name);
    }
    if class.moves_out_of_annotation() {
        new.storage_class_name = None;
    } else if class.stays() {
        new.storage_class_name.clone_from(&old.storage_class_name);
    }
    if bound {
        new.volume_attributes_class_name.clone_from(&old.volume_attributes_class_name);
        let size = claim_requests(&old).and_then(|requests| requests.get("storage")).cloned().unwrap_or_default();
        if let Some(requests) = new.resources.as_mut().and_then(|resources| resources.requests.as_mut()) {
            requests.insert("storage".to_owned(), size);
        }
    }
    let text = |spec: &PersistentVolumeClaimSpec| {
        internal::indented(&serde_json::to_value(spec).unwrap_or_default(), "core.PersistentVolumeClaimSpec")
    };
    difference::unified(&text(&old), &text(&new))
}

/// The storage class of a claim, which may move from the annotation to its field, or be set once.
#[derive(Clone, Copy)]
struct Classes<'a> {
    new: Option<&'a str>,
    old: Option<&'a str>,
    new_annotation: Option<&'a str>,
    old_annotation: Option<&'a str>,
}

impl Classes<'_> {
    /// As `validateStorageClassUpgradeFromAnnotation`.
    fn moves_out_of_annotation(self) -> bool {
        self.old_annotation.is_some()
            && self.old.is_none()
            && self.new == self.old_annotation
            && (self.new_annotation.is_none() || self.new_annotation == self.old_annotation)
    }

    /// Whether the field is as it was, or becomes what it may become.
    fn stays(self) -> bool {
        // As `validateStorageClassUpgradeFromNil`.
        let is_set_once = self.new.is_some()
            && self.old.is_none()
            && (self.old_annotation.is_none() || self.new == self.old_annotation);
        self.new == self.old || is_set_once
    }
}

type Change = (&'static [&'static str], Keeps, &'static str);

/// The fields that change and may not, with what they keep and what to say about them.
fn changes(
    new: &PersistentVolumeClaimSpec,
    old: &PersistentVolumeClaimSpec,
    bound: bool,
    class: Classes<'_>,
) -> Vec<Change> {
    let amounts = |list: Option<&std::collections::BTreeMap<_, _>>, without: Option<&str>| {
        let amounts = list.into_iter().flatten().filter(|(name, _)| without != Some(String::as_str(name)));
        amounts.map(|(name, written)| (name.clone(), amount(written))).collect::<Vec<(String, Option<Quantity>)>>()
    };
    let limits = |spec: &PersistentVolumeClaimSpec| {
        amounts(spec.resources.as_ref().and_then(|resources| resources.limits.as_ref()), None)
    };
    let requests = |spec| amounts(claim_requests(spec), Some("storage"));
    let storage = |spec| claim_requests(spec).and_then(|requests| requests.get("storage")).and_then(amount);
    let selector = |spec: &PersistentVolumeClaimSpec| {
        let selector = spec.selector.clone();
        selector.map(|it| (it.match_labels.unwrap_or_default(), it.match_expressions.unwrap_or_default()))
    };
    let volume = |spec: &PersistentVolumeClaimSpec| spec.volume_name.clone().filter(|name| !name.is_empty());
    let checks: [(bool, Change); 9] = [
        (
            new.access_modes.as_deref().unwrap_or_default() != old.access_modes.as_deref().unwrap_or_default(),
            (&["accessModes"], Keeps::Always, "the `accessModes` of a claim cannot change"),
        ),
        (selector(new) != selector(old), (&["selector"], Keeps::Always, "the `selector` of a claim cannot change")),
        (
            limits(new) != limits(old),
            (&["resources", "limits"], Keeps::Always, "the `limits` of a claim cannot change"),
        ),
        (
            requests(new) != requests(old),
            (&["resources", "requests"], Keeps::Always, "a claim can change its request for storage only"),
        ),
        (
            !bound && storage(new) != storage(old),
            (
                &["resources", "requests", "storage"],
                Keeps::UntilBound,
                "the storage that a claim wants can change only while the claim is bound to a volume",
            ),
        ),
        (
            volume(old).is_some() && volume(new) != volume(old),
            (&["volumeName"], Keeps::Always, "the volume of a claim cannot change"),
        ),
        (!class.stays(), (&["storageClassName"], Keeps::Always, "the storage class of a claim cannot change")),
        (
            new.volume_mode != old.volume_mode,
            (&["volumeMode"], Keeps::Always, "the `volumeMode` of a claim cannot change"),
        ),
        (
            !bound && new.volume_attributes_class_name != old.volume_attributes_class_name,
            (
                &["volumeAttributesClassName"],
                Keeps::UntilBound,
                "the class of a claim's attributes can change only while the claim is bound to a volume",
            ),
        ),
    ];
    let mut changes: Vec<Change> =
        checks.into_iter().filter(|(changed, _)| *changed).map(|(_, change)| change).collect();
    if new.data_source != old.data_source {
        changes.push((&["dataSource"], Keeps::Always, "the source of a claim's data cannot change"));
    } else if new.data_source_ref != old.data_source_ref {
        changes.push((&["dataSourceRef"], Keeps::Always, "the source of a claim's data cannot change"));
    }
    changes
}

/// A volume never shrinks; what was asked for in vain may be taken back, down to what there is.
fn shrinking(new: &PersistentVolumeClaimSpec, old: &PersistentVolumeClaim, errors: &mut Errors<'_>) {
    let storage = |spec| {
        claim_requests(spec)
            .and_then(|requests| requests.get("storage"))
            .and_then(amount)
            .unwrap_or_else(Quantity::zero)
    };
    let (new_size, old_size) = (storage(new), old.spec.as_ref().map_or_else(Quantity::zero, storage));
    if new_size >= old_size {
        return;
    }
    let status = old.status.as_ref();
    let recovers = errors.server.enabled(Gate::RecoverVolumeExpansionFailure)
        || status.is_some_and(|status| {
            status.allocated_resources.as_ref().is_some_and(|list| !list.is_empty())
                || status.allocated_resource_statuses.as_ref().is_some_and(|list| !list.is_empty())
        });
    let capacity = status.and_then(|status| status.capacity.as_ref()).and_then(|capacity| capacity.get("storage"));
    let capacity = capacity.and_then(amount).unwrap_or_else(Quantity::zero);
    if !recovers || new_size <= capacity {
        let path = Path::root().fields(&["spec", "resources", "requests", "storage"]);
        let message = format!("a claim cannot shrink from {old_size} to {new_size}");
        let finding = errors
            .forbidden(&path, message)
            .says(if recovers {
                "field can not be less than status.capacity"
            } else {
                "field can not be less than previous value"
            })
            .keeps(Keeps::Always);
        finding.help("keep the size, or make a smaller claim with another name and move the data");
    }
}

/// A class of attributes that is in effect cannot be taken away.
fn attributes_class(new: &PersistentVolumeClaimSpec, old: &PersistentVolumeClaim, errors: &mut Errors<'_>) {
    let old_class = old.spec.as_ref().and_then(|spec| spec.volume_attributes_class_name.as_ref());
    if new.volume_attributes_class_name.as_ref() == old_class {
        return;
    }
    let path = Path::root().fields(&["spec", "volumeAttributesClassName"]);
    let enabled = errors.server.enabled(Gate::VolumeAttributesClass);
    if !enabled {
        errors
            .forbidden(&path, "the server does not let a claim change the class of its attributes")
            .says("update is forbidden when the VolumeAttributesClass feature gate is disabled");
    }
    let in_effect = old.status.as_ref().is_some_and(|status| status.current_volume_attributes_class_name.is_some());
    let taken_away = new.volume_attributes_class_name.as_deref().is_none_or(str::is_empty);
    if (enabled || old_class.is_some()) && in_effect && taken_away {
        let message = "a class of attributes that is in effect cannot be taken away";
        errors
            .forbidden(&path, message)
            .says("update from non-nil value to nil is forbidden")
            .keeps(Keeps::Always)
            .help("name the same class, or another one");
    }
}

const ANOTHER_VOLUME: &str = "make a volume with another name, or delete this one first";

/// What a volume may not change (`ValidatePersistentVolumeUpdate`).
pub(super) fn volume(new: &PersistentVolume, old: &PersistentVolume, errors: &mut Errors<'_>) {
    let (Some(spec), Some(old_spec)) = (&new.spec, &old.spec) else { return };
    let path = Path::root().field("spec");
    let mut source = source(spec);
    let adds_secret = old_spec.csi.as_ref().is_some_and(|csi| csi.controller_expand_secret_ref.is_none());
    if let Some(Value::Object(csi)) = source.get_mut("csi").filter(|_| adds_secret) {
        csi.remove("controllerExpandSecretRef");
    }
    if let Some(change) =
        equal::differences(&self::source(old_spec), &source, "core.PersistentVolumeSource", &path).first()
    {
        let says = format!("spec.persistentvolumesource is immutable after creation\n{}", {
            let text = |spec: &PersistentVolumeSpec| {
                internal::indented(&serde_json::to_value(spec).unwrap_or_default(), "core.PersistentVolumeSource")
            };
            let mut spec = spec.clone();
            if let Some(csi) = spec.csi.as_mut().filter(|_| adds_secret) {
                csi.controller_expand_secret_ref = None;
            }
            difference::unified(&text(old_spec), &text(&spec))
        });
        let finding = errors.forbidden(&change.path, "where the data of a volume lies cannot change").says(says);
        finding.called(path.field("persistentvolumesource")).keeps(Keeps::Always).help(ANOTHER_VOLUME);
    }
    if spec.volume_mode != old_spec.volume_mode {
        let finding = errors
            .immutable(&path.field("volumeMode"), "the `volumeMode` of a volume cannot change")
            .says("field is immutable");
        finding.called(Path::root().field("volumeMode")).help(ANOTHER_VOLUME);
    }
    if let Some(old) = old_spec.node_affinity.as_ref().filter(|_| !errors.server.enabled(Gate::MutablePVNodeAffinity))
        && !spec.node_affinity.as_ref().is_some_and(|new| is_same_affinity(new, old))
    {
        let finding = errors
            .immutable(&path.field("nodeAffinity"), "the nodes of a volume cannot change")
            .says("field is immutable, except for updating from beta label to GA");
        finding.called(Path::root().field("nodeAffinity")).help(ANOTHER_VOLUME);
    }
    let (class, old_class) = (&spec.volume_attributes_class_name, &old_spec.volume_attributes_class_name);
    if class != old_class {
        let path = path.field("volumeAttributesClassName");
        if !errors.server.enabled(Gate::VolumeAttributesClass) {
            errors
                .forbidden(&path, "the server does not let a volume change the class of its attributes")
                .says("update is forbidden when the VolumeAttributesClass feature gate is disabled");
        }
        if old_class.is_some() && class.is_none() {
            let finding = errors
                .forbidden(&path, "the class of a volume's attributes cannot be taken away")
                .says("update from non-nil value to nil is forbidden");
            finding.keeps(Keeps::Always).help("name the same class, or another one");
        }
    }
}

/// The source of a volume.
fn source(spec: &PersistentVolumeSpec) -> Value {
    let mut source = serde_json::to_value(spec).unwrap_or_default();
    if let Some(fields) = source.as_object_mut() {
        fields.retain(|name, _| source::NAMES.contains(&name.as_str()));
    }
    source
}

/// Whether only keys differ, and each has become what replaced it (`validatePvNodeAffinity`).
fn is_same_affinity(new: &VolumeNodeAffinity, old: &VolumeNodeAffinity) -> bool {
    let (new, old) = match (&new.required, &old.required) {
        (Some(new), Some(old)) => (&new.node_selector_terms, &old.node_selector_terms),
        (new, old) => return new.is_none() && old.is_none(),
    };
    let is_same = |new: &NodeSelectorRequirement, old: &NodeSelectorRequirement| {
        (new.key == old.key || RENAMED.contains(&(old.key.as_str(), new.key.as_str())))
            && new.operator == old.operator
            && new.values.as_deref().unwrap_or_default() == old.values.as_deref().unwrap_or_default()
    };
    let are_same = |new: Option<&Vec<_>>, old: Option<&Vec<_>>| {
        let (new, old) = (new.map_or(&[][..], Vec::as_slice), old.map_or(&[][..], Vec::as_slice));
        new.len() == old.len() && new.iter().zip(old).all(|(new, old)| is_same(new, old))
    };
    new.len() == old.len()
        && new.iter().zip(old).all(|(new, old)| {
            are_same(new.match_expressions.as_ref(), old.match_expressions.as_ref())
                && are_same(new.match_fields.as_ref(), old.match_fields.as_ref())
        })
}

/// Labels of nodes that were renamed when they left beta (`betaToGALabel`).
const RENAMED: [(&str, &str); 5] = [
    ("beta.kubernetes.io/arch", "kubernetes.io/arch"),
    ("beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
    ("beta.kubernetes.io/os", "kubernetes.io/os"),
    ("failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"),
    ("failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"),
];
