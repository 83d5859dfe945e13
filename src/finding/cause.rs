//! What the API server has to say of a field: `field.Error` with what follows from it.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::Value;

use crate::yaml::Path;

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

impl Reason {
    /// What `ErrorType.String` says of it.
    fn words(self) -> &'static str {
        match self {
            Reason::FieldValueRequired => "Required value",
            Reason::FieldValueInvalid | Reason::FieldValueTypeInvalid => "Invalid value",
            Reason::FieldValueNotSupported => "Unsupported value",
            Reason::FieldValueForbidden => "Forbidden",
            Reason::FieldValueDuplicate => "Duplicate value",
            Reason::FieldValueNotFound => "Not found",
            Reason::FieldValueTooLong => "Too long",
            Reason::FieldValueTooMany => "Too many",
        }
    }

    /// Whether the server repeats the value that it refuses.
    pub(crate) fn shows_value(self) -> bool {
        !matches!(self, Reason::FieldValueRequired | Reason::FieldValueForbidden | Reason::FieldValueTooLong)
    }
}

/// Stands for what is left out.
const LEFT_OUT: &str = "…";

/// What a field that cannot change keeps, and so what ways out there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Its value, for as long as the object lives.
    Always,
    /// Its value, unless another field becomes the same.
    Together(&'static str),
    /// Its value, until the claim is bound to a volume.
    UntilBound,
}

/// A value that is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BadValue {
    /// Nobody knows how the server would print it.
    #[default]
    Unknown,
    /// What the defaulted object has at this place, which is looked up when all checks are over.
    At(Path),
    /// Left out by the server itself.
    Omitted,
    /// As the server prints it.
    Printed(String),
}

/// What the API server has to say of a field; without a reason if it is no `field.Error`: a warning, the denial of a plugin,
/// or the complaint of the decoder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cause {
    /// Why the server refuses the field.
    pub reason: Option<Reason>,
    /// What the server calls the place: it blames `metadata.labels` for one bad label of many.
    pub field: Path,
    /// The value that it refuses.
    pub value: BadValue,
    /// Its words behind the value, which may be empty; `None` if they are not known.
    pub detail: Option<Cow<'static, str>>,
    /// What the field keeps, if it cannot change.
    pub keeps: Option<Keeps>,
}

impl Cause {
    /// What the server prints (`field.Error.ErrorBody`), as far as that is known.
    pub fn says(&self) -> Option<String> {
        self.body(self.detail.as_deref()?, None)
    }

    /// The same in short: `…` stands for a value that is not known, and for differences, which take many lines.
    pub fn says_in_short(&self) -> Option<String> {
        let detail = self.detail.as_deref()?;
        match detail.split_once('\n') {
            Some((first, _)) => self.body(&format!("{first}\n{LEFT_OUT}"), Some(LEFT_OUT)),
            None => self.body(detail, Some(LEFT_OUT)),
        }
    }

    /// What is printed, with `unknown` for a value that is not known; `None` if there is no word for that.
    fn body(&self, detail: &str, unknown: Option<&str>) -> Option<String> {
        let reason = self.reason?;
        let mut says = reason.words().to_owned();
        let value = match &self.value {
            _ if !reason.shows_value() => None,
            BadValue::Omitted => None,
            BadValue::Printed(value) => Some(value.as_str()),
            BadValue::Unknown | BadValue::At(_) => Some(unknown?),
        };
        for part in value.into_iter().chain((!detail.is_empty()).then_some(detail)) {
            // Writing into a text cannot fail.
            let _ = write!(says, ": {part}");
        }
        Some(says)
    }
}

impl BadValue {
    /// A value as `ErrorBody` prints it: texts by `%q`, everything else as JSON.
    pub fn printed(value: &Value) -> Self {
        Self::Printed(match value {
            Value::String(text) => quoted(text),
            _ => json(value),
        })
    }
}

/// A text as Go writes it by `%q`.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            ' '..='~' => out.push(letter),
            '\0'..='\u{7f}' => drop(write!(out, "\\x{:02x}", u32::from(letter))),
            // Rust escapes what is not printable, nearly as Go does, in other words.
            _ if letter.escape_debug().len() == 1 => out.push(letter),
            '\u{80}'..='\u{ffff}' => drop(write!(out, "\\u{:04x}", u32::from(letter))),
            _ => drop(write!(out, "\\U{:08x}", u32::from(letter))),
        }
    }
    out.push('"');
    out
}

/// JSON as Go writes it, which keeps it safe for HTML.
pub fn json(value: &Value) -> String {
    let text = value.to_string();
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => drop(write!(out, "\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_says_what_the_server_prints() {
        let cause = |reason, value: &Value, detail: &'static str| Cause {
            reason: Some(reason),
            value: BadValue::printed(value),
            detail: Some(detail.into()),
            ..Cause::default()
        };
        let says = |reason, value: Value, detail| cause(reason, &value, detail).says().unwrap_or_default();
        assert_eq!(says(Reason::FieldValueRequired, Value::Null, ""), "Required value");
        assert_eq!(
            says(Reason::FieldValueInvalid, "a<b".into(), "must be short"),
            "Invalid value: \"a<b\": must be short"
        );
        assert_eq!(says(Reason::FieldValueInvalid, 3.into(), "must be less"), "Invalid value: 3: must be less");
        assert_eq!(says(Reason::FieldValueTooLong, "long".into(), "no"), "Too long: no");
        let list = serde_json::json!(["a<b"]);
        assert_eq!(says(Reason::FieldValueDuplicate, list, ""), "Duplicate value: [\"a\\u003cb\"]");
        assert_eq!(Cause { detail: None, ..cause(Reason::FieldValueInvalid, &Value::Null, "") }.says(), None);
    }

    #[test]
    fn texts_are_quoted_as_go_does() {
        let letters = [
            ("a\"b\\", r#""a\"b\\""#),
            ("\n\t\u{7}\0", r#""\n\t\a\x00""#),
            ("é…", "\"é…\""),
            ("\u{ad}", r#""\u00ad""#),
        ];
        for (text, expected) in letters {
            assert_eq!(quoted(text), expected);
        }
    }
}
