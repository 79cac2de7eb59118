//! Swap of names: the loaded database gets the service's name in one transaction, while a second session ends the
//! sessions that block it. Until COMMIT the service has its former database, afterwards the new one; a run may die
//! at any point.

use std::time::Duration;

use crate::load::Loaded;
use crate::load_task::RestoreTarget;
use crate::record::{BeyondRecord, SettingRecord};
use crate::restore::replaced_databases;
use crate::restore_settings;
use martydb_apply::scratch::{end_sessions, logins_in};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, ServerText, Statement, stmt};
use martydb_model::sqlstate;
use martydb_model::text::printable;
use martydb_model::{DbName, RoleName};
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{Access, Connection, execute_protected, query, query_as, query_first};

/// Attempts to swap, and the pauses between them.
const MAX_TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Interval at which sessions are ended meanwhile. A client that connects again while the names are locked waits
/// for them.
const ENDING: Duration = Duration::from_millis(10);

/// Gives the loaded database the service's name. Returns the name of the former one, if any, and notes on
/// differences.
///
/// # Errors
/// If sessions cannot be ended in time: nothing is changed, and the loaded database is dropped.
pub(crate) async fn swap(
    to: &RestoreTarget<'_>,
    mut loaded: Loaded,
    record: &BeyondRecord,
    backup: &str,
) -> Result<(Option<DbName>, Vec<String>)> {
    match swapped(to, &mut loaded, record, backup).await {
        Ok(kept) => {
            loaded.scratch.keep();
            Ok((kept, loaded.notes))
        }
        Err(error) => loaded.scratch.remove_after(Err(error)).await,
    }
}

async fn swapped(
    to: &RestoreTarget<'_>,
    loaded: &mut Loaded,
    record: &BeyondRecord,
    backup: &str,
) -> Result<Option<DbName>> {
    let scratch = loaded.scratch.database.clone();
    let mut session = to.access.write(&to.access.maintenance).await?;
    let former = read_properties(&mut session, &to.service.database).await?;
    let kept = match &former {
        Some(_) => Some(free_name(&mut session, &to.service.database).await?),
        None => None,
    };
    let own = read_properties(&mut session, &scratch).await?.ok_or_else(|| gone(&scratch))?;
    let former_settings = former.as_ref().map_or(&[][..], |former| &former.records);
    let (free, above) = limits(&mut session).await?;
    let (mut wanted, notes) = restore_settings::harmless(&record.database, former_settings, &free, &above);
    if to.desired.is_foreign_mark(wanted.comment.as_deref()) {
        wanted.comment = Some(to.desired.database_comment(to.service));
        loaded.notes.push(
            "the comment of the database is not set again: it would mark the database as something else"
                .into(),
        );
    }
    loaded.notes.extend(notes);
    let mut all = restore_settings::of_database(&scratch, &wanted, &own.holders, &loaded.known)?;
    if let (Some(former), Some(kept)) = (&former, &kept) {
        all.extend(former.put_aside(
            &to.service.database,
            kept,
            &replaced_databases::mark(to.desired, to.service, backup, &former.settings),
        ));
    }
    all.push(stmt!("ALTER DATABASE {scratch} RENAME TO {to}", to = to.service.database));
    let superuser = is_superuser(&mut session).await?;
    attempts(to, &mut session, &all, superuser, &scratch).await?;
    session.close().await;
    Ok(kept)
}

/// Returns a name for the replaced database. A restore in the same second, which may have been killed, has taken one.
async fn free_name(session: &mut Connection, database: &DbName) -> Result<DbName> {
    let mut at = time::OffsetDateTime::now_utc();
    loop {
        let name = replaced_databases::name(database, at)?;
        if read_properties(session, &name).await?.is_none() {
            return Ok(name);
        }
        at += time::Duration::SECOND;
    }
}

fn gone(database: &DbName) -> Error {
    Error::operation(format!("database \"{database}\" no longer exists"))
}

/// Properties of a database that is renamed.
struct RenamedDatabase {
    /// Grantees, quoted by the server: the name of one may be longer here than in its own encoding.
    holders: Vec<Statement>,
    /// Roles with their own settings there, quoted likewise.
    set: Vec<Statement>,
    /// These settings as text.
    settings: Vec<String>,
    /// All its settings.
    records: Vec<SettingRecord>,
}

