//! The former database, as the admin of its server sees it from outside: who is connected, and whether it takes
//! connections.

use std::time::{Duration, Instant};

use crate::plan::CopyOrigin;
use crate::run::Run;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Keyword, Literal, Statement, stmt};
use martydb_model::units::{counted, listed};
use martydb_model::{DbName, DesiredServer, DesiredService, MoveNote};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{Access, Connection, Row, Unreadable, execute, execute_protected, query};
use martydb_ui::report::printable;

/// How long sessions that are ending are waited for.
const ENDING: Duration = Duration::from_secs(10);

/// What the server says of a database.
struct FoundDatabase {
    open: bool,
    comment: Option<String>,
    bytes: Option<i64>,
    /// Whether the admin acts as its owner, who alone may close it.
    owned: bool,
    owner: String,
    version: u32,
}

/// The database that a service has to get from its former server: it is there, and has not gone elsewhere already.
///
/// # Errors
/// If that server does not tell.
pub async fn origin(run: &Run, service: &DesiredService) -> Result<Option<CopyOrigin>> {
    let Some(former) = service.at_former_server() else { return Ok(None) };
    let found = look_from(run, &former).await.map_err(|error| {
        let what = format!("the former database of service \"{}\" cannot be looked at", service.name);
        error.while_doing(what).hint("remove the key `moved` from the manifest once the service has moved")
    })?;
    let desired = run.manifest.desired(&former.server);
    let stays = |found: &FoundDatabase| desired.move_note(found.comment.as_deref()) != Some(MoveNote::Moved);
    Ok(found.filter(stays).map(|found| CopyOrigin {
        server: former.server,
        database: former.database,
        bytes: found.bytes,
    }))
}

/// A service that went back to its former server has left a copy behind, which is older: it must not be taken up as it is
/// when the service moves once more. A former server that does not answer has nothing to say any more.
///
/// # Errors
/// [`Kind::Usage`](martydb_model::error::Kind::Usage) if both databases are open.
pub async fn refuse_two(run: &Run, service: &DesiredService) -> Result<()> {
    let Some(former) = service.at_former_server() else { return Ok(()) };
    let (database, server) = (&former.database, &former.server);
    let desired = run.manifest.desired(server);
    // What another service has now is not the former one; and to look at an embedded server would start it.
    if desired.embedded || desired.services.values().any(|other| other.database == *database) {
        return Ok(());
    }
    let found = match look_from(run, &former).await {
        Ok(Some(found)) => found,
        Ok(None) => return Ok(()),
        Err(error) => {
            tracing::debug!(target: "martydb", "the former server of {} is passed over: {error}", service.name);
            return Ok(());
        }
    };
    if !found.open || desired.move_note(found.comment.as_deref()).is_some() {
        return Ok(());
    }
    let here = &service.server;
    Err(Error::usage(format!("service \"{}\" has a database on server \"{here}\" and one on server \"{server}\"", service.name))
        .cause("both are open, so that either may have the newer rows")
        .hint(format!("if the one on \"{here}\" has them, remove `moved` from the manifest"))
        .hint(format!(
            "if the one on \"{server}\" has them, drop database \"{}\" on server \"{here}\" first: the next run copies the other again",
            service.database
        )))
}

async fn look_from(run: &Run, former: &DesiredService) -> Result<Option<FoundDatabase>> {
    let access = run.admin(&former.server).await?;
    look(&mut access.read(&access.maintenance).await?, &former.database).await
}

async fn look(session: &mut Connection, database: &DbName) -> Result<Option<FoundDatabase>> {
    let asked = stmt!(
        "SELECT d.datallowconn, pg_catalog.shobj_description(d.oid, 'pg_database'),
             CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') THEN pg_catalog.pg_database_size(d.oid) END,
             pg_catalog.pg_has_role(d.datdba, 'USAGE'), pg_catalog.pg_get_userbyid(d.datdba)::pg_catalog.text
         FROM pg_catalog.pg_database d WHERE d.datname = {name}",
        name = Literal(database.to_string())
    );
    let rows = query(session, &asked).await?;
    let version = session.major();
    let read = |row: &Row| {
        Ok(FoundDatabase {
            open: row.try_get(0)?,
            comment: row.try_get(1)?,
            bytes: row.try_get(2)?,
            owned: row.try_get(3)?,
            owner: row.try_get(4)?,
            version,
        })
    };
    rows.first().map(read).transpose().map_err(unreadable)
}

/// The former database, with a session of the admin in the maintenance database.
pub struct Former<'a> {
    session: Connection,
    desired: DesiredServer,
    database: &'a DbName,
    /// Its comment before the move.
    comment: Option<String>,
    /// Whether a run that died had closed it.
    pub interrupted: bool,
    pub major: u32,
    /// Where its copy will be, in words.
    to: String,
}

