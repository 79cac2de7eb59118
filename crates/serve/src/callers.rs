//! Callers: who sends a request, and the login that it gets. A caller proves itself by a key, of which only the SHA-256
//! is known here.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::fault::{RequestFault, Served};

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
}

/// The callers, by the digests of their keys.
#[derive(Debug, Default)]
pub struct CallerBook {
    keys: HashMap<KeyDigest, ServeCaller>,
    anonymous: Option<ServeCaller>,
}

/// Name of the caller that stands for requests without a key.
pub const ANONYMOUS: &str = "anonymous";

/// Returns the digest of a key. Keys are 256 random bits, so that a plain digest suffices, and looking one up by it tells
/// nothing about another.
pub fn digest(key: &str) -> KeyDigest {
    Sha256::digest(key.as_bytes()).into()
}

impl CallerBook {
    /// Adds a caller with the digests of its keys.
    pub fn add(&mut self, caller: ServeCaller, digests: impl IntoIterator<Item = KeyDigest>) {
        if caller.name == ANONYMOUS {
            self.anonymous = Some(caller);
            return;
        }
        self.keys.extend(digests.into_iter().map(|digest| (digest, caller.clone())));
    }

    /// Returns the caller of a request for a service, by its header `Authorization`. A key that is unknown is refused even
    /// where requests without one are allowed.
    pub fn of_request(&self, authorization: Option<&str>, service: &str) -> Served<&ServeCaller> {
        let unauthorized =
            |message: &str| RequestFault::new(401, "PGRST301", message).header("WWW-Authenticate", "Bearer");
        let caller = match authorization {
            None => self.anonymous.as_ref().ok_or_else(|| {
                RequestFault::new(401, "PGRST302", "Anonymous access is disabled")
                    .header("WWW-Authenticate", "Bearer")
            })?,
            Some(header) => {
                let key = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
                let (_, key) =
                    key.ok_or_else(|| unauthorized("the header Authorization has no bearer key"))?;
                self.keys.get(&digest(key.trim())).ok_or_else(|| unauthorized("the key is unknown"))?
            }
        };
        if caller.service == service {
            return Ok(caller);
        }
        // The same answer whether the other service exists.
        let message = format!("caller \"{}\" may not use this service", caller.name);
        Err(RequestFault::new(403, "42501", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(anonymous: bool) -> CallerBook {
        let caller =
            |name: &str| ServeCaller { name: name.into(), service: "shop".into(), right: CallerRight::Read };
        let mut book = CallerBook::default();
        book.add(caller("billing"), [digest("one"), digest("two")]);
        if anonymous {
            book.add(caller(ANONYMOUS), []);
        }
        book
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
            (None, "bank", true, Err(403)),
        ] {
            let book = book(anonymous);
            let found = book.of_request(header, service);
            let found = found.map(|caller| caller.name.as_str()).map_err(|fault| fault.status);
            assert_eq!(found, expected, "{header:?} {service}");
        }
    }
}
