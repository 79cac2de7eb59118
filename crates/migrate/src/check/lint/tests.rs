use std::path::Path;

mod dangers;
mod names;

use super::*;
use crate::files::source;
use martydb_manifest::lint_rules::{SYNTAX, UNREADABLE};

fn migration(version: i64, sql: &str) -> Migration {
    let up = source::read(Path::new("V.sql"), sql.into()).unwrap_or_else(|wrong| panic!("{sql}: {wrong:?}"));
    Migration { version, name: "x".into(), up, down: None, waived: vec![], replaces: vec![] }
}

fn rules_of(files: &[&str], applied: i64, rules: &LintRules) -> Vec<String> {
    let all: Vec<_> = (1..).zip(files).map(|(version, sql)| migration(version, sql)).collect();
    let (known, pending): (Vec<_>, Vec<_>) = all.iter().partition(|migration| migration.version <= applied);
    lint(&known, &pending, rules, &TableSizes::default()).into_iter().map(|finding| finding.rule).collect()
}

fn found(files: &[&str], applied: i64) -> Vec<String> {
    rules_of(files, applied, &LintRules::default())
}

/// Examples of danger from squawk's documentation, <https://squawkhq.com/docs/rules>.
#[test]
fn the_dangers_of_squawks_documentation_are_found() {
    for (sql, rule) in [
        ("CREATE INDEX field_name_idx ON table_name (field_name);", "require-concurrent-index-creation"),
        ("DROP INDEX field_name_idx;", "require-concurrent-index-deletion"),
        ("ALTER TABLE account ADD CONSTRAINT positive CHECK (balance >= 0);", "constraint-missing-not-valid"),
        ("ALTER TABLE core_recipe ADD COLUMN foo integer DEFAULT random();", "adding-field-with-default"),
        (
            "ALTER TABLE email ADD CONSTRAINT fk_user FOREIGN KEY (user_id) REFERENCES users (id);",
            "adding-foreign-key-constraint",
        ),
        (
            "ALTER TABLE email ADD COLUMN user_id integer REFERENCES users (id);",
            "adding-foreign-key-constraint",
        ),
        ("ALTER TABLE core_recipe ALTER COLUMN foo SET NOT NULL;", "adding-not-nullable-field"),
        ("ALTER TABLE core_recipe ADD COLUMN foo text NOT NULL;", "adding-required-field"),
        ("ALTER TABLE a ADD COLUMN b SERIAL PRIMARY KEY;", "adding-serial-primary-key-field"),
        ("ALTER TABLE a ADD PRIMARY KEY (id);", "adding-serial-primary-key-field"),
        ("ALTER TABLE core_recipe ALTER COLUMN edits TYPE text USING edits::text;", "changing-column-type"),
        ("ALTER TABLE table_name RENAME COLUMN column_name TO new_column_name;", "renaming-column"),
        ("ALTER TABLE table_name RENAME TO new_table_name;", "renaming-table"),
        ("ALTER TABLE table_name ADD CONSTRAINT k UNIQUE (field_name);", "disallowed-unique-constraint"),
        ("ALTER TABLE table_name DROP COLUMN column_name;", "ban-drop-column"),
        ("DROP TABLE table_name;", "ban-drop-table"),
        ("TRUNCATE a CASCADE;", "ban-truncate-cascade"),
        ("ALTER DOMAIN positive ADD CONSTRAINT c CHECK (VALUE > 0);", "ban-alter-domain-with-add-constraint"),
        ("REINDEX TABLE t;", "require-concurrent-reindex"),
        ("ALTER TABLE t DETACH PARTITION p;", "require-concurrent-partition-detach"),
        ("DROP VIEW v;", "ban-drop-view"),
        ("DROP FUNCTION f;", "ban-drop-function"),
        ("DROP TYPE t;", "ban-drop-type"),
        ("DROP SCHEMA s;", "ban-drop-schema"),
        ("DROP SEQUENCE s;", "ban-drop-sequence"),
    ] {
        assert!(found(&[sql], 0).contains(&rule.to_owned()), "{sql}: {:?}", found(&[sql], 0));
    }
}

