//! Reads a server's catalogs for the audit. Sessions are read-only and pinned, and call nothing that a service
//! could have made.

mod guarded;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};

use guarded::{FILES, Files, HBA, IDENT, IDENT_FILE, MissingPrivileges, PASSWORDS, SOURCES};

use super::database::{DatabaseCatalog, MOST_OF_A_KIND};
use super::host_files::{HostFiles, NamedPath, of_settings};
use super::rows::{self, Completeness};
use super::snapshot::{HbaLine, NotExamined, ServerState, Snapshot, Unread};
use super::texts::StoredPasswords;
use super::{inspect, jobs, large_objects, owner_code, pristine};
use martydb_model::error::{Error, Result};
use martydb_model::grants::ident;
use martydb_model::sql::stmt;
use martydb_model::sqlstate;
use martydb_model::{ActualServer, DbName, DesiredServer};
use martydb_pg::server::{Access, Connection};
use martydb_ui::report::progress;

/// Databases read at the same time; few, because the services need `max_connections` too.
const PARALLEL: usize = 4;

/// Reads one server. [`Snapshot::not_examined`] lists what the admin lacks the privilege to read,
/// [`Snapshot::unread`] what could not be read for any other reason.
pub async fn snapshot(access: &Access, desired: &DesiredServer, known: &StoredPasswords) -> Result<Snapshot> {
    let mut connection = access.read(&access.maintenance).await?;
    let actual = inspect::cluster(&mut connection).await?;
    let mut state = ServerState::default();
    rows::read_all(&mut connection, include_str!("sql/audit_cluster.sql"), |row| state.add_row(row)).await?;
    check_session(state.parameters.pristine, &access.maintenance)?;
    state.sort();
    let mut found = Snapshot { actual, state, ..Snapshot::default() };
    if found.actual.major() >= 15 {
        found.parameters = rows::document(&mut connection, include_str!("sql/parameters.sql")).await?;
    }
    guarded(&mut connection, &mut found).await?;
    login_rules(&mut connection, &mut found, &access.server).await?;
    drop(connection);
    databases(access, desired, known, &mut found).await?;
    pristine::compare(access, &mut found).await;
    found.not_examined.extend(hidden(access, &found.state, &found.actual));
    found.not_examined.sort();
    found.unread.sort();
    Ok(found)
}

async fn guarded(connection: &mut Connection, found: &mut Snapshot) -> Result<()> {
    let missing = &mut MissingPrivileges { admin: &found.actual.admin.name, all: &mut found.not_examined };
    found.kept = missing.or(inspect::kept_passwords(connection).await, PASSWORDS)?;
    found.files = missing.or(rows::document(connection, include_str!("sql/files.sql")).await, FILES)?;
    if !found.state.subscriptions.is_empty() {
        let sources = rows::document(connection, include_str!("sql/sources.sql")).await;
        found.sources = missing.or(sources, SOURCES)?.unwrap_or_default();
    }
    Ok(())
}

/// Returns the note on a file or folder whose mode only the server's host shows.
fn on_its_host(named: &NamedPath) -> NotExamined {
    let what = format!("who can change {}, which {} names", named.path.display(), named.by);
    NotExamined::new(what, "only the server's host shows the mode of a file: run martydb there")
}

/// Reads pg_hba.conf and pg_ident.conf.
async fn login_rules(connection: &mut Connection, found: &mut Snapshot, server: &str) -> Result<()> {
    let major = found.actual.major();
    let mut files = Files {
        missing: MissingPrivileges { admin: &found.actual.admin.name, all: &mut found.not_examined },
        unread: &mut found.unread,
        server,
    };
    let (maps, needed) = match major {
        15.. => (include_str!("sql/ident.sql"), IDENT),
        _ => (include_str!("sql/ident_before_15.sql"), IDENT_FILE),
    };
    let host: Vec<HostFiles> = files.or_none(connection, include_str!("sql/host_files.sql"), FILES).await?;
    let named = of_settings(&found.state.parameters.settings);
    let elsewhere: Vec<NotExamined> = named.iter().map(on_its_host).collect();
    let look = move || host.first().and_then(|host: &HostFiles| host.open_files(&named));
    let looked = tokio::task::spawn_blocking(look).await;
    let looked =
        looked.map_err(|error| Error::operation("cannot look at the server's files").cause(error))?;
    found.open_files = looked.unwrap_or_else(|| {
        files.missing.all.extend(elsewhere);
        vec![]
    });
    found.hba = files.read(connection, include_str!("sql/hba.sql"), HBA).await?;
    found.ident = files.read(connection, maps, needed).await?;
    let refused = found.hba.iter().flatten().filter_map(HbaLine::refused).collect();
    let read = files.in_force(connection, "hba_file", refused).await?;
    found.hba_files = read.texts();
    found.unloaded.extend(read.changed().map(str::to_owned));
    let errors = match major {
        15.. => include_str!("sql/ident_errors.sql"),
        _ => include_str!("sql/ident_errors_before_15.sql"),
    };
    let refused = match &found.ident {
        Some(_) => files.read(connection, errors, needed).await?.unwrap_or_default(),
        None => vec![],
    };
    let read = files.in_force(connection, "ident_file", refused).await?;
    // Before 16 quotes do not change the meaning of a role's name.
    found.ident_files = if major >= 16 { read.texts() } else { vec![] };
    found.unloaded.extend(read.changed().map(str::to_owned));
    if major >= 16 && found.hba.is_some() {
        let patterns = files.read(connection, include_str!("sql/hba_patterns.sql"), HBA).await?;
        found.patterns = patterns.unwrap_or_default();
    }
    if major >= 16 && found.ident.is_some() {
        let patterns: Option<BTreeMap<_, _>> =
            files.read(connection, include_str!("sql/ident_patterns.sql"), IDENT).await?;
        found.patterns.extend(patterns.unwrap_or_default());
    }
    Ok(())
}

