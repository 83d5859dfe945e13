//! Namespaces, service accounts and leases.
//!
//! Mirrors `ValidateNamespace`, `ValidateServiceAccount` and their strategies (pkg/apis/core/validation,
//! pkg/registry/core), `ValidateLease` of pkg/apis/coordination/validation, and what the `PodSecurity` admission plugin asks of
//! labels (v1.36).

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};

use super::errors::{Errors, shortened};
use super::{ApiServer, How, Kind, meta};
use super::shared::absent::list;
use crate::values::names::{self, Problems};
use crate::yaml::Path;

const NAME_LABEL: &str = "kubernetes.io/metadata.name";
const MOUNTABLE_SECRETS: &str = "kubernetes.io/enforce-mountable-secrets";

impl Kind for Namespace {
    const NAME: fn(&str) -> Problems = names::dns1123_label;

    /// Each namespace is labelled with its name, whatever the manifest says. A name that cannot be a label is blamed
    /// where it stands.
    fn set_defaults(&mut self, _: &ApiServer) {
        let name = self.metadata.name.clone().unwrap_or_default();
        if !name.is_empty() {
            let labels = self.metadata.labels.get_or_insert_default();
            labels.remove(NAME_LABEL);
            if names::label_value(&name).is_empty() {
                labels.insert(NAME_LABEL.to_owned(), name);
            }
        }
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        name_label(self.metadata.name.as_deref().unwrap_or_default(), errors);
        let path = Path::root().fields(&["spec", "finalizers"]);
        let finalizers = self.spec.as_ref().map_or(&[][..], |spec| list(spec.finalizers.as_ref()));
        for (index, finalizer) in finalizers.iter().enumerate() {
            let at = path.index(index);
            let mut problems = names::qualified_name(finalizer);
            problems.extend(meta::without_domain(finalizer));
            for problem in problems {
                let message = format!("the finalizer `{}` {problem}", shortened(finalizer));
                errors.invalid(&at, message).called(path.clone());
            }
        }
        if errors.refused() == 0 {
            pod_security(self, None, errors);
        }
    }

    /// The finalizers of a namespace do not change in this way (`PrepareForUpdate`).
    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        if errors.refused() == 0 {
            pod_security(self, Some(old), errors);
        }
    }
}

/// The label that the API server makes of a name, unless it has made up the name itself.
fn name_label(name: &str, errors: &mut Errors<'_>) {
    let path = Path::root().fields(&["metadata", "name"]);
    let problems = if errors.is_written(&path) { names::label_value(name) } else { vec![] };
    if !problems.is_empty() {
        let problems = problems.join(" and ");
        let message = format!("the name `{}` becomes a label, whose value {problems}", shortened(name));
        errors.invalid(&path, message).rule("invalid-label").called(Path::root().fields(&["metadata", "labels"]));
    }
}

/// The labels by which a namespace says how secure its pods have to be (`PolicyToEvaluate` of
/// k8s.io/pod-security-admission). The plugin sees only what is valid otherwise, and lets what was wrong stay so.
fn pod_security(namespace: &Namespace, old: Option<&Namespace>, errors: &mut Errors<'_>) {
    let now = wrong_levels(namespace);
    if old.is_some_and(|old| wrong_levels(old) == now) {
        return;
    }
    for (label, value, is_version) in now {
        let path = Path::root().fields(&["metadata", "labels"]).key(label.as_str());
        if is_version {
            let message = format!("`{}` is no version of a pod security standard", shortened(value));
            errors.invalid(&path, message).help("write `latest`, or a version such as `v1.36`");
        } else {
            let message = format!("`{}` is no pod security standard", shortened(value));
            errors.invalid(&path, message).help("write `privileged`, `baseline` or `restricted`");
        }
    }
}

/// Labels of pod security with values that are none, and whether they ask for a version.
fn wrong_levels(namespace: &Namespace) -> Vec<(String, &String, bool)> {
    let Some(labels) = &namespace.metadata.labels else { return Vec::new() };
    let modes = ["enforce", "audit", "warn"].into_iter();
    modes
        .flat_map(|mode| [(mode, "", false), (mode, "-version", true)])
        .filter_map(|(mode, suffix, is_version)| {
            let label = format!("pod-security.kubernetes.io/{mode}{suffix}");
            let value = labels.get(&label)?;
            let is_right = if is_version { is_version_of_standard(value) } else { is_standard(value) };
            (!is_right).then_some((label, value, is_version))
        })
        .collect()
}

