//! What each controller promises, whatever happens: held against every row of a trace.
//!
//! A promise is about a row, the row before it, and the manifest that holds since the last apply. What a manifest already
//! exceeds when it comes (an old surge, pods that are missing) is not the controller's doing; it may only not get worse.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::scenarios::{nodes, object, play, steps};

/// A row with what it has to be judged by.
struct Moment<'a> {
    /// The specification that holds now, and the one that held before this row.
    spec: &'a Value,
    spec_before: &'a Value,
    /// Whether something was applied.
    applied: bool,
    before: &'a Value,
    state: &'a Value,
    said: Vec<&'a str>,
    scenario: &'a Value,
}

/// The first promise that a trace of a scenario breaks, and where. Rows are those of the recordings, or ours.
pub(crate) fn broken(scenario: &Value, rows: &[Value]) -> Option<String> {
    let mut steps = scenario["steps"].as_array().into_iter().flatten().map(|step| &step["apply"]);
    let (mut spec, mut before, mut time) = (&Value::Null, &Value::Null, f64::NEG_INFINITY);
    let kind = scenario["steps"][0]["apply"]["kind"].as_str().unwrap_or_default();
    let mut memory = Memory::default();
    for (at, row) in rows.iter().enumerate() {
        let events: Vec<&str> = row["event"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let applied = events.contains(&"apply:accept");
        let spec_before = spec;
        if applied || events.contains(&"apply:reject") {
            // Where timers run, time is counted from the last step on.
            time = if row["since"].is_null() { time } else { f64::NEG_INFINITY };
            let step = steps.next().map_or(&Value::Null, |step| &step["spec"]);
            if !applied {
                continue;
            }
            spec = step;
        }
        let now = row["t"].as_f64().or(row["since"].as_f64()).unwrap_or_default();
        let said = row["said"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let moment = Moment { spec, spec_before, applied, before, state: &row["state"], said, scenario };
        let what = if now < time {
            Some("time runs backwards".to_owned())
        } else {
            match kind {
                "Deployment" => deployment(&moment, &mut memory),
                "StatefulSet" => stateful_set(&moment),
                "DaemonSet" => daemon_set(&moment),
                "Job" => job(&moment, &mut memory),
                "CronJob" => cron_job(&moment),
                _ => None,
            }
        };
        if let Some(what) = what {
            return Some(format!("row {at}: {what}\n  before {before}\n  row    {row}\n  spec   {spec}"));
        }
        (before, time) = (&row["state"], now);
    }
    None
}

/// What has to be remembered over more than one row.
#[derive(Default)]
struct Memory {
    created: i64,
    deleted: i64,
    /// Whether pods of two versions may run together, because not all manifests said Recreate.
    mixes: bool,
}

fn number(value: &Value, name: &str) -> i64 {
    value[name].as_i64().unwrap_or_default()
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).expect("there are fewer")
}

fn number_or(value: &Value, name: &str, default: i64) -> i64 {
    value[name].as_i64().unwrap_or(default)
}

/// A number, or a percentage of `total` that is rounded.
fn scaled(value: &Value, total: i64, up: bool) -> i64 {
    let Some(text) = value.as_str() else { return value.as_i64().unwrap_or_default() };
    let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
    percent.saturating_mul(total).saturating_add(if up { 99 } else { 0 }) / 100
}

fn or<'a>(value: &'a Value, default: &'a Value) -> &'a Value {
    if value.is_null() { default } else { value }
}

fn that(holds: bool, what: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what.to_owned()) }
}

/// How many more pods there may be than wanted, and how many fewer may be available; nothing for Recreate.
fn fenceposts(spec: &Value) -> Option<(i64, i64)> {
    let replicas = number_or(spec, "replicas", 1);
    if spec["strategy"]["type"] == "Recreate" {
        return None;
    }
    let (rolling, quarter) = (&spec["strategy"]["rollingUpdate"], Value::from("25%"));
    let surge = scaled(or(&rolling["maxSurge"], &quarter), replicas, true);
    let unavailable = scaled(or(&rolling["maxUnavailable"], &quarter), replicas, false);
    let unavailable = if surge == 0 && unavailable == 0 { 1 } else { unavailable };
    Some((surge, unavailable.min(replicas)))
}

/// The ReplicaSets: name, revision number, size.
fn sets(state: &Value) -> Vec<(&str, i64, i64)> {
    let sets = state["replicaSets"].as_array().into_iter().flatten();
    let revision = |set: &Value| set["revision"].as_str().and_then(|number| number.parse().ok()).unwrap_or_default();
    sets.map(|set| (set["rev"].as_str().unwrap_or_default(), revision(set), number(set, "spec"))).collect()
}

