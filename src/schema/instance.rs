//! Documents as the schema validator reads them: in place, without a copy.
//!
//! Two things make it Kubernetes' reading: members whose value is null are not there, and scalars have the types of
//! Kubernetes' YAML library.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use serde_json::{Number, Value as JsonValue};

use crate::yaml::{Field, Scalar, Shape, Value};

/// The representation: a [`Value`] of a document.
#[derive(Debug)]
pub(super) struct Located;

impl Json for Located {
    type Node<'a> = Instance<'a>;
    type PreparedKey = String;
    type StringBuffer = ();

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(Instance<'_>) -> T) -> T {
        f(Instance::Name(string))
    }
}

/// A value of a document, or the name of a property.
#[derive(Clone, Copy)]
pub(super) enum Instance<'a> {
    Value(Value<'a>),
    Name(&'a str),
}

impl<'a> Instance<'a> {
    /// The scalar; lists and maps have none.
    pub(super) fn scalar(self) -> Option<Scalar<'a>> {
        match self {
            Instance::Value(value) => value.scalar(),
            Instance::Name(name) => Some(Scalar::Text(name)),
        }
    }
}

impl<'a> Node<'a, Located> for Instance<'a> {
    type Object = Map<'a>;
    type Array = List<'a>;
    type Number = Numeric;

    fn as_object(&self) -> Option<Map<'a>> {
        match self {
            Instance::Value(value) if value.is_mapping() => Some(Map(*value)),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<List<'a>> {
        match self {
            Instance::Value(value) if value.is_sequence() => Some(List(*value)),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self.scalar() {
            Some(Scalar::Text(text)) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn as_number(&self) -> Option<Numeric> {
        match self.scalar() {
            Some(Scalar::Integer(number)) => Some(Numeric::Integer(number)),
            Some(Scalar::Unsigned(number)) => Some(Numeric::Unsigned(number)),
            Some(Scalar::Float(number)) => Some(Numeric::Float(number)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.scalar() {
            Some(Scalar::Bool(boolean)) => Some(boolean),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        self.json_type() == JsonType::Null
    }

    fn json_type(&self) -> JsonType {
        match self {
            Instance::Name(_) => JsonType::String,
            Instance::Value(value) => match value.shape() {
                Shape::Mapping => JsonType::Object,
                Shape::Sequence => JsonType::Array,
                Shape::Scalar(scalar) => match scalar {
                    Scalar::Null | Scalar::NotFinite(_) => JsonType::Null,
                    Scalar::Bool(_) => JsonType::Boolean,
                    Scalar::Integer(_) | Scalar::Unsigned(_) | Scalar::Float(_) => JsonType::Number,
                    Scalar::Text(_) => JsonType::String,
                },
            },
        }
    }

    fn to_value(&self) -> Cow<'a, JsonValue> {
        Cow::Owned(match self {
            Instance::Name(name) => JsonValue::from(*name),
            Instance::Value(value) => value.to_json(),
        })
    }

    /// Nodes are told apart by their document and number, for as long as the document lives.
    fn identity(&self) -> Option<NodeIdentity> {
        match self {
            Instance::Value(value) => {
                let (tree, id) = value.identity();
                Some(NodeIdentity::tagged(tree, id))
            }
            Instance::Name(_) => None,
        }
    }
}

/// A map without its null members.
#[derive(Clone, Copy)]
pub(super) struct Map<'a>(Value<'a>);

impl<'a> Object<'a, Located> for Map<'a> {
    type Node = Instance<'a>;
    type MemberName = &'a str;
    type MembersIter = Box<dyn Iterator<Item = (&'a str, Instance<'a>)> + 'a>;

    fn len(&self) -> usize {
        present(self.0).count()
    }

    fn get(&self, key: &String) -> Option<Instance<'a>> {
        self.0.get(key).filter(|value| !value.is_null()).map(Instance::Value)
    }

    fn members(&self) -> Self::MembersIter {
        Box::new(present(self.0).map(|field| (field.name, Instance::Value(field.value))))
    }
}

fn present(map: Value<'_>) -> impl Iterator<Item = Field<'_>> {
    map.fields().filter(|field| !field.value.is_null())
}

/// A list, null elements included.
#[derive(Clone, Copy)]
pub(super) struct List<'a>(Value<'a>);

impl<'a> Array<'a, Located> for List<'a> {
    type Node = Instance<'a>;
    type ElementsIter = Box<dyn Iterator<Item = Instance<'a>> + 'a>;

    fn len(&self) -> usize {
        self.0.items().len()
    }

    fn elements(&self) -> Self::ElementsIter {
        Box::new(self.0.items().map(Instance::Value))
    }
}

/// A number.
#[derive(Clone, Copy)]
pub(super) enum Numeric {
    Integer(i64),
    Unsigned(u64),
    Float(f64),
}

impl JsonNumber for Numeric {
    fn as_u64(&self) -> Option<u64> {
        match *self {
            Numeric::Integer(number) => u64::try_from(number).ok(),
            Numeric::Unsigned(number) => Some(number),
            Numeric::Float(_) => None,
        }
    }

    fn as_i64(&self) -> Option<i64> {
        match *self {
            Numeric::Integer(number) => Some(number),
            Numeric::Unsigned(_) | Numeric::Float(_) => None,
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "JSON Schema compares numbers as doubles")]
    fn as_f64(&self) -> Option<f64> {
        Some(match *self {
            Numeric::Integer(number) => number as f64,
            Numeric::Unsigned(number) => number as f64,
            Numeric::Float(number) => number,
        })
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Owned(self.to_number().to_string())
    }

    fn to_number(&self) -> Cow<'_, Number> {
        Cow::Owned(match *self {
            Numeric::Integer(number) => number.into(),
            Numeric::Unsigned(number) => number.into(),
            // Infinities never get here: `as_number` does not yield them.
            Numeric::Float(number) => Number::from_f64(number).unwrap_or_else(|| 0.into()),
        })
    }

    fn is_integer(&self) -> bool {
        match *self {
            Numeric::Integer(_) | Numeric::Unsigned(_) => true,
            Numeric::Float(number) => number.fract() == 0.0,
        }
    }
}
