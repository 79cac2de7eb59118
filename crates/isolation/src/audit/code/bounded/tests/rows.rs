//! The rows: arguments, result, language, a text that gives nothing, and one that gives something.

pub(super) struct FunctionPair {
    pub arguments: &'static str,
    pub returns: &'static str,
    pub language: &'static str,
    pub harmless: &'static str,
    pub leaking: &'static str,
}

const fn pair(
    [arguments, returns, language]: [&'static str; 3],
    harmless: &'static str,
    leaking: &'static str,
) -> FunctionPair {
    FunctionPair { arguments, returns, language, harmless, leaking }
}

pub(super) const FUNCTIONS: &[FunctionPair] = &[
    pair(
        ["", "void", "plpgsql"],
        "BEGIN EXECUTE 'REFRESH MATERIALIZED VIEW app.daily'; END",
        "BEGIN EXECUTE 'REFRESH MATERIALIZED VIEW app.daily; GRANT red_owner TO red_app'; END",
    ),
    pair(
        ["text, text", "void", "plpgsql"],
        "BEGIN EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY %I.%I', s, v); END",
        "BEGIN EXECUTE format('REFRESH MATERIALIZED VIEW CONCURRENTLY %s.%s', s, v); END",
    ),
    pair(["", "void", "sql"], "REFRESH MATERIALIZED VIEW app.daily", "DROP MATERIALIZED VIEW app.daily"),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN EXECUTE format('ANALYZE public.%I', t); END",
        r#"BEGIN EXECUTE format('ANALYZE public."%I"', t); END"#,
    ),
    pair(
        ["regclass", "void", "plpgsql"],
        "BEGIN EXECUTE 'ANALYZE public.' || quote_ident(t); END",
        "BEGIN EXECUTE 'ANALYZE public.' || t; END",
    ),
    pair(
        ["", "void", "plpgsql"],
        "BEGIN EXECUTE 'REINDEX TABLE public.item'; END",
        "BEGIN EXECUTE 'REINDEX TABLE pg_catalog.pg_authid'; END",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN EXECUTE format('NOTIFY jobs, %L', what); END",
        "BEGIN EXECUTE format('NOTIFY jobs, ''%s''', what); END",
    ),
    pair(
        ["text", "void", "sql"],
        "SELECT pg_notify('jobs', $1)",
        "SELECT pg_notify('jobs', rolpassword) FROM pg_authid WHERE rolname = $1",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN EXECUTE format('INSERT INTO ops.log (what) VALUES (%L)', what); END",
        "BEGIN EXECUTE format('INSERT INTO ops.log (what) VALUES (%s)', what); END",
    ),
    pair(
        ["text", "boolean", "sql"],
        "SELECT coalesce((SELECT f.is_on FROM ops.log f WHERE f.name = $1), false)",
        "SELECT coalesce((SELECT f.is_on FROM public.item f WHERE f.name = $1), false)",
    ),
    pair(
        ["text", "bigint", "plpgsql"],
        "DECLARE n bigint; BEGIN IF q NOT IN ('log', 'beat') THEN RAISE EXCEPTION 'no'; END IF; EXECUTE format('SELECT count(*) FROM ops.%I', q) INTO n; RETURN n; END",
        "DECLARE n bigint; BEGIN EXECUTE format('SELECT count(*) FROM public.%I', q) INTO n; RETURN n; END",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN INSERT INTO ops.log (who, what) VALUES (session_user, f.what); END",
        "BEGIN INSERT INTO ops.log (who, what) SELECT session_user, rolpassword FROM pg_authid; END",
    ),
    pair(
        ["integer", "bigint", "sql"],
        "WITH gone AS (DELETE FROM ops.log WHERE who = session_user AND at < now() - make_interval(days => $1) RETURNING 1) SELECT count(*) FROM gone",
        "WITH gone AS (DELETE FROM public.item WHERE id = $1 RETURNING 1) SELECT count(*) FROM gone",
    ),
    pair(
        ["text", "SETOF ops.log", "plpgsql"],
        "BEGIN RETURN QUERY SELECT * FROM ops.log WHERE name = x; END",
        "BEGIN RETURN QUERY SELECT * FROM ops.accounts WHERE name = x; END",
    ),
    pair(
        ["text", "bigint", "plpgsql"],
        "DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM ops.log WHERE what = $1' INTO n USING w; RETURN n; END",
        "DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM ops.log WHERE ' || w INTO n; RETURN n; END",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN EXECUTE format('COMMENT ON TABLE public.item IS %L', c); END",
        "BEGIN EXECUTE format('COMMENT ON %s IS %L', o, c); END",
    ),
    pair(
        ["date", "void", "plpgsql"],
        "BEGIN EXECUTE format('CREATE TABLE IF NOT EXISTS ops.%I PARTITION OF ops.log FOR VALUES FROM (%L) TO (%L)', 'log_' || d, d, d + 1); END",
        "BEGIN EXECUTE format('CREATE TABLE IF NOT EXISTS public.%I PARTITION OF public.item FOR VALUES FROM (%L) TO (%L)', 'log_' || d, d, d + 1); END",
    ),
    pair(
        ["", "integer", "plpgsql"],
        "DECLARE r record; n integer := 0; BEGIN FOR r IN SELECT c.relname FROM pg_class c WHERE c.relname < 'log_2' LOOP EXECUTE format('DROP TABLE ops.%I', r.relname); n := n + 1; END LOOP; RETURN n; END",
        "DECLARE r record; n integer := 0; BEGIN FOR r IN SELECT c.relname FROM pg_class c WHERE c.relname < 'log_2' LOOP EXECUTE format('DROP TABLE public.%I', r.relname); n := n + 1; END LOOP; RETURN n; END",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN EXECUTE 'INSERT INTO ops.log (what) VALUES ($1)' USING what; END",
        "BEGIN EXECUTE 'INSERT INTO ' || tab || ' (what) VALUES ($1)' USING what; END",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN EXECUTE 'INSERT INTO ops.log VALUES (' || quote_literal(what) || ')'; END",
        "BEGIN EXECUTE 'INSERT INTO ops.log VALUES (''' || what || ''')'; END",
    ),
    pair(
        ["text, text", "void", "plpgsql"],
        "BEGIN INSERT INTO ops.log (who, what) VALUES (session_user, left(what, 99)); END",
        "BEGIN INSERT INTO ops.log (who, what) SELECT rolname, rolpassword FROM pg_authid; END",
    ),
    pair(
        ["text", "bigint", "sql"],
        "INSERT INTO ops.log (what) VALUES ($1) ON CONFLICT DO NOTHING RETURNING id",
        "INSERT INTO public.item (name) VALUES ($1) ON CONFLICT (id) DO UPDATE SET name = $1 RETURNING id",
    ),
    pair(
        ["text", "void", "sql"],
        "INSERT INTO ops.beat (login, version) VALUES (session_user, $1) ON CONFLICT (login) DO UPDATE SET version = excluded.version",
        "INSERT INTO beat (login, version) VALUES ($1, $1) ON CONFLICT (login) DO UPDATE SET version = excluded.version",
    ),
    pair(
        ["", "void", "sql"],
        "UPDATE ops.beat SET at = now() WHERE id = 1",
        "UPDATE pg_catalog.pg_database SET datallowconn = false",
    ),
    pair(
        ["text", "void", "sql"],
        "UPDATE ops.beat SET version = $1 WHERE login = session_user",
        "UPDATE public.item SET name = $1 WHERE login = session_user",
    ),
    pair(
        ["", "void", "plpgsql"],
        "BEGIN DELETE FROM ops.log WHERE at < now() - interval '30 days'; END",
        "BEGIN DELETE FROM ops.log; END",
    ),
    pair(
        ["text", "text", "sql"],
        "SELECT set_config('app.login', $1, true)",
        "SELECT set_config('temp_file_limit', $1, true)",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN PERFORM set_config('app.login', who, true); END",
        "BEGIN PERFORM set_config('session_replication_role', who, true); END",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN EXECUTE format('SET LOCAL statement_timeout = %L', v); END",
        "BEGIN EXECUTE format('SET LOCAL %I = %L', n, v); END",
    ),
    pair(
        ["", "text", "sql"],
        "SELECT current_setting('app.login', true)",
        "SELECT current_setting('ssl_key_file')",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', session_user, p); END",
        "BEGIN EXECUTE format('ALTER ROLE %I PASSWORD %L', current_user, p); END",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "BEGIN IF length(p) < 12 THEN RAISE EXCEPTION 'too short' USING ERRCODE = '22023'; END IF; EXECUTE format('ALTER ROLE SESSION_USER PASSWORD %L', p); END",
        "BEGIN IF length(p) < 12 THEN RAISE EXCEPTION 'too short' USING ERRCODE = '22023'; END IF; EXECUTE format('ALTER ROLE %I PASSWORD %L', who, p); END",
    ),
    pair(
        ["", "SETOF record", "sql"],
        "SELECT relname, n_live_tup, n_dead_tup FROM pg_stat_user_tables",
        "SELECT relname, most_common_vals FROM pg_class JOIN pg_stats ON tablename = relname",
    ),
    pair(
        ["", "SETOF record", "plpgsql"],
        "BEGIN RETURN QUERY SELECT s.relname, s.idx_scan FROM pg_catalog.pg_stat_user_indexes s; END",
        "BEGIN RETURN QUERY SELECT s.query, s.pid FROM pg_catalog.pg_stat_activity s; END",
    ),
    pair(
        ["", "SETOF record", "sql"],
        "SELECT a.pid, a.state, a.wait_event FROM pg_stat_activity a WHERE a.datname = current_database()",
        "SELECT a.pid, a.state, a.query FROM pg_stat_activity a WHERE a.datname = current_database()",
    ),
    pair(
        ["", "bigint", "plpgsql"],
        "DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM pg_stat_activity' INTO n; RETURN n; END",
        "DECLARE n bigint; BEGIN EXECUTE 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity' INTO n; RETURN n; END",
    ),
    pair(
        ["", "bigint", "plpgsql"],
        "DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM pg_locks WHERE NOT granted; RETURN n; END",
        "DECLARE n bigint; BEGIN SELECT max(query) INTO n FROM pg_stat_activity; EXECUTE 'INSERT INTO ops.log VALUES ($1)' USING n; RETURN n; END",
    ),
    pair(
        ["integer", "boolean", "sql"],
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND usename = session_user",
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND datname = current_database()",
    ),
    pair(
        ["integer", "boolean", "plpgsql"],
        "DECLARE done boolean := false; BEGIN IF EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = p AND usename = session_user) THEN done := pg_terminate_backend(p); END IF; RETURN done; END",
        "DECLARE done boolean := false; BEGIN IF EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid = p) THEN done := pg_terminate_backend(p); END IF; RETURN done; END",
    ),
    pair(["", "bigint", "sql"], "SELECT nextval('ops.numbers')", "SELECT setval('ops.numbers', 1)"),
    pair(
        ["bigint", "boolean", "sql"],
        "SELECT pg_try_advisory_lock($1)",
        "SELECT pg_drop_replication_slot('beta') IS NULL",
    ),
    pair(
        ["integer, integer", "numeric", "plpgsql"],
        "DECLARE total numeric := 0; BEGIN FOR i IN 1..n LOOP total := total + i * x; END LOOP; RETURN round(total / greatest(n, 1), 2); END",
        "DECLARE total numeric := 0; BEGIN FOR i IN 1..n LOOP total := total + public.price(i); END LOOP; RETURN total; END",
    ),
    pair(
        ["text", "text", "plpgsql"],
        "DECLARE slug text; BEGIN slug := lower(regexp_replace(x, '[^a-z]+', '-', 'g')); RETURN slug; END",
        "DECLARE slug public.slug; BEGIN slug := lower(x); RETURN slug; END",
    ),
    pair(
        ["text", "boolean", "sql"],
        "SELECT x::date <= current_date FROM unnest(string_to_array($1, ',')) AS t(x)",
        "SELECT x::public.day IS NULL FROM unnest(string_to_array($1, ',')) AS t(x)",
    ),
    pair(
        ["jsonb", "text", "sql"],
        "SELECT string_agg(e.value, ',') FROM jsonb_array_elements_text($1) AS e(value)",
        "SELECT string_agg(e.sku, ',') FROM jsonb_populate_recordset(NULL::public.line, $1) e",
    ),
    pair(
        ["", "void", "plpgsql"],
        "DECLARE q text; BEGIN q := 'ANALYZE public.item'; EXECUTE q; END",
        "DECLARE q text; BEGIN SELECT what INTO q FROM ops.log; EXECUTE q; END",
    ),
    pair(
        ["text", "void", "plpgsql"],
        "DECLARE q text := format('NOTIFY %I', c); BEGIN EXECUTE q; RAISE NOTICE 'sent to %', c; END",
        "DECLARE q text := format('NOTIFY %I', c); BEGIN q := q || c; EXECUTE q; END",
    ),
    pair(
        ["", "void", "plpgsql"],
        "DECLARE r record; BEGIN FOR r IN SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relkind = 'm' LOOP EXECUTE format('REFRESH MATERIALIZED VIEW app.%I', r.relname); END LOOP; END",
        "DECLARE r record; BEGIN FOR r IN SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relkind = 'm' LOOP EXECUTE 'REFRESH MATERIALIZED VIEW app.' || r.relname; END LOOP; END",
    ),
    pair(
        ["", "void", "plpgsql"],
        "BEGIN EXECUTE $q$UPDATE ops.beat SET at = now()$q$; EXCEPTION WHEN others THEN NULL; END",
        "BEGIN EXECUTE $q$UPDATE public.item SET at = now()$q$; EXCEPTION WHEN others THEN NULL; END",
    ),
    pair(["text", "text", "sql"], "SELECT CAST($1 AS date)::text", "SELECT CAST($1 AS public.day)::text"),
];