#[test]
fn rules_without_effect_on_clients_are_off_by_default() {
    for (sql, rule) in [
        ("ALTER TABLE t ALTER c DROP NOT NULL;", "ban-drop-not-null"),
        ("ALTER TABLE t ALTER c DROP DEFAULT;", "ban-drop-default"),
        ("ALTER TABLE t DROP CONSTRAINT c;", "ban-drop-constraint"),
        ("ALTER TYPE e ADD VALUE 'x';", "require-enum-value-ordering"),
        ("ALTER INDEX i RENAME TO j;", "renaming-object"),
        ("ALTER TABLE t RENAME CONSTRAINT a TO b;", "renaming-object"),
    ] {
        assert_eq!(found(&[sql], 0), Vec::<String>::new(), "{sql}");
        let enable = LintRules { enable: vec![rule.into()], ..LintRules::default() };
        assert_eq!(rules_of(&[sql], 0, &enable), [rule], "{sql}");
    }
    assert_eq!(found(&["ALTER VIEW v RENAME TO w;"], 0), ["renaming-object"]);
}

#[test]
fn a_new_object_stays_new_after_a_rename() {
    let table = "CREATE TABLE packages (a int); ALTER TABLE packages RENAME TO crates;";
    assert_eq!(
        found(&[table, "CREATE INDEX i ON crates (a); ALTER TABLE crates DROP COLUMN a;"], 0),
        Vec::<String>::new()
    );
    // The old table has the name that a new one had.
    let swapped = "CREATE TABLE t_new (a int); ALTER TABLE t RENAME TO t_old; ALTER TABLE t_new RENAME TO t;";
    assert_eq!(
        found(&[swapped, "DROP TABLE t_old; ALTER TABLE t DROP COLUMN a;"], 0),
        ["renaming-table", "ban-drop-table"]
    );
    let function = "CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS 'SELECT 1';";
    assert_eq!(
        found(&[function, "DROP FUNCTION IF EXISTS public.f(x text) CASCADE;"], 0),
        Vec::<String>::new()
    );
    // Another function of the name.
    assert_eq!(found(&[function, "DROP FUNCTION f(a text, b s.t);"], 0), ["ban-drop-function"]);
    assert_eq!(found(&[function, "DROP FUNCTION f(text), g(text);"], 0), ["ban-drop-function"]);
    let serial = "CREATE TABLE \"Web_hook\" (id serial PRIMARY KEY, name text UNIQUE);";
    assert_eq!(
        found(&[serial, "DROP SEQUENCE \"Web_hook_id_seq\" CASCADE; DROP INDEX \"Web_hook_name_key\";"], 0),
        Vec::<String>::new()
    );
    assert_eq!(
        found(&[serial, "DROP INDEX \"Web_hooks_name_key\";"], 0),
        ["require-concurrent-index-deletion"]
    );
}

#[test]
fn a_drop_of_an_object_that_the_file_recreates_is_not_a_danger() {
    for sql in [
        "DROP FUNCTION f(int); CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "CREATE TYPE e_new AS ENUM ('a'); DROP TYPE e CASCADE; ALTER TYPE e_new RENAME TO e;",
        "DROP VIEW IF EXISTS s.v; CREATE VIEW s.v AS SELECT 1;",
        // As Prisma changes an enum.
        "CREATE TYPE \"X_new\" AS ENUM ('a'); ALTER TYPE \"X\" RENAME TO \"X_old\";
         ALTER TYPE \"X_new\" RENAME TO \"X\"; DROP TYPE \"X_old\";",
    ] {
        let said: Vec<_> = found(&[sql], 0).into_iter().filter(|rule| rule != "renaming-object").collect();
        assert_eq!(said, Vec::<String>::new(), "{sql}");
    }
    for (sql, rule) in [
        ("DROP TABLE t; CREATE TABLE t (a int);", "ban-drop-table"),
        ("DROP INDEX i; CREATE UNIQUE INDEX i ON t (a);", "require-concurrent-index-deletion"),
        ("DROP VIEW v; CREATE VIEW w AS SELECT 1;", "ban-drop-view"),
    ] {
        assert!(found(&[sql], 0).contains(&rule.to_owned()), "{sql}");
    }
}

