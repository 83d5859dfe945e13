//! Priority classes and runtime classes.
//!
//! Mirrors pkg/apis/scheduling/validation, pkg/apis/node/validation and the warnings of pkg/api/node (v1.36).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{ResourceRequirements, Toleration};
use k8s_openapi::api::node::v1::{Overhead, RuntimeClass, Scheduling};
use k8s_openapi::api::scheduling::v1::PriorityClass;

use super::core::resources::{self, Rules};
use super::core::scheduling::{self, node_labels};
use super::errors::{Errors, shortened};
use super::shared::meta;
use super::{ApiServer, Kind};
use crate::finding::Keeps;
use crate::values::names;
use crate::yaml::Path;

/// The highest value of a class that is not the system's (`HighestUserDefinablePriority`).
const HIGHEST: i32 = 1_000_000_000;

/// The classes that the system makes for itself, and whose names it reserves.
const SYSTEM: [(&str, i32); 2] =
    [("system-cluster-critical", 2 * HIGHEST), ("system-node-critical", 2 * HIGHEST + 1000)];

const ANOTHER_CLASS: &str =
    "make a class with another name, or delete this one first; running Pods keep their priority";

impl Kind for PriorityClass {
    fn set_defaults(&mut self, _: &ApiServer) {
        self.preemption_policy.get_or_insert_with(|| "PreemptLowerPriority".to_owned());
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let name = self.metadata.name.as_deref().unwrap_or_default();
        let value = self.value.unwrap_or_default();
        if name.starts_with("system-") {
            self::system_class(name, value, self.global_default.unwrap_or_default(), errors);
        } else if value > HIGHEST {
            let message =
                format!("the value {value} is above {HIGHEST}, the highest for classes that are not the system's");
            errors
                .forbidden(&Path::root().field("value"), message)
                .says(format!("maximum allowed value of a user defined priority is {HIGHEST}"))
                .help(format!("write at most {HIGHEST}"));
        }
        match self.preemption_policy.as_deref() {
            None | Some("PreemptLowerPriority" | "Never") => {}
            Some("") => {
                let path = Path::root().field("preemptionPolicy");
                errors.required(&path, "the preemption policy cannot be empty").help("remove it, or write `Never`");
            }
            Some(policy) => {
                let path = Path::root().field("preemptionPolicy");
                errors.unsupported(&path, "the preemption policy", policy, ["PreemptLowerPriority", "Never"]);
            }
        }
    }

    /// A class is not validated again, because nothing that could be wrong can change.
    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let (new_value, old_value) = (self.value.unwrap_or_default(), old.value.unwrap_or_default());
        if new_value != old_value {
            let message = format!("the value of a class cannot change from {old_value} to {new_value}");
            let finding = errors
                .forbidden(&Path::root().field("value"), message)
                .says("may not be changed in an update.")
                .keeps(Keeps::Always);
            finding.help(ANOTHER_CLASS);
        }
        if self.preemption_policy != old.preemption_policy {
            let text = |class: &Self| shortened(class.preemption_policy.as_deref().unwrap_or_default());
            let message =
                format!("the preemption policy of a class cannot change from `{}` to `{}`", text(old), text(self));
            errors
                .immutable(&Path::root().field("preemptionPolicy"), message)
                .says("field is immutable")
                .help(ANOTHER_CLASS);
        }
    }
}

/// A class with a name that is reserved (`IsKnownSystemPriorityClass`).
fn system_class(name: &str, value: i32, global_default: bool, errors: &mut Errors<'_>) {
    let path = Path::root().fields(&["metadata", "name"]);
    let message = match SYSTEM.iter().find(|(known, _)| *known == name) {
        None => format!("the name `{}` starts with `system-`, which is reserved", shortened(name)),
        Some((_, known)) if *known != value => {
            format!("the class `{name}` belongs to the system and has the value {known}")
        }
        Some(_) if global_default => format!("the class `{name}` belongs to the system and cannot be the default"),
        Some(_) => return,
    };
    errors.forbidden(&path, message).help("give the class another name");
}

impl Kind for RuntimeClass {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        let path = Path::root().field("handler");
        if self.handler.is_empty() {
            errors
                .required(&path, "the class does not name its handler")
                .help("name a handler of the container runtime");
        } else {
            let what = format!("the handler `{}`", shortened(&self.handler));
            errors.each_invalid(&path, what, names::dns1123_label(&self.handler));
        }
        if let Some(overhead) = &self.overhead {
            self::overhead(overhead, &Path::root().field("overhead"), errors);
        }
        if let Some(scheduling) = &self.scheduling {
            self::scheduling(scheduling, &Path::root().field("scheduling"), errors);
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        self.validate(errors);
        if self.handler != old.handler {
            let message = format!(
                "the handler of a class cannot change from `{}` to `{}`",
                shortened(&old.handler),
                shortened(&self.handler)
            );
            let finding = errors.immutable(&Path::root().field("handler"), message).says("field is immutable");
            finding.help("make a class with another name and refer to that");
        }
    }
}

/// What a pod needs besides its containers; judged like the limits of a container, and called so.
fn overhead(overhead: &Overhead, path: &Path, errors: &mut Errors<'_>) {
    let limits = ResourceRequirements { limits: overhead.pod_fixed.clone(), ..Default::default() };
    let claims = BTreeSet::new();
    let rules = Rules { name: resources::container_name, claims: &claims, allow_indivisible_huge_pages: false };
    errors.copied(path.field("limits"), path.field("podFixed"), "");
    resources::requirements(&limits, rules, path, errors);
}

fn scheduling(scheduling: &Scheduling, path: &Path, errors: &mut Errors<'_>) {
    let selector = path.field("nodeSelector");
    meta::labels(scheduling.node_selector.as_ref(), &selector, &selector, errors);
    for key in scheduling.node_selector.iter().flatten().map(|(key, _)| key) {
        node_labels::warn_if_deprecated(key, &selector.key(key), errors);
    }
    let path = path.field("tolerations");
    let tolerations = scheduling.tolerations.as_deref().unwrap_or_default();
    scheduling::tolerations(tolerations, &path, errors);
    let mut seen = BTreeMap::new();
    for (index, Toleration { key, operator, value, effect, .. }) in tolerations.iter().enumerate() {
        let first = *seen
            .entry([key, operator, value, effect].map(|text| text.as_deref().unwrap_or_default()))
            .or_insert(index);
        if first != index {
            let place = errors.place(&path.index(first));
            errors.duplicate(&path.index(index), "the toleration stands in the list already").related(place, "here");
        }
    }
}