async fn databases(
    access: &Access,
    desired: &DesiredServer,
    known: &StoredPasswords,
    found: &mut Snapshot,
) -> Result<()> {
    let all = found.actual.databases.iter();
    let open: Vec<DbName> =
        all.filter(|(_, found)| found.allow_connections).map(|(name, _)| name.clone()).collect();
    let reading = progress("reading", "databases");
    reading.expect(open.len());
    let reading = &reading;
    let read = stream::iter(owner_code::settled_owners(desired, &found.actual, open)).map(
        |(settled, name)| async move {
            let found = database(access, &name, &settled, known);
            (reading.run(name.as_str(), found).await, name)
        },
    );
    let read: Vec<(PartialCatalog, DbName)> = read.buffered(PARALLEL).collect().await;
    if read.iter().any(|((_, error), _)| error.as_ref().is_some_and(Error::is_lost)) {
        access.check_alive().await?;
    }
    for ((catalog, error), name) in read {
        found.not_examined.extend(catalog.iter().flat_map(|catalog| unread_jobs(catalog, &name)));
        found.not_examined.extend(catalog.as_ref().and_then(|catalog| large_objects::unread(catalog, &name)));
        found.databases.extend(catalog.map(|catalog| (name.to_string(), catalog)));
        if let Some(error) = error {
            record_gap(access, desired, &name, &error, found);
        }
    }
    Ok(())
}

fn unread_jobs(catalog: &DatabaseCatalog, name: &DbName) -> impl Iterator<Item = NotExamined> {
    catalog.unread_jobs.iter().map(move |scheduler| {
        let what = format!("the jobs of {} in database {name} ({})", scheduler.name, scheduler.table);
        NotExamined::new(what, "row security shows the admin only its own jobs")
    })
}

/// Part of a database that was read, and the error that ended the reading.
type PartialCatalog = (Option<DatabaseCatalog>, Option<Error>);

/// Records why a database was not read. A provider's own database is recognized. A missing privilege can be
/// granted to the admin. Anything else may be a service's doing, so the result is inconclusive.
fn record_gap(access: &Access, desired: &DesiredServer, name: &DbName, error: &Error, found: &mut Snapshot) {
    let service = desired.service_of_database(name.as_str(), &found.actual);
    let service = service.map(|service| service.name.to_string());
    let (what, why) = (format!("the contents of database {name}"), error.to_string());
    let is_providers = desired.platform.is_some_and(|platform| platform.owns_database(name.as_str()));
    if is_providers && is_closed(error.sqlstate.as_deref()) {
        return;
    }
    if is_withheld(error.sqlstate.as_deref(), service.is_some()) {
        let admin = ident(&found.actual.admin.name);
        let grant = stmt!("GRANT CONNECT ON DATABASE {name} TO {admin}");
        let note = NotExamined::new(what, why);
        // A grant does not help if the database is gone.
        let helps = error.sqlstate.as_deref() == Some(sqlstate::INSUFFICIENT_PRIVILEGE);
        found.not_examined.push(if helps { note.allowed_by(grant) } else { note });
    } else {
        let whose = service.as_ref().map_or(String::new(), |service| format!(" of service {service}"));
        found.unread.push(Unread {
            what: what + &whose,
            why,
            server: access.server.clone(),
            at: None,
            database: Some(name.to_string()),
            service,
        });
    }
}

/// Returns `true` if the admin lacks a privilege, or another database than a service's was dropped meanwhile: only that
/// excuses a gap. Others may still be let into a database from which pg_hba.conf rejects the admin.
fn is_withheld(sqlstate: Option<&str>, of_service: bool) -> bool {
    match sqlstate {
        Some(sqlstate::INSUFFICIENT_PRIVILEGE) => true,
        Some(sqlstate::INVALID_CATALOG_NAME) => !of_service,
        _ => false,
    }
}

