//! Connection strings of a login, in the format and with the escaping of each client.

mod form;
mod parameters;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

pub use form::Form;
use martydb_model::app_url::AppUrl;
use martydb_model::error::{Error, Result};
use martydb_pg::wire::{BindingMode, Endpoint, Host, Tls, TlsMode};
use parameters::{SpelledParameter, spell};

/// Dialect of URLs of a client library.
struct Dialect {
    form: Form,
    scheme: &'static str,
    /// Name of the database in SQLAlchemy's query. SQLAlchemy does not decode the path (`%20` stays), and accepts several hosts
    /// only in the query (<https://docs.sqlalchemy.org/en/20/core/engines.html#database-urls>).
    sqlalchemy: Option<&'static str>,
}

const LIBPQ: Dialect = Dialect { form: Form::Uri, scheme: "postgresql", sqlalchemy: None };

const PSYCOPG: Dialect =
    Dialect { form: Form::Psycopg, scheme: "postgresql+psycopg", sqlalchemy: Some("dbname") };

const ASYNCPG: Dialect =
    Dialect { form: Form::Asyncpg, scheme: "postgresql+asyncpg", sqlalchemy: Some("database") };

pub struct Parts {
    /// Hosts with their ports; never empty.
    hosts: Vec<(String, u16)>,
    /// `true` if the only host is a socket's folder.
    socket: bool,
    user: String,
    password: Option<String>,
    pub database: String,
    /// Parameters by libpq's names.
    parameters: Vec<(String, String)>,
}

/// Characters to percent-encode in every part: all but RFC 3986's unreserved ones.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Parameters that name a file, which asyncpg reads from libpq's variables alone.
const FILES: &[&str] = &["sslcert", "sslcrl", "sslkey", "sslrootcert"];

/// Percent-encodes a part of a URL.
pub fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Returns `sslmode` and `channel_binding` unless they are the defaults, and the private certificate authority if the mode
/// verifies a certificate. On a socket only a required binding has an effect.
fn tls_parameters(tls: &Tls, socket: bool) -> Vec<(String, String)> {
    let binding = match tls.binding {
        BindingMode::Prefer => None,
        BindingMode::Disable if socket => None,
        mode => Some(("channel_binding".to_owned(), mode.name().to_owned())),
    };
    if socket {
        return binding.into_iter().collect();
    }
    let verifies = matches!(tls.mode, TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull);
    let mode = (tls.mode != TlsMode::Prefer).then(|| ("sslmode".to_owned(), tls.mode.name().to_owned()));
    let root = tls.root_certificate.as_ref().filter(|_| verifies);
    let root = root.map(|path| ("sslrootcert".to_owned(), path.display().to_string()));
    mode.into_iter().chain(root).chain(binding).collect()
}

/// Returns servers as an address for applications, with the TLS parameters of the first; `None` without a host.
pub fn address_of(endpoints: &[Endpoint]) -> Option<AppUrl> {
    let place = |endpoint: &Endpoint| match &endpoint.host {
        Host::Tcp(host) => Some((host.clone(), endpoint.port)),
        Host::Socket(_) => None,
    };
    let hosts: Vec<_> = endpoints.iter().filter_map(place).collect();
    let parameters = endpoints.first().map(|first| tls_parameters(&first.tls, false)).unwrap_or_default();
    (!hosts.is_empty()).then_some(AppUrl { hosts, database: None, parameters })
}

impl Parts {
    /// Returns the parts of a direct connection to the server.
    pub fn new(endpoint: &Endpoint, user: &str, password: Option<SecretString>, database: &str) -> Parts {
        let (host, socket) = match &endpoint.host {
            Host::Tcp(host) => (host.clone(), false),
            Host::Socket(folder) => (folder.display().to_string(), true),
        };
        Parts {
            hosts: vec![(host, endpoint.port)],
            socket,
            user: user.into(),
            password: password.map(|password| password.expose_secret().to_owned()),
            database: database.into(),
            parameters: tls_parameters(&endpoint.tls, socket),
        }
    }

