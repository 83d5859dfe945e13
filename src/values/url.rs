//! URLs, as Go's `url.Parse` takes them apart.
//!
//! Mirrors net/url of Go 1.25, as far as whether a text is a URL and which parts it has. Left out: what the parts say once
//! their escapes are resolved.

/// The parts of a URL that the API server asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url<'a> {
    /// What stands before the first colon, in lower case; empty if there is none.
    pub scheme: String,
    /// The host with its port; empty if there is none.
    pub host: &'a str,
    /// Whether a user is named.
    pub has_user: bool,
    /// What follows the `?`.
    pub query: &'a str,
    /// What follows the `#`.
    pub fragment: &'a str,
}

/// Why a text is no URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// A control character.
    #[error("contains a control character")]
    Control,
    /// `:` at the start.
    #[error("has no scheme before its first `:`")]
    Scheme,
    /// A colon in the first part of a path, where it would read as the end of a scheme.
    #[error("has a `:` in the first part of its path")]
    Colon,
    /// A character that a name of a host or a user cannot have.
    #[error("has a host or user with a character that is not allowed there")]
    Authority,
    /// A port that is no number.
    #[error("has a port that is no number")]
    Port,
    /// A `%` that is not followed by two hexadecimal digits, or not allowed where it stands.
    #[error("has a `%` that is no escape")]
    Escape,
}

/// Takes a URL apart.
pub fn parse(text: &str) -> Result<Url<'_>, UrlError> {
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    if rest.bytes().any(|byte| byte < b' ' || byte == 0x7f) {
        return Err(UrlError::Control);
    }
    let (scheme, rest) = scheme(rest)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut url = Url { scheme: scheme.to_ascii_lowercase(), host: "", has_user: false, query, fragment };
    if !rest.starts_with('/') {
        if !scheme.is_empty() {
            // Nothing in such a URL is looked at more closely.
            escapes(fragment)?;
            return Ok(url);
        }
        if rest.split('/').next().is_some_and(|first| first.contains(':')) {
            return Err(UrlError::Colon);
        }
    }
    let mut path = rest;
    if let Some(authority) = rest.strip_prefix("//").filter(|after| !scheme.is_empty() || !after.starts_with('/')) {
        let (authority, after) = authority.split_at(authority.find('/').unwrap_or(authority.len()));
        path = after;
        url.host = match authority.rsplit_once('@') {
            Some((user, host)) => {
                url.has_user = true;
                self::host(host)?;
                self::user(user)?;
                host
            }
            None => self::host(authority)?,
        };
    }
    escapes(path)?;
    escapes(fragment)?;
    Ok(url)
}

/// The scheme and what follows its colon.
fn scheme(text: &str) -> Result<(&str, &str), UrlError> {
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return Err(UrlError::Scheme),
            b':' => return Ok((&text[..at], &text[at + 1..])),
            _ => break,
        }
    }
    Ok(("", text))
}

fn host(text: &str) -> Result<&str, UrlError> {
    if let Some(inside) = text.strip_prefix('[') {
        let (address, port) = inside.rsplit_once(']').ok_or(UrlError::Authority)?;
        self::port(port)?;
        let address = address.split("%25").next().unwrap_or_default();
        address.parse::<std::net::Ipv6Addr>().map_err(|_| UrlError::Authority)?;
        return Ok(text);
    }
    if let Some(at) = text.rfind(':') {
        port(&text[at..])?;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                // Only what is not ASCII may be escaped in a host, and the `%` itself.
                let digits = hexadecimal(&bytes[at + 1..]).ok_or(UrlError::Escape)?;
                if digits < 0x80 && digits != b'%' {
                    return Err(UrlError::Escape);
                }
                at += 3;
            }
            byte if byte >= 0x80 || byte.is_ascii_alphanumeric() || b"!$&'()*+,;=:[]<>\"-_.~".contains(&byte) => {
                at += 1;
            }
            _ => return Err(UrlError::Authority),
        }
    }
    Ok(text)
}

/// Nothing, or a colon with digits or nothing behind it.
fn port(text: &str) -> Result<(), UrlError> {
    let valid = text.is_empty() || text.strip_prefix(':').is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()));
    if valid { Ok(()) } else { Err(UrlError::Port) }
}

fn user(text: &str) -> Result<(), UrlError> {
    if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte)) {
        return Err(UrlError::Authority);
    }
    escapes(text)
}

/// Each `%` must be followed by two hexadecimal digits.
fn escapes(text: &str) -> Result<(), UrlError> {
    let mut parts = text.split('%');
    parts.next();
    if parts.all(|part| hexadecimal(part.as_bytes()).is_some()) { Ok(()) } else { Err(UrlError::Escape) }
}

/// The byte that the first two characters stand for.
fn hexadecimal(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host_of(text: &str) -> Result<String, UrlError> {
        parse(text).map(|url| url.host.to_owned())
    }

    #[test]
    fn a_url_comes_apart_as_in_go() {
        let url = parse("HTTPS://me:pw@example.com:8443/a/b?c=d#e").expect("is a URL");
        assert_eq!((url.scheme.as_str(), url.host, url.has_user), ("https", "example.com:8443", true));
        assert_eq!((url.query, url.fragment), ("c=d", "e"));
        assert_eq!(parse("https:opaque").expect("is a URL").host, "");
        assert_eq!(parse("/only/a/path").expect("is a URL").scheme, "");
        assert_eq!(parse("").expect("is a URL").host, "");
    }

    #[test]
    fn hosts_and_ports_are_checked() {
        assert_eq!(host_of("https://[::1]:443/x"), Ok("[::1]:443".to_owned()));
        assert_eq!(host_of("https://a b/"), Err(UrlError::Authority));
        assert_eq!(host_of("https://[::1"), Err(UrlError::Authority));
        assert_eq!(host_of("https://host:port"), Err(UrlError::Port));
        assert_eq!(host_of("https://%41.example.com"), Err(UrlError::Escape));
    }

    #[test]
    fn what_is_no_url_says_why() {
        assert_eq!(parse(":x"), Err(UrlError::Scheme));
        assert_eq!(parse("a\tb"), Err(UrlError::Control));
        assert_eq!(parse("1.2.3.4:80"), Err(UrlError::Colon));
        assert_eq!(parse("https://host/%zz"), Err(UrlError::Escape));
    }
}
