//! The embedded schemas of built-in kinds: pure data access.
//!
//! # Files
//!
//! `schemas/kubernetes/` is written by `schemas/generate/run` and holds one text for each minor version, and one zstd
//! frame for the descriptions of all versions. A version's text has lines of kinds (apiVersion, kind, plural, scope,
//! definition), an empty line, and lines of definitions (name, JSON Schema); columns are parted by tabs and both parts
//! are sorted. So opening a version parses no JSON, and a kind costs only the definitions that it is made of. The texts
//! are embedded as they are, because unpacking one would be a fifth of the time in which a small file is checked.
//!
//! Measured for 1.37 on a small shared machine: opening 0.2 ms, the schema of a Deployment (117 definitions) 0.5 ms, of a
//! Service (13) 0.06 ms; descriptions 6 ms. Embedded are 1.3 MB of schemas and 149 KB of descriptions (1.4 MB unpacked).
//!
//! # What the schemas say
//!
//! They are JSON Schema of draft 4, which OpenAPI extends, and accept what the API server's strict decoder accepts:
//!
//! * `additionalProperties` is `false` wherever the Go type is a struct.
//! * `null` stands for absence everywhere; a validator must not look at members that are null.
//! * `required` and `enum` are not the decoder's, but the validation's that follows. They are there only where the API
//!   server refuses the object, in `schemas/generate/tables/` is why, and never below `status`.
//! * `x-seatrial-type` says what JSON Schema cannot, and stands beside the nearest plain `type`:
//!
//! | value | accepts |
//! |---|---|
//! | `int32`, `int64` | integers of that range |
//! | `double` | numbers |
//! | `int-or-string` | integers of 32 bits, strings |
//! | `quantity` | numbers, strings in the grammar of quantities (white space around them is ignored) |
//! | `time` | strings in RFC 3339 |
//! | `micro-time` | strings in RFC 3339 with exactly six digits of fraction |
//! | `bytes` | strings in base64 with padding (line ends are ignored) |
//! | `any` | everything |
//! | `schema-or-bool`, `schema-or-array`, `schema-or-string-array` | the alternatives in `anyOf`, at most one of which has the right type |
//!
//! * `x-kubernetes-list-type`, `-list-map-keys`, `-patch-strategy` and `-patch-merge-key` are as in published `OpenAPI`;
//!   a list that has none of them is atomic.
//!
//! A definition whose name ends in `.observed` is used below `status`, where nothing is required; one that ends in
//! `.lenient` below `items` and `additionalProperties` of a CRD's schema, where unknown fields are dropped in silence.

use std::{collections::BTreeMap, sync::OnceLock};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::version::{KubernetesVersion, minors};

macro_rules! texts {
    ($($minor:literal),*) => {
        &[$(include_str!(concat!("../../schemas/kubernetes/1.", $minor, ".txt"))),*]
    };
}

static TEXTS: &[&str] = minors!(texts);

static DESCRIPTIONS: &[u8] = include_bytes!("../../schemas/kubernetes/descriptions.zst");

/// All built-in kinds of one Kubernetes version, with their schemas.
#[derive(Debug)]
pub struct Bundle {
    version: KubernetesVersion,
    kinds: Vec<KindInfo>,
    /// Names and JSON texts, sorted by name.
    definitions: Vec<(&'static str, &'static str)>,
}

/// A kind that the API server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindInfo {
    /// The group and version, as in a manifest: `apps/v1`, or `v1` for the core group.
    pub api_version: &'static str,
    /// The kind, as in a manifest: `Deployment`.
    pub kind: &'static str,
    /// The resource as in URLs and in RBAC rules: `deployments`; of a subresource, the last part of the path.
    pub plural: &'static str,
    /// Where its objects live.
    pub scope: Scope,
    /// The name of its definition, for [`Bundle::schema`].
    pub definition: &'static str,
}

/// Where the objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// Beside the namespaces.
    Cluster,
    /// They do not: they are posted to a subresource of another object and nobody can apply them.
    Subresource,
}

