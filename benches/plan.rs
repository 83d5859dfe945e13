//! What planning costs: large workloads, and a directory of them, of which each rolls.
//!
//! `cargo bench --bench plan` runs it. The manifests are generated, so that the figures are comparable between machines.

use divan::Bencher;
use seatrial::plan::{Options, Side, plan};
use seatrial::source::Sources;

fn main() {
    divan::main();
}

fn manifest(kind: &str, name: &str, replicas: usize, version: u32) -> String {
    let more = if kind == "StatefulSet" { format!("  serviceName: {name}\n") } else { String::new() };
    format!(
        "apiVersion: apps/v1\nkind: {kind}\nmetadata:\n  name: {name}\nspec:\n  replicas: {replicas}\n{more}  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      containers:\n        - name: main\n          image: registry.example/{name}:{version}\n          ports:\n            - name: http\n              containerPort: 8080\n          readinessProbe:\n            httpGet:\n              path: /ready\n              port: http\n            initialDelaySeconds: 5\n"
    )
}

/// One side, with so many workloads.
fn side(kind: &str, workloads: usize, replicas: usize, version: u32) -> Side {
    let mut sources = Sources::default();
    for at in 0..workloads {
        let name = format!("app-{at}");
        sources.add(format!("{name}.yaml"), manifest(kind, &name, replicas, version));
    }
    Side::new(sources)
}

/// A Deployment, which is counted, with the reading of its manifests.
#[divan::bench(args = [10, 10_000])]
fn deployment(bencher: Bencher, replicas: usize) {
    bencher.bench(|| {
        let (old, new) = (side("Deployment", 1, replicas, 1), side("Deployment", 1, replicas, 2));
        plan(&old, &new, &Options::default())
    });
}

/// A `StatefulSet`, whose pods are replaced one by one.
#[divan::bench(args = [3, 300])]
fn stateful_set(bencher: Bencher, replicas: usize) {
    bencher.bench(|| {
        let (old, new) = (side("StatefulSet", 1, replicas, 1), side("StatefulSet", 1, replicas, 2));
        plan(&old, &new, &Options::default())
    });
}

/// A directory of a thousand Deployments.
#[divan::bench]
fn directory(bencher: Bencher) {
    bencher.bench(|| {
        let (old, new) = (side("Deployment", 1000, 10, 1), side("Deployment", 1000, 10, 2));
        plan(&old, &new, &Options::default())
    });
}
