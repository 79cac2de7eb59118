//! pgBackRest configuration for whole servers: <https://pgbackrest.org/configuration.html>. Each server of the
//! manifest is a stanza with its name. The file is installed on the machine of each server, which uses its own
//! stanza.

use super::deployment::{DeploymentPlan, ServerNode};
use super::image;
use martydb_model::error::{Error, Result};

/// Returns the configuration.
///
/// # Errors
/// If a value cannot be written in the file.
pub(crate) fn settings(plan: &DeploymentPlan<'_>) -> Result<String> {
    let own = &plan.manifest.deploy.pgbackrest;
    let mut text = format!(
        "[global]\nrepo1-path={}\nrepo1-retention-full={}\n# A backup begins at once, and not with the next checkpoint.\nstart-fast=y\nlog-level-file=off\n",
        value(&own.repository)?,
        own.keep
    );
    for server in &plan.servers {
        text += &stanza(server)?;
    }
    Ok(text)
}

fn stanza(server: &ServerNode<'_>) -> Result<String> {
    let url = server.url;
    let named = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if server.name == "global" || !server.name.chars().all(named) {
        return Err(Error::manifest(format!(
            "\"{}\" is not a valid name for a pgBackRest stanza",
            server.name
        ))
        .hint("give the server a name of letters, digits, _ and -"));
    }
    let folder = server.deploy.data_folder.clone().unwrap_or_else(|| image::cluster_folder(server));
    Ok(format!(
        "\n[{}]\npg1-path={}\npg1-port={}\npg1-user={}\npg1-database={}\n",
        server.name,
        value(&folder)?,
        url.port,
        value(&url.user)?,
        value(&url.database)?
    ))
}

/// Returns the value unchanged. pgBackRest reads the rest of a line literally and trims spaces.
fn value(text: &str) -> Result<&str> {
    if text.trim() != text || text.contains(char::is_control) || text.is_empty() {
        return Err(Error::manifest(format!("pgBackRest's file cannot contain {text:?}"))
            .hint("give it a name without line breaks, and without spaces at its ends"));
    }
    Ok(text)
}
