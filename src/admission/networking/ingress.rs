//! Ingresses and their classes.
//!
//! Mirrors `ValidateIngressCreate`, `ValidateIngressUpdate`, `ValidateIngressClass` and `ValidateIngressClassUpdate` of
//! pkg/apis/networking/validation and the warnings of their strategies (v1.36).

use k8s_openapi::api::core::v1::TypedLocalObjectReference;
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressClass, IngressClassParametersReference,
    IngressRule, IngressServiceBackend, IngressSpec, IngressTLS,
};

use super::defaults;
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::admission::shared::absent::{list, text};
use crate::admission::shared::port;
use crate::admission::{ApiServer, Kind};
use crate::values::ip::Ip;
use crate::values::names::{self, Problems};
use crate::yaml::Path;

const CLASS: &str = "kubernetes.io/ingress.class";

/// The longest name of a controller.
const CONTROLLER_LIMIT: usize = 250;

/// What older servers let through, and what may therefore stay.
#[derive(Clone, Copy, Default)]
struct Options {
    invalid_secret_name: bool,
    invalid_wildcard_rule: bool,
    relaxed_service_name: bool,
}

impl Kind for Ingress {
    fn set_defaults(&mut self, _: &ApiServer) {
        self.spec.get_or_insert_default();
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let Some(spec) = &self.spec else { return };
        ingress(spec, options(None, errors), errors);
        let Some(class) = self.metadata.annotations.as_ref().and_then(|annotations| annotations.get(CLASS)) else {
            return;
        };
        let annotation = Path::root().fields(&["metadata", "annotations"]).key(CLASS);
        let field = Path::root().fields(&["spec", "ingressClassName"]);
        match &spec.ingress_class_name {
            None => {
                let message = format!("the annotation `{CLASS}` is deprecated");
                errors.warn(&annotation, message).help("use `spec.ingressClassName`");
            }
            Some(name) if name != class => {
                let message = format!("the annotation names the class `{class}`, but `ingressClassName` is `{name}`");
                let place = errors.place(&field);
                // The API server names this place in its own way.
                let called = Path::root().field("annotations").field(CLASS);
                let finding = errors
                    .invalid(&annotation, message)
                    .says("must match `ingressClassName` when both are specified")
                    .called(called)
                    .related(place, "the class");
                finding.help("remove the annotation");
            }
            Some(_) => {}
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        if let Some(spec) = &self.spec {
            ingress(spec, options(old.spec.as_ref(), errors), errors);
        }
    }
}

fn options(old: Option<&IngressSpec>, errors: &mut Errors<'_>) -> Options {
    let relaxed = errors.server.enabled(Gate::RelaxedServiceNameValidation);
    let Some(old) = old else { return Options { relaxed_service_name: relaxed, ..Options::default() } };
    let is_wrong_secret = |tls: &IngressTLS| !secret_problems(tls).is_empty();
    let is_wrong_wildcard = |rule: &IngressRule| {
        text(rule.host.as_ref()).contains('*')
            && errors.silently(|errors| {
                self::http(rule.http.as_ref(), &Path::root(), Options::default(), errors);
                errors.refused() > 0
            })
    };
    let is_relaxed = |backend: &IngressBackend| {
        let name = backend.service.as_ref().map_or("", |service| service.name.as_str());
        names::dns1123_label(name).is_empty() && !names::dns1035_label(name).is_empty()
    };
    let paths = || list(old.rules.as_ref()).iter().flat_map(|rule| rule.http.iter().flat_map(|http| &http.paths));
    Options {
        invalid_secret_name: list(old.tls.as_ref()).iter().any(is_wrong_secret),
        relaxed_service_name: relaxed
            || old.default_backend.iter().chain(paths().map(|path| &path.backend)).any(is_relaxed),
        invalid_wildcard_rule: list(old.rules.as_ref()).iter().any(is_wrong_wildcard),
    }
}

fn ingress(spec: &IngressSpec, options: Options, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    let rules = list(spec.rules.as_ref());
    if rules.is_empty() && spec.default_backend.is_none() {
        let finding = errors
            .invalid(&path, "the Ingress has neither rules nor a default backend")
            .of(serde_json::Value::Null)
            .says("either `defaultBackend` or `rules` must be specified");
        finding.help("add `rules` or `defaultBackend`");
    }
    if let Some(backend) = &spec.default_backend {
        self::backend(backend, &path.field("defaultBackend"), options, errors);
    }
    for (index, rule) in rules.iter().enumerate() {
        self::rule(rule, &path.field("rules").index(index), options, errors);
    }
    for (index, tls) in list(spec.tls.as_ref()).iter().enumerate() {
        let path = path.field("tls").index(index);
        for (index, host) in list(tls.hosts.as_ref()).iter().enumerate() {
            self::host(host, &path.field("hosts").index(index), errors);
        }
        if !options.invalid_secret_name {
            let what = format!("the name of a Secret `{}`", shortened(text(tls.secret_name.as_ref())));
            errors.each_invalid(&path.field("secretName"), what, secret_problems(tls));
        }
    }
    if let Some(class) = spec.ingress_class_name.as_deref() {
        let what = format!("the Ingress class `{}`", shortened(class));
        errors.each_invalid(&path.field("ingressClassName"), what, names::dns1123_subdomain(class));
    }
}

fn secret_problems(tls: &IngressTLS) -> Problems {
    let name = text(tls.secret_name.as_ref());
    if name.is_empty() { vec![] } else { names::dns1123_subdomain(name) }
}

/// The name of a host, in which the first part may be a `*`.
fn host(host: &str, path: &Path, errors: &mut Errors<'_>) {
    let problems =
        if host.contains('*') { names::wildcard_dns1123_subdomain(host) } else { names::dns1123_subdomain(host) };
    errors.each_invalid(path, format!("the host `{}`", shortened(host)), problems);
}

fn rule(rule: &IngressRule, path: &Path, options: Options, errors: &mut Errors<'_>) {
    let host = text(rule.host.as_ref());
    if !host.is_empty() {
        let path = path.field("host");
        if Ip::parse_lenient(host).is_some() {
            let finding = errors
                .invalid(&path, format!("the host `{host}` is an IP address, not a name"))
                .says("must be a DNS name, not an IP address");
            finding.help("write a DNS name, or leave the host out so that the rule is for all");
        }
        self::host(host, &path, errors);
    }
    if !(host.contains('*') && options.invalid_wildcard_rule) {
        http(rule.http.as_ref(), &path.field("http"), options, errors);
    }
}

fn http(http: Option<&HTTPIngressRuleValue>, path: &Path, options: Options, errors: &mut Errors<'_>) {
    let Some(http) = http else { return };
    let path = path.field("paths");
    if http.paths.is_empty() {
        errors.required(&path, "the rule has no paths").help("add a path with a backend, for example `/`");
    }
    for (index, entry) in http.paths.iter().enumerate() {
        self::path(entry, &path.index(index), options, errors);
    }
}

fn path(entry: &HTTPIngressPath, path: &Path, options: Options, errors: &mut Errors<'_>) {
    let written = text(entry.path.as_ref());
    let at = path.field("pathType");
    match entry.path_type.as_str() {
        "" if !errors.is_written(&at) => {
            let finding = errors.required(&at, "the path has no type").says("pathType must be specified");
            finding.help("write `pathType: Prefix`, or `Exact` or `ImplementationSpecific`");
            // The API server looks no further.
            return;
        }
        "Exact" | "Prefix" => {
            let at = path.field("path");
            if !written.starts_with('/') {
                absolute(written, &at, errors);
            }
            for part in ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| written.contains(part)) {
                let message = format!("the path `{}` must not contain `{part}`", shortened(written));
                errors
                    .invalid(&at, message)
                    .says(format!("must not contain '{part}'"))
                    .help("write the path without it");
            }
            for end in ["/..", "/."].into_iter().filter(|end| written.ends_with(end)) {
                let message = format!("the path `{}` must not end with `{end}`", shortened(written));
                errors.invalid(&at, message).says(format!("cannot end with '{end}'")).help("write the path without it");
            }
        }
        "ImplementationSpecific" => {
            if !written.is_empty() && !written.starts_with('/') {
                absolute(written, &path.field("path"), errors);
            }
        }
        other => {
            let supported = ["Exact", "ImplementationSpecific", "Prefix"];
            errors.unsupported(&at, "the type of a path", other, supported);
        }
    }
    backend(&entry.backend, &path.field("backend"), options, errors);
}

