//! Settings of roles, databases and the server, each with one that changes nothing.

use serde_json::json;

use crate::audit::testing::{NOTHING, Server, assert_finds, assert_grave, entry, healthy, row, server};
use martydb_catalog::OpenFile;

/// The server with rows of `pg_settings`: settings that every session may set, and defaults of initdb.
fn known() -> Server {
    healthy().with(|snapshot| {
        let parameters = &mut snapshot.state.parameters;
        let own = [
            "application_name", "default_table_access_method", "password_encryption", "search_path",
            "work_mem",
        ];
        parameters.user_settings = own.map(str::to_owned).into();
        parameters.defaults = [("password_encryption".to_owned(), "scram-sha-256".to_owned())].into();
    })
}

#[test]
fn a_setting_of_a_login_that_is_not_declared_is_weighed() {
    let line = |severity, service, name| {
        format!("{severity} | role-setting | {service} | red_app | - | setting {name}")
    };
    for (name, value, severity, service) in [
        ("session_preload_libraries", "auto_explain", "medium", "red"),
        ("session_replication_role", "replica", "medium", "red"),
        ("password_encryption", "md5", "medium", "red"),
        ("plpython.start", "x", "medium", "red"),
        ("role", "blue_app", "critical", "blue"),
        ("role", "red_owner", "high", "red"),
        ("auto_explain.log_level", "notice", "high", "red"),
        ("work_mem", "64MB", "low", "red"),
        ("statement_timeout", "30s", "medium", "red"),
        ("log_statement", "all", "low", "red"),
        ("myapp.tenant", "red", "low", "red"),
        ("password_encryption", "scram-sha-256", "low", "red"),
        ("role", "none", "low", "red"),
        ("search_path", "public, pg_catalog", "low", "red"),
        ("search_path", "public, elsewhere", "medium", "red"),
    ] {
        assert_finds(&known().set("red_app", name, value), &line(severity, service, name));
    }
    assert_eq!(known().set("red_app", "temp_file_limit", "1048576kB").found(), NOTHING);
}

#[test]
fn a_path_to_a_schema_that_only_superusers_fill_is_quiet() {
    let path = |acl: Vec<martydb_model::AclEntry>| {
        let server = known().object("red_db", "schema", "ops", |found| {
            (found.owner, found.acl) = ("postgres".into(), acl);
        });
        server.set_inside("red_app", "red_db", "search_path", "public, ops").grave()
    };
    assert_eq!(path(vec![entry("USAGE", "red_app", "postgres")]), NOTHING);
    let open = path(vec![entry("CREATE", "red_ro", "postgres")]);
    assert!(
        open.contains(&"medium | role-setting | red | red_app | red_db | setting search_path".to_owned())
    );
}

#[test]
fn a_setting_of_a_database_counts_for_every_session_in_it() {
    let database = |name: &str, value: &str| {
        let setting = (name.to_owned(), value.to_owned());
        known().alter_database("red_db", |found| found.settings.push(setting))
    };
    let line = |severity, name| format!("{severity} | role-setting | red | PUBLIC | red_db | setting {name}");
    for (name, value, severity) in [
        ("role", "red_owner", "critical"),
        ("auto_explain.log_level", "notice", "high"),
        ("search_path", "public, pg_catalog", "medium"),
        ("session_preload_libraries", "evil", "medium"),
        ("session_preload_libraries", "auto_explain", "low"),
        ("auto_explain.log_min_duration", "3s", "low"),
        ("myapp.git_sha", "9fceb02d", "low"),
        ("search_path", "public", "low"),
    ] {
        assert_finds(&database(name, value), &line(severity, name));
    }
    let declared = database("myapp.git_sha", "9fceb02d").manifest(|desired| {
        let service = desired.services.values_mut().find(|service| service.name.as_str() == "red").unwrap();
        service.parameters.settings.insert("myapp.git_sha".into(), "9fceb02d".into());
    });
    assert_eq!(declared.found(), NOTHING);
}

#[test]
fn a_setting_of_everybody_is_weighed_too() {
    let everybody = |name: &str, value: &str| {
        let setting = (name.to_owned(), value.to_owned());
        known().with(|snapshot| snapshot.actual.everyones_settings.push(setting)).found()
    };
    assert_eq!(
        everybody("session_replication_role", "replica"),
        ["medium | role-setting | - | PUBLIC | - | setting session_replication_role"]
    );
    for (name, value) in [("work_mem", "1MB"), ("backslash_quote", "off")] {
        assert_eq!(everybody(name, value), [format!("low | role-setting | - | PUBLIC | - | setting {name}")]);
    }
}

#[test]
fn a_superuser_starts_as_itself_and_finds_the_servers_functions_first() {
    let line =
        |severity, name| format!("{severity} | role-setting | red | postgres | red_db | setting {name}");
    let set = |name, value| known().set_inside("postgres", "red_db", name, value);
    assert_grave([
        (set("role", "red_owner"), &[&line("high", "role")]),
        (set("role", "none"), &[]),
        (set("search_path", "pg_catalog"), &[]),
        (set("work_mem", "1GB"), &[]),
    ]);
    assert_finds(&set("search_path", "public, pg_catalog"), &line("medium", "search_path"));
}