fn deployment(moment: &Moment, memory: &mut Memory) -> Option<String> {
    let Moment { spec, state, before, .. } = moment;
    let status = &state["status"];
    let replicas = number_or(spec, "replicas", 1);
    let rolling = fenceposts(spec);
    let total = |state: &Value| sets(state).iter().map(|set| set.2).sum::<i64>();
    let pods = state["pods"].as_object().into_iter().flatten();
    let pods: Vec<(&str, &str, i64)> = pods
        .filter_map(|(name, count)| {
            let (rev, phase) = name.split_once('/')?;
            Some((rev, phase, count.as_i64()?))
        })
        .collect();
    memory.mixes |= rolling.is_some();
    let live: i64 = pods.iter().filter(|pod| pod.1 != "Terminating").map(|pod| pod.2).sum();
    let count = |name: &str| number(status, name);
    let check = || {
        that(live == count("replicas"), "the status counts other pods than there are")?;
        that(live == total(state), "a ReplicaSet has not the pods that it should have")?;
        that(count("availableReplicas") <= count("readyReplicas"), "more pods are available than Ready")?;
        that(count("readyReplicas") <= live, "more pods are Ready than there are")?;
        that(count("updatedReplicas") <= live, "more pods are updated than there are")?;
        let unavailable = (total(state) - count("availableReplicas")).max(0);
        that(unavailable == count("unavailableReplicas"), "unavailable and available do not add up")?;
        let surge = rolling.map_or(0, |(surge, _)| surge);
        that(total(state) <= (replicas + surge).max(total(before)), "there are more pods than replicas and surge")?;
        if !memory.mixes {
            let revs: BTreeSet<&str> = pods.iter().map(|pod| pod.0).collect();
            that(revs.len() <= 1, "Recreate mixes versions")?;
        }
        let Some((_, unavailable)) = rolling else { return Ok(()) };
        let rescaled = replicas != number_or(moment.spec_before, "replicas", 1);
        let reready = number(spec, "minReadySeconds") > number(moment.spec_before, "minReadySeconds");
        if !(moment.applied && (rescaled || reready)) {
            let floor = (replicas - unavailable).min(number(&before["status"], "availableReplicas"));
            that(count("availableReplicas") >= floor, "fewer pods are available than may be")?;
        }
        if spec["paused"] == true {
            return Ok(());
        }
        let Some(new) = sets(state).into_iter().max_by_key(|set| set.1) else { return Err("no ReplicaSet".to_owned()) };
        that(
            total(state) >= replicas + surge || new.2 >= replicas,
            "there is room, but the new version does not grow",
        )?;
        if !moment.applied {
            for (rev, _, size) in sets(state) {
                let old = sets(before).into_iter().find(|set| set.0 == rev).map_or(0, |set| set.2);
                that(rev == new.0 || size <= old, "an old version grows")?;
                that(rev != new.0 || size >= old, "the new version shrinks")?;
            }
        }
        let complete = ["replicas", "updatedReplicas", "availableReplicas"].iter().all(|name| count(name) == replicas);
        let limit = number_or(spec, "revisionHistoryLimit", 10);
        that(
            !complete || whole(sets(state).len()) <= limit + 1,
            "a complete Deployment keeps more history than it should",
        )
    };
    check().err()
}

/// The pods of a StatefulSet by ordinal.
fn ordinals(state: &Value) -> BTreeMap<i64, &str> {
    let pods = state["pods"].as_array().into_iter().flatten();
    pods.filter_map(|pod| Some((pod["name"].as_str()?.rsplit('-').next()?.parse().ok()?, pod["phase"].as_str()?)))
        .collect()
}

