//! The values of Secrets are in no output, however they are written and whatever is wrong with them.

use seatrial::lint::{Settings, lint};
use seatrial::report::{Format, Style, write};
use seatrial::source::Sources;

/// Every text has the value `hunter2` in a Secret, and something that is found beside it.
const TEXTS: [(&str, &str); 16] = [
    ("equal keys", "kind: Secret\nstringData:\n  password: hunter2\n  password: hunter2\n"),
    ("equal blocks", "kind: Secret\ndata:\n  a: hunter2\ndata:\n  a: hunter2\n"),
    ("in a comment", "kind: Secret\nstringData:\n  # hunter2\n  a: b\n  a: b # hunter2\n"),
    ("in a block", "kind: Secret\nstringData:\n  a: |\n    hunter2\n  a: |-\n    user: hunter2\n"),
    ("in braces", "kind: Secret\ndata: {a: hunter2, a: hunter2}\n"),
    ("in JSON", "{\"kind\": \"Secret\", \"data\": {\"a\": \"hunter2\", \"a\": \"hunter2\"}}"),
    ("in JSON twice", "{\"kind\": \"Secret\", \"data\": {\"a\": \"hunter2\"}, \"data\": {\"a\": \"hunter2\"}}"),
    ("in a list", "kind: List\nitems:\n- kind: Secret\n  data:\n    a: hunter2\n    a: hunter2\n"),
    ("in a list of Secrets", "kind: SecretList\nitems:\n- data:\n    a: hunter2\n    a: hunter2\n"),
    ("behind an alias", "kind: Secret\nx: &x\n  a: hunter2\nx: {a: b}\nstringData: *x\n"),
    ("indented too little", "kind: Secret\nstringData:\npassword: hunter2\npassword: hunter2\n"),
    ("below a misspelt field", "kind: Secret\nstringdata:\n  password: hunter2\n  password: hunter2\n"),
    ("unclosed and indented too little", "kind: Secret\npassword: hunter2\nx: [\n"),
    ("unclosed", "kind: Secret\nstringData:\n  a: \"hunter2\nhunter2\n b: hunter2\n"),
    ("as an alias that is none", "kind: Secret\nstringData:\n  a: *hunter2\n"),
    (
        "in the last manifest",
        "kind: Secret\nmetadata:\n  annotations:\n    a: 1\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"data\":{\"a\":\"hunter2\"}}\n    a: 1\n",
    ),
];

#[test]
fn no_format_shows_the_value_of_a_secret() {
    let mut wrong = Vec::new();
    for (name, text) in TEXTS {
        let mut sources = Sources::default();
        sources.add("secret.yaml", text);
        let report = lint(&sources, &Settings::default());
        if report.findings.is_empty() {
            wrong.push(format!("{name}: nothing is found"));
        }
        for format in Format::ALL {
            let mut out = Vec::new();
            write(format, &mut out, &sources, &report, Style::default()).expect("a buffer takes everything");
            let out = String::from_utf8(out).expect("every format is UTF-8");
            if out.contains("hunter") {
                wrong.push(format!("{name}: {}: {out}", format.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_secret_is_shown() {
    let mut sources = Sources::default();
    sources.add("map.yaml", "kind: ConfigMap\nmetadata: {name: secret}\ndata:\n  a: shown\n  a: shown\n");
    let report = lint(&sources, &Settings::default());
    let mut out = Vec::new();
    write(Format::Text, &mut out, &sources, &report, Style::default()).expect("a buffer takes everything");
    assert!(String::from_utf8_lossy(&out).contains("a: shown"));
}
