//! Services, seen in one way.

use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::Object;

impl Object {
    /// What a Service says of itself; `None` for other kinds.
    pub fn service(&self) -> Option<&ServiceSpec> {
        self.model::<Service>()?.spec.as_ref()
    }

    /// Whether it is a Service without an address of its own.
    pub fn is_headless(&self) -> bool {
        let ip = self
            .service()
            .and_then(|spec| spec.cluster_ips.as_deref().and_then(|ips| ips.first()).or(spec.cluster_ip.as_ref()));
        ip.is_some_and(|ip| ip == "None")
    }
}
