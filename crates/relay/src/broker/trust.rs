//! Whom a connection by TLS believes: the authorities that the manifest names and no others, or those of the operating system.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use martydb_model::BrokerUrl;
use martydb_model::error::{Error, Result};

/// The authorities that the manifest names, each readable; `None`: those of the operating system.
///
/// # Errors
/// If the file cannot be read, holds none, or holds one that is no certificate.
pub fn authorities(at: &BrokerUrl) -> Result<Option<Vec<CertificateDer<'static>>>> {
    let Some(path) = &at.root_certificate else { return Ok(None) };
    let unusable = |why: String| Error::manifest(format!("cannot use {}", path.display())).cause(why);
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = read.map_err(|error| unusable(error.to_string()))?;
    if all.is_empty() {
        return Err(unusable("it holds no certificate".into()));
    }
    let mut store = RootCertStore::empty();
    for certificate in &all {
        store.add(certificate.clone()).map_err(|error| unusable(error.to_string()))?;
    }
    Ok(Some(all))
}
