//! Ways out when an update is refused because a field cannot change: what to do, by which commands, and what it costs.

mod pods;
mod storage;

use super::applier::Applier;
use super::document::WayOut;
use super::workload;
use crate::cluster::{Cluster, Object};
use crate::finding::Finding;
use crate::yaml::Path;

/// A refused update.
#[derive(Clone, Copy)]
pub(super) struct Refused<'a> {
    /// The form that runs.
    pub(super) old: &'a Object,
    /// The form that is refused.
    pub(super) new: &'a Object,
    /// What else is applied with it.
    pub(super) cluster: &'a Cluster,
    /// The file of the new form, as the user named it.
    pub(super) file: &'a str,
    /// Who applies.
    pub(super) applier: Applier,
    /// Everything for which it is refused.
    pub(super) findings: &'a [Finding],
}

/// The ways out of a refusal, the cheapest first; none if the field may well change, and its new value is just wrong.
pub(super) fn ways_out(refused: Refused<'_>, finding: &Finding) -> Vec<WayOut> {
    let Some(keeps) = finding.kept() else { return Vec::new() };
    let path = &finding.path;
    let names: Vec<&str> = path.segments().into_iter().filter_map(|segment| segment.name()).collect();
    let field = |at: usize| names.get(at).copied().unwrap_or_default();
    let identity = &refused.new.identity;
    match (identity.kind.as_str(), identity.group(), field(0), field(1)) {
        ("StatefulSet", "apps", "spec", "volumeClaimTemplates") => storage::claim_templates(refused),
        (_, "apps", "spec", "selector") if workload::of(identity).is_some() => pods::selector(refused),
        ("StatefulSet", "apps", ..) => pods::stateful_set(refused, field(1)),
        ("Job", "batch", ..) => pods::job(refused, keeps, finding),
        ("Pod", "", ..) => pods::pod(refused),
        ("PersistentVolumeClaim", "", ..) => storage::claim(refused, keeps, finding),
        ("PersistentVolume", "", ..) => storage::volume(refused),
        ("StorageClass" | "VolumeAttributesClass", "storage.k8s.io", ..) => storage::class(refused),
        ("Service", "", _, field) => service(refused, field),
        ("ConfigMap" | "Secret", "", field, _) => data(refused, field),
        ("RoleBinding" | "ClusterRoleBinding", "rbac.authorization.k8s.io", ..) => binding(refused),
        ("CustomResourceDefinition", "apiextensions.k8s.io", ..) => definition(refused),
        ("PriorityClass", "scheduling.k8s.io", ..) => priority_class(refused),
        ("ResourceQuota" | "EndpointSlice" | "IngressClass" | "RuntimeClass", ..) => {
            vec![refused.under_another_name("what refers to it must refer to the new one"), refused.anew()]
        }
        _ => vec![refused.anew()],
    }
}

/// What is lost when an object is deleted and created anew; the second value says whether somebody notices.
pub(super) fn cost_of_anew(object: &Object) -> (&'static str, bool) {
    if let Some(kind) = workload::of(&object.identity) {
        return ((kind.cost_of_anew)(object), true);
    }
    match object.identity.kind.as_str() {
        "PersistentVolumeClaim" => (
            "the data is lost, unless the volume has the reclaim policy `Retain`; the claim goes only when no pod uses it",
            true,
        ),
        "PersistentVolume" => (
            "it goes only when the claim that is bound to it is deleted; the data stays with the reclaim policy `Retain`",
            true,
        ),
        "Service" => ("it gets another address, and maybe other node ports and another load balancer", true),
        "ConfigMap" | "Secret" => {
            ("pods that start in between fail until it is back, and others keep what they have read", true)
        }
        "RoleBinding" | "ClusterRoleBinding" => ("its subjects lack the rights for a moment", true),
        "CustomResourceDefinition" => ("all objects of the kind are deleted with it", true),
        "Namespace" => ("everything in it is deleted with it", true),
        "StorageClass" | "VolumeAttributesClass" => {
            ("claims made in between do not find it; volumes that exist stay as they are", false)
        }
        "PriorityClass" => {
            ("pods made in between are refused; pods that exist keep the priority that they have", false)
        }
        "RuntimeClass" => ("pods made in between are refused; pods that exist go on", false),
        "IngressClass" => ("its controller may drop the Ingresses of the class until it is back", true),
        "CSIDriver" => ("volumes that are mounted in between are treated by the defaults", true),
        "ResourceQuota" => ("nothing is limited for a moment", false),
        "EndpointSlice" => ("nothing is sent to its endpoints for a moment", true),
        _ => ("nobody finds it for a moment", true),
    }
}

fn way(title: impl Into<String>, commands: Vec<String>, (cost, disruptive): (impl Into<String>, bool)) -> WayOut {
    WayOut { title: title.into(), commands, disruptive, cost: cost.into() }
}

