//! Numbers and booleans that came out of a variable are strings by then; they are read all the same.

use std::fmt::Display;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl Scalar {
    fn text(self) -> String {
        match self {
            Scalar::Bool(value) => value.to_string(),
            Scalar::Int(value) => value.to_string(),
            Scalar::Float(value) => value.to_string(),
            Scalar::Text(value) => value,
        }
    }
}

/// A scalar's text, however it was written.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Scalar::deserialize(deserializer)
        .map(Scalar::text)
        .map_err(|_| de::Error::custom("expected a text or a number"))
}

/// Anything that can be parsed from a scalar's text.
pub fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(deserializer: D) -> Result<T, D::Error> {
    let text = text(deserializer)?;
    text.parse().map_err(|error| de::Error::custom(format!("\"{text}\": {error}")))
}

/// The same for an optional key.
pub fn optional<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    parsed(deserializer).map(Some)
}

/// A map whose values are scalars.
pub fn text_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<std::collections::BTreeMap<String, String>, D::Error> {
    let raw = std::collections::BTreeMap::<String, Scalar>::deserialize(deserializer)?;
    Ok(raw.into_iter().map(|(key, value)| (key, value.text())).collect())
}
