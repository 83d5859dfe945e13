//! Probes, and the handlers that they share with hooks.
//!
//! Mirrors `validateProbe`, `validateLivenessProbe` and its like, and `validateHandler` in pkg/apis/core/validation (v1.36).

use std::fmt;

use k8s_openapi::api::core::v1::{
    Container, ExecAction, GRPCAction, HTTPGetAction, LifecycleHandler, Probe, SleepAction, TCPSocketAction,
};

use super::Facts;
use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::port;
use crate::values::names;
use crate::yaml::Path;

/// The probes of a container that goes on running, at `path`.
pub(super) fn probes(container: &Container, path: &Path, errors: &mut Errors<'_>) {
    for (kind, probe) in of(container) {
        self::probe(kind, probe, &path.field(kind.field()), errors);
    }
}

/// An init container that ends is never asked.
pub(super) fn not_of_init(container: &Container, path: &Path, errors: &mut Errors<'_>) {
    for (kind, _) in of(container) {
        let message =
            format!("init container `{}` runs to its end and has no {kind} probe", shortened(&container.name));
        let finding = errors
            .forbidden(&path.field(kind.field()), message)
            .says("may not be set for init containers without restartPolicy=Always")
            .rule("probe-on-init-container");
        finding.help("remove the probe, or make the container a sidecar with `restartPolicy: Always`");
    }
}

/// The sorts of probes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Liveness,
    Readiness,
    Startup,
}

impl Kind {
    fn field(self) -> &'static str {
        match self {
            Kind::Liveness => "livenessProbe",
            Kind::Readiness => "readinessProbe",
            Kind::Startup => "startupProbe",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field().trim_end_matches("Probe"))
    }
}

fn of(container: &Container) -> impl Iterator<Item = (Kind, &Probe)> {
    let probes = [
        (Kind::Liveness, &container.liveness_probe),
        (Kind::Readiness, &container.readiness_probe),
        (Kind::Startup, &container.startup_probe),
    ];
    probes.into_iter().filter_map(|(kind, probe)| Some((kind, probe.as_ref()?)))
}

fn probe(kind: Kind, probe: &Probe, path: &Path, errors: &mut Errors<'_>) {
    let handlers = Handlers {
        exec: probe.exec.as_ref(),
        http_get: probe.http_get.as_ref(),
        tcp_socket: probe.tcp_socket.as_ref(),
        grpc: probe.grpc.as_ref(),
        sleep: None,
    };
    handlers.check(Purpose::Probe, path, errors);
    let success = probe.success_threshold;
    for (field, value, least) in [
        ("initialDelaySeconds", probe.initial_delay_seconds.map(i64::from), 0),
        ("timeoutSeconds", probe.timeout_seconds.map(i64::from), 0),
        ("periodSeconds", probe.period_seconds.map(i64::from), 0),
        // For other probes, there is only one right number, which is said below.
        ("successThreshold", success.map(i64::from).filter(|_| kind == Kind::Readiness), 0),
        ("failureThreshold", probe.failure_threshold.map(i64::from), 0),
        // A readiness probe has none at all.
        (
            "terminationGracePeriodSeconds",
            probe.termination_grace_period_seconds.filter(|_| kind != Kind::Readiness),
            1,
        ),
    ] {
        if let Some(value) = value.filter(|value| *value < least) {
            let message = format!("`{field}` must be at least {least}, not {value}");
            let finding = errors
                .invalid(&path.field(field), message)
                .says(if least == 1 { "must be greater than 0" } else { "must be greater than or equal to 0" })
                .rule("probe-number-too-small");
            finding.help(format!("use a number from {least}, or leave `{field}` out"));
        }
    }
    if kind == Kind::Readiness {
        if probe.termination_grace_period_seconds.is_some() {
            let path = path.field("terminationGracePeriodSeconds");
            let message = "a readiness probe ends no container, so it has no grace period";
            let finding = errors
                .invalid(&path, message)
                .says("must not be set for readinessProbes")
                .rule("readiness-probe-grace-period");
            finding.help("remove it, or move it to the liveness or startup probe");
        }
    } else if success != Some(1) {
        let success = success.unwrap_or_default();
        let path = path.field("successThreshold");
        let place = errors.place(&path);
        let message = format!("a {kind} probe counts as passed after one success, not after {success}");
        let finding = errors.invalid(&path, message).says("must be 1").rule("probe-success-threshold-not-one");
        finding.help("set `successThreshold` to 1 or leave it out").fix("Set it to 1", place, "1");
    }
}

/// What a handler is for; the pages of some rules speak of probes alone.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// To find out how a container is.
    Probe,
    /// To do something at the start or end of a container of a pod with this grace period.
    Hook {
        /// The grace period, if there is one.
        grace: Option<i64>,
        /// Whether it may sleep for no time.
        allow_sleep_of_zero: bool,
    },
}

impl Purpose {
    /// Those of a hook in this pod.
    pub(super) fn hook(facts: &Facts<'_>) -> Self {
        let grace = facts.pod.spec.termination_grace_period_seconds;
        Self::Hook { grace, allow_sleep_of_zero: facts.options.allow_sleep_of_zero }
    }

    fn noun(self) -> &'static str {
        match self {
            Purpose::Probe => "probe",
            Purpose::Hook { .. } => "hook",
        }
    }

    /// The id of the rule, where the page of `of_probes` does not speak of hooks.
    fn rule(self, of_probes: &'static str, otherwise: &'static str) -> &'static str {
        match self {
            Purpose::Probe => of_probes,
            Purpose::Hook { .. } => otherwise,
        }
    }
}

