//! A sync of Argo CD.
//!
//! Read from argoproj/argo-cd `gitops-engine/pkg/sync` (2026): `syncTasks.Less` and `Sort` of `sync_tasks.go` (phase,
//! wave, kind, name; then Namespaces and definitions move in front of what needs them), `syncPhases` of `sync_phase.go`,
//! `hook.Types` and `hook.DeletePolicies`, `Wave` of `syncwaves/waves.go`, `Sync`, `runTasks`, `applyObject` and `pruneObject` of
//! `sync_context.go`, and `runResourceCommand` of `pkg/utils/kube/resource_ops.go`. `runTasks` deletes first, then goes
//! through the kinds of a wave one after the other, objects of a kind at once, and does not stop at an error; `Sync`
//! comes to the next wave only if there was none and everything is healthy.

use std::collections::BTreeMap;

use super::{Anew, Item, Treatment, annotation, annotation_list, defines, helm, names, objects};
use crate::cluster::Object;

/// `kindOrder` is an older form of Helm's `InstallOrder`; these kinds of it came later, and count as unknown here.
const LATER: [&str; 3] = ["PriorityClass", "MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

const HOOK: &str = "argocd.argoproj.io/hook";
const OPTIONS: &str = "argocd.argoproj.io/sync-options";

/// The phases of a sync, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    PreSync,
    Sync,
    PostSync,
    /// Only if the sync fails.
    SyncFail,
    /// In none.
    Never,
}

impl Phase {
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "PreSync" => Phase::PreSync,
            "Sync" => Phase::Sync,
            "PostSync" => Phase::PostSync,
            "SyncFail" => Phase::SyncFail,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Phase::PreSync => "PreSync",
            Phase::Sync => "Sync",
            Phase::PostSync => "PostSync",
            Phase::SyncFail => "SyncFail",
            Phase::Never => "none",
        }
    }
}

/// Whether it is a hook, also one that was made for Helm. `crd-install` is none.
fn is_hook(object: &Object) -> bool {
    annotation(object, HOOK).is_some() || annotation(object, "helm.sh/hook").is_some_and(|hook| hook != "crd-install")
}

/// The first phase in which the object is applied; hooks of Argo CD's own win over those of Helm.
fn phase(object: &Object) -> Phase {
    if !is_hook(object) {
        return Phase::Sync;
    }
    let types: Vec<&str> = annotation_list(object, HOOK).collect();
    if types == ["Skip"] {
        return Phase::Never;
    }
    let own: Vec<Phase> = types.iter().filter_map(|name| Phase::from_name(name)).collect();
    let of_helm = annotation_list(object, "helm.sh/hook").filter_map(|hook| match hook {
        "pre-install" | "pre-upgrade" => Some(Phase::PreSync),
        "post-install" | "post-upgrade" => Some(Phase::PostSync),
        _ => None,
    });
    let phases = if types.contains(&"Skip") || !own.is_empty() { own } else { of_helm.collect() };
    phases.into_iter().min().unwrap_or(Phase::Never)
}

/// The sync wave; without one, the weight of Helm's hooks counts, also on what is no hook.
fn wave(object: &Object) -> i64 {
    let number = |key: &str| annotation(object, key).and_then(|wave| wave.parse().ok());
    number("argocd.argoproj.io/sync-wave").or_else(|| number("helm.sh/hook-weight")).unwrap_or(0)
}

/// An object and its turn.
struct Task<'a> {
    object: &'a Object,
    phase: Phase,
    wave: i64,
}

pub(super) fn sort(objects: &mut Vec<&Object>) {
    *objects = tasks(objects.iter().copied()).into_iter().map(|task| task.object).collect();
}

fn tasks<'a>(objects: impl Iterator<Item = &'a Object>) -> Vec<Task<'a>> {
    let mut tasks: Vec<Task<'_>> =
        objects.map(|object| Task { object, phase: phase(object), wave: wave(object) }).collect();
    tasks.sort_by_cached_key(|task| {
        let kind = task.object.identity.kind.as_str();
        let rank = if LATER.contains(&kind) { helm::rank("") } else { helm::rank(kind) };
        (task.phase, task.wave, rank, task.object.identity.name.clone())
    });
    let is_namespace = |object: &Object| object.identity.kind == "Namespace" && object.identity.group().is_empty();
    move_up(
        &mut tasks,
        |object| is_namespace(object).then(|| object.identity.name.clone()),
        |object| object.identity.namespace.clone(),
    );
    move_up(&mut tasks, defines, |object| Some(format!("{}/{}", object.identity.group(), object.identity.kind)));
    tasks
}

/// Moves what others need in front of the first that needs it, into that one's phase and wave (`adjustDeps`).
fn move_up(
    tasks: &mut Vec<Task<'_>>,
    provides: impl Fn(&Object) -> Option<String>,
    needs: impl Fn(&Object) -> Option<String>,
) {
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for at in 0..tasks.len() {
        if let Some(key) = provides(tasks[at].object) {
            let Some(target) = first.get(&key).copied() else { continue };
            let mut task = tasks.remove(at);
            (task.phase, task.wave) = (tasks[target].phase, tasks[target].wave);
            tasks.insert(target, task);
            first.values_mut().filter(|index| **index >= target).for_each(|index| *index += 1);
        } else if let Some(key) = needs(tasks[at].object) {
            first.entry(key).or_insert(at);
        }
    }
}

