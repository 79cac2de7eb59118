-- The place of the record of runs, as one document: the schema and the table of that name in this database, and everything
-- about them by which a row that the admin writes could run or reach another role's code.
SELECT pg_catalog.json_build_object(
  'may_create', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'),
  'schema', (
    SELECT pg_catalog.json_build_object('owner', o.rolname, 'trusted', o.oid = me.oid OR o.rolsuper AND me.rolsuper)
    FROM pg_catalog.pg_namespace n
      JOIN pg_catalog.pg_roles o ON o.oid = n.nspowner
      JOIN pg_catalog.pg_roles me ON me.rolname = current_user
    WHERE n.nspname = 'martydb'),
  'table', (
    SELECT pg_catalog.json_build_object(
      'owner', o.rolname, 'trusted', o.oid = me.oid OR o.rolsuper AND me.rolsuper,
      'plain', c.relkind = 'r' AND c.relpersistence = 'p' AND c.reloftype = 0 AND NOT c.relispartition
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)),
      'columns', (
        SELECT pg_catalog.string_agg(
          pg_catalog.concat_ws(' ', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END),
          ', ' ORDER BY a.attnum)
        FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
      'code', pg_catalog.array_remove(ARRAY[
        CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid) THEN 'a trigger' END,
        CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid) THEN 'a rule' END,
        CASE WHEN c.relrowsecurity OR c.relforcerowsecurity
          OR EXISTS (SELECT FROM pg_catalog.pg_policy p WHERE p.polrelid = c.oid) THEN 'row security' END,
        CASE WHEN EXISTS (
          SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            AND (a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '')) THEN 'a default' END,
        CASE WHEN EXISTS (
          SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype NOT IN ('p', 'n')) THEN 'a constraint' END,
        CASE WHEN EXISTS (
          SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
            AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) THEN 'an index with an expression' END], NULL))
    FROM pg_catalog.pg_class c
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
      JOIN pg_catalog.pg_roles me ON me.rolname = current_user
    WHERE n.nspname = 'martydb' AND c.relname = 'record'))::text
