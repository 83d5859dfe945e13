//! Whether a value is one that a schema describes.
//!
//! Mirrors k8s.io/kube-openapi `pkg/validation/validate` as far as structural schemas use it; of the formats of texts only
//! those are checked whose meaning is beyond doubt.

use std::net::{Ipv4Addr, Ipv6Addr};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrBool};
use serde_json::{Map, Value as Json};

use super::walk::{self, type_of};
use crate::admission::errors::shortened;
use crate::finding::Reason;
use crate::schema::go_pattern;
use crate::yaml::Path;

/// What is wrong with a value.
#[derive(Debug)]
pub(super) struct Problem {
    /// Where, from the value on.
    pub(super) place: Path,
    pub(super) reason: Reason,
    /// In words that follow "the default".
    pub(super) message: String,
    /// The values that would be allowed, if that is the problem, and the one that is there.
    pub(super) supported: Vec<String>,
    pub(super) found: String,
}

/// Everything that is wrong with the value.
pub(super) fn check(value: &Json, schema: &JSONSchemaProps) -> Vec<Problem> {
    validate(value, schema, &Path::root()).problems
}

/// What was found, and how many checks were made on the way, by which the original chooses among alternatives.
#[derive(Default)]
struct Outcome {
    problems: Vec<Problem>,
    checks: usize,
}

impl Outcome {
    fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }

    fn merge(&mut self, other: Outcome) {
        self.problems.extend(other.problems);
        self.checks += other.checks;
    }

    fn add(&mut self, place: &Path, reason: Reason, message: impl Into<String>) -> &mut Problem {
        self.problems.push(Problem {
            place: place.clone(),
            reason,
            message: message.into(),
            supported: Vec::new(),
            found: String::new(),
        });
        self.problems.last_mut().expect("one was just pushed")
    }
}

fn validate(value: &Json, schema: &JSONSchemaProps, place: &Path) -> Outcome {
    let mut all = Outcome::default();
    if value.is_null() {
        all.merge(kind(value, schema, place));
        all.merge(listed(value, schema, place));
        return all;
    }
    let mut step = |outcome: Outcome| {
        all.merge(outcome);
        all.checks += 1;
    };
    if !types(schema).is_empty() || format(schema).is_some() {
        step(kind(value, schema, place));
    }
    step(alternatives(value, schema, place));
    match value {
        Json::String(text) => {
            step(self::text(text, schema, place));
            step(formatted(text, schema, place));
        }
        Json::Number(_) => step(number(value, schema, place)),
        Json::Array(items) => step(array(items, schema, place)),
        _ => {}
    }
    step(listed(value, schema, place));
    if let Json::Object(map) = value {
        step(object(map, schema, place));
    }
    all.checks += 1;
    all
}

fn types(schema: &JSONSchemaProps) -> Vec<&str> {
    // `x-kubernetes-int-or-string` says nothing here; the alternatives in `anyOf` do.
    match type_of(schema) {
        "" => Vec::new(),
        one => vec![one],
    }
}

fn format(schema: &JSONSchemaProps) -> Option<&str> {
    schema.format.as_deref().filter(|format| !format.is_empty())
}

/// `typeValidator`.
fn kind(value: &Json, schema: &JSONSchemaProps, place: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let types = types(schema);
    let has = |name: &str| types.contains(&name);
    let wrong = |found: &str| {
        let mut outcome = Outcome::default();
        let message = format!("must be of type `{}`, and is `{found}`", types.join("` or `"));
        outcome.add(place, Reason::FieldValueTypeInvalid, message);
        outcome
    };
    if value.is_null() {
        if !types.is_empty() && !has("null") && schema.nullable != Some(true) {
            return wrong("null");
        }
        outcome.checks += 1;
        return outcome;
    }
    let (found, its_format) = match value {
        Json::Bool(_) => ("boolean", ""),
        Json::String(_) => ("string", ""),
        Json::Number(number) if number.is_f64() => ("number", "double"),
        Json::Number(_) => ("integer", "int64"),
        Json::Array(_) => ("array", ""),
        Json::Object(_) => ("object", ""),
        Json::Null => ("null", ""),
    };
    let whole = found == "number" && value.as_f64().is_some_and(|value| value.fract() == 0.0) && has("integer");
    let fits = has(found) || whole || (found == "integer" && has("number"));
    let is_text = matches!(value, Json::String(_) | Json::Array(_));
    if let Some(format) = format(schema) {
        if is_text && !has("number") && !has("integer") {
            outcome.checks += 1;
            return outcome;
        }
        if !is_text && !fits && its_format != format {
            return wrong(found);
        }
    }
    if !fits {
        return wrong(found);
    }
    outcome.checks += 1;
    outcome
}

