//! CSI drivers.
//!
//! Mirrors `ValidateCSIDriver` and its update in pkg/apis/storage/validation and pkg/registry/storage/csidriver (v1.36).

use std::collections::BTreeMap;

use k8s_openapi::api::storage::v1::{CSIDriver, CSIDriverSpec, TokenRequest};

use super::defaults;
use crate::admission::errors::{Errors, shortened};
use crate::admission::gates::Gate;
use crate::admission::{ApiServer, How, Kind};
use crate::yaml::Path;

impl Kind for CSIDriver {
    const UNCONDITIONAL_UPDATE: bool = false;

    fn set_defaults(&mut self, server: &ApiServer) {
        defaults::driver(&mut self.spec, server);
    }

    /// Drops the fields whose gate is off, unless they are in use.
    fn prepare(&mut self, old: Option<&mut Self>, _: How, errors: &mut Errors<'_>) -> bool {
        let (old, server) = (old.map(|old| &old.spec), errors.server);
        let spec = &mut self.spec;
        if !server.enabled(Gate::MutableCSINodeAllocatableCount)
            && old.is_none_or(|old| old.node_allocatable_update_period_seconds.is_none())
        {
            spec.node_allocatable_update_period_seconds = None;
        }
        if !server.enabled(Gate::CSIServiceAccountTokenSecrets)
            && old.is_none_or(|old| old.service_account_token_in_secrets.is_none())
        {
            spec.service_account_token_in_secrets = None;
        }
        if !server.enabled(Gate::VolumeLimitScaling)
            && old.is_none_or(|old| old.prevent_pod_scheduling_if_missing.is_none())
        {
            spec.prevent_pod_scheduling_if_missing = None;
        }
        true
    }

    fn validate(&self, errors: &mut Errors<'_>) {
        spec(&self.spec, &Path::root().field("spec"), errors);
        warn_of_tokens(&self.spec, &[], errors);
    }

    fn validate_update(&self, old: &Self, errors: &mut Errors<'_>) {
        const ANOTHER: &str = "delete the CSIDriver and create it anew";
        let path = Path::root().field("spec");
        spec(&self.spec, &path, errors);
        if self.spec.attach_required != old.spec.attach_required {
            let message = "whether volumes are attached cannot change";
            let finding =
                errors.immutable(&path.field("attachRequired"), message).says("field is immutable").help(ANOTHER);
            finding.called(path.field("attachedRequired"));
        }
        if self.spec.volume_lifecycle_modes != old.spec.volume_lifecycle_modes {
            let message = "the `volumeLifecycleModes` of a driver cannot change";
            errors.immutable(&path.field("volumeLifecycleModes"), message).says("field is immutable").help(ANOTHER);
        }
        warn_of_tokens(&self.spec, old.spec.token_requests.as_deref().unwrap_or_default(), errors);
    }
}

fn spec(spec: &CSIDriverSpec, path: &Path, errors: &mut Errors<'_>) {
    const POLICIES: [&str; 3] = ["File", "None", "ReadWriteOnceWithFSType"];
    const MODES: [&str; 2] = ["Persistent", "Ephemeral"];
    if let Some(policy) = spec.fs_group_policy.as_deref().filter(|policy| !POLICIES.contains(policy)) {
        errors.unsupported(&path.field("fsGroupPolicy"), "the `fsGroupPolicy` of a driver", policy, POLICIES);
    }
    let tokens = spec.token_requests.as_deref().unwrap_or_default();
    self::tokens(tokens, &path.field("tokenRequests"), errors);
    let modes = path.field("volumeLifecycleModes");
    for (index, mode) in spec.volume_lifecycle_modes.iter().flatten().enumerate() {
        if !MODES.contains(&mode.as_str()) {
            errors.unsupported(&modes.index(index), "a `volumeLifecycleMode`", mode, MODES).called(modes.clone());
        }
    }
    if let Some(period) = spec.node_allocatable_update_period_seconds.filter(|period| *period < 10) {
        let message = format!("the period must have at least 10 seconds, not {period}");
        errors
            .invalid(&path.field("nodeAllocatableUpdatePeriodSeconds"), message)
            .says("must be greater than or equal to 10 seconds");
    }
    if spec.service_account_token_in_secrets.is_some() && tokens.is_empty() {
        let message = "the driver asks for no tokens, so they cannot be put into its secrets";
        let finding = errors
            .invalid(&path.field("serviceAccountTokenInSecrets"), message)
            .says("serviceAccountTokenInSecrets is set but no tokenRequests are specified");
        finding.help("add `tokenRequests`, or remove this");
    }
}

/// Each token is for another audience.
fn tokens(tokens: &[TokenRequest], path: &Path, errors: &mut Errors<'_>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, TokenRequest { audience, expiration_seconds }) in tokens.iter().enumerate() {
        let first = *seen.entry(audience).or_insert(index);
        if first != index {
            let place = errors.place(&path.index(first));
            let message = format!("two tokens have the audience `{}`", shortened(audience));
            errors.duplicate(&path.index(index).field("audience"), message).related(place, "the other one");
            continue;
        }
        let Some(seconds) = *expiration_seconds else { continue };
        let message = if seconds < 600 {
            "a token must hold for at least 600 seconds"
        } else if seconds > 1 << 32 {
            "a token must hold for at most 2³² seconds"
        } else {
            continue;
        };
        errors.invalid(&path.index(index).field("expirationSeconds"), message);
    }
}

/// Tokens belong into the field for secrets, as the server says when they are new.
fn warn_of_tokens(spec: &CSIDriverSpec, old: &[TokenRequest], errors: &mut Errors<'_>) {
    let tokens = spec.token_requests.as_deref().unwrap_or_default();
    if errors.server.enabled(Gate::CSIServiceAccountTokenSecrets)
        && !tokens.is_empty()
        && tokens != old
        && spec.service_account_token_in_secrets.is_none()
    {
        let path = Path::root().fields(&["spec", "tokenRequests"]);
        let finding =
            errors.warn(&path, "the tokens are handed to the driver among attributes, which are often logged");
        finding.help("set `serviceAccountTokenInSecrets: true`, if the driver reads tokens from its secrets");
    }
}
