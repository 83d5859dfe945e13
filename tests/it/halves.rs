//! `lint --old`, `plan` and `simulate` ask one judge, so they agree on what is refused: over the plans of the tests, the
//! recorded updates, and real changes where they are at hand (see `corpus.rs`).

use std::collections::BTreeSet;
use std::fs;

use rayon::prelude::*;
use seatrial::admission::{ApiServer, How};
use seatrial::cluster::Cluster;
use seatrial::finding::{Finding, Group};
use seatrial::lint::{Background, Settings, lint_with};
use seatrial::plan::document::{Action, ObjectPlan, Plan};
use seatrial::plan::{Applier, At, Options, Scenario, Side, Step, plan, simulate};
use seatrial::source::Sources;
use serde_json::Value;

use crate::{conformance, corpus, recordings};

/// What is refused, by the field and the message.
type Refused = BTreeSet<(String, String)>;

fn sources(name: &str, text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.add(name, text);
    sources
}

/// What lint says, with everything that the server blames for one mistake if `all`.
fn by_lint(old: &str, new: &str, how: How, all: bool) -> Refused {
    let background = Background { old: sources("old.yaml", old), ..Background::default() };
    let report = lint_with(&sources("new.yaml", new), &background, &Settings { how, ..Settings::default() });
    let refused = report.findings.into_iter().filter(|finding| finding.group == Group::Refused);
    let fields = |finding: &Finding| -> Vec<String> {
        let also = finding.also.iter().filter(|_| all).map(|cause| cause.field.to_string());
        [finding.field().to_string()].into_iter().chain(also).collect()
    };
    refused
        .flat_map(|finding| fields(&finding).into_iter().map(move |field| (field, finding.message.clone())))
        .collect()
}

fn planned(old: &str, new: &str, applier: Applier) -> Plan {
    let side = |name: &str, text: &str| Side::new(sources(name, text));
    plan(&side("old.yaml", old), &side("new.yaml", new), &Options { applier, ..Options::default() })
}

fn by_plan(plan: &Plan) -> Refused {
    let rejections = plan.objects.iter().flat_map(|object| &object.rejections);
    rejections.map(|rejection| (rejection.field.clone(), rejection.message.clone())).collect()
}

/// `None` if the object is none that can be played, or the old one would be refused itself.
fn by_simulation(old: &Value, new: &Value) -> Option<Refused> {
    let step = |seconds: f64, apply: &Value| Step { at: At::Seconds(seconds), apply: apply.clone() };
    let scenario =
        Scenario { steps: vec![step(0.0, old), step(10.0, new)], horizon: Some(20.0), ..Scenario::default() };
    let trace = simulate(&scenario, &ApiServer::default()).ok()?.trace;
    if trace.first().is_none_or(|row| row.verdict.is_some()) {
        return None;
    }
    let refused = trace.into_iter().filter(|row| row.t == Some(10.0)).find_map(|row| row.verdict);
    let causes = refused.into_iter().flat_map(|verdict| verdict.causes);
    Some(causes.map(|cause| (cause.field, cause.message)).collect())
}

/// The single object of a text as a scenario has it; `None` if something is wrong with the text, of which nothing would be
/// left in there.
fn value(text: &str) -> Option<Value> {
    let cluster = Cluster::read(&sources("manifest.yaml", text));
    let [object] = cluster.objects() else { return None };
    object.document.problems.is_empty().then(|| object.root().to_json())
}

/// What the halves say of a change where they do not agree.
fn disagreement(old: &str, new: &str) -> Option<String> {
    let differ = |one: &Refused, other: &Refused, who: &str| {
        (one != other).then(|| format!("lint says {one:?}, {who} {other:?}"))
    };
    let unchanged = |plan: &Plan| plan.objects.iter().all(|object: &ObjectPlan| object.action == Action::None);
    for (how, applier) in [(How::ClientApply, Applier::Kubectl), (How::ServerApply, Applier::Flux)] {
        let (linted, planned) = (by_lint(old, new, how, false), planned(old, new, applier));
        // What is applied again as it is makes no difference to anybody, and some objects are not applied at all.
        let found = (!unchanged(&planned)).then(|| differ(&linted, &by_plan(&planned), applier.name())).flatten();
        if found.is_some() {
            return found;
        }
    }
    let (before, after) = (value(old)?, value(new)?);
    let linted = by_lint(old, new, How::ServerApply, true);
    differ(&linted, &by_simulation(&before, &after)?, "simulate")
}

