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
///
/// A sidecar must have started before what comes after it starts (`computeInitContainerActions`,
/// `pkg/kubelet/kuberuntime/kuberuntime_container.go`).
pub(crate) fn ready(spec: &PodSpec) -> Seconds {
    let sidecars = spec.init_containers.iter().flatten().filter(|it| it.restart_policy.as_deref() == Some("Always"));
    let (mut begins, mut span) = (NONE, NONE);
    for sidecar in sidecars {
        span = later(span, sum(begins, container_ready(sidecar)));
        begins = sum(begins, started(sidecar));
    }
    spec.containers.iter().fold(span, |span, container| later(span, sum(begins, container_ready(container))))
}

const NONE: Seconds = Seconds { min: 0.0, max: 0.0 };

fn sum(one: Seconds, other: Seconds) -> Seconds {
    Seconds { min: one.min + other.min, max: one.max + other.max }
}

fn later(one: Seconds, other: Seconds) -> Seconds {
    Seconds { min: one.min.max(other.min), max: one.max.max(other.max) }
}

/// The same for one container, from its start.
pub(crate) fn container_ready(container: &Container) -> Seconds {
    let started = started(container);
    let Some(probe) = &container.readiness_probe else { return started };
    let successes = f64::from(probe.success_threshold.filter(|it| *it > 0).unwrap_or(1));
    Seconds {
        min: started.min.max(delay(probe)) + (successes - 1.0) * period(probe),
        max: started.max.max(delay(probe)) + successes * period(probe),
    }
}

/// From the start of a container until its startup probe has passed.
fn started(container: &Container) -> Seconds {
    let probe = container.startup_probe.as_ref();
    probe.map_or(NONE, |probe| Seconds { min: delay(probe), max: delay(probe) + period(probe) })
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Seconds, ready};

    #[test]
    fn what_comes_after_a_sidecar_waits_until_it_has_started() {
        let probe = |delay: i32, period: i32| json!({ "initialDelaySeconds": delay, "periodSeconds": period });
        let check = |sidecars: serde_json::Value, expected: (f64, f64)| {
            let app = json!([{ "name": "web", "readinessProbe": probe(5, 10) }]);
            let spec = json!({ "initContainers": sidecars, "containers": app });
            let (min, max) = expected;
            let spec = serde_json::from_value(spec).expect("the tests write pods");
            assert_eq!(ready(&spec), Seconds { min, max });
        };
        let sidecar = json!({ "name": "proxy", "restartPolicy": "Always", "startupProbe": probe(20, 2) });
        let slow = json!({ "name": "slow", "restartPolicy": "Always", "readinessProbe": probe(90, 10) });
        check(json!([]), (5.0, 15.0));
        check(json!([sidecar]), (25.0, 37.0));
        check(json!([sidecar, sidecar]), (45.0, 59.0));
        // It is asked whether it is ready, but nobody waits for that.
        check(json!([sidecar, slow]), (110.0, 122.0));
        check(json!([{ "name": "init" }]), (5.0, 15.0));
    }
}
