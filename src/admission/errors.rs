//! Where validation reports: what `field.ErrorList` is to the API server.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::Range;

use serde::Serialize;
use serde_json::Value as Json;

use super::{ApiServer, internal};
use crate::cluster::Object;
use crate::finding::{BadValue, Finding, Findings, Group, Keeps, Reason, quoted};
use crate::nearest::nearest;
use crate::source::Place;
use crate::values::names::Problems;
use crate::yaml::{Path, Value};

/// In the place of the UID that a new object will have. It must be one that a label can hold.
pub(crate) const NEW_UID: &str = "0-the-new-uid";

/// The mistakes of one object, at the paths by which the API server names them.
///
/// Each method is one of the reasons of `field.Error` (k8s.io/apimachinery/pkg/util/validation/field/errors.go) and
/// returns the finding, to which help, further places, or the id of a rule with a page of its own can be added.
pub(crate) struct Errors<'a> {
    /// The server that judges.
    pub(crate) server: &'a ApiServer,
    object: &'a Object,
    /// The manifest in which places are shown, which is not all of `object` if that was merged into what runs.
    manifest: &'a Object,
    out: &'a mut Findings,
    /// Places by their names in the API, each with the place where the manifest has what the server puts there, and a word
    /// about that.
    copied: Vec<(Path, Path, &'static str)>,
    refused: usize,
}

impl<'a> Errors<'a> {
    pub(super) fn new(object: &'a Object, server: &'a ApiServer, out: &'a mut Findings) -> Self {
        Self { server, object, manifest: object, out, copied: Vec::new(), refused: 0 }
    }

    /// Shows places in `manifest`, of which the object was made.
    pub(super) fn placed(self, manifest: &'a Object) -> Self {
        Self { manifest, ..self }
    }

    /// Says that the server copies what stands at `source` to `field` before it looks: labels of a template to the object,
    /// claims to the volumes. What is wrong with `field` is shown at its source then, with `note` beside it.
    pub(crate) fn copied(&mut self, field: Path, source: Path, note: &'static str) {
        self.copied.push((field, source, note));
    }

    /// Whether `check` refuses anything, without reporting it: what an old object has wrong, a new one may often keep.
    pub(crate) fn would_refuse(&self, check: impl FnOnce(&mut Errors<'_>)) -> bool {
        self.silently(|errors| {
            check(errors);
            errors.refused() > 0
        })
    }

    /// The value must be given.
    pub(crate) fn required(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refuse("missing-field", Reason::FieldValueRequired, path, message).says("")
    }

    /// The value is not one that is allowed.
    pub(crate) fn invalid(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refuse("invalid-value", Reason::FieldValueInvalid, path, message)
    }

    /// The value of `what` is outside its enumeration.
    pub(crate) fn unsupported<'s>(
        &mut self,
        path: &Path,
        what: impl Display,
        value: &str,
        supported: impl IntoIterator<Item = &'s str>,
    ) -> &mut Finding {
        let supported: Vec<&str> = supported.into_iter().collect();
        let near = nearest(value, supported.iter().copied());
        let list = supported.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let finding = self.refuse(
            "unsupported-value",
            Reason::FieldValueNotSupported,
            path,
            if value.is_empty() {
                format!("{what} cannot be empty")
            } else {
                format!("{what} cannot be `{}`", shortened(value))
            },
        );
        finding.of(value).says(self::supported(supported.iter().copied()));
        finding.help(match near {
            Some(near) => format!("write `{near}`"),
            None if supported.len() == 1 => format!("write {list}"),
            None => format!("write one of {list}"),
        })
    }

    /// An update changes what may not change.
    pub(crate) fn immutable(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refuse("immutable-field", Reason::FieldValueInvalid, path, message).keeps(Keeps::Always)
    }

    /// The value may not be given here.
    pub(crate) fn forbidden(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refuse("forbidden-field", Reason::FieldValueForbidden, path, message)
    }

    /// The value stands elsewhere already.
    pub(crate) fn duplicate(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refuse("duplicate-value", Reason::FieldValueDuplicate, path, message).says("")
    }

    /// The value names something that is not there.
    pub(crate) fn not_found(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refuse("value-not-found", Reason::FieldValueNotFound, path, message).says("")
    }

