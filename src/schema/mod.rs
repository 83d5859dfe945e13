//! What an object may look like: the schemas of the versions of Kubernetes that seatrial knows, and of custom resources.
//!
//! The schemas are embedded ([`bundle`]) and say what the API server's strict decoder accepts. A schema is compiled
//! when the first object of its kind is checked, and kept. Objects are validated in place, in the located tree.

mod bundle;
mod check;
mod crd;
mod instance;
mod lifecycle;
mod meant;
mod types;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

pub use self::bundle::{Bundle, KindInfo, Scope};
use self::check::{Compiled, Misfit};
pub(crate) use self::crd::go_pattern;
pub use self::lifecycle::{Lifecycle, Replacement};
use crate::cluster::Object;
use crate::finding::{self, Finding, Findings, Group};
use crate::nearest::nearest;
use crate::version::KubernetesVersion;
use crate::yaml::{Path, Value};

/// The schemas of one run.
pub struct Schemas {
    versions: Vec<KubernetesVersion>,
    custom: BTreeMap<Kind, Custom>,
}

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// `apiVersion` and `kind`.
type Kind = (String, String);

struct Custom {
    served: bool,
    schema: Option<Compiled>,
}

/// Whether there was a schema to check an object against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// There was.
    Yes,
    /// It is a custom resource whose definition is not known.
    NoSchema,
}

/// Where a kind comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It is one of Kubernetes' own that can be applied.
    BuiltIn,
    /// A definition defines it.
    Custom,
}

impl Schemas {
    /// Schemas for `versions` of Kubernetes, and for the custom resources that `definitions` define.
    pub fn new<'a>(mut versions: Vec<KubernetesVersion>, definitions: impl Iterator<Item = &'a Object>) -> Self {
        versions.sort();
        versions.dedup();
        if versions.is_empty() {
            versions.push(KubernetesVersion::NEWEST);
        }
        let mut custom = BTreeMap::new();
        let mut definitions = definitions.peekable();
        if definitions.peek().is_some() {
            let bundle = Bundle::open(KubernetesVersion::NEWEST);
            let mut metadata = bundle.schema(OBJECT_META).unwrap_or_default();
            let shared = metadata.as_object_mut().and_then(|metadata| metadata.remove("$defs")).unwrap_or_default();
            for definition in definitions {
                for kind in crd::kinds(definition.root(), &metadata, &shared) {
                    let schema = kind.schema.and_then(|schema| Compiled::new(schema).ok());
                    let name = (kind.api_version, kind.kind);
                    custom.insert(name, Custom { served: kind.served, schema });
                }
            }
        }
        Self { versions, custom }
    }

    /// Reports everything about `object` that its schema does not allow, in any of the versions.
    pub fn check(&self, object: &Object, out: &mut Findings) -> Checked {
        let check = |version: &KubernetesVersion| Some((*version, found(object, &self.misfits(*version, object)?)));
        let Some(found) = self.versions.iter().map(check).collect() else { return Checked::NoSchema };
        out.extend(finding::merged(found));
        Checked::Yes
    }

    /// Where the object's kind comes from; `None` if no version that is asked for serves it.
    pub(crate) fn origin(&self, object: &Object) -> Option<Origin> {
        let (api_version, kind) = (&object.identity.api_version, &object.identity.kind);
        let known = self.versions.iter().find_map(|version| Bundle::open(*version).kind(api_version, kind));
        if let Some(known) = known {
            return (known.scope != Scope::Subresource).then_some(Origin::BuiltIn);
        }
        let custom = self.custom.get(&(api_version.clone(), kind.clone()))?;
        custom.served.then_some(Origin::Custom)
    }

    fn misfits(&self, version: KubernetesVersion, object: &Object) -> Option<Vec<Misfit>> {
        let (api_version, kind) = (&object.identity.api_version, &object.identity.kind);
        let root = object.root();
        if api_version.is_empty() || kind.is_empty() {
            return Some(vec![without_kind(root)]);
        }
        if let Some(encrypted) = encrypted(root) {
            return Some(vec![encrypted]);
        }
        let bundle = Bundle::open(version);
        if let Some(known) = bundle.kind(api_version, kind) {
            let mut misfits = compiled(version, known.definition)?.check(root);
            misfits.extend(deprecated(version, known));
            return Some(misfits);
        }
        if let Some(custom) = self.custom.get(&(api_version.clone(), kind.clone())) {
            if !custom.served {
                let message = format!("the definition of `{kind}` does not serve `{api_version}`");
                return Some(vec![about_kind("removed-api", "apiVersion", message)]);
            }
            return custom.schema.as_ref().map(|schema| schema.check(root));
        }
        let mut misfits = vec![not_served(version, bundle, api_version, kind)?];
        if let Some(meant) = meant(version, api_version, kind) {
            misfits.extend(compiled(version, meant.definition)?.check(root));
        }
        Some(misfits)
    }
}

