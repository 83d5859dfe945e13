//! The schemas in `schemas/` that are made from the types; `SEATRIAL_UPDATE=1 cargo test` writes them anew.

use std::fs;
use std::path::Path;

fn check(name: &str, schema: &serde_json::Value) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    let current = serde_json::to_string_pretty(schema).expect("a value is JSON") + "\n";
    if std::env::var_os("SEATRIAL_UPDATE").is_some() {
        fs::write(&file, &current).expect("the schema can be written");
    }
    let committed = fs::read_to_string(&file).expect("the schema can be read");
    assert!(committed == current, "schemas/{name} is not what the types say; run `SEATRIAL_UPDATE=1 cargo test`");
}

#[test]
fn the_schema_of_the_configuration_is_current() {
    check("config.schema.json", &seatrial::config::generate_schema());
}

#[test]
fn the_schema_of_the_report_is_current() {
    check("report.schema.json", &seatrial::report::json::generate_schema());
}

#[test]
fn the_schema_of_plans_is_current() {
    check("plan.schema.json", &seatrial::report::plan::generate_plan_schema());
}

#[test]
fn the_schema_of_scenarios_is_current() {
    check("scenario.schema.json", &seatrial::plan::generate_schema());
}
