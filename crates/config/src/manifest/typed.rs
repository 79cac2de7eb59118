//! Type errors of serde in a YAML tree, reworded, with their paths.

use martydb_model::suggest::hint;

/// A value of the wrong type, or an unknown key.
pub struct TypeMismatch {
    pub path: Vec<String>,
    pub message: String,
    pub hint: Option<String>,
}

impl TypeMismatch {
    pub fn of(error: &serde_path_to_error::Error<serde_yaml::Error>) -> TypeMismatch {
        let mut path: Vec<String> = error.path().iter().filter_map(step).collect();
        let message = error.inner().to_string();
        // The YAML library prefixes its own, untranslated path.
        let message = message
            .rsplit_once(": unknown field")
            .map_or(message.clone(), |(_, rest)| format!("unknown field{rest}"));
        let Some((unknown, expected)) = unknown_field(&message) else {
            let (message, hint) = plain(&message);
            return TypeMismatch { path, message, hint };
        };
        if path.last() != Some(&unknown) {
            path.push(unknown.clone());
        }
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        let hint = Some(hint(&unknown, "known keys here", &expected));
        TypeMismatch { path, message: format!("unknown key \"{unknown}\""), hint }
    }
}

fn step(segment: &serde_path_to_error::Segment) -> Option<String> {
    match segment {
        serde_path_to_error::Segment::Map { key } => Some(key.clone()),
        serde_path_to_error::Segment::Seq { index } => Some(index.to_string()),
        _ => None,
    }
}

/// Parses ``unknown field `x`, expected one of `a`, `b` ``, which has no type in serde: the words between backquotes.
fn unknown_field(message: &str) -> Option<(String, Vec<String>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut words = rest.split('`').skip(1).step_by(2).map(String::from);
    Some((words.next()?, words.collect()))
}

/// Rewords serde's messages about wrong types and missing keys, without the names of Rust types.
fn plain(message: &str) -> (String, Option<String>) {
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
    (format!("expected {}, found {found}", expected.replace("sequence", "list")), None)
}
