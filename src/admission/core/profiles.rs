//! What pods and containers say alike of their security: seccomp and `AppArmor` profiles, users of Windows.
//!
//! Mirrors `validateSeccompProfileField`, `ValidateAppArmorProfileField` and `validateWindowsSecurityContextOptions` in
//! pkg/apis/core/validation (v1.36).

use k8s_openapi::api::core::v1::{AppArmorProfile, SeccompProfile, WindowsSecurityContextOptions};

use crate::admission::errors::{Errors, shortened};
use crate::admission::shared::paths::path_inside;
use crate::values::names::{self, Problem, Problems};
use crate::yaml::Path;

/// A seccomp profile at `path`.
pub(in crate::admission) fn seccomp_profile(profile: &SeccompProfile, path: &Path, errors: &mut Errors<'_>) {
    const KNOWN: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
    let kind = profile.type_.as_str();
    if kind.is_empty() {
        let finding = errors
            .required(&path.field("type"), "the seccomp profile has no type")
            .says("type is required when seccompProfile is set");
        finding.help("write one of `Localhost`, `RuntimeDefault`, `Unconfined`");
    } else if !KNOWN.contains(&kind) {
        errors.unsupported(&path.field("type"), "the type of a seccomp profile", kind, KNOWN);
    }
    let path = path.field("localhostProfile");
    match profile.localhost_profile.as_deref() {
        None if kind == "Localhost" => without_file("seccomp", &path, errors),
        Some(file) if kind == "Localhost" => path_inside(file, &path, &path, errors),
        None => {}
        Some(_) => not_local("seccomp", &path, errors),
    }
}

/// An `AppArmor` profile at `path`.
pub(in crate::admission) fn app_armor_profile(profile: &AppArmorProfile, path: &Path, errors: &mut Errors<'_>) {
    const KNOWN: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];
    const LIMIT: usize = 4095;
    let kind = profile.type_.as_str();
    let at = path.field("localhostProfile");
    match (kind, profile.localhost_profile.as_deref()) {
        ("Localhost", None) => without_file("AppArmor", &at, errors),
        ("Localhost", Some(name)) => {
            if name.trim() != name {
                let message = format!("the AppArmor profile `{}` has white space around it", shortened(name));
                errors.invalid(&at, message).says("must not be padded with whitespace");
            } else if name.is_empty() {
                without_file("AppArmor", &at, errors);
            }
            if name.len() > LIMIT {
                let message = format!("the AppArmor profile has {} bytes in its name, more than {LIMIT}", name.len());
                errors.too_long(&at, message).says(format!("may not be more than {LIMIT} bytes"));
            }
        }
        ("RuntimeDefault" | "Unconfined", None) => {}
        ("RuntimeDefault" | "Unconfined", Some(_)) => not_local("AppArmor", &at, errors),
        ("", _) => {
            let finding = errors
                .required(&path.field("type"), "the AppArmor profile has no type")
                .says("type is required when appArmorProfile is set");
            finding.help("write one of `Localhost`, `RuntimeDefault`, `Unconfined`");
        }
        _ => {
            errors.unsupported(&path.field("type"), "the type of an AppArmor profile", kind, KNOWN);
        }
    }
}

fn without_file(what: &str, path: &Path, errors: &mut Errors<'_>) {
    let message = format!("the {what} profile of type `Localhost` does not say which profile of the node it is");
    errors
        .required(path, message)
        .says(format!("must be set when {what} type is Localhost"))
        .help("add `localhostProfile`");
}

fn not_local(what: &str, path: &Path, errors: &mut Errors<'_>) {
    let finding = errors
        .invalid(path, format!("only a {what} profile of type `Localhost` has a `localhostProfile`"))
        .says(format!("can only be set when {what} type is Localhost"));
    finding.help("remove it, or write `type: Localhost`");
}

