//! The tokens of CEL (lexer rules of cel-go's `CEL.g4`, and `unescape`).

use super::Problem;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Name(String),
    Int(u64),
    Uint(u64),
    Double,
    Text(String),
    Bytes,
    /// A word or sign with a meaning of its own, among them `in`, `true`, `false` and `null`.
    Sign(&'static str),
    End,
}

/// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: [&str; 25] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "[", "]", "{", "}", "(", ")", ".", ",", "-", "!", "?", ":", "+", "*",
    "/", "%", "`",
];
/// Words that are signs of the language.
pub(super) const WORDS: [&str; 4] = ["in", "true", "false", "null"];

/// The tokens with their places in bytes; the last is [`Token::End`].
pub(super) fn tokens(source: &str) -> Result<Vec<(usize, Token)>, Problem> {
    let mut lexer = Lexer { source, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip();
        let at = lexer.at;
        let token = lexer.next()?;
        let end = token == Token::End;
        tokens.push((at, token));
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Goes past white space and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let text = rest.trim_start_matches([' ', '\t', '\r', '\n', '\u{c}']);
            self.at += rest.len() - text.len();
            if !text.starts_with("//") {
                return;
            }
            self.at += text.find('\n').unwrap_or(text.len());
        }
    }

    fn next(&mut self) -> Result<Token, Problem> {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return Ok(Token::End) };
        if let Some(token) = self.text()? {
            return Ok(token);
        }
        if first.is_ascii_alphabetic() || first == '_' {
            let word = self.take(|letter| letter.is_ascii_alphanumeric() || letter == '_');
            return Ok(match WORDS.iter().find(|known| **known == word) {
                Some(known) => Token::Sign(known),
                None => Token::Name(word.to_owned()),
            });
        }
        if first.is_ascii_digit() || (first == '.' && rest[1..].starts_with(|next: char| next.is_ascii_digit())) {
            return self.number();
        }
        match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(&"`") => Err(Problem::new(self.at, "names in backquotes are not supported")),
            Some(sign) => {
                self.at += sign.len();
                Ok(Token::Sign(sign))
            }
            None => Err(Problem::new(self.at, format!("unexpected `{first}`"))),
        }
    }

    fn take(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|letter| !keep(letter)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn number(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        let rest = self.rest();
        if rest.starts_with("0x") && rest[2..].starts_with(|next: char| next.is_ascii_hexdigit()) {
            self.at += 2;
            let digits = self.take(|digit| digit.is_ascii_hexdigit());
            let value = u64::from_str_radix(digits, 16).ok();
            return self.whole(value, start);
        }
        let whole = self.take(|digit| digit.is_ascii_digit());
        let mut float = false;
        if let Some(fraction) = self.rest().strip_prefix('.')
            && fraction.starts_with(|next: char| next.is_ascii_digit())
        {
            self.at += 1;
            self.take(|digit| digit.is_ascii_digit());
            float = true;
        }
        if let Some(exponent) = self.rest().strip_prefix(['e', 'E']) {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.starts_with(|next: char| next.is_ascii_digit()) {
                self.at += 1 + exponent.len() - digits.len();
                self.take(|digit| digit.is_ascii_digit());
                float = true;
            }
        }
        if !float {
            return self.whole(whole.parse().ok(), start);
        }
        let value: f64 = self.source[start..self.at].parse().unwrap_or(f64::INFINITY);
        if value.is_finite() { Ok(Token::Double) } else { Err(Problem::new(start, "the number is too large")) }
    }

    fn whole(&mut self, value: Option<u64>, start: usize) -> Result<Token, Problem> {
        let value = value.ok_or_else(|| Problem::new(start, "the number is too large"))?;
        if self.rest().starts_with(['u', 'U']) {
            self.at += 1;
            return Ok(Token::Uint(value));
        }
        Ok(Token::Int(value))
    }

    /// A text or bytes, if one begins here.
    fn text(&mut self) -> Result<Option<Token>, Problem> {
        let start = self.at;
        let rest = self.rest();
        let bytes = rest.starts_with(['b', 'B']);
        let raw = rest[usize::from(bytes)..].starts_with(['r', 'R']);
        let prefix = usize::from(bytes) + usize::from(raw);
        let Some(quote @ ('"' | '\'')) = rest[prefix..].chars().next() else { return Ok(None) };
        let body = &rest[prefix..];
        let long = quote.to_string().repeat(3);
        // Three quotes may also be an empty text and the beginning of another; the longer reading wins if it ends.
        let found = body
            .starts_with(&long)
            .then(|| end(&body[3..], &long, raw, true).map(|length| (3, length)))
            .flatten()
            .or_else(|| end(&body[1..], &body[..1], raw, false).map(|length| (1, length)));
        let Some((quotes, length)) = found else {
            return Err(Problem::new(start, "the text has no end, or an escape sequence that CEL does not know"));
        };
        let content = &body[quotes..quotes + length];
        self.at += prefix + 2 * quotes + length;
        if raw || !content.contains('\\') {
            return Ok(Some(if bytes { Token::Bytes } else { Token::Text(content.to_owned()) }));
        }
        let text = unescaped(content, bytes)
            .ok_or_else(|| Problem::new(start, "the text has an escape sequence that means no character"))?;
        Ok(Some(if bytes { Token::Bytes } else { Token::Text(text) }))
    }
}

/// Where the text ends that begins here; `None` if it does not, or contains what it must not.
fn end(body: &str, quotes: &str, raw: bool, lines: bool) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &body[at..];
        if rest.starts_with(quotes) {
            return Some(at);
        }
        let letter = rest.chars().next()?;
        at += match letter {
            '\n' | '\r' if !lines => return None,
            '\\' if !raw => escape(rest)?.0,
            _ => letter.len_utf8(),
        };
    }
}

/// The length of the escape sequence at the beginning of `text`, and the number of the character that it stands for.
fn escape(text: &str) -> Option<(usize, u32)> {
    let kind = text[1..].chars().next()?;
    let number = |from: usize, length: usize, base: u32| {
        let digits = text.get(from..from + length)?;
        let plain = digits.chars().all(|digit| digit.is_digit(base));
        let value = plain.then(|| u32::from_str_radix(digits, base).ok()).flatten()?;
        Some((from + length, value))
    };
    match kind {
        'a' => Some((2, 7)),
        'b' => Some((2, 8)),
        'f' => Some((2, 12)),
        'n' => Some((2, 10)),
        'r' => Some((2, 13)),
        't' => Some((2, 9)),
        'v' => Some((2, 11)),
        '"' | '\'' | '\\' | '?' | '`' => Some((2, u32::from(kind))),
        'x' | 'X' => number(2, 2, 16),
        'u' => number(2, 4, 16),
        'U' => number(2, 8, 16),
        '0'..='3' => number(1, 3, 8),
        _ => None,
    }
}

/// The characters that the escape sequences stand for; for bytes it only says whether they are allowed.
fn unescaped(content: &str, bytes: bool) -> Option<String> {
    let mut text = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(letter) = rest.chars().next() {
        if letter != '\\' {
            text.push(letter);
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        if bytes && rest[1..].starts_with(['u', 'U']) {
            return None;
        }
        let (length, number) = escape(rest)?;
        text.push(char::from_u32(number)?);
        rest = &rest[length..];
    }
    Some(text)
}
