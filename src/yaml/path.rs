//! Paths: the only way to name a place inside an object.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Keys and indices from an object's root, as `field.Path` in Kubernetes.
///
/// A path is a chain that shares its parents, so that building and cloning it is cheap enough for checks that
/// carry one along and rarely report it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Path(Option<Arc<Link>>);

#[derive(PartialEq, Eq)]
struct Link {
    parent: Path,
    segment: Segment,
}

/// One step of a [`Path`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// A field of a type, written `.name`.
    Field(Cow<'static, str>),
    /// An entry of a map whose keys the user chooses (labels, data), written `[key]`.
    Key(String),
    /// An element of a list, written `[3]`.
    Index(usize),
}

impl Segment {
    /// The key in the mapping, if this is not an index.
    pub fn name(&self) -> Option<&str> {
        match self {
            Segment::Field(name) => Some(name),
            Segment::Key(name) => Some(name),
            Segment::Index(_) => None,
        }
    }
}

impl Path {
    /// The object itself.
    pub fn root() -> Self {
        Self(None)
    }

    /// A field of this place.
    #[must_use]
    pub fn field(&self, name: impl Into<Cow<'static, str>>) -> Self {
        self.push(Segment::Field(name.into()))
    }

    /// A field of a field and so on, from names without dots: `path.fields(&["spec", "template"])`.
    #[must_use]
    pub fn fields(&self, names: &[&'static str]) -> Self {
        names.iter().fold(self.clone(), |path, name| path.field(*name))
    }

    /// An entry of the map at this place.
    #[must_use]
    pub fn key(&self, name: impl Into<String>) -> Self {
        self.push(Segment::Key(name.into()))
    }

    /// An element of the list at this place.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.push(Segment::Index(index))
    }

    /// This path with one more segment.
    #[must_use]
    pub fn push(&self, segment: Segment) -> Self {
        Self(Some(Arc::new(Link { parent: self.clone(), segment })))
    }

    /// The same place after `from`, which it lies in or is, has become `to`; `None` if it lies elsewhere.
    pub(crate) fn moved(&self, from: &Path, to: &Path) -> Option<Path> {
        if self == from {
            return Some(to.clone());
        }
        let link = self.0.as_deref()?;
        Some(link.parent.moved(from, to)?.push(link.segment.clone()))
    }

    /// The place around this one; `None` at the root.
    pub fn parent(&self) -> Option<&Path> {
        self.0.as_deref().map(|link| &link.parent)
    }

    /// The last step; `None` at the root.
    pub fn last(&self) -> Option<&Segment> {
        self.0.as_deref().map(|link| &link.segment)
    }

    /// All steps from the root.
    pub fn segments(&self) -> Vec<&Segment> {
        let mut segments = Vec::new();
        let mut here = self;
        while let Some(link) = here.0.as_deref() {
            segments.push(&link.segment);
            here = &link.parent;
        }
        segments.reverse();
        segments
    }

    /// The path as a JSON pointer (RFC 6901): `/spec/containers/0/image`.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in self.segments() {
            pointer.push('/');
            match segment {
                Segment::Index(index) => pointer.push_str(&index.to_string()),
                Segment::Field(_) | Segment::Key(_) => {
                    let name = segment.name().unwrap_or_default();
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                }
            }
        }
        pointer
    }
}

impl fmt::Display for Path {
    /// As the API server writes it: `spec.containers[0].image`, `metadata.labels[app]`; empty at the root.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, segment) in self.segments().into_iter().enumerate() {
            match segment {
                Segment::Field(name) if at == 0 => f.write_str(name)?,
                Segment::Field(name) => write!(f, ".{name}")?,
                Segment::Key(name) => write!(f, "[{name}]")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_as_the_api_server_writes_it_and_as_a_pointer() {
        let path = Path::root().fields(&["spec", "containers"]).index(0).field("image");
        assert_eq!(path.to_string(), "spec.containers[0].image");
        assert_eq!(path.pointer(), "/spec/containers/0/image");
        let label = Path::root().fields(&["metadata", "labels"]).key("a/b~c");
        assert_eq!(label.to_string(), "metadata.labels[a/b~c]");
        assert_eq!(label.pointer(), "/metadata/labels/a~1b~0c");
        assert_eq!(Path::root().to_string(), "");
    }

    #[test]
    fn what_lies_in_a_place_moves_with_it() {
        let (from, to) = (Path::root().fields(&["metadata", "labels"]), Path::root().field("spec").index(1));
        let moved = from.key("app").moved(&from, &to);
        assert_eq!(moved.map(|path| path.to_string()), Some("spec[1][app]".to_owned()));
        assert_eq!(from.moved(&from, &to), Some(to.clone()));
        assert_eq!(Path::root().field("metadata").moved(&from, &to), None);
    }
}
