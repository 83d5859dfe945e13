//! What the API server answers when it refuses an object as invalid, in its own words: what `NewInvalid`
//! (k8s.io/apimachinery pkg/api/errors) makes of the causes.

use crate::finding::{Finding, Identity};

/// The answer to an object; `None` if the words for one of the findings are not known.
pub(super) fn server_says(identity: &Identity, findings: &[Finding]) -> Option<String> {
    let mut causes: Vec<String> = Vec::new();
    for finding in findings {
        finding.cause.as_ref()?;
        for cause in finding.causes() {
            let cause = format!("{}: {}", cause.field, cause.says_in_short()?);
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
    }
    let causes = match causes.as_slice() {
        [] => return None,
        [cause] => cause.clone(),
        causes => format!("[{}]", causes.join(", ")),
    };
    let kind = match identity.group() {
        "" => identity.kind.clone(),
        group => format!("{}.{group}", identity.kind),
    };
    Some(format!("{kind} {:?} is invalid: {causes}", identity.name))
}
