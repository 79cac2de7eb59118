//! Steps that hold no lock for long, and lines that a person has to write.

use super::{files, service};
use crate::support::Server;

/// The schema of [`service`] with keys and NOT NULL on the table that has rows.
const STRICTER: &str = "CREATE TYPE mood AS ENUM ('ok', 'bad');\n\
    CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name varchar(20) NOT NULL, mood mood NOT NULL DEFAULT 'ok',\n\
        note text CONSTRAINT \"note once\" UNIQUE DEFERRABLE INITIALLY DEFERRED, code integer NOT NULL, \"Odd name\" text NOT NULL);\n\
    CREATE VIEW names AS SELECT id, name FROM item;\nGRANT SELECT ON names TO PUBLIC;\nCOMMENT ON VIEW names IS 'all';\n\
    CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1 * 2';\n";

#[test]
fn keys_and_not_null_are_validated_without_a_long_lock() {
    let server = Server::start();
    let project = service(&server, "dcu");
    let former = server.catalog("dcu");
    project.write("schema.sql", STRICTER);
    project.run(&["revision", "-s", "dcu", "--from", "schema.sql", "-m", "strict"]).expect(0);
    let up = project.read("dcu/migrations/V2__strict.sql");
    let (validate, keys) = (
        project.read("dcu/migrations/V3__strict_validate.sql"),
        project.read("dcu/migrations/V4__strict_indexes.sql"),
    );
    assert!(up.contains("ADD COLUMN code integer;"), "{up}");
    assert!(up.contains("UPDATE public.item SET code = ..."), "{up}");
    assert!(validate.contains("VALIDATE CONSTRAINT mood_is_not_null"), "{validate}");
    assert!(keys.contains("CREATE UNIQUE INDEX CONCURRENTLY \"note once\""), "{keys}");
    assert!(keys.contains("UNIQUE USING INDEX \"note once\" DEFERRABLE INITIALLY DEFERRED"), "{keys}");
    let lint = project.run(&["lint", "dcu", "--since", "1"]).expect(0);
    assert!(!lint.stdout.contains("strict"), "{lint:?}");
    // Rows without a value stop the second file, as its line says; the first one is applied.
    let stopped = project.run(&["upgrade", "dcu"]).expect(1);
    assert!(stopped.stderr.contains("_is_not_null"), "{stopped:?}");
    server.sql("dcu", "UPDATE item SET code = id, \"Odd name\" = name");
    project.run(&["upgrade", "dcu"]).expect(0);
    assert_eq!(server.value("dcu", "SELECT string_agg(note || code, ',' ORDER BY id) FROM item"), "x1,y2");
    let again = project.run(&["revision", "-s", "dcu", "--from", "schema.sql"]).expect(0);
    assert!(again.stdout.contains("No difference"), "{again:?}");
    project.run(&["downgrade", "dcu", "--to", "1", "-y"]).expect(0);
    assert_eq!(former.differences(&server.catalog("dcu")), []);
    assert_eq!(server.value("dcu", "SELECT string_agg(note, ',' ORDER BY id) FROM item"), "x,y");
}

#[test]
fn a_conversion_without_a_cast_becomes_a_comment() {
    let server = Server::start();
    let project = service(&server, "dcv");
    let start = project.read("dcv/migrations/V1__start.sql");
    let number = start.replace("note text", "note integer");
    project.write("schema.sql", &format!("{number}CREATE VIEW sums AS SELECT sum(note) AS sum FROM item;\n"));
    let revise = ["revision", "-s", "dcv", "--from", "schema.sql", "-m", "number"];
    let shown = project.run(&[&revise[..], &["--with-drops"]].concat()).expect(0);
    assert!(shown.stdout.contains("no assignment cast from text to integer exists"), "{shown:?}");
    let path = project.path().join("dcv/migrations/V2__number.sql");
    let up = std::fs::read_to_string(&path).unwrap();
    let blank =
        "-- ALTER TABLE public.item ALTER COLUMN note TYPE integer USING (/* integer from note, text */);";
    assert!(up.contains(blank), "{up}");
    // Objects that need the later column wait with it.
    assert!(up.contains("-- CREATE OR REPLACE VIEW public.sums AS"), "{up}");
    project.run(&["upgrade", "dcv"]).expect(0);
    project.run(&["downgrade", "dcv", "-y"]).expect(0);
    let filled = up.replace("-- ALTER", "ALTER").replace("(/* integer from note, text */)", "length(note)");
    std::fs::write(&path, filled).unwrap();
    project.run(&["upgrade", "dcv"]).expect(0);
    assert_eq!(server.value("dcv", "SELECT string_agg(note::text, ',') FROM item"), "1,1");
}

#[test]
fn an_enum_label_needs_its_own_file_only_if_the_revision_uses_it() {
    let server = Server::start();
    let project = service(&server, "dcw");
    let start = project.read("dcw/migrations/V1__start.sql");
    let labelled = start.replace("'bad')", "'bad', 'odd')");
    project.write("schema.sql", &labelled.replace("note text", "note text, code integer UNIQUE"));
    let revise = ["revision", "-s", "dcw", "--from", "schema.sql", "--simple", "-m", "one", "--dry-run"];
    let one = project.json(&revise, 0);
    assert_eq!(one["texts"].as_array().unwrap().len(), 1, "{one}");
    project.write("schema.sql", &labelled.replace("DEFAULT 'ok'", "DEFAULT 'odd'"));
    let two = project.json(&revise, 0);
    assert_eq!(two["texts"].as_array().unwrap().len(), 2, "{two}");
    assert_eq!(files(&project, "dcw").len(), 2);
}

#[test]
fn statements_that_a_comment_depends_on_are_comments_too() {
    let server = Server::start();
    let project = service(&server, "dcx");
    let second = "-- martydb: irreversible: the start\nCREATE TABLE basket (id integer PRIMARY KEY);\n\
        ALTER TABLE item ADD basket integer REFERENCES basket;\nCREATE VIEW notes AS SELECT note, name FROM item;\n\
        CREATE TABLE shelf (id serial);\n";
    project.write("dcx/migrations/V2__baskets.sql", second);
    project.run(&["upgrade", "--all"]).expect(0);
    let start = project.read("dcx/migrations/V1__start.sql").replace("varchar(20)", "text");
    // The sequence of a dropped table belongs to another one.
    let moved = "CREATE SEQUENCE shelf_id_seq AS integer;\nCREATE TABLE rack (id integer DEFAULT nextval('shelf_id_seq') NOT NULL);\n\
        ALTER SEQUENCE shelf_id_seq OWNED BY rack.id;\n";
    project.write("schema.sql", &(start.replace("note text", "note integer, basket bytea") + moved));
    project.run(&["revision", "-s", "dcx", "--from", "schema.sql", "-m", "types", "--with-drops"]).expect(0);
    let up = project.read("dcx/migrations/V3__types.sql");
    assert!(up.contains("\nDROP TABLE public.shelf;"), "{up}");
    for line in [
        "DROP VIEW public.notes;",
        "ALTER TABLE public.item ALTER COLUMN name TYPE text;",
        "DROP TABLE public.basket;",
    ] {
        assert!(up.contains(&format!("\n-- {line}")), "{line}: {up}");
    }
    project.run(&["upgrade", "dcx"]).expect(0);
    assert_eq!(server.value("dcx", "SELECT pg_get_serial_sequence('rack', 'id')"), "public.shelf_id_seq");
    assert_eq!(server.value("dcx", "SELECT string_agg(note || name, ',' ORDER BY name) FROM notes"), "xa,yb");
}
