//! `url`: prints a login's connection string in the format of each client, password included.

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::commands::support::companions;
use crate::commands::support::login_choice::{ChosenLogin, LoginChoice, Route};
use martydb_manifest::connection_string::Form;
use martydb_model::error::{Error, Result};
use martydb_ui::report::{Report, Style};

/// Variable with the address of a service's keys.
pub(crate) const REDIS_URL: &str = "REDIS_URL";

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
    /// Address of the service's keys on its Redis server.
    #[arg(long)]
    pub redis: bool,
}

pub async fn run(app: &App, arguments: &Arguments) -> Result<UrlReport> {
    if arguments.redis {
        return of_redis(app, arguments).await;
    }
    let ChosenLogin { parts, service, role } =
        arguments.login.resolve(app, Route::Applications, arguments.no_password).await?;
    let url = parts.render(arguments.format)?;
    Ok(UrlReport { service, role, format: arguments.format.name().to_owned(), url })
}

async fn of_redis(app: &App, arguments: &Arguments) -> Result<UrlReport> {
    let (service, kind) = arguments.login.of_application(app).await?;
    let Some(address) = companions::address(app, &service, kind, arguments.no_password).await? else {
        return Err(Error::usage(format!("service \"{}\" has no keys on a Redis server", service.name))
            .hint("the manifest declares them: redis: { server: NAME }"));
    };
    let format = arguments.format;
    let url = match format {
        Form::Uri => address,
        Form::Env => format!("{REDIS_URL}='{address}'"),
        Form::Shell => format!("export {REDIS_URL}='{address}'"),
        Form::Dotenv => format!("{REDIS_URL}={address}"),
        _ => {
            return Err(Error::usage(format!("the format {} has no address of Redis", format.name()))
                .hint("choose uri, env, shell or dotenv"));
        }
    };
    Ok(UrlReport {
        service: Some(service.name.to_string()),
        role: kind.key().into(),
        format: format.name().to_owned(),
        url,
    })
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
