//! The migrator's connection, acting as the owner and holding the database's lock, which permits one run per
//! database at a time.
//!
//! The lock belongs to the session: it ends with the connection, so a killed run leaves none behind. It is
//! taken by polling, because a waiter inside `pg_advisory_lock` holds a snapshot that `CREATE INDEX
//! CONCURRENTLY` waits for, and the two would wait for each other. Only locks of logins that are members of the
//! owner count: every login of the service may take an advisory lock (see `advisory`).

mod applied_rows;
mod overview;
mod readers;

use std::time::{Duration, Instant};

pub use overview::Sizes;
pub(crate) use overview::{OverviewScope, SessionOverview};
pub use readers::{connect_as_owner, connect_reader};

use crate::history::{ExistingTables, place, tables};
use crate::report::{Event, EventSender};
use crate::target::MigrationTarget;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Ident, List, Literal, Statement, stmt};
use martydb_model::sqlstate;
use martydb_model::{RoleName, SchemaName};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::advisory::{self, AdvisoryLock, LockHolder, LockKey};
use martydb_pg::server::existence::Existence;
use martydb_pg::server::lock_attempts::{AttemptOutcome, LockAttempts};
use martydb_pg::server::pooler_check;
use martydb_pg::server::{
    Connection, Limits, Row, Unreadable, connect_watched, connect_with, execute, query_each,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Reads, and takes no lock.
    Read,
    /// Writes, and holds the lock until it ends.
    Write,
}

pub(crate) struct MigrationSession<'a> {
    /// The connection, as the owner.
    pub connection: Connection,
    pub present: ExistingTables,
    pub target: &'a MigrationTarget,
    pub events: EventSender,
    /// The number of the last note (see `ahead`).
    pub noted: u64,
}

/// Reason why there is no session.
#[derive(Debug)]
pub(crate) struct NoSession {
    pub error: Error,
    /// Set if the database or one of its roles is missing or incomplete.
    pub not_provisioned: bool,
}

impl From<Error> for NoSession {
    fn from(error: Error) -> Self {
        NoSession { error, not_provisioned: false }
    }
}

impl From<NoSession> for Error {
    fn from(none: NoSession) -> Error {
        none.error
    }
}

