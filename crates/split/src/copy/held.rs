//! Side effects of tables that stay open at the source, and that write into tables which are closed there: every write
//! to their own table would fail. Triggers and rules are disabled in the transaction that closes the tables, with a note
//! of the closed service, and enabled in the one that opens them; foreign keys with actions are dropped and restored.
//! Defaults, checks and policies cannot be disabled.

use std::collections::{BTreeMap, BTreeSet};

use crate::database::side_effects::{self, AFTERWARDS, TableSideEffect};
use crate::database::write_block;
use crate::inspect::SourceSnapshot;
use crate::map::crossing_writes::{CrossingWrite, crossing_writes, effect_names};
use crate::map::source::{Oid, SourceCatalog, SourcePart};
use crate::state::SplitPhase;
use crate::state::notes::{self, HELD, REFLEX, SplitNote};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_model::text::printable;
use martydb_pg::server::{Access, Connection, query_as};

/// Table of the split at the source.
struct OwnedTable {
    service: String,
    is_closed: bool,
    /// `true` if it follows the service's own database: then its own service restores its side effects.
    is_cut_over: bool,
}

/// Shared database, and the state of its tables.
pub struct SourceTables {
    catalog: SourceCatalog,
    owned: BTreeMap<Oid, OwnedTable>,
    writes: Vec<CrossingWrite>,
    /// Triggers and rules by their names as side effects.
    effects: BTreeMap<String, SourcePart>,
}

/// Returns the statements that disable triggers, rules and actions of foreign keys before the tables of a service are
/// closed.
///
/// # Errors
/// [`Kind::Divergent`] if a default, check or policy writes into these tables.
#[martydb_pg::boxed]
pub(crate) async fn hold_sql(
    session: &mut Connection,
    access: &Access,
    database: &str,
    service: &str,
) -> Result<Vec<Statement>> {
    let tables = SourceTables::read(session, access, database).await?;
    let affected = |write: &&CrossingWrite| {
        let table = tables.owned.get(&write.part.relation);
        tables.owned.get(&write.into).is_some_and(|one| one.service == service)
            && table.is_none_or(|one| one.service != service && !one.is_closed)
    };
    let writes = tables.writes.iter().filter(affected);
    let (held, refused): (Vec<_>, Vec<_>) = writes.partition(|write| write.part.is_switchable());
    if !refused.is_empty() {
        return Err(tables.refusal(service, &refused));
    }
    let mut all = tables.disable_sql(session, service, held.iter().map(|write| &write.part)).await?;
    let own = tables.owned.iter().filter(|(_, one)| one.service == service).map(|(oid, _)| *oid);
    let found = side_effects::find(session, &tables.names(own)).await?;
    let acting = found.iter().filter(|effect| effect.crosses && effect.acts && !tables.is_still(effect));
    all.extend(acting.flat_map(|effect| noted_sql(service, effect, REFLEX)));
    Ok(all)
}

/// Returns the statements that record how a side effect is restored, and disable it.
fn noted_sql(service: &str, effect: &TableSideEffect, kind: &str) -> impl Iterator<Item = Statement> {
    [notes::note_sql(service, &effect.note(kind))].into_iter().chain(effect.off())
}

/// Returns the statements that open the tables of a service at the source, with their side effects and those that were
/// disabled for their sake. One that writes into tables of another closed service stays disabled, and a foreign key from
/// or to tables of a service that is cut over stays away.
///
/// # Errors
/// If the source cannot be read.
#[martydb_pg::boxed]
pub(crate) async fn open_source_sql(
    session: &mut Connection,
    name: &str,
    own: &[Oid],
    tables: &SourceTables,
) -> Result<Vec<Statement>> {
    let mut notes = notes::read(session, name, REFLEX).await?;
    notes.extend(notes::read(session, name, HELD).await?);
    let keys: BTreeMap<&str, &str> = notes.iter().filter_map(|note| tables.key_holder(note, name)).collect();
    let mut all = vec![];
    for note in &notes {
        let Some((rank, label)) = note.side_effect() else { continue };
        let part = tables.effects.get(label);
        let holder = match key_name(label) {
            Some(key) => keys.get(key).map(|holder| (*holder, REFLEX)),
            None => part.and_then(|part| tables.holder(part, name)),
        };
        if holder.is_none() && rank >= AFTERWARDS {
            continue;
        }
        all.push(notes::forget_sql(name, &note.kind, &note.name));
        match holder {
            Some((holder, kind)) => {
                all.push(notes::note_sql(holder, &SplitNote { kind: kind.into(), ..note.clone() }));
            }
            // Its table stayed open: the trigger may have been dropped.
            None if part.is_none() && note.kind == HELD => {}
            None => all.push(note.back()),
        }
    }
    let switchable = tables.writes.iter().map(|write| &write.part).filter(|part| part.is_switchable());
    for part in switchable.filter(|part| own.contains(&part.relation)) {
        if let Some((holder, _)) = tables.holder(part, name) {
            all.extend(tables.disable_sql(session, holder, [part].into_iter()).await?);
        }
    }
    all.extend(write_block::unblock_sql(session, own).await?);
    Ok(all)
}

/// Returns table and name of a foreign key, from the label of its note or of its validation's.
fn key_name(label: &str) -> Option<&str> {
    label.strip_prefix("foreign key ").or_else(|| label.strip_prefix("proof "))
}