#[test]
fn one_danger_is_one_finding() {
    let key = "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (a);";
    assert_eq!(found(&[key], 0), ["adding-foreign-key-constraint"]);
    let primary = "ALTER TABLE a ADD CONSTRAINT a_pkey PRIMARY KEY (id);";
    assert_eq!(found(&[primary], 0), ["adding-serial-primary-key-field"]);
    let both =
        "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (a), ADD CONSTRAINT c CHECK (a > 0);";
    assert_eq!(found(&[both], 0).len(), 2, "{:?}", found(&[both], 0));
    assert_eq!(found(&["ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);"], 0), ["disallowed-unique-constraint"]);
    let columns = "ALTER TABLE t DROP COLUMN a, DROP COLUMN b, DROP COLUMN c; ALTER TABLE t DROP COLUMN d;";
    let all = lint(&[], &[&migration(1, columns)], &LintRules::default(), &TableSizes::default());
    assert_eq!(all.iter().map(|one| one.more).collect::<Vec<_>>(), [2, 0]);
    assert!(all[0].to_string().ends_with("(and 2 more in this statement)"), "{}", all[0]);
}

#[test]
fn a_lock_on_a_small_table_is_a_note() {
    let mut sizes = TableSizes::default();
    sizes.add("public".into(), "small".into(), TableSize { rows: Some(10), bytes: 8192 });
    sizes.add("public".into(), "large".into(), TableSize { rows: None, bytes: 1 << 30 });
    for (sql, severity) in [
        ("CREATE INDEX i ON public.Small (a);", LintSeverity::Note),
        ("ALTER TABLE small ALTER a TYPE bigint;", LintSeverity::Note),
        ("CREATE INDEX i ON large (a);", LintSeverity::Danger),
        ("CREATE INDEX i ON unknown (a);", LintSeverity::Danger),
        ("ALTER TABLE small DROP COLUMN a;", LintSeverity::Danger),
    ] {
        let all = lint(&[], &[&migration(1, sql)], &LintRules::default(), &sizes);
        assert_eq!(all.iter().map(|one| one.severity).collect::<Vec<_>>(), [severity], "{sql}");
        let says = all[0].message.ends_with("(the table is small: about 10 rows, 8.0 kB)");
        assert_eq!(says, severity == LintSeverity::Note, "{sql}: {}", all[0].message);
    }
}

#[test]
fn a_syntax_error_is_found_with_its_place_unless_it_is_allowed() {
    let sql = "CREATE TABLE q (\n  id int,,\n  b int);\nDROP TABLE x;";
    let all = lint(&[], &[&migration(1, sql)], &LintRules::default(), &TableSizes::default());
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!((all[0].rule.as_str(), all[0].position.line), (SYNTAX, 2));
    let problems = super::super::syntax_errors([&migration(1, sql).up], &LintRules::default());
    assert_eq!(problems[0].position.map(|position| position.line), Some(2));
    assert!(problems[0].what.starts_with("syntax error at or near \",\""), "{problems:?}");
    for wrong in ["SELEC 1;", "CREATE TABLE t (a int;", "ALTER TABLE t ADD COLUMN;"] {
        assert_eq!(found(&[wrong], 0), [SYNTAX], "{wrong}");
    }
    assert_eq!(found(&[&format!("-- martydb: allow syntax-error: new in 19\n{sql}")], 0), ["ban-drop-table"]);
    let off = LintRules { disable: vec![SYNTAX.into()], ..LintRules::default() };
    assert_eq!(rules_of(&[sql], 0, &off), ["ban-drop-table"]);
    assert_eq!(super::super::syntax_errors([&migration(1, sql).up], &off), []);
}

