-- The tables of extensions that a dump reads, with their extensions and the condition on the rows.
SELECT e.extname::pg_catalog.text, pg_catalog.format('%I.%I', n.nspname, c.relname), coalesce(u.condition, '')
FROM pg_catalog.pg_extension e CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition)) u (relation, condition)
JOIN pg_catalog.pg_class c ON c.oid = u.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' ORDER BY 1, 2
