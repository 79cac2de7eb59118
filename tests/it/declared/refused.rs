//! Schemas from which no revision is written.

use super::{files, scratch_databases, service};
use crate::support::Server;

#[test]
fn a_refused_schema_is_named_with_its_line_and_nothing_is_written() {
    let server = Server::start();
    let project = service(&server, "dcr");
    let before = files(&project, "dcr");
    for (text, code, said) in [
        ("CREATE TABLE t (a int);\nCREATE TABLE u (b it);\n", 1, "schema.sql:2:"),
        (
            "CREATE TABLE t (a int);\nGRANT SELECT ON t TO dcr_missing;\n",
            1,
            "role \"dcr_missing\" does not exist",
        ),
        ("CREATE EXTENSION martydb_missing;\n", 1, "martydb_missing"),
        ("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n", 2, "schema.sql:2:1: it contains rows"),
        (
            "CREATE TABLE t (a int);\nSELECT 1;\nWITH x AS (INSERT INTO t VALUES (1) RETURNING a) SELECT * FROM x;\n",
            2,
            "public.t is not empty",
        ),
        ("\\connect other\nCREATE TABLE t (a int);\n", 2, "schema.sql:1:1: it contains a command of psql"),
    ] {
        project.write("schema.sql", text);
        let refused = project.run(&["revision", "-s", "dcr", "--from", "schema.sql", "-m", "x"]).expect(code);
        assert!(refused.stderr.contains(said), "{text}: {refused:?}");
        assert!(refused.stderr.contains("hint"), "{text}: {refused:?}");
        assert_eq!(files(&project, "dcr"), before);
        assert_eq!(scratch_databases(&server), "0");
    }
    let absent = project.run(&["revision", "-s", "dcr", "--from", "absent.sql", "-m", "x"]).expect(2);
    assert!(absent.stderr.contains("absent.sql"), "{absent:?}");
}

#[test]
fn an_inexpressible_change_is_named_and_ends_with_3() {
    let server = Server::start();
    let project = service(&server, "dcs");
    project.write(
        "dcs/migrations/V2__log.sql",
        "CREATE TABLE log (at date NOT NULL, n int NOT NULL) PARTITION BY RANGE (at);\n\
         CREATE TYPE span AS RANGE (SUBTYPE = int4);\n",
    );
    project.write("dcs/migrations/V2__log.down.sql", "DROP TABLE log; DROP TYPE span;\n");
    let before = files(&project, "dcs");
    let start = project.read("dcs/migrations/V1__start.sql");
    let end = "CREATE TABLE log (at date NOT NULL, n int NOT NULL) PARTITION BY ";
    for (more, said) in [
        (format!("{end} RANGE (n);"), "table public.log: its partition key cannot be changed"),
        (
            format!("{end} RANGE (at); CREATE TYPE span AS RANGE (SUBTYPE = int8);"),
            "range public.span: it cannot be made again beside its constructors",
        ),
        (format!("{end} RANGE (at); CREATE CAST (bigint AS mood) WITH INOUT;"), "not compared: cast (bigint AS public.mood)"),
        (
            "CREATE COLLATION nd (provider = icu, locale = 'und', deterministic = false); CREATE TABLE u (x text COLLATE nd);".into(),
            "not compared: collation public.nd",
        ),
        (
            "CREATE TEXT SEARCH CONFIGURATION fr (COPY = simple); CREATE TABLE d (v tsvector DEFAULT to_tsvector('public.fr', 'a'));".into(),
            "not compared: text search configuration public.fr",
        ),
    ] {
        project.write("schema.sql", &format!("{start}{more}\n"));
        let refused = project.run(&["revision", "-s", "dcs", "--from", "schema.sql", "-m", "x"]).expect(3);
        assert!(refused.stderr.contains(said), "{more}: {refused:?}");
        assert_eq!(files(&project, "dcs"), before);
        assert_eq!(scratch_databases(&server), "0");
    }
}
