//! Names against what Kubernetes accepts.

use super::*;

#[track_caller]
fn check(accepts: fn(&str) -> Problems, good: &[&str], bad: &[&str]) {
    for value in good {
        assert_eq!(accepts(value), Problems::new(), "{value:?}");
    }
    for value in bad {
        assert_ne!(accepts(value), Problems::new(), "{value:?}");
    }
}

#[test]
fn lengths_are_counted_in_bytes_and_the_limit_is_allowed() {
    let long = |length| "a".repeat(length);
    check(dns1123_label, &[&long(63)], &[&long(64)]);
    check(dns1035_label, &[&long(63)], &[&long(64)]);
    check(dns1123_subdomain, &[&long(253)], &[&long(254)]);
    check(wildcard_dns1123_subdomain, &[&format!("*.{}", long(251))], &[&format!("*.{}", long(252))]);
    check(label_value, &[&long(63)], &[&long(64)]);
    check(qualified_name, &[&format!("{}/{}", long(253), long(63))], &[&format!("{}/a", long(254)), &long(64)]);
    check(port_name, &[&long(15)], &[&long(16)]);
    check(config_map_key, &[&long(253)], &[&long(254)]);
}

#[test]
fn every_problem_of_a_name_is_reported() {
    let too_long = "A".repeat(64);
    assert_eq!(dns1123_label(&too_long).len(), 2);
    let said = |problems: Problems| -> Vec<(String, String)> {
        problems.into_iter().map(|problem| (problem.to_string(), problem.says.into_owned())).collect()
    };
    let pair = |words: &str, says: &str| vec![(words.to_owned(), says.to_owned())];
    assert_eq!(
        said(dns1123_label("")),
        pair(
            "must consist of lower-case letters, digits and `-`, with a letter or digit at both ends",
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
             with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
        )
    );
    assert_eq!(said(dns1123_label("a.b")), pair("must not contain dots", "must not contain dots"));
    assert_eq!(qualified_name("/").len(), 3);
    assert_eq!(qualified_name("A_/-").len(), 2);
    assert_eq!(qualified_name("a/b/c").len(), 1);
    assert_eq!(port_name("").len(), 2);
    assert_eq!(port_name("-1--2345678901234-").len(), 4);
    assert_eq!(config_map_key("..").len(), 1);
    assert_eq!(config_map_key("..=").len(), 2);
}

#[test]
fn parts_of_a_domain_start_and_end_with_letters_or_digits() {
    check(
        dns1123_subdomain,
        &["a", "1.2", "a-b.c--d"],
        &["", "a.", ".a", "a..b", "-a", "a.-b", "a_b", "A", "\u{e9}", "a\n"],
    );
    check(dns1123_subdomain_with_underscore, &["_a.b", "a_b", "a._tcp"], &["__a", "a_", "_", "", "a.__b"]);
    check(dns1123_subdomain_caseless, &["A.b"], &["", "A_"]);
    check(wildcard_dns1123_subdomain, &["*.a.b"], &["*", "*.", "*.*.a", "a.*.b", "a.b", "**.a", "*a.b"]);
    check(fully_qualified_name, &["a.b.c"], &["", "a.b", "a.b.c."]);
    check(fully_qualified_domain_name, &["a.b", "a.b."], &["", ".", "a", "a.b..", "A.b"]);
    assert_ne!(fully_qualified_domain_name(&format!("{}.b", "a".repeat(64))), Problems::new());
}

#[test]
fn keys_become_file_names() {
    check(config_map_key, &["a", ".a", "a..b", "-", "_"], &["", "..."]);
    check(config_map_key, &[".dockerconfigjson"], &[".", "..", "..a", "a/b", "a b"]);
}

#[test]
fn env_names_were_stricter_once() {
    check(env_var_name, &["A", "a.b-c_d", "-", ".a"], &["", ".", "..", "..a", "1a", "a=b"]);
    check(relaxed_env_var_name, &["1", " ", "a/b", "~", ".", "..a"], &["", "a=b", "\u{e9}", "\t", "\u{7f}"]);
}

#[test]
fn small_syntaxes_hold() {
    check(percent, &["0%", "007%", "99999999999999999999%"], &["", "%", "-1%", "+1%", "1.5%", "5", "5%%", "\u{661}%"]);
    check(c_identifier, &["_", "a1"], &["", "1a", "a-b"]);
    check(http_header_name, &["X-A", "-"], &["", "a_b", "a:"]);
    check(decimal_integer, &["0", "-1", "12345678901234567890"], &["", "-", "-0", "01", "+1", "1.0"]);
    check(path_segment_name, &["", "...", "a:b", "system:node"], &[".", "..", "a/b", "a%b"]);
    check(domain_prefixed_path, &["a.b/c", "a/b/c%20"], &["", "a", "/a", "a/", "A/b", "a/b c"]);
    check(domain_prefixed_key, &["a.b/C"], &["", "a", "a/b/c"]);
    assert_eq!([0, 1, 65535, 65536].map(|it| port_number(it).is_empty()), [false, true, true, false]);
}
