//! Definitions of custom resources.
//!
//! Mirrors `ValidateCustomResourceDefinition` and its update in apiextensions-apiserver (v1.36), with what it calls in
//! `pkg/apiserver/schema`. Left out are the limits of the cost of rules, and rules that a default value violates.
//!
//! The API server looks at an internal form, in which whatever is the same in all versions stands once at the top: what it
//! calls `spec.validation` is the schema of the first version here.

mod conversion;
mod defaulting;
mod defaults;
mod fields;
mod lists;
mod rules;
mod schema;
mod structural;
mod values;
mod versions;
mod walk;

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec, JSONSchemaProps,
};

use self::versions::Shared;
use super::errors::{Errors, shortened};
use super::{ApiServer, Kind};
use crate::values::{names, url};
use crate::yaml::Path;

const APPROVAL: &str = "api-approved.kubernetes.io";
const SCOPES: [&str; 2] = ["Cluster", "Namespaced"];

impl Kind for CustomResourceDefinition {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {
        defaulting::definition(&mut self.spec);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        named_after_resource(self, errors);
        spec(&self.spec, &Options::default(), errors);
        stored_versions(self, None, errors);
        if approval(self) != Approval::Given {
            approve(self, errors);
        }
        preserve_unknown_fields(&self.spec, errors);
        versions::warn_of_formats(&self.spec, &BTreeSet::new(), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let options = Options::of_update(self, old, errors);
        spec(&self.spec, &options, errors);
        unchanged(&self.spec, &old.spec, &options, errors);
        stored_versions(self, Some(old), errors);
        let state = approval(self);
        if state != Approval::Given && state != approval(old) {
            approve(self, errors);
        }
        if old.spec.preserve_unknown_fields != Some(true) {
            preserve_unknown_fields(&self.spec, errors);
        }
        versions::warn_of_formats(&self.spec, &versions::formats(&old.spec), errors);
    }
}

/// What an old definition was allowed stays allowed (`validationOptions`).
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, as upstream")]
#[derive(Debug)]
struct Options {
    require_review_version: bool,
    require_immutable_names: bool,
    require_schema: bool,
    require_property_type: bool,
    require_structural: bool,
    require_pruned_defaults: bool,
    require_atomic_sets: bool,
    require_map_keys: bool,
    /// The rules and message expressions that are stored already.
    stored: BTreeSet<String>,
    /// The versions that may keep too many selectable fields; the empty name stands for all together.
    many_fields: BTreeSet<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            require_review_version: true,
            require_immutable_names: false,
            require_schema: true,
            require_property_type: true,
            require_structural: true,
            require_pruned_defaults: true,
            require_atomic_sets: true,
            require_map_keys: true,
            stored: BTreeSet::new(),
            many_fields: BTreeSet::new(),
        }
    }
}

impl Options {
    fn of_update(new: &CustomResourceDefinition, old: &CustomResourceDefinition, errors: &Errors<'_>) -> Self {
        let any = |test: &dyn Fn(&JSONSchemaProps) -> bool| schemas(&old.spec).any(|schema| walk::any(schema, test));
        let has_unstructured = schemas(&old.spec).any(|schema| {
            !structural::is_convertible(schema)
                || errors.would_refuse(|errors| structural::check(schema, &Path::root(), errors))
        });
        let mut stored = BTreeSet::new();
        for schema in schemas(&old.spec) {
            walk::any(schema, |schema| {
                for rule in schema.x_kubernetes_validations.iter().flatten() {
                    stored.insert(rule.rule.clone());
                    stored.extend(rule.message_expression.clone());
                }
                false
            });
        }
        let unpruned = || !has_unstructured && schemas(&old.spec).any(|schema| !defaults::are_pruned(schema));
        Self {
            require_review_version: conversion::knows_review(&old.spec),
            // What is applied anew has been running for a while: then its names are accepted, unless it says otherwise.
            require_immutable_names: is_established(old),
            require_schema: versions::all_have_schemas(&old.spec),
            require_property_type: !any(&|schema| schema::has_unknown_type(schema)),
            require_structural: !has_unstructured,
            require_pruned_defaults: !unpruned(),
            require_atomic_sets: !any(&|schema| schema::has_nonatomic_set(schema)),
            require_map_keys: !any(&|schema| {
                errors.would_refuse(|errors| lists::map_keys(schema, &Path::root(), &mut schema::Report::new(errors)))
            }),
            stored,
            many_fields: versions::keeps_many_fields(&new.spec, &old.spec),
        }
    }
}

/// All schemas of a definition.
fn schemas(spec: &CustomResourceDefinitionSpec) -> impl Iterator<Item = &JSONSchemaProps> {
    spec.versions.iter().filter_map(|version| version.schema.as_ref()?.open_api_v3_schema.as_ref())
}

fn is_established(definition: &CustomResourceDefinition) -> bool {
    let conditions = definition.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().find(|one| one.type_ == "Established").is_none_or(|one| one.status == "True")
}

