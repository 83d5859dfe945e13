//! Pods and pod templates.
//!
//! Mirrors `ValidatePod`, `ValidatePodTemplateSpec` and `ValidatePodSpec` in pkg/apis/core/validation (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, PodSpec, PodTemplate, PodTemplateSpec, Volume};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::errors::Errors;
use super::{ApiServer, Kind, container, defaults, meta};
use crate::yaml::Path;

/// What a pod spec belongs to; some checks are for Pods alone, because templates have been let through before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A Pod itself.
    Pod,
    /// A template for Pods.
    Template,
}

impl Kind for Pod {
    fn set_defaults(&mut self, server: &ApiServer) {
        let spec = self.spec.get_or_insert_default();
        defaults::container::of_pod(spec);
        defaults::pod::spec(spec, server);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let fallback = PodSpec::default();
        let pod_spec = self.spec.as_ref().unwrap_or(&fallback);
        spec(pod_spec, Form::Pod, &self.metadata, &Path::root().field("spec"), errors);
    }

    fn validate_update(&self, _old: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
    }
}

impl Kind for PodTemplate {
    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::pod::template(self.template.get_or_insert_default(), server);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let fallback = PodTemplateSpec::default();
        template(self.template.as_ref().unwrap_or(&fallback), &Path::root().field("template"), errors);
    }

    fn validate_update(&self, _old: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
    }
}

/// The template at `path` (`ValidatePodTemplateSpec`); the API server leaves out `metadata` where it names its labels.
pub(super) fn template(template: &PodTemplateSpec, path: &Path, errors: &mut Errors<'_>) {
    let fallback = ObjectMeta::default();
    let metadata = template.metadata.as_ref().unwrap_or(&fallback);
    let at = path.field("metadata");
    meta::labels(metadata.labels.as_ref(), &at.field("labels"), &path.field("labels"), errors);
    meta::annotations(metadata.annotations.as_ref(), &at.field("annotations"), &path.field("annotations"), errors);
    let fallback = PodSpec::default();
    let pod_spec = template.spec.as_ref().unwrap_or(&fallback);
    spec(pod_spec, Form::Template, metadata, &path.field("spec"), errors);
}

/// The spec at `path` (`ValidatePodSpec`) of the Pod or template with this metadata.
fn spec(spec: &PodSpec, form: Form, metadata: &ObjectMeta, path: &Path, errors: &mut Errors<'_>) {
    let volumes: BTreeMap<&str, &Volume> =
        spec.volumes.iter().flatten().map(|volume| (volume.name.as_str(), volume)).collect();
    let pod = container::Pod { spec, old: None, metadata, form, volumes: &volumes };
    container::containers(pod, path, errors);
}
