//! The values of Secrets are in no output, however they are written and whatever is wrong with them.

use seatrial::lint::{Report, Settings, lint};
use seatrial::report::{Format, Style, write};
use seatrial::source::{Defect, Sources, Span};

/// Every text has the value `hunter2` in a Secret, and something that is found beside it.
const TEXTS: [(&str, &str); 25] = [
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
    ("without a field", "kind: Secret\nmetadata:\n  name: a\ntype: Opaque\n  password: hunter2\n"),
    ("below the name", "kind: Secret\nmetadata:\n  name: a\n  password: hunter2\n  password: hunter2\n"),
    ("without blanks", "kind: Secret\ntype: Opaque\nstringData:{password:hunter2, user:hunter3}\n"),
    ("on a line that separates", "--- {apiVersion: v1, stringData: {a: hunter2}, kind: Secret}\n"),
    (
        "in the last manifest of what cannot be read",
        "kind: Secret\nmetadata {annotations: {last-applied-configuration: '{\"stringData\":{\"p\":\"hunter2\"}}'}}\n",
    ),
    ("in another version", "apiVersion: v2\nkind: SECRET\nstringData: {a: hunter2, a: hunter2}\n"),
    ("in a template", "kind: Template\nobjects:\n- kind: Secret\n  stringdata:\n    a: hunter2\n    a: hunter2\n"),
    (
        "in a field",
        "kind: Object\nspec:\n  manifest:\n    kind: Secret\n    data:\n      a: hunter2\n      a: hunter2\n",
    ),
    ("behind the end", "kind: ConfigMap\n...\n{kind: Secret, stringData: {a: hunter2}}\n"),
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
        wrong.extend(shown(&sources, &report).into_iter().map(|shown| format!("{name}: {shown}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The outputs that show the value.
fn shown(sources: &Sources, report: &Report) -> Vec<String> {
    let formats = Format::ALL.into_iter().map(|format| {
        let mut out = Vec::new();
        write(format, &mut out, sources, report, Style::default()).expect("a buffer takes everything");
        String::from_utf8(out).expect("every format is UTF-8")
    });
    formats.filter(|out| out.contains("hunter")).collect()
}

/// Secrets in the ways in which people write them, the value `hunter2` on one line or several.
const WHOLE: [&str; 9] = [
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\n  labels:\n    app: web\ntype: Opaque\nstringData:\n  user: hunter1\n  password: hunter2\n",
    "apiVersion: v1\nkind: Secret\nstringData:\n  password: \"hunter2\"\n  # hunter3\n  key: 'hunter4'\nmetadata:\n  name: key\nimmutable: true\n",
    "apiVersion: v1\nkind: Secret\ndata:\n  a: hunter2==\n  b: |\n    hunter3\n    hunter4\n  c: >-\n    hunter5\nmetadata: {name: key}\n",
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\nstringData: {user: hunter1,\n  password: hunter2}\n",
    "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"Secret\",\n  \"metadata\": {\n    \"name\": \"key\"\n  },\n  \"data\": {\n    \"a\": \"hunter2\",\n    \"b\": \"hunter3\"\n  }\n}\n",
    "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"data\": {\"a\": \"hunter2\"}}\n",
    "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: key\n  stringData:\n    a: hunter2\n    b: hunter3\n",
    "apiVersion: template.openshift.io/v1\nkind: Template\nobjects:\n- apiVersion: v1\n  kind: Secret\n  metadata:\n    name: key\n  data:\n    a: hunter2\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: key\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      {\"stringData\":{\"a\":\"hunter2\"}}\n",
];

/// Ways to break a line that has its indentation, a key and a value.
fn broken(line: &str, next: &str) -> Vec<String> {
    let content = line.trim_start();
    let indent = &line[..line.len() - content.len()];
    let (key, value) = content.split_once(": ").unwrap_or((content.trim_end_matches(':'), ""));
    let mut ways = vec![
        format!("{indent}{key} {value}"),
        format!("{indent}{key}:{value}"),
        format!("{indent}{key}={value}"),
        format!("{indent}{key}: {value}:"),
        format!("{indent}{key}: {value}: x"),
        format!("{indent}{key}: \"{value}"),
        format!("{indent}{key}: '{value}"),
        format!("{indent}{key}: {value}\""),
        format!("{indent}{key}: {value}\n{indent}{key}: {value}"),
        format!("{indent}{key}:\n{value}"),
        format!("{indent}{key}:\n{indent}  {value}"),
        format!("{indent}{content}{next}"),
        format!("{indent}{content} {}", next.trim_start()),
        format!("{indent}\"{content}"),
        format!("{indent}? {content}"),
        format!("{indent}- {content}"),
        format!("\t{content}"),
        format!("{indent}\t{content}"),
        format!(" {line}"),
        format!("   {line}"),
        content.to_owned(),
        format!(" {content}"),
        format!("# {line}"),
        format!("{indent}{content} #"),
        format!("--- {content}"),
        format!("{line}\n---"),
        format!("...\n{line}"),
        format!("{line}\n{{"),
        format!("{{{{ x }}}}\n{line}"),
        String::new(),
    ];
    for sign in ["[", "{", "*", "&", "!", "%", "@", "`", "|", ">", "- ", "]", "}", ",", "\u{7}", "!!binary ", "*x "] {
        ways.push(format!("{indent}{key}: {sign}{value}"));
        ways.push(format!("{indent}{sign}{content}"));
        ways.push(format!("{indent}{key}{sign}: {value}"));
    }
    ways
}

#[test]
fn a_secret_that_is_broken_anywhere_shows_no_value() {
    let mut wrong = Vec::new();
    let mut found = 0;
    let mut check = |sources: &Sources| {
        let report = lint(sources, &Settings::default());
        found += usize::from(!report.findings.is_empty());
        let text = sources.iter().next().map(|(_, source)| source.text().to_string()).unwrap_or_default();
        wrong.extend(shown(sources, &report).into_iter().map(|shown| format!("{text}\n{shown}")));
    };
    for whole in WHOLE {
        let lines: Vec<&str> = whole.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let next = lines.get(at + 1).copied().unwrap_or_default();
            for way in broken(line, next) {
                let text = [&lines[..at], &[way.as_str()], &lines[at + 1..]].concat().join("\n");
                let mut sources = Sources::default();
                sources.add("secret.yaml", text.as_str());
                check(&sources);
            }
            let start = lines[..at].iter().map(|line| line.len() + 1).sum::<usize>();
            let mut sources = Sources::default();
            let span = Span::new(start..start + line.len());
            sources.add_defective("secret.yaml", whole, Defect { span, message: "no UTF-8".to_owned(), help: "" });
            check(&sources);
        }
    }
    assert!(found > 2000, "{found} findings");
    assert!(wrong.is_empty(), "{} of {found}:\n{}", wrong.len(), wrong[..wrong.len().min(12)].join("\n"));
}

#[test]
fn what_cannot_be_read_and_is_no_secret_is_shown() {
    for (text, line) in [
        ("kind: ConfigMap\nmetadata: {name: secret}\ntype: x\n  password: shown\n", "password: shown"),
        ("kind: Deployment\nspec:\n  secretName: x\n  image shown\n  a: b\n", "image shown"),
        ("kind: ExternalSecret\nspec:\n  target: [shown\n", "target: [shown"),
        ("a: [\n  kind: shown\n", "kind: shown"),
        ("kind: Secret\n---\nkind: ConfigMap\nname: [shown\n", "name: [shown"),
        ("kind: Secret\nmetadata:\n  name: shown: x\n", "name:"),
        ("kind: Secret\nmetadata:\n  name: shown\ntype \"Opaque\n", "type ***"),
    ] {
        let mut sources = Sources::default();
        sources.add("a.yaml", text);
        let report = lint(&sources, &Settings::default());
        let mut out = Vec::new();
        write(Format::Text, &mut out, &sources, &report, Style::default()).expect("a buffer takes everything");
        let out = String::from_utf8_lossy(&out);
        assert!(out.contains(line), "{text}\n{out}");
    }
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
