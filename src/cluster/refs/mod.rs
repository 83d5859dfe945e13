//! Who names and picks whom: objects by name, selectors as the cluster sees them, and the pods that they pick.

mod autoscalers;
mod readers;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{ReplicationController, Service};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

pub(crate) use self::autoscalers::{Autoscalers, autoscaled};
pub(crate) use self::readers::{How, Read, Readers, reads};
pub use self::table::{Reading, Reference};
use super::{Cluster, Object};
use crate::source::FileId;
use crate::values::selector::{MatchExpression, Operator, Selector, SelectorError};
use crate::yaml::{Path, Value};

/// Labels of pods.
pub type Labels = BTreeMap<String, String>;

/// Indexes that only some rules need, made when the first of them asks.
#[derive(Debug, Default)]
pub(super) struct Refs {
    /// The first object of each kind, namespace and name.
    by_name: BTreeMap<(String, String, String), usize>,
    /// Objects that pick pods: by namespace and one label that each of their pods must carry.
    picking: BTreeMap<(String, String, String), Vec<usize>>,
    /// By namespace, those that demand no certain label.
    picking_any: BTreeMap<String, Vec<usize>>,
    /// Objects that make pods, by file.
    in_file: BTreeMap<FileId, Vec<usize>>,
    /// Objects that make pods, by namespace and [`stem`].
    by_stem: BTreeMap<(String, String), Vec<usize>>,
    /// Kinds unknown to seatrial that make pods, by one label of theirs.
    foreign: BTreeMap<(String, String), Vec<usize>>,
    /// Objects that occupy a port of their nodes.
    host_port: BTreeMap<i32, Vec<usize>>,
    /// Services that ask for a node port.
    node_port: BTreeMap<i32, Vec<usize>>,
}

impl Object {
    /// Where the object's selector of pods stands, for the kinds that have one.
    pub fn pod_selector_path(&self) -> Option<Path> {
        let field = match (self.identity.api_version.as_str(), self.identity.kind.as_str()) {
            ("v1", "Service") | ("policy/v1", "PodDisruptionBudget") => "selector",
            ("networking.k8s.io/v1", "NetworkPolicy") => "podSelector",
            _ if self.workload_selector().is_some() => "selector",
            _ => return None,
        };
        Some(Path::root().fields(&["spec", field]))
    }

    /// Which pods the object picks. `None` if it picks none: there is no selector, or none that can be read, or it is
    /// a Service or `ReplicationController` with an empty one, or a Service of type `ExternalName`.
    pub fn pod_selector(&self) -> Option<Selector> {
        let path = self.pod_selector_path()?;
        let written = self.root().at(&path).filter(|value| !value.is_null());
        let of_labels = |labels: Option<&Labels>| labels.filter(|labels| !labels.is_empty()).map(Selector::from_labels);
        let labels = match self.identity.kind.as_str() {
            "Service" => {
                let spec = self.model::<Service>()?.spec.as_ref()?;
                return of_labels(spec.selector.as_ref()).filter(|_| spec.type_.as_deref() != Some("ExternalName"));
            }
            "ReplicationController" => {
                let spec = self.model::<ReplicationController>()?.spec.as_ref()?;
                return of_labels(spec.selector.as_ref()).or_else(|| of_labels(self.pod_template()?.labels()));
            }
            // A policy without the field is one with an empty selector: it is no pointer in Go.
            "NetworkPolicy" => self.model::<NetworkPolicy>()?.spec.as_ref()?.pod_selector.as_ref(),
            _ if written.is_none() => return None,
            "PodDisruptionBudget" => self.model::<PodDisruptionBudget>()?.spec.as_ref()?.selector.as_ref(),
            _ => self.workload_selector()?(self),
        };
        labels.map_or(Some(Selector::default()), |selector| read_selector(selector).ok())
    }

    /// Whether a controller made the object (it stands in a dump of a cluster), so that its selector and pods are the
    /// controller's own business.
    pub fn is_controlled(&self) -> bool {
        let metadata = self.root().get("metadata");
        let owners = metadata.and_then(|metadata| metadata.get("ownerReferences"));
        owners.is_some_and(|owners| owners.items().len() > 0)
    }
}

