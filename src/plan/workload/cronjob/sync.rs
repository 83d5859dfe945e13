//! The CronJob controller.
//!
//! Mirrors `sync` in `pkg/controller/cronjob/cronjob_controllerv2.go` (v1.36). Left out: Jobs of somebody else, and calls
//! that fail.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::slots::{Calendar, Missed};
use super::wanted::{Concurrency, Wanted};
use super::{CronJob, Event, Run};
use crate::plan::sim::time::Time;
use crate::plan::workload::job::{self, Job};

impl CronJob {
    /// One sync; whether it changed anything.
    pub(super) fn sync_cron_job(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        let Some(wanted) = self.wanted.clone() else { return false };
        let ended: Vec<(i64, bool)> =
            self.runs.iter().filter_map(|(minute, run)| Some((*minute, run.job.outcome()?))).collect();
        let success = ended.iter().filter(|(_, success)| *success).filter_map(|(minute, _)| self.runs.get(minute));
        let success = success.filter_map(|run| run.job.finish_time()).max();
        let mut changed = self.clean_up(&ended, true, wanted.keep_succeeded, said);
        changed |= self.clean_up(&ended, false, wanted.keep_failed, said);
        for (minute, success) in &ended {
            let Some(at) = self.active.iter().position(|active| active == minute) else { continue };
            self.active.remove(at);
            let condition = if *success { "Complete" } else { "Failed" };
            let name = job_name(&wanted, *minute);
            said.push(Event::other("SawCompletedJob", format!("Saw completed job: {name}, condition: {condition}")));
            changed = true;
        }
        let success = success.map(|time| self.instant(time).div_euclid(1000) * 1000);
        changed |= success > self.last_success;
        self.last_success = self.last_success.max(success);
        let missing: Vec<i64> = self.active.iter().copied().filter(|minute| !self.runs.contains_key(minute)).collect();
        for minute in missing {
            self.active.retain(|active| *active != minute);
            said.push(Event::other("MissingJob", format!("Active job went missing: {}", job_name(&wanted, minute))));
            changed = true;
        }
        changed | self.start_due(&wanted, now, said)
    }

    /// Starts the Job that is due, if one is, and says when to look again.
    fn start_due(&mut self, wanted: &Wanted, now: Time, said: &mut Vec<Event>) -> bool {
        if wanted.suspended {
            return false;
        }
        let calendar = match wanted.calendar() {
            Ok(calendar) => calendar,
            Err(event) => {
                said.push(event);
                return false;
            }
        };
        let (instant, last) = (self.instant(now), self.last_schedule.or(self.created).unwrap_or_default());
        let Some(due) = calendar.due(last, wanted.deadline, instant) else {
            let message = "invalid schedule: time difference between two schedules is less than 1 second";
            said.push(Event::other("InvalidSchedule", message));
            return false;
        };
        if due.missed == Missed::Many && due.slot.is_some() {
            let message =
                "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
            said.push(Event::other("TooManyMissedTimes", message));
        }
        let changed = due.slot.is_some_and(|slot| self.start(wanted, slot, now, said));
        self.look_again(&calendar, now);
        changed
    }

    fn look_again(&mut self, calendar: &Calendar, now: Time) {
        let last = self.last_schedule.or(self.created).unwrap_or_default();
        if let Some(instant) = calendar.look_again(last, self.instant(now)) {
            self.enqueue(Time(instant - self.start).max(now + Time(1)));
        }
    }

    /// Starts the Job of this slot, unless something speaks against it.
    fn start(&mut self, wanted: &Wanted, slot: i64, now: Time, said: &mut Vec<Event>) -> bool {
        let minute = slot.div_euclid(60_000);
        if wanted
            .deadline
            .is_some_and(|deadline| slot.saturating_add(deadline.saturating_mul(1000)) < self.instant(now))
        {
            let message = format!("Missed scheduled time to start a job: {}", written_out(slot));
            said.push(Event::other("MissSchedule", message));
            return false;
        }
        if self.active.contains(&minute) || self.last_schedule == Some(slot) {
            return false;
        }
        if wanted.concurrency == Concurrency::Forbid && !self.active.is_empty() {
            let message = "Not starting job because prior execution is running and concurrency policy is Forbid";
            said.push(Event::other("JobAlreadyActive", message));
            return false;
        }
        if wanted.concurrency == Concurrency::Replace {
            for minute in std::mem::take(&mut self.active) {
                self.delete(minute, said);
            }
        }
        let name = job_name(wanted, minute);
        if !self.runs.contains_key(&minute) {
            let mut job = Job::new(&self.scenario, true);
            job.set(job::Wanted::new(wanted.namespace.as_deref(), &name, &wanted.job), now);
            said.push(Event::other("SuccessfulCreate", format!("Created job {name}")));
            self.runs.insert(minute, Run { name, slot, job });
        }
        self.active.push(minute);
        self.last_schedule = Some(slot);
        true
    }

    /// Removes the oldest Jobs that have ended so, beyond those that are kept (`cleanupFinishedJobs`).
    fn clean_up(&mut self, ended: &[(i64, bool)], success: bool, keep: usize, said: &mut Vec<Event>) -> bool {
        let minutes: Vec<i64> = ended.iter().filter(|(_, it)| *it == success).map(|(minute, _)| *minute).collect();
        let surplus = minutes.len().saturating_sub(keep);
        for minute in &minutes[..surplus] {
            self.delete(*minute, said);
            self.active.retain(|active| active != minute);
        }
        surplus > 0
    }

    fn delete(&mut self, minute: i64, said: &mut Vec<Event>) {
        if let Some(run) = self.runs.remove(&minute) {
            said.push(Event::other("SuccessfulDelete", format!("Deleted job {}", run.name)));
        }
    }
}

/// The name says the minute at which the Job was due (`getJobName`).
fn job_name(wanted: &Wanted, minute: i64) -> String {
    format!("{}-{minute}", wanted.name)
}

/// `Thu, 01 Jan 2026 05:00:00 +0000`
fn written_out(instant: i64) -> String {
    let Ok(instant) = Timestamp::from_millisecond(instant) else { return String::new() };
    instant.to_zoned(TimeZone::UTC).strftime("%a, %d %b %Y %H:%M:%S %z").to_string()
}