/// `basicCommonValidator`.
fn listed(value: &Json, schema: &JSONSchemaProps, place: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let list = schema.enum_.as_deref().unwrap_or_default();
    let same = |allowed: &Json| match (allowed, value) {
        (Json::Number(one), Json::Number(other)) => one.as_f64() == other.as_f64(),
        _ => allowed == value,
    };
    if list.is_empty() || (!value.is_null() && list.iter().any(|allowed| same(&allowed.0))) {
        return outcome;
    }
    let shown = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let problem = outcome.add(place, Reason::FieldValueNotSupported, "is not one of the values that are allowed");
    problem.supported = list.iter().map(|allowed| shown(&allowed.0)).collect();
    problem.found = shown(value);
    outcome
}

/// `schemaPropsValidator`.
fn alternatives(value: &Json, schema: &JSONSchemaProps, place: &Path) -> Outcome {
    let mut outcome = Outcome { checks: 1, ..Outcome::default() };
    let any = schema.any_of.as_deref().unwrap_or_default();
    if !any.is_empty() {
        match first_or_best(any, value, place) {
            Ok(valid) => outcome.merge(valid),
            Err(best) => {
                outcome.add(&Path::root(), Reason::FieldValueInvalid, "fits none of the alternatives in `anyOf`");
                outcome.merge(best);
            }
        }
    }
    let one = schema.one_of.as_deref().unwrap_or_default();
    if !one.is_empty() {
        let results: Vec<Outcome> = one.iter().map(|one| validate(value, one, place)).collect();
        match results.iter().filter(|result| result.is_valid()).count() {
            1 => {
                if let Some(valid) = results.into_iter().find(Outcome::is_valid) {
                    outcome.merge(valid);
                }
            }
            0 => {
                outcome.add(&Path::root(), Reason::FieldValueInvalid, "fits none of the alternatives in `oneOf`");
                if let Some(best) = best(results) {
                    outcome.merge(best);
                }
            }
            _ => {
                outcome.add(&Path::root(), Reason::FieldValueInvalid, "fits several of the alternatives in `oneOf`");
            }
        }
    }
    let all = schema.all_of.as_deref().unwrap_or_default();
    let mut failed = false;
    for one in all {
        let result = validate(value, one, place);
        failed |= !result.is_valid();
        outcome.merge(result);
    }
    if failed {
        outcome.add(&Path::root(), Reason::FieldValueInvalid, "does not fit everything in `allOf`");
    }
    if let Some(not) = &schema.not
        && validate(value, not, place).is_valid()
    {
        outcome.add(&Path::root(), Reason::FieldValueInvalid, "fits what `not` excludes");
    }
    outcome
}

/// The first alternative that fits, or what is wrong with the one that was checked most.
fn first_or_best(alternatives: &[JSONSchemaProps], value: &Json, place: &Path) -> Result<Outcome, Outcome> {
    let mut results = Vec::new();
    for alternative in alternatives {
        let result = validate(value, alternative, place);
        if result.is_valid() {
            return Ok(result);
        }
        results.push(result);
    }
    Err(best(results).unwrap_or_default())
}

fn best(results: Vec<Outcome>) -> Option<Outcome> {
    results.into_iter().reduce(|best, next| if next.checks > best.checks { next } else { best })
}

/// `stringValidator`, which stops at the first mistake.
fn text(text: &str, schema: &JSONSchemaProps, place: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    if let Some(most) = schema.max_length.filter(|most| length > *most) {
        let message = format!("has {length} characters, and may have {most}");
        outcome.add(place, Reason::FieldValueTooLong, message);
    } else if let Some(least) = schema.min_length.filter(|least| length < *least) {
        let message = format!("has {length} characters, and must have {least}");
        outcome.add(place, Reason::FieldValueInvalid, message);
    } else if let Some(pattern) = schema.pattern.as_deref().filter(|pattern| !pattern.is_empty())
        && go_pattern(pattern).is_some_and(|pattern| !pattern.is_match(text))
    {
        let message = format!("does not match the pattern `{}`", shortened(pattern));
        outcome.add(place, Reason::FieldValueInvalid, message);
    }
    outcome
}

