//! Rollouts during which nothing is available, or which count as failed although they go well.

pub(super) mod config_changes;
pub(super) mod keeps_old;
pub(super) mod replicas;
pub(super) mod surge;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, StatefulSet};
use k8s_openapi::api::core::v1::{Probe, Service};

use crate::cluster::{Object, PodTemplate, autoscaled};
use crate::finding::Findings;
use crate::plan::document::Step;
use crate::plan::{pod_timing, workload};
use crate::rules::{Context, Rollout};
use crate::values::int_or_string::{Fenceposts, IntOrString, resolve_fenceposts};
use crate::yaml::Path;

/// With two sides, what the simulated rollout comes to; with one, what the manifest does to every rollout without need.
pub(in crate::rules) fn drops_to_zero(context: &Context<'_>, object: &Object, out: &mut Findings) {
    match context.rollout(object) {
        Some(rollout) if !rollout.plan.steps.is_empty() => drops_in(&rollout, object, out),
        _ => drops_always(context, object, out),
    }
}

fn drops_in(rollout: &Rollout<'_>, object: &Object, out: &mut Findings) {
    let Some(bounds) = &rollout.plan.bounds else { return };
    let steps = &rollout.plan.steps;
    // A single pod that nobody sends requests to may well be away for a moment.
    let is_on_nodes = workload::of(&object.identity).is_some_and(|kind| kind.is_on_nodes);
    let is_served = !is_on_nodes && steps.iter().any(|step| !step.endpoints.is_empty());
    if bounds.desired < if is_served { 1 } else { 2 } || steps.first().is_none_or(|step| step.available == 0) {
        return;
    }
    let Some(from) = steps.iter().position(|step| step.available == 0) else { return };
    let until = steps[from..].iter().find(|step| step.available > 0);
    let time = until.map_or(String::new(), |until| for_how_long(&steps[from], until));
    let (path, label, help) = cause(object, bounds.desired);
    let message = format!("no pod of {} `{}` is available{time}", object.identity.kind, object.identity.name);
    let finding = object.report(out, &path, message);
    finding.label(label).help(help);
    if object.root().at(&path).is_none() {
        finding.at(object.key_place(&Path::root().field("spec")));
    }
}

/// ` for up to 32 s of its rollout`; with a clock in whole seconds, less than one is no time that anybody can plan with.
fn for_how_long(from: &Step, until: &Step) -> String {
    let seconds = until.at.max - from.at.max;
    if seconds < 1.0 {
        " for a moment of its rollout".to_owned()
    } else {
        format!(" for up to {seconds:.0} s of its rollout")
    }
}

/// The field that makes it so, what to say about it, and what to do.
fn cause(object: &Object, desired: i64) -> (Path, &'static str, &'static str) {
    let spec = Path::root().field("spec");
    let is_recreated = || {
        let strategy = object.model::<Deployment>().and_then(|it| it.spec.strategy.as_ref()?.type_.as_deref());
        strategy == Some("Recreate")
    };
    match object.identity.kind.as_str() {
        "Deployment" if is_recreated() => (
            spec.fields(&["strategy", "type"]),
            "stops all old pods before the first new one starts",
            "use `RollingUpdate` if two versions can run side by side; if not, plan for the gap",
        ),
        "StatefulSet" if desired == 1 => (
            spec.field("replicas"),
            "the only pod stops before its successor starts",
            "run several pods if the software can, or plan for the gap",
        ),
        "Deployment" => (
            spec.fields(&["strategy", "rollingUpdate", "maxUnavailable"]),
            "lets all pods go at once",
            "lower `maxUnavailable`; with 0, old pods stay until new ones are available",
        ),
        _ => (
            spec.fields(&["updateStrategy", "rollingUpdate", "maxUnavailable"]),
            "lets all pods go at once",
            "lower `maxUnavailable`, so that the pods are replaced in several steps",
        ),
    }
}

fn drops_always(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = object.model::<Deployment>().map(|deployment| &deployment.spec) else { return };
    let replicas = fewest_pods(context, object).unwrap_or(1);
    let path = Path::root().fields(&["spec", "strategy"]);
    let strategy = spec.strategy.as_ref();
    if strategy.and_then(|it| it.type_.as_deref()) == Some("Recreate") {
        let Some(service) = served(context, object).filter(|_| replicas > 1 && !shares_nothing(object)) else { return };
        let message = format!(
            "each rollout of Deployment `{}` stops all {replicas} pods at once, and Service `{}` has none",
            object.identity.name, service.identity.name
        );
        let finding = object.report(out, &path.field("type"), message);
        finding.related(service.place(&Path::root().fields(&["spec", "selector"])), "sends them requests");
        finding.help("use `RollingUpdate` if two versions can run side by side; if not, plan for the gap");
        return;
    }
    let Some(rolling) = Rolling::of(spec, replicas) else { return };
    let written = strategy.and_then(|it| it.rolling_update.as_ref()?.max_unavailable.as_ref()).map(IntOrString::from);
    let is_all = written == Some(IntOrString::String("100%".to_owned()));
    if rolling.unavailable < replicas || replicas == 0 || (replicas == 1 && !is_all) {
        return;
    }
    let all = if replicas == 1 { "its only pod" } else { "all of its pods at once" };
    let message = format!("each rollout of Deployment `{}` may stop {all}", object.identity.name);
    let finding = object.report(out, &path.fields(&["rollingUpdate", "maxUnavailable"]), message);
    if spec.replicas.is_some() && !is_all {
        finding.related(object.place(&Path::root().fields(&["spec", "replicas"])), "as many as there are");
    }
    finding.help("lower `maxUnavailable`; with 0, old pods stay until new ones are available");
}

