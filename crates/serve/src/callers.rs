//! Callers: who sends a request, and the login that it gets. A caller proves itself by a key, of which only the SHA-256
//! is known here, by a token, whose claim names it, or by a certificate, whose name is the caller's.

mod share;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) use martydb_model::ANONYMOUS;
use serde_json::Value;
use sha2::{Digest, Sha256};
pub use share::CallerShare;
pub(crate) use share::streams_of;

use crate::error::{HttpError, HttpResult};
use crate::token::{Claims, TokenRules, unacceptable};

/// Digest of a key.
pub type KeyDigest = [u8; 32];

/// Right of a caller on its service's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallerRight {
    Read,
    Write,
}

/// A caller of the manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeCaller {
    pub name: String,
    pub service: String,
    pub right: CallerRight,
    /// Login of `access` that its requests get; `None` for the service's own two.
    pub login: Option<String>,
    /// Requests, and units of cost, for each second; `None` for any number.
    pub rate: Option<u32>,
    pub cost: Option<u32>,
    pub share: CallerShare,
}

/// The caller of a request, and what it claims.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestCaller {
    pub identity: Arc<ServeCaller>,
    pub claims: Claims,
}

impl RequestCaller {
    fn new(caller: &Arc<ServeCaller>, claims: Claims) -> RequestCaller {
        RequestCaller { identity: caller.clone(), claims }
    }

    /// Returns the claims as code of the service sees them: the caller's name is always the one that was proven.
    pub(crate) fn shown_claims(&self) -> String {
        let mut claims = self.claims.clone();
        claims.insert("caller".into(), Value::from(self.identity.name.as_str()));
        Value::Object(claims).to_string()
    }
}

/// The callers, by the digests of their keys and by their names.
#[derive(Debug, Default)]
pub struct Callers {
    keys: HashMap<KeyDigest, Arc<ServeCaller>>,
    names: HashMap<String, Arc<ServeCaller>>,
    /// By the names of their certificates.
    certified: HashMap<String, Arc<ServeCaller>>,
    tokens: Option<TokenRules>,
    /// For requests without a key, by their services.
    anonymous: HashMap<String, Arc<ServeCaller>>,
    /// Origins of pages that may read answers, or `*` for any.
    origins: Vec<String>,
}

/// Returns the digest of a key. Keys are 256 random bits, so that a plain digest suffices, and looking one up by it tells
/// nothing about another.
pub fn digest(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}

/// Returns the header `Authorization` of a request, or the key of its header `apikey` in the same form.
///
/// # Errors
/// If both are given, and do not have the same key.
pub(crate) fn authorization<'a>(
    header: Option<&'a str>,
    key: Option<&str>,
) -> HttpResult<Option<Cow<'a, str>>> {
    match (header, key) {
        (None, None) => Ok(None),
        (None, Some(key)) => Ok(Some(Cow::Owned(format!("Bearer {key}")))),
        (Some(header), None) => Ok(Some(Cow::Borrowed(header))),
        (Some(header), Some(key)) if bearer(header) == Some(key.trim()) => Ok(Some(Cow::Borrowed(header))),
        (Some(_), Some(_)) => {
            Err(unauthorized("the headers Authorization and apikey have different keys: send one of them"))
        }
    }
}

