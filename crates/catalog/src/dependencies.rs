//! Objects and privileges of a service's roles on a server, read from `pg_shdepend` and from the databases
//! themselves.

use std::collections::BTreeMap;

use serde::Deserialize;

use martydb_model::contract::existing_roles;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{List, Literal, Statement, stmt};
use martydb_model::{ActualServer, DbName, DesiredServer, DesiredService, RoleDependencies, RoleName};
use martydb_pg::server::{Access, query_as};

#[derive(Deserialize)]
struct Dependency {
    role: RoleName,
    ours: bool,
    database: Option<DbName>,
    owned: bool,
    own_database: bool,
    other_database: Option<DbName>,
    stuck: Option<String>,
}

/// Reads the dependencies. Connects to every database in which the roles own something, except test databases,
/// and except the service's own where that `goes`.
#[martydb_pg::boxed]
pub async fn dependencies(
    access: &Access,
    desired: &DesiredServer,
    actual: &ActualServer,
    service: &DesiredService,
    goes: bool,
) -> Result<RoleDependencies> {
    // Test databases are dropped as a whole.
    let tests = actual.test_databases(desired);
    let is_test = |name: &DbName| tests.get(name).is_some_and(|test| test.service == service.name);
    let roles = existing_roles(actual, service);
    let mut connection = access.read(&access.maintenance).await?;
    let rows: Vec<String> =
        query_as(&mut connection, &dependency_rows(&roles, goes.then_some(&service.database))).await?;
    let mut traces = RoleDependencies::default();
    let mut visited: BTreeMap<DbName, bool> = BTreeMap::new();
    for text in &rows {
        let row: Dependency = serde_json::from_str(text)
            .map_err(|error| Error::operation("cannot read what the roles own").cause(error))?;
        if row.database.as_ref().or(row.other_database.as_ref()).is_some_and(is_test) {
            continue;
        }
        let place = row.database.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
        traces.stuck.extend(row.stuck.filter(|_| row.ours).map(|what| what + &place));
        match (row.ours, row.database) {
            (false, _) => *traces.guests.entry(row.role).or_default() += 1,
            (true, Some(database)) => *visited.entry(database).or_default() |= row.owned,
            (true, None) if row.own_database => {}
            (true, None) => {
                traces.shared = true;
                traces.shared_owned |= row.owned && row.other_database.is_none();
                traces.databases.extend(row.other_database.filter(|_| row.owned));
            }
        }
    }
    for (database, owned) in visited {
        let what = if owned { describe(access, &database, &roles).await? } else { vec![] };
        traces.inside.insert(database, what);
    }
    Ok(traces)
}

/// Builds the query, with one row per dependency: our roles anywhere except in the database to drop, and other
/// owners in there.
fn dependency_rows(roles: &[RoleName], database: Option<&DbName>) -> Statement {
    stmt!(
        "SELECT pg_catalog.jsonb_build_object(
           'role', r.rolname, 'ours', r.rolname IN ({roles}), 'database', d.datname, 'owned', s.deptype = 'o'
             AND s.classid NOT IN ('pg_catalog.pg_default_acl'::pg_catalog.regclass,
               'pg_catalog.pg_user_mapping'::pg_catalog.regclass),
           'stuck', CASE WHEN s.deptype = 'o' THEN CASE s.classid
             WHEN 'pg_catalog.pg_event_trigger'::pg_catalog.regclass THEN 'an event trigger'
             WHEN 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass THEN 'a foreign-data wrapper'
             WHEN 'pg_catalog.pg_subscription'::pg_catalog.regclass
               THEN CASE WHEN pg_catalog.current_setting('server_version_num')::int < 160000 THEN 'a subscription' END
             END END,
           'own_database', s.dbid = 0 AND coalesce(o.datname = {database}, false),
           'other_database', o.datname)::text
         FROM pg_catalog.pg_shdepend s
         JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
         LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
         LEFT JOIN pg_catalog.pg_database o
           ON s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass AND o.oid = s.objid
         WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
           AND CASE WHEN d.datname = {database} THEN r.rolname NOT IN ({roles}) AND s.deptype = 'o'
               ELSE r.rolname IN ({roles}) END
         ORDER BY 1",
        roles = literals(roles),
        // No database has an empty name.
        database = Literal(database.map_or_else(String::new, ToString::to_string)),
    )
}

/// Quotes role names. Never empty: `IN ()` is a syntax error, and no role is called `''`.
fn literals(roles: &[RoleName]) -> List<Literal> {
    List::literals(roles.iter().map(RoleName::as_str).chain([""]))
}

/// Describes the first objects by name and counts the rest.
async fn describe(access: &Access, database: &DbName, roles: &[RoleName]) -> Result<Vec<String>> {
    const MAX_NAMED: usize = 20;
    let statement = stmt!(
        "SELECT coalesce(pg_catalog.pg_describe_object(s.classid, s.objid, s.objsubid), 'something unknown')
         FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid
         WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.deptype = 'o'
           AND s.classid NOT IN ('pg_catalog.pg_default_acl'::pg_catalog.regclass,
             'pg_catalog.pg_user_mapping'::pg_catalog.regclass)
           AND r.rolname IN ({roles})
           AND s.dbid = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
         ORDER BY 1",
        roles = literals(roles),
    );
    let mut connection = access.read(database.as_str()).await?;
    let mut what: Vec<String> = query_as(&mut connection, &statement).await?;
    if what.len() > MAX_NAMED {
        let more = what.split_off(MAX_NAMED).len();
        what.push(format!("{more} more"));
    }
    Ok(what)
}
