//! The migration splitter, its rules and the linter: every text is cut at places that a second look finds again.

use std::path::Path;

use martydb_migrate::check::{TableSizes, lint};
use martydb_migrate::files::{Migration, MigrationFile, judge};
use martydb_migrate::files::{Repeatable, dependencies, name};
use martydb_model::LintRules;

use super::engine::{Target, fuzz};

const TOKENS: &[&str] = &[
    "'",
    "''",
    "\"",
    "\"\"",
    "$$",
    "$a$",
    "$é$",
    "$1",
    "E'",
    "e'\\'",
    "U&'",
    "B'",
    "--",
    "/*",
    "*/",
    "/*/",
    ";",
    "(",
    ")",
    "\\",
    "\\.",
    "\n",
    "\r",
    "\u{b}",
    "\u{c}",
    "\t",
    "é",
    "🔑",
    "\u{0}",
    "\u{feff}",
    "\u{2028}",
    "\u{a0}",
    "\n--\n'",
    "-- martydb: no-transaction\n",
    "-- martydb: allow ban-drop-column: x\n",
    "--martydb:",
    "BEGIN ATOMIC ",
    "END;",
    "CASE ",
    "CREATE OR REPLACE FUNCTION f() ",
    "CREATE FUNCTION ",
    "RETURNS int ",
    "LANGUAGE sql ",
    "AS ",
    "COPY t FROM STDIN;\n1\t2\n\\.\n",
    "COPY (SELECT 1) TO STDOUT",
    "CREATE INDEX CONCURRENTLY ",
    "IF NOT EXISTS ",
    "ON t (a)",
    "SET LOCAL ROLE x;",
    "RESET ROLE",
    "SESSION AUTHORIZATION ",
    "COMMIT",
    ";COMMIT;",
    "BEGIN;",
    "START TRANSACTION ISOLATION LEVEL SERIALIZABLE;",
    "ROLLBACK TO s",
    "DO ",
    "CALL f()",
    "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
    "ALTER TABLE t ",
    "ADD COLUMN x int NOT NULL DEFAULT 1",
    "DROP COLUMN x",
    "SELECT ",
    "CREATE TABLE t (a int);",
    "WITH x AS ",
    "DISCARD ALL",
    "VACUUM",
    "REINDEX ",
    "::",
    "[",
    "]",
    "{",
    ":=",
    "1e",
    "0x",
    "1_0",
    ".",
    "..",
    "<",
    "=>",
    "#>>",
    "?",
    "@",
];

const AWKWARD: &[&str] = &[
    "CREATE OR REPLACE FUNCTION f(a int) RETURNS int BEGIN ATOMIC SELECT CASE WHEN a > 0 THEN 1 END; SELECT ';'; END; SELECT 1;",
    "-- martydb: no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"i \"\"x\" ON t (a);\nDROP INDEX CONCURRENTLY j;",
    "DO $a$ BEGIN EXECUTE $b$ COMMIT; $b$; END $a$; /* a /* ; */ b */ SELECT E'\\';' 'x' -- ;\n 'y', U&'\\0061', \"a;b\";",
    "BEGIN /* é */ WORK; CREATE VIEW s.\"v\" AS SELECT f(a) FROM b, $x$ FROM c $x$; END TRANSACTION;",
    "-- martydb: no-transaction\nBEGIN; SELECT 1; COMMIT; VACUUM; BEGIN; COMMIT;",
    "COPY s.t (a, b) FROM stdin WITH (FORMAT csv);\n1,'2\n\\.\nROLLBACK TO SAVEPOINT x; SET SESSION AUTHORIZATION DEFAULT;",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (INSERT INTO a VALUES (1); DELETE FROM b;); ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;",
];

fn run(bytes: &[u8]) -> Vec<String> {
    // A file's name is read from the same bytes.
    let mut said = vec![format!("a name: {}", name::parse(&String::from_utf8_lossy(bytes)).is_ok())];
    match judge(Path::new("V1__x.sql"), bytes.to_vec()) {
        Ok((source, problems)) => {
            cut_again(&source);
            sent(&source, problems.is_empty());
            let twice = [Repeatable { name: "x".into(), file: source.clone() }, Repeatable::default()];
            assert_eq!(dependencies::in_order(&twice).len(), 2);
            said.push(format!(
                "{} statements, {:?}",
                source.statements.len().min(40),
                source.directives.mode
            ));
            // The first words are the file's own.
            said.extend(problems.iter().map(|problem| problem.fix.clone()));
            said.extend(linted(source));
        }
        Err(problem) => said.push(problem.what),
    }
    said
}

/// Statements follow each other, lie in the text, and are one statement each when looked at alone.
fn cut_again(source: &MigrationFile) {
    let mut before = 0;
    for span in &source.statements {
        assert!(span.start >= before && span.end > span.start, "{span:?} after {before}");
        let text = source.text.get(span.clone()).expect("cut between characters");
        // Behind a space, since a mark that says "Unicode" counts at the top of a file only.
        let (alone, _) = judge(Path::new("x"), format!(" {text}").into_bytes()).unwrap();
        assert_eq!(alone.statements.as_slice(), std::slice::from_ref(&(1..text.len() + 1)), "{text:?}");
        before = span.end;
    }
}

/// A transaction of the file's own leaves blanks, and nothing else of it.
fn sent(source: &MigrationFile, fits: bool) {
    let sent = source.sent();
    assert_eq!(sent.chars().count(), source.text.chars().count());
    if fits && source.whole().is_some() {
        let (again, problems) = judge(Path::new("x"), sent.into_owned().into_bytes()).unwrap();
        assert!(problems.is_empty() && again.own.is_empty(), "{problems:?}");
        assert!(again.texts().eq(source.texts()));
    }
    let units: Vec<usize> = source.units().into_iter().flat_map(|(unit, _)| unit).collect();
    assert!(units.into_iter().eq(0..source.statements.len()));
}

fn linted(up: MigrationFile) -> Vec<String> {
    let migration =
        Migration { version: 1, name: "x".into(), up, down: None, waived: vec![], replaces: vec![] };
    let findings = lint(&[], &[&migration], &LintRules::default(), &TableSizes::default());
    findings.into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn migrations_never_cause_a_panic() {
    let shipped = [
        include_str!("../../services/csca/migrations/V1__csca_certificates.sql"),
        include_str!("../../services/csca/migrations/V5__csca_outbox.sql"),
        include_str!("../../services/document_signer/migrations/V4__issued_credential_audit.sql"),
        include_str!("../../examples/movie-booking/movie/migrations/V2__showtimes.sql"),
    ];
    let seeds = shipped.iter().chain(AWKWARD).map(|text| text.as_bytes().to_vec()).collect();
    fuzz(&Target { name: "migration", seeds, tokens: TOKENS, run });
}
