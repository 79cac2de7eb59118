//! Reading and keeping the definitions in a session of the migrator that acts as the owner.

use super::compare::{KeptDefinitions, state_of};
use super::compared::{DriftScope, without_partitions};
use crate::engine::MigrationSession;
use crate::engine::session::connect_reader;
use crate::expression_normalizer::normalize_expressions;
use crate::history::definitions::{self as table, KnownDifference};
use crate::history::{Catalog, Record, tables};
use crate::report::{SchemaState, UnknownSchema};
use crate::target::{MigrationTarget, Options};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::server::{Row, execute};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// State of a schema, and the objects that differ; `None` if that is unknown.
pub(crate) struct FoundSchema {
    pub state: SchemaState,
    pub differing: Option<Vec<KnownDifference>>,
}

impl FoundSchema {
    fn unknown(reason: UnknownSchema) -> FoundSchema {
        FoundSchema { state: SchemaState::Unknown(reason), differing: None }
    }

    fn of(differing: Vec<KnownDifference>) -> FoundSchema {
        FoundSchema { state: state_of(&differing), differing: Some(differing) }
    }
}

/// Compares the database with the definitions that were kept. During a split, which changes keys and triggers for a time, they
/// show nothing.
pub(crate) async fn look(session: &mut MigrationSession<'_>) -> Result<FoundSchema> {
    let (found, is_in_split) = look_through_split(session).await?;
    Ok(if is_in_split { FoundSchema::unknown(UnknownSchema::Split) } else { found })
}

/// Compares the database with the definitions that were kept, and returns `true` if a split is under way in it. As long as no
/// row of the catalogs has changed since, one query shows that nothing differs.
pub(super) async fn look_through_split(session: &mut MigrationSession<'_>) -> Result<(FoundSchema, bool)> {
    let not_kept = || Ok((FoundSchema::unknown(UnknownSchema::NotKept), false));
    let major = session.connection.major();
    if !session.present.history || session.present.refinery.is_none() {
        return not_kept();
    }
    let rows = match session.query([table::read(&session.schema(), major)]).await {
        Ok(rows) => rows,
        Err(error) if error.sqlstate.as_deref() == Some(sqlstate::UNDEFINED_TABLE) => vec![],
        Err(error) => return Err(error),
    };
    let Some(row) = rows.iter().flatten().next() else { return not_kept() };
    let (at, kept_major, reader, position, unchanged, differing, is_in_split): KeptRow = row.read()?;
    let kept_major = u32::try_from(kept_major).unwrap_or_default();
    let unknown = match (reader, kept_major == major, position) {
        (false, ..) => Some(UnknownSchema::Reader),
        (_, false, _) => Some(UnknownSchema::Major(kept_major)),
        (.., false) => Some(UnknownSchema::Position),
        (true, true, true) => None,
    };
    if let Some(reason) = unknown {
        return Ok((FoundSchema::unknown(reason), is_in_split));
    }
    // The row is the service's own, and may hold anything.
    let Ok(mut differing) = serde_json::from_str::<Vec<KnownDifference>>(&differing) else {
        return not_kept();
    };
    for one in &mut differing {
        one.since = one.since.take().filter(|at| OffsetDateTime::parse(at, &Rfc3339).is_ok());
    }
    if unchanged && differing.is_empty() {
        return Ok((FoundSchema::of(vec![]), is_in_split));
    }
    Ok((reread(session, at, differing).await?, is_in_split))
}

/// A row of [`table::read`].
type KeptRow = (String, i32, bool, bool, bool, String, bool);

/// Compares every object.
async fn reread(
    session: &mut MigrationSession<'_>,
    at: String,
    differing: Vec<KnownDifference>,
) -> Result<FoundSchema> {
    let rows = session.query([table::read_definitions()]).await?;
    let text: Option<String> = rows.iter().flatten().next().map(Row::read).transpose()?;
    let read: Option<Vec<(String, String, Option<String>)>> =
        text.and_then(|text| serde_json::from_str(&text).ok());
    let Some(read) = read else { return Ok(FoundSchema::unknown(UnknownSchema::NotKept)) };
    let entry =
        |(kind, name, definition): (_, _, Option<String>)| ((kind, name), definition.unwrap_or_default());
    let kept = KeptDefinitions { at, catalog: Catalog(read.into_iter().map(entry).collect()), differing };
    let live = live(session).await?;
    Ok(FoundSchema::of(kept.differing(&live, &DriftScope::of(session.target))))
}

