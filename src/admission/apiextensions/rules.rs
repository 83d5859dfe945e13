//! The rules in schemas: `x-kubernetes-validations`.
//!
//! Mirrors `Compile` of apiextensions-apiserver `pkg/apiserver/schema/cel` and `SchemaDeclType` of k8s.io/apiserver
//! `pkg/cel/common` (v1.36). Left out is the cost of rules.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, ValidationRule};

use super::walk::{self, is_embedded, type_of};
use super::{fields, structural};
use crate::admission::admissionregistration::expressions;
use crate::admission::errors::{Errors, shortened};
use crate::cel::{self, Environment, Type};
use crate::yaml::Path;

const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

/// How a rule is written; whether it compiles is another question.
pub(super) fn form(rule: &ValidationRule, schema: &JSONSchemaProps, path: &Path, errors: &mut Errors<'_>) {
    let text = rule.rule.trim();
    let message = rule.message.as_deref().unwrap_or_default();
    let message_at = path.field("message");
    if text.is_empty() {
        errors
            .required(&path.field("rule"), "the rule is empty")
            .says("rule is not specified")
            .help("write what must hold, as in `self.min <= self.max`");
    } else if !message.is_empty() && message.trim().is_empty() {
        errors
            .invalid(&message_at, "the message is blank")
            .says("must be non-empty if specified")
            .help("remove it, or say what is wrong");
    } else if message.trim().contains(['\n', '\r']) {
        errors
            .invalid(&message_at, "the message has several lines")
            .says("must not contain line breaks")
            .help("write it on one line");
    } else if text.contains(['\n', '\r']) && message.trim().is_empty() {
        let finding = errors
            .required(&message_at, "a rule of several lines needs a message, which is shown instead")
            .says("message must be specified if rule contains line breaks");
        finding.help("add a `message`");
    }
    let expression = rule.message_expression.as_deref().unwrap_or_default();
    if !expression.is_empty() && expression.trim().is_empty() {
        errors
            .required(&path.field("messageExpression"), "the expression of the message is blank")
            .says("messageExpression must be non-empty if specified")
            .help("remove it");
    }
    if let Some(reason) = rule.reason.as_deref().filter(|reason| !REASONS.contains(reason)) {
        errors.unsupported(&path.field("reason"), "the reason of a rule", reason, REASONS);
    }
    let field = rule.field_path.as_deref().unwrap_or_default();
    let field_at = path.field("fieldPath");
    if !field.is_empty() && field.trim().is_empty() {
        errors.invalid(&field_at, "the path is blank").says("must be non-empty if specified").help("remove it");
    }
    if field.contains(['\n', '\r']) {
        errors.invalid(&field_at, "the path has several lines").says("must not contain line breaks");
    }
    if !field.is_empty()
        && structural::is_convertible(schema)
        && let Err(problem) = fields::field_path(field, schema, true)
    {
        let message = format!("the path `{}` {problem}", shortened(field));
        errors.invalid(&field_at, message).help("write it as in `.spec.replicas`, from the rule's own place on");
    }
}

/// Compiles the rules of a schema, which stands at `path`.
pub(super) fn compile(
    rules: &[ValidationRule],
    node: Node<'_>,
    uncorrelated: Option<&Path>,
    stored: &BTreeSet<String>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    let path = path.field("x-kubernetes-validations");
    let known = Known { structures: RefCell::default(), own: RefCell::default() };
    let Some(own) = known.of(node.schema, node.is_object, "self") else {
        let message = "the server cannot make rules for a value of which its schema says no type";
        errors.denied(&path, message).help("give the schema a type");
        return;
    };
    for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.rule.trim().is_empty()) {
        let at = path.index(index);
        let old = if rule.optional_old_self == Some(true) { Type::optional(own.clone()) } else { own.clone() };
        known.own.replace(Some((own.clone(), old)));
        let uses_old = one(rule, &known, stored, &at, errors);
        let rule_at = at.field("rule");
        match (uses_old, uncorrelated) {
            (true, Some(around)) => {
                let place = errors.key_place(around);
                let message =
                    "`oldSelf` cannot be used here, because the server cannot tell which old value it would be";
                let finding = errors.invalid(&rule_at, message).related(place, "what is in here has no identity");
                finding.help("write the rule outside, or give the list `x-kubernetes-list-type: map` with keys");
            }
            (false, _) if rule.optional_old_self.is_some() => {
                let message = "`optionalOldSelf` is of use only where the rule uses `oldSelf`";
                errors
                    .invalid(&at.field("optionalOldSelf"), message)
                    .says("may not be set if oldSelf is not used in rule")
                    .help("remove it");
            }
            _ => {}
        }
    }
}

/// Compiles one rule; returns whether it uses the old value.
fn one(
    rule: &ValidationRule,
    known: &Known<'_>,
    stored: &BTreeSet<String>,
    path: &Path,
    errors: &mut Errors<'_>,
) -> bool {
    let of = |expression: &str, errors: &Errors<'_>| Versioned {
        known,
        minor: expressions::minor(stored.contains(expression), errors),
    };
    let at = path.field("rule");
    let compiled = match cel::compile(&rule.rule, &of(&rule.rule, errors)) {
        Ok(compiled) => compiled,
        Err(problem) => {
            expressions::does_not_compile(&rule.rule, &problem, &at, errors);
            return false;
        }
    };
    if compiled.output != Type::Bool {
        expressions::wrong_output(&compiled.output, &Type::Bool, &at, errors);
        return false;
    }
    if let Some(expression) = rule.message_expression.as_deref().filter(|text| !text.is_empty()) {
        let at = path.field("messageExpression");
        match cel::compile(expression, &of(expression, errors)) {
            Ok(message) if message.output != Type::Text => {
                expressions::wrong_output(&message.output, &Type::Text, &at, errors);
            }
            Ok(_) => {}
            Err(problem) => {
                expressions::does_not_compile(expression, &problem, &at, errors);
            }
        }
    }
    compiled.variables.contains("oldSelf")
}

