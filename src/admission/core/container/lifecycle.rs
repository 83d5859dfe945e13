//! What happens at the start and end of a container.
//!
//! Mirrors `validateLifecycle` and `validateStopSignal` in pkg/apis/core/validation (v1.36).

use k8s_openapi::api::core::v1::Container;

use super::Facts;
use super::probe::{Handlers, Purpose};
use crate::admission::errors::{Errors, shortened};
use crate::yaml::Path;

/// Signals of Linux, apart from the real-time ones that are counted from the first and the last.
const OF_LINUX: &[&str] = &[
    "SIGABRT",
    "SIGALRM",
    "SIGBUS",
    "SIGCHLD",
    "SIGCLD",
    "SIGCONT",
    "SIGFPE",
    "SIGHUP",
    "SIGILL",
    "SIGINT",
    "SIGIO",
    "SIGIOT",
    "SIGKILL",
    "SIGPIPE",
    "SIGPOLL",
    "SIGPROF",
    "SIGPWR",
    "SIGQUIT",
    "SIGRTMAX",
    "SIGRTMIN",
    "SIGSEGV",
    "SIGSTKFLT",
    "SIGSTOP",
    "SIGSYS",
    "SIGTERM",
    "SIGTRAP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGUSR1",
    "SIGUSR2",
    "SIGVTALRM",
    "SIGWINCH",
    "SIGXCPU",
    "SIGXFSZ",
];

/// The hooks and the stop signal of a container that goes on running, at `path`.
pub(super) fn lifecycle(facts: &Facts<'_>, container: &Container, path: &Path, errors: &mut Errors<'_>) {
    let Some(lifecycle) = &container.lifecycle else { return };
    let path = path.field("lifecycle");
    for (field, hook) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        if let Some(hook) = hook {
            Handlers::from(hook).check(Purpose::hook(facts), &path.field(field), errors);
        }
    }
    if let Some(signal) = &lifecycle.stop_signal {
        stop_signal(facts, signal, &path.field("stopSignal"), errors);
    }
}

/// An init container that ends has no hooks.
pub(super) fn not_of_init(container: &Container, path: &Path, errors: &mut Errors<'_>) {
    if container.lifecycle.is_some() {
        let message = format!("init container `{}` runs to its end and has no `lifecycle`", shortened(&container.name));
        let finding = errors
            .forbidden(&path.field("lifecycle"), message)
            .says("may not be set for init containers without restartPolicy=Always");
        finding.help("remove it, or make the container a sidecar with `restartPolicy: Always`");
    }
}

/// Signals depend on the system, so that it must be known; whether it is one that there is, is asked elsewhere.
fn stop_signal(facts: &Facts<'_>, signal: &str, path: &Path, errors: &mut Errors<'_>) {
    let Some(system) = &facts.pod.spec.os else {
        let finding = errors
            .forbidden(path, "a stop signal needs a pod whose operating system is known")
            .says("may not be set for containers with empty `spec.os.name`");
        finding.help("add `os: {name: linux}` to the spec of the pod");
        return;
    };
    match system.name.as_str() {
        "windows" if !matches!(signal, "SIGKILL" | "SIGTERM") => {
            errors.unsupported(path, "the stop signal of a Windows container", signal, ["SIGKILL", "SIGTERM"]);
        }
        "linux" if !OF_LINUX.contains(&signal) && !is_real_time(signal) => {
            errors.unsupported(path, "the stop signal of a Linux container", signal, OF_LINUX.iter().copied());
        }
        _ => {}
    }
}

/// `SIGRTMIN+1` to `SIGRTMIN+15`, and `SIGRTMAX-14` to `SIGRTMAX-1`.
fn is_real_time(signal: &str) -> bool {
    let number = |text: &str| text.parse::<u8>().ok().filter(|number| number.to_string() == text);
    let up = signal.strip_prefix("SIGRTMIN+").and_then(number);
    let down = signal.strip_prefix("SIGRTMAX-").and_then(number);
    up.is_some_and(|up| (1..=15).contains(&up)) || down.is_some_and(|down| (1..=14).contains(&down))
}
