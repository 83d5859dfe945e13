//! Pod templates: which of them are the same, and which images they run.

use std::fmt;

use k8s_openapi::api::core::v1::PodTemplateSpec;
use serde_json::Value;

use crate::admission::equal::{self, Amounts};

/// A pod template, in the form in which two are the same if Go cannot tell them apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::plan) struct Template(Value);

/// The templates of which there have been pods or ReplicaSets.
#[derive(Clone, Debug, Default)]
pub(in crate::plan) struct Revisions {
    seen: Vec<Template>,
}

/// A template, by when it was first seen: `r1`, `r2` …
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub usize);

impl Template {
    /// Takes a template that has been defaulted.
    pub(in crate::plan) fn new(template: &PodTemplateSpec, amounts: Amounts) -> Self {
        Self(equal::template(serde_json::to_value(template).unwrap_or_default(), amounts))
    }
}

impl Revisions {
    /// The revision of the template, if it has been seen.
    pub(in crate::plan) fn find(&self, template: &Template) -> Option<Revision> {
        self.seen.iter().position(|seen| seen == template).map(|at| Revision(at + 1))
    }

    /// The revision of the template, which is seen now.
    pub(in crate::plan) fn see(&mut self, template: &Template) -> Revision {
        self.find(template).unwrap_or_else(|| {
            self.seen.push(template.clone());
            Revision(self.seen.len())
        })
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{}", self.0)
    }
}

/// The images that pods of this template run.
pub(in crate::plan) fn images(template: &PodTemplateSpec) -> impl Iterator<Item = &str> {
    let spec = template.spec.iter();
    let containers = spec.flat_map(|spec| spec.init_containers.iter().flatten().chain(&spec.containers));
    containers.filter_map(|container| container.image.as_deref())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Amounts, Revisions, Template};

    fn revisions(templates: &[Value]) -> Vec<String> {
        let mut revisions = Revisions::default();
        let read = |template: &Value| serde_json::from_value(template.clone()).expect("the tests write templates");
        templates
            .iter()
            .map(|template| revisions.see(&Template::new(&read(template), Amounts::ByValue)).to_string())
            .collect()
    }

    #[test]
    fn what_go_does_not_tell_apart_is_no_change() {
        let plain = json!({"spec": {"containers": [{"name": "main", "resources": {"limits": {"cpu": "1000m"}}}]}});
        let wordy = json!({
            "metadata": {"annotations": {}},
            "spec": {"containers": [
                {"name": "main", "args": [], "tty": false, "resources": {"limits": {"cpu": "1"}}}
            ], "hostNetwork": false, "nodeSelector": {}},
        });
        assert_eq!(revisions(&[plain.clone(), wordy]), ["r1", "r1"]);
        let labelled = json!({"metadata": {"labels": {"a": ""}}, "spec": plain["spec"]});
        let token = json!({"spec": {"containers": plain["spec"]["containers"], "automountServiceAccountToken": false}});
        assert_eq!(revisions(&[plain.clone(), labelled, token, plain]), ["r1", "r2", "r3", "r1"]);
    }
}
