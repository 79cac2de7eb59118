//! Deserializers that accept numbers and booleans as strings too, since substituted variables are strings.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use serde_yaml::Value;

/// Returns a scalar's text, however it was written.
fn scalar<E: de::Error>(value: Value) -> Result<String, E> {
    match value {
        Value::Bool(value) => Ok(value.to_string()),
        Value::String(value) => Ok(value),
        // In the shortest form: 1.50 becomes 1.5.
        Value::Number(value) => Ok(value
            .as_i64()
            .map_or_else(|| value.as_f64().unwrap_or_default().to_string(), |value| value.to_string())),
        _ => Err(E::custom("expected a text or a number")),
    }
}

/// Rewords the standard library's message about an invalid number or boolean as the end of a sentence.
fn misfit(words: &str) -> &str {
    match words {
        "invalid digit found in string" | "cannot parse integer from empty string" => "is not a whole number",
        "number too large to fit in target type" => "is too large",
        "number too small to fit in target type" => "is too small",
        "provided string was not `true` or `false`" => "is neither true nor false",
        other => other,
    }
}

/// Deserializes a value that can be parsed from a scalar's text.
pub(crate) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let text = Value::deserialize(deserializer).and_then(scalar)?;
    text.parse()
        .map_err(|error: T::Err| de::Error::custom(format!("\"{text}\" {}", misfit(&error.to_string()))))
}

/// Deserializes an optional key as [`parsed`] does.
pub(crate) fn optional<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    parsed(deserializer).map(Some)
}

/// Deserializes a map whose values are scalars.
pub(crate) fn text_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<std::collections::BTreeMap<String, String>, D::Error> {
    let raw = std::collections::BTreeMap::<String, Value>::deserialize(deserializer)?;
    raw.into_iter().map(|(key, value)| Ok((key, scalar(value)?))).collect()
}
