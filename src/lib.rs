//! seatrial says what Kubernetes would do with your manifests, without a cluster.
//!
//! It lints: it tells what the API server would refuse, what it would take although it cannot work, and what works only
//! until something ordinary happens. It plans: given what runs and what would be applied, it tells what the controllers will
//! do, step by step ([`plan`]).
//!
//! # Eight types
//!
//! | type | what it is |
//! |---|---|
//! | [`Sources`](source::Sources) | texts with their names; [`load::load`] reads them from files and folders |
//! | [`Settings`](lint::Settings) | what to look for, and by which API servers |
//! | [`Session`](lint::Session) | texts that change and are looked at again; [`lint::lint`] is one that ends at once |
//! | [`Report`](lint::Report) | what was found; [`report::write`] shows it |
//! | [`Finding`](finding::Finding) | what is wrong, where, what the API server says, and what to do |
//! | [`Judge`](admission::Judge) | API servers, which give each [`Request`](admission::Request) one [`Verdict`](admission::Verdict) |
//! | [`Side`](plan::Side) | the texts of one side of a change, with their objects |
//! | [`Plan`](plan::document::Plan) | what [`plan::plan`] makes of two sides; its form as JSON is a contract |
//!
//! ```
//! use seatrial::lint::{Settings, lint};
//! use seatrial::load::{Options, load};
//!
//! let loaded = load(&["rules/probe-port-undeclared/bad.yaml".into()], &Options::default());
//! assert!(loaded.errors.is_empty());
//! let report = lint(&loaded.sources, &Settings::default());
//! let finding = &report.findings[0];
//! assert_eq!(finding.rule, "probe-port-undeclared");
//! let place = finding.primary.place;
//! assert_eq!(loaded.sources.get(place.file).position(place.span.start as usize).line, 17);
//! ```
//!
//! ```
//! use seatrial::load::{Options, load};
//! use seatrial::plan::document::Action;
//! use seatrial::plan::{self, Side, plan};
//!
//! let side = |file: &str| Side::new(load(&[file.into()], &Options::default()).sources);
//! let (old, new) = (side("tests/plans/deployment-image/old.yaml"), side("tests/plans/deployment-image/new.yaml"));
//! let plan = plan(&old, &new, &plan::Options::default());
//! assert_eq!(plan.objects[0].action, Action::Roll);
//! assert!(!plan.stops(), "nothing is refused");
//! ```
//!
//! # The way of a text
//!
//! ```text
//! paths ─load─► Sources ─yaml─► Documents ─cluster─► Cluster ─► judge ◄─ schema, admission ──┐
//!                                    │                  └─────► rules ─────────────────────┤
//!                                    └─ problems of the text ──────────────────────────────┤
//!                                                                                          ▼
//!               Findings ─ level, suppress, sort (lint::Session) ─► Report ─report─► text concise github json
//!
//! old Cluster ┐
//!             ├─► judge, changes ─► Scenario ─simulate─► Trace ─► Plan ─report─► text json markdown github
//! new Cluster ┘                                                    └─► rules about rollouts ─► Findings
//! ```
//!
//! # The modules, each of which imports only from those before it
//!
//! | module | what it is the home of |
//! |---|---|
//! | [`nearest`] | "did you mean" |
//! | [`values`] | the small languages inside manifests: quantities, names, selectors, schedules, images |
//! | [`source`] | texts by id, byte spans, and the one conversion to lines and columns |
//! | [`yaml`] | one located tree from parser events, with the scalar rules of Kubernetes' own library; [`yaml::Path`] |
//! | `cel` | the expressions of policies and CustomResourceDefinitions, as the API server compiles them |
//! | [`version`] | the versions of Kubernetes that are known |
//! | [`finding`] | rule, group, place, further places, what the API server says, help, fix |
//! | [`fix`], [`suppress`], [`secrets`] | what is edited, what users allow, what is hidden |
//! | [`cluster`] | objects with their typed models, and who selects and names whom: every reference is a row of a table |
//! | [`schema`] | what Kubernetes, by version, and CustomResourceDefinitions say an object may look like |
//! | [`admission`] | what the API server says: the judge, and defaults, validation and updates by API group |
//! | [`plan`] | what changes between two sides, what the applying tool and the API server make of it, and the rollouts that follow, simulated on a virtual clock |
//! | [`rules`] | one list; a rule is a folder in `rules/`, a function and a line |
//! | [`config`] | what users ask for, checked where the names are known |
//! | [`lint`] | the whole way from texts to a report, which keeps what did not change |
//! | [`report`] | one file for each output format, those of plans in a folder |
//! | [`load`] | files, folders and standard input |
//!
//! # What always holds
//!
//! * **One parse.** JSON values, typed models and schema validation are read from the located tree, so that every
//!   finding has a place, and two readings of one text cannot differ.
//! * **Kubernetes' own verdicts.** `tests/conformance/` holds what a real API server and Kubernetes' own libraries
//!   answered; where a belief and a recording differ, the recording is right. `refused` is said only of what the API
//!   server refuses.
//! * **The group decides the severity**, and says what happens to the user ([`finding::Group`]).
//! * **A typed model never hides a mistake.** What does not fit its type is absent in the model and reported by the
//!   schema, so one wrong field leaves the rest of the object checked. A missing required struct is an empty one, as in
//!   Go. Models are those of the newest Kubernetes, for all judged versions.
//! * **Where a schema and admission find the same**, admission speaks, because it knows the API server's reason; what the
//!   decoder refuses is no matter of admission.
//! * **`refused` is admission's**, apart from what cannot be read or decoded. A rule of that group has a page in `rules/`, and
//!   admission reports under its id; what has no page of its own is reported by reason (`missing-field`, `invalid-value` …).
//! * **The same input gives the same bytes**: ordered collections, no clock, no randomness; no network either.
//! * Wrong input is a finding, wrong circumstances are an error that says what to do, a wrong program is a bug.

pub mod admission;
pub mod cluster;
pub mod config;
pub mod finding;
pub mod fix;
pub mod lint;
pub mod load;
pub mod nearest;
pub mod plan;
pub mod report;
pub mod rules;
pub mod schema;
pub mod secrets;
pub mod source;
pub mod suppress;
pub mod values;
pub mod version;
pub mod yaml;

mod cel;
mod parallel;
