//! seatrial says what Kubernetes would do with your manifests, without a cluster.

pub mod cluster;
pub mod finding;
pub mod lint;
pub mod report;
pub mod rules;
pub mod schema;
pub mod source;
pub mod values;
pub mod yaml;