fn none(wrong: &[String], of: usize) {
    assert!(wrong.is_empty(), "{} of {of}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn they_agree_on_the_plans_of_the_tests() {
    let cases = fs::read_dir("tests/plans").expect("the cases are in the repository");
    let cases: Vec<_> = cases.map(|entry| entry.expect("the folder can be read").path()).collect();
    let wrong = cases.iter().filter_map(|folder| {
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("each case has both sides");
        Some(format!("{}: {}", folder.display(), disagreement(&read("old.yaml"), &read("new.yaml"))?))
    });
    none(&wrong.collect::<Vec<_>>(), cases.len());
}

#[test]
fn they_agree_on_recorded_updates() {
    let bases = conformance::bases();
    let rows = recordings::rows("validation.jsonl");
    let updates: Vec<&Value> = rows.iter().filter(|row| row["update"] == true).collect();
    let wrong = updates.par_iter().filter_map(|row| {
        let base = &bases[row["base"].as_str().expect("rows name a base")];
        let mut object = base.clone();
        let patch: json_patch::Patch = serde_json::from_value(row["patch"].clone()).expect("rows have a patch");
        json_patch::patch(&mut object, &patch).expect("the patches fit");
        Some(format!("{}: {}", row["id"], disagreement(&base.to_string(), &object.to_string())?))
    });
    none(&wrong.collect::<Vec<_>>(), updates.len());
}

#[test]
fn they_agree_on_real_changes() {
    let Some(folders) = corpus::changes() else { return };
    let wrong = folders.par_iter().filter_map(|folder| {
        let read = |name: &str| fs::read_to_string(folder.join(name)).expect("the manifests are there");
        Some(format!("{}: {}", folder.display(), disagreement(&read("old.yaml"), &read("new.yaml"))?))
    });
    none(&wrong.collect::<Vec<_>>(), folders.len());
}

/// The pod template of an object, if it has one.
fn template(object: &Value) -> Option<Value> {
    let cluster = Cluster::read(&sources("manifest.yaml", &object.to_string()));
    let path = cluster.objects().first()?.pod_template_path()?;
    let template = object.pointer(&path.pointer())?;
    Some(serde_json::json!({ "metadata": { "labels": template["metadata"]["labels"] }, "spec": template["spec"] }))
}

fn around(api_version: &str, kind: &str, template: &Value) -> String {
    let mut spec = serde_json::json!({ "template": template });
    if kind == "Job" {
        spec["template"]["spec"]["restartPolicy"] = "Never".into();
    } else {
        spec["template"]["spec"]["restartPolicy"] = "Always".into();
        spec["selector"] = serde_json::json!({ "matchLabels": template["metadata"]["labels"] });
    }
    serde_json::json!({ "apiVersion": api_version, "kind": kind, "metadata": { "name": "web" }, "spec": spec })
        .to_string()
}

/// What admission and the plan say of a change of a template, where one of them sees a difference and the other none: the
/// template of a Job must stay, and that of a Deployment rolls.
fn unequal(old: &Value, new: &Value) -> Option<String> {
    let sides = |api_version: &str, kind: &str| [old, new].map(|template| around(api_version, kind, template));
    let [before, after] = sides("batch/v1", "Job");
    let background = Background { old: sources("old.yaml", &before), ..Background::default() };
    let report = lint_with(&sources("new.yaml", &after), &background, &Settings::default());
    let immutable = report.findings.iter().filter(|finding| finding.rule == "immutable-field");
    let differs = immutable.into_iter().any(|finding| finding.path.to_string().starts_with("spec.template"));
    let plan_of = |kind: &str| {
        let [before, after] = sides("apps/v1", kind);
        planned(&before, &after, Applier::Kubectl).objects.swap_remove(0)
    };
    let planned = plan_of("Deployment");
    let rolls = match planned.action {
        Action::None => false,
        Action::Roll => true,
        _ => return None,
    };
    let paths = || planned.changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>();
    (differs != rolls).then(|| format!("admission sees a difference: {differs}, the plan: {:?}", paths()))
}

/// The places of all values, each with the one that says nothing where Go has no pointer.
fn zeros(value: &Value, pointer: &str, found: &mut Vec<(String, Value)>) {
    let zero = match value {
        Value::String(_) => "".into(),
        Value::Number(_) => 0.into(),
        Value::Bool(_) => false.into(),
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Object(_) => Value::Object(serde_json::Map::new()),
        Value::Null => return,
    };
    found.push((pointer.to_owned(), zero));
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            zeros(value, &format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, item)| {
            zeros(item, &format!("{pointer}/{at}"), found);
        }),
        _ => {}
    }
}

#[test]
fn what_admission_cannot_tell_apart_rolls_nothing() {
    let mut templates: Vec<Value> = conformance::bases().values().filter_map(template).collect();
    for folder in corpus::changes().unwrap_or_default() {
        let text = fs::read_to_string(folder.join("new.yaml")).expect("the manifests are there");
        templates.extend(value(&text).as_ref().and_then(template));
    }
    let mut changes: Vec<(Value, String, Option<Value>, Option<Value>)> = Vec::new();
    // Each field once, in whichever element of a list it stands.
    let mut seen = BTreeSet::new();
    for template in &templates {
        let mut places = Vec::new();
        zeros(&template["spec"], "/spec", &mut places);
        for (pointer, zero) in places.into_iter().skip(1) {
            let field: Vec<&str> = pointer.split('/').filter(|name| name.parse::<usize>().is_err()).collect();
            if !seen.insert(field.join("/")) {
                continue;
            }
            let is = template.pointer(&pointer).cloned();
            changes.push((template.clone(), pointer.clone(), Some(zero.clone()), None));
            changes.push((template.clone(), pointer, is, Some(zero)));
        }
    }
    let set = |template: &Value, pointer: &str, value: &Option<Value>| {
        let mut template = template.clone();
        let (parent, name) = pointer.rsplit_once('/').expect("it is below the root");
        match (template.pointer_mut(parent).expect("it is there"), value) {
            (Value::Object(fields), None) => drop(fields.remove(&name.replace("~1", "/").replace("~0", "~"))),
            (Value::Array(items), None) => drop(items.remove(name.parse().expect("it is an index"))),
            (parent, Some(_)) if parent.is_object() || parent.is_array() => {}
            _ => unreachable!("only maps and lists have places in them"),
        }
        if let Some(value) = value {
            *template.pointer_mut(pointer).expect("it is there") = value.clone();
        }
        template
    };
    let wrong = changes.par_iter().filter_map(|(template, pointer, old, new)| {
        let (before, after) = (set(template, pointer, old), set(template, pointer, new));
        Some(format!("{pointer} from {old:?} to {new:?}: {}", unequal(&before, &after)?))
    });
    none(&wrong.collect::<Vec<_>>(), changes.len());
    assert!(changes.len() > 300, "{}", changes.len());
}
