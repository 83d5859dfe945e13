//! How long a pod takes to become ready and to stop, as far as its manifest tells.
//!
//! Mirrors pkg/kubelet/prober/worker.go and `kuberuntime_container.go` (v1.36); scheduling, pulling images and what init
//! containers do are not known here and count as nothing.

use k8s_openapi::api::core::v1::{Container, PodSpec, Probe};

use super::document::Seconds;

/// What the kubelet allows beyond the grace period.
const KILL_SLACK: f64 = 2.0;

/// From the creation of the pod to its readiness, in seconds: at best, and if every probe passes at its first try but the
/// clock is unlucky.
pub(crate) fn ready(spec: &PodSpec) -> Seconds {
    let sidecars = spec.init_containers.iter().flatten().filter(|it| it.restart_policy.as_deref() == Some("Always"));
    let mut span = Seconds { min: 0.0, max: 0.0 };
    for container in spec.containers.iter().chain(sidecars) {
        let this = container_ready(container);
        span = Seconds { min: span.min.max(this.min), max: span.max.max(this.max) };
    }
    span
}

/// The same for one container, from its start.
pub(crate) fn container_ready(container: &Container) -> Seconds {
    let started = container.startup_probe.as_ref().map_or(Seconds { min: 0.0, max: 0.0 }, |probe| Seconds {
        min: delay(probe),
        max: delay(probe) + period(probe),
    });
    let Some(probe) = &container.readiness_probe else { return started };
    let successes = f64::from(probe.success_threshold.filter(|it| *it > 0).unwrap_or(1));
    Seconds {
        min: started.min.max(delay(probe)) + (successes - 1.0) * period(probe),
        max: started.max.max(delay(probe)) + successes * period(probe),
    }
}

fn delay(probe: &Probe) -> f64 {
    f64::from(probe.initial_delay_seconds.unwrap_or(0))
}

fn period(probe: &Probe) -> f64 {
    f64::from(probe.period_seconds.filter(|it| *it > 0).unwrap_or(10))
}

/// From the deletion of the pod to its end, in seconds: at once if its processes obey, or after the whole grace period.
pub(super) fn stop(spec: &PodSpec) -> Seconds {
    let grace = spec.termination_grace_period_seconds.unwrap_or(30).clamp(0, i64::from(i32::MAX));
    let grace = f64::from(i32::try_from(grace).unwrap_or(i32::MAX));
    Seconds { min: sleeps(spec).min(grace), max: grace + KILL_SLACK }
}

/// How long the longest `preStop` sleeps, which the kubelet waits for.
fn sleeps(spec: &PodSpec) -> f64 {
    let sleep = |container: &Container| {
        let seconds = container.lifecycle.as_ref()?.pre_stop.as_ref()?.sleep.as_ref()?.seconds;
        Some(f64::from(i32::try_from(seconds).unwrap_or(i32::MAX)))
    };
    spec.containers.iter().filter_map(sleep).fold(0.0, f64::max)
}
