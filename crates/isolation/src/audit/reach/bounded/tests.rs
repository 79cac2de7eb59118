//! Bodies as a whole.

use super::super::pieces::pieces;
use super::*;

fn limits(returned: Returned) -> BodyLimits<'static> {
    BodyLimits { function: "f", returned, ..BodyLimits::of_text(true) }
}

fn tables(body: &str) -> Option<String> {
    let found = used_by(&pieces(body), limits(Returned::Anything))?;
    let shown = |name: &UsedName| format!("{}.{}", name.schema.as_deref().unwrap_or_default(), name.name);
    let read = found.read.iter().map(|name| format!("<{}", shown(name)));
    Some(found.written.iter().map(shown).chain(read).collect::<Vec<_>>().join(" "))
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
        ("SELECT s FROM app.secret", "<app.secret"),
        ("BEGIN INSERT INTO ops.n (what) VALUES (f.what); END", "ops.n"),
        ("BEGIN INSERT INTO ops.n VALUES (1); INSERT INTO ops.n VALUES (2); END", "ops.n"),
        ("WITH old AS (SELECT id FROM ops.n) SELECT count(*) FROM old o WHERE o.id > 1", "<ops.n"),
        ("BEGIN RETURN QUERY SELECT f.s FROM app.secret f WHERE f.id = x; END", "<app.secret"),
        ("SELECT max(at) FROM ops.log WHERE id = (SELECT max(id) FROM ops.other)", "<ops.log <ops.other"),
        (
            "BEGIN CASE kind WHEN 'all' THEN RETURN (SELECT count(*) FROM ops.n); ELSE INSERT INTO ops.m VALUES (1); END CASE; END",
            "ops.m <ops.n",
        ),
        (
            "DECLARE v app.job; BEGIN SELECT * INTO v FROM app.job FOR UPDATE SKIP LOCKED LIMIT 1; END",
            "<app.job",
        ),
        ("BEGIN RETURN QUERY EXECUTE format('SELECT * FROM ops.n ORDER BY %I', x); END", "<ops.n"),
        ("INSERT INTO ops.n AS m (a) VALUES ($1) RETURNING ops.n.a", "ops.n <ops.n"),
        (
            "WITH a AS (SELECT 1 FROM ops.n), b AS (INSERT INTO ops.m VALUES (1) RETURNING 1) SELECT x.n FROM (SELECT 1 AS n) x",
            "ops.m <ops.n",
        ),
    ] {
        assert_eq!(tables(body).as_deref(), Some(added), "{body}");
    }
}

#[test]
fn a_single_number_may_tell_of_the_servers_work() {
    let lag = "SELECT coalesce(max(pg_catalog.pg_wal_lsn_diff(sent_lsn, replay_lsn)), 0) FROM pg_catalog.pg_stat_replication";
    let used = |body: &str, returned| used_by(&pieces(body), limits(returned));
    assert!(used(lag, Returned::Figure).is_some());
    assert_eq!(used(lag, Returned::Anything), None);
    let told = "BEGIN RAISE NOTICE '%', (SELECT max(query) FROM pg_stat_activity); RETURN 1; END";
    assert_eq!(used(told, Returned::Figure), None);
    assert_eq!(used("SELECT ascii(rolpassword) FROM pg_authid", Returned::Figure), None);
}

