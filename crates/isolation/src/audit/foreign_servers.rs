//! Connections out of a database: foreign servers, their tables and the logins that they use.

use super::context::{Audit, Database};
use crate::audit::context::AuditSubject;
use crate::audit::reach::{asks_for_password, is_of_kernel, is_used_by, opens};
use martydb_catalog::{CatalogObject, ForeignServer, Mapping};
use martydb_model::findings::Severity::{Critical, High, Low, Medium};
use martydb_model::findings::{FOREIGN_TABLE, FindingBuilder, PUBLIC, USER_MAPPING};
use martydb_model::grants::{Repair, RepairScope, ident};
use martydb_model::sql::{ServerText, stmt};
use martydb_model::{DesiredService, RoleKind};

pub(crate) fn judge(audit: &Audit<'_>, out: &mut Vec<FindingBuilder>) {
    for db in audit.databases() {
        for server in &db.catalog.servers {
            // The service whose database the server connects to.
            let other = server.dbname.as_deref().filter(|name| *name != db.name);
            let beyond = other.and_then(|name| audit.service_of(name));
            let route = ServerMapping { db: &db, server, beyond };
            route.mappings(out);
            route.tables(out);
            route.owner(out);
        }
        db.catalog.unchecked_wrappers.iter().for_each(|wrapper| unchecked(&db, wrapper, out));
    }
}

/// Reports access to a wrapper without a validator. The wrapper's own code does not check what a role may open,
/// so an option may name any file or program. USAGE on the wrapper allows to create a server, and USAGE on a
/// server to create a table.
fn unchecked(db: &Database<'_>, wrapper: &str, out: &mut Vec<FindingBuilder>) {
    let servers = db.catalog.servers.iter().filter(|server| server.wrapper == wrapper);
    let servers: Vec<&str> = servers.map(|server| server.name.as_str()).collect();
    let leads = |item: &&CatalogObject| match item.kind.as_str() {
        "foreign-data wrapper" => item.name == wrapper,
        "foreign server" => servers.contains(&item.name.as_str()),
        _ => false,
    };
    for item in db.catalog.objects.iter().filter(leads) {
        for user in db.audit.callers(item, "USAGE") {
            let seen = format!(
                "{user} can use {}, and no validator checks the options of the foreign-data wrapper {wrapper}: \
                 they name any file or program of the server",
                item.object()
            );
            let found = FOREIGN_TABLE.of(user).at(db.severity(user)).about(db, item).evidence(seen);
            out.push(match db.audit.entry_for(item, user) {
                Some(entry) => found.revoking(entry, None, &item.securable()),
                None => found,
            });
        }
    }
}

/// Returns `true` for a server that connects nowhere, leads the service's logins, as themselves, back to the database in which
/// it is, or has no login: who may use it needs a login and a password of the other end.
pub(crate) fn leads_nowhere(db: &Database<'_>, item: &CatalogObject) -> bool {
    let named = |server: &&ForeignServer| item.kind == "foreign server" && server.name == item.name;
    db.catalog.servers.iter().find(named).is_some_and(|server| {
        let route = ServerMapping { db, server, beyond: None };
        let own =
            |mapping: &Mapping| mapping.role.as_deref().is_some_and(|role| route.leads_back(mapping, role));
        !server.connects
            || server.mappings.iter().all(own) && (asks_for_password(server) || !server.mappings.is_empty())
    })
}

struct ServerMapping<'a> {
    db: &'a Database<'a>,
    server: &'a ForeignServer,
    beyond: Option<&'a DesiredService>,
}

