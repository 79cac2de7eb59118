//! `url`: a login's connection string in the form that each client wants. The password in it is the point.

use clap::{Args, ValueEnum};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use crate::error::{Error, ExitStatus, Result};
use crate::model::RoleKind;
use crate::report::{Look, Report};
use crate::run::Run;
use crate::server::{Endpoint, Host, TlsMode};

/// Flags of `url`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The service.
    #[arg(short, long, value_name = "NAME", required_unless_present = "admin")]
    pub service: Option<String>,
    /// Which of its logins.
    #[arg(long, value_enum, default_value = "app")]
    pub role: Role,
    /// The form.
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

/// The logins of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Reads and writes rows.
    App,
    /// Reads rows.
    Readonly,
    /// Runs migrations.
    Migrator,
}

impl Role {
    /// As the model calls it.
    pub fn kind(self) -> RoleKind {
        match self {
            Role::App => RoleKind::App,
            Role::Readonly => RoleKind::Readonly,
            Role::Migrator => RoleKind::Migrator,
        }
    }
}

/// The forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// libpq's URI: psql, Go, Node, Ruby, Rust.
    Uri,
    /// SQLAlchemy with asyncpg.
    Asyncpg,
    /// SQLAlchemy with psycopg.
    Psycopg,
    /// Java.
    Jdbc,
    /// .NET.
    Npgsql,
    /// PGHOST and so on, for a shell.
    Env,
    /// A line of ~/.pgpass.
    Pgpass,
}

impl Form {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

/// Looks the password up and writes the string.
pub async fn run(run: &Run, arguments: &Arguments) -> Result<Box<dyn Report>> {
    let (parts, service, role) = match &arguments.service {
        Some(service) => of_service(run, service, arguments).await?,
        None => of_admin(run, arguments.server.as_deref().unwrap_or_default(), arguments).await?,
    };
    let url = parts.render(arguments.format);
    Ok(Box::new(UrlReport { service, role, format: arguments.format.name(), url }))
}

async fn of_service(run: &Run, name: &str, arguments: &Arguments) -> Result<(Parts, Option<String>, String)> {
    let service = run.service(name)?;
    let kind = arguments.role.kind();
    let endpoint = run.access(&service.server).await?.endpoint;
    let secrets = run.secrets(std::slice::from_ref(service)).await;
    let login = secrets.and_then(|secrets| run.login(service, kind, &secrets));
    let (user, password) = match (login, arguments.no_password) {
        (Ok(login), no_password) => (login.role, login.password.filter(|_| !no_password)),
        // Without a password the string is of use even where the store is out of reach.
        (Err(_), true) => (service.role(kind).to_string(), None),
        (Err(error), false) => return Err(error),
    };
    let password = password.map(|password| password.expose_secret().to_owned());
    let parts = Parts::new(&endpoint, &user, password, service.database.as_str());
    Ok((parts, Some(service.name.to_string()), kind.key().to_owned()))
}

async fn of_admin(run: &Run, server: &str, arguments: &Arguments) -> Result<(Parts, Option<String>, String)> {
    if !run.manifest.servers.contains_key(server) {
        let known: Vec<_> = run.manifest.servers.keys().map(String::as_str).collect();
        return Err(Error::usage(format!("unknown server \"{server}\""))
            .hint(format!("servers: {}", known.join(", "))));
    }
    let access = run.access(server).await?;
    let password = access.admin.password.filter(|_| !arguments.no_password);
    let password = password.map(|password| password.expose_secret().to_owned());
    let parts = Parts::new(&access.admin_endpoint, &access.admin.role, password, &access.maintenance);
    Ok((parts, None, "admin".into()))
}

/// What every form is made of.
struct Parts {
    host: String,
    socket: bool,
    port: u16,
    user: String,
    password: Option<String>,
    database: String,
    tls: TlsMode,
}

/// RFC 3986's unreserved characters stay; all else is escaped, in every part alike.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

impl Parts {
    fn new(endpoint: &Endpoint, user: &str, password: Option<String>, database: &str) -> Parts {
        let (host, socket) = match &endpoint.host {
            Host::Tcp(host) => (host.clone(), false),
            Host::Socket(folder) => (folder.display().to_string(), true),
        };
        let tls = if socket { TlsMode::Disable } else { endpoint.tls.mode };
        Parts {
            host,
            socket,
            port: endpoint.port,
            user: user.into(),
            password,
            database: database.into(),
            tls,
        }
    }

    fn render(&self, form: Form) -> String {
        match form {
            Form::Uri => self.uri("postgresql", "sslmode"),
            Form::Psycopg => self.uri("postgresql+psycopg", "sslmode"),
            // SQLAlchemy hands the query to asyncpg's connect(), which calls it ssl.
            Form::Asyncpg => self.uri("postgresql+asyncpg", "ssl"),
            Form::Jdbc => self.jdbc(),
            Form::Npgsql => self.npgsql(),
            Form::Env => self.variables(),
            Form::Pgpass => self.pgpass(),
        }
    }

    fn uri(&self, scheme: &str, tls: &str) -> String {
        let password =
            self.password.as_ref().map_or_else(String::new, |password| format!(":{}", escape(password)));
        let user = escape(&self.user);
        let database = escape(&self.database);
        let mut query = vec![];
        let place = match self.socket {
            true => {
                query.push(format!("host={}", escape(&self.host)));
                query.push(format!("port={}", self.port));
                String::new()
            }
            false => format!("{}:{}", bracketed(&self.host), self.port),
        };
        if self.tls != TlsMode::Prefer && !self.socket {
            query.push(format!("{tls}={}", self.tls.name()));
        }
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        format!("{scheme}://{user}{password}@{place}/{database}{query}")
    }

