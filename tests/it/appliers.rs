//! What the applying tools do: their orders, what they delete and create anew, and what becomes of the rest after a
//! rejection.

use seatrial::lint::Report;
use seatrial::plan::document::{Action, ObjectPlan, Plan};
use seatrial::plan::{Applier, Options, Side, plan};
use seatrial::report::{self, plan::Found};
use seatrial::source::Sources;

pub(crate) fn planned(old: &str, new: &str, tool: &str) -> Plan {
    let side = |name: &str, text: &str| {
        let mut sources = Sources::default();
        sources.add(name, text);
        Side::new(sources)
    };
    let applier = tool.parse::<Applier>().expect("the tool is known");
    plan(&side("old.yaml", old), &side("new.yaml", new), &Options { applier, ..Options::default() })
}

/// The plan of the object whose id ends like this.
pub(crate) fn of<'a>(plan: &'a Plan, end: &str) -> &'a ObjectPlan {
    let found = plan.objects.iter().find(|object| object.id.ends_with(end));
    found.unwrap_or_else(|| panic!("no {end} in {:?}", ids(plan)))
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.objects.iter().map(|object| object.id.as_str()).collect()
}

/// An object of which only the head counts.
fn head(api_version: &str, kind: &str, name: &str, annotations: &str) -> String {
    let namespace = match kind {
        "Namespace" | "ClusterRole" | "PriorityClass" | "IngressClass" | "ValidatingWebhookConfiguration" => "",
        _ => ", namespace: shop",
    };
    format!(
        "apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: {name}{namespace}, annotations: {{{annotations}}}}}\n---\n"
    )
}

