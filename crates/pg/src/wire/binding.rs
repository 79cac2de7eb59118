//! Channel binding of a SCRAM exchange: the proof of the password holds only for the TLS connection on which it is sent, so a
//! relay between client and server cannot use it.
//!
//! RFC 5802 section 6, RFC 5929 section 4 (`tls-server-end-point`), and
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-CHANNEL-BINDING>.

use std::str::FromStr;

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use x509_parser::parse_x509_certificate;
use x509_parser::signature_algorithm::RsaSsaPssParams;

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
            // The text may be the rest of a password in a URL.
            _ => Err("the channel_binding of the URL is not one of disable, prefer, require".into()),
        }
    }
}

/// Server's end of a connection, as far as an exchange can be bound to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum EndPoint {
    #[default]
    WithoutTls,
    /// TLS with a certificate for which no digest is defined, such as one signed with Ed25519.
    WithoutDigest,
    /// Digest of the server's certificate.
    Digest(Vec<u8>),
}

/// Channel binding that one connection can use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Binding {
    pub mode: BindingMode,
    pub end_point: EndPoint,
}

impl Binding {
    /// Returns the binding of a connection without TLS.
    pub(crate) fn without_tls(mode: BindingMode) -> Binding {
        Binding { mode, end_point: EndPoint::WithoutTls }
    }

    /// Returns the binding of a TLS connection to the server whose certificate has this digest.
    pub(crate) fn over_tls(mode: BindingMode, digest: Option<Vec<u8>>) -> Binding {
        Binding { mode, end_point: digest.map_or(EndPoint::WithoutDigest, EndPoint::Digest) }
    }

    /// Chooses the header of the exchange, as libpq does. Where the server offers channel binding and the connection
    /// cannot have it, there is no login without it: a program in the middle chooses its own certificate, and would
    /// choose one without a digest.
    ///
    /// # Errors
    /// If channel binding is not possible, and required or offered.
    pub(crate) fn header(&self, offered: bool) -> Result<Header, BindingError> {
        match (self.mode, &self.end_point, offered) {
            (BindingMode::Disable, ..) => Ok(Header::Unsupported),
            (_, EndPoint::Digest(digest), true) => Ok(Header::EndPoint(digest.clone())),
            (_, EndPoint::WithoutDigest, true) => Err(BindingError::NoDigest),
            (BindingMode::Require, EndPoint::WithoutTls, _) => Err(BindingError::NoTls),
            (BindingMode::Require, _, false) => Err(BindingError::NotOffered),
            (BindingMode::Prefer, EndPoint::WithoutTls, true) => Err(BindingError::OfferedWithoutTls),
            (BindingMode::Prefer, EndPoint::WithoutTls, false) => Ok(Header::Unsupported),
            (BindingMode::Prefer, _, false) => Ok(Header::NotOffered),
        }
    }
}

/// Reason for which a login cannot be bound to its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingError {
    NoTls,
    NotOffered,
    NoDigest,
    OfferedWithoutTls,
    /// The server asks for another method than SCRAM, or for none.
    OtherMethod,
}

impl BindingError {
    pub fn message(self) -> &'static str {
        match self {
            BindingError::NoTls => "channel binding is required, and the connection has no TLS",
            BindingError::NotOffered => {
                "channel binding is required, and the server does not offer SCRAM-SHA-256-PLUS"
            }
            BindingError::NoDigest => {
                "the server offers channel binding, and its certificate's signature algorithm defines no digest for it"
            }
            BindingError::OfferedWithoutTls => {
                "the server offers channel binding, which needs TLS, on a connection without TLS"
            }
            BindingError::OtherMethod => {
                "channel binding is required, and the server does not ask for SCRAM-SHA-256"
            }
        }
    }

    pub fn hint(self) -> &'static str {
        match self {
            BindingError::NoTls => {
                "write sslmode=require or verify-full into the server's url, or leave out channel_binding=require"
            }
            BindingError::NotOffered => {
                "name the address of the PostgreSQL server itself, not of a pooler or proxy, or leave out \
                 channel_binding=require"
            }
            BindingError::NoDigest => {
                "give the server a certificate signed with RSA or ECDSA, or write \
                 sslmode=verify-full&channel_binding=disable into its url"
            }
            BindingError::OfferedWithoutTls => {
                "a proxy may end TLS before martydb: name the address of the PostgreSQL server itself, or write \
                 channel_binding=disable into the url"
            }
            BindingError::OtherMethod => {
                "let pg_hba.conf ask for scram-sha-256 on hostssl lines, or leave out channel_binding=require"
            }
        }
    }
}

