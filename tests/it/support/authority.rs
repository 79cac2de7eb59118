//! An authority of a test, and the certificates that it signs.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use super::Project;

/// Its own certificate is in a file.
pub(crate) struct Authority {
    /// File that a client names to trust it.
    pub file: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// One whose certificate is `NAME.crt` in the project's folder.
    pub(crate) fn new(project: &Project, name: &str) -> Authority {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        project.write(&format!("{name}.crt"), &certificate.pem());
        Authority { file: project.path().join(format!("{name}.crt")), issuer: Issuer::new(params, key) }
    }

    /// Certificate and key, as PEM.
    pub(crate) fn sign(&self, name: &str, last_year: i32) -> (String, String) {
        let names = if name.contains(' ') { vec![] } else { vec![name.to_owned()] };
        self.sign_names(name, names, last_year)
    }

    /// Certificate for several names, and its key.
    pub(crate) fn sign_names(&self, name: &str, names: Vec<String>, last_year: i32) -> (String, String) {
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(last_year, 1, 1);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// The same as the files `server.crt` and `server.key` of a folder.
    pub(crate) fn sign_into(&self, folder: &Path, name: &str, last_year: i32) {
        let (certificate, key) = self.sign(name, last_year);
        std::fs::write(folder.join("server.crt"), certificate).unwrap();
        std::fs::write(folder.join("server.key"), key).unwrap();
    }
}
