//! A document that is a Kubernetes object, or an item of a `List`.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use k8s_openapi::Resource;
use serde::de::DeserializeOwned;

use crate::finding::{Finding, Findings, Identity};
use crate::source::{Place, Span};
use crate::yaml::{self, Document, NodeId, Path, Value};

/// One object: identity, values with places, and the typed model on demand. A copy is the same object again.
#[derive(Clone)]
pub struct Object {
    /// Who it is.
    pub identity: Arc<Identity>,
    /// The document it stands in.
    pub document: Arc<Document>,
    root: NodeId,
    model: Arc<OnceLock<Model>>,
}

/// The typed model; `None` if nothing of the kind can be read.
type Model = Option<Box<dyn Any + Send + Sync>>;

impl Object {
    fn new(document: &Arc<Document>, value: Value<'_>) -> Self {
        let text = |value: Option<Value<'_>>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let metadata = value.get("metadata");
        let of_metadata = |name: &str| text(metadata.and_then(|metadata| metadata.get(name)));
        let mut name = of_metadata("name");
        if name.is_empty() {
            let generated = of_metadata("generateName");
            if !generated.is_empty() {
                name = format!("{generated}*");
            }
        }
        let identity = Identity {
            api_version: text(value.get("apiVersion")),
            kind: text(value.get("kind")),
            namespace: Some(of_metadata("namespace")).filter(|namespace| !namespace.is_empty()),
            name,
        };
        Self { identity: Arc::new(identity), document: Arc::clone(document), root: value.id(), model: Arc::default() }
    }

    /// The object's value.
    pub fn root(&self) -> Value<'_> {
        self.document.value(self.root)
    }

    /// The namespace, or the empty text if the manifest names none.
    pub fn namespace(&self) -> &str {
        self.identity.namespace.as_deref().unwrap_or_default()
    }

    /// The typed model, if the object is of that kind and version; parts of the wrong type are absent in it.
    ///
    /// An object has one kind, so one model is kept. Null and missing fields are the same, and a missing required
    /// struct is an empty one, as in Go.
    pub fn model<T>(&self) -> Option<&T>
    where
        T: Resource + DeserializeOwned + Any + Send + Sync,
    {
        if self.identity.kind != T::KIND || self.identity.api_version != T::API_VERSION {
            return None;
        }
        self.model
            .get_or_init(|| {
                let typed: T = yaml::decode(self.root())?;
                Some(Box::new(typed))
            })
            .as_ref()?
            .downcast_ref()
    }

    /// Where `path` stands: the value, or the key of a map or list, or the nearest existing parent.
    pub fn place(&self, path: &Path) -> Place {
        self.document.place(self.root().locate(path).focus())
    }

    /// Where the key of the entry at `path` stands; the value, if it is not an entry of a map.
    pub fn key_place(&self, path: &Path) -> Place {
        let spot = self.root().locate(path);
        self.document.place(spot.key.unwrap_or(spot.value))
    }

    /// Where a part of the text at `path` stands; the whole of it, if it is written in escapes, over lines or through an
    /// alias.
    pub fn place_in(&self, path: &Path, text: &str, part: Range<usize>) -> Place {
        let value = self.root().at(path).filter(|value| !value.is_alias());
        let start = value.and_then(|value| {
            let start = self.document.text(value.span()).find(text)?;
            Some(value.span().range().start + start)
        });
        match start {
            Some(start) => self.document.place(Span::new(start + part.start..start + part.end)),
            None => self.place(path),
        }
    }

    /// Reports at `path` of this object.
    pub fn report<'f>(&self, out: &'f mut Findings, path: &Path, message: impl Into<String>) -> &'f mut Finding {
        let spot = self.root().locate(path);
        let finding = out.report(self.document.place(spot.focus()), self.document.index, message);
        finding.object = Some(Arc::clone(&self.identity));
        finding.path = path.clone();
        if let Some(used) = spot.used {
            finding.related(self.document.place(used), "used through this alias");
        }
        finding
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} in {:?})", self.identity, self.document.file)
    }
}

/// The objects of a document: itself, or the items of a `List`, or nothing if it has no kind at all.
pub fn objects(document: &Arc<Document>) -> Vec<Object> {
    let mut found = Vec::new();
    let mut waiting: Vec<Value<'_>> = document.root().into_iter().collect();
    while let Some(value) = waiting.pop() {
        let kind = value.get("kind").and_then(Value::as_str);
        match value.get("items") {
            Some(items) if kind.is_some_and(|kind| kind.ends_with("List")) && items.is_sequence() => {
                let from = waiting.len();
                waiting.extend(items.items());
                waiting[from..].reverse();
            }
            _ if kind.is_some() || value.get("apiVersion").is_some() => found.push(Object::new(document, value)),
            _ => {}
        }
    }
    found
}
