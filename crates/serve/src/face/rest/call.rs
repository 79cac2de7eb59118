//! Calls of functions: arguments from the URL or from the body.

use std::collections::BTreeSet;

use super::payload::{is_json, media_name, rows_body};
use super::query::{ParsedQuery, pairs};
use crate::catalog::{CallBody, ExposedFunction};
use crate::error::{HttpError, HttpResult};
use crate::request::CallArguments;

/// A parsed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParsedCall {
    pub names: BTreeSet<String>,
    pub body: CallBody,
    pub arguments: CallArguments,
}

/// Media types of bodies that are one argument, with the type of its parameter.
const WHOLE: &[(&str, &str)] =
    &[("text/plain", "text"), ("text/xml", "xml"), ("application/octet-stream", "bytea")];

/// Parses the arguments of a call; `posts` tells POST from GET.
pub(crate) fn parse_call(
    posts: bool,
    content_type: Option<&str>,
    body: &str,
    query: &ParsedQuery,
) -> HttpResult<ParsedCall> {
    if !posts {
        return Ok(named(query.arguments.clone(), CallBody::None));
    }
    let media = media_name(content_type.unwrap_or_default());
    if let Some((_, kind)) = WHOLE.iter().find(|(name, _)| *name == media) {
        let arguments = CallArguments::Whole(body.to_owned());
        return Ok(ParsedCall { names: BTreeSet::new(), body: CallBody::Whole(kind), arguments });
    }
    if media == "application/x-www-form-urlencoded" {
        let given = pairs(body).into_iter().map(|(name, value)| (name, value.unwrap_or_default()));
        return Ok(named(given.collect(), CallBody::Named));
    }
    let json = is_json(&media);
    let text = if json && body.is_empty() { "{}" } else { body };
    let rows = rows_body(content_type, text, query.rows.columns.as_deref())?;
    Ok(ParsedCall {
        names: rows.keys.iter().cloned().collect(),
        body: if json { CallBody::Json } else { CallBody::Named },
        arguments: CallArguments::Json { json: rows.json, is_object: rows.is_object },
    })
}

fn named(given: Vec<(String, String)>, body: CallBody) -> ParsedCall {
    let names = given.iter().map(|(name, _)| name.clone()).collect();
    ParsedCall { names, body, arguments: CallArguments::Named(given) }
}

impl ParsedCall {
    /// Returns the call for a function: one that takes the whole body gets it, whatever its keys are.
    pub(crate) fn for_function(self, function: &ExposedFunction) -> ParsedCall {
        match self.arguments {
            CallArguments::Json { json, .. } if function.takes_body(self.body) => {
                ParsedCall { arguments: CallArguments::Whole(json), ..self }
            }
            _ => self,
        }
    }
}

/// Rejects a method that calls no function.
pub(crate) fn check_method(method: &str) -> HttpResult<()> {
    match method {
        "GET" | "HEAD" | "POST" | "OPTIONS" => Ok(()),
        other => Err(HttpError::new(405, "PGRST101", format!("Cannot use the {other} method on RPC"))
            .header("Allow", "OPTIONS,GET,HEAD,POST")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::parse_call_query;
    use super::*;

    #[test]
    fn a_parameter_that_is_not_a_filter_is_an_argument() {
        let query = parse_call_query("id=5&id=gt.2&select=id&name=a%20b").unwrap();
        let expected =
            [("id", "5"), ("name", "a b")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(query.arguments, expected);
        assert_eq!(query.rows.filters.len(), 1);
    }

    #[test]
    fn a_body_is_read_by_its_media_type() {
        let query = ParsedQuery::default();
        for (media, text, names, body) in [
            (None, "", &[][..], CallBody::Json),
            (Some("application/json"), "{\"b\":1,\"a\":2}", &["a", "b"], CallBody::Json),
            (Some("application/x-www-form-urlencoded"), "a=1&a=2", &["a"], CallBody::Named),
            (Some("text/csv"), "a,b\n1,2", &["a", "b"], CallBody::Named),
            (Some("text/plain; charset=utf-8"), "hello", &[], CallBody::Whole("text")),
        ] {
            let call = parse_call(true, media, text, &query).unwrap();
            assert_eq!(call.names.iter().map(String::as_str).collect::<Vec<_>>(), names, "{text}");
            assert_eq!(call.body, body, "{text}");
        }
        assert_eq!(parse_call(true, Some("image/png"), "", &query).unwrap_err().status, 400);
    }
}