/// The selector that the two fields of a `LabelSelector` make.
pub fn read_selector(selector: &LabelSelector) -> Result<Selector, SelectorError> {
    let expressions = selector.match_expressions.iter().flatten().map(|expression| MatchExpression {
        key: expression.key.clone(),
        operator: expression.operator.clone(),
        values: expression.values.clone().unwrap_or_default(),
    });
    let labels = selector.match_labels.clone().unwrap_or_default();
    Selector::from_label_selector(&labels, &expressions.collect::<Vec<_>>())
}

impl Cluster {
    /// The object of a kind with this name; `namespace` is empty for manifests that name none.
    pub fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Object> {
        let key = (kind.to_owned(), namespace.to_owned(), name.to_owned());
        self.refs().by_name.get(&key).map(|at| &self.objects[*at])
    }

    /// The objects in `namespace` whose pods the selector picks (Pods among them), in the order of the input.
    pub fn pods_picked<'a>(&'a self, namespace: &str, selector: &Selector) -> Vec<&'a Object> {
        let labels: Labels = demanded(selector).map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        let picked = |object: &&Object| selector.matches(&object.pod_labels());
        if labels.is_empty() {
            return self.with_pods().filter(|object| object.namespace() == namespace).filter(picked).collect();
        }
        self.with_pod_labels(namespace, &labels).filter(picked).collect()
    }

    /// The objects in `namespace` that pick pods with these labels: workloads, Services, budgets, network policies.
    pub fn picking<'a>(&'a self, namespace: &str, labels: &Labels) -> Vec<&'a Object> {
        let refs = self.refs();
        let mut candidates: BTreeSet<usize> = refs.picking_any.get(namespace).into_iter().flatten().copied().collect();
        for (key, value) in labels {
            let key = (namespace.to_owned(), key.clone(), value.clone());
            candidates.extend(refs.picking.get(&key).into_iter().flatten());
        }
        let picks = |object: &&Object| object.pod_selector().is_some_and(|selector| selector.matches(labels));
        candidates.into_iter().map(|at| &self.objects[at]).filter(picks).collect()
    }

    /// The Services in `namespace` that select pods with these labels, in the order of the input; those without a
    /// selector and those of type `ExternalName` select nothing.
    pub fn services_selecting<'a>(&'a self, namespace: &str, labels: &Labels) -> Vec<&'a Object> {
        let mut found = self.picking(namespace, labels);
        found.retain(|object| object.identity.kind == "Service");
        found
    }

    /// Whether pods with all of `labels` come from anything in any namespace, kinds unknown to seatrial included.
    pub fn has_pods_anywhere(&self, labels: &Labels) -> bool {
        let Some((key, value)) = labels.iter().next() else { return false };
        let from = (key.clone(), value.clone(), String::new());
        let known =
            self.by_label.range(from..).take_while(|((its_key, its_value, _), _)| its_key == key && its_value == value);
        let carries = |carried: &Labels| labels.iter().all(|(key, value)| carried.get(key) == Some(value));
        self.at(known.flat_map(|(_, list)| list)).any(|object| carries(&object.pod_labels()))
            || self
                .at(self.refs().foreign.get(&(key.clone(), value.clone())).into_iter().flatten())
                .any(|object| object.foreign_pod_labels().is_some_and(|carried| carries(&carried)))
    }

    /// The objects in the same file that make pods.
    pub fn with_pods_in_file(&self, file: FileId) -> impl Iterator<Item = &Object> {
        self.at(self.refs().in_file.get(&file).into_iter().flatten())
    }

    /// The objects in `namespace` that make pods and have the same name but for words like `-service` and `-deployment`.
    pub fn with_pods_like<'a>(&'a self, namespace: &str, name: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.at(self.refs().by_stem.get(&(namespace.to_owned(), stem(name).to_owned())).into_iter().flatten())
    }

    /// The objects whose pods occupy this port of their nodes.
    pub fn on_host_port(&self, port: i32) -> impl Iterator<Item = &Object> {
        self.at(self.refs().host_port.get(&port).into_iter().flatten())
    }

    /// The Services that ask for this port of all nodes.
    pub fn on_node_port(&self, port: i32) -> impl Iterator<Item = &Object> {
        self.at(self.refs().node_port.get(&port).into_iter().flatten())
    }

    fn at<'a>(&'a self, list: impl IntoIterator<Item = &'a usize> + 'a) -> impl Iterator<Item = &'a Object> + 'a {
        list.into_iter().map(|at| &self.objects[*at])
    }

    fn refs(&self) -> &Refs {
        self.refs.get_or_init(|| Refs::new(self))
    }
}

