//! SQL of the data service's own schema: its tables as the table of the model has them, and repaired where they
//! differ from it.

use std::collections::BTreeMap;

use super::counters;
use martydb_model::contract::{ObjectClass, Privilege, Privileges, access_to};
use martydb_model::sql::{Keyword, List, Qualified, Script, Statement, stmt};
use martydb_model::{
    AUDIT_TABLE, AccessTarget, DesiredService, RECORD_TABLES, RecordColumn, RecordPart, RecordPartKind,
    RecordPolicy, RecordTable, RoleName, SERVE_SCHEMA, SchemaName, WriteCounter,
};

/// Creates the schema. It must not exist: the tables would be in a schema of another owner.
pub(crate) fn create_schema(owner: &RoleName) -> Script {
    let schema = named(SERVE_SCHEMA);
    stmt!("CREATE SCHEMA {schema} AUTHORIZATION {owner}").into()
}

/// Drops the tables and the schema; fails if anything else is in it, or depends on it.
pub(crate) fn drop_schema(tables: &[&'static RecordTable]) -> Script {
    let all = List(tables.iter().map(|table| name(table)).collect());
    let tables = (!tables.is_empty()).then(|| stmt!("DROP TABLE {all}"));
    let schema = stmt!("DROP SCHEMA {schema}", schema = named(SERVE_SCHEMA));
    tables.into_iter().chain([schema]).collect()
}

/// Creates a table with its key, index and policies.
pub(crate) fn create_table(table: &RecordTable) -> Script {
    let key = (!table.key.is_empty()).then(|| primary_key(table));
    let columns = List(table.columns.iter().map(column).chain(key).collect());
    let create = stmt!("CREATE TABLE {table} ({columns})", table = name(table));
    let policies = table.policies.iter().map(|one| policy(table, one));
    [create, index(table), secure(table)].into_iter().chain(policies).collect()
}

/// Drops what does not belong to the table, and makes what is missing.
pub fn mend(table: &RecordTable, dropped: &[RecordPart], made: &[RecordPart]) -> Script {
    let changed = |part: &RecordPart| {
        let same = |other: &&RecordPart| other.kind == part.kind && other.name == part.name;
        (part.kind == RecordPartKind::Column).then(|| dropped.iter().find(same)).flatten()
    };
    let is_changed = |part: &&RecordPart| {
        part.kind == RecordPartKind::Column
            && made.iter().any(|one| one.kind == part.kind && one.name == part.name)
    };
    // Backwards: policies and indexes go before the columns that they use.
    let drops =
        dropped.iter().rev().filter(|part| !is_changed(part)).filter_map(|part| drop_part(table, part));
    let makes = made.iter().flat_map(|part| match changed(part) {
        Some(before) => change_column(table, &part.name, &before.text),
        None => make_part(table, part),
    });
    drops.chain(makes).collect()
}

/// Returns all statements by which the admin makes a service's records in a database that has none, such as a restored one, which
/// has these tables. `known` are the server's roles: the others get their privileges from `apply`.
pub fn all(service: &DesiredService, known: &[RoleName], there: &[(SchemaName, String)]) -> Vec<Statement> {
    let Some(exposure) = &service.serve else { return vec![] };
    let cached = there
        .iter()
        .filter(|(schema, table)| exposure.cache.contains_key(table) && exposure.schemas.contains(schema));
    let counters = cached.flat_map(|(schema, table)| {
        let sequence = WriteCounter::new(schema.as_str(), table).sequence();
        let spot = AccessTarget::Object { schema: SERVE_SCHEMA, name: &sequence };
        let on = Qualified(vec![SERVE_SCHEMA.into(), sequence.clone()]);
        let granted = grants(service, known, stmt!("SEQUENCE {on}"), spot);
        counters::create(schema, table).into_iter().chain(granted)
    });
    let schema = grants(
        service,
        known,
        stmt!("SCHEMA {name}", name = named(SERVE_SCHEMA)),
        AccessTarget::Schema(SERVE_SCHEMA),
    );
    let tables = RECORD_TABLES.iter().flat_map(|table| {
        let spot = AccessTarget::Object { schema: SERVE_SCHEMA, name: table.name };
        let granted = grants(service, known, stmt!("TABLE {name}", name = name(table)), spot);
        create_table(table).statements().to_vec().into_iter().chain(granted)
    });
    let create = stmt!("CREATE SCHEMA {name}", name = named(SERVE_SCHEMA));
    [create].into_iter().chain(schema).chain(tables).chain(counters).collect()
}

/// Returns the statements that make the audit without privileges for any role, where no service is exposed.
pub fn audit_alone() -> Vec<Statement> {
    let create = stmt!("CREATE SCHEMA {name}", name = named(SERVE_SCHEMA));
    let audit = RECORD_TABLES.iter().filter(|table| table.name == AUDIT_TABLE);
    [create].into_iter().chain(audit.flat_map(|table| create_table(table).statements().to_vec())).collect()
}

fn grants(
    service: &DesiredService,
    known: &[RoleName],
    on: Statement,
    spot: AccessTarget<'_>,
) -> Vec<Statement> {
    let grant = |(role, privileges): (&RoleName, &[Privilege])| {
        let privileges = Privileges::new(privileges.iter().copied());
        stmt!("GRANT {privileges} ON {on} TO {role}")
    };
    // A login that keeps answers and is audited comes twice.
    let held: BTreeMap<&RoleName, &[Privilege]> =
        access_to(service, ObjectClass::Records, spot).filter(|(role, _)| known.contains(role)).collect();
    held.into_iter().map(grant).collect()
}

fn named(name: &str) -> Qualified {
    Qualified(vec![name.into()])
}

fn name(table: &RecordTable) -> Qualified {
    Qualified(vec![SERVE_SCHEMA.into(), table.name.into()])
}

fn names(all: &[&str]) -> List<Qualified> {
    List(all.iter().map(|one| named(one)).collect())
}

fn column(column: &RecordColumn) -> Statement {
    let (name, kind) = (named(column.name), Keyword(column.r#type));
    let required = Keyword(if column.required { " NOT NULL" } else { "" });
    let default = default(column);
    stmt!("{name} {kind}{required}{default}")
}

fn default(column: &RecordColumn) -> Statement {
    column.default.map_or(stmt!(""), |default| stmt!(" DEFAULT {default}", default = Keyword(default)))
}

fn primary_key(table: &RecordTable) -> Statement {
    let (name, columns) = (named(&table.key_name()), names(table.key));
    stmt!("CONSTRAINT {name} PRIMARY KEY ({columns})")
}

fn index(table: &RecordTable) -> Statement {
    let (name, on, columns) = (named(&table.index_name()), name(table), names(table.index));
    stmt!("CREATE INDEX {name} ON {on} ({columns})")
}

fn secure(table: &RecordTable) -> Statement {
    stmt!("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", table = name(table))
}

fn policy(table: &RecordTable, policy: &RecordPolicy) -> Statement {
    let (name, on, command) = (named(policy.name), name(table), Keyword(policy.command));
    let using = policy.using.map_or(stmt!(""), |text| stmt!(" USING {text}", text = Keyword(text)));
    let check = policy.check.map_or(stmt!(""), |text| stmt!(" WITH CHECK {text}", text = Keyword(text)));
    stmt!("CREATE POLICY {name} ON {on} FOR {command}{using}{check}")
}

fn drop_part(table: &RecordTable, part: &RecordPart) -> Option<Statement> {
    let (on, name) = (name(table), named(&part.name));
    Some(match part.kind {
        RecordPartKind::Column => stmt!("ALTER TABLE {on} DROP COLUMN {name}"),
        RecordPartKind::Constraint => stmt!("ALTER TABLE {on} DROP CONSTRAINT {name}"),
        RecordPartKind::Index => {
            stmt!("DROP INDEX {index}", index = Qualified(vec![SERVE_SCHEMA.into(), part.name.clone()]))
        }
        RecordPartKind::RowSecurity => stmt!("ALTER TABLE {on} NO FORCE ROW LEVEL SECURITY"),
        RecordPartKind::Policy => stmt!("DROP POLICY {name} ON {on}"),
        RecordPartKind::Trigger => stmt!("DROP TRIGGER {name} ON {on}"),
        RecordPartKind::Rule => stmt!("DROP RULE {name} ON {on}"),
        RecordPartKind::Other => return None,
    })
}

fn make_part(table: &RecordTable, part: &RecordPart) -> Vec<Statement> {
    let on = name(table);
    let made = match part.kind {
        RecordPartKind::Column => table
            .columns
            .iter()
            .find(|one| one.name == part.name)
            .map(|one| stmt!("ALTER TABLE {on} ADD COLUMN {column}", column = column(one))),
        RecordPartKind::Constraint => Some(stmt!("ALTER TABLE {on} ADD {key}", key = primary_key(table))),
        RecordPartKind::Index => Some(index(table)),
        RecordPartKind::RowSecurity => Some(secure(table)),
        RecordPartKind::Policy => {
            table.policies.iter().find(|one| one.name == part.name).map(|one| policy(table, one))
        }
        RecordPartKind::Trigger | RecordPartKind::Rule | RecordPartKind::Other => None,
    };
    made.into_iter().collect()
}

/// Changes what differs of a column. Its type cannot be changed while a policy uses it, and is changed only if it differs.
fn change_column(table: &RecordTable, column: &str, before: &str) -> Vec<Statement> {
    let Some(column) = table.columns.iter().find(|one| one.name == column) else { return vec![] };
    let name = named(column.name);
    let mut all = vec![];
    let generated = before.contains(" GENERATED");
    if generated {
        // The default goes with it.
        let word = Keyword(if before.contains(" AS IDENTITY") { "IDENTITY" } else { "EXPRESSION" });
        all.push(stmt!("ALTER {name} DROP {word}"));
    }
    let rest = before.strip_prefix(column.r#type);
    if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')) {
        all.push(stmt!("ALTER {name} TYPE {kind}", kind = Keyword(column.r#type)));
    }
    if column.required != before.contains(" NOT NULL") {
        let word = Keyword(if column.required { "SET" } else { "DROP" });
        all.push(stmt!("ALTER {name} {word} NOT NULL"));
    }
    match column.default {
        Some(default) => {
            all.push(stmt!("ALTER {name} SET DEFAULT {default}", default = Keyword(default)));
        }
        None if !generated && before.contains(" DEFAULT ") => all.push(stmt!("ALTER {name} DROP DEFAULT")),
        None => {}
    }
    let changes = List(all);
    vec![stmt!("ALTER TABLE {table} {changes}", table = self::name(table))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_model::RECORD_TABLES;

    fn audit() -> &'static RecordTable {
        &RECORD_TABLES[0]
    }

    fn part(kind: RecordPartKind, name: &str) -> RecordPart {
        let own = audit().parts().into_iter().find(|part| part.kind == kind && part.name == name);
        own.unwrap_or(RecordPart { kind, name: name.into(), text: "text".into() })
    }

    #[test]
    fn a_table_is_made_with_its_row_security() {
        let sql = create_table(audit()).to_string();
        assert!(sql.contains("\"login\" name NOT NULL DEFAULT SESSION_USER"), "{sql}");
        assert!(!sql.contains("PRIMARY KEY"), "{sql}");
        assert!(sql.contains("ENABLE ROW LEVEL SECURITY"), "{sql}");
    }

    #[test]
    fn an_index_goes_before_its_column() {
        let added = [part(RecordPartKind::Column, "note"), part(RecordPartKind::Index, "audit_note")];
        let sql = mend(audit(), &added, &[]).to_string();
        assert!(sql.find("DROP INDEX").unwrap() < sql.find("DROP COLUMN").unwrap(), "{sql}");
    }

    #[test]
    fn a_column_of_another_form_comes_back() {
        let column =
            audit().columns.iter().find(|one| one.r#type == "text" && one.default.is_none()).unwrap();
        for (before, expected) in [
            ("text[]", "TYPE text"),
            ("text GENERATED", "DROP EXPRESSION"),
            ("text DEFAULT 'x'::text", "DROP DEFAULT"),
        ] {
            let sql = stmt!("{all}", all = List(change_column(audit(), column.name, before))).to_string();
            assert!(sql.contains(expected), "{before}: {sql}");
        }
    }

    #[test]
    fn a_fix_drops_added_and_restores_changed_objects() {
        let added = part(RecordPartKind::Trigger, "evil");
        let login = part(RecordPartKind::Column, "login");
        let changed = RecordPart { text: "name DEFAULT 'x'::name".into(), ..login.clone() };
        let sql =
            mend(audit(), &[added, changed], &[login, part(RecordPartKind::Policy, "record")]).to_string();
        assert!(sql.contains("DROP TRIGGER \"evil\""), "{sql}");
        assert!(
            sql.contains("ALTER \"login\" SET NOT NULL, ALTER \"login\" SET DEFAULT SESSION_USER"),
            "{sql}"
        );
        assert!(sql.contains("CREATE POLICY \"record\"") && !sql.contains("DROP COLUMN"), "{sql}");
    }
}
