//! Rendered documents as values, which show what they become. A key whose value is null is not written.

use serde::Serialize;
use serde_json::{Map, Value, json};

use martydb_ui::report::yaml_text;

/// Returns the text of a document.
pub(crate) fn yaml(document: Value) -> String {
    yaml_text(&present(document))
}

/// Returns the value without keys whose value is null.
pub(crate) fn present(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let map = map.into_iter().filter(|(_, value)| !value.is_null());
            map.map(|(key, value)| (key, present(value))).collect::<Map<_, _>>().into()
        }
        Value::Array(list) => list.into_iter().map(present).collect(),
        other => other,
    }
}

/// Returns the list or map; null if it is empty.
pub(crate) fn filled(all: impl Serialize) -> Value {
    let all = json!(all);
    let is_empty = all.as_array().is_some_and(Vec::is_empty) || all.as_object().is_some_and(Map::is_empty);
    if is_empty { Value::Null } else { all }
}

/// Returns one map with the keys of all, in their order; of two values of a key, the last.
pub(crate) fn joined<const N: usize>(maps: [Value; N]) -> Value {
    let keys = maps.iter().filter_map(Value::as_object).flatten();
    keys.map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>().into()
}
