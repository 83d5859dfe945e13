//! Which workloads read a `ConfigMap` or Secret, and whether they notice a change of it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, Volume};

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

/// Who reads what: the workloads of a cluster, by kind, namespace and name of the `ConfigMap` or Secret.
pub(super) type Readers<'a> = BTreeMap<(&'static str, String, String), Vec<(&'a Object, Uses)>>;

/// All readers of the cluster.
pub(super) fn readers(cluster: &Cluster) -> Readers<'_> {
    let mut readers = Readers::new();
    for reader in cluster.with_pods() {
        let Some(template) = reader.pod_template() else { continue };
        for ((kind, name), uses) in uses(template.spec) {
            let key = (kind, reader.namespace().to_owned(), name.to_owned());
            readers.entry(key).or_default().push((reader, uses));
        }
    }
    readers
}

/// A sentence for each workload that reads `object`; `rolls` tells whether its pods are replaced anyway.
pub(super) fn notes(object: &Object, readers: &Readers<'_>, rolls: impl Fn(&Object) -> bool) -> Vec<String> {
    let Some(kind) = [CONFIG_MAP, SECRET].into_iter().find(|kind| *kind == object.identity.kind) else {
        return Vec::new();
    };
    let key = (kind, object.namespace().to_owned(), object.identity.name.clone());
    let Some(readers) = readers.get(&key) else { return vec!["no workload of the input reads it".to_owned()] };
    let note = |(reader, uses): &(&Object, Uses)| {
        let identity = &reader.identity;
        if rolls(reader) {
            format!("{identity} reads it and rolls anyway: its new pods see the change")
        } else {
            format!("{identity} reads it; no pod restarts: {}", uses.words())
        }
    };
    readers.iter().map(note).collect()
}

const CONFIG_MAP: &str = "ConfigMap";
const SECRET: &str = "Secret";

/// What a pod reads, and how.
fn uses(spec: &PodSpec) -> BTreeMap<(&'static str, &str), Uses> {
    let mut uses: BTreeMap<(&'static str, &str), Uses> = BTreeMap::new();
    let containers = || spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let mut mounts: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for mount in containers().flat_map(|container| container.volume_mounts.iter().flatten()) {
        let by_sub_path = mount.sub_path.is_some() || mount.sub_path_expr.is_some();
        mounts.entry(&mount.name).or_default().push(by_sub_path);
    }
    for volume in spec.volumes.iter().flatten() {
        for source in sources(volume) {
            let entry = uses.entry(source).or_default();
            for by_sub_path in mounts.get(volume.name.as_str()).into_iter().flatten() {
                if *by_sub_path { entry.sub_path = true } else { entry.files = true }
            }
        }
    }
    for container in containers() {
        let from = container.env_from.iter().flatten().flat_map(|source| {
            let config_map = source.config_map_ref.as_ref().map(|it| (CONFIG_MAP, it.name.as_str()));
            config_map.into_iter().chain(source.secret_ref.as_ref().map(|it| (SECRET, it.name.as_str())))
        });
        let values = container.env.iter().flatten().filter_map(|variable| variable.value_from.as_ref());
        let keys = values.flat_map(|value| {
            let config_map = value.config_map_key_ref.as_ref().map(|it| (CONFIG_MAP, it.name.as_str()));
            config_map.into_iter().chain(value.secret_key_ref.as_ref().map(|it| (SECRET, it.name.as_str())))
        });
        for source in from.chain(keys) {
            uses.entry(source).or_default().environment = true;
        }
    }
    uses.retain(|_, uses| uses.any());
    uses
}

/// The `ConfigMaps` and Secrets in a volume.
fn sources(volume: &Volume) -> Vec<(&'static str, &str)> {
    let mut sources = Vec::new();
    sources.extend(volume.config_map.iter().map(|it| (CONFIG_MAP, it.name.as_str())));
    sources.extend(volume.secret.iter().filter_map(|it| Some((SECRET, it.secret_name.as_deref()?))));
    for projection in volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten()) {
        sources.extend(projection.config_map.iter().map(|it| (CONFIG_MAP, it.name.as_str())));
        sources.extend(projection.secret.iter().map(|it| (SECRET, it.name.as_str())));
    }
    sources
}
