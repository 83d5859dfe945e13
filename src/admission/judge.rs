//! What an API server says to one request. Nowhere else are the text, the schemas, validation and the admission plugins
//! joined, so that `lint`, `plan` and `simulate` cannot disagree.

use std::iter::successors;

use super::{ApiServer, apply, others, row_of, stored};
use crate::admission::errors::Errors;
use crate::cluster::{Cluster, Object};
use crate::finding::{self, Finding, Findings, Group};
use crate::schema::{Checked, Origin, Schemas};
use crate::yaml::{Document, Path, Problem, ProblemKind};

/// An object on its way to the API server.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The manifest.
    pub object: &'a Object,
    /// The object of that name which is there already, as it is known: by its manifest, or from a dump of the cluster. The
    /// request creates an object where there is none.
    pub old: Option<&'a Object>,
    /// What runs, where that is known to be more than `old` says.
    pub running: Option<&'a Object>,
    /// How the one replaces the other.
    pub how: How,
}

/// How a manifest replaces an object that is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum How {
    /// As `kubectl apply` does: the client sends the difference to what it applied before, and the server fills in the
    /// `resourceVersion`.
    #[default]
    ClientApply,
    /// As `kubectl apply --server-side --force-conflicts` does: the server merges the manifest into what is there, and knows who
    /// set which field.
    ServerApply,
    /// As a bare PUT does: some kinds must bring the `resourceVersion` of the object that they replace.
    Replace,
}

impl<'a> Request<'a> {
    /// What takes an object in under its own name for the first time.
    pub fn create(object: &'a Object) -> Self {
        Self { object, old: None, running: None, how: How::default() }
    }

    /// What runs now.
    pub fn running(&self) -> Option<&'a Object> {
        self.running.or(self.old)
    }
}

/// What becomes of a request: where on its way through the API server it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Outcome {
    /// It is taken.
    Accepted,
    /// It is a custom resource whose definition is not known, so nobody can tell.
    Unjudged,
    /// An admission plugin denies it (403).
    Denied,
    /// It is decoded and not valid (422).
    Invalid,
    /// It cannot be decoded, or no kind of the API is meant (400, 404).
    Undecodable,
    /// The text of the manifest is none that a strict reader takes.
    Unreadable,
}

impl Outcome {
    /// Whether the object does not become what the manifest says.
    pub fn is_refused(self) -> bool {
        !matches!(self, Self::Accepted | Self::Unjudged)
    }
}

/// What the API servers say of a request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verdict {
    /// What becomes of it, by the server that is hardest to please.
    pub outcome: Outcome,
    /// All that is wrong with it, also behind the point where it ends, and what the server warns about.
    pub findings: Vec<Finding>,
    /// Whether there was a schema to look at; there is none of custom resources whose definition is not known.
    pub has_schema: bool,
    /// What the request makes of what runs, where that is more than its manifest.
    pub result: Option<Cluster>,
}

impl Verdict {
    /// What the request is refused for.
    pub fn refusals(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.group == Group::Refused)
    }

    /// The object that is there if the request is taken: `object`, its manifest, unless it is more.
    pub fn object<'a>(&'a self, object: &'a Object) -> &'a Object {
        self.result.as_ref().and_then(|cluster| cluster.objects().first()).unwrap_or(object)
    }
}

/// API servers of one or several versions, with the custom resources that they know.
pub struct Judge {
    schemas: Schemas,
    /// In the order of their versions; at least one.
    servers: Vec<ApiServer>,
}

