//! Answers: status, headers and body of a result.

pub(crate) mod etag;
#[cfg(test)]
mod generated;
pub(crate) mod limits;
mod override_headers;
pub(crate) mod statement_rows;

use std::sync::Arc;

use crate::error::{AnswerHeader, HttpError};
use crate::face::http_request::UNRESERVED;
use crate::face::rest::{CountPreference, ParsedQuery, Preferences, ReturnPreference};
use crate::request::{Resolution, RowAction, RowRange};

/// An answer of the data service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HttpAnswer {
    pub status: u16,
    pub headers: Vec<AnswerHeader>,
    pub body: Vec<u8>,
}

/// Result of a statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct StatementResult {
    /// Rows without a range.
    pub total: Option<i64>,
    pub rows: i64,
    pub body: Vec<u8>,
    /// Key of the new row, as a JSON object of filters.
    pub location: Option<String>,
    pub(crate) inserted: Option<i64>,
    /// Name of the replica that it was read at.
    pub replica: Option<Arc<str>>,
    /// `true` if it was kept, and checked.
    pub kept: bool,
    /// Status and headers that code of the service set.
    pub status: Option<u16>,
    pub headers: Vec<(String, String)>,
}

impl From<HttpError> for HttpAnswer {
    fn from(error: HttpError) -> HttpAnswer {
        let mut headers = error.headers.clone();
        headers.push(("Content-Type".into(), JSON.into()));
        headers.push(("Proxy-Status".into(), format!("PostgREST; error={}", error.code)));
        HttpAnswer { status: error.status, headers, body: error.body().into_bytes() }
    }
}

/// Header with the name of the replica that an answer was read at.
pub(crate) const REPLICA: &str = "Martydb-Replica";

/// Returns the header of an answer that was kept (RFC 9211).
pub(crate) fn kept_header() -> AnswerHeader {
    ("Cache-Status".into(), "martydb; hit".into())
}

/// Media type of JSON.
pub(crate) const JSON: &str = "application/json; charset=utf-8";

/// Parts of a request that its answer depends on.
pub(crate) struct AnswerParts {
    /// Path of the relation.
    pub address: String,
    pub query: ParsedQuery,
    pub(crate) preferences: Preferences,
    pub(crate) media_type: String,
    /// The schema, if the request chose among several.
    pub profile: Option<String>,
    pub(crate) has_key: bool,
}

impl AnswerParts {
    /// Returns the answer to a read.
    pub(crate) fn read(&self, result: StatementResult, range: RowRange, without_body: bool) -> HttpAnswer {
        let (replica, kept) = (result.replica.clone(), result.kept);
        let mut answer = match self.page(result, range, without_body) {
            Ok(answer) => answer,
            Err(answer) => return answer,
        };
        let canonical = &self.query.canonical;
        let suffix = if canonical.is_empty() { String::new() } else { format!("?{canonical}") };
        answer.headers.push(("Content-Location".into(), format!("{}{suffix}", self.address)));
        answer.headers.extend(replica.map(|name| (REPLICA.into(), name.to_string())));
        answer.headers.extend(kept.then(kept_header));
        answer
    }

    /// Returns the answer to a result, with the status and the headers that code of the service set.
    pub(crate) fn overridden(
        &self,
        mut result: StatementResult,
        answer: impl FnOnce(StatementResult) -> HttpAnswer,
    ) -> HttpAnswer {
        let (status, headers) = (result.status, std::mem::take(&mut result.headers));
        overridden(answer(result), status, headers)
    }

    /// Returns the answer to a call of a function.
    pub(crate) fn called(
        &self,
        result: StatementResult,
        range: RowRange,
        without_body: bool,
        is_void: bool,
    ) -> HttpAnswer {
        match self.page(result, range, without_body) {
            Ok(mut answer) if is_void => {
                answer.status = 204;
                answer.body = vec![];
                answer.headers.retain(|(name, _)| !name.starts_with("Content-Type"));
                answer
            }
            Ok(answer) | Err(answer) => answer,
        }
    }

    /// Returns the page of a result, or the answer where the range begins behind its end.
    fn page(
        &self,
        result: StatementResult,
        range: RowRange,
        without_body: bool,
    ) -> Result<HttpAnswer, HttpAnswer> {
        let (lower, upper) = (range.offset, range.offset.saturating_add(result.rows - 1));
        if let Some(total) = result.total.filter(|total| lower > *total) {
            let details = format!("An offset of {lower} was requested, but there are only {total} rows.");
            let mut answer = HttpAnswer::from(HttpError::range(details));
            answer.headers.push(("Content-Range".into(), content_range(lower, upper, Some(total))));
            return Err(answer);
        }
        let partial = result.total.is_some_and(|total| result.rows < total);
        let mut headers = self.content();
        headers.push(("Content-Range".into(), content_range(lower, upper, result.total)));
        let applied = Preferences {
            resolution: None,
            returns: None,
            missing_default: None,
            max_affected: None,
            ..self.preferences.clone()
        };
        headers.extend(applied.applied().map(|applied| ("Preference-Applied".into(), applied)));
        let body = if without_body { vec![] } else { result.body };
        Ok(HttpAnswer { status: if partial { 206 } else { 200 }, headers, body })
    }

