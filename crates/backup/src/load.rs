//! Loads a backup into a scratch database: the service's migrator restores it as the owner, the admin restores
//! objects of other owners, and the result is compared with its record. `verify` then drops the database, and
//! `restore` gives it the service's name.
//!
//! Only the migrator loads, never a superuser: an archive runs the service's functions while its rows are loaded.

use std::collections::{BTreeMap, BTreeSet};

use super::archive_part::{ArchivePart, part_of};
use super::audit_rows::AUDIT;
use super::chosen_tables::recorded_tables;
use super::load_task::{LoadSource, RestoreTarget};
use super::make::DUMP;
use super::part_comparison::restricted;
use super::record::{BackupRecord, ExtensionRecord};
use super::role_state::RoleState;
use super::snapshot::{free_sessions, jobs};
use super::toc::wanted;
use super::verdict::{AcceptedDifferences, Judge};
use crate::move_service::archive_progress::{ArchiveProgress, RowSizes};
use crate::move_service::compare::{self, CopySide};
use crate::move_service::{extension_comments, load_order, owner_session};
use crate::put_back::{put_back, put_back_audit};
use martydb_apply::scratch::Scratch;
use martydb_compare::RowHash;
use martydb_migrate::{MigrationTarget, history};
use martydb_model::RoleName;
use martydb_model::error::{Error, Result};
use martydb_model::sql::stmt;
use martydb_model::sqlstate;
use martydb_model::text::printable;
use martydb_pg::server::{Connection, query_as};
use martydb_pg_dump::archive;
use martydb_pg_dump::archive::{Archive, ArchiveEntry, ArchivePrograms, client_major};

/// Number of sessions that read the loaded data: each additional one slows the others.
const MOST_READERS: usize = 4;

/// A database that equals its record, or those of its tables that were chosen.
pub struct Loaded {
    pub scratch: Scratch,
    /// Roles of the server.
    pub known: Vec<RoleName>,
    /// Differences that were accepted or are unavoidable.
    pub notes: Vec<String>,
    /// Loaded tables; `None` for all.
    pub part: Option<ArchivePart>,
}

/// Loads and compares a backup.
///
/// # Errors
/// If it cannot be loaded, or differs from its record; the scratch database is dropped then.
#[martydb_pg::boxed]
pub async fn load<'a>(to: &'a RestoreTarget<'a>, from: LoadSource<'a>) -> Result<Loaded> {
    let (programs, known) = examine(to, from).await?;
    let mut scratch = Scratch::make_without_rights(to.access, to.desired, to.service).await?;
    match fill(to, from, &programs, &mut scratch, &known).await {
        Ok((notes, part)) => Ok(Loaded { scratch, known, notes, part }),
        Err(error) => scratch.remove_after(Err(error)).await,
    }
}

/// Checks that a restore can begin; writes nothing.
///
/// # Errors
/// If the server, its roles, the programs or the archive do not allow it.
pub async fn examine_restore(to: &RestoreTarget<'_>, from: LoadSource<'_>) -> Result<()> {
    examine(to, from).await.map(drop)
}

/// Checks likewise, and returns the programs of the restore and the server's roles.
async fn examine(to: &RestoreTarget<'_>, from: LoadSource<'_>) -> Result<(ArchivePrograms, Vec<RoleName>)> {
    let mut session = to.access.read(&to.access.maintenance).await?;
    let (major, known) = (session.major(), roles(&mut session).await?);
    session.close().await;
    refuse(to, from.record, major, &known)?;
    let programs = programs(from.record, major).await?;
    Archive::in_folder(&programs, &from.folder.join(DUMP)).check_files()?;
    Ok((programs, known))
}

/// Returns client programs that can read the archive and write to the server.
async fn programs(record: &BackupRecord, major: u32) -> Result<ArchivePrograms> {
    let written = client_major(&record.client_version).unwrap_or(0);
    archive::find(written.max(record.major()), major).await
}

