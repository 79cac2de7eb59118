//! Trusted authorities of TLS connections: only those that the manifest names, or those of the operating system.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use martydb_model::BrokerUrl;
use martydb_model::error::{Error, Result};
use martydb_pg::wire::tls::certificates;

/// Returns the manifest's authorities, or `None` for those of the operating system.
///
/// # Errors
/// If the file cannot be read, contains no certificate, or contains an invalid one.
pub(super) fn authorities(at: &BrokerUrl) -> Result<Option<Vec<CertificateDer<'static>>>> {
    let Some(path) = &at.root_certificate else { return Ok(None) };
    let unusable = |why: String| Error::manifest(format!("cannot use {}", path.display())).cause(why);
    let all = certificates(path).map_err(|error| unusable(error.to_string()))?;
    if all.is_empty() {
        return Err(unusable("it contains no certificate".into()));
    }
    let mut store = RootCertStore::empty();
    for certificate in &all {
        store.add(certificate.clone()).map_err(|error| unusable(error.to_string()))?;
    }
    Ok(Some(all))
}