#[test]
fn a_login_with_more_than_one_database_does_not_find_the_objects_of_weaker_roles_first() {
    let ghost = |path| {
        known().unmanaged("ghost").grant("CONNECT", "red_db", "ghost").set("ghost", "search_path", path)
    };
    let line = |service| format!("medium | role-setting | {service} | ghost | - | setting search_path");
    assert_finds(&ghost("public, pg_catalog").grant("CONNECT", "blue_db", "ghost"), &line("blue"));
    assert_finds(&ghost("public, pg_catalog").member("ghost", "pg_monitor"), &line("red"));
    for quiet in [ghost("public, pg_catalog"), ghost("pg_catalog").member("ghost", "pg_monitor")] {
        let found = quiet.found();
        assert!(found.iter().all(|line| !line.contains("role-setting")), "{found:#?}");
    }
}

#[test]
fn a_path_of_a_database_hides_nothing_from_a_stronger_session() {
    let path = |kind: &str| {
        let server = known().object("red_db", "schema", "ops", |found| found.owner = "postgres".into());
        let server = server.object("red_db", kind, "ops.notes", |found| found.owner = "postgres".into());
        let server = server.inside("red_db", |catalog| {
            let schema = json!({ "name": "ops", "owner": "postgres", "acl": null });
            catalog.privileged.schemas.push(row(schema));
        });
        let setting = ("search_path".to_owned(), "public, ops".to_owned());
        server.alter_database("red_db", |found| found.settings.push(setting))
    };
    assert_finds(&path("table"), "medium | role-setting | red | PUBLIC | red_db | setting search_path");
    assert_finds(&path("index"), "low | role-setting | red | PUBLIC | red_db | setting search_path");
}

#[test]
fn a_login_has_a_limit_on_temporary_files() {
    let without = |server: Server| {
        server.with(|snapshot| {
            snapshot
                .actual
                .role_settings
                .values_mut()
                .for_each(|all| all.retain(|row| row.name != "temp_file_limit"));
            snapshot.state.parameters.settings.insert("temp_file_limit".into(), "-1".into());
        })
    };
    let found = without(server(17).service("red"));
    let line = |role| format!("medium | no-temp-file-limit | red | {role} | - | role {role}");
    assert_eq!(found.grave(), ["red_app", "red_migrator", "red_ro"].map(line));
    let of_server = found.clone().with(|snapshot| {
        snapshot.state.parameters.settings.insert("temp_file_limit".into(), "1048576".into());
    });
    assert_eq!(of_server.found(), NOTHING);
    let forbidden = found.with(|snapshot| {
        snapshot.actual.admin.forbidden_settings.insert("temp_file_limit".into());
    });
    assert_eq!(forbidden.found(), ["low | no-temp-file-limit | - | PUBLIC | - | temp_file_limit"]);
}

#[test]
fn a_setting_of_the_server_that_opens_something_is_named() {
    let set = |server: Server, name: &str, value: &str| {
        server.with(|snapshot| drop(snapshot.state.parameters.settings.insert(name.into(), value.into())))
    };
    let line = |name: &str| format!("medium | server-setting | - | PUBLIC | - | setting {name}");
    for (name, down, up) in [
        ("lo_compat_privileges", "on", "off"),
        ("session_replication_role", "replica", "origin"),
        ("password_encryption", "md5", "scram-sha-256"),
        ("scram_iterations", "1000", "4096"),
        ("search_path", "public, pg_catalog", "\"$user\", public"),
        ("dynamic_library_path", "/tmp:$libdir", "$libdir"),
        ("shared_preload_libraries", "/srv/x.so", "pg_stat_statements"),
        ("superuser_reserved_connections", "0", "3"),
    ] {
        assert_eq!(set(healthy(), name, down).found(), [line(name)], "{name}");
        assert_eq!(set(healthy(), name, up).found(), NOTHING, "{name}");
    }
    let log =
        |collector| set(set(healthy(), "logging_collector", collector), "log_file_mode", "0644").found();
    assert_eq!((log("on"), log("off")), (vec![line("log_file_mode")], vec![]));
    let tls = |ssl| set(set(healthy(), "ssl", ssl), "ssl_ciphers", "NULL-SHA:eNULL").found();
    assert_eq!((tls("on"), tls("off")), (vec![line("ssl_ciphers")], vec![]));
    assert_eq!(set(server(13), "password_encryption", "md5").found(), NOTHING, "initdb of 13 leaves it");
}

#[test]
fn a_line_of_a_configuration_file_counts_before_it_is_in_force() {
    let written = |value: &str| {
        let line = json!({ "name": "lo_compat_privileges", "file": "/data/postgresql.conf", "line": 3, "value": value, "cut": false });
        healthy().with(|snapshot| snapshot.files = Some(vec![row(line)])).found()
    };
    let line = "medium | server-setting | - | PUBLIC | - | setting lo_compat_privileges";
    assert_eq!(written("yes"), [line]);
    assert_eq!(written("no"), NOTHING);
}

#[test]
fn a_file_that_every_account_of_the_host_can_change_is_named() {
    let (file, open) = ("/data/pg_hba.conf".into(), "/data".into());
    let found = healthy()
        .with(|snapshot| {
            snapshot.open_files.push(OpenFile { file, by: None, open, mode: 0o777, read: false })
        })
        .found();
    assert_eq!(found, ["high | server-setting | - | PUBLIC | - | file /data/pg_hba.conf"]);
}

#[test]
fn the_limits_of_all_services_fit_on_the_server_unless_it_is_theirs() {
    let small = || healthy().with(|snapshot| snapshot.actual.capacity.max_connections = 20);
    assert_eq!(
        small().found(),
        ["low | connection-limits-exceed-server | - | PUBLIC | - | setting max_connections"]
    );
    assert_eq!(small().manifest(|desired| desired.embedded = true).found(), NOTHING);
}
