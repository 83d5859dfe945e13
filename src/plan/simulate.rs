//! The loop that owns time: let happen what is due, let the controllers settle, write down, go to the next instant.

use serde_json::Value;

use super::sim::event::Happening;
use super::sim::scenario::{At, Scenario, Step};

use super::sim::time::Time;
use super::sim::trace::{Cause, Row, Trace, Verdict};
use super::sim::workload::Workload;
use super::workload;
use crate::admission::apply::{read, result};
use crate::admission::{ApiServer, How, Judge, Outcome, Request};
use crate::cluster::{Cluster, Object};
use crate::finding::Finding;

/// A controller that needs more passes than this for one instant goes round in circles.
const PASSES: usize = 100_000;

/// How many pods a workload may want. More than that nobody runs, and no trace could show.
const PODS: i64 = 1_000_000;

/// How long a trace may become: how many pods and Jobs all its rows may name together, and each row counts as ten.
const LENGTH: usize = 3_000_000;

/// A scenario that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// There is nothing to play.
    #[error("the scenario has no steps; apply something: `steps: [{{at: 0, apply: …}}]`")]
    NoSteps,
    /// What is applied is no object.
    #[error("step {0} applies something that is no object")]
    NoObject(usize),
    /// What is applied is not a workload.
    #[error(
        "`{0}` is no workload that can be played; those are {playable}", playable = workload::playable()
    )]
    UnknownKind(String),
    /// Two steps apply different objects.
    #[error("step {0} applies another object than the first; a scenario is about one workload")]
    OtherObject(usize),
    /// A duration, or the time of a step, is none.
    #[error("`{0}` is {1}; write a number of seconds, zero or more")]
    NoTime(String, f64),
    /// A step asks for more pods than can be played.
    #[error("step {0} asks for {1} pods, and at most {PODS} can be played")]
    TooManyPods(usize, i64),
    /// So much happens that nobody could read it.
    #[error("after {0} rows there is no end to it; give the scenario a `horizon`, or fewer pods")]
    TooLong(usize),
}

/// Plays a scenario against `server`, whose feature gates the scenario may change.
pub fn simulate(scenario: &Scenario, server: &ApiServer) -> Result<Trace, SimulationError> {
    if let Some((name, seconds)) = scenario.times().find(|(_, seconds)| !(seconds.is_finite() && *seconds >= 0.0)) {
        return Err(SimulationError::NoTime(name, seconds));
    }
    let mut server = server.clone();
    // A gate that nothing depends on changes nothing.
    let gates = scenario.feature_gates.iter().filter_map(|(name, on)| Some((name.parse().ok()?, *on)));
    server.feature_gates.extend(gates);
    let judge = Judge::new(vec![server.clone()], std::iter::empty());
    Applied::new(&scenario.steps, |request| verdict(&judge, request))?.play(scenario, &server, Record::All)
}

/// What the API server makes of the steps of a scenario, which is the same however the pods behave.
#[derive(Default)]
pub(super) struct Applied {
    steps: Vec<Made>,
}

/// What the API server makes of a step.
#[derive(Clone)]
struct Made {
    at: At,
    manifest: Object,
    /// What it makes of what was there before.
    object: Object,
    /// Why it is refused.
    verdict: Option<Verdict>,
}

impl Applied {
    /// For steps that are known to be accepted.
    pub(super) fn unjudged(steps: &[Step], server: &ApiServer) -> Result<Self, SimulationError> {
        Self::new(steps, |request| (None, result(request, server)))
    }

    /// The same with another last step, which is known to be accepted as well.
    pub(super) fn ending(&self, last: &Step, server: &ApiServer) -> Result<Self, SimulationError> {
        let kept = self.steps.len().saturating_sub(1);
        let mut applied = Self { steps: self.steps[..kept].to_vec() };
        applied.apply(last, |request| (None, result(request, server)))?;
        Ok(applied)
    }

