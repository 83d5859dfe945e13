//! Namespaces.
//!
//! Mirrors `ValidateNamespace` and its strategy (pkg/apis/core/validation, pkg/registry/core), and what the `PodSecurity`
//! admission plugin asks of labels (v1.36).

use k8s_openapi::api::core::v1::Namespace;

use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::absent::list;
use crate::admission::shared::meta;
use crate::admission::{ApiServer, Kind};
use crate::values::names::{self, Problems};
use crate::yaml::Path;

const NAME_LABEL: &str = "kubernetes.io/metadata.name";

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
        let name = self.metadata.name.as_deref().unwrap_or_default();
        errors.following(&Path::root().fields(&["metadata", "name"]), |errors| name_label(name, errors));
        let path = Path::root().fields(&["spec", "finalizers"]);
        let finalizers = self.spec.as_ref().map_or(&[][..], |spec| list(spec.finalizers.as_ref()));
        for (index, finalizer) in finalizers.iter().enumerate() {
            let at = path.index(index);
            let mut problems = names::qualified_name(finalizer);
            problems.extend(meta::without_domain(finalizer));
            for problem in problems {
                let message = format!("the finalizer `{}` {problem}", shortened(finalizer));
                errors.invalid(&at, message).called(path.clone()).problem(problem);
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
    if let Some(problem) = names::together(&problems, "") {
        let message = format!("the name `{}` becomes a label, whose value {problem}", shortened(name));
        let finding = errors.invalid(&path, message).rule("invalid-label");
        finding.called(Path::root().fields(&["metadata", "labels"])).problem(problem);
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
            errors
                .invalid(&path, message)
                .says("must be \"latest\" or \"v1.x\"")
                .help("write `latest`, or a version such as `v1.36`");
        } else {
            let message = format!("`{}` is no pod security standard", shortened(value));
            errors
                .invalid(&path, message)
                .says("must be one of privileged, baseline, restricted")
                .help("write `privileged`, `baseline` or `restricted`");
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
