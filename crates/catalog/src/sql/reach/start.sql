-- Everything in one database that can take a role beyond its own privileges, as rows of section and item: code
-- that runs with its owner's privileges or connects to other databases, views and foreign tables over secrets,
-- and the schemas that decide which roles may use them. Members of extensions and the server's own objects are
-- judged like any other, except objects of an extension's script with the privileges that it gave. Lists end
-- after 100,001.
mighty AS (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolsuper),
ext AS (
  SELECT m.classid, m.objid, e.extname, e.oid AS extension, m.since FROM member m
  JOIN pg_catalog.pg_extension e ON e.oid = m.extension WHERE NOT m.is_part),
-- Objects of a script have higher OIDs than the extension, and one transaction writes their entry in a schema
-- and their membership.
scripted AS (
  SELECT x.classid, x.objid, x.extname FROM ext x
  WHERE x.objid > x.extension AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend n WHERE n.classid = x.classid AND n.objid = x.objid AND n.deptype = 'n'
      AND n.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND pg_catalog.age(n.xmin) > x.since)),
space AS (
  SELECT n.oid, n.nspname, n.nspowner, n.nspacl FROM pg_catalog.pg_namespace n
  WHERE n.nspname NOT LIKE 'pg\_temp\_%' AND n.nspname NOT LIKE 'pg\_toast%'),
-- Languages whose code is not confined to the database; C and internal functions are known by their symbol.
unconfined AS (SELECT l.oid FROM pg_catalog.pg_language l WHERE NOT l.lanpltrusted AND l.oid NOT IN (12, 13)),
-- Columns with secrets of the server or of other roles.
secret AS (
  SELECT 'pg_authid' AS relation, 'rolpassword' AS part UNION ALL SELECT 'pg_shadow', 'passwd'
  UNION ALL SELECT 'pg_subscription', 'subconninfo' UNION ALL SELECT 'pg_user_mapping', 'umoptions'),
guarded AS (
  SELECT c.oid, a.attnum, s.part FROM secret s
  JOIN pg_catalog.pg_class c ON c.relname = s.relation AND c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname = s.part),