    fn new(
        steps: &[Step],
        judge: impl Fn(&Request<'_>) -> (Option<Verdict>, Option<Cluster>),
    ) -> Result<Self, SimulationError> {
        let mut applied = Self::default();
        for step in steps {
            applied.apply(step, &judge)?;
        }
        Ok(applied)
    }

    fn apply(
        &mut self,
        step: &Step,
        judge: impl Fn(&Request<'_>) -> (Option<Verdict>, Option<Cluster>),
    ) -> Result<(), SimulationError> {
        let number = self.steps.len() + 1;
        if let Some(pods) = Some(pods(step)).filter(|pods| *pods > PODS) {
            return Err(SimulationError::TooManyPods(number, pods));
        }
        let manifest = read(&step.apply);
        let manifest = manifest.objects().first().filter(|_| manifest.objects().len() == 1);
        let manifest = manifest.ok_or(SimulationError::NoObject(number))?;
        if self.steps.first().is_some_and(|first| first.object.identity != manifest.identity) {
            return Err(SimulationError::OtherObject(number));
        }
        let before = self.steps.iter().rfind(|step| step.verdict.is_none());
        let request = Request {
            object: manifest,
            old: before.map(|before| &before.manifest),
            running: before.map(|before| &before.object),
            how: How::ServerApply,
        };
        let (verdict, result) = judge(&request);
        let object = result.as_ref().and_then(|result| result.objects().first()).unwrap_or(manifest).clone();
        self.steps.push(Made { at: step.at, manifest: manifest.clone(), object, verdict });
        Ok(())
    }

    /// What happens with pods as `scenario` has them.
    pub(super) fn play(
        &self,
        scenario: &Scenario,
        server: &ApiServer,
        record: Record,
    ) -> Result<Trace, SimulationError> {
        let first = &self.steps.first().ok_or(SimulationError::NoSteps)?.object;
        let workload =
            workload::start(first, scenario, server).ok_or_else(|| SimulationError::UnknownKind(described(first)))?;
        let (now, last_apply, trace) = (Time(0), Time(0), Trace::default());
        let writes = record == Record::All;
        let mut run = Run { workload, scenario, server, now, last_apply, trace, record, writes, length: 0 };
        run.play(self)?;
        Ok(run.trace)
    }
}

/// Version and kind of an object.
fn described(object: &Object) -> String {
    format!("{} {}", object.identity.api_version, object.identity.kind).trim().to_owned()
}

/// How many pods the manifest of a step wants at once.
fn pods(step: &Step) -> i64 {
    let spec = &step.apply["spec"];
    let job = spec.pointer("/jobTemplate/spec").unwrap_or(spec);
    let number = |of: &Value, name: &str| of[name].as_i64();
    let parallelism = number(job, "parallelism").map(|pods| pods.min(number(job, "completions").unwrap_or(i64::MAX)));
    number(spec, "replicas").or(parallelism).unwrap_or_default()
}

/// What is written down of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// Every row with its whole state.
    All,
    /// How things stand before the last step, and what follows from it: in outline, but for the first and the last row.
    LastStep,
}

/// What the API server has against the request, and what comes of it.
fn verdict(judge: &Judge, request: &Request<'_>) -> (Option<Verdict>, Option<Cluster>) {
    let verdict = judge.judge(request);
    let reason = |finding: &Finding| match (finding.reason(), verdict.outcome) {
        (Some(reason), _) => format!("{reason:?}"),
        // What an admission plugin denies has no reason of its own, nor has what cannot be decoded.
        (None, Outcome::Denied) => "Forbidden".to_owned(),
        (None, _) => "BadRequest".to_owned(),
    };
    let causes = |finding: &Finding| {
        let main =
            Cause { field: finding.field().to_string(), reason: reason(finding), message: finding.message.clone() };
        let also = finding.also.iter().filter_map(|also| {
            Some(Cause { field: also.field.to_string(), reason: format!("{:?}", also.reason?), ..main.clone() })
        });
        std::iter::once(main.clone()).chain(also).collect::<Vec<_>>()
    };
    let causes: Vec<Cause> = verdict.refusals().flat_map(causes).collect();
    ((!causes.is_empty()).then_some(Verdict { verdict: "reject", causes }), verdict.result)
}

struct Run<'a> {
    workload: Box<dyn Workload>,
    scenario: &'a Scenario,
    server: &'a ApiServer,
    now: Time,
    last_apply: Time,
    trace: Trace,
    record: Record,
    /// Whether rows are written by now.
    writes: bool,
    /// How long the trace is, as [`LENGTH`] counts.
    length: usize,
}

