//! The former database, as the admin sees it from the maintenance database: its sessions, and whether it accepts
//! connections.

use std::time::{Duration, Instant};

use martydb_context::Context;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Keyword, Literal, Statement, stmt};
use martydb_model::text::printable;
use martydb_model::units::{counted, listed};
use martydb_model::{DbName, DesiredServer, DesiredService, MoveNote};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{Access, Connection, execute, execute_protected, query_as, query_first};
use martydb_plan::CopyOrigin;

/// Time to wait for sessions that are ending.
const ENDING: Duration = Duration::from_secs(10);

/// Properties of a database.
struct DatabaseState {
    open: bool,
    comment: Option<String>,
    bytes: Option<i64>,
    /// `true` if the admin acts as its owner, which is required to close it.
    owned: bool,
    owner: String,
    version: u32,
}

/// Returns the database that a service has to be copied from, if the former server has it and it has not moved
/// elsewhere.
///
/// # Errors
/// If the former server cannot be read.
pub async fn origin(context: &Context, service: &DesiredService) -> Result<Option<CopyOrigin>> {
    let Some(former) = service.at_former_server() else { return Ok(None) };
    let found = inspect(context, &former).await.map_err(|error| {
        let what = format!("cannot inspect the former database of service \"{}\"", service.name);
        error.while_doing(what).hint("remove the key `moved` from the manifest once the service has moved")
    })?;
    let desired = context.manifest.desired(&former.server);
    let stays = |found: &DatabaseState| desired.move_note(found.comment.as_deref()) != Some(MoveNote::Moved);
    Ok(found.filter(stays).map(|found| CopyOrigin {
        server: former.server,
        database: former.database,
        bytes: found.bytes,
    }))
}

/// Rejects two open databases. A service that moved back has left an older copy behind, which must not be used when
/// it moves again. A former server that does not answer is ignored.
///
/// # Errors
/// [`Kind::Usage`](martydb_model::error::Kind::Usage) if both databases are open.
pub async fn refuse_two(context: &Context, service: &DesiredService) -> Result<()> {
    let Some(former) = service.at_former_server() else { return Ok(()) };
    let (database, server) = (&former.database, &former.server);
    let desired = context.manifest.desired(server);
    // A database of another service is not the former one, and inspecting an embedded server would start it.
    if desired.embedded || desired.services.values().any(|other| other.database == *database) {
        return Ok(());
    }
    let found = match inspect(context, &former).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(()),
        Err(error) => {
            tracing::debug!(target: "martydb", "the former server of {} is skipped: {error}", service.name);
            return Ok(());
        }
    };
    if !found.open || desired.move_note(found.comment.as_deref()).is_some() {
        return Ok(());
    }
    let here = &service.server;
    Err(Error::usage(format!("service \"{}\" has a database on server \"{here}\" and one on server \"{server}\"", service.name))
        .cause("both are open, so either may have the newer rows")
        .hint(format!("if the one on \"{here}\" has them, remove `moved` from the manifest"))
        .hint(format!(
            "if the one on \"{server}\" has them, drop database \"{}\" on server \"{here}\" first: the next run copies the other again",
            service.database
        )))
}

async fn inspect(context: &Context, former: &DesiredService) -> Result<Option<DatabaseState>> {
    let access = context.admin(&former.server).await?;
    read_state(&mut access.read(&access.maintenance).await?, &former.database).await
}

async fn read_state(session: &mut Connection, database: &DbName) -> Result<Option<DatabaseState>> {
    let query = stmt!(
        "SELECT d.datallowconn, pg_catalog.shobj_description(d.oid, 'pg_database'),
             CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') THEN pg_catalog.pg_database_size(d.oid) END,
             pg_catalog.pg_has_role(d.datdba, 'USAGE'), pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text
         FROM pg_catalog.pg_database d WHERE d.datname = {name}",
        name = Literal(database.to_string())
    );
    let found = query_first(session, &query).await?;
    let version = session.major();
    Ok(found.map(|(open, comment, bytes, owned, owner)| DatabaseState {
        open,
        comment,
        bytes,
        owned,
        owner,
        version,
    }))
}

/// The former database, with a session of the admin in the maintenance database.
pub(crate) struct SourceDatabase<'a> {
    session: Connection,
    desired: DesiredServer,
    database: &'a DbName,
    /// Comment before the move.
    comment: Option<String>,
    /// `true` if a dead run had closed it.
    pub interrupted: bool,
    pub major: u32,
    /// Description of the copy's location.
    to: String,
}

