//! TLS with the meaning of libpq's `sslmode`: order of transports, and certificate verification.
//!
//! <https://www.postgresql.org/docs/current/libpq-ssl.html>

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error as TlsError, RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::extensions::GeneralName;

use super::binding;
use super::codec::Stream;
use super::endpoint::{Endpoint, Host, Tls, TlsMode};
use martydb_model::error::{Error, Result};
use martydb_os::read_named;

/// An encrypted connection. The stream within is boxed, so that TLS is compiled once for all kinds of streams.
pub(crate) type EncryptedStream = TlsStream<Box<dyn Stream>>;

/// Returns the digest of the server's certificate, to which a login can be bound; `None` if none is defined for it.
pub(crate) fn end_point(stream: &EncryptedStream) -> Option<Vec<u8>> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    binding::digest(certificate)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Plain,
    /// With TLS if the server supports it.
    Offered,
    Required,
}

/// Returns the first transport, and the second one to try if pg_hba.conf has no line for the first.
pub(crate) fn transports(mode: TlsMode) -> (Transport, Option<Transport>) {
    match mode {
        TlsMode::Disable => (Transport::Plain, None),
        TlsMode::Allow => (Transport::Plain, Some(Transport::Required)),
        TlsMode::Prefer => (Transport::Offered, Some(Transport::Plain)),
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => (Transport::Required, None),
    }
}

/// Makes TLS streams to one host; built once, because reading the system's certificates takes a while.
#[derive(Clone)]
pub struct Handshake {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Handshake {
    /// Reads the certificates of an endpoint; `None` where there is no TLS.
    ///
    /// # Errors
    /// [`Kind::Manifest`](martydb_model::error::Kind::Manifest) for unusable TLS files.
    pub fn for_endpoint(endpoint: &Endpoint) -> Result<Option<Self>> {
        match (&endpoint.host, endpoint.tls.mode) {
            (Host::Socket(_), _) | (_, TlsMode::Disable) => Ok(None),
            (Host::Tcp(host), _) => Handshake::new(host, &endpoint.tls).map(Some),
        }
    }

    /// Reads the certificates of these settings.
    pub fn new(host: &str, tls: &Tls) -> Result<Self> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::manifest(format!("\"{host}\" cannot be the name in a TLS certificate")))?;
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier(tls, provider)?));
        let config = match (&tls.client_certificate, &tls.client_key) {
            (Some(certificate), Some(key)) => {
                let key = private_key(key)?;
                let chain = certificates(certificate).map_err(|error| unreadable(certificate, error))?;
                config.with_client_auth_cert(chain, key).map_err(unusable)?
            }
            (None, None) => config.with_no_client_auth(),
            _ => return Err(Error::manifest("sslcert and sslkey must be given together")),
        };
        Ok(Handshake { connector: TlsConnector::from(Arc::new(config)), name })
    }

    /// Encrypts an open connection on which the server just agreed to TLS.
    ///
    /// # Errors
    /// If the connection breaks; or, of the kind `InvalidData`, if the certificate is not trusted.
    pub async fn run(&self, stream: Box<dyn Stream>) -> std::io::Result<EncryptedStream> {
        let connected = self.connector.connect(self.name.clone(), stream).await;
        connected.map_err(|error| std::io::Error::new(error.kind(), format!("TLS failed: {error}")))
    }
}

/// Requests TLS; returns `true` if the server agreed.
///
/// The answer is one byte, read without any further data: text injected after it in the clear must not pass for the
/// server's.
pub async fn agree(stream: &mut TcpStream) -> Result<bool, String> {
    let mut question = bytes::BytesMut::new();
    postgres_protocol::message::frontend::ssl_request(&mut question);
    let lost = |error: std::io::Error| format!("the connection broke: {error}");
    stream.write_all(&question).await.map_err(lost)?;
    match stream.read_u8().await.map_err(lost)? {
        b'S' => Ok(true),
        b'N' => Ok(false),
        _ => Err("this is not PostgreSQL's protocol: no answer to the question for TLS".into()),
    }
}

