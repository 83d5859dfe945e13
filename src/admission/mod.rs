//! What the API server says of an object: defaulting, validation, and what an update may not change.
//!
//! Organised like the original (pkg/apis/*/validation of Kubernetes v1.36), so that both can be held side by side: a
//! function for each type takes the typed value after defaulting, its path and a collector, and never stops at the first
//! mistake. What is refused carries the field path and the reason of the API server; the words are ours.

mod admission_rules;
mod autoscaling;
mod batch;
mod cluster;
mod config;
mod container;
mod defaults;
mod definition;
mod errors;
mod ingress;
mod meta;
mod namespace;
mod pod;
mod policy;
mod rbac;
mod resources;
mod scheduling;
mod selector;
mod server;
mod service;
mod storage;
mod update;
mod volume;
mod webhook;
mod workload;

use std::any::Any;

use k8s_openapi::api::core;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::errors::Errors;
use self::meta::Scope;
pub use self::server::ApiServer;
use crate::cluster::Object;
use crate::finding::Findings;
use crate::values::names::{self, Problems};
use crate::yaml::Path;

/// What the API server knows of a kind.
trait Kind:
    Resource<Scope: Scope> + Metadata<Ty = ObjectMeta> + DeserializeOwned + Serialize + Clone + Any + Send + Sync
{
    /// What a name must obey.
    const NAME: fn(&str) -> Problems = names::dns1123_subdomain;

    /// Whether an update may come without a `resourceVersion` (`AllowUnconditionalUpdate`).
    const UNCONDITIONAL_UPDATE: bool = true;

    /// Fills in what a manifest may leave out.
    fn set_defaults(&mut self, server: &ApiServer);

    /// What the server changes in a new object, or in one that takes the place of `old`, before it validates, for example
    /// by dropping fields whose feature gate is off (`PrepareForCreate`, `PrepareForUpdate`). The status is not touched.
    fn prepare(&mut self, _old: Option<&Self>, _server: &ApiServer) {}

    /// What is wrong with a new object, apart from its metadata.
    fn validate(&self, errors: &mut Errors<'_>);

    /// What is wrong with this object in the place of `old`, apart from its metadata: most kinds validate it like a new
    /// one and then compare.
    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>);
}

/// How an object replaces another one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Update {
    /// As `kubectl apply` does: a patch, for which the server fills in the `resourceVersion`.
    #[default]
    Apply,
    /// As a bare PUT does: some kinds must bring the `resourceVersion` of the object that they replace.
    Replace,
}

/// Reports everything that `server` would refuse or warn about if `object` were created. Returns whether its kind is
/// one that is known here.
pub fn create(object: &Object, server: &ApiServer, out: &mut Findings) -> bool {
    let Some(row) = row_of(object) else { return false };
    (row.create)(object, &mut Errors::new(object, server, out));
    true
}

/// Reports everything that `server` would refuse or warn about if `object` took the place of `old`. Returns whether the
/// two are of one kind and version that is known here.
pub fn update(object: &Object, old: &Object, how: Update, server: &ApiServer, out: &mut Findings) -> bool {
    let Some(row) = row_of(object).filter(|row| row.is_of(old)) else { return false };
    (row.update)(object, old, how, &mut Errors::new(object, server, out));
    true
}

/// The object as `server` would store it, as far as that does not depend on the moment and the cluster; `None` if its kind
/// is not known here.
pub fn stored(object: &Object, server: &ApiServer) -> Option<serde_json::Value> {
    (row_of(object)?.stored)(object, server)
}

/// A kind in one version, with its functions.
struct Row {
    api_version: &'static str,
    kind: &'static str,
    create: fn(&Object, &mut Errors<'_>),
    update: fn(&Object, &Object, Update, &mut Errors<'_>),
    stored: fn(&Object, &ApiServer) -> Option<serde_json::Value>,
}

impl Row {
    const fn of<T: Kind>() -> Self {
        Self {
            api_version: T::API_VERSION,
            kind: T::KIND,
            create: create_as::<T>,
            update: update_as::<T>,
            stored: stored_as::<T>,
        }
    }

    fn is_of(&self, object: &Object) -> bool {
        self.kind == object.identity.kind && self.api_version == object.identity.api_version
    }
}

fn row_of(object: &Object) -> Option<&'static Row> {
    KINDS.iter().find(|row| row.is_of(object))
}

/// Each kind in each version that is served, by the module that knows it.
static KINDS: &[Row] = &[
    // pod
    Row::of::<core::v1::Pod>(),
    Row::of::<core::v1::PodTemplate>(),
    // workload
    // batch
    // autoscaling
    // service
    // ingress
    // namespace
    // config
    Row::of::<core::v1::ConfigMap>(),
    Row::of::<core::v1::Secret>(),
    // storage
    // rbac
    // cluster
    // definition
    // webhook
    // policy
];

/// The typed object after defaulting, with the name that it will have.
fn defaulted<T: Kind>(object: &Object, server: &ApiServer) -> Option<T> {
    let mut value = object.model::<T>()?.clone();
    meta::generate_name(value.metadata_mut());
    value.set_defaults(server);
    Some(value)
}

/// The object as the server takes it in when it is new.
fn created<T: Kind>(object: &Object, server: &ApiServer) -> Option<T> {
    let mut value = defaulted::<T>(object, server)?;
    value.prepare(None, server);
    Some(value)
}

fn create_as<T: Kind>(object: &Object, errors: &mut Errors<'_>) {
    let Some(value) = created::<T>(object, errors.server) else { return };
    meta::create(value.metadata(), T::Scope::NAMESPACED, T::NAME, errors);
    value.validate(errors);
}

fn update_as<T: Kind>(object: &Object, old: &Object, how: Update, errors: &mut Errors<'_>) {
    let server = errors.server;
    let (Some(mut value), Some(old)) = (defaulted::<T>(object, server), created::<T>(old, server)) else { return };
    value.prepare(Some(&old), server);
    if how == Update::Replace
        && !T::UNCONDITIONAL_UPDATE
        && value.metadata().resource_version.as_deref().is_none_or(str::is_empty)
    {
        // The server asks for this before it looks at anything else.
        let path = Path::root().fields(&["metadata", "resourceVersion"]);
        errors.invalid(&path, "an object of this kind is replaced only with the `resourceVersion` of the old one");
        return;
    }
    meta::update(value.metadata(), old.metadata(), errors);
    value.validate_update(&old, errors);
}

fn stored_as<T: Kind>(object: &Object, server: &ApiServer) -> Option<serde_json::Value> {
    serde_json::to_value(created::<T>(object, server)?).ok()
}