/// GS2 header of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Header {
    /// The client cannot bind.
    Unsupported,
    /// The client can bind and believes that the server cannot: a server that offered it notices that the offer was removed.
    NotOffered,
    /// Bound to the server's certificate.
    EndPoint(Vec<u8>),
}

impl Header {
    /// Returns the text with which the exchange begins.
    pub(crate) fn text(&self) -> &'static str {
        match self {
            Header::Unsupported => "n,,",
            Header::NotOffered => "y,,",
            Header::EndPoint(_) => "p=tls-server-end-point,,",
        }
    }

    /// Returns the bytes of attribute `c` in the final message.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let data = if let Header::EndPoint(data) = self { data.as_slice() } else { &[] };
        [self.text().as_bytes(), data].concat()
    }
}

type CertificateDigest = fn(&[u8]) -> Vec<u8>;

/// Signature algorithms, and hash algorithms of RSASSA-PSS, with their digests. MD5 and SHA-1 are replaced by SHA-256
/// (RFC 5929 section 4.1). Others, such as Ed25519, have none.
const DIGESTS: &[(&str, CertificateDigest)] = &[
    ("1.2.840.113549.1.1.4", sha256),
    ("1.2.840.113549.1.1.5", sha256),
    ("1.2.840.113549.1.1.11", sha256),
    ("1.2.840.113549.1.1.12", sha384),
    ("1.2.840.113549.1.1.13", sha512),
    ("1.2.840.113549.1.1.14", sha224),
    ("1.2.840.10045.4.1", sha256),
    ("1.2.840.10045.4.3.1", sha224),
    ("1.2.840.10045.4.3.2", sha256),
    ("1.2.840.10045.4.3.3", sha384),
    ("1.2.840.10045.4.3.4", sha512),
    ("1.3.14.3.2.26", sha256),
    ("2.16.840.1.101.3.4.2.4", sha224),
    ("2.16.840.1.101.3.4.2.1", sha256),
    ("2.16.840.1.101.3.4.2.2", sha384),
    ("2.16.840.1.101.3.4.2.3", sha512),
];

/// Signature algorithm that names its hash in a parameter.
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";

/// Returns the digest of a certificate in DER; `None` if none is defined for its signature algorithm.
pub(crate) fn digest(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = parse_x509_certificate(certificate).ok()?;
    let signature = &parsed.signature_algorithm;
    let algorithm = match signature.algorithm.to_id_string() {
        pss if pss == RSASSA_PSS => {
            let parameters = RsaSsaPssParams::try_from(signature.parameters()?).ok()?;
            parameters.hash_algorithm_oid().to_id_string()
        }
        other => other,
    };
    let (_, digest) = DIGESTS.iter().find(|(known, _)| *known == algorithm)?;
    Some(digest(certificate))
}

