//! Columns whose value the server computes for each row, on tables that have rows.

use super::service;
use crate::support::Server;

/// A second table with rows, whose names are those of the block that fills it, and a trigger on the first.
const SECOND: &str = "CREATE TABLE event (batch text, part integer CONSTRAINT parts UNIQUE, \"it's\" text);\n\
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := ''touched''; RETURN NEW; END';\n\
    CREATE TRIGGER touched BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION touch();\n";

#[test]
fn computed_values_are_filled_in_without_a_rewrite() {
    let server = Server::start();
    let project = service(&server, "dcy");
    project.write("dcy/migrations/V2__event.sql", &format!("-- martydb: irreversible: the start\n{SECOND}"));
    project.run(&["upgrade", "--all"]).expect(0);
    server.sql("dcy", "INSERT INTO event SELECT 'x', n, 'y' FROM generate_series(1, 25000) n");
    let former = server.catalog("dcy");
    let places = "SELECT string_agg(pg_relation_filenode(oid)::text, ' ' ORDER BY relname) FROM pg_class WHERE relname IN ('event', 'item')";
    let unwritten = server.sql("dcy", places);
    let start = project.read("dcy/migrations/V1__start.sql");
    let declared = SECOND.replace(
        "\"it's\" text",
        "\"it's\" text, id bigint GENERATED ALWAYS AS IDENTITY (START WITH 7) PRIMARY KEY, n serial, \"to ken\" uuid DEFAULT gen_random_uuid()",
    );
    let declared = declared.replace("CONSTRAINT parts UNIQUE", "");
    let declared =
        declared.replace("gen_random_uuid()", "gen_random_uuid(), CONSTRAINT parts UNIQUE (part, n)");
    let start = start.replace("note text", "note text, code uuid NOT NULL DEFAULT gen_random_uuid()");
    project.write("schema.sql", &(start + &declared));
    let revise = ["revision", "-s", "dcy", "--from", "schema.sql", "-m", "computed"];
    let simple = project.run(&[&revise[..], &["--simple", "--dry-run"]].concat()).expect(0);
    assert!(
        simple.stdout.contains("ADD COLUMN n integer DEFAULT nextval('public.event_n_seq'"),
        "{simple:?}"
    );
    let written = project.run(&revise).expect(0);
    assert!(written.stdout.contains("commented out: column public.item.code: "), "{written:?}");
    let again = project.read("dcy/migrations/V6__computed_indexes.down.sql");
    assert!(again.contains("DROP CONSTRAINT parts, ADD CONSTRAINT parts UNIQUE"), "{again}");
    let fill = project.read("dcy/migrations/V4__computed_fill.sql");
    assert!(fill.contains("sets off the trigger public.item.touched\n-- DO '"), "{fill}");
    let keys = project.read("dcy/migrations/V6__computed_indexes.sql");
    let found = [
        "CREATE UNIQUE INDEX CONCURRENTLY parts_new",
        "DROP CONSTRAINT parts, ADD CONSTRAINT parts UNIQUE USING INDEX parts_new",
    ]
    .map(|text| keys.find(text).unwrap_or_else(|| panic!("{text}: {keys}")));
    assert!(found.is_sorted(), "{keys}");
    let lint = project.run(&["lint", "dcy", "--since", "2"]).expect(0);
    assert!(!lint.stdout.contains("computed"), "{lint:?}");
    // The rows behind the trigger are left to a person; the others are filled before.
    let stopped = project.run(&["upgrade", "dcy"]).expect(1);
    assert!(stopped.stderr.contains("code_is_not_null"), "{stopped:?}");
    project.run(&["lint", "dcy", "--since", "4"]).expect(0);
    server.sql("dcy", "UPDATE item SET code = DEFAULT");
    project.run(&["upgrade", "dcy"]).expect(0);
    assert_eq!(server.sql("dcy", places), unwritten, "no table was written again");
    server.sql("dcy", "INSERT INTO event (batch) VALUES ('z')");
    let counts = "SELECT count(DISTINCT id), min(id), max(id), count(DISTINCT n), count(DISTINCT \"to ken\"), sum(part) FROM event";
    assert_eq!(server.sql("dcy", counts), [["25001", "7", "25007", "25001", "25001", "312512500"]]);
    let again = project.run(&["revision", "-s", "dcy", "--from", "schema.sql"]).expect(0);
    assert!(again.stdout.contains("No difference"), "{again:?}");
    project.run(&["downgrade", "dcy", "--to", "2", "-y"]).expect(0);
    assert_eq!(former.differences(&server.catalog("dcy")), []);
    assert_eq!(server.value("dcy", "SELECT count(*) FROM event"), "25001");
}