/// Reads the catalog as it is stored. The session's settings are then those of its login.
async fn live(session: &mut MigrationSession<'_>) -> Result<Catalog> {
    session.execute(table::printing()).await?;
    let live = Catalog::read_exactly(&mut session.connection).await;
    session.execute([stmt!("RESET ALL")]).await?;
    live
}

/// Keeps the definitions as they are, with the objects that were known to differ before a run.
pub(crate) async fn keep(session: &mut MigrationSession<'_>, differing: &[KnownDifference]) -> Result<()> {
    let all = table::keep(&session.schema(), session.connection.major(), differing)?;
    session.commit(all).await
}

/// Returns the statements, for one transaction, that keep the definitions as they are.
pub(crate) fn keeping(session: &MigrationSession<'_>) -> Result<Vec<Statement>> {
    table::keep(&session.schema(), session.connection.major(), &[])
}

/// Returns the statement that carries the definitions over a run that changes the histories alone; `None` if they are not
/// those of the last run.
pub(crate) async fn carry(session: &mut MigrationSession<'_>) -> Result<Option<Statement>> {
    let found = look(session).await?;
    Ok(found.differing.map(|_| table::carry(&session.schema())))
}

/// Reads a database for a comparison with another one, and as it is stored.
async fn both_forms(target: &MigrationTarget, options: &Options) -> Result<(Catalog, Catalog)> {
    let mut reader = connect_reader(target, options.lock_wait).await?;
    let read = async {
        let compared = Catalog::read(&mut reader).await?;
        execute(&mut reader, &Statement::join(table::printing())).await?;
        Ok((compared, Catalog::read_exactly(&mut reader).await?))
    };
    let read = read.await;
    reader.close().await;
    read
}

/// Accepts the schema as it is, with the reason in the history.
///
/// # Errors
/// If the database has no history.
pub(crate) async fn accept(
    session: &mut MigrationSession<'_>,
    reason: &str,
    options: &Options,
) -> Result<()> {
    let rows = session.rows().await?;
    let last = rows.order.last().and_then(|version| rows.applied.iter().find(|row| row.version == *version));
    let Some(last) = last else {
        return Err(Error::usage(format!("no migration of {} is applied", session.target.service))
            .hint(format!("`martydb upgrade {}` applies them", session.target.service)));
    };
    let outsiders = session.outsiders().await?;
    let number = session.query([tables::last_event()]).await?;
    let number: i64 = number.iter().flatten().next().map(Row::read).transpose()?.unwrap_or_default();
    let record = Record { note: Some(format!("schema: {reason}")), ..Record::new("repair", last, "ok") };
    let record = tables::insert_history(&session.present, number + 1, &record, &options.operator);
    let keep = table::keep(&session.schema(), session.connection.major(), &[])?;
    session.commit(table::create(&outsiders).into_iter().chain([record]).chain(keep)).await
}

/// Compares the database with a scratch database that the same files have built, and keeps the definitions with the
/// objects that differ.
pub(crate) async fn settle(
    session: &mut MigrationSession<'_>,
    scratch: &MigrationTarget,
    options: &Options,
) -> Result<FoundSchema> {
    let scope = DriftScope::of(session.target);
    let (former, exact_former) = both_forms(scratch, options).await?;
    let (later, exact_live) = both_forms(session.target, options).await?;
    let former = normalize_expressions(scratch, options.lock_wait, former, &later).await?;
    let (expected, found) = without_partitions(&scope.comparable(&former), &scope.comparable(&later));
    let [exact_former, exact_live] = [&exact_former, &exact_live].map(|catalog| scope.comparable(catalog));
    let differing: Vec<KnownDifference> = expected
        .every_difference(&found)
        .into_iter()
        .map(|one| {
            let key = (one.kind, one.name);
            let (expected, found) = (exact_former.0.get(&key).cloned(), exact_live.0.get(&key).cloned());
            KnownDifference { kind: key.0, name: key.1, expected, found, since: None }
        })
        .collect();
    let outsiders = session.outsiders().await?;
    let keep = table::keep(&session.schema(), session.connection.major(), &differing)?;
    session.commit(table::create(&outsiders).into_iter().chain(keep)).await?;
    Ok(FoundSchema::of(differing))
}
