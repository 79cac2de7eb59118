//! Extensions that the manifest does not declare, and extensions that reach beyond their database.

use super::context::{Audit, Database};
use crate::audit::context::AuditSubject;
use martydb_catalog::{Extension, ExtensionAccess};
use martydb_model::findings::Severity::{High, Low};
use martydb_model::findings::{CROSSING, EXTENSION, FindingBuilder};
use martydb_model::grants::{Repair, RepairScope, ident};
use martydb_model::sql::stmt;
use martydb_model::{AclEntry, DesiredService, RoleKind};

/// Databases in which a message or a row must be read for it to cross.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CrossingScope {
    /// Only in this database.
    One,
    /// Also in another database with the same extension.
    Both,
}

use CrossingScope::{Both, One};

/// An extension whose functions or views reach beyond its database, for every login that may use them.
/// Extensions that need a foreign server, or a privilege that they do not grant to PUBLIC, are judged by these.
struct ReachingExtension {
    name: &'static str,
    ends: CrossingScope,
    does: &'static str,
    advice: &'static str,
}

const fn crossing(
    name: &'static str,
    ends: CrossingScope,
    does: &'static str,
    advice: &'static str,
) -> ReachingExtension {
    ReachingExtension { name, ends, does, advice }
}

const REVOKE: &str = "revoke EXECUTE on its functions from PUBLIC";

const CROSSINGS: &[ReachingExtension] = &[
    crossing("aws_lambda", One, "calls functions outside the server", REVOKE),
    crossing("aws_s3", One, "copies rows to and from object storage", REVOKE),
    crossing("dblink", One, "opens connections to every database that the host reaches", REVOKE),
    crossing("http", One, "sends requests from the server's host", REVOKE),
    crossing(
        "orafce",
        Both,
        "passes messages between databases (dbms_pipe, dbms_alert)",
        "revoke USAGE on the schemas dbms_pipe and dbms_alert from PUBLIC",
    ),
    crossing("pg_background", One, "runs statements in sessions of its own", REVOKE),
    crossing(
        "pg_cron",
        One,
        "runs jobs later, in any database to which their owner may connect",
        "install it only in the maintenance database",
    ),
    crossing("pg_curl", One, "sends requests from the server's host", REVOKE),
    crossing("pg_net", One, "sends requests from the server's host", REVOKE),
    crossing(
        "pg_qualstats",
        One,
        "shows the constants in queries of all databases",
        "revoke SELECT on its views and EXECUTE on its functions from PUBLIC",
    ),
    crossing("pgagent", One, "runs jobs with the privileges of their agent", "keep its schema closed"),
    crossing("plproxy", One, "opens connections to other databases", REVOKE),
    crossing("set_user", One, "changes the role of a session", "grant EXECUTE only to administrators"),
];

/// A table of an extension whose rows give access to every role that may use one of its schemas.
struct OpeningTable {
    extension: &'static str,
    schema: &'static str,
    table: &'static str,
    does: &'static str,
}

const OPENING_TABLES: &[OpeningTable] = &[OpeningTable {
    extension: "orafce",
    schema: "utl_file",
    table: "utl_file.utl_file_dir",
    does: "reads and writes files in the folders that its rows name",
}];

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        let Some(service) = db.service else { continue };
        for found in &db.catalog.extensions {
            out.extend(undeclared(&db, service, found));
            out.extend(crosses(&db, service, found));
            out.extend(opened_by_rows(&db, service, found));
        }
    }
}

fn undeclared(db: &Database<'_>, service: &DesiredService, found: &Extension) -> Option<FindingBuilder> {
    if service.installs(&found.name) {
        return None;
    }
    let kind = if found.trusted == Some(true) { "trusted" } else { "not trusted" };
    let seen = format!("the extension {} ({kind}) is installed and not declared", found.name);
    let close = stmt!("DROP EXTENSION {name}", name = ident(&found.name));
    let finding = EXTENSION.of(service.role(RoleKind::App).as_str()).at(Low).inside(db);
    let finding = finding.object(format!("extension {}", found.name)).evidence(seen);
    let declare = format!(
        "if it is wanted, declare it: `extensions: [{}]` of service {}; else drop it",
        found.name, service.name
    );
    Some(finding.fix(Repair::drop(RepairScope::Database, close)).advice(&declare))
}

fn crosses(db: &Database<'_>, service: &DesiredService, found: &Extension) -> Option<FindingBuilder> {
    let row = CROSSINGS.iter().find(|row| row.name == found.name)?;
    if row.ends == Both && !is_elsewhere(db, &found.name) {
        return None;
    }
    let login = user(service, |login| found.open.iter().any(|access| can_use(db, login, access)))?;
    let seen = format!("{login} can use the extension {}, which {}", row.name, row.does);
    let found = CROSSING.of(login).inside(db).object(format!("extension {}", row.name)).evidence(seen);
    Some(found.advice(row.advice))
}

/// Returns the first login of the service that can use it.
fn user(service: &DesiredService, can: impl Fn(&str) -> bool) -> Option<&str> {
    RoleKind::logins_by_use().map(|kind| service.role(kind).as_str()).find(|login| can(login))
}