/// A definition is called as its resources are.
fn named_after_resource(definition: &CustomResourceDefinition, errors: &mut Errors<'_>) {
    let CustomResourceDefinitionSpec { group, names, .. } = &definition.spec;
    let wanted = format!("{}.{group}", names.plural);
    let metadata = Path::root().field("metadata");
    let prefix = definition.metadata.generate_name.as_deref().unwrap_or_default();
    let message = format!("the name must be that of the resources with their group, `{}`", shortened(&wanted));
    if !prefix.is_empty() && prefix != wanted {
        errors.invalid(&metadata.field("generateName"), message.clone()).help("write `name` instead");
    }
    let name = definition.metadata.name.as_deref().unwrap_or_default();
    if !name.is_empty() && name != wanted {
        let place = errors.place(&Path::root().fields(&["spec", "names", "plural"]));
        let written = metadata.field(if prefix.is_empty() { "name" } else { "generateName" });
        let finding = errors
            .invalid(&written, message)
            .says("must be spec.names.plural+\".\"+spec.group")
            .called(metadata.field("name"));
        finding.related(place, "the name of the resources");
        if !names.plural.is_empty() && !group.is_empty() {
            finding.help(format!("write `{}`, or change `spec.names.plural` or `spec.group`", shortened(&wanted)));
        }
    }
}

/// `validateCustomResourceDefinitionSpec`.
fn spec(spec: &CustomResourceDefinitionSpec, options: &Options, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    group(&spec.group, &path.field("group"), errors);
    match spec.scope.as_str() {
        "" => {
            let finding = errors.required(&path.field("scope"), "the definition does not say where its objects live");
            finding.help("write `Namespaced` or `Cluster`");
        }
        scope if !SCOPES.contains(&scope) => {
            errors.unsupported(&path.field("scope"), "the scope of a resource", scope, SCOPES);
        }
        _ => {}
    }
    let shared = Shared::of(spec, options);
    versions::check(spec, &shared, options, errors);
    required_names(&spec.names, &path.field("names"), errors);
    names(&spec.names, &path.field("names"), errors);
    versions::check_shared(spec, &shared, options, errors);
    conversion::check(spec, options, errors);
}

fn group(group: &str, path: &Path, errors: &mut Errors<'_>) {
    if group.is_empty() {
        errors.required(path, "the definition has no group").help("write a domain of yours, as in `example.com`");
    } else if let [problem, ..] = &names::dns1123_subdomain(group)[..] {
        errors.invalid(path, format!("the group `{}` {problem}", shortened(group))).says(problem.says.clone());
    } else if !group.contains('.') {
        let message = format!("the group `{}` must have a dot", shortened(group));
        errors
            .invalid(path, message)
            .says("should be a domain with at least one dot")
            .help("write a domain of yours, as in `example.com`");
    }
}

fn required_names(names: &CustomResourceDefinitionNames, path: &Path, errors: &mut Errors<'_>) {
    let parts = [
        ("plural", names.plural.as_str()),
        ("singular", names.singular.as_deref().unwrap_or_default()),
        ("kind", names.kind.as_str()),
        ("listKind", names.list_kind.as_deref().unwrap_or_default()),
    ];
    for (field, _) in parts.iter().filter(|(_, name)| name.is_empty()) {
        errors.required(&path.field(*field), format!("the resources have no `{field}`"));
    }
}

/// `ValidateCustomResourceDefinitionNames`.
fn names(names: &CustomResourceDefinitionNames, path: &Path, errors: &mut Errors<'_>) {
    let label = |name: &str, path: &Path, any_case: bool, errors: &mut Errors<'_>| {
        let lower = name.to_lowercase();
        if let [problem, ..] = &names::dns1035_label(if any_case { &lower } else { name })[..] {
            let capitals = if any_case { ", apart from capitals" } else { "" };
            errors.invalid(path, format!("the name `{}` {problem}{capitals}", shortened(name))).says(if any_case {
                format!("may have mixed case, but should otherwise match: {}", problem.says)
            } else {
                problem.says.to_string()
            });
        }
    };
    let list_kind = names.list_kind.as_deref().unwrap_or_default();
    let single = [
        ("plural", names.plural.as_str(), false),
        ("singular", names.singular.as_deref().unwrap_or_default(), false),
        ("kind", names.kind.as_str(), true),
        ("listKind", list_kind, true),
    ];
    for (field, name, any_case) in single.into_iter().filter(|(_, name, _)| !name.is_empty()) {
        label(name, &path.field(field), any_case, errors);
    }
    for (field, list) in [("shortNames", &names.short_names), ("categories", &names.categories)] {
        for (index, name) in list.iter().flatten().enumerate() {
            label(name, &path.field(field).index(index), false, errors);
        }
    }
    if !names.kind.is_empty() && names.kind == list_kind {
        errors
            .invalid(&path.field("listKind"), "a list cannot be of the same kind as its items")
            .says("kind and listKind may not be the same");
    }
}