/// What is only for Windows, at `path`.
pub(in crate::admission) fn windows_options(
    options: &WindowsSecurityContextOptions,
    path: &Path,
    errors: &mut Errors<'_>,
) {
    const LIMIT: usize = 64 * 1024;
    if let Some(name) = options.gmsa_credential_spec_name.as_deref() {
        let what = format!("the name `{}` of a GMSA credential spec", shortened(name));
        errors.each_invalid(&path.field("gmsaCredentialSpecName"), what, names::dns1123_subdomain(name));
    }
    let at = path.field("gmsaCredentialSpec");
    match options.gmsa_credential_spec.as_deref().map(str::len) {
        Some(0) => {
            errors
                .invalid(&at, "the GMSA credential spec is empty")
                .says("gmsaCredentialSpec cannot be an empty string")
                .help("remove it");
        }
        Some(length) if length > LIMIT => {
            errors
                .invalid(&at, format!("the GMSA credential spec has {length} bytes, more than {LIMIT}"))
                .says("gmsaCredentialSpec size must be under 64 KiB");
        }
        _ => {}
    }
    if let Some(name) = options.run_as_user_name.as_deref() {
        let what = format!("the Windows user `{}`", shortened(name));
        errors.each_invalid(&path.field("runAsUserName"), what, windows_user(name));
    }
}

/// What is wrong with a name of a Windows user, with a domain before a `\` or without one.
fn windows_user(name: &str) -> Problems {
    const DOMAIN_LIMIT: usize = 256;
    const USER_LIMIT: usize = 104;
    let one = |words: &'static str, says: &'static str| vec![Problem::new(words, says)];
    if name.is_empty() {
        return one("must not be empty", "runAsUserName cannot be an empty string");
    }
    if name.bytes().any(|byte| byte.is_ascii_control()) {
        return one("must not have control characters", "runAsUserName cannot contain control characters");
    }
    let parts: Vec<&str> = name.split('\\').collect();
    let (domain, user) = match parts[..] {
        [user] => (None, user),
        [domain, user] => (Some(domain), user),
        _ => return one("must not have more than one `\\`", "runAsUserName cannot contain more than one backslash"),
    };
    let mut problems = Vec::new();
    if let Some(domain) = domain {
        if domain.len() >= DOMAIN_LIMIT {
            problems.push(Problem::new(
                format!("must have a domain of less than {DOMAIN_LIMIT} characters"),
                format!("runAsUserName's Domain length must be under {DOMAIN_LIMIT} characters"),
            ));
        }
        if !is_net_bios(domain) && !is_dns(domain) {
            let says = "runAsUserName's Domain doesn't match the NetBios nor the DNS format";
            problems.push(Problem::new("must have a NetBIOS or DNS name before the `\\`", says));
        }
    }
    if user.is_empty() {
        let says = "runAsUserName's User cannot be empty";
        problems.push(Problem::new("must have the name of a user, not only a domain", says));
    } else if user.len() > USER_LIMIT {
        problems.push(Problem::new(
            format!("must have at most {USER_LIMIT} characters for the user"),
            format!("runAsUserName's User length must not be longer than {USER_LIMIT} characters"),
        ));
    }
    if !user.is_empty() && user.chars().all(|letter| matches!(letter, '.' | ' ')) {
        let says = "runAsUserName's User cannot contain only periods or spaces";
        problems.push(Problem::new("must not be made of dots and spaces alone", says));
    }
    if user.contains(['"', '/', '\\', ':', ';', '|', '=', ',', '+', '*', '?', '<', '>', '@', '[', ']']) {
        let words = "must not have any of `\"/\\:;|=,+*?<>@[]`";
        problems.push(Problem::new(
            words,
            r#"runAsUserName's User cannot contain the following characters: "/\:;|=,+*?<>@[]"#,
        ));
    }
    problems
}

fn is_net_bios(domain: &str) -> bool {
    let is_allowed = |letter: char| !matches!(letter, '\\' | '/' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    (1..=15).contains(&domain.chars().count()) && !domain.starts_with('.') && domain.chars().all(is_allowed)
}

/// Labels of letters of either case, digits and dashes, of at most 63 characters each.
fn is_dns(domain: &str) -> bool {
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        bytes.len() <= 63
            && is_end(bytes.first())
            && is_end(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
    };
    domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::{Problems, windows_user};

    #[test]
    fn windows_users_may_have_a_domain() {
        for name in ["ContainerUser", "DOMAIN\\user", "a.example.com\\user", "NT AUTHORITY\\SYSTEM", "User Name"] {
            assert_eq!(windows_user(name), Problems::new(), "{name}");
        }
        for name in ["", "a\\b\\c", "\\user", "domain\\", ".net\\user", "..", "a@b", "a\tb"] {
            assert_eq!(windows_user(name).len(), 1, "{name}");
        }
        assert_eq!(windows_user("a|b\\c:d").len(), 2);
    }
}
