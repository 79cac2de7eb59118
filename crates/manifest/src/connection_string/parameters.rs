//! Names of libpq's parameters in each client.

use super::form::Form;

/// Spelling of one parameter in one client.
#[derive(Clone, Copy)]
enum Spelling {
    /// The client does not have it.
    No,
    /// The client reads it from libpq's variables and files, not from the string; the connection works without it.
    Elsewhere,
    /// The client does not have it, and always acts as with this value of libpq's.
    Fixed(&'static str),
    /// Under this name, with libpq's values.
    As(&'static str),
    /// Under this name, with values of its own: pairs of libpq's and the client's.
    Words(&'static str, &'static [(&'static str, &'static str)]),
}

use Spelling::{As, Elsewhere, Fixed, No, Words};

struct ParameterNames {
    libpq: &'static str,
    variable: Spelling,
    asyncpg: Spelling,
    jdbc: Spelling,
    npgsql: Spelling,
}

const fn row(
    libpq: &'static str,
    variable: Spelling,
    asyncpg: Spelling,
    jdbc: Spelling,
    npgsql: Spelling,
) -> ParameterNames {
    ParameterNames { libpq, variable, asyncpg, jdbc, npgsql }
}

const SWITCH: &[(&str, &str)] = &[("0", "false"), ("1", "true")];
const RANDOM: &[(&str, &str)] = &[("disable", "false"), ("random", "true")];
const PREFERENCE: &[(&str, &str)] = &[("disable", "Disable"), ("prefer", "Prefer"), ("require", "Require")];
const NPGSQL_TLS: &[(&str, &str)] = &[
    ("disable", "Disable"),
    ("allow", "Allow"),
    ("prefer", "Prefer"),
    ("require", "Require"),
    ("verify-ca", "VerifyCA"),
    ("verify-full", "VerifyFull"),
];
/// pgjdbc distinguishes primaries from others by whether they accept writes.
const JDBC_TARGET: &[(&str, &str)] = &[
    ("any", "any"),
    ("read-write", "primary"),
    ("primary", "primary"),
    ("read-only", "secondary"),
    ("standby", "secondary"),
    ("prefer-standby", "preferSecondary"),
];

/// The variables: <https://www.postgresql.org/docs/current/libpq-envars.html>. asyncpg's `connect()`, to which SQLAlchemy
/// hands the query: <https://magicstack.github.io/asyncpg/current/api/index.html#connection>. pgjdbc:
/// <https://jdbc.postgresql.org/documentation/use/>. Npgsql:
/// <https://www.npgsql.org/doc/connection-string-parameters.html>.
const ROWS: &[ParameterNames] = &[
    row("application_name", As("PGAPPNAME"), No, As("ApplicationName"), As("Application Name")),
    row(
        "channel_binding",
        As("PGCHANNELBINDING"),
        Fixed("disable"),
        As("channelBinding"),
        Words("Channel Binding", PREFERENCE),
    ),
    row("client_encoding", As("PGCLIENTENCODING"), No, No, As("Client Encoding")),
    row("connect_timeout", As("PGCONNECT_TIMEOUT"), No, As("connectTimeout"), As("Timeout")),
    row("gssencmode", As("PGGSSENCMODE"), No, As("gssEncMode"), No),
    row("keepalives", No, No, Words("tcpKeepAlive", SWITCH), Words("TCP Keepalive", SWITCH)),
    row("keepalives_count", No, No, No, No),
    row("keepalives_idle", No, No, No, As("TCP Keepalive Time")),
    row("keepalives_interval", No, No, No, As("TCP Keepalive Interval")),
    row(
        "load_balance_hosts",
        As("PGLOADBALANCEHOSTS"),
        No,
        Words("loadBalanceHosts", RANDOM),
        Words("Load Balance Hosts", RANDOM),
    ),
    row("options", As("PGOPTIONS"), No, As("options"), As("Options")),
    row("require_auth", As("PGREQUIREAUTH"), No, No, No),
    row("ssl_min_protocol_version", As("PGSSLMINPROTOCOLVERSION"), No, No, No),
    row("sslcert", As("PGSSLCERT"), No, As("sslcert"), As("SSL Certificate")),
    row("sslcrl", As("PGSSLCRL"), No, No, No),
    row("sslkey", As("PGSSLKEY"), No, As("sslkey"), As("SSL Key")),
    row("sslmode", As("PGSSLMODE"), As("ssl"), As("sslmode"), Words("SSL Mode", NPGSQL_TLS)),
    row("sslnegotiation", As("PGSSLNEGOTIATION"), Elsewhere, As("sslNegotiation"), No),
    row("sslrootcert", As("PGSSLROOTCERT"), No, As("sslrootcert"), As("Root Certificate")),
    row("sslsni", As("PGSSLSNI"), No, No, No),
    row(
        "target_session_attrs",
        As("PGTARGETSESSIONATTRS"),
        As("target_session_attrs"),
        Words("targetServerType", JDBC_TARGET),
        As("Target Session Attributes"),
    ),
    row("tcp_user_timeout", No, No, No, No),
];

/// A parameter as one client spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpelledParameter {
    pub name: &'static str,
    pub value: String,
    /// `true` if the value is a keyword of the client, which needs no quotes.
    pub word: bool,
}

/// Returns the parameter as the clients of this form spell it; `Ok(None)` if they read it elsewhere.
///
/// # Errors
/// If the form cannot express it.
pub(crate) fn spell(form: Form, name: &str, value: &str) -> Result<Option<SpelledParameter>, ()> {
    let row = ROWS.iter().find(|row| row.libpq == name).ok_or(())?;
    let spelling = match form {
        Form::Uri | Form::Psycopg => As(row.libpq),
        Form::Env | Form::Shell | Form::Dotenv => row.variable,
        Form::Asyncpg => row.asyncpg,
        Form::Jdbc => row.jdbc,
        Form::Npgsql => row.npgsql,
        // A password belongs to a host, whatever the parameters of the connection.
        Form::Pgpass => Elsewhere,
    };
    match spelling {
        Fixed(fixed) if fixed == value => Ok(None),
        No | Fixed(_) => Err(()),
        Elsewhere => Ok(None),
        As(name) => Ok(Some(SpelledParameter { name, value: value.to_owned(), word: false })),
        Words(name, words) => {
            let (_, word) = words.iter().find(|(libpq, _)| *libpq == value).ok_or(())?;
            Ok(Some(SpelledParameter { name, value: (*word).to_owned(), word: true }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::app_url::{PARAMETERS, TARGET};
    use martydb_pg::server::hosts::TargetSession;

    #[test]
    fn every_parameter_of_the_manifest_has_a_row() {
        assert!(ROWS.iter().map(|row| row.libpq).eq(PARAMETERS.iter().copied()));
        assert!(TargetSession::names().all(|target| spell(Form::Jdbc, TARGET, target).is_ok()));
    }
}