/// Rejects restores that cannot succeed, before anything is created.
fn refuse(to: &RestoreTarget<'_>, record: &BackupRecord, major: u32, known: &[RoleName]) -> Result<()> {
    let service = &to.service.name;
    if record.major() > major {
        return Err(Error::operation(format!("cannot restore the backup for service \"{service}\""))
            .cause(format!(
                "it was made on PostgreSQL {}, and server \"{}\" has version {major}",
                record.major(),
                to.service.server
            ))
            .hint("restore it on a server of the same version or a newer one"));
    }
    if RowHash::named(&record.hash).is_none() {
        return Err(Error::operation(format!("the backup has hashes of the unknown kind {}", record.hash))
            .hint("use the newer version of martydb that wrote it"));
    }
    let lacking: Vec<String> = record
        .beyond
        .roles
        .iter()
        .filter(|role| known.iter().all(|there| there.as_str() != role.as_str()))
        .map(|role| format!("role {role}: owns objects or holds privileges in the backup, and server \"{}\" has no such role", to.service.server))
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    Err(Error::operation(format!("cannot restore the backup for service \"{service}\""))
        .causes(lacking)
        .hint(
            "run `martydb apply --all`, which creates the roles of services; declare others under `access:` first",
        ))
}

async fn fill(
    to: &RestoreTarget<'_>,
    from: LoadSource<'_>,
    programs: &ArchivePrograms,
    scratch: &mut Scratch,
    known: &[RoleName],
) -> Result<(Vec<String>, Option<ArchivePart>)> {
    let here = scratch.target(to.target);
    let archive = Archive::in_folder(programs, &from.folder.join(DUMP));
    let mut entries = wanted(archive.entries().await?, to.service, &from.record.left_out);
    let part = selected(&archive, &mut entries, from).await?;
    let mut session = owner_session::as_owner(&here).await?;
    let free = free_sessions(&mut session).await?;
    let side_by_side = jobs(to.jobs, free);
    session.close().await;
    let own = to.service.own_roles();
    let before = RoleState::read(scratch.keeper(), &own).await?;
    let sizes = RowSizes::recorded(from.record).of_entries(&archive, &entries);
    let restoring = ArchiveProgress::of_restore(to.service.name.as_str(), sizes, side_by_side);
    let restore = load_order::load(&archive, entries, &here, side_by_side, &restoring);
    let free_beside = free.map(|free| free.saturating_sub(side_by_side));
    let restored = restoring.during(&here, free_beside, restore).await;
    drop(restoring);
    before.unchanged(&RoleState::read(scratch.keeper(), &own).await?)?;
    // A new session proves that the migrator still has its password.
    let mut session = match (restored, owner_session::as_owner(&here).await) {
        (Ok(()), session) => session.map_err(locked_out)?,
        (Err(error), Ok(_)) => return Err(error),
        (Err(error), Err(refused)) => return Err(locked_out(refused).and_also(error)),
    };
    let not_put_back = match part {
        None => put_back(to, scratch, from.record, known).await?,
        // They belong to no table.
        Some(_) => None,
    };
    let comments = match part {
        None => comments_put_back(to, &here, from.record).await?,
        Some(_) => vec![],
    };
    let hash = RowHash::named(&from.record.hash).unwrap_or(RowHash::Text);
    let audit = put_back_audit(to, scratch, from, part.as_ref(), hash).await?;
    let versions = extension_versions(&mut session).await?;
    // A login that is limited to one session reads sequentially.
    let readers = if free == Some(0) { 0 } else { side_by_side.min(MOST_READERS) };
    let found = analyze_and_read(&here, session, readers, hash).await?;
    let sides = audit.compared(recorded(from.record), found);
    let [recorded, found] = match &part {
        None => sides,
        Some(part) => restricted(sides, part),
    };
    let recorded = compare::reread_by(&here, recorded, &found).await?;
    let judge = Judge { service: to.service, left_out: &from.record.left_out, accept: from.accept, hash };
    let AcceptedDifferences { mut notes, accepted } = judge.judge(recorded, &found)?;
    if !accepted.is_empty() {
        record_accepted(&here, accepted).await?;
    }
    notes.extend(comments.into_iter().chain(not_put_back).chain(audit.note));
    notes.extend(of_versions(&from.record.beyond.extensions, &versions));
    Ok((notes, part))
}

/// Sets the comments on extensions again; returns a note on each that neither the owner nor the admin may set.
async fn comments_put_back(
    to: &RestoreTarget<'_>,
    here: &MigrationTarget,
    record: &BackupRecord,
) -> Result<Vec<String>> {
    let all = record.beyond.extensions.iter().map(|one| (one.name.clone(), one.comment.clone()));
    extension_comments::put_back(to.access, here, all.collect()).await
}

