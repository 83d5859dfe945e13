//! Which workloads read a `ConfigMap` or Secret, and whether they notice a change of it.

use k8s_openapi::api::core::v1::PodSpec;

use crate::cluster::{Cluster, Object};

/// How a workload reads the data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Uses {
    /// As environment variables, which are read when a container starts.
    environment: bool,
    /// As files of a volume, which the kubelet keeps current.
    files: bool,
    /// As a file mounted by `subPath`, which nobody keeps current.
    sub_path: bool,
}

impl Uses {
    fn any(self) -> bool {
        self.environment || self.files || self.sub_path
    }

    /// What happens to those who read it, in words.
    fn words(self) -> String {
        let mut words = Vec::new();
        if self.files {
            words.push("its files follow within a minute or two");
        }
        if self.sub_path {
            words.push("files mounted by `subPath` stay as they are until the pod is replaced");
        }
        if self.environment {
            words.push("environment variables stay as they are until the container restarts");
        }
        words.join(", ")
    }
}

/// A sentence for each workload of `cluster` that reads `object`.
pub(super) fn notes(object: &Object, cluster: &Cluster) -> Vec<String> {
    let (kind, name) = (object.identity.kind.as_str(), object.identity.name.as_str());
    if !matches!(kind, "ConfigMap" | "Secret") {
        return Vec::new();
    }
    let readers = cluster.with_pods().filter(|reader| reader.namespace() == object.namespace());
    let mut notes: Vec<String> = readers
        .filter_map(|reader| {
            let uses = uses(reader.pod_template()?.spec, kind, name);
            uses.any().then(|| format!("{} reads it; no pod restarts: {}", reader.identity, uses.words()))
        })
        .collect();
    if notes.is_empty() {
        notes.push("no workload of the input reads it".to_owned());
    }
    notes
}

/// How a pod reads the object of this kind and name.
fn uses(spec: &PodSpec, kind: &str, name: &str) -> Uses {
    let mut uses = Uses::default();
    let is_config_map = kind == "ConfigMap";
    let volumes: Vec<&str> = spec
        .volumes
        .iter()
        .flatten()
        .filter(|volume| {
            let own = if is_config_map {
                volume.config_map.as_ref().map(|source| source.name.as_str())
            } else {
                volume.secret.as_ref().and_then(|source| source.secret_name.as_deref())
            };
            let projected = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
            let mut projected = projected.filter_map(|source| {
                if is_config_map {
                    source.config_map.as_ref().map(|source| source.name.as_str())
                } else {
                    source.secret.as_ref().map(|source| source.name.as_str())
                }
            });
            own == Some(name) || projected.any(|other| other == name)
        })
        .map(|volume| volume.name.as_str())
        .collect();
    for container in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
        for mount in container.volume_mounts.iter().flatten().filter(|mount| volumes.contains(&mount.name.as_str())) {
            let by_sub_path = mount.sub_path.is_some() || mount.sub_path_expr.is_some();
            if by_sub_path { uses.sub_path = true } else { uses.files = true }
        }
        let from = container.env_from.iter().flatten().any(|source| {
            if is_config_map {
                source.config_map_ref.as_ref().is_some_and(|other| other.name == name)
            } else {
                source.secret_ref.as_ref().is_some_and(|other| other.name == name)
            }
        });
        let values = container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref());
        let mut keys = values.map(|value| {
            if is_config_map {
                value.config_map_key_ref.as_ref().is_some_and(|other| other.name == name)
            } else {
                value.secret_key_ref.as_ref().is_some_and(|other| other.name == name)
            }
        });
        uses.environment |= from || keys.any(|matches| matches);
    }
    uses
}
