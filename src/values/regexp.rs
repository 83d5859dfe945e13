//! Whether a text is a regular expression to Go.
//!
//! Mirrors the parser of Go's `regexp/syntax` with the flags of `regexp.Compile`; the sizes of what it compiles to are
//! left out, and so are the names of Unicode's classes, all of which are taken for known.

/// What is wrong with a regular expression, in words that can follow a colon; `None` if nothing is.
///
/// ```
/// use seatrial::values::regexp::problem;
///
/// assert_eq!(problem(r"^[a-z]+(-\d{1,3})?$"), None);
/// assert_eq!(problem("a{,3}"), None);
/// assert!(problem("(?!x)").is_some_and(|problem| problem.contains("look")));
/// assert!(problem("[z-a]").is_some());
/// assert!(problem("a**").is_some());
/// ```
pub fn problem(pattern: &str) -> Option<String> {
    Parser { rest: pattern, groups: vec![Group::default()], names: Vec::new() }.parse().err()
}

/// How often something may be repeated (`maxRepeat` and `repeatIsValid`).
const REPEAT_LIMIT: u64 = 1000;

#[derive(Default)]
struct Group {
    /// Whether there is something before the next character that can be repeated.
    operand: bool,
    /// How often the last operand, and the largest of all, is repeated by counts in it.
    last: u64,
    largest: u64,
}

struct Parser<'a> {
    rest: &'a str,
    groups: Vec<Group>,
    names: Vec<&'a str>,
}

type Outcome<T = ()> = Result<T, String>;

impl<'a> Parser<'a> {
    fn parse(mut self) -> Outcome {
        let mut repeated = false;
        while let Some(letter) = self.rest.chars().next() {
            let was_repeated = std::mem::take(&mut repeated);
            match letter {
                '(' if self.rest.starts_with("(?") => self.special_group()?,
                '(' => self.open(1),
                ')' => {
                    let Some(inner) = (self.groups.len() > 1).then(|| self.groups.pop()).flatten() else {
                        return Err("a `)` closes nothing".to_owned());
                    };
                    self.rest = &self.rest[1..];
                    self.operand(inner.largest.max(1));
                }
                '|' => {
                    self.rest = &self.rest[1..];
                    self.group().operand = false;
                }
                '[' => {
                    self.class()?;
                    self.operand(1);
                }
                '*' | '+' | '?' => {
                    self.rest = &self.rest[1..];
                    self.repeat(letter.to_string().as_str(), was_repeated, 1)?;
                    repeated = true;
                }
                '{' => match self.count()? {
                    Some((text, times)) => {
                        self.repeat(text, was_repeated, times)?;
                        repeated = true;
                    }
                    None => self.literal(letter),
                },
                '\\' => {
                    if let Some(quoted) = self.rest.strip_prefix(r"\Q") {
                        let (inner, after) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
                        self.rest = after;
                        if !inner.is_empty() {
                            self.operand(1);
                        }
                    } else {
                        self.escape(false)?;
                        self.operand(1);
                    }
                }
                _ => self.literal(letter),
            }
        }
        if self.groups.len() > 1 {
            return Err("a `(` is not closed".to_owned());
        }
        Ok(())
    }

    fn group(&mut self) -> &mut Group {
        self.groups.last_mut().expect("the outermost group is never closed")
    }

    fn operand(&mut self, repeats: u64) {
        let group = self.group();
        group.operand = true;
        group.last = repeats;
        group.largest = group.largest.max(repeats);
    }

    fn literal(&mut self, letter: char) {
        self.rest = &self.rest[letter.len_utf8()..];
        self.operand(1);
    }

    fn open(&mut self, length: usize) {
        self.rest = &self.rest[length..];
        self.groups.push(Group::default());
    }

    /// What begins with `(?`: a group with a name or without a number, or flags.
    fn special_group(&mut self) -> Outcome {
        let inner = &self.rest[2..];
        if inner.starts_with(['=', '!']) || inner.starts_with("<=") || inner.starts_with("<!") {
            return Err("looking ahead and behind, as in `(?!…)`, does not exist in Go".to_owned());
        }
        if let Some(named) = inner.strip_prefix("P<").or_else(|| inner.strip_prefix('<')) {
            let name = named.split_once('>').map(|(name, _)| name).unwrap_or_default();
            let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            if name.is_empty() || !plain || self.names.contains(&name) {
                return Err("the name of a group is wrong, or stands there twice".to_owned());
            }
            self.names.push(name);
            self.open(2 + inner.len() - named.len() + name.len() + 1);
            return Ok(());
        }
        let (mut negative, mut flag) = (false, false);
        for (at, letter) in inner.char_indices() {
            match letter {
                'i' | 'm' | 's' | 'U' => flag = true,
                '-' if !negative => (negative, flag) = (true, false),
                ':' | ')' if negative && !flag => break,
                ':' => {
                    self.open(2 + at + 1);
                    return Ok(());
                }
                ')' => {
                    self.rest = &inner[at + 1..];
                    return Ok(());
                }
                _ => break,
            }
        }
        let shown: String = self.rest.chars().take(4).collect();
        Err(format!("Go does not know `{shown}`"))
    }