fn stateful_set(moment: &Moment) -> Option<String> {
    let Moment { spec, state, .. } = moment;
    let (pods, before) = (ordinals(state), ordinals(moment.before));
    let replicas = number_or(spec, "replicas", 1);
    let start = number(&spec["ordinals"], "start");
    let strategy = &spec["updateStrategy"];
    let wanted = start..start + replicas;
    let in_order = spec["podManagementPolicy"] != "Parallel";
    let gate = moment.scenario["featureGates"]["MaxUnavailableStatefulSet"] == true;
    let budget = if gate { scaled(&strategy["rollingUpdate"]["maxUnavailable"], replicas, false).max(1) } else { 1 };
    let is = |phase: &str, ordinal: &i64| pods.get(ordinal) == Some(&phase);
    let went = |ordinal: &i64| is("Terminating", ordinal) && before.get(ordinal).is_some_and(|it| *it != "Terminating");
    let came = |ordinal: &i64| is("Pending", ordinal) && before.get(ordinal).is_none_or(|it| *it == "Terminating");
    let went: Vec<i64> = pods.keys().copied().filter(went).collect();
    let came: Vec<i64> = pods.keys().copied().filter(came).collect();
    let missing = |of: &BTreeMap<i64, &str>| wanted.clone().filter(|ordinal| of.get(ordinal) != Some(&"Ready")).count();
    let moved = moment.applied
        && (number_or(moment.spec_before, "replicas", 1) != replicas
            || number(&moment.spec_before["ordinals"], "start") != start);
    let check = || {
        let status = &state["status"];
        let count = |name: &str| number(status, name);
        let all = state["pods"].as_array().map_or(0, Vec::len);
        that(pods.len() == all, "two pods have one name")?;
        that(count("replicas") == whole(all), "the status counts other pods than there are")?;
        that(count("availableReplicas") <= count("readyReplicas"), "more pods are available than Ready")?;
        that(count("readyReplicas") <= whole(all), "more pods are Ready than there are")?;
        let updates: Vec<i64> = went.iter().copied().filter(|ordinal| wanted.contains(ordinal)).collect();
        let partition = start + number(&strategy["rollingUpdate"], "partition");
        that(updates.iter().all(|ordinal| *ordinal >= partition), "a pod below the partition is updated")?;
        that(updates.is_empty() || strategy["type"] != "OnDelete", "a pod is updated although OnDelete")?;
        that(came.iter().all(|ordinal| wanted.contains(ordinal)), "a pod is created that nobody wants")?;
        if budget == 1 && !gate {
            that(updates.len() <= 1, "two pods are updated together")?;
            let above = updates.iter().all(|ordinal| (ordinal + 1..wanted.end).all(|above| is("Ready", &above)));
            that(above, "a pod is updated before the one above it is Ready")?;
        }
        let ordered = in_order || gate;
        if ordered && !moved && !moment.before.is_null() {
            let allowed = missing(&before).max(usize::try_from(budget).unwrap_or_default());
            that(missing(&pods) <= allowed, "more pods are missing than may be")?;
        }
        if !in_order {
            return Ok(());
        }
        that(came.len() <= 1, "two pods are created together")?;
        let below = came.iter().all(|ordinal| (start..*ordinal).all(|below| is("Ready", &below)));
        that(below, "a pod is created before the one below it is Ready")?;
        let condemned: Vec<i64> = went.iter().copied().filter(|ordinal| !wanted.contains(ordinal)).collect();
        that(condemned.len() <= 1, "two surplus pods are deleted together")?;
        for ordinal in condemned {
            let above = pods.keys().any(|other| *other > ordinal && !wanted.contains(other));
            that(!above, "a surplus pod is deleted before a higher one is gone")?;
            that(missing(&pods) == 0, "a surplus pod is deleted while a wanted one is not Ready")?;
        }
        Ok(())
    };
    check().err()
}

fn daemon_set(moment: &Moment) -> Option<String> {
    let Moment { spec, state, .. } = moment;
    let strategy = &spec["updateStrategy"];
    let desired = |state: &Value| number(&state["status"], "desiredNumberScheduled");
    let (zero, one) = (Value::from(0), Value::from(1));
    let rolling = &strategy["rollingUpdate"];
    let surge = scaled(or(&rolling["maxSurge"], &zero), desired(state), true);
    let unavailable = scaled(or(&rolling["maxUnavailable"], &one), desired(state), true);
    let nodes = |state: &Value, wanted: &dyn Fn(&[&str]) -> bool| -> i64 {
        let nodes = state["nodes"].as_object().into_iter().flatten();
        let nodes = nodes.filter(|(pods, _)| {
            let live: Vec<&str> = pods.split('+').filter(|pod| !pod.ends_with("/Terminating")).collect();
            wanted(&live)
        });
        nodes.filter_map(|(_, count)| count.as_i64()).sum()
    };
    let serving = |state: &Value| nodes(state, &|live| live.iter().any(|pod| pod.ends_with("/Ready")));
    let same = !moment.before.is_null() && desired(moment.before) == desired(state);
    let count = |name: &str| number(&state["status"], name);
    let check = || {
        that(nodes(state, &|live| live.len() > 2) == 0, "a node has three pods")?;
        that(count("numberReady") <= count("currentNumberScheduled"), "more pods are Ready than there are")?;
        that(count("currentNumberScheduled") <= desired(state), "more nodes have a pod than should")?;
        that(count("numberAvailable") <= count("numberReady"), "more pods are available than Ready")?;
        that(
            count("numberAvailable") + count("numberUnavailable") == desired(state),
            "unavailable and available do not add up",
        )?;
        let doubled = |state: &Value| nodes(state, &|live| live.len() > 1);
        that(doubled(state) <= surge.max(doubled(moment.before)), "more nodes surge than may")?;
        let misplaced = nodes(state, &|_| true).max(nodes(moment.before, &|_| true)) > desired(state);
        // A pod that is Ready, but not for long enough, may go like one that is not.
        if same && !misplaced && number(spec, "minReadySeconds") == 0 {
            let missing = |of: &Value| desired(of) - serving(of);
            that(missing(state) <= unavailable.max(missing(moment.before)), "more nodes have no pod than may")?;
            let kept = strategy["type"] != "OnDelete" || missing(state) <= missing(moment.before);
            that(kept, "a pod is deleted although OnDelete")?;
        }
        Ok(())
    };
    check().err()
}

