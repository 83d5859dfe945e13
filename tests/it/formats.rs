//! Every format over findings of every shape: snapshots in `snapshots/formats/`.

use std::sync::Arc;

use seatrial::finding::{Edit, Finding, Findings, Fix, Group, Identity, Reason};
use seatrial::lint::{Report, Settings, lint};
use seatrial::report::{Format, Style, write};
use seatrial::source::{FileId, Place, Sources, Span};
use seatrial::yaml::Path;

use crate::snapshot;

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector:
    app: wbe
  ports:
    - port: 80
";

const DEPLOYMENT: &str = "apiVersion: apps/v1\r
kind: Deployment\r
metadata:\r
  name: wéb 😀\r
  labels: {on: yes}\r
spec:\r
  template:\r
    metadata:\r
      labels:\r
        app: web\r
";

fn place(sources: &Sources, file: FileId, part: &str) -> Place {
    let start = sources.get(file).text().find(part).expect("the part stands in the text");
    Place { file, span: Span::new(start..start + part.len()) }
}

/// Labels in two files, the API's reason, a fix, a place of several lines, a note without anything, odd characters.
fn sample() -> (Sources, Report) {
    let mut sources = Sources::default();
    let service = sources.add("deploy/service.yaml", SERVICE);
    let deployment = sources.add("deploy/web: a, b.yaml", DEPLOYMENT);
    let mut out = Findings::new("selector-mismatch", Group::Broken);
    let object = Identity {
        api_version: "v1".to_owned(),
        kind: "Service".to_owned(),
        namespace: Some("shop".to_owned()),
        name: "web".to_owned(),
    };
    let finding = out.report(place(&sources, service, "app: wbe"), 0, "the selector matches no pod template");
    finding.object = Some(Arc::new(object));
    finding.path = Path::root().fields(&["spec", "selector"]).key("app");
    finding.related(place(&sources, deployment, "app: web"), "the nearest labels");
    finding.related(place(&sources, service, "selector"), "this selector");
    finding.label("no pod carries this");
    finding.help("write the labels of the pods that it should reach; labels are compared letter by letter, and all of them must be there");
    finding.fix("write `web`", place(&sources, service, "wbe"), "web");
    out.switch("yaml-surprise", Group::Refused);
    let finding = out.report(place(&sources, deployment, "yes"), 0, "`yes` is read as `true`, 100% of the time");
    finding.because(Reason::FieldValueTypeInvalid);
    let entry = place(&sources, deployment, "on: yes");
    let key = Place { span: Span { end: entry.span.start + 2, ..entry.span }, ..entry };
    finding.fix = Some(Fix {
        title: "quote key and value".to_owned(),
        edits: vec![
            Edit { place: key, replacement: "\"on\"".to_owned() },
            Edit { place: place(&sources, deployment, "yes"), replacement: "\"yes\"".to_owned() },
        ],
    });
    out.switch("whole-object", Group::Risky);
    let spec = place(&sources, deployment, &DEPLOYMENT[DEPLOYMENT.find("spec:").expect("it is there")..]);
    out.report(spec, 0, "a place of several lines\nand a message too");
    out.switch("advice", Group::Advice);
    let end = Place { file: service, span: Span::new(SERVICE.len()..SERVICE.len()) };
    out.report(end, 0, "at the end of the text");
    let report = Report { findings: out.into_vec(), documents: 2, objects: 2, silenced: 1, ..Report::default() };
    (sources, report)
}

fn written(format: Format, sources: &Sources, report: &Report, style: Style) -> String {
    let mut out = Vec::new();
    write(format, &mut out, sources, report, style).expect("a buffer takes everything");
    String::from_utf8(out).expect("every format is UTF-8")
}

/// The rendering of what is found in one text.
fn found_in(name: &str, text: &str, format: Format, style: Style) -> String {
    let mut sources = Sources::default();
    sources.add(name, text);
    let report = lint(&sources, &Settings::default());
    assert!(!report.findings.is_empty(), "something is found");
    written(format, &sources, &report, style)
}

#[test]
fn every_format_keeps_its_shape() {
    let (sources, report) = sample();
    for format in Format::ALL {
        snapshot::check("formats", format.name(), &written(format, &sources, &report, Style::default()));
    }
}

