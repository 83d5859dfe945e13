//! What the applying tools do: in which order they send objects, which they delete and create anew, what becomes of the
//! others when the API server refuses one, and whether they delete what left the input.
//!
//! Each tool has a file, which names the functions of the tool's own source that it was read from. Flags and settings
//! that stand in no manifest are at their defaults.

mod argocd;
mod flux;
mod helm;
mod kapp;
mod kubectl;
mod versioned;

use std::str::FromStr;

use crate::admission::How;
use crate::admission::applied::is_live;
use crate::cluster::Object;
use crate::finding::Identity;
use crate::yaml::Path;

pub(super) use self::versioned::versioned;

/// Who applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applier {
    /// `kubectl apply`: objects one after the other as they come, files of a folder by name.
    #[default]
    Kubectl,
    /// `helm upgrade`, or `helm install` if the old side is empty: hooks before and after, the rest by kind.
    Helm,
    /// A sync of Argo CD: by phase, wave, kind and name.
    Argocd,
    /// A reconciliation of Flux's kustomize-controller: in stages, by kind, namespace and name.
    Flux,
    /// `kapp deploy`: a graph of what waits for what, by groups and rules.
    Kapp,
}

/// A name that is none of a tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no tool that is known; write one of {}", Applier::ALL.map(Applier::name).join(", "))]
pub struct UnknownApplier {
    name: String,
}

impl FromStr for Applier {
    type Err = UnknownApplier;

    fn from_str(name: &str) -> Result<Self, UnknownApplier> {
        let known = Self::ALL.into_iter().find(|applier| applier.name() == name);
        known.ok_or_else(|| UnknownApplier { name: name.to_owned() })
    }
}

/// What a tool does with an object, apart from sending it to the API server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It creates the object, or changes it in place.
    Apply,
    /// It changes the object in place; if the API server answers that the change is invalid, it deletes the object and
    /// creates it anew.
    OnRefusal(Anew),
    /// It deletes the object and creates it anew, whatever changes.
    Always(Anew),
    /// It creates the object under another name whenever it changes.
    Renamed,
    /// It leaves the object alone, for this reason.
    Skip(String),
}

/// How an object is deleted and created anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anew {
    /// Who does so, and for what: "Flux, for `kustomize.toolkit.fluxcd.io/force: enabled`".
    pub(super) why: String,
    /// Whether the old form comes back if the new one cannot be created either.
    pub(super) restores: bool,
    /// Whether it also happens to an object that does not change, as soon as anything else does. Hooks are no news.
    pub(super) each_time: bool,
}

/// What becomes of an object, as far as its tool cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Stays,
    /// It is created or changed.
    Applied,
    /// It is deleted and created anew.
    Anew,
    /// The API server refuses it: as invalid (422), or because it cannot even decode or admit it.
    Refused {
        /// Whether it is refused as invalid.
        invalid: bool,
    },
}

/// An object on its way into the cluster.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    /// The new form.
    pub(super) object: &'a Object,
    /// Whether the cluster has an old form.
    pub(super) exists: bool,
    /// What becomes of it.
    pub(super) fate: Fate,
}

impl Item<'_> {
    fn is_refused(&self) -> bool {
        matches!(self.fate, Fate::Refused { .. })
    }

    fn acts(&self) -> bool {
        matches!(self.fate, Fate::Applied | Fate::Anew)
    }
}

impl Applier {
    /// All of them.
    pub const ALL: [Applier; 5] = [Applier::Kubectl, Applier::Helm, Applier::Argocd, Applier::Flux, Applier::Kapp];

