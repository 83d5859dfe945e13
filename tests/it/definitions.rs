//! Definitions of custom resources and admission policies beyond what the recordings have: what upstream's own validation
//! (v1.36.2) said of these.

use serde_json::{Value, json};

use crate::conformance::{found_causes, refusals};

const NONE: [&str; 0] = [];

/// The causes for which an object is refused, as `field Reason` without `FieldValue`.
fn causes(object: &Value, old: Option<&Value>) -> Vec<String> {
    let findings = refusals(object.to_string(), old.map(ToString::to_string));
    let causes = found_causes(&findings).into_iter();
    causes.map(|(field, reason)| format!("{field} {}", reason.trim_start_matches("FieldValue"))).collect()
}

/// A definition whose objects have a `spec` with this schema.
fn definition(spec: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": { "name": "widgets.example.com", "resourceVersion": "1" },
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": { "plural": "widgets", "kind": "Widget" },
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": spec } } },
            }],
        },
    })
}

/// The causes for the schema of the field `spec`, from there on.
fn of_schema(schema: &Value) -> Vec<String> {
    const PLACE: &str = "spec.validation.openAPIV3Schema.properties[spec]";
    causes(&definition(schema), None).iter().map(|cause| cause.replace(PLACE, "")).collect()
}

/// A definition with changes (RFC 6902).
fn changed(changes: Value) -> Value {
    let mut object = definition(&json!({ "type": "object" }));
    let changes: json_patch::Patch = serde_json::from_value(changes).expect("is a patch");
    json_patch::patch(&mut object, &changes).expect("fits the definition");
    object
}

fn of(changes: Value) -> Vec<String> {
    causes(&changed(changes), None)
}

#[test]
fn a_struct_without_fields_takes_none() {
    let object = changed(json!([{
        "op": "add", "path": "/spec/versions/0/subresources", "value": { "status": { "a": 1, "b": { "c": 2 }, "d": null } },
    }]));
    let unknown = refusals(object.to_string(), None);
    let unknown: Vec<_> = unknown.iter().map(|finding| format!("{} {}", finding.rule, finding.path)).collect();
    let field = |name: &str| format!("unknown-field spec.versions[0].subresources.status.{name}");
    assert_eq!(unknown, [field("a"), field("b"), field("d")]);
}

#[test]
fn schemas_must_be_structural() {
    assert_eq!(of_schema(&json!({ "type": "array" })), [".items Required"]);
    let number_or_text = json!([{ "type": "integer" }, { "type": "string" }]);
    // The types in `anyOf` are allowed in exactly this form; what is missing is the word that goes with it.
    assert_eq!(of_schema(&json!({ "anyOf": number_or_text })), [".type Required"]);
    assert_eq!(of_schema(&json!({ "x-kubernetes-int-or-string": true, "anyOf": number_or_text })), NONE);
    assert_eq!(of_schema(&json!({ "type": "string", "anyOf": [{ "type": "integer" }] })), [".anyOf[0].type Forbidden"]);
    assert_eq!(
        of_schema(&json!({ "type": "object", "oneOf": [{ "required": ["a"] }], "not": { "description": "x" } })),
        [".not.description Forbidden"]
    );
    assert_eq!(of_schema(&json!({ "type": "string", "pattern": "(?!x)" })), [".pattern Invalid"]);
    assert_eq!(
        of_schema(&json!({
            "type": "object", "properties": { "a": { "type": "string" } }, "additionalProperties": { "type": "string" },
        })),
        [".additionalProperties Forbidden"]
    );
    assert_eq!(
        of_schema(&json!({ "type": "object", "x-kubernetes-embedded-resource": true })),
        [".properties Required"]
    );
    assert_eq!(
        of_schema(&json!({ "type": "string", "uniqueItems": true, "$ref": "x" })),
        [".$ref Forbidden", ".uniqueItems Forbidden"]
    );
    let metadata = "/spec/versions/0/schema/openAPIV3Schema/properties/metadata";
    assert_eq!(
        of(json!([{ "op": "add", "path": metadata, "value": { "type": "object", "description": "x" } }])),
        ["spec.validation.openAPIV3Schema.properties[metadata] Forbidden"]
    );
}

