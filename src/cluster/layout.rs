//! Which manifests of the input are meant to be applied together.
//!
//! A folder is applied as a whole, unless two of its manifests describe the same object: then it is a collection of
//! variants or examples, or holds patches, and nobody can tell which of them meet. The same goes for a file that
//! describes an object twice. Two folders are applied together if they stand side by side, or one in the other, and
//! describe nothing twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Cluster, Object};
use crate::finding::Identity;
use crate::source::{FileId, Sources};

/// The folders and files of the input with what they describe.
#[derive(Debug, Default)]
pub struct Layout {
    folder_of: BTreeMap<FileId, String>,
    folders: BTreeMap<String, Unit>,
    files: BTreeMap<FileId, Unit>,
}

/// What a file or folder describes.
#[derive(Debug, Default)]
struct Unit {
    objects: BTreeSet<Arc<Identity>>,
    /// Whether an object is described twice.
    is_collection: bool,
}

impl Unit {
    fn add(&mut self, object: &Object) {
        // Objects whose name is not written are all different.
        if !object.identity.name.is_empty() && !object.identity.name.ends_with('*') {
            self.is_collection |= !self.objects.insert(Arc::clone(&object.identity));
        }
    }
}

impl Layout {
    /// Sorts the objects by their files and folders.
    pub fn new(cluster: &Cluster, sources: &Sources) -> Self {
        let mut layout = Self::default();
        for (id, source) in sources.iter() {
            let folder = source.name.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder);
            layout.folder_of.insert(id, folder.to_owned());
        }
        for object in cluster.objects() {
            let file = object.document.file;
            layout.files.entry(file).or_default().add(object);
            let folder = layout.folder_of.get(&file).cloned().unwrap_or_default();
            layout.folders.entry(folder).or_default().add(object);
        }
        layout
    }

    /// Whether two objects are meant for one cluster.
    ///
    /// Those of one file are, and those of one folder; in different folders only objects that name the same namespace.
    pub fn nearby(&self, one: &Object, other: &Object) -> bool {
        let (file, other_file) = (one.document.file, other.document.file);
        if file == other_file {
            return self.files.get(&file).is_some_and(|unit| !unit.is_collection);
        }
        let (folder, other_folder) = (self.folder_of.get(&file), self.folder_of.get(&other_file));
        let (Some(folder), Some(other_folder)) = (folder, other_folder) else { return false };
        let (Some(unit), Some(other_unit)) = (self.folders.get(folder), self.folders.get(other_folder)) else {
            return false;
        };
        let same_namespace = one.identity.namespace.is_some() && one.namespace() == other.namespace();
        !unit.is_collection
            && !other_unit.is_collection
            && (folder == other_folder
                || same_namespace
                    && are_adjacent(folder, other_folder)
                    && unit.objects.is_disjoint(&other_unit.objects))
    }

    /// Whether two objects are meant for one namespace.
    pub fn together(&self, one: &Object, other: &Object) -> bool {
        one.namespace() == other.namespace() && self.nearby(one, other)
    }
}

/// Whether two folders are siblings, or one holds the other.
fn are_adjacent(one: &str, other: &str) -> bool {
    let parent = |folder: &str| folder.rsplit_once(['/', '\\']).map_or(String::new(), |(parent, _)| parent.to_owned());
    let holds = |outer: &str, inner: &str| outer.is_empty() || inner.starts_with(&format!("{outer}/"));
    parent(one) == parent(other) || holds(one, other) || holds(other, one)
}