/// Returns the key of a header `Authorization`.
fn bearer(header: &str) -> Option<&str> {
    // A server of HTTP takes the blank away with which an empty key ends.
    if header.eq_ignore_ascii_case("bearer") {
        return Some("");
    }
    let (scheme, key) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

fn unauthorized(message: &str) -> HttpError {
    HttpError::new(401, "PGRST301", message).header("WWW-Authenticate", "Bearer")
}

impl Callers {
    /// Adds a caller with the digests of its keys.
    pub fn add(&mut self, caller: ServeCaller, digests: impl IntoIterator<Item = KeyDigest>) {
        let caller = Arc::new(caller);
        if caller.name == ANONYMOUS {
            self.anonymous.insert(caller.service.clone(), caller);
            return;
        }
        self.keys.extend(digests.into_iter().map(|digest| (digest, caller.clone())));
        self.names.insert(caller.name.clone(), caller);
    }

    /// Accepts a caller that proves to be the holder of a certificate with this name.
    pub fn accept_certificate(&mut self, name: String, caller: ServeCaller) {
        self.certified.insert(name, Arc::new(caller));
    }

    /// Accepts tokens.
    pub fn accept_tokens(&mut self, rules: TokenRules) {
        self.tokens = Some(rules);
    }

    /// Lets pages of these origins read answers.
    pub fn accept_origins(&mut self, origins: Vec<String>) {
        self.origins = origins;
    }

    /// Returns the origin that an answer to a page names, if it may be read there.
    pub(crate) fn accepted_origin(&self, origin: &str) -> Option<&str> {
        self.origins.iter().map(String::as_str).find(|known| *known == "*" || *known == origin)
    }

    /// Returns `true` if answers depend on the origin of a page.
    pub(crate) fn names_origins(&self) -> bool {
        self.origins.iter().any(|known| known != "*")
    }

    /// Returns the caller of a request for a service at a time, by its header `Authorization`, or else by the proven names
    /// of the connection's certificate. A key or a certificate that is unknown is refused even where requests without one are
    /// allowed.
    pub fn of_request(
        &self,
        authorization: Option<&str>,
        certificate: Option<&[String]>,
        service: &str,
        now: f64,
    ) -> HttpResult<RequestCaller> {
        let found = match (authorization, certificate) {
            (None, Some(names)) => self.certified(names, service)?,
            (None, None) => {
                let own = self.anonymous.get(service);
                own.map(|caller| RequestCaller::new(caller, Claims::new())).ok_or_else(|| {
                    HttpError::new(401, "PGRST302", "Anonymous access is disabled")
                        .header("WWW-Authenticate", "Bearer")
                })?
            }
            (Some(header), _) => self.proven(header, now)?,
        };
        if found.identity.service == service {
            return Ok(found);
        }
        // The same answer whether the other service exists.
        let message = format!("caller \"{}\" may not use this service", found.identity.name);
        Err(HttpError::new(403, "42501", message))
    }

    /// Returns the caller that a certificate names: of several the one of the service.
    fn certified(&self, names: &[String], service: &str) -> HttpResult<RequestCaller> {
        let named = names.iter().filter_map(|name| self.certified.get(name));
        let caller = named
            .min_by_key(|caller| caller.service != service)
            .ok_or_else(|| unauthorized("the certificate names no caller"))?;
        Ok(RequestCaller::new(caller, Claims::new()))
    }

    fn proven(&self, header: &str, now: f64) -> HttpResult<RequestCaller> {
        let key = bearer(header).ok_or_else(|| unauthorized("the header Authorization has no bearer key"))?;
        if let Some(caller) = self.keys.get(&digest(key)) {
            return Ok(RequestCaller::new(caller, Claims::new()));
        }
        let rules = self.tokens.as_ref().ok_or_else(|| unauthorized("the key is unknown"))?;
        let claims = rules.verify(key, now)?;
        let name = claims.get(&rules.caller_claim).and_then(Value::as_str).unwrap_or_default();
        let caller = self.names.get(name);
        let caller = caller.ok_or_else(|| unacceptable("the token names no caller"))?;
        Ok(RequestCaller::new(caller, claims))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(anonymous: bool) -> Callers {
        let caller = |name: &str| ServeCaller {
            name: name.into(),
            service: "shop".into(),
            right: CallerRight::Read,
            login: None,
            rate: None,
            cost: None,
            share: CallerShare::default(),
        };
        let mut callers = Callers::default();
        callers.add(caller("billing"), [digest("one"), digest("two")]);
        if anonymous {
            callers.add(caller(ANONYMOUS), []);
            callers.add(ServeCaller { service: "news".into(), ..caller(ANONYMOUS) }, []);
        }
        callers
    }

    #[test]
    fn a_request_gets_the_caller_of_its_key_and_no_other() {
        for (header, service, anonymous, expected) in [
            (Some("Bearer one"), "shop", false, Ok("billing")),
            (Some("bearer two"), "shop", false, Ok("billing")),
            (Some("Bearer three"), "shop", true, Err(401)),
            (Some("Basic one"), "shop", true, Err(401)),
            (Some("Bearer "), "shop", true, Err(401)),
            (None, "shop", false, Err(401)),
            (None, "shop", true, Ok("anonymous")),
            (Some("Bearer one"), "bank", false, Err(403)),
            (None, "news", true, Ok("anonymous")),
            (None, "news", false, Err(401)),
            // As for a service that does not exist.
            (None, "bank", true, Err(401)),
            (Some("Bearer one"), "news", true, Err(403)),
        ] {
            let callers = known(anonymous);
            let found = callers.of_request(header, None, service, 0.0);
            assert!(found.as_ref().is_ok_and(|found| found.identity.service == service) || found.is_err());
            let found =
                found.as_ref().map(|found| found.identity.name.as_str()).map_err(|error| error.status);
            assert_eq!(found, expected, "{header:?} {service}");
        }
    }

    #[test]
    fn a_key_may_stand_in_either_header_and_in_both_only_if_it_is_one() {
        for (header, key, expected) in [
            (None, None, Ok(None)),
            (None, Some("one"), Ok(Some("Bearer one"))),
            (Some("Bearer one"), None, Ok(Some("Bearer one"))),
            (Some("bearer one"), Some("one"), Ok(Some("bearer one"))),
            (Some("Bearer one"), Some("two"), Err(401)),
            (Some("Basic one"), Some("one"), Err(401)),
            (Some("Bearer "), Some("one"), Err(401)),
        ] {
            let found = authorization(header, key);
            let found = found.as_ref().map(Option::as_deref).map_err(|error| error.status);
            assert_eq!(found, expected, "{header:?} {key:?}");
        }
    }

    #[test]
    fn a_certificate_authenticates_the_caller_that_it_names() {
        let mut callers = known(true);
        let billing = ServeCaller::clone(&callers.names["billing"]);
        callers.accept_certificate("billing.example".into(), billing.clone());
        let bank = ServeCaller { name: "bank".into(), service: "bank".into(), ..billing };
        callers.accept_certificate("spiffe://example/bank".into(), bank);
        for (header, names, service, expected) in [
            (None, &["billing.example"][..], "shop", Ok("billing")),
            (None, &["billing.example"], "bank", Err(403)),
            (None, &["billing.example", "spiffe://example/bank"], "bank", Ok("bank")),
            (None, &["billing.example", "spiffe://example/bank"], "shop", Ok("billing")),
            (None, &["other.example"], "shop", Err(401)),
            (None, &["billing"], "shop", Err(401)),
            // A certificate without a name.
            (None, &[], "shop", Err(401)),
            (Some("Bearer wrong"), &["billing.example"], "shop", Err(401)),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let found = callers.of_request(header, Some(&names), service, 0.0);
            let found =
                found.as_ref().map(|found| found.identity.name.as_str()).map_err(|error| error.status);
            assert_eq!(found, expected, "{header:?} {names:?} {service}");
        }
    }
}
