//! Turns published definitions into what the strict decoder of the API server accepts.
//!
//! Only schema positions are walked: the definition of a CRD's schema has properties that are called `properties`,
//! `items` and `required`, and they are left alone.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::tables::Tables;

/// The keyword for what JSON Schema cannot say; `src/schema/bundle.rs` documents its values.
const TYPE: &str = "x-seatrial-type";

const JSON_SCHEMA_PROPS: &str = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/// How closely a definition is looked at where it is used.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Decoded strictly and validated.
    Checked,
    /// Below `status`: decoded strictly, then thrown away.
    Observed,
    /// Below `items`, `additionalProperties` or `dependencies` of a CRD's schema: that Go type decodes itself, and so
    /// knows nothing of strictness.
    Lenient,
}

/// The definitions of one version, ready to be written.
pub struct Transform<'a> {
    pub minor: u16,
    pub tables: &'a Tables,
    pub published: &'a Map<String, Value>,
    pub kinds: BTreeSet<&'a str>,
    checked: BTreeSet<String>,
}

impl<'a> Transform<'a> {
    pub fn new(minor: u16, tables: &'a Tables, published: &'a Map<String, Value>, kinds: BTreeSet<&'a str>) -> Self {
        Self { minor, tables, published, kinds, checked: BTreeSet::new() }
    }

    /// Everything that the kinds are made of, by name.
    pub fn run(mut self) -> BTreeMap<String, Value> {
        // The first pass finds out which definitions occur outside of `status`; the second knows it from the start.
        self.pass();
        self.pass()
    }

    fn pass(&mut self) -> BTreeMap<String, Value> {
        let mut out = BTreeMap::new();
        let mut queue: Vec<_> = self.kinds.iter().map(|kind| ((*kind).to_owned(), Mode::Checked)).collect();
        let mut seen: BTreeSet<_> = queue.iter().cloned().collect();
        while let Some((name, mode)) = queue.pop() {
            if mode == Mode::Checked {
                self.checked.insert(name.clone());
            }
            let schema = self.schema(&name, None, &self.published[&name], mode, &mut |name, mode| {
                if seen.insert((name.to_owned(), mode)) {
                    queue.push((name.to_owned(), mode));
                }
            });
            out.insert(self.written_name(&name, mode), schema);
        }
        out
    }

    /// A definition that looks the same in both modes, or is only used in one, keeps its published name.
    fn written_name(&self, name: &str, mode: Mode) -> String {
        match mode {
            Mode::Observed if self.checked.contains(name) && self.demands(name, &mut BTreeSet::new()) => {
                format!("{name}.observed")
            }
            Mode::Lenient => format!("{name}.lenient"),
            _ => name.to_owned(),
        }
    }

    /// Whether anything in a definition, or in what it refers to, is required or enumerated.
    fn demands(&self, name: &str, seen: &mut BTreeSet<String>) -> bool {
        if !seen.insert(name.to_owned()) {
            return false;
        }
        let mut references = Vec::new();
        let schema = self.schema(name, None, &self.published[name], Mode::Checked, &mut |name, _| {
            references.push(name.to_owned());
        });
        let enumerated = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .any(|(_, property)| property.get("enum").is_some() || property["items"].get("enum").is_some());
        enumerated || schema.get("required").is_some() || references.iter().any(|name| self.demands(name, seen))
    }

    fn schema(
        &self,
        definition: &str,
        field: Option<&str>,
        schema: &Value,
        mode: Mode,
        refer: &mut dyn FnMut(&str, Mode),
    ) -> Value {
        if let Some(target) = reference(schema) {
            let mode = match field {
                Some("status") if mode == Mode::Checked && self.kinds.contains(definition) => Mode::Observed,
                _ => mode,
            };
            return self.reference(target, mode, refer);
        }
        match (schema["type"].as_str(), schema["format"].as_str()) {
            (Some("object"), None) => self.object(definition, schema, mode, refer),
            (Some("array"), None) => {
                json!({ "type": "array", "items": self.schema(definition, field, &schema["items"], mode, refer) })
            }
            (Some("integer"), Some(format @ ("int32" | "int64"))) => json!({ "type": "integer", TYPE: format }),
            (Some("number"), Some("double")) => json!({ "type": "number", TYPE: "double" }),
            (Some("string"), Some("byte")) => json!({ "type": "string", TYPE: "bytes" }),
            (Some(plain @ ("string" | "boolean")), None) => json!({ "type": plain }),
            other => panic!("{definition} has a schema of an unknown form: {other:?} {schema}"),
        }
    }

