//! Search across collections: `{"q": "red -wine", "collections": ["article"], "limit": 20}`.

use serde_json::Value;

use super::body::{BodyKeys, wrong};
use crate::error::{HttpError, HttpResult};

/// Most collections of a search.
pub(crate) const MOST_COLLECTIONS: usize = 50;

/// A search for words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SearchRequest {
    pub words: String,
    /// Collections by name; `None` for all that can be searched.
    pub collections: Option<Vec<String>>,
    pub limit: Option<i64>,
}

/// Parses the body.
pub(crate) fn parse_search(text: &str) -> HttpResult<SearchRequest> {
    let mut body = BodyKeys::parse(text)?;
    let words = body.text("q")?.ok_or_else(|| wrong("the body has no \"q\": the words to search for"))?;
    let collections = body.take("collections").map(names).transpose()?;
    let limit = body.number("limit")?;
    body.finish()?;
    if limit == Some(0) {
        return Err(wrong("\"limit\" of a search is at least 1"));
    }
    Ok(SearchRequest { words, collections, limit })
}

fn names(value: Value) -> HttpResult<Vec<String>> {
    let wanted = || wrong("\"collections\" is a list of names");
    let Value::Array(list) = value else { return Err(wanted()) };
    if list.len() > MOST_COLLECTIONS {
        return Err(HttpError::limit(format!("more than {MOST_COLLECTIONS} collections")));
    }
    let names = list.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(wanted));
    let mut names = names.collect::<HttpResult<Vec<_>>>()?;
    names.sort();
    names.dedup();
    if names.is_empty() { Err(wanted()) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_names_words_and_collections() {
        let found = parse_search(r#"{"q":"tea","collections":["b","a","b"],"limit":3}"#).unwrap();
        assert_eq!((found.collections, found.limit), (Some(vec!["a".into(), "b".into()]), Some(3)));
        for wrong in [
            "{}",
            r#"{"q":1}"#,
            r#"{"q":"a","collections":[]}"#,
            r#"{"q":"a","collections":"b"}"#,
            r#"{"q":"a","collections":[1]}"#,
            r#"{"q":"a","limit":0}"#,
            r#"{"q":"a","language":"x"}"#,
        ] {
            assert!(parse_search(wrong).is_err(), "{wrong}");
        }
    }
}