    /// Returns the parts of a connection through an application URL.
    pub fn through(url: &AppUrl, user: &str, password: Option<SecretString>, database: &str) -> Parts {
        Parts {
            hosts: url.hosts.clone(),
            socket: false,
            user: user.into(),
            password: password.map(|password| password.expose_secret().to_owned()),
            database: url.database.clone().unwrap_or_else(|| database.into()),
            parameters: url.parameters.clone(),
        }
    }

    /// Renders the connection string.
    ///
    /// # Errors
    /// If the clients of this form have no equivalent of a parameter, or cannot use a socket.
    pub fn render(&self, form: Form) -> Result<String> {
        match form {
            Form::Uri => self.uri(&LIBPQ),
            Form::Psycopg => self.uri(&PSYCOPG),
            Form::Asyncpg => self.uri(&ASYNCPG),
            Form::Jdbc => self.jdbc(),
            Form::Npgsql => self.npgsql(),
            Form::Env => self.lines(|name, value| Ok(format!("{name}={}", single_quoted(value)))),
            Form::Shell => self.lines(|name, value| Ok(format!("export {name}={}", single_quoted(value)))),
            Form::Dotenv => self.lines(unquoted),
            Form::Pgpass => Ok(self.pgpass()),
        }
    }

    fn spelled(&self, form: Form) -> Result<Vec<SpelledParameter>> {
        let mut all = vec![];
        for (name, value) in &self.parameters {
            let Ok(spelled) = spell(form, name, value) else {
                let what = format!("the format {} cannot express {name}={value}", form.name());
                let is_file = form == Form::Asyncpg && FILES.contains(&name.as_str());
                return Err(Error::usage(what)
                    .hint_if(is_file.then_some(
                        "SQLAlchemy passes asyncpg no file of certificates: use `--format psycopg`, `--format uri` with \
                         asyncpg.connect(), or an SSL context in connect_args",
                    ))
                    .hint("choose another --format, or leave it out of the URL"));
            };
            all.extend(spelled);
        }
        Ok(all)
    }

    fn query(&self, form: Form) -> Result<impl Iterator<Item = String>> {
        let spelled = self.spelled(form)?;
        Ok(spelled.into_iter().map(|one| format!("{}={}", one.name, escape(&one.value))))
    }

    fn uri(&self, dialect: &Dialect) -> Result<String> {
        let password =
            self.password.as_ref().map_or_else(String::new, |password| format!(":{}", escape(password)));
        let user = escape(&self.user);
        let escaped = escape(&self.database);
        let (database, mut query) = match dialect.sqlalchemy {
            Some(name) if escaped != self.database => (String::new(), vec![format!("{name}={escaped}")]),
            _ => (escaped, vec![]),
        };
        let place = if self.socket || (dialect.sqlalchemy.is_some() && self.hosts.len() > 1) {
            let hosts: Vec<_> = self.hosts.iter().map(|(host, _)| escape(host)).collect();
            query.push(format!("host={}", hosts.join(",")));
            query.push(format!("port={}", self.ports()));
            String::new()
        } else {
            self.places()
        };
        query.extend(self.query(dialect.form)?);
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        Ok(format!("{}://{user}{password}@{place}/{database}{query}", dialect.scheme))
    }

    /// Returns `host1:port1,host2:port2`.
    fn places(&self) -> String {
        let each = self.hosts.iter().map(|(host, port)| format!("{}:{port}", bracketed(host)));
        each.collect::<Vec<_>>().join(",")
    }

    fn ports(&self) -> String {
        self.hosts.iter().map(|(_, port)| port.to_string()).collect::<Vec<_>>().join(",")
    }

    fn host_names(&self) -> String {
        self.hosts.iter().map(|(host, _)| host.as_str()).collect::<Vec<_>>().join(",")
    }

    fn jdbc(&self) -> Result<String> {
        if self.socket {
            return Err(Error::usage("JDBC cannot connect through a socket")
                .hint("give the server's url a host name, or choose another --format"));
        }
        let mut query = vec![format!("user={}", escape(&self.user))];
        query.extend(self.password.as_ref().map(|password| format!("password={}", escape(password))));
        query.extend(self.query(Form::Jdbc)?);
        Ok(format!("jdbc:postgresql://{}/{}?{}", self.places(), escape(&self.database), query.join("&")))
    }

