//! Schemas that only superusers may use. No other role finds what is in one by its name, so it is out of
//! reach unless something outside uses it: <https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PRIV>.

use super::super::context::Database;
use super::body_text::read_body;
use super::pieces::{Piece, pieces};
use martydb_catalog::{CatalogObject, RoutineBody, SchemaAccess};

/// Roles with USAGE on every schema: <https://www.postgresql.org/docs/current/predefined-roles.html>.
const USE_ALL: &[&str] = &["pg_read_all_data", "pg_write_all_data"];

/// Returns `true` for a function or a relation that no login can name, and that nothing outside its schema uses.
pub(crate) fn is_out_of_reach(db: &Database<'_>, item: &CatalogObject) -> bool {
    let Some(schema) = item.schema.as_deref().filter(|_| item.is_users() && item.referred == Some(false))
    else {
        return false;
    };
    let mut schemas = db.catalog.privileged.schemas.iter();
    schemas.find(|found| found.name == schema).is_some_and(|found| is_closed(db, found))
        && USE_ALL.iter().all(|role| db.audit.actors(role).is_empty())
        && !db.catalog.privileged.bodies.iter().any(|body| is_outside(body, schema) && may_use(body, schema))
        && !db.catalog.objects.iter().any(|other| is_unread(db, other, schema))
}

fn is_superuser(db: &Database<'_>, name: &str) -> bool {
    db.audit.role(name).is_some_and(|role| db.audit.actual.roles[role].superuser)
}

fn is_closed(db: &Database<'_>, schema: &SchemaAccess) -> bool {
    let of_superuser = |name: Option<&str>| name.is_some_and(|name| is_superuser(db, name));
    of_superuser(Some(&schema.owner))
        && schema.acl.iter().all(|entry| of_superuser(entry.grantee.role().map(|role| role.as_str())))
}

/// Returns `true` for a text of a superuser that does not stand in the schema.
fn is_outside(body: &RoutineBody, schema: &str) -> bool {
    let name = body.function.as_deref().unwrap_or_default();
    !pieces(name).first().is_some_and(|first| is_name(first, schema))
}

fn is_name(piece: &Piece, schema: &str) -> bool {
    matches!(piece, Piece::Word { text, .. } if text == schema)
}

/// Returns `true` for a text that names the schema anywhere, finds it by its path, or executes what is not known.
fn may_use(body: &RoutineBody, schema: &str) -> bool {
    body.text.to_lowercase().contains(&schema.to_lowercase())
        || body.path.as_deref().is_some_and(|path| path.contains(schema))
        || read_body(&body.text, body.language == "plpgsql").executes
}

/// Returns `true` for a function outside that runs as a superuser, and whose text is not read here.
fn is_unread(db: &Database<'_>, other: &CatalogObject, schema: &str) -> bool {
    let is_read = other.language.as_deref().is_none_or(|language| ["sql", "plpgsql"].contains(&language));
    other.definer && !is_read && other.schema.as_deref() != Some(schema) && is_superuser(db, &other.owner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::audit::testing::{NOTHING, Server, entry, healthy, row};
    use martydb_catalog::SchemaAccess;

    const SHOWN: &str = "dba.run(text)";

    /// A schema of the superuser with a function and a view that everybody might use.
    fn closed(change: impl FnOnce(&mut SchemaAccess)) -> Server {
        let mut schema: SchemaAccess = row(json!({ "name": "dba", "owner": "postgres", "acl": null }));
        change(&mut schema);
        let server = healthy().inside("red_db", |catalog| catalog.privileged.schemas.push(schema));
        let server = server.object("red_db", "function", SHOWN, |found| {
            (found.owner, found.definer, found.referred) = ("postgres".into(), true, Some(false));
            found.config = Some(vec!["search_path=pg_catalog".into()]);
        });
        let server = server.object("red_db", "view", "dba.keys", |found| {
            (found.owner, found.referred) = ("postgres".into(), Some(false));
        });
        let server = server.grant_inside("red_db", "EXECUTE", SHOWN, "PUBLIC");
        server.grant_inside("red_db", "SELECT", "dba.keys", "red_ro")
    }

    fn used_by(server: Server, text: &str, path: &str) -> Server {
        let body = json!({
            "run_by": "the function ops.f()", "function": "ops.f()", "language": "plpgsql", "definer": true,
            "text": text, "path": path,
        });
        server.inside("red_db", |catalog| catalog.privileged.bodies.push(row(body)))
    }

    #[test]
    fn what_is_in_a_schema_of_superusers_is_out_of_reach() {
        assert_eq!(closed(|_| {}).grave(), NOTHING);
        assert_eq!(used_by(closed(|_| {}), "BEGIN RETURN 1; END", "pg_catalog").grave(), NOTHING);
    }

    #[test]
    fn what_others_may_name_or_use_is_not() {
        let grants = |role: &str| {
            let usage = entry("USAGE", role, "postgres");
            closed(|schema| schema.acl.push(usage))
        };
        let reads = |role: &str| closed(|_| {}).unmanaged("dump").member("dump", role);
        let outside = |found: &mut martydb_catalog::CatalogObject| {
            (found.owner, found.definer, found.language) = ("postgres".into(), true, Some("plperl".into()));
        };
        for (server, why) in [
            (grants("PUBLIC"), "USAGE of PUBLIC"),
            (grants("red_app"), "USAGE of a login"),
            (grants("red_owner"), "USAGE of the owner"),
            (
                closed(|_| {}).role("keeper", |_| {}).inside("red_db", |catalog| {
                    catalog.privileged.schemas.last_mut().unwrap().owner = "keeper".into();
                }),
                "another owner",
            ),
            (reads("pg_read_all_data"), "a role with USAGE on all schemas"),
            (used_by(closed(|_| {}), "BEGIN PERFORM dba.run('x'); END", "pg_catalog"), "a text"),
            (
                used_by(closed(|_| {}), "BEGIN EXECUTE 'SELECT dba.run(''x'')'; END", "pg_catalog"),
                "a literal",
            ),
            (used_by(closed(|_| {}), "BEGIN PERFORM run('x'); END", "pg_catalog, dba"), "a path"),
            (used_by(closed(|_| {}), "BEGIN EXECUTE q; END", "pg_catalog"), "a text that is not known"),
            (closed(|_| {}).object("red_db", "function", "ops.g()", outside), "another language"),
            (closed(|_| {}).alter("red_db", SHOWN, |found| found.referred = Some(true)), "a dependency"),
            (closed(|_| {}).alter("red_db", SHOWN, |found| found.referred = None), "an unknown dependency"),
        ] {
            let found = server.grave();
            assert!(found.iter().any(|line| line.ends_with(SHOWN)), "{why}: {found:#?}");
        }
    }
}