/// Returns the settings that every login may set for itself, and the roles above services: superusers and the
/// admin.
async fn limits(session: &mut Connection) -> Result<(Vec<String>, Vec<RoleName>)> {
    let statement = stmt!(
        "SELECT 'setting', pg_catalog.lower(s.name) FROM pg_catalog.pg_settings s WHERE s.context = 'user'
         UNION ALL SELECT 'above', r.rolname::pg_catalog.text FROM pg_catalog.pg_roles r WHERE r.rolsuper OR r.rolname = current_user"
    );
    let (mut free, mut above) = (vec![], vec![]);
    for (kind, name) in query_as::<(String, String)>(session, &statement).await? {
        match kind.as_str() {
            "setting" => free.push(name),
            _ => above.extend(RoleName::found(name)),
        }
    }
    Ok((free, above))
}

async fn read_properties(session: &mut Connection, database: &DbName) -> Result<Option<RenamedDatabase>> {
    let name = Literal(database.to_string());
    let statement = stmt!(
        "SELECT 'there', NULL, NULL, NULL FROM pg_catalog.pg_database d WHERE d.datname = {name}
         UNION ALL SELECT DISTINCT 'holder', NULL, CASE WHEN a.grantee <> 0 THEN pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END, NULL
             FROM pg_catalog.pg_database d, pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) a
             WHERE d.datname = {name} AND a.grantee <> d.datdba
         UNION ALL SELECT 'setting', r.rolname::pg_catalog.text, pg_catalog.quote_ident(r.rolname), c.line
             FROM pg_catalog.pg_database d JOIN pg_catalog.pg_db_role_setting s ON s.setdatabase = d.oid
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) c (line) WHERE d.datname = {name}
         UNION ALL SELECT 'prepared', p.gid, NULL, NULL FROM pg_catalog.pg_prepared_xacts p WHERE p.database = {name}
         ORDER BY 1, 2, 3, 4"
    );
    let (mut found, mut there) =
        (RenamedDatabase { holders: vec![], set: vec![], settings: vec![], records: vec![] }, false);
    for row in &query(session, &statement).await? {
        let (kind, role, quoted): (String, Option<String>, Option<String>) = row.read()?;
        let named = quoted.map(named_by_server);
        match kind.as_str() {
            "there" => there = true,
            "holder" => found.holders.push(holder(named)),
            "setting" => {
                let line: String = row.try_get(3)?;
                if let Some((name, value)) = line.split_once('=') {
                    let (name, value) = (name.to_owned(), value.to_owned());
                    found.records.push(SettingRecord { role: role.clone(), name, value });
                }
                if let Some(role) = role {
                    found.settings.push(format!("{role} {}", printable(&line)));
                }
                found.set.extend(named.filter(|role| !found.set.contains(role)));
            }
            _ => {
                return Err(Error::operation(format!("database \"{database}\" has a prepared transaction"))
                    .cause(printable(&role.unwrap_or_default()))
                    .hint("COMMIT PREPARED or ROLLBACK PREPARED it: otherwise the database stays in use"));
            }
        }
    }
    Ok(there.then_some(found))
}

/// Takes a role's name as the server quotes it.
fn named_by_server(quoted: String) -> Statement {
    stmt!("{name}", name = ServerText::quoted_by_server(quoted))
}

/// Returns the grantee; only the server's NULL is PUBLIC.
fn holder(role: Option<Statement>) -> Statement {
    role.unwrap_or_else(|| stmt!("PUBLIC"))
}

impl RenamedDatabase {
    /// Returns statements that rename the former database and remove properties that would make it look like the
    /// service's.
    fn put_aside(&self, database: &DbName, kept: &DbName, mark: &str) -> Vec<Statement> {
        let mut all = vec![
            stmt!("ALTER DATABASE {database} RENAME TO {kept}"),
            stmt!("ALTER DATABASE {kept} ALLOW_CONNECTIONS false"),
            stmt!("COMMENT ON DATABASE {kept} IS {mark}", mark = Literal(mark.into())),
        ];
        all.extend(restore_settings::without_settings(kept, &self.set));
        all.extend(self.holders.iter().map(|role| stmt!("REVOKE ALL ON DATABASE {kept} FROM {role}")));
        all
    }
}

async fn is_superuser(session: &mut Connection) -> Result<bool> {
    let statement = stmt!("SELECT pg_catalog.current_setting('is_superuser') = 'on'");
    Ok(query_first(session, &statement).await?.unwrap_or_default())
}