fn job(moment: &Moment, memory: &mut Memory) -> Option<String> {
    let Moment { spec, state, .. } = moment;
    let pods: Vec<&Value> = state["pods"].as_array().into_iter().flatten().collect();
    let count = |phase: &str| whole(pods.iter().filter(|pod| pod["phase"] == phase).count());
    let is_active = |pod: &&&Value| ["Pending", "Ready", "Running"].iter().any(|phase| pod["phase"] == *phase);
    let active: Vec<&Value> = pods.iter().filter(is_active).copied().collect();
    let indexed = spec["completionMode"] == "Indexed";
    let is = |state: &Value, name: &str| {
        let conditions = state["conditions"].as_array().into_iter().flatten();
        conditions.into_iter().any(|condition| condition["type"] == name && condition["status"] == "True")
    };
    let created = whole(moment.said.iter().filter(|said| said.starts_with("SuccessfulCreate")).count());
    memory.created += created;
    memory.deleted += whole(moment.said.iter().filter(|said| said.starts_with("SuccessfulDelete")).count());
    if pods.is_empty() {
        // It may be gone, and then begin anew.
        (memory.created, memory.deleted) = (0, 0);
    }
    // A Job that says neither is one of a single pod.
    let completions = spec["completions"].as_i64().or(spec["parallelism"].is_null().then_some(1));
    let check = || {
        let parallelism = if spec["suspend"] == true { 0 } else { number_or(spec, "parallelism", 1) };
        that(whole(active.len()) <= parallelism, "more pods run than parallelism says")?;
        let waits = spec["podReplacementPolicy"] == "Failed"
            || (spec["podReplacementPolicy"].is_null() && !spec["podFailurePolicy"].is_null());
        // A pod that ends while it is terminating is shown as terminating, but does not count any more.
        let lively = whole(active.len()) + number(&state["status"], "terminating");
        that(!waits || created == 0 || lively <= parallelism, "a pod is replaced before it has failed")?;
        if indexed {
            let running: BTreeSet<i64> = active.iter().filter_map(|pod| pod["index"].as_i64()).collect();
            that(running.len() == active.len(), "two pods of one index run")?;
            let last = completions.unwrap_or_default();
            that(running.iter().all(|index| *index < last), "a pod has an index that does not count")?;
        }
        if let Some(completions) = completions {
            that(number(&state["status"], "succeeded") <= completions, "more pods have succeeded than should")?;
            let failed = count("Failed").max(number(&state["status"], "failed"));
            let bound = completions + failed + memory.deleted;
            that(created == 0 || memory.created <= bound, "more pods were created than completions and failures")?;
        }
        let ends = ["Complete", "Failed"];
        that(!ends.iter().all(|end| is(state, end)), "it has succeeded and failed")?;
        let over = ends.iter().any(|end| is(state, end));
        that(!over || active.is_empty(), "it is over and pods run")?;
        let gone = pods.iter().all(|pod| pod["phase"] == "Terminating") && !is(state, "Suspended");
        let was_over = ends.iter().find(|end| is(moment.before, end));
        that(was_over.is_none_or(|end| is(state, end) || gone || moment.applied), "it was over, and is not any more")
    };
    check().err()
}

