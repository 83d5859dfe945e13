//! One compiled schema, and the errors it finds in words for people.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::{Location, LocationSegment};
use jsonschema::{Draft, JsonType, PatternOptions, ValidationError, Validator};
use serde_json::Value as JsonValue;

use super::instance::{Instance, Located};
use super::types;
use crate::finding::{Group, Reason};
use crate::nearest::nearest;
use crate::yaml::{Path, Scalar, Segment, Value};

/// A schema, compiled.
pub(super) struct Compiled {
    schema: JsonValue,
    validator: Validator<Located>,
}

/// Something that the schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// The id of the rule.
    pub(super) rule: &'static str,
    /// What happens to the user.
    pub(super) group: Group,
    /// The place.
    pub(super) path: Path,
    /// Whether the key of the place is meant, not its value.
    pub(super) key: bool,
    pub(super) message: String,
    pub(super) reason: Option<Reason>,
    pub(super) help: Option<String>,
    /// The key to write instead of the one at the place.
    pub(super) rename: Option<String>,
}

impl Compiled {
    /// Compiles a schema; the error says what is wrong with it, which only a CRD of the input can cause.
    pub(super) fn new(schema: JsonValue) -> Result<Self, String> {
        // OpenAPI v3.0, in which Kubernetes writes its schemas, extends this draft; its meta-schema is small, too.
        let validator = jsonschema::options_for::<Located>()
            .with_draft(Draft::Draft4)
            .offline()
            .should_validate_formats(false)
            .with_pattern_options(PatternOptions::regex())
            .with_keyword(types::KEYWORD, |_, value, _| types::keyword(value))
            .build(&schema)
            .map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    /// Everything in `root` that the schema does not allow.
    pub(super) fn check(&self, root: Value<'_>) -> Vec<Misfit> {
        let mut misfits = Vec::new();
        for error in self.validator.iter_errors(Instance::Value(root)) {
            self.explain(root, &error, &mut misfits);
        }
        let schema = resolve(&self.schema, &self.schema);
        self.unknown_nulls(root, &Path::root(), schema, &mut Vec::new(), &mut misfits);
        misfits
    }

    /// The validator does not see members that are null, because they are as good as absent. The decoder looks at their
    /// names all the same.
    fn unknown_nulls<'s>(
        &'s self,
        value: Value<'_>,
        path: &Path,
        schema: &'s JsonValue,
        parents: &mut Vec<(Path, &'s JsonValue)>,
        out: &mut Vec<Misfit>,
    ) {
        if !has_null(value) {
            return;
        }
        parents.push((path.clone(), schema));
        for field in value.fields() {
            let property = schema.get("properties").and_then(|all| all.get(field.name));
            if field.value.is_null() && property.is_none() && schema.get("additionalProperties") == Some(&false.into())
            {
                let around = &parents[..parents.len() - 1];
                out.push(unknown_field(&self.schema, path, field.name, Some(value), Some(schema), around));
            }
            let (step, next) = match property {
                Some(property) => (path.field(field.name.to_owned()), property),
                None => match schema.get("additionalProperties") {
                    Some(values) => (path.key(field.name), values),
                    None => continue,
                },
            };
            self.unknown_nulls(field.value, &step, resolve(&self.schema, next), parents, out);
        }
        if let Some(items) = schema.get("items") {
            let items = resolve(&self.schema, items);
            for (index, item) in value.items().enumerate() {
                self.unknown_nulls(item, &path.index(index), items, parents, out);
            }
        }
        parents.pop();
    }

    fn explain(&self, root: Value<'_>, error: &ValidationError<'_>, out: &mut Vec<Misfit>) {
        let Place { path, schema, parents } = self.place(error.instance_path());
        let here = root.at(&path);
        let name = name(&path);
        let misfit = |rule, message: String| Misfit {
            rule,
            group: Group::Refused,
            path: path.clone(),
            key: false,
            message,
            reason: None,
            help: None,
            rename: None,
        };
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                for unknown in unexpected {
                    out.push(unknown_field(&self.schema, &path, unknown, here, schema, &parents));
                }
            }
            // The validator says so of a struct without fields, and of its first member alone.
            ValidationErrorKind::FalseSchema if here.is_some_and(Value::is_mapping) => {
                let members = here.into_iter().flat_map(Value::fields).filter(|field| !field.value.is_null());
                for field in members {
                    out.push(unknown_field(&self.schema, &path, field.name, here, schema, &parents));
                }
            }
            // Go reads a null element as the zero value.
            ValidationErrorKind::Type { .. } if here.is_some_and(Value::is_null) => {}
            ValidationErrorKind::Type { kind } => {
                let found = here.map_or("null", |value| types::a_type(Instance::Value(value)));
                let mut misfit = misfit("wrong-type", format!("{name} must be {}, not {found}", wanted(kind)));
                misfit.help = here.and_then(|value| type_help(kind, value));
                out.push(misfit);
            }
            ValidationErrorKind::Custom { message, .. } => out.push(misfit("wrong-type", format!("{name} {message}"))),
            ValidationErrorKind::Required { property } => {
                let field = property.as_str().unwrap_or_default().to_owned();
                let mut misfit = misfit("missing-field", format!("{name} has no `{field}`, which must be given"));
                misfit.path = path.field(field);
                misfit.reason = Some(Reason::FieldValueRequired);
                out.push(misfit);
            }
            ValidationErrorKind::Enum { options } => {
                let mut misfit = misfit("unsupported-value", format!("{name} has a value that is not supported"));
                let options: Vec<&str> =
                    options.as_array().into_iter().flatten().filter_map(JsonValue::as_str).collect();
                let written = here.and_then(Value::as_str).unwrap_or_default();
                misfit.reason = Some(Reason::FieldValueNotSupported);
                if !written.is_empty() {
                    misfit.message = format!("{name} cannot be `{written}`");
                }
                misfit.help = Some(choice(&options, written));
                out.push(misfit);
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                // The branch that got furthest is the one that was meant.
                let depth = |errors: &&Vec<ValidationError<'static>>| {
                    errors.iter().map(|error| error.instance_path().as_str().len()).max()
                };
                for error in context.iter().max_by_key(depth).into_iter().flatten() {
                    self.explain(root, error, out);
                }
            }
            kind => {
                let mut misfit = misfit("invalid-value", limit(&name, kind));
                misfit.reason = Some(Reason::FieldValueInvalid);
                out.push(misfit);
            }
        }
    }

    /// The path of an instance location, with the schema there and the schemas around it, the outermost first.
    fn place(&self, location: &Location) -> Place<'_> {
        let mut place =
            Place { path: Path::root(), schema: Some(resolve(&self.schema, &self.schema)), parents: Vec::new() };
        for segment in location.segments() {
            let Some(schema) = place.schema else {
                place.path = match segment {
                    LocationSegment::Property(name) => place.path.field(name.into_owned()),
                    LocationSegment::Index(index) => place.path.index(index),
                };
                continue;
            };
            let (step, next) = match &segment {
                LocationSegment::Index(index) => (Segment::Index(*index), schema.get("items")),
                LocationSegment::Property(name) => {
                    match schema.get("properties").and_then(|all| all.get(name.as_ref())) {
                        Some(property) => (Segment::Field(name.clone().into_owned().into()), Some(property)),
                        None => (Segment::Key(name.clone().into_owned()), schema.get("additionalProperties")),
                    }
                }
            };
            place.parents.push((place.path.clone(), schema));
            place.path = place.path.push(step);
            place.schema = next.map(|next| resolve(&self.schema, next));
        }
        place
    }
}