/// The built-in kind that must be meant, where this one is not and never was served.
fn meant(version: KubernetesVersion, api_version: &str, kind: &str) -> Option<&'static KindInfo> {
    let was_served = |version: &KubernetesVersion| Bundle::open(*version).kind(api_version, kind).is_some();
    let is_known = Lifecycle::of(api_version, kind).is_some() || KubernetesVersion::SUPPORTED.iter().any(was_served);
    if is_known { None } else { meant::meant(Bundle::open(version), api_version, kind) }
}

/// The compiled schema of a built-in kind, made when it is first needed and kept for as long as the process runs.
fn compiled(version: KubernetesVersion, definition: &'static str) -> Option<Arc<Compiled>> {
    static KEPT: Mutex<BTreeMap<(KubernetesVersion, &str), Arc<Compiled>>> = Mutex::new(BTreeMap::new());
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(found) = kept.get(&(version, definition)) {
        return Some(Arc::clone(found));
    }
    let schema = Bundle::open(version).schema(definition)?;
    let made = Arc::new(Compiled::new(schema).expect("embedded schemas compile, as a test makes sure"));
    kept.insert((version, definition), Arc::clone(&made));
    Some(made)
}

/// A kind that is served, with a word of warning.
fn deprecated(version: KubernetesVersion, known: &KindInfo) -> Option<Misfit> {
    let KindInfo { api_version, kind, .. } = known;
    let lifecycle = Lifecycle::of(api_version, kind);
    if let Some(lifecycle) = lifecycle.filter(|lifecycle| lifecycle.is_deprecated_in(version)) {
        let mut message = format!("`{kind}` in `{api_version}` is deprecated");
        if let Some(since) = lifecycle.deprecated {
            let _ = write!(message, " since Kubernetes 1.{since}");
        }
        if let Some(removed) = lifecycle.removed {
            let _ = write!(message, " and gone in 1.{removed}");
        }
        let mut misfit = warning("deprecated-api", message);
        misfit.help = help(lifecycle);
        return Some(misfit);
    }
    if known.is_on_by_default() {
        return None;
    }
    let message = format!("`{api_version}` is off unless the cluster's API server was told to serve it");
    Some(warning("disabled-api", message))
}