/// Checks the private key's file like libpq: others must not be able to read it; root's may be readable by its group.
fn check_key(path: &Path) -> Result<()> {
    let found = path.metadata().map_err(|error| unreadable(path, error))?;
    let open = if found.uid() == 0 { 0o027 } else { 0o077 };
    match found.mode() & open {
        0 => Ok(()),
        _ => Err(Error::manifest(format!("the private key {} can be read by others", path.display()))
            .hint(format!("chmod 600 {}", path.display()))),
    }
}

/// Returns the private key of a file in PEM, which others must not be able to read.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    check_key(path)?;
    let bytes = secrecy::zeroize::Zeroizing::new(read_named(path).map_err(|error| unreadable(path, error))?);
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| unreadable(path, error))
}

/// Returns the certificates of a file in PEM.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    let bytes = read_named(path).map_err(pem::Error::Io)?;
    CertificateDer::pem_slice_iter(&bytes).collect()
}

fn unreadable(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::manifest(format!("cannot read {}", path.display())).cause(error)
}

fn unusable(error: TlsError) -> Error {
    Error::manifest("these TLS settings cannot be used").cause(error)
}

fn roots(tls: &Tls) -> Result<RootCertStore> {
    let mut store = RootCertStore::empty();
    match &tls.root_certificate {
        Some(path) => {
            for certificate in certificates(path).map_err(|error| unreadable(path, error))? {
                store.add(certificate).map_err(unusable)?;
            }
        }
        // Some systems have certificates that rustls cannot parse; the others are sufficient.
        None => drop(store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    Ok(store)
}

/// Returns the certificate verifier for `sslmode`. `require` with a root certificate verifies like `verify-ca`, as in
/// libpq.
fn verifier(tls: &Tls, provider: Arc<CryptoProvider>) -> Result<Verifier> {
    let authority = || -> Result<_> {
        let roots = Arc::new(roots(tls)?);
        WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .map_err(|error| Error::manifest("there is no certificate authority to trust").cause(error))
    };
    let trust = match (tls.mode, &tls.root_certificate) {
        (TlsMode::VerifyFull, _) => Trust::Host(authority()?),
        (TlsMode::VerifyCa, _) | (TlsMode::Require, Some(_)) => Trust::Authority(authority()?),
        _ => Trust::Anyone,
    };
    Ok(Verifier { trust, provider })
}

/// Returns the public key of a certificate of any version.
fn public_key(certificate: &CertificateDer<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(SubjectPublicKeyInfoDer::from(parsed.subject_pki.raw.to_vec()))
}

/// Returns the names of a certificate (RFC 5280, subjectAltName): host names, URIs and mail addresses.
pub fn subject_names(certificate: &[u8]) -> Vec<String> {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else { return vec![] };
    let Ok(Some(names)) = parsed.subject_alternative_name() else { return vec![] };
    let one = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some((*text).to_owned())
        }
        _ => None,
    };
    names.value.general_names.iter().filter_map(one).collect()
}

#[derive(Debug)]
enum Trust {
    Anyone,
    Authority(Arc<WebPkiServerVerifier>),
    Host(Arc<WebPkiServerVerifier>),
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        let ask = |inner: &WebPkiServerVerifier| {
            inner.verify_server_cert(end_entity, intermediates, name, ocsp, now)
        };
        match &self.trust {
            Trust::Anyone => Ok(ServerCertVerified::assertion()),
            Trust::Host(inner) => ask(inner),
            Trust::Authority(inner) => match ask(inner) {
                Err(TlsError::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                    Ok(ServerCertVerified::assertion())
                }
                other => other,
            },
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let end = rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms);
        match (&end, &self.trust, public_key(certificate)) {
            // libpq accepts a certificate of version 1, as `openssl x509 -req` writes it, and rustls does not parse it.
            // Its key is enough where no authority is asked for.
            (Err(TlsError::InvalidCertificate(_)), Trust::Anyone, Some(key)) => {
                rustls::crypto::verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
            }
            _ => end,
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
