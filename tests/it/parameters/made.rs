//! Databases that martydb makes.

use super::support::{declare, has_icu, made, project, settings};
use crate::support::{Admin, Server, as_both_admins};

/// A locale other than the server's, and what the database then says of itself.
fn locale(server: &Server) -> (&'static str, &'static str) {
    match server.major() {
        _ if !has_icu(server) => ("encoding: utf-8, lc_ctype: C.utf8", "UTF8 C C.utf8"),
        15 => ("encoding: utf-8, locale_provider: icu, icu_locale: de-DE", "UTF8 C C i de-DE"),
        _ => (
            "encoding: utf-8, lc_ctype: C.utf8, locale_provider: icu, icu_locale: de-DE, icu_rules: '&a < b'",
            "UTF8 C C.utf8 i de-DE &a < b",
        ),
    }
}

const CHANGEABLE: &str =
    "connection_limit: 40, comment: 'orders of {service}', settings: { work_mem: 8MB, app.region: 'a b' }";

as_both_admins!(a_database_is_created_as_declared_without_later_drift, |admin| {
    let server = Server::for_admin(admin);
    let (declared, expected) = locale(&server);
    let project = project(&server, admin, "pm", &format!("{declared}, {CHANGEABLE}"));
    project.run(&["validate"]).expect(0);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(made(&server, "pm").replace(" c ", " ").trim_end_matches(" c"), expected);
    if admin == Admin::Limited {
        // A name that no library defines is a superuser's to put on others.
        assert_eq!(settings(&server, "pm"), "work_mem=8MB");
        let plan = project.json(&["plan", "--check"], 0);
        let limits = plan["limits"].as_array().unwrap();
        assert!(limits.iter().any(|limit| limit["what"] == "set app.region on the database"), "{plan:#}");
        server.sql("postgres", "ALTER DATABASE pm SET app.region = 'a b'");
    }
    assert_eq!(settings(&server, "pm"), "app.region=a b work_mem=8MB");
    let rest = "SELECT datconnlimit || ' ' || shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'pm'";
    assert_eq!(server.value("postgres", rest), "40 martydb:pm\norders of pm");
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["status", "--check"]).expect(0);
    let again = project.json(&["apply", "--all"], 0);
    assert!(again["changes"].as_array().unwrap().is_empty(), "{again:#}");
    let plan = project.json(&["plan"], 0);
    assert_eq!(
        plan["limits"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|limit| limit["what"].as_str().unwrap().contains("change the"))
            .count(),
        0,
        "{plan:#}"
    );
    if admin == Admin::Super {
        let verified = project.json(&["verify-isolation"], 0);
        let found = verified["findings"].as_array().unwrap();
        assert!(found.iter().all(|finding| finding["id"] != "role-setting"), "{verified:#}");
    }
    // Copies that live for a while are made alike, and carry no marker of the service's own.
    let test = project.json(&["test-db", "-s", "pm"], 0);
    let copy = test["database"].as_str().unwrap();
    assert_eq!(made(&server, copy), made(&server, "pm"));
    let own = settings(&server, "pm");
    let expected = if admin == Admin::Limited { "work_mem=8MB" } else { own.as_str() };
    assert_eq!(settings(&server, copy), expected);
    let mark =
        format!("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{copy}'");
    assert!(server.value("postgres", &mark).starts_with("martydb-test:pm/pm from "));
    project.run(&["verify-down", "--all"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    // The marker is the first line: the database goes with the service.
    project.run(&["drop", "-s", "pm", "-y", "--confirm", "pm"]).expect(0);
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'pm'"), "0");
});

#[test]
fn changeable_parameters_are_steps_with_their_risk() {
    let server = Server::start();
    let project = project(&server, Admin::Super, "pc", CHANGEABLE);
    project.run(&["apply", "--all", "-y"]).expect(0);
    let other = "connection_limit: 30, comment: new, settings: { work_mem: 9MB }";
    declare(&project, &server, Admin::Super, "pc", other);
    let plan = project.json(&["plan", "--check"], 3);
    let mut shown: Vec<String> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| format!("{} {}", change["risk"].as_str().unwrap(), change["sql"].as_str().unwrap()))
        .collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            "caution ALTER DATABASE \"pc\" CONNECTION LIMIT 30",
            "safe ALTER DATABASE \"pc\" RESET \"app\".\"region\"",
            "safe ALTER DATABASE \"pc\" SET \"work_mem\" = '9MB'",
            "safe COMMENT ON DATABASE \"pc\" IS 'martydb:pc\nnew'",
        ]
    );
    project.run(&["plan", "--out", "saved.json"]).expect(0);
    server.sql("postgres", "ALTER DATABASE pc SET work_mem = '1MB'");
    project.run(&["apply", "--plan", "saved.json", "-y"]).expect(6);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    assert_eq!(settings(&server, "pc"), "work_mem=9MB");
    // Nothing declared: nothing is left of it.
    declare(&project, &server, Admin::Super, "pc", "");
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(settings(&server, "pc"), "");
    let comment =
        "SELECT shobj_description(oid, 'pg_database') || datconnlimit FROM pg_database WHERE datname = 'pc'";
    assert_eq!(server.value("postgres", comment), "martydb:pc-1");
}

