  -- Kinds of objects that few databases have: left out if the census finds none.
  UNION ALL
  (SELECT 'column', 'TABLE', NULL, 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid, a.attnum, n.nspname, n.server AND c.oid < 16384,
    c.relname, a.attname, pg_catalog.format('%I.%I', n.nspname, c.relname),
    n.nspname || '.' || c.relname || '.' || a.attname, c.relowner, a.attacl, 'c', NULL, false, NULL, NULL, false
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN space n ON n.oid = c.relnamespace
  WHERE a.attacl IS NOT NULL AND NOT a.attisdropped LIMIT 100001)
  UNION ALL
  SELECT 'foreign-data wrapper', 'FOREIGN DATA WRAPPER', 'FOREIGN DATA WRAPPER',
    'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, f.oid, 0, NULL, false, f.fdwname, NULL,
    pg_catalog.quote_ident(f.fdwname), f.fdwname::text, f.fdwowner, f.fdwacl, 'F', NULL, false, NULL, NULL, false
  FROM pg_catalog.pg_foreign_data_wrapper f
  UNION ALL
  (SELECT 'foreign server', 'FOREIGN SERVER', 'SERVER', 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, s.oid, 0, NULL,
    false, s.srvname, NULL, pg_catalog.quote_ident(s.srvname), s.srvname::text, s.srvowner, s.srvacl, 'S', NULL, false, NULL, NULL, false
  FROM pg_catalog.pg_foreign_server s LIMIT 100001)
  UNION ALL
  -- Every login may create any number of them. Those of one owner with equal privileges are judged alike, so
  -- the first thousand stand for all.
  (SELECT 'large object', 'LARGE OBJECT', 'LARGE OBJECT', 'pg_catalog.pg_largeobject_metadata'::pg_catalog.regclass, o.oid, 0,
    NULL, false, o.oid::text::name, NULL, o.oid::text, o.oid::text, o.lomowner, o.lomacl, 'L', NULL, false, NULL, NULL, false
  FROM (
    SELECT m.oid, m.lomowner, m.lomacl,
      pg_catalog.row_number() OVER (PARTITION BY m.lomowner, m.lomacl::text ORDER BY m.oid) AS place
    FROM pg_catalog.pg_largeobject_metadata m) o
  WHERE o.place <= 1000 LIMIT 100001)
