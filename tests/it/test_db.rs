//! `test-db`: migrated databases for tests, copied from a template.

mod other_commands;
mod templates;

use serde_json::Value;

use crate::support::{Admin, Project, Server, as_both_admins, until};

fn provisioned(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

fn made(project: &Project, service: &str) -> Value {
    project.json(&["test-db", "--service", service], 0)
}

fn text<'a>(made: &'a Value, key: &str) -> &'a str {
    made[key].as_str().unwrap_or_else(|| panic!("{key}: {made:#}"))
}

/// Names of databases, by how they begin.
fn databases(server: &Server, prefix: &str) -> Vec<String> {
    let sql = format!("SELECT datname FROM pg_database WHERE starts_with(datname, '{prefix}') ORDER BY 1");
    server.sql("postgres", &sql).into_iter().flatten().collect()
}

as_both_admins!(a_test_database_is_migrated_and_closed_to_other_services, |admin| {
    let server = Server::for_admin(admin);
    let project = Project::new_as(&server, admin, "tdm");
    project.write("tdm_a/migrations/R__names.sql", "CREATE OR REPLACE VIEW names AS SELECT name FROM item;");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let first = made(&project, "tdm_a");
    let second = made(&project, "tdm_a");
    assert_eq!((&first["reused"], &second["reused"]), (&false.into(), &true.into()));
    assert_eq!(first["template"], second["template"]);
    let database = text(&second, "database");
    assert!(text(&second, "url").contains(&format!("/{database}")), "{second:#}");
    let (own, copy) = (server.catalog("tdm_a"), server.catalog(database));
    assert!(own.0.len() > 5 && own.differences(&copy).is_empty(), "{:?}", own.differences(&copy));

    let password = |role: &str| project.password(role);
    let as_role = |role: &str, sql: &str| server.sql_as(role, &password(role), database, sql);
    as_role("tdm_a_app", "INSERT INTO item (name) VALUES ('a')").unwrap();
    assert_eq!(as_role("tdm_a_ro", "SELECT name FROM names").unwrap(), [["a"]]);
    assert_eq!(as_role("tdm_a_migrator", "SELECT current_user").unwrap(), [["tdm_a_owner"]]);
    assert_eq!(as_role("tdm_a_app", "SHOW search_path").unwrap(), [["public"]]);
    for other in ["tdm_b_app", "tdm_b_ro", "tdm_b_migrator"] {
        assert_eq!(as_role(other, "SELECT 1").unwrap_err(), "42501", "{other}");
    }
    // No login of the service owns the database, nor can one write its mark.
    let mark = format!("COMMENT ON DATABASE {database} IS 'mine'");
    assert_eq!(as_role("tdm_a_migrator", &mark).unwrap_err(), "42501");
    let template = text(&second, "template");
    assert_eq!(
        server.sql_as("tdm_a_migrator", &password("tdm_a_migrator"), template, "SELECT 1").unwrap_err(),
        "55000"
    );
    // Test databases share no rows.
    let third = made(&project, "tdm_a");
    assert_eq!(server.value(text(&third, "database"), "SELECT count(*) FROM item"), "0");

    let acl = |name: &str| {
        let sql = format!(
            "SELECT a.grantee::regrole, a.privilege_type FROM pg_database d, aclexplode(d.datacl) a
             WHERE d.datname = '{name}' ORDER BY 1, 2"
        );
        server.sql("postgres", &sql)
    };
    assert_eq!(acl(database), acl("tdm_a"));
    let settings = |name: &str| {
        let sql = format!(
            "SELECT s.setrole::regrole, s.setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
             WHERE d.datname = '{name}' ORDER BY 1"
        );
        server.sql("postgres", &sql)
    };
    assert_eq!(settings(database), settings("tdm_a"));
});

#[test]
fn test_db_prints_one_url_of_the_chosen_role() {
    let server = Server::start();
    let project = provisioned(&server, "tdl");
    for (role, login) in [("app", "tdl_a_app"), ("readonly", "tdl_a_ro"), ("migrator", "tdl_a_migrator")] {
        let done = project.run(&["test-db", "-s", "tdl_a", "--role", role]).expect(0);
        let start = format!("postgresql://{login}:{}@", project.password(login));
        assert!(done.stdout.starts_with(&start) && done.stdout.lines().count() == 1, "{done:?}");
        assert!(done.stdout.contains("/martydb_test_tdl_a_"), "{done:?}");
        assert!(!done.stderr.contains(&project.password(login)), "{done:?}");
    }
    let env = project.run(&["test-db", "-s", "tdl_a", "--format", "env"]).expect(0);
    assert!(env.stdout.contains("PGDATABASE='martydb_test_tdl_a_"), "{env:?}");

    let listed = project.json(&["test-db", "-s", "tdl_a", "--list"], 0);
    assert_eq!(listed["databases"].as_array().unwrap().len(), 4, "{listed:#}");
    let one = text(&listed["databases"][0], "database").to_owned();
    assert!(listed["databases"][0]["age_s"].as_u64().unwrap() < 3600, "{listed:#}");
    assert!(project.run(&["test-db", "-s", "tdl_a", "--list"]).expect(0).stdout.contains(&one));
    assert!(
        project.run(&["test-db", "-s", "tdl_b", "--list"]).expect(0).stdout.contains("No test databases")
    );

    project.run(&["test-db", "-s", "tdl_a", "--drop", &one]).expect(0);
    let left = databases(&server, "martydb_test_");
    assert!(left.len() == 3 && !left.contains(&one), "{left:?}");
    for other in ["tdl_a", "postgres", &one, "martydb_test_none", ""] {
        let done = project.run(&["test-db", "-s", "tdl_a", "--drop", other]).expect(2);
        assert!(done.stderr.contains("is not a test database of tdl_a"), "{done:?}");
    }
    let mine = left[0].as_str();
    project.run(&["test-db", "-s", "tdl_b", "--drop", mine]).expect(2);
    assert_eq!(databases(&server, "martydb_test_"), left);
}

