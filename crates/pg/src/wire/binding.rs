//! Channel binding of a SCRAM exchange: the proof of the password holds only for the TLS connection on which it is sent, so a
//! relay between client and server cannot use it.
//!
//! RFC 5802 section 6, RFC 5929 section 4 (`tls-server-end-point`), and
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-CHANNEL-BINDING>.

use std::str::FromStr;

use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::parse_x509_certificate;

/// libpq's `channel_binding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BindingMode {
    Disable,
    /// Used where TLS is on and the server offers it.
    #[default]
    Prefer,
    /// A login without it fails.
    Require,
}

impl BindingMode {
    /// Returns libpq's word.
    pub fn name(self) -> &'static str {
        match self {
            BindingMode::Disable => "disable",
            BindingMode::Prefer => "prefer",
            BindingMode::Require => "require",
        }
    }
}

impl FromStr for BindingMode {
    type Err = String;

    fn from_str(text: &str) -> Result<BindingMode, String> {
        match text {
            "disable" => Ok(BindingMode::Disable),
            "prefer" => Ok(BindingMode::Prefer),
            "require" => Ok(BindingMode::Require),
            _ => Err(format!("unknown channel_binding \"{text}\", expected one of disable, prefer, require")),
        }
    }
}

/// Channel binding that one connection can use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Binding {
    pub mode: BindingMode,
    /// Digest of the server's certificate; `None` without TLS, or if none is defined for the certificate.
    pub end_point: Option<Vec<u8>>,
}

impl Binding {
    /// Returns the binding of a TLS connection to the server with this certificate, in DER.
    pub fn of(mode: BindingMode, certificate: Option<&[u8]>) -> Binding {
        Binding { mode, end_point: certificate.and_then(end_point) }
    }

    /// Chooses the header of the exchange.
    ///
    /// # Errors
    /// With the reason, if channel binding is required and not possible.
    pub fn header(&self, offered: bool) -> Result<Header, &'static str> {
        match (self.mode, &self.end_point, offered) {
            (BindingMode::Disable, ..) => Ok(Header::Unsupported),
            (_, Some(end_point), true) => Ok(Header::EndPoint(end_point.clone())),
            (BindingMode::Require, Some(_), false) => {
                Err("channel binding is required, and the server does not offer SCRAM-SHA-256-PLUS")
            }
            (BindingMode::Require, None, _) => Err(
                "channel binding is required, and the connection has no TLS or a certificate without a digest",
            ),
            (BindingMode::Prefer, Some(_), false) => Ok(Header::NotOffered),
            (BindingMode::Prefer, None, _) => Ok(Header::Unsupported),
        }
    }
}

/// GS2 header of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    /// The client cannot bind.
    Unsupported,
    /// The client can bind and believes that the server cannot: a server that offered it notices that the offer was removed.
    NotOffered,
    /// Bound to the server's certificate.
    EndPoint(Vec<u8>),
}

impl Header {
    /// Returns the text with which the exchange begins.
    pub fn text(&self) -> &'static str {
        match self {
            Header::Unsupported => "n,,",
            Header::NotOffered => "y,,",
            Header::EndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    /// Returns the bytes of attribute `c` in the final message.
    pub fn bytes(&self) -> Vec<u8> {
        let data = if let Header::EndPoint(data) = self { data.as_slice() } else { &[] };
        [self.text().as_bytes(), data].concat()
    }
}

type CertificateDigest = fn(&[u8]) -> Vec<u8>;

/// Signature algorithms and their digests. MD5 and SHA-1 are replaced by SHA-256 (RFC 5929 section 4.1). For other algorithms
/// (Ed25519, RSASSA-PSS) no binding is made: libpq fails on some of them.
const DIGESTS: &[(&str, CertificateDigest)] = &[
    ("1.2.840.113549.1.1.4", sha256),
    ("1.2.840.113549.1.1.5", sha256),
    ("1.2.840.113549.1.1.11", sha256),
    ("1.2.840.113549.1.1.12", sha384),
    ("1.2.840.113549.1.1.13", sha512),
    ("1.2.840.10045.4.1", sha256),
    ("1.2.840.10045.4.3.2", sha256),
    ("1.2.840.10045.4.3.3", sha384),
    ("1.2.840.10045.4.3.4", sha512),
];

fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = parse_x509_certificate(certificate).ok()?;
    let algorithm = parsed.signature_algorithm.algorithm.to_id_string();
    let (_, digest) = DIGESTS.iter().find(|(known, _)| *known == algorithm)?;
    Some(digest(certificate))
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

fn sha384(bytes: &[u8]) -> Vec<u8> {
    Sha384::digest(bytes).to_vec()
}

fn sha512(bytes: &[u8]) -> Vec<u8> {
    Sha512::digest(bytes).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_tells_a_server_of_a_removed_offer() {
        let bound = |mode| Binding { mode, end_point: Some(vec![1, 2]) };
        let unbound = |mode| Binding { mode, end_point: None };
        for (binding, offered, header) in [
            (bound(BindingMode::Prefer), true, Some(Header::EndPoint(vec![1, 2]))),
            (bound(BindingMode::Prefer), false, Some(Header::NotOffered)),
            (bound(BindingMode::Disable), true, Some(Header::Unsupported)),
            (bound(BindingMode::Require), true, Some(Header::EndPoint(vec![1, 2]))),
            (bound(BindingMode::Require), false, None),
            (unbound(BindingMode::Prefer), true, Some(Header::Unsupported)),
            (unbound(BindingMode::Require), true, None),
        ] {
            assert_eq!(binding.header(offered).ok(), header, "{binding:?} {offered}");
        }
        assert_eq!(Header::EndPoint(vec![7]).bytes(), b"p=tls-server-end-point,,\x07");
    }
}
