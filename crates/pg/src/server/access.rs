//! How one server of the manifest is reached: as the admin, and as the services' logins.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::{Connection, Endpoint, Limits, Login, connect_with, direct, query};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_model::sqlstate;

/// Advisory locks are per database, so all runs must agree on one; this one exists nearly everywhere.
pub const COMMON_DATABASE: &str = "postgres";

#[derive(Debug, Clone)]
pub struct Access {
    /// The key in the manifest.
    pub server: String,
    pub admin_endpoint: Endpoint,
    pub admin: Login,
    /// The database the admin connects to.
    pub maintenance: String,
    /// Where the services' logins connect.
    pub endpoint: Endpoint,
    pub embedded: bool,
    pub event_triggers: EventTriggerGuard,
}

/// SessionSettings that keep a superuser's session out of a tenant's hands: they win over settings of roles and
/// databases. Names are looked up in `pg_catalog` alone.
const PINNED: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("idle_in_transaction_session_timeout", "0"),
    ("row_security", "off"),
    // ALTER DATABASE … SET role would make this session start as a tenant, who sees less.
    ("role", "none"),
    // Texts that the catalogue functions print must not depend on whom they are printed for.
    ("quote_all_identifiers", "off"),
    // Questions to the catalogues are long and their work is little: compiling them takes a second each.
    ("jit", "off"),
    // Workers belong to the services, and a search for parallel plans costs a twentieth of each question.
    ("max_parallel_workers_per_gather", "0"),
];

/// For a session that only reads. A service can make its own catalogues slow, so that a statement ends after a minute.
const READING: &[(&str, &str)] =
    &[("default_transaction_read_only", "on"), ("lock_timeout", "10s"), ("statement_timeout", "60s")];

/// For a session that may write. Who waits for a lock keeps everybody waiting who comes behind: never for long enough to
/// be noticed, and less than the second after which the server looks for a deadlock. Who writes tries again.
const WRITING: &[(&str, &str)] = &[("lock_timeout", "200ms"), ("statement_timeout", "0")];

/// For a session that streams changes: values are printed so that any server reads them back the same.
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

/// Milliseconds between tries of a login that was refused by SQLSTATE 53300 (too many connections).
const FULL_SERVER_PAUSES: &[u64] = &[50, 100, 200, 400, 800, 1600, 3200];

/// Whether event triggers can be kept from running in the admin's sessions: from 17 on one may run at each login.
/// Learnt from the first session of a run, and shared by all of them.
#[derive(Debug, Clone, Default)]
pub struct EventTriggerGuard(Arc<OnceLock<Guard>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// The server has no such triggers yet.
    Needless,
    /// `event_triggers=off` is taken.
    Off,
    /// It is not: the admin is no superuser and was not granted the parameter.
    Refused,
}

impl EventTriggerGuard {
    pub fn may_run(&self) -> bool {
        self.0.get() == Some(&Guard::Refused)
    }

    /// Another session may have learnt the same meanwhile.
    fn learn(&self, guard: Guard) {
        let _same = self.0.set(guard);
    }
}

/// What a session of the admin is opened for.
#[derive(Clone, Copy)]
struct Purpose<'a> {
    database: &'a str,
    settings: &'a [(&'a str, &'a str)],
    limits: Limits,
}

const NO_EVENT_TRIGGERS: (&str, &str) = ("event_triggers", "off");

/// The first major with triggers on login.
const LOGIN_TRIGGERS: u32 = 17;

impl Access {
    /// A session of the admin that cannot write.
    pub async fn read(&self, database: &str) -> Result<Connection> {
        let settings = [PINNED, READING].concat();
        self.connect(Purpose { database, settings: &settings, limits: Limits::READ }).await
    }

    /// After a connection broke: whether the server is still there.
    ///
    /// # Errors
    /// Where it is not.
    pub async fn check_alive(&self) -> Result<()> {
        match self.read(&self.maintenance).await {
            Err(error) if error.is_lost() => Err(error.hint(
                "the server stopped answering in the middle of the run: nothing is proven; run the command again",
            )),
            _ => Ok(()),
        }
    }

    /// A session of the admin that may write.
    pub async fn write(&self, database: &str) -> Result<Connection> {
        let settings = [PINNED, WRITING].concat();
        self.connect(Purpose { database, settings: &settings, limits: Limits::WORK }).await
    }

