//! The parameter `select`, and paths into JSON.

use super::scan::{QueryScanner, Scanned};
use crate::request::{Aggregate, FieldPath, JsonKey, JsonStep, SelectEntry, SelectedField, SelectedRelation};

const AGGREGATES: &[(&str, Aggregate)] = &[
    ("sum()", Aggregate::Sum),
    ("avg()", Aggregate::Avg),
    ("count()", Aggregate::Count),
    ("max()", Aggregate::Max),
    ("min()", Aggregate::Min),
];

/// Deepest nesting that the parser follows.
const MAX_DEPTH: usize = 32;

/// Parses a list of entries up to the end or the closing parenthesis.
pub(super) fn select(scanner: &mut QueryScanner<'_>, depth: usize) -> Scanned<Vec<SelectEntry>> {
    let mut entries = vec![];
    if depth > MAX_DEPTH {
        return Err(scanner.mismatch("fewer levels of embedded relations"));
    }
    if scanner.is_at_end() || scanner.peek() == Some(')') {
        return Ok(entries);
    }
    loop {
        scanner.skip_blanks();
        entries.push(entry(scanner, depth)?);
        scanner.skip_blanks();
        if !scanner.eat(",") {
            return Ok(entries);
        }
    }
}

fn entry(scanner: &mut QueryScanner<'_>, depth: usize) -> Scanned<SelectEntry> {
    let spread = scanner.eat("...");
    match scanner.attempt(|scanner| head(scanner, spread)) {
        Ok(mut relation) => {
            scanner.expect('(', "\"(\"")?;
            relation.select = select(scanner, depth + 1)?;
            scanner.expect(')', "\",\" or \")\"")?;
            Ok(SelectEntry::Relation(relation))
        }
        Err(miss) if spread => Err(miss),
        Err(_) => field(scanner).map(SelectEntry::Field),
    }
}

/// Parses the head of an embedded relation: `alias:name!hint!inner`, before `(`.
fn head(scanner: &mut QueryScanner<'_>, spread: bool) -> Scanned<SelectedRelation> {
    let alias = if spread { None } else { alias(scanner) };
    let name = scanner.field_name()?;
    let mut relation = SelectedRelation { name, alias, hint: None, inner: false, spread, select: vec![] };
    let mut joined = false;
    for _ in 0..2 {
        if !scanner.eat("!") {
            break;
        }
        let word = scanner.field_name()?;
        match word.as_str() {
            "inner" | "left" if !joined => {
                relation.inner = word == "inner";
                joined = true;
            }
            _ => relation.hint = relation.hint.or(Some(word)),
        }
    }
    let counts = relation.name == "count" && scanner.sees("()");
    if scanner.peek() == Some('(') && !counts { Ok(relation) } else { Err(scanner.mismatch("\"(\"")) }
}

fn alias(scanner: &mut QueryScanner<'_>) -> Option<String> {
    let rule = |scanner: &mut QueryScanner<'_>| {
        let name = scanner.field_name()?;
        scanner.expect(':', "\":\"")?;
        if scanner.peek() == Some(':') { Err(scanner.mismatch("an alias")) } else { Ok(name) }
    };
    scanner.attempt(rule).ok()
}

fn field(scanner: &mut QueryScanner<'_>) -> Scanned<SelectedField> {
    let plain = |field, alias| SelectedField { alias, ..SelectedField::new(field) };
    if scanner.eat("*") {
        ended(scanner, "\")\", \",\" or end of input")?;
        return Ok(plain(FieldPath::column("*"), None));
    }
    let alias = alias(scanner);
    if scanner.eat("count()") {
        let mut field = plain(FieldPath::column("*"), alias);
        field.aggregate = Some(Aggregate::Count);
        field.aggregate_cast = cast(scanner)?;
        ended(scanner, "\"::\", \")\", \",\" or end of input")?;
        return Ok(field);
    }
    let mut field = plain(path(scanner)?, alias);
    field.cast = cast(scanner)?;
    if scanner.eat(".") {
        let found = scanner.eat_one_of(AGGREGATES);
        field.aggregate =
            Some(found.ok_or_else(|| scanner.mismatch("\"sum\", \"avg\", \"count\", \"max\" or \"min\""))?);
        field.aggregate_cast = cast(scanner)?;
    }
    ended(scanner, "letter, digit, \"-\", \"->>\", \"->\", \"::\", \".\", \")\", \",\" or end of input")?;
    Ok(field)
}

fn cast(scanner: &mut QueryScanner<'_>) -> Scanned<Option<String>> {
    if !scanner.eat("::") {
        return Ok(None);
    }
    scanner.identifier().map(Some).ok_or_else(|| scanner.mismatch("letter or digit"))
}

fn ended(scanner: &mut QueryScanner<'_>, expecting: &'static str) -> Scanned<()> {
    match scanner.peek() {
        None | Some(',' | ')') => Ok(()),
        Some(_) => Err(scanner.surplus(expecting)),
    }
}

/// Parses a column with steps into its JSON value.
pub(super) fn path(scanner: &mut QueryScanner<'_>) -> Scanned<FieldPath> {
    scanner.skip_blanks();
    let name = scanner.field_name()?;
    let steps = json_steps(scanner)?;
    scanner.skip_blanks();
    Ok(FieldPath { name, steps })
}

/// Parses steps such as `->a->>0`.
pub(super) fn json_steps(scanner: &mut QueryScanner<'_>) -> Scanned<Vec<JsonStep>> {
    let mut steps = vec![];
    loop {
        let as_text = scanner.eat("->>");
        if !as_text && !scanner.eat("->") {
            return Ok(steps);
        }
        let key = match scanner.attempt(index) {
            Ok(index) => JsonKey::Index(index),
            Err(miss) => JsonKey::Name(
                json_name(scanner).map_err(|other| if miss.at > other.at { miss } else { other })?,
            ),
        };
        steps.push(JsonStep { as_text, key });
    }
}

fn index(scanner: &mut QueryScanner<'_>) -> Scanned<String> {
    let sign = if scanner.eat("-") { "-" } else { "" };
    let digits = scanner.take_while(|c| c.is_ascii_digit());
    if digits.is_empty() {
        return Err(scanner.mismatch("digit"));
    }
    let follows = ["->", "::", ".", ","].iter().any(|text| scanner.sees(text));
    if follows || scanner.is_at_end() || scanner.peek() == Some(')') {
        return Ok(format!("{sign}{digits}"));
    }
    Err(scanner.mismatch("\"->\", \"::\", \".\", \",\" or end of input"))
}

fn json_name(scanner: &mut QueryScanner<'_>) -> Scanned<String> {
    if scanner.peek() == Some('"') {
        return scanner.quoted();
    }
    let part = |scanner: &mut QueryScanner<'_>| {
        let text = scanner.take_while(|c| !"(-:.,>)".contains(c));
        if text.is_empty() {
            return Err(scanner.mismatch("any non reserved character different from: .,>()"));
        }
        Ok(text.trim().to_owned())
    };
    let mut name = part(scanner)?;
    while scanner.peek() == Some('-') && !scanner.sees("->") {
        let more = scanner.attempt(|scanner| {
            scanner.expect('-', "\"-\"")?;
            part(scanner)
        });
        let Ok(more) = more else { break };
        name.push('-');
        name.push_str(&more);
    }
    Ok(name)
}