impl Refused<'_> {
    /// `statefulset`, as kubectl takes it.
    fn resource(&self) -> String {
        self.new.identity.kind.to_lowercase()
    }

    /// `kubectl -n shop delete deployment web`
    fn kubectl(&self, arguments: &str) -> String {
        kubectl(self.new, arguments)
    }

    fn delete(&self, flags: &str) -> String {
        self.kubectl(format!("delete {} {} {flags}", self.resource(), quoted(&self.new.identity.name)).trim_end())
    }

    /// The file for a command; what came by standard input has to come so again.
    fn file(&self) -> String {
        if self.file == "<stdin>" { "-".to_owned() } else { quoted(self.file) }
    }

    /// The command that applies everything again.
    fn again(&self) -> String {
        match self.applier {
            Applier::Kubectl => format!("kubectl apply -f {}", self.file()),
            Applier::Helm => "helm upgrade RELEASE CHART".to_owned(),
            Applier::Argocd => "argocd app sync APP".to_owned(),
            Applier::Flux => "flux reconcile kustomization NAME --with-source".to_owned(),
            Applier::Kapp => format!("kapp deploy -a APP -f {}", self.file()),
        }
    }

    /// Delete and apply again.
    fn anew(&self) -> WayOut {
        let how = match self.applier {
            Applier::Kubectl => "; `kubectl apply --force` does both",
            Applier::Helm => "",
            Applier::Argocd => {
                "; with the annotation `argocd.argoproj.io/sync-options: Force=true` Argo CD does so by itself"
            }
            Applier::Flux => {
                "; with the annotation `kustomize.toolkit.fluxcd.io/force: enabled` Flux does so by itself"
            }
            Applier::Kapp => {
                "; with the annotation `kapp.k14s.io/update-strategy: fallback-on-replace` kapp does so by itself"
            }
        };
        let title = format!("delete it and create it anew{how}");
        way(title, vec![self.delete(""), self.again()], cost_of_anew(self.old))
    }

    /// Keep the pods, and delete only what owns them.
    fn orphaned(&self, title: &str, cost: (&str, bool)) -> WayOut {
        way(title, vec![self.delete("--cascade=orphan"), self.again()], cost)
    }

    fn under_another_name(&self, cost: &str) -> WayOut {
        let mut commands = vec![self.again()];
        // The others delete what left the input, or may.
        if self.applier == Applier::Kubectl {
            commands.push(self.delete(""));
        }
        way("create it under another name, and delete the old one later", commands, (cost, false))
    }

    /// The text at a place of the new form.
    fn text(&self, fields: &[&'static str]) -> Option<&str> {
        self.new.root().at(&Path::root().fields(fields))?.as_str()
    }
}

/// `kubectl -n shop delete deployment web`; without a namespace if the manifest names none.
fn kubectl(object: &Object, arguments: &str) -> String {
    match &object.identity.namespace {
        Some(namespace) => format!("kubectl -n {} {arguments}", quoted(namespace)),
        None => format!("kubectl {arguments}"),
    }
}

/// A word that a shell takes as it is; in quotes where it would not.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@%+=".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

fn service(refused: Refused<'_>, field: &str) -> Vec<WayOut> {
    let (title, cost) = match field {
        "clusterIP" | "clusterIPs" => ("leave the address out: the Service keeps the one that it has", "nothing"),
        "ipFamilies" => ("write the families in the order that they have", "the first family stays what it is"),
        "healthCheckNodePort" => ("leave the port out: the Service keeps the one that it has", "nothing"),
        _ => ("leave it as it was", "the change is not made"),
    };
    vec![way(title, Vec::new(), (cost, false)), refused.anew()]
}

fn data(refused: Refused<'_>, field: &str) -> Vec<WayOut> {
    let kind = refused.new.identity.kind.as_str();
    let generator = if kind == "Secret" { "secretGenerator" } else { "configMapGenerator" };
    let versioned = match refused.applier {
        Applier::Kapp => ", and so does kapp's annotation `kapp.k14s.io/versioned`",
        _ => "",
    };
    let title =
        format!("give it a new name with each change and refer to that; kustomize's `{generator}` does so{versioned}");
    let new_name = way(title, vec![refused.again()], ("workloads that refer to it roll", true));
    let mut anew = refused.anew();
    if field != "type" {
        let restart = refused.kubectl("rollout restart KIND/NAME");
        anew.commands.push(restart);
        anew.cost = String::from(
            "pods that start in between fail until it is back; others see the new data only when they are restarted",
        );
    }
    vec![new_name, anew]
}

fn binding(refused: Refused<'_>) -> Vec<WayOut> {
    let reconcile = format!("kubectl auth reconcile -f {}", refused.file());
    vec![
        way("let `kubectl auth reconcile` replace it", vec![reconcile], cost_of_anew(refused.old)),
        refused.under_another_name("until the old binding is deleted, its subjects have the rights of both roles"),
        refused.anew(),
    ]
}

fn definition(refused: Refused<'_>) -> Vec<WayOut> {
    let plural = refused.text(&["spec", "names", "plural"]).unwrap_or("PLURAL");
    let group = refused.text(&["spec", "group"]).unwrap_or("GROUP");
    let mut anew = refused.anew();
    // An object that was dumped has fields of the server, which do not keep it from being created anew.
    let objects = quoted(&format!("{plural}.{group}"));
    anew.title = String::from("save all its objects, delete it and create it anew, and create the objects again");
    anew.commands.insert(0, format!("kubectl get {objects} --all-namespaces -o yaml > objects.yaml"));
    anew.commands.push("kubectl create -f objects.yaml".to_owned());
    vec![refused.under_another_name("objects of the old kind must be made again as objects of the new one"), anew]
}

fn priority_class(refused: Refused<'_>) -> Vec<WayOut> {
    vec![refused.under_another_name("workloads that name the new class in `priorityClassName` roll"), refused.anew()]
}
