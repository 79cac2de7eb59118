//! `revision --from`: revisions written from a declared schema, proven before they are written.

mod conversions;
mod fill;
mod models;
mod ordinary;
mod refused;
mod steps;

use crate::support::{INTERRUPT, Project, Server, Terminal};

/// A service at V1, with a table that has rows.
fn service(server: &Server, name: &str) -> Project {
    let url = server.url();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: {name}\nservers:\n  main:\n    url: {url}\nservices:\n  {name}:\n"
    ));
    project.write(
        &format!("{name}/migrations/V1__start.sql"),
        "CREATE TYPE mood AS ENUM ('ok', 'bad');\n\
         CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL, mood mood DEFAULT 'ok', note text);\n\
         CREATE VIEW names AS SELECT id, name FROM item;\nGRANT SELECT ON names TO PUBLIC;\nCOMMENT ON VIEW names IS 'all';\n\
         CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2';\n",
    );
    project.write(
        &format!("{name}/migrations/V1__start.down.sql"),
        "DROP FUNCTION twice(integer); DROP VIEW names; DROP TABLE item; DROP TYPE mood;\n",
    );
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    server.sql(name, "INSERT INTO item (name, note) VALUES ('a', 'x'), ('b', 'y')");
    project
}

/// The schema of [`service`] with a change of each kind that keeps the rows.
const CHANGED: &str = "CREATE TYPE mood AS ENUM ('fine', 'ok', 'bad', 'odd');\n\
    CREATE SCHEMA shop;\nCREATE DOMAIN shop.price AS numeric(10,2) CHECK (VALUE >= 0);\n\
    CREATE TABLE shop.basket (id serial PRIMARY KEY, at timestamptz DEFAULT now(), total shop.price);\n\
    CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'fine', note text,\n\
        basket integer REFERENCES shop.basket ON DELETE CASCADE, CONSTRAINT named CHECK (name <> ''));\n\
    CREATE INDEX item_name_idx ON item (lower(name)) WHERE note IS NOT NULL;\n\
    CREATE VIEW names AS SELECT id, name FROM item;\nGRANT SELECT ON names TO PUBLIC;\nCOMMENT ON VIEW names IS 'all';\n\
    COMMENT ON COLUMN item.name IS 'what it''s called';\n\
    CREATE FUNCTION twice(integer) RETURNS bigint LANGUAGE sql AS 'SELECT $1::bigint * 2';\n\
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n\
    CREATE TRIGGER touched BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION touch();\n\
    ALTER TABLE item ENABLE ROW LEVEL SECURITY;\nCREATE POLICY mine ON item USING (id > 0);\n\
    CREATE TABLE log (at date NOT NULL, note text) PARTITION BY RANGE (at);\n\
    CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n\
    CREATE TABLE log_2027 (at date NOT NULL, note text NOT NULL);\n\
    ALTER TABLE log ATTACH PARTITION log_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');\n";

pub(crate) fn files(project: &Project, name: &str) -> Vec<String> {
    let entries = std::fs::read_dir(project.path().join(name).join("migrations")).unwrap();
    let mut all: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    all.sort();
    all
}

pub(crate) fn scratch_databases(server: &Server) -> String {
    server.value("postgres", "SELECT count(*) FROM pg_database WHERE datname ~ '^martydb_scratch'")
}

#[test]
fn a_declared_schema_becomes_a_revision_and_back() {
    let server = Server::start();
    let project = service(&server, "dca");
    let former = server.catalog("dca");
    project.write("schema.sql", CHANGED);
    let shown = project.run(&["revision", "-s", "dca", "--from", "schema.sql", "--dry-run"]).expect(0);
    assert!(shown.stdout.contains("ADD VALUE 'fine' BEFORE 'ok'"), "{shown:?}");
    assert_eq!(files(&project, "dca").len(), 2);
    let written = project.json(&["revision", "-s", "dca", "--from", "schema.sql", "-m", "shop"], 0);
    assert_eq!(written["held"].as_array().unwrap().len(), 0, "{written}");
    let versions: Vec<String> =
        files(&project, "dca")[2..].iter().filter(|name| !name.contains(".down")).cloned().collect();
    assert_eq!(
        versions,
        ["V2__shop_labels.sql", "V3__shop.sql", "V4__shop_validate.sql", "V5__shop_indexes.sql"]
    );
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(
        server.sql("dca", "SELECT name, mood::text, note FROM item ORDER BY id"),
        [["a", "ok", "x"], ["b", "ok", "y"]]
    );
    let again = project.run(&["revision", "-s", "dca", "--from", "schema.sql"]).expect(0);
    assert!(again.stdout.contains("No difference"), "{again:?}");
    project.run(&["downgrade", "--all", "--to", "1", "-y"]).expect(0);
    assert_eq!(former.differences(&server.catalog("dca")), []);
    assert_eq!(server.value("dca", "SELECT count(*) FROM item"), "2");
    assert_eq!(scratch_databases(&server), "0");
}

