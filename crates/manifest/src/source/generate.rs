//! Generated services: `shop_{n}: { count: 200 }` declares shop_1 to shop_200. In every string of the entry `{n}` is the
//! number, and `{n:03}` the number with at least three digits. Pure.

use std::collections::BTreeMap;

use serde_yaml::{Mapping, Value};

/// Maximum number of services that one manifest generates.
const MAX_SERVICES: usize = 10_000;

/// Entry that each generated service came from, by the service's name.
pub(crate) type Origins = BTreeMap<String, String>;

/// Path of an error, and its message.
type EntryError = (Vec<String>, String);

/// A service's name and its entry.
type NumberedEntry = (Value, Value);

/// Key with the error, if any, and the message.
type KeyError = (Option<&'static str>, String);

/// Replaces template entries by the services that they generate.
pub(crate) fn generate(manifest: &mut Value) -> Result<Origins, EntryError> {
    let mut origins = Origins::new();
    let Some(services) = manifest.get_mut("services").and_then(Value::as_mapping_mut) else {
        return Ok(origins);
    };
    if !services.iter().any(|(name, entry)| is_concerned(name, entry)) {
        return Ok(origins);
    }
    let mut all = Mapping::new();
    for (name, entry) in std::mem::take(services) {
        let wrong = |key: Option<&str>, message: String| {
            let path = ["services", name.as_str().unwrap_or_default()].into_iter().chain(key);
            (path.map(str::to_owned).collect(), message)
        };
        let made = match name.as_str().filter(|_| is_concerned(&name, &entry)) {
            None => vec![(name.clone(), entry)],
            Some(template) => {
                let made = of_entry(template, entry).map_err(|(key, message)| wrong(key, message))?;
                let names = made.iter().filter_map(|(name, _)| name.as_str());
                origins.extend(names.map(|made| (made.to_owned(), template.to_owned())));
                made
            }
        };
        if origins.len() > MAX_SERVICES {
            return Err(wrong(
                Some("count"),
                format!("more than {MAX_SERVICES} services would be generated"),
            ));
        }
        for (made, entry) in made {
            let shown = made.as_str().unwrap_or_default().to_owned();
            if all.insert(made, entry).is_some() {
                return Err(wrong(
                    None,
                    format!("service \"{shown}\" is declared twice: it is one of the generated"),
                ));
            }
        }
    }
    *services = all;
    Ok(origins)
}

fn is_concerned(name: &Value, entry: &Value) -> bool {
    name.as_str().is_some_and(|name| name.contains("{n")) || entry.get("count").is_some()
}

fn of_entry(template: &str, mut entry: Value) -> Result<Vec<NumberedEntry>, KeyError> {
    let numbered = fill(template, 1).map_err(|why| (None, why))? != template;
    let count = entry.as_mapping_mut().and_then(|entry| entry.remove("count"));
    let count = match (numbered, count) {
        (false, _) => return Err((Some("count"), "count needs {n} in the name of the service".into())),
        (true, None) => {
            return Err((
                None,
                format!("\"{template}\" declares several services: set their number with count"),
            ));
        }
        (true, Some(count)) => number(&count)
            .ok_or_else(|| (Some("count"), format!("count takes a whole number from 1 to {MAX_SERVICES}")))?,
    };
    let one = |n: usize| {
        let mut own = entry.clone();
        fill_all(&mut own, n)?;
        Ok((Value::String(fill(template, n)?), own))
    };
    (1..=count).map(one).collect::<Result<_, String>>().map_err(|why| (None, why))
}

/// Returns the count. It is a string if a variable was substituted.
fn number(count: &Value) -> Option<usize> {
    let number = match count {
        Value::String(text) => text.parse().ok()?,
        other => usize::try_from(other.as_u64()?).ok()?,
    };
    (1..=MAX_SERVICES).contains(&number).then_some(number)
}

fn fill_all(value: &mut Value, n: usize) -> Result<(), String> {
    match value {
        Value::String(text) => *text = fill(text, n)?,
        Value::Mapping(map) => map.values_mut().try_for_each(|value| fill_all(value, n))?,
        Value::Sequence(list) => list.iter_mut().try_for_each(|value| fill_all(value, n))?,
        _ => {}
    }
    Ok(())
}

/// Substitutes the number in a string. `${n}` is a variable, in the strings whose variables are substituted later.
fn fill(text: &str, n: usize) -> Result<String, String> {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("{n") {
        let (before, found) = rest.split_at(at);
        filled += before;
        let inner = found.find('}').map(|end| &found[2..end]);
        rest = match inner {
            Some("") if !before.ends_with('$') => {
                filled += &n.to_string();
                &found["{n}".len()..]
            }
            Some(format) if format.starts_with(':') => {
                let width = width(format).ok_or_else(|| {
                    format!("\"{text}\": write {{n}}, or {{n:03}} for three digits and at most {{n:09}}")
                })?;
                filled += &format!("{n:0width$}");
                &found["{n}".len() + format.len()..]
            }
            // Another placeholder, such as {name}.
            _ => {
                filled += "{n";
                &found["{n".len()..]
            }
        };
    }
    Ok(filled + rest)
}

fn width(format: &str) -> Option<usize> {
    let digits = format.strip_prefix(":0")?;
    (digits.len() == 1).then(|| digits.parse().ok()).flatten().filter(|width| *width > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generated(text: &str) -> Result<(Value, Origins), EntryError> {
        let mut value: Value = serde_yaml::from_str(text).unwrap();
        generate(&mut value).map(|origins| (value, origins))
    }

    #[test]
    fn each_text_gets_the_number() {
        let text = "services:\n  a:\n  \"shop_{n}\": { count: \"3\", database: \"d{n:03}-{n}\", schemas: [\"s{n}\", x], settings: { m: 8MB }, prune: true }\n";
        let (value, origins) = generated(text).unwrap();
        let services = value["services"].as_mapping().unwrap();
        assert_eq!(services.len(), 4);
        let third = &services["shop_3"];
        assert_eq!(third["database"].as_str(), Some("d003-3"));
        assert_eq!(third["schemas"][0].as_str(), Some("s3"));
        assert_eq!(third["prune"].as_bool(), Some(true));
        assert!(third.get("count").is_none());
        assert_eq!(origins["shop_2"], "shop_{n}");
        assert!(!origins.contains_key("a"));
    }

    #[test]
    fn numbers_are_written_as_asked() {
        for (text, n, expected) in [
            ("{n}", 7, Some("7")),
            ("{n:03}", 7, Some("007")),
            ("{n:03}", 1234, Some("1234")),
            ("x{n}y{n:02}", 5, Some("x5y05")),
            ("${n} {name} {service} {n", 5, Some("${n} {name} {service} {n")),
            ("{n:3}", 5, None),
            ("{n:00}", 5, None),
            ("{n:0999}", 5, None),
            ("{n:}", 5, None),
        ] {
            assert_eq!(fill(text, n).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn an_invalid_generator_is_reported_with_reason_and_position() {
        for (text, path, expected) in [
            ("\"a{n}\":", "services a{n}", "set their number"),
            ("a: { count: 3 }", "services a count", "count needs {n}"),
            ("\"a{n}\": { count: 0 }", "services a{n} count", "from 1 to 10000"),
            ("\"a{n}\": { count: -1 }", "services a{n} count", "from 1 to 10000"),
            ("\"a{n}\": { count: 10001 }", "services a{n} count", "from 1 to 10000"),
            ("\"a{n}\": { count: many }", "services a{n} count", "from 1 to 10000"),
            ("\"a{n}\": { count: [1] }", "services a{n} count", "from 1 to 10000"),
            ("\"a{n:x}\": { count: 1 }", "services a{n:x}", "write {n}"),
            ("\"a{n}\": { count: 2, database: \"{n:1}\" }", "services a{n}", "write {n}"),
            ("a1:\n \"a{n}\": { count: 1 }", "services a{n}", "\"a1\" is declared twice"),
            ("\"a{n}\": { count: 9999 }\n \"b{n}\": { count: 2 }", "services b{n} count", "more than 10000"),
        ] {
            let (at, message) = generated(&format!("services:\n {text}\n")).unwrap_err();
            assert_eq!(at.join(" "), path, "{text}");
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_input_panics(text in "[{}n:0-9$a ]{0,20}") {
            let _either = fill(&text, 3);
        }
    }
}
