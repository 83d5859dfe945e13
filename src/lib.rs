//! seatrial says what Kubernetes would do with your manifests, without a cluster.

pub mod schema;
