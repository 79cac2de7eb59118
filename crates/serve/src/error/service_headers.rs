//! The one gate for what a database says about an answer: headers and status that come from functions, from errors that code of a
//! service raises, and from kept answers, whose table that code may write; and media types, which are names of its types.
//!
//! All services of a process, and whatever else has its host, are one origin for a browser. So code of one may set what is about
//! its own answer, and nothing about the message, the connection, a proxy, or the origin.

use axum::http::{HeaderName, HeaderValue};

use crate::error::AnswerHeader;

/// Headers that code of a service may set, beside its own that begin with `X-`
/// (<https://www.iana.org/assignments/http-fields/http-fields.xhtml>).
const OF_SERVICES: [&str; 19] = [
    "cache-control", "content-disposition", "content-language", "content-location", "content-range",
    "content-type", "deprecation", "etag", "expires", "last-modified", "link", "location", "pragma",
    "preference-applied", "retry-after", "server-timing", "set-cookie", "sunset", "vary",
];

/// Beginnings of names with `X-` that mean something to a proxy or a browser.
const FOREIGN_PREFIXES: [&str; 25] = [
    "x-accel", "x-associated-content", "x-content-security", "x-content-type", "x-dns", "x-download",
    "x-envoy", "x-forwarded", "x-frame", "x-http", "x-lighttpd", "x-litespeed", "x-original", "x-permitted",
    "x-powered", "x-proxy", "x-real", "x-reproxy", "x-rewrite", "x-robots", "x-sendfile", "x-sourcemap",
    "x-ua", "x-webkit", "x-xss",
];

/// Headers of a kept answer that the data service had set itself.
const OF_KEPT_ANSWERS: [&str; 2] = ["content-profile", "proxy-status"];

/// Headers that only the listener sets: length and framing of the message, and the connection (RFC 9110, section 7.6.1).
const OF_THE_LISTENER: [&str; 9] = [
    "connection", "content-length", "keep-alive", "proxy-authenticate", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade",
];

/// Types that a client takes for several messages.
const OF_MESSAGES: [&str; 2] = ["multipart", "message"];

/// Parts of media types that a browser, or a worker of it, would run.
const RUN: [&str; 3] = ["script", "wasm", "xsl"];

/// Header against guesses of another media type, and the one that gives a page an origin of its own, without scripts
/// (<https://www.w3.org/TR/CSP3/#directive-sandbox>).
const PROTECTION: [(&str, &str); 2] =
    [("x-content-type-options", "nosniff"), ("content-security-policy", "sandbox")];

/// Returns `true` for a header that code of a service may set.
pub(crate) fn may_set(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let is_own = name.starts_with("x-") && !FOREIGN_PREFIXES.iter().any(|other| name.starts_with(other));
    let is_valid = HeaderName::try_from(&name).is_ok() && HeaderValue::try_from(value).is_ok();
    is_valid
        && (is_own || OF_SERVICES.contains(&name.as_str()))
        && (name != "content-type" || is_media_type(value))
}

/// Returns `true` for a status that code of a service may set.
pub(crate) fn is_status(status: u16) -> bool {
    (200..600).contains(&status)
}

/// Returns `true` for one media type (RFC 9110, section 8.3.1) that is only shown.
fn is_media_type(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let name = value.split(';').next().unwrap_or_default().trim_ascii_end();
    // Each is a token, as the name of a header is.
    let is_token = |text: &str| HeaderName::try_from(text).is_ok();
    name.split_once('/')
        .is_some_and(|(of, subtype)| is_token(of) && is_token(subtype) && !OF_MESSAGES.contains(&of))
        && !value.contains(',')
        && !RUN.iter().any(|part| value.contains(part))
}

/// Returns the headers of a kept answer that may be sent again.
pub(crate) fn kept(headers: Vec<(String, String)>) -> Vec<AnswerHeader> {
    let is_own = |name: &str| OF_KEPT_ANSWERS.iter().any(|own| name.eq_ignore_ascii_case(own));
    let sent = headers.into_iter().filter(|(name, value)| may_set(name, value) || is_own(name));
    sent.map(|(name, value)| (name.into(), value)).collect()
}

/// Returns the headers of an answer as they are sent, whatever set them: the last look.
pub(crate) fn sent(headers: Vec<AnswerHeader>, service: &str) -> Vec<(HeaderName, HeaderValue)> {
    let mut sent = vec![];
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        if OF_THE_LISTENER.contains(&name.as_str()) {
            continue;
        }
        let value = match name.as_str() {
            "content-type" if !is_media_type(&value) => "application/octet-stream".to_owned(),
            "set-cookie" => cookie(&value, service),
            _ => value,
        };
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            sent.push((name, value));
        }
    }
    let protection = PROTECTION.map(|(name, value)| (HeaderName::from_static(name), value));
    sent.extend(protection.map(|(name, value)| (name, HeaderValue::from_static(value))));
    sent
}

