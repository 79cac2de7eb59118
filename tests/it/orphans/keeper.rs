//! The role that keeps what removed services owned: made when it is needed, kept while it is, and never granted to another role.

use super::support::{admit, foreign, traps};
use crate::support::{Admin, Project, Server, as_both_admins};

fn provisioned(server: &Server, admin: Admin, prefix: &str) -> Project {
    let project = Project::new_as(server, admin, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    foreign(server, admin);
    admit(server, admin, &format!("{prefix}_a_owner"));
    server.sql("bobs", &format!("SET ROLE {prefix}_a_owner; {}", traps("shared")));
    project
}

fn exists(server: &Server, role: &str) -> bool {
    server.value("postgres", &format!("SELECT count(*) FROM pg_roles WHERE rolname = '{role}'")) == "1"
}

as_both_admins!(the_keeper_is_dropped_once_it_owns_nothing, |admin| {
    let server = Server::with_both_admins();
    let project = provisioned(&server, admin, "keep");
    let drop_it =
        |service: &str| project.run(&["drop", "--service", service, "--confirm", service]).expect(0);
    drop_it("keep_a");
    assert!(exists(&server, "keep_orphans"));
    let text = project.read("martydb.yaml");
    project.write("martydb.yaml", &text.replace("  keep_a:\n", ""));
    // It is neither drift nor what --prune removes, and no finding.
    let plan = project.json(&["plan", "--check"], 0);
    assert!(!plan.to_string().contains("keep_orphans"), "{plan:#}");
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert!(exists(&server, "keep_orphans"));
    let verify = project.run(&["verify-isolation", "--probes", "none", "-o", "json"]).json();
    // The finding names the function that others may call.
    let about =
        |finding: &&serde_json::Value| finding["role"] == "keep_orphans" || finding["id"] == "orphans-role";
    assert_eq!(verify["findings"].as_array().unwrap().iter().find(about), None);
    // With nothing to keep it is dropped like any undeclared role.
    server.sql("bobs", "DROP OWNED BY keep_orphans CASCADE");
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert!(!exists(&server, "keep_orphans"));
});

as_both_admins!(a_keeper_with_members_takes_over_no_object, |admin| {
    let server = Server::with_both_admins();
    let project = provisioned(&server, admin, "used");
    let made = format!(
        "SET ROLE {}; CREATE ROLE used_orphans; COMMENT ON ROLE used_orphans IS 'martydb:used'",
        admin.role()
    );
    server.sql("postgres", &made);
    for (open, shut, word) in [
        ("ALTER ROLE used_orphans LOGIN", "ALTER ROLE used_orphans NOLOGIN", "LOGIN"),
        ("ALTER ROLE used_orphans CREATEDB", "ALTER ROLE used_orphans NOCREATEDB", "CREATEDB"),
        ("GRANT used_orphans TO bob", "REVOKE used_orphans FROM bob", "bob is a member of used_orphans"),
        (
            "GRANT pg_monitor TO used_orphans",
            "REVOKE pg_monitor FROM used_orphans",
            "is a member of pg_monitor",
        ),
        (
            "COMMENT ON ROLE used_orphans IS 'martydb:other'",
            "COMMENT ON ROLE used_orphans IS 'martydb:used'",
            "comment",
        ),
    ] {
        server.sql("postgres", open);
        let refused = project.run(&["drop", "--service", "used_a", "--confirm", "used_a"]).expect(1);
        assert!(refused.stderr.contains(word) && refused.stderr.contains("hint:"), "{open}: {refused:?}");
        assert_eq!(
            server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'used_a'"),
            "1"
        );
        let verify = ["verify-isolation", "--probes", "none", "--only", "orphans-role", "-o", "json"];
        let found = project.run(&verify).json()["findings"].as_array().unwrap().len();
        assert_eq!(found, usize::from(!open.starts_with("COMMENT")), "{open}");
        server.sql("postgres", shut);
    }
    // Prune says so as a limit, and does nothing.
    server.sql("postgres", "ALTER ROLE used_orphans LOGIN");
    let text = project.read("martydb.yaml");
    project.write("martydb.yaml", &text.replace("  used_a:\n", ""));
    let plan = project.json(&["plan", "--prune"], 0);
    assert!(plan["limits"].to_string().contains("used_orphans"), "{plan:#}");
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert!(exists(&server, "used_a_owner"));
    project.write("martydb.yaml", &text);
    // `--fix` takes the login away, and then it works.
    let _other_findings =
        project.run(&["verify-isolation", "--probes", "none", "--fix", "-y", "--only", "orphans-role"]);
    project.run(&["drop", "--service", "used_a", "--confirm", "used_a"]).expect(0);
});

#[test]
fn objects_that_only_a_superuser_may_own_stop_drop_before_any_change() {
    let server = Server::start();
    let project = provisioned(&server, Admin::Super, "stuck");
    server.sql("bobs", "SET ROLE stuck_a_owner; CREATE FUNCTION shared.hook() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; RESET ROLE; CREATE EVENT TRIGGER hook ON ddl_command_end EXECUTE FUNCTION shared.hook(); ALTER EVENT TRIGGER hook DISABLE; ALTER ROLE stuck_a_owner SUPERUSER; ALTER EVENT TRIGGER hook OWNER TO stuck_a_owner; ALTER ROLE stuck_a_owner NOSUPERUSER");
    let there = || server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'stuck_a'");
    let refused = project.run(&["drop", "--service", "stuck_a", "--confirm", "stuck_a"]).expect(1);
    insta::assert_snapshot!(refused.shown(), @r"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: cannot remove the roles of stuck_a
    caused by: they own an event trigger in bobs, which only a superuser may own
    hint: drop it, or read its code and ALTER … OWNER TO a superuser, and try again
    ");
    assert_eq!(there(), "1");
    let text = project.read("martydb.yaml");
    project.write("martydb.yaml", &text.replace("  stuck_a:\n", ""));
    let plan = project.json(&["plan", "--prune"], 0);
    assert!(plan["limits"].to_string().contains("an event trigger in bobs"), "{plan:#}");
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert_eq!(there(), "1");
    server.sql("bobs", "DROP EVENT TRIGGER hook");
    project.run(&["apply", "--all", "--prune", "-y"]).expect(0);
    assert_eq!(there(), "0");
}

#[test]
fn a_tablespace_changes_owner_with_the_other_objects() {
    let server = Server::start();
    let project = Project::new(&server, "space");
    project.run(&["apply", "--all", "-y"]).expect(0);
    server.sql("postgres", "CREATE DATABASE space_old OWNER space_a_owner; ");
    server.sql("postgres", "ALTER TABLESPACE pg_default OWNER TO space_a_owner");
    project.run(&["drop", "--service", "space_a", "--confirm", "space_a"]).expect(0);
    let owner = "SELECT spcowner::regrole::text FROM pg_tablespace WHERE spcname = 'pg_default'";
    assert_eq!(server.value("postgres", owner), "space_orphans");
}

#[test]
fn a_declared_role_cannot_have_the_keepers_name() {
    let manifest = |roles: &str, server: &str| {
        format!(
            "version: 1\nproject: marty\nservers:\n  main: {{ url: postgresql://a@127.0.0.1:1/postgres{server} }}\nservices:\n  csca: {{ roles: {{ {roles} }} }}\n"
        )
    };
    for text in [manifest("app: marty_orphans", ""), manifest("", ", database_owner: marty_orphans")] {
        let project = Project::with_manifest(&text);
        let refused = project.run(&["validate"]).expect(2);
        assert!(
            refused.stderr.contains("role \"marty_orphans\" owns the objects of removed services"),
            "{refused:?}"
        );
    }
}
