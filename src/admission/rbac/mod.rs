//! Roles and their bindings.
//!
//! Mirrors pkg/apis/rbac/validation (v1.36), which also covers what is declared in pkg/apis/rbac/v1.

mod defaults;

use k8s_openapi::api::rbac::v1::{
    AggregationRule, ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

use super::errors::{Errors, shortened};
use super::shared::selector::{self, Options};
use super::{ApiServer, Kind};
use crate::values::names::{self, Problems};
use crate::yaml::Path;

const GROUP: &str = "rbac.authorization.k8s.io";

impl Kind for Role {
    const NAME: fn(&str) -> Problems = names::path_segment_name;

    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        rules(self.rules.as_deref(), Reach::Namespace, errors);
    }

    fn validate_update(&self, _: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
    }
}

impl Kind for ClusterRole {
    const NAME: fn(&str) -> Problems = names::path_segment_name;

    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        cluster_role(self, Options::default(), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        // What the old role has wrong in its selectors, the new one may have too.
        let selectors = old.aggregation_rule.iter().flat_map(|rule| rule.cluster_role_selectors.iter().flatten());
        let allow_invalid_values = errors.would_refuse(|errors| {
            for selector in selectors {
                selector::label_selector(Some(selector), &Path::root(), Options::default(), errors);
            }
        });
        cluster_role(self, Options { allow_invalid_values }, errors);
    }
}

impl Kind for RoleBinding {
    const NAME: fn(&str) -> Problems = names::path_segment_name;

    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::binding(&mut self.role_ref, self.subjects.as_deref_mut());
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        role(&self.role_ref, &["ClusterRole", "Role"], errors);
        subjects(self.subjects.as_deref(), Reach::Namespace, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
        same_role(&self.role_ref, &old.role_ref, errors);
    }
}

impl Kind for ClusterRoleBinding {
    const NAME: fn(&str) -> Problems = names::path_segment_name;

    fn set_defaults(&mut self, _: &ApiServer) {
        defaults::binding(&mut self.role_ref, self.subjects.as_deref_mut());
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        role(&self.role_ref, &["ClusterRole"], errors);
        subjects(self.subjects.as_deref(), Reach::Cluster, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
        same_role(&self.role_ref, &old.role_ref, errors);
    }
}

/// Where a role or binding counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Namespace,
    Cluster,
}

fn cluster_role(role: &ClusterRole, options: Options, errors: &mut Errors<'_>) {
    rules(role.rules.as_deref(), Reach::Cluster, errors);
    if let Some(rule) = &role.aggregation_rule {
        aggregation(rule, &Path::root().field("aggregationRule"), options, errors);
    }
}

fn rules(rules: Option<&[PolicyRule]>, reach: Reach, errors: &mut Errors<'_>) {
    for (index, rule) in rules.unwrap_or_default().iter().enumerate() {
        self::rule(rule, reach, &Path::root().field("rules").index(index), errors);
    }
}

/// A rule, which applies to resources or to other URLs (`ValidatePolicyRule`).
fn rule(rule: &PolicyRule, reach: Reach, path: &Path, errors: &mut Errors<'_>) {
    let is_empty = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
    if rule.verbs.is_empty() {
        let finding = errors
            .required(&path.field("verbs"), "the rule allows nothing, because it has no verbs")
            .says("verbs must contain at least one value");
        finding.help("write for example `verbs: [get, list, watch]`");
    }
    if !is_empty(&rule.non_resource_urls) {
        let urls = path.field("nonResourceURLs");
        if reach == Reach::Namespace {
            let finding = errors
                .invalid(&urls, "the rule of a Role cannot apply to URLs that belong to no namespace")
                .says("namespaced rules cannot apply to non-resource URLs");
            finding.help("put the rule into a ClusterRole");
        }
        let lists =
            [("apiGroups", &rule.api_groups), ("resources", &rule.resources), ("resourceNames", &rule.resource_names)];
        if let Some((name, _)) = lists.into_iter().find(|(_, list)| !is_empty(list)) {
            let place = errors.key_place(&path.field(name));
            let finding = errors
                .invalid(&urls, "a rule applies to resources or to `nonResourceURLs`, not to both")
                .says("rules cannot apply to both regular resources and non-resource URLs");
            finding.related(place, "the resources").help("make two rules of it");
        }
        return;
    }
    if is_empty(&rule.api_groups) {
        let finding = errors
            .required(&path.field("apiGroups"), "the rule does not say to which API groups it applies")
            .says("resource rules must supply at least one api group");
        finding.help("write `apiGroups: [\"\"]` for Pods, Services and the like, `[apps]` for Deployments");
    }
    if is_empty(&rule.resources) {
        let finding = errors
            .required(&path.field("resources"), "the rule does not say to which resources it applies")
            .says("resource rules must supply at least one resource");
        finding.help("write for example `resources: [pods]`");
    }
}

