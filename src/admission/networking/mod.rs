//! The kinds of networking.k8s.io (pkg/apis/networking/validation, v1.36).

mod defaults;
mod ingress;
mod network_policy;
mod service_cidr;
