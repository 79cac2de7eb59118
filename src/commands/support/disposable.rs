//! Servers whose data may be dropped and made again: embedded ones, and those that the environment's overlay names.

use crate::app::App;
use martydb_model::DesiredService;
use martydb_model::error::{Error, Result};

/// Refuses a command that drops data where the environment does not say that it may.
///
/// # Errors
/// If the service's server is neither embedded nor disposable.
pub(crate) fn check(app: &App, service: &DesiredService, command: &str) -> Result<()> {
    let (server, env) = (&service.server, &app.manifest.env);
    if app.manifest.servers[server].is_disposable() {
        return Ok(());
    }
    let message = format!(
        "`{command}` is for data that may be lost, and server {server} is not disposable in environment {env}: nothing was touched"
    );
    Err(Error::usage(message)
        .hint("use it where martydb runs the server (`embedded: true`)")
        .hint(format!(
            "or, if the data of {env} may be lost, write `servers: {{ {server}: {{ disposable: true }} }}` into its overlay, martydb.{env}.yaml"
        )))
}
