//! `DaemonSets`.

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetUpdateStrategy, RollingUpdateDaemonSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::selection::is_empty;
use super::{Selection, defaults, lasting_pods, query, selector_changed};
use crate::admission::errors::Errors;
use crate::admission::shared::numbers::{at_most_all, int_or_percent, is_zero, not_negative};
use crate::admission::shared::selector::{self, Options};
use crate::admission::{ApiServer, Kind};
use crate::yaml::Path;

impl Kind for DaemonSet {
    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::daemon_set(self, server);
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        spec(self, None, Options::default(), errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        let options = Options { allow_invalid_values: selector::has_invalid_value(&old.spec.selector) };
        selector_changed("DaemonSet", &self.spec.selector, &old.spec.selector, &Path::root().field("spec"), errors);
        spec(self, Some(old), options, errors);
    }
}

/// As `ValidateDaemonSetSpec`. A missing selector is not blamed by itself: the labels of the template are.
fn spec(set: &DaemonSet, old: Option<&DaemonSet>, options: Options, errors: &mut Errors<'_>) {
    const KIND: &str = "DaemonSet";
    let (spec, path) = (&set.spec, Path::root().field("spec"));
    let selection = Selection::new(KIND, &spec.selector, &path, errors);
    match selection.selector {
        None => selection.matches_nothing(errors),
        Some(selector) => {
            selector::label_selector(Some(selector), &path.field("selector"), options, errors);
            if let Some(query) = query(selector) {
                selection.matches(&query, Some(&spec.template), errors);
            }
            if is_empty(selector) {
                selection.empty(errors);
            }
        }
    }
    lasting_pods(KIND, &spec.template, old.map(|old| &old.spec.template), &path.field("template"), errors);
    not_negative(spec.min_ready_seconds, &path, "minReadySeconds", errors);
    if let Some(strategy) = &spec.update_strategy {
        self::strategy(strategy, &path.field("updateStrategy"), errors);
    }
    not_negative(spec.revision_history_limit, &path, "revisionHistoryLimit", errors);
    template_generation(set, errors);
}

/// As `ValidateDaemonSetUpdateStrategy`.
fn strategy(strategy: &DaemonSetUpdateStrategy, path: &Path, errors: &mut Errors<'_>) {
    match (strategy.type_.as_deref().unwrap_or_default(), &strategy.rolling_update) {
        ("OnDelete", _) | ("RollingUpdate", None) => {}
        ("RollingUpdate", Some(update)) => rolling_update(update, &path.field("rollingUpdate"), errors),
        (other, _) => {
            let what = "the `type` of the update strategy of a DaemonSet";
            let finding = errors.unsupported(&path.field("type"), what, other, ["RollingUpdate", "OnDelete"]);
            finding.called(path.clone()).whole();
        }
    }
}

/// As `ValidateRollingUpdateDaemonSet`: on a node there is either one pod too many for a while or one too few.
fn rolling_update(update: &RollingUpdateDaemonSet, path: &Path, errors: &mut Errors<'_>) {
    let nothing = IntOrString::Int(0);
    let unavailable = update.max_unavailable.as_ref().unwrap_or(&nothing);
    let surge = update.max_surge.as_ref().unwrap_or(&nothing);
    for (value, field) in [(unavailable, "maxUnavailable"), (surge, "maxSurge")] {
        int_or_percent(value, path, field, errors);
        at_most_all(value, path, field, errors);
    }
    match (is_zero(unavailable), is_zero(surge)) {
        (false, false) => {
            let is_default = !errors.is_written(&path.field("maxUnavailable"));
            let place = errors.place(&path.field("maxUnavailable"));
            let message = if is_default {
                "with `maxSurge` a DaemonSet needs `maxUnavailable: 0`, as the default is 1"
            } else {
                "a DaemonSet cannot have both `maxSurge` and `maxUnavailable`"
            };
            let finding =
                errors.invalid(&path.field("maxSurge"), message).says("may not be set when maxUnavailable is non-zero");
            if is_default {
                finding.help("write `maxUnavailable: 0` beside it");
            } else {
                finding.related(place, "the other one").help("set one of them to 0");
            }
        }
        (true, true) => {
            errors
                .required(&path.field("maxUnavailable"), "`maxUnavailable` and `maxSurge` cannot both be 0")
                .help("raise one of them: without a pod more or less no pod can be replaced");
        }
        _ => {}
    }
}

/// The number of the template, which old versions of the API had as a field (`Convert_v1_DaemonSet_To_apps_DaemonSet`). A
/// negative one is overwritten.
fn template_generation(set: &DaemonSet, errors: &mut Errors<'_>) {
    const ANNOTATION: &str = "deprecated.daemonset.template.generation";
    let text = set.metadata.annotations.as_ref().and_then(|annotations| annotations.get(ANNOTATION));
    if text.is_some_and(|text| text.parse::<i64>().is_err()) {
        let path = Path::root().fields(&["metadata", "annotations"]).key(ANNOTATION);
        errors.denied(&path, format!("`{ANNOTATION}` must be a whole number")).help("delete it; the server counts it");
    }
}