impl SourceTables {
    /// Reads the catalog of the source, and the state of the split.
    ///
    /// # Errors
    /// If the source cannot be read.
    #[martydb_pg::boxed]
    pub async fn read(session: &mut Connection, access: &Access, database: &str) -> Result<SourceTables> {
        let catalog = SourceSnapshot::open(access, database).await?.into_catalog().await;
        let query = stmt!(
            "SELECT r.oid, r.service, s.closed OR s.phase = {copying} AND NOT u.online, s.phase = {cut_over}
             FROM martydb_split.relation r JOIN martydb_split.service s ON s.name = r.service CROSS JOIN martydb_split.run u
             WHERE r.copy_of IS NULL AND r.kind <> 'sequence'",
            copying = Literal(SplitPhase::Copying.name().into()),
            cut_over = Literal(SplitPhase::CutOver.name().into())
        );
        let owned = query_as(session, &query).await?.into_iter();
        let owned = owned.map(|(oid, service, is_closed, is_cut_over)| {
            (oid, OwnedTable { service, is_closed, is_cut_over })
        });
        let parts = catalog.parts.iter().filter(|part| part.is_switchable());
        let effects = parts
            .flat_map(|part| effect_names(&catalog, part).into_iter().map(move |name| (name, part.clone())));
        let (effects, writes) = (effects.collect(), crossing_writes(&catalog));
        Ok(SourceTables { owned: owned.collect(), effects, writes, catalog })
    }

    /// Returns the service that keeps a part disabled after the tables of `opened` are open, and the kind of its note.
    fn holder(&self, part: &SourcePart, opened: &str) -> Option<(&str, &'static str)> {
        let table = self.owned.get(&part.relation).filter(|one| one.service != opened);
        if let Some(table) = table.filter(|one| one.is_cut_over) {
            return Some((&table.service, REFLEX));
        }
        let key = (part.class, part.oid);
        let its = self.writes.iter().filter(|write| (write.part.class, write.part.oid) == key);
        let into = its.filter_map(|write| self.owned.get(&write.into));
        let own = table.map(|one| one.service.as_str());
        let mut closed =
            into.filter(|one| one.is_closed && one.service != opened && Some(one.service.as_str()) != own);
        closed.next().map(|one| (one.service.as_str(), HELD))
    }

    /// Returns a foreign key from or to a table of another service that is cut over, and that service, which restores the
    /// key: it would act on changes that are applied there, and the table may lack rows.
    fn key_holder<'a>(&'a self, note: &'a SplitNote, opened: &str) -> Option<(&'a str, &'a str)> {
        let (_, label) = note.side_effect()?;
        let key = label.strip_prefix("foreign key ")?;
        let others = self.owned.iter().filter(|(_, one)| one.is_cut_over && one.service != opened);
        let is_of = |(oid, _): &(&Oid, &OwnedTable)| {
            let own = format!("ALTER TABLE {} ADD CONSTRAINT ", self.catalog.ident(**oid));
            self.references(&note.definition, **oid) || note.definition.contains(&own)
        };
        let (_, table) = { others }.find(is_of)?;
        Some((key, &table.service))
    }

    /// Returns `true` if a foreign key references a table that is closed already: none of its actions runs.
    fn is_still(&self, key: &TableSideEffect) -> bool {
        self.owned.iter().any(|(oid, one)| one.is_closed && self.references(&key.back, *oid))
    }

    /// Returns `true` if the definition of a foreign key, as the server printed it, references the table.
    fn references(&self, definition: &str, table: Oid) -> bool {
        definition.contains(&format!(" REFERENCES {}(", self.catalog.ident(table)))
    }

    /// Returns the statements that disable these parts, where they are enabled, with notes of the service.
    async fn disable_sql<'a>(
        &self,
        session: &mut Connection,
        service: &str,
        parts: impl Iterator<Item = &'a SourcePart>,
    ) -> Result<Vec<Statement>> {
        let (mut names, mut tables) = (BTreeSet::new(), BTreeSet::new());
        for part in parts {
            names.extend(effect_names(&self.catalog, part));
            tables.extend(self.catalog.family(part.relation));
        }
        let found = side_effects::find(session, &self.names(tables.into_iter())).await?;
        let found = found.iter().filter(|effect| names.contains(&effect.label()));
        Ok(found.flat_map(|effect| noted_sql(service, effect, HELD)).collect())
    }

    /// Returns schema and name of tables.
    fn names(&self, tables: impl Iterator<Item = Oid>) -> Vec<(String, String)> {
        let relations = tables.filter_map(|oid| self.catalog.relations.get(&oid));
        relations.map(|one| (one.schema.clone(), one.name.clone())).collect()
    }

    fn refusal(&self, service: &str, refused: &[&CrossingWrite]) -> Error {
        let owners: BTreeSet<&str> = refused
            .iter()
            .filter_map(|write| self.owned.get(&write.part.relation))
            .map(|one| one.service.as_str())
            .collect();
        let removals: Vec<String> = refused
            .iter()
            .filter_map(|write| write.removal(&self.catalog))
            .map(|one| printable(&one))
            .collect();
        let first = owners.iter().map(|one| format!("`martydb split cutover --service {one}`"));
        let first: Vec<String> = first.collect();
        let what = format!(
            "without the tables of {service}, writes to tables that stay open in the source would fail"
        );
        Error::new(Kind::Divergent, what)
            .causes(refused.iter().map(|write| printable(&write.shown(&self.catalog))))
            .hint_if((!first.is_empty()).then(|| format!("run {} first", first.join(" and "))))
            .hint(format!(
                "remove from the source what the answer removes at the target: {}",
                removals.join("; ")
            ))
    }
}