#[test]
fn every_format_keeps_its_shape_when_nothing_is_found() {
    let mut sources = Sources::default();
    sources.add("empty.yaml", "# nothing\n");
    let report = lint(&sources, &Settings::default());
    for format in Format::ALL {
        let text = written(format, &sources, &report, Style::default());
        snapshot::check("formats", &format!("{}-nothing", format.name()), &text);
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    let (sources, report) = sample();
    let plain = written(Format::Text, &sources, &report, Style::default());
    let colored = written(Format::Text, &sources, &report, Style { color: true, ..Style::default() });
    assert!(colored.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn json_keeps_its_contract() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../schemas/report.schema.json")).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    let (sources, report) = sample();
    let json: serde_json::Value =
        serde_json::from_str(&written(Format::Json, &sources, &report, Style::default())).expect("JSON is written");
    let mistakes: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    let mut wrong = json;
    wrong["findings"][0]["range"]["start"]["line"] = "1".into();
    assert!(!validator.is_valid(&wrong), "the schema says something");
}

#[test]
fn json_counts_columns_in_utf_16_and_in_bytes() {
    let mut sources = Sources::default();
    let file = sources.add("a.yaml", "a: é😀 x\n");
    let mut out = Findings::new("rule", Group::Risky);
    out.report(place(&sources, file, "x"), 0, "here");
    let report = Report { findings: out.into_vec(), ..Report::default() };
    let json: serde_json::Value =
        serde_json::from_str(&written(Format::Json, &sources, &report, Style::default())).expect("JSON is written");
    let start = &json["findings"][0]["range"]["start"];
    assert_eq!(*start, serde_json::json!({ "line": 1, "column": 8, "byteColumn": 11, "offset": 10 }));
    assert!(written(Format::Concise, &sources, &report, Style::default()).starts_with("a.yaml:1:7: "));
}

#[test]
fn long_lines_are_cut_around_the_place() {
    let filler = "\"x\": \"é\", ".repeat(200);
    let text =
        format!("{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", {filler}\"b\": 1, \"b\": 2, {filler}\"c\": 3}}");
    let style = Style { color: false, width: 60 };
    let text = found_in("long.json", &text, Format::Text, style);
    let longest = text.lines().filter(|line| line.contains('│')).map(|line| line.chars().count()).max();
    assert!(longest.is_some_and(|longest| longest <= 100), "{text}");
    assert!(text.contains("\"b\": 2"), "{text}");
    assert!(text.contains('…'), "{text}");
}

#[test]
fn the_source_cannot_speak_to_the_terminal() {
    let text = "kind: ConfigMap\ndata:\n  a: 1 # \u{202e}\u{9b}31m\n  \"a\": x # \u{1b}]0;title\u{7}\u{1b}[2J\n";
    for format in [Format::Text, Format::Concise, Format::Github] {
        let shown = found_in("evil\u{1b}[2J\n.yaml", text, format, Style::default());
        let bad: Vec<char> =
            shown.chars().filter(|char| (char.is_control() && *char != '\n') || *char == '\u{202e}').collect();
        assert!(bad.is_empty(), "{}: {bad:?} in {shown}", format.name());
    }
}

#[test]
fn findings_without_help_have_no_empty_notes() {
    let (sources, report) = sample();
    let advice: Vec<Finding> = report.findings.into_iter().filter(|finding| finding.rule == "advice").collect();
    let report = Report { findings: advice, ..Report::default() };
    let text = written(Format::Text, &sources, &report, Style::default());
    assert!(!text.contains('='), "{text}");
}

/// Every example, cut off and with odd characters put in, in every format: no panic, and lines stay lines.
#[test]
fn mutilated_texts_can_be_written_in_every_format() {
    let odd = ["\t", "\u{1b}", "\"", "\r", "é", "\u{2028}", "{", "- ", "\n---\n", "&a *a"];
    let examples = walkdir::WalkDir::new("rules").sort_by_file_name().into_iter().filter_map(Result::ok);
    let examples = examples.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "yaml"));
    for (turn, example) in examples.enumerate() {
        let text = std::fs::read_to_string(example.path()).expect("examples are text");
        let at = (turn * 37 % text.len()..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        let (before, after) = text.split_at(at);
        for text in [before.to_owned(), format!("{before}{}{after}", odd[turn % odd.len()])] {
            let mut sources = Sources::default();
            sources.add("a.yaml", text);
            let report = lint(&sources, &Settings::default());
            for format in Format::ALL {
                let out = written(format, &sources, &report, Style { color: false, width: 40 });
                if format == Format::Concise {
                    assert_eq!(out.lines().count(), report.findings.len(), "{out}");
                }
            }
        }
    }
}
