//! TLS of a test's server.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::Server;

impl Server {
    /// Writes a file into the data folder that only the server can read, as it demands for a key.
    pub(crate) fn install(&self, file: &str, text: &str) {
        let place = self.data().join(file);
        std::fs::write(&place, text).unwrap();
        let data = std::fs::metadata(self.data()).unwrap();
        std::fs::set_permissions(&place, PermissionsExt::from_mode(0o600)).unwrap();
        std::os::unix::fs::chown(&place, Some(data.uid()), Some(data.gid())).unwrap();
    }

    /// Has it offer TLS with a certificate and its key.
    pub(crate) fn serve_tls(&self, (certificate, key): &(String, String)) {
        self.install("server.crt", certificate);
        self.install("server.key", key);
        self.sql("postgres", "ALTER SYSTEM SET ssl = on");
        self.reload();
    }
}
