-- Everything in one database that can give a role a privilege, as rows of section and item, without the owners'
-- own privileges. Of the server's and of extensions' objects only privileges beyond those that initdb or the
-- extension gave.
-- Columns of newer majors are read through to_jsonb, so one text serves 13 to 18.
-- A service decides how many objects there are and how long its texts are: each kind ends after 100,001 (the
-- reader reports that), and texts are cut, with their length.
listed AS (
  SELECT m.classid, m.objid, e.oid AS id, e.extname, e.extversion, e.extowner, m.since, pg_catalog.age(e.xmin) AS made
  FROM member m JOIN pg_catalog.pg_extension e ON e.oid = m.extension WHERE NOT m.is_part),
-- Objects of an extension's script: their entry in a schema and their membership have the same transaction.
-- Anything may be added by ALTER EXTENSION. pg_upgrade keeps OIDs of relations and types, and gives functions
-- new ones.
ext AS (
  SELECT m.* FROM listed m
  WHERE NOT (m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid < m.id)
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend n WHERE n.classid = m.classid AND n.objid = m.objid AND n.deptype = 'n'
        AND n.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND pg_catalog.age(n.xmin) > m.since)
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_event_trigger t WHERE m.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass
        AND t.oid = m.objid AND pg_catalog.age(t.xmin) > m.since)),
space AS (
  SELECT n.*, n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AS server
  FROM pg_catalog.pg_namespace n
  WHERE n.nspname NOT LIKE 'pg\_temp\_%' AND n.nspname NOT LIKE 'pg\_toast\_temp\_%'),