/// Returns the part of the archive with the chosen tables, if there are some, and removes the other entries.
async fn selected(
    archive: &Archive,
    entries: &mut Vec<ArchiveEntry>,
    from: LoadSource<'_>,
) -> Result<Option<ArchivePart>> {
    if from.tables.is_empty() {
        return Ok(None);
    }
    let needs = archive.dependencies().await?;
    let (audit, tables): (Vec<_>, Vec<_>) =
        from.tables.iter().cloned().partition(|table| table.name == AUDIT && from.record.audit.is_some());
    let mut part = part_of(entries, &needs, &tables, &recorded_tables(from.record));
    if let Some(table) = tables.iter().find(|table| !part.tables.contains(table)) {
        return Err(Error::operation(format!("cannot restore table {}", table.name))
            .cause("the archive has no entry for it that the owner could restore")
            .hint("restore the whole backup beside the service: `--as NAME` without --table"));
    }
    entries.retain(|entry| part.entries.contains(&entry.number));
    part.tables.extend(audit);
    Ok(Some(part))
}

async fn analyze_and_read(
    here: &MigrationTarget,
    mut session: Connection,
    readers: usize,
    hash: RowHash,
) -> Result<CopySide> {
    let mut sessions = vec![];
    for _ in 0..readers {
        sessions.push(owner_session::as_owner(here).await?);
    }
    let analyzing = owner_session::analyze(&mut session, here);
    let found = if sessions.is_empty() {
        analyzing.await?;
        compare::read_side_by_side(std::slice::from_mut(&mut session), hash).await?
    } else {
        tokio::try_join!(compare::read_side_by_side(&mut sessions, hash), analyzing)?.0
    };
    for session in sessions.into_iter().chain([session]) {
        session.close().await;
    }
    Ok(found)
}

/// Adds a hint on the password: every role may change its own.
fn locked_out(error: Error) -> Error {
    let refused = error.sqlstate.as_deref() == Some(sqlstate::INVALID_PASSWORD);
    error.hint_if(refused.then_some(
        "the archive may have changed the password, which worked before: run `martydb apply --all --reset-passwords`",
    ))
}

/// Records in the restored history which differences were accepted.
async fn record_accepted(here: &MigrationTarget, kinds: BTreeSet<String>) -> Result<()> {
    let kinds: Vec<String> = kinds.into_iter().collect();
    let mut session = owner_session::as_owner(here).await?;
    let note = format!("restore --accept {}", kinds.join(","));
    history::record_accepted(&mut session, note).await?;
    session.close().await;
    Ok(())
}

/// Returns extensions with their versions.
async fn extension_versions(session: &mut Connection) -> Result<BTreeMap<String, String>> {
    let query = stmt!("SELECT e.extname::pg_catalog.text, e.extversion FROM pg_catalog.pg_extension e");
    Ok(query_as(session, &query).await?.into_iter().collect())
}

/// Returns notes on versions that differ: a server creates extensions in the version that it has.
fn of_versions(recorded: &[ExtensionRecord], found: &BTreeMap<String, String>) -> Vec<String> {
    let note = |one: &ExtensionRecord| {
        let now = found.get(&one.name).filter(|now| **now != one.version)?;
        let ExtensionRecord { name, version, .. } = one;
        Some(printable(&format!("extension {name} had version {version}, and has version {now} here")))
    };
    recorded.iter().filter_map(note).collect()
}

async fn roles(session: &mut Connection) -> Result<Vec<RoleName>> {
    let query = stmt!("SELECT r.rolname::pg_catalog.text FROM pg_catalog.pg_roles r ORDER BY 1");
    let names = query_as::<String>(session, &query).await?;
    Ok(names.into_iter().filter_map(|name| RoleName::found(name).ok()).collect())
}

fn recorded(record: &BackupRecord) -> CopySide {
    let (catalog, sums) = (record.read_catalog(), record.contents.clone());
    CopySide { catalog, sums, major: record.major(), live: true, ..CopySide::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_of_another_version_is_reported() {
        let recorded = ExtensionRecord {
            name: "citext".into(),
            version: "1.5".into(),
            schema: "public".into(),
            owner: "o".into(),
            comment: None,
        };
        let of = |version: &str| {
            of_versions(std::slice::from_ref(&recorded), &[("citext".into(), version.into())].into())
        };
        assert_eq!(of("1.5"), Vec::<String>::new());
        assert_eq!(of("1.6"), ["extension citext had version 1.5, and has version 1.6 here"]);
    }
}