as_both_admins!(an_adopted_database_keeps_its_parameters_without_a_mark, |admin| {
    let server = Server::for_admin(admin);
    let owner = admin.role();
    server.sql("postgres", &format!("CREATE DATABASE pa TEMPLATE template0 OWNER {owner} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'"));
    server.sql("postgres", "COMMENT ON DATABASE pa IS 'of others'");
    server.sql("postgres", "ALTER DATABASE pa SET work_mem = '8192kB'");
    server.sql("postgres", "ALTER DATABASE pa SET jit = off");
    let declared =
        "encoding: UTF8, lc_ctype: C.utf8, comment: ours now, settings: { work_mem: 8MB, jit: 'off' }";
    let project = project(&server, admin, "pa", declared);
    let plan = project.json(&["plan"], 0);
    let limits: Vec<_> =
        plan["limits"].as_array().unwrap().iter().filter_map(|limit| limit["what"].as_str()).collect();
    for what in [
        "change the encoding of database pa from LATIN1 to UTF8",
        "change the LC_CTYPE of database pa from C to C.utf8",
    ] {
        assert!(limits.contains(&what), "{plan:#}");
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    let done = project.run(&["plan", "--check"]).expect(0);
    assert!(done.stdout.starts_with("No applicable changes"), "{done:?}");
    assert!(
        done.stdout.contains("it cannot be changed in place: create a new database and move the data"),
        "{done:?}"
    );
    assert_eq!(settings(&server, "pa"), "jit=off work_mem=8192kB");
    let comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'pa'";
    assert_eq!(server.value("postgres", comment), "ours now");
    // Undeclared parameters equal those of the service's own database, in its copies too.
    declare(&project, &server, admin, "pa", "comment: ours now, settings: { work_mem: 8MB, jit: 'off' }");
    project.run(&["upgrade", "--all"]).expect(0);
    let test = project.json(&["test-db", "-s", "pa"], 0);
    assert_eq!(made(&server, test["database"].as_str().unwrap()), made(&server, "pa"));
});

#[test]
fn a_builtin_locale_is_accepted_from_17_on() {
    let server = Server::start();
    let declared = "encoding: UTF8, locale_provider: builtin, builtin_locale: C.UTF-8";
    let project = project(&server, Admin::Super, "pb", declared);
    if server.major() < 17 {
        let done = project.run(&["plan"]).expect(2);
        insta::assert_snapshot!(done.shown(), @r#"
        server main:
        error: service "pb": PostgreSQL VERSION does not support builtin for databases; it was added in 17
        hint: remove it from `parameters`, or use a newer server
        "#);
        return;
    }
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(made(&server, "pb"), "UTF8 C C b C.UTF-8");
    project.run(&["plan", "--check"]).expect(0);
}

#[test]
fn a_collation_version_is_reported_and_recorded_on_request() {
    let server = Server::start();
    if !has_icu(&server) {
        return;
    }
    let icu = "encoding: UTF8, locale_provider: icu, icu_locale: de-DE";
    let project = project(&server, Admin::Super, "pv", icu);
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("postgres", "UPDATE pg_database SET datcollversion = '1.2' WHERE datname = 'pv'");
    let done = project.run(&["plan", "--check"]).expect(0);
    assert!(done.stdout.contains("cannot rely on the sort order of text in database pv"), "{done:?}");
    assert!(done.stdout.contains("its collation version is 1.2, and the library's is"), "{done:?}");
    declare(&project, &server, Admin::Super, "pv", &format!("{icu}, collation_version: refresh"));
    let plan = project.json(&["plan", "--check"], 3);
    assert_eq!(plan["changes"][0]["sql"], "ALTER DATABASE \"pv\" REFRESH COLLATION VERSION");
    assert_eq!(plan["changes"][0]["risk"], "caution");
    project.run(&["apply", "--all", "-y"]).expect(0);
    let done = project.run(&["plan", "--check"]).expect(0);
    assert_eq!(done.stdout, "Nothing to do: the servers match the manifest.\n");
}