    fn jdbc(&self) -> String {
        let mut query = vec![format!("user={}", escape(&self.user))];
        query.extend(self.password.as_ref().map(|password| format!("password={}", escape(password))));
        if self.tls != TlsMode::Prefer {
            query.push(format!("sslmode={}", self.tls.name()));
        }
        format!(
            "jdbc:postgresql://{}:{}/{}?{}",
            bracketed(&self.host),
            self.port,
            escape(&self.database),
            query.join("&")
        )
    }

    /// ADO.NET's rule: a value in double quotes, with double quotes doubled.
    fn npgsql(&self) -> String {
        let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut parts = vec![
            format!("Host={}", quote(&self.host)),
            format!("Port={}", self.port),
            format!("Database={}", quote(&self.database)),
            format!("Username={}", quote(&self.user)),
        ];
        parts.extend(self.password.as_ref().map(|password| format!("Password={}", quote(password))));
        let modes = [
            (TlsMode::Disable, "Disable"),
            (TlsMode::Allow, "Allow"),
            (TlsMode::Prefer, "Prefer"),
            (TlsMode::Require, "Require"),
            (TlsMode::VerifyCa, "VerifyCA"),
            (TlsMode::VerifyFull, "VerifyFull"),
        ];
        let mode = modes.iter().find(|row| row.0 == self.tls).map_or("Prefer", |row| row.1);
        parts.push(format!("SSL Mode={mode}"));
        parts.join(";")
    }

    fn variables(&self) -> String {
        let quote = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
        let mut lines = vec![
            format!("PGHOST={}", quote(&self.host)),
            format!("PGPORT={}", quote(&self.port.to_string())),
            format!("PGDATABASE={}", quote(&self.database)),
            format!("PGUSER={}", quote(&self.user)),
        ];
        lines.extend(self.password.as_ref().map(|password| format!("PGPASSWORD={}", quote(password))));
        lines.push(format!("PGSSLMODE={}", quote(self.tls.name())));
        lines.push(format!("DATABASE_URL={}", quote(&self.uri("postgresql", "sslmode"))));
        lines.join("\n")
    }

    /// Colons and backslashes are escaped (<https://www.postgresql.org/docs/current/libpq-pgpass.html>).
    fn pgpass(&self) -> String {
        let escape = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        let host = if self.socket { "localhost" } else { &self.host };
        let password = self.password.as_deref().unwrap_or("*");
        let fields = [host, &self.port.to_string(), &self.database, &self.user, password];
        fields.map(escape).join(":")
    }
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

struct UrlReport {
    service: Option<String>,
    role: String,
    format: String,
    url: String,
}

impl Report for UrlReport {
    fn json(&self) -> Map<String, Value> {
        let pairs = [
            ("service", json!(self.service)),
            ("role", json!(self.role)),
            ("format", json!(self.format)),
            ("url", json!(self.url)),
        ];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn text(&self, _: &Look) -> String {
        format!("{}\n", self.url)
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::Success
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Tls;

    fn parts(tls: TlsMode) -> Parts {
        let endpoint =
            Endpoint { host: Host::Tcp("db".into()), port: 5433, tls: Tls { mode: tls, ..Tls::default() } };
        Parts::new(&endpoint, "us er", Some("p@:/%'\"\\é".into()), "d b")
    }

    #[test]
    fn every_form_escapes_what_its_reader_would_misread() {
        let cases = [
            (Form::Uri, "postgresql://us%20er:p%40%3A%2F%25%27%22%5C%C3%A9@db:5433/d%20b"),
            (Form::Asyncpg, "postgresql+asyncpg://us%20er:p%40%3A%2F%25%27%22%5C%C3%A9@db:5433/d%20b"),
            (
                Form::Jdbc,
                "jdbc:postgresql://db:5433/d%20b?user=us%20er&password=p%40%3A%2F%25%27%22%5C%C3%A9",
            ),
            (
                Form::Npgsql,
                "Host=\"db\";Port=5433;Database=\"d b\";Username=\"us er\";Password=\"p@:/%'\"\"\\é\";SSL Mode=Prefer",
            ),
            (Form::Pgpass, "db:5433:d b:us er:p@\\:/%'\"\\\\é"),
        ];
        for (form, expected) in cases {
            assert_eq!(parts(TlsMode::Prefer).render(form), expected, "{form:?}");
        }
        let env = parts(TlsMode::Require).render(Form::Env);
        assert!(env.contains("PGPASSWORD='p@:/%'\\''\"\\é'"), "{env}");
        assert!(env.contains("PGSSLMODE='require'") && env.contains("sslmode=require"), "{env}");
    }

    #[test]
    fn a_socket_becomes_a_parameter() {
        let endpoint = Endpoint { host: Host::Socket("/run/x".into()), port: 5433, tls: Tls::default() };
        let text = Parts::new(&endpoint, "postgres", None, "postgres").render(Form::Uri);
        assert_eq!(text, "postgresql://postgres@/postgres?host=%2Frun%2Fx&port=5433");
    }
}
