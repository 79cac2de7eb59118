//! Answers that code of a service raises: `RAISE SQLSTATE 'PT402'` sets the status, and `'PGRST'` the whole answer
//! (<https://docs.postgrest.org/en/stable/references/errors.html#raise-errors-with-http-status-codes>).

use serde::Deserialize;
use serde_json::Value;

use crate::error::service_headers::{is_status, may_set};
use crate::error::{AnswerHeader, DatabaseReport, HttpError};

/// MESSAGE of `RAISE SQLSTATE 'PGRST'`.
#[derive(Deserialize)]
struct RaisedBody {
    code: String,
    message: String,
    details: Option<String>,
    hint: Option<String>,
}

/// DETAIL of it.
#[derive(Deserialize)]
struct RaisedAnswer {
    status: u16,
    #[serde(rename = "status_text")]
    _status_text: Option<String>,
    headers: std::collections::BTreeMap<String, String>,
}

/// Returns the answer, if the code of a service raised one.
pub(crate) fn raised(report: &DatabaseReport) -> Option<HttpError> {
    if report.sqlstate == "PGRST" {
        return Some(whole(report).unwrap_or_else(|error| error));
    }
    let status =
        report.sqlstate.strip_prefix("PT")?.parse().ok().filter(|status| is_status(*status)).unwrap_or(500);
    let mut error = HttpError::new(status, report.sqlstate.as_str(), report.message.as_str());
    error.details = report.detail.clone().map(|detail| Box::new(Value::from(detail)));
    error.hint = report.hint.clone().map(String::into_boxed_str);
    Some(error)
}

fn whole(report: &DatabaseReport) -> Result<HttpError, HttpError> {
    let wrong = |details: String, hint: &str| {
        let message = "Could not parse JSON in the \"RAISE SQLSTATE 'PGRST'\" error";
        HttpError::new(500, "PGRST121", message).details(details).hint(hint)
    };
    const MESSAGE: &str = "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.";
    const DETAIL: &str = "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.";
    let invalid = |part: &str, text: &str| format!("Invalid JSON value for {part}: '{text}'");
    let body: RaisedBody = serde_json::from_str(&report.message)
        .map_err(|_| wrong(invalid("MESSAGE", &report.message), MESSAGE))?;
    let detail = report.detail.as_deref();
    let detail = detail.ok_or_else(|| wrong("DETAIL is missing in the RAISE statement".into(), DETAIL))?;
    let answer: RaisedAnswer =
        serde_json::from_str(detail).map_err(|_| wrong(invalid("DETAIL", detail), DETAIL))?;
    let allowed = |(name, value): &(String, String)| may_set(name, value);
    let headers: Vec<(String, String)> = answer.headers.into_iter().collect();
    if !is_status(answer.status) || !headers.iter().all(allowed) {
        return Err(wrong(invalid("DETAIL", detail), DETAIL));
    }
    let mut error = HttpError::new(answer.status, body.code, body.message);
    error.details = body.details.map(|details| Box::new(Value::from(details)));
    error.hint = body.hint.map(String::into_boxed_str);
    error.headers =
        headers.into_iter().map(|(name, value)| -> AnswerHeader { (name.into(), value) }).collect();
    Ok(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(sqlstate: &str, message: &str, detail: Option<&str>) -> DatabaseReport {
        DatabaseReport {
            sqlstate: sqlstate.into(),
            message: message.into(),
            detail: detail.map(str::to_owned),
            hint: None,
        }
    }

    #[test]
    fn code_of_a_service_may_set_the_whole_answer() {
        let error = raised(&report("PT402", "pay", Some("quota"))).unwrap();
        assert_eq!((error.status, error.code.as_str()), (402, "PT402"));
        assert_eq!(raised(&report("PT999", "?", None)).unwrap().status, 500);
        assert!(raised(&report("22P02", "?", None)).is_none());
        let message = r#"{"code":"123","message":"ABC"}"#;
        let detail = r#"{"status":332,"headers":{"X-Header":"str"}}"#;
        let error = raised(&report("PGRST", message, Some(detail))).unwrap();
        assert_eq!((error.status, error.headers.len()), (332, 1));
        for (message, detail) in [
            ("no JSON", Some(detail)),
            (message, None),
            (message, Some(r#"{"status":99,"headers":{}}"#)),
            (message, Some(r#"{"status":200,"headers":{"Content-Length":"1"}}"#)),
        ] {
            assert_eq!(raised(&report("PGRST", message, detail)).unwrap().code, "PGRST121", "{detail:?}");
        }
    }
}
