//! Bodies as a whole.

use super::super::pieces::pieces;
use super::*;

fn tables(body: &str) -> Option<String> {
    let found = added_to(&pieces(body), Returned::Anything, true)?;
    let shown = |name: UsedName| format!("{}.{}", name.schema.unwrap_or_default(), name.name);
    Some(found.into_iter().map(shown).collect::<Vec<_>>().join(" "))
}

#[test]
fn a_body_of_listed_words_is_bounded() {
    for (body, added) in [
        ("SELECT pg_catalog.pg_read_file('/proc/loadavg')", ""),
        ("BEGIN INSERT INTO ops.notes (what) VALUES (pg_catalog.left(x, 200)); END", "ops.notes"),
        (
            "BEGIN IF length(x) > 9 THEN RAISE EXCEPTION 'too long: %', x; END IF; INSERT INTO ops.n VALUES (x, now()) RETURNING id; RETURN; END",
            "ops.n",
        ),
        ("SELECT CASE WHEN $1 > 0 THEN upper($2) ELSE lower($2) END", ""),
        (
            "SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relname = $1",
            "",
        ),
    ] {
        assert_eq!(tables(body).as_deref(), Some(added), "{body}");
    }
}

#[test]
fn a_single_number_may_tell_of_the_servers_work() {
    let lag = "SELECT coalesce(max(pg_catalog.pg_wal_lsn_diff(sent_lsn, replay_lsn)), 0) FROM pg_catalog.pg_stat_replication";
    assert!(added_to(&pieces(lag), Returned::Figure, true).is_some());
    assert_eq!(added_to(&pieces(lag), Returned::Anything, true), None);
    let told = "BEGIN RAISE NOTICE '%', (SELECT max(query) FROM pg_stat_activity); RETURN 1; END";
    assert_eq!(added_to(&pieces(told), Returned::Figure, true), None);
    assert_eq!(added_to(&pieces("SELECT ascii(rolpassword) FROM pg_authid"), Returned::Figure, true), None);
}

#[test]
fn rows_of_a_table_are_counted_or_removed_by_age_without_an_argument() {
    let named = |body: &str, returned| added_to(&pieces(body), returned, true).map(|tables| tables.len());
    let old = "DELETE FROM ops.log WHERE at < now() - interval '30 days'";
    assert_eq!(named("SELECT count(*) FROM ops.log", Returned::Figure), Some(1));
    assert_eq!(named(old, Returned::Nothing), Some(1));
    assert_eq!(named(&format!("BEGIN {old}; END"), Returned::Figure), Some(1));
    for (body, returned) in [
        ("SELECT count(*) FROM ops.log", Returned::Anything),
        ("SELECT max(secret) FROM ops.log", Returned::Figure),
        ("SELECT count(*) FROM ops.log WHERE id = (SELECT max(id) FROM ops.other)", Returned::Figure),
        ("DELETE FROM ops.log", Returned::Nothing),
        ("DELETE FROM log WHERE at < now()", Returned::Nothing),
        ("DELETE FROM ops.log WHERE app.f(at)", Returned::Nothing),
        ("DELETE FROM ops.log WHERE true RETURNING secret", Returned::Figure),
        (old, Returned::Anything),
    ] {
        assert_eq!(named(body, returned), None, "{body}");
    }
}

#[test]
fn a_body_with_anything_else_is_not() {
    for body in [
        "SELECT pg_read_file($1)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_file('/proc/loadavg', $1)",
        "SELECT app.f($1)",
        "SELECT s FROM app.secret",
        "SELECT 1 FROM pg_class, pg_authid",
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, planted",
        "SELECT rolpassword FROM pg_authid",
        "SELECT 1 FROM pg_class c, LATERAL (SELECT 1) x",
        "INSERT INTO notes VALUES ($1)",
        "INSERT INTO ops.n VALUES ($1) ON CONFLICT (id) DO UPDATE SET what = $1",
        "INSERT INTO ops.n WITH x AS (DELETE FROM ops.m RETURNING id) SELECT id FROM x",
        "BEGIN EXECUTE x; END",
        "BEGIN PERFORM set_config('role', x, false); END",
        "BEGIN UPDATE ops.n SET what = x; END",
        "BEGIN RETURN QUERY SELECT s FROM app.secret; END",
        "BEGIN RETURN QUERY UPDATE ops.n SET what = x RETURNING id; END",
        "BEGIN EXECUTE format('SELECT %s', x); END",
        "DECLARE v app.evil; BEGIN v := x; END",
        "SELECT x::app.email",
        "SELECT query_to_xml($1, true, true, '')",
        "SELECT current_setting('primary_conninfo')",
        "SELECT pg_sleep(100)",
        "SELECT 1; DROP TABLE ops.n",
        "BEGIN IF true THEN DROP TABLE ops.n; END IF; END",
        "SELECT * FROM (SELECT usename FROM pg_stat_activity) x",
        "SELECT \"pg_shadow\" FROM \"pg_shadow\"",
        "TABLE pg_authid",
    ] {
        assert_eq!(tables(body), None, "{body}");
    }
}
