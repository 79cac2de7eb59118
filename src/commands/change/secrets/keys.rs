//! Keys of all logins of the manifest, further ones included.

use crate::app::App;
use martydb_provision::credential_keys;
use martydb_secrets::CredentialKey;

pub(crate) fn all(app: &App) -> Vec<CredentialKey> {
    let servers = app.manifest.servers.keys();
    let logins = servers.flat_map(|server| credential_keys(&app.manifest.desired(server)));
    logins.chain(CredentialKey::of_all_redis(&app.manifest.redis)).collect()
}
