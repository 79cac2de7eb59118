//! The first hour: nothing is green that did not happen, the server of a change is said, and commands that only show start no
//! server.

use crate::support::{Project, Server};

/// Two services of files, and one whose files are another tool's.
fn partly_imported(server: &Server, prefix: &str) -> Project {
    let project = Project::new(server, prefix);
    let manifest = project.read("martydb.yaml");
    let waiting = format!(
        "{manifest}  {prefix}_c: {{ migrations: {{ path: {prefix}_c/migrations, down: optional, source: {{ tool: sqlx, path: old }} }} }}\n"
    );
    project.write("martydb.yaml", &waiting);
    project.write("old/20240101120000_first.sql", "CREATE TABLE first (id bigint PRIMARY KEY);\n");
    project
}

#[test]
fn a_service_without_its_import_is_not_green() {
    let server = Server::start();
    let project = partly_imported(&server, "fhi");
    let first = project.run(&["init-all", "-y"]).expect(3);
    let hint = "martydb import --from sqlx --service fhi_c old";
    assert!(
        first.stderr.contains("fhi_c: no migrations: those of sqlx in old are not imported"),
        "{first:?}"
    );
    assert!(first.stderr.contains(hint), "{first:?}");
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname = 'fhi_c'"), "0");
    let document = project.json(&["init-all", "-y"], 3);
    assert_eq!(document["not_imported"][0]["service"], "fhi_c", "{document:#}");
    let status = project.json(&["status"], 0);
    let states: Vec<_> =
        status["services"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["up_to_date", "up_to_date", "not_imported"]);
    let checked = project.run(&["status", "--check"]).expect(3);
    assert!(checked.stdout.contains("not imported") && checked.stdout.contains(hint), "{checked:?}");
    let upgraded = project.json(&["upgrade", "--all"], 3);
    assert_eq!(upgraded["services"][2]["outcome"], "skipped", "{upgraded:#}");
    assert_eq!(upgraded["services"][2]["error"]["kind"], "not_imported", "{upgraded:#}");
    let _ = project.run(&hint.split(' ').skip(1).collect::<Vec<_>>()).expect(0);
    let _ = project.run(&["init-all", "-y"]).expect(0);
    let _ = project.run(&["status", "--check"]).expect(0);
    let _ = project.run(&["validate"]).expect(0);
    assert_eq!(server.value("fhi_c", "SELECT count(*) FROM pg_class WHERE relname = 'first'"), "1");
}

#[test]
fn a_project_without_an_imported_service_changes_nothing() {
    let server = Server::start();
    let project = partly_imported(&server, "fhn");
    let manifest = project.read("martydb.yaml").replace("  fhn_a:\n  fhn_b:\n", "");
    project.write("martydb.yaml", &manifest);
    let refused = project.run(&["init-all", "-y"]).expect(3);
    assert!(refused.stderr.contains("those of sqlx in old are not imported"), "{refused:?}");
    assert_eq!(server.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'fhn%'"), "0");
}

#[test]
fn status_says_what_it_did_not_compare() {
    let server = Server::start();
    let project = Project::new(&server, "fhc");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    server.sql("postgres", "GRANT CONNECT ON DATABASE fhc_a TO fhc_b_app");
    let plain = project.run(&["status"]).expect(0);
    let last = plain.stdout.lines().last();
    assert_eq!(last, Some("Not compared: schema, roles and grants: martydb status --drift"), "{plain:?}");
    assert_eq!(project.json(&["status"], 0)["compared"], serde_json::json!(["migrations"]));
    let drift = project.json(&["status", "--drift"], 0);
    assert_eq!(drift["compared"], serde_json::json!(["migrations", "schemas", "objects", "roles", "grants"]));
    assert_eq!(drift["services"][0]["state"], "drifted", "{drift:#}");
}

#[test]
fn a_heading_does_not_claim_what_was_skipped() {
    let mut server = Server::start();
    let project = Project::new(&server, "fhh");
    let _ = project.run(&["init-all", "-y"]).expect(0);
    server.crash();
    let failed = project.run(&["init-all", "-y"]).expect(5);
    assert!(failed.stdout.starts_with("Not provisioned\n"), "{failed:?}");
}

#[test]
fn a_change_says_its_server_once_and_variables_that_it_does_not_use() {
    let server = Server::start();
    let project = Project::new(&server, "fht");
    let line = format!("server main: 127.0.0.1:{}, PostgreSQL ", server.port);
    let said = |arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("PGHOST", "db.internal").env("DATABASE_URL", "postgresql://elsewhere/x");
        project.finish(command)
    };
    let unused = "PGHOST, DATABASE_URL are set and not used";
    for arguments in [&["apply", "--all", "-y"][..], &["upgrade", "--all"], &["doctor"]] {
        let done = said(arguments).expect(0);
        assert_eq!(done.stderr.matches(&line).count(), 1, "{arguments:?}: {done:?}");
        assert_eq!(done.stderr.matches(unused).count(), 1, "{arguments:?}: {done:?}");
        let quiet = said(&[arguments, &["-q"]].concat()).expect(0);
        assert!(!quiet.stderr.contains("server main") && !quiet.stderr.contains(unused), "{quiet:?}");
    }
    for reader in ["status", "current", "plan"] {
        let done = said(&[reader]).expect(0);
        assert!(!done.stderr.contains("server main") && !done.stderr.contains(unused), "{done:?}");
    }
    for arguments in [&["upgrade", "--all"][..], &["doctor"]] {
        let document = project.json(arguments, 0);
        let row = &document["servers"][0];
        assert_eq!(row["server"], "main", "{document:#}");
        assert_eq!((&row["host"], &row["port"]), (&"127.0.0.1".into(), &server.port.into()), "{document:#}");
        assert_eq!(row["embedded"], false, "{document:#}");
        assert!(row["version"].as_str().is_some_and(|version| !version.is_empty()), "{document:#}");
    }
    let manifest = project.read("martydb.yaml").replace("127.0.0.1", "${PGHOST:-x}");
    project.write("martydb.yaml", &manifest);
    let mut used = project.command(&["doctor"]);
    used.env("PGHOST", "127.0.0.1");
    let done = project.finish(used).expect(0);
    assert!(!done.stderr.contains("not used"), "{done:?}");
}