#[test]
fn a_statement_of_a_newer_grammar_is_a_note_and_hides_no_other_statement() {
    let sql = "ALTER TABLE t FROBNICATE;\nDROP TABLE x;\nALTER VIEW v FROBNICATE;\nDROP VIEW v;";
    let all = lint(&[], &[&migration(1, sql)], &LintRules::default(), &TableSizes::default());
    let said: Vec<_> = all.iter().map(|one| (one.position.line, one.rule.as_str(), one.severity)).collect();
    let (note, danger) = (LintSeverity::Note, LintSeverity::Danger);
    assert_eq!(
        said,
        [(1, SYNTAX, note), (2, "ban-drop-table", danger), (3, SYNTAX, note), (4, "ban-drop-view", danger)]
    );
    assert!(all[0].message.starts_with("not checked: ") && !all[0].message.contains("_KW"), "{all:?}");
    let problems = super::super::syntax_errors([&migration(1, sql).up], &LintRules::default());
    assert!(problems.len() == 1 && !problems[0].refuses(), "{problems:?}");
}

#[test]
fn an_object_of_a_pending_migration_is_not_a_danger() {
    let table = "CREATE TABLE public.T (a int, b text);\nCREATE INDEX i ON t (a);";
    let later = [
        table,
        "CREATE UNIQUE INDEX j ON public.t (b); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0), ALTER a SET NOT NULL;",
        "ALTER TABLE ONLY \"t\" ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES t (a); ALTER TABLE t DROP COLUMN b;",
        "DROP INDEX i; ALTER TABLE t RENAME a TO z; DROP TABLE t;",
        "CREATE VIEW v AS SELECT 1; DROP VIEW v; CREATE TYPE e AS ENUM ('a'); ALTER TYPE e ADD VALUE 'b';",
    ];
    assert_eq!(found(&later, 0), Vec::<String>::new());
    // Once the table is committed, it is in use.
    assert_eq!(found(&[table, "CREATE INDEX k ON t (a);"], 1), ["require-concurrent-index-creation"]);
    assert_eq!(found(&[table, "DROP TABLE other, t;"], 0), ["ban-drop-table"]);
    assert_eq!(
        found(&["CREATE INDEX CONCURRENTLY_not ON t (a);", "DROP INDEX CONCURRENTLY_not;"], 0).len(),
        2
    );
}

#[test]
fn rules_of_style_and_of_what_martydb_does_itself_are_off() {
    let sql = "CREATE TABLE t (id int PRIMARY KEY, n varchar(10), c char(2), at timestamp, s serial);\nINSERT INTO t VALUES (1);";
    assert_eq!(found(&[sql], 0), Vec::<String>::new());
    let enable = LintRules { enable: vec!["prefer-text-field".into()], ..LintRules::default() };
    assert_eq!(rules_of(&[sql], 0, &enable), ["prefer-text-field"]);
    assert_eq!(rules_of(&["ALTER TABLE t ADD n varchar(10);"], 0, &enable), ["prefer-text-field"]);
}

#[test]
fn rules_are_switched_off_in_the_manifest_and_answered_for_in_a_file() {
    let disable = LintRules { disable: vec!["ban-drop-table".into()], ..LintRules::default() };
    assert_eq!(rules_of(&["DROP TABLE t;"], 0, &disable), Vec::<String>::new());
    let allowed = "-- martydb: allow ban-drop-table: unused since 2024\nDROP TABLE t;\nDROP VIEW v;";
    assert_eq!(found(&[allowed], 0), ["ban-drop-view"]);
    assert!(martydb_manifest::lint_rules::unknown("ban-drop-tables").unwrap().contains("ban-drop-table?"));
    assert_eq!(martydb_manifest::lint_rules::unknown("ban-drop-table"), None);
}

/// One service of an ordinary workload, as in the benchmark: a table, an index, a column and a check, a foreign
/// key or a unique index, and rows.
#[test]
fn ordinary_files_have_no_finding() {
    let files: Vec<String> = (0..10).flat_map(ordinary).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(found(&files, 0), Vec::<String>::new());
}

