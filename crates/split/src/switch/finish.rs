//! End of a split: removes the means of a rollback at every target, and the moved tables from the source. A rollback is
//! impossible after its first statement.

use std::time::Duration;

use super::cutover::validate_foreign_keys;
use super::dependents::{dependents, detaching};
use super::leftovers::{Leftover, OldGrant, OldLogin, leftovers};
use super::reverse;
use super::sides::SplitSides;
use crate::database::transaction::transact_with;
use crate::state::SplitPhase;
use crate::state::source::{self, phase_sql};
use crate::state::{notes, target};
use crate::stream::publishing::drop_slot;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{List, ServerText, Statement, stmt};
use martydb_pg::server::{Connection, execute, query_as};

/// Objects that a finish removes from the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct FinishRemoval {
    /// Moved tables.
    pub tables: Vec<String>,
    /// Views of the source that read them.
    pub views: Vec<String>,
    /// Functions, casts and the like that cannot outlive them.
    pub dependents: Vec<Leftover>,
    /// Remaining objects of the shared database.
    pub stays: Vec<Leftover>,
    /// Logins other than the services' that can still connect to it.
    pub logins: Vec<OldLogin>,
    /// Grants by which the services' logins can connect to it.
    pub open_to: Vec<OldGrant>,
    /// Triggers and rules of remaining tables that are disabled, because they write into removed ones.
    pub disabled: Vec<String>,
}

/// Returns the objects that would be removed.
///
/// # Errors
/// If a service is not cut over yet, a remaining object needs a table, or the source cannot be read.
pub async fn removal(session: &mut Connection) -> Result<FinishRemoval> {
    let services = source::services(session).await?;
    let waiting =
        services.iter().filter(|one| !matches!(one.phase, SplitPhase::CutOver | SplitPhase::Finished));
    let waiting: Vec<String> =
        waiting.map(|one| format!("service \"{}\" is {}", one.name, one.phase.name())).collect();
    if !waiting.is_empty() {
        return Err(Error::usage("cannot finish the split: not every service is cut over")
            .causes(waiting)
            .hint("run `martydb split cutover --service NAME` for each"));
    }
    let (oids, tables) = moved(session).await?;
    let (views, dependents): (Vec<_>, Vec<_>) =
        dependents(session, &oids).await?.into_iter().partition(|one| one.kind.ends_with("view"));
    let names = |all: &[Leftover]| all.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    let views = names(&views);
    let stays = leftovers(session, &[&tables, &views, &names(&dependents)]).await?;
    let mut disabled = notes::disabled(session).await?;
    disabled.retain(|effect| !tables.iter().any(|table| is_on(effect, table)));
    Ok(FinishRemoval { tables, views, dependents, stays, disabled, ..FinishRemoval::default() })
}

/// Returns `true` if a side effect, as kind, table and name, is one of the table. Only the kind comes before it: a name may
/// contain any text.
fn is_on(effect: &str, table: &str) -> bool {
    let behind = effect.split_once(' ').and_then(|(_, behind)| behind.strip_prefix(table));
    behind.is_some_and(|name| name.starts_with(' '))
}

/// Returns the remaining tables of all services, with their quoted names.
async fn moved(session: &mut Connection) -> Result<(Vec<u32>, Vec<String>)> {
    let query = stmt!(
        "SELECT DISTINCT c.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) FROM martydb_split.relation r
         JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relname = r.name JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = r.schema
         WHERE c.relkind IN ('r', 'p') ORDER BY 2"
    );
    Ok(query_as::<(u32, String)>(session, &query).await?.into_iter().unzip())
}

/// Records that no rollback is possible any more.
///
/// # Errors
/// If the state cannot be written.
pub async fn begin(session: &mut Connection) -> Result<()> {
    let set = stmt!("UPDATE martydb_split.service SET {phase}", phase = phase_sql(SplitPhase::Finished));
    execute(session, &set).await.map(drop)
}

/// Removes the split's objects from a service's own database, and returns failed validations. Idempotent.
///
/// # Errors
/// If the database or its server refuses a statement.
pub async fn clear_target(sides: &mut SplitSides) -> Result<Vec<String>> {
    if let Some(slot) = sides.service.reverse_slot.clone() {
        reverse::drop_stream(&mut sides.target, sides.wait, &slot).await?;
    }
    reverse::restore_target_identities(sides).await?;
    // A killed cutover may not have got to it.
    let warnings = match target::exists(&mut sides.target.session).await? {
        true => validate_foreign_keys(&mut sides.target.session).await,
        false => vec![],
    };
    target::remove(&mut sides.target.session).await?;
    Ok(warnings)
}

/// Removes the tables from the source, and all of the split except its state. Idempotent.
///
/// # Errors
/// If another object of the source needs a table; the error contains its name.
#[martydb_pg::boxed(?Send)]
pub async fn clear_source(session: &mut Connection, wait: Duration) -> Result<()> {
    let run = source::run(session).await?;
    let services = source::services(session).await?;
    let (oids, tables) = moved(session).await?;
    dependents(session, &oids).await?;
    for slot in services.iter().flat_map(|one| [&one.forward_slot, &one.reverse_slot]).flatten() {
        drop_slot(session, slot).await?;
        reverse::unpublish(session, wait, slot).await?;
    }
    if !tables.is_empty() {
        drop_tables(session, wait, &oids, tables).await?;
    }
    if let Some(run) = run {
        for service in &services {
            reverse::forget_login(session, &run.login(&service.name)).await?;
        }
    }
    Ok(())
}

/// Drops the tables with what cannot outlive them. Its list is read again under their locks: CASCADE would take a part of a
/// remaining object that was added since.
async fn drop_tables(
    session: &mut Connection,
    wait: Duration,
    oids: &[u32],
    tables: Vec<String>,
) -> Result<()> {
    let tables = List(tables.into_iter().map(ServerText::quoted_by_server).collect::<Vec<_>>());
    let lock = stmt!("LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE", tables = tables.clone());
    let drop_them = stmt!("DROP TABLE {tables} CASCADE");
    let work = async |session: &mut Connection| {
        execute(session, &lock).await?;
        let detaching = detaching(session, oids).await?;
        if !detaching.is_empty() {
            execute(session, &Statement::join(detaching)).await?;
        }
        dependents(session, oids).await?;
        execute(session, &drop_them).await.map(drop)
    };
    let done = transact_with(session, wait, work).await;
    done.map_err(|error| error.while_doing("cannot remove the moved tables"))
}

#[cfg(test)]
mod tests {
    use super::is_on;

    #[test]
    fn a_side_effect_is_on_the_table_behind_its_kind() {
        for (effect, expected) in [
            ("trigger public.a noted", true),
            ("rule public.a public.b", true),
            ("trigger public.ab noted", false),
            ("trigger public.b on public.a it", false),
        ] {
            assert_eq!(is_on(effect, "public.a"), expected, "{effect}");
        }
    }
}
