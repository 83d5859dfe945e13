//! Service accounts: `ValidateServiceAccount` and its strategy (pkg/apis/core/validation, pkg/registry/core, v1.36).

use k8s_openapi::api::core::v1::ServiceAccount;

use crate::admission::errors::Errors;
use crate::admission::{ApiServer, Kind};
use crate::yaml::Path;

const MOUNTABLE_SECRETS: &str = "kubernetes.io/enforce-mountable-secrets";

impl Kind for ServiceAccount {
    fn set_defaults(&mut self, _: &ApiServer) {}

    fn validate(&self, errors: &mut Errors<'_>) {
        mountable_secrets(self, None, errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        mountable_secrets(self, Some(old), errors);
    }
}

/// An annotation that is deprecated; who has it already is not warned again.
fn mountable_secrets(account: &ServiceAccount, old: Option<&ServiceAccount>, errors: &mut Errors<'_>) {
    let has = |account: &ServiceAccount| {
        account.metadata.annotations.as_ref().is_some_and(|annotations| annotations.contains_key(MOUNTABLE_SECRETS))
    };
    if has(account) && !old.is_some_and(has) {
        let path = Path::root().fields(&["metadata", "annotations"]).key(MOUNTABLE_SECRETS);
        let place = errors.key_place(&path);
        let finding = errors.warn(&path, format!("the annotation `{MOUNTABLE_SECRETS}` is deprecated")).at(place);
        finding.help("keep pods that may not see each other's Secrets in separate namespaces");
    }
}
