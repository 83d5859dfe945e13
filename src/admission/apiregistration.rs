//! API services: groups and versions that another server answers for.
//!
//! Mirrors `ValidateAPIService` of k8s.io/kube-aggregator/pkg/apis/apiregistration/validation (v1.36).

use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{APIService, APIServiceSpec, ServiceReference};

use super::errors::{Errors, shortened};
use super::{ApiServer, Kind};
use crate::values::names::{self, Problems};
use crate::yaml::Path;

impl Kind for APIService {
    const NAME: fn(&str) -> Problems = names::path_segment_name;
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {
        let spec = self.spec.get_or_insert_default();
        if let Some(service) = &mut spec.service {
            service.port.get_or_insert(443);
        }
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let Some(spec) = &self.spec else { return };
        let name = self.metadata.name.as_deref().unwrap_or_default();
        let (group, version) = (spec.group.as_deref().unwrap_or_default(), spec.version.as_deref().unwrap_or_default());
        let required = format!("{version}.{group}");
        if !name.is_empty() && name != required && names::path_segment_name(name).is_empty() {
            let message = format!("the name `{}` must be made of version and group", shortened(name));
            let finding = errors.invalid(&Path::root().fields(&["metadata", "name"]), message);
            finding.help(format!("write `{}`", shortened(&required)));
        }
        let path = Path::root().field("spec");
        served(group, version, &path, errors);
        priorities(spec, &path, errors);
        match &spec.service {
            Some(service) => self::service(service, spec, &path, errors),
            None => local(spec, &path, errors),
        }
    }

    fn validate_update(&self, _: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
    }
}

/// The group and version that are answered for.
fn served(group: &str, version: &str, path: &Path, errors: &mut Errors<'_>) {
    let group_path = path.field("group");
    if group.is_empty() && version != "v1" {
        errors.required(&group_path, "the API service does not say for which API group it answers");
    }
    if !group.is_empty() {
        errors.each_invalid(&group_path, format!("the group `{}`", shortened(group)), names::dns1123_subdomain(group));
    }
    let what = format!("the version `{}`", shortened(version));
    errors.each_invalid(&path.field("version"), what, names::dns1035_label(version));
}

fn priorities(spec: &APIServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    let priorities = [
        ("groupPriorityMinimum", spec.group_priority_minimum, 20_000),
        ("versionPriority", spec.version_priority, 1000),
    ];
    for (field, priority, most) in priorities {
        if !(1..=most).contains(&priority) {
            let message = format!("the `{field}` is between 1 and {most}, not {priority}");
            errors.invalid(&path.field(field), message);
        }
    }
}

/// The Service of the other server.
fn service(service: &ServiceReference, spec: &APIServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    let at = path.field("service");
    for (field, value) in [("namespace", &service.namespace), ("name", &service.name)] {
        if value.as_deref().is_none_or(str::is_empty) {
            errors.required(&at.field(field), format!("the Service needs its `{field}` here"));
        }
    }
    let port = service.port.unwrap_or_default();
    errors.each_invalid(&at.field("port"), format!("the port {port}"), names::port_number(port.into()));
    if is_insecure(spec) && has_bundle(spec) {
        let place = errors.key_place(&path.field("caBundle"));
        let message = "certificates cannot be left unverified where there is a `caBundle` to verify them";
        let finding = errors.invalid(&path.field("insecureSkipTLSVerify"), message);
        finding.related(place, "the certificates").help("remove `insecureSkipTLSVerify`");
    }
}

/// Without a Service the API server answers itself, and certificates are of no use.
fn local(spec: &APIServiceSpec, path: &Path, errors: &mut Errors<'_>) {
    const HELP: &str = "name the `service` that answers, or remove this";
    for (field, given) in [("caBundle", has_bundle(spec)), ("insecureSkipTLSVerify", is_insecure(spec))] {
        if given {
            let message = format!("`{field}` is of no use without a `service`");
            errors.invalid(&path.field(field), message).help(HELP);
        }
    }
}

fn is_insecure(spec: &APIServiceSpec) -> bool {
    spec.insecure_skip_tls_verify == Some(true)
}

fn has_bundle(spec: &APIServiceSpec) -> bool {
    spec.ca_bundle.as_ref().is_some_and(|bundle| !bundle.0.is_empty())
}
