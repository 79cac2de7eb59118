//! Choice among several hosts of a URL, by `target_session_attrs`.

use std::str::FromStr;

use super::{Connection, Endpoint, Login, connect, query};
use crate::wire::wants_password;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::stmt;

/// libpq's `target_session_attrs`:
/// <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TargetSession {
    Any,
    /// Transactions may write. The default with several hosts.
    #[default]
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    /// A standby, or any host if there is none.
    PreferStandby,
}

const NAMES: &[(&str, TargetSession)] = &[
    ("any", TargetSession::Any),
    ("read-write", TargetSession::ReadWrite),
    ("read-only", TargetSession::ReadOnly),
    ("primary", TargetSession::Primary),
    ("standby", TargetSession::Standby),
    ("prefer-standby", TargetSession::PreferStandby),
];

impl TargetSession {
    /// Returns libpq's names, in the order of its documentation.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|row| row.0)
    }

    fn name(self) -> &'static str {
        NAMES.iter().find(|row| row.1 == self).expect("every target has a row").0
    }

    fn fits(self, standby: bool, read_only: bool) -> bool {
        match self {
            TargetSession::Any => true,
            TargetSession::ReadWrite => !read_only,
            TargetSession::ReadOnly => read_only,
            TargetSession::Primary => !standby,
            TargetSession::Standby | TargetSession::PreferStandby => standby,
        }
    }
}

impl FromStr for TargetSession {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        NAMES.iter().find(|row| row.0 == text).map(|row| row.1).ok_or_else(|| {
            let all: Vec<_> = Self::names().collect();
            format!("the target_session_attrs of the URL is not one of {}", all.join(", "))
        })
    }
}

/// A host with logins for checking it, each with a database; the first login that is accepted decides.
pub struct HostCandidate {
    pub endpoint: Endpoint,
    pub logins: Vec<(Login, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenHost {
    /// Index of the first host that fits.
    Fits(usize),
    /// Index of the first host that answers; it accepted none of the logins.
    Unknown(usize),
}

/// State of one host.
enum HostState {
    Session {
        standby: bool,
        read_only: bool,
    },
    /// It rejected every login.
    Closed,
    Down(Error),
}

/// Tries the hosts in their order.
///
/// # Errors
/// [`Kind::Unreachable`] if no host fits, with the state of each; [`Kind::Manifest`] for a host that is not PostgreSQL.
#[crate::boxed]
pub async fn choose(server: &str, candidates: &[HostCandidate], target: TargetSession) -> Result<ChosenHost> {
    let mut states = vec![];
    for (number, candidate) in candidates.iter().enumerate() {
        let state = match probe_host(candidate).await {
            HostState::Down(error) if error.kind == Kind::Manifest => return Err(error),
            state => state,
        };
        if matches!(state, HostState::Session { standby, read_only } if target.fits(standby, read_only)) {
            return Ok(ChosenHost::Fits(number));
        }
        states.push(state);
    }
    let first = |is: fn(&HostState) -> bool| states.iter().position(is);
    if target == TargetSession::PreferStandby
        && let Some(number) = first(|state| matches!(state, HostState::Session { .. }))
    {
        return Ok(ChosenHost::Fits(number));
    }
    if let Some(number) = first(|state| matches!(state, HostState::Closed)) {
        return Ok(ChosenHost::Unknown(number));
    }
    let message = format!("no host of server \"{server}\" fits target_session_attrs={}", target.name());
    let causes =
        candidates.iter().zip(&states).map(|(candidate, state)| in_words(&candidate.endpoint, state));
    let error = Error::new(Kind::Unreachable, message);
    Err(causes.fold(error, Error::cause).hint("start the primary, or name its address in the manifest"))
}

async fn probe_host(candidate: &HostCandidate) -> HostState {
    for (login, database) in &candidate.logins {
        let answer = match connect(&candidate.endpoint, login, database).await {
            Ok(connection) => state(connection).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(state) => return state,
            // The server answered and rejected the login.
            Err(error) if !is_down(&error) => {}
            Err(_) if lacks_password(candidate, login, database).await => {}
            Err(error) => return HostState::Down(error),
        }
    }
    HostState::Closed
}

/// Returns `true` if the host accepts no logins now, or gave no answer. Class 57 is start and shutdown.
fn is_down(error: &Error) -> bool {
    error.sqlstate.as_deref().is_none_or(|state| state.starts_with("57") || state.starts_with("08"))
}

async fn lacks_password(candidate: &HostCandidate, login: &Login, database: &str) -> bool {
    login.password.is_none() && wants_password(&candidate.endpoint, login, database).await
}

async fn state(mut connection: Connection) -> Result<HostState> {
    let statement = stmt!(
        "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only') = 'on'"
    );
    let rows = query(&mut connection, &statement).await?;
    let is = |at| rows.first().is_some_and(|row| row.try_get(at) == Ok(true));
    Ok(HostState::Session { standby: is(0), read_only: is(1) })
}

fn in_words(endpoint: &Endpoint, state: &HostState) -> String {
    match state {
        HostState::Session { standby: true, .. } => format!("{endpoint} is a standby"),
        HostState::Session { read_only: true, .. } => format!("{endpoint} takes no writes"),
        HostState::Session { .. } => format!("{endpoint} is a primary"),
        HostState::Closed => format!("{endpoint} rejects the login"),
        HostState::Down(error) => {
            let causes = error.causes.first().map_or(&error.message, |cause| cause);
            format!("{endpoint}: {causes}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_chooses_as_libpq_does() {
        let [primary, frozen, standby] = [(false, false), (false, true), (true, true)];
        for (name, matching) in [
            ("any", &[primary, frozen, standby][..]),
            ("read-write", &[primary]),
            ("read-only", &[frozen, standby]),
            ("primary", &[primary, frozen]),
            ("standby", &[standby]),
            ("prefer-standby", &[standby]),
        ] {
            let target: TargetSession = name.parse().unwrap();
            assert_eq!(target.name(), name);
            for session in [primary, frozen, standby] {
                assert_eq!(
                    target.fits(session.0, session.1),
                    matching.contains(&session),
                    "{name} {session:?}"
                );
            }
        }
        assert!("master".parse::<TargetSession>().is_err());
    }
}