impl<'a> MigrationSession<'a> {
    /// Logs in, becomes the owner, looks up the tables, and takes the lock if it will write: one round trip
    /// after the login if no other session holds it.
    #[martydb_pg::boxed]
    pub(crate) async fn open(
        target: &'a MigrationTarget,
        intent: Intent,
        lock_wait: Duration,
        events: &EventSender,
    ) -> Result<MigrationSession<'a>, NoSession> {
        let deadline = Instant::now() + lock_wait;
        let mut session = MigrationSession::log_in(target, intent, deadline, events).await?;
        if intent == Intent::Read {
            session.start(None).await?;
            return Ok(session);
        }
        session.lock(deadline).await?;
        Ok(session)
    }

    /// Returns a new session of unknown state.
    async fn log_in(
        target: &'a MigrationTarget,
        intent: Intent,
        deadline: Instant,
        events: &EventSender,
    ) -> Result<MigrationSession<'a>, NoSession> {
        let path = stmt!("{all}", all = List(target.search_path.clone()));
        let mut settings = vec![("search_path", path.shown())];
        settings.extend(target.throwaway.then_some(("synchronous_commit", "off")));
        let connection = log_in(target, intent, &settings, deadline, events).await?;
        Ok(MigrationSession {
            connection,
            present: ExistingTables::default(),
            target,
            events: events.clone(),
            noted: 0,
        })
    }

    /// Takes the lock, waiting for it until the deadline.
    async fn lock(&mut self, deadline: Instant) -> Result<(), NoSession> {
        let (mut attempts, mut said) = (LockAttempts::new(LOCK, until(deadline)), WaitLog::default());
        loop {
            let (taken, alone) = self.start(Some(attempts.key)).await?;
            if taken && alone {
                return Ok(());
            }
            let query = holders(self.target);
            let holder = match attempts.after(&mut self.connection, taken, &query).await? {
                AttemptOutcome::Ours(warning) => {
                    warning.map(Event::Noticed).into_iter().for_each(|event| self.events.send(event));
                    // Another run may have ended between reading the tables and reading the holders.
                    self.start(None).await?;
                    return Ok(());
                }
                AttemptOutcome::Again(holder) => holder,
            };
            if let Some(holder) = &holder {
                said.say(&self.events, waiting_for(holder));
            }
            if !attempts.pause().await {
                return Err(locked_out(self.target, holder.as_ref(), attempts.waited()).into());
            }
        }
    }

    /// Sends one message: becomes the owner, tries to take a key, and looks up the tables.
    async fn start(&mut self, key: Option<LockKey>) -> Result<(bool, bool), NoSession> {
        let places = self.places();
        let mut queries = vec![pooler_check::demand(&self.connection), self.act_as_owner()];
        queries.extend(key.map(|key| LOCK.attempt(key)).into_iter().flatten());
        queries.push(tables::present(&places));
        let results = self.query(queries).await.map_err(|error| no_start(self.target, error))?;
        let no_row = || Error::from(Unreadable::no_row());
        let (last, before) = results.split_last().ok_or_else(no_row)?;
        self.present =
            ExistingTables::read(last.first().ok_or_else(no_row)?, &places).map_err(Error::from)?;
        if key.is_some() && self.present.standby {
            return Err(pooler_check::standby(&self.target.endpoint, None).into());
        }
        Ok(advisory::attempted(self.connection.backend(), before.iter().flatten()))
    }

    pub(crate) fn act_as_owner(&self) -> Statement {
        stmt!("SET ROLE {owner}", owner = self.target.owner)
    }

    /// As [`MigrationTarget::outsiders`], but with existing roles only: a role of the manifest may not exist yet.
    pub(crate) async fn outsiders(&mut self) -> Result<List<Ident>> {
        let target = self.target;
        if target.further.is_empty() {
            return Ok(target.outsiders(&[]));
        }
        let rows = self.query([existing_roles(&target.further)]).await?;
        let names = rows.iter().flatten().map(Row::read).collect::<Result<Vec<String>, _>>()?;
        let found = target.further.iter().filter(|role| names.iter().any(|name| name == role.as_str()));
        let found = found.filter(|role| target.history_reader.as_ref() != Some(*role));
        Ok(target.outsiders(&found.cloned().collect::<Vec<_>>()))
    }

    /// Returns the run that holds the lock, if any. The session remains the owner.
    pub(crate) async fn holder(&mut self) -> Result<Option<LockHolder>> {
        let results = self.query([holders(self.target), self.act_as_owner()]).await?;
        Ok(results.iter().flatten().map(advisory::holder).find(|holder| holder.entitled))
    }

    /// Returns the schema of refinery's table: where it is, or where it will be.
    pub(crate) fn schema(&self) -> SchemaName {
        self.present.refinery.as_ref().unwrap_or(&self.target.history_schema).clone()
    }

    /// Returns the schemas in which refinery's table may be.
    fn places(&self) -> Vec<SchemaName> {
        place::places(&self.target.history_schema, &self.target.schemas)
    }

    pub(crate) async fn execute(&mut self, all: impl IntoIterator<Item = Statement>) -> Result<()> {
        execute(&mut self.connection, &Statement::join(all)).await?;
        Ok(())
    }

    /// Executes statements in one transaction.
    pub(crate) async fn commit(&mut self, all: impl IntoIterator<Item = Statement>) -> Result<()> {
        self.execute([stmt!("BEGIN")].into_iter().chain(all).chain([stmt!("COMMIT")])).await
    }

    /// Returns the rows of each statement.
    pub(crate) async fn query(&mut self, all: impl IntoIterator<Item = Statement>) -> Result<Vec<Vec<Row>>> {
        query_each(&mut self.connection, &Statement::join(all)).await
    }

    /// Closes the session properly; the server's log then has no lost connection. Errors are ignored.
    pub(crate) async fn close(self) {
        self.connection.close().await;
    }
}

/// Selects the existing roles among these.
fn existing_roles(names: &[RoleName]) -> Statement {
    let names = List::literals(names.iter().map(RoleName::as_str));
    stmt!("SELECT rolname::pg_catalog.text FROM pg_catalog.pg_roles WHERE rolname IN ({names})")
}

/// The last message about waiting: the same message is repeated only after a while.
#[derive(Default)]
struct WaitLog(Option<(String, Instant)>);

impl WaitLog {
    const PAUSE: Duration = Duration::from_secs(10);

    fn say(&mut self, events: &EventSender, who: String) {
        let now = Instant::now();
        if self.0.as_ref().is_some_and(|(said, at)| *said == who && now - *at < WaitLog::PAUSE) {
            return;
        }
        events.send(Event::Waiting(who.clone()));
        self.0 = Some((who, now));
    }
}

/// Returns the backoff for temporary obstacles: another run's lock, a full server, a locked table.
pub(crate) fn until(deadline: Instant) -> Backoff {
    Backoff::until(deadline, Duration::from_millis(50), Duration::from_secs(1))
}