/// The server remembers in which versions objects are stored (`PrepareForCreate`, `PrepareForUpdate`), and needs them all.
fn stored_versions(
    definition: &CustomResourceDefinition,
    old: Option<&CustomResourceDefinition>,
    errors: &mut Errors<'_>,
) {
    let path = Path::root().fields(&["status", "storedVersions"]);
    let versions = &definition.spec.versions;
    let of = |definition: &CustomResourceDefinition| {
        let version = definition.spec.versions.iter().find(|version| version.storage);
        version.map(|version| version.name.clone())
    };
    let written = |old: &CustomResourceDefinition| old.status.as_ref()?.stored_versions.clone();
    let mut stored = match old {
        Some(old) => written(old).filter(|list| !list.is_empty()).unwrap_or_else(|| of(old).into_iter().collect()),
        None => Vec::new(),
    };
    if let Some(version) = of(definition).filter(|version| !stored.contains(version)) {
        stored.push(version);
    }
    let place = Path::root().fields(&["spec", "versions"]);
    if stored.is_empty() {
        let message = "objects could not be stored, because no version is marked for that";
        errors.following(&place, |errors| {
            errors
                .invalid(&place, message)
                .says("must have at least one stored version")
                .called(path)
                .help("mark one version with `storage: true`");
        });
        return;
    }
    // The original crosses off what it has seen, so that a second version of the same name is not expected.
    let mut expected: BTreeSet<&str> = stored.iter().map(String::as_str).collect();
    for version in versions {
        if !expected.remove(version.name.as_str()) && version.storage {
            let message = format!("nothing is expected to be stored as `{}`", shortened(&version.name));
            errors
                .invalid(&place, message)
                .says(format!("must have the storage version {}", version.name))
                .called(path.clone());
        }
    }
    for (index, name) in stored.iter().enumerate() {
        if expected.contains(name.as_str()) {
            let message = format!("objects may be stored as `{}`, which is no version any more", shortened(name));
            let finding = errors.invalid(&place, message).of(name.as_str()).says(format!("missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {name} and removes {name} from status.storedVersions")).called(path.index(index));
            finding.help("keep the version, with `served: false`, until all objects are stored as another one");
        }
    }
}

/// What an update may not change.
fn unchanged(
    new: &CustomResourceDefinitionSpec,
    old: &CustomResourceDefinitionSpec,
    options: &Options,
    errors: &mut Errors<'_>,
) {
    const HELP: &str = "delete the definition and create it anew, which deletes all its objects, or define another one";
    let path = Path::root().field("spec");
    let mut same = |path: Path, what: &str, before: &str, now: &str| {
        if before != now {
            let message = format!("the {what} cannot change from `{}` to `{}`", shortened(before), shortened(now));
            errors.immutable(&path, message).says("field is immutable").help(HELP);
        }
    };
    if options.require_immutable_names {
        same(path.field("scope"), "scope", &old.scope, &new.scope);
        same(path.fields(&["names", "kind"]), "kind", &old.names.kind, &new.names.kind);
    }
    same(path.field("group"), "group", &old.group, &new.group);
    same(path.fields(&["names", "plural"]), "plural name", &old.names.plural, &new.names.plural);
}

/// Whether those who own a group of Kubernetes itself have approved (`GetAPIApprovalState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Approval {
    /// Given, not needed, or waived.
    Given,
    Invalid,
    Missing,
}

fn approval(definition: &CustomResourceDefinition) -> Approval {
    let group = &definition.spec.group;
    let protected =
        ["k8s.io", "kubernetes.io"].iter().any(|domain| group == domain || group.ends_with(&format!(".{domain}")));
    let annotations = definition.metadata.annotations.as_ref();
    let text = annotations.and_then(|annotations| annotations.get(APPROVAL)).map_or("", String::as_str);
    match text {
        _ if !protected => Approval::Given,
        "" => Approval::Missing,
        text if text.starts_with("unapproved") => Approval::Given,
        text => match url::parse(text) {
            Ok(url) if !url.host.is_empty() && !url.scheme.is_empty() => Approval::Given,
            _ => Approval::Invalid,
        },
    }
}

fn approve(definition: &CustomResourceDefinition, errors: &mut Errors<'_>) {
    const HELP: &str = "give the link to the approval, or `unapproved, …` with a reason, or use a group of your own";
    let path = Path::root().fields(&["metadata", "annotations"]).key(APPROVAL);
    let group = &definition.spec.group;
    if approval(definition) == Approval::Missing {
        let message = format!("the group `{group}` belongs to Kubernetes, so the annotation `{APPROVAL}` is needed");
        errors.required(&path, message).help(HELP);
    } else {
        errors.invalid(&path, format!("the annotation `{APPROVAL}` must be a link")).help(HELP);
    }
}

fn preserve_unknown_fields(spec: &CustomResourceDefinitionSpec, errors: &mut Errors<'_>) {
    if spec.preserve_unknown_fields == Some(true) {
        let path = Path::root().fields(&["spec", "preserveUnknownFields"]);
        let finding = errors.invalid(&path, "keeping all unknown fields of all versions is not possible any more").says("cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead");
        finding.help("write `x-kubernetes-preserve-unknown-fields: true` in the schemas, where it is needed");
    }
}
