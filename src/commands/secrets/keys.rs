//! Keys of all logins of the manifest, further ones included.

use crate::provision::credential_keys;
use crate::run::Run;
use crate::secrets::CredentialKey;

pub fn all(run: &Run) -> Vec<CredentialKey> {
    run.manifest.servers.keys().flat_map(|server| credential_keys(&run.manifest.desired(server))).collect()
}
