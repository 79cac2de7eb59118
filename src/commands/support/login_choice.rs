//! Choice of the login and address of a connection: the flags that `url`, `psql` and `exec` share.

use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use secrecy::SecretString;

use crate::app::App;
use crate::commands::support::choice;
use martydb_manifest::ReplicaRole;
use martydb_manifest::connection_string::{self, Parts};
use martydb_model::app_url::{AppUrl, TARGET};
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, RoleKind, RoleName};
use martydb_ui::flags::OneService;

/// Login of a service, further login with access to it, or admin of a server.
#[derive(Debug, Args)]
pub struct LoginChoice {
    /// Service; also -s NAME.
    #[arg(value_name = "SERVICE")]
    plain: Option<String>,
    /// Service.
    #[arg(short, long, value_name = "NAME", conflicts_with = "plain", hide_short_help = true)]
    service: Option<String>,
    /// Login of the service; default: app, and for reading readonly.
    #[arg(long, value_enum)]
    role: Option<LoginRole>,
    /// Use the address for reading, such as a replica.
    #[arg(long, conflicts_with = "admin")]
    read_only: bool,
    /// Host that the driver should prefer.
    #[arg(long, value_enum, value_name = "HOST", conflicts_with_all = ["admin", "read_only"])]
    prefer: Option<Preference>,
    /// Use a further login of the manifest (`access:`).
    #[arg(long, value_name = "NAME", conflicts_with_all = ["role", "admin"])]
    access: Option<String>,
    /// Use the admin of a server.
    #[arg(long, conflicts_with_all = ["service", "plain"], requires = "server")]
    admin: bool,
    /// Server, with --admin.
    #[arg(long, value_name = "NAME", requires = "admin")]
    server: Option<String>,
}

/// Host that a client prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preference {
    /// The primary.
    Primary,
    /// A standby, or the primary if there is none.
    Secondary,
    /// Any host, at random.
    Nearest,
    /// The replicas with the role analytics.
    Analytics,
}

/// Role of a service that can log in, as `--role` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginRole(pub RoleKind);

impl ValueEnum for LoginRole {
    fn value_variants<'a>() -> &'a [LoginRole] {
        static VARIANTS: LazyLock<Vec<LoginRole>> =
            LazyLock::new(|| RoleKind::logins_by_use().map(LoginRole).collect());
        &VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.key()).help(self.0.purpose()))
    }
}

/// Route of a connection: the address that the manifest gives to applications, or straight to the server, for
/// interactive use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    Applications,
    Straight,
}

/// Resolved choice.
pub struct ChosenLogin {
    pub parts: Parts,
    /// `None` for an admin.
    pub service: Option<String>,
    /// Key of the service's role, name of a further login, or `admin`.
    pub role: String,
}

impl LoginChoice {
    /// Returns the service and the kind of role of an application.
    ///
    /// # Errors
    /// If the choice is another login.
    pub(crate) async fn of_application(&self, app: &App) -> Result<(DesiredService, RoleKind)> {
        let usual = if self.read_only { RoleKind::Readonly } else { RoleKind::App };
        let kind = self.role.map_or(usual, |role| role.0);
        if !kind.is_for_applications() || self.access.is_some() || self.admin {
            return Err(Error::usage(
                "only the roles app and readonly of a service have keys on a Redis server",
            )
            .hint("name a service, and --role app or --role readonly"));
        }
        Ok((self.chosen_service(app).await?, kind))
    }

    /// Returns the named service, or on a terminal the one that the user chooses.
    async fn chosen_service(&self, app: &App) -> Result<DesiredService> {
        let named = self.service.as_ref().or(self.plain.as_ref());
        choice::service_by_name(app, &OneService::maybe(named.map(String::as_str))).await
    }

    /// # Errors
    /// If the manifest does not contain the choice, the store has no password, or an embedded server does not start.
    pub async fn resolve(&self, app: &App, route: Route, no_password: bool) -> Result<ChosenLogin> {
        if self.admin {
            return of_admin(app, self.server.as_deref().unwrap_or_default(), no_password).await;
        }
        let service = self.chosen_service(app).await?;
        self.of_service(ServiceConnections { app, service: &service }, route, no_password).await
    }