#[test]
fn statements_that_lose_rows_are_commented_out() {
    let server = Server::start();
    let project = service(&server, "dcb");
    project.write("schema/1.sql", "CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL);\n");
    project.write(
        "schema/2.sql",
        "CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2';\n",
    );
    server.sql("dcb", "ANALYZE item");
    let written = project.run(&["revision", "-s", "dcb", "--from", "schema", "-m", "less"]).expect(0);
    assert!(written.stdout.contains("commented out: column public.item.note"), "{written:?}");
    let up = project.read("dcb/migrations/V2__less.sql");
    assert!(
        up.contains("-- uncomment: loses the values of 2 rows\n-- ALTER TABLE public.item DROP COLUMN note;"),
        "{up}"
    );
    assert!(up.contains("\nDROP VIEW public.names;"), "{up}");
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(server.value("dcb", "SELECT string_agg(note, ',' ORDER BY id) FROM item"), "x,y");
    project.run(&["downgrade", "--all", "-y"]).expect(0);
    std::fs::remove_file(project.path().join("dcb/migrations/V2__less.sql")).unwrap();
    std::fs::remove_file(project.path().join("dcb/migrations/V2__less.down.sql")).unwrap();
    project.run(&["revision", "-s", "dcb", "--from", "schema", "-m", "less", "--with-drops"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    let columns = "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'item'::regclass AND attnum > 0 AND NOT attisdropped";
    assert_eq!(server.value("dcb", columns), "id,name");
}

#[test]
fn a_database_changed_by_hand_becomes_a_revision() {
    let server = Server::start();
    let project = service(&server, "dcc");
    let change = "SET ROLE dcc_owner; ALTER TABLE item ADD weight integer DEFAULT 1; CREATE INDEX item_weight_idx ON item (weight);";
    server.sql("dcc", change);
    project.run(&["revision", "-s", "dcc", "--from", "database", "-m", "by hand"]).expect(0);
    let up = project.read("dcc/migrations/V2__by_hand.sql");
    assert!(up.contains("ADD COLUMN weight integer DEFAULT 1"), "{up}");
    let none = project.run(&["revision", "-s", "dcc", "--from", "database"]).expect(0);
    assert!(none.stdout.contains("No difference"), "{none:?}");
    assert_eq!(scratch_databases(&server), "0");
}

#[test]
fn a_rename_keeps_the_rows() {
    let server = Server::start();
    let project = service(&server, "dcd");
    let start = project.read("dcd/migrations/V1__start.sql");
    let renamed = start.replace("note text", "remark text").replace("item", "article");
    project.write("schema.sql", &(renamed + "ALTER INDEX article_pkey RENAME TO item_pkey;\nALTER SEQUENCE article_id_seq RENAME TO item_id_seq;\n"));
    let revise = [
        "revision", "-s", "dcd", "--from", "schema.sql", "-m", "names", "--rename", "item:article",
        "--rename",
    ];
    let unknown = project.run(&[&revise[..], &["missing:x"]].concat()).expect(2);
    assert!(unknown.stderr.contains("no object named missing"), "{unknown:?}");
    project.run(&[&revise[..], &["item.note:remark"]].concat()).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    assert_eq!(server.value("dcd", "SELECT string_agg(remark, ',' ORDER BY id) FROM article"), "x,y");
    project.run(&["downgrade", "--all", "-y"]).expect(0);
    assert_eq!(server.value("dcd", "SELECT string_agg(note, ',' ORDER BY id) FROM item"), "x,y");
}

#[test]
fn a_terminal_asks_about_a_likely_rename() {
    let server = Server::start();
    let project = service(&server, "dct");
    let before = files(&project, "dct");
    let start = project.read("dct/migrations/V1__start.sql");
    project.write("schema.sql", &start.replace("note text", "remark text"));
    let query = || {
        let arguments = ["revision", "-s", "dct", "--from", "schema.sql", "-m", "names"];
        let terminal = Terminal::run(project.command(&arguments));
        terminal.wait_for("Is remark the new name of public.item.note? [y/N]: ");
        terminal
    };
    let mut ended = query();
    ended.types(INTERRUPT);
    assert_eq!(ended.end(), Some(130), "{}", ended.seen());
    assert_eq!(scratch_databases(&server), "0", "{}", ended.seen());
    assert_eq!(files(&project, "dct"), before);
    assert_eq!(scratch_databases(&server), "0");
    let mut no = query();
    no.types(b"n\n");
    assert_eq!(no.end(), Some(0), "{}", no.seen());
    let up = project.read("dct/migrations/V2__names.sql");
    assert!(up.contains("-- ALTER TABLE public.item DROP COLUMN note;"), "{up}");
    for name in ["V2__names.sql", "V2__names.down.sql"] {
        std::fs::remove_file(project.path().join("dct/migrations").join(name)).unwrap();
    }
    let mut yes = query();
    yes.types(b"y\n");
    assert_eq!(yes.end(), Some(0), "{}", yes.seen());
    let up = project.read("dct/migrations/V2__names.sql");
    assert!(up.contains("\nALTER TABLE public.item RENAME COLUMN note TO \"remark\";\n"), "{up}");
    assert_eq!(scratch_databases(&server), "0");
}
