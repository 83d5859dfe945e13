//! Classes of storage and of the attributes of volumes.
//!
//! Mirrors `ValidateStorageClass`, `ValidateVolumeAttributesClass` and their updates in pkg/apis/storage/validation, and
//! the warnings of pkg/api/storage (v1.36).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{TopologySelectorLabelRequirement, TopologySelectorTerm};
use k8s_openapi::api::storage::v1::{StorageClass, VolumeAttributesClass};

use super::defaults;
use crate::admission::core::scheduling::node_labels;
use crate::admission::errors::{Errors, shortened};
use crate::admission::{ApiServer, Kind};
use crate::finding::Keeps;
use crate::values::names;
use crate::yaml::Path;

/// How many parameters there may be, and how many bytes they may have together.
const PARAMETERS_LIMIT: usize = 512;
const PARAMETERS_SIZE: usize = 256 * 1024;

const ANOTHER_CLASS: &str = "make a class with another name, or delete this one first; volumes keep what they have";

impl Kind for StorageClass {
    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::class(self);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        const POLICIES: [&str; 2] = ["Delete", "Retain"];
        const MODES: [&str; 2] = ["Immediate", "WaitForFirstConsumer"];
        let path = Path::root();
        provisioner(&self.provisioner, "provisioner", errors);
        parameters(self.parameters.as_ref(), errors);
        let policy = self.reclaim_policy.as_deref().unwrap_or_default();
        if !policy.is_empty() && !POLICIES.contains(&policy) {
            errors.unsupported(&path.field("reclaimPolicy"), "the `reclaimPolicy` of a class", policy, POLICIES);
        }
        let mode = self.volume_binding_mode.as_deref().unwrap_or_default();
        if !MODES.contains(&mode) {
            errors.unsupported(&path.field("volumeBindingMode"), "the `volumeBindingMode` of a class", mode, MODES);
        }
        topologies(self.allowed_topologies.as_deref().unwrap_or_default(), &path.field("allowedTopologies"), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let none = BTreeMap::new();
        if self.parameters.as_ref().unwrap_or(&none) != old.parameters.as_ref().unwrap_or(&none) {
            let path = Path::root().field("parameters");
            errors
                .immutable(&path, "the parameters of a class cannot change")
                .says("field is immutable")
                .help(ANOTHER_CLASS);
        }
        let fields = [
            ("provisioner", old.provisioner.clone(), self.provisioner.clone()),
            ("reclaimPolicy", text(&old.reclaim_policy), text(&self.reclaim_policy)),
            ("volumeBindingMode", text(&old.volume_binding_mode), text(&self.volume_binding_mode)),
        ];
        for (field, old, new) in fields.into_iter().filter(|(_, old, new)| old != new) {
            let message =
                format!("the `{field}` of a class cannot change from `{}` to `{}`", shortened(&old), shortened(&new));
            errors.immutable(&Path::root().field(field), message).says("field is immutable").help(ANOTHER_CLASS);
        }
    }
}

impl Kind for VolumeAttributesClass {
    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        provisioner(&self.driver_name, "driverName", errors);
        parameters(self.parameters.as_ref(), errors);
        if self.parameters.as_ref().is_none_or(BTreeMap::is_empty) {
            let finding = errors
                .required(&Path::root().field("parameters"), "the class has no parameters")
                .says("must contain at least one key/value pair");
            finding.help("add those that the driver knows");
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        if self.driver_name != old.driver_name {
            let finding = errors
                .forbidden(&Path::root().field("driverName"), "the driver of a class cannot change")
                .says("updates to driverName are forbidden.");
            finding.keeps(Keeps::Always).help(ANOTHER_CLASS);
        }
        if self.parameters != old.parameters {
            let finding = errors
                .forbidden(&Path::root().field("parameters"), "the parameters of a class cannot change")
                .says("updates to parameters are forbidden.");
            finding.keeps(Keeps::Always).help(ANOTHER_CLASS);
        }
        self.validate(errors);
    }
}

/// Who makes the volumes.
fn provisioner(name: &str, field: &'static str, errors: &mut Errors<'_>) {
    let path = Path::root().field(field);
    if name.is_empty() {
        errors.required(&path, "the class does not say which driver makes its volumes");
    } else {
        errors.each_invalid(
            &path,
            format!("the driver `{}`", shortened(name)),
            names::qualified_name(&name.to_lowercase()),
        );
    }
}

fn parameters(parameters: Option<&BTreeMap<String, String>>, errors: &mut Errors<'_>) {
    let Some(parameters) = parameters else { return };
    let path = Path::root().field("parameters");
    if parameters.len() > PARAMETERS_LIMIT {
        let message = format!("the class has {} parameters, more than {PARAMETERS_LIMIT}", parameters.len());
        errors.too_long(&path, message).says(format!("may not be more than {PARAMETERS_LIMIT} bytes"));
        return;
    }
    if parameters.contains_key("") {
        let place = errors.key_place(&path.key(""));
        errors
            .invalid(&path, "the name of a parameter cannot be empty")
            .of("")
            .says("field can not be empty.")
            .at(place);
    }
    let size: usize = parameters.iter().map(|(key, value)| key.len() + value.len()).sum();
    if size > PARAMETERS_SIZE {
        errors
            .too_long(&path, format!("the parameters have {size} bytes, more than {PARAMETERS_SIZE}"))
            .says(format!("may not be more than {PARAMETERS_SIZE} bytes"));
    }
}

/// Where volumes may be. The original compares each term with as many empty ones as there are terms, so that an empty
/// term is taken for the repetition of another.
fn topologies(terms: &[TopologySelectorTerm], path: &Path, errors: &mut Errors<'_>) {
    let mut seen: BTreeMap<BTreeMap<&str, BTreeSet<&str>>, usize> = BTreeMap::new();
    for (index, term) in terms.iter().enumerate() {
        let list = path.index(index).field("matchLabelExpressions");
        let values = self::term(term, &list, errors);
        if values.is_empty() {
            errors.duplicate(&list, "a topology without labels says nothing").of("").help("remove it, or add labels");
            continue;
        }
        let first = *seen.entry(values).or_insert(index);
        if first != index {
            let place = errors.place(&path.index(first));
            errors.duplicate(&list, "the topology stands in the list already").related(place, "here");
        }
    }
}

/// One of the topologies: the values of each label (`ValidateTopologySelectorTerm`).
fn term<'a>(
    term: &'a TopologySelectorTerm,
    path: &Path,
    errors: &mut Errors<'_>,
) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut labels: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (index, TopologySelectorLabelRequirement { key, values }) in
        term.match_label_expressions.iter().flatten().enumerate()
    {
        let path = path.index(index);
        let list = path.field("values");
        if values.is_empty() {
            errors.required(&list, "the label needs at least one value");
        }
        let mut seen = BTreeSet::new();
        for (at, value) in values.iter().enumerate() {
            if !seen.insert(value.as_str()) {
                let message = format!("the value `{}` stands in the list already", shortened(value));
                errors.duplicate(&list.index(at), message);
            }
        }
        let at = path.field("key");
        errors.each_invalid(&at, format!("the label key `{}`", shortened(key)), names::qualified_name(key));
        node_labels::warn_if_deprecated(key, &at, errors);
        if labels.insert(key, seen).is_some() {
            errors.duplicate(&at, format!("the label `{}` stands in the list already", shortened(key)));
        }
    }
    labels
}