fn ordinary(k: usize) -> [String; 5] {
    let (t, previous) = (format!("t_{k}"), format!("t_{}", k.saturating_sub(1)));
    let fourth = match k % 2 {
        1 => format!(
            "ALTER TABLE {t} ADD COLUMN parent_id bigint REFERENCES {previous}(id);\nCREATE INDEX {t}_p ON {t} (parent_id);"
        ),
        _ => format!("CREATE UNIQUE INDEX {t}_key ON {t} (tenant_id, name);"),
    };
    [
        format!(
            "CREATE TABLE {t} (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  tenant_id uuid NOT NULL,\n  name text NOT NULL,\n  amount numeric(12,2)\n);"
        ),
        format!("CREATE INDEX {t}_tenant_idx ON {t} (tenant_id);"),
        format!(
            "ALTER TABLE {t} ADD COLUMN version integer NOT NULL DEFAULT 1;\nALTER TABLE {t} ADD CONSTRAINT {t}_ck CHECK (version > 0);"
        ),
        fourth,
        format!(
            "INSERT INTO {t} (tenant_id, name) SELECT '00000000-0000-0000-0000-000000000000'::uuid, 'n' || g FROM generate_series(1, 20) g;"
        ),
    ]
}

/// A stack overflow would end the process without a test failure.
#[test]
fn a_file_nested_deeper_than_any_server_takes_is_answered() {
    for part in ["(", "(SELECT ", "CASE WHEN ", "NOT ", "1 + ", "["] {
        found(&[&format!("SELECT {}", part.repeat(5_000))], 0);
    }
}