impl Judge {
    /// Servers with the custom resources of `definitions`; of two definitions of one kind, the later holds.
    pub fn new<'a>(mut servers: Vec<ApiServer>, definitions: impl Iterator<Item = &'a Object>) -> Self {
        if servers.is_empty() {
            servers.push(ApiServer::default());
        }
        let versions = servers.iter().map(|server| server.version).collect();
        Self { schemas: Schemas::new(versions, definitions), servers }
    }

    /// Of several servers, the newest, which is the one to come.
    pub fn server(&self) -> &ApiServer {
        self.servers.last().expect("there is at least one server")
    }

    /// What the servers say of the request.
    pub fn judge(&self, request: &Request<'_>) -> Verdict {
        let object = request.object;
        let mut out = Findings::new("", Group::Refused);
        for problem in object.document.problems.iter().filter(|problem| is_in(problem, object)) {
            report(problem, &object.document, &mut out);
        }
        let unreadable = out.into_vec();
        let mut out = Findings::new("", Group::Refused);
        let has_schema = self.schemas.check(object, &mut out) == Checked::Yes;
        let result = apply::result(request, self.server());
        let bound = request.running().filter(|_| request.how != How::Replace).and_then(apply::bound);
        let running = bound.as_ref().and_then(|cluster| cluster.objects().first()).or(request.running());
        let effective = result.as_ref().and_then(|cluster| cluster.objects().first()).unwrap_or(object);
        let admitted = self.admit(effective, &Request { running, ..*request });
        let (decoding, admitted) = once(out.into_vec(), admitted, row_of(effective).is_some());
        let refuses = |findings: &[Finding], with_reason: bool| {
            let mut refusals = findings.iter().filter(|finding| finding.group == Group::Refused);
            refusals.any(|finding| finding.reason().is_some() == with_reason)
        };
        let outcome = if refuses(&unreadable, false) {
            Outcome::Unreadable
        } else if refuses(&decoding, false) {
            Outcome::Undecodable
        } else if refuses(&decoding, true) || refuses(&admitted, true) {
            Outcome::Invalid
        } else if refuses(&admitted, false) {
            Outcome::Denied
        } else if !has_schema {
            Outcome::Unjudged
        } else {
            Outcome::Accepted
        };
        Verdict { outcome, findings: [unreadable, decoding, admitted].concat(), has_schema, result }
    }

    /// Whether the object could be as it is: nothing that a server would refuse to store is found in it.
    pub fn could_be(&self, object: &Object) -> bool {
        let verdict = self.judge(&Request { old: Some(object), running: None, ..Request::create(object) });
        !matches!(verdict.outcome, Outcome::Invalid | Outcome::Denied) && stored(object, self.server()).is_some()
    }

    /// What the servers say of `object`, which is what the request makes of its manifest.
    fn admit(&self, object: &Object, request: &Request<'_>) -> Vec<Finding> {
        let row = row_of(object);
        let origin = self.schemas.origin(object);
        if row.is_none() && origin.is_none() {
            return Vec::new();
        }
        let judge = |server: &ApiServer| {
            let mut out = Findings::new("", Group::Refused);
            let mut errors = Errors::new(object, server, &mut out).placed(request.object);
            match (row, request.running()) {
                (Some(row), Some(old)) if row.is_of(old) => (row.update)(object, old, request.how, &mut errors),
                (Some(row), _) => (row.create)(object, &mut errors),
                (None, old) => others::metadata(object, origin == Some(Origin::Custom), old, &mut errors),
            }
            out.into_vec()
        };
        let found = self.servers.iter().map(|server| (server.version, judge(server)));
        finding::merged(found.collect())
    }
}

/// What is wrong with the text of a document.
pub fn reading(document: &Document, out: &mut Findings) {
    for problem in &document.problems {
        report(problem, document, out);
    }
}

fn report(problem: &Problem, document: &Document, out: &mut Findings) {
    let (id, group) = match problem.kind {
        ProblemKind::DuplicateKey => ("duplicate-key", Group::Refused),
        // Nobody refuses it; what a strict reader of YAML would say is no matter of manifests.
        ProblemKind::OverriddenMerge => return,
        ProblemKind::Ignored => ("text-after-document", Group::Risky),
        ProblemKind::Syntax | ProblemKind::NotJson | ProblemKind::Limit => ("invalid-yaml", Group::Refused),
    };
    out.switch(id, group);
    let finding = out.report(document.place(problem.span), document.index, &problem.message);
    if let Some((span, message)) = &problem.related {
        finding.related(document.place(*span), message);
    }
    if let Some(help) = &problem.help {
        finding.help(help);
    }
}

/// Whether a problem of the document is one of this object: of an item of a list are those inside of it, and those of the
/// list itself.
fn is_in(problem: &Problem, object: &Object) -> bool {
    let inside = |outer: crate::source::Span| outer.start <= problem.span.start && problem.span.start < outer.end;
    let items =
        object.document.root().filter(|root| root.id() != object.root().id()).and_then(|list| list.get("items"));
    items.is_none_or(|items| !inside(items.span()) || inside(object.root().span()))
}

/// Schema and admission find some of the same. Where the decoder refuses a value, what validation thinks of its absence
/// is of no interest; and where validation knows the kind, it knows the reason of what the schema only forbids.
fn once(mut decoding: Vec<Finding>, mut admitted: Vec<Finding>, is_validated: bool) -> (Vec<Finding>, Vec<Finding>) {
    if is_validated {
        decoding.retain(|finding| finding.reason().is_none());
    }
    if !decoding.is_empty() {
        let meant: Vec<Path> = decoding.iter().filter_map(meant).collect();
        let undecodable = |path: &Path| meant.contains(path) || decoding.iter().any(|finding| finding.path == *path);
        admitted.retain(|finding| !successors(Some(&finding.path), |path| path.parent()).any(undecodable));
    }
    (decoding, admitted)
}

/// The field that a misspelt one is meant to be; that it is missing needs not be said as well.
fn meant(finding: &Finding) -> Option<Path> {
    let name = &finding.fix.as_ref()?.edits.first()?.replacement;
    Some(finding.path.parent()?.field(name.trim_matches('"').to_owned()))
}
