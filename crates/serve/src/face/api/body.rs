//! JSON objects of bodies: each key is read once, and one that is left over is an error.

use serde_json::{Map, Value};

use super::number::check_numbers;
use crate::error::{HttpError, HttpResult};

/// Keys of an object that are not read yet.
pub(crate) struct BodyKeys {
    object: Map<String, Value>,
    place: String,
}

/// Returns a error of a body.
pub(super) fn wrong(message: impl Into<String>) -> HttpError {
    HttpError::invalid_body(message)
}

impl BodyKeys {
    /// Parses a body, an object.
    pub(crate) fn parse(text: &str) -> HttpResult<BodyKeys> {
        check_numbers(text)?;
        let value = serde_json::from_str(text).map_err(|error| HttpError::of_json(&error))?;
        BodyKeys::from_value(value, "the body")
    }

    /// Takes an object; `place` names it in messages.
    pub(crate) fn from_value(value: Value, place: &str) -> HttpResult<BodyKeys> {
        match value {
            Value::Object(object) => Ok(BodyKeys { object, place: place.to_owned() }),
            _ => Err(wrong(format!("{place} is not an object"))),
        }
    }

    /// Takes the value of a key; `null` counts as absent.
    pub(crate) fn take(&mut self, key: &str) -> Option<Value> {
        self.object.remove(key).filter(|value| !value.is_null())
    }

    /// Takes the filter of a read: one without conditions is none. A change without conditions is refused.
    pub(crate) fn filter(&mut self) -> Option<Value> {
        self.take("where").filter(|filter| !filter.as_object().is_some_and(serde_json::Map::is_empty))
    }

    /// Takes the value of a key, be it null.
    pub(crate) fn given(&mut self, key: &str) -> Option<Value> {
        self.object.remove(key)
    }

    /// Takes a text.
    pub(crate) fn text(&mut self, key: &str) -> HttpResult<Option<String>> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(format!("\"{key}\" of {} is not a text", self.place))),
        }
    }

    /// Takes a whole number.
    pub(crate) fn number(&mut self, key: &str) -> HttpResult<Option<i64>> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let number = value.as_i64().filter(|number| *number >= 0);
        number.map(Some).ok_or_else(|| wrong(format!("\"{key}\" of {} is not a number of rows", self.place)))
    }

    /// Takes a text, or texts that are joined by commas, as `select` and `order` of the URL are written.
    pub(crate) fn list(&mut self, key: &str) -> HttpResult<Option<String>> {
        let not_text = || wrong(format!("\"{key}\" of {} is neither a text nor a list of texts", self.place));
        match self.object.remove(key).filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(Value::Array(all)) => {
                let texts = all.iter().map(|one| one.as_str().ok_or_else(not_text));
                Ok(Some(texts.collect::<HttpResult<Vec<_>>>()?.join(",")))
            }
            Some(_) => Err(not_text()),
        }
    }

    /// Rejects keys that were not read.
    pub(crate) fn finish(self) -> HttpResult<()> {
        match self.object.keys().next() {
            None => Ok(()),
            Some(key) => Err(wrong(format!("unknown key \"{key}\" in {}", self.place))),
        }
    }
}
