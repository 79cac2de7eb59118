//! `squash`: one checkpoint in place of the first migrations.

mod expressions;
mod refused;
mod review;

use crate::support::{self, Project, Server};

/// A service with reference data, and things that depend on each other; its database is at V4.
fn service(server: &Server, name: &str) -> Project {
    let url = server.url();
    let text = format!(
        "version: 1\nproject: {name}\nservers:\n  main:\n    url: {url}\nservices:\n  {name}:\n    extensions: [citext]\n"
    );
    let project = Project::with_manifest(&text);
    let files = [
        (
            "V1__country",
            "CREATE TABLE country (code citext PRIMARY KEY, name text NOT NULL);\nINSERT INTO country VALUES ('LV', 'Latvia; \"R\"'), ('DE', E'Ger\\\\many\\n''x''');",
            "DROP TABLE country;",
        ),
        (
            "V2__city",
            "CREATE TABLE city (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, country citext NOT NULL REFERENCES country, name text);\nINSERT INTO city (country, name) VALUES ('LV', 'Riga'), ('DE', NULL);\nCREATE FUNCTION cities(citext) RETURNS bigint LANGUAGE sql STABLE AS $$ SELECT count(*) FROM city WHERE country = $1 $$;",
            "DROP FUNCTION cities(citext); DROP TABLE city;",
        ),
        (
            "V3__seen",
            "ALTER TABLE city ADD seen timestamptz; COMMENT ON COLUMN city.seen IS 'when; or never'; CREATE SEQUENCE tickets START 100; SELECT nextval('tickets');\nCREATE INDEX city_name_idx ON city (lower(name)) WHERE name IS NOT NULL;",
            "DROP INDEX city_name_idx; DROP SEQUENCE tickets; ALTER TABLE city DROP seen;",
        ),
        ("V4__note", "ALTER TABLE city ADD note text;", "ALTER TABLE city DROP note;"),
    ];
    for (file, up, down) in files {
        project.write(&format!("{name}/migrations/{file}.sql"), up);
        project.write(&format!("{name}/migrations/{file}.down.sql"), down);
    }
    project.write(
        &format!("{name}/migrations/R__names.sql"),
        "CREATE OR REPLACE VIEW names AS SELECT name FROM city;",
    );
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project
}

/// Returns `true` if the machine has a `pg_dump` of this server's major; otherwise the command must report it and
/// write nothing.
fn can_dump(server: &Server, project: &Project, name: &str) -> bool {
    if support::can_dump(server) {
        return true;
    }
    let before = files(project, name);
    let refused = project.run(&["squash", "-s", name, "--to", "2", "--remove"]).expect(1);
    assert!(refused.said().contains("there is no pg_dump for a server of version"), "{refused:?}");
    assert_eq!(files(project, name), before);
    false
}

fn checkpoint(name: &str, version: i64) -> String {
    format!("{name}/migrations/C{version}__checkpoint.sql")
}

