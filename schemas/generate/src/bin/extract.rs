//! Prints all kinds of one Kubernetes version and the definitions they are made of, as published.

use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope, Resource, SubResourceScope};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

include!(concat!(env!("OUT_DIR"), "/kinds.rs"));

fn main() {
    let mut kinds = Kinds { generator: SchemaSettings::draft07().into_generator(), kinds: Vec::new() };
    push_all_kinds(&mut kinds);
    let definitions = kinds.generator.take_definitions(true);
    println!("{:#}", json!({ "kinds": kinds.kinds, "definitions": definitions }));
}

struct Kinds {
    generator: SchemaGenerator,
    kinds: Vec<Value>,
}

impl Kinds {
    fn push<T>(&mut self)
    where
        T: Resource + JsonSchema,
        T::Scope: ScopeName,
    {
        self.generator.subschema_for::<T>();
        self.kinds.push(json!({
            "group": T::GROUP,
            "version": T::VERSION,
            "kind": T::KIND,
            "plural": T::URL_PATH_SEGMENT,
            "scope": T::Scope::NAME,
            "definition": T::schema_name(),
        }));
    }
}

trait ScopeName {
    const NAME: &'static str;
}

impl ScopeName for NamespaceResourceScope {
    const NAME: &'static str = "namespaced";
}

impl ScopeName for ClusterResourceScope {
    const NAME: &'static str = "cluster";
}

impl ScopeName for SubResourceScope {
    const NAME: &'static str = "subresource";
}
