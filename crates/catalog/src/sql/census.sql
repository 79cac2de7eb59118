-- Kinds of objects in one database, as rows of section and item. Most databases have no code and no rare kinds
-- of objects, and planning all queries about them costs more than answering them.
SELECT 'alone', pg_catalog.to_jsonb(
  current_user = session_user AND pg_catalog.current_setting('search_path') = 'pg_catalog')::text
UNION ALL
-- Extensions, event triggers, foreign data, large objects, triggers, privileges on columns, superusers' tables with privileges, and
-- prepared transactions.
SELECT 'rare', pg_catalog.to_jsonb(
  EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname <> 'plpgsql')
  OR EXISTS (SELECT FROM pg_catalog.pg_prepared_xacts p WHERE p.database = pg_catalog.current_database())
  OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger)
  OR EXISTS (SELECT FROM pg_catalog.pg_foreign_data_wrapper)
  OR EXISTS (SELECT FROM pg_catalog.pg_foreign_server)
  OR EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
  OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal)
  -- A superuser counts as a member of every role.
  OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm') AND c.relacl IS NOT NULL
    AND pg_catalog.pg_has_role(c.relowner, 10, 'MEMBER'))
  OR EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attacl IS NOT NULL AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_init_privs i WHERE i.objoid = a.attrelid AND i.objsubid = a.attnum
      AND i.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass AND i.initprivs = a.attacl)))::text
UNION ALL
-- Functions, views, rules, foreign tables, triggers, domains, and tables to which superusers may write through an object
-- of theirs.
SELECT 'code', pg_catalog.to_jsonb(
  EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.oid >= 16384)
  OR EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.oid >= 16384)
  OR EXISTS (SELECT FROM pg_catalog.pg_foreign_table)
  OR EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE NOT t.tgisinternal)
  OR EXISTS (SELECT FROM pg_catalog.pg_event_trigger)
  OR EXISTS (SELECT FROM pg_catalog.pg_inherits)
  OR EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typtype = 'd' AND t.oid >= 16384)
  OR EXISTS (SELECT FROM pg_catalog.pg_subscription_rel))::text
UNION ALL
SELECT 'policies', pg_catalog.to_jsonb(EXISTS (SELECT FROM pg_catalog.pg_policy))::text
