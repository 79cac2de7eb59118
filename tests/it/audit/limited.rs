//! An admin that is not a superuser: what it could not examine is reported, with the grant that would allow it.

use serde_json::Value;

use crate::support::{Admin, Project, Server};

/// Returns each unexamined catalog with the start of its grant.
fn missed(result: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let all = result["not_examined"].as_array().unwrap();
    assert!(all.iter().all(|one| !text(one, "why").is_empty()), "{all:#?}");
    all.iter().map(|one| (text(one, "what"), text(one, "grant"))).collect()
}

fn grant<'a>(missed: &'a [(String, String)], what: &str) -> &'a str {
    let found = missed.iter().find(|(found, _)| found.contains(what));
    &found.unwrap_or_else(|| panic!("{what} is not listed: {missed:#?}")).1
}

fn provisioned(prefix: &str) -> (Server, Project) {
    let server = Server::with_both_admins();
    // Of another role's session an ordinary login sees no more than that it exists.
    let project = Project::new_as(&server, Admin::Limited, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    (server, project)
}

#[test]
fn catalogs_that_a_limited_admin_cannot_read_are_listed_with_their_grant() {
    let (server, project) = provisioned("lim");
    server.sql("postgres", "CREATE DATABASE den");
    server.sql("postgres", "REVOKE ALL ON DATABASE den FROM PUBLIC");
    let result = project.json(&["verify-isolation"], 4);
    let found = missed(&result);
    assert_eq!(grant(&found, "pg_authid"), "GRANT SELECT ON pg_catalog.pg_authid TO \"adm\"");
    assert!(
        grant(&found, "the rules of pg_hba.conf")
            .contains("GRANT SELECT ON pg_catalog.pg_hba_file_rules TO \"adm\"")
    );
    assert_eq!(grant(&found, "Unix-domain sockets"), "GRANT pg_read_all_settings TO \"adm\"");
    assert_eq!(grant(&found, "the contents of database den"), "GRANT CONNECT ON DATABASE \"den\" TO \"adm\"");
    assert!(grant(&found, "since the server loaded them").contains("pg_read_server_files"));
    let maps = if server.major() >= 15 { "pg_ident_file_mappings" } else { "pg_read_file" };
    assert!(grant(&found, "the maps of pg_ident.conf").contains(maps));
    if server.major() >= 17 {
        assert_eq!(grant(&found, "login event trigger"), "GRANT SET ON PARAMETER event_triggers TO \"adm\"");
    }
    assert!(found.iter().all(|(what, _)| !what.contains("database lim_a")), "{found:#?}");
    // template1 is not the admin's to close, and that is a finding, never silence.
    let ids: Vec<&str> =
        result["findings"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"template-database-connect"), "{ids:?}");
    assert_eq!(result["summary"]["inconclusive"], 0, "{result:#}");
}

#[test]
fn the_named_grants_make_the_catalogs_readable() {
    let (server, project) = provisioned("lig");
    for one in project.json(&["verify-isolation"], 4)["not_examined"].as_array().unwrap() {
        if let Some(grant) = one["grant"].as_str() {
            server.sql("postgres", grant);
        }
    }
    let result = project.json(&["verify-isolation"], 4);
    let left = missed(&result);
    // pg_authid is read through a grant that verify-isolation then finds, as it should.
    assert_eq!(left, vec![], "{result:#}");
    let places: Vec<&str> =
        result["trials"].as_array().unwrap().iter().filter_map(|trial| trial["way"].as_str()).collect();
    assert!(places.iter().any(|way| way.contains("/.s.PGSQL.")), "the sockets are tried now");
}

#[test]
fn strict_counts_unread_catalogs_as_failures() {
    let (server, project) = provisioned("lis");
    server.sql("postgres", "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC; GRANT CONNECT ON DATABASE postgres, template1 TO adm");
    if server.major() < 15 {
        // Only a superuser can do these there, and they are findings of their own.
        for database in ["lis_a", "lis_b"] {
            server.sql(database, "REVOKE ALL ON SCHEMA public FROM PUBLIC");
        }
    }
    for service in ["lis_a", "lis_b"] {
        for role in ["migrator", "app", "ro"] {
            server.sql("postgres", &format!("ALTER ROLE {service}_{role} SET temp_file_limit = '1GB'"));
        }
    }
    let lenient = project.run(&["verify-isolation", "--min-severity", "medium"]).expect(0);
    assert!(
        lenient.stdout.contains(
            "not examined: how passwords are kept (pg_authid): adm may not read it; to allow it: GRANT"
        ),
        "{}",
        lenient.stdout
    );
    project.run(&["verify-isolation", "--strict"]).expect(4);
}

/// A service's login trigger that an admin without the parameter cannot disable must be reported.
#[test]
fn an_admin_that_may_disable_login_triggers_runs_none() {
    let server = Server::with_both_admins();
    if server.major() < 17 {
        assert_eq!(
            server.value("postgres", "SELECT count(*) FROM pg_settings WHERE name = 'event_triggers'"),
            "0"
        );
        return;
    }
    let project = Project::new(&server, "lgt");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("lgt_a", "SET ROLE lgt_a_owner; CREATE FUNCTION public.hook() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE LOG ''hooked % in %'', session_user, current_database(); END'; RESET ROLE; CREATE EVENT TRIGGER hook ON login EXECUTE FUNCTION public.hook(); ALTER EVENT TRIGGER hook ENABLE ALWAYS");
    let mark = server.log().len();
    for arguments in
        [&["plan"][..], &["apply", "--all", "-y"], &["status", "--check"], &["verify-isolation"], &["doctor"]]
    {
        let _any_code = project.run(arguments);
    }
    let log = server.log_since(mark);
    assert!(log.contains("hooked lgt_a_app in lgt_a"), "the trigger works");
    assert!(!log.contains("hooked postgres in"), "{log}");
}