/// `formatValidator`.
fn formatted(text: &str, schema: &JSONSchemaProps, place: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(format) = format(schema) else { return outcome };
    let fits = match format {
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "uuid" => {
            let digits = text.replace('-', "");
            digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit())
        }
        "date" => {
            let digits: Vec<&str> = text.split('-').collect();
            matches!(digits[..], [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2)
                && text.chars().all(|letter| letter.is_ascii_digit() || letter == '-')
        }
        "duration" => text.contains(|letter: char| letter.is_ascii_digit()),
        "byte" => {
            text.len().is_multiple_of(4)
                && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "+/=".contains(letter))
        }
        _ => true,
    };
    if !fits {
        outcome.add(place, Reason::FieldValueTypeInvalid, format!("is not of the format `{format}`"));
    }
    outcome
}

/// `numberValidator`.
fn number(value: &Json, schema: &JSONSchemaProps, place: &Path) -> Outcome {
    let mut outcome = Outcome { checks: 1, ..Outcome::default() };
    let Some(value) = value.as_f64() else { return outcome };
    let largest = if format(schema) == Some("int32") { f64::from(i32::MAX) } else { 9.2e18 };
    let limits = [Some(value), schema.multiple_of, schema.maximum, schema.minimum];
    for limit in limits.into_iter().flatten().filter(|_| type_of(schema) == "integer") {
        if limit.fract() != 0.0 || limit.abs() > largest + 1.0 {
            let message = format!("is compared with {limit}, which is no number of its type");
            outcome.add(&Path::root(), Reason::FieldValueInvalid, message);
        }
    }
    let strict = |flag: Option<bool>| flag == Some(true);
    if let Some(step) = schema.multiple_of.filter(|step| *step > 0.0)
        && (value / step).fract() != 0.0
    {
        outcome.add(place, Reason::FieldValueInvalid, format!("must be a multiple of {step}"));
    }
    if let Some(most) = schema.maximum
        && (value > most || (value >= most && strict(schema.exclusive_maximum)))
    {
        outcome.add(place, Reason::FieldValueInvalid, format!("is larger than {most}"));
    }
    if let Some(least) = schema.minimum
        && (value < least || (value <= least && strict(schema.exclusive_minimum)))
    {
        outcome.add(place, Reason::FieldValueInvalid, format!("is smaller than {least}"));
    }
    outcome
}

/// `schemaSliceValidator`.
fn array(items: &[Json], schema: &JSONSchemaProps, place: &Path) -> Outcome {
    let mut outcome = Outcome { checks: 1, ..Outcome::default() };
    if let Some(item) = walk::item(schema) {
        for (index, value) in items.iter().enumerate() {
            outcome.merge(validate(value, item, &place.index(index)));
        }
    }
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(least) = schema.min_items.filter(|least| length < *least) {
        let message = format!("has {length} items, and must have {least}");
        outcome.add(place, Reason::FieldValueInvalid, message);
    }
    if let Some(most) = schema.max_items.filter(|most| length > *most) {
        let message = format!("has {length} items, and may have {most}");
        outcome.add(place, Reason::FieldValueTooMany, message);
    }
    outcome
}

/// `objectValidator`.
fn object(map: &Map<String, Json>, schema: &JSONSchemaProps, place: &Path) -> Outcome {
    let mut outcome = Outcome::default();
    let length = i64::try_from(map.len()).unwrap_or(i64::MAX);
    if let Some(least) = schema.min_properties.filter(|least| length < *least) {
        let message = format!("has {length} fields, and must have {least}");
        outcome.add(place, Reason::FieldValueInvalid, message);
    }
    if let Some(most) = schema.max_properties.filter(|most| length > *most) {
        let message = format!("has {length} fields, and may have {most}");
        outcome.add(place, Reason::FieldValueTooMany, message);
    }
    for (name, value) in map {
        let at = place.field(name.clone());
        match (walk::property(schema, name), &schema.additional_properties) {
            (Some(property), _) => outcome.merge(validate(value, property, &at)),
            (None, Some(JSONSchemaPropsOrBool::Schema(additional))) => outcome.merge(validate(value, additional, &at)),
            (None, Some(JSONSchemaPropsOrBool::Bool(false))) => {
                let message = format!("has the field `{}`, which is not allowed", shortened(name));
                outcome.add(place, Reason::FieldValueInvalid, message);
            }
            (None, _) => {}
        }
    }
    for name in schema.required.iter().flatten().filter(|name| !map.contains_key(*name)) {
        let message = format!("lacks the field `{}`", shortened(name));
        outcome.add(&place.field(name.clone()), Reason::FieldValueRequired, message);
    }
    outcome
}
