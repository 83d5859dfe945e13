//! Names, keys and values: which strings Kubernetes takes for which purpose.
//!
//! Mirrors the `Is…` functions of k8s.io/apimachinery/pkg/util/validation/validation.go and
//! pkg/api/validate/content (v1.36), regular expressions included, which are written out as scanners here.
//! Each function returns the problems that the original reports, one for one; a valid string has none.
//! Lengths are bytes. Left out: user and group ids, which are plain ranges.

use std::borrow::Cow;
use std::fmt;

/// What is wrong with a string. It is displayed as a short sentence, to be put behind the name of the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    words: Cow<'static, str>,
    /// The original's own words.
    pub says: Cow<'static, str>,
    /// The part of the string that the original blames, if it is not all of it.
    pub part: Option<String>,
}

/// Everything that is wrong with a string.
pub type Problems = Vec<Problem>;

impl Problem {
    /// A problem in our words and in those of the original.
    pub fn new(words: impl Into<Cow<'static, str>>, says: impl Into<Cow<'static, str>>) -> Self {
        Self { words: words.into(), says: says.into(), part: None }
    }
}

/// All problems as one, whose original words have `separator` between them; `None` if there are none.
pub fn together(problems: &[Problem], separator: &str) -> Option<Problem> {
    let words: Vec<&str> = problems.iter().map(|problem| &*problem.words).collect();
    let says: Vec<&str> = problems.iter().map(|problem| &*problem.says).collect();
    (!problems.is_empty()).then(|| Problem::new(words.join(" and "), says.join(separator)))
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The original's words for what a regular expression does not match (`RegexError`), with the expressions written out.
mod says {
    pub(super) const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and \
        must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
        '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    pub(super) const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
        '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
        '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    pub(super) const SUBDOMAIN_WITH_UNDERSCORE: &str = "a lowercase RFC 1123 subdomain must consist of lower case \
        alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', \
        regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";
    pub(super) const SUBDOMAIN_CASELESS: &str = "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', \
        and must start and end with an alphanumeric character (e.g. 'Example.com', regex used for validation is \
        '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    pub(super) const LABEL_1035: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start \
        with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
        validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    pub(super) const WILDCARD: &str = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS \
        subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric \
        character (e.g. '*.example.com', regex used for validation is \
        '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    pub(super) const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start \
        and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
        '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    pub(super) const LABEL_KEY: &str = "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must \
        start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation \
        is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. \
        'example.com/MyName')";
    pub(super) const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', \
        '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
        used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    pub(super) const C_IDENTIFIER: &str = "a valid C identifier must start with alphabetic character or '_', followed by a \
        string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is \
        '[A-Za-z_][A-Za-z0-9_]*')";
    pub(super) const VARIABLE: &str = "a valid environment variable name must consist of alphabetic characters, digits, '_', \
        '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for \
        validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
    pub(super) const RELAXED_VARIABLE: &str =
        "a valid environment variable name must consist only of printable ASCII characters other than '='";
    pub(super) const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
        'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    pub(super) const HEADER: &str = "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. \
        'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
    pub(super) const PERCENT: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  \
        or '93%', regex used for validation is '[0-9]+%')";
    pub(super) const PATH: &str = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
}

/// A DNS label by RFC 1123: names of namespaces, Services, containers, volumes.
pub fn dns1123_label(value: &str) -> Problems {
    let mut problems = too_long(value, 63);
    if !is_label(value, "-") {
        problems.push(if is_subdomain(value, "-") {
            Problem::new("must not contain dots", "must not contain dots")
        } else {
            Problem::new(
                "must consist of lower-case letters, digits and `-`, with a letter or digit at both ends",
                says::LABEL,
            )
        });
    }
    problems
}

/// A DNS subdomain by RFC 1123: names of most objects.
pub fn dns1123_subdomain(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    if !is_subdomain(value, "-") {
        problems.push(Problem::new(
            "must consist of lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of each part",
            says::SUBDOMAIN,
        ));
    }
    problems
}

/// A DNS subdomain that may contain underscores: search domains of a pod's DNS.
pub fn dns1123_subdomain_with_underscore(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    let is_part = |part: &str| is_label(part.strip_prefix('_').unwrap_or(part), "-_");
    if !value.split('.').all(is_part) {
        problems.push(Problem::new(
            "must consist of lower-case letters, digits, `_`, `-` and `.`, with a letter or digit at both ends of each part",
            says::SUBDOMAIN_WITH_UNDERSCORE,
        ));
    }
    problems
}

/// A DNS subdomain in which capitals are allowed too: names of CSI drivers.
pub fn dns1123_subdomain_caseless(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    if !is_subdomain(&value.to_ascii_lowercase(), "-") {
        problems.push(Problem::new(
            "must consist of letters, digits, `-` and `.`, with a letter or digit at both ends of each part",
            says::SUBDOMAIN_CASELESS,
        ));
    }
    problems
}

/// A DNS label by RFC 1035, which starts with a letter: names of Services.
pub fn dns1035_label(value: &str) -> Problems {
    let mut problems = too_long(value, 63);
    if !is_label(value, "-") || value.starts_with(|it: char| it.is_ascii_digit()) {
        problems.push(Problem::new(
            "must consist of lower-case letters, digits and `-`, start with a letter and end with a letter or digit",
            says::LABEL_1035,
        ));
    }
    problems
}

/// `*.` and a DNS subdomain: hosts of an Ingress.
pub fn wildcard_dns1123_subdomain(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    if !value.strip_prefix("*.").is_some_and(|it| is_subdomain(it, "-")) {
        problems.push(Problem::new("must be `*.` followed by a DNS subdomain such as `example.com`", says::WILDCARD));
    }
    problems
}

/// A DNS subdomain of at least three parts.
pub fn fully_qualified_name(value: &str) -> Problems {
    qualified_domain(value, 3)
}

/// A DNS name of at least two parts, each a DNS label; one dot at the end is allowed.
pub fn fully_qualified_domain_name(value: &str) -> Problems {
    let name = if value.is_empty() { value } else { value.strip_suffix('.').unwrap_or(value) };
    let problems = qualified_domain(name, 2);
    if !problems.is_empty() {
        return problems;
    }
    let of = |label: &str| {
        let problems = dns1123_label(label).into_iter();
        problems.map(|problem| Problem { part: Some(label.to_owned()), ..problem }).collect::<Problems>()
    };
    name.split('.').map(of).find(|it| !it.is_empty()).unwrap_or_default()
}

/// The key of a label or annotation, or the name of a resource: a name with an optional domain before it.
pub fn qualified_name(value: &str) -> Problems {
    let mut problems = Vec::new();
    let name = match value.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                problems.push(Problem::new("must have a domain before the `/`", "prefix part must be non-empty"));
            } else {
                if prefix.len() > 253 {
                    let words = "must be at most 253 characters, before the `/`";
                    problems.push(Problem::new(words, format!("prefix part {}", bytes(253))));
                }
                let is_pattern = |problem: &Problem| problem.says == says::SUBDOMAIN;
                problems.extend(dns1123_subdomain(prefix).into_iter().filter(is_pattern).map(|problem| {
                    Problem::new(format!("{problem}, before the `/`"), format!("prefix part {}", problem.says))
                }));
            }
            name
        }
        _ => {
            let words = "must be a name with at most one domain before it, such as `example.com/name`";
            return vec![Problem::new(words, says::LABEL_KEY)];
        }
    };
    if name.is_empty() {
        problems.push(Problem::new("must have a name, not only a domain", "name part must be non-empty"));
    } else if name.len() > 63 {
        let words = "must be at most 63 characters in the name";
        problems.push(Problem::new(words, format!("name part {}", bytes(63))));
    }
    if !is_label_text(name) {
        problems.push(Problem::new(
            "must have a name of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
            says::NAME_PART,
        ));
    }
    problems
}

