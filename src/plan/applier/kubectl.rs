//! `kubectl apply`.
//!
//! Read from k8s.io/kubectl `pkg/cmd/apply/{apply,patcher,prune}.go` and k8s.io/cli-runtime `pkg/resource/visitor.go` (v1.36):
//! `ExpandPathsToFileVisitors` walks folders in the order of names, `ApplyOptions.Run` applies what the files hold one
//! after the other, with no sorting, goes on after an error, and comes to `PostProcessorFn`, which prunes, only if
//! there was none. `Patcher.Patch` deletes and creates anew what is refused as invalid only with `--force`.

use super::{Item, names, objects};
use crate::cluster::Object;

/// A file is a stream of documents, which ends at the first that cannot be read (`StreamVisitor.Visit`).
pub(super) const AFTER_UNREADABLE: &str = "kubectl stops reading a file where it cannot read on: what stands behind that in the same file is not applied; it \
     applies all it has read, and exits with status 1";

pub(super) fn gone() -> String {
    "`kubectl apply` leaves it running unless it prunes".to_owned()
}

pub(super) fn after_rejection(items: &[Item<'_>], gone: &[&Object]) -> Vec<String> {
    let acting: Vec<&Item<'_>> = items.iter().filter(|item| item.acts()).collect();
    let mut sentences = vec![if acting.is_empty() {
        "kubectl changes nothing else, and exits with status 1".to_owned()
    } else {
        format!("kubectl applies the rest all the same ({}), and exits with status 1", names(objects(&acting)))
    }];
    if !gone.is_empty() {
        sentences
            .push("with `--prune` nothing is deleted: kubectl prunes only after everything was applied".to_owned());
    }
    sentences
}
