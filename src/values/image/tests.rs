//! Image references against what the runtime reads.

use proptest::prelude::*;

use super::{ImageError, ImageReference};

#[track_caller]
fn check(text: &str, full: &str) {
    assert_eq!(ImageReference::parse(text).map(|it| it.to_string()), Ok(full.to_owned()), "{text}");
}

#[test]
fn docker_hub_is_the_default_registry() {
    check("nginx", "docker.io/library/nginx");
    check("a/b", "docker.io/a/b");
    check("docker.io/nginx:1", "docker.io/library/nginx:1");
    check("index.docker.io/nginx", "docker.io/library/nginx");
    check("localhost/nginx", "localhost/nginx");
    check("LOCALHOST/nginx", "LOCALHOST/nginx");
    check("a.b:80", "docker.io/library/a.b:80");
}

#[test]
fn hosts_may_be_addresses_with_ports() {
    check("[::1]:5000/x", "[::1]:5000/x");
    check("10.0.0.1/x:1", "10.0.0.1/x:1");
    check("a:5000/b:c", "a:5000/b:c");
    for text in ["[::1/x", "[]:1/x", "[::1]x/y", "a:/b", "a:b/c", "-a.b/c"] {
        assert_eq!(ImageReference::parse(text), Err(ImageError::Shape), "{text}");
    }
}

#[test]
fn a_dotted_name_that_is_no_host_is_part_of_the_repository() {
    let image = ImageReference::parse("a_b.c/d").expect("upstream accepts it");
    assert_eq!((image.domain.as_str(), image.path.as_str()), ("", "a_b.c/d"));
}

#[test]
fn repositories_have_single_separators() {
    for text in ["a.b", "a_b", "a__b", "a---b"] {
        check(text, &format!("docker.io/library/{text}"));
    }
    for text in ["", "a..b", "a___b", "a._b", "a-", "_a", "a/", "/a", "a//b", "a b", "a\n", "a:", "a:-x", "a@", "é"] {
        assert_eq!(ImageReference::parse(text), Err(ImageError::Shape), "{text}");
    }
    assert_eq!(ImageReference::parse("Nginx"), Err(ImageError::Uppercase));
    assert_eq!(ImageReference::parse("docker.io/A:1"), Err(ImageError::Uppercase));
}

#[test]
fn digests_have_the_length_of_their_algorithm() {
    check(&format!("a@sha512:{}", "0".repeat(128)), &format!("docker.io/library/a@sha512:{}", "0".repeat(128)));
    for (digest, error) in [
        ("sha256:".to_owned() + &"0".repeat(63), ImageError::Digest),
        ("sha256:".to_owned() + &"A".repeat(64), ImageError::Digest),
        ("md5:".to_owned() + &"0".repeat(32), ImageError::Digest),
        ("sha256:".to_owned() + &"0".repeat(31), ImageError::Shape),
        ("sha256:".to_owned() + &"g".repeat(64), ImageError::Shape),
    ] {
        assert_eq!(ImageReference::parse(&format!("a:1@{digest}")), Err(error), "{digest}");
    }
    assert_eq!(ImageReference::parse(&"0".repeat(64)), Err(ImageError::Identifier));
}

proptest! {
    #[test]
    fn the_full_form_means_the_same(text in "([a-z.]{1,8}(:[0-9]{1,4})?/)?[a-z0-9_.-]{1,8}(/[a-z]{1,3})?(:[A-Za-z0-9_.-]{1,8})?") {
        if let Ok(image) = ImageReference::parse(&text) {
            // Without a registry the full form would be read anew.
            prop_assume!(!image.domain.is_empty());
            prop_assert_eq!(ImageReference::parse(&image.to_string()), Ok(image));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = ImageReference::parse(&text);
    }
}
