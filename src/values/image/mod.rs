//! Image references such as `nginx:1.27` or `quay.io/a/b@sha256:…`.
//!
//! Mirrors `ParseNormalizedNamed` of github.com/distribution/reference and `Digest.Validate` of
//! github.com/opencontainers/go-digest, as vendored by Kubernetes v1.36; the kubelet refuses with
//! `InvalidImageName` what they refuse. The regular expressions are written out as scanners here. Left out:
//! the default tag, because whether a tag was written is what people want to know.

use std::fmt;

/// A reference taken apart, with the defaults of Docker Hub filled in.
///
/// ```
/// use seatrial::values::image::ImageReference;
///
/// let image = ImageReference::parse("nginx:1.27")?;
/// assert_eq!((image.domain.as_str(), image.path.as_str()), ("docker.io", "library/nginx"));
/// assert_eq!(image.tag.as_deref(), Some("1.27"));
/// assert_eq!(image.to_string(), "docker.io/library/nginx:1.27");
/// # Ok::<(), seatrial::values::image::ImageError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    /// The registry, with its port. Empty for the odd name that has a dot or colon but is no host, such as
    /// `a_b.c/d`.
    pub domain: String,
    /// The repository inside the registry.
    pub path: String,
    /// The tag, if one was written.
    pub tag: Option<String>,
    /// The digest, if one was written.
    pub digest: Option<String>,
}

/// Why a text is no image reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Nothing but 64 hexadecimal digits, which would be the id of an image.
    #[error("an image cannot be named by its 64 hexadecimal digits alone")]
    Identifier,
    /// Capitals in the repository; only registries and tags may have them.
    #[error("the repository of an image must be lower-case")]
    Uppercase,
    /// The text does not have the shape of a reference.
    #[error("an image reference looks like `registry/repository:tag` or `registry/repository@sha256:digest`")]
    Shape,
    /// The repository has more than 255 characters.
    #[error("the repository of an image must be at most 255 characters")]
    TooLong,
    /// The digest is of no known kind or has the wrong number of digits.
    #[error(
        "the digest of an image is `sha256:`, `sha384:` or `sha512:` with 64, 96 or 128 lower-case hexadecimal digits"
    )]
    Digest,
}

impl ImageReference {
    /// Reads a reference as container runtimes do.
    pub fn parse(text: &str) -> Result<ImageReference, ImageError> {
        if text.len() == 64 && text.bytes().all(is_lower_hex) {
            return Err(ImageError::Identifier);
        }
        let (domain, remainder) = split_docker_domain(text);
        let repository = remainder.split_once(':').map_or(remainder.as_str(), |(repository, _)| repository);
        if repository.to_lowercase() != repository {
            return Err(ImageError::Uppercase);
        }
        parse_full(&format!("{domain}/{remainder}"))
    }

    /// Registry and repository, without tag and digest.
    pub fn name(&self) -> String {
        if self.domain.is_empty() { self.path.clone() } else { format!("{}/{}", self.domain, self.path) }
    }
}

/// The full form, which names the registry.
impl fmt::Display for ImageReference {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}", self.name())?;
        if let Some(tag) = &self.tag {
            write!(out, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(out, "@{digest}")?;
        }
        Ok(())
    }
}

const DEFAULT_DOMAIN: &str = "docker.io";

/// What precedes the first `/` is a registry if it looks like a host: a dot, a port, a capital or `localhost`.
fn split_docker_domain(text: &str) -> (&str, String) {
    let (domain, remainder) = match text.split_once('/') {
        Some(("index.docker.io", remainder)) => (DEFAULT_DOMAIN, remainder),
        Some((first, remainder))
            if first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first =>
        {
            (first, remainder)
        }
        _ => (DEFAULT_DOMAIN, text),
    };
    let official = domain == DEFAULT_DOMAIN && !remainder.contains('/');
    (domain, if official { format!("library/{remainder}") } else { remainder.to_owned() })
}

/// Reads `name[:tag][@digest]`, where only names have slashes and only digests follow an `@`.
fn parse_full(text: &str) -> Result<ImageReference, ImageError> {
    let (rest, digest) = text.split_once('@').map_or((text, None), |(rest, digest)| (rest, Some(digest)));
    let last_part = rest.rfind('/').map_or(0, |it| it + 1);
    let (name, tag) = match rest[last_part..].find(':') {
        None => (rest, None),
        Some(colon) => (&rest[..last_part + colon], Some(&rest[last_part + colon + 1..])),
    };
    let (domain, path) = name.split_once('/').filter(|(domain, _)| is_domain(domain)).unwrap_or(("", name));
    if !path.split('/').all(is_path_component) || !tag.is_none_or(is_tag) || !digest.is_none_or(is_digest) {
        return Err(ImageError::Shape);
    }
    if path.len() > 255 {
        return Err(ImageError::TooLong);
    }
    if !digest.is_none_or(is_supported_digest) {
        return Err(ImageError::Digest);
    }
    Ok(ImageReference {
        domain: domain.to_owned(),
        path: path.to_owned(),
        tag: tag.map(str::to_owned),
        digest: digest.map(str::to_owned),
    })
}

/// A host name or an IPv6 address in brackets, with an optional port.
fn is_domain(text: &str) -> bool {
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|it| it.is_ascii_digit());
    if let Some(rest) = text.strip_prefix('[') {
        return rest.split_once(']').is_some_and(|(address, port)| {
            !address.is_empty()
                && address.bytes().all(|it| it.is_ascii_hexdigit() || it == b':')
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        });
    }
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_component = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    host.split('.').all(is_component) && port.is_none_or(is_port)
}

/// Lower-case letters and digits with single separators between them: `.`, `_`, `__` or any number of `-`.
fn is_path_component(text: &str) -> bool {
    let is_alphanumeric = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit();
    let is_separator =
        |it: &str| matches!(it, "." | "_" | "__") || (!it.is_empty() && it.bytes().all(|byte| byte == b'-'));
    if !text.starts_with(is_alphanumeric) || !text.ends_with(is_alphanumeric) {
        return false;
    }
    text.split(is_alphanumeric).filter(|it| !it.is_empty()).all(is_separator)
}

fn is_tag(text: &str) -> bool {
    let is_word = |it: u8| it.is_ascii_alphanumeric() || it == b'_';
    (1..=128).contains(&text.len())
        && text.bytes().all(|it| is_word(it) || it == b'.' || it == b'-')
        && !text.starts_with(['.', '-'])
}

/// The shape of a digest, which is wider than the digests that exist.
fn is_digest(text: &str) -> bool {
    let is_component = |part: &str| {
        part.starts_with(|it: char| it.is_ascii_alphabetic()) && part.bytes().all(|it| it.is_ascii_alphanumeric())
    };
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.split(['-', '_', '+', '.']).all(is_component)
            && hex.len() >= 32
            && hex.bytes().all(|it| it.is_ascii_hexdigit())
    })
}

fn is_supported_digest(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else {
        return false;
    };
    let digits = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return false,
    };
    hex.len() == digits && hex.bytes().all(is_lower_hex)
}

fn is_lower_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

#[cfg(test)]
mod tests;