    /// Renders ADO.NET's format: values in double quotes, with double quotes doubled.
    fn npgsql(&self) -> Result<String> {
        let quote = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let mut parts = match self.hosts.as_slice() {
            [(host, port)] => vec![format!("Host={}", quote(host)), format!("Port={port}")],
            _ => vec![format!("Host={}", quote(&self.places()))],
        };
        parts.push(format!("Database={}", quote(&self.database)));
        parts.push(format!("Username={}", quote(&self.user)));
        parts.extend(self.password.as_ref().map(|password| format!("Password={}", quote(password))));
        let mut spelled = self.spelled(Form::Npgsql)?;
        // Always written: older versions of Npgsql have another default.
        if !self.parameters.iter().any(|(name, _)| name == "sslmode") {
            let mode = if self.socket { TlsMode::Disable } else { TlsMode::Prefer };
            spelled.extend(spell(Form::Npgsql, "sslmode", mode.name()).unwrap_or_default());
        }
        let value = |one: &SpelledParameter| if one.word { one.value.clone() } else { quote(&one.value) };
        parts.extend(spelled.iter().map(|one| format!("{}={}", one.name, value(one))));
        Ok(parts.join(";"))
    }

    /// Returns the variables of libpq (<https://www.postgresql.org/docs/current/libpq-envars.html>) and DATABASE_URL.
    ///
    /// # Errors
    /// If libpq has no variable for a parameter.
    pub fn variables(&self) -> Result<Vec<(String, String)>> {
        let mut all = vec![
            ("PGHOST".to_owned(), self.host_names()),
            ("PGPORT".to_owned(), self.ports()),
            ("PGDATABASE".to_owned(), self.database.clone()),
            ("PGUSER".to_owned(), self.user.clone()),
        ];
        all.extend(self.password.as_ref().map(|password| ("PGPASSWORD".to_owned(), password.clone())));
        if !self.parameters.iter().any(|(name, _)| name == "sslmode") {
            let mode = if self.socket { TlsMode::Disable } else { TlsMode::Prefer };
            all.push(("PGSSLMODE".to_owned(), mode.name().to_owned()));
        }
        all.extend(self.spelled(Form::Env)?.into_iter().map(|one| (one.name.to_owned(), one.value)));
        all.push(("DATABASE_URL".to_owned(), self.uri(&LIBPQ)?));
        Ok(all)
    }

    /// Renders a line for each variable.
    fn lines(&self, line: impl Fn(&str, &str) -> Result<String>) -> Result<String> {
        let all = self.variables()?;
        let lines = all.iter().map(|(name, value)| line(name, value)).collect::<Result<Vec<_>>>()?;
        Ok(lines.join("\n"))
    }

    /// Renders a password file, with colons and backslashes escaped
    /// (<https://www.postgresql.org/docs/current/libpq-pgpass.html>).
    fn pgpass(&self) -> String {
        let escape = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
        let password = self.password.as_deref().unwrap_or("*");
        let line = |(host, port): &(String, u16)| {
            let host = if self.socket { "localhost" } else { host };
            [host, &port.to_string(), &self.database, &self.user, password].map(escape).join(":")
        };
        self.hosts.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// Quotes a word for a POSIX shell.
fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Renders a line of `docker run --env-file` or systemd's `EnvironmentFile=`. Docker reads quotes as part of the value.
fn unquoted(name: &str, value: &str) -> Result<String> {
    let is_plain = |char: char| !char.is_control() && !char.is_whitespace() && !"\\'\"$`#".contains(char);
    if value.chars().all(is_plain) {
        return Ok(format!("{name}={value}"));
    }
    Err(Error::usage(format!(
        "the format dotenv cannot express {name}: readers of such files disagree about its characters"
    ))
    .hint("choose --format shell, or start the program with `martydb exec`"))
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

#[cfg(test)]
mod tests;
