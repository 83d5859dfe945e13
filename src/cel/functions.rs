//! The functions that expressions may call (`functions.txt`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::types::Type;

/// One way to call a function.
#[derive(Debug)]
pub(super) struct Overload {
    /// The minor version from which on new expressions may use it.
    pub(super) since: u16,
    /// Whether it exists only where mutations are made.
    pub(super) mutating: bool,
    /// Whether the first argument stands before the name.
    pub(super) method: bool,
    pub(super) arguments: Vec<Type>,
    pub(super) result: Type,
    /// How many type variables there are; they are numbered from 0.
    pub(super) variables: usize,
}

/// The ways to call a function of this name.
pub(super) fn overloads(name: &str) -> &'static [Overload] {
    static TABLE: OnceLock<BTreeMap<&'static str, Vec<Overload>>> = OnceLock::new();
    TABLE.get_or_init(table).get(name).map_or(&[], Vec::as_slice)
}

const TEXT: &str = include_str!("functions.txt");

/// The types that the words of the table stand for.
const ORDERED: [&str; 8] = ["bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"];
const SUMMABLE: [&str; 4] = ["double", "duration", "int", "uint"];

/// Numbers of all types can be compared with each other.
const NUMBERS: [Type; 3] = [Type::Int, Type::Uint, Type::Double];
const COMPARISONS: [&str; 4] = ["_<_", "_<=_", "_>_", "_>=_"];

fn table() -> BTreeMap<&'static str, Vec<Overload>> {
    let mut table: BTreeMap<&'static str, Vec<Overload>> = BTreeMap::new();
    let (mut since, mut mutating) = (0, false);
    for line in TEXT.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(version) = line.strip_prefix("since 1.") {
            let (minor, rest) = version.split_once(' ').unwrap_or((version, ""));
            since = minor.parse().unwrap_or(u16::MAX);
            mutating = !rest.is_empty();
            continue;
        }
        for one in each(line) {
            let (name, overload) = read(line, one, since, mutating);
            table.entry(name).or_default().push(overload);
        }
    }
    for name in COMPARISONS {
        for left in &NUMBERS {
            for right in NUMBERS.iter().filter(|right| *right != left) {
                let arguments = vec![left.clone(), right.clone()];
                let result = Type::Bool;
                let overload = Overload { since: 0, mutating: false, method: false, arguments, result, variables: 0 };
                table.entry(name).or_default().push(overload);
            }
        }
    }
    table
}

/// What the words of a line stand for: nothing but themselves, or each of some types.
fn each(line: &str) -> Vec<Option<&'static str>> {
    let list: &[&'static str] = if line.contains("ordered") {
        &ORDERED
    } else if line.contains("summable") {
        &SUMMABLE
    } else {
        return vec![None];
    };
    list.iter().map(|name| Some(*name)).collect()
}

fn read(line: &'static str, one: Option<&'static str>, since: u16, mutating: bool) -> (&'static str, Overload) {
    let (call, result) = line.split_once(" -> ").unwrap_or((line, "dyn"));
    let open = opening(call);
    let (before, arguments) = (&call[..open], &call[open + 1..call.len() - 1]);
    // Functions such as `sets.contains` have a dot in their name; what methods are called on is a type.
    let method = before.rsplit_once('.').filter(|(target, _)| is_type(target));
    let name = method.map_or(before, |(_, name)| name);
    let mut reader = Reader { one, letters: Vec::new() };
    let mut types: Vec<Type> = method.iter().map(|(target, _)| reader.of(target)).collect();
    types.extend(parts(arguments).into_iter().map(|argument| reader.of(argument)));
    let result = reader.of(result);
    let variables = reader.letters.len();
    (name, Overload { since, mutating, method: method.is_some(), arguments: types, result, variables })
}

/// Where the parenthesis of the arguments opens: it is the one that closes at the end.
fn opening(call: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in call.char_indices().rev() {
        match letter {
            ')' => depth += 1,
            '(' if depth == 1 => return at,
            '(' => depth -= 1,
            _ => {}
        }
    }
    0
}

fn is_type(word: &str) -> bool {
    let simple = ["bytes", "string", "duration", "timestamp"];
    word.contains('(') || simple.contains(&word) || word.starts_with("kubernetes.") || word.starts_with("net.")
}

/// The parts between commas that are not in parentheses.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut from) = (Vec::new(), 0_usize, 0);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    let last = text[from..].trim();
    if !last.is_empty() {
        parts.push(last);
    }
    parts
}

/// Reads the types of a line.
struct Reader {
    /// What `ordered` or `summable` stands for.
    one: Option<&'static str>,
    letters: Vec<char>,
}

impl Reader {
    fn of(&mut self, text: &str) -> Type {
        if let Some((outer, inner)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            let mut inner: Vec<Type> = parts(inner).into_iter().map(|part| self.of(part)).collect();
            let last = inner.pop().unwrap_or(Type::Dyn);
            return match (outer, inner.pop()) {
                ("list", _) => Type::list(last),
                ("map", Some(key)) => Type::map(key, last),
                ("type", _) => Type::OfTypes(last.into()),
                _ => Type::optional(last),
            };
        }
        match text {
            "ordered" | "summable" => self.one.map_or(Type::Dyn, |one| self.of(one)),
            "dyn" => Type::Dyn,
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::Text,
            "bytes" => Type::Bytes,
            "duration" => Type::Duration,
            "timestamp" => Type::Timestamp,
            _ => match text.chars().next() {
                Some(letter) if text.len() == 1 => Type::Variable(self.number(letter)),
                _ => Type::opaque(text),
            },
        }
    }

    fn number(&mut self, letter: char) -> usize {
        self.letters.iter().position(|known| *known == letter).unwrap_or_else(|| {
            self.letters.push(letter);
            self.letters.len() - 1
        })
    }
}