    /// The text is too long.
    pub(crate) fn too_long(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refuse("value-too-long", Reason::FieldValueTooLong, path, message)
    }

    /// The list is too long.
    pub(crate) fn too_many(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refuse("too-many-items", Reason::FieldValueTooMany, path, message)
    }

    /// The value has a type that its place does not allow.
    pub(crate) fn type_invalid(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refuse("invalid-value", Reason::FieldValueTypeInvalid, path, message)
    }

    /// An admission plugin, or something else that names no cause, refuses the request.
    pub(crate) fn denied(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refused += 1;
        self.report(path, message).rule("forbidden-field")
    }

    /// The server takes it, with a word of warning.
    pub(crate) fn warn(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        let finding = self.report(path, message).rule("api-server-warning");
        finding.group = Group::Risky;
        finding
    }

    /// The server takes it in a dry run, or at all, and it cannot work.
    pub(crate) fn broken(&mut self, rule: &'static str, path: &Path, message: impl Into<String>) -> &mut Finding {
        let finding = self.report(path, message).rule(rule);
        finding.group = Group::Broken;
        finding
    }

    /// One invalid value for each of the `problems` that [`crate::values::names`] finds with it.
    pub(crate) fn each_invalid(&mut self, path: &Path, what: impl Display, problems: Problems) {
        for problem in problems {
            self.invalid(path, format!("{what} {problem}")).problem(problem);
        }
    }

    /// Whether the manifest itself has something at `path`, as opposed to what defaulting put there.
    pub(crate) fn is_written(&self, path: &Path) -> bool {
        self.object.root().at(path).is_some_and(|value| !value.is_null())
    }

    /// Whether what stands at `path` was there before, and stays although the manifest does not have it.
    pub(crate) fn is_kept(&self, path: &Path) -> bool {
        self.is_written(path) && self.manifest.root().at(path).is_none()
    }

    /// The text that the manifest itself has at `path`.
    pub(crate) fn written(&self, path: &Path) -> Option<&str> {
        self.object.root().at(path)?.as_str()
    }

    /// Whether the text at `path` is written without quotes and not through an alias, so that another can take its place.
    pub(crate) fn is_plain(&self, path: &Path) -> bool {
        self.object.root().at(path).is_some_and(|value| value.is_plain() && !value.is_alias())
    }

    /// Whether the manifest itself has a map or list at `path` that is not empty.
    pub(crate) fn has_entries(&self, path: &Path) -> bool {
        self.object.root().at(path).is_some_and(|value| value.fields().len() > 0 || value.items().next().is_some())
    }

    /// Where a part of the text at `path` stands.
    pub(crate) fn place_in(&self, path: &Path, text: &str, part: Range<usize>) -> Place {
        self.manifest.place_in(path, text, part)
    }

    /// Where the value at `path` stands.
    pub(crate) fn place(&self, path: &Path) -> Place {
        self.manifest.place(&self.source(path).0)
    }

    /// Where the key of the entry at `path` stands.
    pub(crate) fn key_place(&self, path: &Path) -> Place {
        self.manifest.key_place(&self.source(path).0)
    }

