//! `url`: a login's connection string in the form that each client wants. The password in it is the point.

mod forms;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::model::{DesiredService, RoleKind};
use crate::report::{Report, Style};
use crate::run::Run;
pub use forms::{Form, Parts};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The service.
    #[arg(short, long, value_name = "NAME", required_unless_present = "admin")]
    pub service: Option<String>,
    /// Which of its logins.
    #[arg(long, value_enum, default_value = "app")]
    pub role: RoleKind,
    /// Output format.
    #[arg(long, value_enum, default_value = "uri")]
    pub format: Form,
    /// Leave the password out.
    #[arg(long)]
    pub no_password: bool,
    /// The admin's own connection string.
    #[arg(long, conflicts_with = "service", requires = "server")]
    pub admin: bool,
    /// The server, with --admin.
    #[arg(long, value_name = "NAME", requires = "admin")]
    pub server: Option<String>,
}

impl ValueEnum for RoleKind {
    fn value_variants<'a>() -> &'a [RoleKind] {
        &[RoleKind::App, RoleKind::Readonly, RoleKind::Migrator]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            RoleKind::Owner => return None,
            RoleKind::App => "Reads and writes rows",
            RoleKind::Readonly => "Reads rows",
            RoleKind::Migrator => "Runs migrations",
        };
        Some(PossibleValue::new(self.key()).help(help))
    }
}

pub async fn run(run: &Run, arguments: &Arguments) -> Result<UrlReport> {
    let (parts, service, role) = match &arguments.service {
        Some(service) => of_service(run, service, arguments).await?,
        None => of_admin(run, arguments.server.as_deref().unwrap_or_default(), arguments).await?,
    };
    let url = written(&parts, arguments.format)?;
    Ok(UrlReport { service, role, format: arguments.format.name(), url })
}

/// The connection string of a login in this form.
///
/// # Errors
/// For JDBC through a socket.
pub fn written(parts: &Parts, form: Form) -> Result<String> {
    if parts.socket && form == Form::Jdbc {
        return Err(Error::usage("JDBC cannot connect through a socket")
            .hint("give the server's url a host name, or choose another --format"));
    }
    Ok(parts.render(form))
}

async fn of_service(run: &Run, name: &str, arguments: &Arguments) -> Result<(Parts, Option<String>, String)> {
    let service = run.service(name)?;
    let kind = arguments.role;
    let parts = parts(run, service, kind, arguments.no_password).await?;
    Ok((parts, Some(service.name.to_string()), kind.key().to_owned()))
}

/// What a service's login connects with.
pub async fn parts(run: &Run, service: &DesiredService, kind: RoleKind, no_password: bool) -> Result<Parts> {
    let endpoint = run.access(&service.server).await?.endpoint;
    let secrets = run.secrets(std::slice::from_ref(service)).await;
    let login = secrets.and_then(|secrets| run.login(service, kind, &secrets));
    let (user, password) = match (login, no_password) {
        (Ok(login), no_password) => (login.role, login.password.filter(|_| !no_password)),
        // Without a password the string is of use even where the store is out of reach.
        (Err(_), true) => (service.role(kind).to_string(), None),
        (Err(error), false) => return Err(error),
    };
    Ok(Parts::new(&endpoint, &user, password, service.database.as_str()))
}

async fn of_admin(run: &Run, server: &str, arguments: &Arguments) -> Result<(Parts, Option<String>, String)> {
    if !run.manifest.servers.contains_key(server) {
        let known: Vec<_> = run.manifest.servers.keys().map(String::as_str).collect();
        return Err(Error::usage(format!("unknown server \"{server}\""))
            .hint(format!("servers: {}", known.join(", "))));
    }
    let access = run.access(server).await?;
    let password = access.admin.password.filter(|_| !arguments.no_password);
    let parts = Parts::new(&access.admin_endpoint, &access.admin.role, password, &access.maintenance);
    Ok((parts, None, "admin".into()))
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