impl Bundle {
    /// The bundle of a version, opened on first use and kept for as long as the process runs.
    pub fn open(version: KubernetesVersion) -> &'static Self {
        static OPENED: [OnceLock<Bundle>; KubernetesVersion::SUPPORTED.len()] =
            [const { OnceLock::new() }; KubernetesVersion::SUPPORTED.len()];
        let index = version.index();
        OPENED[index].get_or_init(|| Self::read(version, TEXTS[index]))
    }

    /// The version whose kinds these are.
    pub fn version(&self) -> KubernetesVersion {
        self.version
    }

    /// Looks up a kind as a manifest names it; lists such as `PodList` and `List` are no kinds of their own.
    pub fn kind(&self, api_version: &str, kind: &str) -> Option<&KindInfo> {
        let index = self.kinds.binary_search_by(|info| (info.api_version, info.kind).cmp(&(api_version, kind))).ok()?;
        Some(&self.kinds[index])
    }

    /// All kinds, sorted by apiVersion and kind.
    pub fn kinds(&self) -> &[KindInfo] {
        &self.kinds
    }

    /// The JSON text of one definition; references in it name others, as `#/$defs/<name>`.
    pub fn definition(&self, name: &str) -> Option<&'static str> {
        let index = self.definitions.binary_search_by(|(other, _)| (*other).cmp(name)).ok()?;
        Some(self.definitions[index].1)
    }

    /// A self-contained schema: a reference to the definition, and under `$defs` exactly what it is made of.
    pub fn schema(&self, definition: &str) -> Option<Value> {
        let mut definitions = Map::new();
        let mut queue = vec![definition.to_owned()];
        while let Some(name) = queue.pop() {
            if definitions.contains_key(&name) {
                continue;
            }
            let schema = parse(self.definition(&name)?);
            collect_references(&schema, &mut queue);
            definitions.insert(name, schema);
        }
        Some(json!({ "$ref": format!("#/$defs/{definition}"), "$defs": definitions }))
    }

    /// What Kubernetes says about a definition, or about a field of it.
    ///
    /// The first call unpacks the descriptions of all versions, which linting never needs.
    pub fn description(&self, definition: &str, field: Option<&str>) -> Option<String> {
        let definition = definition.trim_end_matches(".observed").trim_end_matches(".lenient");
        let versions = descriptions().get(&(definition, field.unwrap_or_default()))?;
        let minor = self.version.minor();
        let (_, text) = versions.iter().find(|(versions, _)| versions.contains(&minor))?;
        Some(parse(text))
    }

    fn read(version: KubernetesVersion, text: &'static str) -> Self {
        let (kinds, definitions) = text.split_once("\n\n").expect("a text has two parts");
        Self {
            version,
            kinds: kinds.lines().map(KindInfo::from_line).collect(),
            definitions: definitions
                .lines()
                .map(|line| line.split_once('\t').expect("a definition has a name"))
                .collect(),
        }
    }
}

impl KindInfo {
    /// The API group, empty for the core group.
    pub fn group(&self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The version of the API group.
    pub fn version(&self) -> &'static str {
        self.api_version.split_once('/').map_or(self.api_version, |(_, version)| version)
    }

    /// Whether the API server serves it unless it is told otherwise. Alpha and beta APIs are off by default, without
    /// exception in all supported versions.
    pub fn is_on_by_default(&self) -> bool {
        !self.version().contains("alpha") && !self.version().contains("beta")
    }

    fn from_line(line: &'static str) -> Self {
        let mut columns = line.split('\t');
        let mut column = || columns.next().expect("a kind has five columns");
        Self {
            api_version: column(),
            kind: column(),
            plural: column(),
            scope: match column() {
                "namespaced" => Scope::Namespaced,
                "cluster" => Scope::Cluster,
                _ => Scope::Subresource,
            },
            definition: column(),
        }
    }
}

/// Texts as JSON strings with the minor versions they hold in, by definition and field.
type Descriptions = BTreeMap<(&'static str, &'static str), Vec<(std::ops::RangeInclusive<u16>, &'static str)>>;

fn descriptions() -> &'static Descriptions {
    static OPENED: OnceLock<Descriptions> = OnceLock::new();
    OPENED.get_or_init(|| {
        let mut descriptions = Descriptions::new();
        for line in unpack(DESCRIPTIONS).lines() {
            let columns: Vec<_> = line.splitn(5, '\t').collect();
            let [definition, field, first, last, text] = columns[..] else { panic!("a description has five columns") };
            let minor = |text: &str| text.parse::<u16>().expect("descriptions have minor versions");
            descriptions.entry((definition, field)).or_default().push((minor(first)..=minor(last), text));
        }
        descriptions
    })
}

