//! Changed types that do not keep every value: comments with the number of rows that would change.

use crate::support::{Project, Server};

fn service(server: &Server, name: &str, first: &str) -> Project {
    let url = server.url();
    let project = Project::with_manifest(&format!(
        "version: 1\nproject: {name}\nservers:\n  main:\n    url: {url}\nservices:\n  {name}:\n"
    ));
    project.write(&format!("{name}/migrations/V1__start.sql"), first);
    project.write(&format!("{name}/migrations/V1__start.down.sql"), "-- martydb: irreversible: the start\n");
    project.run(&["apply", "--all", "-y"]).expect(0);
    project.run(&["upgrade", "--all"]).expect(0);
    project
}

/// Column, type, value, new type, rows that would change; `None` for a value that the new type has not.
const NARROWED: &[(&str, &str, &str, &str, Option<u8>)] = &[
    ("c01", "timestamptz", "'2024-03-01 23:30+00'", "date", Some(1)),
    ("c02", "numeric(12,4)", "1.2345", "numeric(12,2)", Some(1)),
    ("c03", "float8", "2.6", "integer", Some(1)),
    ("c04", "timestamp(6)", "'2024-01-01 00:00:00.6'", "timestamp(0)", Some(1)),
    ("c05", "varchar(20)", "'a               '", "varchar(10)", Some(1)),
    ("c06", "bigint", "5000000000", "integer", None),
    ("c07", "jsonb", "'{\"a\": 1}'", "json", Some(0)),
    ("c08", "json", "'{\"a\": 1, \"a\":2}'", "jsonb", Some(1)),
    ("c09", "timestamptz", "now()", "timestamp", Some(0)),
    ("c10", "timestamp", "now()", "timestamptz", Some(0)),
    ("c11", "char(5)", "'ab'", "text", Some(0)),
    ("c12", "varbit", "'101'", "varbit(2)", Some(1)),
    ("c13", "interval", "'1 day 2:03'", "interval hour", Some(1)),
    ("c14", "numeric[]", "'{1.25}'", "numeric(8,1)[]", Some(1)),
    ("c15", "price", "1.25", "integer", Some(1)),
    ("c16", "integer", "3", "real", Some(0)),
    ("c17", "inet", "'10.0.0.1/8'", "cidr", Some(1)),
    ("c18", "text", "'ab'", "varchar(1)", Some(1)),
];

/// Column, type, value and new type, which has every value.
const WIDENED: &[(&str, &str, &str, &str)] = &[
    ("w1", "integer", "3", "bigint"),
    ("w2", "numeric(12,2)", "1.25", "numeric(14,4)"),
    ("w3", "varchar(20)", "'a'", "text"),
    ("w4", "timestamp(0)", "'2024-01-01'", "timestamp(3)"),
    ("w5", "integer[]", "'{1}'", "bigint[]"),
    ("w6", "price", "1.25", "numeric"),
];

const DOMAIN: &str = "CREATE DOMAIN price AS numeric(8,2);\n";

fn declared(columns: impl Iterator<Item = String>) -> String {
    format!("{DOMAIN}CREATE TABLE t (id int PRIMARY KEY, {});\n", columns.collect::<Vec<_>>().join(", "))
}

#[test]
fn a_type_that_has_not_every_value_is_a_comment_with_its_rows() {
    let server = Server::start();
    let before = NARROWED.iter().map(|row| format!("{} {}", row.0, row.1));
    let before = before.chain(WIDENED.iter().map(|row| format!("{} {}", row.0, row.1)));
    let project = service(&server, "dnv", &declared(before));
    let values: Vec<&str> = NARROWED.iter().map(|row| row.2).chain(WIDENED.iter().map(|row| row.2)).collect();
    server.sql("dnv", &format!("INSERT INTO t VALUES (1, {})", values.join(", ")));
    let rows = server.sql("dnv", "SELECT t::text FROM t");
    let after = NARROWED.iter().map(|row| format!("{} {}", row.0, row.3));
    let after = after.chain(WIDENED.iter().map(|row| format!("{} {}", row.0, row.3)));
    project.write("schema.sql", &declared(after));
    let revise = ["revision", "dnv", "--from", "schema.sql", "-m", "types"];
    let written = project.run(&revise).expect(0);
    assert!(written.stdout.contains("Proven in scratch databases without rows: the schema"), "{written:?}");
    let up = project.read("dnv/migrations/V2__types.sql");
    for (column, _, _, kind, changed) in NARROWED {
        let reason = match changed {
            Some(changed) => format!("-- uncomment: changes the values of {changed} of 1 rows: "),
            None => "-- uncomment: refuses the value of at least one row: ".to_owned(),
        };
        let at = up
            .find(&format!("\n-- ALTER TABLE public.t ALTER COLUMN {column} TYPE "))
            .unwrap_or_else(|| panic!("{column} {kind}: {up}"));
        let line = up[..at].rsplit('\n').next().unwrap_or_default();
        assert!(line.starts_with(&reason), "{column} {kind}: {line}");
    }
    for (column, ..) in WIDENED {
        assert!(
            up.contains(&format!("\nALTER TABLE public.t ALTER COLUMN {column} TYPE ")),
            "{column}: {up}"
        );
    }
    let down = project.read("dnv/migrations/V2__types.down.sql");
    assert!(
        down.contains("changed or refused: bigint to integer\nALTER TABLE public.t ALTER COLUMN w1 TYPE"),
        "{down}"
    );
    project.run(&["upgrade", "dnv"]).expect(0);
    assert_eq!(
        server.value("dnv", "SELECT concat(c01, c02, c03, c04) FROM t"),
        "2024-03-01 23:30:00+001.23452.62024-01-01 00:00:00.6"
    );
    project.run(&["downgrade", "dnv", "-y"]).expect(0);
    assert_eq!(server.sql("dnv", "SELECT t::text FROM t"), rows);
    for name in ["V2__types.sql", "V2__types.down.sql"] {
        std::fs::remove_file(project.path().join("dnv/migrations").join(name)).unwrap();
    }
    project.run(&[&revise[..], &["--with-drops"]].concat()).expect(0);
    let up = project.read("dnv/migrations/V2__types.sql");
    assert!(up.contains("changed or refused: double precision to integer\nALTER TABLE public.t ALTER COLUMN c03 TYPE integer;"), "{up}");
}

