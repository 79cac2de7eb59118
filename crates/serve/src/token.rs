//! Tokens of callers: JSON Web Tokens (RFC 7519), signed by a key of the manifest. The algorithm is that of the key and
//! never the token's choice (RFC 8725, section 3.1).

mod keys;

pub use keys::{TokenKey, parse_keys};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::error::{HttpError, HttpResult};

/// Claims of a token.
pub(crate) type Claims = Map<String, Value>;

/// Rules by which tokens are accepted.
#[derive(Debug, Clone)]
pub struct TokenRules {
    pub keys: Vec<TokenKey>,
    /// The audience that a token has to name.
    pub audience: String,
    /// Claim that names the caller.
    pub caller_claim: String,
    /// `true` if tokens without `exp` or `aud` are accepted, as by PostgREST: used only by its conformance tests.
    pub lenient: bool,
}

/// Most bytes of a token.
const MAX_TOKEN_BYTES: usize = 8192;

/// Seconds by which clocks may differ.
const SKEW: f64 = 30.0;

/// Returns the answer to a token that is not accepted (RFC 6750, section 3.1).
fn invalid(code: &str, message: &str) -> HttpError {
    let described = format!("Bearer error=\"invalid_token\", error_description=\"{message}\"");
    HttpError::new(401, code, message).header("WWW-Authenticate", described)
}

fn undecodable(message: &str) -> HttpError {
    invalid("PGRST301", message)
}

/// Returns the answer to claims that are not accepted.
pub(crate) fn unacceptable(message: &str) -> HttpError {
    invalid("PGRST303", message)
}

impl TokenRules {
    /// Returns the claims of a token that is valid at a time, in seconds since 1970.
    pub fn verify(&self, token: &str, now: f64) -> HttpResult<Claims> {
        if token.is_empty() {
            return Err(undecodable("Empty JWT is sent in Authorization header"));
        }
        let broken = || undecodable("JWT cryptographic operation failed");
        if token.len() > MAX_TOKEN_BYTES {
            return Err(broken());
        }
        let parts: Vec<&str> = token.split('.').collect();
        let [head, payload, signature] = parts[..] else {
            return Err(undecodable(&format!("Expected 3 parts in JWT; got {}", parts.len())));
        };
        let header = object(head).ok_or_else(broken)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| broken())?;
        self.check_signature(&header, format!("{head}.{payload}").as_bytes(), &signature)?;
        let claims = object(payload).ok_or_else(|| unacceptable("Parsing claims failed"))?;
        self.check_claims(&claims, now)?;
        Ok(claims)
    }

    fn check_signature(&self, header: &Claims, message: &[u8], signature: &[u8]) -> HttpResult<()> {
        let wrong_algorithm = || undecodable("Wrong or unsupported encoding algorithm");
        let algorithm = header.get("alg").and_then(Value::as_str).unwrap_or_default();
        if algorithm == "none" {
            return Err(wrong_algorithm().details("JWT is unsecured but expected 'alg' was not 'none'"));
        }
        let id = header.get("kid").and_then(Value::as_str);
        let fits = |key: &&TokenKey| key.algorithm() == algorithm && key.may_be(id);
        let mut matching = self.keys.iter().filter(fits).peekable();
        // `crit` names extensions that must be understood (RFC 7515, section 4.1.11): none is.
        if header.contains_key("crit") || !self.keys.iter().any(|key| key.algorithm() == algorithm) {
            return Err(wrong_algorithm());
        }
        if matching.peek().is_none() {
            return Err(undecodable("No suitable key or wrong key type"));
        }
        match matching.any(|key| key.verifies(message, signature)) {
            true => Ok(()),
            false => Err(undecodable("JWT cryptographic operation failed")),
        }
    }

    fn check_claims(&self, claims: &Claims, now: f64) -> HttpResult<()> {
        let time = |name: &str| match claims.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let number = value.as_f64();
                number
                    .map(Some)
                    .ok_or_else(|| unacceptable(&format!("The JWT '{name}' claim must be a number")))
            }
        };
        match time("exp")? {
            Some(end) if now - SKEW > end => return Err(unacceptable("JWT expired")),
            None if !self.lenient => return Err(unacceptable("The JWT has no 'exp' claim")),
            _ => {}
        }
        if time("nbf")?.is_some_and(|begin| now + SKEW < begin) {
            return Err(unacceptable("JWT not yet valid"));
        }
        if time("iat")?.is_some_and(|issued| now + SKEW < issued) {
            return Err(unacceptable("JWT issued at future"));
        }
        self.check_audience(claims.get("aud").filter(|audience| !audience.is_null()))
    }

    fn check_audience(&self, audience: Option<&Value>) -> HttpResult<()> {
        let foreign = || unacceptable("JWT not in audience");
        let malformed = || unacceptable("The JWT 'aud' claim must be a string or an array of strings");
        match audience {
            None if self.lenient => Ok(()),
            None => Err(foreign()),
            Some(Value::String(one)) => {
                if *one == self.audience {
                    Ok(())
                } else {
                    Err(foreign())
                }
            }
            Some(Value::Array(all)) => {
                if !all.iter().all(Value::is_string) {
                    return Err(malformed());
                }
                let named = all.iter().any(|one| one.as_str() == Some(&self.audience));
                if named || (all.is_empty() && self.lenient) { Ok(()) } else { Err(foreign()) }
            }
            Some(_) => Err(malformed()),
        }
    }
}

/// Decodes a part of a token: a JSON object in base64url without padding.
fn object(part: &str) -> Option<Claims> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests;