fn sha224(bytes: &[u8]) -> Vec<u8> {
    Sha224::digest(bytes).to_vec()
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
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn the_header_tells_a_server_of_a_removed_offer() {
        use BindingError::{NoDigest, NoTls, NotOffered, OfferedWithoutTls};
        use BindingMode::{Disable, Prefer, Require};
        let digest = || EndPoint::Digest(vec![1, 2]);
        for (mode, end_point, offered, header) in [
            (Prefer, digest(), true, Ok(Header::EndPoint(vec![1, 2]))),
            (Prefer, digest(), false, Ok(Header::NotOffered)),
            (Prefer, EndPoint::WithoutDigest, true, Err(NoDigest)),
            (Prefer, EndPoint::WithoutDigest, false, Ok(Header::NotOffered)),
            (Prefer, EndPoint::WithoutTls, true, Err(OfferedWithoutTls)),
            (Prefer, EndPoint::WithoutTls, false, Ok(Header::Unsupported)),
            (Require, digest(), true, Ok(Header::EndPoint(vec![1, 2]))),
            (Require, digest(), false, Err(NotOffered)),
            (Require, EndPoint::WithoutDigest, true, Err(NoDigest)),
            (Require, EndPoint::WithoutDigest, false, Err(NotOffered)),
            (Require, EndPoint::WithoutTls, true, Err(NoTls)),
            (Require, EndPoint::WithoutTls, false, Err(NoTls)),
            (Disable, digest(), true, Ok(Header::Unsupported)),
            (Disable, EndPoint::WithoutDigest, true, Ok(Header::Unsupported)),
            (Disable, EndPoint::WithoutTls, true, Ok(Header::Unsupported)),
        ] {
            let binding = Binding { mode, end_point };
            assert_eq!(binding.header(offered), header, "{binding:?} {offered}");
        }
        assert_eq!(Header::EndPoint(vec![7]).bytes(), b"p=tls-server-end-point,,\x07");
    }

    /// Certificate signed with RSASSA-PSS over SHA-384, as openssl makes it.
    const PSS: &str = "MIICXDCCAZGgAwIBAgIUa1AAN3ZToEwiw1xJMPROKbPHjvgwQQYJKoZIhvcNAQEKMDSgDzANBglghkgBZQMEAgIFAKEcMBoGCSqG\
        SIb3DQEBCDANBglghkgBZQMEAgIFAKIDAgEwMAwxCjAIBgNVBAMMAXgwHhcNMjYxMTI1MTI1MTA1WhcNMjYxMTI3MTI1MTA1WjAM\
        MQowCAYDVQQDDAF4MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCc1f5ogiKLb6D81/XRNN29qB90il3EogXh/VuLonHTZl+H\
        OwoOG2Uo2migjJJiq2kygh2gwUTREzLABhVK9tpvc3s5/NW+O643AsqLX5qOQBJtC9p2wROfSiyNZxcyGW2wHo8jrmjfuoye57ZW\
        TJouYeN2e50n7odtAtfEreHYBQIDAQABo1MwUTAdBgNVHQ4EFgQUHDtzBg4SKIu+aBSXhazzv3KfpoQwHwYDVR0jBBgwFoAUHDtz\
        Bg4SKIu+aBSXhazzv3KfpoQwDwYDVR0TAQH/BAUwAwEB/zBBBgkqhkiG9w0BAQowNKAPMA0GCWCGSAFlAwQCAgUAoRwwGgYJKoZI\
        hvcNAQEIMA0GCWCGSAFlAwQCAgUAogMCATADgYEAcgBVrVEldY3iAkyOwXAzEWpSMsidtUHhvH7jYNtT3ruSu6ep1u+TcbWQROP0\
        OdKqLNSjcUgrbuyu11i1WSvvyT9unCwPT93Rpi8ImvF+8YUUe/QCOPhP4zP7ukYZ/of4PlDON1NgoSDOqNT0qbovxfJ75rA540df\
        EzOuotaMpMY=";

    #[test]
    fn the_hash_of_rsassa_pss_is_read_from_its_parameters() {
        let certificate = STANDARD.decode(PSS).unwrap();
        let binding = Binding::over_tls(BindingMode::Prefer, digest(&certificate));
        assert_eq!(binding.end_point, EndPoint::Digest(sha384(&certificate)));
    }

    #[test]
    fn an_invalid_certificate_has_no_digest() {
        for bytes in [&b""[..], b"\x30", b"\x30\x03\x02\x01\x01", &[0xff; 64]] {
            let binding = Binding::over_tls(BindingMode::Prefer, digest(bytes));
            assert_eq!(binding.header(true), Err(BindingError::NoDigest));
        }
    }
}