    async fn of_service(
        &self,
        of: ServiceConnections<'_>,
        route: Route,
        no_password: bool,
    ) -> Result<ChosenLogin> {
        let reads = self.read_only || self.prefer.is_some_and(|prefer| prefer != Preference::Primary);
        let usual = if reads { RoleKind::Readonly } else { RoleKind::App };
        let kind = self.role.map_or(usual, |role| role.0);
        let address = match (route, self.prefer) {
            (_, Some(prefer)) => of.preferred(kind, prefer)?,
            (Route::Straight, None) if !reads => None,
            _ => of.app_url(kind, reads)?,
        };
        let (role, (user, password)) = match &self.access {
            Some(name) => (name.clone(), of.further_login(name, no_password).await?),
            None => (kind.key().to_owned(), of.login(kind, no_password).await?),
        };
        let parts = of.at(address, &user, password).await?;
        Ok(ChosenLogin { parts, service: Some(of.service.name.to_string()), role })
    }
}

/// Connections of a service.
#[derive(Clone, Copy)]
pub(crate) struct ServiceConnections<'a> {
    pub app: &'a App,
    pub service: &'a DesiredService,
}

impl ServiceConnections<'_> {
    /// Returns the connection of an application with this login.
    ///
    /// # Errors
    /// If the manifest has no address and the server's own is unknown.
    pub(crate) async fn for_application(
        self,
        kind: RoleKind,
        user: &str,
        password: SecretString,
    ) -> Result<Parts> {
        self.at(self.app_url(kind, false)?, user, Some(password)).await
    }

    /// Returns the connection without a password.
    ///
    /// # Errors
    /// As [`ServiceConnections::for_application`].
    pub(crate) async fn address(self, kind: RoleKind) -> Result<Parts> {
        self.at(self.app_url(kind, false)?, self.service.role(kind).as_str(), None).await
    }

    async fn at(self, address: Option<AppUrl>, user: &str, password: Option<SecretString>) -> Result<Parts> {
        let database = self.service.database.as_str();
        match address {
            Some(url) => Ok(Parts::through(&url, user, password, database)),
            None => {
                let endpoint = self.app.access(&self.service.server).await?.endpoint;
                Ok(Parts::new(&endpoint, user, password, database))
            }
        }
    }

    /// Returns the address that the manifest gives to applications with this login; `None` for the server's own. The
    /// migrator connects straight to the server: migrations need a session of their own, which a pooler does not provide.
    fn app_url(self, kind: RoleKind, read_only: bool) -> Result<Option<AppUrl>> {
        let urls = &self.app.manifest.app_urls[&self.service.name];
        match (kind.is_for_applications(), read_only) {
            (false, true) => Err(Error::usage("--read-only conflicts with the role migrator")
                .hint("use --read-only with the role readonly or app")),
            (false, false) => Ok(None),
            (true, false) => Ok(urls.write.clone()),
            (true, true) => {
                let declared = || self.replicas(ReplicaRole::Read);
                urls.for_reading().or_else(declared).map(Some).ok_or_else(|| {
                let name = &self.service.name;
                Error::usage(format!("service \"{name}\" has no read-only address"))
                    .cause("its app_url has neither `read` nor several hosts, and its server no replica to read at")
                    .hint(
                        "write app_url: { write: postgresql://…, read: postgresql://… } for the service or its server, or \
                         declare replicas of the server",
                    )
            })
            }
        }
    }

    /// Returns the replicas of a service's server with this role, as an address for applications.
    fn replicas(self, role: ReplicaRole) -> Option<AppUrl> {
        let declared = self.app.manifest.servers[&self.service.server].replicas_as(role);
        let endpoints: Vec<_> = declared.map(|one| one.url.endpoint()).collect();
        connection_string::address_of(&endpoints)
    }

    /// Returns the address with the words of libpq for a preference; other formats spell them in theirs, or refuse.
    fn preferred(self, kind: RoleKind, prefer: Preference) -> Result<Option<AppUrl>> {
        if prefer == Preference::Analytics {
            let name = &self.service.name;
            return self.replicas(ReplicaRole::Analytics).map(Some).ok_or_else(|| {
                Error::usage(format!("the server of service \"{name}\" has no replica for analytics"))
                    .hint("declare one: replicas: [{ name: a1, url: postgresql://…, role: analytics }]")
            });
        }
        let write = self.app_url(kind, false)?;
        let words: &[(&str, &str)] = match prefer {
            Preference::Primary => return Ok(write.map(|url| url.with(&[(TARGET, "primary")]))),
            Preference::Secondary => &[(TARGET, "prefer-standby")],
            Preference::Nearest => &[(TARGET, "any"), ("load_balance_hosts", "random")],
            Preference::Analytics => &[],
        };
        let read = self.app_url(kind, true)?;
        // Behind the hosts for reading, so that a client can still read when no standby answers.
        let hosts = write.iter().flat_map(|url| url.hosts.clone());
        let read = read.map(|url| hosts.fold(url, AppUrl::and_host));
        Ok(read.map(|url| url.with(words)))
    }

    /// Returns the connection of a service's login straight to the server.
    pub(crate) async fn straight(self, kind: RoleKind, no_password: bool) -> Result<Parts> {
        let endpoint = self.app.access(&self.service.server).await?.endpoint;
        let (user, password) = self.login(kind, no_password).await?;
        Ok(Parts::new(&endpoint, &user, password, self.service.database.as_str()))
    }

    async fn login(self, kind: RoleKind, no_password: bool) -> Result<(String, Option<SecretString>)> {
        let ServiceConnections { app, service } = self;
        let secrets = app.secrets(std::slice::from_ref(service)).await;
        let login = secrets.and_then(|secrets| app.login(service, kind, &secrets));
        match (login, no_password) {
            (Ok(login), no_password) => Ok((login.role, login.password.filter(|_| !no_password))),
            // Without a password the string is useful even if the store is unavailable.
            (Err(_), true) => Ok((service.role(kind).to_string(), None)),
            (Err(error), false) => Err(error),
        }
    }

    /// Returns the connection of a further login of the service.
    async fn further_login(self, name: &str, no_password: bool) -> Result<(String, Option<SecretString>)> {
        let ServiceConnections { app, service } = self;
        let desired = app.manifest.desired(&service.server);
        let uses = |role: &&RoleName| role.as_str() == name;
        let role = service.access.iter().map(|grant| &grant.role).find(uses);
        let Some(role) = role.and_then(|role| desired.access.get(role)).filter(|role| role.login) else {
            let error = format!("no further login \"{name}\" has access to service \"{}\"", service.name);
            return Err(Error::usage(error).hint("the manifest declares them under `access:`"));
        };
        if no_password {
            return Ok((role.name.to_string(), None));
        }
        let secrets = app.all_secrets(&desired, std::slice::from_ref(service)).await?;
        let (login, password) = secrets.require(&service.server, &role.name)?;
        Ok((login.to_string(), Some(password.clone())))
    }
}

/// Returns the connection of a server's admin, with its password from the first source that has it.
///
/// # Errors
/// If the manifest has no such server, or an embedded one does not start.
pub(crate) async fn of_admin(app: &App, server: &str, no_password: bool) -> Result<ChosenLogin> {
    if !app.manifest.servers.contains_key(server) {
        let known: Vec<_> = app.manifest.servers.keys().map(String::as_str).collect();
        return Err(Error::usage(format!("unknown server \"{server}\""))
            .hint(format!("servers: {}", known.join(", "))));
    }
    let access = app.access(server).await?;
    let password = access.admin.password.filter(|_| !no_password);
    let parts = Parts::new(&access.admin_endpoint, &access.admin.role, password, &access.maintenance);
    Ok(ChosenLogin { parts, service: None, role: "admin".into() })
}
