//! The CEL expressions of admission policies and of the match conditions of webhooks.
//!
//! Mirrors `CompileCELExpression`, `BuildRequestType` and `BuildNamespaceType` of
//! k8s.io/apiserver/pkg/admission/plugin/cel (v1.36).

use std::collections::BTreeMap;

use crate::admission::errors::{Errors, shortened};
use crate::cel::{self, Environment, Type};
use crate::finding::Finding;
use crate::yaml::Path;

/// What the expressions of a policy or webhook may refer to.
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own, as upstream")]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scope<'a> {
    /// Whether there is a `params`.
    pub(super) params: bool,
    /// Whether there is an `authorizer`.
    pub(super) authorizer: bool,
    /// Whether there are the types of which mutations are made.
    pub(super) mutations: bool,
    /// The variables of the policy, if it has any.
    pub(super) variables: Option<&'a BTreeMap<String, Type>>,
    /// Whether the expression stands in the old object already: then it may use whatever the server knows.
    pub(super) stored: bool,
}

/// The name under which structures that policies make begin.
const OBJECT: &str = "Object";
const PATCH: &str = "JSONPatch";

/// The type of what `Object{…}` makes.
pub(super) fn object() -> Type {
    Type::structure(OBJECT)
}

/// The type of a list of patches.
pub(super) fn patches() -> Type {
    Type::list(Type::structure(PATCH))
}

/// Reports if the expression does not compile or gives none of the types that are `wanted`; every type will do if there
/// are none. Returns the type that it gives.
pub(super) fn check(
    expression: &str,
    scope: Scope<'_>,
    wanted: &[Type],
    path: &Path,
    errors: &mut Errors<'_>,
) -> Option<Type> {
    let known = Known { scope, minor: minor(scope.stored, errors) };
    let output = match cel::compile(expression, &known) {
        Ok(compiled) => compiled.output,
        Err(problem) => {
            does_not_compile(expression, &problem, path, errors);
            return None;
        }
    };
    if !wanted.is_empty() && !wanted.contains(&output) {
        wrong_output(&output, &wanted[0], path, errors);
        return None;
    }
    Some(output)
}

/// The minor version whose functions expressions may use: new ones only what the server before this one knows too, so
/// that going back to that stays possible (`DefaultCompatibilityVersion`).
pub(in crate::admission) fn minor(stored: bool, errors: &Errors<'_>) -> u16 {
    if stored { u16::MAX } else { errors.server.version.minor() - 1 }
}

pub(in crate::admission) fn does_not_compile<'e>(
    expression: &str,
    problem: &cel::Problem,
    path: &Path,
    errors: &'e mut Errors<'_>,
) -> &'e mut Finding {
    let (line, column) = problem.position(expression);
    let at =
        if expression.contains('\n') { format!("line {line}, column {column}") } else { format!("column {column}") };
    errors.invalid(path, format!("the expression does not compile: {} ({at})", shortened(&problem.message)))
}

pub(in crate::admission) fn wrong_output<'e>(
    output: &Type,
    wanted: &Type,
    path: &Path,
    errors: &'e mut Errors<'_>,
) -> &'e mut Finding {
    let message =
        format!("the expression must give a value of type `{}`, and gives `{}`", shown(wanted), shown(output));
    let finding = errors.invalid(path, message);
    if *output == Type::Dyn {
        finding.help(match wanted {
            Type::Bool => "compare the value with something, as in `object.spec.paused == true`",
            _ => "convert the value, as in `string(object.spec.name)`",
        });
    }
    finding
}

fn shown(of: &Type) -> String {
    match of {
        Type::Structure(name) => name.to_string(),
        Type::List(item) => format!("list({})", shown(item)),
        other => other.to_string(),
    }
}

struct Known<'a> {
    scope: Scope<'a>,
    minor: u16,
}

