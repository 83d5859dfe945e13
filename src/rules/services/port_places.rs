//! The ports that containers are asked at.

use k8s_openapi::api::core::v1::LifecycleHandler;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::cluster::ContainerRef;
use crate::yaml::Path;

/// What is written, after defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Given {
    /// A number.
    Number(i32),
    /// A name.
    Name(String),
}

/// The ports that probes and hooks of a container ask.
pub(in crate::rules) fn asked(container: &ContainerRef<'_>) -> Vec<(Given, Path)> {
    let (spec, path) = (container.container, &container.path);
    let mut found = Vec::new();
    let probes = [
        ("livenessProbe", &spec.liveness_probe),
        ("readinessProbe", &spec.readiness_probe),
        ("startupProbe", &spec.startup_probe),
    ];
    for (name, probe) in probes {
        let (Some(probe), path) = (probe, path.field(name)) else { continue };
        // The API server looks at the first handler; a second one is another finding.
        if probe.exec.is_some() {
            continue;
        }
        if let Some(http) = &probe.http_get {
            found.push((given(&http.port), path.fields(&["httpGet", "port"])));
        } else if let Some(tcp) = &probe.tcp_socket {
            found.push((given(&tcp.port), path.fields(&["tcpSocket", "port"])));
        } else if let Some(grpc) = &probe.grpc {
            found.push((Given::Number(grpc.port), path.fields(&["grpc", "port"])));
        }
    }
    found.extend(hooks(container));
    found
}

/// The ports that the hooks of a container ask.
pub(in crate::rules) fn hooks(container: &ContainerRef<'_>) -> Vec<(Given, Path)> {
    let Some(lifecycle) = &container.container.lifecycle else { return Vec::new() };
    let path = container.path.field("lifecycle");
    let hook = |hook: &Option<LifecycleHandler>, name: &'static str| {
        let hook = hook.as_ref().filter(|hook| hook.exec.is_none())?;
        let http = hook.http_get.as_ref().map(|http| (given(&http.port), path.fields(&[name, "httpGet", "port"])));
        let tcp = || hook.tcp_socket.as_ref().map(|tcp| (given(&tcp.port), path.fields(&[name, "tcpSocket", "port"])));
        http.or_else(tcp)
    };
    let hooks = [hook(&lifecycle.post_start, "postStart"), hook(&lifecycle.pre_stop, "preStop")];
    hooks.into_iter().flatten().collect()
}

fn given(port: &IntOrString) -> Given {
    match port {
        IntOrString::Int(number) => Given::Number(*number),
        IntOrString::String(name) => Given::Name(name.clone()),
    }
}