#[test]
fn a_stopped_server_is_shown_and_not_started() {
    let project = Project::with_manifest(
        "version: 1\nproject: fhs\nservers: { main: { embedded: true } }\nservices: { fhs_a: { migrations: fhs_a } }\n",
    );
    project.write("fhs_a/V1__a.sql", "CREATE TABLE a (id int);\n");
    project.write("fhs_a/V1__a.down.sql", "DROP TABLE a;\n");
    let state = || project.json(&["dev", "status"], 0)["servers"][0]["state"].clone();
    assert_eq!(project.json(&["status"], 0)["services"][0]["state"], "stopped");
    assert_eq!(state(), "absent");
    let up = project.run(&["init-all", "-y"]).expect(0);
    assert!(up.stderr.contains("server main: 127.0.0.1:") && up.stderr.contains(", embedded, "), "{up:?}");
    let _ = project.run(&["dev", "down"]).expect(0);
    let plain = project.run(&["status"]).expect(0);
    assert!(plain.stdout.contains("stopped") && plain.stderr.contains("martydb dev up"), "{plain:?}");
    for (arguments, code) in
        [(&["status", "--check"][..], 5), (&["current"], 5), (&["history"], 5), (&["doctor"], 5)]
    {
        let done = project.run(arguments).expect(code);
        assert!(done.said().contains("the embedded server main is stopped"), "{done:?}");
        assert_eq!(state(), "stopped", "{arguments:?}");
    }
    let _ = project.run(&["report", "--out", "page.html"]);
    assert_eq!(state(), "stopped");
    let _ = project.run(&["dev", "destroy", "-y"]).expect(0);
}

#[test]
fn mistakes_of_the_first_hour_are_answered_with_the_way() {
    let project =
        Project::with_manifest("version: 1\nservers: { main: { embedded: yes } }\nservices: { shop: {} }\n");
    let wrong = project.run(&["validate"]).expect(2);
    assert!(wrong.stderr.contains("\"yes\" is none of true, false, auto and redis"), "{wrong:?}");
    std::fs::write(project.path().join("martydb.yaml"), b"version: 1\n# caf\xe9\n").unwrap();
    let wrong = project.run(&["validate"]).expect(2);
    assert!(wrong.stderr.contains("martydb.yaml:2:6: these bytes are not UTF-8"), "{wrong:?}");

    // A manifest that cannot be read is not left behind.
    std::fs::remove_file(project.path().join("martydb.yaml")).unwrap();
    let wrong = project.run(&["init", "postgres"]).expect(2);
    assert!(wrong.stderr.contains("error: database \"postgres\" belongs to the server itself"), "{wrong:?}");
    assert!(!project.path().join("martydb.yaml").exists());
    let long = "a".repeat(70);
    let wrong = project.run(&["init", &long]).expect(2);
    assert!(!wrong.stderr.contains("did you mean"), "{wrong:?}");

    // Two files are not told to take one name.
    project.write("martydb.yaml", "version: 1\nservers: { main: { embedded: true } }\nservices: { shop: {} }\nserve: { listen: \"127.0.0.1:0\" }\n");
    project.write("shop/migrations/1_init.sql", "SELECT 1;\n");
    project.write("shop/migrations/V1_init.sql", "SELECT 1;\n");
    let wrong = project.run(&["validate"]).expect(2);
    assert_eq!(wrong.stdout.matches("rename it to V1__init.sql").count(), 1, "{wrong:?}");
    assert!(wrong.stdout.contains("another file has or gets the name V1__init.sql"), "{wrong:?}");

    // A saved plan is not a service; without a terminal, a command that needs a service names them.
    project.write("p.plan", "{}");
    let wrong = project.run(&["apply", "p.plan"]).expect(2);
    assert!(wrong.stderr.contains("martydb apply --plan p.plan"), "{wrong:?}");
    for arguments in [&["psql"][..], &["url"], &["exec", "--", "true"]] {
        let wrong = project.run(arguments).expect(2);
        assert!(wrong.stderr.contains("services: shop"), "{wrong:?}");
    }
    let wrong = project.run(&["serve", "key", "new", "billing"]).expect(2);
    assert!(wrong.stderr.contains("there are no callers"), "{wrong:?}");
}
