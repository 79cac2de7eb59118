//! Type errors of serde in a YAML tree, reworded, with their paths.

use martydb_model::deploy::SEALED_WITH;
use martydb_model::suggest::hint;

/// A value of the wrong type, or an unknown key.
pub(crate) struct TypeMismatch {
    pub path: Vec<String>,
    pub message: String,
    pub hint: Option<String>,
}

impl TypeMismatch {
    pub(crate) fn from_error(error: &serde_path_to_error::Error<serde_yaml::Error>) -> TypeMismatch {
        let mut path: Vec<String> = error.path().iter().filter_map(step).collect();
        let message = error.inner().to_string();
        // The YAML library prefixes its own, untranslated path.
        let message = message
            .rsplit_once(": unknown field")
            .map_or(message.clone(), |(_, rest)| format!("unknown field{rest}"));
        let Some((unknown, expected)) = unknown_field(&message) else {
            path = longer(path, &message);
            let (message, hint) = plain(path.last().map(String::as_str), &message);
            return TypeMismatch { path, message, hint };
        };
        if path.last() != Some(&unknown) {
            path.push(unknown.clone());
        }
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let hint = match unknown.as_str() {
            "sealed_secrets" => SEALED_WITH.to_owned(),
            _ => hint(&unknown, "known keys here", &expected),
        };
        TypeMismatch { path, message: format!("unknown key \"{unknown}\""), hint: Some(hint) }
    }
}

fn step(segment: &serde_path_to_error::Segment) -> Option<String> {
    match segment {
        serde_path_to_error::Segment::Map { key } => Some(key.clone()),
        serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
        _ => None,
    }
}

/// Returns the path that the YAML library writes before its message, if that leads further: serde's ends where a type is
/// chosen by its content.
fn longer(path: Vec<String>, message: &str) -> Vec<String> {
    let own: Vec<String> =
        message.split(": ").next().unwrap_or_default().split('.').map(String::from).collect();
    let leads_on = own.len() > path.len() && own.starts_with(&path) && own.iter().all(|part| is_word(part));
    if leads_on { own } else { path }
}

fn is_word(key: &str) -> bool {
    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// Examples of keys whose form is mistaken most often.
const EXAMPLES: &[(&str, &str)] = &[
    ("connection_limit", "connection_limit: { app: 40 }"),
    ("defaults", "defaults: { schemas: [public] }"),
    ("extensions", "extensions: [pg_trgm]"),
    ("schemas", "schemas: [public]"),
    ("servers", "servers: { main: { embedded: auto } }"),
    ("services", "services: { billing: , shipping: }"),
    ("settings", "settings: { statement_timeout: 30s }"),
];

/// Returns the hint with an example for a key of another form, or with the form alone.
fn example(key: &str, expected: &str) -> Option<String> {
    let known = EXAMPLES.iter().find(|(name, _)| *name == key).map(|(_, example)| (*example).to_owned());
    let form = match expected {
        "keys and values" => Some(format!("{key}: {{ … }}")),
        "a list" => Some(format!("{key}: [ … ]")),
        _ => None,
    };
    form.map(|form| format!("write `{}`", known.unwrap_or(form)))
}

/// Parses ``unknown field `x`, expected one of `a`, `b` ``, which has no type in serde: the words between backquotes.
fn unknown_field(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut words = rest.split('`').skip(1).step_by(2).map(String::from);
    Some((words.next()?, words.collect()))
}

/// Rewords serde's messages about wrong types and missing keys, without the names of Rust types.
fn plain(key: Option<&str>, message: &str) -> (String, Option<String>) {
    if let Some(key) = message.strip_prefix("missing field `").and_then(|rest| rest.split('`').next()) {
        let hint = match key {
            "version" => "write `version: 1` in the first line".into(),
            _ => format!("write `{key}: …`"),
        };
        return (format!("the key \"{key}\" is missing"), Some(hint));
    }
    let mistyped = message.rsplit_once("invalid type: ").and_then(|(_, rest)| rest.split_once(", expected "));
    let Some((found, expected)) = mistyped else { return (message.to_owned(), None) };
    let expected = match expected {
        "a sequence" => "a list",
        "a map" => "keys and values",
        named if named.starts_with("struct ") => "keys and values",
        named => named,
    };
    let found = found.replacen("string ", "", 1).replace("unit value", "nothing");
    let (expected, found) = (expected.replace("sequence", "list"), found.replace("sequence", "a list"));
    let message = format!("expected {expected}, found {found}");
    match key.filter(|key| !key.starts_with(|c: char| c.is_ascii_digit())) {
        // A URL in the place of a key contains a password: the hint does not repeat it.
        Some(key) => {
            (format!("the key \"{key}\": {message}"), example(key, &expected).filter(|_| is_word(key)))
        }
        None => (message, None),
    }
}
