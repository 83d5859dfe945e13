//! Services and the pods that they select.

pub(super) mod overlaps;
pub(super) mod port_places;
pub(super) mod selectors;
pub(super) mod target_ports;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::ServiceSpec;

use self::target_ports::declared;
use crate::cluster::{Labels, Lifetime, Object};
use crate::finding::Findings;
use crate::rules::Context;
use crate::values::names;
use crate::yaml::{Path, Value};

/// Labels that say which application or part of one a pod is. Labels for variants of one application (`track`, `version`,
/// `environment`), which a Service is meant to mix, are not among them.
const IDENTITY: [&str; 9] = [
    "app",
    "app.kubernetes.io/component",
    "app.kubernetes.io/name",
    "component",
    "k8s-app",
    "microservice",
    "name",
    "run",
    "service",
];

/// Labels that controllers give to single pods, so that no template has them.
const GIVEN: [&str; 7] = [
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
    "batch.kubernetes.io/job-completion-index",
    "controller-revision-hash",
    "controller-uid",
    "pod-template-hash",
    "statefulset.kubernetes.io/pod-name",
];

/// The objects of the input that make the pods of a Service and are meant to be with it, each once: a second manifest of
/// the same name is a variant or a patch.
pub(in crate::rules) fn selected<'a>(context: &Context<'a>, object: &Object) -> Vec<&'a Object> {
    let Some(selector) = object.pod_selector().filter(|_| object.identity.kind == "Service") else { return Vec::new() };
    let mut seen = BTreeSet::new();
    let cluster = context.cluster;
    let mut pods = cluster.pods_picked(object.namespace(), &selector);
    pods.retain(|pod| {
        context.layout().together(object, pod)
            && pod.pod_template().is_some_and(|template| template.is_whole())
            && seen.insert((pod.identity.kind.clone(), pod.identity.name.clone()))
    });
    pods
}

/// A selector that matches nothing in the input may be meant for pods from elsewhere. It is a mistake where some workload
/// of the input is evidently meant: it has the Service's name, or stands alone with it in one file and has some of the
/// labels, or has all of them but one, and that one is written almost the same.
pub(in crate::rules) fn selects_nothing(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(labels) = wanted(object) else { return };
    if context.cluster.has_pods_anywhere(labels) || has_endpoints(context, object) {
        return;
    }
    let Some(closest) = closest(context, object, labels) else { return };
    let carried = closest.pod_labels();
    let wrong: Vec<_> = labels.iter().filter(|(key, value)| carried.get(*key) != Some(value)).collect();
    let Some((key, value)) = wrong.first() else { return };
    let message = format!("no pod has label `{key}={value}`; {} seems to be meant", closest.identity);
    let selector = Path::root().fields(&["spec", "selector"]);
    let finding = object.report(out, &selector.key(*key), message);
    let template = closest.pod_template_path().unwrap_or_default().fields(&["metadata", "labels"]);
    for (key, _) in &wrong {
        match carried.get(*key) {
            Some(carried) => {
                finding.related(closest.place(&template.key(*key)), format!("its pods have `{key}={carried}`"))
            }
            None => finding.related(closest.place(&template), format!("its pods have no label `{key}`")),
        };
    }
    finding.help("select labels that the pods carry");
}

/// The labels that a Service wants pods to have, if it has to find pods.
fn wanted(object: &Object) -> Option<&Labels> {
    let spec = object.service().filter(|spec| spec.type_.as_deref() != Some("ExternalName"))?;
    let selector = spec.selector.as_ref().filter(|selector| !selector.is_empty())?;
    let is_given = |key: &String| GIVEN.contains(&key.as_str());
    // A value that no label can have is another finding.
    let is_invalid = |value: &String| !names::label_value(value).is_empty();
    (!selector.keys().any(is_given) && !selector.values().any(is_invalid)).then_some(selector)
}

/// The workload that is evidently meant.
fn closest<'a>(context: &Context<'a>, object: &Object, labels: &Labels) -> Option<&'a Object> {
    let cluster = context.cluster;
    let lasts = |pod: &&Object| {
        pod.pod_template().is_some_and(|template| template.is_whole())
            && context.layout().together(object, pod)
            && pod.lifetime() == Some(Lifetime::Stay)
            && !pod.pod_labels().is_empty()
    };
    let same_name = cluster.with_pods_like(object.namespace(), &object.identity.name).filter(lasts);
    let alone: Vec<&Object> = cluster.with_pods_in_file(object.document.file).collect();
    let is_unserved = |pod: &&Object| {
        let picking = cluster.picking(pod.namespace(), &pod.pod_labels());
        picking.iter().all(|other| other.identity.kind != "Service")
    };
    let has_some = |pod: &&Object| {
        let carried = pod.pod_labels();
        labels.iter().any(|(key, value)| carried.get(key) == Some(value) || carried.values().any(|its| its == value))
    };
    let alone = (alone.len() == 1).then(|| alone[0]).filter(lasts).filter(has_some).filter(is_unserved);
    let almost = labels
        .iter()
        .flat_map(|(key, value)| {
            let label = Labels::from([(key.clone(), value.clone())]);
            cluster.with_pod_labels(object.namespace(), &label).collect::<Vec<_>>()
        })
        .filter(lasts)
        .filter(|pod| is_almost(labels, &pod.pod_labels()));
    let wrong = |pod: &&Object| {
        let carried = pod.pod_labels();
        labels.iter().filter(|(key, value)| carried.get(*key) != Some(value)).count()
    };
    same_name.chain(alone).chain(almost).min_by_key(wrong)
}

