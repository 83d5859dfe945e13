//! How objects are converted between versions.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinitionSpec, WebhookClientConfig, WebhookConversion,
};

use super::Options;
use crate::admission::admissionregistration::webhook;
use crate::admission::errors::{Errors, shortened};
use crate::values::names;
use crate::yaml::Path;

/// The versions of `ConversionReview` that the API server speaks.
const REVIEWS: [&str; 2] = ["v1", "v1beta1"];
const UNUSED: &str = "only the strategy `Webhook` uses this";
const STRATEGIES: [&str; 2] = ["None", "Webhook"];

/// Whether the webhook of an old definition speaks a version that the server knows, or names none.
pub(super) fn knows_review(spec: &CustomResourceDefinitionSpec) -> bool {
    let webhook = spec.conversion.as_ref().and_then(|conversion| conversion.webhook.as_ref());
    let versions = webhook.map_or(&[][..], |webhook| webhook.conversion_review_versions.as_slice());
    versions.is_empty() || versions.iter().any(|version| REVIEWS.contains(&version.as_str()))
}

/// `validateCustomResourceConversion`.
pub(super) fn check(spec: &CustomResourceDefinitionSpec, options: &Options, errors: &mut Errors<'_>) {
    let Some(conversion) = &spec.conversion else { return };
    let path = Path::root().fields(&["spec", "conversion"]);
    let strategy = conversion.strategy.as_str();
    if strategy != "None" && spec.preserve_unknown_fields == Some(true) {
        let message = "objects whose unknown fields are all kept cannot be converted";
        errors
            .invalid(&path.field("strategy"), message)
            .says("must be None if spec.preserveUnknownFields is true")
            .help("write `None`, or `preserveUnknownFields: false`");
    }
    match strategy {
        "" => {
            let finding = errors.required(&path.field("strategy"), "the conversion has no strategy");
            finding.help("write `None` or `Webhook`");
        }
        _ if !STRATEGIES.contains(&strategy) => {
            errors.unsupported(&path.field("strategy"), "the strategy of a conversion", strategy, STRATEGIES);
        }
        _ => {}
    }
    let place = path.field("webhook");
    let (client_field, reviews_field) = (path.field("webhookClientConfig"), path.field("conversionReviewVersions"));
    let client_place = place.field("clientConfig");
    let none = WebhookConversion::default();
    let WebhookConversion { client_config, conversion_review_versions } = conversion.webhook.as_ref().unwrap_or(&none);
    if strategy == "Webhook" {
        if let Some(config) = client_config {
            errors.renamed(&client_place, &client_field, |errors| client(config, &client_place, errors));
        } else {
            let finding = errors
                .required(&client_place, "the conversion does not say where its webhook is")
                .says("required when strategy is set to Webhook");
            finding.called(client_field).help("add a `service` or a `url`");
        }
        let reviews_place = place.field("conversionReviewVersions");
        errors.renamed(&reviews_place, &reviews_field, |errors| {
            reviews(conversion_review_versions, options.require_review_version, &reviews_place, errors);
        });
        return;
    }
    if client_config.is_some() {
        errors
            .forbidden(&client_place, UNUSED)
            .says("should not be set when strategy is not set to Webhook")
            .called(client_field)
            .help("remove it, or write `strategy: Webhook`");
    }
    if !conversion_review_versions.is_empty() {
        let finding = errors
            .forbidden(&place.field("conversionReviewVersions"), UNUSED)
            .says("should not be set when strategy is not set to Webhook")
            .called(reviews_field);
        finding.help("remove it, or write `strategy: Webhook`");
    }
}

fn client(config: &WebhookClientConfig, path: &Path, errors: &mut Errors<'_>) {
    // A bundle of certificates is not looked at, because the server waits with that until the definition is established.
    let WebhookClientConfig { ca_bundle: _, service, url } = config;
    match (url, service) {
        (Some(_), Some(_)) | (None, None) => {
            errors
                .required(path, "a webhook is reached by either a `service` or a `url`")
                .says("exactly one of url or service is required");
        }
        (Some(url), None) => webhook::url(url, &path.field("url"), errors),
        (None, Some(service)) => {
            let path = path.field("service");
            let port = service.port.unwrap_or_default();
            webhook::service(&service.name, &service.namespace, service.path.as_deref(), port, &path, errors);
        }
    }
}

/// `validateConversionReviewVersions`.
fn reviews(versions: &[String], require_known: bool, path: &Path, errors: &mut Errors<'_>) {
    if versions.is_empty() {
        let finding = errors.required(path, "the webhook does not say which versions of reviews it speaks");
        finding.help("write `[v1]`");
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, version) in versions.iter().enumerate() {
        if !seen.insert(version) {
            let message = format!("the version `{}` stands in the list already", shortened(version));
            errors.invalid(&path.index(index), message).says("duplicate version");
            continue;
        }
        let what = format!("the version `{}`", shortened(version));
        errors.each_invalid(&path.index(index), what, names::dns1035_label(version));
    }
    if require_known && !versions.iter().any(|version| REVIEWS.contains(&version.as_str())) {
        errors.invalid(path, "the server knows none of these versions of reviews").help("add `v1`");
    }
}