/// Returns a cookie for the paths of the service alone (RFC 6265, section 5.1.4).
fn cookie(value: &str, service: &str) -> String {
    let is_place = |part: &&str| {
        let name = part.split('=').next().unwrap_or_default().trim();
        !["path", "domain"].iter().any(|place| name.eq_ignore_ascii_case(place))
    };
    let mut parts = value.split(';');
    let first = parts.next().unwrap_or_default();
    let rest: String = parts.filter(is_place).map(|part| format!(";{part}")).collect();
    format!("{first}{rest}; Path=/{service}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers that mean something to the message, the connection, a proxy, or the origin, and the values that would harm.
    const HARMFUL: &[(&str, &str)] = &[
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Keep-Alive", "timeout=1"),
        ("Upgrade", "h2c"),
        ("TE", "trailers"),
        ("Trailer", "X"),
        ("Proxy-Connection", "close"),
        ("Proxy-Authenticate", "Basic"),
        ("Content-Encoding", "gzip"),
        ("Strict-Transport-Security", "max-age=1"),
        ("Alt-Svc", "h3=\":1\""),
        ("Clear-Site-Data", "\"*\""),
        ("Service-Worker-Allowed", "/"),
        ("Content-Security-Policy", "default-src *"),
        ("X-Content-Type-Options", ""),
        ("X-Frame-Options", "ALLOWALL"),
        ("X-Accel-Redirect", "/internal"),
        ("X-Accel-Buffering", "no"),
        ("X-Sendfile", "/etc/passwd"),
        ("X-Lighttpd-Send-File", "/etc/passwd"),
        ("X-LiteSpeed-Location", "/x"),
        ("X-Reproxy-URL", "http://x"),
        ("X-Forwarded-Host", "x"),
        ("X-Original-URL", "/"),
        ("X-Rewrite-URL", "/"),
        ("Access-Control-Allow-Origin", "*"),
        ("NEL", "{}"),
        ("Report-To", "{}"),
        ("Reporting-Endpoints", "a=\"/\""),
        ("Permissions-Policy", ""),
        ("Refresh", "0"),
        ("SourceMap", "/x"),
        ("Date", "x"),
        ("Server", "x"),
        ("Martydb-Replica", "r1"),
        ("Martydb-Written", "t"),
        ("Idempotency-Replayed", "true"),
        ("WWW-Authenticate", "Basic"),
        ("Status", "200"),
        ("X Test", "a"),
        ("X-Test", "a\r\nSet-Cookie: b=1"),
        ("Content-Type", "text/javascript"),
        ("Content-Type", "application/ECMAScript; x"),
        ("Content-Type", "application/wasm"),
        ("Content-Type", "multipart/x-mixed-replace"),
        ("Content-Type", "text /xsl"),
        ("Content-Type", "text/plain, text/html"),
        ("Content-Type", "html"),
    ];

    #[test]
    fn no_source_sets_a_header_that_is_not_about_its_answer() {
        for (name, value) in HARMFUL {
            for name in [(*name).to_owned(), name.to_uppercase(), name.to_lowercase()] {
                assert!(!may_set(&name, value), "{name}: {value}");
                assert_eq!(kept(vec![(name.clone(), (*value).to_owned())]), vec![], "{name}");
            }
        }
        for (name, value) in
            [("X-Custom", "1"), ("Cache-Control", "max-age=1"), ("Set-Cookie", "a=1"), ("ETag", "\"1\"")]
        {
            assert!(may_set(name, value), "{name}");
        }
        assert!(may_set("Content-Type", "text/html; charset=utf-8"));
        assert!(!is_status(101) && !is_status(600) && is_status(418));
    }

    #[test]
    fn the_last_look_leaves_framing_to_the_listener_and_protects_every_answer() {
        let given = [
            ("Content-Length", "0"),
            ("content-type", "text/javascript"),
            ("Set-Cookie", "a=1; Path=/; HttpOnly; domain=x"),
        ];
        let headers = given.map(|(name, value)| (name.into(), value.to_owned())).to_vec();
        let found: Vec<_> = sent(headers, "shop")
            .into_iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        assert_eq!(
            found,
            [
                "content-type: application/octet-stream",
                "set-cookie: a=1; HttpOnly; Path=/shop/",
                "x-content-type-options: nosniff",
                "content-security-policy: sandbox",
            ]
        );
    }
}