    /// Looks for mistakes that are of no interest, because they are those of an object that is there already.
    pub(crate) fn silently<T>(&self, look: impl FnOnce(&mut Errors<'_>) -> T) -> T {
        let mut out = Findings::new("", Group::Refused);
        look(&mut Errors::new(self.object, self.server, &mut out).placed(self.manifest))
    }

    /// Looks up the values that the server prints in `value`, the object that was judged.
    pub(super) fn complete(&mut self, value: &impl Serialize) {
        let mut open = self.out.iter_mut().flat_map(Finding::causes_mut).peekable();
        if open.peek().is_none() {
            return;
        }
        let Ok(mut value) = serde_json::to_value(value) else { return };
        only_written(&mut value, Some(self.object.root()));
        for cause in open {
            if let BadValue::At(path) = &cause.value {
                let at = |path: &Path| internal::at(&self.object.identity, &value, path);
                // What cannot change is printed whole, whatever part of it changes.
                let whole = cause.keeps.map(|_| at(&cause.field)).filter(|value| *value != BadValue::Unknown);
                cause.value = match whole.unwrap_or_else(|| at(path)) {
                    // Where the UID of an object is part of the value, nobody knows it.
                    BadValue::Printed(text) if text.contains(NEW_UID) => BadValue::Unknown,
                    value => value,
                };
            }
        }
    }

    /// How many mistakes there are so far. Admission plugins see only what has none.
    pub(crate) fn refused(&self) -> usize {
        self.refused
    }

    /// Reports what `check` finds below `place` as the API server calls it: below `field`.
    pub(crate) fn renamed(&mut self, place: &Path, field: &Path, check: impl FnOnce(&mut Errors<'_>)) {
        let mut out = Findings::new("", Group::Refused);
        let mut errors = Errors::new(self.object, self.server, &mut out).placed(self.manifest);
        check(&mut errors);
        self.refused += errors.refused;
        let mut findings = out.into_vec();
        for finding in &mut findings {
            if let Some(renamed) = finding.field().moved(place, field) {
                finding.called(renamed);
            }
        }
        self.out.extend(findings);
    }

    /// What `check` finds follows from the mistake at `at` or in it, if there is one: the server blames both, and one of them is enough for
    /// whoever mends it.
    pub(crate) fn following(&mut self, at: &Path, check: impl FnOnce(&mut Errors<'_>)) {
        let mut out = Findings::new("", Group::Refused);
        let mut errors = Errors::new(self.object, self.server, &mut out).placed(self.manifest);
        errors.copied.clone_from(&self.copied);
        check(&mut errors);
        self.refused += errors.refused;
        let object = &self.manifest.identity;
        let is_cause = |finding: &&mut Finding| {
            finding.path.moved(at, at).is_some()
                && finding.reason().is_some()
                && finding.object.as_ref().is_some_and(|it| it == object)
        };
        let found = out.into_vec();
        match self.out.iter_mut().filter(is_cause).last() {
            Some(cause) => cause.also.extend(found.into_iter().filter_map(|finding| finding.cause)),
            None => self.out.extend(found),
        }
    }

    fn refuse(&mut self, rule: &'static str, reason: Reason, path: &Path, message: impl Into<String>) -> &mut Finding {
        self.refused += 1;
        let finding = self.report(path, message).because(reason).rule(rule);
        finding.cause.get_or_insert_default().value = BadValue::At(path.clone());
        finding
    }

    fn report(&mut self, path: &Path, message: impl Into<String>) -> &mut Finding {
        let (source, note) = self.source(path);
        let is_copied = source.as_ref() != path;
        let finding = self.manifest.report(self.out, &source, message);
        if is_copied {
            finding.called(path.clone()).label(note);
        }
        finding
    }

    /// Where the manifest has what stands at `path` after copying, and what is to be said of that.
    fn source<'p>(&self, path: &'p Path) -> (Cow<'p, Path>, &'static str) {
        let copied = self.copied.iter().rev().find_map(|(field, source, note)| {
            let inside = path.moved(field, source)?;
            let is_part = self.object.root().at(source).is_some_and(|value| value.is_mapping() || value.is_sequence());
            Some((Cow::Owned(if is_part { inside } else { source.clone() }), *note))
        });
        copied.unwrap_or((Cow::Borrowed(path), ""))
    }
}

/// Leaves out empty lists that the manifest does not have: models cannot tell them from absent ones where a list is required.
fn only_written(value: &mut Json, written: Option<Value<'_>>) {
    match value {
        Json::Array(list) if list.is_empty() && written.is_none_or(|value| !value.is_sequence()) => *value = Json::Null,
        Json::Array(list) => {
            let mut items = written.into_iter().flat_map(Value::items);
            for element in list {
                only_written(element, items.next());
            }
        }
        Json::Object(fields) => {
            for (name, field) in fields {
                only_written(field, written.and_then(|value| value.get(name)));
            }
        }
        _ => {}
    }
}

/// What the server says of the values that it takes instead (`NotSupported`).
pub(crate) fn supported<'s>(values: impl IntoIterator<Item = &'s str>) -> String {
    let values: Vec<String> = values.into_iter().map(quoted).collect();
    format!("supported values: {}", values.join(", "))
}

/// A text that is refused for its length should not fill the screen as well.
pub(crate) fn shortened(text: &str) -> String {
    const SHOWN: usize = 70;
    if text.chars().count() <= SHOWN { text.to_owned() } else { text.chars().take(SHOWN - 1).chain(['…']).collect() }
}
