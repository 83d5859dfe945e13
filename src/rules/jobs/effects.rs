//! Jobs that the API server takes and that do something else than they seem to say.
//!
//! What the controller does with them: `syncJob`, `manageJob` and `pastBackoffLimitOnFailure` in
//! `pkg/controller/job/job_controller.go` (v1.36).

use k8s_openapi::api::batch::v1::{CronJob, Job};

use super::cron_job::shortest_interval;
use super::{job_spec, restart_policy, whole_job_spec};
use crate::cluster::Object;
use crate::finding::Findings;
use crate::yaml::{Path, Value};

/// The deadline counts from the start, and at zero it has passed at once.
pub(in crate::rules) fn deadline_zero(object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    if spec.active_deadline_seconds == Some(0) {
        object
            .report(out, &path.field("activeDeadlineSeconds"), "a deadline of 0 seconds fails the Job before it runs")
            .help("set the time that the Job may take with all of its retries, or delete the field for no limit");
    }
}

/// Parallelism 0 is also a way to pause a Job, but `suspend` says so, and it can be seen in the Job's status.
pub(in crate::rules) fn without_pods(object: &Object, out: &mut Findings) {
    let Some((spec, path)) = whole_job_spec(object) else { return };
    if spec.completions == Some(0) {
        object
            .report(out, &path.field("completions"), "a Job of 0 completions is complete before it runs anything")
            .help("set `completions` to the number of pods that must succeed");
    } else if spec.parallelism == Some(0) && !spec.suspend.unwrap_or_default() {
        object
            .report(out, &path.field("parallelism"), "a Job with parallelism 0 starts no pod and never ends")
            .help("set `parallelism` to at least 1; to start the Job later, set `suspend: true`");
    }
}

/// The kubelet restarts a failed container at once; the controller sees the restart afterwards and deletes the pod.
pub(in crate::rules) fn restarts_without_retries(object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    let ("OnFailure", policy) = restart_policy(spec, &path) else { return };
    if spec.backoff_limit == Some(0) {
        object
            .report(out, &policy, "a failed container runs a second time although `backoffLimit` is 0")
            .related(object.place(&path.field("backoffLimit")), "the Job fails when a restart is seen")
            .help("set `restartPolicy: Never`, which also keeps the logs of the failed pod");
    }
}

/// Only for limits that somebody chose, and where one pod runs at a time: pods that fail together wait together.
pub(in crate::rules) fn deadline_cuts_retries(object: &Object, out: &mut Findings) {
    let Some((spec, path)) = whole_job_spec(object) else { return };
    let (Some(deadline), Some(limit)) = (spec.active_deadline_seconds, spec.backoff_limit) else { return };
    if spec.backoff_limit_per_index.is_some() || spec.parallelism.is_some_and(|it| it > 1) || limit < 1 || deadline < 1
    {
        return;
    }
    let wait = match restart_policy(spec, &path).0 {
        "Never" => new_pods_wait,
        "OnFailure" => restarts_wait,
        _ => return,
    };
    let all = wait(limit);
    if deadline <= all {
        let possible = (1..=limit).take_while(|retries| wait(*retries) < deadline).count();
        object
            .report(
                out,
                &path.field("activeDeadlineSeconds"),
                format!("the deadline of {deadline} s leaves no time for {limit} retries, which wait {all} s in all"),
            )
            .related(object.place(&path.field("backoffLimit")), format!("{possible} of them can start"))
            .help(format!("set `activeDeadlineSeconds` above {all}, or `backoffLimit` to {possible}"));
    }
}

/// The waits before new pods: 10, 20, 40 s, at most ten minutes. Six retries wait 10+20+40+80+160+320 = 630 s.
fn new_pods_wait(retries: i32) -> i64 {
    doubling(retries, 600)
}

/// The waits of the kubelet before restarts: none before the first, then 10, 20, 40 s, at most five minutes.
fn restarts_wait(retries: i32) -> i64 {
    doubling(retries - 1, 300)
}

