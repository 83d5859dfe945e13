//! Which object of one side takes the place of which of the other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Cluster, Object};
use crate::source::{FileId, Sources};
use crate::yaml::Path;

/// The objects of an old side by those of a new side that replace them: of the same group, kind and name, and of the same
/// namespace where both name one.
///
/// Where several have one name, as overlays for several clusters in one directory do, those whose files are called most
/// alike belong together, and then those that come in the same order.
#[derive(Debug, Default)]
pub struct Pairs<'a> {
    old_of: BTreeMap<Key, &'a Object>,
    replaced: BTreeSet<Key>,
}

/// Where an object stands, which no two of a side have in common.
type Key = (FileId, u32);

fn key(object: &Object) -> Key {
    let place = object.place(&Path::root());
    (place.file, place.span.start)
}

impl<'a> Pairs<'a> {
    /// Pairs the objects of two clusters, each with its texts.
    pub fn new(old: (&'a Cluster, &Sources), new: (&Cluster, &Sources)) -> Self {
        let mut named: BTreeMap<(&str, &str, &str), Vec<&'a Object>> = BTreeMap::new();
        for object in old.0.objects() {
            named.entry(name(object)).or_default().push(object);
        }
        let mut pairs = Self::default();
        for object in new.0.objects() {
            let candidates = named.get(&name(object)).map_or(&[][..], Vec::as_slice);
            let namesakes = candidates.iter().filter_map(|old| Some((distance(old, object)?, *old)));
            let file = |object: &Object, sources: &Sources| sources.get(object.document.file).name.clone();
            let best = namesakes.min_by_key(|(distance, candidate)| {
                // A single candidate needs no comparison of names.
                let alike = if candidates.len() > 1 { alike(&file(candidate, old.1), &file(object, new.1)) } else { 0 };
                (*distance, Reverse(alike), pairs.replaced.contains(&key(candidate)))
            });
            if let Some((_, old)) = best {
                pairs.replaced.insert(key(old));
                pairs.old_of.insert(key(object), old);
            }
        }
        pairs
    }

    /// The object that `object`, of the new side, replaces.
    pub fn old_of(&self, object: &Object) -> Option<&'a Object> {
        self.old_of.get(&key(object)).copied()
    }

    /// Whether nothing replaces anything.
    pub fn is_empty(&self) -> bool {
        self.old_of.is_empty()
    }

    /// Whether an object of the new side replaces `object`, of the old side.
    pub fn is_replaced(&self, object: &Object) -> bool {
        self.replaced.contains(&key(object))
    }
}

fn name(object: &Object) -> (&str, &str, &str) {
    (object.identity.group(), &object.identity.kind, &object.identity.name)
}

/// How far apart the namespaces are; `None` if they are different ones. A manifest without one goes where it is sent.
fn distance(old: &Object, new: &Object) -> Option<u8> {
    match (old.namespace(), new.namespace()) {
        (old, new) if old == new => Some(0),
        ("", _) | (_, "") => Some(1),
        _ => None,
    }
}

/// How many parts two paths have in common at their ends.
fn alike(one: &str, other: &str) -> usize {
    let parts = |path: &'_ str| path.rsplit(['/', ':']).map(str::to_owned).collect::<Vec<_>>();
    parts(one).iter().zip(&parts(other)).take_while(|(one, other)| one == other).count()
}
