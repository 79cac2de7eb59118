//! Certificate of a listener, which may be renewed while it is in use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::auth::HttpListener;
use martydb_model::error::{Error, Result};
use martydb_pg::wire::tls::{certificates, private_key};

/// Interval for checking the files.
const RENEWAL: Duration = Duration::from_secs(60);

/// Protocols in the order of preference.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Files of a certificate, and their contents.
pub(crate) struct ServedCertificate {
    certificate: PathBuf,
    key: PathBuf,
    client_authority: Option<PathBuf>,
    current: RwLock<Arc<ServerConfig>>,
}

impl ServedCertificate {
    /// Reads the files of a listener; `None` where it has none.
    pub(crate) fn of(listener: &HttpListener) -> Result<Option<Arc<ServedCertificate>>> {
        let (Some(certificate), Some(key)) = (&listener.certificate, &listener.key) else { return Ok(None) };
        let clients = listener.client_authority.as_deref();
        let current = RwLock::new(Arc::new(server_config(certificate, key, clients)?));
        let client_authority = listener.client_authority.clone();
        let (certificate, key) = (certificate.clone(), key.clone());
        Ok(Some(Arc::new(ServedCertificate { certificate, key, client_authority, current })))
    }

    /// Returns the settings for the next connection.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads the files when they change; unusable contents are ignored.
    pub(crate) async fn renew(self: Arc<Self>) {
        let files = || [Some(&self.certificate), Some(&self.key), self.client_authority.as_ref()];
        let changed = || files().map(|path| path?.metadata().and_then(|found| found.modified()).ok());
        let mut known = changed();
        loop {
            tokio::time::sleep(RENEWAL).await;
            let now = changed();
            if now == known {
                continue;
            }
            if let Ok(config) = server_config(&self.certificate, &self.key, self.client_authority.as_deref())
            {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                known = now;
            }
        }
    }
}

fn server_config(certificate: &Path, key: &Path, clients: Option<&Path>) -> Result<ServerConfig> {
    let private = private_key(key)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(certificate, error))?;
    let builder = match clients {
        Some(path) => builder.with_client_cert_verifier(client_verifier(path, provider)?),
        None => builder.with_no_client_auth(),
    };
    let chain = certificates(certificate).map_err(|error| unusable(certificate, error))?;
    let mut config =
        builder.with_single_cert(chain, private).map_err(|error| unusable(certificate, error))?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    Ok(config)
}

/// Returns the verifier of clients' certificates. One without a certificate may connect: probes have none, and callers may
/// have a key.
fn client_verifier(path: &Path, provider: Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(path).map_err(|error| unusable(path, error))? {
        roots.add(authority).map_err(|error| unusable(path, error))?;
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    verifier.allow_unauthenticated().build().map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: impl std::fmt::Display) -> Error {
    Error::usage(format!("cannot use {}", path.display())).cause(error)
}
