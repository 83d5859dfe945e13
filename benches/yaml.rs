//! How fast texts are read: `cargo bench --bench yaml`. The manifests are generated, so that every machine reads the same.

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::BytesCount;
use seatrial::source::Sources;
use seatrial::yaml;

fn main() {
    divan::main();
}

/// Deployments with comments, labels, probes and a script, as people write them.
fn deployments(count: usize) -> String {
    let mut text = String::new();
    for number in 0..count {
        let _ = write!(
            text,
            "---\n# Deployment {number}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{number}\n  labels: &labels\n    \
             app.kubernetes.io/name: web\n    app.kubernetes.io/instance: \"{number}\"\nspec:\n  replicas: 3  # one per zone\n  \
             selector:\n    matchLabels: *labels\n  template:\n    metadata:\n      labels:\n        <<: *labels\n    spec:\n      \
             containers:\n      - name: web\n        image: registry.example.com/team/web:1.{number}.0\n        args: [--port, \
             \"8080\", --verbose]\n        command:\n        - sh\n        - -c\n        - |\n          set -e\n          exec web \
             --name \"$(hostname)\"\n        ports:\n        - {{name: http, containerPort: 8080}}\n        resources:\n          \
             requests:\n            cpu: 100m\n            memory: 128Mi\n        readinessProbe:\n          httpGet:\n            \
             path: /ready\n            port: http\n          periodSeconds: 5\n"
        );
    }
    text
}

/// The same content as JSON.
fn json(text: &str) -> String {
    let mut sources = Sources::default();
    let file = sources.add("in.yaml", text);
    let documents = yaml::read(file, sources.get(file));
    documents.iter().filter_map(yaml::Document::root).map(|root| root.to_json().to_string() + "\n").collect()
}

fn read(bencher: Bencher<'_, '_>, text: &str) {
    let mut sources = Sources::default();
    let file = sources.add("in.yaml", text);
    let source = sources.get(file);
    bencher.counter(BytesCount::of_str(text)).bench(|| yaml::read(file, source));
}

#[divan::bench]
fn manifests(bencher: Bencher<'_, '_>) {
    read(bencher, &deployments(500));
}

#[divan::bench]
fn manifests_in_json(bencher: Bencher<'_, '_>) {
    read(bencher, &json(&deployments(500)));
}

#[divan::bench]
fn one_large_list(bencher: Bencher<'_, '_>) {
    read(bencher, &format!("items: [{}]\n", "item, ".repeat(100_000)));
}

#[divan::bench]
fn one_large_map(bencher: Bencher<'_, '_>) {
    read(bencher, &(0..50_000).fold(String::new(), |text, key| text + &format!("key-{key}: value\n")));
}

#[divan::bench]
fn a_long_block_scalar(bencher: Bencher<'_, '_>) {
    read(bencher, &format!("script: |\n{}", "  a line of a script that does something\n".repeat(20_000)));
}

#[divan::bench]
fn an_unclosed_quote(bencher: Bencher<'_, '_>) {
    read(bencher, &format!("text: \"{}\n", "a line of text\n  ".repeat(50_000)));
}

#[divan::bench]
fn values_for_json(bencher: Bencher<'_, '_>) {
    let text = deployments(500);
    let mut sources = Sources::default();
    let file = sources.add("in.yaml", text.as_str());
    let documents = yaml::read(file, sources.get(file));
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| documents.iter().filter_map(yaml::Document::root).map(yaml::Value::to_json).collect::<Vec<_>>());
}
