//! Claims for volumes.
//!
//! Mirrors `ValidatePersistentVolumeClaim` and its update in pkg/apis/core/validation, and what
//! pkg/api/persistentvolumeclaim and pkg/registry/core/persistentvolumeclaim do before and warn about (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimSpec, TypedLocalObjectReference, TypedObjectReference,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Written;

use super::{CLASS_ANNOTATION, access_modes, class_name, defaults, update, volume_mode};
use crate::admission::core::resources::amount;
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::admission::shared::selector::{self, Options as SelectorOptions};
use crate::admission::{ApiServer, How, Kind};
use crate::values::names;
use crate::yaml::Path;

impl Kind for PersistentVolumeClaim {
    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::claim(self.spec.get_or_insert_default());
        let phase = &mut self.status.get_or_insert_default().phase;
        if phase.as_deref().is_none_or(str::is_empty) {
            *phase = Some("Pending".to_owned());
        }
    }

    fn prepare(&mut self, old: Option<&mut Self>, how: How, errors: &mut Errors<'_>) -> bool {
        if let Some(old) = old.as_deref().filter(|_| how != How::Replace) {
            keep(self, old);
        }
        if let Some(spec) = &mut self.spec {
            prepare(spec, old.and_then(|old| old.spec.as_ref()), errors.server);
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let path = Path::root().field("spec");
        if let Some(spec) = &self.spec {
            self::spec(spec, &path, &Options::new(errors.server), errors);
            warnings(spec, &path, errors);
        }
        warn_of_annotation(self, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let path = Path::root().field("spec");
        if let (Some(spec), Some(old_spec)) = (&self.spec, &old.spec) {
            self::spec(spec, &path, &Options::of_update(old_spec, errors), errors);
            warnings(spec, &path, errors);
        }
        update::claim(self, old, errors);
        warn_of_annotation(self, errors);
    }
}

/// Takes over what a controller and the server wrote into the old claim, and no manifest did: applying leaves that alone.
fn keep(new: &mut PersistentVolumeClaim, old: &PersistentVolumeClaim) {
    const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
    let (Some(spec), Some(old_spec)) = (&mut new.spec, &old.spec) else { return };
    if spec.volume_name.as_deref().is_none_or(str::is_empty) {
        spec.volume_name.clone_from(&old_spec.volume_name);
    }
    // Only an object that runs can have a class that the server chose; `kubectl` remembers whether a manifest named it.
    if spec.storage_class_name.is_none() && old.metadata.uid.is_some() {
        let applied = old.metadata.annotations.as_ref().and_then(|annotations| annotations.get(APPLIED));
        let applied: Option<serde_json::Value> = applied.and_then(|text| serde_json::from_str(text).ok());
        if applied.is_none_or(|applied| applied["spec"]["storageClassName"].is_null()) {
            spec.storage_class_name.clone_from(&old_spec.storage_class_name);
        }
    }
}

/// What the server does to data sources and gated fields (`DropDisabledFields`, `EnforceDataSourceBackwardsCompatibility`
/// and `NormalizeDataSources`): a `dataSource` of another kind than it was made for is dropped, and it and
/// `dataSourceRef` become the same.
fn prepare(spec: &mut PersistentVolumeClaimSpec, old: Option<&PersistentVolumeClaimSpec>, server: &ApiServer) {
    if !server.enabled(Gate::VolumeAttributesClass) && old.is_none_or(|old| old.volume_attributes_class_name.is_none())
    {
        spec.volume_attributes_class_name = None;
    }
    let crosses = |reference: &TypedObjectReference| reference.namespace.as_deref().is_some_and(|it| !it.is_empty());
    if !server.enabled(Gate::CrossNamespaceVolumeDataSource)
        && spec.data_source_ref.as_ref().is_some_and(crosses)
        && old.is_none_or(|old| old.data_source_ref.is_none())
    {
        spec.data_source_ref = None;
    }
    let is_legacy = |source: &TypedLocalObjectReference| {
        let group = source.api_group.as_deref().unwrap_or_default();
        matches!(
            (source.kind.as_str(), group),
            ("PersistentVolumeClaim", "") | ("VolumeSnapshot", "snapshot.storage.k8s.io")
        )
    };
    let had_source = old.is_some_and(|old| old.data_source.is_some() || old.data_source_ref.is_some());
    if !had_source && spec.data_source_ref.is_none() && !spec.data_source.as_ref().is_some_and(is_legacy) {
        spec.data_source = None;
    }
    match (&spec.data_source, &spec.data_source_ref) {
        (Some(TypedLocalObjectReference { api_group, kind, name }), None) => {
            let (api_group, kind, name) = (api_group.clone(), kind.clone(), name.clone());
            spec.data_source_ref = Some(TypedObjectReference { api_group, kind, name, namespace: None });
        }
        (None, Some(reference)) if !crosses(reference) => {
            let TypedObjectReference { api_group, kind, name, .. } = reference.clone();
            spec.data_source = Some(TypedLocalObjectReference { api_group, kind, name });
        }
        _ => {}
    }
}

/// What is let through (`PersistentVolumeClaimSpecValidationOptions`).
pub(super) struct Options {
    selector: SelectorOptions,
    allow_invalid_group: bool,
    attributes_class: bool,
}

impl Options {
    pub(super) fn new(server: &ApiServer) -> Self {
        let attributes_class = server.enabled(Gate::VolumeAttributesClass);
        Self { selector: SelectorOptions::default(), allow_invalid_group: false, attributes_class }
    }

    fn of_update(old: &PersistentVolumeClaimSpec, errors: &Errors<'_>) -> Self {
        let new = Self::new(errors.server);
        let allow_invalid_values = errors.would_refuse(|errors| {
            selector::label_selector(old.selector.as_ref(), &Path::root(), new.selector, errors);
        });
        Self {
            selector: SelectorOptions { allow_invalid_values },
            allow_invalid_group: old.data_source.as_ref().is_some_and(|source| source.api_group.is_some())
                || old.data_source_ref.as_ref().is_some_and(|source| source.api_group.is_some()),
            attributes_class: new.attributes_class || old.volume_attributes_class_name.is_some(),
        }
    }
}

/// The spec of a claim at `path`.
pub(super) fn spec(spec: &PersistentVolumeClaimSpec, path: &Path, options: &Options, errors: &mut Errors<'_>) {
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    let modes_path = path.field("accessModes");
    if modes.is_empty() {
        let finding = errors
            .required(&modes_path, "the claim does not say how its volume is accessed")
            .says("at least 1 access mode is required");
        finding.rule("claim-without-access-mode");
        finding.help("add `accessModes`, for example `[ReadWriteOnce]` for a volume that one node uses at a time");
    }
    selector::label_selector(spec.selector.as_ref(), &path.field("selector"), options.selector, errors);
    access_modes(modes, &modes_path, errors);
    storage(spec, &path.field("resources"), errors);
    if let Some(name) = spec.storage_class_name.as_deref().filter(|name| !name.is_empty()) {
        class_name("storage class", name, &path.field("storageClassName"), errors);
    }
    volume_mode(spec.volume_mode.as_deref(), &path.field("volumeMode"), errors);
    data_sources(spec, path, options, errors);
    let attributes_class = spec.volume_attributes_class_name.as_deref().filter(|name| !name.is_empty());
    if let Some(name) = attributes_class.filter(|_| options.attributes_class) {
        class_name("class of attributes", name, &path.field("volumeAttributesClassName"), errors);
    }
}

/// How much storage is wanted; the API server names the place without `requests`.
fn storage(spec: &PersistentVolumeClaimSpec, path: &Path, errors: &mut Errors<'_>) {
    let at = path.fields(&["requests", "storage"]);
    let finding = match requests(spec).and_then(|requests| requests.get("storage")) {
        None => errors.required(&at, "the claim does not say how much storage it wants"),
        Some(written) if amount(written).is_some_and(|amount| amount.sign().is_le()) => {
            errors.invalid(&at, "the claim must want more storage than none").says("must be greater than zero")
        }
        Some(_) => return,
    };
    finding.rule("claim-without-storage-request").called(path.key("storage"));
    finding.help("set `resources.requests.storage`, for example to `1Gi`");
}

/// What the claim asks for.
pub(in crate::admission) fn requests(spec: &PersistentVolumeClaimSpec) -> Option<&BTreeMap<String, Written>> {
    spec.resources.as_ref()?.requests.as_ref()
}

/// Where the data of the volume comes from.
fn data_sources(spec: &PersistentVolumeClaimSpec, path: &Path, options: &Options, errors: &mut Errors<'_>) {
    let (source_path, reference_path) = (path.field("dataSource"), path.field("dataSourceRef"));
    // The server fills in the one that is not written from the other.
    match (errors.is_written(&source_path), errors.is_written(&reference_path)) {
        (true, false) => {
            errors.copied(reference_path.clone(), source_path.clone(), "the server makes it the `dataSourceRef` too");
        }
        (false, true) => {
            errors.copied(source_path.clone(), reference_path.clone(), "the server makes it the `dataSource` too");
        }
        _ => {}
    }
    if let Some(TypedLocalObjectReference { api_group, kind, name }) = &spec.data_source {
        data_source((api_group.as_deref(), kind, name), &source_path, options, errors);
    }
    let Some(TypedObjectReference { api_group, kind, name, namespace }) = &spec.data_source_ref else { return };
    data_source((api_group.as_deref(), kind, name), &reference_path, options, errors);
    let namespace = namespace.as_deref().filter(|namespace| !namespace.is_empty());
    if let Some(namespace) = namespace {
        let what = format!("the namespace `{}`", shortened(namespace));
        errors.each_invalid(&reference_path.field("namespace"), what, names::dns1123_label(namespace));
    }
    let Some(source) = &spec.data_source else { return };
    let message = if namespace.is_some() {
        "`dataSource` cannot stand beside a `dataSourceRef` with a namespace"
    } else if (&source.api_group, &source.kind, &source.name) != (api_group, kind, name) {
        "`dataSource` and `dataSourceRef` name different objects"
    } else {
        return;
    };
    let place = errors.place(&reference_path);
    let finding = errors.invalid(&source_path, message).called(path.clone());
    finding.related(place, "the other one").help("remove `dataSource`");
}

/// One of both.
fn data_source(
    (group, kind, name): (Option<&str>, &str, &str),
    path: &Path,
    options: &Options,
    errors: &mut Errors<'_>,
) {
    if name.is_empty() {
        errors.required(&path.field("name"), "the source of the data has no name");
    }
    if kind.is_empty() {
        errors.required(&path.field("kind"), "the source of the data has no kind");
    }
    let group = group.unwrap_or_default();
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let message = "data comes from a PersistentVolumeClaim, if no `apiGroup` is given";
        let finding = errors
            .invalid(&path.field("kind"), message)
            .of(kind)
            .says("must be 'PersistentVolumeClaim' when referencing the default apiGroup")
            .called(path.clone());
        finding.help("add the `apiGroup`, for example `snapshot.storage.k8s.io` for a VolumeSnapshot");
    }
    if !group.is_empty() && !options.allow_invalid_group {
        let what = format!("the API group `{}`", shortened(group));
        errors.each_invalid(&path.field("apiGroup"), what, names::dns1123_subdomain(group));
    }
}