async fn attempts(
    to: &RestoreTarget<'_>,
    session: &mut Connection,
    statements: &[Statement],
    superuser: bool,
    scratch: &DbName,
) -> Result<()> {
    let head = [stmt!("BEGIN"), stmt!("SET LOCAL lock_timeout = '2s'")];
    let all = Statement::join(head.into_iter().chain(statements.iter().cloned()).chain([stmt!("COMMIT")]));
    let mut backoff = Backoff::tries(MAX_TRIES, FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        let error = match attempt(to, session, &all, superuser).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if error.is_lost() {
            // The server may have committed, and its answer was lost.
            let mut again = to.access.read(&to.access.maintenance).await?;
            return if read_properties(&mut again, scratch).await?.is_none() { Ok(()) } else { Err(error) };
        }
        execute_protected(session, &stmt!("ROLLBACK")).await?;
        let busy = [sqlstate::OBJECT_IN_USE, sqlstate::LOCK_NOT_AVAILABLE, sqlstate::DEADLOCK_DETECTED];
        let is_busy = error.sqlstate.as_deref().is_some_and(|state| busy.contains(&state));
        if !is_busy || !backoff.wait().await {
            let sits = sessions(session, &to.service.database).await?;
            return Err(error.while_doing("cannot swap the names").causes(sits));
        }
    }
}

/// Executes the statements, and ends sessions until they are done.
async fn attempt(
    to: &RestoreTarget<'_>,
    session: &mut Connection,
    all: &Statement,
    superuser: bool,
) -> Result<()> {
    let mut ender = to.access.write(&to.access.maintenance).await?;
    let database = &to.service.database;
    let ending = async {
        loop {
            // Sessions that cannot be ended make the swap fail.
            let _left = end_all(&mut ender, database, superuser).await;
            tokio::time::sleep(ENDING).await;
        }
    };
    let swap = execute_protected(session, all);
    tokio::select! {
        end = swap => end,
        () = ending => Ok(()),
    }
}

async fn end_all(session: &mut Connection, database: &DbName, superuser: bool) -> Result<()> {
    if superuser {
        let end = stmt!(
            "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
             WHERE a.datname = {name} AND a.pid <> pg_catalog.pg_backend_pid()",
            name = Literal(database.to_string())
        );
        return query(session, &end).await.map(drop);
    }
    let logins = logins_in(session, database).await?;
    end_sessions(session, database, &logins).await
}

/// Returns the connected sessions, for an error.
async fn sessions(session: &mut Connection, database: &DbName) -> Result<Vec<String>> {
    let statement = stmt!(
        "SELECT coalesce(a.usename::pg_catalog.text, a.backend_type, 'a session') || ' is connected' FROM pg_catalog.pg_stat_activity a
         WHERE a.datname = {name} ORDER BY 1 LIMIT 10",
        name = Literal(database.to_string())
    );
    Ok(query_as::<String>(session, &statement).await?.iter().map(|line| printable(line)).collect())
}

/// Gives the loaded database a name of its own instead; only the admin can connect to it.
///
/// # Errors
/// If a database with that name exists.
pub(crate) async fn restore_as(access: &Access, mut loaded: Loaded, name: &DbName, mark: &str) -> Result<()> {
    let scratch = loaded.scratch.database.clone();
    let end = async {
        let found =
            read_properties(loaded.scratch.keeper(), &scratch).await?.ok_or_else(|| gone(&scratch))?;
        let mut all = vec![stmt!("BEGIN")];
        all.extend(found.holders.iter().map(|role| stmt!("REVOKE ALL ON DATABASE {scratch} FROM {role}")));
        all.extend(restore_settings::without_settings(&scratch, &found.set));
        all.push(stmt!("COMMENT ON DATABASE {scratch} IS {mark}", mark = Literal(mark.into())));
        all.push(stmt!("ALTER DATABASE {scratch} RENAME TO {name}"));
        all.push(stmt!("COMMIT"));
        let mut session = access.write(&access.maintenance).await?;
        execute_protected(&mut session, &Statement::join(all)).await
    };
    match end.await {
        Ok(()) => {
            loaded.scratch.keep();
            Ok(())
        }
        Err(error) => loaded.scratch.remove_after(Err(error)).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grantee_is_not_public_because_its_name_is_longer_here() {
        // 40 bytes in LATIN1.
        let long = format!("\"{}\"", "\u{e4}".repeat(40));
        let former = RenamedDatabase {
            holders: vec![holder(Some(named_by_server(long.clone()))), holder(None)],
            set: vec![named_by_server(long.clone())],
            settings: vec![],
            records: vec![],
        };
        let [database, kept] = ["shop", "former"].map(|name| DbName::found(name).unwrap());
        let all: Vec<String> =
            former.put_aside(&database, &kept, "mark").iter().map(ToString::to_string).collect();
        let expected = [
            format!("ALTER ROLE {long} IN DATABASE \"former\" RESET ALL"),
            format!("REVOKE ALL ON DATABASE \"former\" FROM {long}"),
            "REVOKE ALL ON DATABASE \"former\" FROM PUBLIC".to_owned(),
        ];
        assert_eq!(all[3..], expected);
    }
}
