//! Commands that make a database again elsewhere, on a service whose extensions have a schema of their own.

use crate::support::{Project, Server, can_dump};

const ITEM: &str = "CREATE TYPE pair AS (a extensions.citext, b int);\n\
    CREATE TABLE item (id int PRIMARY KEY, name extensions.citext DEFAULT 'none'::extensions.citext UNIQUE, tags extensions.hstore, at extensions.cube, p pair);\n\
    CREATE INDEX item_tags ON item USING gin (tags);\nCREATE INDEX item_at ON item USING gist (at);\n\
    CREATE VIEW tagged AS SELECT id FROM item WHERE tags OPERATOR(extensions.?) 'a' AND name OPERATOR(extensions.=) 'X';\n\
    CREATE FUNCTION tag(extensions.hstore) RETURNS text LANGUAGE sql STABLE AS $$ SELECT $1 OPERATOR(extensions.->) 'a' $$;\n\
    INSERT INTO item VALUES (1, 'x', 'a=>1', '(1,2)', ROW('Y', 2));\n";

const HELD: &str = "SELECT concat_ws(' ', (SELECT count(*) FROM tagged), tag(tags), at, (p).a OPERATOR(extensions.=) 'y') FROM item";

const LIST: &str = "[{ name: citext, schema: extensions }, { name: hstore, schema: extensions }, { name: cube, schema: extensions }]";

fn manifest(servers: &[(&str, &Server)], services: &str) -> String {
    let servers: String = servers
        .iter()
        .map(|(name, server)| {
            format!("  {name}: {{ url: \"{}\", password_env: PGPASSWORD }}\n", server.url())
        })
        .collect();
    format!("version: 1\nproject: exw\nservers:\n{servers}backup: {{ to: ./backups }}\nservices:\n{services}")
}

#[test]
fn an_extension_in_a_schema_of_its_own_goes_wherever_the_database_goes() {
    let (main, far) = (Server::start(), Server::start());
    let servers = [("main", &main), ("far", &far)];
    let of = |keys: &str| {
        manifest(
            &servers,
            &format!("  exw: {{ schemas: [public, extensions], extensions: {LIST}, {keys} }}\n"),
        )
    };
    let project = Project::with_manifest(&of("server: main"));
    project.write("exw/migrations/V1__item.sql", ITEM);
    project.write(
        "exw/migrations/V1__item.down.sql",
        "DROP VIEW tagged; DROP FUNCTION tag; DROP TABLE item; DROP TYPE pair;\n",
    );
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(main.value("exw", HELD), "1 1 (1, 2) t");
    project.run(&["verify-down", "exw"]).expect(0);
    if !can_dump(&main) {
        return;
    }
    project.run(&["squash", "exw", "--to", "1"]).expect(0);
    let made = project.json(&["test-db", "-s", "exw"], 0);
    assert_eq!(main.value(made["database"].as_str().unwrap(), HELD), "1 1 (1, 2) t");
    project.run(&["test-db", "-s", "exw", "--drop", made["database"].as_str().unwrap()]).expect(0);

    project.run(&["backup", "exw"]).expect(0);
    let id = project.run(&["backup", "list", "-s", "exw", "-o", "name"]).expect(0).stdout.trim().to_owned();
    project.run(&["backup", "verify", &id]).expect(0);
    project
        .run(&["restore", "exw", "--from", &id, "--table", "public.item", "--as", "exw_item", "-y"])
        .expect(0);
    assert_eq!(main.value("exw_item", "SELECT extensions.hstore_to_json(tags) FROM item"), "{\"a\": \"1\"}");
    project.run(&["restore", "exw", "--from", &id, "-y"]).expect(0);
    project.run(&["restore", "exw", "--discard-old", "-y"]).expect(0);
    assert_eq!(main.value("exw", HELD), "1 1 (1, 2) t");
    project.run(&["plan", "--check"]).expect(0);

    project.write("martydb.yaml", &of("server: far, moved: { from: exw, server: main }"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    assert_eq!(far.value("exw", HELD), "1 1 (1, 2) t");
    project.write("martydb.yaml", &of("server: far"));
    for check in [&["plan", "--check"][..], &["status", "--check", "--drift"]] {
        project.run(check).expect(0);
    }
    let held = "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension WHERE extnamespace = 'extensions'::regnamespace";
    assert_eq!(far.value("exw", held), "citext cube hstore");
    project.run(&["drop", "--service", "exw", "--confirm", "exw"]).expect(0);
    assert_eq!(far.value("postgres", "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'exw%'"), "0");

    // A shared database with the same schema is split, to another server too. A function that nothing needs stays.
    main.sql("postgres", "CREATE DATABASE shared");
    main.sql("shared", "REVOKE ALL ON DATABASE shared FROM PUBLIC; CREATE SCHEMA extensions; CREATE EXTENSION citext SCHEMA extensions; CREATE EXTENSION hstore SCHEMA extensions; CREATE EXTENSION cube SCHEMA extensions");
    main.sql(
        "shared",
        &format!("{ITEM}CREATE TABLE word (w extensions.citext PRIMARY KEY); INSERT INTO word VALUES ('Z')"),
    );
    let parts = format!(
        "  exa: {{ extensions: {LIST}, server: far }}\n  exb: {{ extensions: [{{ name: citext, schema: extensions }}], server: main }}\n"
    );
    project.write("martydb.yaml", &manifest(&servers, &parts));
    project.write("split.yaml", "source: { server: main, database: shared }\nservices:\n  exa: { tables: [public.item] }\n  exb: { tables: [public.word] }\n");
    project.run(&["apply", "--all", "-y", "--new-database"]).expect(0);
    for step in [
        &["split", "plan"][..],
        &["split", "schema"],
        &["upgrade", "--all"],
        &["split", "copy"],
        &["split", "verify"],
    ] {
        project.run(step).expect(0);
    }
    for service in ["exa", "exb"] {
        project.run(&["split", "cutover", service]).expect(0);
    }
    assert_eq!(
        (far.value("exa", &HELD.replace("tag(tags), ", "")), main.value("exb", "SELECT w FROM word")),
        ("1 (1, 2) t".into(), "Z".into())
    );
    project.run(&["split", "finish", "--confirm", "shared"]).expect(0);
    project.run(&["plan", "--check"]).expect(0);
}
