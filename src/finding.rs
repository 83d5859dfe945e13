//! Findings: what is wrong, where, why it matters to the user, and what to do.

use std::fmt;
use std::sync::Arc;

use crate::source::{Place, Span};
use crate::yaml::Path;

/// What happens to the user; the severity follows from it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// The API server would not take it.
    Refused,
    /// The API server takes it, and it cannot work.
    Broken,
    /// It works until something ordinary happens.
    Risky,
    /// It could be better; off unless asked for.
    Advice,
}

impl Group {
    /// All groups, the gravest first.
    pub const ALL: [Group; 4] = [Group::Refused, Group::Broken, Group::Risky, Group::Advice];

    /// The severity of findings of this group, unless the configuration says otherwise.
    pub fn severity(self) -> Severity {
        match self {
            Group::Refused | Group::Broken => Severity::Error,
            Group::Risky => Severity::Warning,
            Group::Advice => Severity::Info,
        }
    }

    /// The group with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }

    /// The name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Group::Refused => "refused",
            Group::Broken => "broken",
            Group::Risky => "risky",
            Group::Advice => "advice",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How grave a finding is; ordered from the least.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Very likely a mistake or a real risk.
    Warning,
    /// Refused, or cannot work.
    Error,
}

impl Severity {
    /// The name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why the API server refuses a field, in its own words (`metav1.CauseType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "PascalCase")]
pub enum Reason {
    /// Must be given.
    FieldValueRequired,
    /// Has a value that is not allowed.
    FieldValueInvalid,
    /// Has a value outside the enumeration.
    FieldValueNotSupported,
    /// May not be given here.
    FieldValueForbidden,
    /// Stands elsewhere already.
    FieldValueDuplicate,
    /// Names something that is not there.
    FieldValueNotFound,
    /// Has too many characters or bytes.
    FieldValueTooLong,
    /// Has too many elements.
    FieldValueTooMany,
    /// Has the wrong type.
    FieldValueTypeInvalid,
}

/// The identity of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// Group and version, as written: `apps/v1`.
    pub api_version: String,
    /// The kind: `Deployment`.
    pub kind: String,
    /// The namespace, if the manifest names one.
    pub namespace: Option<String>,
    /// The name, or the generateName with a `*` behind it; empty if there is neither.
    pub name: String,
}

impl Identity {
    /// The API group: empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version.rsplit_once('/').map_or("", |(group, _)| group)
    }
}

impl fmt::Display for Identity {
    /// As kubectl writes it, with the namespace where there is one: `Deployment shop/web`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

/// A place with a word about its part in the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub place: Place,
    /// What is there, in lower case, without a full stop; may be empty for the primary label.
    pub message: String,
}

/// Edits that would remove a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What the edits do, starting with a verb.
    pub title: String,
    /// Replacements that do not overlap, in one file.
    pub edits: Vec<Edit>,
}

/// The replacement of some bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What goes.
    pub place: Place,
    /// What comes.
    pub replacement: String,
}

/// Something about the input that the user should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The id of the rule.
    pub rule: &'static str,
    /// What happens to the user.
    pub group: Group,
    /// How grave; follows from the group unless configured.
    pub severity: Severity,
    /// What is wrong; makes sense alone, on one line.
    pub message: String,
    /// The number of the document in its file, counted from 0.
    pub document: usize,
    /// The object, if the document is one.
    pub object: Option<Arc<Identity>>,
    /// The place inside the object.
    pub path: Path,
    /// What the API server calls the place, where that differs: it blames `metadata.labels` for one bad label of many.
    pub field: Option<Path>,
    /// The API's reason, where the API server is the one who refuses.
    pub reason: Option<Reason>,
    /// The main place.
    pub primary: Label,
    /// Further places, in any file.
    pub related: Vec<Label>,
    /// What to do, starting with a verb.
    pub help: Option<String>,
    /// How to do it automatically.
    pub fix: Option<Fix>,
}

impl Finding {
    /// Says what the primary place shows.
    pub fn label(&mut self, message: impl Into<String>) -> &mut Self {
        self.primary.message = message.into();
        self
    }

    /// Underlines another place than the value at the path, for example a key.
    pub fn at(&mut self, place: Place) -> &mut Self {
        self.primary.place = place;
        self
    }

    /// Says what the API server calls the place, where that differs from its path.
    pub fn called(&mut self, field: Path) -> &mut Self {
        self.field = (field != self.path).then_some(field);
        self
    }

    /// The place as the API server calls it.
    pub fn field(&self) -> &Path {
        self.field.as_ref().unwrap_or(&self.path)
    }

    /// Adds a further place.
    pub fn related(&mut self, place: Place, message: impl Into<String>) -> &mut Self {
        self.related.push(Label { place, message: message.into() });
        self
    }

    /// Says what to do.
    pub fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Names the rule, where a check has more to say than the rule that it reports for otherwise.
    pub fn rule(&mut self, id: &'static str) -> &mut Self {
        self.rule = id;
        self
    }

    /// Gives the API's reason.
    pub fn reason(&mut self, reason: Reason) -> &mut Self {
        self.reason = Some(reason);
        self
    }

    /// Offers edits of one place.
    pub fn fix(&mut self, title: impl Into<String>, place: Place, replacement: impl Into<String>) -> &mut Self {
        let edits = vec![Edit { place, replacement: replacement.into() }];
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }

    /// Findings are reported in the order of their places.
    pub fn sort_key(&self) -> (Place, &'static str, &str) {
        (self.primary.place, self.rule, &self.message)
    }
}

/// Where a rule reports. It knows the rule and its group, so that a rule never repeats its own id.
#[derive(Debug)]
pub struct Findings {
    rule: &'static str,
    group: Group,
    list: Vec<Finding>,
}

impl Findings {
    /// A collector for one rule.
    pub fn new(rule: &'static str, group: Group) -> Self {
        Self { rule, group, list: Vec::new() }
    }

    /// Goes on with another rule.
    pub fn switch(&mut self, rule: &'static str, group: Group) {
        self.rule = rule;
        self.group = group;
    }

    /// Reports at a place of a document that need not be an object.
    pub fn report(&mut self, place: Place, document: usize, message: impl Into<String>) -> &mut Finding {
        self.list.push(Finding {
            rule: self.rule,
            group: self.group,
            severity: self.group.severity(),
            message: message.into(),
            document,
            object: None,
            path: Path::root(),
            field: None,
            reason: None,
            primary: Label { place, message: String::new() },
            related: Vec::new(),
            help: None,
            fix: None,
        });
        self.list.last_mut().expect("one was just pushed")
    }

    /// Adds findings that were made elsewhere.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        self.list.extend(findings);
    }

    /// All findings so far.
    pub fn into_vec(self) -> Vec<Finding> {
        self.list
    }
}

/// Applies edits to a text. Edits that overlap an earlier one are left out; the number of applied ones comes back.
pub fn apply(text: &str, edits: &mut Vec<(Span, String)>) -> (String, usize) {
    edits.sort();
    edits.dedup();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut applied) = (0, 0);
    for (span, replacement) in edits.iter() {
        let range = span.range();
        if range.start < at || range.end > text.len() {
            continue;
        }
        out.push_str(&text[at..range.start]);
        out.push_str(replacement);
        at = range.end;
        applied += 1;
    }
    out.push_str(&text[at..]);
    (out, applied)
}