fn absolute(written: &str, path: &Path, errors: &mut Errors<'_>) {
    let message = if written.is_empty() {
        "the path is empty".to_owned()
    } else {
        format!("the path `{}` does not begin with `/`", shortened(written))
    };
    errors
        .invalid(path, message)
        .of(written)
        .says("must be an absolute path")
        .help("write a path that begins with `/`");
}

/// Where requests go: to a Service, or to something else.
fn backend(backend: &IngressBackend, path: &Path, options: Options, errors: &mut Errors<'_>) {
    match (&backend.service, &backend.resource) {
        (Some(_), Some(_)) => {
            errors
                .invalid(path, "the backend is both a Service and a resource")
                .of("")
                .says("cannot set both resource and service backends")
                .help("remove one of them");
        }
        (Some(service), None) => self::service(service, path, options, errors),
        (None, Some(resource)) => self::resource(resource, &path.field("resource"), errors),
        (None, None) => {
            errors
                .invalid(path, "the backend names no Service and no resource")
                .of("")
                .says("resource or service backend is required")
                .help("add `service`");
        }
    }
}

fn service(service: &IngressServiceBackend, path: &Path, options: Options, errors: &mut Errors<'_>) {
    let at = path.fields(&["service", "name"]);
    if service.name.is_empty() {
        errors.required(&at, "the backend does not name its Service").help("add the name of the Service");
    } else {
        let check = if options.relaxed_service_name { names::dns1123_label } else { names::dns1035_label };
        errors.each_invalid(&at, format!("the name of a Service `{}`", shortened(&service.name)), check(&service.name));
    }
    let given = service.port.clone().unwrap_or_default();
    let at = path.fields(&["service", "port"]);
    match (text(given.name.as_ref()), given.number.unwrap_or_default()) {
        ("", 0) => {
            let finding = errors
                .required(&at, "the backend does not say which port of the Service")
                .says("port name or number is required")
                .called(path.clone());
            finding.help("add `port.name` or `port.number`");
        }
        ("", number) => port::number(number, &at.field("number"), errors),
        (name, 0) => {
            port::name(name, names::port_name, &at.field("name"), errors);
        }
        (name, number) => {
            let message = format!("the backend has both the port's name `{name}` and its number {number}");
            errors
                .invalid(&at, message)
                .of("")
                .says("cannot set both port name & port number")
                .called(path.clone())
                .help("remove one of them");
        }
    }
}

