//! Requests of pages from other origins: a browser lets a page read the answers only if they name its origin
//! (<https://fetch.spec.whatwg.org/#http-cors-protocol>).
//!
//! Callers prove themselves by a header that the page sets, so credentials of the browser are never allowed: neither cookies nor
//! certificates make a page of another origin a caller.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;

use crate::callers::Callers;

/// Methods that a page may use.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

/// Headers of answers that a page may read.
const EXPOSED: &str = "Content-Encoding, Content-Location, Content-Profile, Content-Range, ETag, Idempotency-Replayed, Location, \
                       Martydb-Replica, Martydb-Written, Preference-Applied, Proxy-Status, Retry-After";

/// Seconds for which a browser keeps the answer to a preflight: what Chromium keeps at most.
const KEPT: &str = "7200";

/// Longest list of headers in a preflight.
const LONGEST_LIST: usize = 1024;

/// Origin of the page that sends a request.
pub(super) struct PageOrigin {
    /// `true` if answers depend on the origin.
    varies: bool,
    allowed: Option<HeaderValue>,
}

impl PageOrigin {
    pub(super) fn new(callers: &Callers, headers: &HeaderMap) -> PageOrigin {
        let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
        let allowed = origin.and_then(|origin| callers.accepted_origin(origin));
        PageOrigin {
            varies: callers.names_origins(),
            allowed: allowed.and_then(|origin| HeaderValue::from_str(origin).ok()),
        }
    }

    /// Returns the answer to a preflight, which a browser sends without a key.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let asks = *method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        self.allowed.as_ref().filter(|_| asks)?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let answer = response.headers_mut();
        self.add_to(answer);
        answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(KEPT));
        let wanted = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        if let Some(list) = wanted.filter(|list| list.len() <= LONGEST_LIST && is_list(list)) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, list.clone());
        }
        let asked = HeaderValue::from_static("Access-Control-Request-Method, Access-Control-Request-Headers");
        answer.append(header::VARY, asked);
        Some(response)
    }

    /// Adds what a browser has to know to the headers of an answer.
    pub(super) fn add_to(&self, headers: &mut HeaderMap) {
        if self.varies {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = &self.allowed {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }
}

/// Returns `true` for a list of names of headers.
fn is_list(list: &HeaderValue) -> bool {
    let is_name = |name: &str| HeaderName::try_from(name.trim()).is_ok();
    list.to_str().is_ok_and(|list| list.split(',').all(is_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let one = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(one).collect()
    }

    fn origin(allowed: &[&str], sent: Option<&str>) -> PageOrigin {
        let mut callers = Callers::default();
        callers.accept_origins(allowed.iter().map(|one| (*one).to_owned()).collect());
        PageOrigin::new(
            &callers,
            &headers(&sent.map(|sent| ("origin", sent)).into_iter().collect::<Vec<_>>()),
        )
    }

    #[test]
    fn an_answer_names_the_origin_only_if_the_manifest_does() {
        let own = "https://app.example";
        for (allowed, sent, named, varies) in [
            (&[own][..], Some(own), Some(own), true),
            (&[own], Some("https://app.example.evil"), None, true),
            (&[own], Some("http://app.example"), None, true),
            (&[own], Some("null"), None, true),
            (&[own], None, None, true),
            (&["*"], Some("https://other.example"), Some("*"), false),
            (&["*"], None, None, false),
            (&[], Some(own), None, false),
        ] {
            let mut answer = HeaderMap::new();
            origin(allowed, sent).add_to(&mut answer);
            let found = answer.get("access-control-allow-origin").map(|value| value.to_str().unwrap());
            assert_eq!((found, answer.contains_key("vary")), (named, varies), "{allowed:?} {sent:?}");
            assert!(!answer.contains_key("access-control-allow-credentials"));
        }
    }

    #[test]
    fn a_preflight_is_answered_for_a_known_origin_alone() {
        let own = "https://app.example";
        let asked = |wanted| {
            headers(&[("access-control-request-method", "PATCH"), ("access-control-request-headers", wanted)])
        };
        let preflight = |sent, wanted| origin(&[own], Some(sent)).preflight(&Method::OPTIONS, &asked(wanted));
        let answer = preflight(own, "authorization,prefer").unwrap();
        assert_eq!(
            (answer.status(), &answer.headers()["access-control-allow-headers"]),
            (StatusCode::NO_CONTENT, &HeaderValue::from_static("authorization,prefer"))
        );
        assert!(preflight("https://other.example", "prefer").is_none());
        assert!(!preflight(own, "a b").unwrap().headers().contains_key("access-control-allow-headers"));
        assert!(origin(&[own], Some(own)).preflight(&Method::GET, &asked("prefer")).is_none());
        assert!(origin(&[own], Some(own)).preflight(&Method::OPTIONS, &HeaderMap::new()).is_none());
    }
}