/// Whether all labels but one are carried, and that one is carried with a slip of the pen.
fn is_almost(wanted: &Labels, carried: &Labels) -> bool {
    let mut wrong = wanted.iter().filter(|(key, value)| carried.get(*key) != Some(value));
    let (Some((key, value)), None) = (wrong.next(), wrong.next()) else { return false };
    match carried.get(key) {
        Some(carried) => is_slip(value, carried),
        None => carried.iter().any(|(its_key, its_value)| {
            its_value == value && (is_slip(key, its_key) || its_key.ends_with(&format!("/{key}")))
        }),
    }
}

/// Texts that differ only in case or punctuation, or by one or two letters of many. Texts that differ only in a number at
/// the end are different on purpose.
fn is_slip(one: &str, other: &str) -> bool {
    let name = |text: &str| text.trim_end_matches(|it: char| it.is_ascii_digit()).to_owned();
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', '.'], "");
    let allowed = match one.len().min(other.len()) {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    };
    name(one) != name(other) && (plain(one) == plain(other) || strsim::osa_distance(one, other) <= allowed)
}

/// Pods of different applications behind one Service: a request goes to either. Headless Services, which list their pods
/// for clients that ask for them, often mean to.
pub(in crate::rules) fn selects_several(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = object.service().filter(|_| !object.is_headless()) else { return };
    let pods = selected(context, object);
    let Some((one, other, why)) = different(&pods, spec) else { return };
    let selector = Path::root().fields(&["spec", "selector"]);
    let finding = object.report(
        out,
        &selector,
        format!("the Service selects the pods of {} and of {}", one.identity, other.identity),
    );
    finding.label(why);
    for pod in [one, other] {
        let template = pod.pod_template_path().unwrap_or_default();
        finding.related(pod.place(&template.fields(&["metadata", "labels"])), format!("the pods of {}", pod.identity));
    }
    finding.help("add a label to the selector that only the pods of one of them carry");
}

/// Two of the workloads that are different applications, and why.
fn different<'a>(pods: &[&'a Object], spec: &ServiceSpec) -> Option<(&'a Object, &'a Object, String)> {
    let (first, rest) = pods.split_first()?;
    let ends = |pod: &Object| pod.lifetime() == Some(Lifetime::End);
    for other in rest {
        if ends(first) != ends(other) {
            let job = if ends(first) { first } else { other };
            return Some((first, other, format!("the pods of {} are there to end", job.identity)));
        }
        let (labels, others) = (first.pod_labels(), other.pod_labels());
        let differing = IDENTITY
            .into_iter()
            .find(|key| labels.get(*key).zip(others.get(*key)).is_some_and(|(one, other)| one != other));
        if let Some(key) = differing {
            return Some((first, other, format!("their pods differ in `{key}`")));
        }
        let ports = spec.ports.as_deref().unwrap_or_default();
        let listens = |pod: &Object| declared(pod).next().is_some();
        if !ports.is_empty() && listens(first) != listens(other) {
            let silent = if listens(first) { other } else { first };
            return Some((first, other, format!("the pods of {} declare no port", silent.identity)));
        }
    }
    None
}

/// Nothing looks for pods without a selector, so that someone has to write the endpoints.
pub(in crate::rules) fn without_endpoints(context: &Context<'_>, object: &Object, out: &mut Findings) {
    let Some(spec) = object.service().filter(|spec| spec.type_.as_deref() != Some("ExternalName")) else { return };
    if spec.selector.as_ref().is_some_and(|selector| !selector.is_empty()) || has_endpoints(context, object) {
        return;
    }
    let path = Path::root().fields(&["spec", "selector"]);
    let finding = object.report(out, &path, "the Service has no selector, and the input has no endpoints for it");
    finding.help("add a selector, or an EndpointSlice with the label `kubernetes.io/service-name`");
}

/// Whether the input itself says where the Service leads.
fn has_endpoints(context: &Context<'_>, object: &Object) -> bool {
    let name = &object.identity.name;
    let serves = |slice: &Object| {
        let label = Path::root().fields(&["metadata", "labels"]).key("kubernetes.io/service-name");
        slice.root().at(&label).and_then(Value::as_str) == Some(name)
    };
    context.cluster.find("Endpoints", object.namespace(), name).is_some()
        || context.cluster.of_kind("EndpointSlice").any(serves)
}