fn resource(resource: &TypedLocalObjectReference, path: &Path, errors: &mut Errors<'_>) {
    let TypedLocalObjectReference { api_group, kind, name } = resource;
    reference(api_group.as_deref(), kind, name, path, errors);
}

/// What names an object of any kind: its group, kind and name.
fn reference(group: Option<&str>, kind: &str, name: &str, path: &Path, errors: &mut Errors<'_>) {
    if let Some(group) = group {
        let what = format!("the API group `{}`", shortened(group));
        errors.each_invalid(&path.field("apiGroup"), what, names::dns1123_subdomain(group));
    }
    for (field, value) in [("kind", kind), ("name", name)] {
        let path = path.field(field);
        if value.is_empty() {
            errors.required(&path, format!("the {field} of the object that is referred to is missing"));
        } else {
            let what = format!("the {field} `{}`", shortened(value));
            errors.each_invalid(&path, what, names::path_segment_name(value));
        }
    }
}

impl Kind for IngressClass {
    fn set_defaults(&mut self, _: &ApiServer) {
        self.spec.get_or_insert_default();
        defaults::ingress_class(self);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let Some(spec) = &self.spec else { return };
        let path = Path::root().field("spec");
        controller(text(spec.controller.as_ref()), &path.field("controller"), errors);
        if let Some(parameters) = &spec.parameters {
            self::parameters(parameters, &path.field("parameters"), errors);
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let controller =
            |class: &Self| class.spec.as_ref().and_then(|spec| spec.controller.clone()).unwrap_or_default();
        if controller(self) != controller(old) {
            let path = Path::root().fields(&["spec", "controller"]);
            let message = format!("the controller cannot change from `{}`", shortened(&controller(old)));
            errors
                .immutable(&path, message)
                .says("field is immutable")
                .help("delete the class and create it anew, or make another one");
        }
        self.validate(errors);
    }
}

/// The controller that looks after the Ingresses of a class.
fn controller(controller: &str, path: &Path, errors: &mut Errors<'_>) {
    if controller.len() > CONTROLLER_LIMIT {
        let message =
            format!("the name of the controller has {} bytes, more than {CONTROLLER_LIMIT}", controller.len());
        errors.too_long(path, message).says("may not be more than 250 bytes");
    }
    if controller.is_empty() {
        let finding = errors.required(path, "the Ingress class has no controller");
        finding.help("name it by a domain and a path, such as `example.com/ingress`");
    } else {
        let what = format!("the controller `{}`", shortened(controller));
        errors.each_invalid(path, what, names::domain_prefixed_path(controller));
    }
}

fn parameters(parameters: &IngressClassParametersReference, path: &Path, errors: &mut Errors<'_>) {
    let IngressClassParametersReference { api_group, kind, name, namespace, scope } = parameters;
    reference(api_group.as_deref(), kind, name, path, errors);
    let at = path.field("namespace");
    match (text(scope.as_ref()), namespace.as_deref()) {
        ("Namespace", None) => {
            let finding = errors
                .required(&at, "parameters of the scope `Namespace` need a namespace")
                .says("`parameters.scope` is set to 'Namespace'");
            finding.help("add `namespace`, or write `scope: Cluster`");
        }
        ("Namespace", Some(namespace)) => {
            let what = format!("the namespace `{}`", shortened(namespace));
            errors.each_invalid(&at, what, names::dns1123_label(namespace));
        }
        ("Cluster", None) => {}
        ("Cluster", Some(_)) => {
            let finding = errors
                .forbidden(&at, "parameters of the scope `Cluster` have no namespace")
                .says("`parameters.scope` is set to 'Cluster'");
            finding.help("remove it, or write `scope: Namespace`");
        }
        (other, _) => {
            errors.unsupported(&path.field("scope"), "the scope of parameters", other, ["Cluster", "Namespace"]);
        }
    }
}
