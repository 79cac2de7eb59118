//! Additions to a manifest that preserve its order, form and comments.
//!
//! The text is edited by lines, with as little YAML parsing as possible. The result is parsed and compared with the
//! intended value; a text that the line editor does not understand is left unchanged.

mod block;
mod write;

use serde_yaml::{Mapping, Value};

use self::block::YamlLines;

/// Adds keys to a service of a manifest, and the service itself if it is missing. Maps are merged; all other values are
/// replaced. Returns `None` if the text cannot be changed safely.
pub(crate) fn with_service(text: &str, service: &str, keys: &Mapping) -> Option<String> {
    let wanted = nested(service, keys);
    let before = parsed(text)?;
    let mut expected = before.clone();
    merge(&mut expected, &Value::Mapping(wanted.clone()));
    if expected == before {
        return Some(text.to_owned());
    }
    let mut lines = YamlLines::new(text);
    lines.merge(&wanted)?;
    let edited = lines.text();
    (parsed(&edited)? == expected).then_some(edited)
}

/// Returns the lines to add by hand.
pub(crate) fn lines_to_paste(service: &str, keys: &Mapping) -> Vec<String> {
    write::map(&nested(service, keys), 0)
}

fn nested(service: &str, keys: &Mapping) -> Mapping {
    let service = Mapping::from_iter([(service.into(), Value::Mapping(keys.clone()))]);
    Mapping::from_iter([("services".into(), Value::Mapping(service))])
}

fn parsed(text: &str) -> Option<Value> {
    serde_yaml::from_str(text).ok()
}

fn merge(into: &mut Value, keys: &Value) {
    match (into, keys) {
        // A service without keys may have no map at all.
        (Value::Null, Value::Mapping(keys)) if keys.is_empty() => {}
        (Value::Mapping(into), Value::Mapping(keys)) => {
            for (key, value) in keys {
                match into.get_mut(key) {
                    Some(found) => merge(found, value),
                    None => drop(into.insert(key.clone(), value.clone())),
                }
            }
        }
        (into, keys) => *into = keys.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, keys: &str) -> Option<String> {
        with_service(text, "shop", &serde_yaml::from_str(keys).unwrap())
    }

    const KEYS: &str =
        "{ database: shop_prod, access: { bi: { login: true, read: [shop.public], reason: found } } }";

    #[test]
    fn a_new_service_comes_behind_the_others() {
        let text = "version: 1\n# The services.\nservices:\n    crm: # theirs\n        database: c\n\n# End.\nallow: []\n";
        let expected = "version: 1\n# The services.\nservices:\n    crm: # theirs\n        database: c\n    shop:\n      database: shop_prod\n      \
                        access:\n        bi: { login: true, read: [shop.public], reason: found }\n\n# End.\nallow: []\n";
        assert_eq!(edited(text, KEYS).unwrap(), expected);
        assert_eq!(edited(expected, KEYS).unwrap(), expected);
    }

    #[test]
    fn a_manifest_without_services_gets_them() {
        for text in ["version: 1", "version: 1\nservices:\n", "version: 1\nservices: # none yet\nallow: []\n"]
        {
            let found = edited(text, "{ database: d }").unwrap();
            assert!(found.contains("services:") && found.contains("\n  shop:\n    database: d\n"), "{found}");
        }
    }

    #[test]
    fn an_entry_on_one_line_becomes_a_block_and_keeps_its_comment() {
        let text = "services:\n  shop: { server: a, database: \"x, y\" } # ours\n  crm:\n";
        let found = edited(text, "{ schemas: [public, billing] }").unwrap();
        let expected = "services:\n  shop: # ours\n    server: a\n    database: \"x, y\"\n    schemas: [public, billing]\n  crm:\n";
        assert_eq!(found, expected);
        let longer = edited(&found, "{ schemas: [public, billing, app] }").unwrap();
        assert_eq!(longer, expected.replace("billing]", "billing, app]"));
        let listed = "services:\n  shop:\n    schemas:\n      - public # the first\n    server: a\n";
        let longer = edited(listed, "{ schemas: [public, app] }").unwrap();
        assert_eq!(longer, listed.replace("the first\n", "the first\n      - app\n"));
    }

    #[test]
    fn a_service_that_lacks_nothing_stays_as_it_is() {
        for text in ["services:\n  shop:\n", "services: { shop: }\n", "services:\n  shop: { server: a }\n"] {
            assert_eq!(edited(text, "{}").as_deref(), Some(text));
        }
    }

    #[test]
    fn unknown_parts_are_left_unchanged() {
        for text in [
            "services: {\n  shop: { server: a }, crm: {} }\n",
            "services:\n  shop: {\n    server: a }\n",
            "services:\n  shop: &anchor\n    server: a\n  crm: *anchor\n",
            "services:\n  shop: [\n",
            "- a\n",
        ] {
            assert_eq!(edited(text, "{ database: d }"), None, "{text}");
        }
    }

    #[test]
    fn names_that_mean_something_to_yaml_are_quoted() {
        let keys = "{ access: { \"a: b #\": { login: true, members: [\"no\", \"1\", \"it's\", \"x,y\", \"\\u00e9\"], reason: \"{x}\" } } }";
        let found = edited("version: 1\n", keys).unwrap();
        assert!(found.contains("\"a: b #\": { login: true"), "{found}");
    }

    proptest::proptest! {
        #[test]
        fn the_written_manifest_means_the_same(names in proptest::collection::vec("\\PC{1,12}|[a-z]{1,5}", 1..9), text in "(a: 1|services:|  crm: \\{\\}|  shop:( # c)?|    server: b|    schemas: \\[a\\]|\n){0,12}") {
            let list = Value::Sequence(names.iter().map(|name| name.as_str().into()).collect());
            let entry = Mapping::from_iter([("members".into(), list)]);
            let access = Mapping::from_iter(names.iter().map(|name| (name.as_str().into(), Value::Mapping(entry.clone()))));
            let keys = Mapping::from_iter([("access".into(), Value::Mapping(access))]);
            if let Some(found) = with_service(&text, "shop", &keys) {
                let value = parsed(&found).unwrap();
                assert_eq!(value["services"]["shop"]["access"], keys["access"]);
            }
            let pasted = parsed(&(lines_to_paste("shop", &keys).join("\n") + "\n")).unwrap();
            assert_eq!(&pasted["services"]["shop"], &Value::Mapping(keys));
        }
    }
}