#[test]
fn lists_with_keys_have_them_in_all_items() {
    assert_eq!(
        of_schema(&json!({ "type": "array", "items": { "type": "object" }, "x-kubernetes-list-type": "set" })),
        [".items.x-kubernetes-map-type Invalid"]
    );
    assert_eq!(
        of_schema(&json!({
            "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"],
            "items": { "type": "object", "properties": { "a": { "type": "string" } } },
        })),
        [".items.properties[a].default Required", ".x-kubernetes-list-map-keys Invalid"]
    );
    assert_eq!(
        of_schema(&json!({ "type": "array", "x-kubernetes-list-map-keys": ["a"], "items": { "type": "string" } })),
        [".x-kubernetes-list-type Required"]
    );
}

#[test]
fn defaults_must_fit_their_schema() {
    assert_eq!(
        of_schema(&json!({
            "type": "object", "properties": { "a": { "type": "integer", "maximum": 3 } }, "default": { "a": 5, "b": 1 },
        })),
        [".default Invalid", ".default.a Invalid"]
    );
    assert_eq!(
        of_schema(&json!({
            "type": "array", "items": { "type": "string", "maxLength": 1 }, "default": ["ab"], "maxItems": 0,
        })),
        [".default TooMany", ".default.[0] TooLong"]
    );
    assert_eq!(
        of_schema(&json!({ "type": "string", "default": "x", "enum": ["a"], "minLength": 2 })),
        [".default Invalid", ".default NotSupported"]
    );
    assert_eq!(of_schema(&json!({ "type": "string", "default": null })), NONE);
}

#[test]
fn rules_are_compiled_against_the_schema() {
    let rules = |kind: &str, rule: Value| {
        of_schema(&json!({
            "type": "object", "properties": { "a": { "type": kind } }, "x-kubernetes-validations": [rule],
        }))
    };
    assert_eq!(rules("integer", json!({ "rule": "self.a > 0" })), NONE);
    assert_eq!(rules("string", json!({ "rule": "self.a > 0" })), [".x-kubernetes-validations[0].rule Invalid"]);
    assert_eq!(
        rules("integer", json!({ "rule": "has(self.a)", "messageExpression": "self.a" })),
        [".x-kubernetes-validations[0].messageExpression Invalid"]
    );
    // What is wrong with the form comes first.
    assert_eq!(
        rules("integer", json!({ "rule": "self.b", "reason": "Bad", "fieldPath": ".b" })),
        [".x-kubernetes-validations[0].fieldPath Invalid", ".x-kubernetes-validations[0].reason NotSupported"]
    );
    assert_eq!(
        rules("integer", json!({ "rule": "self.a > 0", "optionalOldSelf": true })),
        [".x-kubernetes-validations[0].optionalOldSelf Invalid"]
    );
    let escaped = json!({
        "type": "object", "properties": { "in": { "type": "integer" }, "a-b": { "type": "integer" } },
        "x-kubernetes-validations": [{ "rule": "self.__in__ > 0 && self.a__dash__b > 0" }],
    });
    assert_eq!(of_schema(&escaped), NONE);
    // The API server (since 1.31) takes a reserved word as the name of a field; CEL's own words end the expression.
    let reserved = |rule: &str| {
        let namespace = json!({ "type": "object", "properties": { "if": { "type": "string" } } });
        of_schema(&json!({
            "type": "object", "properties": { "namespace": namespace, "in": { "type": "boolean" } },
            "x-kubernetes-validations": [{ "rule": rule }],
        }))
    };
    assert_eq!(reserved("has(self.namespace) && self.namespace.if != ''"), NONE);
    assert_eq!(reserved("self.namespace == self.__namespace__"), NONE);
    assert_eq!(reserved("self.in"), [".x-kubernetes-validations[0].rule Invalid"]);
    assert_eq!(reserved("self.package"), [".x-kubernetes-validations[0].rule Invalid"]);
    let embedded = json!({
        "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true,
        "x-kubernetes-validations": [{ "rule": "self.metadata.name != '' && self.kind == 'A'" }],
    });
    assert_eq!(of_schema(&embedded), NONE);
}