/// Logs in, waiting while the server has no free connection.
async fn log_in(
    target: &MigrationTarget,
    intent: Intent,
    settings: &[(&str, &str)],
    deadline: Instant,
    events: &EventSender,
) -> Result<Connection, NoSession> {
    let (mut backoff, mut said) = (until(deadline), WaitLog::default());
    loop {
        let (endpoint, login, database) = (&target.endpoint, &target.login, target.database.as_str());
        let attempt = match intent {
            Intent::Read => connect_with(endpoint, login, database, settings, Limits::READ).await,
            Intent::Write => connect_watched(endpoint, login, database, settings).await,
        };
        match attempt {
            Ok(connection) => return Ok(connection),
            Err(error) if error.sqlstate.as_deref() == Some(sqlstate::TOO_MANY_CONNECTIONS) => {
                said.say(events, format!("all connections of the server are taken: {}", error.causes[0]));
                if !backoff.wait().await {
                    return Err(error.into());
                }
            }
            Err(error) => return Err(refused_login(target, error).await),
        }
    }
}

/// Interprets a rejected login. 55000 means that the database does not accept connections yet: `apply` permits
/// them last.
async fn refused_login(target: &MigrationTarget, error: Error) -> NoSession {
    // Without a password the login ends when the server requests one.
    let unasked = target.login.password.is_none().then_some(sqlstate::INVALID_PASSWORD);
    match error.sqlstate.as_deref().or(unasked) {
        Some(sqlstate::INVALID_CATALOG_NAME | sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE) => {
            not_provisioned(target, error)
        }
        // A missing role and a wrong password have the same error.
        Some(sqlstate::INVALID_PASSWORD | sqlstate::INVALID_AUTHORIZATION) => match target
            .existence
            .query(&target.database, &target.owner, &target.login.role)
            .await
        {
            Existence::Absent => {
                not_provisioned(target, Error::operation("the database or a role does not exist"))
            }
            Existence::Present => error.into(),
            Existence::Unknown => error
                .hint(format!(
                    "a role that does not exist has the same error as a wrong password: if {} was never applied, run `{}`",
                    target.service,
                    apply(target)
                ))
                .into(),
        },
        _ => error.into(),
    }
}

fn apply(target: &MigrationTarget) -> String {
    format!("martydb apply --service {}", target.service)
}

fn not_provisioned(target: &MigrationTarget, error: Error) -> NoSession {
    let mut out = Error::new(Kind::NotProvisioned, format!("{} is not provisioned", target.service));
    out.causes.push(error.message);
    out.causes.extend(error.causes);
    out.sqlstate = error.sqlstate;
    NoSession { error: out.hint(format!("run `{}`", apply(target))), not_provisioned: true }
}

/// Interprets a failure of the first message. 22012: another backend answers than the one of the login. 22023:
/// the role does not exist. 42501: the migrator is not a member of it. `apply` repairs the last two.
fn no_start(target: &MigrationTarget, error: Error) -> NoSession {
    match error.sqlstate.as_deref() {
        Some(sqlstate::DIVISION_BY_ZERO) => {
            pooler_check::pooled(target.database.as_str(), &target.endpoint).into()
        }
        Some(sqlstate::INVALID_PARAMETER_VALUE) => not_provisioned(target, error),
        Some(sqlstate::INSUFFICIENT_PRIVILEGE) => error.hint(format!("run `{}`", apply(target))).into(),
        _ => error.into(),
    }
}

/// "mart" and "ydb" in ASCII.
const LOCK: AdvisoryLock = AdvisoryLock(0x6d61_7274, 0x0079_6462);

/// Returns the query for other holders of a key. It resets the session's role: the owner is not a member of the
/// migrator and could not read the start times of its sessions.
fn holders(target: &MigrationTarget) -> Statement {
    let owner = Literal(target.owner.as_str().into());
    let member = stmt!("pg_catalog.pg_has_role(a.usesysid, {owner}::pg_catalog.name, 'MEMBER')");
    Statement::join([stmt!("SET ROLE NONE"), LOCK.holders(&member)])
}

fn locked_out(target: &MigrationTarget, holder: Option<&LockHolder>, waited: Duration) -> Error {
    let holder = holder.map_or_else(|| "another run, which has just ended".into(), waiting_for);
    Error::new(
        Kind::Locked,
        format!("{}: another run holds the lock of database \"{}\"", target.service, target.database),
    )
    .cause(format!("{holder}; waited {:.1} s for it", waited.as_secs_f64()))
    .hint("wait for it to end, or give more time with --lock-wait")
}

fn waiting_for(holder: &LockHolder) -> String {
    format!("another run: {holder}")
}
