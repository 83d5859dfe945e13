//! A rule's page: front matter and the text for people.

use crate::finding::Group;

/// `rules/<id>/README.md`, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The problem in one sentence, in lower case, without a full stop.
    pub summary: String,
    /// The name of the [`Group`].
    pub group: String,
    /// The kinds it looks at; empty for all.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// The version of seatrial that brought it.
    pub since: String,
    /// The function or page that it mirrors, if it mirrors one.
    #[serde(default)]
    pub upstream: Option<String>,
    /// What it finds, why it matters, how to fix it: Markdown.
    #[serde(skip)]
    pub body: String,
}

impl Page {
    /// Reads a page. A page with broken front matter has none; a test makes sure that there is no such page.
    pub fn parse(text: &str) -> Self {
        let Some((front, body)) = split(text) else {
            return Self { body: text.to_owned(), ..Self::default() };
        };
        let page: Self = serde_yaml::from_str(front).unwrap_or_default();
        Self { body: body.trim_start().to_owned(), ..page }
    }
}

/// The group alone, without a YAML parser, because every start of the program needs it for every rule.
pub(super) fn group(text: &str) -> Group {
    let front = split(text).map_or("", |(front, _)| front);
    front.lines().find_map(|line| Group::from_name(line.strip_prefix("group:")?.trim())).unwrap_or(Group::Advice)
}

fn split(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix("---\n")?.split_once("\n---\n")
}