/// Returns `true` if the server keeps the admin out of the database.
fn is_closed(sqlstate: Option<&str>) -> bool {
    matches!(sqlstate, Some(sqlstate::INSUFFICIENT_PRIVILEGE | sqlstate::INVALID_AUTHORIZATION))
}

async fn database(
    access: &Access,
    name: &DbName,
    settled: &BTreeSet<String>,
    known: &StoredPasswords,
) -> PartialCatalog {
    let mut found = DatabaseCatalog::default();
    let error = match access.read(name.as_str()).await {
        Ok(mut connection) => fill(&mut connection, &mut found, name, settled, known).await.err(),
        Err(error) => return (None, Some(error)),
    };
    found.partial = error.is_some();
    found.sort();
    // Results count only if the session is known to run as the admin.
    (found.pristine.then_some(found), error)
}

async fn fill(
    connection: &mut Connection,
    found: &mut DatabaseCatalog,
    name: &DbName,
    settled: &BTreeSet<String>,
    known: &StoredPasswords,
) -> Result<()> {
    rows::read(connection, include_str!("sql/census.sql"), |row| found.add_row(row)).await?;
    check_session(found.pristine, name.as_str())?;
    let end = rows::read(connection, found.census.objects(), |row| found.add_row(row)).await?;
    rows::read_all(connection, found.census.reach(), |row| found.privileged.add_row(row)).await?;
    rows::read(connection, include_str!("sql/pristine/digest.sql"), |row| found.add_row(row)).await?;
    let owned = found.objects.iter().filter(|item| item.is_users());
    let owners = owned.map(|item| item.owner.as_str());
    found.owner_code = owner_code::read(connection, owners, settled).await?;
    let jobs = jobs::read(connection, |scheduler| found.has_jobs_of(scheduler)).await?;
    (found.jobs, found.unread_jobs) = jobs;
    // Texts are searched and not kept, so they need no limit of their own here.
    rows::read(connection, found.census.texts(), |row| found.texts.add_row(row, known).map(|()| 0)).await?;
    large_objects::search(connection, found, known).await?;
    if end == Completeness::TooMuch {
        return Err(rows::too_much());
    }
    let kinds = found.crowded().join(", ");
    let why = "objects of a kind; the rest was not read";
    if kinds.is_empty() {
        Ok(())
    } else {
        Err(Error::operation(format!("more than {MOST_OF_A_KIND} {why}: {kinds}")))
    }
}

/// Fails if the session started as another role: it would see less and report that as everything.
fn check_session(pristine: bool, database: &str) -> Result<()> {
    if pristine {
        return Ok(());
    }
    Err(Error::operation(format!("the session in database {database} did not start as the admin"))
        .cause("current_user differs from session_user, or the search path is not the requested one")
        .hint("look for ALTER DATABASE … SET role and for login event triggers"))
}

/// Returns what the server hides without an error.
fn hidden(access: &Access, state: &ServerState, actual: &ActualServer) -> Vec<NotExamined> {
    let name = &actual.admin.name;
    let mut all = vec![];
    if access.event_triggers.may_run() {
        let what = "databases, in sessions that no login event trigger can change";
        let grant = stmt!("GRANT SET ON PARAMETER event_triggers TO {admin}", admin = ident(name));
        let note = NotExamined::new(what, format!("{name} may not switch event triggers off"));
        all.push(note.allowed_by(grant));
    }
    if state.sessions.iter().any(|session| session.since.is_none()) {
        let what = "the start times of other roles' sessions (pg_stat_activity)";
        let grant = stmt!("GRANT pg_read_all_stats TO {admin}", admin = ident(name));
        all.push(NotExamined::new(what, format!("{name} lacks pg_read_all_stats")).allowed_by(grant));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_privilege_excuses_what_is_not_read_of_a_services_database() {
        for (sqlstate, of_service, of_others) in [
            (Some(sqlstate::INSUFFICIENT_PRIVILEGE), true, true),
            (Some(sqlstate::INVALID_AUTHORIZATION), false, false),
            (Some(sqlstate::INVALID_CATALOG_NAME), false, true),
            (Some(sqlstate::PROGRAM_LIMIT_EXCEEDED), false, false),
            (Some(sqlstate::QUERY_CANCELED), false, false),
            (Some(sqlstate::OUT_OF_MEMORY), false, false),
            (Some(sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE), false, false),
            (Some(sqlstate::INTERNAL_ERROR), false, false),
            (None, false, false),
        ] {
            assert_eq!(is_withheld(sqlstate, true), of_service, "{sqlstate:?}");
            assert_eq!(is_withheld(sqlstate, false), of_others, "{sqlstate:?}");
        }
    }
}
