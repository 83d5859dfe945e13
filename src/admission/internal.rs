//! How the API server prints values: as the JSON of its internal types ([`Type`]), whose fields have their Go names and are
//! all there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::types::{Field, Type};
use crate::finding::{BadValue, Identity, json};
use crate::yaml::Path;

/// A value as it will be printed.
enum Printed {
    Leaf(String),
    List(Vec<Printed>),
    Fields(Vec<(String, Printed)>),
}

/// What the server prints of the value at `path` of an object, which is defaulted.
pub(super) fn at(identity: &Identity, object: &Value, path: &Path) -> BadValue {
    let mut of = Some(Type::of(identity)).filter(|of| of.is_known());
    for segment in path.segments() {
        of = of.and_then(|of| of.inside(segment));
    }
    let value = object.pointer(&path.pointer());
    match (of, value) {
        (_, Some(Value::String(text))) => BadValue::printed(&Value::String(text.clone())),
        (Some(of), value) => BadValue::Printed(compact(value, of.text)),
        (None, Some(value)) => BadValue::printed(value),
        (None, None) => BadValue::Unknown,
    }
}

/// A value of a type of the table, on one line.
pub(super) fn compact(value: Option<&Value>, of: &'static str) -> String {
    let mut out = String::new();
    printed(value, of, None).write(None, &mut out);
    out
}

/// A value of a type of the table, with a line for each field (`json.MarshalIndent` with one blank).
pub(super) fn indented(value: &Value, of: &'static str) -> String {
    let mut out = String::new();
    printed(Some(value), of, None).write(Some(0), &mut out);
    out
}

fn printed(value: Option<&Value>, of: &'static str, around: Option<&Value>) -> Printed {
    let value = value.filter(|value| !value.is_null());
    let leaf = |text: &str| Printed::Leaf(text.to_owned());
    if let Some(of) = of.strip_prefix('*') {
        return if value.is_some() { printed(value, of, around) } else { leaf("null") };
    }
    if let Some(of) = of.strip_prefix("[]") {
        let Some(list) = value.and_then(Value::as_array) else { return leaf("null") };
        return Printed::List(list.iter().map(|element| printed(Some(element), of, None)).collect());
    }
    if let Some(of) = of.strip_prefix("map ") {
        let Some(map) = value.and_then(Value::as_object) else { return leaf("null") };
        let map: BTreeMap<&String, &Value> = map.iter().collect();
        return Printed::Fields(
            map.into_iter().map(|(key, entry)| (key.clone(), printed(Some(entry), of, None))).collect(),
        );
    }
    if let Some(fields) = Type::from(of).fields() {
        let mut out = Vec::new();
        for field in fields {
            field.print(value, around, &mut out);
        }
        return Printed::Fields(out);
    }
    match (value, of) {
        (Some(value), _) => Printed::Leaf(json(value)),
        (None, "string") => leaf("\"\""),
        (None, "quantity") => leaf("\"0\""),
        (None, "int" | "intstr" | "byte") => leaf("0"),
        (None, "bool") => leaf("false"),
        (None, _) => leaf("null"),
    }
}

impl Field {
    fn print(&self, value: Option<&Value>, around: Option<&Value>, out: &mut Vec<(String, Printed)>) {
        if self.printed == "<" {
            let embedded =
                if self.written.is_empty() { value } else { value.and_then(|value| value.get(self.written)) };
            if let Printed::Fields(fields) = printed(embedded, self.of, around) {
                out.extend(fields);
            }
            return;
        }
        let found = match self.written.strip_prefix('^') {
            Some(name) => around.and_then(|around| around.get(name)),
            None => value.and_then(|value| value.get(self.written)),
        };
        let shown = printed(found, self.of, value);
        match self.printed.strip_suffix('?') {
            Some(_) if shown.is_empty() => {}
            Some(name) => out.push((name.to_owned(), shown)),
            None => out.push((self.printed.to_owned(), shown)),
        }
    }
}

impl Printed {
    /// Whether `omitempty` leaves it out.
    fn is_empty(&self) -> bool {
        match self {
            Printed::Leaf(text) => matches!(text.as_str(), "null" | "\"\"" | "0" | "false"),
            Printed::List(list) => list.is_empty(),
            Printed::Fields(fields) => fields.is_empty(),
        }
    }

    /// Writes it, on a line for each part if there is an indentation.
    fn write(&self, indent: Option<usize>, out: &mut String) {
        let (open, close, parts): (_, _, Vec<(Option<&String>, &Printed)>) = match self {
            Printed::Leaf(text) => return out.push_str(text),
            Printed::List(list) => ('[', ']', list.iter().map(|element| (None, element)).collect()),
            Printed::Fields(fields) => ('{', '}', fields.iter().map(|(name, value)| (Some(name), value)).collect()),
        };
        let break_line = |indent: Option<usize>, out: &mut String| {
            if let Some(indent) = indent.filter(|_| !parts.is_empty()) {
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
            }
        };
        let inner = indent.map(|indent| indent + 1);
        out.push(open);
        for (at, (name, value)) in parts.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            break_line(inner, out);
            if let Some(name) = name {
                out.push_str(&json(&Value::String((*name).clone())));
                out.push_str(if indent.is_some() { ": " } else { ":" });
            }
            value.write(inner, out);
        }
        break_line(indent, out);
        out.push(close);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn internal_types_have_all_their_fields() {
        let strategy = json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%" } });
        assert_eq!(
            compact(Some(&strategy), "apps.DeploymentStrategy"),
            r#"{"Type":"RollingUpdate","RollingUpdate":{"MaxUnavailable":0,"MaxSurge":"25%"}}"#
        );
        let selector = json!({ "matchLabels": { "b": "<", "a": "" } });
        assert_eq!(compact(Some(&selector), "metav1.LabelSelector"), r#"{"matchLabels":{"a":"","b":"\u003c"}}"#);
    }

    #[test]
    fn absent_values_print_as_their_types_do() {
        let identity =
            Identity { api_version: "apps/v1".to_owned(), kind: "Deployment".to_owned(), ..Identity::default() };
        let print = |names: &[&'static str]| match at(&identity, &json!({}), &Path::root().fields(names)) {
            BadValue::Printed(text) => text,
            other => format!("{other:?}"),
        };
        assert_eq!(print(&["spec", "progressDeadlineSeconds"]), "null");
        assert_eq!(print(&["spec", "minReadySeconds"]), "0");
        assert_eq!(print(&["spec", "strategy", "type"]), "\"\"");
        assert_eq!(print(&["spec", "unheardOf"]), "Unknown");
    }
}
