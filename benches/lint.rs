//! What linting costs: one file as a pre-commit hook sees it, and a directory's worth.
//!
//! `cargo bench` runs it. The manifests are generated, so that the figures are comparable between machines.

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::BytesCount;
use seatrial::admission::{ApiServer, Judge, Outcome, Request};
use seatrial::cluster::Cluster;
use seatrial::lint::{Background, Session, Settings, lint};
use seatrial::source::{FileId, Sources};
use seatrial::yaml;

fn main() {
    divan::main();
}

/// A Deployment, its Service and its ConfigMap, with what real ones have.
fn manifest(name: &str) -> String {
    let mut text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels: &labels\n    app.kubernetes.io/name: {name}\n    app.kubernetes.io/part-of: shop\nspec:\n  replicas: 3\n  selector:\n    matchLabels:\n      app.kubernetes.io/name: {name}\n  strategy:\n    rollingUpdate:\n      maxSurge: 25%\n      maxUnavailable: 0\n  template:\n    metadata:\n      labels: *labels\n    spec:\n      serviceAccountName: {name}\n      containers:\n"
    );
    for container in ["web", "proxy"] {
        let _ = write!(
            text,
            "        - name: {container}\n          image: registry.example/{container}:1.4.2\n          ports:\n            - name: {container}\n              containerPort: {port}\n          env:\n            - name: LOG_LEVEL\n              value: info\n            - name: PASSWORD\n              valueFrom:\n                secretKeyRef:\n                  name: {name}\n                  key: password\n          resources:\n            requests:\n              cpu: 100m\n              memory: 128Mi\n            limits:\n              memory: 256Mi\n          readinessProbe:\n            httpGet:\n              path: /ready\n              port: {container}\n            periodSeconds: 5\n          volumeMounts:\n            - name: config\n              mountPath: /etc/{container}\n",
            port = if container == "web" { 8080 } else { 9090 },
        );
    }
    let _ = write!(
        text,
        "      volumes:\n        - name: config\n          configMap:\n            name: {name}\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  selector:\n    app.kubernetes.io/name: {name}\n  ports:\n    - name: web\n      port: 80\n      targetPort: web\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  settings.conf: |\n"
    );
    for line in 0..40 {
        let _ = writeln!(text, "    option.{line} = value number {line}");
    }
    text
}

fn sources(files: usize) -> Sources {
    let mut sources = Sources::default();
    for file in 0..files {
        sources.add(format!("{file}.yaml"), manifest(&format!("app-{file}")));
    }
    sources
}

fn bytes(sources: &Sources) -> BytesCount {
    BytesCount::new(sources.iter().map(|(_, source)| source.text().len()).sum::<usize>())
}

/// Text to located tree, one thread.
#[divan::bench]
fn parse(bencher: Bencher) {
    let sources = sources(1);
    let (file, source) = sources.iter().next().expect("there is one");
    bencher.counter(bytes(&sources)).bench(|| yaml::read(file, source));
}

/// What the API server would say of one Deployment: schema, typed decode, defaulting and validation.
#[divan::bench]
fn admission(bencher: Bencher) {
    let sources = sources(1);
    let (file, source) = sources.iter().next().expect("there is one");
    let judge = Judge::new(vec![ApiServer::default()], std::iter::empty());
    bencher.with_inputs(|| Cluster::new(yaml::read(file, source))).bench_refs(|cluster| {
        let deployment = cluster.of_kind("Deployment").next().expect("there is one");
        let verdict = judge.judge(&Request::create(deployment));
        assert_eq!(verdict.outcome, Outcome::Accepted, "the example is sound");
        verdict
    });
}

/// Everything that `lint` does, for one file and for a directory.
#[divan::bench(args = [1, 1000])]
fn check(bencher: Bencher, files: usize) {
    let sources = sources(files);
    bencher.counter(bytes(&sources)).bench(|| lint(&sources, &Settings::default()));
}

/// What an editor waits for: one file of a directory with 2,001 objects is another, and everything is judged again.
/// `RAYON_NUM_THREADS=1` tells what one core needs.
#[divan::bench]
fn edit(bencher: Bencher) {
    let mut session = Session::new(sources(667), Background::default(), Settings::default());
    session.report();
    let texts = [manifest("app-0").replace("replicas: 3", "replicas: 4"), manifest("app-0")];
    let mut texts = texts.iter().cycle();
    bencher.bench_local(|| {
        session.replace(FileId(0), texts.next().map_or("", String::as_str));
        session.report()
    });
}