fn is_standard(level: &str) -> bool {
    matches!(level, "privileged" | "baseline" | "restricted")
}

/// `latest`, or `v1.` and a number without zeros before it.
fn is_version_of_standard(version: &str) -> bool {
    version == "latest"
        || version.strip_prefix("v1.").is_some_and(|minor| {
            !minor.is_empty()
                && minor.bytes().all(|byte| byte.is_ascii_digit())
                && (minor == "0" || !minor.starts_with('0'))
        })
}

impl Kind for ServiceAccount {
    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        mountable_secrets(self, None, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        mountable_secrets(self, Some(old), errors);
    }
}

/// An annotation that is deprecated; who has it already is not warned again.
fn mountable_secrets(account: &ServiceAccount, old: Option<&ServiceAccount>, errors: &mut Errors<'_>) {
    let has = |account: &ServiceAccount| {
        account.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(MOUNTABLE_SECRETS))
    };
    if has(account) && !old.is_some_and(has) {
        let path = Path::root().fields(&["metadata", "annotations"]).key(MOUNTABLE_SECRETS);
        let place = errors.key_place(&path);
        let finding = errors.warn(&path, format!("the annotation `{MOUNTABLE_SECRETS}` is deprecated")).at(place);
        finding.help("keep pods that may not see each other's Secrets in separate namespaces");
    }
}

impl Kind for Lease {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {}

    /// Without the feature, its fields are dropped unless they are in use.
    fn prepare(&mut self, old: Option<&mut Self>, _: How, errors: &mut Errors<'_>) -> bool {
        if let Some(spec) = self.spec.as_mut().filter(|_| !errors.server.enabled("CoordinatedLeaderElection")) {
            let old = old.as_deref();
            let old = old.and_then(|old| old.spec.as_ref());
            if old.is_none_or(|old| old.strategy.is_none()) {
                spec.strategy = None;
            }
            if old.is_none_or(|old| old.preferred_holder.is_none()) {
                spec.preferred_holder = None;
            }
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        if let Some(spec) = &self.spec {
            lease(spec, &Path::root().field("spec"), errors);
        }
    }

    fn validate_update(&self, _: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
    }
}

fn lease(spec: &LeaseSpec, path: &Path, errors: &mut Errors<'_>) {
    if spec.lease_duration_seconds.is_some_and(|seconds| seconds <= 0) {
        let path = path.field("leaseDurationSeconds");
        errors.invalid(&path, "the duration of a lease must be greater than 0").help("write a number of seconds");
    }
    if spec.lease_transitions.is_some_and(|count| count < 0) {
        let message = "the number of a lease's transitions cannot be negative";
        errors.invalid(&path.field("leaseTransitions"), message);
    }
    if let Some(strategy) = spec.strategy.as_deref() {
        self::strategy(strategy, &path.field("strategy"), errors);
    }
    let is_given = |value: Option<&str>| value.is_some_and(|value| !value.is_empty());
    if is_given(spec.preferred_holder.as_deref()) && !is_given(spec.strategy.as_deref()) {
        let finding = errors.forbidden(&path.field("preferredHolder"), "a preferred holder needs a strategy");
        finding.help("add `strategy`, or remove the preferred holder");
    }
}

/// How the holder of a lease is chosen: a way that Kubernetes knows, or one of somebody else with a domain before it.
fn strategy(strategy: &str, path: &Path, errors: &mut Errors<'_>) {
    const KNOWN: &str = "OldestEmulationVersion";
    // The API server names the field twice.
    let field = path.field("strategy");
    if strategy.contains('/') {
        for problem in names::qualified_name(strategy) {
            let message = format!("the strategy of a lease `{}` {problem}", shortened(strategy));
            errors.invalid(path, message).called(field.clone());
        }
    } else if strategy != KNOWN {
        errors.unsupported(path, "the strategy of a lease", strategy, [KNOWN]).called(field);
    }
}
