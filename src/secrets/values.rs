//! What is hidden of values that are shown without their text: of Secrets, and of settings whose names say that they are
//! passwords.

use serde_json::{Map, Value};

use super::{HARMLESS, LAST_APPLIED, MASK, METADATA, Stands};
use crate::yaml::{self, Path, Segment};

/// Puts the mask in place of every value of a Secret in `object`, and of what `kubectl apply` remembers of it.
pub fn hide(object: &mut Value) {
    hide_in(object, Stands::AsObject);
}

/// Says whether something was hidden.
fn hide_in(value: &mut Value, stands: Stands) -> bool {
    match value {
        Value::Array(items) => items.iter_mut().map(|item| hide_in(item, stands)).filter(|hidden| *hidden).count() > 0,
        Value::Object(fields) => {
            let kind = fields.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
            if stands.is_secret(&kind, |field| fields.contains_key(field)) {
                hide_secret(fields);
                return true;
            }
            fields.iter_mut().fold(false, |any, (name, value)| {
                let hidden = match value {
                    Value::String(text) if name == LAST_APPLIED => last_has_secrets(text),
                    Value::Array(_) => return hide_in(value, Stands::below(&kind, name)) || any,
                    _ => return hide_in(value, Stands::Inside) || any,
                };
                if hidden {
                    *value = MASK.into();
                }
                hidden || any
            })
        }
        _ => false,
    }
}

/// Whether the manifest that an annotation remembers has Secrets in it.
fn last_has_secrets(text: &str) -> bool {
    serde_json::from_str(text).map_or(true, |mut last| hide_in(&mut last, Stands::AsObject))
}

fn hide_secret(fields: &mut Map<String, Value>) {
    for (name, value) in fields.iter_mut() {
        if name == "metadata" {
            let metadata = value.as_object_mut().into_iter().flatten();
            for (name, value) in metadata {
                if !METADATA.contains(&name.as_str()) {
                    *value = MASK.into();
                } else if let Some(last) = value.get_mut(LAST_APPLIED) {
                    *last = MASK.into();
                }
            }
        } else if !HARMLESS.contains(&name.as_str()) {
            match value {
                Value::Object(values) => values.iter_mut().for_each(|(_, value)| *value = MASK.into()),
                value => *value = MASK.into(),
            }
        }
    }
}

/// What stands at `path` in `object`, or stood there in its `other` form, fit to be shown.
pub(crate) fn shown(value: &Value, path: &Path, object: yaml::Value<'_>, other: yaml::Value<'_>) -> Value {
    let mut value = value.clone();
    if is_of_secret(path, object) || is_of_secret(path, other) {
        return MASK.into();
    }
    hide_in(&mut value, Stands::Inside);
    let segments = path.segments();
    let field = segments.iter().rev().find_map(|segment| segment.name()).unwrap_or_default();
    let around = path.parent().and_then(|parent| object.at(parent));
    match (&mut value, segments.last()) {
        // A value or an argument that changes alone is told by what stands beside it.
        (Value::String(text), Some(Segment::Index(index))) if is_command(field) => {
            let before = index.checked_sub(1).and_then(|before| around?.items().nth(before)?.as_str());
            hide_in_argument(text, before);
        }
        (Value::String(text), _) if field == "value" => {
            let name = around.and_then(|around| around.get("name")).and_then(yaml::Value::as_str);
            hide_setting(name.unwrap_or_default(), text);
        }
        _ => hide_settings(&mut value, field),
    }
    value
}

/// Whether `path` leads to a value of a Secret.
fn is_of_secret(path: &Path, root: yaml::Value<'_>) -> bool {
    let mut at = Some((root, Stands::AsObject));
    let mut segments = path.segments().into_iter();
    while let (Some((value, stands)), Some(segment)) = (at, segments.next()) {
        let kind = value.get("kind").and_then(yaml::Value::as_str).unwrap_or_default();
        if value.is_mapping() && stands.is_secret(kind, |field| value.get(field).is_some()) {
            return match (segment.name().unwrap_or_default(), segments.next().and_then(Segment::name)) {
                ("metadata", Some(field)) => !METADATA.contains(&field),
                (field, _) => !HARMLESS.contains(&field),
            };
        }
        at = match segment {
            Segment::Index(index) => value.items().nth(*index).map(|item| (item, stands)),
            Segment::Field(_) | Segment::Key(_) => {
                let name = segment.name().unwrap_or_default();
                let below = |value: yaml::Value<'_>| {
                    if value.is_sequence() { Stands::below(kind, name) } else { Stands::Inside }
                };
                value.get(name).map(|value| (value, below(value)))
            }
        };
    }
    false
}

fn is_command(field: &str) -> bool {
    matches!(field, "args" | "command")
}