impl<'a> Former<'a> {
    /// Looks at it.
    ///
    /// # Errors
    /// If it is closed for another reason, or the admin may not close it.
    pub async fn find(
        access: &Access,
        desired: DesiredServer,
        database: &'a DbName,
        to: String,
    ) -> Result<Former<'a>> {
        let mut session = access.write(&access.maintenance).await?;
        let name = format!("database \"{database}\" of server \"{}\"", desired.name);
        let found = look(&mut session, database).await?;
        let found = found.ok_or_else(|| Error::operation(format!("{name} is not there any more")))?;
        if !found.owned {
            let owner = &found.owner;
            return Err(Error::operation(format!("{name} cannot be closed"))
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
            return Err(Error::operation(format!("{name} takes no connections"))
                .cause("no move of martydb's closed it, so that it has another reason")
                .hint(format!(
                    "if it may be opened: ALTER DATABASE {} ALLOW_CONNECTIONS true",
                    stmt!("{d}", d = database)
                )));
        }
        let comment = desired.without_move_note(found.comment.as_deref());
        Ok(Former { session, desired, database, comment, interrupted, major: found.version, to })
    }

    /// Who is connected, with how many sessions; `own` are the processes of this run, and `but` a login that does not count.
    async fn sessions(&mut self, own: &[i32], but: Option<&str>) -> Result<Vec<String>> {
        let but =
            but.map(|login| stmt!(" AND a.usename IS DISTINCT FROM {login}", login = Literal(login.into())));
        let own = own.iter().map(|pid| stmt!(" AND a.pid <> {pid}", pid = *pid)).chain(but);
        // Autovacuum has no login. A limited admin is not told the kind of others' sessions.
        let asked = stmt!(
            "SELECT a.usename::pg_catalog.text, pg_catalog.count(*)::pg_catalog.text FROM pg_catalog.pg_stat_activity a
             WHERE a.datname = {name} AND a.usename IS NOT NULL AND coalesce(a.backend_type, '') <> 'parallel worker'{own}
             GROUP BY 1 ORDER BY 1",
            name = Literal(self.database.to_string()),
            own = Statement::concat(own)
        );
        let rows = query(&mut self.session, &asked).await?;
        let said = |row: &Row| {
            let (role, count): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let role = printable(&role);
            Ok(format!("{role} has {}", counted(count.parse().unwrap_or_default(), "session")))
        };
        rows.iter().map(said).collect::<Result<_, Unreadable>>().map_err(unreadable)
    }

    /// Lets no session in any more, and waits for those that are ending.
    ///
    /// # Errors
    /// If others stay.
    pub async fn close(&mut self, own: &[i32]) -> Result<()> {
        let note = self.desired.with_move_note(self.comment.as_deref(), MoveNote::Moving, &self.to);
        let statement = self.set("false", &stmt!("{note}", note = Literal(note)));
        execute(&mut self.session, &statement).await?;
        let sessions = self.settled(own, None, ENDING).await?;
        if sessions.is_empty() {
            return Ok(());
        }
        Err(connected(self.database, &self.desired.name, &sessions))
    }

    /// Who stays connected, after sessions that are ending had a while to end.
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

    /// Lets sessions in again, and gives the comment back.
    pub async fn reopen(&mut self) -> Result<()> {
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

    /// Its copy is in use: it stays closed.
    pub async fn mark_moved(&mut self) -> Result<()> {
        let note = self.desired.with_move_note(self.comment.as_deref(), MoveNote::Moved, &self.to);
        let (database, note) = (self.database, Literal(note));
        let statement = stmt!("COMMENT ON DATABASE {database} IS {note}", database = database, note = note);
        execute_protected(&mut self.session, &statement).await
    }

    /// In one message, which is one transaction and leaves none open where it fails.
    fn set(&self, open: &'static str, comment: &Statement) -> Statement {
        let database = self.database;
        Statement::join([
            stmt!(
                "ALTER DATABASE {database} ALLOW_CONNECTIONS {open}",
                database = database,
                open = Keyword(open)
            ),
            stmt!("COMMENT ON DATABASE {database} IS {comment}", database = database, comment = comment),
        ])
    }
}

/// Applications have to be stopped: what they write while the rows are copied would be lost.
pub fn connected(database: &DbName, server: &str, sessions: &[String]) -> Error {
    Error::operation(format!(
        "database \"{database}\" of server \"{server}\" is in use: {}",
        listed(sessions)
    ))
    .hint("stop the applications of the service, then run the same command again")
}

/// A refused login of the migrator: the usual hints are about the server on which the service is now, which has given it no
/// password yet.
pub fn refused_login(error: Error, former: &DesiredService) -> Error {
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

fn unreadable(error: Unreadable) -> Error {
    Error::operation("cannot read what the server says of the former database").cause(error)
}