impl Environment for Known<'_> {
    fn variable(&self, name: &str) -> Option<Type> {
        let Scope { params, authorizer, variables, .. } = self.scope;
        Some(match name {
            "object" | "oldObject" => Type::Dyn,
            "request" => Type::structure("kubernetes.AdmissionRequest"),
            "namespaceObject" => Type::structure("kubernetes.Namespace"),
            "params" if params => Type::Dyn,
            "authorizer" if authorizer => Type::opaque("kubernetes.authorization.Authorizer"),
            "authorizer.requestResource" if authorizer => Type::opaque("kubernetes.authorization.ResourceCheck"),
            "variables" if variables.is_some() => Type::structure(VARIABLES),
            _ => return None,
        })
    }

    fn field(&self, structure: &str, field: &str) -> Option<Type> {
        match structure {
            VARIABLES => self.scope.variables.and_then(|variables| variables.get(field)).cloned(),
            PATCH => Some(if matches!(field, "op" | "path" | "from") { Type::Text } else { Type::Dyn }),
            _ if is_object(structure) => Some(Type::Dyn),
            _ => {
                let name = structure.strip_prefix("kubernetes.")?;
                let (_, fields) = STRUCTURES.iter().find(|(known, _)| *known == name)?;
                let (_, of) = fields.iter().find(|(known, _)| *known == field)?;
                Some(named(of))
            }
        }
    }

    fn can_make(&self, structure: &str) -> bool {
        self.scope.mutations && (structure == PATCH || is_object(structure))
    }

    fn minor(&self) -> u16 {
        self.minor
    }
}

const VARIABLES: &str = "kubernetes.variables";

fn is_object(structure: &str) -> bool {
    structure.strip_prefix(OBJECT).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The type that a word of [`STRUCTURES`] names.
fn named(word: &str) -> Type {
    match word {
        "dyn" => Type::Dyn,
        "bool" => Type::Bool,
        "int" => Type::Int,
        "string" => Type::Text,
        "timestamp" => Type::Timestamp,
        "strings" => Type::list(Type::Text),
        "texts" => Type::map(Type::Text, Type::Text),
        "extra" => Type::map(Type::Text, Type::list(Type::Text)),
        "conditions" => Type::list(Type::structure("kubernetes.NamespaceCondition")),
        _ => Type::structure(format!("kubernetes.{word}")),
    }
}

/// The fields of what the server tells about a request.
#[rustfmt::skip]
const STRUCTURES: [(&str, &[(&str, &str)]); 9] = [
    ("AdmissionRequest", &[
        ("kind", "GroupVersionKind"), ("resource", "GroupVersionResource"), ("subResource", "string"),
        ("requestKind", "GroupVersionKind"), ("requestResource", "GroupVersionResource"),
        ("requestSubResource", "string"), ("name", "string"), ("namespace", "string"), ("operation", "string"),
        ("userInfo", "UserInfo"), ("dryRun", "bool"), ("options", "dyn"),
    ]),
    ("GroupVersionKind", &[("group", "string"), ("version", "string"), ("kind", "string")]),
    ("GroupVersionResource", &[("group", "string"), ("version", "string"), ("resource", "string")]),
    ("UserInfo", &[("username", "string"), ("uid", "string"), ("groups", "strings"), ("extra", "extra")]),
    ("Namespace", &[("metadata", "NamespaceMetadata"), ("spec", "NamespaceSpec"), ("status", "NamespaceStatus")]),
    ("NamespaceSpec", &[("finalizers", "strings")]),
    ("NamespaceStatus", &[("conditions", "conditions"), ("phase", "string")]),
    ("NamespaceCondition", &[
        ("status", "string"), ("type", "string"), ("lastTransitionTime", "timestamp"), ("message", "string"),
        ("reason", "string"),
    ]),
    ("NamespaceMetadata", &[
        ("name", "string"), ("generateName", "string"), ("namespace", "string"), ("labels", "texts"),
        ("annotations", "texts"), ("UID", "string"), ("creationTimestamp", "timestamp"),
        ("deletionGracePeriodSeconds", "int"), ("deletionTimestamp", "timestamp"), ("generation", "int"),
        ("resourceVersion", "string"), ("finalizers", "strings"),
    ]),
];

/// What is left of the type of a variable where others use it (`convertCelTypeToDeclType`).
pub(super) fn as_variable(output: &Type) -> Type {
    match output {
        Type::List(item) => Type::list(as_variable(item)),
        Type::Map(entry) => Type::map(as_variable(&entry.0), as_variable(&entry.1)),
        Type::Error | Type::OfTypes(_) | Type::Structure(_) | Type::Opaque(..) | Type::Variable(_) => Type::Dyn,
        simple => simple.clone(),
    }
}
