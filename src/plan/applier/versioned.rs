//! Objects of which kapp makes a new version instead of changing them, and those that refer to them.
//!
//! As `ChangeSetWithVersionedRs` and the `templateRules` of `pkg/kapp/config/default.go` in carvel-dev/kapp: what has the
//! annotation `kapp.k14s.io/versioned` is created as `NAME-ver-N`, and references in pods are rewritten, so pods follow.

use std::collections::{BTreeMap, BTreeSet};

use super::annotation;
use crate::admission::ApiServer;
use crate::cluster::Object;
use crate::fix;
use crate::plan::change::changes;
use crate::plan::side::Side;
use crate::source::{FileId, Sources, Span};
use crate::yaml::Path;

const VERSIONED: &str = "kapp.k14s.io/versioned";

pub(super) fn is_versioned(object: &Object) -> bool {
    matches!(object.identity.kind.as_str(), "ConfigMap" | "Secret") && annotation(object, VERSIONED).is_some()
}

/// Both sides with the references as kapp rewrites them; `None` if there is nothing to rewrite. The numbers are made up:
/// what runs has 1, and what is new has 2.
pub(in crate::plan) fn versioned(old: &Side, new: &Side, server: &ApiServer) -> Option<(Side, Side)> {
    if !new.cluster.objects().iter().any(is_versioned) {
        return None;
    }
    let pairs = old.pairs(new);
    let number = |object: &Object, is_new: bool| {
        let before = pairs.old_of(object).filter(|before| is_versioned(before));
        let moves = is_new && before.is_some_and(|before| !changes(before, object, server).is_empty());
        if moves { "-ver-2" } else { "-ver-1" }
    };
    Some((rewritten(old, &|object| number(object, false)), rewritten(new, &|object| number(object, true))))
}

fn rewritten(side: &Side, suffix: &dyn Fn(&Object) -> &'static str) -> Side {
    let mut edits: BTreeMap<FileId, BTreeSet<(Span, &'static str)>> = BTreeMap::new();
    // Templates of these kinds are not among kapp's rules.
    let is_known = |object: &&Object| !matches!(object.identity.kind.as_str(), "PodTemplate" | "ReplicationController");
    for reader in side.cluster.with_pods().filter(is_known) {
        let pods = reader.pod_template_path().unwrap_or_default();
        for reference in reader.references().into_iter().filter(|it| it.path.moved(&pods, &Path::root()).is_some()) {
            if let Some(target) = side.cluster.named(&reference).filter(|target| is_versioned(target)) {
                let of_file = edits.entry(reader.document.file).or_default();
                of_file.insert((end(reference.value.definition(), reference.name, reader), suffix(target)));
            }
        }
    }
    let mut sources = Sources::default();
    for (id, source) in side.sources.iter() {
        let of_file = edits.get(&id).into_iter().flatten();
        let mut of_file: Vec<(Span, String)> = of_file.map(|(span, suffix)| (*span, (*suffix).to_owned())).collect();
        let text = fix::apply(source.text(), &mut of_file).0;
        match &source.defect {
            Some(defect) => sources.add_defective(source.name.clone(), text, defect.clone()),
            None => sources.add(source.name.clone(), text),
        };
    }
    Side::new(sources)
}

/// The empty span behind the name, inside of quotes.
fn end(written: Span, name: &str, object: &Object) -> Span {
    let start = object.document.text(written).find(name).unwrap_or_default();
    let end = written.range().start + start + name.len();
    Span::new(end..end)
}