#[test]
fn a_service_without_roles_gets_no_test_database() {
    let server = Server::start();
    let project = Project::new(&server, "tdn");
    let done = project.run(&["test-db", "--service", "tdn_a"]).expect(1);
    assert!(done.stderr.contains("tdn_a is not provisioned"), "{done:?}");
    assert!(done.stderr.contains("martydb apply --service tdn_a") && done.stdout.is_empty(), "{done:?}");
    assert_eq!(databases(&server, "martydb_"), Vec::<String>::new());
    project.run(&["test-db"]).expect(2);
    project.run(&["test-db", "--service", "none"]).expect(2);
}

/// The time in a name is what counts: seconds since 1970 in base 36.
const OLD: &str = "00000zz";

#[test]
fn expired_test_databases_are_dropped_unless_in_use_or_unmarked() {
    let server = Server::start();
    let project = provisioned(&server, "tdo");
    let aged = |name: &str, digits: &str| {
        let old = format!("martydb_test_tdo_a_{OLD}{digits}");
        server.sql("postgres", &format!("ALTER DATABASE {name} RENAME TO {old}"));
        old
    };
    let (first, second) = (made(&project, "tdo_a"), made(&project, "tdo_b"));
    let old = aged(text(&first, "database"), "aaaaaaaa");
    let used = aged(text(&second, "database"), "bbbbbbbb");
    // A killed run left this between the copy and the mark.
    let half = format!("martydb_test_tdo_a_{OLD}cccccccc");
    server.sql("postgres", &format!("CREATE DATABASE {half} ALLOW_CONNECTIONS false"));
    let unmarked =
        ["dddddddd", "eeeeeeee", "ffffffff"].map(|digits| format!("martydb_test_tdo_a_{OLD}{digits}"));
    for name in &unmarked {
        server.sql("postgres", &format!("CREATE DATABASE {name}"));
    }
    let mark = server.value(
        "postgres",
        &format!("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '{old}'"),
    );
    // The mark of another project, and ours on the database of a login that wrote it itself.
    let other = mark.replace("tdo/", "other/");
    server.sql("postgres", &format!("COMMENT ON DATABASE {} IS '{other}'", unmarked[1]));
    server.sql("postgres", "CREATE ROLE maker LOGIN CREATEDB");
    server.sql("postgres", &format!("ALTER DATABASE {} OWNER TO maker", unmarked[2]));
    server.sql("postgres", &format!("COMMENT ON DATABASE {} IS '{mark}'", unmarked[2]));

    let made = std::thread::scope(|scope| {
        let password = project.password("tdo_b_app");
        let place = used.clone();
        let server = &server;
        let insider =
            scope.spawn(move || server.sql_as("tdo_b_app", &password, &place, "SELECT pg_sleep(60)"));
        let inside = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'tdo_b_app' AND state = 'active'";
        until("the session is there", || server.value("postgres", inside) == "1");
        let made = made(&project, "tdo_a");
        let said = project.run(&["test-db", "--service", "tdo_a"]).expect(0);
        assert!(said.stderr.contains(&format!("{used} is older than a day")), "{said:?}");
        assert!(said.stderr.contains("1 session"), "{said:?}");
        server.sql(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tdo_b_app'",
        );
        insider.join().unwrap().unwrap_err();
        made
    });
    assert_eq!(made["removed"], serde_json::json!([old, half]));
    assert_eq!(made["in_use"], serde_json::json!([used]));
    let left = databases(&server, "martydb_test_");
    assert!(!left.contains(&old) && !left.contains(&half), "{left:?}");
    assert!(unmarked.iter().all(|name| left.contains(name)), "{left:?}");
    // Once the session is gone, so is the database.
    let after = self::made(&project, "tdo_a");
    assert_eq!(after["removed"], serde_json::json!([used]));
}