impl ServerMapping<'_> {
    fn object(&self) -> String {
        format!("foreign server {}", self.server.name)
    }

    /// Sets the service at the other end as the exposed one, if there is one.
    fn exposing(&self, found: FindingBuilder) -> FindingBuilder {
        found.inside(self.db).service(self.beyond.or(self.db.service))
    }

    fn mappings(&self, out: &mut Vec<FindingBuilder>) {
        // A database that does not exist here is on another server.
        let is_abroad =
            self.server.dbname.as_ref().is_some_and(|name| self.db.audit.database(name).is_none());
        let of_service = self.db.service.or(self.beyond).is_some();
        let severity = if of_service && !is_abroad { Critical } else { Medium };
        for mapping in &self.server.mappings {
            let free = if mapping.passwordless == Some(true) { " without a password" } else { "" };
            out.extend(self.runs_code(mapping));
            let users = mapping.role.as_deref().map_or(vec![PUBLIC], |role| self.db.audit.actors(role));
            for user in users {
                // An unmanaged login that reaches no service by it, in a database of its own.
                let is_own =
                    !of_service && self.db.is_granted_by_name(user) && self.db.audit.managed(user).is_none();
                let is_idle = is_own
                    || !is_used_by(self.db, self.server, user)
                    || !opens(self.db.audit, self.server, mapping)
                    || !self.server.connects && mapping.bare == Some(true);
                let severity = if is_idle || self.leads_back(mapping, user) { Low } else { severity };
                let of =
                    mapping.role.as_deref().map_or(stmt!("PUBLIC"), |role| stmt!("{r}", r = ident(role)));
                let name = ServerText::quoted_by_server(self.server.quoted.clone());
                let close = stmt!("DROP USER MAPPING FOR {of} SERVER {name}");
                let found = self.exposing(USER_MAPPING.of(user).at(severity)).object(self.object());
                let found = found.evidence(format!("{user} can connect through {}{free}", self.object()));
                out.push(found.fix(Repair::drop(RepairScope::Database, close)));
            }
        }
    }

    /// Reports a mapping by which foreign tables read a service's relations as a superuser: the service's owner may put
    /// a view with code of its own in the place of each.
    fn runs_code(&self, mapping: &Mapping) -> Option<FindingBuilder> {
        let (service, user) = (self.beyond?, mapping.user.as_deref()?);
        let is_superuser =
            self.db.audit.role(user).is_some_and(|role| self.db.audit.actual.roles[role].superuser);
        if !is_superuser || self.server.tables.is_empty() || !self.server.connects {
            return None;
        }
        let reader = mapping.role.as_deref().unwrap_or(PUBLIC);
        let migrator = service.role(RoleKind::Migrator).as_str();
        let seen = format!(
            "foreign tables of {} in {} read {} as the superuser {user} for {reader}: {migrator} can make a view of its own \
             code there, which runs with that role's privileges",
            self.object(),
            self.db.name,
            service.database
        );
        let found = USER_MAPPING.of(migrator).at(Critical).inside(self.db).service(Some(service));
        let name = ServerText::quoted_by_server(self.server.quoted.clone());
        let of = mapping.role.as_deref().map_or(stmt!("PUBLIC"), |role| stmt!("{r}", r = ident(role)));
        let close = stmt!("DROP USER MAPPING FOR {of} SERVER {name}");
        Some(found.object(self.object()).evidence(seen).fix(Repair::drop(RepairScope::Database, close)))
    }

    /// Returns `true` if it connects a login of the service, as itself, to the database in which it is.
    fn leads_back(&self, mapping: &Mapping, user: &str) -> bool {
        self.server.local
            && ["postgres_fdw", "dblink_fdw"].contains(&self.server.wrapper.as_str())
            && self.server.dbname.as_deref() == Some(self.db.name)
            && mapping.passwordless != Some(true)
            && mapping.user.as_deref() == Some(user)
            && mapping.role.as_deref() == Some(user)
            && self
                .db
                .audit
                .managed(user)
                .is_some_and(|(service, _)| self.db.service.is_some_and(|own| own.name == service.name))
    }

    /// Returns `true` if a reader of the server's tables has a login at the other end, by its own mapping or by that of PUBLIC.
    fn is_open_to(&self, user: &str) -> bool {
        let audit = self.db.audit;
        let is_of = |mapping: &&Mapping| match mapping.role.as_deref() {
            Some(role) => user == PUBLIC || audit.actors(role).contains(&user),
            None => true,
        };
        let mut mappings = self.server.mappings.iter().filter(is_of);
        !asks_for_password(self.server) || mappings.any(|mapping| opens(audit, self.server, mapping))
    }

    fn tables(&self, out: &mut Vec<FindingBuilder>) {
        for table in self.server.tables.iter().filter(|_| self.db.service.is_some()) {
            let mut objects = self.db.catalog.objects.iter();
            let item = objects.find(|item| item.kind == "foreign table" && item.display == table.display);
            let readers = item.map_or(vec![], |item| self.db.audit.callers(item, "SELECT"));
            let of_kernel =
                self.server.wrapper == "file_fdw" && table.file.as_deref().is_some_and(is_of_kernel);
            let (severity, users) = match readers.as_slice() {
                // No role can read it: its wrapper has no handler.
                _ if of_kernel || !self.server.connects => (Low, readers),
                [] => (Low, vec![self.server.owner.as_str()]),
                _ => (High, readers),
            };
            let seen = format!(
                "foreign table {} reads through {} ({})",
                table.display,
                self.object(),
                self.server.wrapper
            );
            for user in users {
                let mut mappings = self.server.mappings.iter();
                let is_idle =
                    mappings.any(|mapping| self.leads_back(mapping, user)) || !self.is_open_to(user);
                let severity = if is_idle { Low } else { severity };
                let found = self.exposing(FOREIGN_TABLE.of(user).at(severity));
                let found = found.object(format!("foreign table {}", table.display)).evidence(seen.clone());
                let gives = item.and_then(|item| Some((self.db.audit.entry_for(item, user)?, item)));
                out.push(match gives {
                    Some((entry, item)) => found.revoking(entry, None, &item.securable()),
                    None => found,
                });
            }
        }
    }

    /// Reports the owner, who writes the server's mappings; servers of superusers connect without a password.
    fn owner(&self, out: &mut Vec<FindingBuilder>) {
        let owner = self.server.owner.as_str();
        if self.db.audit.managed(owner).is_some() {
            let seen = format!("{} ({}) belongs to {owner}", self.object(), self.server.wrapper);
            let severity = if self.server.connects { Medium } else { Low };
            let found = FOREIGN_TABLE.of(owner).at(severity).inside(self.db);
            out.push(found.object(self.object()).evidence(seen));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::audit::testing::{NOTHING, Server, assert_finds, assert_grave, healthy, row};

    /// A foreign server in the database of `red`.
    fn server(wrapper: &str, dbname: Option<&str>, mappings: Value) -> Server {
        let connects = wrapper != "dummy";
        let found = json!({
            "name": "far", "quoted": "far", "dbname": dbname, "wrapper": wrapper, "owner": "postgres",
            "connects": connects, "local": true, "mappings": mappings, "tables": null,
        });
        healthy().inside("red_db", |catalog| catalog.servers.push(row(found)))
    }

    fn mapping(role: Option<&str>, user: &str) -> Value {
        json!([{ "role": role, "user": user, "bare": false, "passwordless": false }])
    }

    /// Without a password.
    fn bare(role: Option<&str>, user: &str) -> Value {
        json!([{ "role": role, "user": user, "bare": true, "passwordless": false }])
    }

    #[test]
    fn a_login_that_connects_elsewhere_is_named_unless_it_comes_back_as_itself() {
        let far = |dbname, role, user| server("postgres_fdw", dbname, mapping(role, user));
        let line = |service, role| {
            format!("critical | user-mapping | {service} | {role} | red_db | foreign server far")
        };
        assert_grave([
            (far(Some("red_db"), Some("red_ro"), "red_app"), &[&line("red", "red_ro")]),
            (far(Some("blue_db"), Some("red_app"), "blue_ro"), &[&line("blue", "red_app")]),
            (far(None, None, "x"), &[&line("red", "PUBLIC")]),
            (
                far(Some("reports"), Some("red_app"), "x"),
                &["medium | user-mapping | red | red_app | red_db | foreign server far"],
            ),
            (far(Some("red_db"), Some("red_app"), "red_app"), &[]),
            (server("dummy", Some("blue_db"), bare(Some("red_app"), "red_far")), &[]),
            (server("postgres_fdw", Some("blue_db"), bare(Some("red_app"), "blue_app")), &[]),
        ]);
        let abroad = far(Some("red_db"), Some("red_app"), "red_app");
        let abroad = abroad.inside("red_db", |catalog| catalog.servers[0].local = false);
        assert_eq!(abroad.grave(), [line("red", "red_app")]);
    }

    #[test]
    fn a_mapping_without_a_password_opens_what_its_role_logged_in_with() {
        let passes = |dbname: &str, role: &str, user: &str| {
            let server = server("postgres_fdw", Some(dbname), bare(Some(role), user));
            server.inside("red_db", |catalog| catalog.servers[0].passes_on = true)
        };
        let line = "critical | user-mapping | blue | red_app | red_db | foreign server far";
        assert_grave([
            (passes("blue_db", "red_app", "blue_app"), &[line]),
            (passes("red_db", "red_app", "red_app"), &[]),
        ]);
    }

    #[test]
    fn tables_that_a_superuser_reads_in_a_service_run_the_code_of_its_migrator() {
        let table = json!([{ "display": "public.item", "file": null }]);
        let found = json!({
            "name": "far", "quoted": "far", "dbname": "blue_db", "wrapper": "postgres_fdw", "owner": "postgres",
            "connects": true, "local": true, "mappings": mapping(Some("postgres"), "postgres"), "tables": table,
        });
        let read = healthy().inside("postgres", |catalog| catalog.servers.push(row(found)));
        let line = "critical | user-mapping | blue | blue_migrator | postgres | foreign server far";
        assert_eq!(read.grave(), [line]);
        assert_eq!(read.inside("postgres", |catalog| catalog.servers[0].tables.clear()).grave(), NOTHING);
    }

    #[test]
    fn a_file_is_named_unless_it_is_one_of_the_kernel() {
        let file = |path: &str| {
            let read = server("file_fdw", None, json!(null)).object(
                "red_db",
                "foreign table",
                "public.f",
                |found| {
                    found.owner = "postgres".into();
                },
            );
            let table = json!({ "display": "public.f", "file": path });
            let read = read.inside("red_db", |catalog| catalog.servers[0].tables.push(row(table)));
            read.grant_inside("red_db", "SELECT", "public.f", "red_ro")
        };
        assert_finds(
            &file("/etc/passwd"),
            "high | foreign-table | red | red_ro | red_db | foreign table public.f",
        );
        let quiet = file("/proc/meminfo").grave();
        assert!(quiet.iter().all(|line| !line.contains("foreign-table")), "{quiet:#?}");
    }

    #[test]
    fn a_wrapper_without_a_validator_opens_files() {
        let wrapper = |checked: bool| {
            let server = healthy().object("red_db", "foreign-data wrapper", "csv", |found| {
                (found.owner, found.name) = ("postgres".into(), "csv".into());
            });
            let server = server.grant_inside("red_db", "USAGE", "csv", "red_owner");
            let unchecked = (!checked).then(|| "csv".to_owned());
            server.inside("red_db", |catalog| catalog.unchecked_wrappers.extend(unchecked))
        };
        let line = "critical | foreign-table | red | red_owner | red_db | foreign-data wrapper csv";
        assert_finds(&wrapper(false), line);
        assert!(!wrapper(true).found().contains(&line.to_owned()));
    }

    #[test]
    fn a_server_of_a_service_is_named() {
        let owned = |owner: &str| {
            let server = server("postgres_fdw", None, json!(null));
            server.inside("red_db", |catalog| catalog.servers[0].owner = owner.into())
        };
        let line = "medium | foreign-table | red | red_owner | red_db | foreign server far";
        assert_grave([(owned("red_owner"), &[line]), (owned("postgres"), &[])]);
    }

    /// A handler is added by a superuser alone.
    #[test]
    fn a_wrapper_without_a_handler_reads_nothing() {
        let read = |wrapper: &str, mappings: Value| {
            let owner = |found: &mut martydb_catalog::CatalogObject| found.owner = "red_owner".into();
            let read = server(wrapper, None, mappings).object("red_db", "foreign table", "public.f", owner);
            let table = json!({ "display": "public.f", "file": null });
            let read = read.inside("red_db", |catalog| {
                catalog.servers[0].tables.push(row(table));
                catalog.servers[0].owner = "red_owner".into();
            });
            read.grant_inside("red_db", "SELECT", "public.f", "red_ro")
        };
        let line = "high | foreign-table | red | red_ro | red_db | foreign table public.f";
        assert_finds(&read("postgres_fdw", mapping(Some("red_ro"), "far")), line);
        assert_finds(&read("postgres_fdw", mapping(None, "far")), line);
        for (wrapper, mappings) in [
            ("dummy", json!(null)),
            ("postgres_fdw", json!(null)),
            ("postgres_fdw", bare(Some("red_ro"), "far")),
            ("postgres_fdw", mapping(Some("red_app"), "far")),
        ] {
            let quiet = read(wrapper, mappings).grave();
            let is_read = |line: &String| line.ends_with("| foreign table public.f");
            assert!(!quiet.iter().any(is_read), "{quiet:#?}");
        }
    }
}
