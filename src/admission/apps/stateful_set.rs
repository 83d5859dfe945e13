//! `StatefulSets`.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    RollingUpdateStatefulSetStrategy, StatefulSet, StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec,
    StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaimSpec, PersistentVolumeClaimVolumeSource, PodTemplateSpec, Volume,
};

use super::selection::way_out;
use super::{Selection, defaults, lasting};
use crate::admission::core::{pod, storage};
use crate::admission::equal::{Difference, differences};
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::admission::shared::numbers::{at_most_all, int_or_percent, is_zero, not_negative};
use crate::admission::{ApiServer, How, Kind};
use crate::finding::Keeps;
use crate::values::names::{self, Problems};
use crate::yaml::Path;

impl Kind for StatefulSet {
    const NAME: fn(&str) -> Problems = names::dns1123_label;

    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::stateful_set(self, server);
    }

    fn prepare(&mut self, old: Option<&mut Self>, _: How, errors: &mut Errors<'_>) -> bool {
        drop_max_unavailable(self, old.as_deref(), errors.server);
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        spec(&self.spec, None, Checks { service_name: true, claims: true, pods: true }, errors);
        warnings(&self.spec, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        // What cannot change is not checked again, and neither is a template that would not be taken today.
        let mut checks = Checks { service_name: false, claims: false, pods: true };
        checks.pods = !errors.would_refuse(|errors| spec(&old.spec, Some(&old.spec), checks, errors));
        spec(&self.spec, Some(&old.spec), checks, errors);
        unchanged(&self.spec, &old.spec, errors);
        warnings(&self.spec, errors);
    }
}

/// As `dropStatefulSetDisabledFields`.
fn drop_max_unavailable(set: &mut StatefulSet, old: Option<&StatefulSet>, server: &ApiServer) {
    let is_used = |set: &StatefulSet| {
        let strategy = set.spec.update_strategy.as_ref();
        strategy.and_then(|strategy| strategy.rolling_update.as_ref()?.max_unavailable.as_ref()).is_some()
    };
    if !server.enabled(Gate::MaxUnavailableStatefulSet)
        && !old.is_some_and(is_used)
        && let Some(update) = set.spec.update_strategy.as_mut().and_then(|strategy| strategy.rolling_update.as_mut())
    {
        update.max_unavailable = None;
    }
}

/// Which parts of a spec are checked (`StatefulSetValidationOptions`).
#[derive(Clone, Copy)]
struct Checks {
    service_name: bool,
    claims: bool,
    pods: bool,
}

/// As `ValidateStatefulSetSpec`.
fn spec(spec: &StatefulSetSpec, old: Option<&StatefulSetSpec>, checks: Checks, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    if let Some(policy) = spec.pod_management_policy.as_deref()
        && !matches!(policy, "OrderedReady" | "Parallel")
    {
        let message = format!("the `podManagementPolicy` of a StatefulSet cannot be `{}`", shortened(policy));
        let finding =
            errors.invalid(&path.field("podManagementPolicy"), message).says("must be 'OrderedReady' or 'Parallel'");
        finding.help("write `OrderedReady` for one pod after the other, or `Parallel` for all at once");
    }
    if let Some(strategy) = &spec.update_strategy {
        self::strategy(strategy, &path.field("updateStrategy"), errors);
    }
    if let Some(policy) = &spec.persistent_volume_claim_retention_policy {
        retention(policy, &path.field("persistentVolumeClaimRetentionPolicy"), errors);
    }
    let claims = spec.volume_claim_templates.as_deref().unwrap_or_default();
    if checks.claims {
        let path = path.field("volumeClaimTemplates");
        let nothing = PersistentVolumeClaimSpec::default();
        for (index, claim) in claims.iter().enumerate() {
            storage::claim_spec(claim.spec.as_ref().unwrap_or(&nothing), &path.index(index).field("spec"), errors);
        }
    }
    negative(spec.replicas, &path, "replicas", errors);
    negative(spec.min_ready_seconds, &path, "minReadySeconds", errors);
    negative(spec.ordinals.as_ref().and_then(|ordinals| ordinals.start), &path.field("ordinals"), "start", errors);
    let service = spec.service_name.as_deref().unwrap_or_default();
    if checks.service_name && !service.is_empty() && !names::dns1123_label(service).is_empty() {
        let message = format!("`{}` cannot be the name of a Service", shortened(service));
        let finding = errors
            .invalid(&path.field("serviceName"), message)
            .says(names::dns1123_label(service).remove(0).says)
            .rule("governing-service-name-invalid");
        finding.help("use at most 63 lower case letters, digits and `-`, with a letter or digit at both ends");
    }
    let selection = Selection::new("StatefulSet", &spec.selector, &path, errors);
    let is_usable = selection.required(Some(&spec.template), errors);
    let template = path.field("template");
    if is_usable && checks.pods {
        pods(spec, old.map(|old| &old.template), &template, errors);
    }
    lasting("StatefulSet", &spec.template, &template, errors);
}