    fn reference(&self, target: &str, mode: Mode, refer: &mut dyn FnMut(&str, Mode)) -> Value {
        let mut to = |name: &str, mode: Mode| {
            refer(name, mode);
            json!({ "$ref": format!("#/$defs/{}", self.written_name(name, mode)) })
        };
        let lenient = Mode::Lenient;
        match target.rsplit('.').next().expect("rsplit gives at least one part") {
            "Quantity" => json!({ "type": ["number", "string"], TYPE: "quantity" }),
            "IntOrString" => json!({ "type": ["integer", "string"], TYPE: "int-or-string" }),
            "Time" => json!({ "type": "string", TYPE: "time" }),
            "MicroTime" => json!({ "type": "string", TYPE: "micro-time" }),
            "FieldsV1" | "JSON" | "RawExtension" => json!({ TYPE: "any" }),
            "JSONSchemaPropsOrBool" => {
                json!({ TYPE: "schema-or-bool", "anyOf": [to(JSON_SCHEMA_PROPS, lenient), { "type": "boolean" }] })
            }
            // Whatever is neither an object nor an array is ignored by these two.
            "JSONSchemaPropsOrArray" => json!({ TYPE: "schema-or-array", "anyOf": [
                to(JSON_SCHEMA_PROPS, lenient),
                { "type": "array", "items": to(JSON_SCHEMA_PROPS, lenient) },
                { "type": ["boolean", "number", "string"] },
            ] }),
            "JSONSchemaPropsOrStringArray" => json!({ TYPE: "schema-or-string-array", "anyOf": [
                to(JSON_SCHEMA_PROPS, lenient),
                { "type": "array", "items": { "type": "string" } },
                { "type": ["boolean", "number", "string"] },
            ] }),
            _ => to(target, mode),
        }
    }

    fn object(&self, definition: &str, schema: &Value, mode: Mode, refer: &mut dyn FnMut(&str, Mode)) -> Value {
        let mut out = Map::new();
        out.insert("type".into(), "object".into());
        if let Some(values) = schema.get("additionalProperties") {
            out.insert("additionalProperties".into(), self.schema(definition, None, values, mode, refer));
            return out.into();
        }
        if mode != Mode::Lenient {
            out.insert("additionalProperties".into(), false.into());
        }
        let Some(published) = schema["properties"].as_object() else { return out.into() };
        let mut properties = Map::new();
        for (name, property) in published {
            let short = format!("{}.{name}", short_name(definition));
            let mut property = self.schema(definition, Some(name), property, mode, refer);
            if mode != Mode::Observed {
                self.add_values(&short, &mut property);
            }
            self.add_list_kind(&short, &mut property);
            properties.insert(name.clone(), property);
        }
        out.insert("properties".into(), properties.into());
        let required: Vec<_> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|_| mode != Mode::Observed)
            .filter(|field| !self.tables.is_optional(&format!("{}.{field}", short_name(definition))))
            .collect();
        if !required.is_empty() {
            out.insert("required".into(), required.into());
        }
        out.into()
    }

    fn add_values(&self, field: &str, property: &mut Value) {
        let Some(values) = self.tables.values(field, self.minor) else { return };
        let strings = if property["type"] == "array" { &mut property["items"] } else { property };
        assert_eq!(strings["type"], "string", "{field} has values but is no string");
        strings["enum"] = values.into();
    }

    fn add_list_kind(&self, field: &str, property: &mut Value) {
        let Some(list) = self.tables.list(field) else { return };
        assert_eq!(property["type"], "array", "{field} is in lists.txt but is no list");
        property["x-kubernetes-list-type"] = list.kind.into();
        if !list.keys.is_empty() {
            property["x-kubernetes-list-map-keys"] = list.keys.into();
        }
        match list.patch_key {
            Some("") => property["x-kubernetes-patch-strategy"] = "merge".into(),
            Some(key) => {
                property["x-kubernetes-patch-strategy"] = "merge".into();
                property["x-kubernetes-patch-merge-key"] = key.into();
            }
            None => {}
        }
    }
}

/// `io.k8s.api.apps.v1.Deployment` is `apps.v1.Deployment`, and the groups of other components look alike.
fn short_name(definition: &str) -> &str {
    let after = |marker: &str| definition.find(marker).map(|start| &definition[start + marker.len()..]);
    after(".pkg.apis.").or_else(|| after("io.k8s.api.")).unwrap_or(definition)
}

/// A reference stands alone, or inside `allOf` where it has a description beside it.
fn reference(schema: &Value) -> Option<&str> {
    let reference = schema.get("$ref").or_else(|| match schema["allOf"].as_array().map(Vec::as_slice) {
        Some([only]) => only.get("$ref"),
        _ => None,
    })?;
    reference.as_str()?.strip_prefix("#/definitions/")
}
