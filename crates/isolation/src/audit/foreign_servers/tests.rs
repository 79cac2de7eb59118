//! Mappings, foreign tables and their servers.

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
    json!([{ "role": role, "user": user, "bare": true, "passwordless": false }])
}

#[test]
fn a_login_that_connects_elsewhere_is_named_unless_it_comes_back_as_itself() {
    let far = |dbname, role, user| server("postgres_fdw", dbname, mapping(role, user));
    let line =
        |service, role| format!("critical | user-mapping | {service} | {role} | red_db | foreign server far");
    assert_grave([
        (far(Some("red_db"), Some("red_ro"), "red_app"), &[&line("red", "red_ro")]),
        (far(Some("blue_db"), Some("red_app"), "blue_ro"), &[&line("blue", "red_app")]),
        (far(None, None, "x"), &[&line("red", "PUBLIC")]),
        (
            far(Some("reports"), Some("red_app"), "x"),
            &["medium | user-mapping | red | red_app | red_db | foreign server far"],
        ),
        (far(Some("red_db"), Some("red_app"), "red_app"), &[]),
        (server("dummy", Some("blue_db"), mapping(Some("red_app"), "red_far")), &[]),
    ]);
    let abroad = far(Some("red_db"), Some("red_app"), "red_app");
    let abroad = abroad.inside("red_db", |catalog| catalog.servers[0].local = false);
    assert_eq!(abroad.grave(), [line("red", "red_app")]);
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
        let read =
            server("file_fdw", None, json!(null)).object("red_db", "foreign table", "public.f", |found| {
                found.owner = "postgres".into();
            });
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
    let read = |wrapper: &str| {
        let owner = |found: &mut martydb_catalog::CatalogObject| found.owner = "red_owner".into();
        let read = server(wrapper, None, json!(null)).object("red_db", "foreign table", "public.f", owner);
        let table = json!({ "display": "public.f", "file": null });
        let read = read.inside("red_db", |catalog| {
            catalog.servers[0].tables.push(row(table));
            catalog.servers[0].owner = "red_owner".into();
        });
        read.grant_inside("red_db", "SELECT", "public.f", "red_ro")
    };
    let line = "high | foreign-table | red | red_ro | red_db | foreign table public.f";
    assert_finds(&read("postgres_fdw"), line);
    let quiet = read("dummy").grave();
    assert!(quiet.iter().all(|line| !line.contains("foreign-table")), "{quiet:#?}");
}

/// Adds the server among the objects of the database.
fn listed(server: Server) -> Server {
    server.object("red_db", "foreign server", "far", |found| found.owner = "postgres".into())
}

#[test]
fn a_mapping_is_a_note_where_its_login_has_no_way_to_the_server() {
    let far = |role| listed(server("postgres_fdw", None, mapping(role, "x")));
    let line = |role| format!("critical | user-mapping | red | {role} | red_db | foreign server far");
    let table = |owner: &'static str| {
        let table = json!({ "display": "ops.f", "file": null });
        let server = far(Some("red_app"))
            .object("red_db", "foreign table", "ops.f", |found| found.owner = owner.into());
        server.inside("red_db", |catalog| catalog.servers[0].tables.push(row(table)))
    };
    assert_eq!(far(None).grave(), NOTHING);
    assert_eq!(far(Some("red_app")).grave(), NOTHING);
    assert_eq!(table("postgres").grave(), NOTHING);
    let strange = far(Some("ghost")).unmanaged("ghost").grant_inside("red_db", "USAGE", "far", "ghost");
    assert_eq!(strange.grave(), NOTHING);
    assert_finds(&strange.grant("CONNECT", "red_db", "ghost"), &line("ghost"));
    assert_finds(&far(None).grant_inside("red_db", "USAGE", "far", "red_ro"), &line("PUBLIC"));
    assert_finds(&far(Some("red_app")).grant_inside("red_db", "USAGE", "far", "red_app"), &line("red_app"));
    assert_finds(&far(Some("red_app")).grant_inside("red_db", "USAGE", "far", "PUBLIC"), &line("red_app"));
    assert_finds(&table("postgres").grant_inside("red_db", "SELECT", "ops.f", "red_app"), &line("red_app"));
    assert_finds(&table("red_owner"), &line("red_app"));
}

#[test]
fn a_foreign_table_is_a_note_for_a_reader_without_a_mapping() {
    let read = |mappings: Value| {
        let table = json!({ "display": "ops.f", "file": null });
        let server = listed(server("postgres_fdw", None, mappings));
        let server =
            server.object("red_db", "foreign table", "ops.f", |found| found.owner = "postgres".into());
        let server = server.inside("red_db", |catalog| catalog.servers[0].tables.push(row(table)));
        server.grant_inside("red_db", "SELECT", "ops.f", "red_ro")
    };
    let line = "high | foreign-table | red | red_ro | red_db | foreign table ops.f";
    let found = |server: &Server| server.found().contains(&line.to_owned());
    assert!(!found(&read(json!(null))));
    assert!(!found(&read(mapping(Some("postgres"), "postgres"))));
    assert!(found(&read(mapping(None, "x"))));
    assert!(found(&read(mapping(Some("red_ro"), "x"))));
    assert!(found(&read(json!(null)).grant_inside("red_db", "USAGE", "far", "red_ro")));
}
