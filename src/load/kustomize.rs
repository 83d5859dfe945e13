//! Files that kustomizations use as patches and settings: fragments that are no objects on their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use super::walk::{Candidate, absolute};
use super::{Why, shown};

/// The names that kustomize looks for (`RecognizedKustomizationFileNames` in kustomize's api/konfig, v5).
pub(super) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// How many folders above a named file are looked at for a kustomization.
const ABOVE: usize = 3;

/// Which files are no manifests, because a kustomization says so.
#[derive(Debug, Default)]
pub(super) struct Patches {
    /// The kustomizations themselves.
    kustomizations: BTreeSet<PathBuf>,
    /// Patches and settings with the kustomization, as it is shown, that uses them.
    used: BTreeMap<PathBuf, String>,
}

impl Patches {
    /// Why a kustomization keeps this file from being read.
    pub(super) fn why_not(&self, candidate: &Candidate) -> Option<Why> {
        if self.kustomizations.contains(&candidate.absolute) {
            return Some(Why::NotKubernetes);
        }
        self.used.get(&candidate.absolute).map(|by| Why::KustomizePatch(by.clone()))
    }
}

/// Reads the kustomizations among the candidates, and those in and above the folders of files that were named, since
/// a tool that hands over single files (pre-commit) names a patch without the kustomization that uses it.
pub(super) fn patches(candidates: &[Candidate]) -> Patches {
    let mut patches = Patches::default();
    for candidate in candidates.iter().filter(|candidate| candidate.is_kustomization()) {
        patches.read(&candidate.absolute, &candidate.name);
    }
    let mut folders = BTreeSet::new();
    for candidate in candidates.iter().filter(|candidate| candidate.named) {
        for folder in candidate.absolute.ancestors().skip(1).take(ABOVE + 1) {
            let is_new = folders.insert(folder.to_owned());
            for file in NAMES.iter().map(|name| folder.join(name)).filter(|file| is_new && file.is_file()) {
                patches.read(&file, &shown_from_here(&file));
            }
            if folder.join(".git").exists() {
                break;
            }
        }
    }
    patches
}

impl Patches {
    fn read(&mut self, file: &Path, name: &str) {
        // Flux names its own objects after kustomize's files; those are objects.
        let Some(value) = fs::read_to_string(file).ok().map(|text| serde_yaml::from_str(&text).unwrap_or(Value::Null))
        else {
            return;
        };
        let api_version = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        if !api_version.is_empty() && !api_version.starts_with("kustomize.config.k8s.io/") {
            return;
        }
        self.kustomizations.insert(file.to_owned());
        let folder = file.parent().unwrap_or(Path::new(""));
        for path in files(&value) {
            self.used.entry(absolute(&folder.join(path))).or_insert_with(|| name.to_owned());
        }
    }
}

/// The files that a kustomization uses as something other than resources. What is written in place of a file name (a
/// patch may stand there itself) names no file and does no harm.
fn files(kustomization: &Value) -> Vec<&str> {
    let list = |name: &str| kustomization.get(name).and_then(Value::as_sequence).into_iter().flatten();
    let by_path = ["patches", "patchesJson6902", "replacements"];
    let by_name = ["patchesStrategicMerge", "configurations"];
    let paths =
        by_path.iter().flat_map(|name| list(name)).filter_map(|patch| patch.get("path").and_then(Value::as_str));
    let names = by_name.iter().flat_map(|name| list(name)).filter_map(Value::as_str);
    paths.chain(names).filter(|path| !path.contains('\n')).collect()
}

/// A path relative to the working directory where it lies below.
fn shown_from_here(path: &Path) -> String {
    shown(path.strip_prefix(absolute(Path::new("."))).unwrap_or(path))
}