fn doubling(times: i32, most: i64) -> i64 {
    let doubled: i64 = (0..times.min(10)).map(|it| (10_i64 << it).min(most)).sum();
    doubled + i64::from((times - 10).max(0)) * most
}

/// The controller starts no more pods than there are completions missing.
pub(in crate::rules) fn parallelism_above_completions(object: &Object, out: &mut Findings) {
    let Some((spec, path)) = job_spec(object) else { return };
    let (Some(parallelism), Some(completions)) = (spec.parallelism, spec.completions) else { return };
    if parallelism > completions && completions > 0 {
        object
            .report(
                out,
                &path.field("parallelism"),
                format!("never more than {completions} of {parallelism} pods run at once"),
            )
            .related(object.place(&path.field("completions")), "no more than these are needed")
            .help(format!("set `parallelism` to {completions}, or raise `completions`"));
    }
}

/// A queue's controller or another one resumes Jobs that are created suspended.
pub(in crate::rules) fn suspended(object: &Object, out: &mut Findings) {
    let suspend = Path::root().fields(&["spec", "suspend"]);
    if object.model::<CronJob>().is_some_and(|job| job.spec.suspend == Some(true)) {
        object
            .report(out, &suspend, "the CronJob is suspended, so it starts no Jobs")
            .help("delete `suspend` when the CronJob is to run");
    }
    let Some((spec, path)) = whole_job_spec(object) else { return };
    let metadata =
        if object.model::<Job>().is_some() { Path::root() } else { Path::root().fields(&["spec", "jobTemplate"]) };
    let labels = object.root().at(&metadata.fields(&["metadata", "labels"]));
    let is_queued = labels.into_iter().flat_map(Value::fields).any(|label| label.name.ends_with("/queue-name"));
    if spec.suspend == Some(true) && spec.managed_by.is_none() && !is_queued {
        object
            .report(out, &path.field("suspend"), "the Job is suspended, so it starts no pods until somebody resumes it")
            .help("delete `suspend` when the Job is to run");
    }
}

/// Finished Jobs are deleted by whichever comes first, their time to live or the history's limit.
pub(in crate::rules) fn ttl_cuts_history(object: &Object, out: &mut Findings) {
    let (Some(job), Some((spec, path))) = (object.model::<CronJob>(), job_spec(object)) else { return };
    let Some(ttl) = spec.ttl_seconds_after_finished.map(i64::from) else { return };
    let Some(interval) = shortest_interval(&job.spec.schedule) else { return };
    let limits = [
        ("successfulJobsHistoryLimit", job.spec.successful_jobs_history_limit),
        ("failedJobsHistoryLimit", job.spec.failed_jobs_history_limit),
    ];
    for (field, limit) in limits {
        // A Job that ends one interval after another has lived that long already: 3600 s hold 60 Jobs of a minute, and one more.
        let kept = ttl / interval + 1;
        let Some(limit) = limit.filter(|limit| i64::from(*limit) > kept) else { continue };
        object
            .report(
                out,
                &Path::root().field("spec").field(field),
                format!("there are never {limit} finished Jobs to keep, but {kept} at most"),
            )
            .related(
                object.place(&path.field("ttlSecondsAfterFinished")),
                format!("they are deleted after {ttl} s, and one is started every {interval} s at most"),
            )
            .help("delete `ttlSecondsAfterFinished`: a CronJob cleans up its Jobs by its history limits");
    }
}

#[cfg(test)]
mod tests {
    use super::{new_pods_wait, restarts_wait};

    #[test]
    fn retries_wait_as_long_as_in_kubernetes() {
        assert_eq!(new_pods_wait(1), 10);
        assert_eq!(new_pods_wait(6), 630);
        assert_eq!(new_pods_wait(8), 630 + 600 + 600);
        assert_eq!(new_pods_wait(12), 630 + 6 * 600);
        assert_eq!(restarts_wait(1), 0);
        assert_eq!(restarts_wait(3), 10 + 20);
        assert_eq!(restarts_wait(7), 10 + 20 + 40 + 80 + 160 + 300);
    }
}
