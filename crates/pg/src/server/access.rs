//! Access to one server of the manifest: as the admin, and as the services' logins.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::{Connection, Endpoint, Limits, Login, connect_with, pooler_check, query};
use crate::backoff::pauses_within;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_model::sqlstate;

/// Advisory locks are per database, so all runs must use the same one; this one exists nearly everywhere.
pub const COMMON_DATABASE: &str = "postgres";

#[derive(Debug, Clone)]
pub struct Access {
    /// Key in the manifest.
    pub server: String,
    pub admin_endpoint: Endpoint,
    pub admin: Login,
    /// The database that the admin connects to.
    pub maintenance: String,
    /// Endpoint for the services' logins.
    pub endpoint: Endpoint,
    pub embedded: bool,
    pub event_triggers: EventTriggerGuard,
    /// Longest wait for a free connection.
    pub patience: Duration,
}

/// Settings that protect a superuser's session from services: they override settings of roles and databases. Names
/// resolve only in `pg_catalog`.
const PINNED: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("idle_in_transaction_session_timeout", "0"),
    ("row_security", "off"),
    // ALTER DATABASE … SET role would make this session start as a service's role, which sees less.
    ("role", "none"),
    // Catalog queries are long and do little work: compiling them takes a second each.
    ("jit", "off"),
    // Workers are for the services, and planning for parallelism costs a twentieth of each query.
    ("max_parallel_workers_per_gather", "0"),
];

/// Settings of a read-only session. A service can make its own catalogs slow; a statement ends after a minute.
const READING: &[(&str, &str)] =
    &[("default_transaction_read_only", "on"), ("lock_timeout", "10s"), ("statement_timeout", "60s")];

/// Settings of a session that may write. A statement waiting for a lock blocks all that queue behind it; this wait is
/// too short to be noticed, and shorter than `deadlock_timeout` (1 s). Writers retry.
const WRITING: &[(&str, &str)] = &[("lock_timeout", "200ms"), ("statement_timeout", "0")];

/// Settings of a session that streams changes: values are printed in a form that every server parses the same.
const STREAMING: &[(&str, &str)] = &[
    ("replication", "database"),
    ("wal_sender_timeout", "60s"),
    ("lock_timeout", "30s"),
    ("statement_timeout", "0"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "3"),
    ("bytea_output", "hex"),
    ("lc_monetary", "C"),
    ("xmlbinary", "base64"),
];

/// Wait for a free connection, for a command.
pub const PATIENCE: Duration = Duration::from_secs(7);

/// Pauses in milliseconds between attempts of a login that was rejected with SQLSTATE 53300 (too many connections).
const FULL_SERVER_PAUSES: &[u64] = &[50, 100, 200, 400, 800, 1600, 3200];

/// Repeats a login that is rejected for too many connections of the server, the database or the role, within `patience`.
///
/// # Errors
/// That of the last attempt.
pub async fn while_full<F: Future<Output = Result<Connection>>>(
    patience: Duration,
    attempt: impl Fn() -> F,
) -> Result<Connection> {
    let full = |error: &Error| error.sqlstate.as_deref() == Some(sqlstate::TOO_MANY_CONNECTIONS);
    for pause in pauses_within(FULL_SERVER_PAUSES, patience) {
        let outcome = attempt().await;
        if !outcome.as_ref().is_err_and(full) {
            return outcome;
        }
        tokio::time::sleep(Duration::from_millis(*pause)).await;
    }
    attempt().await
}

/// Protection of the admin's sessions from event triggers: since 17 one may run at each login. Determined by the
/// first session of a run, and shared by all of them.
#[derive(Debug, Clone, Default)]
pub struct EventTriggerGuard(Arc<OnceLock<Guard>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// The server has no login event triggers.
    Needless,
    /// `event_triggers=off` is accepted.
    Off,
    /// The parameter is rejected: the admin is not a superuser and was not granted it.
    Refused,
}

impl EventTriggerGuard {
    pub fn may_run(&self) -> bool {
        self.0.get() == Some(&Guard::Refused)
    }

    /// Another session may have determined the same meanwhile.
    fn learn(&self, guard: Guard) {
        let _same = self.0.set(guard);
    }
}

/// Purpose of an admin session.
#[derive(Clone, Copy)]
struct Purpose<'a> {
    database: &'a str,
    settings: &'a [(&'a str, &'a str)],
    limits: Limits,
}

const NO_EVENT_TRIGGERS: (&str, &str) = ("event_triggers", "off");

/// First major version with login event triggers.
const LOGIN_TRIGGERS: u32 = 17;

impl Access {
    /// Opens an admin session that cannot write.
    #[crate::boxed]
    pub async fn read(&self, database: &str) -> Result<Connection> {
        let settings = [PINNED, READING].concat();
        self.connect(Purpose { database, settings: &settings, limits: Limits::READ }).await
    }

    /// Checks, after a connection broke, that the server still answers.
    ///
    /// # Errors
    /// If it does not.
    #[crate::boxed]
    pub async fn check_alive(&self) -> Result<()> {
        match self.read(&self.maintenance).await {
            Err(error) if error.is_lost() => Err(error.hint(
                "the server stopped answering in the middle of the run: nothing is proven; run the command again",
            )),
            _ => Ok(()),
        }
    }

    /// Opens an admin session that may write.
    #[crate::boxed]
    pub async fn write(&self, database: &str) -> Result<Connection> {
        let settings = [PINNED, WRITING].concat();
        self.connect(Purpose { database, settings: &settings, limits: Limits::WORK }).await
    }