/// The template, as the controller will fill it in: it sets hostname and subdomain, and puts the claims of the set before
/// the volumes, instead of those that have their names.
fn pods(spec: &StatefulSetSpec, old: Option<&PodTemplateSpec>, path: &Path, errors: &mut Errors<'_>) {
    let claims = spec.volume_claim_templates.as_deref().unwrap_or_default();
    let is_changed = |template: &PodTemplateSpec| {
        let is_set = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
        template.spec.as_ref().is_some_and(|pod| is_set(&pod.hostname) || is_set(&pod.subdomain))
    };
    if claims.is_empty() && !is_changed(&spec.template) {
        pod::template_update(&spec.template, old, path, errors);
        return;
    }
    let mut template = spec.template.clone();
    let pod = template.spec.get_or_insert_default();
    pod.hostname = None;
    pod.subdomain = None;
    if !claims.is_empty() {
        let name = |index: usize| claims[index].metadata.name.as_deref().unwrap_or_default();
        let by_name: BTreeMap<&str, usize> = (0..claims.len()).map(|index| (name(index), index)).collect();
        let (from, to) = (Path::root().fields(&["spec", "volumeClaimTemplates"]), path.fields(&["spec", "volumes"]));
        let mut volumes = Vec::new();
        for (name, index) in &by_name {
            errors.copied(to.index(volumes.len()), from.index(*index).fields(&["metadata", "name"]), "");
            volumes.push(Volume {
                name: (*name).to_owned(),
                persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                    claim_name: (*name).to_owned(),
                    ..Default::default()
                }),
                ..Default::default()
            });
        }
        let own = pod.volumes.take().unwrap_or_default().into_iter().enumerate();
        for (index, volume) in own.filter(|(_, volume)| !by_name.contains_key(volume.name.as_str())) {
            errors.copied(to.index(volumes.len()), to.index(index), "");
            volumes.push(volume);
        }
        pod.volumes = Some(volumes);
    }
    pod::template_update(&template, old, path, errors);
}

fn negative(value: Option<i32>, path: &Path, field: &'static str, errors: &mut Errors<'_>) {
    if let Some(finding) = not_negative(value, path, field, errors) {
        finding.rule("statefulset-negative-number");
    }
}

fn strategy(strategy: &StatefulSetUpdateStrategy, path: &Path, errors: &mut Errors<'_>) {
    match (strategy.type_.as_deref().unwrap_or_default(), &strategy.rolling_update) {
        ("OnDelete", Some(_)) => {
            let place = errors.place(&path.field("type"));
            errors
                .invalid(&path.field("rollingUpdate"), "`rollingUpdate` has no part in the update strategy `OnDelete`")
                .rule("on-delete-with-rolling-update")
                .related(place, "the strategy")
                .help("remove `rollingUpdate`, or set `type: RollingUpdate`");
        }
        ("RollingUpdate", Some(update)) => rolling_update(update, &path.field("rollingUpdate"), errors),
        ("OnDelete" | "RollingUpdate", None) => {}
        (other, _) => {
            let message =
                format!("the `type` of the update strategy of a StatefulSet cannot be `{}`", shortened(other));
            let finding = errors.invalid(&path.field("type"), message).called(path.clone());
            finding.whole().says("must be 'RollingUpdate' or 'OnDelete'");
            finding.help("write `RollingUpdate` or `OnDelete`");
        }
    }
}

