//! seatrial says what Kubernetes would do with your manifests, without a cluster.

pub mod source;
pub mod yaml;
