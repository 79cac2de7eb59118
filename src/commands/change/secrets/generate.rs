//! `secrets generate`: creates passwords before the logins exist, for deployments whose secrets must exist first.

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::choice;
use martydb_model::error::Result;
use martydb_model::units::counted;
use martydb_secrets::CredentialKey;
use martydb_ui::flags::Select;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub select: Select,
}

pub(crate) async fn run(app: &App, arguments: &Arguments) -> Result<GenerateReport> {
    let services = choice::services(app, &arguments.select).await?;
    app.store.check_writable()?;
    let keys = super::export::keys(app, &services);
    let store = app.lock_store().await?;
    let before = app.store.read(&keys).await?;
    store.ensure(&keys).await?;
    let entry = |key: &CredentialKey| GeneratedPassword {
        service: key.service.to_string(),
        role: key.label.clone(),
        server: key.server.clone(),
        login: key.role.to_string(),
        made: before.lacks(key),
    };
    Ok(GenerateReport { provider: app.store.provider(), entries: keys.iter().map(entry).collect() })
}

#[derive(Serialize)]
pub struct GenerateReport {
    provider: &'static str,
    entries: Vec<GeneratedPassword>,
}

/// Login that now has a password in the store.
#[derive(Serialize)]
struct GeneratedPassword {
    service: String,
    role: String,
    server: String,
    login: String,
    /// `true` if it had none before.
    made: bool,
}

impl Report for GenerateReport {
    fn text(&self, _: &Style) -> String {
        let made = self.entries.iter().filter(|entry| entry.made).count();
        let there = match self.entries.len() - made {
            0 => String::new(),
            there => format!(", {} existed already", counted(there, "password")),
        };
        format!("{} made{there}.\n", counted(made, "password"))
    }
}
