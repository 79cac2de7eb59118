//! Digests of callers' keys in the secret store.

use secrecy::ExposeSecret;

use crate::app::App;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};
use martydb_secrets::CredentialKey;

/// Returns the key of the entry of a caller.
pub(crate) fn entry(service: &DesiredService, caller: &str) -> Result<CredentialKey> {
    CredentialKey::of_caller(service, caller).ok_or_else(|| {
        Error::usage(format!("\"{caller}\" cannot be the name of an entry in the secret store"))
    })
}

/// Returns the digests of a caller's keys, the newest first.
pub(crate) async fn stored(app: &App, service: &DesiredService, caller: &str) -> Result<Vec<String>> {
    let key = entry(service, caller)?;
    let secrets = app.store.read_present(std::slice::from_ref(&key)).await?;
    let text = secrets.get(&service.server, &key.role).map(|text| text.expose_secret().to_owned());
    Ok(text.unwrap_or_default().split_whitespace().map(str::to_owned).collect())
}