/// The time of the parser grows with the square of the depth: minutes for each of these.
#[test]
fn a_file_that_is_nested_too_deeply_is_refused_at_once() {
    let begun = std::time::Instant::now();
    for part in ["(", "NOT ", "- "] {
        let text = format!("SELECT {}", part.repeat(100_000));
        assert_eq!(found(&[&text], 0), [SYNTAX], "{part}");
        let allowed = format!("-- martydb: allow syntax-error: x\n{text}");
        assert_eq!(found(&[&allowed], 0), [UNREADABLE], "{part}");
    }
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

/// squawk 2.68 parses this as a target without a name, and panics.
#[test]
fn a_file_at_which_the_linter_gives_up_is_not_called_good() {
    let odd = "CREATE OR REPLACE FUNCTION f(a int) RETURNS int BEGINATOMIC SELECT CASE WHEN a > 0 THEN 1 EN t DO ALSO 4(INSERT INTO a D";
    assert_eq!(found(&[odd, "DROP TABLE t;"], 0), [SYNTAX, "ban-drop-table"]);
    let allowed = format!("-- martydb: allow syntax-error: x\n{odd}");
    assert_eq!(found(&[&allowed, "DROP TABLE t;"], 0), [UNREADABLE, "ban-drop-table"]);
}

#[test]
fn partitions_of_a_table_in_use_are_judged_by_their_locks() {
    let parent = "CREATE TABLE ev (at date) PARTITION BY RANGE (at);";
    let dangers: &[(&str, &str)] = &[
        (
            "CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');",
            "partition-of-live-parent",
        ),
        ("CREATE TABLE p.ev_1 PARTITION OF public.ev DEFAULT;", "partition-of-live-parent"),
        ("CREATE TABLE ev_d PARTITION OF ev DEFAULT;", "default-partition"),
        ("ALTER TABLE ev ATTACH PARTITION old DEFAULT;", "default-partition"),
        (
            "ALTER TABLE ev ATTACH PARTITION public.old FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');",
            "attach-without-check",
        ),
    ];
    for (sql, rule) in dangers {
        assert!(
            found(&[parent, sql], 1).contains(&(*rule).to_owned()),
            "{sql}: {:?}",
            found(&[parent, sql], 1)
        );
        let allowed = format!("-- martydb: allow {rule}: reason\n{sql}");
        assert!(!found(&[parent, &allowed], 1).contains(&(*rule).to_owned()), "{sql}");
        let off = LintRules { disable: vec![(*rule).into()], ..LintRules::default() };
        assert!(!rules_of(&[parent, sql], 1, &off).contains(&(*rule).to_owned()), "{sql}");
    }
    for harmless in [
        "CREATE TABLE ev_1 (LIKE ev INCLUDING ALL); ALTER TABLE ev ATTACH PARTITION ev_1 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');",
        "CREATE INDEX ev_at ON ONLY ev (at);",
    ] {
        assert_eq!(found(&[parent, harmless], 1), Vec::<String>::new(), "{harmless}");
    }
    let checked = "ALTER TABLE old ADD CONSTRAINT c CHECK (at >= '2026-01-01') NOT VALID; ALTER TABLE old VALIDATE CONSTRAINT c; ALTER TABLE ev ATTACH PARTITION old FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');";
    assert!(!found(&[parent, checked], 1).contains(&"attach-without-check".into()));
    // In one file with the parent no client reads it yet.
    let both = format!("{parent} CREATE TABLE ev_1 PARTITION OF ev DEFAULT; CREATE INDEX ev_at ON ev (at);");
    assert_eq!(found(&[&both], 0), Vec::<String>::new());
    let refused = "-- martydb: no-transaction\nCREATE INDEX CONCURRENTLY ev_at ON ev (at);";
    assert!(found(&[parent, refused], 0).contains(&"concurrent-index-on-partitioned".into()));
    let detached = "-- martydb: no-transaction\nALTER TABLE ev DETACH PARTITION ev_1 CONCURRENTLY;";
    assert!(found(&[&both, detached], 0).contains(&"default-partition".into()));
    assert!(!found(&[parent, detached], 0).contains(&"default-partition".into()));
    // An applied file tells that a table is partitioned, and which default partition it has.
    for sql in ["CREATE INDEX ev_at ON ev (at);", refused] {
        assert_eq!(found(&[parent, sql], 1), ["concurrent-index-on-partitioned"], "{sql}");
    }
    assert!(found(&[&both, detached], 1).contains(&"default-partition".into()));
    for gone in ["ALTER TABLE ev DETACH PARTITION ev_1;", "DROP TABLE ev_1;"] {
        assert!(!found(&[&both, gone, detached], 2).contains(&"default-partition".into()), "{gone}");
    }
}

#[test]
fn cancelled_readers_of_standbys_are_reported() {
    let is_found = |files: &[&str], applied| {
        let rules = LintRules { has_standbys: true, ..LintRules::default() };
        rules_of(files, applied, &rules).iter().any(|rule| rule == "standby-conflict")
    };
    for sql in [
        "ALTER TABLE t DROP COLUMN a;",
        "ALTER TABLE t ALTER a SET DEFAULT 1;",
        "DROP TABLE t;",
        "TRUNCATE t;",
        "DROP INDEX i;",
        "CREATE TABLE p PARTITION OF t DEFAULT;",
        "-- martydb: no-transaction\nVACUUM FULL t;",
    ] {
        assert!(is_found(&[sql], 0), "{sql}");
        assert!(!found(&[sql], 0).contains(&"standby-conflict".into()), "no standby: {sql}");
        let allowed = sql.replace("-- martydb: no-transaction\n", "");
        let mode = if allowed == sql { "" } else { "-- martydb: no-transaction\n" };
        assert!(!is_found(&[&format!("{mode}-- martydb: allow standby-conflict: x\n{allowed}")], 0), "{sql}");
    }
    for sql in [
        "CREATE TABLE n (a int); ALTER TABLE n DROP COLUMN a;",
        "ALTER TABLE t VALIDATE CONSTRAINT c;",
        "ALTER TABLE t SET (fillfactor = 70);",
        "ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1);",
        "-- martydb: no-transaction\nDROP INDEX CONCURRENTLY i;",
        "INSERT INTO t VALUES (1);",
    ] {
        assert!(!is_found(&[sql], 0), "{sql}");
    }
}