    /// A session of the admin for the commands of replication.
    pub async fn stream(&self, database: &str) -> Result<Connection> {
        let settings = [PINNED, STREAMING].concat();
        self.connect(Purpose {
            database,
            settings: &settings,
            limits: Limits { silence: None, ..Limits::READ },
        })
        .await
    }

    /// A server whose connections are all taken for a moment is worth waiting for: others work on it too.
    async fn connect(&self, purpose: Purpose<'_>) -> Result<Connection> {
        let mut pauses = FULL_SERVER_PAUSES.iter();
        loop {
            let attempt = self.guarded(purpose).await;
            let full = |error: &Error| error.sqlstate.as_deref() == Some(sqlstate::TOO_MANY_CONNECTIONS);
            match pauses.next() {
                Some(pause) if attempt.as_ref().is_err_and(full) => {
                    tokio::time::sleep(Duration::from_millis(*pause)).await;
                }
                _ => return self.alone(attempt?, purpose).await,
            }
        }
    }

    /// Without event triggers, where the server has the setting and the admin may use it.
    async fn guarded(&self, purpose: Purpose<'_>) -> Result<Connection> {
        match self.event_triggers.0.get() {
            Some(Guard::Needless | Guard::Refused) => return self.login(purpose).await,
            Some(Guard::Off) => {}
            // No tenant makes functions in the admin's own room, so that the version may be asked there.
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
        // A database that the admin may not enter is refused in the same words: only who gets in without has learnt.
        let connection = self.login(purpose).await?;
        self.event_triggers.learn(guard);
        Ok(connection)
    }

    async fn login(&self, purpose: Purpose<'_>) -> Result<Connection> {
        let Purpose { database, settings, limits } = purpose;
        connect_with(&self.admin_endpoint, &self.admin, database, settings, limits).await
    }

    /// A session that starts as another role sees less and makes things that are not ours; one behind a pooler is no
    /// session of ours at all.
    async fn alone(&self, mut connection: Connection, purpose: Purpose<'_>) -> Result<Connection> {
        let (database, admin) = (purpose.database, &self.admin.role);
        let writes = purpose.limits == Limits::WORK;
        let asked = prepared(&connection, writes);
        let rows = query(&mut connection, &asked).await?;
        let is = |at, value: bool| rows.first().is_some_and(|row| row.try_get(at) == Ok(value));
        if !is(1, true) {
            return Err(direct::pooled(database, &self.admin_endpoint));
        }
        if writes && !is(2, false) {
            return Err(direct::standby(format!("server \"{}\"", self.server), None));
        }
        if is(0, true) {
            return Ok(connection);
        }
        Err(Error::operation(format!("the session in database {database} did not start as {admin}"))
            .cause("current_user differs from session_user")
            .hint("look for login event triggers in that database"))
    }
}

/// Asks whether the session is the admin's own and with the server itself. One that writes also asks for a standby, and puts two things in order in the same round trip.
///
/// A database with the encoding SQL_ASCII holds bytes in any encoding, and the server refuses to send those that are no
/// UTF-8: a session that reads takes them as they are.
/// <https://www.postgresql.org/docs/current/multibyte.html#MULTIBYTE-CHARSET-SUPPORTED>
///
/// From 14 on the server looks now and then whether its client still lives: otherwise a statement goes on, and is
/// committed, after its client was killed. That works everywhere only on Linux.
/// <https://www.postgresql.org/docs/current/runtime-config-connection.html#GUC-CLIENT-CONNECTION-CHECK-INTERVAL>
///
/// Before 17 no setting turns event triggers off, but those that are not ENABLE ALWAYS or REPLICA rest while a
/// superuser's session says that it replicates: a function that a service may replace must not run as the admin.
/// <https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SESSION-REPLICATION-ROLE>
fn prepared(connection: &Connection, writes: bool) -> Statement {
    let pid = i64::from(connection.backend());
    if !writes {
        return stmt!(
            "SELECT current_user = session_user, pg_catalog.pg_backend_pid() = {pid}, CASE WHEN pg_catalog.current_setting('server_encoding') = 'SQL_ASCII'
                 THEN pg_catalog.set_config('client_encoding', 'SQL_ASCII', false) END",
            pid = pid
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
        "SELECT current_user = session_user, pg_catalog.pg_backend_pid() = {pid}, pg_catalog.pg_is_in_recovery(){watched}{quiet}",
        pid = pid,
        watched = watched,
        quiet = quiet
    )
}
