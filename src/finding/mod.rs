//! Findings: what is wrong, where, why it matters to the user, and what to do.

mod cause;

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value;

pub use self::cause::{BadValue, Cause, Keeps, Reason, json, quoted};
use crate::source::Place;
use crate::values::names::Problem;
use crate::version::KubernetesVersion;
use crate::yaml::Path;

/// The id of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(Cow<'static, str>);

impl Deref for RuleId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl<T: Into<Cow<'static, str>>> From<T> for RuleId {
    fn from(id: T) -> Self {
        Self(id.into())
    }
}

impl PartialEq<str> for RuleId {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for RuleId {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

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
#[non_exhaustive]
pub struct Finding {
    /// The id of the rule.
    pub rule: RuleId,
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
    /// What the API server has to say of it, where it is the one who speaks.
    pub cause: Option<Cause>,
    /// What else the API server has to say for the same mistake: a name that becomes a label is blamed as both.
    pub also: Vec<Cause>,
    /// The versions of Kubernetes for which it holds, if it does not for all that were asked for.
    pub versions: Vec<KubernetesVersion>,
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
        self.cause_mut().field = field;
        self
    }

    /// The place as the API server calls it.
    pub fn field(&self) -> &Path {
        self.cause.as_ref().map_or(&self.path, |cause| &cause.field)
    }

    /// The API's reason, where the API server refuses a field.
    pub fn reason(&self) -> Option<Reason> {
        self.cause.as_ref()?.reason
    }

    /// What the field keeps, if it is refused because it cannot change.
    pub fn kept(&self) -> Option<Keeps> {
        self.cause.as_ref()?.keeps
    }

    /// What the API server prints, as far as that is known.
    pub fn server_says(&self) -> Option<String> {
        self.cause.as_ref()?.says()
    }

    /// All that the API server has to say of the mistake.
    pub fn causes(&self) -> impl Iterator<Item = &Cause> {
        self.cause.iter().chain(&self.also)
    }

    /// All of it, to add what is known only in the end.
    pub(crate) fn causes_mut(&mut self) -> impl Iterator<Item = &mut Cause> {
        self.cause.iter_mut().chain(&mut self.also)
    }

    /// What is wrong, and for which versions, if not for all that were asked for.
    pub fn headline(&self) -> Cow<'_, str> {
        if self.versions.is_empty() {
            return Cow::Borrowed(&self.message);
        }
        let versions: Vec<String> = self.versions.iter().map(ToString::to_string).collect();
        Cow::Owned(format!("{} (Kubernetes {})", self.message, versions.join(", ")))
    }

    fn cause_mut(&mut self) -> &mut Cause {
        let path = &self.path;
        self.cause.get_or_insert_with(|| Cause { field: path.clone(), ..Cause::default() })
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
    pub fn rule(&mut self, id: impl Into<RuleId>) -> &mut Self {
        self.rule = id.into();
        self
    }

    /// Gives the API's reason.
    pub fn because(&mut self, reason: Reason) -> &mut Self {
        self.cause_mut().reason = Some(reason);
        self
    }

    /// Says what the API server prints behind the value that it refuses.
    pub fn says(&mut self, detail: impl Into<Cow<'static, str>>) -> &mut Self {
        self.cause_mut().detail = Some(detail.into());
        self
    }

    /// Says what the API server prints of a problem that a name has.
    pub fn problem(&mut self, problem: Problem) -> &mut Self {
        if let Some(part) = problem.part {
            self.of(part);
        }
        self.says(problem.says)
    }

    /// Says which value the API server prints, where that is not the one at the place.
    pub fn of(&mut self, value: impl Into<Value>) -> &mut Self {
        self.cause_mut().value = BadValue::printed(&value.into());
        self
    }

    /// Says that the API server prints all of the field that it blames.
    pub fn whole(&mut self) -> &mut Self {
        let cause = self.cause_mut();
        cause.value = BadValue::At(cause.field.clone());
        self
    }

    /// Says that the API server leaves the value out.
    pub fn without_value(&mut self) -> &mut Self {
        self.cause_mut().value = BadValue::Omitted;
        self
    }

    /// Says what the field keeps: it cannot change, whatever its value.
    pub fn keeps(&mut self, keeps: Keeps) -> &mut Self {
        self.cause_mut().keeps = Some(keeps);
        self.rule("immutable-field")
    }

    /// Offers edits of one place.
    pub fn fix(&mut self, title: impl Into<String>, place: Place, replacement: impl Into<String>) -> &mut Self {
        let edits = vec![Edit { place, replacement: replacement.into() }];
        self.fix = Some(Fix { title: title.into(), edits });
        self
    }

    /// Whether the two say the same to whoever reads them, even if the server has two words for it.
    pub fn reads_like(&self, other: &Finding) -> bool {
        let plain = |finding: &Finding| {
            let mut finding = finding.clone();
            for cause in finding.causes_mut() {
                *cause = Cause { value: BadValue::Unknown, detail: None, ..std::mem::take(cause) };
            }
            finding
        };
        self.sort_key() == other.sort_key() && plain(self) == plain(other)
    }

    /// Findings are reported in the order of their places.
    pub fn sort_key(&self) -> (Place, &RuleId, &str) {
        (self.primary.place, &self.rule, &self.message)
    }
}

/// Where a rule reports. It knows the rule and its group, so that a rule never repeats its own id.
#[derive(Debug)]
pub struct Findings {
    rule: RuleId,
    group: Group,
    list: Vec<Finding>,
}

impl Findings {
    /// A collector for one rule.
    pub fn new(rule: impl Into<RuleId>, group: Group) -> Self {
        Self { rule: rule.into(), group, list: Vec::new() }
    }

    /// Goes on with another rule.
    pub fn switch(&mut self, rule: impl Into<RuleId>, group: Group) {
        self.rule = rule.into();
        self.group = group;
    }

    /// Reports at a place of a document that need not be an object.
    pub fn report(&mut self, place: Place, document: usize, message: impl Into<String>) -> &mut Finding {
        self.list.push(Finding {
            rule: self.rule.clone(),
            group: self.group,
            severity: self.group.severity(),
            message: message.into(),
            document,
            object: None,
            path: Path::root(),
            cause: None,
            also: Vec::new(),
            versions: Vec::new(),
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

    /// All findings so far, to add what is known only in the end.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Finding> {
        self.list.iter_mut()
    }

    /// All findings so far.
    pub fn into_vec(self) -> Vec<Finding> {
        self.list
    }
}

/// One list of what was found for each version. A finding that does not hold for all of them names those for which it does.
pub fn merged(mut found: Vec<(KubernetesVersion, Vec<Finding>)>) -> Vec<Finding> {
    if found.len() == 1 {
        return found.pop().map(|(_, findings)| findings).unwrap_or_default();
    }
    let all = found.len();
    let mut merged: Vec<(Finding, Vec<KubernetesVersion>)> = Vec::new();
    for (version, findings) in found {
        for finding in findings {
            match merged.iter_mut().find(|(other, versions)| *other == finding && !versions.contains(&version)) {
                Some((_, versions)) => versions.push(version),
                None => merged.push((finding, vec![version])),
            }
        }
    }
    let named = |(mut finding, versions): (Finding, Vec<KubernetesVersion>)| {
        if versions.len() < all {
            finding.versions = versions;
        }
        finding
    };
    merged.into_iter().map(named).collect()
}
