//! The schema in review: `schema.sql`, `diff`, and `validate --against`.

use crate::support::{Project, Server};

const KINDS: &str =
    "CREATE TYPE mood AS ENUM ('ok', 'bad'); CREATE DOMAIN pos AS int NOT NULL CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b text); CREATE TYPE span AS RANGE (SUBTYPE = int); CREATE SEQUENCE count_up;
CREATE TABLE part (id bigserial, at date, m mood DEFAULT 'ok') PARTITION BY RANGE (at);
CREATE TABLE part_20 PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
ALTER TABLE item ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON item FOR SELECT USING (id > 1);
CREATE VIEW names AS SELECT name FROM item; COMMENT ON TABLE item IS 'it''s';
CREATE FUNCTION same() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER same BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION same();
CREATE STATISTICS pairs ON id, name FROM item; CREATE RULE quiet AS ON DELETE TO item DO INSTEAD NOTHING;";

/// Every kind has its statement, and nothing of martydb's or refinery's tables is included.
#[test]
fn schema_sql_follows_the_database() {
    let server = Server::start();
    let project = Project::new(&server, "scr");
    let manifest = project.read("martydb.yaml");
    project.write("martydb.yaml", &manifest.replace("  scr_a:", "  scr_a: { dump_schema: true }"));
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all", "--dry-run"]).expect(0);
    assert!(!project.path().join("scr_a/schema.sql").exists());
    project.run(&["upgrade", "--all"]).expect(0);
    assert!(!project.path().join("scr_b/schema.sql").exists());
    let first = project.read("scr_a/schema.sql");
    assert_eq!(
        first,
        "-- The schema of scr_a at V2, written by martydb for review. Do not edit.\n\n\
         CREATE TABLE public.item (\n    id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,\n    name text NOT NULL,\n    \
         CONSTRAINT item_pkey PRIMARY KEY (id)\n);\n\n\
         CREATE INDEX item_name_idx ON public.item USING btree (name);\n"
    );

    project.write("scr_a/migrations/V3__kinds.sql", KINDS);
    project.write("scr_a/migrations/V3__kinds.down.sql", "DROP SCHEMA public CASCADE;");
    project.run(&["validate"]).expect(3);
    project.run(&["upgrade", "--all"]).expect(0);
    project.run(&["validate"]).expect(0);
    let text = project.read("scr_a/schema.sql");
    for line in [
        "CREATE TYPE public.mood AS ENUM (\n    'ok',\n    'bad'\n);",
        "CREATE DOMAIN public.pos AS integer NOT NULL CONSTRAINT pos_check CHECK ((VALUE > 0));",
        "CREATE TYPE public.pair AS (\n    a integer,\n    b text\n);",
        "CREATE TYPE public.span AS RANGE (SUBTYPE = integer);",
        "ALTER SEQUENCE public.part_id_seq OWNED BY public.part.id;",
        "    m public.mood DEFAULT 'ok'::public.mood\n) PARTITION BY RANGE (at);",
        "CREATE TABLE public.part_20 PARTITION OF public.part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');",
        "ALTER TABLE public.item ENABLE ROW LEVEL SECURITY;",
        "CREATE POLICY mine ON public.item FOR SELECT USING ((id > 1));",
        "CREATE VIEW public.names AS\n SELECT item.name\n   FROM public.item;",
        "COMMENT ON TABLE public.item IS 'it''s';",
        "CREATE TRIGGER same BEFORE INSERT ON public.item FOR EACH ROW EXECUTE FUNCTION public.same();",
    ] {
        let view = line.replace("item.name", "name");
        assert!(text.contains(line) || text.contains(&view), "{line}\n{text}");
    }
    assert!(!text.contains("refinery") && !text.contains("martydb."), "{text}");

    // A downgrade restores the former text; an equal schema and a file of another author are not written.
    project.write(
        "scr_a/migrations/V3__kinds.down.sql",
        "DROP RULE quiet ON item; DROP STATISTICS pairs; DROP TRIGGER same ON item; DROP FUNCTION same; COMMENT ON TABLE item IS NULL;
         DROP VIEW names; DROP POLICY mine ON item; ALTER TABLE item DISABLE ROW LEVEL SECURITY; DROP TABLE part;
         DROP SEQUENCE count_up; DROP TYPE span, pair, mood; DROP DOMAIN pos;",
    );
    project.run(&["downgrade", "-s", "scr_a", "-y"]).expect(0);
    assert_eq!(project.read("scr_a/schema.sql"), first);
    project.write("scr_a/schema.sql", "mine\n");
    let done = project.run(&["upgrade", "--all"]).expect(0);
    insta::assert_snapshot!(done.shown(), @r"
    SERVICE  FROM  TO  MIGRATIONS  OUTCOME
    scr_a  2  3  1  migrated
    scr_b  2  2  0  up to date
    --- stderr
    server main: 127.0.0.1:PORT, PostgreSQL VERSION
    scr_a: V3 in DURATION
    scr_a: warning: no schema.sql: FOLDER/scr_a/schema.sql was not written by martydb
    ");
    assert_eq!(project.read("scr_a/schema.sql"), "mine\n");
}

#[test]
fn diff_compares_two_sides_without_changing_them() {
    let server = Server::start();
    let project = Project::new(&server, "dif");
    // Another environment has databases of its own for the same roles.
    project.write(
        "martydb.staging.yaml",
        "services:\n  dif_a: { database: staging_a }\n  dif_b: { database: staging_b }\n",
    );
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let files = ["diff", "--from", "files", "--to", "database"];
    let same = project.json(&files, 0);
    assert_eq!(same["services"][0]["differences"], serde_json::json!([]), "{same:#}");

    server.sql("dif_a", "CREATE TABLE surplus (i int); ALTER TABLE item ALTER name DROP NOT NULL");
    let before = server.catalog("dif_a");
    let found = project.json(&files, 3);
    assert_eq!(found["services"][1]["differences"], serde_json::json!([]));
    let all = found["services"][0]["differences"].as_array().unwrap();
    let named =
        |kind: &str, name: &str| all.iter().find(|one| one["kind"] == kind && one["name"] == name).unwrap();
    assert!(named("table", "public.surplus")["before"].is_null());
    let column = named("column", "public.item.name");
    assert!(column["before"].as_str().unwrap().contains("not null"), "{column:#}");
    let text = project.run(&["diff", "-s", "dif_a", "--from", "database", "--to", "files"]).expect(3).stdout;
    assert!(text.contains("table public.surplus is only in database"), "{text}");
    assert_eq!(before.differences(&server.catalog("dif_a")), []);
    let left = server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname LIKE 'martydb%'");
    assert_eq!(left, "0");

    // A side that cannot be reached is that service's error, and an unknown environment is the command's.
    project.run(&["diff", "--from", "files", "--to", "production"]).expect(2);
    project.run(&["diff", "--from", "files", "--to", "files"]).expect(2);
    let missing = project.json(&["diff", "--from", "database", "--to", "staging"], 1);
    assert!(missing["services"][0]["error"]["message"].is_string(), "{missing:#}");
}

#[test]
fn validate_against_finds_an_older_version_before_the_merge() {
    let project = Project::with_manifest(
        "version: 1\nservers:\n  main: { url: postgresql://a@127.0.0.1:1/postgres }\nservices:\n  one:\n  two:\n",
    );
    let migration = |version: i64, name: &str, text: &str| {
        for kind in ["", ".down"] {
            project.write(&format!("one/migrations/V{version}__{name}{kind}.sql"), text);
            project.write("two/migrations/V1__only.sql", "SELECT 1;");
            project.write("two/migrations/V1__only.down.sql", "SELECT 1;");
        }
    };
    (1..=3).for_each(|version| migration(version, "x", "SELECT 1;"));
    project.run(&["validate", "--against", "main"]).expect(2);
    project.git(&["init", "-q", "-b", "main"]);
    project.run(&["validate", "--against", "main"]).expect(2);
    project.git(&["add", "."]);
    project.git(&["commit", "-qm", "three"]);
    project.run(&["validate", "--against", "main"]).expect(0);
    // A branch adds the newest version.
    migration(4, "mine", "SELECT 4;");
    project.run(&["validate", "--against", "main"]).expect(0);
    project.git(&["checkout", "-q", "-b", "other"]);
    migration(6, "theirs", "SELECT 6;");
    migration(5, "taken", "SELECT 5;");
    project.git(&["add", "."]);
    project.git(&["commit", "-qm", "other"]);
    std::fs::remove_file(project.path().join("one/migrations/V5__taken.sql")).unwrap();
    std::fs::remove_file(project.path().join("one/migrations/V5__taken.down.sql")).unwrap();
    migration(5, "late", "SELECT 5;");
    migration(2, "x", "SELECT 22;");
    let found = project.json(&["validate", "--against", "other"], 3);
    let said: Vec<_> = found["services"][0]["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["message"].as_str().unwrap())
        .collect();
    assert_eq!(
        said,
        [
            "one: V2__x.sql of other was edited",
            "one: V5__late.sql has the version of V5__taken.sql in other",
            "one: V5__taken.sql of other is missing here",
        ]
    );
    assert_eq!(found["services"][1]["differences"], serde_json::json!([]));
    project.run(&["validate", "--against=--output=x"]).expect(2);
    assert!(!project.path().join("x").exists());
}