#[test]
fn the_old_value_is_known_only_of_what_has_an_identity() {
    let mut list = json!({
        "type": "array", "maxItems": 5,
        "items": {
            "type": "object", "required": ["n"], "properties": { "n": { "type": "string", "maxLength": 5 } },
            "x-kubernetes-validations": [{ "rule": "self.n == oldSelf.n" }],
        },
    });
    assert_eq!(of_schema(&list), [".items.x-kubernetes-validations[0].rule Invalid"]);
    list["x-kubernetes-list-type"] = json!("map");
    list["x-kubernetes-list-map-keys"] = json!(["n"]);
    assert_eq!(of_schema(&list), NONE);
}

#[test]
fn what_differs_between_versions_is_blamed_where_it_stands() {
    let v2 = json!({
        "name": "v2", "served": true, "storage": false,
        "schema": { "openAPIV3Schema": { "type": "object", "properties": { "spec": { "type": "text" } } } },
    });
    assert_eq!(
        of(json!([{ "op": "add", "path": "/spec/versions/-", "value": v2 }])),
        ["spec.versions[1].schema.openAPIV3Schema.properties[spec].type NotSupported"]
    );
    let fields = json!([{ "jsonPath": ".spec.a" }, { "jsonPath": "spec" }, { "jsonPath": ".metadata.name" }]);
    assert_eq!(
        of(json!([{ "op": "add", "path": "/spec/versions/0/selectableFields", "value": fields }])),
        [
            "spec.selectableFields[0].jsonPath Invalid",
            "spec.selectableFields[1].jsonPath Invalid",
            "spec.selectableFields[2].jsonPath Invalid"
        ]
    );
    assert_eq!(
        of(json!([
            { "op": "add", "path": "/spec/versions/0/subresources", "value": { "status": {} } },
            { "op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/oneOf", "value": [{ "required": ["a"] }] },
        ])),
        ["spec.validation.openAPIV3Schema Invalid"]
    );
    assert_eq!(
        of(json!([{ "op": "add", "path": "/spec/versions/0/deprecationWarning", "value": "x" }])),
        ["spec.versions[0].deprecationWarning Invalid"]
    );
}

#[test]
fn a_conversion_says_where_its_webhook_is() {
    let conversion = |value: Value| of(json!([{ "op": "add", "path": "/spec/conversion", "value": value }]));
    let service = json!({ "name": "a", "namespace": "", "path": "x" });
    let reviews = json!(["v2", "v2"]);
    assert_eq!(
        conversion(json!({
            "strategy": "Webhook",
            "webhook": { "clientConfig": { "service": service }, "conversionReviewVersions": reviews },
        })),
        [
            "spec.conversion.conversionReviewVersions Invalid",
            "spec.conversion.conversionReviewVersions[1] Invalid",
            "spec.conversion.webhookClientConfig.service.name Required",
            "spec.conversion.webhookClientConfig.service.path Invalid"
        ]
    );
    assert_eq!(
        conversion(json!({ "strategy": "Webhook" })),
        ["spec.conversion.conversionReviewVersions Required", "spec.conversion.webhookClientConfig Required"]
    );
    let url = json!({ "clientConfig": { "url": "https://a" }, "conversionReviewVersions": ["v1"] });
    assert_eq!(
        conversion(json!({ "strategy": "None", "webhook": url })),
        ["spec.conversion.conversionReviewVersions Forbidden", "spec.conversion.webhookClientConfig Forbidden"]
    );
}

#[test]
fn groups_of_kubernetes_need_an_approval() {
    let in_group = |annotations: Value| {
        of(json!([
            { "op": "replace", "path": "/spec/group", "value": "x.k8s.io" },
            { "op": "replace", "path": "/metadata", "value": { "name": "widgets.x.k8s.io", "annotations": annotations } },
        ]))
    };
    assert_eq!(in_group(json!({})), ["metadata.annotations[api-approved.kubernetes.io] Required"]);
    assert_eq!(in_group(json!({ "api-approved.kubernetes.io": "unapproved, a trial" })), NONE);
    assert_eq!(
        in_group(json!({ "api-approved.kubernetes.io": "yes" })),
        ["metadata.annotations[api-approved.kubernetes.io] Invalid"]
    );
}

