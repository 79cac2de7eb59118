//! Which login a command connects with, and where to: the flags that `url`, `psql` and `exec` share, and what they stand
//! for.

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use secrecy::SecretString;

use martydb_config::connection_string::Parts;
use martydb_model::app_url::AppUrl;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, RoleKind, RoleName};
use martydb_provision::run::Run;

/// A service's login, a further one that may use the service, or a server's admin.
#[derive(Debug, Args)]
pub struct LoginChoice {
    /// The service; also -s NAME.
    #[arg(value_name = "SERVICE", required_unless_present_any = ["service", "admin"])]
    plain: Option<String>,
    /// The service.
    #[arg(short, long, value_name = "NAME", conflicts_with = "plain", hide_short_help = true)]
    service: Option<String>,
    /// Which of its logins; default: app, and with --read-only readonly.
    #[arg(long, value_enum)]
    role: Option<LoginRole>,
    /// An address to read from, such as a replica; see `app_url` in the manifest.
    #[arg(long, conflicts_with = "admin")]
    read_only: bool,
    /// A further login of the manifest (`access:`) instead.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["role", "admin"])]
    access: Option<String>,
    /// The admin of a server instead.
    #[arg(long, conflicts_with_all = ["service", "plain"], requires = "server")]
    admin: bool,
    /// The server, with --admin.
    #[arg(long, value_name = "NAME", requires = "admin")]
    server: Option<String>,
}

/// Role of a service that can log in, as `--role` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginRole(pub RoleKind);

impl ValueEnum for LoginRole {
    fn value_variants<'a>() -> &'a [LoginRole] {
        &[LoginRole(RoleKind::App), LoginRole(RoleKind::Readonly), LoginRole(RoleKind::Migrator)]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self.0 {
            RoleKind::Owner => return None,
            RoleKind::App => "Reads and writes rows",
            RoleKind::Readonly => "Reads rows",
            RoleKind::Migrator => "Runs migrations",
        };
        Some(PossibleValue::new(self.0.key()).help(help))
    }
}

/// The way that the manifest gives to applications, or straight to the server, where a person works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Applications,
    Straight,
}

/// What a choice stands for.
pub struct ChosenLogin {
    pub parts: Parts,
    /// `None` with an admin.
    pub service: Option<String>,
    /// The key of the service's role, the name of a further login, or `admin`.
    pub role: String,
}

impl LoginChoice {
    /// # Errors
    /// If the manifest does not know what was named, the store has no password, or an embedded server does not start.
    pub async fn resolve(&self, run: &Run, route: Route, no_password: bool) -> Result<ChosenLogin> {
        match self.service.as_ref().or(self.plain.as_ref()) {
            Some(service) => self.of_service(run, run.service(service)?, route, no_password).await,
            None => of_admin(run, self.server.as_deref().unwrap_or_default(), no_password).await,
        }
    }

    async fn of_service(
        &self,
        run: &Run,
        service: &DesiredService,
        route: Route,
        no_password: bool,
    ) -> Result<ChosenLogin> {
        let usual = if self.read_only { RoleKind::Readonly } else { RoleKind::App };
        let kind = self.role.map_or(usual, |role| role.0);
        let address = match route {
            Route::Straight if !self.read_only => None,
            _ => app_url(run, service, kind, self.read_only)?,
        };
        let (role, (user, password)) = match &self.access {
            Some(name) => (name.clone(), further_login(run, service, name, no_password).await?),
            None => (kind.key().to_owned(), login(run, service, kind, no_password).await?),
        };
        let parts = at(run, address, service, &user, password).await?;
        Ok(ChosenLogin { parts, service: Some(service.name.to_string()), role })
    }
}

/// What an application connects with as this login.
///
/// # Errors
/// If the manifest names no address and the server's own cannot be told.
pub async fn for_application(
    run: &Run,
    service: &DesiredService,
    kind: RoleKind,
    user: &str,
    password: SecretString,
) -> Result<Parts> {
    at(run, app_url(run, service, kind, false)?, service, user, Some(password)).await
}

/// The same without a password.
///
/// # Errors
/// As [`for_application`].
pub async fn address(run: &Run, service: &DesiredService, kind: RoleKind) -> Result<Parts> {
    let user = service.role(kind).as_str();
    at(run, app_url(run, service, kind, false)?, service, user, None).await
}

