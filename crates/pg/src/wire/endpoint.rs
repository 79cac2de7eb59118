//! Endpoints of servers, their TLS settings, and logins.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

use super::auth::AuthRules;
use super::binding::BindingMode;
use super::require_auth::RequireAuth;
use super::scram::SharedKey;
use martydb_model::{DbName, RoleName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A host name or address.
    Tcp(String),
    /// Folder of a Unix-domain socket.
    Socket(PathBuf),
}

impl Host {
    /// Returns `true` if the host is certainly this machine, without a network in between.
    pub fn is_local(&self) -> bool {
        match self {
            Host::Socket(_) => true,
            Host::Tcp(host) => {
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }
}

/// libpq's `sslmode` values: <https://www.postgresql.org/docs/current/libpq-ssl.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsMode {
    Disable,
    /// TLS only if the server requires it.
    Allow,
    /// TLS if the server offers it.
    #[default]
    Prefer,
    /// TLS, without verifying the server's certificate.
    Require,
    /// TLS, with a certificate from a trusted authority.
    VerifyCa,
    /// TLS, with a certificate for this host.
    VerifyFull,
}

const TLS_MODES: &[(&str, TlsMode)] = &[
    ("disable", TlsMode::Disable),
    ("allow", TlsMode::Allow),
    ("prefer", TlsMode::Prefer),
    ("require", TlsMode::Require),
    ("verify-ca", TlsMode::VerifyCa),
    ("verify-full", TlsMode::VerifyFull),
];

impl TlsMode {
    /// Returns libpq's spelling.
    pub fn name(self) -> &'static str {
        TLS_MODES.iter().find(|row| row.1 == self).expect("every mode has a row").0
    }
}

impl FromStr for TlsMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        TLS_MODES.iter().find(|row| row.0 == text).map(|row| row.1).ok_or_else(|| {
            let all: Vec<_> = TLS_MODES.iter().map(|row| row.0).collect();
            format!("unknown sslmode \"{text}\", expected one of {}", all.join(", "))
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    pub mode: TlsMode,
    /// `true` if `sslmode=prefer` was explicitly set. Only then may a connection without TLS follow a failed
    /// handshake: an attacker on the network can make any handshake fail.
    pub prefer_written: bool,
    /// libpq's `sslrootcert`: the only trusted CA certificates. Without one, those of the operating system (which
    /// libpq calls `system`).
    pub root_certificate: Option<PathBuf>,
    /// libpq's `sslcert`.
    pub client_certificate: Option<PathBuf>,
    /// libpq's `sslkey`.
    pub client_key: Option<PathBuf>,
    /// libpq's `channel_binding`. On a socket only `require` has an effect: the login fails.
    pub binding: BindingMode,
}

impl Tls {
    /// Returns these settings for other listeners of the server: only some of them can bind a login, and the question is
    /// what they accept.
    #[must_use]
    pub fn without_required_binding(&self) -> Tls {
        let binding = match self.binding {
            BindingMode::Require => BindingMode::Prefer,
            mode => mode,
        };
        Tls { binding, ..self.clone() }
    }

    /// Returns `true` if the server's certificate is verified, as libpq does for this `sslmode`.
    pub fn verifies(&self) -> bool {
        match self.mode {
            TlsMode::VerifyCa | TlsMode::VerifyFull => true,
            TlsMode::Require => self.root_certificate.is_some(),
            TlsMode::Disable | TlsMode::Allow | TlsMode::Prefer => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub host: Host,
    /// TCP port, or the number in the socket's file name.
    pub port: u16,
    /// TLS settings; ignored on a socket.
    pub tls: Tls,
}

impl Endpoint {
    /// Returns `true` if no third party can read along or answer in the server's place: it is on this machine, or its
    /// certificate is verified.
    pub fn is_safe(&self) -> bool {
        self.host.is_local() || self.tls.verifies()
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.host {
            Host::Tcp(host) => write!(f, "{host}:{}", self.port),
            Host::Socket(folder) => write!(f, "{}/.s.PGSQL.{}", folder.display(), self.port),
        }
    }
}

/// A role with its password and authentication rules. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct Login {
    pub role: String,
    pub password: Option<SecretString>,
    pub rules: AuthRules,
    pub key: SharedKey,
}

/// A login to one database, with the role that it acts as.
#[derive(Debug, Clone, Copy)]
pub struct ActingLogin<'a> {
    pub endpoint: &'a Endpoint,
    pub login: &'a Login,
    pub database: &'a DbName,
    pub role: &'a RoleName,
}

impl Login {
    /// Makes a service's login, which answers only SCRAM.
    pub fn of_service(role: impl Into<String>, password: Option<SecretString>) -> Self {
        Login { role: role.into(), password, rules: AuthRules::ScramOnly, key: SharedKey::default() }
    }

    pub(crate) fn is_of_service(&self) -> bool {
        matches!(self.rules, AuthRules::ScramOnly)
    }

    pub fn with_password(role: impl Into<String>, password: SecretString) -> Self {
        Login::of_service(role, Some(password))
    }

    pub fn of_admin(role: impl Into<String>, password: Option<SecretString>) -> Self {
        Login { role: role.into(), password, rules: AuthRules::Admin, key: SharedKey::default() }
    }

    /// Restricts the login to libpq's `require_auth`, if given.
    #[must_use]
    pub fn requiring(mut self, methods: Option<&RequireAuth>) -> Self {
        if let Some(methods) = methods {
            self.rules = AuthRules::Only(methods.clone());
        }
        self
    }
}
