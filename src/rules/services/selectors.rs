//! Selectors of budgets and policies that the API server takes and that do not do what they should.

use crate::cluster::Object;
use crate::finding::Findings;
use crate::values::selector::Selector;

/// Selectors that the API server takes and that pick no pod at all.
pub(in crate::rules) fn picks_nothing(object: &Object, out: &mut Findings) {
    let Some(path) = object.pod_selector_path() else { return };
    let written = object.root().at(&path).filter(|value| !value.is_null());
    match object.identity.kind.as_str() {
        "PodDisruptionBudget" if written.is_none() => {
            let message = "the budget has no selector, so it protects no pod";
            object
                .report(out, &path, message)
                .help("select the pods by their labels; `{}` selects all of the namespace");
        }
        "PodDisruptionBudget" | "NetworkPolicy" => {
            let Some(selector) = object.pod_selector().filter(|selector| !selector.is_satisfiable()) else { return };
            object.report(out, &path, format!("no pod can match the selector `{selector}`"));
        }
        _ => {}
    }
}

/// A budget for a whole namespace is rarely meant: a second budget for any of its pods makes that pod impossible to evict.
pub(in crate::rules) fn picks_everything(object: &Object, out: &mut Findings) {
    if object.identity.kind != "PodDisruptionBudget" {
        return;
    }
    let Some(path) = object.pod_selector_path() else { return };
    if object.pod_selector().as_ref().is_some_and(Selector::is_empty) {
        let message = "the selector is empty, so the budget counts all pods of the namespace together";
        object.report(out, &path, message).help("select the pods of one application by their labels");
    }
}