fn aggregation(rule: &AggregationRule, path: &Path, options: Options, errors: &mut Errors<'_>) {
    let path = path.field("clusterRoleSelectors");
    let selectors = rule.cluster_role_selectors.as_deref().unwrap_or_default();
    if selectors.is_empty() {
        let finding = errors
            .required(&path, "the aggregation selects no ClusterRoles")
            .says("at least one clusterRoleSelector required if aggregationRule is non-nil");
        finding.help("add a label selector, or remove `aggregationRule`");
    }
    for (index, selector) in selectors.iter().enumerate() {
        let path = path.index(index);
        if !selector::label_selector(Some(selector), &path, options, errors) {
            errors
                .invalid(&path, "the selector cannot be used")
                .of(serde_json::Value::Null)
                .says("invalid label selector.")
                .rule("invalid-selector");
        }
    }
}

/// The role that a binding grants.
fn role(role: &RoleRef, kinds: &[&'static str], errors: &mut Errors<'_>) {
    let path = Path::root().field("roleRef");
    let group = role.api_group.as_deref().unwrap_or_default();
    if group != GROUP {
        errors.unsupported(&path.field("apiGroup"), "the `apiGroup` of a role", group, [GROUP]);
    }
    if !kinds.contains(&role.kind.as_str()) {
        let finding =
            errors.unsupported(&path.field("kind"), "the `kind` of the role", &role.kind, kinds.iter().copied());
        if role.kind == "Role" {
            finding.help("name a ClusterRole, or make the binding a RoleBinding in the namespace of the Role");
        }
    }
    let name = path.field("name");
    if role.name.is_empty() {
        errors.required(&name, "the binding does not say which role it grants");
    } else {
        let what = format!("the name of the role `{}`", shortened(&role.name));
        errors.each_invalid(&name, what, names::path_segment_name(&role.name));
    }
}

fn subjects(subjects: Option<&[Subject]>, reach: Reach, errors: &mut Errors<'_>) {
    for (index, subject) in subjects.unwrap_or_default().iter().enumerate() {
        self::subject(subject, reach, &Path::root().field("subjects").index(index), errors);
    }
}

/// Somebody to whom a role is granted (`ValidateRoleBindingSubject`).
fn subject(subject: &Subject, reach: Reach, path: &Path, errors: &mut Errors<'_>) {
    if subject.name.is_empty() {
        errors.required(&path.field("name"), "the subject has no name");
    }
    let group = subject.api_group.as_deref().unwrap_or_default();
    let group_path = path.field("apiGroup");
    match subject.kind.as_str() {
        "ServiceAccount" => {
            if !subject.name.is_empty() {
                let what = format!("the name of the ServiceAccount `{}`", shortened(&subject.name));
                errors.each_invalid(&path.field("name"), what, names::dns1123_subdomain(&subject.name));
            }
            if !group.is_empty() {
                let finding = errors.unsupported(&group_path, "the `apiGroup` of a ServiceAccount", group, [""]);
                finding.help("remove it; ServiceAccounts belong to the core group");
            }
            if reach == Reach::Cluster && subject.namespace.as_deref().is_none_or(str::is_empty) {
                let message = "a ServiceAccount needs its namespace here, because the binding has none";
                errors.required(&path.field("namespace"), message).help("add the namespace of the ServiceAccount");
            }
        }
        kind @ ("User" | "Group") => {
            if group != GROUP {
                errors.unsupported(&group_path, format!("the `apiGroup` of a {kind}"), group, [GROUP]);
            }
        }
        kind => {
            let kinds = ["ServiceAccount", "User", "Group"];
            errors.unsupported(&path.field("kind"), "the `kind` of a subject", kind, kinds);
        }
    }
}

fn same_role(new: &RoleRef, old: &RoleRef, errors: &mut Errors<'_>) {
    if new != old {
        let message = format!(
            "a binding cannot change its role, from {} `{}` to {} `{}`",
            shortened(&old.kind),
            shortened(&old.name),
            shortened(&new.kind),
            shortened(&new.name)
        );
        let finding = errors.immutable(&Path::root().field("roleRef"), message).says("cannot change roleRef");
        finding.help("delete the binding and create it anew, or give the new one another name");
    }
}
