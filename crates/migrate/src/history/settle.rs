//! Moves of refinery's table to its [place](super::place).

use super::place::{create_guard, guard_type, is_ours};
use super::progress;
use super::tables::ExistingTables;
use martydb_model::SchemaName;
use martydb_model::sql::{Ident, List, Statement, stmt};

/// Returns the statements, for one transaction, that bring existing tables to their place. The history exists by then.
pub(crate) fn settle(
    present: &ExistingTables,
    wanted: &SchemaName,
    outsiders: &List<Ident>,
) -> Vec<Statement> {
    let mut all = vec![];
    let elsewhere = present.refinery.as_ref().filter(|found| *found != wanted);
    all.extend(
        elsewhere.map(|found| stmt!("ALTER TABLE {found}.refinery_schema_history SET SCHEMA {wanted}")),
    );
    let guarded = is_ours(wanted);
    if present.history && guarded != present.guarded {
        all.extend(if guarded { guard(outsiders) } else { unguard() });
    }
    if guarded && !present.progress {
        all.extend(progress::create(outsiders));
    }
    all
}

fn guard(outsiders: &List<Ident>) -> Vec<Statement> {
    let change = stmt!(
        "ALTER TABLE martydb.history DROP CONSTRAINT IF EXISTS history_check,
         ALTER COLUMN mode TYPE {guard} USING pg_catalog.replace(mode, '-', ' ')::{guard}",
        guard = guard_type()
    );
    let check = stmt!(
        "ALTER TABLE martydb.history ADD CONSTRAINT history_check
         CHECK (action IN ('upgrade', 'downgrade', 'baseline', 'repair') AND outcome IN ('started', 'ok', 'failed'))"
    );
    create_guard(outsiders).into_iter().chain([change, check]).collect()
}

fn unguard() -> Vec<Statement> {
    vec![
        stmt!(
            "ALTER TABLE martydb.history DROP CONSTRAINT IF EXISTS history_check,
             ALTER COLUMN mode TYPE text USING pg_catalog.replace(mode::text, ' ', '-')"
        ),
        stmt!("DROP TYPE {guard}", guard = guard_type()),
        stmt!(
            "ALTER TABLE martydb.history ADD CONSTRAINT history_check
             CHECK (action IN ('upgrade', 'downgrade', 'baseline', 'repair')
                    AND outcome IN ('started', 'ok', 'failed') AND mode IN ('transaction', 'no-transaction'))"
        ),
    ]
}

impl ExistingTables {
    /// Returns `true` if a run that writes has nothing to move.
    pub(crate) fn is_settled(&self, wanted: &SchemaName) -> bool {
        let guarded = is_ours(wanted);
        self.refinery.as_ref().is_none_or(|found| found == wanted)
            && (!self.history || self.guarded == guarded && (self.progress || !guarded))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(name: &str) -> SchemaName {
        SchemaName::new(name).unwrap()
    }

    #[test]
    fn a_history_is_moved_once_in_each_direction() {
        let none = List(vec![]);
        let before =
            ExistingTables { history: true, refinery: Some(schema("public")), ..ExistingTables::default() };
        let after = ExistingTables {
            guarded: true,
            progress: true,
            refinery: Some(schema("martydb")),
            ..before.clone()
        };
        for (present, wanted, statements) in [
            (&before, "martydb", 7),
            (&after, "martydb", 0),
            (&after, "public", 4),
            (&before, "public", 0),
            (&ExistingTables { progress: true, ..ExistingTables::default() }, "martydb", 0),
        ] {
            let all = settle(present, &schema(wanted), &none);
            assert_eq!(all.len(), statements, "{wanted} {all:?}");
            assert_eq!(present.is_settled(&schema(wanted)), statements == 0, "{wanted}");
        }
    }
}
