//! New columns whose value the server computes for each row: a volatile default, such as a serial's, or an identity. ADD
//! COLUMN would write the table again under a lock that excludes readers, so the column is added without a value, new
//! rows get theirs by its default, and the rows that exist are filled in batches. Pure.
//! <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES>

use std::collections::BTreeSet;

use super::file_plan::SchemaPair;
use super::names::{has_room, split, suffixed};
use super::script::commented;
use super::structure::{DEFAULT, IDENTITY, SchemaObject, SchemaObjectId, SchemaObjectKind, Structure};
use martydb_model::sql::{Literal, stmt};

/// Rows that are locked at a time.
const BATCH: u32 = 10_000;
/// Passes over the table: a row that others update meanwhile is found by the next one. The last UPDATE waits for what
/// is left.
const PASSES: u32 = 3;
/// End of the name of the sequence that an identity has until all rows are filled.
const FILL: &str = "_fill";

/// Column that is filled.
pub(crate) struct FilledColumn {
    table: String,
    column: String,
    /// Statement that sets the default; an identity has one of its own until it is one.
    default: String,
    identity: Option<FilledIdentity>,
    /// Reason for which a person decides about the UPDATE.
    pub reason: Option<String>,
}

/// Identity, which PostgreSQL allows only on a column that is NOT NULL.
struct FilledIdentity {
    create_sql: String,
    drop_sql: String,
    /// Name of its sequence, and of the one that it has before.
    sequence: String,
    former: String,
    options: String,
    /// Roles to which INSERT is granted, as the server quotes them.
    writers: BTreeSet<String>,
}

impl FilledColumn {
    /// Finds the value that the server computes for a new column.
    pub(crate) fn find(schemas: &SchemaPair<'_>, id: &SchemaObjectId) -> Option<FilledColumn> {
        let column = schemas.to.objects.get(id)?;
        let table = column.parent.as_ref()?;
        let inherited = [schemas.from, schemas.to].into_iter().any(|side| is_inherited(side, table));
        if inherited || is_seen(schemas, id, column) || is_published(schemas.from, table) {
            return None;
        }
        let name = split(&id.name).1;
        let (identity, default) = match column.parts.get(IDENTITY) {
            Some(_) => {
                let identity = FilledIdentity::find(schemas, column)?;
                let default = identity.default(&table.name, name);
                (Some(identity), default)
            }
            None if schemas.to.volatile.contains(id) => {
                (None, column.parts.get(DEFAULT)?.create_sql.clone()?)
            }
            None => return None,
        };
        let (table, column) = (table.name.clone(), name.to_owned());
        Some(FilledColumn { table, column, default, identity, reason: reason(schemas, id) })
    }

    /// Returns the statements behind ADD COLUMN: new rows get their value from then on.
    pub(crate) fn begun(&self) -> Vec<String> {
        let sequence = self.identity.iter().flat_map(|identity| identity.begun(&self.table, &self.column));
        sequence.chain([self.default.clone()]).collect()
    }

    /// Returns the statement that fills the rows that exist. It commits each batch, and a second run goes on.
    pub(crate) fn filled(&self) -> String {
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
    UPDATE {table} AS target SET {column} = DEFAULT WHERE target.{column} IS NULL;
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
    pub(crate) fn ended(&self) -> Vec<String> {
        self.identity.as_ref().map_or_else(Vec::new, |identity| identity.ended(&self.table, &self.column))
    }

    /// Returns the statements that undo [`ended`](Self::ended).
    pub(crate) fn reopened(&self) -> Vec<String> {
        let Some(identity) = &self.identity else { return vec![] };
        let mut all = identity.begun(&self.table, &self.column);
        all.extend([
            advanced(&identity.former, &identity.sequence),
            identity.drop_sql.clone(),
            self.default.clone(),
        ]);
        all
    }
}

impl FilledIdentity {
    fn find(schemas: &SchemaPair<'_>, column: &SchemaObject) -> Option<FilledIdentity> {
        let part = column.parts.get(IDENTITY)?;
        let create_sql = part.create_sql.clone()?;
        let (_, end) = create_sql.rsplit_once(" AS IDENTITY (SEQUENCE NAME ")?;
        let (sequence, options) = end.strip_suffix(')')?.rsplit_once(" START WITH ")?;
        let (schema, name) = split(sequence);
        let former = format!("{schema}{}", suffixed(name, FILL));
        if !has_room(name, FILL) {
            return None;
        }
        let (sequence, options) = (sequence.to_owned(), options.to_owned());
        let writers = writers(schemas, column.parent.as_ref()?);
        Some(FilledIdentity {
            drop_sql: part.remove_sql.clone()?,
            sequence,
            former,
            options,
            writers,
            create_sql,
        })
    }