/// As `validateRollingUpdateStatefulSet`.
fn rolling_update(update: &RollingUpdateStatefulSetStrategy, path: &Path, errors: &mut Errors<'_>) {
    negative(update.partition, path, "partition", errors);
    let Some(unavailable) = &update.max_unavailable else { return };
    int_or_percent(unavailable, path, "maxUnavailable", errors);
    if is_zero(unavailable) {
        let finding = errors.invalid(&path.field("maxUnavailable"), "`maxUnavailable` cannot be 0").says("cannot be 0");
        finding.help("write at least 1, or set `partition` to hold an update back");
    }
    at_most_all(unavailable, path, "maxUnavailable", errors);
}

fn retention(policy: &StatefulSetPersistentVolumeClaimRetentionPolicy, path: &Path, errors: &mut Errors<'_>) {
    for (field, value) in [("whenDeleted", &policy.when_deleted), ("whenScaled", &policy.when_scaled)] {
        let value = value.as_deref().unwrap_or_default();
        if !matches!(value, "Retain" | "Delete") {
            let what = format!("`{field}` of `persistentVolumeClaimRetentionPolicy`");
            errors.unsupported(&path.field(field), what, value, ["Retain", "Delete"]);
        }
    }
}

/// The end of `ValidateStatefulSetUpdate`. The server blames the spec as a whole; each field that changes is named here.
fn unchanged(new: &StatefulSetSpec, old: &StatefulSetSpec, errors: &mut Errors<'_>) {
    let path = Path::root().field("spec");
    let fixed = |spec: &StatefulSetSpec| StatefulSetSpec {
        pod_management_policy: spec.pod_management_policy.clone(),
        selector: spec.selector.clone(),
        service_name: spec.service_name.clone(),
        volume_claim_templates: spec.volume_claim_templates.clone(),
        ..Default::default()
    };
    for change in differences(&fixed(old), &fixed(new), "apps.StatefulSetSpec", &path) {
        let message = format!("{} of a StatefulSet cannot change{}", change.name(&path), change.course());
        let help = if is_storage(&change) {
            "keep what is there and resize the claims themselves; to change it for pods to come, delete the StatefulSet \
             with `--cascade=orphan` and create it anew, which leaves pods and claims as they are"
                .to_owned()
        } else {
            way_out("StatefulSet")
        };
        errors.forbidden(&change.path, message).says("updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden").keeps(Keeps::Always).called(path.clone()).help(help);
    }
}

/// Whether the size of a claim changes, which volumes may well allow.
fn is_storage(change: &Difference) -> bool {
    change.path.last().and_then(|segment| segment.name()) == Some("storage")
}

/// As `WarningsOnCreate` and `WarningsOnUpdate`.
fn warnings(spec: &StatefulSetSpec, errors: &mut Errors<'_>) {
    let claims = Path::root().fields(&["spec", "volumeClaimTemplates"]);
    for (index, claim) in spec.volume_claim_templates.iter().flatten().enumerate() {
        if let Some(claim) = &claim.spec {
            storage::claim_warnings(claim, &claims.index(index).field("spec"), errors);
        }
    }
    if let Some(limit) = spec.revision_history_limit.filter(|limit| *limit < 0) {
        let path = Path::root().fields(&["spec", "revisionHistoryLimit"]);
        let message = format!("with a `revisionHistoryLimit` of {limit} all revisions are kept for ever");
        errors.warn(&path, message).help("write a number from 0 up, or delete the field for its default of 10");
    }
}
