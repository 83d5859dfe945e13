//! seatrial says what Kubernetes would do with your manifests, without a cluster.

pub mod cluster;
pub mod config;
pub mod finding;
pub mod fix;
pub mod lint;
pub mod load;
pub mod nearest;
pub mod report;
pub mod rules;
pub mod schema;
pub mod secrets;
pub mod source;
pub mod suppress;
pub mod values;
pub mod yaml;
