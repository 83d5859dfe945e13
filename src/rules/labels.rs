//! Keys and values of labels and annotations, wherever the API server looks at them.
//!
//! Mirrors `ValidateLabels`, `ValidateLabelName` and `ValidateAnnotations` of k8s.io/apimachinery (v1.36). The API
//! server names only the map, never the entry; here the entry is underlined.

use super::Context;
use super::label_places::{Sort, places};
use crate::cluster::Object;
use crate::finding::{Findings, Reason};
use crate::values::names;
use crate::yaml::{Field, Path, Segment, Value};

/// The sum of all keys and values, in bytes (`TotalAnnotationSizeLimitB`).
const ANNOTATIONS_LIMIT: usize = 256 * 1024;

/// Keys and values of label maps, and fields that hold a key alone. A value that is no string is the schema's business.
pub(super) fn invalid_label(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for place in places(object) {
        match place.sort {
            Sort::Labels => map(object, place.value, &place.path, &place.field, out),
            Sort::Selector => {
                let of = |path: &Path| path.field("matchLabels");
                if let Some(labels) = place.value.get("matchLabels") {
                    map(object, labels, &of(&place.path), &of(&place.field), out);
                }
            }
            Sort::Key | Sort::TolerationKey => {
                let Some(key) = place.value.as_str() else { continue };
                if place.sort == Sort::TolerationKey && key.is_empty() {
                    continue;
                }
                let problems = names::qualified_name(key);
                if !problems.is_empty() {
                    let message = format!("the label key `{key}` {}", join(&problems));
                    object.report(out, &place.path, message).reason(Reason::FieldValueInvalid);
                }
            }
            Sort::Annotations | Sort::NodeRequirement { .. } => {}
        }
    }
}

/// The key of an annotation is checked in lower case, so capitals are allowed in its domain too.
pub(super) fn invalid_annotation_key(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for place in places(object).into_iter().filter(|place| place.sort == Sort::Annotations) {
        for entry in place.value.fields() {
            let problems = names::qualified_name(&entry.name.to_lowercase());
            if !problems.is_empty() {
                key(object, "annotation", &entry, &problems, &place.path, &place.field, out);
            }
        }
    }
}

/// Keys and values together, per map.
pub(super) fn annotations_too_large(_: &Context<'_>, object: &Object, out: &mut Findings) {
    for place in places(object).into_iter().filter(|place| place.sort == Sort::Annotations) {
        let length = |entry: &Field<'_>| entry.name.len() + entry.value.as_str().unwrap_or_default().len();
        let Some(largest) = place.value.fields().max_by_key(length) else { continue };
        let total: usize = place.value.fields().map(|entry| length(&entry)).sum();
        if total > ANNOTATIONS_LIMIT {
            let message = format!("the annotations have {total} bytes, more than {ANNOTATIONS_LIMIT}");
            let finding = object.report(out, &place.path, message);
            finding.called(place.field).reason(Reason::FieldValueTooLong);
            finding.help("keep large texts in a ConfigMap; what `kubectl apply` remembers counts too, unless it is `--server-side`");
            let place = object.key_place(&place.path.key(largest.name));
            finding.related(place, format!("the largest, with {} bytes", length(&largest)));
        }
    }
}

/// One map of labels.
fn map(object: &Object, labels: Value<'_>, path: &Path, field: &Path, out: &mut Findings) {
    for entry in labels.fields() {
        let problems = names::qualified_name(entry.name);
        if !problems.is_empty() {
            key(object, "label", &entry, &problems, path, field, out);
        }
        let Some(value) = entry.value.as_str() else { continue };
        let problems = names::label_value(value);
        if !problems.is_empty() {
            let (value, name, whose) = (shortened(value), entry.name, whose(path, field));
            let message = format!("the value `{value}` of label `{name}`{whose} {}", join(&problems));
            let finding = object.report(out, &path.key(entry.name), message);
            finding.called(field.clone()).reason(Reason::FieldValueInvalid);
            if path.last().and_then(Segment::name) == Some("labels") {
                finding.help("shorten the value, or put the text into an annotation, where anything is allowed");
            }
        }
    }
}

fn key(
    object: &Object,
    what: &str,
    entry: &Field<'_>,
    problems: &[String],
    path: &Path,
    field: &Path,
    out: &mut Findings,
) {
    let message = format!("the {what} key `{}`{} {}", shortened(entry.name), whose(path, field), join(problems));
    let path = path.key(entry.name);
    let place = object.key_place(&path);
    object.report(out, &path, message).at(place).called(field.clone()).reason(Reason::FieldValueInvalid);
}

/// Says it where the API server complains about a label that the object took over from its template.
fn whose(path: &Path, field: &Path) -> &'static str {
    let is_taken_over = path != field && *field == Path::root().fields(&["metadata", "labels"]);
    if is_taken_over { ", which the object takes over," } else { "" }
}

/// The problems in one sentence.
fn join(problems: &[String]) -> String {
    problems.join(" and ")
}

/// A text that is refused for its length should not fill the screen as well.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 70;
    if text.chars().count() <= SHOWN { text.to_owned() } else { text.chars().take(SHOWN - 1).chain(['…']).collect() }
}