impl Refs {
    fn new(cluster: &Cluster) -> Self {
        let mut refs = Self::default();
        for (at, object) in cluster.objects.iter().enumerate() {
            let namespace = || object.namespace().to_owned();
            let identity = &object.identity;
            refs.by_name.entry((identity.kind.clone(), namespace(), identity.name.clone())).or_insert(at);
            match object.pod_selector().as_ref().map(|selector| demanded(selector).next()) {
                Some(Some((key, value))) => {
                    refs.picking.entry((namespace(), key.to_owned(), value.to_owned())).or_default().push(at);
                }
                Some(None) => refs.picking_any.entry(namespace()).or_default().push(at),
                None => {}
            }
            if let Some(template) = object.pod_template() {
                refs.in_file.entry(object.document.file).or_default().push(at);
                refs.by_stem.entry((namespace(), stem(&object.identity.name).to_owned())).or_default().push(at);
                let ports: BTreeSet<i32> = template.host_ports().into_iter().map(|port| port.number).collect();
                for port in ports {
                    refs.host_port.entry(port).or_default().push(at);
                }
            }
            for label in object.foreign_pod_labels().into_iter().flatten() {
                refs.foreign.entry(label).or_default().push(at);
            }
            if let Some(spec) = object.model::<Service>().and_then(|service| service.spec.as_ref()) {
                let ports: BTreeSet<i32> = spec.ports.iter().flatten().filter_map(|port| port.node_port).collect();
                for port in ports {
                    refs.node_port.entry(port).or_default().push(at);
                }
            }
        }
        refs
    }
}

/// A name without the words that people add to tell a Service from its workload.
pub fn stem(name: &str) -> &str {
    const WORDS: [&str; 18] = [
        "-svc",
        "-service",
        "-headless",
        "-deployment",
        "-deploy",
        "-statefulset",
        "-sts",
        "-daemonset",
        "-ds",
        "-internal",
        "-external",
        "-lb",
        "-loadbalancer",
        "-nodeport",
        "-clusterip",
        "-rc",
        "-rs",
        "-pod",
    ];
    match WORDS.iter().find_map(|word| name.strip_suffix(word).filter(|rest| !rest.is_empty())) {
        Some(rest) => stem(rest),
        None => name,
    }
}

/// The labels that every pod must carry which the selector picks.
fn demanded(selector: &Selector) -> impl Iterator<Item = (&str, &str)> {
    selector.requirements.iter().filter_map(|requirement| match (requirement.operator, &requirement.values[..]) {
        (Operator::Equals | Operator::DoubleEquals | Operator::In, [value]) => Some((&*requirement.key, &**value)),
        _ => None,
    })
}

impl Object {
    /// The labels of the pod template as they are written, or of the Pod that the object is.
    pub fn template_labels(&self) -> Labels {
        self.pod_template_value().into_iter().flat_map(crate::cluster::pods::labels).collect()
    }

    /// The labels that the pods will carry, with the name that the API server adds to those of a Job.
    pub fn pod_labels(&self) -> Labels {
        let mut labels = self.template_labels();
        if self.identity.kind == "Job" {
            for key in ["batch.kubernetes.io/job-name", "job-name"] {
                labels.entry(key.to_owned()).or_insert_with(|| self.identity.name.clone());
            }
        }
        labels
    }

    /// The labels of the pods of a kind that seatrial does not know, if it has a template like those that it knows: old
    /// versions of the workloads, and the workloads of operators.
    pub fn foreign_pod_labels(&self) -> Option<Labels> {
        if self.pod_template_path().is_some() {
            return None;
        }
        let template = self.root().at(&Path::root().fields(&["spec", "template"]))?;
        let labels = template.get("metadata")?.get("labels")?;
        let text = |value: Value<'_>| value.as_str().map(str::to_owned);
        Some(labels.fields().filter_map(|field| Some((field.name.to_owned(), text(field.value)?))).collect())
    }
}