/// A schema whose values rules can speak of.
#[derive(Clone, Copy)]
pub(super) struct Node<'s> {
    schema: &'s JSONSchemaProps,
    /// Whether its values are objects with `apiVersion`, `kind` and `metadata`.
    is_object: bool,
}

impl<'s> Node<'s> {
    pub(super) fn root(schema: &'s JSONSchemaProps) -> Self {
        Self { schema, is_object: true }
    }

    /// A schema inside of another.
    pub(super) fn inside(schema: &'s JSONSchemaProps) -> Self {
        Self { schema, is_object: is_embedded(schema) }
    }
}

/// The variables of a rule and the structures behind them.
struct Known<'s> {
    /// The schemas of structures by their names, which are the paths to them, and whether they are objects.
    structures: RefCell<BTreeMap<String, (&'s JSONSchemaProps, bool)>>,
    /// The types of `self` and `oldSelf`.
    own: RefCell<Option<(Type, Type)>>,
}

struct Versioned<'k, 's> {
    known: &'k Known<'s>,
    minor: u16,
}

impl Environment for Versioned<'_, '_> {
    fn variable(&self, name: &str) -> Option<Type> {
        let own = self.known.own.borrow();
        let (own, old) = own.as_ref()?;
        match name {
            "self" => Some(own.clone()),
            "oldSelf" => Some(old.clone()),
            _ => None,
        }
    }

    fn field(&self, structure: &str, field: &str) -> Option<Type> {
        self.known.field(structure, field)
    }

    fn minor(&self) -> u16 {
        self.minor
    }
}

impl<'s> Known<'s> {
    fn field(&self, structure: &str, field: &str) -> Option<Type> {
        if structure == META {
            return matches!(field, "name" | "generateName").then_some(Type::Text);
        }
        let (schema, is_object) = *self.structures.borrow().get(structure)?;
        if is_object && !says_all_of_metadata(schema) {
            match field {
                "kind" | "apiVersion" => return Some(Type::Text),
                "metadata" => return Some(Type::structure(META)),
                _ => {}
            }
        }
        // A reserved word may stand as it is (`SetRecognizeKeywordAsFieldName`, since 1.31).
        let name = if cel::is_reserved(field) { field.to_owned() } else { unescaped(field) };
        let field_name = escaped(&name)?;
        if field_name != field && name != field {
            return None;
        }
        let property = walk::property(schema, &name)?;
        self.of(property, is_embedded(property), &format!("{structure}.{field_name}"))
    }

    /// The type of the values of a schema; `None` if rules cannot see them (`SchemaDeclType`).
    fn of(&self, schema: &'s JSONSchemaProps, is_object: bool, name: &str) -> Option<Type> {
        if schema.x_kubernetes_int_or_string == Some(true) {
            return Some(Type::Dyn);
        }
        match type_of(schema) {
            "array" => {
                let item = walk::item(schema)?;
                Some(Type::list(self.of(item, is_embedded(item), &format!("{name}.@idx"))?))
            }
            "object" => {
                if let Some(value) = walk::additional(schema.additional_properties.as_ref()) {
                    let value = self.of(value, is_embedded(value), &format!("{name}.@elem"))?;
                    return Some(Type::map(Type::Text, value));
                }
                self.structures.borrow_mut().insert(name.to_owned(), (schema, is_object));
                Some(Type::Structure(Arc::from(name)))
            }
            "string" => Some(match schema.format.as_deref() {
                Some("byte") => Type::Bytes,
                Some("duration") => Type::Duration,
                Some("date" | "date-time") => Type::Timestamp,
                _ => Type::Text,
            }),
            "boolean" => Some(Type::Bool),
            "number" => Some(Type::Double),
            "integer" => Some(Type::Int),
            _ => None,
        }
    }
}

/// The structure of metadata of which a schema says nothing.
const META: &str = "@metadata";

/// Whether the schema itself says what the server would add about metadata (`WithTypeAndObjectMeta`).
fn says_all_of_metadata(schema: &JSONSchemaProps) -> bool {
    let is = |schema: &JSONSchemaProps, name: &str, wanted: &str| {
        walk::property(schema, name).is_some_and(|property| type_of(property) == wanted)
    };
    let names = |metadata: &JSONSchemaProps| is(metadata, "name", "string") && is(metadata, "generateName", "string");
    is(schema, "kind", "string")
        && is(schema, "apiVersion", "string")
        && is(schema, "metadata", "object")
        && walk::property(schema, "metadata").is_some_and(names)
}

/// The name by which an expression calls a field, if it can (`Escape`).
fn escaped(name: &str) -> Option<String> {
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    if cel::is_reserved(name) {
        return Some(format!("__{name}__"));
    }
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-' | '/')) {
        return None;
    }
    let name = name.replace("__", "__underscores__");
    Some(name.replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__"))
}

fn unescaped(field: &str) -> String {
    if let Some(word) = field.strip_prefix("__").and_then(|rest| rest.strip_suffix("__"))
        && cel::is_reserved(word)
    {
        return word.to_owned();
    }
    let name = field.replace("__dot__", ".").replace("__dash__", "-").replace("__slash__", "/");
    name.replace("__underscores__", "__")
}
