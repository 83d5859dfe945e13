//! Who may import whom within the large folders: arrows point down, so no two folders need each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// The files and folders of a folder, the lower ones first; those of one line do not import each other.
struct Layers {
    folder: &'static str,
    order: &'static [&'static [&'static str]],
}

const LAYERS: [Layers; 3] = [
    Layers {
        folder: "admission",
        order: &[
            &["gates", "types", "difference"],
            &["server", "equal", "internal"],
            &["errors"],
            &["shared"],
            &["core"],
            &["apps"],
            &["admissionregistration"],
            &[
                "apiextensions",
                "apiregistration",
                "autoscaling",
                "batch",
                "classes",
                "coordination",
                "disruption",
                "networking",
                "others",
                "rbac",
                "storage",
            ],
            &["applied"],
            &["apply"],
            &["judge"],
        ],
    },
    Layers {
        folder: "plan",
        order: &[
            &["document", "assumptions"],
            &["side", "gate", "pod_timing", "sim"],
            &["workload"],
            &["simulate", "change"],
            &["applier", "rollout"],
            &["remedies"],
            &["planner"],
        ],
    },
    Layers {
        folder: "rules",
        order: &[&["page", "unknown", "update"], &["documents", "jobs", "pods", "rollouts", "services", "statefulset"]],
    },
];

/// All modules of the library by their paths, each with the paths that it names, as far as they are modules.
fn imports() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let files = walkdir::WalkDir::new("src").sort_by_file_name().into_iter().filter_map(Result::ok);
    let files = files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"));
    let texts: BTreeMap<Vec<String>, String> = files
        .map(|entry| {
            let path = entry.path().strip_prefix("src").expect("it is in there").with_extension("");
            let mut module: Vec<String> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            module.pop_if(|last| last == "mod");
            (module, fs::read_to_string(entry.path()).expect("sources are text"))
        })
        .collect();
    let is_module = |path: &[String]| texts.contains_key(path);
    let imports = |module: &Vec<String>, text: &String| {
        // What tests import is their own business.
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code: String =
            code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let absolute = named(&code).into_iter().filter_map(|path| absolute(module, &path));
        let modules = absolute.filter_map(|mut path| {
            while !path.is_empty() && !is_module(&path) {
                path.pop();
            }
            (!path.is_empty()).then_some(path)
        });
        (module.clone(), modules.collect())
    };
    texts.iter().map(|(module, text)| imports(module, text)).collect()
}

/// The paths in a text that begin with `crate`, `super` or `self`.
fn named(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for root in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(root) {
            let is_first = !code[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == ':');
            if is_first {
                expand(&code[at..], &[], &mut found);
            }
        }
    }
    found
}

/// Follows one path, and each of those in braces.
fn expand(text: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let end = text.find(|char: char| !(char.is_alphanumeric() || char == '_')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let path: Vec<String> = before.iter().cloned().chain([name.to_owned()]).collect();
    let Some(rest) = rest.strip_prefix("::") else { return found.push(path) };
    let Some(list) = rest.strip_prefix('{') else { return expand(rest, &path, found) };
    let (mut depth, mut start) = (0, 0);
    for (at, char) in list.char_indices() {
        let ends = depth == 0 && matches!(char, ',' | '}');
        if ends && !list[start..at].trim().is_empty() {
            expand(list[start..at].trim_start(), &path, found);
        }
        match char {
            '}' if depth == 0 => return,
            ',' if ends => start = at + 1,
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
}

/// The path from the root of the crate on.
fn absolute(module: &[String], path: &[String]) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    let rest = &path[ups..];
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some(module.iter().chain(&path[1..]).cloned().collect()),
        _ => Some(module[..module.len().checked_sub(ups)?].iter().chain(rest).cloned().collect()),
    }
}

#[test]
fn imports_of_every_form_are_followed() {
    let paths = |code: &str| named(code).into_iter().map(|path| path.join("/")).collect::<Vec<_>>();
    assert_eq!(
        paths("use crate::a::{b::C, d::{E, F}, G};"),
        ["crate/a/b/C", "crate/a/d/E", "crate/a/d/F", "crate/a/G"]
    );
    assert_eq!(
        paths("use super::{\n    a,\n    b::C,\n};\nfn f(x: crate::d::E) {}"),
        ["crate/d/E", "super/a", "super/b/C"]
    );
    let module: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
    let of = |path: &[&str]| absolute(&module, &path.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
    assert_eq!(of(&["super", "super", "x"]), Some(vec!["a".to_owned(), "x".to_owned()]));
    assert_eq!(of(&["self", "x"]).map(|path| path.join("/")).as_deref(), Some("a/b/c/x"));
}

#[test]
fn within_a_folder_arrows_point_down() {
    let imports = imports();
    let mut wrong = Vec::new();
    for Layers { folder, order } in &LAYERS {
        let rank = |part: &str| order.iter().position(|row| row.contains(&part));
        for (module, used) in imports.iter().filter(|(module, _)| module[0] == *folder) {
            let Some(own) = module.get(1) else { continue };
            let Some(own_rank) = rank(own) else {
                wrong.push(format!("{folder}/{own} has no layer"));
                continue;
            };
            let inside = used.iter().filter(|path| path[0] == *folder).filter_map(|path| path.get(1));
            for other in inside.filter(|other| *other != own).collect::<BTreeSet<_>>() {
                if rank(other).is_none_or(|other| other >= own_rank) {
                    wrong.push(format!("{}: `{own}` uses `{other}`, which is not below it", module.join("/")));
                }
            }
        }
        let names = order.iter().flat_map(|row| row.iter());
        let gone = names.filter(|name| {
            !imports.keys().any(|module| module[0] == *folder && module.get(1).is_some_and(|it| it == *name))
        });
        wrong.extend(gone.map(|name| format!("{folder}/{name} has a layer and is not there")));
    }
    assert!(wrong.is_empty(), "{} mistakes:\n{}", wrong.len(), wrong.join("\n"));
}
