//! Writes the schemas that seatrial embeds, from the published definitions that `extract` printed.

mod descriptions;
mod tables;
mod transform;

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{descriptions::Descriptions, tables::Tables, transform::Transform};

fn main() {
    let folders: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [published, target] = folders.as_slice() else { panic!("usage: generate PUBLISHED TARGET") };
    let tables = Tables::read();
    let mut descriptions = Descriptions::default();
    for minor in minors(published) {
        let text = fs::read(published.join(format!("1.{minor}.json"))).expect("`extract` has printed this version");
        let published: Value = serde_json::from_slice(&text).expect("`extract` prints JSON");
        let definitions = published["definitions"].as_object().expect("definitions are an object");
        let kinds: Vec<Kind> = kinds(&published["kinds"]);
        let roots: BTreeSet<&str> = kinds.iter().map(|kind| kind.definition).collect();
        let transformed = Transform::new(minor, &tables, definitions, roots).run();
        descriptions.add(minor, definitions, &transformed);
        let text = bundle(&kinds, &transformed);
        fs::write(target.join(format!("1.{minor}.txt")), text).expect("the target folder can be written");
    }
    tables.assert_all_used();
    write_packed(&target.join("descriptions.zst"), &descriptions.to_text());
}

/// The minor versions that `run` had `extract` print.
fn minors(published: &Path) -> BTreeSet<u16> {
    let files = fs::read_dir(published).expect("the folder of `extract` can be read");
    let names = files.map(|file| file.expect("its entries can be read").file_name().to_string_lossy().into_owned());
    names.filter_map(|name| name.strip_prefix("1.")?.strip_suffix(".json")?.parse().ok()).collect()
}

/// One kind that the API serves; a line of the bundle.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Kind<'a> {
    api_version: String,
    kind: &'a str,
    plural: &'a str,
    scope: &'a str,
    definition: &'a str,
}

fn kinds(published: &Value) -> Vec<Kind<'_>> {
    let text = |kind: &Value, key: &str| kind[key].as_str().map(str::to_owned).expect("kinds have text");
    let mut kinds: Vec<Kind> = published
        .as_array()
        .expect("kinds are a list")
        .iter()
        // A Status is an answer, never an object.
        .filter(|kind| kind["kind"] != "Status")
        .map(|kind| Kind {
            api_version: match text(kind, "group").as_str() {
                "" => text(kind, "version"),
                group => format!("{group}/{}", text(kind, "version")),
            },
            kind: kind["kind"].as_str().expect("kinds have text"),
            plural: kind["plural"].as_str().expect("kinds have text"),
            scope: kind["scope"].as_str().expect("kinds have text"),
            definition: kind["definition"].as_str().expect("kinds have text"),
        })
        .collect();
    kinds.sort();
    kinds
}

/// Lines of kinds, an empty line, lines of definitions; each part is sorted, and fields are parted by tabs.
fn bundle(kinds: &[Kind], definitions: &BTreeMap<String, Value>) -> String {
    let mut text = String::new();
    for Kind { api_version, kind, plural, scope, definition } in kinds {
        text += &format!("{api_version}\t{kind}\t{plural}\t{scope}\t{definition}\n");
    }
    text.push('\n');
    for (name, schema) in definitions {
        text += &format!("{name}\t{schema}\n");
    }
    text
}

fn write_packed(path: &Path, text: &str) {
    let mut encoder = zstd::Encoder::new(Vec::new(), 19).expect("level 19 exists");
    encoder.long_distance_matching(true).expect("the encoder can look far back");
    encoder.window_log(22).expect("4 MiB is a window size");
    encoder.include_checksum(false).expect("the checksum can be left out");
    encoder.set_pledged_src_size(Some(text.len() as u64)).expect("nothing has been written yet");
    encoder.write_all(text.as_bytes()).expect("memory can be written");
    let bytes = encoder.finish().expect("memory can be written");
    println!("{} {} -> {}", path.display(), text.len(), bytes.len());
    fs::write(path, bytes).expect("the target folder can be written");
}
