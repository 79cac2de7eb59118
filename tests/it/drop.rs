//! `drop`: every object of the service is removed, and none of others.

use std::sync::Arc;

use crate::support::{Admin, Done, Project, Server, until};

fn provisioned(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    project.run(&["apply", "--all", "-y"]).expect(0);
    project
}

fn left(server: &Server, prefix: &str) -> Vec<String> {
    let names = server.sql(
        "postgres",
        &format!(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE '{prefix}%'
             UNION ALL SELECT datname FROM pg_database WHERE datname LIKE '{prefix}%' ORDER BY 1"
        ),
    );
    names.into_iter().flatten().collect()
}

fn drop_it(project: &Project, service: &str) -> Done {
    project.run(&["drop", "--service", service, "--confirm", service])
}

#[test]
fn s23_a_service_removed_from_the_manifest_stays_until_drop_which_leaves_no_orphan() {
    let server = Arc::new(Server::start());
    let project = provisioned(&server, "gone");
    let manifest = project.read("martydb.yaml");
    let (a, all) = (left(&server, "gone_a"), left(&server, "gone"));
    project.write("martydb.yaml", &manifest.replace("  gone_a:\n", ""));
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(left(&server, "gone"), all);
    project.write("martydb.yaml", &manifest);

    // It owns objects in two other databases, holds privileges in a third, and a session is open in its database.
    server.sql("postgres", "CREATE DATABASE elsewhere; ");
    server.sql("postgres", "CREATE DATABASE gone_a_archive OWNER gone_a_owner");
    server.sql("elsewhere", "CREATE TABLE kept (id int); ALTER TABLE kept OWNER TO gone_a_owner");
    server.sql("elsewhere", "SELECT lo_create(4711); ALTER LARGE OBJECT 4711 OWNER TO gone_a_app");
    server.sql("gone_b", "CREATE TABLE item2 (id int); ALTER TABLE item2 OWNER TO gone_a_owner");
    server.sql("gone_b", "GRANT SELECT ON item2 TO gone_a_ro; ALTER DEFAULT PRIVILEGES FOR ROLE gone_b_owner GRANT SELECT ON TABLES TO gone_a_app");
    server.sql("postgres", "GRANT CONNECT ON DATABASE elsewhere TO gone_a_app; CREATE ROLE legacy LOGIN; GRANT gone_a_app TO legacy");
    project.run(&["rotate", "--service", "gone_a", "--overlap"]).expect(0);
    let roles = left(&server, "gone_a");
    assert!(roles.len() > a.len());

    let dry = project.json(&["drop", "--service", "gone_a", "--dry-run"], 0);
    let shown = dry["changes"].to_string();
    for part in [
        "table public.kept", "large object 4711", "table public.item2", "DROP DATABASE", "DROP ROLE",
        "gone_a_app_b", "gone_a_archive",
    ] {
        assert!(shown.contains(part), "{part}: {dry:#}");
    }
    assert_eq!(left(&server, "gone_a"), roles);

    let insiders: Vec<_> = [("gone_a_ro_b", "gone_a"), ("gone_a_app_b", "elsewhere")]
        .map(|(role, database)| {
            let (server, password) = (server.clone(), project.password(role));
            std::thread::spawn(move || server.sql_as(role, &password, database, "SELECT pg_sleep(60)"))
        })
        .into();
    let inside = "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'gone_a%' AND state = 'active'";
    until("both sessions are there", || server.value("postgres", inside) == "2");
    let done = drop_it(&project, "gone_a").expect(0);
    for insider in insiders {
        assert!(insider.join().unwrap().is_err(), "a session was left alone");
    }
    assert!(done.stdout.contains("\nRemoved.\n"), "{done:?}");
    assert!(done.stderr.contains("now belong to the role for orphans"), "{done:?}");
    assert_eq!(left(&server, "gone_a"), ["gone_a_archive"]);
    let owner = |db: &str, table: &str| {
        server.value(db, &format!("SELECT relowner::regrole::text FROM pg_class WHERE relname = '{table}'"))
    };
    assert_eq!(owner("elsewhere", "kept"), "gone_orphans");
    let archive = "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'gone_a_archive'";
    assert_eq!(server.value("postgres", archive), "gone_orphans");
    assert_eq!(owner("gone_b", "item2"), "gone_orphans");
    let orphans = "SELECT count(*) FROM pg_shdepend s WHERE refclassid = 'pg_authid'::regclass
        AND NOT EXISTS (SELECT FROM pg_authid a WHERE a.oid = s.refobjid)";
    assert_eq!(server.value("postgres", orphans), "0");
    assert!(!project.read(".martydb/secrets/development.yaml").contains("gone_a"));

    let again = drop_it(&project, "gone_a").expect(0);
    insta::assert_snapshot!(again.shown(), @r"
    Nothing of gone_a is left on server main.
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    remove gone_a from the manifest, or the next apply recreates it
    ");
    // A table runs nothing as its owner: the service that it lies in takes it over.
    project.run(&["apply", "-y", "--service", "gone_b"]).expect(0);
    assert_eq!(owner("gone_b", "item2"), "gone_b_owner");
    project.run(&["plan", "--check", "--service", "gone_b"]).expect(0);
}

#[test]
fn drop_requires_the_name_even_with_yes() {
    let server = Server::start();
    let project = provisioned(&server, "named");
    let before = left(&server, "named");
    for arguments in [
        &["drop", "--service", "named_a"][..],
        &["drop", "--service", "named_a", "-y"],
        &["drop", "--service", "named_a", "--confirm", "named_b"],
        &["drop", "--service", "nmed_a", "--confirm", "nmed_a"],
    ] {
        project.run(arguments).expect(2);
    }
    assert_eq!(left(&server, "named"), before);
}

#[test]
fn drop_refuses_if_objects_of_another_service_would_go() {
    let server = Server::start();
    let project = provisioned(&server, "guest");
    server.sql("guest_a", "CREATE TABLE theirs (id int); ALTER TABLE theirs OWNER TO guest_b_owner");
    let refused = drop_it(&project, "guest_a").expect(1);
    insta::assert_snapshot!(refused.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: cannot drop service "guest_a": database "guest_a" contains objects of other roles
    caused by: 1 of its objects belong to "guest_b_owner"
    hint: give them to a role of this service, or move them, and try again
    "#);
    server.sql("guest_a", "ALTER TABLE theirs OWNER TO guest_a_owner");
    server.sql("postgres", "COMMENT ON DATABASE guest_a IS 'martydb:another'");
    let refused = drop_it(&project, "guest_a").expect(1);
    insta::assert_snapshot!(refused.shown(), @r#"
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    error: cannot drop service "guest_a": database "guest_a" was made by another manifest
    hint: drop it with that manifest
    "#);
    project.run(&["test-connections"]).expect(0);
}

#[test]
fn the_next_run_completes_a_drop_killed_at_any_statement() {
    let server = Server::start();
    let project = Project::new(&server, "kill");
    server.sql("postgres", "CREATE DATABASE beside");
    // Each round ends a run after one more of its statements, by ending its session.
    for last in 0.. {
        project.run(&["apply", "--service", "kill_a", "-y"]).expect(0);
        server.sql("beside", "CREATE TABLE IF NOT EXISTS t (id int); ALTER TABLE t OWNER TO kill_a_owner");
        let steps = project.json(&["drop", "--service", "kill_a", "--dry-run"], 0);
        let steps = steps["changes"].as_array().unwrap().clone();
        if last >= steps.len() {
            break;
        }
        // States that a killed run leaves: whole transactions, so every prefix of the steps is at least as hard.
        for step in &steps[..last] {
            let sql = step["sql"].as_str().unwrap();
            let database = if sql.contains("OWNED") { "beside" } else { "postgres" };
            server.sql(database, sql);
        }
        drop_it(&project, "kill_a").expect(0);
        assert!(left(&server, "kill_a").is_empty(), "after {last} of {}", steps.len());
    }
}

#[test]
fn a_limited_admin_drops_its_own_services() {
    let server = Server::start();
    server.sql("postgres", "CREATE ROLE adm LOGIN CREATEDB CREATEROLE PASSWORD 'admin-secret-of-the-test'");
    // Below 15 there is no such grant: the setting is a limit there, and the rest works the same.
    if server.major() >= 15 {
        server.sql("postgres", "GRANT SET ON PARAMETER temp_file_limit TO adm");
    }
    server.sql(
        "postgres",
        "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC; GRANT CONNECT ON DATABASE postgres TO adm",
    );
    let project = Project::new(&server, "lim");
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace("postgres@", "adm@"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["rotate", "--service", "lim_a", "--overlap"]).expect(0);
    project.run(&["rotate", "--service", "lim_a", "--finish"]).expect(0);
    project.run(&["rotate", "--service", "lim_a"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
    project.run(&["test-connections"]).expect(0);
    server.sql("lim_b", "SET ROLE lim_b_owner; CREATE TABLE t (id int); GRANT SELECT ON t TO lim_a_app");
    server.sql("lim_b", "CREATE TABLE mine (id int); ALTER TABLE mine OWNER TO lim_a_owner");
    drop_it(&project, "lim_a").expect(0);
    assert!(left(&server, "lim_a").is_empty());
    let owner = "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'mine'";
    assert_eq!(server.value("lim_b", owner), "lim_b_owner");
    // Nothing borrowed is kept.
    project.run(&["plan", "--check", "--service", "lim_b"]).expect(0);
}

#[test]
fn unusual_names_are_rotated_and_dropped() {
    let server = Server::start();
    let role = format!("A \"b\" 'c' \\\\ {}é", "x".repeat(45));
    let project = Project::with_manifest(&format!(
        "version: 1\nservers:\n  main:\n    url: {}\nservices:\n  odd:\n    database: \"DB \\\"é\\\" 'q' -; DROP\"\n    roles: {{ app: \"{}\" }}\n",
        server.url(),
        role.replace('"', "\\\"")
    ));
    project.run(&["apply", "--all", "-y"]).expect(0);
    for turn in ["--overlap", "--finish", "--overlap", "--finish"] {
        project.run(&["rotate", "--all", turn]).expect(0);
        project.run(&["test-connections"]).expect(0);
        project.run(&["plan", "--check"]).expect(0);
    }
    drop_it(&project, "odd").expect(0);
    let left = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'A \"b%' OR rolname LIKE 'odd%'";
    assert_eq!(server.value("postgres", left), "0");
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'DB%'"), "0");
}

/// A database that was there before the manifest loses the service's roles; its data stays.
#[test]
fn drop_keeps_an_adopted_database_unless_requested() {
    for (admin, prefix) in [(Admin::Super, "kept"), (Admin::Limited, "lept")] {
        let server = Server::for_admin(admin);
        let project = Project::new_as(&server, admin, prefix);
        let database = format!("{prefix}_a");
        server.sql("postgres", &format!("CREATE DATABASE {database}"));
        server.sql("postgres", &format!("ALTER DATABASE {database} OWNER TO {}", admin.role()));
        server.sql("postgres", &format!("COMMENT ON DATABASE {database} IS 'DVD shop'"));
        let film = format!(
            "CREATE TABLE film (id int); INSERT INTO film VALUES (1); GRANT ALL ON SCHEMA public TO {0}; ALTER TABLE film OWNER TO {0}",
            admin.role()
        );
        server.sql(&database, &film);
        project.run(&["apply", "--all", "-y"]).expect(0);
        let owner = || server.value(&database, "SELECT tableowner FROM pg_tables WHERE tablename = 'film'");
        assert_eq!(owner(), format!("{database}_owner"));

        let dropped = drop_it(&project, &database).expect(0);
        assert!(dropped.stderr.contains("existed before this manifest and is kept"), "{}", dropped.stderr);
        assert_eq!(left(&server, &database).join(" "), database);
        assert_eq!(server.value(&database, "SELECT count(*) FROM film"), "1");
        assert!(owner().ends_with("_orphans"), "{}", owner());
        // Nothing is left to do; on request, the database is dropped too.
        assert!(drop_it(&project, &database).expect(0).stdout.contains("Nothing of"), "again");
        let query = ["drop", "--service", &database, "--confirm", &database, "--adopted"];
        project.run(&query).expect(0);
        assert_eq!(left(&server, &database), Vec::<String>::new());
        drop_it(&project, &format!("{prefix}_b")).expect(0);
        assert_eq!(left(&server, &format!("{prefix}_b")), Vec::<String>::new(), "made by the manifest");
    }
}