/// Names in the order in which `tool` applies the objects.
fn order(tool: &str, objects: &[String]) -> Vec<String> {
    let plan = planned("", &objects.concat(), tool);
    ids(&plan).into_iter().map(|id| id.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

fn mixed() -> Vec<String> {
    vec![
        head("example.com/v1", "Zebra", "z", ""),
        head("apps/v1", "Deployment", "web", ""),
        head("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "hook", ""),
        head("v1", "Service", "front", ""),
        head("networking.k8s.io/v1", "IngressClass", "nginx", ""),
        head("example.com/v1", "Apple", "a", ""),
        head("v1", "ConfigMap", "settings", ""),
        head("scheduling.k8s.io/v1", "PriorityClass", "high", ""),
        head("rbac.authorization.k8s.io/v1", "ClusterRole", "reader", ""),
        head("v1", "Namespace", "shop", ""),
    ]
}

#[test]
fn kubectl_applies_what_comes_as_it_comes() {
    let names = ["z", "web", "hook", "front", "nginx", "a", "settings", "high", "reader", "shop"];
    assert_eq!(order("kubectl", &mixed()), names);
}

#[test]
fn helm_applies_by_kind_and_unknown_kinds_last_by_name() {
    let names = ["high", "shop", "settings", "reader", "front", "web", "nginx", "hook", "a", "z"];
    assert_eq!(order("helm", &mixed()), names);
}

#[test]
fn argocd_knows_fewer_kinds_and_sorts_the_others_by_name() {
    let names = ["shop", "settings", "reader", "front", "web", "nginx", "a", "high", "hook", "z"];
    assert_eq!(order("argocd", &mixed()), names);
}

#[test]
fn flux_applies_definitions_then_classes_then_the_rest_and_webhooks_last() {
    let names = ["shop", "reader", "high", "nginx", "settings", "front", "web", "a", "z", "hook"];
    assert_eq!(order("flux", &mixed()), names);
}

#[test]
fn kapp_waits_for_namespaces_and_then_for_what_pods_need() {
    let names = order("kapp", &mixed());
    let at = |name: &str| names.iter().position(|other| other == name).expect("is in the order");
    assert!(at("shop") < at("settings") && at("settings") < at("web") && at("reader") < at("web"), "{names:?}");
    assert!(at("high") < at("front"), "a class of priorities is related to pods: {names:?}");
    // Among those that wait for nothing, the order of the input stays.
    assert!(at("hook") < at("nginx") && at("nginx") < at("high"), "{names:?}");
}

#[test]
fn hooks_of_helm_come_before_and_after_the_release_by_weight() {
    let job = |name: &str, annotations: &str| head("batch/v1", "Job", name, annotations);
    let objects = [
        job("after", "helm.sh/hook: 'post-install,post-upgrade'"),
        job("late", "helm.sh/hook: pre-install, helm.sh/hook-weight: '5'"),
        head("v1", "ConfigMap", "settings", ""),
        job("early", "helm.sh/hook: pre-install, helm.sh/hook-weight: '-5'"),
        job("on-delete", "helm.sh/hook: pre-delete"),
    ];
    assert_eq!(order("helm", &objects), ["early", "late", "settings", "after", "on-delete"]);
    // Without Helm they are objects like others.
    assert_eq!(order("kubectl", &objects), ["after", "late", "settings", "early", "on-delete"]);
    let plan = planned("", &objects.concat(), "helm");
    assert_eq!(of(&plan, "/on-delete").action, Action::None, "{:?}", of(&plan, "/on-delete").notes);
}

#[test]
fn argocd_goes_by_phase_then_wave_and_takes_helms_hooks_for_its_own() {
    let config = |name: &str, annotations: &str| head("v1", "ConfigMap", name, annotations);
    let objects = [
        config("late", "argocd.argoproj.io/sync-wave: '2'"),
        config("first", "argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/sync-wave: '9'"),
        config("last", "helm.sh/hook: post-upgrade"),
        config("failed", "argocd.argoproj.io/hook: SyncFail"),
        config("early", "argocd.argoproj.io/sync-wave: '-1'"),
        config("skipped", "argocd.argoproj.io/hook: Skip"),
        config("plain", ""),
        // Where no wave is given, a weight for Helm is one.
        config("weighty", "helm.sh/hook-weight: '1'"),
    ];
    let names = ["first", "early", "plain", "weighty", "late", "last", "failed", "skipped"];
    assert_eq!(order("argocd", &objects), names);
}

#[test]
fn argocd_moves_a_namespace_in_front_of_what_lies_in_it() {
    let objects = [
        head("v1", "Namespace", "shop", "argocd.argoproj.io/sync-wave: '5'"),
        head("v1", "ConfigMap", "settings", "argocd.argoproj.io/sync-wave: '-3'"),
        head("v1", "ConfigMap", "before", "argocd.argoproj.io/hook: PreSync"),
    ];
    assert_eq!(order("argocd", &objects), ["shop", "before", "settings"]);
}

#[test]
fn kapp_obeys_rules_and_groups_of_annotations() {
    let job = |name: &str, annotations: &str| head("batch/v1", "Job", name, annotations);
    let objects = [
        job("c", "kapp.k14s.io/change-rule: upsert after upserting example.com/b"),
        job(
            "b",
            "kapp.k14s.io/change-group: example.com/b, kapp.k14s.io/change-rule.x: upsert after upserting example.com/a",
        ),
        job("a", "kapp.k14s.io/change-group.y: example.com/a"),
    ];
    assert_eq!(order("kapp", &objects), ["a", "b", "c"]);
    // A rule of an annotation wins over a default one, which would have the ConfigMap first.
    let objects = [
        head("v1", "ConfigMap", "settings", "kapp.k14s.io/change-rule: upsert after upserting example.com/a"),
        job("a", "kapp.k14s.io/change-group: example.com/a"),
    ];
    assert_eq!(order("kapp", &objects), ["a", "settings"]);
}

#[test]
fn kapp_creates_a_definition_before_its_objects() {
    let definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: zebras.example.com}\n\
                      spec: {group: example.com, names: {kind: Zebra, plural: zebras}}\n---\n";
    let objects = [head("example.com/v1", "Zebra", "z", ""), definition.to_owned()];
    assert_eq!(order("kapp", &objects), ["zebras.example.com", "z"]);
    assert_eq!(order("kubectl", &objects), ["z", "zebras.example.com"]);
}

const WEB: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: {NOTE: x}}
spec:
  replicas: 4
  selector: {matchLabels: {app: web, track: a}}
  template:
    metadata: {labels: {app: web, track: a}}
    spec: {containers: [{name: web, image: web:1, envFrom: [{configMapRef: {name: settings}}]}]}
---
";

fn settings(name: &str, mode: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: shop}}\ndata: {{mode: {mode}}}\n---\n"
    )
}

/// `WEB` with another selector, which the API server refuses, and something around it that changes.
fn with_refused(extra: &str) -> (String, String) {
    let sides = |mode: &str, web: &str| format!("{}{web}{extra}{}", settings("a", mode), settings("z", mode));
    (sides("old", WEB), sides("new", &WEB.replace("track: a", "track: b")))
}

fn after(old: &str, new: &str, tool: &str) -> String {
    planned(old, new, tool).after_rejection.join("\n")
}

