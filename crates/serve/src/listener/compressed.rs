//! Compressed answers: gzip, for a caller that takes it (RFC 9110, sections 8.4.1.3 and 12.5.3). A compressed answer has a tag of its
//! own, as another representation has (section 8.8.3.3).

use std::io::Write;

use axum::http::{HeaderMap, header};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::answer::HttpAnswer;

/// Largest body that is sent as it is, in bytes: with headers it fits into one packet.
const SMALL: usize = 1024;

/// End of the tag of a compressed answer.
const SUFFIX: &str = "-gzip\"";

/// Types that shrink, by a part of their names.
const SHRINKING: [&str; 5] = ["text/", "json", "xml", "csv", "yaml"];

/// Returns `true` if the caller of a request takes gzip.
pub(super) fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    let weight = |coding: &str| {
        let mut parts = coding.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
        (name, weight)
    };
    let weights: Vec<_> = codings.flat_map(|list| list.split(',')).map(weight).collect();
    let of = |name: &str| weights.iter().find(|(known, _)| known == name).map(|(_, weight)| *weight);
    of("gzip").or_else(|| of("*")).is_some_and(|weight| weight > 0.0)
}

/// Returns the tags of a request without the ends of those of compressed answers.
pub(super) fn plain_tags(tags: &str) -> String {
    tags.replace(SUFFIX, "\"")
}

/// Compresses the answer to a request with these headers, where that is worth it.
pub(super) async fn compressed(answer: HttpAnswer, takes: bool, known: Option<&str>) -> HttpAnswer {
    if answer.status == 304 {
        let is_known = |tag: &str| known.is_some_and(|known| known.contains(&of_compressed(tag)));
        return tagged(answer, is_known);
    }
    let kind = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let shrinks = kind.is_some_and(|(_, kind)| SHRINKING.iter().any(|part| kind.contains(part)));
    if answer.body.len() <= SMALL || !shrinks {
        return answer;
    }
    let mut answer = answer;
    answer.headers.push(("Vary".into(), "Accept-Encoding".into()));
    if !takes {
        return answer;
    }
    let plain = std::mem::take(&mut answer.body);
    // A large one takes milliseconds, for which the thread would answer no other request.
    let done = tokio::task::spawn_blocking(move || gzip(&plain).map_err(|_| plain)).await;
    match done {
        Ok(Ok(body)) => {
            answer.headers.push(("Content-Encoding".into(), "gzip".into()));
            tagged(HttpAnswer { body, ..answer }, |_| true)
        }
        Ok(Err(body)) => HttpAnswer { body, ..answer },
        // The process ends.
        Err(_) => answer,
    }
}

fn gzip(plain: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    encoder.write_all(plain)?;
    encoder.finish()
}

fn of_compressed(tag: &str) -> String {
    tag.strip_suffix('"').map_or_else(|| tag.to_owned(), |tag| format!("{tag}{SUFFIX}"))
}

/// Gives the answer the tag of a compressed one, where its own tag fulfils the condition.
fn tagged(mut answer: HttpAnswer, is_compressed: impl Fn(&str) -> bool) -> HttpAnswer {
    let tag = answer.headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("etag"));
    if let Some((_, tag)) = tag.filter(|(_, tag)| is_compressed(tag)) {
        *tag = of_compressed(tag);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, kind: &str, length: usize) -> HttpAnswer {
        let headers = vec![("Content-Type".into(), kind.to_owned()), ("ETag".into(), "\"a\"".into())];
        HttpAnswer { status, headers, body: vec![b'x'; length] }
    }

    fn header(answer: &HttpAnswer, name: &str) -> Option<String> {
        answer.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    #[tokio::test]
    async fn only_a_large_text_is_compressed_and_has_its_own_tag() {
        for (kind, length, takes, is_compressed, varies) in [
            ("application/json; charset=utf-8", 2000, true, true, true),
            ("application/json; charset=utf-8", 2000, false, false, true),
            ("application/json; charset=utf-8", 1024, true, false, false),
            ("image/png", 2000, true, false, false),
        ] {
            let sent = compressed(answer(200, kind, length), takes, None).await;
            assert_eq!(header(&sent, "Content-Encoding").is_some(), is_compressed, "{kind} {length}");
            assert_eq!(header(&sent, "Vary").is_some(), varies, "{kind} {length}");
            assert_eq!(header(&sent, "ETag").unwrap() == "\"a-gzip\"", is_compressed, "{kind} {length}");
            assert_eq!(sent.body.len() < length, is_compressed, "{kind} {length}");
        }
    }

    #[tokio::test]
    async fn the_tag_that_the_caller_has_is_named_again() {
        assert_eq!(plain_tags("\"b\", \"a-gzip\""), "\"b\", \"a\"");
        for (known, expected) in [("\"a-gzip\"", "\"a-gzip\""), ("\"a\"", "\"a\"")] {
            let sent = compressed(answer(304, "application/json", 0), true, Some(known)).await;
            assert_eq!(header(&sent, "ETag").unwrap(), expected);
        }
    }

    #[test]
    fn gzip_is_taken_where_its_weight_is_not_zero() {
        for (sent, expected) in [
            (Some("gzip, deflate, br"), true),
            (Some("deflate, GZIP;q=0.5"), true),
            (Some("*"), true),
            (Some("gzip;q=0, *"), false),
            (Some("identity"), false),
            (Some(""), false),
            (None, false),
        ] {
            let headers = sent.map(|sent| (header::ACCEPT_ENCODING, sent.parse().unwrap()));
            assert_eq!(takes_gzip(&headers.into_iter().collect()), expected, "{sent:?}");
        }
    }
}
