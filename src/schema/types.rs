//! The keyword `x-seatrial-type`: what Go's decoders accept beyond the types of JSON Schema.
//!
//! Mirrors the `UnmarshalJSON` functions of apimachinery v1.36: `resource.Quantity`, `intstr.IntOrString`,
//! `metav1.Time`, `metav1.MicroTime`, and Go's own rules for integers and byte slices.

use jsonschema::json::Node;
use jsonschema::{Keyword, ValidationError};
use serde_json::Value as JsonValue;

use super::instance::{Instance, Located};
use crate::values::quantity::Quantity;
use crate::values::{base64, time};
use crate::yaml::Scalar;

/// The name of the keyword.
pub(super) const KEYWORD: &str = "x-seatrial-type";

/// The values of the keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Int32,
    Int64,
    Double,
    Bytes,
    Quantity,
    IntOrString,
    Time,
    MicroTime,
    Any,
}

/// Makes the keyword for a schema; the result is what the validator expects of a factory.
#[expect(clippy::unnecessary_wraps, reason = "the signature is the validator's")]
pub(super) fn keyword<'a>(value: &'a JsonValue) -> Result<Box<dyn for<'i> Keyword<'i, Located>>, ValidationError<'a>> {
    Ok(Box::new(match value.as_str() {
        Some("int32") => Type::Int32,
        Some("int64") => Type::Int64,
        Some("double") => Type::Double,
        Some("bytes") => Type::Bytes,
        Some("quantity") => Type::Quantity,
        Some("int-or-string") => Type::IntOrString,
        Some("time") => Type::Time,
        Some("micro-time") => Type::MicroTime,
        _ => Type::Any,
    }))
}

impl<'i> Keyword<'i, Located> for Type {
    fn validate(&self, instance: Instance<'i>) -> Result<(), ValidationError<'i>> {
        match self.complaint(instance) {
            Some(complaint) => Err(ValidationError::custom(complaint)),
            None => Ok(()),
        }
    }

    fn is_valid(&self, instance: Instance<'i>) -> bool {
        self.complaint(instance).is_none()
    }
}

impl Type {
    /// What is wrong with the value, to be read after its name: "must be …".
    ///
    /// A value of the wrong JSON type is left to the keyword `type` where the schema has one.
    fn complaint(self, instance: Instance<'_>) -> Option<String> {
        let scalar = instance.scalar();
        match self {
            Type::Int32 => match scalar? {
                Scalar::Integer(number) if i32::try_from(number).is_ok() => None,
                Scalar::Integer(_) | Scalar::Unsigned(_) => Some("must fit in 32 bits".to_owned()),
                _ => None,
            },
            Type::Int64 => match scalar? {
                Scalar::Unsigned(_) => Some("must fit in 64 bits".to_owned()),
                Scalar::Float(number) if number.fract() == 0.0 => Some("must fit in 64 bits".to_owned()),
                _ => None,
            },
            Type::Any | Type::Double => None,
            Type::Bytes => match scalar? {
                Scalar::Text(text) => base64::decode(text).is_none().then(|| "must be base64".to_owned()),
                _ => None,
            },
            Type::Quantity => match scalar {
                Some(Scalar::Text(text)) => quantity(text),
                Some(Scalar::Null | Scalar::Integer(_) | Scalar::Unsigned(_) | Scalar::Float(_)) => None,
                _ => Some(format!("must be a quantity such as `500m` or `1Gi`, not {}", a_type(instance))),
            },
            Type::IntOrString => match scalar {
                Some(Scalar::Text(_) | Scalar::Null) => None,
                Some(Scalar::Integer(number)) if i32::try_from(number).is_ok() => None,
                Some(Scalar::Integer(_) | Scalar::Unsigned(_)) => Some("must fit in 32 bits".to_owned()),
                _ => Some(format!("must be a whole number or a string, not {}", a_type(instance))),
            },
            Type::Time | Type::MicroTime => match scalar {
                Some(Scalar::Null) => None,
                Some(Scalar::Text(text)) => {
                    let fits = if self == Type::Time { time::is_time(text) } else { time::is_micro_time(text) };
                    (!fits).then(|| "must be a time such as `2026-01-31T12:00:00Z`".to_owned())
                }
                _ => Some(format!("must be a time such as `2026-01-31T12:00:00Z`, not {}", a_type(instance))),
            },
        }
    }
}

fn quantity(text: &str) -> Option<String> {
    Quantity::decode(text).is_err().then(|| "must be a quantity such as `500m` or `1Gi`".to_owned())
}

/// The type with its article, for messages.
pub(super) fn a_type(instance: Instance<'_>) -> &'static str {
    match (instance.scalar(), instance.as_array().is_some()) {
        (Some(Scalar::Null), _) => "null",
        (Some(Scalar::Bool(_)), _) => "a boolean",
        (Some(Scalar::Integer(_) | Scalar::Unsigned(_)), _) => "an integer",
        (Some(Scalar::Float(_) | Scalar::NotFinite(_)), _) => "a number",
        (Some(Scalar::Text(_)), _) => "a string",
        (None, true) => "a list",
        (None, false) => "a map",
    }
}
