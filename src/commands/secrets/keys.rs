//! Keys of all logins of the manifest, further ones included.

use martydb_config::secrets::CredentialKey;
use martydb_provision::provision::credential_keys;
use martydb_provision::run::Run;

pub fn all(run: &Run) -> Vec<CredentialKey> {
    run.manifest.servers.keys().flat_map(|server| credential_keys(&run.manifest.desired(server))).collect()
}
