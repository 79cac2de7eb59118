-- The services' own triggers on the tables in martydb.tables, and forced row security: the statement that disables
-- each, and the one that restores it.
SELECT 10 AS rank, named.relation, 'trigger' AS kind, t.tgname::pg_catalog.text AS name,
    pg_catalog.format('ALTER TABLE ONLY %s DISABLE TRIGGER %I', named.relation, t.tgname),
    pg_catalog.format('ALTER TABLE ONLY %s ENABLE %sTRIGGER %I', named.relation,
        CASE t.tgenabled WHEN 'A' THEN 'ALWAYS ' WHEN 'R' THEN 'REPLICA ' ELSE '' END, t.tgname)
FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation) named
WHERE c.oid = ANY (pg_catalog.current_setting('martydb.tables')::pg_catalog.oid[]) AND t.tgenabled <> 'D' AND t.tgname <> 'martydb_split_closed'
    AND (NOT t.tgisinternal OR (t.tgparentid <> 0
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.oid = t.tgconstraint AND k.contype <> 't')))
UNION ALL
SELECT 20, named.relation, 'row security', c.relname::pg_catalog.text,
    pg_catalog.format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', named.relation),
    pg_catalog.format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', named.relation)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS relation) named
WHERE c.oid = ANY (pg_catalog.current_setting('martydb.tables')::pg_catalog.oid[]) AND c.relforcerowsecurity
ORDER BY 1, 2, 4
