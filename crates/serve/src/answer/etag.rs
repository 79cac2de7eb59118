//! `ETag` of an answer and `If-None-Match` of a request (RFC 9110, sections 8.8.3 and 13.1.2): a caller that has the same rows
//! already gets 304 and no body.

use sha2::{Digest, Sha256};

use crate::answer::HttpAnswer;
use crate::face::http_request::RestRequest;
use martydb_model::hex;

/// Adds the tag to the answer of a read, or leaves its body out where the caller has it.
pub(crate) fn conditional(request: &RestRequest, answer: HttpAnswer) -> HttpAnswer {
    let is_made = request.method == "GET" || request.method == "HEAD" && !answer.body.is_empty();
    if !is_made || !matches!(answer.status, 200 | 206) {
        return answer;
    }
    if answer.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("etag")) {
        return answer;
    }
    let tag = tag(&answer);
    tagged(request, answer, tag)
}

/// Adds a tag to the answer of a read, or leaves its body out where the caller has it.
pub(crate) fn tagged(request: &RestRequest, mut answer: HttpAnswer, tag: String) -> HttpAnswer {
    if request.header("if-none-match").is_some_and(|known| names(known, &tag)) {
        answer.status = 304;
        answer.body.clear();
        answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    }
    answer.headers.push(("ETag".into(), tag));
    answer
}

/// Returns the tag of a representation: its media type, its range and its bytes.
pub(crate) fn tag(answer: &HttpAnswer) -> String {
    let mut digest = Sha256::new();
    for (name, value) in &answer.headers {
        if ["content-type", "content-range"].iter().any(|tagged| name.eq_ignore_ascii_case(tagged)) {
            digest.update(value.as_bytes());
            digest.update([0]);
        }
    }
    digest.update(&answer.body);
    format!("\"{}\"", hex::encode(&digest.finalize()[..16]))
}

/// Returns `true` if a list of tags names this one; strong and weak ones are compared alike.
fn names(list: &str, tag: &str) -> bool {
    list.trim() == "*" || list.split(',').any(|one| one.trim().trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> HttpAnswer {
        let headers = vec![("Content-Type".into(), "application/json".to_owned())];
        HttpAnswer { status: 200, headers, body: body.into() }
    }

    fn request(known: Option<&str>) -> RestRequest {
        let headers = known.map(|known| ("if-none-match".to_owned(), known.to_owned()));
        RestRequest { method: "GET".into(), headers: headers.into_iter().collect(), ..RestRequest::default() }
    }

    #[test]
    fn rows_that_the_caller_has_are_not_sent_again() {
        let first = conditional(&request(None), answer("[1]"));
        let tag = first.headers.iter().find(|(name, _)| name == "ETag").unwrap().1.clone();
        for (known, body, status) in [
            (tag.clone(), "[1]", 304),
            (format!("\"other\", W/{tag}"), "[1]", 304),
            ("*".into(), "[1]", 304),
            (tag.clone(), "[2]", 200),
            ("\"other\"".into(), "[1]", 200),
        ] {
            let again = conditional(&request(Some(&known)), answer(body));
            assert_eq!((again.status, again.body.is_empty()), (status, status == 304), "{known}");
        }
    }
}
