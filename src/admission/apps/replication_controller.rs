//! `ReplicationControllers`, the elder of `ReplicaSets`.

use k8s_openapi::api::core::v1::{ReplicationController, ReplicationControllerSpec};

use super::{Selection, defaults, lasting_pods, name_warning};
use crate::admission::errors::Errors;
use crate::admission::shared::numbers::not_negative;
use crate::admission::{ApiServer, How, Kind};
use crate::cluster::Labels;
use crate::values::selector::Selector;
use crate::yaml::Path;

impl Kind for ReplicationController {
    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::replication_controller(self, server);
    }

    fn prepare(&mut self, old: Option<&mut Self>, how: How, errors: &mut Errors<'_>) -> bool {
        // Without labels of its own it has those of its template (`SetDefaults_ReplicationController`).
        let labels = Path::root().fields(&["metadata", "labels"]);
        if !errors.has_entries(&labels) {
            let source = Path::root().fields(&["spec", "template", "metadata", "labels"]);
            errors.copied(labels, source, "a label of the ReplicationController too, which has none of its own");
        }
        // The selector that came from the template's labels stays when these change and nobody asks for another one.
        if how != How::Replace
            && !errors.is_written(&Path::root().fields(&["spec", "selector"]))
            && let (Some(spec), Some(old)) = (&mut self.spec, old.and_then(|old| old.spec.as_ref()))
            && old.selector == template_labels(old)
        {
            spec.selector.clone_from(&old.selector);
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        spec(self, None, errors);
        name_warning(&self.metadata, "ReplicationController", errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        spec(self, Some(old), errors);
    }
}

fn template_labels(spec: &ReplicationControllerSpec) -> Option<Labels> {
    spec.template.as_ref()?.metadata.as_ref()?.labels.clone()
}

/// As `ValidateReplicationControllerSpec`; the selector is not checked by itself.
fn spec(controller: &ReplicationController, old: Option<&ReplicationController>, errors: &mut Errors<'_>) {
    const KIND: &str = "ReplicationController";
    let Some(spec) = &controller.spec else { return };
    let path = Path::root().field("spec");
    let selection = Selection { kind: KIND, selector: None, path: &path };
    not_negative(spec.min_ready_seconds, &path, "minReadySeconds", errors);
    not_negative(spec.replicas, &path, "replicas", errors);
    let selector = spec.selector.as_ref().filter(|selector| !selector.is_empty());
    if selector.is_none() {
        selection.missing(errors);
    }
    let Some(template) = &spec.template else {
        let message = "the ReplicationController has no template for its pods";
        errors.required(&path.field("template"), message).help("add `template`");
        return;
    };
    if let Some(selector) = selector {
        selection.matches(&Selector::from_labels(selector), Some(template), errors);
    }
    let old = old.and_then(|old| old.spec.as_ref()?.template.as_ref());
    lasting_pods(KIND, template, old, &path.field("template"), errors);
}
