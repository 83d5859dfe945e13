//! Metadata, of all objects and of pod templates.
//!
//! Mirrors `ValidateObjectMeta` and `ValidateObjectMetaUpdate` of k8s.io/apimachinery/pkg/api/validation/objectmeta.go
//! and `ValidateLabels` of pkg/apis/meta/v1/validation (v1.36). The API server names only the map of labels or
//! annotations, never the entry; here the entry is underlined.

use std::borrow::Cow;
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};

use crate::admission::errors::{Errors, shortened};
use crate::values::names::{self, Problem, Problems};
use crate::yaml::Path;

/// The sum of all keys and values, in bytes (`TotalAnnotationSizeLimitB`).
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// What the API server puts behind a `generateName`, and how much of that it keeps (`SimpleNameGenerator`).
const GENERATED: &str = "xxxxx";
const GENERATED_LIMIT: usize = 63 - GENERATED.len();

/// The groups whose validation calls `ValidateObjectMeta` of apimachinery, which takes any qualified name as a finalizer; all
/// others call that of pkg/apis/core/validation, which wants a domain in it.
const ANY_FINALIZER: [&str; 6] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "coordination.k8s.io",
    "node.k8s.io",
    "policy",
];

/// Whether objects of a kind live in namespaces.
pub(crate) trait Scope {
    /// Whether they do.
    const NAMESPACED: bool;
}

impl Scope for NamespaceResourceScope {
    const NAMESPACED: bool = true;
}

impl Scope for ClusterResourceScope {
    const NAMESPACED: bool = false;
}

/// Gives an object with a `generateName` a name as the API server would make it.
pub(in crate::admission) fn generate_name(meta: &mut ObjectMeta) {
    let Some(prefix) = meta.generate_name.as_deref().filter(|prefix| !prefix.is_empty()) else { return };
    if meta.name.as_deref().is_none_or(str::is_empty) {
        let cut = (0..=prefix.len().min(GENERATED_LIMIT)).rev().find(|at| prefix.is_char_boundary(*at)).unwrap_or(0);
        meta.name = Some(format!("{}{GENERATED}", &prefix[..cut]));
    }
}

/// The metadata of a new object of API group `group`, whose name obeys `check_name`.
pub(in crate::admission) fn create(
    meta: &ObjectMeta,
    namespaced: bool,
    check_name: fn(&str) -> Problems,
    group: &str,
    errors: &mut Errors<'_>,
) {
    let path = Path::root().field("metadata");
    let prefix = meta.generate_name.as_deref().unwrap_or_default();
    if !prefix.is_empty() {
        let what = format!("the start of a name `{}`", shortened(prefix));
        errors.each_invalid(&path.field("generateName"), what, check_name(&without_trailing_dash(prefix)));
    }
    let name = meta.name.as_deref().unwrap_or_default();
    if name.is_empty() {
        errors
            .required(&path.field("name"), "the object has no name")
            .says("name or generateName is required")
            .help("add `metadata.name`, or `generateName`");
    } else {
        let named = if prefix.is_empty() { path.field("name") } else { path.field("generateName") };
        for problem in check_name(name) {
            let message = format!("the name `{}` {problem}", shortened(name));
            errors.invalid(&named, message).problem(problem).called(path.field("name"));
        }
    }
    let namespace = meta.namespace.as_deref().unwrap_or_default();
    if namespaced && !namespace.is_empty() {
        let what = format!("the namespace `{}`", shortened(namespace));
        errors.each_invalid(&path.field("namespace"), what, names::dns1123_label(namespace));
    }
    for finalizer in meta.finalizers.iter().flatten() {
        let what = format!("the finalizer `{}`", shortened(finalizer));
        errors.each_invalid(&path.field("finalizers"), what, names::qualified_name(finalizer));
    }
    let has = |name: &str| meta.finalizers.iter().flatten().any(|finalizer| finalizer == name);
    if has("orphan") && has("foregroundDeletion") {
        errors
            .invalid(
                &path.field("finalizers"),
                "the finalizers `orphan` and `foregroundDeletion` contradict each other",
            )
            .says("finalizer orphan and foregroundDeletion cannot be both set");
    }
    shared(meta, group, &path, errors);
}

/// The metadata of an object of API group `group` that takes the place of another one.
///
/// What the server sets is taken over from the old object where the new one is silent, as `rest.BeforeUpdate` does.
pub(in crate::admission) fn update(meta: &ObjectMeta, group: &str, errors: &mut Errors<'_>) {
    shared(meta, group, &Path::root().field("metadata"), errors);
}

/// What `ValidateObjectMeta` and `ValidateObjectMetaUpdate` have in common.
fn shared(meta: &ObjectMeta, group: &str, path: &Path, errors: &mut Errors<'_>) {
    if !ANY_FINALIZER.contains(&group) {
        for (index, finalizer) in meta.finalizers.iter().flatten().enumerate() {
            let what = format!("the finalizer `{}`", shortened(finalizer));
            errors.each_invalid(&path.field("finalizers").index(index), what, without_domain(finalizer));
        }
    }
    if meta.generation.is_some_and(|generation| generation < 0) {
        errors
            .invalid(&path.field("generation"), "the generation cannot be negative")
            .says("must be greater than or equal to 0")
            .help("remove it; the server counts it");
    }
    labels(meta.labels.as_ref(), &path.field("labels"), &path.field("labels"), errors);
    annotations(meta.annotations.as_ref(), &path.field("annotations"), &path.field("annotations"), errors);
    owners(meta.owner_references.as_deref().unwrap_or_default(), &path.field("ownerReferences"), errors);
    for (index, entry) in meta.managed_fields.iter().flatten().enumerate() {
        let path = path.field("managedFields").index(index);
        if !matches!(entry.operation.as_deref(), Some("Apply" | "Update")) {
            errors
                .invalid(&path.field("operation"), "the operation of managed fields must be `Apply` or `Update`")
                .says("must be `Apply` or `Update`");
        }
        if entry.fields_type.as_deref().is_some_and(|kind| !matches!(kind, "" | "FieldsV1")) {
            errors
                .invalid(&path.field("fieldsType"), "the type of managed fields must be `FieldsV1`")
                .says("must be `FieldsV1`");
        }
    }
}