    fn begun(&self, table: &str, column: &str) -> Vec<String> {
        let made =
            format!("CREATE SEQUENCE {} START WITH {} OWNED BY {table}.{column}", self.former, self.options);
        // An identity demands no privilege of who inserts; a default does.
        let given =
            self.writers.iter().map(|role| format!("GRANT USAGE ON SEQUENCE {} TO {role}", self.former));
        [made].into_iter().chain(given).collect()
    }

    fn default(&self, table: &str, column: &str) -> String {
        let sequence = literal(&self.former);
        format!("ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT nextval({sequence})")
    }

    fn ended(&self, table: &str, column: &str) -> Vec<String> {
        vec![
            format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT"),
            self.create_sql.clone(),
            advanced(&self.sequence, &self.former),
            format!("DROP SEQUENCE {}", self.former),
        ]
    }
}

/// Returns the statement that lets a sequence go on where another one is.
fn advanced(sequence: &str, former: &str) -> String {
    format!("SELECT setval({}, nextval({}), false)", literal(sequence), literal(former))
}

/// Returns a name as a literal, which functions of sequences take.
pub(crate) fn literal(name: &str) -> String {
    stmt!("{name}", name = Literal(name.to_owned())).shown().to_owned()
}

/// Returns `true` if other tables inherit the table's columns: their rows have places of their own.
fn is_inherited(structure: &Structure, table: &SchemaObjectId) -> bool {
    let mut parts = structure.objects.values().flat_map(|object| &object.parts);
    parts.any(|(name, part)| name.starts_with("inherits ") && part.needs.as_ref() == Some(table))
}

/// Returns `true` if a column without its value would not be NULL, or not be allowed: a domain has a default and
/// constraints of its own, and a check sees rows of which only some columns are filled.
fn is_seen(schemas: &SchemaPair<'_>, id: &SchemaObjectId, column: &SchemaObject) -> bool {
    let checks = |(other, object): (&SchemaObjectId, &SchemaObject)| {
        other.kind == SchemaObjectKind::Constraint && object.signature == "c" && object.needs.contains(id)
    };
    column.needs.iter().any(|need| need.kind == SchemaObjectKind::Domain)
        || schemas.to.objects.iter().any(checks)
}

/// Returns `true` if an UPDATE would be refused, because a publication could not say which row it is.
fn is_published(from: &Structure, table: &SchemaObjectId) -> bool {
    let has_key = from.objects.values().any(|key| key.signature == "p" && key.parent.as_ref() == Some(table));
    let identity = from.objects.get(table).and_then(|table| table.parts.get("replica identity"));
    let identified = identity.map_or(has_key, |part| part.value != "n");
    let publishes = |(id, object): (&SchemaObjectId, &SchemaObject)| {
        id.kind == SchemaObjectKind::Publication
            && object.parts.values().any(|part| part.needs.as_ref() == Some(table))
    };
    !identified && from.objects.iter().any(publishes)
}

/// Returns the roles that may insert into the table, or into columns of it, by a grant of a migration.
fn writers(schemas: &SchemaPair<'_>, table: &SchemaObjectId) -> BTreeSet<String> {
    let sides = [schemas.from, schemas.to].into_iter().flat_map(|side| &side.objects);
    let of_it = sides.filter(|(id, object)| *id == table || object.parent.as_ref() == Some(table));
    let grants = of_it
        .flat_map(|(_, object)| object.parts.keys())
        .filter_map(|name| name.strip_prefix("grant INSERT "));
    let role = |grant: &str| match grant.starts_with('(') {
        true => grant.split_once(") ").map_or(grant, |(_, role)| role).to_owned(),
        false => grant.to_owned(),
    };
    grants.map(role).collect()
}

/// Returns what else an UPDATE of the table does.
fn reason(schemas: &SchemaPair<'_>, column: &SchemaObjectId) -> Option<String> {
    let table = schemas.to.objects.get(column)?.parent.as_ref()?;
    for side in [schemas.from, schemas.to] {
        let fires = |object: &SchemaObject| object.create_sql.contains("UPDATE");
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
