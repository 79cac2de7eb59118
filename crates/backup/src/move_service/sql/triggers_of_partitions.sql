-- The triggers that partitions have from their parents. Until 14 they count as internal, as those of foreign keys do.
SELECT 'trigger', pg_catalog.format('%I.%I.%I', n.nspname, c.relname, t.tgname)
FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgparentid <> 0 AND NOT t.tgisinternal