/// A kind that Kubernetes does not serve in this version; `None` if it may well be a custom resource.
fn not_served(version: KubernetesVersion, bundle: &Bundle, api_version: &str, kind: &str) -> Option<Misfit> {
    if let Some(lifecycle) = Lifecycle::of(api_version, kind).filter(|lifecycle| lifecycle.is_removed_in(version)) {
        let removed = lifecycle.removed.map(|removed| format!(" since Kubernetes 1.{removed}")).unwrap_or_default();
        let message = format!("`{kind}` in `{api_version}` is gone{removed}");
        let mut misfit = about_kind("removed-api", "apiVersion", message);
        misfit.help = help(lifecycle);
        return Some(misfit);
    }
    let later = KubernetesVersion::SUPPORTED.iter().copied().filter(|later| *later > version);
    if let Some(later) = later.into_iter().find(|later| Bundle::open(*later).kind(api_version, kind).is_some()) {
        let message = format!("`{kind}` in `{api_version}` comes with Kubernetes {later}, not before");
        return Some(about_kind("unknown-kind", "apiVersion", message));
    }
    if let Some(meant) = meant(version, api_version, kind) {
        let mut misfit = about_kind("unknown-kind", "apiVersion", format!("there is no `{kind}` in `{api_version}`"));
        misfit.help = Some(format!("write `apiVersion: {}`", meant.api_version));
        return Some(misfit);
    }
    let group = meant::group(api_version);
    if !bundle.kinds().iter().any(|known| known.group() == group) {
        return None;
    }
    // A kubeconfig calls itself `v1 Config`, and is no object of the API.
    if group.is_empty() && kind == "Config" {
        return None;
    }
    let mut misfit = about_kind("unknown-kind", "kind", format!("there is no kind `{kind}` in `{api_version}`"));
    let near = nearest(kind, bundle.kinds().iter().map(|known| known.kind));
    misfit.help = near.map(|near| format!("write `kind: {near}`"));
    Some(misfit)
}

fn help(lifecycle: &Lifecycle) -> Option<String> {
    match lifecycle.replacement {
        Some(new) if new.kind == lifecycle.kind => Some(format!("write `apiVersion: {}`", new.api_version)),
        Some(new) => Some(format!("use `{}` in `{}`", new.kind, new.api_version)),
        None => lifecycle.hint.map(str::to_owned),
    }
}

/// SOPS leaves the shape of an object, encrypts its values and adds a field of its own. What would be wrong with the
/// encrypted values says nothing about those that will be applied.
fn encrypted(root: Value<'_>) -> Option<Misfit> {
    let sops = root.get("sops")?;
    if sops.get("mac").is_none() || sops.get("version").is_none() {
        return None;
    }
    let mut misfit = about_kind("sops-encrypted", "sops", "the object is encrypted by SOPS".to_owned());
    misfit.key = true;
    misfit.help = Some("decrypt it before it is applied, or ignore this rule where your tools do that".to_owned());
    Some(misfit)
}

fn without_kind(root: Value<'_>) -> Misfit {
    let text = |name| root.get(name).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    let field = if text("kind") { "apiVersion" } else { "kind" };
    let message = match root.get(field) {
        Some(value) if !value.is_null() && value.as_str().is_none() => format!("`{field}` must be a string"),
        _ => format!("the object has no `{field}`, so nobody can tell what it is"),
    };
    about_kind("missing-kind", field, message)
}

fn about_kind(rule: &'static str, field: &'static str, message: String) -> Misfit {
    Misfit {
        rule,
        group: Group::Refused,
        path: Path::root().field(field),
        key: false,
        message,
        reason: None,
        help: None,
        rename: None,
    }
}

/// What the API server takes, and has something to say about its version.
fn warning(rule: &'static str, message: String) -> Misfit {
    Misfit { group: Group::Risky, ..about_kind(rule, "apiVersion", message) }
}

fn found(object: &Object, misfits: &[Misfit]) -> Vec<Finding> {
    let mut out = Findings::new("", Group::Refused);
    for misfit in misfits {
        report(object, misfit, &mut out);
    }
    out.into_vec()
}

fn report(object: &Object, misfit: &Misfit, out: &mut Findings) {
    out.switch(misfit.rule, misfit.group);
    let place = object.key_place(&misfit.path);
    let finding = object.report(out, &misfit.path, &misfit.message);
    if misfit.key {
        finding.primary.place = place;
    }
    if let Some(reason) = misfit.reason {
        finding.because(reason);
    }
    finding.help.clone_from(&misfit.help);
    if let Some(name) = &misfit.rename {
        let quoted = object.document.text(place.span).starts_with(['"', '\'']);
        let key = if quoted { format!("\"{name}\"") } else { name.clone() };
        finding.fix(format!("rename the field to `{name}`"), place, key);
    }
}
