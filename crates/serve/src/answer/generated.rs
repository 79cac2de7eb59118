//! Headers and statuses from every source that code of a service can write to, as they leave the process. The words of the list are not
//! those of the gate: headers of browsers, proxies and the message, as registries and manuals have them.

use serde_json::{Value, json};

use super::override_headers;
use crate::error::raised_errors::raised;
use crate::error::service_headers::{kept, sent};
use crate::error::{AnswerHeader, DatabaseReport};
use crate::generated::Choices;

/// Names with a meaning beyond the answer itself.
const MEANT: &[&str] = &[
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "Upgrade",
    "TE",
    "Trailer",
    "Proxy-Connection",
    "Proxy-Authenticate",
    "Content-Encoding",
    "Strict-Transport-Security",
    "Alt-Svc",
    "Clear-Site-Data",
    "Service-Worker-Allowed",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-Accel-Redirect",
    "X-Accel-Buffering",
    "X-Sendfile",
    "X-Lighttpd-Send-File",
    "X-LiteSpeed-Location",
    "X-Reproxy-URL",
    "X-Forwarded-Host",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Envoy-Immediate-Health-Check-Fail",
    "X-Envoy-Degraded",
    "X-SourceMap",
    "X-Associated-Content",
    "X-Permitted-Cross-Domain-Policies",
    "X-DNS-Prefetch-Control",
    "X-Robots-Tag",
    "X-UA-Compatible",
    "X-WebKit-CSP",
    "X-XSS-Protection",
    "X-Download-Options",
    "X-HTTP-Method-Override",
    "X-Proxy-Cache",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "NEL",
    "Report-To",
    "Reporting-Endpoints",
    "Permissions-Policy",
    "Refresh",
    "SourceMap",
    "Date",
    "Server",
    "Martydb-Replica",
    "Martydb-Written",
    "Idempotency-Replayed",
    "WWW-Authenticate",
    "Status",
    "Origin-Agent-Cluster",
    "Accept-CH",
    "Critical-CH",
    "Use-As-Dictionary",
    "Speculation-Rules",
    "Set-Login",
    "Cross-Origin-Opener-Policy",
    "Referrer-Policy",
    "Surrogate-Control",
    "Edge-Control",
    "CDN-Cache-Control",
    "Content-Security-Policy-Report-Only",
    "Document-Policy",
    "Timing-Allow-Origin",
];

/// Names that code may set.
const OWN: &[&str] = &[
    "X-Custom", "Cache-Control", "ETag", "Location", "Vary", "Content-Language", "Set-Cookie", "Content-Type",
];

const VALUES: &[&str] = &[
    "0",
    "chunked",
    "*",
    "/",
    "a=1",
    "a=1; Path=/; Domain=x.example",
    "a=1;pAtH=/;  domain = x",
    "a=1;\tPath=/",
    "text/plain",
    "text/javascript",
    "Application/ECMAScript; charset=utf-8",
    "application/wasm",
    "text/xsl",
    "multipart/mixed; boundary=a",
    "message/http",
    "text/html",
    "max-age=1",
];

/// Marks that end a line or a name, or that other parsers take for another one.
const MARKS: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\0",
    " ",
    "\t",
    ":",
    "\u{b}",
    "\u{7f}",
    "\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK",
];

fn with_mark(choices: &mut Choices, text: &str) -> String {
    let cased: String = text
        .chars()
        .map(|c| if choices.happens(2) { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    if !choices.happens(3) {
        return cased;
    }
    let at = choices.below(cased.len() + 1);
    format!("{}{}{}", &cased[..at], choices.one(MARKS), &cased[at..])
}

fn header(choices: &mut Choices) -> (String, String) {
    let name = if choices.happens(2) { *choices.one(MEANT) } else { *choices.one(OWN) };
    let value = *choices.one(VALUES);
    let value = if choices.happens(4) { with_mark(choices, value) } else { value.to_owned() };
    (with_mark(choices, name), value)
}

/// Returns the headers that a source lets through; `None` where it refuses all.
fn passed(source: usize, headers: &[(String, String)]) -> Option<Vec<AnswerHeader>> {
    let object = |(name, value): &(String, String)| json!({ name: value });
    match source {
        0 => {
            let text = Value::from(headers.iter().map(object).collect::<Vec<_>>()).to_string();
            let found = override_headers::headers(Some(&text)).ok()?;
            Some(found.into_iter().map(|(name, value)| (name.into(), value)).collect())
        }
        1 => {
            let detail = json!({ "status": 200, "headers": headers.iter().cloned().collect::<std::collections::BTreeMap<_, _>>() });
            let report = DatabaseReport {
                sqlstate: "PGRST".into(),
                message: r#"{"code":"1","message":"m"}"#.into(),
                detail: Some(detail.to_string()),
                hint: None,
            };
            Some(raised(&report)?.headers)
        }
        _ => Some(kept(headers.to_vec())),
    }
}

#[test]
fn no_source_sends_what_is_about_more_than_its_answer() {
    let mut let_through = [0; 3];
    for seed in 0..20_000 {
        let mut choices = Choices::new(seed);
        let headers: Vec<_> = (0..choices.up_to(3)).map(|_| header(&mut choices)).collect();
        for (source, let_through) in let_through.iter_mut().enumerate() {
            let Some(headers) = passed(source, &headers) else { continue };
            *let_through += headers.len();
            let sent = sent(headers, "shop");
            let protection = ["x-content-type-options: nosniff", "content-security-policy: sandbox"];
            let lines: Vec<String> = sent
                .iter()
                .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
                .collect();
            let (own, last) = lines.split_at(lines.len() - protection.len());
            assert_eq!(last, protection);
            own.iter().for_each(|line| check(line, seed));
        }
    }
    assert!(let_through.iter().all(|number| *number > 1000), "{let_through:?}");
}

/// Checks a line of an answer.
fn check(line: &str, seed: u64) {
    let (name, value) = line.split_once(": ").unwrap();
    let is_meant = MEANT.iter().any(|meant| meant.eq_ignore_ascii_case(name));
    assert!(!is_meant && !line.contains(['\r', '\n', '\0']), "{seed}: {line}");
    if name == "content-type" {
        let harms = ["script", "wasm", "xsl", "multipart", "message"];
        assert!(!harms.iter().any(|part| value.to_lowercase().contains(part)), "{seed}: {line}");
    }
    if name == "set-cookie" {
        let parts: Vec<String> = value
            .split(';')
            .skip(1)
            .map(|part| part.trim().to_lowercase())
            .filter(|part| ["path", "domain"].contains(&part.split('=').next().unwrap_or_default().trim()))
            .collect();
        assert_eq!(parts, ["path=/shop/"], "{seed}: {line}");
    }
}

#[test]
fn every_status_is_a_final_one() {
    for status in 0..1200_u16 {
        let text = format!("{status}");
        if let Ok(found) = override_headers::status(Some(&text)) {
            assert!(found.is_some_and(|found| (200..600).contains(&found)), "{status}");
        }
        let detail = format!(r#"{{"status":{status},"headers":{{}}}}"#);
        for (sqlstate, detail) in [("PGRST", Some(detail)), (format!("PT{status:03}").as_str(), None)] {
            let message = r#"{"code":"1","message":"m"}"#.to_owned();
            let report = DatabaseReport { sqlstate: sqlstate.to_owned(), message, detail, hint: None };
            let found = raised(&report).unwrap().status;
            assert!((200..600).contains(&found), "{sqlstate} {status}: {found}");
        }
    }
}
