//! Words and numbers that YAML 1.1 reads as something else than they say.
//!
//! Where Kubernetes' own types want a string, the schema reports the wrong type. These rules look where any type is taken,
//! so that one mistake is one finding.

use crate::finding::Findings;
use crate::source::Span;
use crate::yaml::{Document, Field, Scalar, Value};

/// A key that is read as a boolean has another name than the one that is written.
pub(in crate::rules) fn boolean_word_key(document: &Document, out: &mut Findings) {
    walk(document, |entry| {
        let written = document.text(entry.field.key);
        if is_boolean_word(written) {
            let message = format!("the key `{written}` is read as a boolean: its name is `{}`", entry.field.name);
            report(document, out, entry.field.key, message).help(format!("write it in quotes: `\"{written}\"`"));
        }
    });
}

/// kubectl and Helm read a boolean, kustomize and YAML 1.2 read a word.
pub(in crate::rules) fn boolean_word_value(document: &Document, out: &mut Findings) {
    walk(document, |entry| {
        for value in entry.scalars() {
            let Some(written) = value.written().filter(|written| value.is_plain() && is_boolean_word(written)) else {
                continue;
            };
            let Some(Scalar::Bool(meaning)) = value.scalar() else { continue };
            let message = format!("`{written}` is the boolean `{meaning}` for kubectl, and a word for other readers");
            report(document, out, value.span(), message)
                .help(format!("write `{meaning}`, or `\"{written}\"` if the word is meant"));
        }
    });
}

/// A file mode has few sensible values; these four are sensible in octal and not in decimal. Larger ones are refused by the
/// API server.
pub(in crate::rules) fn decimal_file_mode(document: &Document, out: &mut Findings) {
    walk(document, |entry| {
        if !matches!(entry.field.name, "defaultMode" | "mode") {
            return;
        }
        let Some(written @ ("400" | "440" | "444" | "500")) = entry.field.value.written() else { return };
        let (Some(Scalar::Integer(decimal)), Ok(meant)) = (entry.field.value.scalar(), i64::from_str_radix(written, 8))
        else {
            return;
        };
        let message = format!("the file mode {written} is a decimal number, in octal it is 0{decimal:o}");
        report(document, out, entry.field.value.span(), message)
            .help(format!("write `0{written}`, which is `{meant}` in decimal and in JSON"));
    });
}

/// Versions, tags and ids are texts, although they look like numbers; and numbers beyond 64 bits are rounded. The types of
/// Kubernetes itself have no such field that takes a number.
pub(in crate::rules) fn number_loses_digits(document: &Document, out: &mut Findings) {
    walk(document, |entry| {
        if entry.of_kubernetes {
            return;
        }
        for value in entry.scalars() {
            let Some(written) = value.written().filter(|_| value.is_plain()) else { continue };
            let Some(number) = json_number(value) else { continue };
            let name = entry.field.name.to_ascii_lowercase();
            let is_text = ["version", "tag", "release", "revision"].iter().any(|word| name.ends_with(word))
                || name == "id"
                || entry.field.name.ends_with("Id")
                || entry.field.name.ends_with("ID");
            if number != written && (is_text || is_rounded(written)) {
                let message = format!("`{written}` is read as the number {number}");
                report(document, out, value.span(), message).help(format!("write it in quotes: `\"{written}\"`"));
            }
        }
    });
}

/// A leading zero makes a number octal. In the modes of files that is meant.
pub(in crate::rules) fn octal_number(document: &Document, out: &mut Findings) {
    walk(document, |entry| {
        let name = entry.field.name.to_ascii_lowercase();
        if entry.of_texts
            || ["mode", "umask", "perm", "permission", "permissions"].iter().any(|word| name.ends_with(word))
        {
            return;
        }
        for value in entry.scalars() {
            let Some(written) = value.written().filter(|_| value.is_plain()) else { continue };
            let digits = written.trim_start_matches(['+', '-']);
            let is_octal =
                digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
            let (Some(Scalar::Integer(meaning)), true) = (value.scalar(), is_octal) else { continue };
            let Ok(decimal) = written.parse::<i64>() else { continue };
            if decimal != meaning {
                let message = format!("`{written}` is an octal number: {meaning}");
                report(document, out, value.span(), message)
                    .help(format!("write `{decimal}` or `{meaning}`, whichever is meant, or quote it as text"));
            }
        }
    });
}

fn report<'f>(
    document: &Document,
    out: &'f mut Findings,
    span: Span,
    message: String,
) -> &'f mut crate::finding::Finding {
    out.report(document.place(span), document.index, message)
}

fn is_boolean_word(written: &str) -> bool {
    matches!(
        written,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF"
    )
}

fn json_number(value: Value<'_>) -> Option<String> {
    match value.scalar()? {
        Scalar::Integer(number) => Some(number.to_string()),
        Scalar::Unsigned(number) => Some(number.to_string()),
        Scalar::Float(number) => Some(number.to_string()),
        Scalar::Null | Scalar::Bool(_) | Scalar::NotFinite(_) | Scalar::Text(_) => None,
    }
}

/// Whether a number has more digits than a double holds, and is not a whole number of 64 bits.
fn is_rounded(written: &str) -> bool {
    let digits = written.trim_start_matches(['+', '-', '0', '.']);
    let count =
        digits.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').filter(u8::is_ascii_digit).count();
    count > 17 && written.parse::<i64>().is_err() && written.parse::<u64>().is_err()
}

/// An entry of a map, with what is known about its place.
struct Entry<'a> {
    field: Field<'a>,
    /// Whether it belongs to a type of Kubernetes itself, or to the metadata of any object.
    of_kubernetes: bool,
    /// Whether the map takes texts only, so that the API server refuses anything else.
    of_texts: bool,
}

impl<'a> Entry<'a> {
    /// The scalars under the key: its value, or the elements of its list.
    fn scalars(&self) -> impl Iterator<Item = Value<'a>> + use<'a> {
        let value = self.field.value;
        let alone = (value.scalar().is_some() && !value.is_alias()).then_some(value);
        alone.into_iter().chain(value.items().filter(|item| item.scalar().is_some() && !item.is_alias()))
    }
}

/// Visits each entry once, where it is written.
fn walk(document: &Document, mut visit: impl FnMut(&Entry<'_>)) {
    let mut waiting: Vec<(Value<'_>, bool, bool)> =
        document.root().map(|root| (root, false, false)).into_iter().collect();
    while let Some((value, outer, of_texts)) = waiting.pop() {
        if value.is_alias() {
            continue;
        }
        waiting.extend(value.items().map(|item| (item, outer, of_texts)));
        let of_kubernetes = match (value.get("apiVersion").and_then(Value::as_str), value.get("kind")) {
            (Some(version), Some(_)) => is_of_kubernetes(version),
            _ => outer,
        };
        for field in value.fields().filter(|field| field.merged.is_none()) {
            visit(&Entry { field, of_kubernetes, of_texts });
            let texts = matches!(
                field.name,
                "labels"
                    | "annotations"
                    | "matchLabels"
                    | "nodeSelector"
                    | "selector"
                    | "data"
                    | "stringData"
                    | "env"
                    | "args"
                    | "command"
            );
            waiting.push((field.value, of_kubernetes || field.name == "metadata", of_texts || texts));
        }
    }
}

/// The core group has no name, the first groups have no dot, and the later ones belong to `k8s.io`.
fn is_of_kubernetes(version: &str) -> bool {
    let group = version.split_once('/').map_or("", |(group, _)| group);
    matches!(group, "" | "apps" | "autoscaling" | "batch" | "extensions" | "policy") || group.ends_with(".k8s.io")
}