#[test]
fn after_a_rejection_kubectl_and_helm_apply_the_rest() {
    let (old, new) = with_refused("");
    let old = old + &settings("left", "old");
    let kubectl = after(&old, &new, "kubectl");
    assert!(
        kubectl.starts_with("kubectl applies the rest all the same (ConfigMap shop/a, ConfigMap shop/z)"),
        "{kubectl}"
    );
    let helm = after(&old, &new, "helm");
    assert!(helm.starts_with("helm applies the rest all the same (ConfigMap shop/a, ConfigMap shop/z)"), "{helm}");
    assert!(
        helm.contains("`failed`")
            && helm.contains("nothing is deleted, although it left the chart: ConfigMap shop/left")
    );
    for tool in Applier::ALL {
        assert_eq!(after(&old, &old, tool.name()), "", "nothing is rejected");
    }
}

#[test]
fn reports_show_the_ways_out_and_what_becomes_of_the_others() {
    let (old, new) = with_refused("");
    let plan = planned(&old, &new, "kubectl");
    let (sources, nothing) = (Sources::default(), Report::default());
    let found = Found { sources: &sources, report: &nothing };
    let (mut text, mut markdown) = (Vec::new(), Vec::new());
    report::plan::text::write(&mut text, &plan, found, false, report::Style::default()).expect("memory can be written");
    report::plan::markdown::write(&mut markdown, &plan, found, 10_000).expect("memory can be written");
    // Long lines are wrapped.
    let on_one_line = |bytes: Vec<u8>| {
        let text = String::from_utf8(bytes).expect("reports are text");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for report in [on_one_line(text), on_one_line(markdown)] {
        let way = "kubectl -n shop delete deployment web kubectl apply -f new.yaml";
        let others = "he others: kubectl applies the rest all the same";
        assert!(report.contains(way) && report.contains(others), "{report}");
        let words = "Invalid value: {\"matchLabels\":{\"app\":\"web\",\"track\":\"b\"}}: field is immutable";
        assert!(report.contains(words), "{report}");
    }
    let forced = WEB.replace("NOTE: x", "kapp.k14s.io/update-strategy: fallback-on-replace");
    let plan = planned(&forced, &forced.replace("track: a", "track: b"), "kapp");
    let mut text = Vec::new();
    report::plan::text::write(&mut text, &plan, found, false, report::Style::default()).expect("memory can be written");
    let text = on_one_line(text);
    assert!(text.starts_with("Plan: 1 object is deleted and created anew. Lowest availability 0/4"), "{text}");
    assert!(text.contains("↻ Deployment shop/web") && text.contains("all its pods are deleted at once"), "{text}");
}

#[test]
fn helm_stops_at_what_it_cannot_create() {
    let bad =
        "apiVersion: v1\nkind: Service\nmetadata: {name: new, namespace: shop}\nspec: {ports: [{port: 0}]}\n---\n";
    let old = settings("a", "old") + &WEB.replace("web:1", "web:0");
    let new = settings("a", "new") + bad + WEB;
    let helm = after(&old, &new, "helm");
    assert!(helm.starts_with("helm stops at Service shop/new"), "{helm}");
    assert!(helm.contains("applied before that: ConfigMap shop/a"), "{helm}");
    assert!(helm.contains("not applied: Deployment shop/web"), "{helm}");
    // An installation tries everything.
    assert!(after("", &new, "helm").starts_with("helm applies the rest all the same (ConfigMap shop/a, Deployment"));
}

#[test]
fn argocd_ends_with_the_wave() {
    let wave = |mode: &str, wave: &str| {
        let annotated = format!("namespace: shop, annotations: {{argocd.argoproj.io/sync-wave: '{wave}'}}}}");
        settings(&format!("w{}", wave.replace('-', "m")), mode).replace("namespace: shop}", &annotated)
    };
    let extra = |mode: &str| wave(mode, "-1") + &wave(mode, "1");
    let (old, new) = (with_refused(&extra("old")).0, with_refused(&extra("new")).1);
    let argocd = after(&old, &new, "argocd");
    assert!(argocd.contains("applied before, and healthy by then: ConfigMap shop/wm1"), "{argocd}");
    assert!(argocd.contains("the rest of wave 0 of the phase Sync all the same (ConfigMap shop/a, ConfigMap shop/z)"));
    assert!(argocd.contains("later waves and phases are not applied: ConfigMap shop/w1"), "{argocd}");
}

#[test]
fn flux_applies_nothing_of_the_stage_and_loses_what_it_deleted() {
    let role = |verb: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {{name: reader}}\n\
             rules: [{{apiGroups: ['']\n, resources: [pods], verbs: [{verb}]}}]\n---\n"
        )
    };
    let job = |image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate, namespace: shop, annotations: \
             {{kustomize.toolkit.fluxcd.io/force: Enabled}}}}\nspec: {{template: {{spec: {{restartPolicy: Never, containers: \
             [{{name: a, image: '{image}'}}]}}}}}}\n---\n"
        )
    };
    let (old, new) = (with_refused(&(role("get") + &job("a"))).0, with_refused(&(role("list") + &job("b"))).1);
    let flux = after(&old, &new, "flux");
    assert!(flux.starts_with("applied before: ClusterRole reader"), "{flux}");
    assert!(flux.contains("is applied: not ConfigMap shop/a, ConfigMap shop/z, Job shop/migrate"), "{flux}");
    assert!(flux.contains("comes back only when nothing is refused any more: Job shop/migrate"), "{flux}");
}