pub(super) fn treatment(object: &Object, before: Option<&Object>) -> Treatment {
    match phase(object) {
        Phase::Never => return Treatment::Skip("Argo CD applies such a hook in no phase of a sync".to_owned()),
        Phase::SyncFail => return Treatment::Skip("Argo CD applies it only when a sync fails".to_owned()),
        _ => {}
    }
    if is_hook(object) {
        let own = annotation_list(object, "argocd.argoproj.io/hook-delete-policy");
        let of_helm = annotation_list(object, "helm.sh/hook-delete-policy");
        let policies: Vec<&str> = own.chain(of_helm).collect();
        let goes = |policy: &&str| {
            matches!(*policy, "BeforeHookCreation" | "before-hook-creation" | "HookSucceeded" | "hook-succeeded")
        };
        if policies.is_empty() || policies.iter().any(goes) {
            return Treatment::Always(Anew {
                why: "Argo CD, which runs it as a hook".to_owned(),
                restores: false,
                each_time: false,
            });
        }
    }
    let option = |wanted: &str| {
        let has = |object: &Object| annotation_list(object, OPTIONS).any(|option| option == wanted);
        has(object) || before.is_some_and(has)
    };
    let (kind, group) = (object.identity.kind.as_str(), object.identity.group());
    let never = defines(object).is_some() || kind == "Namespace";
    // `kubectl replace --force` leaves nothing behind if the new form is refused; `kubectl apply --force` restores the old
    // one, and does not go together with `--server-side`.
    if option("Replace=true") && option("Force=true") && !never {
        let why = format!("Argo CD, for `{OPTIONS}: Replace=true,Force=true`");
        return Treatment::Always(Anew { why, restores: false, each_time: true });
    }
    if option("Force=true") && !option("Replace=true") && !option("ServerSideApply=true") {
        let why = format!("Argo CD, for `{OPTIONS}: Force=true`");
        return Treatment::OnRefusal(Anew { why, restores: true, each_time: false });
    }
    if group == "rbac.authorization.k8s.io" && kind.ends_with("RoleBinding") {
        let why = "Argo CD, which runs `kubectl auth reconcile` for it".to_owned();
        return Treatment::OnRefusal(Anew { why, restores: false, each_time: false });
    }
    Treatment::Apply
}

pub(super) fn gone(object: &Object) -> String {
    let has = |wanted: &str| annotation_list(object, OPTIONS).any(|option| option == wanted);
    if is_hook(object) {
        "Argo CD leaves it: hooks are not pruned".to_owned()
    } else if has("Prune=false") {
        format!("Argo CD leaves it for `{OPTIONS}: Prune=false`")
    } else if has("Prune=confirm") {
        format!("Argo CD deletes it if the sync prunes and somebody confirms (`{OPTIONS}: Prune=confirm`)")
    } else {
        "Argo CD deletes it only if the sync prunes".to_owned()
    }
}

pub(super) fn after_rejection(items: &[Item<'_>]) -> Vec<String> {
    let tasks = tasks(items.iter().map(|item| item.object));
    let turn_of: BTreeMap<*const Object, (Phase, i64)> =
        tasks.iter().map(|task| (std::ptr::from_ref(task.object), (task.phase, task.wave))).collect();
    let turns: Vec<(&Item<'_>, (Phase, i64))> =
        items.iter().map(|item| (item, turn_of[&std::ptr::from_ref(item.object)])).collect();
    let Some((phase, wave)) = turns.iter().filter(|(item, _)| item.is_refused()).map(|(_, turn)| *turn).min() else {
        return Vec::new();
    };
    let acting = |wanted: &dyn Fn((Phase, i64)) -> bool| -> String {
        let items: Vec<&Item<'_>> =
            turns.iter().filter(|(item, turn)| item.acts() && wanted(*turn)).map(|(item, _)| *item).collect();
        names(objects(&items))
    };
    let mut sentences = Vec::new();
    let early = acting(&|turn| turn < (phase, wave));
    if !early.is_empty() {
        sentences.push(format!("applied before, and healthy by then: {early}"));
    }
    let rest = acting(&|turn| turn == (phase, wave));
    let of = format!("wave {wave} of the phase {}", phase.name());
    sentences.push(if rest.is_empty() {
        format!("{of} holds nothing else that changes, and the sync fails")
    } else {
        format!("Argo CD applies the rest of {of} all the same ({rest}), and the sync fails")
    });
    let later = acting(&|turn| turn > (phase, wave) && turn.0 < Phase::SyncFail);
    if !later.is_empty() {
        sentences.push(format!("later waves and phases are not applied: {later}"));
    }
    let on_failure: Vec<&Object> =
        turns.iter().filter(|(_, turn)| turn.0 == Phase::SyncFail).map(|(item, _)| item.object).collect();
    if !on_failure.is_empty() {
        sentences.push(format!("hooks for a failed sync run: {}", names(on_failure)));
    }
    if items.iter().any(|item| matches!(item.fate, super::Fate::Refused { invalid: false })) {
        let dry_run =
            "if the dry run on the client, which comes before the sync, finds a mistake already, nothing is applied";
        sentences.push(dry_run.to_owned());
    }
    sentences
}