/// The value of a label; it may be empty.
pub fn label_value(value: &str) -> Problems {
    let mut problems = Vec::new();
    if value.len() > 63 {
        problems.push(Problem::new("must be at most 63 characters", bytes(63)));
    }
    if !value.is_empty() && !is_label_text(value) {
        problems.push(Problem::new(
            "must be empty or consist of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends",
            says::LABEL_VALUE,
        ));
    }
    problems
}

/// The name of a port, a service name by RFC 6335 in lower case.
pub fn port_name(value: &str) -> Problems {
    let mut problems = too_long(value, 15);
    let mut unless = |holds: bool, words: &'static str, says: &'static str| {
        if !holds {
            problems.push(Problem::new(words, says));
        }
    };
    unless(
        is_made_of(value, |it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-'),
        "must consist of lower-case letters, digits and `-`",
        "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
    );
    let has_letter = value.bytes().any(|it| it.is_ascii_lowercase());
    unless(has_letter, "must contain a lower-case letter", "must contain at least one letter (a-z)");
    unless(!value.contains("--"), "must not contain `--`", "must not contain consecutive hyphens");
    let has_inner_hyphens = !value.starts_with('-') && !value.ends_with('-');
    unless(has_inner_hyphens, "must not start or end with `-`", "must not begin or end with a hyphen");
    problems
}

/// The number of a port.
pub fn port_number(value: i64) -> Problems {
    let is_port = (1..=65535).contains(&value);
    problem_unless(is_port, "must be between 1 and 65535", "must be between 1 and 65535, inclusive")
}

/// An identifier of the language C.
pub fn c_identifier(value: &str) -> Problems {
    let valid = is_made_of(value, |it| it.is_ascii_alphanumeric() || it == b'_')
        && !value.starts_with(|it: char| it.is_ascii_digit());
    problem_unless(valid, "must consist of letters, digits and `_`, and not start with a digit", says::C_IDENTIFIER)
}

/// The name of an environment variable as it had to be before [`relaxed_env_var_name`].
pub fn env_var_name(value: &str) -> Problems {
    let valid = is_made_of(value, is_key_byte) && !value.starts_with(|it: char| it.is_ascii_digit());
    let words = "must consist of letters, digits, `_`, `-` and `.`, and not start with a digit";
    let mut problems = problem_unless(valid, words, says::VARIABLE);
    problems.extend(parent_directory(value));
    problems
}

/// The name of an environment variable: any printable ASCII but `=`.
pub fn relaxed_env_var_name(value: &str) -> Problems {
    let says = "environment variable name must be non-empty";
    let mut problems = problem_unless(!value.is_empty(), "must not be empty", says);
    if value.bytes().any(|it| !(b' '..=b'~').contains(&it) || it == b'=') {
        let words = "must consist of printable ASCII characters other than `=`";
        problems.push(Problem::new(words, says::RELAXED_VARIABLE));
    }
    problems
}

/// The key of a `ConfigMap` or Secret, which becomes the name of a file.
pub fn config_map_key(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    let words = "must consist of letters, digits, `-`, `_` and `.`";
    problems.extend(problem_unless(is_made_of(value, is_key_byte), words, says::CONFIG_KEY));
    problems.extend(parent_directory(value));
    problems
}

/// The name of an HTTP header.
pub fn http_header_name(value: &str) -> Problems {
    let valid = is_made_of(value, |it| it.is_ascii_alphanumeric() || it == b'-');
    problem_unless(valid, "must consist of letters, digits and `-`", says::HEADER)
}

/// Digits and a `%`.
pub fn percent(value: &str) -> Problems {
    let valid = value.strip_suffix('%').is_some_and(|it| is_made_of(it, |it| it.is_ascii_digit()));
    problem_unless(valid, "must be digits followed by `%`", says::PERCENT)
}

/// A whole number in its shortest form, of any size.
pub fn decimal_integer(value: &str) -> Problems {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let shortest = value == "0" || !digits.starts_with('0');
    let valid = shortest && is_made_of(digits, |it| it.is_ascii_digit());
    let says = if value.is_empty() { "must be non-empty" } else { "must be a valid decimal integer in canonical form" };
    problem_unless(valid, "must be a whole number without leading zeros", says)
}

/// A name that becomes part of a URL: names of RBAC objects.
pub fn path_segment_name(value: &str) -> Problems {
    if value == "." || value == ".." {
        return vec![Problem::new(format!("must not be `{value}`"), format!("may not be '{value}'"))];
    }
    let contained = ["/", "%"].into_iter().filter(|it| value.contains(it));
    contained.map(|it| Problem::new(format!("must not contain `{it}`"), format!("may not contain '{it}'"))).collect()
}

/// A domain, a `/` and a path: names of controllers.
pub fn domain_prefixed_path(value: &str) -> Problems {
    let Some((host, path)) = value.split_once('/').filter(|(host, path)| !host.is_empty() && !path.is_empty()) else {
        let words = "must be a domain and a path, such as `example.com/name`";
        return vec![Problem::new(words, r#"must be a domain-prefixed path (such as "acme.io/foo")"#)];
    };
    let of = |part: &str| {
        let part = part.to_owned();
        move |problem| Problem { part: Some(part.clone()), ..problem }
    };
    let mut problems: Problems = dns1123_subdomain(host).into_iter().map(of(host)).collect();
    let is_path_byte = |it: u8| it.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&it);
    let words = "must have a path of characters that need no escape";
    problems.extend(problem_unless(is_made_of(path, is_path_byte), words, says::PATH).into_iter().map(of(path)));
    problems
}

/// A [`qualified_name`] whose domain is not optional.
pub fn domain_prefixed_key(value: &str) -> Problems {
    let problems = qualified_name(value);
    if !problems.is_empty() {
        return problems;
    }
    let says = r#"must be a domain-prefixed key (such as "acme.io/foo")"#;
    problem_unless(value.contains('/'), "must have a domain before the name, such as `example.com/name`", says)
}

fn qualified_domain(value: &str, parts: usize) -> Problems {
    let problems = dns1123_subdomain(value);
    if !problems.is_empty() {
        return problems;
    }
    let words = format!("must have at least {parts} parts with dots between them");
    let number = if parts == 2 { "two" } else { "three" };
    let says = format!("should be a domain with at least {number} segments separated by dots");
    problem_unless(value.split('.').count() >= parts, words, says)
}

fn too_long(value: &str, limit: usize) -> Problems {
    let says = format!("must be no more than {limit} characters");
    problem_unless(value.len() <= limit, format!("must be at most {limit} characters"), says)
}

/// `MaxLenError` of pkg/api/validate/content, which counts in bytes; that of pkg/util/validation says characters.
fn bytes(limit: usize) -> String {
    format!("must be no more than {limit} bytes")
}

/// Files of mounted volumes must not leave their directory.
fn parent_directory(value: &str) -> Option<Problem> {
    match value {
        "." | ".." => Some(Problem::new(format!("must not be `{value}`"), format!("must not be '{value}'"))),
        _ => value.starts_with("..").then(|| Problem::new("must not start with `..`", "must not start with '..'")),
    }
}

fn problem_unless(valid: bool, words: impl Into<Cow<'static, str>>, says: impl Into<Cow<'static, str>>) -> Problems {
    if valid { vec![] } else { vec![Problem::new(words, says)] }
}

fn is_subdomain(value: &str, inner: &str) -> bool {
    value.split('.').all(|it| is_label(it, inner))
}

/// Lower-case letters and digits, and inside also the characters of `inner`.
fn is_label(value: &str, inner: &str) -> bool {
    let is_end = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit();
    is_made_of(value, |it| is_end(it) || inner.as_bytes().contains(&it)) && has_ends(value, is_end)
}

fn is_label_text(value: &str) -> bool {
    is_made_of(value, is_key_byte) && has_ends(value, |it| it.is_ascii_alphanumeric())
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

fn has_ends(value: &str, is_end: impl Fn(u8) -> bool) -> bool {
    let bytes = value.as_bytes();
    bytes.first().is_some_and(|it| is_end(*it)) && bytes.last().is_some_and(|it| is_end(*it))
}

fn is_made_of(value: &str, is_member: impl Fn(u8) -> bool) -> bool {
    !value.is_empty() && value.bytes().all(is_member)
}

#[cfg(test)]
mod tests;
