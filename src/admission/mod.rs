//! What the API server says of an object: defaulting, validation, and what an update may not change.
//!
//! Organised like the original (pkg/apis/*/validation of Kubernetes v1.36), so that both can be held side by side: a
//! function for each type takes the typed value after defaulting, its path and a collector, and never stops at the first
//! mistake. What is refused carries the field path and the reason of the API server; the words are ours.

mod admissionregistration;
mod apiextensions;
mod apiregistration;
pub(crate) mod applied;
pub(crate) mod apply;
mod apps;
mod autoscaling;
mod batch;
mod classes;
mod coordination;
mod core;
mod difference;
mod disruption;
pub(crate) mod equal;
mod errors;
mod gates;
mod internal;
mod judge;
mod networking;
mod others;
mod rbac;
mod server;
mod shared;
mod storage;
mod types;

use std::any::Any;

use k8s_openapi::api;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::{Metadata, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub(crate) use self::batch::{FIELDS, Field, Piece};
use self::errors::Errors;
pub use self::gates::{Gate, UnknownGate};
pub use self::judge::{How, Judge, Outcome, Request, Verdict, reading};
pub use self::server::ApiServer;
use self::shared::meta::{self, Scope};
pub(crate) use self::types::Type;
use crate::cluster::Object;
use crate::values::names::{self, Problems};
use crate::yaml::Path;

/// What the API server knows of a kind.
pub(crate) trait Kind:
    Resource<Scope: Scope> + Metadata<Ty = ObjectMeta> + DeserializeOwned + Serialize + Clone + Any + Send + Sync
{
    /// What a name must obey.
    const NAME: fn(&str) -> Problems = names::dns1123_subdomain;

    /// Whether an update may come without a `resourceVersion` (`AllowUnconditionalUpdate`).
    const UNCONDITIONAL_UPDATE: bool = true;

    /// Whether the metadata is checked together with the rest. Otherwise only `rest.BeforeCreate` looks at it, after
    /// everything else was found in order.
    const CHECKS_METADATA: bool = true;

    /// Fills in what a manifest may leave out.
    fn set_defaults(&mut self, server: &ApiServer);

    /// What the server changes in a new object, or in one that takes the place of `old`, before it validates: it drops
    /// fields whose feature gate is off, completes the object from the old one, and allocates (`PrepareForCreate`,
    /// `PrepareForUpdate`, `BeginCreate`, `BeginUpdate`). `false` if it refuses the object there and then, so that nobody
    /// sees its other mistakes.
    fn prepare(&mut self, _old: Option<&mut Self>, _how: How, _errors: &mut Errors<'_>) -> bool {
        true
    }

    /// What is wrong with a new object, apart from its metadata.
    fn validate(&self, errors: &mut Errors<'_>);

    /// What is wrong with this object in the place of `old`, apart from its metadata: most kinds validate it like a new
    /// one and then compare.
    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>);
}

/// The object as `server` would store it, as far as that does not depend on the moment and the cluster; `None` if its kind
/// is not known here.
pub fn stored(object: &Object, server: &ApiServer) -> Option<serde_json::Value> {
    (row_of(object)?.stored)(object, server)
}

/// The object as [`stored`], in the newest version that its kind has; `None` if no kind with several different ones is meant.
pub(crate) fn newest(object: &Object, server: &ApiServer) -> Option<serde_json::Value> {
    autoscaling::newest(object, server).or_else(|| {
        let is_newest = object.identity.kind == "HorizontalPodAutoscaler";
        stored(object, server).filter(|_| is_newest)
    })
}

/// A kind in one version, with its functions.
struct Row {
    api_version: &'static str,
    kind: &'static str,
    create: fn(&Object, &mut Errors<'_>),
    update: fn(&Object, &Object, How, &mut Errors<'_>),
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
    Row::of::<api::core::v1::Pod>(),
    Row::of::<api::core::v1::PodTemplate>(),
    // workload
    Row::of::<api::apps::v1::DaemonSet>(),
    Row::of::<api::apps::v1::Deployment>(),
    Row::of::<api::apps::v1::ReplicaSet>(),
    Row::of::<api::apps::v1::StatefulSet>(),
    Row::of::<api::core::v1::ReplicationController>(),
    // batch
    Row::of::<api::batch::v1::CronJob>(),
    Row::of::<api::batch::v1::Job>(),
    // autoscaling
    Row::of::<api::autoscaling::v1::HorizontalPodAutoscaler>(),
    Row::of::<api::autoscaling::v2::HorizontalPodAutoscaler>(),
    Row::of::<api::policy::v1::PodDisruptionBudget>(),
    // service
    Row::of::<api::core::v1::Service>(),
    Row::of::<api::core::v1::Endpoints>(),
    Row::of::<api::discovery::v1::EndpointSlice>(),
    // ingress
    Row::of::<api::networking::v1::Ingress>(),
    Row::of::<api::networking::v1::IngressClass>(),
    Row::of::<api::networking::v1::NetworkPolicy>(),
    Row::of::<api::networking::v1::IPAddress>(),
    Row::of::<api::networking::v1::ServiceCIDR>(),
    // namespace
    Row::of::<api::core::v1::Namespace>(),
    Row::of::<api::core::v1::ServiceAccount>(),
    Row::of::<api::coordination::v1::Lease>(),
    Row::of::<api::core::v1::ResourceQuota>(),
    Row::of::<api::core::v1::LimitRange>(),
    // config
    Row::of::<api::core::v1::ConfigMap>(),
    Row::of::<api::core::v1::Secret>(),
    // storage
    Row::of::<api::core::v1::PersistentVolume>(),
    Row::of::<api::core::v1::PersistentVolumeClaim>(),
    Row::of::<api::storage::v1::CSIDriver>(),
    Row::of::<api::storage::v1::StorageClass>(),
    Row::of::<api::storage::v1::VolumeAttributesClass>(),
    // rbac
    Row::of::<api::rbac::v1::ClusterRole>(),
    Row::of::<api::rbac::v1::ClusterRoleBinding>(),
    Row::of::<api::rbac::v1::Role>(),
    Row::of::<api::rbac::v1::RoleBinding>(),
    // cluster
    Row::of::<k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService>(),
    Row::of::<api::node::v1::RuntimeClass>(),
    Row::of::<api::scheduling::v1::PriorityClass>(),
    // definition
    Row::of::<CustomResourceDefinition>(),
    // webhook
    Row::of::<api::admissionregistration::v1::MutatingWebhookConfiguration>(),
    Row::of::<api::admissionregistration::v1::ValidatingWebhookConfiguration>(),
    // policy
    Row::of::<api::admissionregistration::v1::MutatingAdmissionPolicy>(),
    Row::of::<api::admissionregistration::v1::MutatingAdmissionPolicyBinding>(),
    Row::of::<api::admissionregistration::v1::ValidatingAdmissionPolicy>(),
    Row::of::<api::admissionregistration::v1::ValidatingAdmissionPolicyBinding>(),
    Row::of::<api::admissionregistration::v1beta1::MutatingAdmissionPolicy>(),
    Row::of::<api::admissionregistration::v1beta1::MutatingAdmissionPolicyBinding>(),
];

/// The typed object after defaulting, with the name that it will have.
pub(crate) fn defaulted<T: Kind>(object: &Object, server: &ApiServer) -> Option<T> {
    let mut value = object.model::<T>()?.clone();
    meta::generate_name(value.metadata_mut());
    value.set_defaults(server);
    Some(value)
}

fn create_as<T: Kind>(object: &Object, errors: &mut Errors<'_>) {
    let Some(mut value) = defaulted::<T>(object, errors.server) else { return };
    create(&mut value, errors);
    errors.complete(&value);
}

fn create<T: Kind>(value: &mut T, errors: &mut Errors<'_>) {
    // A new object never has the UID that stands in its manifest.
    value.metadata_mut().uid = None;
    if !value.prepare(None, How::default(), errors) {
        return;
    }
    if T::CHECKS_METADATA {
        meta::create(value.metadata(), T::Scope::NAMESPACED, T::NAME, T::GROUP, errors);
    }
    value.validate(errors);
    if !T::CHECKS_METADATA && errors.refused() == 0 {
        meta::create(value.metadata(), T::Scope::NAMESPACED, T::NAME, T::GROUP, errors);
    }
}

fn update_as<T: Kind>(object: &Object, old: &Object, how: How, errors: &mut Errors<'_>) {
    let server = errors.server;
    let (Some(mut value), Some(mut old)) = (defaulted::<T>(object, server), defaulted::<T>(old, server)) else {
        return;
    };
    update(&mut value, &mut old, how, errors);
    errors.complete(&value);
}

fn update<T: Kind>(value: &mut T, old: &mut T, how: How, errors: &mut Errors<'_>) {
    if how == How::Replace
        && !T::UNCONDITIONAL_UPDATE
        && value.metadata().resource_version.as_deref().is_none_or(str::is_empty)
    {
        // The server asks for this before it looks at anything else.
        let path = Path::root().fields(&["metadata", "resourceVersion"]);
        errors
            .invalid(&path, "an object of this kind is replaced only with the `resourceVersion` of the old one")
            .of(0)
            .says("must be specified for an update");
        return;
    }
    // What the old object would be refused for today is of no interest.
    errors.silently(|errors| old.prepare(None, how, errors));
    if !value.prepare(Some(old), how, errors) {
        return;
    }
    meta::update(value.metadata(), T::GROUP, errors);
    value.validate_update(old, errors);
}

fn stored_as<T: Kind>(object: &Object, server: &ApiServer) -> Option<serde_json::Value> {
    let mut value = object.model::<T>()?.clone();
    value.set_defaults(server);
    serde_json::to_value(value).ok()
}