/// A Service that sends requests to the pods.
fn served<'a>(context: &Context<'a>, object: &Object) -> Option<&'a Object> {
    let labels = object.pod_template()?.labels()?;
    let mut services = context.cluster.services_selecting(object.namespace(), labels);
    services.retain(|service| {
        let spec = service.model::<Service>().and_then(|service| service.spec.as_ref());
        spec.is_some_and(|spec| spec.cluster_ip.as_deref() != Some("None"))
            && context.layout().together(object, service)
    });
    services.first().copied()
}

/// Whether old and new pods might be after the same thing: a volume, or a port of the node.
fn shares_nothing(object: &Object) -> bool {
    let Some(template) = object.pod_template() else { return false };
    let keeps =
        template.spec.volumes.iter().flatten().any(|volume| {
            volume.persistent_volume_claim.is_some() || volume.host_path.is_some() || volume.nfs.is_some()
        });
    keeps || template.spec.host_network == Some(true) || !template.host_ports().is_empty()
}

/// How far a rolling update of a Deployment goes.
#[derive(Clone, Copy, Debug)]
pub(in crate::rules) struct Rolling {
    pub(in crate::rules) surge: i32,
    pub(in crate::rules) unavailable: i32,
}

impl Rolling {
    /// With the defaults of `SetDefaults_Deployment` (pkg/apis/apps/v1, v1.36). `None` if it does not roll.
    pub(in crate::rules) fn of(spec: &DeploymentSpec, replicas: i32) -> Option<Self> {
        let strategy = spec.strategy.as_ref();
        if strategy.and_then(|it| it.type_.as_deref()).is_some_and(|it| it != "RollingUpdate") {
            return None;
        }
        let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
        let quarter = || IntOrString::String("25%".to_owned());
        let surge = rolling.and_then(|it| it.max_surge.as_ref()).map_or_else(quarter, IntOrString::from);
        let unavailable = rolling.and_then(|it| it.max_unavailable.as_ref()).map_or_else(quarter, IntOrString::from);
        let Fenceposts { max_surge: surge, max_unavailable: unavailable } =
            resolve_fenceposts(Some(&surge), Some(&unavailable), replicas).ok()?;
        Some(Self { surge, unavailable: unavailable.min(replicas) })
    }
}

/// How many pods there are at least: what the manifest says, or what an autoscaler of the input does not go below. `None`
/// if nobody says.
pub(in crate::rules) fn fewest_pods(context: &Context<'_>, object: &Object) -> Option<i32> {
    let ranges = context.autoscalers(object).iter().filter_map(|autoscaler| autoscaled(autoscaler));
    match ranges.map(|(least, _)| least).min() {
        Some(least) => Some(least),
        None => replicas(object),
    }
}

/// How many pods the manifest asks for, if it says so.
pub(in crate::rules) fn replicas(object: &Object) -> Option<i32> {
    match object.identity.kind.as_str() {
        "Deployment" => object.model::<Deployment>()?.spec.replicas,
        "StatefulSet" => object.model::<StatefulSet>()?.spec.replicas,
        _ => None,
    }
}

/// Each change of the numbers of pods counts as progress (`DeploymentProgressing`, pkg/controller/deployment/util, v1.36),
/// so what matters is how long one pod takes.
pub(in crate::rules) fn misses_deadline(_: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = object.model::<Deployment>().map(|deployment| &deployment.spec) else { return };
    let Some(template) = object.pod_template().filter(PodTemplate::is_whole) else { return };
    let deadline = spec.progress_deadline_seconds.unwrap_or(600);
    let deadline_path = Path::root().fields(&["spec", "progressDeadlineSeconds"]);
    for place in template.containers() {
        let container = place.container;
        let name = &container.name;
        let earliest = pod_timing::container_ready(container).min;
        let (path, message, needed) = if earliest > f64::from(deadline) {
            let of = |probe: &Option<Probe>| probe.as_ref().and_then(|it| it.initial_delay_seconds).unwrap_or(0);
            let probe = if of(&container.readiness_probe) >= of(&container.startup_probe) {
                "readinessProbe"
            } else {
                "startupProbe"
            };
            let message = format!("container `{name}` is ready after {earliest:.0} s at the earliest");
            (place.path.fields(&[probe, "initialDelaySeconds"]), message, earliest)
        } else if let Some(window) = container.startup_probe.as_ref().map(window).filter(|it| *it > i64::from(deadline))
        {
            let message = format!("container `{name}` may take {window} s to start");
            #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
            let needed = window as f64;
            (place.path.fields(&["startupProbe", "failureThreshold"]), message, needed)
        } else {
            continue;
        };
        let finding =
            object.report(out, &path, format!("{message}, and a rollout without progress fails after {deadline} s"));
        if spec.progress_deadline_seconds.is_some() {
            finding.related(object.place(&deadline_path), "the rollout counts as failed after this");
        }
        finding.help(format!("set `progressDeadlineSeconds` to more than {needed:.0}"));
    }
}

/// How long a container may take to start before its probe gives up, with the defaults of `SetDefaults_Probe`.
fn window(probe: &Probe) -> i64 {
    let or = |value: Option<i32>, default| i64::from(value.filter(|value| *value > 0).unwrap_or(default));
    or(probe.initial_delay_seconds, 0) + or(probe.period_seconds, 10) * or(probe.failure_threshold, 3)
}