    /// Returns the headers of the body.
    pub(crate) fn content(&self) -> Vec<AnswerHeader> {
        let mut headers = vec![("Content-Type".into(), self.media_type.clone())];
        headers.extend(self.profile.clone().map(|schema| ("Content-Profile".into(), schema)));
        headers
    }

    fn counted(&self, result: &StatementResult) -> Option<i64> {
        let counts =
            matches!(self.preferences.count, Some(CountPreference::Exact | CountPreference::Estimated));
        counts.then_some(result.rows)
    }

    /// Returns the answer to a write.
    pub(crate) fn written(&self, action: &RowAction, result: StatementResult) -> HttpAnswer {
        let shows = self.preferences.returns == Some(ReturnPreference::Representation);
        let mut headers = vec![];
        match action {
            RowAction::Insert { .. } => {
                headers.extend(self.location(&result).map(|location| ("Location".into(), location)));
                headers.push(("Content-Range".into(), content_range(1, 0, self.counted(&result))));
            }
            RowAction::Update { .. } => {
                headers
                    .push(("Content-Range".into(), content_range(0, result.rows - 1, self.counted(&result))));
            }
            RowAction::Delete => {
                headers.push(("Content-Range".into(), content_range(1, 0, self.counted(&result))))
            }
            RowAction::Put { .. } | RowAction::Change(_) | RowAction::Read => {}
        }
        headers.extend(self.applied(action).map(|applied| ("Preference-Applied".into(), applied)));
        if shows {
            headers.extend(self.content());
        }
        let status = status(action, self.preferences.resolution, result.inserted, shows);
        HttpAnswer { status, headers, body: if shows { result.body } else { vec![] } }
    }

    fn applied(&self, action: &RowAction) -> Option<String> {
        let mut applied = self.preferences.clone();
        let is_insert = matches!(action, RowAction::Insert { .. });
        let is_update = matches!(action, RowAction::Update { .. });
        if !is_insert || !(self.has_key || self.query.rows.on_conflict.is_some()) {
            applied.resolution = None;
        }
        if !is_insert && !is_update {
            applied.missing_default = None;
        }
        if !is_update && *action != RowAction::Delete {
            applied.max_affected = None;
        }
        applied.applied()
    }

    fn location(&self, result: &StatementResult) -> Option<String> {
        let key: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(result.location.as_deref()?).ok()?;
        if key.is_empty() {
            return None;
        }
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, UNRESERVED).to_string();
        let pairs: Vec<String> = key
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value.as_str().unwrap_or_default())))
            .collect();
        Some(format!("{}?{}", self.address, pairs.join("&")))
    }
}

fn status(action: &RowAction, resolution: Option<Resolution>, inserted: Option<i64>, shows: bool) -> u16 {
    match action {
        RowAction::Insert { .. } => match inserted {
            Some(rows) if rows <= 0 && resolution == Some(Resolution::Merge) => 200,
            None if resolution == Some(Resolution::Merge) => 200,
            _ => 201,
        },
        RowAction::Put { .. } if shows => {
            if inserted.unwrap_or(0) > 0 {
                201
            } else {
                200
            }
        }
        _ if shows => 200,
        _ => 204,
    }
}

/// Returns the answer with the function's status and headers in place of its own.
fn overridden(mut answer: HttpAnswer, status: Option<u16>, headers: Vec<(String, String)>) -> HttpAnswer {
    answer.status = status.unwrap_or(answer.status);
    answer.headers.retain(|(own, _)| !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(own)));
    answer.headers.extend(headers.into_iter().map(|(name, value)| (name.into(), value)));
    answer
}

pub(crate) fn content_range(lower: i64, upper: i64, total: Option<i64>) -> String {
    let rows = if total != Some(0) && lower <= upper { format!("{lower}-{upper}") } else { "*".into() };
    let total = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    format!("{rows}/{total}")
}

#[cfg(test)]
mod tests {
    use super::content_range;

    #[test]
    fn ranges_are_formatted_like_postgrests() {
        assert_eq!(content_range(0, 14, Some(15)), "0-14/15");
        assert_eq!(content_range(0, -1, Some(0)), "*/0");
        assert_eq!(content_range(1, 0, None), "*/*");
    }
}