async fn at(
    run: &Run,
    address: Option<AppUrl>,
    service: &DesiredService,
    user: &str,
    password: Option<SecretString>,
) -> Result<Parts> {
    match address {
        Some(url) => Ok(Parts::through(&url, user, password, service.database.as_str())),
        None => {
            let endpoint = run.access(&service.server).await?.endpoint;
            Ok(Parts::new(&endpoint, user, password, service.database.as_str()))
        }
    }
}

/// The address that the manifest gives to applications with this login; `None` is the server's own. Migrations need a
/// session of their own, which a pooler does not give, so that the migrator goes straight to the server.
fn app_url(run: &Run, service: &DesiredService, kind: RoleKind, read_only: bool) -> Result<Option<AppUrl>> {
    let urls = &run.manifest.app_urls[&service.name];
    match (kind, read_only) {
        (RoleKind::Migrator | RoleKind::Owner, true) => {
            Err(Error::usage("--read-only and the role migrator exclude each other")
                .hint("--read-only goes with the roles readonly and app"))
        }
        (RoleKind::Migrator | RoleKind::Owner, false) => Ok(None),
        (_, false) => Ok(urls.write.clone()),
        (_, true) => urls.for_reading().map(Some).ok_or_else(|| {
            let name = &service.name;
            Error::usage(format!("service \"{name}\" has no address that is for reading only"))
                .cause("its app_url names neither `read` nor several hosts")
                .hint("write app_url: { write: postgresql://…, read: postgresql://… } for the service or its server")
        }),
    }
}

/// What a service's login connects with, straight to the server.
pub async fn straight(
    run: &Run,
    service: &DesiredService,
    kind: RoleKind,
    no_password: bool,
) -> Result<Parts> {
    let endpoint = run.access(&service.server).await?.endpoint;
    let (user, password) = login(run, service, kind, no_password).await?;
    Ok(Parts::new(&endpoint, &user, password, service.database.as_str()))
}

async fn login(
    run: &Run,
    service: &DesiredService,
    kind: RoleKind,
    no_password: bool,
) -> Result<(String, Option<SecretString>)> {
    let secrets = run.secrets(std::slice::from_ref(service)).await;
    let login = secrets.and_then(|secrets| run.login(service, kind, &secrets));
    match (login, no_password) {
        (Ok(login), no_password) => Ok((login.role, login.password.filter(|_| !no_password))),
        // Without a password the string is of use even where the store is out of reach.
        (Err(_), true) => Ok((service.role(kind).to_string(), None)),
        (Err(error), false) => Err(error),
    }
}

/// A further login that may use the service.
async fn further_login(
    run: &Run,
    service: &DesiredService,
    name: &str,
    no_password: bool,
) -> Result<(String, Option<SecretString>)> {
    let desired = run.manifest.desired(&service.server);
    let uses = |role: &&RoleName| role.as_str() == name;
    let role = service.access.iter().map(|grant| &grant.role).find(uses);
    let Some(role) = role.and_then(|role| desired.access.get(role)).filter(|role| role.login) else {
        let error = format!("no further login \"{name}\" may use service \"{}\"", service.name);
        return Err(Error::usage(error).hint("the manifest declares them under `access:`"));
    };
    if no_password {
        return Ok((role.name.to_string(), None));
    }
    let secrets = run.all_secrets(&desired, std::slice::from_ref(service)).await?;
    let (login, password) = secrets.require(&service.server, &role.name)?;
    Ok((login.to_string(), Some(password.clone())))
}

/// A server's admin, with the password that some source has.
///
/// # Errors
/// If the manifest has no such server, or an embedded one does not start.
pub async fn of_admin(run: &Run, server: &str, no_password: bool) -> Result<ChosenLogin> {
    if !run.manifest.servers.contains_key(server) {
        let known: Vec<_> = run.manifest.servers.keys().map(String::as_str).collect();
        return Err(Error::usage(format!("unknown server \"{server}\""))
            .hint(format!("servers: {}", known.join(", "))));
    }
    let access = run.access(server).await?;
    let password = access.admin.password.filter(|_| !no_password);
    let parts = Parts::new(&access.admin_endpoint, &access.admin.role, password, &access.maintenance);
    Ok(ChosenLogin { parts, service: None, role: "admin".into() })
}
