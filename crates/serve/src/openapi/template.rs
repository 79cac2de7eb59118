//! Templates of paths, in JSON: names are put into their text, and operations that the caller may not use are left out.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

/// Template of the paths of a collection or function.
pub(super) struct PathTemplate<'a> {
    pub text: &'static str,
    pub name: &'a str,
    /// `true` for a collection of documents, whose bodies are documents and changes of them.
    pub(crate) is_collection: bool,
}

/// Parses a template; each is tested.
pub(super) fn parsed(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap_or_default()
}

/// Returns a name as it may be in the name of a component (`^[a-zA-Z0-9._-]+$`); no two names become one.
pub(super) fn component(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => text.push(char::from(byte)),
            other => text.push_str(&format!(".{other:02x}")),
        }
    }
    text
}

/// Returns a reference to a component.
pub(super) fn reference(kind: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{kind}/{name}") })
}

/// Characters that stay as they are in a segment of a path (RFC 3986, section 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Places of the schemas of bodies, with the schema of rows and that of documents.
const BODIES: [(&str, &str, &str); 3] = [
    ("$NEW$", "$NAME$-new", "-document"),
    ("$WHOLE$", "$NAME$-change", "-document"),
    ("$CHANGE$", "$NAME$-change", "-change"),
];

impl PathTemplate<'_> {
    /// Returns the paths with the operations whose needs the words meet. `filters` are parameters of the columns.
    pub(super) fn paths(&self, words: &BTreeSet<&str>, filters: &[Value]) -> Map<String, Value> {
        // Neither has a character that ends a text of JSON.
        let path = utf8_percent_encode(self.name, UNRESERVED).to_string();
        let mut text = self.text.to_owned();
        for (place, of_rows, of_documents) in BODIES {
            text = text.replace(place, if self.is_collection { of_documents } else { of_rows });
        }
        let text = text.replace("$PATH$", &path).replace("$NAME$", &component(self.name));
        let mut paths = parsed(&text);
        for item in paths.values_mut().filter_map(Value::as_object_mut) {
            item.retain(|_, operation| is_met(operation, words));
            item.values_mut().for_each(|operation| with_parameters(operation, filters));
        }
        paths.retain(|_, item| item.as_object().is_some_and(|item| !item.is_empty()));
        paths
    }
}

/// Takes the needs of an operation out of it, and returns `true` if the words meet them.
fn is_met(operation: &mut Value, words: &BTreeSet<&str>) -> bool {
    let needs = operation.as_object_mut().and_then(|operation| operation.remove("x-needs"));
    let needs = needs.as_ref().and_then(Value::as_str).unwrap_or_default();
    needs.split_whitespace().all(|need| words.contains(need))
}

/// Puts references in the place of the parameters' names.
fn with_parameters(operation: &mut Value, filters: &[Value]) {
    let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) else { return };
    for name in std::mem::take(parameters).iter().filter_map(Value::as_str) {
        match name {
            "filters" | "arguments" => parameters.extend(filters.iter().cloned()),
            name => parameters.push(reference("parameters", name)),
        }
    }
}