    /// A count in braces, with how often it repeats; `None` if the brace is only a character.
    fn count(&mut self) -> Outcome<Option<(&'a str, u64)>> {
        let Some(end) = self.rest.find('}') else { return Ok(None) };
        let (text, inner) = (&self.rest[..=end], &self.rest[1..end]);
        let number = |digits: &str| {
            let plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_digit());
            (plain && (digits == "0" || !digits.starts_with('0'))).then(|| digits.parse::<u64>().unwrap_or(u64::MAX))
        };
        let (least, most) = match inner.split_once(',') {
            None => (number(inner), number(inner)),
            Some((least, "")) => (number(least), Some(0)),
            Some((least, most)) => (number(least), number(most)),
        };
        let (Some(least), Some(most)) = (least, most) else { return Ok(None) };
        let open = inner.ends_with(',');
        if least > REPEAT_LIMIT || most > REPEAT_LIMIT || (!open && least > most) {
            return Err(format!("`{text}` is no count that Go allows, which ends at {REPEAT_LIMIT}"));
        }
        self.rest = &self.rest[end + 1..];
        Ok(Some((text, if open { least } else { most })))
    }

    fn repeat(&mut self, text: &str, was_repeated: bool, times: u64) -> Outcome {
        self.rest = self.rest.strip_prefix('?').unwrap_or(self.rest);
        if was_repeated {
            return Err(format!("`{text}` repeats what is repeated already"));
        }
        let counted = text.starts_with('{');
        let group = self.group();
        if !group.operand {
            return Err(format!("there is nothing that `{text}` could repeat"));
        }
        let repeats = if counted { group.last.saturating_mul(times) } else { group.last };
        if repeats > REPEAT_LIMIT && times >= 2 {
            return Err(format!("`{text}` repeats something more than {REPEAT_LIMIT} times"));
        }
        self.operand(repeats);
        Ok(())
    }

    /// A class in brackets.
    fn class(&mut self) -> Outcome {
        self.rest = &self.rest[1..];
        self.rest = self.rest.strip_prefix('^').unwrap_or(self.rest);
        let mut first = true;
        loop {
            if self.rest.starts_with(']') && !first {
                self.rest = &self.rest[1..];
                return Ok(());
            }
            first = false;
            if let Some(inner) = self.rest.strip_prefix("[:")
                && let Some((name, after)) = inner.split_once(":]")
            {
                if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
                    return Err(format!("there is no class `[:{name}:]`"));
                }
                self.rest = after;
                continue;
            }
            let Some(from) = self.class_character()? else { continue };
            if self.rest.len() >= 2 && self.rest.starts_with('-') && !self.rest[1..].starts_with(']') {
                self.rest = &self.rest[1..];
                let start = self.rest;
                let to = self.class_character()?;
                let Some(to) = to.filter(|to| *to >= from) else {
                    let shown = &start[..start.len() - self.rest.len()];
                    return Err(format!("the range up to `{shown}` in a class is empty"));
                };
                let _ = to;
            }
        }
    }

    /// A character of a class; `None` if it is a class of its own, such as `\d`.
    fn class_character(&mut self) -> Outcome<Option<u32>> {
        let Some(letter) = self.rest.chars().next() else { return Err("a `[` is not closed".to_owned()) };
        if letter == '\\' {
            return self.escape(true);
        }
        self.rest = &self.rest[letter.len_utf8()..];
        Ok(Some(u32::from(letter)))
    }

    /// An escape sequence, with the number of its character.
    fn escape(&mut self, in_class: bool) -> Outcome<Option<u32>> {
        let text = self.rest;
        let Some(kind) = text[1..].chars().next() else { return Err("nothing follows the last `\\`".to_owned()) };
        let mut rest = &text[1 + kind.len_utf8()..];
        let number = match kind {
            'A' | 'b' | 'B' | 'z' if !in_class => None,
            'd' | 'D' | 's' | 'S' | 'w' | 'W' => None,
            'p' | 'P' => {
                let Some(letter) = rest.chars().next() else { return Err(unknown(text)) };
                let length = if letter == '{' { rest.find('}').map(|at| at + 1) } else { Some(letter.len_utf8()) };
                let Some(length) = length else { return Err(unknown(text)) };
                rest = &rest[length..];
                None
            }
            'x' => {
                let (digits, length) = match rest.strip_prefix('{').map(|inner| inner.split_once('}')) {
                    Some(Some((digits, _))) => (digits, digits.len() + 2),
                    Some(None) => ("", 0),
                    None => (rest.get(..2).unwrap_or_default(), 2),
                };
                let plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_ascii_hexdigit());
                let value = plain.then(|| u32::from_str_radix(digits, 16).ok()).flatten();
                let Some(value) = value.filter(|value| *value <= 0x0010_FFFF) else { return Err(unknown(text)) };
                rest = &rest[length..];
                Some(value)
            }
            '0'..='7' => {
                let octal = |rest: &str| rest.starts_with(|digit: char| ('0'..='7').contains(&digit));
                if kind != '0' && !octal(rest) {
                    return Err(format!("going back to a group, as `\\{kind}` does, does not exist in Go"));
                }
                let mut value = u32::from(kind) - u32::from('0');
                for _ in 0..2 {
                    if octal(rest) {
                        value = value * 8 + rest[..1].parse::<u32>().unwrap_or_default();
                        rest = &rest[1..];
                    }
                }
                Some(value)
            }
            'a' => Some(7),
            'f' => Some(12),
            'n' => Some(10),
            'r' => Some(13),
            't' => Some(9),
            'v' => Some(11),
            _ if kind.is_ascii() && !kind.is_ascii_alphanumeric() => Some(u32::from(kind)),
            _ => return Err(unknown(text)),
        };
        self.rest = rest;
        Ok(number)
    }
}

const POSIX: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

fn unknown(text: &str) -> String {
    let shown: String = text.chars().take(2).collect();
    format!("Go does not know `{shown}`, or not in this way")
}
