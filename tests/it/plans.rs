//! Plans of the changes in `tests/plans/<case>/{old,new}.yaml`, as people and programs read them: snapshots in
//! `snapshots/plans/`.

use std::fs;
use std::path::{Path, PathBuf};

use seatrial::lint::{Report, Settings, rollout_findings};
use seatrial::plan::document::{Action, ObjectPlan, Plan};
use seatrial::plan::{Options, Side, plan};
use seatrial::report::Style;
use seatrial::report::plan::{self as shown, Found};
use seatrial::source::Sources;

use crate::snapshot;

fn cases() -> Vec<(String, PathBuf)> {
    let mut cases: Vec<(String, PathBuf)> = fs::read_dir("tests/plans")
        .expect("the cases are in the repository")
        .map(|entry| entry.expect("the folder can be read").path())
        .map(|path| (path.file_name().expect("it has a name").to_string_lossy().into_owned(), path))
        .collect();
    cases.sort();
    assert!(cases.len() > 8, "the cases are there");
    cases
}

fn side(folder: &Path, name: &str) -> Side {
    let mut sources = Sources::default();
    sources.add(name, fs::read_to_string(folder.join(name)).expect("each case has both sides"));
    Side::new(sources)
}

fn made(folder: &Path) -> Plan {
    plan(&side(folder, "old.yaml"), &side(folder, "new.yaml"), &Options::default())
}

/// The new side, the plan, and what the rules find in it.
fn made_with_findings(folder: &Path) -> (Side, Plan, Report) {
    let (old, new) = (side(folder, "old.yaml"), side(folder, "new.yaml"));
    let plan = plan(&old, &new, &Options::default());
    let findings = rollout_findings(&plan, &old, &new, &Settings::default());
    (new, plan, findings)
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("reports are text")
}

#[test]
fn plans_look_as_they_should() {
    for (name, folder) in cases() {
        let (new, plan, findings) = made_with_findings(&folder);
        let found = Found { sources: &new.sources, report: &findings };
        let style = Style { width: 100, ..Style::default() };
        snapshot::check("plans", &name, &text(|out| shown::text::write(out, &plan, found, false, style)));
        snapshot::check(
            "plans",
            &format!("{name}-markdown"),
            &text(|out| shown::markdown::write(out, &plan, found, shown::markdown::MAX_SIZE)),
        );
        snapshot::check("plans", &format!("{name}-github"), &text(|out| shown::github::write(out, &plan, found)));
    }
}