/// The text is leaked, because the caches that it is unpacked for live as long as the process.
fn unpack(mut frame: &[u8]) -> &'static str {
    let mut decoder = FrameDecoder::new();
    decoder.init(&mut frame).expect("embedded frames are whole");
    decoder.decode_blocks(&mut frame, BlockDecodingStrategy::All).expect("embedded frames are whole");
    let bytes = decoder.collect().expect("all blocks are decoded");
    String::from_utf8(bytes).expect("embedded frames hold text").leak()
}

/// Whoever asks has a text that the generator wrote as this type.
fn parse<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("embedded texts are JSON of a known type")
}

/// A schema's references stand at any depth under the key `$ref`. A property of that name, which CRD schemas have, holds
/// an object instead of a string.
fn collect_references(schema: &Value, out: &mut Vec<String>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str().and_then(|reference| reference.strip_prefix("#/$defs/")) {
                    Some(name) if key == "$ref" => out.push(name.to_owned()),
                    _ => collect_references(value, out),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_references(item, out)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(version: KubernetesVersion, name: &str) -> Value {
        let text = Bundle::open(version).definition(name).expect("is embedded");
        serde_json::from_str(text).expect("is JSON")
    }

    #[test]
    fn every_kind_of_every_version_has_a_whole_schema() {
        for &version in KubernetesVersion::SUPPORTED {
            let bundle = Bundle::open(version);
            assert!(bundle.kinds().is_sorted_by_key(|info| (info.api_version, info.kind)), "{version}");
            assert!(bundle.definitions.is_sorted_by_key(|(name, _)| *name), "{version}");
            for info in bundle.kinds() {
                assert!(bundle.schema(info.definition).is_some(), "{version} {info:?}");
                assert_eq!(bundle.kind(info.api_version, info.kind), Some(info));
            }
        }
    }

    #[test]
    fn schemas_are_valid_json_schema_and_hold_exactly_what_is_used() {
        for &version in KubernetesVersion::SUPPORTED {
            let bundle = Bundle::open(version);
            let mut used = std::collections::BTreeSet::new();
            for info in bundle.kinds() {
                let schema = bundle.schema(info.definition).expect("every kind has a schema");
                used.extend(schema["$defs"].as_object().expect("is an object").keys().cloned());
                assert!(jsonschema::meta::is_valid(&schema), "{version} {info:?}");
            }
            assert_eq!(used.len(), bundle.definitions.len(), "{version} has definitions that nothing uses");
        }
    }

    #[test]
    fn kinds_know_their_place() {
        let bundle = Bundle::open(KubernetesVersion::NEWEST);
        let deployment = bundle.kind("apps/v1", "Deployment").expect("is served");
        assert_eq!((deployment.group(), deployment.version(), deployment.plural), ("apps", "v1", "deployments"));
        assert_eq!(deployment.scope, Scope::Namespaced);
        let node = bundle.kind("v1", "Node").expect("is served");
        assert_eq!((node.group(), node.version(), node.scope), ("", "v1", Scope::Cluster));
        let eviction = bundle.kind("policy/v1", "Eviction").expect("is served");
        assert_eq!(eviction.scope, Scope::Subresource);
        assert_eq!(bundle.kind("apps/v1", "DeploymentList"), None);
        assert_eq!(bundle.kind("v1", "Status"), None);
    }

    #[test]
    fn versions_differ_in_what_they_serve() {
        let served = |minor: &str, api_version: &str, kind: &str| {
            Bundle::open(minor.parse().expect("is supported")).kind(api_version, kind).is_some()
        };
        assert!(!served("1.33", "resource.k8s.io/v1", "ResourceClaim"));
        assert!(served("1.34", "resource.k8s.io/v1", "ResourceClaim"));
        assert!(served("1.36", "networking.k8s.io/v1beta1", "IPAddress"));
        assert!(!served("1.37", "networking.k8s.io/v1beta1", "IPAddress"));
    }

    #[test]
    fn alpha_and_beta_are_off_by_default() {
        let bundle = Bundle::open(KubernetesVersion::NEWEST);
        let is_on = |api_version, kind| bundle.kind(api_version, kind).map(KindInfo::is_on_by_default);
        assert_eq!(is_on("resource.k8s.io/v1beta2", "ResourceClaim"), Some(false));
        assert_eq!(is_on("resource.k8s.io/v1", "ResourceClaim"), Some(true));
        assert_eq!(is_on("autoscaling/v2", "HorizontalPodAutoscaler"), Some(true));
    }

    #[test]
    fn a_deployment_says_what_the_decoder_checks() {
        for &version in KubernetesVersion::SUPPORTED {
            let spec = definition(version, "io.k8s.api.apps.v1.DeploymentSpec");
            assert_eq!(spec["required"], json!(["selector", "template"]));
            assert_eq!(spec["additionalProperties"], false);
            assert_eq!(spec["properties"]["replicas"], json!({ "type": "integer", "x-seatrial-type": "int32" }));
            let rolling = definition(version, "io.k8s.api.apps.v1.RollingUpdateDeployment");
            assert_eq!(rolling["properties"]["maxSurge"]["x-seatrial-type"], "int-or-string");
            let resources = definition(version, "io.k8s.api.core.v1.ResourceRequirements");
            let limit = &resources["properties"]["limits"]["additionalProperties"];
            assert_eq!(limit["x-seatrial-type"], "quantity");
        }
    }

    #[test]
    fn values_are_those_of_the_version() {
        let name = "io.k8s.api.apps.v1.StatefulSetUpdateStrategy";
        let values = |version| definition(version, name)["properties"]["type"]["enum"].clone();
        assert_eq!(values(KubernetesVersion::SUPPORTED[0]), json!(["", "OnDelete", "RollingUpdate"]));
        assert_eq!(values(KubernetesVersion::NEWEST), json!(["", "OnDelete", "Recreate", "RollingUpdate"]));
    }

    #[test]
    fn nothing_is_required_below_status() {
        let crd = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition";
        let status = definition(KubernetesVersion::NEWEST, &format!("{crd}Status"));
        assert_eq!(status["properties"]["acceptedNames"], json!({ "$ref": format!("#/$defs/{crd}Names.observed") }));
        assert_eq!(definition(KubernetesVersion::NEWEST, &format!("{crd}Names.observed")).get("required"), None);
        assert_eq!(
            definition(KubernetesVersion::NEWEST, &format!("{crd}Names"))["required"],
            json!(["kind", "plural"])
        );
    }

    /// The definition of CRD schemas has properties that are called like keywords; they are properties all the same.
    #[test]
    fn schemas_of_schemas_are_left_whole() {
        let name = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";
        let schema = definition(KubernetesVersion::NEWEST, name);
        assert_eq!(schema["properties"]["$ref"], json!({ "type": "string" }));
        assert_eq!(schema["properties"]["x-kubernetes-int-or-string"], json!({ "type": "boolean" }));
        assert_eq!(schema["properties"]["properties"]["additionalProperties"]["$ref"], format!("#/$defs/{name}"));
        assert_eq!(schema["properties"]["items"]["x-seatrial-type"], "schema-or-array");
        assert_eq!(definition(KubernetesVersion::NEWEST, &format!("{name}.lenient")).get("additionalProperties"), None);
    }

    #[test]
    fn lists_know_how_they_are_merged() {
        let container = definition(KubernetesVersion::NEWEST, "io.k8s.api.core.v1.Container");
        let ports = &container["properties"]["ports"];
        assert_eq!(ports["x-kubernetes-list-map-keys"], json!(["containerPort", "protocol"]));
        assert_eq!(ports["x-kubernetes-patch-merge-key"], "containerPort");
        assert_eq!(container["properties"]["args"].get("x-kubernetes-list-type"), None);
    }

    #[test]
    fn descriptions_follow_the_version() {
        let spec = "io.k8s.api.core.v1.PodSpec";
        let describe = |version, field| Bundle::open(version).description(spec, field);
        let newest = KubernetesVersion::NEWEST;
        assert_eq!(describe(newest, None).as_deref(), Some("PodSpec is a description of a pod."));
        assert!(describe(newest, Some("hostnameOverride")).is_some());
        assert_eq!(describe(KubernetesVersion::SUPPORTED[0], Some("hostnameOverride")), None);
        assert_eq!(describe(newest, Some("nonsense")), None);
    }
}