fn files(project: &Project, name: &str) -> Vec<String> {
    let entries = std::fs::read_dir(project.path().join(name).join("migrations")).unwrap();
    let mut all: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

/// refinery's table, its times aside.
fn applied(server: &Server, database: &str) -> Vec<Vec<String>> {
    server
        .sql(database, "SELECT version, name, checksum FROM martydb.refinery_schema_history ORDER BY version")
}

/// Makes a database from the unchanged files.
fn fresh(project: &Project, name: &str) -> String {
    let made = project.json(&["test-db", "--service", name], 0);
    made["database"].as_str().unwrap().to_owned()
}

const ROWS: &str = "SELECT (SELECT string_agg(c::text, '|' ORDER BY code) FROM country c),
     (SELECT string_agg(row(id, country, name)::text, '|' ORDER BY id) FROM city), (SELECT last_value FROM tickets)";

#[test]
fn a_new_database_starts_from_the_checkpoint_and_an_existing_one_continues() {
    let server = Server::start();
    let project = service(&server, "sqa");
    if !can_dump(&server, &project, "sqa") {
        return;
    }
    let before = files(&project, "sqa");
    let done = project.json(&["squash", "--service", "sqa", "--to", "3"], 0);
    assert_eq!((&done["replaces"], &done["version"]), (&3.into(), &3.into()), "{done:#}");
    assert_eq!(done["rows"], serde_json::json!({"public.city": 2, "public.country": 2}));
    let mut expected = before.clone();
    expected.insert(0, "C3__checkpoint.sql".into());
    assert_eq!(files(&project, "sqa"), expected);
    assert_eq!(
        server.sql("postgres", "SELECT datname FROM pg_database WHERE datname LIKE 'martydb%'").len(),
        0
    );

    let same = |database: &str| {
        let (own, other) = (server.catalog("sqa"), server.catalog(database));
        assert_eq!(own.differences(&other), [], "{database}");
        assert_eq!(applied(&server, database), applied(&server, "sqa"));
        assert_eq!(server.sql(database, ROWS), server.sql("sqa", ROWS));
    };
    for step in ["files beside it", "files removed"] {
        project.run(&["validate"]).expect(0);
        project.run(&["status", "--check"]).expect(0);
        assert_eq!(
            project.json(&["upgrade", "--all"], 0)["services"][0]["applied"],
            serde_json::json!([]),
            "{step}"
        );
        let database = fresh(&project, "sqa");
        same(&database);
        let events =
            server.sql(&database, "SELECT id, action, version, outcome FROM martydb.history ORDER BY id");
        let event =
            |id: &str, action: &str, version: &str| [id, action, version, "ok"].map(str::to_owned).to_vec();
        let expected = [
            event("1", "baseline", "1"),
            event("2", "baseline", "2"),
            event("3", "upgrade", "3"),
            event("4", "upgrade", "4"),
        ];
        assert_eq!(events, expected, "{step}");
        if step == "files beside it" {
            // The checkpoint and the files: a new database takes the checkpoint, unless it shall stop below.
            let planned = project.json(&["upgrade", "--all", "--dry-run"], 0);
            assert_eq!(planned["services"][0]["planned"], serde_json::json!([]));
            for name in before.iter().filter(|name| ["V1", "V2", "V3"].iter().any(|v| name.starts_with(v))) {
                std::fs::remove_file(project.path().join("sqa/migrations").join(name)).unwrap();
            }
        }
    }

    // Later migrations continue from there.
    let next = project.json(&["revision", "--service", "sqa", "-m", "more"], 0);
    assert!(next.to_string().contains("V5__more"), "{next:#}");
    project.write("sqa/migrations/V5__more.sql", "CREATE TABLE more (id int REFERENCES city);");
    project.write("sqa/migrations/V5__more.down.sql", "DROP TABLE more;");
    project.run(&["upgrade", "--all"]).expect(0);
    same(&fresh(&project, "sqa"));
    let proof = project.run(&["verify-down", "--every"]).expect(0);
    assert!(proof.stdout.matches("up, down, up").count() == 2, "{proof:?}");
    project.run(&["downgrade", "--all", "--to", "3", "-y"]).expect(0);
    let below = project.run(&["downgrade", "--all", "--to", "2", "-y"]).expect(2);
    assert!(
        below.stdout.contains("it replaces V1 to V3") || below.stderr.contains("it replaces V1 to V3"),
        "{below:?}"
    );
    project.run(&["upgrade", "--all"]).expect(0);
    same(&fresh(&project, "sqa"));
}

#[test]
fn a_later_checkpoint_replaces_an_earlier_one_and_its_files() {
    let server = Server::start();
    let project = service(&server, "sqc");
    if !can_dump(&server, &project, "sqc") {
        return;
    }
    project.run(&["squash", "-s", "sqc", "--to", "2", "--remove"]).expect(0);
    assert_eq!(
        files(&project, "sqc"),
        [
            "C2__checkpoint.sql", "R__names.sql", "V3__seen.down.sql", "V3__seen.sql", "V4__note.down.sql",
            "V4__note.sql"
        ]
    );
    project.run(&["squash", "-s", "sqc", "--to", "2"]).expect(2);
    project.run(&["squash", "-s", "sqc", "--to", "1"]).expect(2);
    project.run(&["squash", "-s", "sqc", "--to", "9"]).expect(2);
    project.run(&["squash", "-s", "sqc", "--to", "4", "--remove"]).expect(0);
    assert_eq!(files(&project, "sqc"), ["C4__checkpoint.sql", "R__names.sql"]);
    project.run(&["status", "--check"]).expect(0);
    let database = fresh(&project, "sqc");
    assert_eq!(applied(&server, &database), applied(&server, "sqc"));
    assert_eq!(server.sql(&database, ROWS), server.sql("sqc", ROWS));
    // As it is: a database of a service that is new to martydb.
    project.run(&["drop", "-s", "sqc", "--confirm", "sqc"]).expect(0);
    let status = project.json(&["status"], 0);
    assert_eq!(status["services"][0]["latest"], 4, "{status:#}");
    project.run(&["init-all", "-y"]).expect(0);
    assert_eq!(server.value("sqc", "SELECT count(*) FROM names"), "2");
    let current = project.json(&["current"], 0);
    assert_eq!(current["services"][0]["current"], 4, "{current:#}");
}

#[test]
fn a_database_older_than_martydb_is_baselined_at_the_checkpoint() {
    let server = Server::start();
    let project = service(&server, "sqb");
    if !can_dump(&server, &project, "sqb") {
        return;
    }
    let rows = applied(&server, "sqb");
    project.run(&["squash", "-s", "sqb", "--to", "3", "--remove"]).expect(0);
    server.sql("sqb", "DROP SCHEMA martydb CASCADE");
    project.run(&["baseline", "-s", "sqb", "--at", "2"]).expect(2);
    let done = project.json(&["baseline", "-s", "sqb", "--at", "4"], 0);
    assert_eq!(done["services"][0]["applied"].as_array().unwrap().len(), 4, "{done:#}");
    assert_eq!(applied(&server, "sqb"), rows);
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["status", "--check"]).expect(0);
}

#[test]
fn every_service_of_this_repository_can_be_squashed() {
    let server = Server::start();
    let services = ["csca", "document_signer", "passport_engine", "pkd_service"];
    let lines = services.map(|name| format!("  sqo_{name}:\n")).concat();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: sqo\nservers:\n  main:\n    url: {}\nservices:\n{lines}",
        server.url()
    ));
    for name in services {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("services/{name}/migrations"));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let file = path.file_name().unwrap().to_str().unwrap();
            project.write(&format!("sqo_{name}/migrations/{file}"), &std::fs::read_to_string(&path).unwrap());
        }
    }
    if !can_dump(&server, &project, "sqo_csca") {
        return;
    }
    project.run(&["init-all", "-y"]).expect(0);
    for name in services {
        let name = format!("sqo_{name}");
        project.run(&["squash", "-s", &name, "--to", "2", "--remove"]).expect(0);
        let database = fresh(&project, &name);
        assert_eq!(server.catalog(&name).differences(&server.catalog(&database)), [], "{name}");
    }
    project.run(&["status", "--check"]).expect(0);
}