impl Run<'_> {
    fn play(&mut self, applied: &Applied) -> Result<(), SimulationError> {
        let end = self.scenario.horizon.map(Time::from_seconds);
        for (at, step) in applied.steps.iter().enumerate() {
            self.advance(match step.at {
                // What is due in the same instant comes after the step.
                At::Seconds(seconds) => Some(Time::from_seconds(seconds) - Time(1)),
                At::Word(_) => end,
            })?;
            if let At::Seconds(seconds) = step.at {
                self.now = self.now.max(Time::from_seconds(seconds));
            }
            self.last_apply = self.now;
            if at + 1 == applied.steps.len() && !self.writes {
                self.writes = true;
                let row = Row { state: Some(self.workload.state(self.now)), ..self.row(Vec::new()) };
                self.trace.trace.push(row);
            }
            match &step.verdict {
                None => {
                    self.workload.apply(&step.object, self.server, self.now);
                    self.settle(vec![Happening::Accepted], true);
                }
                verdict if self.writes => {
                    let row = Row { verdict: verdict.clone(), ..self.row(vec![Happening::Refused]) };
                    self.trace.trace.push(row);
                }
                _ => {}
            }
        }
        self.advance(end)?;
        if self.record == Record::LastStep
            && let Some(last) = self.trace.trace.last_mut()
        {
            last.state = Some(self.workload.state(self.now));
        }
        Ok(())
    }

    /// Lets time pass until nothing is due any more, or until `limit`; what is due at `limit` itself still happens.
    fn advance(&mut self, limit: Option<Time>) -> Result<(), SimulationError> {
        loop {
            let event = self.workload.next_event();
            let timer = self.workload.next_timer(self.now).filter(|_| self.scenario.realtime);
            let Some(next) = event.into_iter().chain(timer).min() else { return Ok(()) };
            if limit.is_some_and(|limit| next > limit) {
                return Ok(());
            }
            if self.length > LENGTH {
                return Err(SimulationError::TooLong(self.trace.trace.len()));
            }
            self.now = self.now.max(next);
            let happened = self.workload.happen(self.now);
            self.settle(happened.into_iter().map(|(event, count)| Happening::Pods(event, count)).collect(), false);
        }
    }

    /// Lets the controllers run until nothing changes, and writes down what is new.
    fn settle(&mut self, event: Vec<Happening>, always: bool) {
        let mut said = Vec::new();
        let settles = (0..PASSES).any(|_| !self.workload.sync(self.now, &mut said));
        debug_assert!(settles, "controllers settle within an instant");
        self.workload.settled(self.now);
        self.length += 10;
        if !self.writes {
            return;
        }
        let state = match self.record {
            Record::All => self.workload.state(self.now),
            Record::LastStep => self.workload.outline(self.now),
        };
        self.length += state.length();
        let state = Some(state);
        let last = self.trace.trace.iter().rev().find_map(|row| row.state.as_ref());
        if always || last != state.as_ref() {
            let row = Row { said, state, ..self.row(event) };
            self.trace.trace.push(row);
        }
    }

    fn row(&self, event: Vec<Happening>) -> Row {
        let since = self.scenario.realtime.then(|| (self.now - self.last_apply).as_seconds());
        let t = (!self.scenario.realtime).then(|| self.now.as_seconds());
        Row { t, since, event, ..Row::default() }
    }
}