/// Whether a member somewhere below is null.
fn has_null(value: Value<'_>) -> bool {
    value.fields().any(|field| field.value.is_null() || has_null(field.value)) || value.items().any(has_null)
}

struct Place<'s> {
    path: Path,
    schema: Option<&'s JsonValue>,
    parents: Vec<(Path, &'s JsonValue)>,
}

/// Follows references; of alternatives the first is taken, which is the object where there is one.
fn resolve<'s>(root: &'s JsonValue, mut schema: &'s JsonValue) -> &'s JsonValue {
    for _ in 0..8 {
        let target = schema
            .get("$ref")
            .and_then(JsonValue::as_str)
            .and_then(|reference| root.pointer(reference.strip_prefix('#')?))
            .or_else(|| schema.get("anyOf").or_else(|| schema.get("allOf")).and_then(|all| all.get(0)));
        match target {
            Some(target) => schema = target,
            None => break,
        }
    }
    schema
}

fn unknown_field(
    root: &JsonValue,
    path: &Path,
    unknown: &str,
    here: Option<Value<'_>>,
    schema: Option<&JsonValue>,
    parents: &[(Path, &JsonValue)],
) -> Misfit {
    let properties = |schema: Option<&'_ JsonValue>| -> Vec<String> {
        let all = schema.and_then(|schema| schema.get("properties")).and_then(JsonValue::as_object);
        all.into_iter().flat_map(|all| all.keys().cloned()).collect()
    };
    let known = properties(schema);
    let mut misfit = Misfit {
        rule: "unknown-field",
        group: Group::Refused,
        path: path.field(unknown.to_owned()),
        key: true,
        message: match path.last() {
            None => format!("unknown field `{unknown}`"),
            Some(_) => format!("unknown field `{unknown}` in {}", name(path)),
        },
        reason: None,
        help: None,
        rename: None,
    };
    let unused = known.iter().filter(|name| here.is_none_or(|here| here.get(name).is_none()));
    if let Some(nearest) = nearest(unknown, unused.map(String::as_str)) {
        misfit.help = Some(format!("write `{nearest}`"));
        misfit.rename = Some(nearest.to_owned());
    } else if let Some((around, _)) =
        parents.iter().rev().find(|(_, schema)| schema.get("properties").is_some_and(|all| all.get(unknown).is_some()))
    {
        let around = if around.last().is_none() { "the object itself".to_owned() } else { format!("`{around}`") };
        misfit.help = Some(format!("move it: `{unknown}` is a field of {around}"));
    } else if let Some(below) = known.iter().find(|name| {
        let child = schema.and_then(|schema| schema.get("properties")).and_then(|all| all.get(name.as_str()));
        let child = child.map(|child| resolve(root, child));
        child.and_then(|child| child.get("properties")).is_some_and(|all| all.get(unknown).is_some())
    }) {
        misfit.help = Some(format!("move it: `{unknown}` is a field of `{}`", path.field(below.clone())));
    }
    misfit
}