#[test]
fn a_type_that_is_made_again_without_a_value_is_a_comment_too() {
    let server = Server::start();
    let start = "CREATE TYPE mood AS ENUM ('ok', 'bad', 'odd'); CREATE TYPE pair AS (a int, b int); CREATE DOMAIN price AS numeric(8,4);\n\
        CREATE TABLE t (m mood, l mood[], p price, pair pair, g int GENERATED ALWAYS AS (1 + 1) STORED);\n\
        CREATE FUNCTION best(mood) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 = ''ok''';\n\
        CREATE VIEW good AS SELECT m FROM t WHERE best(m);\n";
    let project = service(&server, "dne", start);
    server.sql("dne", "INSERT INTO t VALUES ('odd', '{bad}', 1.2345, '(1,2)'), ('ok', '{}', 1, '(3,4)')");
    let rows = server.sql("dne", "SELECT t::text FROM t");
    for (old, new, held) in [
        (
            "'ok', 'bad', 'odd'",
            "'bad', 'ok'",
            "column public.t.m: has no label for the values of 1 of 2 rows",
        ),
        ("numeric(8,4)", "numeric(8,2)", "column public.t.p: changes the values of 1 of 2 rows"),
        ("(a int, b int)", "(b int, a int)", "No difference"),
        ("(a int, b int)", "(a int)", "attribute public.pair.b: "),
        ("(a int, b int)", "(b int, a bigint)", "column public.t.pair: may change values"),
        ("g int GENERATED ALWAYS AS (1 + 1) STORED", "g int", "column public.t.g: loses"),
    ] {
        project.write("schema.sql", &start.replace(old, new));
        let written = project.run(&["revision", "dne", "--from", "schema.sql", "-m", "types"]).expect(0);
        assert!(written.stdout.contains(held), "{new}: {written:?}");
        if !written.stdout.contains("V2__types.sql") {
            continue;
        }
        project.run(&["upgrade", "dne"]).expect(0);
        assert_eq!(server.sql("dne", "SELECT t::text FROM t"), rows, "{new}");
        project.run(&["downgrade", "dne", "-y"]).expect(0);
        for name in ["V2__types.sql", "V2__types.down.sql"] {
            std::fs::remove_file(project.path().join("dne/migrations").join(name)).unwrap();
        }
    }
}

#[test]
fn a_sample_is_the_database_whose_rows_are_tried() {
    let server = Server::start();
    let project = service(&server, "dns", "CREATE TABLE t (n numeric(8,4));\n");
    server.sql("postgres", "CREATE DATABASE dns_copy TEMPLATE dns OWNER dns_owner");
    server.sql("dns_copy", "INSERT INTO t VALUES (1.2345), (2.5), (NULL)");
    project.write("schema.sql", "CREATE TABLE t (n numeric(8,2));\n");
    let revise = ["revision", "dns", "--from", "schema.sql", "-m", "types", "--dry-run", "--sample"];
    let refused = project.run(&[&revise[..], &["dns_missing"]].concat()).expect(1);
    assert!(refused.stderr.contains("the sample dns_missing cannot be read"), "{refused:?}");
    server.sql("postgres", "GRANT CONNECT ON DATABASE dns_copy TO dns_migrator");
    let tried = project.run(&[&revise[..], &["dns_copy"]].concat()).expect(0);
    assert!(
        tried.stdout.contains("changes the values of 1 of 2 rows: numeric(8,4) to numeric(8,2)"),
        "{tried:?}"
    );
    assert!(tried.stdout.contains("Types tried on the rows of dns_copy: 1 columns"), "{tried:?}");
}
