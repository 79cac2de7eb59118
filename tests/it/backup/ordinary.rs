//! Backups of ordinary schemas that a restore once refused: code that needs the logins' search path or other tables while
//! rows are loaded, xml, comments on extensions, and a manifest that has changed since.

use super::counted::record;
use super::expressions::rewrite;
use super::{Admin, Kept};
use crate::support::Done;

const ORDINARY: &str = r#"
CREATE TABLE invoice (id int PRIMARY KEY, doc xml NOT NULL, code char(6));
INSERT INTO invoice VALUES (1, '<?xml version="1.0" encoding="UTF-8"?><invoice><total>12.50</total></invoice>', 'ab');
CREATE FUNCTION lowered(x text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower(x)';
CREATE FUNCTION norm(x text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN lowered(x); END';
CREATE TABLE word (id int PRIMARY KEY, name text, g text GENERATED ALWAYS AS (norm(name)) STORED);
INSERT INTO word VALUES (1, 'One');
CREATE INDEX word_norm ON word (norm(name));
CREATE MATERIALIZED VIEW words AS SELECT * FROM ts_stat('SELECT to_tsvector(''simple'', name) FROM word');
CREATE MATERIALIZED VIEW norms AS SELECT norm(name) FROM word;
CREATE TABLE dict (v int PRIMARY KEY);
INSERT INTO dict VALUES (1);
CREATE FUNCTION known(x int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM dict WHERE v = x)';
CREATE DOMAIN listed AS int CHECK (known(VALUE));
CREATE TABLE alpha (v int CHECK (known(v)), w listed);
INSERT INTO alpha VALUES (1, 1);
COMMENT ON INDEX word_norm IS 'by norm';
CREATE TYPE hue AS ENUM ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h');
CREATE TABLE hued (h hue) PARTITION BY HASH (h);
CREATE TABLE hued_0 PARTITION OF hued FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE hued_1 PARTITION OF hued FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO hued SELECT unnest(enum_range(NULL::hue));
CREATE EXTENSION hstore;
"#;

fn restore(kept: &Kept, more: &[&str]) -> Done {
    let service = kept.service();
    kept.project.run(&[&["restore", &service], more].concat())
}

#[test]
fn ordinary_schemas_come_back_as_they_were_saved() {
    let kept =
        Kept::with(crate::support::Server::for_admin(Admin::Super), Admin::Super, "bko", super::OBJECTS);
    if !kept.can_dump() {
        return;
    }
    // From 17 on, indexes and materialized views are built without the search path.
    let older = kept.server.major() < 17;
    let all = match older {
        true => ORDINARY.to_owned(),
        false => {
            let needs = |line: &&str| {
                line.starts_with("CREATE INDEX word_norm")
                    || line.contains("MATERIALIZED")
                    || line.contains("word_norm")
            };
            ORDINARY.lines().filter(|line| !needs(line)).collect::<Vec<_>>().join("\n")
        }
    };
    kept.project.write("bko_a/migrations/V4__ordinary.sql", &all);
    kept.project.write("bko_a/migrations/V4__ordinary.down.sql", "-- martydb: irreversible: a test\n");
    kept.project.run(&["upgrade", "--all"]).expect(0);
    kept.server.sql("bko_a", "COMMENT ON EXTENSION hstore IS 'ours'");
    let unnamed = restore(&kept, &["-y"]).expect(2);
    assert!(unnamed.stderr.contains("there is no backup of service"), "{unnamed:?}");
    let id = kept.backup();
    assert_eq!(record(&kept, &id)["hash"], "cols/3");
    // The hash of an enum is that of its OID: each copy spreads the rows in another way.
    let everything = || {
        let mut all = kept.everything("bko_a");
        all.retain(|line| !line.contains("FROM ONLY hued_"));
        all
    };
    let before = everything();
    kept.project.run(&["backup", "verify", &id]).expect(0);

    let unnamed = restore(&kept, &["-y"]).expect(2);
    assert!(unnamed.stderr.contains(&id) && unnamed.stderr.contains("--from latest"), "{unnamed:?}");
    let shown = restore(&kept, &["--from", "latest", "--dry-run"]).expect(0);
    assert!(shown.stdout.contains(&format!("Would restore {id} into database bko_a")), "{shown:?}");
    kept.server.sql("bko_a", "DROP TABLE word, alpha CASCADE");
    restore(&kept, &["--from", "latest", "-y"]).expect(0);
    assert_eq!(everything(), before);
    let comment = "SELECT obj_description(oid, 'pg_extension') FROM pg_extension WHERE extname = 'hstore'";
    assert_eq!(kept.server.value("bko_a", comment), "ours");
    restore(
        &kept,
        &["--from", &id, "--table", "public.invoice", "--table", "public.word", "--as", "bko_look", "-y"],
    )
    .expect(0);

    // Sums of an earlier version cannot compare xml, and say so.
    rewrite(&kept, &id, "cols/3", "cols/2");
    let noted = kept.project.run(&["backup", "verify", &id]);
    assert!(noted.said().contains("table public.invoice: 1 rows counted and not compared"), "{noted:?}");
    rewrite(&kept, &id, "cols/2", "cols/3");

    if older {
        rewrite(&kept, &id, "by norm", "by name");
        let refused = restore(&kept, &["--from", &id, "-y"]).expect(3);
        assert!(refused.stderr.contains("--accept comment"), "{refused:?}");
        restore(&kept, &["--from", &id, "--accept", "rows", "-y"]).expect(2);
        restore(&kept, &["--from", &id, "--accept", "index", "-y"]).expect(3);
        restore(&kept, &["--from", &id, "--accept", "comment", "-y"]).expect(0);
        let history = kept.project.run(&["history", "-s", "bko_a", "-o", "json"]).expect(0);
        assert!(history.stdout.contains("restore --accept comment"), "{history:?}");
        rewrite(&kept, &id, "by name", "by norm");
    }

    // An extension that was declared after the backup.
    let text =
        kept.project.read("martydb.yaml").replace("extensions: [citext]", "extensions: [citext, pg_trgm]");
    kept.project.write("martydb.yaml", &text);
    kept.project.run(&["apply", "--all", "-y"]).expect(0);
    let noted = restore(&kept, &["--from", &id, "-y"]).expect(0);
    assert!(noted.stdout.contains("extension pg_trgm"), "{noted:?}");
    kept.expect_clean(1);
}

/// Tables that are read by the checks of others are loaded first, and those that read each other are named.
#[test]
fn rows_that_check_each_other_are_named_when_they_are_saved() {
    let kept =
        Kept::with(crate::support::Server::for_admin(Admin::Super), Admin::Super, "bkc", super::OBJECTS);
    if !kept.can_dump() {
        return;
    }
    kept.project.write("bkc_a/migrations/V4__circle.sql", CIRCLE);
    kept.project.write("bkc_a/migrations/V4__circle.down.sql", "-- martydb: irreversible: a test\n");
    kept.project.run(&["upgrade", "--all"]).expect(0);
    let refused = kept.project.run(&["backup", "bkc_a"]).expect(1);
    assert!(refused.stderr.contains("tables public.left_side, public.right_side: functions"), "{refused:?}");
    kept.server.sql("bkc_a", "ALTER TABLE left_side DROP CONSTRAINT left_side_v_check");
    kept.server.sql("bkc_a", "ALTER TABLE left_side ADD CHECK (on_right(v)) NOT VALID");
    let id = kept.backup();
    kept.project.run(&["backup", "verify", &id]).expect(0);
}

const CIRCLE: &str = "
CREATE TABLE left_side (v int);
CREATE TABLE right_side (v int);
INSERT INTO left_side VALUES (1);
INSERT INTO right_side VALUES (1);
CREATE FUNCTION on_right(x int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT EXISTS (SELECT FROM right_side WHERE v = x)';
CREATE FUNCTION on_left(x int) RETURNS boolean LANGUAGE plpgsql STABLE AS
    'BEGIN RETURN EXISTS (SELECT FROM left_side WHERE v = x); END';
ALTER TABLE left_side ADD CHECK (on_right(v));
ALTER TABLE right_side ADD CHECK (on_left(v));
CREATE TABLE a_first (v int CHECK (on_left(v)));
INSERT INTO a_first VALUES (1);
";
