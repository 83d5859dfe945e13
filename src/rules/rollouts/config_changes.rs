//! Changed data that running pods do not notice.

use crate::cluster::{self, How, Object, Read};
use crate::finding::Findings;
use crate::plan::document::Action;
use crate::plan::workload::{self, WorkloadKind};
use crate::rules::Context;
use crate::yaml::Path;

/// Environment variables are read when a container starts, and a file that is mounted by `subPath` is never brought up to
/// date; other files of volumes follow by themselves. Pods of Jobs start anew, and where somebody restarts readers of
/// changed data, an annotation says so.
pub(in crate::rules) fn without_restart(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let kind = &object.identity.kind;
    if !matches!(kind.as_str(), "ConfigMap" | "Secret") {
        return;
    }
    let Some(rollout) = context.rollout(object).filter(|rollout| rollout.plan.action == Action::Update) else { return };
    let differing = rollout.plan.changes.iter().filter_map(|change| {
        let key = change.path.strip_prefix("/data/").or_else(|| change.path.strip_prefix("/binaryData/"))?;
        Some(key.replace("~1", "/").replace("~0", "~"))
    });
    let keys: Vec<String> = differing.collect();
    for reader in context.readers(object).filter(|reader| stays(context, reader)) {
        let of_object = |read: &Read<'_>| read.kind == kind && read.name == object.identity.name;
        let reads = cluster::reads(reader).into_iter().filter(of_object);
        // One place for each reader is enough.
        let found = reads.filter(|read| read.how != How::Files).find_map(|read| {
            let key = keys.iter().find(|key| read.key.is_none_or(|wanted| wanted == *key))?;
            Some((key, read))
        });
        let Some((key, read)) = found else { continue };
        let path = ["data", "binaryData"].map(|field| Path::root().field(field).key(key.clone()));
        let path = path.iter().find(|path| object.root().at(path).is_some()).unwrap_or(&path[0]);
        let identity = &reader.identity;
        let message = format!("the pods of {identity} go on with the old `{key}`, because nothing restarts them");
        let finding = object.report(out, path, message);
        let is_file = read.how == How::SubPath;
        let how = if is_file { "mounts a single file of it" } else { "reads it as an environment variable" };
        finding.related(reader.place(&read.path), how);
        // Without backticks, between which nothing is shown of a finding about the data of a Secret.
        let (kind, name) = (identity.kind.to_lowercase(), &identity.name);
        finding.help(format!(
            "restart them (kubectl rollout restart {kind}/{name}), or note a hash of the data in an annotation of the template"
        ));
    }
}

/// Whether the pods of the reader stay as they are: it was there before, its template does not change, and nobody watches
/// the data for it.
fn stays(context: &Context<'_>, reader: &Object) -> bool {
    let rolls = workload::of(&reader.identity).is_some_and(WorkloadKind::rolls);
    if !rolls || context.old(reader).is_none() {
        return false;
    }
    let rolls = context.rollout(reader).is_some_and(|rollout| {
        let mut changes = rollout.plan.changes.iter();
        changes.any(|change| change.path.starts_with("/spec/template"))
    });
    !rolls && !is_watched(reader)
}

/// Annotations of Reloader and of the like, which restart workloads when their data changes.
fn is_watched(reader: &Object) -> bool {
    let of = |path: Path| {
        let annotations = reader.root().at(&path.fields(&["metadata", "annotations"]));
        annotations.is_some_and(|it| it.fields().any(|field| field.name.contains("reload")))
    };
    of(Path::root()) || of(Path::root().fields(&["spec", "template"]))
}
