//! Kinds of which only the metadata is judged here: custom resources, and kinds that people rarely write.
//!
//! Mirrors `BeforeCreate` (apiserver/pkg/registry/rest/create.go), which looks at the metadata of everything, and the names that
//! each kind allows (`ValidateObjectMeta` in pkg/apis, v1.36).

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use super::errors::Errors;
use super::shared::meta;
use crate::cluster::Object;
use crate::values::names::{self, Problems};
use crate::yaml::{self, Path};

/// The group that serves custom resources, whose metadata obeys its rules.
const CUSTOM: &str = "apiextensions.k8s.io";

/// Group, kind, and what its names must be.
type Row = (&'static str, &'static str, fn(&str) -> Problems);

/// What the names of kinds must be, by group; `*` stands for all kinds of the group that have no row of their own.
const NAMES: &[Row] = &[
    ("", "Node", names::dns1123_subdomain),
    ("admissionregistration.k8s.io", "*", names::dns1123_subdomain),
    ("apps", "ControllerRevision", names::dns1123_subdomain),
    ("certificates.k8s.io", "PodCertificateRequest", names::dns1123_subdomain),
    ("coordination.k8s.io", "LeaseCandidate", names::config_map_key),
    ("flowcontrol.apiserver.k8s.io", "*", names::dns1123_subdomain),
    ("resource.k8s.io", "*", names::dns1123_subdomain),
    ("scheduling.k8s.io", "*", names::dns1123_subdomain),
    ("storage.k8s.io", "*", names::dns1123_subdomain),
    ("storagemigration.k8s.io", "*", names::dns1123_subdomain),
];

/// What the server has against the metadata of an object, which replaces `old` if there is one.
pub(super) fn metadata(object: &Object, is_custom: bool, old: Option<&Object>, errors: &mut Errors<'_>) {
    let Some(metadata) = object.root().at(&Path::root().field("metadata")) else {
        return judge(&mut ObjectMeta::default(), object, is_custom, old, errors);
    };
    if let Some(mut metadata) = yaml::decode(metadata) {
        judge(&mut metadata, object, is_custom, old, errors);
    }
}

fn judge(metadata: &mut ObjectMeta, object: &Object, is_custom: bool, old: Option<&Object>, errors: &mut Errors<'_>) {
    let group = if is_custom { CUSTOM } else { object.identity.group() };
    meta::generate_name(metadata);
    if old.is_some() {
        meta::update(metadata, group, errors);
    } else {
        meta::create(metadata, true, name_of(object, is_custom), group, errors);
    }
    errors.complete(&json!({ "metadata": metadata }));
}

fn name_of(object: &Object, is_custom: bool) -> fn(&str) -> Problems {
    if is_custom {
        return names::dns1123_subdomain;
    }
    let (group, kind) = (object.identity.group(), object.identity.kind.as_str());
    let row = NAMES.iter().find(|row| row.0 == group && (row.1 == kind || row.1 == "*"));
    row.map_or(names::path_segment_name, |row| row.2)
}