impl<'a> SourceDatabase<'a> {
    /// Finds the former database.
    ///
    /// # Errors
    /// If it is closed for another reason, or the admin may not close it.
    pub(crate) async fn find(
        access: &Access,
        desired: DesiredServer,
        database: &'a DbName,
        to: String,
    ) -> Result<SourceDatabase<'a>> {
        let mut session = access.write(&access.maintenance).await?;
        let name = format!("database \"{database}\" of server \"{}\"", desired.name);
        let found = read_state(&mut session, database).await?;
        let found = found.ok_or_else(|| Error::operation(format!("{name} no longer exists")))?;
        if !found.owned {
            let owner = &found.owner;
            return Err(Error::operation(format!("cannot close {name}"))
                .cause(format!(
                    "it belongs to {owner}, and the admin {} does not act as that role",
                    access.admin.role
                ))
                .hint(format!(
                    "`martydb apply --all` gives it to the admin while the service is still on server \"{}\"",
                    desired.name
                )));
        }
        let interrupted = desired.move_note(found.comment.as_deref()) == Some(MoveNote::Moving);
        if !found.open && !interrupted {
            return Err(Error::operation(format!("{name} accepts no connections"))
                .cause("it was not closed by a move of martydb")
                .hint(format!(
                    "if it may be opened: ALTER DATABASE {} ALLOW_CONNECTIONS true",
                    stmt!("{database}")
                )));
        }
        let comment = desired.without_move_note(found.comment.as_deref());
        Ok(SourceDatabase { session, desired, database, comment, interrupted, major: found.version, to })
    }

    /// Returns the connected logins with their numbers of sessions. `own` are the processes of this run; `but` is a
    /// login to leave out.
    async fn sessions(&mut self, own: &[i32], but: Option<&str>) -> Result<Vec<String>> {
        let but =
            but.map(|login| stmt!(" AND a.usename IS DISTINCT FROM {login}", login = Literal(login.into())));
        let own = own.iter().map(|pid| stmt!(" AND a.pid <> {pid}")).chain(but);
        // Autovacuum has no login. A limited admin cannot see the type of other roles' sessions.
        let query = stmt!(
            "SELECT a.usename::pg_catalog.text, pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_stat_activity a
             WHERE a.datname = {name} AND a.usename IS NOT NULL AND coalesce(a.backend_type, '') <> 'parallel worker'{own}
             GROUP BY 1 ORDER BY 1",
            name = Literal(self.database.to_string()),
            own = Statement::concat(own)
        );
        let logins = query_as::<(String, String)>(&mut self.session, &query).await?;
        let said = |(role, count): &(String, String)| {
            format!("{} has {}", printable(role), counted(count.parse().unwrap_or_default(), "session"))
        };
        Ok(logins.iter().map(said).collect())
    }

    /// Closes it to new sessions, and waits for those that are ending.
    ///
    /// # Errors
    /// If other sessions stay connected.
    pub(crate) async fn close(&mut self, own: &[i32]) -> Result<()> {
        let note = self.desired.with_move_note(self.comment.as_deref(), MoveNote::Moving, &self.to);
        let statement = self.set("false", &stmt!("{note}", note = Literal(note)));
        execute(&mut self.session, &statement).await?;
        let sessions = self.settled(own, None, ENDING).await?;
        if sessions.is_empty() {
            return Ok(());
        }
        Err(connected(self.database, &self.desired.name, &sessions))
    }

    /// Returns the logins that stay connected after waiting for sessions that are ending.
    #[martydb_pg::boxed]
    pub async fn settled(&mut self, own: &[i32], but: Option<&str>, wait: Duration) -> Result<Vec<String>> {
        let longest = Duration::from_millis(500);
        let mut backoff = Backoff::until(Instant::now() + wait, Duration::from_millis(20), longest);
        loop {
            let sessions = self.sessions(own, but).await?;
            if sessions.is_empty() || !backoff.wait().await {
                return Ok(sessions);
            }
        }
    }

    /// Accepts sessions again, and restores the comment.
    pub(crate) async fn reopen(&mut self) -> Result<()> {
        let comment =
            self.comment.clone().map_or(stmt!("NULL"), |text| stmt!("{text}", text = Literal(text)));
        let statement = self.set("true", &comment);
        execute_protected(&mut self.session, &statement).await.map_err(|error| {
            let name = self.database;
            error
                .while_doing(format!(
                    "database \"{name}\" of server \"{}\" is still closed",
                    self.desired.name
                ))
                .hint("`martydb apply --all` opens it, and begins the move again")
        })
    }

    /// Marks it as moved. It stays closed, because its copy is in use.
    pub(crate) async fn mark_moved(&mut self) -> Result<()> {
        let note = self.desired.with_move_note(self.comment.as_deref(), MoveNote::Moved, &self.to);
        let (database, note) = (self.database, Literal(note));
        let statement = stmt!("COMMENT ON DATABASE {database} IS {note}");
        execute_protected(&mut self.session, &statement).await
    }

    /// Returns both statements as one message: a single transaction, which is never left open after an error.
    fn set(&self, open: &'static str, comment: &Statement) -> Statement {
        let database = self.database;
        Statement::join([
            stmt!("ALTER DATABASE {database} ALLOW_CONNECTIONS {open}", open = Keyword(open)),
            stmt!("COMMENT ON DATABASE {database} IS {comment}"),
        ])
    }
}

/// Returns the error for sessions that are still connected: rows that applications write during the copy would be
/// lost.
pub(crate) fn connected(database: &DbName, server: &str, sessions: &[String]) -> Error {
    Error::operation(format!(
        "database \"{database}\" of server \"{server}\" is in use: {}",
        listed(sessions)
    ))
    .hint("stop the applications of the service, then run the same command again")
}

/// Replaces the hints of a rejected login of the migrator: the usual ones are about the current server, which has
/// not given it a password yet.
pub(crate) fn refused_login(error: Error, former: &DesiredService) -> Error {
    if error.kind != Kind::Unreachable || error.is_lost() {
        return error;
    }
    let (service, server) = (&former.name, &former.server);
    let hints = vec![
        format!(
            "restore the secret store: the move logs in with the password that the migrator has on server \"{server}\""
        ),
        format!(
            "or write `server: {server}` into the manifest again, run `martydb apply --service {service} --reset-passwords`, and \
             begin the move again"
        ),
    ];
    Error { hints, ..error }
}
