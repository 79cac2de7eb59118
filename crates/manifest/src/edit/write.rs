//! Formatter for YAML as people write manifests: small maps and lists on one line, everything else in blocks.

use serde_yaml::{Mapping, Value};

/// Maximum width of a line with a map or list, in columns.
const WIDTH: usize = 120;

/// Formats a map as a block.
pub(crate) fn map(map: &Mapping, indent: usize) -> Vec<String> {
    map.iter().flat_map(|(key, value)| entry(&key_text(key), value, indent)).collect()
}

fn key_text(key: &Value) -> String {
    key.as_str().map_or_else(|| flow(key), scalar)
}

/// Formats a key and its value: short lists and maps on one line, sections and long values as blocks.
pub(crate) fn entry(key: &str, value: &Value, indent: usize) -> Vec<String> {
    let blanks = " ".repeat(indent);
    let one = format!("{blanks}{key}: {}", flow(value));
    match value {
        Value::Mapping(inner) if holds_maps(inner) || one.chars().count() > WIDTH || is_section(key) => {
            let head = [format!("{blanks}{key}:")];
            head.into_iter().chain(map(inner, indent + 2)).collect()
        }
        Value::Sequence(items) if one.chars().count() > WIDTH => {
            let head = [format!("{blanks}{key}:")];
            head.into_iter().chain(items.iter().map(|one| item(one, indent + 2))).collect()
        }
        _ => vec![one],
    }
}

pub(crate) fn item(value: &Value, indent: usize) -> String {
    format!("{}- {}", " ".repeat(indent), flow(value))
}

/// Returns `true` for maps that tend to grow, and are always blocks.
fn is_section(key: &str) -> bool {
    matches!(key, "services" | "access" | "settings")
}

/// Returns `true` for maps of maps and for a service's own map, which soon exceeds one line.
fn holds_maps(map: &Mapping) -> bool {
    const OF_A_SERVICE: &[&str] = &["database", "server", "schemas", "extensions", "settings", "access"];
    let is_service = |key: &Value| key.as_str().is_some_and(|key| OF_A_SERVICE.contains(&key));
    map.keys().any(is_service) || map.values().any(Value::is_mapping)
}

/// Formats a value on one line.
pub(crate) fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Sequence(items) => {
            format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Mapping(map) if map.is_empty() => "{}".into(),
        Value::Mapping(map) => {
            let all = map.iter().map(|(key, value)| format!("{}: {}", key_text(key), flow(value)));
            format!("{{ {} }}", all.collect::<Vec<_>>().join(", "))
        }
        Value::Null | Value::Tagged(_) => "null".into(),
    }
}

/// Returns a text, quoted if it would be read as something else.
pub(crate) fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./ ".contains(c);
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && !text.ends_with(' ')
        && text.chars().all(plain);
    if bare && !is_word_of_yaml(text) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                quoted += &format!("\\U{:08x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Returns `true` for words that some YAML parser does not read as text.
fn is_word_of_yaml(text: &str) -> bool {
    const WORDS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}
