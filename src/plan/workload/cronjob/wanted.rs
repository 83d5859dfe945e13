//! What a CronJob asks for.

use jiff::tz::TimeZone;
use k8s_openapi::api::batch::v1::{CronJob as Model, JobSpec};

use super::slots::Calendar;
use crate::plan::sim::event::Event;
use crate::values::cron::{Schedule, load_time_zone};

/// The spec, read.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    schedule: String,
    time_zone: Option<String>,
    pub(super) suspended: bool,
    pub(super) concurrency: Concurrency,
    /// After how many seconds it is too late to start.
    pub(super) deadline: Option<i64>,
    pub(super) keep_succeeded: usize,
    pub(super) keep_failed: usize,
    pub(super) job: JobSpec,
}

/// What becomes of a run while the one before it still runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concurrency {
    Allow,
    Forbid,
    Replace,
}

impl Wanted {
    pub(super) fn new(model: &Model) -> Self {
        let spec = &model.spec;
        let limit = |limit: Option<i32>, default| usize::try_from(limit.unwrap_or(default)).unwrap_or(0);
        Self {
            namespace: model.metadata.namespace.clone(),
            name: model.metadata.name.clone().unwrap_or_default(),
            schedule: spec.schedule.clone(),
            time_zone: spec.time_zone.clone(),
            suspended: spec.suspend == Some(true),
            concurrency: match spec.concurrency_policy.as_deref() {
                Some("Forbid") => Concurrency::Forbid,
                Some("Replace") => Concurrency::Replace,
                _ => Concurrency::Allow,
            },
            deadline: spec.starting_deadline_seconds,
            keep_succeeded: limit(spec.successful_jobs_history_limit, 3),
            keep_failed: limit(spec.failed_jobs_history_limit, 1),
            job: spec.job_template.spec.clone().unwrap_or_default(),
        }
    }

    /// Whether runs come at other times than before.
    pub(super) fn moves(&self, before: &Self) -> bool {
        self.schedule != before.schedule || self.time_zone != before.time_zone
    }

    /// When runs are due; otherwise the event that says why they never are. Without a time zone, that of the
    /// kube-controller-manager would count, which is taken to be UTC.
    pub(super) fn calendar(&self) -> Result<Calendar, Event> {
        let time_zone = match &self.time_zone {
            Some(name) => load_time_zone(name)
                .ok_or_else(|| Event::other("UnknownTimeZone", format!("invalid timeZone: {name:?}")))?,
            None => TimeZone::UTC,
        };
        let schedule = Schedule::parse(&self.schedule).map_err(|error| {
            Event::other("UnparseableSchedule", format!("unparseable schedule: {:?} : {error}", self.schedule))
        })?;
        Ok(Calendar { schedule, time_zone })
    }
}
