//! What cannot be read of a side, and which objects it may hold: what becomes of those is not known.

use std::collections::BTreeMap;

use super::Planner;
use crate::admission::reading;
use crate::cluster::{Object, Pairs};
use crate::finding::{Findings, Group, Identity};
use crate::plan::document::id;
use crate::plan::document::{Action, ObjectPlan, Spot};
use crate::plan::side::Side;
use crate::yaml::{Document, Path};

/// The documents of a side that cannot be read.
pub(super) struct Unread<'a> {
    side: &'a Side,
    documents: Vec<(&'a Document, Option<Identity>)>,
    /// The first document that seems to be about an object of this kind and name.
    about: BTreeMap<(String, String), usize>,
    /// The first document in which a word stands.
    words: BTreeMap<&'a str, usize>,
}

impl<'a> Unread<'a> {
    pub(super) fn of(side: &'a Side) -> Self {
        let mut unread = Self { side, documents: Vec::new(), about: BTreeMap::new(), words: BTreeMap::new() };
        for document in side.cluster.documents.iter().filter(|document| document.is_unreadable()) {
            let at = unread.documents.len();
            let text = &side.sources.get(document.file).text()[document.span.range()];
            for word in text.split(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '-' | '.'))) {
                unread.words.entry(word).or_insert(at);
            }
            let identity = seen(text);
            if let Some(identity) = &identity {
                unread.about.entry((identity.kind.clone(), identity.name.clone())).or_insert(at);
            }
            unread.documents.push((document, identity));
        }
        unread
    }

    pub(super) fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    /// The document that may hold `object`: one that seems to be about it, or else one in which its name stands.
    fn that_may_hold(&self, object: &Object) -> Option<usize> {
        let name = object.identity.name.trim_end_matches('*');
        self.about_it(object).or_else(|| self.words.get(name).copied())
    }

    fn about_it(&self, object: &Object) -> Option<usize> {
        self.about.get(&(object.identity.kind.clone(), object.identity.name.clone())).copied()
    }

    /// Where the document with this number begins to make no sense.
    fn source(&self, at: usize) -> Spot {
        let (document, _) = &self.documents[at];
        let problem = document.problems.iter().find(|problem| problem.kind.is_fatal());
        self.side.source(document.place(problem.map_or(document.span, |problem| problem.span)))
    }

    /// What is to be said of the document with this number, which is about `object` if that is known.
    fn plan(&self, at: usize, object: Option<&Object>, action: Action) -> ObjectPlan {
        let source = self.source(at);
        let identity = object.map(|object| &*object.identity).or(self.documents[at].1.as_ref());
        let id = identity.map_or_else(|| format!("?/Document/{}:{}", source.file, source.line), id);
        ObjectPlan { unreadable: true, ..ObjectPlan::new(id, action, source) }
    }
}

/// Objects of the new side of which the API server cannot tell what they are, by what is known of them: the kind or the
/// name, the other being empty.
pub(super) type Unidentified<'a> = BTreeMap<(&'a str, &'a str), Spot>;

/// The new objects that are refused because they have no name, or a kind or version that does not exist.
pub(super) fn unidentified<'a>(applied: &[&'a Object], plans: &[ObjectPlan], pairs: &Pairs<'_>) -> Unidentified<'a> {
    let mut found = BTreeMap::new();
    for (object, plan) in applied.iter().zip(plans).filter(|(object, _)| pairs.old_of(object).is_none()) {
        let identity = &object.identity;
        let wrong = |field: &str| plan.rejections.iter().any(|rejection| rejection.field == field);
        if wrong("kind") || wrong("apiVersion") {
            found.entry(("", identity.name.as_str())).or_insert_with(|| plan.source.clone());
        } else if identity.name.is_empty() && plan.action == Action::Rejected {
            found.entry((identity.kind.as_str(), "")).or_insert_with(|| plan.source.clone());
        }
    }
    found
}

