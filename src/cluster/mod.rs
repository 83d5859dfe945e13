//! Objects, and the cluster that they form together.

mod layout;
mod object;
mod pairs;
mod pods;
mod refs;
mod services;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

pub use self::layout::Layout;
pub use self::object::{Object, objects};
pub use self::pairs::Pairs;
pub use self::pods::{ContainerKind, ContainerRef, HostPort, Lifetime, PodTemplate};
pub(crate) use self::refs::{Autoscalers, How, Read, Readers, autoscaled, reads};
pub use self::refs::{Labels, Reading, Reference, read_selector, stem};
use crate::parallel::in_order;
use crate::source::{FileId, Sources};
use crate::yaml::{self, Document};

/// All objects of one side, with indexes.
#[derive(Debug, Default)]
pub struct Cluster {
    /// All documents in the order of the input, unreadable ones included.
    pub documents: Vec<Arc<Document>>,
    objects: Vec<Object>,
    by_kind: BTreeMap<String, Vec<usize>>,
    /// By key, value and namespace.
    by_label: BTreeMap<(String, String, String), Vec<usize>>,
    with_pods: Vec<usize>,
    refs: OnceLock<refs::Refs>,
}

impl Cluster {
    /// Reads the texts.
    pub fn read(sources: &Sources) -> Self {
        let files: Vec<FileId> = sources.iter().map(|(id, _)| id).collect();
        let documents = in_order(&files, |id| yaml::read(*id, sources.get(*id)));
        Self::new(documents.into_iter().flatten().collect())
    }

    /// Takes the documents apart into objects.
    pub fn new(documents: Vec<Document>) -> Self {
        let documents: Vec<Arc<Document>> = documents.into_iter().map(Arc::new).collect();
        let objects = documents.iter().flat_map(objects).collect();
        Self::of(documents, objects)
    }

    /// Takes documents and the objects in them, both in the order of the input.
    pub fn of(documents: Vec<Arc<Document>>, objects: Vec<Object>) -> Self {
        let mut cluster = Self { documents, objects, ..Self::default() };
        for (at, object) in cluster.objects.iter().enumerate() {
            cluster.by_kind.entry(object.identity.kind.clone()).or_default().push(at);
            if object.pod_template_value().is_some() {
                cluster.with_pods.push(at);
                for (key, value) in object.pod_labels() {
                    cluster.by_label.entry((key, value, object.namespace().to_owned())).or_default().push(at);
                }
            }
        }
        cluster
    }

    /// All objects in the order of the input.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The objects of a kind, in the order of the input; kinds of other groups may share the name.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.by_kind.get(kind).into_iter().flatten().map(|at| &self.objects[*at])
    }

    /// The objects that make pods (Pods among them), in the order of the input.
    pub fn with_pods(&self) -> impl Iterator<Item = &Object> {
        self.with_pods.iter().map(|at| &self.objects[*at])
    }

    /// The objects in `namespace` whose pods carry all of `labels`; none if `labels` is empty.
    pub fn with_pod_labels<'a>(
        &'a self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        let mut lists = labels
            .iter()
            .map(|(key, value)| {
                let key = (key.clone(), value.clone(), namespace.to_owned());
                self.by_label.get(&key).map_or(&[][..], Vec::as_slice)
            })
            .collect::<Vec<_>>();
        lists.sort_by_key(|list| list.len());
        let shortest = lists.first().copied().unwrap_or_default();
        let others = lists.split_off(lists.len().min(1));
        shortest
            .iter()
            .filter(move |at| others.iter().all(|list| list.binary_search(at).is_ok()))
            .map(|at| &self.objects[*at])
    }
}
