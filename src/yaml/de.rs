//! Typed values from a [`Value`], as Go's decoder would fill them.
//!
//! Null means absent, and the zero value where something must stand. A part of the wrong type is left out and the
//! rest is still decoded, because the schema reports the part and the checks look at the rest.

use std::cell::RefCell;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::Scalar;
use super::tree::{NodeId, Shape, Value};

/// Decodes `value`; parts that do not fit are read as absent.
///
/// `None` only if the value as a whole does not fit.
pub fn decode<'a, T: Deserialize<'a>>(value: Value<'a>) -> Option<T> {
    let skipped = RefCell::new(Vec::new());
    loop {
        let reader = Reader { value, skipped: &skipped };
        match T::deserialize(reader) {
            Ok(typed) => return Some(typed),
            Err(error) => {
                let at = error.at.filter(|at| *at != value.id() && !skipped.borrow().contains(at))?;
                skipped.borrow_mut().push(at);
            }
        }
    }
}

/// Why a value does not fit, and the innermost node that was being read.
#[derive(Debug)]
struct Misfit {
    message: String,
    at: Option<NodeId>,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), at: None }
    }
}

#[derive(Clone, Copy)]
struct Reader<'a, 's> {
    value: Value<'a>,
    skipped: &'s RefCell<Vec<NodeId>>,
}

impl<'a> Reader<'a, '_> {
    /// Null, or a part that was found not to fit.
    fn is_absent(self) -> bool {
        self.value.is_null() || self.is_skipped()
    }

    fn is_skipped(self) -> bool {
        let skipped = self.skipped.borrow();
        !skipped.is_empty() && skipped.contains(&self.value.id())
    }

    fn blame<T>(self, result: Result<T, Misfit>) -> Result<T, Misfit> {
        result.map_err(|mut error| {
            error.at.get_or_insert(self.value.id());
            error
        })
    }

    fn any<V: Visitor<'a>>(self, visitor: V) -> Result<V::Value, Misfit> {
        self.blame(match self.value.shape() {
            Shape::Scalar(scalar) => match scalar {
                Scalar::Null | Scalar::NotFinite(_) => visitor.visit_unit(),
                Scalar::Bool(value) => visitor.visit_bool(value),
                Scalar::Integer(value) => visitor.visit_i64(value),
                Scalar::Unsigned(value) => visitor.visit_u64(value),
                Scalar::Float(value) => visitor.visit_f64(value),
                Scalar::Text(text) => visitor.visit_borrowed_str(text),
            },
            Shape::Sequence => visitor.visit_seq(Items { items: self.value.items(), skipped: self.skipped }),
            Shape::Mapping => {
                visitor.visit_map(Fields { rest: self.value.fields(), current: None, skipped: self.skipped })
            }
        })
    }
}

/// The zero value of Go for whatever is asked.
macro_rules! or_zero {
    ($($method:ident => $visit:ident($zero:expr)),* $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            if self.is_absent() { self.blame(visitor.$visit($zero)) } else { self.any(visitor) }
        }
    )*};
}

impl<'de> Deserializer<'de> for Reader<'de, '_> {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.is_skipped() { visitor.visit_unit() } else { self.any(visitor) }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.is_absent() { visitor.visit_none() } else { self.blame(visitor.visit_some(self)) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        if name == "Quantity" && self.is_absent() {
            return self.blame(visitor.visit_newtype_struct("0".into_deserializer()));
        }
        self.blame(visitor.visit_newtype_struct(self))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.is_absent() { visitor.visit_seq(Nothing) } else { self.any(visitor) }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.is_absent() { visitor.visit_map(Nothing) } else { self.any(visitor) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        self.deserialize_map(visitor)
    }

    or_zero! {
        deserialize_bool => visit_bool(false),
        deserialize_i8 => visit_i64(0),
        deserialize_i16 => visit_i64(0),
        deserialize_i32 => visit_i64(0),
        deserialize_i64 => visit_i64(0),
        deserialize_u8 => visit_u64(0),
        deserialize_u16 => visit_u64(0),
        deserialize_u32 => visit_u64(0),
        deserialize_u64 => visit_u64(0),
        deserialize_f32 => visit_f64(0.0),
        deserialize_f64 => visit_f64(0.0),
        deserialize_str => visit_borrowed_str(""),
        deserialize_string => visit_borrowed_str(""),
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct enum identifier ignored_any
    }
}

struct Nothing;

impl<'a> SeqAccess<'a> for Nothing {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, _: T) -> Result<Option<T::Value>, Misfit> {
        Ok(None)
    }
}

impl<'a> MapAccess<'a> for Nothing {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, _: K) -> Result<Option<K::Value>, Misfit> {
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, _: V) -> Result<V::Value, Misfit> {
        Err(de::Error::custom("a value was asked for where there is none"))
    }
}

struct Items<'s, I> {
    items: I,
    skipped: &'s RefCell<Vec<NodeId>>,
}

impl<'a, I: ExactSizeIterator<Item = Value<'a>>> SeqAccess<'a> for Items<'_, I> {
    type Error = Misfit;

    fn next_element_seed<T: DeserializeSeed<'a>>(&mut self, seed: T) -> Result<Option<T::Value>, Misfit> {
        let Some(value) = self.items.next() else { return Ok(None) };
        seed.deserialize(Reader { value, skipped: self.skipped }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

struct Fields<'a, 's, I> {
    rest: I,
    current: Option<Value<'a>>,
    skipped: &'s RefCell<Vec<NodeId>>,
}

impl<'a, I: ExactSizeIterator<Item = super::Field<'a>>> MapAccess<'a> for Fields<'a, '_, I> {
    type Error = Misfit;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Misfit> {
        let Some(field) = self.rest.next() else { return Ok(None) };
        self.current = Some(field.value);
        seed.deserialize(field.name.into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Misfit> {
        let value = self.current.take().ok_or_else(|| de::Error::custom("a value before its key"))?;
        seed.deserialize(Reader { value, skipped: self.skipped })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::apps::v1::Deployment;
    use k8s_openapi::api::core::v1::ResourceRequirements;

    use super::*;
    use crate::source::Sources;

    #[test]
    fn one_wrong_field_does_not_hide_the_others() {
        let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x, labels: {a: 1, b: c}}\nspec:\n  replicas: many\n  \
                    template:\n    spec:\n      containers:\n      - web\n      - name: a\n        image: null\n";
        let mut sources = Sources::default();
        let file = sources.add("x.yaml", text);
        let documents = super::super::read(file, sources.get(file));
        let deployment: Deployment = decode(documents[0].root().expect("readable")).expect("decodes");
        let spec = deployment.spec;
        assert_eq!(spec.replicas, None);
        let containers = spec.template.spec.expect("has a pod spec").containers;
        assert_eq!(containers.len(), 2);
        assert_eq!((containers[0].name.as_str(), containers[1].name.as_str()), ("", "a"));
        let labels = deployment.metadata.labels.expect("has labels");
        assert_eq!(labels.get("b").map(String::as_str), Some("c"));
    }

    #[test]
    fn a_quantity_that_is_null_is_nothing() {
        let mut sources = Sources::default();
        let file = sources.add("x.yaml", "requests: {cpu: 1}\nlimits: {cpu: null}\n");
        let documents = super::super::read(file, sources.get(file));
        let resources: ResourceRequirements = decode(documents[0].root().expect("readable")).expect("decodes");
        let limits = resources.limits.expect("has limits");
        assert_eq!(limits.get("cpu").map(|cpu| cpu.0.as_str()), Some("0"));
    }
}