/// What is wrong with a finalizer that has no domain and is none of the server's own (`validateKubeFinalizerName`).
pub(in crate::admission) fn without_domain(finalizer: &str) -> Problems {
    let is_fine = finalizer.contains('/') || matches!(finalizer, "kubernetes" | "orphan" | "foregroundDeletion");
    let words = "needs a domain before it, such as `example.com/name`";
    let says = "name is neither a standard finalizer name nor is it fully qualified";
    if is_fine { vec![] } else { vec![Problem::new(words, says)] }
}

/// Labels at `path`, which the API server calls `field` (`ValidateLabels`).
pub(crate) fn labels(labels: Option<&BTreeMap<String, String>>, path: &Path, field: &Path, errors: &mut Errors<'_>) {
    for (key, value) in labels.into_iter().flatten() {
        for problem in names::qualified_name(key) {
            let entry = path.key(key);
            let place = errors.key_place(&entry);
            let message = format!("the label key `{}` {problem}", shortened(key));
            errors
                .invalid(&entry, message)
                .of(key.as_str())
                .problem(problem)
                .rule("invalid-label")
                .at(place)
                .called(field.clone());
        }
        for problem in names::label_value(value) {
            let message = format!("the value `{}` of label `{}` {problem}", shortened(value), shortened(key));
            let finding =
                errors.invalid(&path.key(key), message).problem(problem).rule("invalid-label").called(field.clone());
            if path.last().and_then(|segment| segment.name()) == Some("labels") {
                finding.help("shorten the value, or put the text into an annotation, where anything is allowed");
            }
        }
    }
}

/// Annotations at `path`, which the API server calls `field` (`ValidateAnnotations`). A key is checked in lower case, so
/// capitals are allowed in its domain too.
pub(crate) fn annotations(
    annotations: Option<&BTreeMap<String, String>>,
    path: &Path,
    field: &Path,
    errors: &mut Errors<'_>,
) {
    let Some(annotations) = annotations else { return };
    for key in annotations.keys() {
        for problem in names::qualified_name(&key.to_lowercase()) {
            let entry = path.key(key);
            let place = errors.key_place(&entry);
            let message = format!("the annotation key `{}` {problem}", shortened(key));
            errors
                .invalid(&entry, message)
                .of(key.as_str())
                .problem(problem)
                .rule("invalid-annotation-key")
                .at(place)
                .called(field.clone());
        }
    }
    let length = |(key, value): (&String, &String)| key.len() + value.len();
    let total: usize = annotations.iter().map(length).sum();
    if total > ANNOTATIONS_LIMIT
        && let Some(largest) = annotations.iter().max_by_key(|entry| length(*entry))
    {
        let place = errors.key_place(&path.key(largest.0));
        let message = format!("the annotations have {total} bytes, more than {ANNOTATIONS_LIMIT}");
        let finding = errors
            .too_long(path, message)
            .says(format!("may not be more than {ANNOTATIONS_LIMIT} bytes"))
            .rule("annotations-too-large")
            .called(field.clone());
        finding.help(
            "keep large texts in a ConfigMap; what `kubectl apply` remembers counts too, unless it is `--server-side`",
        );
        finding.related(place, format!("the largest, with {} bytes", length(largest)));
    }
}

/// The owners of an object (`ValidateOwnerReferences`).
fn owners(owners: &[OwnerReference], path: &Path, errors: &mut Errors<'_>) {
    for (index, owner) in owners.iter().enumerate() {
        let path = path.index(index);
        let parts = [
            ("apiVersion", owner.api_version.rsplit('/').next().unwrap_or_default()),
            ("kind", owner.kind.as_str()),
            ("name", owner.name.as_str()),
            ("uid", owner.uid.as_str()),
        ];
        for (name, value) in parts {
            if value.is_empty() {
                let message = format!("the owner has no `{name}`");
                // The server names the list's elements without their numbers.
                let field = Path::root().fields(&["metadata", "ownerReferences", name]);
                errors
                    .invalid(&path.field(name), message)
                    .of("")
                    .says(if name == "apiVersion" { "version must not be empty" } else { "must not be empty" })
                    .called(field);
            }
        }
        if owner.api_version == "v1" && owner.kind == "Event" {
            errors
                .invalid(&path, "an Event cannot own anything")
                .says("is disallowed from being an owner")
                .called(Path::root().fields(&["metadata", "ownerReferences"]));
        }
    }
    if owners.iter().filter(|owner| owner.controller == Some(true)).count() > 1 {
        errors.invalid(path, "only one owner can be the controller");
    }
}

/// A prefix may end in a dash, because something follows it. The letter before the dash is replaced as well
/// (`maskTrailingDash`).
pub(in crate::admission) fn without_trailing_dash(name: &str) -> Cow<'_, str> {
    let start = name.strip_suffix('-').filter(|start| !start.is_empty());
    match start.and_then(|start| start.get(..start.len() - 1)) {
        Some(start) => Cow::Owned(format!("{start}a")),
        None => Cow::Borrowed(name),
    }
}
