//! `url`: prints a login's connection string in the format of each client, password included.

use clap::Args;
use serde::Serialize;

use super::login_choice::{ChosenLogin, LoginChoice, Route};
use martydb_config::connection_string::Form;
use martydb_model::error::Result;
use martydb_provision::run::Run;
use martydb_ui::report::{Report, Style};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    pub login: LoginChoice,
    /// Output format.
    #[arg(long, value_enum, default_value = "uri")]
    pub format: Form,
    /// Omit the password.
    #[arg(long)]
    pub no_password: bool,
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<UrlReport> {
    let ChosenLogin { parts, service, role } =
        arguments.login.resolve(run, Route::Applications, arguments.no_password).await?;
    let url = parts.render(arguments.format)?;
    Ok(UrlReport { service, role, format: arguments.format.name(), url })
}

#[derive(Serialize)]
pub struct UrlReport {
    service: Option<String>,
    role: String,
    format: String,
    url: String,
}

impl Report for UrlReport {
    fn text(&self, _: &Style) -> String {
        format!("{}\n", self.url)
    }

    fn verbatim(&self) -> bool {
        true
    }
}