#[test]
fn kapp_knows_what_is_done_what_is_not_and_what_is_open() {
    let rule = "kapp.k14s.io/change-rule: upsert after upserting example.com/web";
    let extra = |mode: &str| settings("waits", mode).replace("shop}", &format!("shop, annotations: {{{rule}}}}}"));
    let group = |text: String| text.replace("NOTE: x", "kapp.k14s.io/change-group: example.com/web");
    let class = |label: &str| {
        format!(
            "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {{name: fast, labels: {{a: {label}}}}}\n\
             provisioner: example.com/disk\n---\n"
        )
    };
    let (old, new) = (with_refused(&(extra("old") + &class("old"))).0, with_refused(&(extra("new") + &class("new"))).1);
    let kapp = after(&group(old), &group(new), "kapp");
    assert!(kapp.starts_with("kapp stops at the first refusal"), "{kapp}");
    assert!(
        kapp.contains("done before, because what is refused waits for it: ConfigMap shop/a, ConfigMap shop/z"),
        "{kapp}"
    );
    assert!(kapp.contains("not done, because it waits for what is refused: ConfigMap shop/waits"), "{kapp}");
    assert!(kapp.contains("done or not, because it is tried at the same time: StorageClass fast"), "{kapp}");
}

/// The action on `WEB` when its selector changes, with this annotation.
fn recreated(tool: &str, annotation: &str) -> ObjectPlan {
    let old = WEB.replace("NOTE: x", annotation);
    of(&planned(&old, &old.replace("track: a", "track: b"), tool), "/web").clone()
}

#[test]
fn tools_that_are_told_to_delete_and_create_anew_do_so() {
    let told = [
        ("flux", "kustomize.toolkit.fluxcd.io/force: enabled"),
        ("argocd", "argocd.argoproj.io/sync-options: 'Replace=true,Force=true'"),
        ("argocd", "argocd.argoproj.io/sync-options: Force=true"),
        ("kapp", "kapp.k14s.io/update-strategy: fallback-on-replace"),
        ("kapp", "kapp.k14s.io/update-strategy: always-replace"),
    ];
    for (tool, annotation) in told {
        let web = recreated(tool, annotation);
        assert_eq!(web.action, Action::RecreateNeeded, "{tool} {annotation}");
        let bounds = web.bounds.expect("its pods all go");
        assert_eq!((bounds.desired, bounds.min_available, bounds.max_terminating), (4, 0, 4), "{tool} {annotation}");
        assert_eq!(recreated("kubectl", annotation).action, Action::Rejected, "kubectl knows none of them");
    }
    for (tool, annotation) in [
        ("argocd", "argocd.argoproj.io/sync-options: Replace=true"),
        ("argocd", "argocd.argoproj.io/sync-options: 'Force=true,ServerSideApply=true'"),
        ("flux", "kustomize.toolkit.fluxcd.io/force: disabled"),
        ("helm", "helm.sh/resource-policy: keep"),
    ] {
        assert_eq!(recreated(tool, annotation).action, Action::Rejected, "{tool} {annotation}");
    }
}

#[test]
fn who_deletes_first_may_end_with_nothing() {
    let old = WEB.replace("NOTE: x", "kustomize.toolkit.fluxcd.io/force: enabled");
    let plan = planned(&old, &old.replace("replicas: 4", "replicas: -4"), "flux");
    let web = of(&plan, "/web");
    assert_eq!(web.action, Action::Rejected);
    assert!(web.notes.iter().any(|note| note.contains("it is gone then")), "{:?}", web.notes);
    assert_eq!(web.rejections[0].ways_out, [], "a mere mistake has no way out but to mend it");
}

