//! Status and headers that a function sets for its answer, in the settings `response.status` and `response.headers`
//! (<https://docs.postgrest.org/en/stable/references/transactions.html#response-headers>).

use serde_json::Value;

use crate::error::service_headers::{is_status, may_set};
use crate::error::{HttpError, HttpResult};

/// Most headers of a function.
const MAX_HEADERS: usize = 50;

/// Parses the headers: an array of objects with one key and a text.
pub(super) fn headers(text: Option<&str>) -> HttpResult<Vec<(String, String)>> {
    let Some(text) = text else { return Ok(vec![]) };
    let wrong = || {
        let message = "response.headers guc must be a JSON array composed of objects with a single key and a string value";
        HttpError::new(500, "PGRST111", message)
    };
    let parsed: Vec<serde_json::Map<String, Value>> = serde_json::from_str(text).map_err(|_| wrong())?;
    if parsed.len() > MAX_HEADERS {
        return Err(wrong());
    }
    let one = |object: serde_json::Map<String, Value>| match object.into_iter().collect::<Vec<_>>().pop() {
        Some((name, Value::String(value))) if may_set(&name, &value) => Ok((name, value)),
        _ => Err(wrong()),
    };
    parsed.into_iter().map(|object| if object.len() == 1 { one(object) } else { Err(wrong()) }).collect()
}

/// Parses the status.
pub(super) fn status(text: Option<&str>) -> HttpResult<Option<u16>> {
    let Some(text) = text else { return Ok(None) };
    let status = text.parse::<u16>().ok().filter(|status| is_status(*status));
    let message = "response.status guc must be a valid status code";
    status.map(Some).ok_or_else(|| HttpError::new(500, "PGRST112", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_the_connection_and_malformed_ones_are_refused() {
        let good = headers(Some(r#"[{"Set-Cookie":"a=1"},{"Set-Cookie":"b=2"}]"#)).unwrap();
        assert_eq!(good.len(), 2);
        for wrong in [
            "{}",
            "[1]",
            r#"[{"a":"1","b":"2"}]"#,
            r#"[{"a":1}]"#,
            r#"[{"Content-Length":"1"}]"#,
            r#"[{"X-Test":"a\r\nSet-Cookie: b=1"}]"#,
            r#"[{"X Test":"a"}]"#,
        ] {
            assert_eq!(headers(Some(wrong)).unwrap_err().code, "PGRST111", "{wrong}");
        }
    }

    #[test]
    fn a_status_is_a_final_one() {
        assert_eq!(status(Some("418")).unwrap(), Some(418));
        for wrong in ["", "abc", "100", "600", "-1"] {
            assert_eq!(status(Some(wrong)).unwrap_err().code, "PGRST112", "{wrong}");
        }
    }
}