    /// The name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Applier::Kubectl => "kubectl",
            Applier::Helm => "helm",
            Applier::Argocd => "argocd",
            Applier::Flux => "flux",
            Applier::Kapp => "kapp",
        }
    }

    /// How the tool sends an object that is there already, unless it is told otherwise.
    pub(super) fn how(self) -> How {
        match self {
            // Argo CD and kapp compute a patch or the whole object themselves, from what was applied before.
            Applier::Kubectl | Applier::Helm | Applier::Argocd | Applier::Kapp => How::ClientApply,
            Applier::Flux => How::ServerApply,
        }
    }

    /// What becomes of the other objects when a text cannot be read.
    pub(super) fn after_unreadable(self) -> &'static str {
        match self {
            Applier::Kubectl => kubectl::AFTER_UNREADABLE,
            Applier::Helm => "Helm cannot read what it rendered, and applies nothing at all",
            Applier::Argocd => "Argo CD cannot make the manifests (`ComparisonError`), and syncs nothing at all",
            Applier::Flux => "Flux cannot build the kustomization (`BuildFailed`), and applies nothing at all",
            Applier::Kapp => "kapp cannot read its input, and deploys nothing at all",
        }
    }

    /// Brings objects into the order in which they are applied. Where the tool leaves the order open, it stays that of
    /// the input. `first` says that nothing of the input is in the cluster yet.
    pub(super) fn sort(self, objects: &mut Vec<&Object>, first: bool) {
        match self {
            Applier::Kubectl => {}
            Applier::Helm => helm::sort(objects, first),
            Applier::Argocd => argocd::sort(objects),
            Applier::Flux => flux::sort(objects),
            Applier::Kapp => kapp::sort(objects),
        }
    }

    /// Brings objects that left the input into the order in which they are deleted, if they are.
    pub(super) fn sort_gone(self, objects: &mut Vec<&Object>) {
        match self {
            Applier::Kubectl | Applier::Kapp | Applier::Argocd => {}
            Applier::Helm => helm::sort(objects, false),
            Applier::Flux => {
                flux::sort_by_kind(objects);
                objects.reverse();
            }
        }
    }

    /// What the tool does with `object`, which takes the place of `before`.
    pub(super) fn treatment(self, object: &Object, before: Option<&Object>, first: bool) -> Treatment {
        match self {
            Applier::Kubectl => Treatment::Apply,
            Applier::Helm => helm::treatment(object, first),
            Applier::Argocd => argocd::treatment(object, before),
            Applier::Flux => flux::treatment(object, before),
            Applier::Kapp => kapp::treatment(object, before),
        }
    }

    /// Whether an object that only the old side has is none of the tool's: it stands in a dump of a cluster, and a controller
    /// made it, or the tool deletes only what it is told to.
    pub(super) fn ignores(self, object: &Object) -> bool {
        is_live(object) && (self == Applier::Kubectl || object.is_controlled())
    }

    /// What becomes of an object that left the input.
    pub(super) fn gone(self, object: &Object) -> String {
        match self {
            Applier::Kubectl => kubectl::gone(),
            Applier::Helm => helm::gone(object),
            Applier::Argocd => argocd::gone(object),
            Applier::Flux => flux::gone(object),
            Applier::Kapp => kapp::gone(object),
        }
    }

    /// What becomes of the other objects when some are refused. `items` are in the order in which they are applied, and
    /// `gone` left the input.
    pub(super) fn after_rejection(self, items: &[Item<'_>], gone: &[&Object], first: bool) -> Vec<String> {
        if !items.iter().any(Item::is_refused) {
            return Vec::new();
        }
        match self {
            Applier::Kubectl => kubectl::after_rejection(items, gone),
            Applier::Helm => helm::after_rejection(items, gone, first),
            Applier::Argocd => argocd::after_rejection(items),
            Applier::Flux => flux::after_rejection(items, gone),
            Applier::Kapp => kapp::after_rejection(items, gone),
        }
    }
}

/// The value of an annotation.
fn annotation<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.root().get("metadata")?.get("annotations")?.get(key)?.as_str()
}

/// The parts of an annotation that is a list, without those that are empty.
fn annotation_list<'a>(object: &'a Object, key: &str) -> impl Iterator<Item = &'a str> {
    annotation(object, key).unwrap_or_default().split(',').map(str::trim).filter(|part| !part.is_empty())
}

/// What a `CustomResourceDefinition` defines, as `group/Kind`.
fn defines(object: &Object) -> Option<String> {
    if object.identity.kind != "CustomResourceDefinition" || object.identity.group() != "apiextensions.k8s.io" {
        return None;
    }
    let text = |fields: &[&'static str]| object.root().at(&Path::root().fields(fields))?.as_str();
    Some(format!("{}/{}", text(&["spec", "group"])?, text(&["spec", "names", "kind"])?))
}

/// The objects in words, not too many of them.
fn names<'a>(objects: impl IntoIterator<Item = &'a Object>) -> String {
    const SHOWN: usize = 5;
    let all: Vec<&Identity> = objects.into_iter().map(|object| &*object.identity).collect();
    let mut words: Vec<String> = all.iter().take(SHOWN).map(ToString::to_string).collect();
    if all.len() > SHOWN {
        words.push(format!("{} more", all.len() - SHOWN));
    }
    words.join(", ")
}

/// The objects of items.
fn objects<'a>(items: &[&Item<'a>]) -> Vec<&'a Object> {
    items.iter().map(|item| item.object).collect()
}
