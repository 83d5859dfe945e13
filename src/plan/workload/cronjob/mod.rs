//! A CronJob: the controller's view of it, and the Jobs that it starts.

mod slots;
mod sync;
mod wanted;
mod words;

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use k8s_openapi::api::batch::v1::CronJob as Model;

use self::wanted::Wanted;
pub(super) use self::words::KIND;
use super::job::Job;
use crate::admission::{ApiServer, defaulted};
use crate::cluster::Object;
use crate::plan::sim::event::{Event, Happened};
use crate::plan::sim::scenario::{Outage, Scenario};
use crate::plan::sim::state::{self, Runs, State};
use crate::plan::sim::time::Time;
use crate::plan::sim::workload::Workload;

/// How long a scenario without a horizon goes on after the last step, because a CronJob never comes to rest.
const DAY: Time = Time(86_400_000);

/// A CronJob, its controller and its Jobs.
pub(super) struct CronJob {
    scenario: Scenario,
    /// The instant at which the scenario begins, in milliseconds since 1970.
    start: i64,
    /// When no controllers run.
    outages: Vec<(Time, Time)>,
    /// Until when runs are shown.
    end: Time,
    wanted: Option<Wanted>,
    /// When it was created, in milliseconds since 1970.
    created: Option<i64>,
    last_schedule: Option<i64>,
    last_success: Option<i64>,
    /// The Jobs that run, as the status lists them, by minute.
    active: Vec<i64>,
    /// All Jobs, by the minute at which they were due.
    runs: BTreeMap<i64, Run>,
    /// When the controller looks next.
    sync_at: Option<Time>,
}

/// A Job that was started.
struct Run {
    name: String,
    /// When it was due, in milliseconds since 1970.
    slot: i64,
    job: Job,
}

impl CronJob {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let time = |outage: &Outage| (Time::from_seconds(outage.from), Time::from_seconds(outage.to));
        Self {
            start: scenario.start.unwrap_or_default().milliseconds(),
            outages: scenario.outages.iter().map(time).collect(),
            end: Time(i64::MAX),
            scenario: scenario.clone(),
            wanted: None,
            created: None,
            last_schedule: None,
            last_success: None,
            active: Vec::new(),
            runs: BTreeMap::new(),
            sync_at: None,
        }
    }

    /// The instant in milliseconds since 1970.
    fn instant(&self, time: Time) -> i64 {
        self.start.saturating_add(time.0)
    }

    fn enqueue(&mut self, time: Time) {
        self.sync_at = Some(self.sync_at.map_or(time, |earlier| earlier.min(time)));
    }

    /// The end of the outage at this time, if there is one.
    fn outage(&self, time: Time) -> Option<Time> {
        self.outages.iter().filter(|(from, to)| (*from..*to).contains(&time)).map(|(_, to)| *to).max()
    }

    /// When something that is due at this time can be done.
    fn after_outage(&self, mut time: Time) -> Time {
        while let Some(end) = self.outage(time) {
            time = end;
        }
        time
    }
}

impl Workload for CronJob {
    fn apply(&mut self, object: &Object, server: &ApiServer, now: Time) {
        let Some(model) = defaulted::<Model>(object, server) else { return };
        let wanted = Wanted::new(&model);
        let instant = self.instant(now);
        self.end = if self.scenario.horizon.is_some() { Time(i64::MAX) } else { now + DAY };
        self.created.get_or_insert(instant.div_euclid(1000) * 1000);
        let moves = self.wanted.as_ref().is_some_and(|before| wanted.moves(before));
        let look = wanted.calendar().ok().filter(|_| moves).and_then(|calendar| {
            let last = self.last_schedule.or(self.created)?;
            calendar.look_again(last, instant)
        });
        self.wanted = Some(wanted);
        // Runs that a new schedule would have had in the past wait for its next one (`updateCronJob`).
        self.enqueue(look.map_or(now, |look| Time(look - self.start).max(now)));
    }

    /// The timers of a CronJob are what it is about, so they always run.
    fn next_event(&self) -> Option<Time> {
        let pods = self.runs.values().filter_map(|run| run.job.next_event());
        let timers = self.runs.values().filter_map(|run| run.job.next_timer(Time(0))).chain(self.sync_at);
        pods.chain(timers.map(|time| self.after_outage(time))).min().filter(|time| *time <= self.end)
    }

    fn next_timer(&self, _: Time) -> Option<Time> {
        None
    }

    fn happen(&mut self, now: Time) -> Happened {
        let mut happened = Happened::new();
        for run in self.runs.values_mut() {
            for (event, count) in run.job.happen(now) {
                *happened.entry(event).or_default() += count;
            }
        }
        happened
    }

    fn sync(&mut self, now: Time, said: &mut Vec<Event>) -> bool {
        if self.outage(now).is_some() {
            return false;
        }
        let mut changed = false;
        for run in self.runs.values_mut() {
            // What its Jobs say is theirs.
            changed |= run.job.sync(now, &mut Vec::new());
        }
        self.runs.retain(|_, run| !run.job.is_gone());
        if changed {
            self.enqueue(now);
        }
        if self.sync_at.is_some_and(|time| time <= now) {
            self.sync_at = None;
            changed |= self.sync_cron_job(now, said);
        }
        changed
    }

    fn settled(&mut self, now: Time) {
        for run in self.runs.values_mut() {
            run.job.settled(now);
        }
    }

    fn state(&self, now: Time) -> State {
        let calendar =
            self.wanted.as_ref().filter(|wanted| !wanted.suspended).and_then(|wanted| wanted.calendar().ok());
        let zone = calendar.as_ref().map_or(TimeZone::UTC, |calendar| calendar.time_zone.clone());
        let job = |run: &Run| state::Run {
            name: run.name.clone(),
            scheduled: local(run.slot, &zone),
            outcome: run.job.outcome(),
        };
        let active = self.active.iter().filter_map(|minute| self.runs.get(minute)).map(|run| run.name.clone());
        let time = |instant: Option<i64>| instant.map(|instant| local(instant, &TimeZone::UTC));
        let status = state::CronJob {
            active: active.collect(),
            last_schedule: time(self.last_schedule),
            last_success: time(self.last_success),
        };
        let next = calendar.and_then(|calendar| calendar.next(self.instant(now)));
        State {
            runs: Some(Runs { jobs: self.runs.values().map(job).collect(), next: next.map(|next| local(next, &zone)) }),
            status: Some(state::Status::CronJob(status)),
            ..State::default()
        }
    }
}

/// The instant as clocks in that zone show it: `2026-03-29T03:30:00+02:00`.
fn local(instant: i64, zone: &TimeZone) -> String {
    let Ok(instant) = Timestamp::from_millisecond(instant) else { return String::new() };
    let format = if *zone == TimeZone::UTC { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%:z" };
    instant.to_zoned(zone.clone()).strftime(format).to_string()
}
