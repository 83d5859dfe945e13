//! What the API server cannot decode, and refuses before it looks any closer.

use crate::cluster::Object;
use crate::finding::{Finding, Findings, Group};
use crate::schema::Schemas;

/// Why `object` cannot be decoded: unknown fields and wrong types. What else the schemas have to say has a reason, which is
/// admission's matter, or is about the version of the API.
pub(super) fn refusals(schemas: &Schemas, object: &Object) -> Vec<Finding> {
    let mut out = Findings::new("", Group::Refused);
    schemas.check(object, &mut out);
    let stops =
        |finding: &Finding| finding.reason().is_none() && !matches!(&*finding.rule, "deprecated-api" | "disabled-api");
    out.into_vec().into_iter().filter(stops).collect()
}
