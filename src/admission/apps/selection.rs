//! Selectors of workloads, and the labels of the pods that they are to select.

use k8s_openapi::api::core::v1::PodTemplateSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::admission::equal::differences;
use crate::admission::errors::Errors;
use crate::admission::shared::selector::{self, Options};
use crate::cluster::Labels;
use crate::values::selector::{MatchExpression, Requirement, Selector};
use crate::yaml::Path;

/// The selector of a workload, and the spec that it stands in.
#[derive(Clone, Copy)]
pub(in crate::admission) struct Selection<'a> {
    /// The kind of the workload.
    pub(in crate::admission) kind: &'a str,
    /// The selector; `None` if there is none.
    pub(in crate::admission) selector: Option<&'a LabelSelector>,
    /// The path of the spec.
    pub(in crate::admission) path: &'a Path,
}

/// The selector as a query; `None` if it cannot be one (`LabelSelectorAsSelector`).
pub(in crate::admission) fn query(selector: &LabelSelector) -> Option<Selector> {
    let expressions = selector.match_expressions.iter().flatten().map(|expression| MatchExpression {
        key: expression.key.clone(),
        operator: expression.operator.clone(),
        values: expression.values.clone().unwrap_or_default(),
    });
    let labels = selector.match_labels.as_ref();
    let none = Labels::new();
    Selector::from_label_selector(labels.unwrap_or(&none), &expressions.collect::<Vec<_>>()).ok()
}

impl<'a> Selection<'a> {
    /// The selector of a kind whose model cannot tell a missing one from an empty one.
    pub(in crate::admission) fn new(
        kind: &'a str,
        selector: &'a LabelSelector,
        path: &'a Path,
        errors: &Errors<'_>,
    ) -> Self {
        let is_given = *selector != LabelSelector::default() || errors.is_written(&path.field("selector"));
        Self { kind, selector: is_given.then_some(selector), path }
    }

    /// A selector without which nothing works, and the labels of the template that it must match. Returns whether it can
    /// be used at all: if not, the server does not go on to the template.
    pub(in crate::admission) fn required(&self, template: Option<&PodTemplateSpec>, errors: &mut Errors<'_>) -> bool {
        let path = self.path.field("selector");
        let Some(selector) = self.selector else {
            self.missing(errors);
            errors.following(&path, |errors| self.matches_nothing(errors));
            return true;
        };
        let usable = selector::label_selector(Some(selector), &path, Options::default(), errors);
        if is_empty(selector) {
            self.empty(errors);
        }
        if !usable {
            let message = "the selector cannot be used, because a part of it is invalid";
            errors.following(&path, |errors| {
                errors.invalid(&path, message).says("invalid label selector").rule("invalid-selector");
            });
            return false;
        }
        if let Some(query) = query(selector) {
            self.matches(&query, template, errors);
        }
        true
    }

    /// There must be one.
    pub(in crate::admission) fn missing(&self, errors: &mut Errors<'_>) {
        let finding = errors.required(&self.path.field("selector"), format!("the {} has no selector", self.kind));
        finding.rule("selector-missing");
        finding.help("add `spec.selector.matchLabels` with those of the template's labels that will never change");
    }

    /// It must demand something.
    pub(in crate::admission) fn empty(&self, errors: &mut Errors<'_>) {
        let kind = self.kind.to_lowercase();
        let message = format!("the selector of the {} is empty", self.kind);
        let finding = errors
            .invalid(&self.path.field("selector"), message)
            .says(format!(
                "empty selector is invalid for {}",
                if self.kind == "ReplicaSet" { "deployment" } else { &kind }
            ))
            .rule("selector-empty");
        finding.help("add `matchLabels` with those of the template's labels that will never change");
    }

    /// What the server says of the labels if there is no selector: none matches nothing.
    pub(in crate::admission) fn matches_nothing(&self, errors: &mut Errors<'_>) {
        let message = format!("the {} has no selector, so it matches none of the template's labels", self.kind);
        errors
            .invalid(&self.labels(), message)
            .says("`selector` does not match template `labels`")
            .rule("selector-mismatch");
    }

    /// It must match the labels of the template.
    pub(in crate::admission) fn matches(
        &self,
        query: &Selector,
        template: Option<&PodTemplateSpec>,
        errors: &mut Errors<'_>,
    ) {
        let none = Labels::new();
        let labels = template.and_then(|template| template.metadata.as_ref()?.labels.as_ref()).unwrap_or(&none);
        let Some(unmet) = query.requirements.iter().find(|requirement| !requirement.matches(labels)) else { return };
        let (key, path) = (&unmet.key, self.labels());
        let (at, message) = match labels.get(key) {
            Some(value) => {
                (path.key(key), format!("the selector wants `{unmet}`, but the template has `{key}={value}`"))
            }
            None => (path.clone(), format!("the selector wants `{unmet}`, but the template has no label `{key}`")),
        };
        let place = errors.place(&self.place_of(unmet, errors));
        let finding = errors.invalid(&at, message).rule("selector-mismatch");
        finding.called(path).related(place, "the selector");
        finding.whole().says("`selector` does not match template `labels`");
    }

    fn labels(&self) -> Path {
        self.path.fields(&["template", "metadata", "labels"])
    }

    /// Where a requirement is written.
    fn place_of(&self, requirement: &Requirement, errors: &Errors<'_>) -> Path {
        let path = self.path.field("selector");
        let in_labels = path.field("matchLabels").key(&requirement.key);
        if errors.is_written(&in_labels) {
            return in_labels;
        }
        let expressions = self.selector.into_iter().flat_map(|selector| selector.match_expressions.iter().flatten());
        match expressions.into_iter().position(|expression| expression.key == requirement.key) {
            Some(index) => path.field("matchExpressions").index(index),
            None => path.key(&requirement.key),
        }
    }
}

pub(in crate::admission) fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(Labels::is_empty)
        && selector.match_expressions.as_ref().is_none_or(Vec::is_empty)
}

/// Reports a selector that an update changes, although it must stay.
pub(in crate::admission) fn selector_changed(
    kind: &str,
    new: &LabelSelector,
    old: &LabelSelector,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let path = path.field("selector");
    let changes = differences(old, new, "metav1.LabelSelector", &path);
    let Some(first) = changes.first() else { return };
    let text = |selector: &LabelSelector| match query(selector) {
        Some(query) if !query.is_empty() => format!("`{query}`"),
        _ => "nothing".to_owned(),
    };
    let message = match (text(old), text(new)) {
        (old, new) if old == new => format!("the selector of a {kind} cannot change, not even the way it is written"),
        (old, new) => format!("the selector of a {kind} cannot change from {old} to {new}"),
    };
    let at = if changes.len() == 1 { &first.path } else { &path };
    errors.immutable(at, message).called(path.clone()).help(way_out(kind)).says("field is immutable");
}

/// What to do where a field of a workload cannot change.
pub(in crate::admission) fn way_out(kind: &str) -> String {
    format!(
        "keep what is there, or give the new {kind} another name; to keep the name, delete the old one first, whose pods \
         end with it unless you delete it with `--cascade=orphan`"
    )
}
