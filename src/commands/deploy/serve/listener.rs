//! Flags of the listener. In a container its address and the places of its files are others than on this machine.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use martydb_model::ListenerFiles;

/// Listener, where it is not that of the manifest.
#[derive(Debug, Args)]
pub struct ListenerFlags {
    /// Address to listen on [default: serve.listen of the manifest]. Other than on loopback it requires TLS.
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Certificate of the listener in PEM, in place of the manifest's; reloaded when the file changes.
    #[arg(long, value_name = "FILE", requires = "tls_key", hide_short_help = true)]
    pub tls_certificate: Option<PathBuf>,
    /// Private key of the certificate.
    #[arg(long, value_name = "FILE", requires = "tls_certificate", hide_short_help = true)]
    pub tls_key: Option<PathBuf>,
    /// File with the users that may read the metrics, one user:password per line.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub users: Option<PathBuf>,
}

impl ListenerFlags {
    /// Returns the files of the manifest with those that were given in their place.
    pub fn tls(&self, declared: Option<&ListenerFiles>) -> Option<ListenerFiles> {
        let client_authority = declared.and_then(|files| files.client_authority.clone());
        match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let (certificate, key) = (certificate.clone(), key.clone());
                Some(ListenerFiles { certificate, key, client_authority })
            }
            _ => declared.cloned(),
        }
    }
}