impl Planner<'_> {
    /// Where a manifest of the new side stands that cannot be read, or whose object cannot be identified, and that may be
    /// about an object that the new side seems to lack.
    pub(super) fn doubt(&self, object: &Object, unidentified: &Unidentified<'_>) -> Option<Spot> {
        let at = self.unread_new.that_may_hold(object);
        let (kind, name) = (object.identity.kind.as_str(), object.identity.name.as_str());
        let namesake = || unidentified.get(&("", name)).or_else(|| unidentified.get(&(kind, "")));
        at.map(|at| self.unread_new.source(at)).or_else(|| namesake().cloned())
    }

    /// Where a manifest of the old side stands that cannot be read and may be what `object` replaces.
    pub(super) fn replaces_unread(&self, object: &Object) -> Option<Spot> {
        self.unread_old.that_may_hold(object).map(|at| self.unread_old.source(at))
    }

    /// The plans for what cannot be read of the new side, and for the objects of the old side that may be in there or in what
    /// cannot be decoded.
    pub(super) fn unread(&self, doubtful: &[(&Object, Spot)]) -> Vec<ObjectPlan> {
        let about: BTreeMap<usize, &Object> = doubtful
            .iter()
            .rev()
            .filter_map(|(object, _)| Some((self.unread_new.about_it(object)?, *object)))
            .collect();
        let mut plans = Vec::new();
        for (at, (document, _)) in self.unread_new.documents.iter().enumerate() {
            let mut plan = self.unread_new.plan(at, about.get(&at).copied(), Action::Rejected);
            let mut out = Findings::new("", Group::Refused);
            reading(document, &mut out);
            plan.rejections = out.into_vec().iter().map(|finding| self.rejection(finding)).collect();
            plans.push(plan);
        }
        let met = |object: &Object| about.values().any(|other| std::ptr::eq(*other, object));
        for (object, doubt) in doubtful.iter().filter(|(object, _)| !met(object)) {
            let source = self.old.source(object.place(&Path::root()));
            let mut plan = ObjectPlan::new(id(&object.identity), Action::Unknown, source);
            plan.unreadable = true;
            plan.notes.push(format!(
                "{}:{} may be about it, and is nothing that the API server could take",
                doubt.file, doubt.line
            ));
            plans.push(plan);
        }
        plans
    }

    /// The plans for what cannot be read of the old side and is not known to be replaced by any of `replaced`.
    pub(super) fn unread_old(&self, applied: &[&Object]) -> Vec<ObjectPlan> {
        let known: Vec<usize> = applied.iter().filter_map(|object| self.unread_old.that_may_hold(object)).collect();
        let unknown = (0..self.unread_old.documents.len()).filter(|at| !known.contains(at));
        let plan = |at: usize| {
            let mut plan = self.unread_old.plan(at, None, Action::Unknown);
            plan.notes.push("the old manifest cannot be read, so what becomes of the object is not known".to_owned());
            plan
        };
        unknown.map(plan).collect()
    }
}

/// Whom a text seems to be about that is no YAML: what stands behind the first `apiVersion`, the first `kind`, and the first
/// `name` and `namespace` after `metadata`. `None` if there is no kind or no name.
fn seen(text: &str) -> Option<Identity> {
    let (_, metadata) = text.split_once("metadata")?;
    Some(Identity {
        api_version: behind(text, "apiVersion").unwrap_or_default().to_owned(),
        kind: behind(text, "kind")?.to_owned(),
        namespace: behind(metadata, "namespace").map(str::to_owned),
        name: behind(metadata, "name")?.to_owned(),
    })
}

/// The plain or quoted word behind the first `key` and its colon.
fn behind<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let is_key = |at: usize| !text[..at].ends_with(|char: char| char.is_alphanumeric());
    let value = text.match_indices(key).filter(|(at, _)| is_key(*at)).find_map(|(at, _)| {
        let rest = text[at + key.len()..].trim_start_matches(['"', '\'']).trim_start_matches(' ');
        Some(rest.strip_prefix(':')?.trim_start_matches(' ').trim_start_matches(['"', '\'']))
    })?;
    let end = value.find(|char: char| char.is_whitespace() || ",}\"'#".contains(char)).unwrap_or(value.len());
    Some(&value[..end]).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::seen;

    fn check(text: &str, expected: Option<&str>) {
        let seen = seen(text).map(|identity| format!("{} {identity}", identity.api_version));
        assert_eq!(seen.as_deref(), expected, "{text}");
    }

    #[test]
    fn whom_a_broken_text_is_about_can_mostly_be_seen() {
        check("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c\ndata: {a: 1}", Some("v1 ConfigMap c"));
        check(
            r#"{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "b", }"#,
            Some("v1 Pod b/a"),
        );
        check("kind: Pod\nmetadata:\n\tname: a", Some(" Pod a"));
        check("kind: Pod\nspec: [", None);
        check("metadata:\n  generateName: a\n kind Pod", None);
    }
}