#[test]
fn plans_keep_to_their_schema_and_come_out_the_same_again() {
    let schema = fs::read_to_string("schemas/plan.schema.json").expect("the schema is in the repository");
    let schema = serde_json::from_str(&schema).expect("the schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("it is a schema");
    for (name, folder) in cases() {
        let json = json(&folder);
        let wrong: Vec<String> = schema.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(wrong.is_empty(), "{name}: {wrong:?}");
        assert_eq!(json, self::json(&folder), "{name}");
    }
}

/// The plan with its findings, as programs read it.
fn json(folder: &Path) -> serde_json::Value {
    let (new, plan, findings) = made_with_findings(folder);
    let found = Found { sources: &new.sources, report: &findings };
    serde_json::from_str(&text(|out| shown::write_json(out, &plan, found))).expect("it is JSON")
}

/// The plan of the object with this id.
fn object(case: &str, id: &str) -> ObjectPlan {
    let plan = made(&Path::new("tests/plans").join(case));
    plan.objects.into_iter().find(|object| object.id == id).expect("the object is in the case")
}

#[test]
fn services_have_the_endpoints_that_are_ready_at_each_step() {
    let web = object("deployment-image", "apps/Deployment/shop/web");
    let endpoints: Vec<i64> = web.steps.iter().map(|step| step.endpoints["web"]).collect();
    let ready: Vec<i64> =
        web.steps.iter().map(|step| step.revisions.iter().map(|revision| revision.ready).sum()).collect();
    assert_eq!(endpoints, ready);
    assert_eq!((endpoints.first(), endpoints.iter().min()), (Some(&10), Some(&8)));
}

#[test]
fn claims_come_stay_and_go_as_the_retention_policy_says() {
    let claims = |name: &str| {
        object("statefulset-claims", &format!("apps/StatefulSet/data/{name}"))
            .claims
            .expect("something becomes of them")
    };
    assert_eq!(claims("grows").created, ["data-grows-2", "data-grows-3"]);
    assert_eq!(claims("shrinks").orphaned, ["data-shrinks-1", "data-shrinks-2"]);
    assert_eq!(claims("shrinks-and-deletes").deleted, ["data-shrinks-and-deletes-1", "data-shrinks-and-deletes-2"]);
    assert_eq!(claims("comes").created, ["data-comes-0", "data-comes-1"]);
    assert_eq!(claims("goes").orphaned, ["data-goes-0"]);
}

#[test]
fn what_was_never_applied_stays_when_a_dump_is_the_old_side() {
    let web = object("live", "apps/Deployment/shop/web");
    let names: Vec<&str> = web.changes.iter().map(|change| change.name.as_str()).collect();
    assert_eq!(names, ["spec.template.spec.containers[web].image"]);
    assert_eq!(web.bounds.expect("it rolls").desired, 18);
    let plan = made(Path::new("tests/plans/live"));
    assert_eq!(plan.objects.len(), 1, "what only the dump has is none of the input's business");
}

#[test]
fn secret_values_are_in_no_report() {
    let folder = Path::new("tests/plans/rejected");
    let (new, plan, findings) = made_with_findings(folder);
    let found = Found { sources: &new.sources, report: &findings };
    let reports = [
        text(|out| shown::text::write(out, &plan, found, true, Style::default())),
        text(|out| shown::markdown::write(out, &plan, found, shown::markdown::MAX_SIZE)),
        json(folder).to_string(),
    ];
    for report in reports {
        assert!(report.contains("key") && !report.contains("-secret") && !report.contains("LXNlY3JldA"), "{report}");
    }
}

#[test]
fn pods_that_cannot_run_are_not_followed() {
    let old = fs::read_to_string("tests/plans/recreate/old.yaml").expect("the case is there");
    let side = |text: String| {
        let mut sources = Sources::default();
        sources.add("web.yaml", text);
        Side::new(sources)
    };
    let (old, new) = (old.replace("replicas: 3", "replicas: -3"), old.replace("editor:1", "editor:2"));
    let plan = plan(&side(old), &side(new), &Options::default());
    let editor = &plan.objects[0];
    assert!(editor.steps.is_empty() && editor.notes[0].contains("would be refused itself"), "{editor:?}");
}

#[test]
fn overlays_of_one_name_are_paired_by_their_files() {
    let text = fs::read_to_string("tests/plans/recreate/old.yaml").expect("the case is there");
    let side = |root: &str, dev: &str, prod: &str| {
        let mut sources = Sources::default();
        sources.add(format!("{root}dev/web.yaml"), text.replace("editor:1", dev));
        sources.add(format!("{root}prod/web.yaml"), text.replace("editor:1", prod));
        Side::new(sources)
    };
    let actions = |old: &Side, new: &Side| -> Vec<Action> {
        plan(old, new, &Options::default()).objects.into_iter().map(|object| object.action).collect()
    };
    let (old, new) = (side("origin/main:k8s/", "editor:1", "editor:2"), side("k8s/", "editor:1", "editor:2"));
    assert_eq!(actions(&old, &new), [Action::None, Action::None]);
    let new = side("k8s/", "editor:1", "editor:3");
    assert_eq!(actions(&old, &new), [Action::None, Action::Roll]);
    // Two in one file are paired in their order.
    let file = |first: &str, second: &str| {
        let mut sources = Sources::default();
        sources.add("web.yaml", [text.replace("editor:1", first), text.replace("editor:1", second)].join("---\n"));
        Side::new(sources)
    };
    assert_eq!(actions(&file("editor:1", "editor:2"), &file("editor:1", "editor:2")), [Action::None, Action::None]);
}

#[test]
fn what_is_applied_again_as_it_is_changes_nothing() {
    for (name, folder) in cases() {
        let plan = plan(&side(&folder, "old.yaml"), &side(&folder, "old.yaml"), &Options::default());
        assert!(plan.objects.iter().all(|object| object.action == Action::None), "{name}: {:?}", plan.summary);
    }
}

#[test]
fn what_the_server_takes_although_it_cannot_work_is_not_rejected() {
    let side = |port: u16| {
        let mut sources = Sources::default();
        let spec = format!("{{type: NodePort, ports: [{{port: 80, nodePort: {port}}}]}}");
        sources.add("web.yaml", format!("apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {spec}\n"));
        Side::new(sources)
    };
    let plan = plan(&side(30_001), &side(2_000), &Options::default());
    assert_eq!(plan.objects[0].action, Action::Update, "a node port out of range is broken, not refused");
}
