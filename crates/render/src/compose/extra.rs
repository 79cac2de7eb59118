//! Merge of a further Compose file by Compose's own rules: <https://docs.docker.com/reference/compose-file/merge/>.

use serde_json::Value;

/// Lists that the later file replaces, because they are commands.
const COMMANDS: &[&str] = &["command", "entrypoint", "test"];

/// Returns the first document with the second merged into it: maps by key, lists one after the other, and of two other
/// values the second.
pub(crate) fn merged(own: Value, further: &Value) -> Value {
    match (own, further) {
        (Value::Object(mut own), Value::Object(further)) => {
            for (key, value) in further {
                // In place, so that the keys keep their order.
                match own.get_mut(key) {
                    Some(first) if !COMMANDS.contains(&key.as_str()) => *first = merged(first.take(), value),
                    Some(first) => *first = value.clone(),
                    None => drop(own.insert(key.clone(), value.clone())),
                }
            }
            Value::Object(own)
        }
        (Value::Array(own), Value::Array(further)) => {
            let new = further.iter().filter(|value| !own.contains(value)).cloned().collect::<Vec<_>>();
            own.into_iter().chain(new).collect()
        }
        (_, further) => further.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_further_file_adds_and_overrides_as_in_compose() {
        let own = json!({ "services": {
            "a": { "image": "a:1", "ports": ["1:1"], "command": ["x", "y"], "environment": { "A": "1", "B": "2" } },
        } });
        let further = json!({
            "services": {
                "a": { "image": "a:2", "ports": ["1:1", "2:2"], "command": ["z"], "environment": { "B": "3" } },
                "proxy": { "image": "nginx:1" },
            },
            "volumes": { "cache": null },
        });
        let expected = json!({
            "services": {
                "a": { "image": "a:2", "ports": ["1:1", "2:2"], "command": ["z"], "environment": { "A": "1", "B": "3" } },
                "proxy": { "image": "nginx:1" },
            },
            "volumes": { "cache": null },
        });
        assert_eq!(merged(own, &further), expected);
    }
}
