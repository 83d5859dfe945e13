//! `ConfigMap`s and Secrets.
//!
//! Mirrors `ValidateConfigMap`, `ValidateSecret` and their updates in pkg/apis/core/validation (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};

use crate::admission::errors::{Errors, shortened};
use crate::admission::{ApiServer, Kind};
use crate::finding::Keeps;
use crate::values::names;
use crate::yaml::Path;

/// All values together, in bytes (`MaxSecretSize`).
const LIMIT: usize = 1024 * 1024;

impl Kind for ConfigMap {
    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        let (data, binary) = (Path::root().field("data"), Path::root().field("binaryData"));
        let mut total = 0;
        for (key, value) in self.data.iter().flatten() {
            self::key(key, &data.key(key), errors);
            if self.binary_data.as_ref().is_some_and(|binary| binary.contains_key(key)) {
                let message = format!("the key `{}` stands in `binaryData` too", shortened(key));
                let place = errors.key_place(&binary.key(key));
                errors.invalid(&data.key(key), message).related(place, "there");
            }
            total += value.len();
        }
        for (key, ByteString(value)) in self.binary_data.iter().flatten() {
            self::key(key, &binary.key(key), errors);
            total += value.len();
        }
        too_large(total, &Path::root().field(""), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        if old.immutable == Some(true) {
            still_immutable(self.immutable, errors);
            unchanged(old.data.as_ref(), self.data.as_ref(), &Path::root().field("data"), errors);
            unchanged(old.binary_data.as_ref(), self.binary_data.as_ref(), &Path::root().field("binaryData"), errors);
        }
        self.validate(errors);
    }
}

impl Kind for Secret {
    /// The server folds `stringData` into `data` while it decodes, and a Secret without a type is `Opaque`.
    fn set_defaults(&mut self, _: &ApiServer) {
        if self.type_.as_deref().is_none_or(str::is_empty) {
            self.type_ = Some("Opaque".to_owned());
        }
        for (key, value) in self.string_data.take().into_iter().flatten() {
            self.data.get_or_insert_default().insert(key, ByteString(value.into_bytes()));
        }
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        let path = Path::root().field("data");
        let mut total = 0;
        for (key, ByteString(value)) in self.data.iter().flatten() {
            self::key(key, &written(key, errors), errors);
            total += value.len();
        }
        too_large(total, &path, errors);
        let kind = self.type_.as_deref().unwrap_or_default();
        let value = |key: &str| self.data.as_ref().and_then(|data| data.get(key)).map(|ByteString(value)| value);
        let mut demand = |key: &str| {
            let message = format!("a Secret of type `{kind}` needs the key `{key}`");
            errors.required(&path.key(key), message);
        };
        match kind {
            "kubernetes.io/service-account-token" => {
                const ACCOUNT: &str = "kubernetes.io/service-account.name";
                let account = self.metadata.annotations.as_ref().and_then(|annotations| annotations.get(ACCOUNT));
                if account.is_none_or(String::is_empty) {
                    let message = format!("a Secret of type `{kind}` needs the annotation `{ACCOUNT}`");
                    let path = Path::root().fields(&["metadata", "annotations"]).key(ACCOUNT);
                    errors.required(&path, message).says("").help("name the ServiceAccount whose token it is to hold");
                }
            }
            "kubernetes.io/dockercfg" => registry_logins(value(".dockercfg"), ".dockercfg", kind, errors),
            "kubernetes.io/dockerconfigjson" => {
                registry_logins(value(".dockerconfigjson"), ".dockerconfigjson", kind, errors);
            }
            "kubernetes.io/basic-auth" if value("username").is_none() && value("password").is_none() => {
                demand("username");
                demand("password");
            }
            "kubernetes.io/ssh-auth" if value("ssh-privatekey").is_none_or(Vec::is_empty) => demand("ssh-privatekey"),
            "kubernetes.io/tls" => {
                for key in ["tls.crt", "tls.key"].into_iter().filter(|key| value(key).is_none()) {
                    demand(key);
                }
            }
            _ => {}
        }
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        if self.type_ != old.type_ {
            let type_ = |secret: &Self| secret.type_.clone().unwrap_or_default();
            let message = format!("the type cannot change from `{}` to `{}`", type_(old), type_(self));
            let finding = errors.immutable(&Path::root().field("type"), message).says("field is immutable");
            finding.help("delete the Secret and create it anew, or give the new one another name");
        }
        if old.immutable == Some(true) {
            still_immutable(self.immutable, errors);
            unchanged(old.data.as_ref(), self.data.as_ref(), &Path::root().field("data"), errors);
        }
        self.validate(errors);
    }
}

/// A key of `data`.
fn key(key: &str, path: &Path, errors: &mut Errors<'_>) {
    for problem in names::config_map_key(key) {
        let place = errors.key_place(path);
        let field = path.parent().and_then(|data| data.last().and_then(|name| name.name()).map(str::to_owned));
        let finding =
            errors.invalid(path, format!("the key `{}` {problem}", shortened(key))).of(key).problem(problem).at(place);
        if field.as_deref() == Some("stringData") {
            finding.called(Path::root().field("data").key(key));
        }
    }
}

/// Where a key of a Secret's data is written: the server merges `stringData` into `data`.
fn written(key: &str, errors: &Errors<'_>) -> Path {
    let string = Path::root().field("stringData").key(key);
    if errors.is_written(&string) { string } else { Path::root().field("data").key(key) }
}

fn too_large(total: usize, path: &Path, errors: &mut Errors<'_>) {
    if total > LIMIT {
        let finding = errors
            .too_long(path, format!("the data has {total} bytes, more than {LIMIT}"))
            .says(format!("may not be more than {LIMIT} bytes"));
        finding.help("divide it among several objects, or put it into a volume");
    }
}

/// The logins for registries must be a JSON object; what is wrong with it is not said, because it is secret.
fn registry_logins(value: Option<&Vec<u8>>, key: &str, kind: &str, errors: &mut Errors<'_>) {
    let path = written(key, errors);
    let field = Path::root().field("data").key(key);
    let Some(value) = value else {
        let message = format!("a Secret of type `{kind}` needs the key `{key}`");
        errors.required(&path, message).called(field);
        return;
    };
    if serde_json::from_slice::<Option<serde_json::Map<String, serde_json::Value>>>(value).is_err() {
        errors.invalid(&path, format!("the value of `{key}` must be a JSON object")).called(field);
    }
}

fn still_immutable(immutable: Option<bool>, errors: &mut Errors<'_>) {
    if immutable != Some(true) {
        let message = "an object that is immutable stays so";
        errors
            .forbidden(&Path::root().field("immutable"), message)
            .says("field is immutable when `immutable` is set")
            .keeps(Keeps::Always)
            .help(ANOTHER);
    }
}

const ANOTHER: &str = "give the new object another name and refer to that, or delete the old one first";

fn unchanged<T: PartialEq>(
    old: Option<&BTreeMap<String, T>>,
    new: Option<&BTreeMap<String, T>>,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    if old != new {
        let message = "the data of an object with `immutable: true` cannot change";
        errors
            .forbidden(path, message)
            .says("field is immutable when `immutable` is set")
            .keeps(Keeps::Always)
            .help(ANOTHER);
    }
}