/// What probes and hooks can do, of which there must be one.
#[derive(Clone, Copy)]
pub(super) struct Handlers<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HTTPGetAction>,
    tcp_socket: Option<&'a TCPSocketAction>,
    grpc: Option<&'a GRPCAction>,
    sleep: Option<&'a SleepAction>,
}

impl<'a> From<&'a LifecycleHandler> for Handlers<'a> {
    fn from(hook: &'a LifecycleHandler) -> Self {
        Self {
            exec: hook.exec.as_ref(),
            http_get: hook.http_get.as_ref(),
            tcp_socket: hook.tcp_socket.as_ref(),
            grpc: None,
            sleep: hook.sleep.as_ref(),
        }
    }
}

impl Handlers<'_> {
    /// Every handler after the first is refused and not looked at.
    pub(super) fn check(&self, purpose: Purpose, path: &Path, errors: &mut Errors<'_>) {
        let noun = purpose.noun();
        let given = [
            ("exec", self.exec.is_some()),
            ("httpGet", self.http_get.is_some()),
            ("tcpSocket", self.tcp_socket.is_some()),
            ("grpc", self.grpc.is_some()),
            ("sleep", self.sleep.is_some()),
        ];
        let mut given = given.into_iter().filter(|(_, is_given)| *is_given).map(|(field, _)| field);
        let Some(first) = given.next() else {
            let (message, help) = match purpose {
                Purpose::Probe => ("the probe does not say what it asks", "`exec`, `httpGet`, `tcpSocket` and `grpc`"),
                Purpose::Hook { .. } => {
                    ("the hook does not say what it does", "`exec`, `httpGet`, `tcpSocket` and `sleep`")
                }
            };
            let finding = errors
                .required(path, message)
                .says("must specify a handler type")
                .rule(purpose.rule("probe-without-handler", "missing-field"));
            finding.help(format!("give one of {help}"));
            return;
        };
        self.check_first(purpose, &path.field(first), errors);
        for handler in given {
            let place = errors.key_place(&path.field(first));
            let message = match purpose {
                Purpose::Probe => format!("the {noun} asks by `{handler}` as well as by `{first}`"),
                Purpose::Hook { .. } => format!("the {noun} has `{handler}` as well as `{first}`"),
            };
            let finding =
                errors.forbidden(&path.field(handler), message).says("may not specify more than 1 handler type");
            finding.rule(purpose.rule("probe-with-several-handlers", "forbidden-field"));
            let label = if matches!(purpose, Purpose::Probe) { "asked already" } else { "the first of them" };
            finding.related(place, label).help("keep one of them");
        }
    }

    fn check_first(&self, purpose: Purpose, path: &Path, errors: &mut Errors<'_>) {
        if let Some(exec) = self.exec {
            if exec.command.iter().flatten().next().is_none() {
                let message = format!("the {} runs no command", purpose.noun());
                let finding = errors.required(&path.field("command"), message);
                finding.rule(purpose.rule("probe-without-command", "missing-field"));
                finding.help("give the program and its arguments, each as an item of `command`");
            }
        } else if let Some(http) = self.http_get {
            http_get(http, path, errors);
        } else if let Some(tcp) = self.tcp_socket {
            port::number_or_name(&tcp.port, &path.field("port"), errors);
        } else if let Some(grpc) = self.grpc {
            port::number(grpc.port, &path.field("port"), errors);
        } else if let (Some(sleep), Purpose::Hook { grace, allow_sleep_of_zero }) = (self.sleep, purpose) {
            sleep_within(sleep.seconds, grace, allow_sleep_of_zero, path, errors);
        }
    }
}

/// `validateHTTPGetAction`. The API server names only the list of headers.
fn http_get(http: &HTTPGetAction, path: &Path, errors: &mut Errors<'_>) {
    if http.path.as_deref().is_none_or(str::is_empty) {
        errors.required(&path.field("path"), "the request has no path");
    }
    port::number_or_name(&http.port, &path.field("port"), errors);
    let scheme = http.scheme.as_deref().unwrap_or_default();
    if !matches!(scheme, "HTTP" | "HTTPS") {
        errors.unsupported(&path.field("scheme"), "the scheme of a request", scheme, ["HTTP", "HTTPS"]);
    }
    let headers = path.field("httpHeaders");
    for (index, header) in http.http_headers.iter().flatten().enumerate() {
        for problem in names::http_header_name(&header.name) {
            let message = format!("the name `{}` of a header {problem}", shortened(&header.name));
            errors.invalid(&headers.index(index).field("name"), message).problem(problem).called(headers.clone());
        }
    }
}

/// `validateSleepAction`. Without a grace period there is another mistake, and none here.
fn sleep_within(seconds: i64, grace: Option<i64>, allow_zero: bool, path: &Path, errors: &mut Errors<'_>) {
    let Some(grace) = grace else { return };
    let least = i64::from(!allow_zero);
    if seconds < least || seconds > grace {
        let message = format!("the hook cannot sleep for {seconds} seconds of a grace period of {grace}");
        let finding = errors.invalid(&path.field("seconds"), message).of(seconds).says(if allow_zero { format!("must be non-negative and less than terminationGracePeriodSeconds ({grace})") } else { format!("must be greater than 0 and less than terminationGracePeriodSeconds ({grace}). Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep.") }).called(path.clone());
        finding.help(format!("use a number from {least} to {grace}, or raise `terminationGracePeriodSeconds`"));
    }
}
