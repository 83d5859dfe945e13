//! One side of a change.

use super::document::Spot;
use crate::cluster::{Cluster, Pairs};
use crate::source::{Place, Sources};

/// One side: texts, and the objects in them.
#[derive(Debug, Default)]
pub struct Side {
    /// The texts.
    pub sources: Sources,
    /// Their objects.
    pub cluster: Cluster,
}

impl Side {
    /// Reads the texts.
    pub fn new(sources: Sources) -> Self {
        Self { cluster: Cluster::read(&sources), sources }
    }

    /// Which of these objects those of `new` replace.
    pub fn pairs(&self, new: &Side) -> Pairs<'_> {
        Pairs::new((&self.cluster, &self.sources), (&new.cluster, &new.sources))
    }

    /// Where a place of its texts is.
    pub(crate) fn source(&self, place: Place) -> Spot {
        let source = self.sources.get(place.file);
        Spot { file: source.name.clone(), line: source.position(place.span.start as usize).line }
    }
}