/// What to call a place in a message: its field, with the index of a list element.
fn name(path: &Path) -> String {
    match path.last() {
        None => "the object".to_owned(),
        Some(Segment::Index(index)) => {
            let list = path.parent().and_then(Path::last).and_then(Segment::name);
            format!("`{}[{index}]`", list.unwrap_or_default())
        }
        Some(Segment::Field(name)) => format!("`{name}`"),
        Some(Segment::Key(name)) => format!("`{name}`"),
    }
}

fn choice(options: &[&str], written: &str) -> String {
    let list: Vec<String> =
        options.iter().filter(|option| !option.is_empty()).map(|option| format!("`{option}`")).collect();
    match nearest(written, options.iter().copied()) {
        Some(nearest) => format!("write `{nearest}` (supported are {})", list.join(", ")),
        None => format!("use one of {}", list.join(", ")),
    }
}

fn wanted(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(kind) => type_words(*kind).to_owned(),
        TypeKind::Multiple(kinds) => kinds.iter().map(type_words).collect::<Vec<_>>().join(" or "),
    }
}

fn type_words(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "a list",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "a map",
        JsonType::String => "a string",
    }
}

/// What to write instead, where the value shows what was meant.
fn type_help(kind: &TypeKind, value: Value<'_>) -> Option<String> {
    let TypeKind::Single(kind) = kind else { return None };
    match kind {
        JsonType::String if value.is_plain() => {
            let quoted = format!("quote it: `\"{}\"`", value.written()?);
            // A boolean word surprises; a number shows what it is.
            let surprise = value.why_no_string().filter(|_| matches!(value.scalar(), Some(Scalar::Bool(_))));
            Some(surprise.map_or(quoted.clone(), |why| format!("{quoted}; {why}")))
        }
        JsonType::Integer | JsonType::Number | JsonType::Boolean => {
            let text = value.as_str()?;
            let means = crate::yaml::scalar::resolve_plain(text).type_name();
            let fits = match kind {
                JsonType::Boolean => means == "boolean",
                JsonType::Integer => means == "integer",
                _ => matches!(means, "integer" | "number"),
            };
            fits.then(|| format!("write it without quotes: `{text}`"))
        }
        JsonType::Array if value.is_mapping() => {
            Some("put `- ` before the first key to make it a list of one".to_owned())
        }
        _ => None,
    }
}

/// Limits that a CRD sets; built-in kinds have none in their schemas.
fn limit(name: &str, kind: &ValidationErrorKind) -> String {
    match kind {
        ValidationErrorKind::Maximum { limit } => format!("{name} must be at most {limit}"),
        ValidationErrorKind::Minimum { limit } => format!("{name} must be at least {limit}"),
        ValidationErrorKind::ExclusiveMaximum { limit } => format!("{name} must be less than {limit}"),
        ValidationErrorKind::ExclusiveMinimum { limit } => format!("{name} must be more than {limit}"),
        ValidationErrorKind::MaxLength { limit } => format!("{name} must have at most {limit} characters"),
        ValidationErrorKind::MinLength { limit } => format!("{name} must have at least {limit} characters"),
        ValidationErrorKind::MaxItems { limit } => format!("{name} must have at most {limit} elements"),
        ValidationErrorKind::MinItems { limit } => format!("{name} must have at least {limit} elements"),
        ValidationErrorKind::MaxProperties { limit } => format!("{name} must have at most {limit} entries"),
        ValidationErrorKind::MinProperties { limit } => format!("{name} must have at least {limit} entries"),
        ValidationErrorKind::Pattern { pattern } => format!("{name} must match `{pattern}`"),
        ValidationErrorKind::MultipleOf { multiple_of } => format!("{name} must be a multiple of {multiple_of}"),
        ValidationErrorKind::UniqueItems => format!("{name} must not hold an element twice"),
        other => format!("{name} does not fit the schema (`{}`)", other.keyword()),
    }
}
