//! Keys of all logins of the manifest, further ones included.

use crate::app::Run;
use martydb_provision::credential_keys;
use martydb_secrets::CredentialKey;

pub fn all(run: &Run) -> Vec<CredentialKey> {
    let servers = run.manifest.servers.keys();
    let logins = servers.flat_map(|server| credential_keys(&run.manifest.desired(server)));
    logins.chain(CredentialKey::of_all_redis(&run.manifest.redis)).collect()
}