    /// Opens an admin session for replication commands.
    pub async fn stream(&self, database: &str) -> Result<Connection> {
        let settings = [PINNED, STREAMING].concat();
        self.connect(Purpose {
            database,
            settings: &settings,
            limits: Limits { silence: None, ..Limits::READ },
        })
        .await
    }

    /// Connects; waits while the server has no free connections, since others use it too.
    async fn connect(&self, purpose: Purpose<'_>) -> Result<Connection> {
        let connection = while_full(self.patience, || self.guarded(purpose)).await?;
        self.alone(connection, purpose).await
    }

    /// Connects with event triggers off, if the server has the setting and the admin may use it.
    async fn guarded(&self, purpose: Purpose<'_>) -> Result<Connection> {
        match self.event_triggers.0.get() {
            Some(Guard::Needless | Guard::Refused) => return self.login(purpose).await,
            Some(Guard::Off) => {}
            // No service creates functions in the admin's own database, so the version can be read there.
            None if purpose.database == self.maintenance || purpose.database == COMMON_DATABASE => {
                let connection = self.login(purpose).await?;
                if connection.major() < LOGIN_TRIGGERS {
                    self.event_triggers.learn(Guard::Needless);
                    return Ok(connection);
                }
            }
            None => {}
        }
        self.without_event_triggers(purpose).await
    }

    async fn without_event_triggers(&self, purpose: Purpose<'_>) -> Result<Connection> {
        let settings = [purpose.settings, &[NO_EVENT_TRIGGERS]].concat();
        let guard = match self.login(Purpose { settings: &settings, ..purpose }).await {
            Ok(connection) => {
                self.event_triggers.learn(Guard::Off);
                return Ok(connection);
            }
            Err(error) => match error.sqlstate.as_deref() {
                Some(sqlstate::UNDEFINED_OBJECT) => Guard::Needless,
                Some(sqlstate::INSUFFICIENT_PRIVILEGE) => Guard::Refused,
                _ => return Err(error),
            },
        };
        // A missing CONNECT gives the same error: only a session that succeeds shows that the setting was the reason.
        let connection = self.login(purpose).await?;
        self.event_triggers.learn(guard);
        Ok(connection)
    }

    async fn login(&self, purpose: Purpose<'_>) -> Result<Connection> {
        let Purpose { database, settings, limits } = purpose;
        connect_with(&self.admin_endpoint, &self.admin, database, settings, limits).await
    }

    /// Checks a new session. One that starts as another role sees less and creates objects with the wrong owner; one
    /// behind a pooler is not exclusively ours.
    async fn alone(&self, mut connection: Connection, purpose: Purpose<'_>) -> Result<Connection> {
        let (database, admin) = (purpose.database, &self.admin.role);
        let writes = purpose.limits == Limits::WORK;
        let asked = prepared(&connection, writes);
        let rows = query(&mut connection, &asked).await?;
        let is = |at, value: bool| rows.first().is_some_and(|row| row.try_get(at) == Ok(value));
        if !is(1, true) {
            return Err(pooler_check::pooled(database, &self.admin_endpoint));
        }
        if writes && !is(2, false) {
            return Err(pooler_check::standby(format!("server \"{}\"", self.server), None));
        }
        if is(0, true) {
            return Ok(connection);
        }
        Err(Error::operation(format!("the session in database {database} did not start as {admin}"))
            .cause("current_user differs from session_user")
            .hint("look for login event triggers in that database"))
    }
}

/// Builds the first query of a session: is it the admin's own, and with the server itself? For a session that writes,
/// it also asks for a standby and adjusts two settings in the same round trip.
///
/// A database with the encoding SQL_ASCII contains bytes in any encoding, and the server does not send those that are
/// not UTF-8: a session that reads takes them without conversion.
/// <https://www.postgresql.org/docs/current/multibyte.html#MULTIBYTE-CHARSET-SUPPORTED>
///
/// Since 14 the server can check regularly that its client still exists: otherwise a statement continues, and is
/// committed, after its client was killed. This works everywhere only on Linux.
/// <https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL>
///
/// Before 17 no setting disables event triggers, but those that are not ENABLE ALWAYS or REPLICA do not fire in a
/// superuser's session with `session_replication_role = replica`: a function that a service may replace must not run
/// as the admin.
/// <https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SESSION-REPLICATION-ROLE>
fn prepared(connection: &Connection, writes: bool) -> Statement {
    let pid = i64::from(connection.backend());
    if !writes {
        return stmt!(
            "SELECT current_user = session_user, pg_catalog.pg_backend_pid() = {pid}, CASE WHEN pg_catalog.current_setting('server_encoding') = 'SQL_ASCII'
                 THEN pg_catalog.set_config('client_encoding', 'SQL_ASCII', false) END"
        );
    }
    let watched = match connection.major() {
        ..14 => stmt!(""),
        _ => stmt!(
            ", CASE WHEN pg_catalog.version() LIKE '%linux%'
                 THEN pg_catalog.set_config('client_connection_check_interval', '2s', false) END"
        ),
    };
    let quiet = match connection.major() {
        ..LOGIN_TRIGGERS => stmt!(
            ", CASE WHEN pg_catalog.current_setting('is_superuser') = 'on'
                 THEN pg_catalog.set_config('session_replication_role', 'replica', false) END"
        ),
        _ => stmt!(""),
    };
    stmt!(
        "SELECT current_user = session_user, pg_catalog.pg_backend_pid() = {pid}, pg_catalog.pg_is_in_recovery(){watched}{quiet}"
    )
}