/// What the server warns about in a claim (`GetWarningsForPersistentVolumeClaimSpec`).
pub(in crate::admission) fn warnings(spec: &PersistentVolumeClaimSpec, path: &Path, errors: &mut Errors<'_>) {
    let Some(resources) = &spec.resources else { return };
    for (field, list) in [("requests", &resources.requests), ("limits", &resources.limits)] {
        let Some(written) = list.as_ref().and_then(|list| list.get("storage")) else { continue };
        if amount(written).is_some_and(|amount| amount.milli_value() % 1000 != 0) {
            let path = path.fields(&["resources", field]).key("storage");
            let finding = errors.warn(&path, format!("`{}` is no whole number of bytes", written.0));
            finding.help("write a whole number; the suffix `m` means thousandths, `M` and `Mi` mean millions");
        }
    }
}

fn warn_of_annotation(claim: &PersistentVolumeClaim, errors: &mut Errors<'_>) {
    if claim.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(CLASS_ANNOTATION)) {
        let path = Path::root().fields(&["metadata", "annotations"]).key(CLASS_ANNOTATION);
        let place = errors.key_place(&path);
        let finding = errors.warn(&path, format!("the annotation `{CLASS_ANNOTATION}` is deprecated")).at(place);
        finding.help("use `storageClassName`");
    }
}