#[test]
fn argocd_replaces_bindings_and_what_is_forced_even_unchanged() {
    let binding = |role: &str| {
        format!(
            "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {{name: readers, namespace: shop}}\n\
             roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: {role}}}\n---\n"
        )
    };
    let action = |tool: &str| of(&planned(&binding("a"), &binding("b"), tool), "/readers").action;
    assert_eq!((action("argocd"), action("flux")), (Action::RecreateNeeded, Action::Rejected));
    let forced = WEB.replace("NOTE: x", "argocd.argoproj.io/sync-options: 'Replace=true,Force=true'");
    let sides = |mode: &str| forced.clone() + &settings("a", mode);
    assert_eq!(of(&planned(&sides("x"), &sides("z"), "argocd"), "/web").action, Action::RecreateNeeded);
    assert_eq!(of(&planned(&sides("x"), &sides("x"), "argocd"), "/web").action, Action::None);
}

#[test]
fn hooks_are_deleted_and_created_anew() {
    let job = |annotation: &str, image: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: migrate, annotations: {{{annotation}}}}}\n\
             spec: {{template: {{spec: {{restartPolicy: Never, containers: [{{name: a, image: '{image}'}}]}}}}}}\n"
        )
    };
    let action = |tool: &str, annotation: &str| {
        of(&planned(&job(annotation, "a:1"), &job(annotation, "a:2"), tool), "/migrate").action
    };
    assert_eq!(action("helm", ""), Action::Rejected);
    assert_eq!(action("helm", "helm.sh/hook: pre-upgrade"), Action::RecreateNeeded);
    assert_eq!(action("helm", "helm.sh/hook: pre-install"), Action::None, "an upgrade leaves it alone");
    assert_eq!(action("argocd", "helm.sh/hook: pre-install"), Action::RecreateNeeded);
    assert_eq!(action("argocd", "argocd.argoproj.io/hook: Sync"), Action::RecreateNeeded);
    assert_eq!(action("kubectl", "helm.sh/hook: pre-upgrade"), Action::Rejected);
}

#[test]
fn objects_that_are_set_aside_stay_as_they_are() {
    for (tool, annotation) in [
        ("flux", "kustomize.toolkit.fluxcd.io/reconcile: disabled"),
        ("flux", "kustomize.toolkit.fluxcd.io/ssa: ifNotPresent"),
        ("kapp", "kapp.k14s.io/noop: ''"),
        ("kapp", "kapp.k14s.io/update-strategy: skip"),
        ("argocd", "argocd.argoproj.io/hook: Skip"),
    ] {
        assert_eq!(recreated(tool, annotation).action, Action::None, "{tool} {annotation}");
    }
}

#[test]
fn kapp_makes_a_new_version_and_its_readers_roll() {
    let versioned = |mode: &str| {
        let settings = settings("settings", mode);
        WEB.to_owned()
            + &settings.replace("shop}", "shop, annotations: {kapp.k14s.io/versioned: ''}}")
            + "immutable: true\n"
    };
    let plan = planned(&versioned("old"), &versioned("new"), "kapp");
    assert_eq!(of(&plan, "/settings").action, Action::Create);
    let web = of(&plan, "/web");
    assert_eq!(web.action, Action::Roll);
    assert_eq!(web.changes[0].source.line, 9, "{:?}", web.changes);
    assert_eq!(web.bounds.as_ref().map(|bounds| bounds.min_available), Some(3));
    assert_eq!(of(&planned(&versioned("old"), &versioned("old"), "kapp"), "/web").action, Action::None);
    assert_eq!(of(&planned(&versioned("old"), &versioned("new"), "kubectl"), "/web").action, Action::None);
}

#[test]
fn what_leaves_the_input_is_kept_where_it_says_so() {
    let note = |tool: &str, annotation: &str| {
        let plan = planned(&WEB.replace("NOTE: x", annotation), &settings("a", "x"), tool);
        of(&plan, "/web").notes.join("\n")
    };
    for (tool, annotation) in [
        ("helm", "helm.sh/resource-policy: keep"),
        ("argocd", "argocd.argoproj.io/sync-options: Prune=false"),
        ("argocd", "helm.sh/hook: test"),
        ("flux", "kustomize.toolkit.fluxcd.io/prune: Disabled"),
        ("kapp", "kapp.k14s.io/delete-strategy: orphan"),
        ("kubectl", "a: b"),
    ] {
        assert!(note(tool, annotation).contains("leaves it"), "{tool}: {}", note(tool, annotation));
    }
    for tool in ["helm", "argocd", "flux", "kapp"] {
        assert!(note(tool, "a: b").contains("deletes it"), "{tool}: {}", note(tool, "a: b"));
    }
}