/// Hides passwords in what stands in the field of this name: in the environment and the arguments of containers, and
/// wherever else a `name` has a `value`.
fn hide_settings(value: &mut Value, field: &str) {
    match value {
        Value::Array(items) if is_command(field) => {
            let mut before: Option<String> = None;
            for item in items {
                if let Value::String(text) = item {
                    let written = text.clone();
                    hide_in_argument(text, before.as_deref());
                    before = Some(written);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_settings(item, "")),
        Value::Object(fields) => {
            let name = fields.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
            for (field, value) in fields {
                match value {
                    Value::String(text) if field == "value" => hide_setting(&name, text),
                    value => hide_settings(value, field),
                }
            }
        }
        _ => {}
    }
}

/// Hides the value of a setting, if its name says that it is a password.
fn hide_setting(name: &str, value: &mut String) {
    if is_secretive(name) {
        *value = hidden(value).to_owned();
    }
}

/// Hides passwords in an argument of a command, which may be a whole script.
fn hide_in_argument(text: &mut String, before: Option<&str>) {
    let mut awaited = before.is_some_and(awaits_password);
    if awaited && !text.starts_with('-') {
        *text = hidden(text).to_owned();
        return;
    }
    let mut out = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (blanks, words) = rest.split_at(rest.len() - rest.trim_start().len());
        out.push_str(blanks);
        let end = words.find(char::is_whitespace).unwrap_or(words.len());
        let start = password_start(&words[..end]).or_else(|| (awaited && !words.starts_with('-')).then_some(0));
        awaited = awaits_password(&words[..end]);
        let Some(start) = start else {
            out.push_str(&words[..end]);
            rest = &words[end..];
            continue;
        };
        let quote = words[start..].chars().next().filter(|first| matches!(first, '"' | '\''));
        let closing = quote.and_then(|quote| words[start + 1..].find(quote)).map(|at| start + at + 2);
        let end = match quote {
            Some(_) => closing.unwrap_or(words.len()),
            // An option that is an argument of its own ends with it.
            None if out.is_empty() && words.starts_with('-') => words.len(),
            None => end,
        };
        out.push_str(&words[..start]);
        out.push_str(hidden(&words[start..end]));
        rest = &words[end..];
    }
    *text = out;
}

/// Where the value begins in `--password=x`, `PASSWORD=x` and `--set=db.password=x`.
fn password_start(word: &str) -> Option<usize> {
    let mut name = 0;
    word.match_indices('=')
        .map(|(at, _)| (std::mem::replace(&mut name, at + 1), at))
        .find_map(|(name, at)| is_secretive(&word[name..at]).then_some(at + 1))
}

/// Whether an option takes the next argument for a password.
fn awaits_password(option: &str) -> bool {
    option.starts_with('-')
        && !option.contains(|char: char| char == '=' || char.is_whitespace())
        && is_secretive(option)
}

/// The mask; or the value, if it tells nothing: a switch, or a reference to where the value is.
fn hidden(value: &str) -> &str {
    let bare = value.trim_matches(['"', '\'']);
    let bracketed = ['(', '{']
        .iter()
        .zip([')', '}'])
        .find_map(|(open, close)| bare.strip_prefix('$')?.strip_prefix(*open)?.strip_suffix(close));
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    let is_variable = |name: &str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_reference = bracketed.is_some_and(is_name) || bare.strip_prefix('$').is_some_and(is_variable);
    if is_reference || matches!(bare, "" | "true" | "false") { value } else { MASK }
}

/// What a name ends with, or a word of it, that names a password.
const SECRETIVE: [&str; 7] = ["APIKEY", "CREDENTIAL", "CREDENTIALS", "PASSPHRASE", "PASSWORD", "SECRET", "TOKEN"];
/// Shorter ones, which words that mean something else end with as well.
const SECRETIVE_WORDS: [&str; 4] = ["KEY", "PASS", "PASSWD", "PASSWORDS"];
/// Last words of names that say where a password is, or what it is like, and not what it is.
const ABOUT: [&str; 22] = [
    "ALGORITHM",
    "AUDIENCE",
    "DIR",
    "DURATION",
    "ENABLED",
    "ENDPOINT",
    "EXPIRATION",
    "EXPIRY",
    "FILE",
    "HOST",
    "INTERVAL",
    "ISSUER",
    "LENGTH",
    "NAME",
    "NAMESPACE",
    "PATH",
    "PORT",
    "REF",
    "SIZE",
    "TIMEOUT",
    "TTL",
    "TYPE",
];

/// Whether a name says that its value is a password, as `DB_PASSWORD`, `--api-token` and `clientSecret` do.
fn is_secretive(name: &str) -> bool {
    let words = words(name);
    let names_one =
        |word: &String| SECRETIVE.iter().any(|end| word.ends_with(end)) || SECRETIVE_WORDS.contains(&word.as_str());
    words.iter().any(names_one) && !words.last().is_some_and(|last| ABOUT.contains(&last.as_str()))
}

/// The words of a name in capital letters, however they are put together.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() || was_small && letter.is_uppercase() {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.extend(letter.to_uppercase()));
        }
        was_small = letter.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whether_their_values_are_passwords() {
        for name in ["DB_PASSWORD", "--api-token", "clientSecret", "AWS_SECRET_ACCESS_KEY", "apikey", "SECRET_KEY_BASE"]
        {
            assert!(is_secretive(name), "{name}");
        }
        for name in
            ["MAX_TOKENS", "KEYCLOAK_URL", "MONKEY", "--tls-private-key-file", "TOKEN_TTL", "secretName", "", "A"]
        {
            assert!(!is_secretive(name), "{name}");
        }
    }

    #[test]
    fn arguments_are_shown_without_their_passwords() {
        let cases = [
            ("--password=a b", "--password=***"),
            ("--set=db.user=me,db.password=x", "--set=db.user=me,db.password=***"),
            ("run --token x --fast", "run --token *** --fast"),
            ("export PASSWORD='a b' USER=me; run", "export PASSWORD=*** USER=me; run"),
            ("--password=$(DB_PASSWORD)", "--password=$(DB_PASSWORD)"),
            ("curl https://example.com?token=x", "curl https://example.com?token=***"),
            ("it's --key=\"a", "it's --key=***"),
            ("--use-secret=true", "--use-secret=true"),
        ];
        for (written, expected) in cases {
            let mut text = written.to_owned();
            hide_in_argument(&mut text, None);
            assert_eq!(text, expected);
        }
        let mut list = serde_json::json!(["--password", "x", "--user", "me"]);
        hide_settings(&mut list, "args");
        assert_eq!(list, serde_json::json!(["--password", "***", "--user", "me"]));
    }
}
