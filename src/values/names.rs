//! Names, keys and values: which strings Kubernetes takes for which purpose.
//!
//! Mirrors the `Is…` functions of k8s.io/apimachinery/pkg/util/validation/validation.go and
//! pkg/api/validate/content (v1.36), regular expressions included, which are written out as scanners here.
//! Each function returns the problems that the original reports, one for one; a valid string has none.
//! Lengths are bytes. Left out: user and group ids, which are plain ranges.

/// What is wrong with a string: short sentences, to be put behind the name of the field.
pub type Problems = Vec<String>;

/// A DNS label by RFC 1123: names of namespaces, Services, containers, volumes.
pub fn dns1123_label(value: &str) -> Problems {
    let mut problems = too_long(value, 63);
    if !is_label(value, "-") {
        problems.push(if is_subdomain(value, "-") {
            "must not contain dots".to_owned()
        } else {
            "must consist of lower-case letters, digits and `-`, with a letter or digit at both ends".to_owned()
        });
    }
    problems
}

/// A DNS subdomain by RFC 1123: names of most objects.
pub fn dns1123_subdomain(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    if !is_subdomain(value, "-") {
        problems.push(
            "must consist of lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of each part"
                .to_owned(),
        );
    }
    problems
}

/// A DNS subdomain that may contain underscores: search domains of a pod's DNS.
pub fn dns1123_subdomain_with_underscore(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    let is_part = |part: &str| is_label(part.strip_prefix('_').unwrap_or(part), "-_");
    if !value.split('.').all(is_part) {
        problems.push(
            "must consist of lower-case letters, digits, `_`, `-` and `.`, with a letter or digit at both ends of each part"
                .to_owned(),
        );
    }
    problems
}

/// A DNS subdomain in which capitals are allowed too: names of CSI drivers.
pub fn dns1123_subdomain_caseless(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    if !is_subdomain(&value.to_ascii_lowercase(), "-") {
        problems.push(
            "must consist of letters, digits, `-` and `.`, with a letter or digit at both ends of each part".to_owned(),
        );
    }
    problems
}

/// A DNS label by RFC 1035, which starts with a letter: names of Services.
pub fn dns1035_label(value: &str) -> Problems {
    let mut problems = too_long(value, 63);
    if !is_label(value, "-") || value.starts_with(|it: char| it.is_ascii_digit()) {
        problems.push(
            "must consist of lower-case letters, digits and `-`, start with a letter and end with a letter or digit"
                .to_owned(),
        );
    }
    problems
}

/// `*.` and a DNS subdomain: hosts of an Ingress.
pub fn wildcard_dns1123_subdomain(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    if !value.strip_prefix("*.").is_some_and(|it| is_subdomain(it, "-")) {
        problems.push("must be `*.` followed by a DNS subdomain such as `example.com`".to_owned());
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
    name.split('.').map(dns1123_label).find(|it| !it.is_empty()).unwrap_or_default()
}

/// The key of a label or annotation, or the name of a resource: a name with an optional domain before it.
pub fn qualified_name(value: &str) -> Problems {
    let mut problems = Vec::new();
    let name = match value.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                problems.push("must have a domain before the `/`".to_owned());
            } else {
                problems.extend(dns1123_subdomain(prefix).iter().map(|it| format!("{it}, before the `/`")));
            }
            name
        }
        _ => {
            return vec!["must be a name with at most one domain before it, such as `example.com/name`".to_owned()];
        }
    };
    if name.is_empty() {
        problems.push("must have a name, not only a domain".to_owned());
    } else {
        problems.extend(too_long(name, 63).iter().map(|it| format!("{it} in the name")));
    }
    if !is_label_text(name) {
        problems.push(
            "must have a name of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends".to_owned(),
        );
    }
    problems
}

/// The value of a label; it may be empty.
pub fn label_value(value: &str) -> Problems {
    let mut problems = too_long(value, 63);
    if !value.is_empty() && !is_label_text(value) {
        problems.push(
            "must be empty or consist of letters, digits, `-`, `_` and `.`, with a letter or digit at both ends"
                .to_owned(),
        );
    }
    problems
}

