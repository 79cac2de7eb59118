//! The forms themselves: what each reader wants escaped, and how.

use clap::ValueEnum;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use crate::wire::{Endpoint, Host, TlsMode};

/// How the URLs of one client library differ from those of another.
struct Dialect {
    scheme: &'static str,
    /// What it calls `sslmode`.
    tls: &'static str,
    /// Whether it accepts a root certificate.
    takes_root: bool,
    /// The parameter for a database that its path cannot hold; `None` where the path is unescaped like the rest.
    database: Option<&'static str>,
}

const LIBPQ: Dialect = Dialect { scheme: "postgresql", tls: "sslmode", takes_root: true, database: None };

/// SQLAlchemy takes the path as it stands, `%20` and all
/// (<https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls>).
const PSYCOPG: Dialect =
    Dialect { scheme: "postgresql+psycopg", tls: "sslmode", takes_root: true, database: Some("dbname") };

/// SQLAlchemy hands the parameters to asyncpg's `connect()`, which calls it `ssl` and has none for the authority:
/// it looks in PGSSLROOTCERT and `~/.postgresql`.
const ASYNCPG: Dialect =
    Dialect { scheme: "postgresql+asyncpg", tls: "ssl", takes_root: false, database: Some("database") };

/// What `--format` takes.
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
    /// As the command line calls it.
    pub fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}

pub struct Parts {
    host: String,
    /// Whether `host` is a socket's folder.
    pub socket: bool,
    port: u16,
    user: String,
    password: Option<String>,
    pub database: String,
    tls: TlsMode,
    /// The private authority to trust, for the clients that take it in the string.
    root: Option<String>,
}

/// RFC 3986's unreserved characters stay; all else is escaped, in every part alike.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

impl Parts {
    pub fn new(endpoint: &Endpoint, user: &str, password: Option<SecretString>, database: &str) -> Parts {
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
            password: password.map(|password| password.expose_secret().to_owned()),
            database: database.into(),
            tls,
            root: endpoint.tls.root_certificate.as_ref().map(|path| path.display().to_string()),
        }
    }

    pub fn render(&self, form: Form) -> String {
        match form {
            Form::Uri => self.uri(&LIBPQ),
            Form::Psycopg => self.uri(&PSYCOPG),
            Form::Asyncpg => self.uri(&ASYNCPG),
            Form::Jdbc => self.jdbc(),
            Form::Npgsql => self.npgsql(),
            Form::Env => self.variables(),
            Form::Pgpass => self.pgpass(),
        }
    }

    /// Only where the mode verifies a certificate.
    fn root(&self) -> Option<&str> {
        let verifies = matches!(self.tls, TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull);
        self.root.as_deref().filter(|_| verifies)
    }

    fn tls_query(&self, dialect: &Dialect) -> impl Iterator<Item = String> {
        let said = self.tls != TlsMode::Prefer && !self.socket;
        let mode = said.then(|| format!("{}={}", dialect.tls, self.tls.name()));
        let root = self.root().filter(|_| dialect.takes_root);
        mode.into_iter().chain(root.map(|root| format!("sslrootcert={}", escape(root))))
    }

    fn uri(&self, dialect: &Dialect) -> String {
        let Dialect { scheme, database: parameter, .. } = dialect;
        let password =
            self.password.as_ref().map_or_else(String::new, |password| format!(":{}", escape(password)));
        let user = escape(&self.user);
        let escaped = escape(&self.database);
        let (database, mut query) = match parameter {
            Some(name) if escaped != self.database => (String::new(), vec![format!("{name}={escaped}")]),
            _ => (escaped, vec![]),
        };
        let place = if self.socket {
            query.push(format!("host={}", escape(&self.host)));
            query.push(format!("port={}", self.port));
            String::new()
        } else {
            format!("{}:{}", bracketed(&self.host), self.port)
        };
        query.extend(self.tls_query(dialect));
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        format!("{scheme}://{user}{password}@{place}/{database}{query}")
    }

    fn jdbc(&self) -> String {
        let mut query = vec![format!("user={}", escape(&self.user))];
        query.extend(self.password.as_ref().map(|password| format!("password={}", escape(password))));
        query.extend(self.tls_query(&LIBPQ));
        let (host, database) = (bracketed(&self.host), escape(&self.database));
        format!("jdbc:postgresql://{host}:{}/{database}?{}", self.port, query.join("&"))
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
        let mode = match self.tls {
            TlsMode::Disable => "Disable",
            TlsMode::Allow => "Allow",
            TlsMode::Prefer => "Prefer",
            TlsMode::Require => "Require",
            TlsMode::VerifyCa => "VerifyCA",
            TlsMode::VerifyFull => "VerifyFull",
        };
        parts.push(format!("SSL Mode={mode}"));
        parts.extend(self.root().map(|root| format!("Root Certificate={}", quote(root))));
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
        lines.push(format!("DATABASE_URL={}", quote(&self.uri(&LIBPQ))));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Tls;

    fn parts(tls: TlsMode) -> Parts {
        let endpoint =
            Endpoint { host: Host::Tcp("db".into()), port: 5433, tls: Tls { mode: tls, ..Tls::default() } };
        Parts::new(&endpoint, "us er", Some("p@:/%'\"\\é".into()), "d b")
    }

    #[test]
    fn every_form_escapes_what_its_reader_would_misread() {
        let cases = [
            (Form::Uri, "postgresql://us%20er:p%40%3A%2F%25%27%22%5C%C3%A9@db:5433/d%20b"),
            (
                Form::Asyncpg,
                "postgresql+asyncpg://us%20er:p%40%3A%2F%25%27%22%5C%C3%A9@db:5433/?database=d%20b",
            ),
            (
                Form::Psycopg,
                "postgresql+psycopg://us%20er:p%40%3A%2F%25%27%22%5C%C3%A9@db:5433/?dbname=d%20b",
            ),
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
    fn a_private_authority_is_named_to_the_clients_that_can_be_told() {
        let tls =
            Tls { mode: TlsMode::VerifyFull, root_certificate: Some("/c a.crt".into()), ..Tls::default() };
        let endpoint = Endpoint { host: Host::Tcp("db".into()), port: 1, tls };
        let parts = Parts::new(&endpoint, "u", None, "d");
        for (form, expected) in [
            (Form::Uri, "postgresql://u@db:1/d?sslmode=verify-full&sslrootcert=%2Fc%20a.crt"),
            (Form::Asyncpg, "postgresql+asyncpg://u@db:1/d?ssl=verify-full"),
            (Form::Jdbc, "jdbc:postgresql://db:1/d?user=u&sslmode=verify-full&sslrootcert=%2Fc%20a.crt"),
        ] {
            assert_eq!(parts.render(form), expected);
        }
        assert!(parts.render(Form::Npgsql).ends_with("SSL Mode=VerifyFull;Root Certificate=\"/c a.crt\""));
    }

    #[test]
    fn a_socket_becomes_a_parameter() {
        let endpoint = Endpoint { host: Host::Socket("/run/x".into()), port: 5433, tls: Tls::default() };
        let text = Parts::new(&endpoint, "postgres", None, "postgres").render(Form::Uri);
        assert_eq!(text, "postgresql://postgres@/postgres?host=%2Frun%2Fx&port=5433");
    }
}
