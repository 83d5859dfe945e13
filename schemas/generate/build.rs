//! Writes the list of kinds of the chosen Kubernetes version, which k8s-openapi has only as scattered trait implementations.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let chosen = |(name, _): (String, String)| name.strip_prefix("CARGO_FEATURE_V1_").map(str::to_owned);
    let Some(minor) = env::vars().find_map(chosen) else { return };
    let mut kinds = Vec::new();
    collect(&source_of_k8s_openapi().join(format!("src/v1_{minor}")), "k8s_openapi", &mut kinds);
    kinds.sort();
    let calls: String = kinds.iter().map(|path| format!("    out.push::<{path}>();\n")).collect();
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(target.join("kinds.rs"), format!("fn push_all_kinds(out: &mut Kinds) {{\n{calls}}}\n"))
        .expect("OUT_DIR can be written");
}

fn source_of_k8s_openapi() -> PathBuf {
    let output = Command::new(env::var_os("CARGO").expect("cargo sets CARGO"))
        .args(["metadata", "--format-version=1", "--features=extract", "--filter-platform"])
        .arg(env::var_os("TARGET").expect("cargo sets TARGET"))
        .output()
        .expect("cargo can be run");
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let manifest = metadata["packages"]
        .as_array()
        .expect("cargo metadata lists packages")
        .iter()
        .find(|package| package["name"] == "k8s-openapi")
        .and_then(|package| package["manifest_path"].as_str())
        .expect("k8s-openapi is a dependency");
    Path::new(manifest).parent().expect("a manifest lies in a folder").to_owned()
}

/// A file `api/apps/v1/deployment.rs` that implements `Resource` for `Deployment` is the type `api::apps::v1::Deployment`.
fn collect(folder: &Path, module: &str, kinds: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the source folder can be read") {
        let path = entry.expect("the source folder can be read").path();
        if path.is_dir() {
            let name = path.file_name().expect("a folder has a name").to_string_lossy().into_owned();
            collect(&path, &format!("{module}::{name}"), kinds);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file can be read");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("impl crate::Resource for ") {
                kinds.push(format!("{module}::{}", rest.trim_end_matches(" {")));
            }
        }
    }
}