/// Reports such a table with rows. No query reads them: a file that is not empty shows that there are some, or
/// were before a VACUUM.
fn opened_by_rows(db: &Database<'_>, service: &DesiredService, found: &Extension) -> Option<FindingBuilder> {
    let row = OPENING_TABLES.iter().find(|row| row.extension == found.name)?;
    let mut relations = db.catalog.privileged.relations.iter();
    relations.find(|relation| relation.display == row.table && relation.stored)?;
    let open = found.open.iter().filter(|access| access.schema == row.schema);
    let login = user(service, |login| open.clone().any(|access| can_use(db, login, access)))?;
    let seen = format!("{} has rows, and {login} {} ({})", row.table, row.does, row.extension);
    let found = CROSSING.of(login).at(High).inside(db).object(format!("table {}", row.table)).evidence(seen);
    let steps =
        format!("delete the rows, then VACUUM {}; or revoke USAGE on schema {}", row.table, row.schema);
    Some(found.advice(&steps))
}

/// Returns `true` if another database to which logins can connect has the extension too.
fn is_elsewhere(db: &Database<'_>, extension: &str) -> bool {
    let mut others = db.audit.databases().filter(|other| other.name != db.name);
    others.any(|other| {
        let has = other.catalog.extensions.iter().any(|one| one.name == extension);
        has && (other.service.is_some() || other.is_visited() || other.is_entered())
    })
}

fn can_use(db: &Database<'_>, login: &str, access: &ExtensionAccess) -> bool {
    let acts_as = |name: &str| db.audit.actors(name).contains(&login);
    let holds = access.grantee.as_deref().is_none_or(acts_as);
    let enters = |entry: &AclEntry| {
        entry.privilege == "USAGE" && entry.grantee.role().is_none_or(|role| acts_as(role.as_str()))
    };
    let mut schemas = db.catalog.privileged.schemas.iter().filter(|schema| schema.name == access.schema);
    holds && schemas.any(|schema| acts_as(&schema.owner) || schema.acl.iter().any(enters))
}

#[cfg(test)]
mod tests {
    use martydb_model::DesiredExtension;
    use serde_json::json;

    use crate::audit::testing::{NOTHING, Server, assert_grave, entry, healthy, row};

    /// An extension with a function in a schema of its own, which a role may call.
    fn extension(database: &str, name: &str, grantee: Option<&str>) -> impl FnOnce(Server) -> Server {
        let open = json!([{ "schema": name, "grantee": grantee }]);
        let found = json!({ "name": name, "owner": "postgres", "trusted": false, "open": open });
        let schema = json!({ "name": name, "owner": "postgres", "acl": null });
        let database = database.to_owned();
        move |server| {
            server.inside(&database, |catalog| {
                catalog.extensions.push(row(found));
                catalog.privileged.schemas.push(row(schema));
            })
        }
    }

    fn usable(server: Server, database: &str, name: &str) -> Server {
        server.inside(database, |catalog| {
            let mut schemas = catalog.privileged.schemas.iter_mut();
            let schema = schemas.find(|schema| schema.name == name).unwrap();
            schema.acl.push(entry("USAGE", "red_app", "postgres"));
        })
    }

    #[test]
    fn an_extension_that_leads_out_of_its_database_is_named_where_a_login_can_use_it() {
        let dblink = |grantee| extension("red_db", "dblink", grantee)(healthy());
        let line = "medium | extension-crosses-databases | red | red_app | red_db | extension dblink";
        assert_grave([
            (usable(dblink(None), "red_db", "dblink"), &[line]),
            (usable(dblink(Some("red_app")), "red_db", "dblink"), &[line]),
            (usable(dblink(Some("blue_app")), "red_db", "dblink"), &[]),
            (dblink(None), &[]),
            (usable(extension("red_db", "hstore", None)(healthy()), "red_db", "hstore"), &[]),
        ]);
    }

    #[test]
    fn messages_cross_only_between_two_databases() {
        let one = || usable(extension("red_db", "orafce", None)(healthy()), "red_db", "orafce");
        let line = "medium | extension-crosses-databases | red | red_app | red_db | extension orafce";
        assert_grave([(one(), &[]), (extension("blue_db", "orafce", None)(one()), &[line])]);
    }

    #[test]
    fn a_row_in_a_table_that_opens_folders_is_named() {
        let table = |stored| {
            let found = json!({
                "display": "utl_file.utl_file_dir", "schema": "utl_file", "owner": "postgres", "grant_on": "TABLE x",
                "system": false, "row_security": false, "stored": stored, "materialized": false, "view": false,
                "filled": false, "invoker": false, "reads": null, "triggers": null, "children": null, "acl": null,
            });
            let server = extension("red_db", "orafce", None)(healthy());
            let server = server.inside("red_db", |catalog| {
                catalog.extensions[0].open[0].schema = "utl_file".into();
                catalog
                    .privileged
                    .schemas
                    .push(row(json!({ "name": "utl_file", "owner": "postgres", "acl": null })));
                catalog.privileged.relations.push(row(found));
            });
            usable(server, "red_db", "utl_file")
        };
        let line =
            "high | extension-crosses-databases | red | red_app | red_db | table utl_file.utl_file_dir";
        assert_grave([(table(true), &[line]), (table(false), &[])]);
    }

    #[test]
    fn an_extension_that_nobody_declares_is_a_note() {
        let hstore = || extension("red_db", "hstore", None)(healthy());
        assert_eq!(
            hstore().found(),
            ["low | undeclared-extension | red | red_app | red_db | extension hstore"]
        );
        let declared = hstore().manifest(|desired| {
            desired.services.values_mut().for_each(|service| {
                service.extensions.push(DesiredExtension { name: "hstore".into(), schema: None })
            });
        });
        assert_eq!(declared.found(), NOTHING);
    }
}
