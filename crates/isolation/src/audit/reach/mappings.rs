//! Logins that the mappings of foreign servers give.

use std::collections::BTreeSet;

use crate::audit::context::{Audit, Database};
use martydb_catalog::{CatalogObject, DatabaseCatalog, ForeignServer, Mapping};
use martydb_model::findings::PUBLIC;

/// Returns `true` for a wrapper that connects without a password for superusers alone, unless a mapping says otherwise:
/// <https://www.postgresql.org/docs/current/postgres-fdw.html>, `password_required`.
pub(crate) fn asks_for_password(server: &ForeignServer) -> bool {
    ["postgres_fdw", "dblink_fdw"].contains(&server.wrapper.as_str())
}

/// Returns `true` if a mapping gives its role a login at the other end: a password, none where none is asked for, or what the role
/// logged in with.
pub(crate) fn opens(audit: &Audit<'_>, server: &ForeignServer, mapping: &Mapping) -> bool {
    let role = mapping.role.as_deref().and_then(|role| audit.role(role));
    let is_superuser = role.is_some_and(|role| audit.actual.roles[role].superuser);
    let lacks_password = mapping.bare == Some(true) && mapping.passwordless != Some(true);
    !asks_for_password(server) || is_superuser || server.passes_on || !lacks_password
}

/// Returns the foreign tables that no role reads: their server has no mapping that opens it.
pub(crate) fn locked_tables<'a>(audit: &Audit<'_>, catalog: &'a DatabaseCatalog) -> BTreeSet<&'a str> {
    let is_locked = |server: &&ForeignServer| {
        asks_for_password(server) && !server.mappings.iter().any(|mapping| opens(audit, server, mapping))
    };
    let locked = catalog.servers.iter().filter(is_locked);
    locked.flat_map(|server| server.tables.iter().map(|table| table.display.as_str())).collect()
}

/// Returns `true` if a role may use the server itself, or a table of it. The mapping alone connects no one, and its options are shown
/// to no role without USAGE: <https://www.postgresql.org/docs/current/view-pg-user-mappings.html>.
pub(crate) fn is_used_by(db: &Database<'_>, server: &ForeignServer, user: &str) -> bool {
    let may = |item: &CatalogObject, privilege: &str| {
        let callers = db.audit.callers(item, privilege);
        !callers.is_empty() && (user == PUBLIC || callers.contains(&user) || callers.contains(&PUBLIC))
    };
    let objects = || db.catalog.objects.iter();
    let is_server = |item: &&CatalogObject| item.kind == "foreign server" && item.name == server.name;
    let uses_table = |shown: &str| {
        let of_table = |item: &&CatalogObject| {
            item.kind == "foreign table" && item.display == shown
                || item.kind == "column" && item.display.starts_with(&format!("{shown}."))
        };
        objects()
            .filter(of_table)
            .any(|item| ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"].iter().any(|one| may(item, one)))
    };
    !asks_for_password(server)
        || !objects().any(|item| is_server(&item))
        || objects().filter(is_server).any(|item| may(item, "USAGE"))
        || server.tables.iter().any(|table| uses_table(&table.display))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::audit::testing::{assert_finds, healthy, row};

    #[test]
    fn a_mapping_is_a_note_if_its_role_may_use_neither_the_server_nor_a_table_of_it() {
        let mapped = |usage: Option<&str>, table: Option<(&str, &str)>| {
            let mapping =
                json!([{ "role": "red_app", "user": "blue_app", "bare": false, "passwordless": false }]);
            let tables = json!([{ "display": "public.f", "file": null }]);
            let server = json!({
                "name": "far", "quoted": "far", "dbname": "blue_db", "wrapper": "postgres_fdw", "owner": "postgres",
                "connects": true, "local": true, "mappings": mapping, "tables": tables,
            });
            let found = healthy().inside("red_db", |catalog| catalog.servers.push(row(server)));
            let of_superuser = |found: &mut martydb_catalog::CatalogObject| found.owner = "postgres".into();
            let found = found.object("red_db", "foreign server", "far", of_superuser);
            let found = found.object("red_db", "foreign table", "public.f", of_superuser);
            let found = found.inside("red_db", |catalog| {
                let server = catalog.objects.iter_mut().find(|item| item.kind == "foreign server").unwrap();
                server.name = "far".into();
            });
            let found = match usage {
                Some(role) => found.grant_inside("red_db", "USAGE", "far", role),
                None => found,
            };
            match table {
                Some((privilege, role)) => found.grant_inside("red_db", privilege, "public.f", role),
                None => found,
            }
        };
        let line = "critical | user-mapping | blue | red_app | red_db | foreign server far";
        assert_finds(&mapped(None, None), &line.replacen("critical", "low", 1));
        assert_finds(&mapped(None, Some(("SELECT", "red_ro"))), &line.replacen("critical", "low", 1));
        for open in [
            mapped(Some("red_app"), None),
            mapped(Some("PUBLIC"), None),
            mapped(None, Some(("SELECT", "red_app"))),
            mapped(None, Some(("INSERT", "PUBLIC"))),
        ] {
            assert_finds(&open, line);
        }
    }
}
