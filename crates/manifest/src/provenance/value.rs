//! A value with its origin, and the values of a YAML tree.

use serde_json::Value as Json;
use serde_yaml::Value;

use crate::source::Sources;
use crate::source::yaml_file::without_passwords;

/// One value with its path of keys.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct ResolvedValue {
    pub key: Vec<String>,
    pub value: Json,
    /// `file:line:column` of the key; `None` for martydb's own default.
    pub place: Option<String>,
    /// Environment variables in its text.
    pub variables: Vec<String>,
}

/// Returns a value that a file contains at this path.
pub(crate) fn written(sources: &Sources, path: &[String], value: &Value) -> ResolvedValue {
    let found = find(sources, &[path]);
    ResolvedValue {
        key: path.to_vec(),
        value: json(value),
        place: found.as_ref().map(|(place, _)| place.clone()),
        variables: found.map_or_else(Vec::new, |(_, variables)| variables),
    }
}

/// Returns the location of the first of the paths that a file has, and the variables in its text.
pub(crate) fn find(sources: &Sources, paths: &[&[String]]) -> Option<(String, Vec<String>)> {
    paths.iter().find_map(|path| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let (place, value) = sources.written(&path)?;
        Some((place, variables(value)))
    })
}

/// Visits the scalars and lists of a tree, with their paths.
pub(crate) fn leaves(value: &Value, path: &mut Vec<String>, found: &mut impl FnMut(&[String], &Value)) {
    match value {
        Value::Mapping(map) if !map.is_empty() => {
            for (key, value) in map {
                path.push(key.as_str().map_or_else(|| json(key).to_string(), str::to_owned));
                leaves(value, path, found);
                path.pop();
            }
        }
        _ => found(path, value),
    }
}

fn json(value: &Value) -> Json {
    match value {
        Value::String(text) => Json::String(without_passwords_in_urls(text)),
        Value::Sequence(list) => list.iter().map(json).collect(),
        Value::Mapping(map) => map
            .iter()
            .map(|(key, value)| (key.as_str().unwrap_or_default().to_owned(), json(value)))
            .collect(),
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}

/// Reduces a URL that may contain a password to its scheme.
fn without_passwords_in_urls(text: &str) -> String {
    let has_user_part =
        text.split_once("://").is_some_and(|(_, rest)| rest.contains('@') && rest.contains(':'));
    if has_user_part || text.contains("password=") { without_passwords(text) } else { text.to_owned() }
}

/// Returns the names in `${NAME}` and `${NAME:-default}`.
fn variables(value: &Value) -> Vec<String> {
    let mut names = vec![];
    leaves(value, &mut vec![], &mut |_, leaf| {
        let texts = match leaf {
            Value::Sequence(list) => list.iter().filter_map(Value::as_str).collect(),
            leaf => leaf.as_str().into_iter().collect::<Vec<_>>(),
        };
        for text in texts {
            for piece in text.split("${").skip(1) {
                let name: String =
                    piece.chars().take_while(|char| char.is_ascii_alphanumeric() || *char == '_').collect();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
    });
    names
}
