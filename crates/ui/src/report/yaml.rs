//! The JSON document as YAML: the same keys and values, for people and for tools that prefer it.

use serde::Serialize;
use serde_json::Value;

use martydb_model::text::is_safe;

/// Delimiter of escaped characters. YAML's emitter escapes unprintable characters, but not the others that a terminal
/// obeys or a reader does not see. Each of those is put between two of these marks, which make the emitter quote the
/// text and are written as `\a`; every backslash too, so that no other `\a` remains.
const MARK: char = '\u{7}';
const MARK_WRITTEN: &str = "\\a";
const BACKSLASH: &str = "0000005c";

/// Formats a document, with a line break at its end.
pub fn text(document: &impl Serialize) -> String {
    let mut value = serde_json::to_value(document).expect("plain data");
    mark(&mut value);
    unmarked(&serde_yaml::to_string(&value).expect("plain data"))
}

fn mark(value: &mut Value) {
    match value {
        Value::String(text) => *text = marked(text),
        Value::Array(all) => all.iter_mut().for_each(mark),
        Value::Object(all) => {
            for (key, mut value) in std::mem::take(all) {
                mark(&mut value);
                all.insert(marked(&key), value);
            }
        }
        _ => {}
    }
}

/// Words that are true or false in YAML 1.1, which many parsers still implement.
const OLD_BOOLEANS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];

/// Tests for a number of base 60 in YAML 1.1, such as the ports 22:22.
fn is_old_number(text: &str) -> bool {
    text.contains(':') && text.chars().all(|c| c.is_ascii_digit() || ":._".contains(c))
}

fn marked(text: &str) -> String {
    if is_old_number(text) || OLD_BOOLEANS.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return format!("{MARK}{MARK}{text}");
    }
    let one = |c: char| match is_safe(c) && c != '\\' {
        true => c.to_string(),
        false => format!("{MARK}{:08x}{MARK}", u32::from(c)),
    };
    text.chars().map(one).collect()
}

/// Replaces each pair of marks: every other part is a character's code.
fn unmarked(text: &str) -> String {
    let escape = |number: &str| match number {
        // An empty part only caused the quotes.
        "" => String::new(),
        BACKSLASH => "\\\\".to_owned(),
        number => format!("\\U{number}"),
    };
    let parts = text.split(MARK_WRITTEN).enumerate();
    parts.map(|(at, part)| if at % 2 == 1 { escape(part) } else { part.to_owned() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_is_the_same_document() {
        let attack = "a\u{1b}[31m\u{7}\u{9b}2J\u{202e}\u{e0041}\u{85}\u{2028}b\r\n  c\\a\t'\"";
        let document = json!({
            "plain": "up_to_date", "count": 3, "none": null, "yes": "yes", "number": "0123", "ports": "127.0.0.1:5433:5432", "list": [], "rows": [{ "a": 1.5 }],
            "lines": "SELECT 1;\n  SELECT 2;\n", attack: [attack, "\\a", "\\\\a\\a", "# no comment", ""],
        });
        let text = text(&document);
        assert!(text.chars().all(is_safe), "{text:?}");
        assert_eq!(serde_yaml::from_str::<Value>(&text).unwrap(), document, "{text}");
        assert!(text.starts_with("plain: up_to_date\ncount: 3\nnone: null\n\"yes\": \"yes\"\n"), "{text}");
        assert!(text.contains("\nports: \"127.0.0.1:5433:5432\"\n"), "{text}");
    }

    proptest::proptest! {
        #[test]
        fn every_text_comes_back(text in "(\\PC|\\p{C}|\n|\\\\|a|:|'|\"| ){0,30}") {
            let document = json!({ &text: text });
            let written = super::text(&document);
            proptest::prop_assert!(written.chars().all(is_safe), "{written:?}");
            proptest::prop_assert_eq!(serde_yaml::from_str::<Value>(&written).unwrap(), document);
        }
    }
}
