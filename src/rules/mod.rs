//! The rules: one list, from which the index, `explain` and every table of rules are derived.
//!
//! A rule is a folder in `rules/`, a function here and a line in the list. The folder's name is the rule's id; its
//! `README.md` is embedded, so a line without a folder does not compile, and a test makes sure that no folder lacks
//! its line. A rule looks at everything it likes and reports only on the document or object it was called for.

mod page;
mod probes;
mod yaml;

use std::sync::OnceLock;

pub use self::page::Page;
use crate::cluster::{Cluster, Object};
use crate::finding::{Findings, Group};
use crate::yaml::Document;

/// What a rule may look at besides its own object.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// All objects of the input.
    pub cluster: &'a Cluster,
}

/// A rule of the list.
#[derive(Debug)]
pub struct Rule {
    /// The name of its folder.
    pub id: &'static str,
    /// What happens to the user whose manifest breaks it.
    pub group: Group,
    check: Check,
    text: &'static str,
    page: OnceLock<Page>,
}

/// Who looks.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// Found while the text is read ([`crate::yaml`]).
    Reading,
    /// Found against the schemas ([`crate::schema`]).
    Schema,
    /// Found while comments, annotations and configuration silence findings ([`crate::suppress`]).
    Suppression,
    /// Called once for each document that can be read, object or not.
    Document(fn(&Context<'_>, &Document, &mut Findings)),
    /// Called once for each object.
    Object(fn(&Context<'_>, &Object, &mut Findings)),
}

impl Rule {
    /// The parsed page of the rule.
    pub fn page(&self) -> &Page {
        self.page.get_or_init(|| Page::parse(self.text))
    }
}

/// All rules, sorted by id.
pub fn rules() -> &'static [Rule] {
    static LIST: OnceLock<Vec<Rule>> = OnceLock::new();
    LIST.get_or_init(list)
}

/// The rule with this id.
pub fn find(id: &str) -> Option<&'static Rule> {
    let list = rules();
    list.binary_search_by(|rule| rule.id.cmp(id)).ok().map(|at| &list[at])
}

/// Runs all rules that `wanted` lets through over documents and objects.
pub fn run(context: &Context<'_>, wanted: impl Fn(&Rule) -> bool, out: &mut Findings) {
    for rule in rules().iter().filter(|rule| wanted(rule)) {
        out.switch(rule.id, rule.group);
        match rule.check {
            Check::Document(check) => {
                context.cluster.documents.iter().for_each(|document| check(context, document, out))
            }
            Check::Object(check) => context.cluster.objects().iter().for_each(|object| check(context, object, out)),
            Check::Reading | Check::Schema | Check::Suppression => {}
        }
    }
}

macro_rules! list {
    ($($id:literal => $check:expr,)*) => {
        fn list() -> Vec<Rule> {
            use Check::{Document, Object, Reading};
            vec![$(rule($id, $check, include_str!(concat!("../../rules/", $id, "/README.md")))),*]
        }
    };
}

fn rule(id: &'static str, check: Check, text: &'static str) -> Rule {
    Rule { id, group: page::group(text), check, text, page: OnceLock::new() }
}

list! {
    "boolean-word-key" => Document(yaml::boolean_word_key),
    "boolean-word-value" => Document(yaml::boolean_word_value),
    "decimal-file-mode" => Document(yaml::decimal_file_mode),
    "duplicate-key" => Reading,
    "invalid-yaml" => Reading,
    "number-loses-digits" => Document(yaml::number_loses_digits),
    "octal-number" => Document(yaml::octal_number),
    "probe-port-undeclared" => Object(probes::port_undeclared),
    "text-after-document" => Reading,
}