fn cron_job(moment: &Moment) -> Option<String> {
    let Moment { spec, state, .. } = moment;
    let jobs = |state: &Value| -> BTreeMap<String, String> {
        let jobs = state["jobs"].as_array().cloned().unwrap_or_default();
        let text = |job: &Value, name: &str| job[name].as_str().unwrap_or_default().to_owned();
        jobs.iter().map(|job| (text(job, "name"), text(job, "status"))).collect()
    };
    let (now, before) = (jobs(state), jobs(moment.before));
    let count = |of: &BTreeMap<String, String>, status: &str| whole(of.values().filter(|it| *it == status).count());
    let new = now.keys().filter(|name| !before.contains_key(*name)).count();
    let check = || {
        that(now.len() == state["jobs"].as_array().map_or(0, Vec::len), "two Jobs have one name")?;
        that(new <= 1, "two Jobs start together")?;
        that(new == 0 || spec["suspend"] != true, "a Job starts although it is suspended")?;
        let alone = ["Forbid", "Replace"].iter().any(|policy| spec["concurrencyPolicy"] == *policy);
        let allowed = if alone { 1.max(count(&before, "Running")) } else { i64::MAX };
        that(count(&now, "Running") <= allowed, "Jobs overlap")?;
        if !moment.applied && !before.is_empty() {
            let kept = [("successfulJobsHistoryLimit", "Complete", 3), ("failedJobsHistoryLimit", "Failed", 1)];
            for (name, status, default) in kept {
                let limit = number_or(spec, name, default).max(count(&before, status));
                that(count(&now, status) <= limit, "more Jobs are kept than should be")?;
            }
        }
        Ok(())
    };
    check().err()
}

#[test]
fn a_trace_that_breaks_a_promise_is_found_out() {
    let three = json!({"replicas": 3});
    let job = json!({"completions": 2, "parallelism": 2});
    let indexed = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed"});
    let cron_job = json!({"schedule": "* * * * *", "concurrencyPolicy": "Forbid"});
    let ready = |name: &str| json!({"name": name, "phase": "Ready", "rev": "r1"});
    let cases = [
        // Kind, specification, the row and the place in it, what is written there, what is then said.
        ("Deployment", &three, 3, "/pods", json!({"r1/Ready": 2}), "the status counts other pods than there are"),
        ("Deployment", &three, 3, "/replicaSets/0/spec", json!(9), "a ReplicaSet has not the pods"),
        ("Deployment", &three, 4, "/status/unavailableReplicas", json!(3), "do not add up"),
        ("StatefulSet", &three, 6, "/pods/0/phase", json!("Terminating"), "two pods are updated together"),
        ("StatefulSet", &three, 1, "/pods/0/phase", json!("Pending"), "before the one below it is Ready"),
        ("StatefulSet", &three, 3, "/pods/2", ready("web-1"), "two pods have one name"),
        ("StatefulSet", &three, 5, "/pods/0/phase", json!("Pending"), "more pods are missing than may be"),
        ("DaemonSet", &three, 1, "/nodes", json!({"r1/Ready+r2/Ready": 3}), "more nodes surge than may"),
        ("DaemonSet", &three, 3, "/nodes", json!({"r1/Ready": 1, "r1/Terminating": 2}), "have no pod than may"),
        ("Job", &job, 1, "/pods", json!([{"phase": "Ready"}, {"phase": "Ready"}, {"phase": "Ready"}]), "more pods run"),
        ("Job", &job, 3, "/pods/0/phase", json!("Ready"), "it is over and pods run"),
        ("Job", &indexed, 1, "/pods/1/index", json!(0), "two pods of one index run"),
        ("CronJob", &cron_job, 3, "/jobs/0/status", json!("Running"), "Jobs overlap"),
    ];
    for (kind, spec, at, place, value, message) in cases {
        let image = |image| object(kind, image, if kind == "DaemonSet" { &Value::Null } else { spec });
        let again = if kind.ends_with("Job") { "one" } else { "two" };
        let all = steps([(json!(0), image("one")), (json!("settled"), image(again))]);
        let scenario = json!({
            "steps": all, "startup": 1, "stagger": 1, "termination": 1, "run": 1, "horizon": 200, "nodes": nodes(3),
            "start": "2026-01-01T00:00:30Z",
        });
        let mut rows = play(&scenario);
        *rows[at]["state"].pointer_mut(place).expect("the place is there") = value;
        let said = broken(&scenario, &rows).unwrap_or_default();
        assert!(said.contains(message), "{kind} {place}: {said}\n{}", rows[at]);
    }
}