/// The name of a port, a service name by RFC 6335 in lower case.
pub fn port_name(value: &str) -> Problems {
    let mut problems = too_long(value, 15);
    let mut unless = |holds: bool, problem: &str| {
        if !holds {
            problems.push(problem.to_owned());
        }
    };
    unless(
        is_made_of(value, |it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-'),
        "must consist of lower-case letters, digits and `-`",
    );
    unless(value.bytes().any(|it| it.is_ascii_lowercase()), "must contain a lower-case letter");
    unless(!value.contains("--"), "must not contain `--`");
    unless(!value.starts_with('-') && !value.ends_with('-'), "must not start or end with `-`");
    problems
}

/// The number of a port.
pub fn port_number(value: i64) -> Problems {
    if (1..=65535).contains(&value) { vec![] } else { vec!["must be between 1 and 65535".to_owned()] }
}

/// An identifier of the language C.
pub fn c_identifier(value: &str) -> Problems {
    let valid = is_made_of(value, |it| it.is_ascii_alphanumeric() || it == b'_')
        && !value.starts_with(|it: char| it.is_ascii_digit());
    problem_unless(valid, "must consist of letters, digits and `_`, and not start with a digit")
}

/// The name of an environment variable as it had to be before [`relaxed_env_var_name`].
pub fn env_var_name(value: &str) -> Problems {
    let valid = is_made_of(value, is_key_byte) && !value.starts_with(|it: char| it.is_ascii_digit());
    let mut problems =
        problem_unless(valid, "must consist of letters, digits, `_`, `-` and `.`, and not start with a digit");
    problems.extend(parent_directory(value));
    problems
}

/// The name of an environment variable: any printable ASCII but `=`.
pub fn relaxed_env_var_name(value: &str) -> Problems {
    let mut problems = problem_unless(!value.is_empty(), "must not be empty");
    if value.bytes().any(|it| !(b' '..=b'~').contains(&it) || it == b'=') {
        problems.push("must consist of printable ASCII characters other than `=`".to_owned());
    }
    problems
}

/// The key of a `ConfigMap` or Secret, which becomes the name of a file.
pub fn config_map_key(value: &str) -> Problems {
    let mut problems = too_long(value, 253);
    problems
        .extend(problem_unless(is_made_of(value, is_key_byte), "must consist of letters, digits, `-`, `_` and `.`"));
    problems.extend(parent_directory(value));
    problems
}

/// The name of an HTTP header.
pub fn http_header_name(value: &str) -> Problems {
    let valid = is_made_of(value, |it| it.is_ascii_alphanumeric() || it == b'-');
    problem_unless(valid, "must consist of letters, digits and `-`")
}

/// Digits and a `%`.
pub fn percent(value: &str) -> Problems {
    let valid = value.strip_suffix('%').is_some_and(|it| is_made_of(it, |it| it.is_ascii_digit()));
    problem_unless(valid, "must be digits followed by `%`")
}

/// A whole number in its shortest form, of any size.
pub fn decimal_integer(value: &str) -> Problems {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let shortest = value == "0" || !digits.starts_with('0');
    let valid = shortest && is_made_of(digits, |it| it.is_ascii_digit());
    problem_unless(valid, "must be a whole number without leading zeros")
}

/// A name that becomes part of a URL: names of RBAC objects.
pub fn path_segment_name(value: &str) -> Problems {
    if value == "." || value == ".." {
        return vec![format!("must not be `{value}`")];
    }
    let contained = ["/", "%"].into_iter().filter(|it| value.contains(it));
    contained.map(|it| format!("must not contain `{it}`")).collect()
}

/// A domain, a `/` and a path: names of controllers.
pub fn domain_prefixed_path(value: &str) -> Problems {
    let Some((host, path)) = value.split_once('/').filter(|(host, path)| !host.is_empty() && !path.is_empty()) else {
        return vec!["must be a domain and a path, such as `example.com/name`".to_owned()];
    };
    let mut problems = dns1123_subdomain(host);
    let is_path_byte = |it: u8| it.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&it);
    problems
        .extend(problem_unless(is_made_of(path, is_path_byte), "must have a path of characters that need no escape"));
    problems
}

/// A [`qualified_name`] whose domain is not optional.
pub fn domain_prefixed_key(value: &str) -> Problems {
    let problems = qualified_name(value);
    if !problems.is_empty() {
        return problems;
    }
    problem_unless(value.contains('/'), "must have a domain before the name, such as `example.com/name`")
}

fn qualified_domain(value: &str, parts: usize) -> Problems {
    let problems = dns1123_subdomain(value);
    if !problems.is_empty() {
        return problems;
    }
    if value.split('.').count() < parts {
        vec![format!("must have at least {parts} parts with dots between them")]
    } else {
        vec![]
    }
}

fn too_long(value: &str, limit: usize) -> Problems {
    if value.len() > limit { vec![format!("must be at most {limit} characters")] } else { vec![] }
}

/// Files of mounted volumes must not leave their directory.
fn parent_directory(value: &str) -> Option<String> {
    match value {
        "." | ".." => Some(format!("must not be `{value}`")),
        _ => value.starts_with("..").then(|| "must not start with `..`".to_owned()),
    }
}

fn problem_unless(valid: bool, problem: &str) -> Problems {
    if valid { vec![] } else { vec![problem.to_owned()] }
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