#[test]
fn an_established_definition_keeps_its_names_and_its_stored_versions() {
    let old = changed(json!([]));
    let update = |changes: Value| causes(&changed(changes), Some(&old));
    assert_eq!(
        update(json!([
            { "op": "replace", "path": "/spec/scope", "value": "Cluster" },
            { "op": "replace", "path": "/spec/names/kind", "value": "Gadget" },
        ])),
        ["spec.names.kind Invalid", "spec.scope Invalid"]
    );
    assert_eq!(
        update(json!([{ "op": "replace", "path": "/spec/versions/0/name", "value": "v2" }])),
        ["status.storedVersions[0] Invalid"]
    );
}

/// A policy whose expressions know parameters and a variable.
fn policy(spec: &Value) -> Vec<String> {
    let mut object = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": "demo" },
        "spec": {
            "matchConstraints": { "resourceRules": [{
                "apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"],
            }] },
            "variables": [{ "name": "count", "expression": "object.spec.replicas" }],
            "validations": [{ "expression": "variables.count <= 5" }],
        },
    });
    for (name, value) in spec.as_object().into_iter().flatten() {
        object["spec"][name] = value.clone();
    }
    causes(&object, None)
}

#[test]
fn expressions_of_policies_give_what_their_place_needs() {
    assert_eq!(policy(&json!({})), NONE);
    let validation = |expression: &str| policy(&json!({ "validations": [{ "expression": expression }] }));
    assert_eq!(validation("variables.count"), ["spec.validations[0].expression Invalid"]);
    assert_eq!(validation("params.max > 1"), ["spec.validations[0].expression Invalid"]);
    assert_eq!(validation("request.userInfo.groups.exists(g, g == 'a')"), NONE);
    assert_eq!(validation("request.userInfo.nobody == 'a'"), ["spec.validations[0].expression Invalid"]);
    assert_eq!(validation("authorizer.group('').resource('pods').check('get').allowed()"), NONE);
    let with_params = json!({
        "paramKind": { "apiVersion": "example.com/v1", "kind": "Limit" },
        "validations": [{ "expression": "params.max > 1", "messageExpression": "'at most ' + string(params.max)" }],
        "auditAnnotations": [{ "key": "a", "valueExpression": "variables.count > 1" }],
        "matchConditions": [{ "name": "a", "expression": "variables.count > 1" }],
    });
    assert_eq!(
        policy(&with_params),
        ["spec.auditAnnotations[0].valueExpression Invalid", "spec.matchConditions[0].expression Invalid"]
    );
}

#[test]
fn mutations_are_objects_or_patches() {
    let mutation = |mutation: Value| {
        causes(
            &json!({
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
                "metadata": { "name": "demo" },
                "spec": {
                    "reinvocationPolicy": "Never",
                    "matchConstraints": { "resourceRules": [{
                        "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"],
                    }] },
                    "mutations": [mutation],
                },
            }),
            None,
        )
    };
    let apply = |expression: &str| {
        mutation(json!({ "patchType": "ApplyConfiguration", "applyConfiguration": { "expression": expression } }))
    };
    assert_eq!(apply("Object{metadata: Object.metadata{labels: {'a': 'b'}}}"), NONE);
    assert_eq!(apply("{'a': 'b'}"), ["spec.mutations[0].applyConfiguration.expression Invalid"]);
    let patch =
        |expression: &str| mutation(json!({ "patchType": "JSONPatch", "jsonPatch": { "expression": expression } }));
    assert_eq!(patch("[JSONPatch{op: 'remove', path: '/a/' + jsonpatch.escapeKey('b/c')}]"), NONE);
    assert_eq!(patch("[JSONPatch{op: 1}]"), ["spec.mutations[0].jsonPatch.expression Invalid"]);
    assert_eq!(mutation(json!({ "patchType": "JSONPatch" })), ["spec.mutations[0].jsonPatch Required"]);
}