#[test]
fn rows_of_a_table_are_removed_by_age_without_an_argument_or_where_one_service_is_alone() {
    let named = |body: &str, returned| {
        let found = used_by(&pieces(body), limits(returned));
        found.map(|tables| tables.written.len() + tables.read.len())
    };
    let old = "DELETE FROM ops.log WHERE at < now() - interval '30 days'";
    assert_eq!(named("SELECT count(*) FROM ops.log", Returned::Figure), Some(1));
    assert_eq!(named(old, Returned::Nothing), Some(1));
    assert_eq!(named(&format!("BEGIN {old}; END"), Returned::Figure), Some(1));
    for (body, returned) in [
        ("DELETE FROM ops.log", Returned::Nothing),
        ("DELETE FROM log WHERE at < now()", Returned::Nothing),
        ("DELETE FROM ops.log WHERE app.f(at)", Returned::Nothing),
        ("DELETE FROM ops.log WHERE true RETURNING secret", Returned::Figure),
        (old, Returned::Anything),
    ] {
        assert_eq!(named(body, returned), None, "{body}");
    }
    for body in [
        "DELETE FROM ops.log WHERE id = $1",
        "WITH old AS (DELETE FROM ops.log WHERE id = $1 RETURNING id) SELECT count(*) FROM old",
        "BEGIN UPDATE ops.log SET at = x WHERE id = y; END",
        "INSERT INTO ops.log VALUES ($1) ON CONFLICT (id) DO UPDATE SET at = excluded.at",
        "BEGIN EXECUTE format('DROP TABLE ops.%I', n); END",
    ] {
        for alone in [true, false] {
            let limits = BodyLimits { alone, ..limits(Returned::Anything) };
            assert_eq!(used_by(&pieces(body), limits).is_some(), alone, "{body}");
        }
    }
}

#[test]
fn partitions_are_made_in_the_schema_that_the_text_names() {
    let made = |schema: &str| {
        format!(
            "BEGIN EXECUTE format('CREATE TABLE IF NOT EXISTS {schema}.%I PARTITION OF ops.log FOR VALUES FROM (%L) TO (%L)', n, a, b); END"
        )
    };
    let found = used_by(&pieces(&made("ops")), limits(Returned::Anything)).unwrap();
    assert_eq!(found.schemas, BTreeSet::from(["ops".into()]));
    assert_eq!(found.parents.len(), 1);
    assert_eq!(used_by(&pieces(&made("%I")), limits(Returned::Anything)), None);
}

#[test]
fn a_table_that_an_argument_names_is_one_of_a_schema() {
    for (schema, text) in [
        ("ops", "BEGIN EXECUTE format('SELECT count(*) FROM ops.%I', q) INTO n; RETURN n; END"),
        ("ops", "BEGIN EXECUTE format('INSERT INTO ops.%I VALUES (1)', q); END"),
        ("", "BEGIN EXECUTE format('SELECT count(*) FROM %I.log', q) INTO n; RETURN n; END"),
        ("", "BEGIN EXECUTE format('SELECT count(*) FROM %I', q) INTO n; RETURN n; END"),
        ("", "BEGIN EXECUTE format('SELECT ops.%I()', q); END"),
    ] {
        let found = used_by(&pieces(text), limits(Returned::Anything));
        let schemas = found.map(|found| found.any_of.into_iter().collect::<Vec<_>>().join(" "));
        assert_eq!(schemas.unwrap_or_default(), schema, "{text}");
    }
}

#[test]
fn a_body_with_anything_else_is_not() {
    for body in [
        "SELECT pg_read_file($1)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_file('/proc/loadavg', $1)",
        "SELECT app.f($1)",
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
        "BEGIN RETURN QUERY UPDATE ops.n SET what = x RETURNING id; END",
        "BEGIN EXECUTE format('SELECT %s', x); END",
        "DECLARE v evil; BEGIN v := x; END",
        "SELECT s FROM app.secret ORDER BY app.f(s)",
        "MERGE INTO ops.n USING ops.m ON true WHEN MATCHED THEN DELETE",
        "SELECT x::app.email",
        "SELECT query_to_xml($1, true, true, '')",
        "SELECT current_setting('primary_conninfo')",
        "SELECT pg_sleep(100)",
        "SELECT s FROM secret",
        "SELECT s FROM f",
        "WITH old AS (SELECT rolpassword FROM pg_authid) SELECT * FROM old",
        "WITH old AS (DELETE FROM ops.n WHERE id = x RETURNING id) SELECT count(*) FROM old",
        "SELECT 1; DROP TABLE ops.n",
        "BEGIN IF true THEN DROP TABLE ops.n; END IF; END",
        "SELECT * FROM (SELECT usename FROM pg_stat_activity) x",
        "SELECT \"pg_shadow\" FROM \"pg_shadow\"",
        "TABLE pg_authid",
    ] {
        assert_eq!(tables(body), None, "{body}");
    }
}
