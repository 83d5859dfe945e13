//! `CronJob`s: when the controller starts a Job or does not.
//!
//! Mirrors `syncCronJob` and `mostRecentScheduleTime` (pkg/controller/cronjob, v1.36). `schedules` has the schedules
//! themselves.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use k8s_openapi::api::batch::v1::CronJob;

use super::whole_job_spec;
use crate::cluster::Object;
use crate::finding::Findings;
use crate::values::cron::Schedule;
use crate::yaml::Path;

/// A run may start late by the deadline, and the controller is never on time to the second: it looks again 0.1 s after
/// a run is due.
pub(in crate::rules) fn starting_deadline_zero(object: &Object, out: &mut Findings) {
    let Some(job) = object.model::<CronJob>() else { return };
    if job.spec.starting_deadline_seconds == Some(0) {
        object
            .report(out, &deadline_path(), "a starting deadline of 0 seconds has passed before any run is started")
            .help("delete the field, or set it to a minute or more");
    }
}

/// Ten seconds is the limit that the documentation of Kubernetes gives.
pub(in crate::rules) fn starting_deadline_too_short(object: &Object, out: &mut Findings) {
    let Some(job) = object.model::<CronJob>() else { return };
    if let Some(seconds @ 1..10) = job.spec.starting_deadline_seconds {
        object
            .report(out, &deadline_path(), format!("runs are skipped when the controller is late by {seconds} s"))
            .help("set `startingDeadlineSeconds` to the lateness that the work can bear, at least 10");
    }
}

fn deadline_path() -> Path {
    Path::root().fields(&["spec", "startingDeadlineSeconds"])
}

/// Only where the manifest itself says that a run may take longer than the time to the next one.
pub(in crate::rules) fn runs_overlap(object: &Object, out: &mut Findings) {
    let (Some(job), Some((spec, path))) = (object.model::<CronJob>(), whole_job_spec(object)) else { return };
    if job.spec.concurrency_policy.as_deref().is_some_and(|policy| policy != "Allow") {
        return;
    }
    let Some(interval) = shortest_interval(&job.spec.schedule) else { return };
    let Some(deadline) = spec.active_deadline_seconds.filter(|deadline| *deadline > interval) else { return };
    object
        .report(
            out,
            &Path::root().fields(&["spec", "schedule"]),
            format!("runs may overlap: one may take {deadline} s, and the next may start after {interval} s"),
        )
        .related(object.place(&path.field("activeDeadlineSeconds")), "how long a run may take")
        .help("set `concurrencyPolicy` to `Forbid` or `Replace`, or lower the deadline");
}

/// The shortest time between two runs, in seconds, among the next hundred from a fixed Monday on, in UTC.
pub(in crate::rules) fn shortest_interval(schedule: &str) -> Option<i64> {
    let schedule = Schedule::parse(schedule).ok()?;
    let monday = Timestamp::from_second(1_704_067_200).ok()?;
    let runs = std::iter::successors(Some(monday), |run| schedule.next_after(*run, &TimeZone::UTC));
    let runs: Vec<i64> = runs.skip(1).take(100).map(Timestamp::as_second).collect();
    runs.windows(2).map(|pair| pair[1] - pair[0]).min()
}

#[cfg(test)]
mod tests {
    use super::shortest_interval;

    #[test]
    fn the_shortest_interval_is_found_where_it_is_not_the_first() {
        assert_eq!(shortest_interval("* * * * *"), Some(60));
        assert_eq!(shortest_interval("0 0 * * 1"), Some(7 * 86_400));
        assert_eq!(shortest_interval("0 9,10,17 * * *"), Some(3600));
        assert_eq!(shortest_interval("@every 90m"), Some(5400));
        assert_eq!(shortest_interval("0 0 30 2 *"), None);
    }
}
