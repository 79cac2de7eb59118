//! New columns whose value the server computes for each row: a volatile default, such as a serial's, or an identity. ADD
//! COLUMN would write the table again under a lock that excludes readers, so the column is added without a value, new
//! rows get theirs by its default, and the rows that exist are filled in batches. Pure.
//! <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>

use super::division::Division;
use super::names::{split, suffixed};
use super::script::commented;
use super::structure::{DEFAULT, IDENTITY, SchemaObject, SchemaObjectId, SchemaObjectKind, Structure};
use martydb_model::sql::{Literal, stmt};

/// Rows that are locked at a time.
const BATCH: u32 = 10_000;
/// Passes over the table: a row that others update meanwhile is found by the next one.
const PASSES: u32 = 3;
/// End of the name of the sequence that an identity has until all rows are filled.
const FILL: &str = "_fill";
/// Length of a name in bytes: NAMEDATALEN - 1.
const LONGEST_NAME: usize = 63;

/// Column that is filled.
pub struct FilledColumn {
    table: String,
    column: String,
    /// Statement that sets the default; an identity has one of its own until it is one.
    default: String,
    identity: Option<FilledIdentity>,
    /// Reason for which a person decides about the UPDATE.
    reason: Option<String>,
}

/// Identity, which PostgreSQL allows only on a column that is NOT NULL.
struct FilledIdentity {
    made: String,
    dropped: String,
    /// Name of its sequence, and of the one that it has before.
    sequence: String,
    former: String,
    options: String,
}

impl FilledColumn {
    /// Finds the value that the server computes for a new column.
    pub fn of(division: &Division<'_>, id: &SchemaObjectId) -> Option<FilledColumn> {
        let column = division.to.objects.get(id)?;
        let table = column.parent.as_ref()?;
        if is_inherited(division.to, table) || is_inherited(division.from, table) {
            return None;
        }
        let name = split(&id.name).1;
        let (identity, default) = match column.parts.get(IDENTITY) {
            Some(_) => {
                let identity = FilledIdentity::of(column)?;
                let default = identity.default(&table.name, name);
                (Some(identity), default)
            }
            None if division.to.volatile.contains(id) => (None, column.parts.get(DEFAULT)?.made.clone()?),
            None => return None,
        };
        let (table, column) = (table.name.clone(), name.to_owned());
        Some(FilledColumn { table, column, default, identity, reason: reason(division, id) })
    }

    /// Returns the statements behind ADD COLUMN: new rows get their value from then on.
    pub fn begun(&self) -> Vec<String> {
        let sequence = self.identity.as_ref().map(|identity| identity.begun(&self.table, &self.column));
        sequence.into_iter().chain([self.default.clone()]).collect()
    }

    /// Returns the statement that fills the rows that exist. It commits each batch, and a second run goes on.
    pub fn filled(&self) -> String {
        let (table, column) = (&self.table, &self.column);
        let body = format!(
            "
<<fill>>
DECLARE
    batch tid[];
    changed bigint;
    filled bigint;
BEGIN
    FOR pass IN 1..{PASSES} LOOP
        filled := 0;
        FOR batch IN
            SELECT array_agg(part.place) FROM (
                SELECT target.ctid AS place, row_number() OVER () / {BATCH} AS number FROM {table} AS target WHERE target.{column} IS NULL
            ) AS part GROUP BY part.number
        LOOP
            UPDATE {table} AS target SET {column} = DEFAULT WHERE target.ctid = ANY (fill.batch) AND target.{column} IS NULL;
            GET DIAGNOSTICS changed = ROW_COUNT;
            filled := filled + changed;
            COMMIT;
        END LOOP;
        EXIT WHEN filled = 0;
    END LOOP;
END
"
        );
        let block = stmt!("DO {body}", body = Literal(body)).shown().to_owned();
        match &self.reason {
            Some(reason) => commented(reason, &block),
            None => block,
        }
    }

    /// Returns the statements that make the column an identity, when it is NOT NULL.
    pub fn ended(&self) -> Vec<String> {
        self.identity.as_ref().map_or_else(Vec::new, |identity| identity.ended(&self.table, &self.column))
    }

    /// Returns the statements that undo [`ended`](Self::ended).
    pub fn reopened(&self) -> Vec<String> {
        let Some(identity) = &self.identity else { return vec![] };
        vec![
            identity.begun(&self.table, &self.column),
            advanced(&identity.former, &identity.sequence),
            identity.dropped.clone(),
            self.default.clone(),
        ]
    }
}

impl FilledIdentity {
    fn of(column: &SchemaObject) -> Option<FilledIdentity> {
        let part = column.parts.get(IDENTITY)?;
        let made = part.made.clone()?;
        let (_, end) = made.rsplit_once(" AS IDENTITY (SEQUENCE NAME ")?;
        let (sequence, options) = end.strip_suffix(')')?.rsplit_once(" START WITH ")?;
        let (schema, name) = split(sequence);
        let former = format!("{schema}{}", suffixed(name, FILL));
        if name.len() + FILL.len() > LONGEST_NAME {
            return None;
        }
        let (sequence, options) = (sequence.to_owned(), options.to_owned());
        Some(FilledIdentity { dropped: part.undone.clone()?, sequence, former, options, made })
    }

    fn begun(&self, table: &str, column: &str) -> String {
        format!("CREATE SEQUENCE {} START WITH {} OWNED BY {table}.{column}", self.former, self.options)
    }

    fn default(&self, table: &str, column: &str) -> String {
        let sequence = literal(&self.former);
        format!("ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT nextval({sequence})")
    }

    fn ended(&self, table: &str, column: &str) -> Vec<String> {
        vec![
            format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT"),
            self.made.clone(),
            advanced(&self.sequence, &self.former),
            format!("DROP SEQUENCE {}", self.former),
        ]
    }
}

/// Returns the statement that lets a sequence go on where another one is.
fn advanced(sequence: &str, former: &str) -> String {
    format!("SELECT setval({}, nextval({}), false)", literal(sequence), literal(former))
}

fn literal(name: &str) -> String {
    stmt!("{name}", name = Literal(name.to_owned())).shown().to_owned()
}

/// Returns `true` if other tables inherit the table's columns: their rows have places of their own.
fn is_inherited(structure: &Structure, table: &SchemaObjectId) -> bool {
    let parts = structure.objects.values().flat_map(|object| &object.parts);
    let of_it = parts.filter(|(name, _)| name.starts_with("inherits "));
    of_it.into_iter().any(|(_, part)| part.needs.as_ref() == Some(table))
}

/// Returns what else an UPDATE of the table does.
fn reason(division: &Division<'_>, column: &SchemaObjectId) -> Option<String> {
    let table = division.to.objects.get(column)?.parent.as_ref()?;
    for side in [division.from, division.to] {
        let fires = |object: &SchemaObject| object.made.contains("UPDATE");
        let active = side.objects.iter().find(|(id, object)| {
            let kind = matches!(id.kind, SchemaObjectKind::Trigger | SchemaObjectKind::Rule);
            kind && object.parent.as_ref() == Some(table) && fires(object)
        });
        if let Some((id, _)) = active {
            return Some(format!("gives the rows their values; an UPDATE sets off the {id}"));
        }
        if side.objects.get(table).is_some_and(|table| table.parts.contains_key("forced row security")) {
            let said = "gives the rows their values, as far as the policies of the table show them";
            return Some(said.into());
        }
    }
    None
}
